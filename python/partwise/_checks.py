"""What is checked of arrays that come in, and what the engine gets of them."""

import json

import numpy as np
from sklearn.utils import check_array, check_random_state

from partwise._arrays import for_engine, refuse_mask, smallest, sound
from partwise._measures import blocks

# What X stays in; all else becomes the first.
DTYPES = [np.float64, np.float32]


def with_holes(X, mask, missing):
    """X with NaN where it is masked, and what is missing in it."""
    if mask is None:
        return X, missing
    return np.where(mask, np.nan, X).astype(X.dtype), missing or "nan"


def weights_of_entries(weights, X):
    """Weights of entries for the engine."""
    if weights is None:
        return None
    sound(weights, "weights")
    refuse_mask(weights, "weights")
    weights = check_array(
        weights, accept_sparse=("csr", "csc"), dtype=X.dtype, ensure_all_finite=False, input_name="weights"
    )
    if weights.shape != X.shape:
        raise ValueError(f"weights have shape {weights.shape}, but X has shape {X.shape}")
    return for_engine(weights)


def weights_of_lines(weights, size, name):
    """Weights of rows or columns: one for each, and not all zero."""
    if weights is None:
        return None
    refuse_mask(weights, name)
    weights = check_array(weights, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (size,):
        raise ValueError(f"{name} has shape {weights.shape}, and needs {(size,)}")
    if not weights.any():
        raise ValueError(f"{name} has to have a weight that is not zero")
    return weights.tolist()


def seed(random_state):
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    return int(check_random_state(random_state).randint(2**31 - 1))


def refuse_negative(X, whom, model=None):
    if model is not None:
        rules = json.loads(model["row_rules"])
        if rules.get("negatives", "refuse") != "refuse" or rules.get("free"):
            return
    least = smallest(X)
    if least < 0:
        advice = "; options={'negatives': 'clip'}, or 'keep', takes them" if whom == "NMF initialization" else ""
        raise ValueError(f"Negative values in data passed to {whom}. The smallest is {least:g}{advice}.")


def zeros_count(X, missing=None, weights=None, **line_weights):
    """Whether X has zeros that count: neither missing nor without weight."""
    is_sparse = hasattr(X, "format")
    if weights is not None or any(line is not None for line in line_weights.values()):
        rows = blocks(X, 0, -np.inf, weights, line_weights, missing)
        return any(bool(((x == 0) & (part > 0)).any()) for _, x, part in rows)
    if is_sparse and missing != "absent" and X.data.size < X.shape[0] * X.shape[1]:
        return True
    return bool(((X.data if is_sparse else X) == 0).any())


def given_factor(factor, shape, name, zeros=False):
    """A given factor: an array of that shape, in which 'auto' fits everything."""
    whom = f"NMF (input {name})"
    if factor is None:
        raise ValueError(f"{name} is not given: init='custom' starts from it, or update_H=False keeps it; give {name}")
    refuse_mask(factor, name)
    factor = check_array(factor, dtype=None)
    for axis, (want, ordinal) in enumerate(zip(shape, ("first", "second"), strict=True)):
        if want != "auto" and factor.shape[axis] != want:
            raise ValueError(
                f"Array with wrong {ordinal} dimension passed to {whom}. Expected {want}, but got {factor.shape[axis]}."
            )
    refuse_negative(factor, whom)
    if factor.max() == 0 and not zeros:
        raise ValueError(f"Array passed to {whom} is full of zeros.")
    return factor


def known_parts(parts, name, dtype, n_components):
    """Components that stay as they are, beside which others are found; how many those are has to be said."""
    refuse_mask(parts, name)
    parts = check_array(parts, dtype=dtype, input_name=name)
    if n_components == "auto":
        f = parts.shape[0 if name == "fixed_components" else 1]
        raise ValueError(
            f"{name} has {f} of the components, and n_components='auto' does not say how many there are: "
            f"set n_components to {f} and as many as are to be found beside them"
        )
    return parts
