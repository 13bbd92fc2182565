#!/usr/bin/env python3
"""Writes what scikit-learn computes for the data of crates/partwise/tests/known_answers.rs, with its version.

usage: golden_scikit_learn.py > testdata/golden/scikit_learn.json
"""
import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.decomposition import non_negative_factorization

warnings.filterwarnings("ignore")
MASK = (1 << 64) - 1


def numbers(seed):
    """The generator of the Rust tests (`common::Numbers`), so that both sides see the same data."""
    state = ((seed * 0x9E3779B97F4A7C15) & MASK) ^ 0x123456789ABCDEF1
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield (state >> 11) / (1 << 53)


def counts(rows, cols, rank, seed):
    draw = numbers(seed)
    w = np.array([next(draw) ** 3 for _ in range(rows * rank)]).reshape(rows, rank)
    h = np.array([next(draw) ** 3 for _ in range(cols * rank)]).reshape(cols, rank)
    base = w @ h.T
    draw = numbers(seed + 1000)
    noise = np.array([next(draw) for _ in range(rows * cols)]).reshape(rows, cols)
    return np.floor(base * 6.0 * noise)


def divergence(x, y, beta):
    if beta == 2:
        return 0.5 * ((x - y) ** 2).sum()
    if beta == 1:
        p = x > 0
        return (x[p] * np.log(x[p] / y[p])).sum() - x.sum() + y.sum()
    zero = x == 0
    x, y, rest = x[~zero], y[~zero], (y[zero] ** beta / beta).sum()
    return rest + ((x**beta + (beta - 1) * y**beta - beta * x * y ** (beta - 1)) / (beta * (beta - 1))).sum()


x = counts(40, 30, 4, 77)
rng = np.random.RandomState(0)
cases = []
for beta, solver in [(2, "cd"), (2, "mu"), (1, "mu"), (1.5, "mu"), (0.5, "mu"), (3, "mu")]:
    scale = np.sqrt(x.mean() / 4)
    w, h = scale * np.abs(rng.randn(40, 4)), scale * np.abs(rng.randn(4, 30))

    def run(iterations, tol):
        a, b, done = non_negative_factorization(
            x, W=w.copy(), H=h.copy(), n_components=4, init="custom", solver=solver, beta_loss=beta, max_iter=iterations, tol=tol
        )
        return divergence(x, a @ b, beta)

    cases.append(
        dict(
            beta=beta,
            solver=solver,
            w=w.ravel().tolist(),
            h=h.ravel().tolist(),
            iterations=7,
            loss_after_iterations=run(7, 0),
            loss_converged=run(20000, 1e-7),
        )
    )
json.dump(dict(version=sklearn.__version__, sum=x.sum(), cases=cases), sys.stdout)
print()
