from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt
from typing_extensions import TypeAlias

from partwise._estimators import _Matrix
from partwise._selection import Feature

_Path: TypeAlias = str | PathLike[str]
_Groups: TypeAlias = npt.ArrayLike | Mapping[str, npt.ArrayLike] | None

def report(
    folder: _Path,
    out: _Path | None = None,
    *,
    scan: _Path | None = None,
    title: str | None = None,
    groups: _Groups = None,
    words: bool = False,
    image_shape: tuple[int, int] | None = None,
    overwrite: bool = False,
) -> Path: ...
def writable(path: _Path, overwrite: bool) -> Path: ...
def written(path: Path, html: str) -> Path: ...
def look(
    title: str | None, groups: Any, words: bool, image_shape: tuple[int, int] | None, samples: int | None = None
) -> str: ...

class Shown:
    def top_features(
        self, n: int | None = 10, by: Literal["weight", "lift", "specificity"] = "weight"
    ) -> list[list[Feature]]: ...
    def report(
        self,
        path: _Path,
        X: _Matrix | None = None,
        W: npt.ArrayLike | None = None,
        *,
        weights: _Matrix | None = None,
        groups: _Groups = None,
        words: bool = False,
        image_shape: tuple[int, int] | None = None,
        title: str | None = None,
        overwrite: bool = False,
    ) -> Path: ...
