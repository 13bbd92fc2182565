from typing import Any, Literal

import numpy.typing as npt

from partwise._estimators import _Callback, _Floats, _Init, _Loss, _Matrix, _Penalties, _RandomState, _Solver

_Factors = tuple[_Floats, _Floats, int]

def non_negative_factorization(
    X: _Matrix,
    W: npt.ArrayLike | None = None,
    H: npt.ArrayLike | None = None,
    n_components: int | Literal["auto"] | None = "auto",
    *,
    init: _Init = None,
    update_H: bool = True,
    solver: _Solver = "cd",
    beta_loss: _Loss = "frobenius",
    tol: float = 1e-4,
    max_iter: int = 200,
    alpha_W: float = 0.0,
    alpha_H: float | Literal["same"] = "same",
    l1_ratio: float = 0.0,
    random_state: _RandomState = None,
    verbose: int = 0,
    shuffle: bool = False,
    n_init: int = 1,
    missing: Literal["nan", "absent"] | None = None,
    penalties: _Penalties = None,
    fixed_components: npt.ArrayLike | None = None,
    normalize: Literal["l1", "l2", "max"] | None = None,
    options: dict[str, Any] | None = None,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    callback: _Callback = None,
    n_jobs: int | None = None,
) -> _Factors: ...
