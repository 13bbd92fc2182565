"""Loss and gradient parts of a batch, by NumPy: ``Wᵀ (X Y^(beta-2))``, ``Wᵀ Y^(beta-1)`` and ``D(X | Y)`` with ``Y = W H``."""

import numpy as np


def gradient_parts(X, W, H, beta):
    """What pulls H up and down, each of H's shape, in double precision."""
    W, H = np.asarray(W, dtype=np.float64), np.asarray(H, dtype=np.float64)
    if beta == 1 and hasattr(X, "format"):
        ratio = X.tocsr().astype(np.float64)
        model = _at_stored(ratio, W, H)
        ratio.data = np.divide(ratio.data, model, out=np.zeros_like(model), where=ratio.data > 0)
        return np.asarray((ratio.T @ W).T), np.broadcast_to(W.sum(axis=0)[:, None], H.shape)
    X = _dense(X)
    Y = np.maximum(W @ H, np.finfo(np.float64).tiny)
    below = np.broadcast_to(W.sum(axis=0)[:, None], H.shape) if beta == 1 else W.T @ Y ** (beta - 1)
    return W.T @ (X * Y ** (beta - 2)), below


def loss(X, W, H, beta):
    """The beta-divergence of X from W H, summed over entries."""
    W, H = np.asarray(W, dtype=np.float64), np.asarray(H, dtype=np.float64)
    if beta == 1 and hasattr(X, "format"):
        X = X.tocsr().astype(np.float64)
        x, y = X.data[X.data > 0], _at_stored(X, W, H)[X.data > 0]
        with np.errstate(divide="ignore"):
            return float((x * np.log(x / y) - x).sum() + W.sum(axis=0) @ H.sum(axis=1))
    X, Y = _dense(X), W @ H
    if beta == 2:
        return float(0.5 * ((X - Y) ** 2).sum())
    tiny = np.finfo(np.float64).tiny
    Y = np.maximum(Y, tiny)
    if beta == 1:
        return float((X * np.log(np.maximum(X, tiny) / Y) - X + Y).sum())
    if beta == 0:
        return float((X / Y - np.log(X / Y) - 1).sum())
    return float(((X**beta + (beta - 1) * Y**beta - beta * X * Y ** (beta - 1)) / (beta * (beta - 1))).sum())


def _dense(X):
    return np.asarray(X.toarray() if hasattr(X, "format") else X, dtype=np.float64)


def _at_stored(X, W, H):
    """The model at the stored entries of compressed rows."""
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    return np.einsum("ek,ke->e", W[rows], H[:, X.indices])
