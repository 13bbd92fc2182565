"""What partwise reports of a pair (W, H), once more from its definition: objective and optimality residual, in NumPy."""

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
