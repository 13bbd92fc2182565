from partwise import tl as tl
from partwise._core import _Option
from partwise._estimators import NMF as NMF
from partwise._files import load as load
from partwise._function import non_negative_factorization as non_negative_factorization
from partwise._minibatch import MiniBatchNMF as MiniBatchNMF
from partwise._report import report as report
from partwise._scan import RankScan as RankScan
from partwise._scan import select_rank as select_rank
from partwise._selection import consensus as consensus
from partwise._selection import consensus_measures as consensus_measures
from partwise._selection import match_components as match_components
from partwise._selection import top_features as top_features

__all__ = [
    "NMF",
    "MiniBatchNMF",
    "RankScan",
    "__version__",
    "consensus",
    "consensus_measures",
    "load",
    "match_components",
    "non_negative_factorization",
    "options",
    "report",
    "select_rank",
    "tl",
    "top_features",
]

__version__: str

def options() -> list[_Option]: ...
