#!/usr/bin/env python3
"""Prints what the rules of Lee and Seung (1999), figure 2, reach on the CBCL faces, in NumPy alone.

The reference values of the faces in docs/reproductions.md are this script's; the objective and the order of the updates
are the paper's, the start is NumPy's legacy generator with seed 0.

usage: lee_seung_faces.py DATA/faces_cbcl/X.npy
"""
import sys

import numpy as np

x = np.load(sys.argv[1])
v = np.clip((x - x.mean(0)) / x.std(0) * 0.25 + 0.25, 0, 1)
print(f"prepared: mean {v.mean():.4f}, standard deviation {v.std():.4f}, zeros {100 * (v == 0).mean():.1f}%")

(n, m), r = v.shape, 49
random = np.random.RandomState(0)
w = random.rand(n, r)
w /= w.sum(0)
h = random.rand(r, m)
for iteration in range(1, 501):
    w *= (v / (w @ h)) @ h.T
    w /= w.sum(0)
    h *= w.T @ (v / (w @ h))
    if iteration in (50, 200, 500):
        y, p = w @ h, v > 0
        kl = (v[p] * np.log(v[p] / y[p])).sum() - v.sum() + y.sum()
        f = (v[p] * np.log(y[p])).sum() - y.sum()
        print(f"iteration {iteration}: KL {kl:.1f}, F {f:.1f}")


def sparseness(columns):
    root = np.sqrt(len(columns))
    return ((root - np.abs(columns).sum(0) / np.sqrt((columns**2).sum(0))) / (root - 1)).mean()


print(f"Hoyer's sparseness: basis {sparseness(w):.3f}, encodings {sparseness(h.T):.3f}")
