"""How many threads a fit may use."""

import os
import sys


def threads(n_jobs):
    """Threads for `n_jobs`; 0 stands for all processors that the process may use.

    A positive number is itself, -1 all processors, -2 all but one. None looks at the environment: at
    PARTWISE_NUM_THREADS, then at OMP_NUM_THREADS, which joblib sets in the processes that it starts. Inside a worker of
    joblib where neither is set, as in its threads, it is 1: the workers share the processors already. Everywhere else
    it is all.
    """
    if n_jobs is None:
        return _by_surroundings()
    if n_jobs == 0:
        raise ValueError("n_jobs is 0, which means nothing: use a positive number, -1 for all processors, or None")
    if n_jobs > 0:
        return int(n_jobs)
    return 0 if n_jobs == -1 else max(1, _processors() + 1 + int(n_jobs))


def _by_surroundings():
    ours = os.environ.get("PARTWISE_NUM_THREADS", "").strip()
    if ours:
        if not ours.isdecimal() or int(ours) == 0:
            raise ValueError(f"PARTWISE_NUM_THREADS is {ours!r} and has to be a positive whole number")
        return int(ours)
    # A number for each level of nesting, of which this is the first. What is wrong in it is for others to say.
    theirs = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if theirs.isdecimal() and int(theirs) > 0:
        return int(theirs)
    return 1 if _in_worker() else 0


def _in_worker():
    """Whether this is a worker of joblib. Where joblib has not been imported nobody has started one."""
    parallel = sys.modules.get("joblib.parallel")
    if parallel is None:
        return False
    backend, _ = parallel.get_active_backend()
    return (getattr(backend, "nesting_level", None) or 0) > 0


def _processors():
    try:
        # It knows of the limits that containers have.
        from joblib import cpu_count
    except ImportError:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cpu_count()
