"""Parameters: what they may be, what they are to the engine, and their documentation."""

import textwrap
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from partwise import _core

# 'cd' is for the frobenius loss, where the engine's choice is coordinate descent or something faster for the shape.
RULES = {"cd": "auto", "auto": "auto"}
RULES |= {rule: rule for rule in ("mu", "hals", "bpp", "gcd", "nesterov", "admm", "scd", "ccd", "newton")}
LOSSES = {"frobenius": 2.0, "kullback-leibler": 1.0, "itakura-saito": 0.0, "kl": 1.0, "is": 0.0, "poisson": 1.0}
# Options of the engine that a parameter of the estimators stands for.
TAKEN = {
    "rank": "n_components",
    "loss": "beta_loss",
    "rule": "solver",
    "shuffle": "shuffle",
    "init": "init",
    "l1_w": "alpha_W and l1_ratio",
    "l2_w": "alpha_W and l1_ratio",
    "l1_h": "alpha_H and l1_ratio",
    "l2_h": "alpha_H and l1_ratio",
    "penalties": "penalties",
    "seed": "random_state",
    "restarts": "n_init",
    "max_iter": "max_iter",
    "tol": "tol",
    "time_limit": "time_limit",
    "threads": "n_jobs",
    "normalize": "normalize",
    "memory_limit": "memory_limit",
}

COMMON = {
    "n_components": [Interval(Integral, 1, None, closed="left"), None, StrOptions({"auto"})],
    "init": [StrOptions({"random", "nndsvd", "nndsvda", "nndsvdar", "spa", "custom"}), None],
    "beta_loss": [StrOptions(set(LOSSES)), Real],
    "tol": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state", np.random.Generator],
    "alpha_W": [Interval(Real, 0, None, closed="left")],
    "alpha_H": [Interval(Real, 0, None, closed="left"), StrOptions({"same"})],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "verbose": ["verbose"],
    "n_jobs": [Integral, None],
}
OURS = {
    "solver": [StrOptions(set(RULES))],
    "shuffle": ["boolean"],
    "n_init": [Interval(Integral, 1, None, closed="left")],
    "missing": [StrOptions({"nan", "absent"}), None],
    "penalties": [list, tuple, str, None],
    "fixed_components": ["array-like", None],
    "normalize": [StrOptions({"l1", "l2", "max"}), None],
    "options": [dict, None],
    "time_limit": [Interval(Real, 0, None, closed="left"), None],
    "memory_limit": [Interval(Integral, 1, None, closed="left"), None],
    "callback": [callable, None],
}


def loss_name(beta):
    """A beta in the words of the engine."""
    return {2.0: "frobenius", 1.0: "kl", 0.0: "is"}.get(beta, f"beta:{beta!r}")


def other_options(options):
    """What `options` asks of the engine, checked by name."""
    known = {option["name"] for option in _core.options()}
    for name in options or {}:
        if name in TAKEN:
            raise ValueError(f"options: {name!r} is asked for by the parameter {TAKEN[name]}")
        if name not in known:
            others = ", ".join(sorted(known - set(TAKEN)))
            raise ValueError(f"options: there is no {name!r}; there are {others}. partwise.options() tells of them")
    return dict(options or {})


def split_penalties(penalties, shape, dtype):
    """The penalties as texts, and the matrices that belong to them under the engine's names."""
    texts, beside = [], {}
    for penalty in [penalties] if isinstance(penalties, str) else penalties or ():
        if isinstance(penalty, str):
            texts.append(penalty)
            continue
        try:
            text, matrix = penalty
            kind, side = text.lower().split(":")[:2]
        except (AttributeError, TypeError, ValueError):
            raise ValueError(
                f"penalties: {penalty!r} is neither 'NAME:SIDE:VALUE' nor such a text with its matrix"
            ) from None
        if kind not in ("graph", "pull") or side not in ("w", "h"):
            raise ValueError(f"penalties: {text!r} takes no matrix; graph and pull of w or h do")
        texts.append(text)
        name = f"{'graph' if kind == 'graph' else 'target'}_{side}"
        beside[name] = _graph(matrix, shape[side == "h"], dtype) if kind == "graph" else np.asarray(matrix, dtype)
    return texts, beside


def _graph(matrix, size, dtype):
    """The weights of the edges, symmetric, as the parts of a sparse matrix by rows."""
    if matrix.shape != (size, size):
        raise ValueError(f"penalties: a graph of {size} has shape {(size, size)}, and not {matrix.shape}")
    if hasattr(matrix, "tocsr"):
        matrix = matrix.tocsr()
        if abs(matrix - matrix.T).sum() != 0:
            raise ValueError("penalties: a graph has symmetric weights; give the mean of the matrix and its transpose")
        indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    else:
        matrix = np.asarray(matrix)
        if not np.array_equal(matrix, matrix.T):
            raise ValueError("penalties: a graph has symmetric weights; give the mean of the matrix and its transpose")
        rows, indices = np.nonzero(matrix)
        indptr, data = np.searchsorted(rows, np.arange(size + 1)), matrix[rows, indices]
    return ("csr", (size, size), indptr.astype(np.int64), indices.astype(np.int64), data.astype(dtype))


def documented(cls):
    """Puts the engine's documentation of its options where the docstring has `$name`."""
    if cls.__doc__ is None:
        return cls
    indent = " " * 8
    lines = cls.__doc__.split("\n")
    docs = {f"{indent}${option['name']}": " ".join(option["doc"].split()) for option in _core.options()}
    fill = lambda text: textwrap.fill(text, 118, initial_indent=indent, subsequent_indent=indent)
    cls.__doc__ = "\n".join(fill(docs[line]) if line in docs else line for line in lines)
    return cls
