"""Non-negative matrix factorization with scikit-learn's interface.

``from partwise import NMF`` takes the place of ``from sklearn.decomposition import NMF``.
"""

import importlib

from partwise import _core

__version__ = _core.__version__
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

_FROM = {
    "NMF": "partwise._estimators",
    "MiniBatchNMF": "partwise._minibatch",
    "RankScan": "partwise._scan",
    "consensus": "partwise._selection",
    "consensus_measures": "partwise._selection",
    "load": "partwise._files",
    "match_components": "partwise._selection",
    "non_negative_factorization": "partwise._function",
    "report": "partwise._report",
    "select_rank": "partwise._scan",
    "top_features": "partwise._selection",
}


def options():
    """Every option of the engine: a list of dictionaries with its `name`, `default` (as JSON) and `doc`.

    >>> import partwise
    >>> [option["doc"] for option in partwise.options() if option["name"] == "max_h"]
    ['Largest entry that H may have.']
    """
    return _core.options()


def __getattr__(name):
    # scikit-learn takes half a second to import, and is needed for its base classes alone.
    if name in _FROM:
        try:
            module = importlib.import_module(_FROM[name])
        except ModuleNotFoundError as error:
            if error.name and error.name.split(".")[0] in {"sklearn", "scipy"}:
                message = f"partwise.{name} builds on scikit-learn, which is not here: pip install scikit-learn"
                raise ImportError(message) from error
            raise
        return getattr(module, name)
    if name == "tl":
        return importlib.import_module("partwise.tl")
    raise AttributeError(f"module 'partwise' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
