"""Estimators with scikit-learn's parameters, attributes, errors and warnings.

Parameters mean what they mean there (Pedregosa et al. 2011, JMLR 12, 2825-2830), and the objective is the same one:

``D(X | WH) + n_features * alpha_W * (l1_ratio * sum(W) + (1 - l1_ratio) / 2 * ||W||^2)``
``          + n_samples  * alpha_H * (l1_ratio * sum(H) + (1 - l1_ratio) / 2 * ||H||^2)``
"""

import contextlib
import json
import time
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from partwise import _core, _files
from partwise._arrays import for_engine, refuse_mask, sound, unmasked
from partwise._checks import (
    DTYPES,
    given_factor,
    known_parts,
    refuse_negative,
    seed,
    weights_of_entries,
    weights_of_lines,
    with_holes,
    zeros_count,
)
from partwise._measures import errors, shares
from partwise._parameters import (
    COMMON,
    LOSSES,
    OURS,
    RULES,
    documented,
    loss_name,
    other_options,
    plain,
    split_penalties,
)
from partwise._report import Shown
from partwise._threads import threads

# What `score` holds out: a fifth of the entries at a time, always the same ones.
_FOLDS, _SEED = 5, 0
# Parameters that are numbers, and have to be of those that the engine knows.
_NUMBERS = ("n_components", "beta_loss", "tol", "max_iter", "alpha_W", "alpha_H", "l1_ratio", "n_init", "time_limit")
_NUMBERS += ("memory_limit", "n_jobs")
# Of what `verbose=2` prints within a run.
_SECONDS = 1.0


class Base(Shown, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What NMF and MiniBatchNMF share."""

    # What only NMF has a parameter for.
    solver = "mu"
    shuffle = False
    n_init = 1
    missing = penalties = fixed_components = normalize = options = time_limit = memory_limit = callback = None

    # What columns counted in the fit.
    _feature_weight = None

    def fit(self, X, y=None, W=None, H=None):
        """Finds H for X; everything else as for :meth:`fit_transform`."""
        self.fit_transform(X, W=W, H=H)
        return self

    @contextlib.contextmanager
    def _all_or_nothing(self):
        """A fit that fails, or is interrupted, leaves the model of an earlier one as it was."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).update(before)
            for name in vars(self).keys() - before.keys():
                delattr(self, name)
            raise

    def transform(self, X, *, weights=None):
        """W for new rows and the H of the fit: each row by itself, solved to the end.

        Columns count as they did in the fit (`feature_weight`). Rows count 1 each: a weight of a row only matters beside
        a penalty.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        weights : array or sparse matrix of the same shape, or None
            How much each entry counts; 0 or False: it is missing.
        """
        check_is_fitted(self)
        X, missing = self._checked(X, reset=False)
        refuse_negative(X, "NMF.transform (input X)", self._model)
        return self._rows(X, missing, weights)

    def _rows(self, X, missing, weights=None):
        H = np.ascontiguousarray(self.components_, dtype=X.dtype)
        return _core.transform(
            for_engine(X),
            H,
            self._model,
            threads=self._threads(),
            entry_weights=weights_of_entries(weights, X),
            weights=self._weights(X, missing, feature_weight=self._feature_weight),
        )

    def score(self, X, y=None, *, sample_weight=None, weights=None):
        """Minus the mean loss of entries of X that the model has not seen; the greater, the better.

        H is that of the fit. Each entry of X is held out once, in five parts; its row gets its W from the others. So a
        model with too many components scores worse, and `GridSearchCV` and `cross_val_score` can choose `n_components`.
        A prediction is taken no higher than the largest entry that was shown of its row or column; and of
        'kullback-leibler' and beta below it, where a zero would be infinitely wrong, no lower than a thirtieth of what
        the means of its row and column predict.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored
        sample_weight : array of shape (n_samples,) or None
            How much each row counts.
        weights : array or sparse matrix of shape (n_samples, n_features), or None
            How much each entry counts; 0 or False: it is missing.
        """
        check_is_fitted(self)
        X, missing = self._checked(X, reset=False)
        refuse_negative(X, "NMF.score (input X)", self._model)
        H = np.ascontiguousarray(self.components_, dtype=X.dtype)
        lines = self._weights(X, missing, sample_weight, self._feature_weight)
        how = {"folds": _FOLDS, "seed": _SEED, "threads": self._threads(), "weights": lines}
        if weights is not None:
            how["entry_weights"] = weights_of_entries(weights, X)
        return -_core.score(for_engine(X), H, self._model, **how)

    def save(self, folder, W=None, *, overwrite=False):
        """Writes the model into a folder, for :func:`partwise.load` and for the program `partwise`.

        Parameters
        ----------
        folder : path
            A new or empty one, unless `overwrite`, and not the one in which the program runs. It appears as a whole, or
            not at all.
        W : array of shape (n_samples, n_components) or None
            What `fit_transform` has returned, to be kept beside H.
        overwrite : bool, default=False
            Whether a model that is there already may be replaced. What else the folder has stays; a folder with other
            things and no model is refused.
        """
        _files.save(self, folder, W, overwrite)

    def inverse_transform(self, X):
        """`X @ components_`: rows of the data that belong to rows of W. With smoothing, W is smoothed first."""
        check_is_fitted(self)
        refuse_mask(X, "X")
        H, smoothing = self.components_, json.loads(self._model["row_rules"]).get("smoothing", 0.0)
        if smoothing > 0:
            # W S H with S = (1 - T) I + T/k, put together from the right: W may be a frame, or sparse.
            H = (1 - smoothing) * H + smoothing * H.mean(axis=0)
        return X @ H

    @property
    def _n_features_out(self):
        return self.components_.shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        # Newton's steps are for dense X.
        tags.input_tags.sparse = self.solver != "newton"
        tags.input_tags.allow_nan = self.missing is not None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X, *, reset):
        """X as the engine takes it, and what is missing in it: masked entries become NaN."""
        X, mask = unmasked(X)
        sound(X)
        finite = True if self.missing is None else "allow-nan"
        try:
            X = validate_data(
                self, X, accept_sparse=("csr", "csc"), dtype=DTYPES, reset=reset, ensure_all_finite=finite
            )
        except ValueError as error:
            # scikit-learn's advice goes on with trees that take it.
            if "contains NaN" in str(error) and "missing" in self._get_param_names():
                raise ValueError(
                    "Input X contains NaN. With missing='nan', such entries are missing and take no part."
                ) from None
            raise
        return with_holes(X, mask, self.missing)

    def _threads(self):
        return threads(self.n_jobs)

    def _weights(self, X, missing, sample_weight=None, feature_weight=None):
        rows = weights_of_lines(sample_weight, X.shape[0], "sample_weight")
        cols = weights_of_lines(feature_weight, X.shape[1], "feature_weight")
        weights = {"rows": rows, "cols": cols, "missing": missing}
        return {name: value for name, value in weights.items() if value is not None} or None

    def _beta(self):
        return float(LOSSES.get(self.beta_loss, self.beta_loss))

    def _alpha(self, X, factor, kind):
        """The weight of a penalty as it stands in the objective of X."""
        alpha = self.alpha_W if factor == "W" or self.alpha_H == "same" else self.alpha_H
        share = self.l1_ratio if kind == "l1" else 1 - self.l1_ratio
        return float(X.shape[1 if factor == "W" else 0] * alpha * share)

    def _refuse(self, X, whom, counted=None):
        """Raises what scikit-learn raises of parameters and data that do not go together; `counted`, which entries count."""
        beta = self._beta()
        if self.solver == "cd" and beta != 2:
            raise ValueError(
                f"Invalid beta_loss parameter: solver 'cd' does not handle beta_loss = {self.beta_loss!r}; "
                "use solver='auto'"
            )
        options = self.options or {}
        if options.get("negatives", "refuse") == "refuse" and options.get("free", "none") == "none":
            refuse_negative(X, whom)
        if beta <= 0 and not options.get("floor") and zeros_count(X, **(counted or {})):
            raise ValueError(
                "When beta_loss <= 0 and X contains zeros, the solver may diverge. Please add small values "
                "to X, or use a positive beta_loss."
            )

    def _plain_model(self, X):
        """What `transform` needs of a model whose H the engine has not made."""
        penalty = {"l1": self._alpha(X, "W", "l1"), "l2": self._alpha(X, "W", "l2")}
        rules = {"penalty": penalty, "overlap": 0.0, "simplex": "none", "min": 0.0, "max": None, "free": False}
        rules |= {"smoothing": 0.0, "negatives": "refuse", "left_out": []}
        return {
            "loss": loss_name(self._beta()),
            "row_rules": json.dumps(rules),
            "component_scale": [1.0] * self.n_components_,
            "least": 0.0,
        }

    def _factorize(self, X, W, H, *, missing, most=None, weights=None, fixed_W=None, **line_weights):
        """What the engine makes of X, with everything checked that scikit-learn checks."""
        entries, lines = weights_of_entries(weights, X), self._weights(X, missing, **line_weights)
        self._refuse(X, "NMF initialization", {"missing": missing, "weights": weights, **line_weights})
        given, rank = self._given(X, W, H)
        penalties, beside = split_penalties(self.penalties, X.shape, X.dtype)
        given |= beside
        known = (("fixed_h", "fixed_components", self.fixed_components), ("fixed_w", "fixed_W", fixed_W))
        for key, name, parts in known:
            if parts is not None:
                given[key] = known_parts(parts, name, X.dtype, self.n_components)
        fit = _core.fit(
            for_engine(X),
            json.dumps(self._spec(X, rank, most, penalties)),
            about=json.dumps(self._about(X, missing, weights, line_weights)),
            given=given or None,
            entry_weights=entries,
            weights=lines,
            callback=self._watched(),
            settle=self._is_finished(most) and self._is_mu(),
        )
        fit["error"], fit["relative_error"] = errors(fit, X, self._beta(), weights, line_weights, missing)
        fit["notes"] = [*fit["notes"], *_of_starts(fit["restarts"])]
        if self.verbose:
            for note in [*fit["notes"], f"{fit['status']} after {fit['iterations']} iterations: {fit['reason']}"]:
                print(note)
        if fit["status"] == "degenerate" and most is None:
            warnings.warn(f"The model is zero: {fit['reason']}", UserWarning, 3)
        if fit["status"] == "iteration_limit" and self.tol > 0 and most is None:
            warnings.warn(
                f"Maximum number of iterations {self.max_iter} reached. Increase it to improve convergence.",
                ConvergenceWarning,
                3,
            )
        return fit

    def _given(self, X, W, H):
        """The factors to start from, and the rank."""
        n_samples, n_features = X.shape
        rank = n_features if self.n_components is None else self.n_components
        if self.init == "custom":
            if W is None or H is None:
                raise ValueError("init='custom' starts from W and H of the call: give W and H")
            H, W = given_factor(H, (rank, n_features), "H"), given_factor(W, (n_samples, rank), "W")
            if H.dtype != X.dtype or W.dtype != X.dtype:
                raise TypeError(
                    f"H and W should have the same dtype as X. Got H.dtype = {H.dtype} and W.dtype = {W.dtype}."
                )
            return {"w": W, "h": H}, H.shape[0]
        if W is not None or H is not None:
            warnings.warn(
                "When init!='custom', provided W or H are ignored. Set  init='custom' to use them as initialization.",
                RuntimeWarning,
                4,
            )
        rank = n_features if rank == "auto" else rank
        if str(self.init).startswith("nndsvd") and rank > min(n_samples, n_features):
            raise ValueError(f"init = '{self.init}' can only be used when n_components <= min(n_samples, n_features)")
        return {}, rank

    def _is_finished(self, most):
        """Who asks for a few iterations gets those and nothing beside them."""
        return bool((most or self.max_iter) >= 100)

    def _is_mu(self):
        """Whether updates are multiplicative, which leave W far from where `transform` finds it."""
        return self.solver == "mu" or self._beta() not in (0, 1, 2)

    def _spec(self, X, rank, most, penalties):
        """The same as the engine is asked."""
        for name in _NUMBERS:
            plain(getattr(self, name), name)
        return {
            "rank": int(rank),
            "loss": loss_name(self._beta()),
            "rule": RULES[self.solver],
            # Plain updates, as in scikit-learn: W first, and one in a half-step.
            **({"inner": 1, "first": "w", "extrapolate": False} if self.solver == "mu" else {}),
            "shuffle": bool(self.shuffle),
            "init": "auto" if self.init in (None, "custom") else self.init,
            "l1_w": self._alpha(X, "W", "l1"),
            "l2_w": self._alpha(X, "W", "l2"),
            "l1_h": self._alpha(X, "H", "l1"),
            "l2_h": self._alpha(X, "H", "l2"),
            "penalties": penalties,
            "unseen": "zeros",
            "seed": seed(self.random_state),
            "polish": self._is_finished(most) and not self._is_mu(),
            "restarts": int(self.n_init),
            "max_iter": int(most or self.max_iter),
            "tol": float(self.tol),
            "time_limit": None if self.time_limit is None else float(self.time_limit),
            "memory_limit": None if self.memory_limit is None else int(self.memory_limit),
            "normalize": self.normalize or "none",
            "threads": self._threads(),
            **other_options(self.options),
        }

    def _watched(self):
        """The callback, and with `verbose=2` a line now and then."""
        if self.verbose < 2:
            return self.callback
        last = -np.inf

        def watch(state):
            nonlocal last
            if state["iteration"] <= 1 or time.monotonic() - last >= _SECONDS:
                last = time.monotonic()
                start = f"start {state['start'] + 1} of {state['starts']}, " if state["starts"] > 1 else ""
                where = f"{start}iteration {state['iteration']} of {state['max_iter']}"
                print(f"{where}: objective {state['objective']:.6g}, relative error {state['relative_error']:.4g}")
            return self.callback is not None and self.callback(state)

        return watch

    def _about(self, X, missing, weights, line_weights):
        """What the record of the fit says of the call."""
        names = {"sample_weight": "row_weights", "feature_weight": "col_weights"}
        counted = {names[name]: name for name, value in line_weights.items() if value is not None}
        counted |= {"missing": missing or "none", "weights": None if weights is None else "weights"}
        stored_as = f"{X.format} of {X.dtype}" if hasattr(X, "format") else f"{X.dtype}"
        return {"command": repr(self), "stored_as": stored_as, "counted": counted}

    def _keep(self, fit):
        self.components_ = fit["h"]
        self._n_components = self.n_components_ = fit["h"].shape[0]
        self.reconstruction_err_ = fit["error"]
        self.n_iter_ = fit["iterations"]
        self.loss_history_ = np.array([(iteration, objective) for iteration, _, objective in fit["history"]])
        self.kkt_residual_ = fit["kkt_residual"]
        self.status_, self.reason_ = fit["status"], fit["reason"]
        self.notes_ = fit["notes"]
        self.explained_variance_ratio_ = (1 - fit["relative_error"] ** 2) * shares(fit, self._beta())
        self._record = fit["record"]
        self._model = {
            "loss": json.loads(fit["spec"])["loss"],
            **{key: fit[key] for key in ("row_rules", "component_scale", "least")},
        }
        if self.alpha_W == 0 and not self.penalties:
            # W has no units of its own, and the same H from elsewhere is the same model, to the bit.
            self._model["component_scale"] = [1.0] * self.n_components_


@documented
class NMF(Base):
    """Non-negative matrix factorization: X is approximated by W H with non-negative W and H.

    Parameters
    ----------
    n_components : int, 'auto' or None, default='auto'
        The rank. 'auto' takes it from given factors; without those it is, like None, the number of features.
    init : {'random', 'nndsvd', 'nndsvda', 'nndsvdar', 'spa', 'custom'} or None, default=None
        Where to start. None chooses; 'custom' takes W and H from the call.
    solver : str, default='cd'
        'auto' takes the fastest rule for the loss and the data, and so does 'cd', which is for the frobenius loss only, as
        in scikit-learn. 'mu' is multiplicative updates, for every loss; for 'kullback-leibler' and 'itakura-saito'
        'auto' gets to the same place many times sooner. Other rules by name: 'hals', 'bpp', 'gcd', 'nesterov', 'admm'
        (frobenius), 'newton', 'scd', 'ccd' (kullback-leibler), 'newton' (itakura-saito).
    beta_loss : float or str, default='frobenius'
        'frobenius', 'kullback-leibler' ('kl' and 'poisson' are the same), 'itakura-saito' ('is'), or the beta of a
        beta-divergence.
    tol : float, default=1e-4
        Tolerance of the stopping rule: the optimality residual that is small enough. 0 runs to `max_iter`.
    max_iter : int, default=200
        Iterations at most; one updates both factors.
    random_state : int, RandomState or Generator instance, or None, default=None
        What random starts come from.
    alpha_W, alpha_H : float, default=0.0 and 'same'
        Strength of the penalty on W and on H, which are scaled by the numbers of features and samples.
    l1_ratio : float, default=0.0
        Share of the penalty that is L1; the rest is L2.
    verbose : int, default=0
        1 prints choices, incidents and the end of the run, 2 also how it goes: a line a second.
    shuffle : bool, default=False
        Visit components in random order ('hals').
    n_init : int, default=1
        $restarts
    missing : {'nan', 'absent'} or None, default=None
        'nan': NaN is a missing entry. 'absent': so is what a sparse X does not store. What a masked array masks is missing
        in any case. Nothing is filled in.
    penalties : list or None, default=None
        $penalties
        A graph comes with its weights, a symmetric matrix, and a pull with its target: `("graph:h:0.1", A)`.
    fixed_components : array of shape (f, n_features) or None, default=None
        The first rows of `components_`, which stay as they are: known parts, beside which others are found.
        `n_components` counts them, too. `normalize` leaves them as they are, and scales the others.
    normalize : {'l1', 'l2', 'max'} or None, default=None
        $normalize
    options : dict or None, default=None
        Every other option of the engine by its name, as `partwise.options()` tells of them: `{"simplex_w": "exact"}`.
    time_limit : float or None, default=None
        $time_limit
    memory_limit : int or None, default=None
        $memory_limit
    callback : callable or None, default=None
        Called with a dictionary after every iteration; something true as its result ends the run.
    n_jobs : int or None, default=None
        Threads; -1 takes all processors that the process may use, and so does None, unless PARTWISE_NUM_THREADS or
        OMP_NUM_THREADS is set or this is a worker of joblib. Results do not depend on it.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        H.
    n_components_ : int
        The rank.
    reconstruction_err_ : float
        Square root of twice the loss between X and WH.
    n_iter_ : int
        Iterations of the run that was kept.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray
        Their names, if all are strings.
    loss_history_ : ndarray of shape (n, 2)
        Iteration and objective.
    kkt_residual_ : float
        By how much the first-order conditions are violated, as a share of the model.
    status_, reason_ : str
        How the run ended.
    notes_ : list of str
        What was chosen for you, and what happened.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        What each component explains, as a share of the sum of squares of X ('frobenius'), or of the loss that a model
        without components has (a constant one for 'kullback-leibler' and 'itakura-saito'). The sum is what they explain
        together.

    Examples
    --------
    >>> import numpy as np
    >>> from partwise import NMF
    >>> X = np.outer([1.0, 2.0, 3.0], [1.0, 0.5])
    >>> model = NMF(n_components=1)
    >>> W = model.fit_transform(X)
    >>> bool(np.allclose(W @ model.components_, X))
    True
    """

    _parameter_constraints = COMMON | OURS

    def __init__(
        self,
        n_components="auto",
        *,
        init=None,
        solver="cd",
        beta_loss="frobenius",
        tol=1e-4,
        max_iter=200,
        random_state=None,
        alpha_W=0.0,
        alpha_H="same",
        l1_ratio=0.0,
        verbose=0,
        shuffle=False,
        n_init=1,
        missing=None,
        penalties=None,
        fixed_components=None,
        normalize=None,
        options=None,
        time_limit=None,
        memory_limit=None,
        callback=None,
        n_jobs=None,
    ):
        self.n_components = n_components
        self.init = init
        self.solver = solver
        self.beta_loss = beta_loss
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.alpha_W = alpha_W
        self.alpha_H = alpha_H
        self.l1_ratio = l1_ratio
        self.verbose = verbose
        self.shuffle = shuffle
        self.n_init = n_init
        self.missing = missing
        self.penalties = penalties
        self.fixed_components = fixed_components
        self.normalize = normalize
        self.options = options
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        self.callback = callback
        self.n_jobs = n_jobs

    # scikit-learn then routes them, and does not ask that weights be repetitions at a rank of many solutions.
    __metadata_request__fit = dict.fromkeys(("sample_weight", "feature_weight", "weights", "fixed_W"))

    def fit(self, X, y=None, W=None, H=None, **how):
        """Finds H for X, with the arguments of :meth:`fit_transform`.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored
        W, H : arrays, with `init='custom'`
            Where to start.
        sample_weight, feature_weight : arrays of shape (n_samples,) and (n_features,), or None
            How much each row and each column counts.
        weights : array or sparse matrix of shape (n_samples, n_features), or None
            How much each entry counts.
        fixed_W : array of shape (n_samples, f) or None
            The first columns of W.
        """
        self.fit_transform(X, W=W, H=H, **how)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(
        self, X, y=None, W=None, H=None, *, sample_weight=None, feature_weight=None, weights=None, fixed_W=None
    ):
        """Finds W and H for X, and returns W.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored
        W, H : arrays, with `init='custom'`
            Where to start. They are never changed.
        sample_weight, feature_weight : arrays of shape (n_samples,) and (n_features,), or None
            How much each row and each column counts; columns also in what `transform` and `score` do later.
        weights : array or sparse matrix of shape (n_samples, n_features), or None
            How much each entry counts; 0 or False: it is missing. For standard deviations s, 1 / s**2. Of a sparse one,
            only what it stores counts.
        fixed_W : array of shape (n_samples, f) or None
            The first columns of W, which stay as they are.
        """
        with self._all_or_nothing():
            X, missing = self._checked(X, reset=True)
            line_weights = {"sample_weight": sample_weight, "feature_weight": feature_weight}
            fit = self._factorize(X, W, H, missing=missing, weights=weights, fixed_W=fixed_W, **line_weights)
            self._keep(fit)
            self._feature_weight = weights_of_lines(feature_weight, X.shape[1], "feature_weight")
        return fit["w"]


def _of_starts(restarts):
    """A sentence on several starts."""
    objectives = sorted(objective for objective, _, _ in restarts)
    if len(objectives) < 2:
        return []
    best, *others = (f"{objective:.6g}" for objective in objectives)
    span = others[0] if others[0] == others[-1] else f"{others[0]} to {others[-1]}"
    return [f"best of {len(objectives)} starts: objective {best}, the other{'s' * (len(others) > 1)} {span}"]
