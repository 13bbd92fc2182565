"""Matrices of other packages in the forms that the engine takes."""

import numpy as np


def for_engine(x):
    """An array, or the parts of a sparse matrix: ``(format, shape, indptr, indices, data)``.

    Dense memory is handed on as it is. Integers of a sparse matrix are never sorted or changed in place.
    """
    if hasattr(x, "format"):
        if x.format not in ("csr", "csc"):
            x = x.tocsr()
        return (x.format, tuple(x.shape), _integers(x.indptr), _integers(x.indices), x.data)
    x = np.asarray(x)
    if not (x.dtype.isnative and x.flags.aligned):
        x = x.astype(x.dtype.newbyteorder("="))
    return x


def _integers(values):
    values = np.asarray(values)
    return values if values.dtype in (np.int32, np.int64) else values.astype(np.int64)


def smallest(x):
    """The smallest entry, those that a sparse matrix does not store included; NaN does not count."""
    values = x.data if hasattr(x, "format") else np.asarray(x)
    if values.size == 0:
        return 0.0
    # Unlike `nanmin`, without a copy, and silent where all are NaN.
    least = np.fmin.reduce(values, axis=None)
    if hasattr(x, "format") and values.size < x.shape[0] * x.shape[1]:
        least = min(least, 0.0)
    return float(least)
