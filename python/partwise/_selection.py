"""Components and clusters of models that there are: which is which, what they stand for, what several agree on.

Nothing here needs scikit-learn.
"""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from partwise import _core
from partwise._report import Shown

_ORDERS = ("weight", "lift", "specificity")


class Feature(NamedTuple):
    """A feature of a component.

    `feature` is its name, or its column where there are no names, and `column` its place in X. `weight` is its share of the
    component; `lift`, how many times as much as in the whole model; `specificity`, 1 where no other component has it, and
    0 where another has more of it.
    """

    feature: str | int
    weight: float
    lift: float
    specificity: float
    column: int


class Mixture(NamedTuple):
    """A component, `whole`, that is a mixture of several of the other model.

    `parts` has those with the share that each makes, and `cosine` says how near the mixture is.
    """

    whole: int
    parts: list
    cosine: float


class Matching(NamedTuple):
    """How the components of two models belong together; see :func:`match_components`."""

    pairs: np.ndarray
    cosines: np.ndarray
    mean_cosine: float
    only_first: list
    only_second: list
    splits: list
    merges: list


class ConsensusMeasures(NamedTuple):
    """How stable clusters are; see :func:`consensus_measures`."""

    dispersion: float
    cophenetic: float
    ambiguous: float
    silhouette: float
    sampled: int | None


class Consensus:
    """The components that several runs agree on; see :func:`consensus` and :meth:`RankScan.consensus`.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        H: each component is the median of its group of runs, of length 1.
    spread_ : ndarray of the same shape
        Half the range between the quartiles of the group: how much an entry varies over the runs.
    stability_ : ndarray of shape (n_components,)
        The mean cosine of each component and those of its group.
    runs_ : ndarray of shape (n_components,)
        How many runs have each component.
    distances_ : ndarray of shape (n_runs, n_components)
        How far each component of each run is from those of the runs that are nearest to it.
    left_out_ : int
        How many of those were too far.
    W : ndarray of shape (n_samples, n_components) or None
        W for these components, where the data are at hand: of a scan.
    model : NMF or None
        The same as a model, for `transform` of new rows.
    """

    def __init__(self, found):
        self.components_, self.spread_ = found["h"], found["spread"]
        self.stability_ = np.array(found["cosines"])
        self.runs_ = np.array(found["runs"])
        self.distances_ = np.array(found["distances"])
        self.left_out_ = found["left_out"]
        self.W = self.model = None

    def _order_by(self, shares):
        """Puts the largest first, and says whether anything has moved."""
        order = np.argsort(-np.asarray(shares, dtype=float), kind="stable")
        moved = bool((order != np.arange(len(order))).any())
        for name in ("components_", "spread_", "stability_", "runs_") if moved else ():
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[order]))
        return moved

    def __repr__(self):
        k, all_of_them = len(self.runs_), self.distances_.size
        return (
            f"<Consensus of {len(self.distances_)} runs: {k} component{'s' * (k != 1)}, mean cosine "
            f"{self.stability_.mean():.3f}; {self.left_out_} of {all_of_them} left out>"
        )


def match_components(H1, H2):
    """Pairs the components of two models of the same features: the sum of the cosines of their rows of H is the largest.

    Parameters
    ----------
    H1, H2 : array of shape (n_components, n_features), data frame or model
        Components by rows; the two may have different numbers of them. Of data frames and models whose features have
        names, features are put in order by those.

    Returns
    -------
    Matching
        `pairs`, an array with a row for each pair, of a component of the first and one of the second; their `cosines` and
        `mean_cosine`; `only_first` and `only_second`, those without a partner; `splits`, components of the first that are
        mixtures of several of the second, and `merges`, the other way round.

    Examples
    --------
    >>> import partwise
    >>> found = partwise.match_components([[1, 0, 0], [0, 1, 1]], [[0, 2, 2], [3, 0, 0]])
    >>> found.pairs.tolist(), round(found.mean_cosine, 3)
    ([[0, 1], [1, 0]], 1.0)
    """
    (first, ours), (second, theirs) = _components(H1, "H1"), _components(H2, "H2")
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"H1 has {first.shape[1]} features, and H2 has {second.shape[1]}; components of the same features can be paired"
        )
    if ours is not None and theirs is not None and ours != theirs:
        second = np.ascontiguousarray(second[:, _places(ours, theirs)])
    found = _core.match_components(first, second)
    return Matching(
        pairs=np.array(found["pairs"], dtype=np.intp).reshape(-1, 2),
        cosines=np.array(found["cosines"], dtype=float),
        mean_cosine=found["mean_cosine"],
        only_first=found["only_first"],
        only_second=found["only_second"],
        splits=[Mixture(*mixture) for mixture in found["splits"]],
        merges=[Mixture(*mixture) for mixture in found["merges"]],
    )


def top_features(H, feature_names=None, n=10, by="weight", *, shares=None):
    """The first features of each component: what it stands for.

    Parameters
    ----------
    H : array of shape (n_components, n_features), data frame or model
        Components by rows.
    feature_names : sequence of n_features or None, default=None
        Their names; without any, those of the data frame or the model, or else the numbers of the columns.
    n : int or None, default=10
        How many of each; None takes all. Those that a component is zero in are left out.
    by : {'weight', 'lift', 'specificity'}, default='weight'
        What comes first: what the component has most of; what it has most of compared to the whole model; or what it has
        alone.
    shares : sequence of n_components or None, default=None
        The share of each component in the model, or numbers in proportion to it, for 'lift' and 'specificity'. None takes
        those of the model, or equal ones.

    Returns
    -------
    list of lists of Feature
        `feature`, `weight`, `lift`, `specificity`, `column`, for each component.

    Examples
    --------
    >>> import partwise
    >>> top = partwise.top_features([[5, 4, 1], [5, 0, 5]], ["the", "star", "oven"], n=1, by="lift")
    >>> [features[0].feature for features in top]
    ['star', 'oven']
    """
    if by not in _ORDERS:
        raise ValueError(f"by is {by!r}, and has to be one of {', '.join(map(repr, _ORDERS))}")
    if n is not None and (not isinstance(n, Integral) or isinstance(n, bool) or n < 1):
        raise ValueError(f"n is {n!r}, and has to be a positive whole number, or None")
    if isinstance(H, Consensus) and H.model is not None:
        # It knows names and shares.
        H = H.model
    if shares is None:
        shares = H._shares() if isinstance(H, Shown) else []
    H, names = _components(H, "H", signed=True)
    if feature_names is not None:
        names = list(feature_names)
        if len(names) != H.shape[1]:
            raise ValueError(f"feature_names are {len(names)}, and H has {H.shape[1]} features")
    shares = np.asarray(shares, dtype=float)
    if shares.size and (shares.shape != (len(H),) or not np.isfinite(shares).all() or (shares < 0).any()):
        raise ValueError(f"shares have to be {len(H)} numbers, a share for each component, none below 0")
    found = _core.top(H, shares.tolist(), by, H.shape[1] if n is None else int(n))
    name = (lambda column: column) if names is None else names.__getitem__
    return [[Feature(name(column), *numbers, column) for column, *numbers in features] for features in found]


def consensus(runs, *, max_distance=0.5, neighbours=0.3):
    """The components that most of several runs of one rank agree on.

    Components are taken at length 1. Those that are far from all others are left out; every run is paired one to one with
    what all agree on; and a component is the median, entry by entry, of its group.

    Parameters
    ----------
    runs : sequence of arrays of shape (n_components, n_features)
        H of each run, as :meth:`RankScan.runs` has them. Models will do, too.
    max_distance : float, default=0.5
        Components that are farther than this from those of the nearest runs are left out: 0 is the same, and 1.41 has
        nothing in common.
    neighbours : float, default=0.3
        The share of the other runs that are the nearest ones.

    Returns
    -------
    Consensus
        `components_`, `spread_`, `stability_`, `runs_`, `distances_`, `left_out_`.

    Examples
    --------
    >>> import partwise
    >>> one, other, odd = [[1, 0.1, 0], [0, 1, 2]], [[0, 2.2, 4], [3, 0.2, 0]], [[1, 0.1, 0], [1, 0, 1]]
    >>> found = partwise.consensus([one, other, odd])
    >>> found.runs_.tolist(), found.left_out_
    ([3, 2], 1)
    """
    for name, value in (("max_distance", max_distance), ("neighbours", neighbours)):
        if not isinstance(value, Real):
            raise ValueError(f"{name} is {value!r}, and has to be a number")
    is_single = lambda run: getattr(getattr(run, "components_", run), "dtype", None) == np.float32
    runs = list(runs)
    dtype = np.float32 if runs and all(map(is_single, runs)) else np.float64
    arrays = [np.ascontiguousarray(_components(run, f"runs[{at}]")[0], dtype=dtype) for at, run in enumerate(runs)]
    return Consensus(_core.agree(arrays, float(neighbours), float(max_distance)))


def consensus_measures(labels, n_clusters=None, *, random_state=0):
    """How stable clusters of the same samples are over several runs.

    With C the share of the runs in which two samples were together:

    - `dispersion`, the mean of `4 (C - 1/2)²`: 1 where every pair is always or never together (Kim & Park 2007);
    - `cophenetic`, the correlation of `1 - C` and the heights at which average linkage joins two samples (Brunet 2004);
    - `ambiguous`, the share of pairs with `0.1 < C <= 0.9` (Senbabaoglu et al. 2014);
    - `silhouette`, the mean silhouette of samples in the clusters of the same tree (Rousseeuw 1987).

    `cophenetic` and `silhouette` are NaN where they say nothing, as for one cluster. C is never made. Where more than 2,000
    samples differ in their labels, all but the dispersion come from so many, `sampled`, which is None otherwise.

    Parameters
    ----------
    labels : array of shape (n_runs, n_samples)
        The cluster of each sample in each run; any numbers or texts, and those of one run mean nothing in another.
    n_clusters : int or None, default=None
        Clusters of the tree, for the silhouette; None takes the largest number that a run has.
    random_state : int, default=0
        What the choice of samples comes from.

    Examples
    --------
    >>> import partwise
    >>> found = partwise.consensus_measures([[0, 0, 1, 1], [1, 1, 0, 0]])
    >>> found.dispersion, found.cophenetic, found.ambiguous
    (1.0, 1.0, 0.0)
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or 0 in labels.shape:
        raise ValueError(f"labels have shape {labels.shape}, and need a row for each run and a column for each sample")
    runs = [np.unique(run, return_inverse=True) for run in labels]
    if n_clusters is None:
        n_clusters = max(len(known) for known, _ in runs)
    _positive(n_clusters, "n_clusters")
    if not isinstance(random_state, Integral) or not 0 <= random_state < 2**64:
        raise ValueError(f"random_state is {random_state!r}, and has to be a whole number from 0 on")
    codes = [codes.reshape(-1).tolist() for _, codes in runs]
    dispersion, cophenetic, ambiguous, silhouette, sampled = _core.measures(codes, int(n_clusters), int(random_state))
    number = lambda value: np.nan if value is None else value
    return ConsensusMeasures(dispersion, number(cophenetic), ambiguous, number(silhouette), sampled)


def _positive(value, name, least=1, most=2**31):
    if not isinstance(value, Integral) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} is {value!r}, and has to be a whole number from {least} to {most}")


def _components(H, name, *, signed=False):
    """Components by rows, in double precision, and the names of their features, where there are any."""
    names = None
    if hasattr(H, "columns") and hasattr(H, "to_numpy"):
        names, H = H.columns, H.to_numpy()
    elif hasattr(H, "components_"):
        names, H = getattr(H, "feature_names_in_", None), H.components_
    if names is not None:
        names = list(names) if all(isinstance(feature, str) for feature in names) else None
    try:
        H = np.ascontiguousarray(H, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} has to be numbers, a row for each component: {error}") from None
    if H.ndim != 2 or 0 in H.shape:
        raise ValueError(
            f"{name} has shape {H.shape}, and needs a row for each component and a column for each feature"
        )
    if not np.isfinite(H).all():
        raise ValueError(f"{name} has entries that are not finite")
    if not signed and (H < 0).any():
        raise ValueError(f"{name} has negative entries; components without any can be compared")
    return H, names


def _places(ours, theirs):
    """Where our features are among theirs."""
    places = {name: at for at, name in enumerate(theirs)}
    missing = [name for name in ours if name not in places]
    if missing or len(places) != len(theirs) or len(set(ours)) != len(ours):
        hint = f": there is no {missing[0]!r}" if missing else ""
        raise ValueError(
            f"H2: its features are named in another way than those of H1{hint}; give both the same names, or arrays"
        )
    return [places[name] for name in ours]
