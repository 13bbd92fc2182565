from collections.abc import Callable
from os import PathLike
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64] | npt.NDArray[np.float32]
Sparse = tuple[str, tuple[int, int], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]

__version__: str

class Option(TypedDict):
    name: str
    default: str
    doc: str

def fit(
    x: Array | Sparse,
    spec: str,
    *,
    about: str,
    given: dict[str, Any] | None = None,
    entry_weights: Array | Sparse | None = None,
    weights: dict[str, Any] | None = None,
    callback: Callable[[dict[str, float]], object] | None = None,
    settle: bool = False,
) -> dict[str, Any]: ...
def transform(
    x: Array | Sparse,
    h: Array,
    model: dict[str, Any],
    *,
    threads: int = 0,
    entry_weights: Array | Sparse | None = None,
    weights: dict[str, Any] | None = None,
) -> Array: ...
def score(
    x: Array | Sparse,
    h: Array,
    model: dict[str, Any],
    *,
    folds: int,
    seed: int,
    threads: int = 0,
    weights: dict[str, Any] | None = None,
) -> float: ...
def save(
    folder: str | PathLike[str],
    record: str,
    names: str,
    h: Array,
    w: Array | None = None,
    *,
    overwrite: bool = False,
) -> None: ...
def load(folder: str | PathLike[str]) -> dict[str, Any]: ...
def options() -> list[Option]: ...
