#!/usr/bin/env python3
"""scikit-learn's side of docs/scikit-learn.md; prints one JSON object.

usage: sklearn_fit.py versions
       sklearn_fit.py start X RANK DIR              writes scikit-learn's random start to DIR/W0.npy and DIR/H0.npy
       sklearn_fit.py fit X RANK LOSS DIR           fits from there with scikit-learn's default tolerance and limit
       sklearn_fit.py evaluate X LOSS W H           evaluates a pair of .npy files

X is a .npy, or a .npz as scipy.sparse.save_npz writes it; LOSS is frobenius or kl.
"""

import json
import platform
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import scipy.sparse as sp
import sklearn
import threadpoolctl
from evaluation import evaluate
from sklearn.decomposition import NMF, non_negative_factorization
from sklearn.decomposition._nmf import _beta_divergence, _initialize_nmf

BETA_LOSS = {"frobenius": "frobenius", "kl": "kullback-leibler"}
SOLVER = {"frobenius": "cd", "kl": "mu"}


def load(path: str) -> np.ndarray | sp.csr_array:
    """X in double precision; sparse ones by rows, which is how the solvers want them."""
    if not path.endswith(".npz"):
        return np.ascontiguousarray(np.load(path), dtype=np.float64)
    x = sp.csr_array(sp.load_npz(path), dtype=np.float64)
    x.sum_duplicates()
    x.eliminate_zeros()
    return x


def peak_memory() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def versions() -> dict[str, str]:
    libraries = [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]
    return dict(
        python=platform.python_version(),
        numpy=np.__version__,
        scipy=scipy.__version__,
        scikit_learn=sklearn.__version__,
        blas=" and ".join(sorted({f"{lib['internal_api']} {lib['version']}" for lib in libraries})),
    )


def start(x: np.ndarray | sp.csr_array, rank: int, folder: Path) -> dict[str, str]:
    w, h = _initialize_nmf(x, rank, init="random", random_state=0)
    np.save(folder / "W0.npy", w)
    np.save(folder / "H0.npy", h)
    return {}


def fit(path: str, rank: int, loss: str, folder: Path) -> dict[str, float | bool]:
    baseline = peak_memory()
    x = load(path)
    w, h = np.load(folder / "W0.npy"), np.load(folder / "H0.npy")
    began = time.perf_counter()
    w, h, iterations = non_negative_factorization(
        x, W=w, H=h, n_components=rank, init="custom", solver=SOLVER[loss], beta_loss=BETA_LOSS[loss]
    )
    seconds = time.perf_counter() - began
    memory = peak_memory() - baseline
    return dict(
        seconds=seconds,
        iterations=iterations,
        converged=iterations < NMF().max_iter,
        peak_memory_bytes=memory,
        own_objective=float(_beta_divergence(x, w, h, BETA_LOSS[loss])),
        **evaluate(x, w, h, loss),
    )


def main(arguments: list[str]) -> dict[str, Any]:
    match arguments:
        case ["versions"]:
            return versions()
        case ["start", x, rank, folder]:
            return start(load(x), int(rank), Path(folder))
        case ["fit", x, rank, loss, folder]:
            return fit(x, int(rank), loss, Path(folder))
        case ["evaluate", x, loss, w, h]:
            return evaluate(load(x), np.load(w), np.load(h), loss)
    sys.exit(__doc__)


if __name__ == "__main__":
    # That the limit of iterations was reached can be seen in their number.
    warnings.simplefilter("ignore")
    json.dump(main(sys.argv[1:]), sys.stdout, allow_nan=False)
