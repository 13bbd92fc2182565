from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from partwise._estimators import NMF, _Floats, _Loss, _Matrix, _RandomState, _Solver
from partwise._selection import Consensus

def select_rank(
    X: _Matrix,
    ranks: int | Iterable[int] = range(1, 11),
    *,
    n_runs: int = 10,
    n_folds: int = 5,
    n_shuffled: int = 1,
    blocks: int | None = None,
    beta_loss: _Loss = "frobenius",
    solver: _Solver = "auto",
    tol: float = 1e-4,
    max_iter: int = 2000,
    random_state: _RandomState = 0,
    alpha_W: float = 0.0,
    alpha_H: float | Literal["same"] = "same",
    l1_ratio: float = 0.0,
    missing: Literal["nan", "absent"] | None = None,
    weights: _Matrix | None = None,
    sample_weight: npt.ArrayLike | None = None,
    feature_weight: npt.ArrayLike | None = None,
    penalties: Iterable[str] | None = None,
    normalize: Literal["l1", "l2", "max"] | None = None,
    options: dict[str, Any] | None = None,
    folder: str | PathLike[str] | None = None,
    overwrite: bool = False,
    time_limit: float | None = None,
    callback: Callable[[dict[str, Any]], object] | None = None,
    verbose: int = 0,
    n_jobs: int | None = None,
) -> RankScan: ...

class RankScan:
    rank_: int | None
    confidence_: Literal["high", "medium", "low"]
    reasons_: list[str]
    predictive_rank_: int | None
    stable_rank_: int | None
    is_beyond_: bool
    ranks_: list[int]
    table: dict[str, npt.NDArray[Any]]
    fits_: list[dict[str, Any]]
    n_missing_: int
    seed_: int
    notes_: list[str]
    def __init__(self, found: dict[str, Any], data: Any) -> None: ...
    def runs(self, rank: int | None = None) -> list[_Floats]: ...
    def labels(self, rank: int | None = None) -> npt.NDArray[np.uint32]: ...
    def stability(self, rank: int | None = None) -> npt.NDArray[np.float64]: ...
    def best(self, rank: int | None = None) -> NMF: ...
    def consensus(
        self, rank: int | None = None, *, max_distance: float = 0.5, neighbours: float = 0.3
    ) -> Consensus: ...
    def consensus_matrix(self, rank: int | None = None) -> npt.NDArray[np.float64]: ...
    def consensus_order(
        self, rank: int | None = None, n: int = 500
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]: ...
    # pandas need not be there.
    def to_frame(self) -> Any: ...
    def report(self, path: str | PathLike[str], *, title: str | None = None, overwrite: bool = False) -> Path: ...
