"""The losses from their definitions, in NumPy and double precision: neither package judges itself, nor the other."""

import numpy as np
import scipy.sparse as sp

# Entries of the model that are formed at a time.
CHUNK = 1 << 20


def _dense(x, y, beta):
    """D(x | y), added up over arrays of one shape."""
    if beta == 2:
        return 0.5 * float(np.vdot(x - y, x - y))
    with np.errstate(divide="ignore", invalid="ignore"):
        if beta == 1:
            seen = x > 0
            return float((x[seen] * np.log(x[seen] / y[seen])).sum() - x.sum() + y.sum())
        if beta == 0:
            return float((x / y - np.log(x / y) - 1).sum())
        terms = x**beta + (beta - 1) * y**beta - beta * x * y ** (beta - 1)
        return float(terms.sum() / (beta * (beta - 1)))


def _stored(X, W, H):
    """Stored entries of X in chunks, each with the model there."""
    X = X.tocoo()
    columns = np.ascontiguousarray(H.T)
    for start in range(0, X.nnz, CHUNK // 4):
        part = slice(start, start + CHUNK // 4)
        yield X.data[part], np.einsum("ek,ek->e", W[X.row[part]], columns[X.col[part]])


def loss(X, W, H, beta):
    """D(X | W H) for dense or sparse X; for sparse X of any size with beta 1 and 2."""
    W, H = np.asarray(W, dtype=np.float64), np.asarray(H, dtype=np.float64)
    if sp.issparse(X) and (beta not in (1, 2) or X.shape[0] * X.shape[1] <= CHUNK):
        X = X.toarray()
    if not sp.issparse(X):
        rows = max(1, CHUNK // X.shape[1])
        parts = (slice(i, i + rows) for i in range(0, X.shape[0], rows))
        return sum(_dense(np.asarray(X[part], dtype=np.float64), W[part] @ H, beta) for part in parts)
    X = X.astype(np.float64)
    if beta == 2:
        cross = sum(float(x @ y) for x, y in _stored(X, W, H))
        return 0.5 * float(X.data @ X.data) - cross + 0.5 * float(((W.T @ W) * (H @ H.T)).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = sum(float((x[x > 0] * np.log(x[x > 0] / y[x > 0])).sum()) for x, y in _stored(X, W, H))
    return logs - float(X.data.sum()) + float(W.sum(axis=0) @ H.sum(axis=1))


def penalised_rows(X, W, H, beta, l1):
    """What `transform` is to make small: the loss and the L1 penalty of W."""
    return loss(X, W, H, beta) + l1 * float(np.asarray(W, dtype=np.float64).sum())


def rows_with_l1(X, H, l1, iterations=20_000):
    """W for X, H and an L1 penalty under Kullback-Leibler, by plain multiplicative updates in double precision."""
    W = np.full((X.shape[0], H.shape[0]), np.sqrt(X.mean() / H.shape[0]))
    below = H.sum(axis=1) + l1
    for _ in range(iterations):
        W *= (X / np.maximum(W @ H, np.finfo(float).tiny)) @ H.T / below
    return W
