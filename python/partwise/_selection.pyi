from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from typing_extensions import TypeAlias

from partwise._estimators import NMF, _Floats

class _HasComponents(Protocol):
    @property
    def components_(self) -> Any: ...

_H: TypeAlias = npt.ArrayLike | _HasComponents

class Feature(NamedTuple):
    feature: str | int
    weight: float
    lift: float
    specificity: float
    column: int

class Mixture(NamedTuple):
    whole: int
    parts: list[tuple[int, float]]
    cosine: float

class Matching(NamedTuple):
    pairs: npt.NDArray[np.intp]
    cosines: npt.NDArray[np.float64]
    mean_cosine: float
    only_first: list[int]
    only_second: list[int]
    splits: list[Mixture]
    merges: list[Mixture]

class ConsensusMeasures(NamedTuple):
    dispersion: float
    cophenetic: float
    ambiguous: float
    silhouette: float
    sampled: int | None

class Consensus:
    components_: _Floats
    spread_: _Floats
    stability_: npt.NDArray[np.float64]
    runs_: npt.NDArray[np.intp]
    distances_: npt.NDArray[np.float64]
    left_out_: int
    W: _Floats | None
    model: NMF | None
    def __init__(self, found: dict[str, Any]) -> None: ...

def match_components(H1: _H, H2: _H) -> Matching: ...
def top_features(
    H: _H,
    feature_names: Sequence[str] | npt.NDArray[Any] | None = None,
    n: int | None = 10,
    by: Literal["weight", "lift", "specificity"] = "weight",
    *,
    shares: npt.ArrayLike | None = None,
) -> list[list[Feature]]: ...
def consensus(runs: Iterable[_H], *, max_distance: float = 0.5, neighbours: float = 0.3) -> Consensus: ...
def consensus_measures(
    labels: npt.ArrayLike, n_clusters: int | None = None, *, random_state: int = 0
) -> ConsensusMeasures: ...
