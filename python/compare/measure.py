"""One measurement in a process of its own: `measure.py JSON`, with package, data, folder, rank, loss, solver, max_iter
and trace.

Prints a JSON object: seconds of `fit_transform`, iterations, objective by the judge, and what the package says of it;
with trace, also the seconds from the call and the objective after every iteration.
"""

import json
import sys
import time
import warnings

import numpy as np
from data import read
from judge import loss

_LOSSES = {"frobenius": ("frobenius", 2), "kl": ("kullback-leibler", 1)}


def _nothing(X):
    return np.zeros((X.shape[0], 1)), np.zeros((1, X.shape[1]))


def _rank_one(X):
    rows, columns = (np.asarray(X.sum(axis=axis), dtype=np.float64).ravel() for axis in (1, 0))
    return rows[:, None], columns[None] / columns.sum()


# What a loss is measured by: that of the zero matrix, or where it is infinite, that of the best model of rank 1.
_ONE = {"frobenius": _nothing, "kl": _rank_one}


def main(asked):
    warnings.simplefilter("ignore")
    if asked["package"] == "partwise":
        from partwise import NMF
    else:
        from sklearn.decomposition import NMF
    X = read(asked["data"], asked["folder"])
    name, beta = _LOSSES[asked["loss"]]
    given = {"solver": asked["solver"], "beta_loss": name, "max_iter": asked["max_iter"], "random_state": 0}
    # Modules that are imported at the first call, and threads, are there before the clock starts.
    NMF(n_components=2, **{**given, "max_iter": 2}).fit_transform(np.random.default_rng(0).random((64, 64)))
    trace = []
    if asked["trace"]:
        given["callback"] = lambda state: trace.append((time.perf_counter() - began, state["objective"]))
    model = NMF(n_components=asked["rank"], **given)
    began = time.perf_counter()
    W = model.fit_transform(X)
    seconds = time.perf_counter() - began
    answer = {
        "seconds": seconds,
        "iterations": int(model.n_iter_),
        "objective": loss(X, W, model.components_, beta),
        "scale": loss(X, *_ONE[asked["loss"]](X), beta),
        "said": float(model.reconstruction_err_) ** 2 / 2,
        "status": getattr(model, "status_", None),
        "shape": X.shape,
        "stored": int(X.nnz if hasattr(X, "nnz") else X.size),
        "trace": trace,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
