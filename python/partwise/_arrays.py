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


def sound(x, name="X"):
    """Refuses a sparse matrix whose parts contradict each other.

    SciPy does not look when it computes with one, and reads and writes where they point, outside of its memory too.
    """
    kind = getattr(x, "format", None)
    if not isinstance(kind, str) or len(x.shape) != 2:
        return
    if kind in ("csr", "csc", "bsr"):
        shape = x.shape[::-1] if kind == "csc" else x.shape
        if kind == "bsr":
            shape = tuple(size // part for size, part in zip(shape, x.data.shape[1:], strict=True))
        starts, indices = np.asarray(x.indptr), np.asarray(x.indices)
        whole = starts.ndim == indices.ndim == 1 and {starts.dtype.kind, indices.dtype.kind} <= {"i", "u"}
        if not whole or starts.shape != (shape[0] + 1,) or starts[0] != 0 or (starts[1:] < starts[:-1]).any():
            raise ValueError(
                f"{name} is no sound sparse matrix: its indptr has to be {shape[0] + 1} numbers, rising from 0"
            )
        if starts[-1] > min(len(indices), len(x.data)):
            raise ValueError(f"{name} is no sound sparse matrix: its indptr goes on beyond its indices or data")
        places = [(indices[: starts[-1]], shape[1])]
    elif kind == "coo":
        places = list(zip((np.asarray(x.row), np.asarray(x.col)), x.shape, strict=True))
        if any(len(at) != len(x.data) for at, _ in places):
            raise ValueError(f"{name} is no sound sparse matrix: it has not as many indices as data")
    else:
        return
    for at, size in places:
        if at.size and not 0 <= at.min() <= at.max() < size:
            raise ValueError(f"{name} is no sound sparse matrix: its indices are out of range")


def unmasked(x):
    """X without its mask, and the mask, or None where nothing is masked. Rows in a list may have masks, too."""
    if isinstance(x, (list, tuple)) and any(isinstance(row, np.ma.MaskedArray) for row in x):
        x = np.ma.stack([np.ma.asanyarray(row) for row in x])
    if not isinstance(x, np.ma.MaskedArray) or not x.mask.any():
        return x, None
    return x.filled(0), np.ma.getmaskarray(x)


def refuse_mask(x, name):
    """Only what is masked in X is a missing entry; what a mask would mean elsewhere nobody has said."""
    if x is not None and unmasked(x)[1] is not None:
        raise ValueError(f"{name} has masked entries, which only X may have: give it without a mask")


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
