from typing import Any, Literal, Protocol, TypeVar, overload

import numpy.typing as npt
from typing_extensions import Unpack

from partwise._estimators import _Parameters, _RandomState

# AnnData, or what has its attributes. Those of AnnData that are descriptors of its own match no property.
class _Annotated(Protocol):
    @property
    def uns(self) -> Any: ...
    def copy(self) -> Any: ...

_T = TypeVar("_T", bound=_Annotated)

@overload
def nmf(
    adata: _Annotated,
    n_components: int,
    *,
    layer: str | None = None,
    obsm: str | None = None,
    mask_var: str | npt.ArrayLike | None = ...,
    key_added: str = "nmf",
    copy: Literal[False] = False,
    random_state: _RandomState = 0,
    **parameters: Unpack[_Parameters],
) -> None: ...
@overload
def nmf(
    adata: _T,
    n_components: int,
    *,
    layer: str | None = None,
    obsm: str | None = None,
    mask_var: str | npt.ArrayLike | None = ...,
    key_added: str = "nmf",
    copy: Literal[True],
    random_state: _RandomState = 0,
    **parameters: Unpack[_Parameters],
) -> _T: ...
@overload
def nmf(
    adata: _T,
    n_components: int,
    *,
    layer: str | None = None,
    obsm: str | None = None,
    mask_var: str | npt.ArrayLike | None = ...,
    key_added: str = "nmf",
    copy: bool = False,
    random_state: _RandomState = 0,
    **parameters: Unpack[_Parameters],
) -> _T | None: ...
