from os import PathLike

import numpy.typing as npt

from partwise._estimators import Base
from partwise._minibatch import MiniBatchNMF
from partwise._estimators import NMF

def save(model: Base, folder: str | PathLike[str], W: npt.ArrayLike | None, overwrite: bool) -> None: ...
def load(folder: str | PathLike[str]) -> NMF | MiniBatchNMF: ...
