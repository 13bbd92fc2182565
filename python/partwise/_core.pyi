from collections.abc import Callable
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
    given: dict[str, Array] | None = None,
    entry_weights: Array | Sparse | None = None,
    weights: dict[str, Any] | None = None,
    callback: Callable[[dict[str, float]], object] | None = None,
    rows: bool = False,
) -> dict[str, Any]: ...
def transform(
    x: Array | Sparse,
    h: Array,
    *,
    loss: str,
    row_rules: str,
    component_scale: list[float],
    least: float,
    threads: int = 0,
    weights: dict[str, Any] | None = None,
) -> Array: ...
def options() -> list[Option]: ...
