"""Scans over ranks: which rank, how stable, and what the runs of a rank agree on."""

import html
import json
from itertools import islice
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from partwise import _core, _files
from partwise._arrays import for_engine
from partwise._checks import seed, weights_of_entries
from partwise._estimators import NMF
from partwise._measures import errors
from partwise._parameters import RULES, loss_name, other_options, plain, split_penalties
from partwise._report import writable, written
from partwise._selection import _positive, consensus

# Samples of a consensus matrix, at most: it takes 8 bytes for each pair.
_MOST_SAMPLES = 10_000
_MOST_RANKS = 10_000
# Of one rank and kind.
_MOST_FITS = 100_000


def select_rank(
    X,
    ranks=range(1, 11),
    *,
    n_runs=10,
    n_folds=5,
    n_shuffled=1,
    blocks=None,
    beta_loss="frobenius",
    solver="auto",
    tol=1e-4,
    max_iter=2000,
    random_state=0,
    alpha_W=0.0,
    alpha_H="same",
    l1_ratio=0.0,
    missing=None,
    weights=None,
    sample_weight=None,
    feature_weight=None,
    penalties=None,
    normalize=None,
    options=None,
    folder=None,
    overwrite=False,
    time_limit=None,
    callback=None,
    verbose=0,
    n_jobs=None,
):
    """Fits X at several ranks, each many times, and recommends a rank with its reasons: `partwise rank` in Python.

    Each rank is fitted to all of X from random starts, to X without a fold of its entries, which are then foretold, and to X
    with the entries of every column shuffled. The defaults are those of the program, and so are the results, to the bit.
    They do not depend on `n_jobs`.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_samples, n_features)
        It is kept by the scan, and not copied, for :meth:`RankScan.best` and :meth:`RankScan.consensus`.
    ranks : int or iterable of ints, default=range(1, 11)
        The ranks to fit.
    n_runs : int, default=10
        Fits of each rank to all of X, from random starts.
    n_folds : int, default=5
        Folds of cross-validation: entries are put into so many parts, and each is predicted from the others; 0 for none.
    n_shuffled : int, default=1
        Fits of each rank to X with the entries of every column shuffled: what data without structure look like.
    blocks : int or None, default=None
        Bi-cross-validation: rows and columns are put into so many parts each, and every block is predicted.
    beta_loss, solver, tol, max_iter, alpha_W, alpha_H, l1_ratio, missing, penalties, normalize, options
        As :class:`NMF` has them, but that `solver='auto'` and `max_iter=2000` are the defaults, and `solver='mu'` is what it
        is in the program. A penalty that comes with a matrix is for one rank.
    random_state : int, RandomState or Generator instance, or None, default=0
        An int is the seed that `partwise rank --seed` takes. None is another one every time.
    weights, sample_weight, feature_weight
        As :meth:`NMF.fit` has them.
    folder : path or None, default=None
        Where fits are kept as they are done: a scan that was stopped goes on there with the same call, and so does one that
        `partwise rank --out` has begun. A scan of other data or with other options is refused.
    overwrite : bool, default=False
        Whether to begin anew in a folder that has a scan.
    time_limit : float or None, default=None
        Seconds after which the scan ends with what it has.
    callback : callable or None, default=None
        Called with a dictionary after every fit (`rank`, `kind`, `number`, `status`, `iterations`, `objective`,
        `relative_error`, `mean_loss`, `seconds`, and `done` of `fits`); something true as its result ends the scan.
    verbose : int, default=0
        1 prints a line for every fit.
    n_jobs : int or None, default=None
        Threads, as for :class:`NMF`; fits are shared out among them.

    Returns
    -------
    RankScan

    Examples
    --------
    >>> import numpy as np, partwise
    >>> rng = np.random.default_rng(0)
    >>> X = rng.gamma(1.0, 1.0, (60, 3)) @ rng.gamma(0.3, 1.0, (3, 20)) + 0.1 * rng.random((60, 20))
    >>> scan = partwise.select_rank(X, range(1, 6), n_runs=5)
    >>> scan.rank_, scan.confidence_
    (3, 'high')
    >>> scan.best().components_.shape
    (3, 20)
    """
    ranks = _ranks(ranks)
    counts = {"ranks": ranks, "runs": n_runs, "folds": n_folds, "shuffled": n_shuffled, "blocks": blocks or 0}
    for name, value, least in (
        ("n_runs", n_runs, 1),
        ("n_folds", n_folds, 0),
        ("n_shuffled", n_shuffled, 0),
        ("blocks", counts["blocks"], 0),
    ):
        _positive(value, name, least, _MOST_FITS)
        counts[name.removeprefix("n_")] = int(value)
    folder = _folder(folder, overwrite)
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        if not 0 <= random_state < 2**64:
            raise ValueError(f"random_state is {random_state}, and a seed is a whole number from 0 on")
        number = int(random_state)
    else:
        number = seed(random_state)
    template = NMF(
        beta_loss=beta_loss,
        solver=solver,
        tol=tol,
        max_iter=max_iter,
        random_state=None,
        alpha_W=alpha_W,
        alpha_H=alpha_H,
        l1_ratio=l1_ratio,
        verbose=verbose,
        missing=missing,
        penalties=penalties,
        normalize=normalize,
        options=options,
        time_limit=time_limit,
        callback=callback,
        n_jobs=n_jobs,
    )
    data = _Data(template, X, weights, sample_weight, feature_weight)
    spec = {"seed": number, "threads": template._threads(), **_asked(template, data.X)}
    found = _core.scan(
        for_engine(data.X),
        json.dumps(spec),
        json.dumps(counts),
        **data.counted(),
        folder=folder,
        anew=bool(overwrite),
        time_limit=None if time_limit is None else float(time_limit),
        callback=_watched(callback, verbose),
    )
    return RankScan(found, data)


def _ranks(ranks):
    """Ranks in ascending order, each once."""
    ranks = [ranks] if isinstance(ranks, Integral) else list(islice(ranks, _MOST_RANKS + 1))
    for rank in ranks:
        _positive(rank, "a rank")
    ranks = sorted({int(rank) for rank in ranks})
    if not 0 < len(ranks) <= _MOST_RANKS:
        raise ValueError(f"ranks are {len(ranks)}, and have to be between 1 and {_MOST_RANKS}")
    return ranks


def _folder(folder, overwrite):
    """What `overwrite` begins anew has to be a scan."""
    if folder is None:
        return None
    folder = Path(folder)
    if overwrite and folder.is_dir() and any(folder.iterdir()) and not (folder / "jobs.json").is_file():
        raise FileExistsError(
            f"'{folder}' is not empty and has no jobs.json, so it is no scan, and overwrite=True replaces only those: "
            "name another folder"
        )
    return folder


def _asked(template, X):
    """What the engine is asked, beside the rank and the seed; what nobody asked for is the engine's own."""
    for name in ("beta_loss", "tol", "alpha_W", "alpha_H", "l1_ratio", "time_limit"):
        plain(getattr(template, name), name)
    given, beside = split_penalties(template.penalties, X.shape, X.dtype)
    if beside:
        raise ValueError("penalties: one that comes with its matrix is for one rank; scan without it")
    return {
        "loss": loss_name(template._beta()),
        "rule": RULES[template.solver],
        "l1_w": template._alpha(X, "W", "l1"),
        "l2_w": template._alpha(X, "W", "l2"),
        "l1_h": template._alpha(X, "H", "l1"),
        "l2_h": template._alpha(X, "H", "l2"),
        "penalties": given,
        "max_iter": int(template.max_iter),
        "tol": float(template.tol),
        "normalize": template.normalize or "none",
        **other_options(template.options),
    }


def _watched(callback, verbose):
    """The callback, and with `verbose` a line for every fit."""
    if not verbose:
        return callback

    def watch(state):
        print(
            f"{state['done']} of {state['fits']}: rank {state['rank']}, {state['kind']} {state['number'] + 1}: relative "
            f"error {state['relative_error']:.5f}, {state['status'].replace('_', ' ')} after {state['iterations']} "
            f"iterations in {state['seconds']:.2g} s"
        )
        return callback is not None and callback(state)

    return watch


class _Data:
    """X as it was scanned, and what of it counts."""

    def __init__(self, template, X, weights, sample_weight, feature_weight):
        self.template = template
        known = template.get_params(deep=False)
        validate_parameter_constraints(NMF._parameter_constraints, known, caller_name="select_rank")
        # It is of the scan alone, and need not be one that can be pickled.
        template.callback = None
        self.X, self.missing = template._checked(X, reset=True)
        self.weights = weights
        self.lines = {"sample_weight": sample_weight, "feature_weight": feature_weight}
        self.counted()
        template._refuse(self.X, "select_rank", {"missing": self.missing, "weights": weights, **self.lines})

    def counted(self):
        return {
            "entry_weights": weights_of_entries(self.weights, self.X),
            "weights": self.template._weights(self.X, self.missing, **self.lines),
        }

    def fit(self, spec, call, given=None, first_start=0):
        """A fit of one rank: W, and a model of it."""
        about = self.template._about(self.X, self.missing, self.weights, self.lines) | {"command": call}
        fit = _core.fit(
            for_engine(self.X),
            json.dumps(spec),
            about=json.dumps(about),
            given=given,
            first_start=first_start,
            **self.counted(),
        )
        model = NMF(**_files.params_of(json.loads(fit["record"])))
        model.n_jobs = self.template.n_jobs
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.template, name):
                setattr(model, name, getattr(self.template, name))
        beta = model._beta()
        fit["error"], fit["relative_error"] = errors(fit, self.X, beta, self.weights, self.lines, self.missing)
        model._keep(fit)
        columns = self.lines["feature_weight"]
        model._feature_weight = None if columns is None else np.asarray(columns, dtype=float).tolist()
        return fit["w"], model


class RankScan:
    """What :func:`select_rank` has found.

    Attributes
    ----------
    rank_ : int or None
        The recommended rank; None where there is none to recommend.
    confidence_ : {'high', 'medium', 'low'}
        How sure that is.
    reasons_ : list of str
        Why.
    predictive_rank_, stable_rank_ : int or None
        The smallest rank that predicts held-out entries as well as any; the largest whose components every run finds.
    is_beyond_ : bool
        Whether a larger rank than those of the scan may be better.
    ranks_ : list of int
        The ranks that have fits.
    table : dict of arrays
        The criteria of each rank, as `docs/selection.md` tells of them; `rank` comes first. NaN where there is no number.
    fits_ : list of dicts
        What each fit came to: `rank`, `kind` ('run', 'fold', 'shuffled', 'block'), `number`, `status`, `iterations`, ...
    n_missing_ : int
        Fits that are not done, of a scan that was stopped.
    seed_ : int
        The seed that it has used.
    notes_ : list of str
        What was chosen for you.
    """

    def __init__(self, found, data):
        self._data, self._text = data, found["document"]
        document, advice = json.loads(self._text), json.loads(found["advice"])
        self._summaries = {summary["rank"]: summary for summary in document["ranks"]}
        self._spec = document["scan"]["spec"]
        self._runs = sorted(found["runs"], key=lambda run: (run["rank"], run["number"]))
        self.rank_, self.confidence_, self.reasons_ = advice["rank"], advice["confidence"], advice["reasons"]
        self.predictive_rank_, self.stable_rank_ = advice["predictive"], advice["stable"]
        self.is_beyond_ = advice["beyond"]
        self.ranks_ = list(self._summaries)
        self.table = {"rank": np.array(self.ranks_, dtype=int)}
        self.table |= {name: np.array(values, dtype=float) for name, values in found["table"].items()}
        self.fits_ = found["fits"]
        self.n_missing_ = document["missing"]
        self.seed_ = self._spec["seed"]
        self.notes_ = found["notes"]

    def runs(self, rank=None):
        """H of every run of a rank (the recommended one if none is named), in the order of their starts."""
        return [run["h"] for run in self._of(rank)]

    def labels(self, rank=None):
        """The component that explains most of each sample, an array with a row for each run."""
        labels = [run["labels"] for run in self._of(rank)]
        return np.array(labels, dtype=np.uint32).reshape(len(labels), self._data.X.shape[0])

    def stability(self, rank=None):
        """How well each component of the best run is found again by the others: its mean cosine with its partners."""
        return np.array(self._summaries[self._known(rank)]["components"], dtype=float)

    def best(self, rank=None):
        """The run of a rank with the lowest objective, as a fitted :class:`NMF`: it is fitted once more, with the same bits.

        A fit with the model's parameters would go from other random starts, as :class:`NMF` takes its seed in
        scikit-learn's manner.
        """
        rank = self._known(rank)
        self._enough(rank, 1)
        number = self._summaries[rank]["best"]
        spec = self._spec | {"rank": rank, "restarts": 1, "init": "random"}
        _, model = self._data.fit(spec, f"partwise.select_rank(X).best({rank})", first_start=number)
        return model.set_params(init="random", n_init=len(self._of(rank)))

    def consensus(self, rank=None, *, max_distance=0.5, neighbours=0.3):
        """The components that most runs of a rank agree on, with W for them: see :func:`partwise.consensus`.

        They come by their share of the model, the largest first, as those of a fit.

        Parameters
        ----------
        rank : int or None, default=None
            The rank; None is the recommended one.
        max_distance : float, default=0.5
            Components that are farther than this from those of the nearest runs are left out.
        neighbours : float, default=0.3
            The share of the other runs that are the nearest ones.

        Returns
        -------
        Consensus
        """
        rank = self._known(rank)
        self._enough(rank, 2)
        found = consensus(self.runs(rank), max_distance=max_distance, neighbours=neighbours)
        # Components have length 1, and stay so.
        spec = self._spec | {"rank": rank, "restarts": 1, "init": "auto", "normalize": "none"}
        call = f"partwise.select_rank(X).consensus({rank}, max_distance={max_distance}, neighbours={neighbours})"
        found.W, found.model = self._data.fit(spec, call, {"fixed_h": found.components_})
        if found._order_by(found.model._shares()):
            found.W, found.model = self._data.fit(spec, call, {"fixed_h": found.components_})
        found.model.set_params(fixed_components=found.components_)
        return found

    def consensus_matrix(self, rank=None):
        """In which share of the runs two samples had the same largest component, of shape (n_samples, n_samples)."""
        self._enough(rank, 1)
        labels = self.labels(rank)
        if labels.shape[1] > _MOST_SAMPLES:
            raise ValueError(
                f"a matrix of {labels.shape[1]} x {labels.shape[1]} samples is too large to look at; "
                "consensus_order draws some of them"
            )
        together = np.zeros((labels.shape[1],) * 2)
        for run in labels:
            together += run[:, None] == run
        return together / len(labels)

    def consensus_order(self, rank=None, n=500):
        """Samples in the order of the tree of their consensus, and the cluster of each: the order to draw the matrix in.

        Where there are more than `n` samples, so many of them are drawn.
        """
        _positive(n, "n")
        rank = self._known(rank)
        self._enough(rank, 1)
        samples, clusters = _core.tree_order(self.labels(rank).tolist(), rank, int(n), self.seed_)
        return np.array(samples, dtype=np.intp), np.array(clusters, dtype=np.intp)

    def to_frame(self):
        """The table as a pandas data frame, a row for each rank."""
        import pandas

        return pandas.DataFrame(self.table).set_index("rank")

    def report(self, path, *, title=None, overwrite=False):
        """Writes the criteria to look at into one HTML file, as `partwise rank --report` does, and returns its path."""
        if title is not None and not isinstance(title, str):
            raise ValueError(f"title is {title!r}, and has to be a text")
        path = writable(path, overwrite)
        labels = [] if self.rank_ is None else self.labels(self.rank_).tolist()
        return written(path, _core.scan_report(self._text, labels, self.rank_ or 1, self.seed_, title))

    def _known(self, rank):
        if rank is None:
            rank = self.rank_
            if rank is None:
                raise ValueError(f"no rank is recommended ({'; '.join(self.reasons_)}): name one")
        if not isinstance(rank, Integral) or rank not in self._summaries:
            ranks = ", ".join(map(str, self.ranks_)) or "none"
            raise ValueError(f"rank {rank!r} is not in this scan, which has {ranks}")
        return int(rank)

    def _of(self, rank):
        rank = self._known(rank)
        return [run for run in self._runs if run["rank"] == rank]

    def _enough(self, rank, least):
        runs = self._of(rank)
        if len(runs) < least:
            count = (
                f"{len(runs)} run{'s' * (len(runs) != 1)}, and {least} {'is' if least == 1 else 'are'} needed at least"
            )
            instead = "scan it with more runs" if self.n_missing_ == 0 else "let the scan end"
            raise ValueError(f"rank {self._known(rank)} has {count}: {instead}")

    def _verdict(self):
        if self.rank_ is None:
            return "no rank is recommended"
        return f"rank {self.rank_}, with {self.confidence_} confidence"

    def __repr__(self):
        lines = [f"<RankScan of ranks {', '.join(map(str, self.ranks_)) or 'none'}: {self._verdict()}>"]
        lines += [f"  {reason}" for reason in self.reasons_]
        if self.n_missing_:
            lines.append(f"  {self.n_missing_} fit{'s are' if self.n_missing_ > 1 else ' is'} not done")
        return "\n".join(lines)

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.table)
        rows = []
        for at, rank in enumerate(self.ranks_):
            cells = "".join(f"<td>{values[at]:.4g}</td>" for name, values in self.table.items() if name != "rank")
            mark = f"<b>{rank}</b>" if rank == self.rank_ else f"{rank}"
            rows.append(f"<tr><th>{mark}</th>{cells}</tr>")
        said = "".join(f"<br>{html.escape(reason)}" for reason in self.reasons_)
        verdict = f"<p><b>{html.escape(self._verdict())}</b>{said}</p>"
        return f"{verdict}<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
