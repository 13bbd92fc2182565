from collections.abc import Callable
from os import PathLike
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float64] | npt.NDArray[np.float32]
_Sparse = tuple[str, tuple[int, int], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]

__all__ = [
    "__version__",
    "fit",
    "transform",
    "score",
    "save",
    "load",
    "scan",
    "match_components",
    "top",
    "agree",
    "measures",
    "tree_order",
    "residuals",
    "fit_report",
    "scan_report",
    "folder_report",
    "put",
    "options",
]
__version__: str

class _Option(TypedDict):
    name: str
    default: str
    doc: str

def fit(
    x: _Array | _Sparse,
    spec: str,
    *,
    about: str,
    given: dict[str, Any] | None = None,
    entry_weights: _Array | _Sparse | None = None,
    weights: dict[str, Any] | None = None,
    callback: Callable[[dict[str, float]], object] | None = None,
    settle: bool = False,
    first_start: int = 0,
) -> dict[str, Any]: ...
def transform(
    x: _Array | _Sparse,
    h: _Array,
    model: dict[str, Any],
    *,
    threads: int = 0,
    entry_weights: _Array | _Sparse | None = None,
    weights: dict[str, Any] | None = None,
) -> _Array: ...
def score(
    x: _Array | _Sparse,
    h: _Array,
    model: dict[str, Any],
    *,
    folds: int,
    seed: int,
    threads: int = 0,
    entry_weights: _Array | _Sparse | None = None,
    weights: dict[str, Any] | None = None,
) -> float: ...
def save(
    folder: str | PathLike[str],
    record: str,
    names: str,
    h: _Array,
    w: _Array | None = None,
    *,
    overwrite: bool = False,
) -> None: ...
def load(folder: str | PathLike[str]) -> dict[str, Any]: ...
def scan(
    x: _Array | _Sparse,
    spec: str,
    counts: str,
    *,
    entry_weights: _Array | _Sparse | None = None,
    weights: dict[str, Any] | None = None,
    folder: str | PathLike[str] | None = None,
    anew: bool = False,
    time_limit: float | None = None,
    callback: Callable[[dict[str, Any]], object] | None = None,
) -> dict[str, Any]: ...
def match_components(first: _Array, second: _Array) -> dict[str, Any]: ...
def top(h: _Array, shares: list[float], by: str, count: int) -> list[list[tuple[int, float, float, float]]]: ...
def agree(runs: list[_Array], neighbours: float, max_distance: float) -> dict[str, Any]: ...
def measures(
    labels: list[list[int]], clusters: int, seed: int
) -> tuple[float, float | None, float, float | None, int | None]: ...
def tree_order(labels: list[list[int]], clusters: int, most: int, seed: int) -> tuple[list[int], list[int]]: ...
def residuals(
    x: _Array | _Sparse,
    w: _Array,
    h: _Array,
    model: dict[str, Any],
    *,
    threads: int = 0,
    entry_weights: _Array | _Sparse | None = None,
    weights: dict[str, Any] | None = None,
) -> tuple[list[float], list[float]]: ...
def fit_report(
    record: str, names: str, look: str, w: _Array, h: _Array, residuals: tuple[list[float], list[float]] | None = None
) -> str: ...
def scan_report(document: str, labels: list[list[int]], rank: int, seed: int, title: str | None) -> str: ...
def folder_report(folder: str | PathLike[str], look: str, scan: str | PathLike[str] | None = None) -> str: ...
def put(path: str | PathLike[str], text: str) -> None: ...
def options() -> list[_Option]: ...
