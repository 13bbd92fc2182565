"""Parameters: what they may be, what they are to the engine, and their documentation."""

import textwrap
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions

from partwise import _core
from partwise._arrays import refuse_mask, sound

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


def _names(*names):
    """Texts that messages list in this order. The keys of a dictionary are a set that has one."""
    return StrOptions(dict.fromkeys(names).keys())


COMMON = {
    "n_components": [Interval(Integral, 1, None, closed="left"), None, _names("auto")],
    "init": [_names("random", "nndsvd", "nndsvda", "nndsvdar", "spa", "custom"), None],
    "beta_loss": [_names(*LOSSES), Real],
    "tol": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state", np.random.Generator],
    "alpha_W": [Interval(Real, 0, None, closed="left")],
    "alpha_H": [Interval(Real, 0, None, closed="left"), _names("same")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "verbose": ["verbose"],
    "n_jobs": [Integral, None],
}
OURS = {
    "solver": [_names(*RULES)],
    "shuffle": ["boolean"],
    "n_init": [Interval(Integral, 1, None, closed="left")],
    "missing": [_names("nan", "absent"), None],
    "penalties": [list, tuple, str, None],
    "fixed_components": ["array-like", None],
    "normalize": [_names("l1", "l2", "max"), None],
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
    return {name: plain(value, f"options: {name}") for name, value in (options or {}).items()}


def plain(value, name):
    """A value as JSON has it, of NumPy's numbers too; what the engine cannot read is refused by name."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        if not -(2**63) <= value < 2**64:
            raise ValueError(f"{name} is {value}: a whole number has to be less than 2**64")
        return int(value)
    if isinstance(value, Real):
        if not np.isfinite(value):
            raise ValueError(f"{name} is {value}: it has to be a finite number")
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item, name) for item in value]
    raise ValueError(f"{name} is {value!r}, and has to be a number, a text or None")


def split_penalties(penalties, shape, dtype):
    """The penalties as texts, and the matrices that belong to them under the engine's names."""
    texts, beside = [], {}
    for penalty in [penalties] if isinstance(penalties, str) else penalties or ():
        if isinstance(penalty, str):
            if penalty.lower().lstrip().startswith(("graph:", "pull:")):
                raise ValueError(f"penalties: {penalty!r} comes with its matrix: ({penalty!r}, matrix)")
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
        name = f"{'graph' if kind == 'graph' else 'target'}_{side}"
        if name in beside:
            instead = "add up their matrices" if kind == "graph" else "give the mean of their targets"
            raise ValueError(f"penalties: {kind} of {side} is there twice, and there can be one: {instead}")
        texts.append(text)
        matrix = _beside(matrix, text, kind, dtype)
        beside[name] = _graph(matrix, shape[side == "h"]) if kind == "graph" else matrix
    return texts, beside


def _beside(matrix, text, kind, dtype):
    """The matrix of a penalty, which is looked at before anything is computed with it."""
    name = f"penalties: the matrix of {text!r}"
    if matrix is None:
        raise ValueError(f"{name} is None")
    sound(matrix, name)
    refuse_mask(matrix, name)
    try:
        return check_array(matrix, accept_sparse="csr" if kind == "graph" else False, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def _graph(matrix, size):
    """The weights of the edges, symmetric, as the parts of a sparse matrix by rows."""
    if matrix.shape != (size, size):
        raise ValueError(f"penalties: a graph of {size} has shape {(size, size)}, and not {matrix.shape}")
    if hasattr(matrix, "tocsr"):
        is_symmetric = abs(matrix - matrix.T).sum() == 0
        indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    else:
        is_symmetric = np.array_equal(matrix, matrix.T)
        rows, indices = np.nonzero(matrix)
        indptr, data = np.searchsorted(rows, np.arange(size + 1)), matrix[rows, indices]
    if not is_symmetric:
        raise ValueError("penalties: a graph has symmetric weights; give the mean of the matrix and its transpose")
    return ("csr", (size, size), indptr.astype(np.int64), indices.astype(np.int64), data)


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
