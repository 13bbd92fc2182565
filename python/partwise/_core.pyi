from collections.abc import Callable
from os import PathLike
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float64] | npt.NDArray[np.float32]
_Sparse = tuple[str, tuple[int, int], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]

__all__ = ["__version__", "fit", "transform", "score", "save", "load", "options"]
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
def options() -> list[_Option]: ...
