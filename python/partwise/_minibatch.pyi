from typing import Literal, overload

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from partwise._estimators import (
    Base,
    _Asked,
    _Double,
    _Floats,
    _Init,
    _Loss,
    _Matrix,
    _RandomState,
    _Single,
)

class MiniBatchNMF(Base):
    batch_size: int
    max_no_improvement: int | None
    forget_factor: float
    fresh_restarts: bool
    fresh_restarts_max_iter: int
    transform_max_iter: int | None

    n_steps_: int

    def __init__(
        self,
        n_components: int | Literal["auto"] | None = "auto",
        *,
        init: _Init = None,
        batch_size: int = 1024,
        beta_loss: _Loss = "frobenius",
        tol: float = 1e-4,
        max_no_improvement: int | None = 10,
        max_iter: int = 200,
        alpha_W: float = 0.0,
        alpha_H: float | Literal["same"] = "same",
        l1_ratio: float = 0.0,
        forget_factor: float = 0.7,
        fresh_restarts: bool = False,
        fresh_restarts_max_iter: int = 30,
        transform_max_iter: int | None = None,
        random_state: _RandomState = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None: ...
    @overload
    def fit_transform(  # type: ignore[overload-overlap]
        self, X: _Single, y: object = None, W: npt.ArrayLike | None = None, H: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float32]: ...
    @overload
    def fit_transform(
        self, X: _Double, y: object = None, W: npt.ArrayLike | None = None, H: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]: ...
    @overload
    def fit_transform(
        self, X: _Matrix, y: object = None, W: npt.ArrayLike | None = None, H: npt.ArrayLike | None = None
    ) -> _Floats: ...
    def partial_fit(
        self, X: _Matrix, y: object = None, W: npt.ArrayLike | None = None, H: npt.ArrayLike | None = None
    ) -> Self: ...
    def set_partial_fit_request(self, *, W: _Asked = ..., H: _Asked = ...) -> Self: ...
