"""Estimators with scikit-learn's parameters, attributes, errors and warnings.

Parameters mean what they mean there (Pedregosa et al. 2011, JMLR 12, 2825-2830), and the objective is the same one:

``D(X | WH) + n_features * alpha_W * (l1_ratio * sum(W) + (1 - l1_ratio) / 2 * ||W||^2)``
``          + n_samples  * alpha_H * (l1_ratio * sum(H) + (1 - l1_ratio) / 2 * ||H||^2)``
"""

import json
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from partwise import _core
from partwise._arrays import for_engine, smallest

# 'cd' is for the frobenius loss, where the engine's choice is coordinate descent or something faster for the shape.
_RULES = {"cd": "auto", "auto": "auto"}
_RULES |= {rule: rule for rule in ("mu", "hals", "bpp", "gcd", "nesterov", "admm", "scd", "ccd", "newton")}
_LOSSES = {"frobenius": 2.0, "kullback-leibler": 1.0, "itakura-saito": 0.0, "kl": 1.0, "is": 0.0, "poisson": 1.0}
_DTYPES = [np.float64, np.float32]


def _loss_name(beta):
    return {2.0: "frobenius", 1.0: "kl", 0.0: "is"}.get(beta, f"beta:{beta!r}")


_CONSTRAINTS = {
    "n_components": [Interval(Integral, 1, None, closed="left"), None, StrOptions({"auto"})],
    "init": [StrOptions({"random", "nndsvd", "nndsvda", "nndsvdar", "spa", "custom"}), None],
    "beta_loss": [StrOptions(set(_LOSSES)), Real],
    "tol": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
    "alpha_W": [Interval(Real, 0, None, closed="left")],
    "alpha_H": [Interval(Real, 0, None, closed="left"), StrOptions({"same"})],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "verbose": ["verbose"],
    "missing": [StrOptions({"nan", "absent"}), None],
    "n_jobs": [Integral, None],
}


class Base(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What NMF and MiniBatchNMF share."""

    solver = "mu"
    shuffle = False
    n_init = 1
    time_limit = None
    callback = None

    def fit(self, X, y=None, **params):
        """Finds H for X; `W`, `H` and `sample_weight` as for :meth:`fit_transform`."""
        self.fit_transform(X, **params)
        return self

    def transform(self, X):
        """W for new rows and the H of the fit: each row by itself, solved to the end."""
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        _refuse_negative(X, "NMF.transform (input X)")
        return self._rows(X)

    def _rows(self, X):
        H = np.ascontiguousarray(self.components_, dtype=X.dtype)
        weights = self._weights(None)
        return _core.transform(for_engine(X), H, threads=self._threads(), weights=weights, **self._model)

    def inverse_transform(self, X):
        """`X @ components_`: rows of the data that belong to rows of W."""
        check_is_fitted(self)
        return X @ self.components_

    @property
    def _n_features_out(self):
        return self.components_.shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing is not None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X, *, reset):
        finite = True if self.missing is None else "allow-nan"
        return validate_data(
            self, X, accept_sparse=("csr", "csc"), dtype=_DTYPES, reset=reset, ensure_all_finite=finite
        )

    def _threads(self):
        return 0 if self.n_jobs is None or self.n_jobs < 0 else int(self.n_jobs)

    def _weights(self, sample_weight):
        weights = {}
        if sample_weight is not None:
            weights["rows"] = [float(weight) for weight in sample_weight]
        if self.missing is not None:
            weights["missing"] = self.missing
        return weights or None

    def _beta(self):
        return float(_LOSSES.get(self.beta_loss, self.beta_loss))

    def _alpha(self, X, factor, kind):
        """The weight of a penalty as it stands in the objective of X."""
        alpha = self.alpha_W if factor == "W" or self.alpha_H == "same" else self.alpha_H
        share = self.l1_ratio if kind == "l1" else 1 - self.l1_ratio
        return float(X.shape[1 if factor == "W" else 0] * alpha * share)

    def _refuse(self, X, whom):
        """Raises what scikit-learn raises of parameters and data that do not go together."""
        beta = self._beta()
        if self.solver == "cd" and beta != 2:
            raise ValueError(
                f"Invalid beta_loss parameter: solver 'cd' does not handle beta_loss = {self.beta_loss!r}"
            )
        _refuse_negative(X, whom)
        if beta <= 0 and _has_zeros(X):
            raise ValueError(
                "When beta_loss <= 0 and X contains zeros, the solver may diverge. Please add small values "
                "to X, or use a positive beta_loss."
            )

    def _adopt(self, X, W, H):
        """Takes H as it is, as if it had been found."""
        self._refuse(X, "NMF initialization")
        if W is not None:
            warnings.warn("When update_H=False, the provided initial W is not used.", RuntimeWarning, 3)
        rank = X.shape[1] if self.n_components is None else self.n_components
        H = _factor(H, (rank, X.shape[1]), "H")
        if H.dtype != X.dtype:
            raise TypeError(f"H should have the same dtype as X. Got H.dtype = {H.dtype}.")
        self.components_ = H.copy()
        self._n_components = self.n_components_ = H.shape[0]
        self._model = self._plain_model(X)

    def _plain_model(self, X):
        """What `transform` needs of a model whose H the engine has not made."""
        rules = {"penalty": {"l1": self._alpha(X, "W", "l1"), "l2": self._alpha(X, "W", "l2")}}
        return {
            "loss": _loss_name(self._beta()),
            "row_rules": json.dumps(rules),
            "component_scale": [1.0] * self.n_components_,
            "least": 0.0,
        }

    def _factorize(self, X, W, H, *, sample_weight=None, most=None):
        """What the engine makes of X, with everything checked that scikit-learn checks."""
        n_samples, n_features = X.shape
        beta = self._beta()
        self._refuse(X, "NMF initialization")
        # Who asks for a few iterations gets those and nothing beside them.
        polished = (most or self.max_iter) >= 100
        rank = n_features if self.n_components is None else self.n_components
        given = {}
        if self.init == "custom":
            H, W = _factor(H, (rank, n_features), "H"), _factor(W, (n_samples, rank), "W")
            if H.dtype != X.dtype or W.dtype != X.dtype:
                raise TypeError(
                    "H and W should have the same dtype as X. Got "
                    f"H.dtype = {H.dtype} and W.dtype = {W.dtype}."
                )
            given = {"w": W, "h": H}
            rank = H.shape[0]
        else:
            if W is not None or H is not None:
                warnings.warn(
                    "When init!='custom', provided W or H are ignored. Set  init='custom' to use them as "
                    "initialization.",
                    RuntimeWarning,
                    3,
                )
            rank = n_features if rank == "auto" else rank
            if str(self.init).startswith("nndsvd") and rank > min(n_samples, n_features):
                raise ValueError(
                    f"init = '{self.init}' can only be used when n_components <= min(n_samples, n_features)"
                )
        spec = {
            "rank": int(rank),
            "loss": _loss_name(beta),
            "rule": _RULES[self.solver],
            # Plain updates, as in scikit-learn: W first, and one in a half-step.
            **({"inner": 1, "first": "w", "extrapolate": False} if self.solver == "mu" else {}),
            "shuffle": bool(self.shuffle),
            "init": "auto" if self.init in (None, "custom") else self.init,
            "l1_w": self._alpha(X, "W", "l1"),
            "l2_w": self._alpha(X, "W", "l2"),
            "l1_h": self._alpha(X, "H", "l1"),
            "l2_h": self._alpha(X, "H", "l2"),
            "unseen": "zeros",
            "seed": int(check_random_state(self.random_state).randint(2**31 - 1)),
            "polish": polished and self.solver != "mu",
            "restarts": int(self.n_init),
            "max_iter": int(most or self.max_iter),
            "tol": float(self.tol),
            "time_limit": None if self.time_limit is None else float(self.time_limit),
            "threads": self._threads(),
        }
        fit = _core.fit(
            for_engine(X),
            json.dumps(spec),
            given=given or None,
            weights=self._weights(sample_weight),
            callback=self.callback,
            rows=polished and self.solver == "mu",
        )
        if self.verbose:
            for note in [*fit["notes"], f"{fit['status']} after {fit['iterations']} iterations: {fit['reason']}"]:
                print(note)
        if fit["status"] == "iteration_limit" and self.tol > 0 and most is None:
            warnings.warn(
                f"Maximum number of iterations {self.max_iter} reached. Increase it to improve convergence.",
                ConvergenceWarning,
                3,
            )
        return fit

    def _keep(self, fit):
        self._n_components = self.n_components_ = fit["h"].shape[0]
        self.reconstruction_err_ = float(np.sqrt(2 * fit["loss"]))
        self.n_iter_ = fit["iterations"]
        self.loss_history_ = np.array([(iteration, objective) for iteration, _, objective in fit["history"]])
        self.kkt_residual_ = fit["kkt_residual"]
        self.status_, self.reason_ = fit["status"], fit["reason"]
        self.notes_ = fit["notes"]
        self._model = {
            "loss": json.loads(fit["spec"])["loss"],
            **{key: fit[key] for key in ("row_rules", "component_scale", "least")},
        }
        if self.alpha_W == 0:
            # Without a penalty W has no units of its own, and the same H from elsewhere is the same model.
            self._model["component_scale"] = [1.0] * self.n_components_

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
        'frobenius', 'kullback-leibler', 'itakura-saito', or the beta of a beta-divergence.
    tol : float, default=1e-4
        Tolerance of the stopping rule: the optimality residual that is small enough. 0 runs to `max_iter`.
    max_iter : int, default=200
        Iterations at most; one updates both factors.
    random_state : int, RandomState instance or None, default=None
        What random starts come from.
    alpha_W, alpha_H : float, default=0.0 and 'same'
        Strength of the penalty on W and on H, which are scaled by the numbers of features and samples.
    l1_ratio : float, default=0.0
        Share of the penalty that is L1; the rest is L2.
    verbose : int, default=0
        Whether to print choices, incidents and the end of the run.
    shuffle : bool, default=False
        Visit components in random order ('hals').
    n_init : int, default=1
        Starts; the fit with the lowest objective is kept.
    missing : {'nan', 'absent'} or None, default=None
        'nan': NaN is a missing entry. 'absent': so is what a sparse X does not store.
    time_limit : float or None, default=None
        Seconds at most; the best factors so far are kept.
    callback : callable or None, default=None
        Called with a dictionary after every iteration; something true as its result ends the run.
    n_jobs : int or None, default=None
        Threads; None or -1 takes all processors that the process may use. Results do not depend on it.

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

    _parameter_constraints = _CONSTRAINTS | {
        "solver": [StrOptions(set(_RULES))],
        "shuffle": ["boolean"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "time_limit": [Interval(Real, 0, None, closed="left"), None],
        "callback": [callable, None],
    }

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
        time_limit=None,
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
        self.time_limit = time_limit
        self.callback = callback
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None, W=None, H=None, *, sample_weight=None):
        """Finds W and H for X, and returns W.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored
        W, H : arrays, with `init='custom'`
            Where to start. They are never changed.
        sample_weight : array of shape (n_samples,) or None
            How much each row counts.
        """
        X = self._checked(X, reset=True)
        fit = self._factorize(X, W, H, sample_weight=sample_weight)
        self.components_ = fit["h"]
        self._keep(fit)
        return fit["w"]


def non_negative_factorization(
    X,
    W=None,
    H=None,
    n_components="auto",
    *,
    init=None,
    update_H=True,
    solver="cd",
    beta_loss="frobenius",
    tol=1e-4,
    max_iter=200,
    alpha_W=0.0,
    alpha_H="same",
    l1_ratio=0.0,
    random_state=None,
    verbose=0,
    shuffle=False,
    **ours,
):
    """W, H and the number of iterations for X: :class:`NMF` as a function. With `update_H=False`, H stays as it is.

    >>> import numpy as np
    >>> from partwise import non_negative_factorization
    >>> W, H, n_iter = non_negative_factorization(np.outer([1.0, 2.0], [3.0, 4.0, 5.0]), n_components=1)
    >>> W.shape, H.shape
    ((2, 1), (1, 3))
    """
    model = NMF(
        n_components,
        init=init,
        solver=solver,
        beta_loss=beta_loss,
        tol=tol,
        max_iter=max_iter,
        random_state=random_state,
        alpha_W=alpha_W,
        alpha_H=alpha_H,
        l1_ratio=l1_ratio,
        verbose=verbose,
        shuffle=shuffle,
        **ours,
    )
    model._validate_params()
    finite = True if model.missing is None else "allow-nan"
    X = check_array(X, accept_sparse=("csr", "csc"), dtype=_DTYPES, ensure_all_finite=finite)
    if update_H:
        fit = model._factorize(X, W, H)
        return fit["w"], fit["h"], fit["iterations"]
    model._adopt(X, W, H)
    return model._rows(X), model.components_, 1


def _refuse_negative(X, whom):
    if smallest(X) < 0:
        raise ValueError(f"Negative values in data passed to {whom}.")


def _has_zeros(X):
    if hasattr(X, "format"):
        return X.data.size < X.shape[0] * X.shape[1] or bool((X.data == 0).any())
    return bool((X == 0).any())


def _factor(factor, shape, name):
    """A given factor: an array of that shape, in which 'auto' fits everything."""
    whom = f"NMF (input {name})"
    factor = check_array(factor, dtype=None)
    for axis, (want, ordinal) in enumerate(zip(shape, ("first", "second"), strict=True)):
        if want != "auto" and factor.shape[axis] != want:
            raise ValueError(
                f"Array with wrong {ordinal} dimension passed to {whom}. Expected {want}, "
                f"but got {factor.shape[axis]}."
            )
    _refuse_negative(factor, whom)
    if factor.max() == 0:
        raise ValueError(f"Array passed to {whom} is full of zeros.")
    return factor
