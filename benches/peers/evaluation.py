"""What partwise reports of a pair (W, H), once more from its definition: objective and optimality residual, in NumPy.

`objective` never holds a second matrix of the size of X; `evaluate`, with the residual, does.
"""

import numpy as np
import scipy.sparse as sp

# Stored entries whose model is formed at a time.
CHUNK = 1 << 18


def model_at(x: sp.csr_array, w: np.ndarray, h: np.ndarray) -> np.ndarray:
    """WH where X is stored, in the order of CSR."""
    rows = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    columns, out = h.T.copy(), np.empty(x.nnz)
    for start in range(0, x.nnz, CHUNK):
        part = slice(start, start + CHUNK)
        out[part] = np.einsum("ec,ec->e", w[rows[part]], columns[x.indices[part]])
    return out


def divergence(x: np.ndarray, y: np.ndarray, loss: str) -> float:
    """The loss between some entries and their model, added up; `y` may be written over."""
    if loss == "frobenius":
        y -= x
        return 0.5 * float(np.vdot(y, y))
    if loss == "is":
        np.divide(x, y, out=y)
        return float(y.sum() - np.log(y).sum()) - y.size
    seen = x > 0
    total = float(y.sum() - x.sum())
    x, y = x[seen], y[seen]
    np.divide(x, y, out=y)
    np.log(y, out=y)
    return total + float(x @ y)


def objective(x: np.ndarray | sp.csr_array, w: np.ndarray, h: np.ndarray, loss: str) -> float:
    """Loss as `partwise::Loss` defines it, in double precision: `frobenius`, `kl` or `is`; infinite where it is."""
    w, h = np.asarray(w, dtype=np.float64), np.ascontiguousarray(h, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if not sp.issparse(x):
            rows = max(1, CHUNK * 4 // x.shape[1])
            parts = (slice(i, i + rows) for i in range(0, x.shape[0], rows))
            return sum(divergence(x[part], w[part] @ h, loss) for part in parts)
        if loss == "frobenius":
            cross = float((w * (x @ h.T)).sum())
            return 0.5 * float(x.data @ x.data) - cross + 0.5 * float(((w.T @ w) * (h @ h.T)).sum())
        if loss == "kl":
            rows, columns, total = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr)), h.T.copy(), 0.0
            for start in range(0, x.nnz, CHUNK):
                part = slice(start, start + CHUNK)
                data = x.data[part]
                model = np.einsum("ec,ec->e", w[rows[part]], columns[x.indices[part]])
                total += float(data @ np.log(data / model))
            return total - float(x.data.sum()) + float(w.sum(axis=0) @ h.sum(axis=1))
    raise ValueError(f"no {loss} of sparse data")


def violation(factor: np.ndarray, numer: np.ndarray, denom: np.ndarray) -> float:
    """The share of the model by which the first-order conditions of one factor, components in columns, are violated."""
    share = factor * denom
    step = (denom - numer) * np.maximum(factor, factor.mean(axis=0))
    return float(np.abs(np.minimum(share, step)).sum() / share.sum())


def evaluate(x: np.ndarray | sp.csr_array, w: np.ndarray, h: np.ndarray, loss: str) -> dict[str, float]:
    """Loss as `partwise::Loss` defines it and residual as `partwise run.json` reports it, for X = WH without penalties."""
    sparse = sp.issparse(x)
    if loss == "frobenius":
        if sparse:
            cross = float((w * (x @ h.T)).sum())
            objective = 0.5 * float(x.data @ x.data) - cross + 0.5 * float(((w.T @ w) * (h @ h.T)).sum())
        else:
            objective = 0.5 * float(((x - w @ h) ** 2).sum())
        up, down_w, down_h = x, w @ (h @ h.T), h.T @ (w.T @ w)
    else:
        data, model = (x.data, model_at(x, w, h)) if sparse else (x, w @ h)
        seen = data > 0
        logs = float((data[seen] * np.log(data[seen] / model[seen])).sum())
        objective = logs - float(data.sum()) + float(w.sum(axis=0) @ h.sum(axis=1))
        ratio = np.divide(data, model, out=np.zeros_like(data), where=seen)
        up = sp.csr_array((ratio, x.indices, x.indptr), shape=x.shape) if sparse else ratio
        down_w, down_h = h.sum(axis=1)[None, :], w.sum(axis=0)[None, :]
    kkt = max(violation(w, up @ h.T, down_w), violation(h.T, up.T @ w, down_h))
    return dict(objective=objective, kkt_residual=kkt)
