"""What a fit has lost and explained, where the engine's number for it has left the range of floats, and shares of it."""

import json

import numpy as np

# Losses between these are known to all digits; beyond, a loss that grows with X^beta has lost some, or all.
_LEAST, _MOST = 1e-290, 1e300
_LINES = ("sample_weight", "feature_weight")
# Of a block that is looked at at once.
_ENTRIES = 2**20


def shares(fit, beta):
    """The share of each component in the model: of its squares for the frobenius loss, else of its sum."""
    if beta != 2:
        return np.array(fit["shares"])
    W, H = np.asarray(fit["w"], dtype=float), np.asarray(fit["h"], dtype=float)
    W, H = W / (W.max(initial=0) or 1), H / (H.max(initial=0) or 1)
    # sum over c, d of <w_c, w_d> <h_c, h_d> is ||WH||².
    squares = ((W.T @ W) * (H @ H.T)).sum(axis=1)
    total = squares.sum()
    return squares / total if total > 0 else np.zeros_like(squares)


def errors(fit, X, beta, weights, lines, missing):
    """The root of twice the loss, and the relative error: of the fit, or of X in units in which they can be computed.

    A loss of X^beta can be no float where its root is one.
    """
    loss, relative = fit["loss"], fit["relative_error"]
    is_known = _LEAST < loss < _MOST or (loss == 0 and relative == 0)
    if is_known and np.isfinite(relative):
        return float(np.sqrt(2 * loss)), relative
    # By powers of two, which round nothing.
    exponent = _exponent(X.data if hasattr(X, "format") else X)
    W, H = (np.asarray(fit[name], dtype=float) for name in ("w", "h"))
    of_w = _exponent(W)
    W, H = np.ldexp(W, -of_w), np.ldexp(H, of_w - exponent)
    rules = json.loads(fit["row_rules"])
    H = (1 - rules["smoothing"]) * H + rules["smoothing"] * H.mean(axis=0)
    clips = fit["least"] > 0 or rules["negatives"] == "clip"
    least = np.ldexp(fit["least"], -exponent) if clips else -np.inf
    parts = lambda: blocks(X, exponent, least, weights, lines, missing)
    mean = 0.0
    if beta <= 1:
        total = sum(part.sum() for _, _, part in parts())
        mean = sum((x * part).sum() for _, x, part in parts()) / total if total > 0 else 0.0
    lost = without = 0.0
    for rows, x, part in parts():
        lost += (divergence(x, W[rows] @ H, beta) * part).sum()
        # Beside a model of zeros, or of a constant where zeros would be infinitely far.
        without += (divergence(x, np.full_like(x, mean), beta) * part).sum()
    with np.errstate(over="ignore", under="ignore"):
        error = np.sqrt(2 * max(lost, 0.0)) * np.exp2(0.5 * beta * exponent)
    if without > 0:
        relative = np.sqrt(max(lost, 0.0) / without)
    return float(error), float(relative)


def _exponent(values):
    """Of the power of two above the largest of them, NaN left out."""
    values = np.asarray(values)
    most = max(np.fmax.reduce(values, axis=None), -np.fmin.reduce(values, axis=None)) if values.size else 0.0
    return int(np.frexp(float(most))[1]) if np.isfinite(most) else 0


def blocks(X, exponent, least, weights, lines, missing):
    """Rows in units of that power of two, which they are, and how much their entries count."""
    dense = lambda m: np.asarray(m.toarray() if hasattr(m, "format") else m, dtype=float)
    vectors = [None if lines.get(name) is None else np.asarray(lines[name], dtype=float) for name in _LINES]
    weights = weights if weights is None or hasattr(weights, "tocsr") else np.asarray(weights)
    X, weights = (part.tocsr() if hasattr(part, "tocsr") else part for part in (X, weights))
    size = max(1, _ENTRIES // X.shape[1])
    for begin in range(0, X.shape[0], size):
        rows = slice(begin, begin + size)
        x = dense(X[rows])
        part = np.ones_like(x) if weights is None else dense(weights[rows])
        if missing == "absent" and hasattr(X, "format"):
            stored = X[rows].copy()
            stored.data = np.ones_like(stored.data)
            part = np.where(dense(stored) > 0, part, 0.0)
        if vectors[0] is not None:
            part = part * vectors[0][rows, None]
        if vectors[1] is not None:
            part = part * vectors[1]
        holes = np.isnan(x)
        yield rows, np.maximum(np.ldexp(np.where(holes, 0.0, x), -exponent), least), np.where(holes, 0.0, part)


def divergence(x, y, beta):
    """The beta-divergence of x from y, entry by entry."""
    if beta == 2:
        return 0.5 * (x - y) ** 2
    tiny = np.finfo(float).tiny
    if beta > 1:
        return (x**beta + (beta - 1) * y**beta - beta * x * y ** (beta - 1)) / (beta * (beta - 1))
    y = np.maximum(y, tiny)
    if beta == 1:
        return x * np.log(np.maximum(x, tiny) / y) - x + y
    x = np.maximum(x, tiny) if beta <= 0 else x
    if beta == 0:
        return x / y - np.log(x / y) - 1
    return (x**beta + (beta - 1) * y**beta - beta * x * y ** (beta - 1)) / (beta * (beta - 1))
