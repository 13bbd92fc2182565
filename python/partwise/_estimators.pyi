# scikit-learn has no types: its base classes would be Any, and so would be whatever is looked up in a model. So what
# models have from it is declared here.

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypedDict, TypeVar, overload

import numpy as np
import numpy.typing as npt
from typing_extensions import Self, TypeAlias

from partwise._report import Shown

_Number_co = TypeVar("_Number_co", bound=np.generic, covariant=True)

# What checkers can make out of SciPy's own source, which has no types, is little more than names.
class _Sparse(Protocol):
    def tocsr(self) -> object: ...

# With a type for what it stores, as scipy-stubs has it.
class _SparseOf(Protocol[_Number_co]):
    @property
    def dtype(self) -> np.dtype[_Number_co]: ...
    def tocsr(self) -> object: ...

_Floats: TypeAlias = npt.NDArray[np.floating[Any]]
_Matrix: TypeAlias = npt.ArrayLike | _Sparse
# Factors have the precision of X: single, or double for all other numbers. Of a data frame nobody knows which.
# mypy takes an array of float64 for one that may be of float32, as NumPy derives both from one type; hence what it is
# told to ignore.
_Other: TypeAlias = np.float64 | np.float16 | np.integer[Any] | np.bool_
_Single: TypeAlias = npt.NDArray[np.float32] | _SparseOf[np.float32]
_Double: TypeAlias = npt.NDArray[_Other] | _SparseOf[_Other] | Sequence[Sequence[float]]

_Init: TypeAlias = Literal["random", "nndsvd", "nndsvda", "nndsvdar", "spa", "custom"] | None
_Solver: TypeAlias = Literal["cd", "mu", "auto", "hals", "bpp", "gcd", "nesterov", "admm", "newton", "scd", "ccd"]
_Loss: TypeAlias = float | Literal["frobenius", "kullback-leibler", "itakura-saito", "kl", "is", "poisson"]
_RandomState: TypeAlias = int | np.random.RandomState | np.random.Generator | None
_Penalties: TypeAlias = Sequence[str | tuple[str, _Matrix]] | None
_Callback: TypeAlias = Callable[[dict[str, float]], object] | None
_Asked: TypeAlias = bool | str | None

# What NMF takes beside the rank and the state of random numbers.
class _Parameters(TypedDict, total=False):
    init: _Init
    solver: _Solver
    beta_loss: _Loss
    tol: float
    max_iter: int
    alpha_W: float
    alpha_H: float | Literal["same"]
    l1_ratio: float
    verbose: int
    shuffle: bool
    n_init: int
    missing: Literal["nan", "absent"] | None
    penalties: _Penalties
    fixed_components: npt.ArrayLike | None
    normalize: Literal["l1", "l2", "max"] | None
    options: dict[str, Any] | None
    time_limit: float | None
    memory_limit: int | None
    callback: _Callback
    n_jobs: int | None

class Base(Shown):
    n_components: int | Literal["auto"] | None
    init: _Init
    solver: _Solver
    beta_loss: _Loss
    tol: float
    max_iter: int
    random_state: _RandomState
    alpha_W: float
    alpha_H: float | Literal["same"]
    l1_ratio: float
    verbose: int
    shuffle: bool
    n_init: int
    missing: Literal["nan", "absent"] | None
    penalties: _Penalties
    fixed_components: npt.ArrayLike | None
    normalize: Literal["l1", "l2", "max"] | None
    options: dict[str, Any] | None
    time_limit: float | None
    memory_limit: int | None
    callback: _Callback
    n_jobs: int | None

    components_: _Floats
    n_components_: int
    n_features_in_: int
    feature_names_in_: npt.NDArray[np.object_]
    reconstruction_err_: float
    n_iter_: int
    loss_history_: npt.NDArray[np.float64]
    kkt_residual_: float
    status_: str
    reason_: str
    notes_: list[str]
    explained_variance_ratio_: npt.NDArray[np.float64]

    def fit(
        self, X: _Matrix, y: object = None, W: npt.ArrayLike | None = None, H: npt.ArrayLike | None = None
    ) -> Self: ...
    @overload
    def transform(  # type: ignore[overload-overlap]
        self, X: _Single, *, weights: _Matrix | None = None
    ) -> npt.NDArray[np.float32]: ...
    @overload
    def transform(self, X: _Double, *, weights: _Matrix | None = None) -> npt.NDArray[np.float64]: ...
    @overload
    def transform(self, X: _Matrix, *, weights: _Matrix | None = None) -> _Floats: ...
    def inverse_transform(self, X: npt.ArrayLike) -> _Floats: ...
    def score(
        self,
        X: _Matrix,
        y: object = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        weights: _Matrix | None = None,
    ) -> float: ...
    def save(self, folder: str | PathLike[str], W: npt.ArrayLike | None = None, *, overwrite: bool = False) -> None: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> npt.NDArray[np.object_]: ...
    def set_output(self, *, transform: Literal["default", "pandas", "polars"] | None = None) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def __sklearn_tags__(self) -> Any: ...
    def set_transform_request(self, *, weights: _Asked = ...) -> Self: ...
    def set_fit_request(self, *, W: _Asked = ..., H: _Asked = ...) -> Self: ...
    def set_score_request(self, *, sample_weight: _Asked = ..., weights: _Asked = ...) -> Self: ...

class NMF(Base):
    def __init__(
        self,
        n_components: int | Literal["auto"] | None = "auto",
        *,
        init: _Init = None,
        solver: _Solver = "cd",
        beta_loss: _Loss = "frobenius",
        tol: float = 1e-4,
        max_iter: int = 200,
        random_state: _RandomState = None,
        alpha_W: float = 0.0,
        alpha_H: float | Literal["same"] = "same",
        l1_ratio: float = 0.0,
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
    ) -> None: ...
    def fit(
        self,
        X: _Matrix,
        y: object = None,
        W: npt.ArrayLike | None = None,
        H: npt.ArrayLike | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        feature_weight: npt.ArrayLike | None = None,
        weights: _Matrix | None = None,
        fixed_W: npt.ArrayLike | None = None,
    ) -> Self: ...
    def set_fit_request(
        self,
        *,
        W: _Asked = ...,
        H: _Asked = ...,
        sample_weight: _Asked = ...,
        feature_weight: _Asked = ...,
        weights: _Asked = ...,
        fixed_W: _Asked = ...,
    ) -> Self: ...
    @overload
    def fit_transform(  # type: ignore[overload-overlap]
        self,
        X: _Single,
        y: object = None,
        W: npt.ArrayLike | None = None,
        H: npt.ArrayLike | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        feature_weight: npt.ArrayLike | None = None,
        weights: _Matrix | None = None,
        fixed_W: npt.ArrayLike | None = None,
    ) -> npt.NDArray[np.float32]: ...
    @overload
    def fit_transform(
        self,
        X: _Double,
        y: object = None,
        W: npt.ArrayLike | None = None,
        H: npt.ArrayLike | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        feature_weight: npt.ArrayLike | None = None,
        weights: _Matrix | None = None,
        fixed_W: npt.ArrayLike | None = None,
    ) -> npt.NDArray[np.float64]: ...
    @overload
    def fit_transform(
        self,
        X: _Matrix,
        y: object = None,
        W: npt.ArrayLike | None = None,
        H: npt.ArrayLike | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        feature_weight: npt.ArrayLike | None = None,
        weights: _Matrix | None = None,
        fixed_W: npt.ArrayLike | None = None,
    ) -> _Floats: ...
