from partwise import tl as tl
from partwise._core import _Option
from partwise._estimators import NMF as NMF
from partwise._files import load as load
from partwise._function import non_negative_factorization as non_negative_factorization
from partwise._minibatch import MiniBatchNMF as MiniBatchNMF

__all__ = ["NMF", "MiniBatchNMF", "__version__", "load", "non_negative_factorization", "options", "tl"]

__version__: str

def options() -> list[_Option]: ...
