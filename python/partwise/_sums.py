"""Parts of a step for a batch, by NumPy and in double precision.

Everything is in units in which the largest entries of X and of H are about one, so that no power of an entry overflows.
"""

import numpy as np

# An entry of H or W that multiplicative steps may not fall below, as a share of the mean of its component or row: from
# zero there is no way back, and a later batch may have what this one has not.
LEAST = 1e-9
# Of coordinate descent: sweeps at most, and the change of W, as a share of its largest entry, after which it ends.
_SWEEPS, _LITTLE = 30, 1e-2


class Units:
    """Powers of two, for the scales of X, H and W: ``2^x``, ``2^h`` and ``2^w``."""

    def __init__(self, X, H):
        self.x, self.h = _exponent(X), _exponent(H)
        self.w = self.x - self.h

    def penalty(self, weight, name, degree, beta):
        """The weight of the sum of a factor's entries to that degree, where the loss is in these units as well."""
        exponent = degree * getattr(self, name.lower()) - beta * self.x
        # A penalty so much stronger than the data leaves nothing of the factor, however strong it is.
        return weight * 2.0 ** min(exponent, 300.0) if exponent > -1000 else 0.0

    def loss(self, value, beta):
        """A loss, or a power of one, in the units of the data."""
        with np.errstate(over="ignore", under="ignore"):
            return float(value * np.exp2(np.float64(beta * self.x)))


def largest(values):
    return np.float64(np.max(values.data if hasattr(values, "format") else values, initial=0))


def _exponent(values):
    return int(np.clip(np.frexp(largest(values))[1], -1000, 1000))


class Batch:
    """Rows of X in those units, and how a model compares with them under a beta-divergence."""

    def __init__(self, X, exponent, beta):
        self.beta = float(beta)
        self.is_sparse = hasattr(X, "format") and self.beta in (1, 2)
        scale = 2.0**-exponent
        if self.is_sparse:
            # For numbers of another type this makes the copy that is written to.
            self.X = X.tocsr().astype(np.float64) * scale
            if self.beta == 1:
                self.X.eliminate_zeros()
                self._row_of = np.repeat(np.arange(X.shape[0]), np.diff(self.X.indptr))
        else:
            self.X = np.multiply(X.toarray() if hasattr(X, "format") else X, scale, dtype=np.float64)
        # What keeps powers of a model that is zero finite.
        self.least = 10.0 ** (-100 / max(3 - self.beta, 1))

    def compare(self, W, H):
        """``X Y^(beta-2)``, ``Y^(beta-1)`` (None where all are one) and ``Y = W H``, at the entries that matter."""
        if self.is_sparse:
            Y = np.maximum(np.einsum("ek,ek->e", W[self._row_of], H.T[self.X.indices]), self.least)
            up = self.X.copy()
            up.data /= Y
            return up, None, Y
        Y = np.maximum(W @ H, self.least)
        if self.beta == 1:
            return self.X / Y, None, Y
        down = 1 / Y if self.beta == 0 else Y ** (self.beta - 1)
        return self.X * down / Y, down, Y

    def loss(self, W, H, compared=None):
        """The divergence, summed over entries."""
        beta, X = self.beta, self.X
        if beta == 2:
            return sum(self._squares(part, W, H) for part in _slices(X.shape))
        up, down, Y = self.compare(W, H) if compared is None else compared
        if self.is_sparse:
            lost = X.data @ np.log(up.data) - X.data.sum() + W.sum(axis=0) @ H.sum(axis=1)
        elif beta == 1:
            lost = (X * np.log(np.where(X > 0, up, 1)) - X + Y).sum()
        elif beta == 0:
            lost = (X * down - np.log(X * down) - 1).sum()
        else:
            lost = ((X**beta - X * (beta * down)) / (beta - 1) + down * Y).sum() / beta
        return max(float(lost), 0.0)

    def _squares(self, part, W, H):
        X = self.X[part].toarray() if self.is_sparse else self.X[part]
        return 0.5 * float(((X - W[part] @ H) ** 2).sum())

    def half_square(self):
        values = self.X.data if self.is_sparse else self.X.ravel()
        return 0.5 * float(values @ values)

    def flat(self, H):
        """W that gives each row its sum, with all components alike."""
        sums = np.asarray(self.X.sum(axis=1)).ravel()
        return np.repeat((sums / max(H.sum(), self.least))[:, None], H.shape[0], axis=1)

    def rows_pulled(self, W, H, l1, l2):
        """W after a multiplicative step."""
        up, down, _ = self.compare(W, H)
        below = H.sum(axis=1) if down is None else down @ H.T
        below = np.maximum(below + (l1 + l2 * W), self.least)
        return at_least(W * ((up @ H.T) / below) ** power(self.beta), axis=1)

    def rows_descended(self, W, H, l1, l2):
        """W after coordinate descent on the least squares, until sweeps change little."""
        A, B, W = H @ H.T, np.asarray(self.X @ H.T).T - l1, W.T.copy()
        A[np.diag_indices_from(A)] += l2
        for _ in range(_SWEEPS):
            moved = 0.0
            for c in np.flatnonzero(np.diag(A)):
                before = W[c].copy()
                W[c] = np.maximum(before + (B[c] - A[c] @ W) / A[c, c], 0)
                moved = max(moved, np.abs(W[c] - before).max())
            if moved <= _LITTLE * W.max():
                break
        return W.T

    def columns_pulled(self, W, H, compared):
        """What pulls H up and what pulls it down."""
        up, down, _ = compared
        below = np.broadcast_to(W.sum(axis=0)[:, None], H.shape) if down is None else W.T @ down
        return np.asarray((up.T @ W).T), below


def power(beta):
    """Of a quotient in a multiplicative step, so that the loss cannot rise."""
    return 1 / (2 - beta) if beta < 1 else 1 / (beta - 1) if beta > 2 else 1.0


def at_least(factor, axis):
    """A factor without entries that could not rise again."""
    return np.maximum(factor, LEAST * factor.mean(axis=axis, keepdims=True))


def _slices(shape, entries=2**22):
    """Rows that are dense at a time."""
    step = max(1, entries // max(1, shape[1]))
    return [slice(start, start + step) for start in range(0, shape[0], step)]
