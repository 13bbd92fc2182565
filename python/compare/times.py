"""Part three: the time that both take from Python, called as users call them."""

import json
import subprocess
import sys
import time
from pathlib import Path

from data import CELLS
from table import number, point, say, table

# Pairs of runs at most.
PAIRS = 3
LIMITS = (200, 2000)
# The share of a model's loss, the zero matrix or one of rank 1, that is as good as nothing.
SLACK = 1e-9
SOLVERS = {"frobenius": ("cd", ("cd",)), "kl": ("mu", ("mu", "auto"))}

ABOUT = """\
`NMF(n_components=k, solver=..., beta_loss=..., max_iter=..., random_state=0).fit_transform(X)` with both: samples in
rows, double precision, sparse X by rows, and each with its own default start, tolerance (1e-4 in both, of different
things) and number of threads. Every measurement is a process of its own, in which X has been read and a small X has
been fitted before the clock starts. It is stopped after {seconds:g} s, reading and judging included. The packages
take turns, {pairs} times where that takes no more than {seconds:g} s for a cell, and the best time of each counts;
from one seed, runs differ in nothing but their time.

Objectives are the judge's; a billionth of that of the zero matrix for frobenius, and of the best model of rank 1 for
kl, is taken as nothing. *Time to it* is when partwise is at or below the objective that scikit-learn ends with: in
one more run with a callback, counted from the call. Where only what follows the iterations gets there, it is the time
of the whole run. *Ratio* is the time of scikit-learn over that of partwise, of whole runs, and to the objective of
scikit-learn. Bold: partwise is slower, or ends higher by more than a millionth.
"""


def measure(seconds, **asked):
    """What measure.py says, or why it says nothing."""
    script = str(Path(__file__).with_name("measure.py"))
    say("time:", *(f"{key}={value}" for key, value in asked.items() if key != "folder"))
    try:
        done = subprocess.run(
            [sys.executable, script, json.dumps(asked)], capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return {"stopped": f"stopped after {seconds:g} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"stopped": (lines[-1] if lines else f"ended by signal {-done.returncode}")[:90]}
    return json.loads(done.stdout)


def cell(folder, seconds, data, loss, rank, max_iter, solvers):
    """The best run of scikit-learn and of every solver of partwise, and partwise's runs with a trace."""
    theirs, ours = solvers
    asked = {"folder": str(folder), "data": data, "loss": loss, "rank": rank, "max_iter": max_iter, "trace": False}
    runs = [("scikit-learn", theirs), *(("partwise", solver) for solver in ours)]
    best, began = {}, time.monotonic()
    for pair in range(PAIRS):
        for package, solver in runs if pair % 2 == 0 else runs[::-1]:
            before = best.get((package, solver))
            if before and "stopped" in before:
                continue
            made = measure(seconds, package=package, solver=solver, **asked)
            if before is None or "stopped" in made or made["seconds"] < before["seconds"]:
                # A run that ended counts, if a later one was stopped.
                best[package, solver] = before if before and "stopped" in made else made
        if (time.monotonic() - began) * (pair + 2) / (pair + 1) > seconds:
            break
    asked["trace"] = True
    traced = {solver: measure(seconds, package="partwise", solver=solver, **asked) for solver in ours}
    return best[runs[0]], {solver: (best["partwise", solver], traced[solver]) for solver in ours}


def time_to(objective, run, traced):
    """When partwise is at or below an objective: None where it never is, or where nothing is known."""
    objective += SLACK * run.get("scale", 0.0)
    for seconds, reached in traced.get("trace", []):
        if reached <= objective:
            return seconds
    return run["seconds"] if run.get("objective", float("inf")) <= objective else None


def ratio(theirs, ours):
    if theirs is None or ours is None:
        return "-"
    times = theirs / ours
    text = f"{times:.3g}×"
    return text if times >= 1 else f"**{text}**"


def row(max_iter, theirs, solver, run, traced):
    """A row of the table, and what falls short in it."""
    short, end = [], theirs.get("objective")
    to = None if end is None else time_to(end, run, traced)
    higher, difference = 0.0, "-"
    if end is not None and "stopped" not in run:
        nothing = SLACK * run["scale"]
        higher = (max(run["objective"], nothing) - max(end, nothing)) / max(end, nothing)
        difference = f"{100 * higher:+.3g}%"
    if higher > 1e-6:
        difference = f"**{difference}**"
        short.append(f"ends {100 * higher:.2g}% higher")
    if "stopped" in run:
        short.append(run["stopped"])
    elif "stopped" not in theirs:
        if theirs["seconds"] < run["seconds"]:
            short.append(f"its whole run takes {run['seconds'] / theirs['seconds']:.3g} times as long")
        if to is None:
            short.append("does not get to the objective of scikit-learn")
        elif theirs["seconds"] < to:
            short.append(f"takes {to / theirs['seconds']:.3g} times as long to the objective of scikit-learn")
    cells = [
        max_iter,
        theirs.get("stopped") or number(theirs["seconds"]),
        theirs.get("iterations", "-"),
        number(end),
        f"`{solver}`",
        run.get("stopped") or number(run["seconds"]),
        run.get("iterations", "-"),
        number(run.get("objective")),
        difference,
        number(to),
        ratio(theirs.get("seconds"), run.get("seconds")),
        ratio(theirs.get("seconds"), to),
    ]
    return cells, short


HEADER = [
    "data",
    "loss",
    "rank",
    "`max_iter`",
    "scikit-learn, s",
    "it.",
    "objective",
    "partwise",
    "s",
    "it. ",
    "objective ",
    "difference",
    "time to it, s",
    "ratio, whole",
    "ratio, to it",
]


def print_part(folder, seconds, only=None):
    print("## Time, from Python\n")
    print(ABOUT.format(seconds=seconds, pairs=PAIRS))
    rows, shapes, short, off = [], {}, [], 0.0
    for data, loss, rank in CELLS:
        if only and data not in only:
            continue
        for max_iter in LIMITS:
            theirs, ours = cell(folder, seconds, data, loss, rank, max_iter, SOLVERS[loss])
            for solver, (run, traced) in ours.items():
                for some in (theirs, run):
                    if "shape" in some:
                        shapes[data] = (some["shape"], some["stored"])
                if "stopped" not in run:
                    size = max(run["objective"], SLACK * run["scale"])
                    off = max(off, abs(run["said"] - run["objective"]) / size)
                cells, fallen = row(max_iter, theirs, solver, run, traced)
                rows.append([data, loss, rank, *cells])
                short += [f"{data} {loss}, `max_iter={max_iter}`, `{solver}`: {words}" for words in fallen]
    sizes = [[data, f"{m:,} × {n:,}", f"{stored:,}"] for data, ((m, n), stored) in shapes.items()]
    header = ["data", "samples × features", "stored entries"]
    print(table(header, sizes, right=header[1:]))
    print()
    print(table(HEADER, rows, right=[name for name in HEADER if name not in ("data", "loss", "partwise")]))
    print(f"\nWhat partwise says of its objectives differs from the judge's by {off:.1g} of them at most.\n")
    print("### Where partwise is slower, or ends higher\n")
    for line in short:
        point(line)
    print("" if short else "Nowhere.\n")
