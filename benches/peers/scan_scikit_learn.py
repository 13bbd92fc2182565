#!/usr/bin/env python3
"""A scan over ranks by partwise beside the same fits by scikit-learn; prints a section of Markdown.

usage: scan_scikit_learn.py PARTWISE X.npz [--ranks 2..20] [--runs 10] [--folds 5] [--sample 2,5,8,11,14,17,20]
                            [--tol 1e-2] [--keep FOLDER] [--transpose]

PARTWISE is the program, X a sparse matrix of counts as scipy.sparse.save_npz writes it, samples in rows (or, with
--transpose, in columns). The loss is Kullback-Leibler.

partwise does the whole scan, in an empty folder (--keep leaves it there). scikit-learn would need hours for it: of the
ranks of --sample it does one fit to all of X and one without a fold, and the others are taken to last as long as a
straight line between their neighbours says. It has no masks, so that entries of a fold are set to zero for it, which is
less work than to leave them out, and gives another answer. As many fits run at once as there are processors, a thread each, as with n_jobs=-1.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import joblib  # noqa: E402
import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from evaluation import objective  # noqa: E402
from sklearn.decomposition import NMF  # noqa: E402


def ranks_of(text):
    first, last = text.split("..")
    return list(range(int(first), int(last) + 1))


def fit(x, rank, seed):
    """Seconds, objective and iterations of a fit as a user asks for it."""
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = NMF(rank, solver="mu", beta_loss="kullback-leibler", init="random", random_state=seed)
        w = model.fit_transform(x)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "w": w, "h": model.components_, "iterations": model.n_iter_}


def without_fold(x, folds):
    """X with the stored entries of one fold set to zero."""
    x = x.copy()
    x.data[np.random.default_rng(0).integers(folds, size=x.nnz) == 0] = 0.0
    x.eliminate_zeros()
    return x


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("x", type=Path)
    parser.add_argument("--ranks", default="2..20")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--sample", default="2,5,8,11,14,17,20")
    parser.add_argument("--tol", help="partwise's tolerance, if not its default; scikit-learn keeps its own")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--transpose", action="store_true")
    given = parser.parse_args()
    ranks, sample = ranks_of(given.ranks), [int(rank) for rank in given.sample.split(",")]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    with tempfile.TemporaryDirectory() as folder:
        out = given.keep or Path(folder) / "scan"
        command = [given.program, "rank", str(given.x), "--ranks", given.ranks, "--runs", str(given.runs)]
        command += ["--folds", str(given.folds), "--shuffled", "0", "--loss", "kl", "--out", str(out), "--quiet"]
        command += ["--transpose"] if given.transpose else []
        command += ["--tol", given.tol] if given.tol else []
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        ours = time.perf_counter() - began
        scan = json.loads((out / "scan.json").read_text())
    print(f"partwise: {ours:.0f} s", file=sys.stderr)
    ours_ends = {line["rank"]: line["mean_objective"] for line in scan["ranks"]}

    x = sp.load_npz(given.x)
    x = sp.csr_array(x.T if given.transpose else x, dtype=np.float64)
    x.sum_duplicates()
    seen = without_fold(x, given.folds)
    jobs = [(data, rank) for rank in reversed(sample) for data in ("whole", "fold")]
    data = {"whole": x, "fold": seen}
    with joblib.Parallel(n_jobs=processors) as parallel:
        # The workers start, and get X, before the clock does.
        parallel(joblib.delayed(fit)(data["fold"][:50], 2, 0) for _ in range(2 * processors))
        fits = parallel(joblib.delayed(fit)(data[what], rank, 0) for what, rank in jobs)
    taken = {job: done for job, done in zip(jobs, fits)}
    seconds = {
        what: np.interp(ranks, sample, [taken[what, rank]["seconds"] for rank in sample]) for what in ("whole", "fold")
    }
    theirs = (given.runs * seconds["whole"].sum() + given.folds * seconds["fold"].sum()) / processors

    words = f"--ranks {given.ranks} --runs {given.runs} --folds {given.folds} --sample {given.sample}"
    words += f" --tol {given.tol}" if given.tol else ""
    print("```sh")
    print(f"PYTHON benches/peers/scan_scikit_learn.py PARTWISE X {words}{' --transpose' if given.transpose else ''}")
    print("```\n")
    print(
        f"X is {x.shape[0]:,} × {x.shape[1]:,} with {x.nnz:,} entries; ranks {given.ranks.replace('..', ' to ')}, "
        f"{given.runs} runs and {given.folds} folds of each,\n"
        f"{len(ranks) * (given.runs + given.folds)} fits; {processors} processors; partwise {version('partwise')}, "
        f"scikit-learn {version('scikit-learn')}, Python {platform.python_version()}.\n"
    )
    print("| rank | scikit-learn, X | iterations | X without a fold | objective, scikit-learn | partwise, mean |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for rank in sample:
        whole, fold = taken["whole", rank], taken["fold", rank]
        loss = objective(x, whole["w"], whole["h"], "kl")
        print(
            f"| {rank} | {whole['seconds']:.1f} s | {whole['iterations']} | {fold['seconds']:.1f} s | "
            f"{loss:.6g} | {ours_ends[rank]:.6g} |"
        )
    print(
        f"\nThe whole scan: partwise {ours:.0f} s; scikit-learn {theirs:.0f} s, from these fits: "
        f"**{theirs / ours:.1f} times** as long."
    )


if __name__ == "__main__":
    main()
