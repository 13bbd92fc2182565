"""Rows that come in batches: online non-negative matrix factorization.

Each batch gets its W by itself, for the H at hand; H then moves to the quotient of two sums over all batches so far, which
forget older ones (A. Lefèvre, F. Bach, C. Févotte, 2011, "Online algorithms for nonnegative matrix factorization with the
Itakura-Saito divergence", WASPAA, doi:10.1109/ASPAA.2011.6082314). A batch that is all of X is an ordinary fit.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval

from partwise._estimators import _CONSTRAINTS, Base, _factor, _refuse_negative
from partwise._sums import gradient_parts, loss


class MiniBatchNMF(Base):
    """Non-negative matrix factorization of rows that come in batches.

    Parameters
    ----------
    n_components, init, beta_loss, tol, max_iter, random_state, alpha_W, alpha_H, l1_ratio, verbose, n_jobs
        As in :class:`NMF`. `tol` is here how little H moves in a step at the end; `max_iter` counts passes over X.
    batch_size : int, default=1024
        Rows of a batch. If X has no more, this is an ordinary fit.
    max_no_improvement : int or None, default=10
        Steps without a lower average cost after which the fit ends.
    forget_factor : float, default=0.7
        What is left of older batches' weight after a pass over as many rows as X has.
    fresh_restarts, fresh_restarts_max_iter, transform_max_iter
        Accepted for scikit-learn's sake: every W is solved to the end.

    Attributes
    ----------
    components_, n_components_, n_features_in_, feature_names_in_, reconstruction_err_, n_iter_
        As in :class:`NMF`.
    n_steps_ : int
        Batches so far.

    Examples
    --------
    >>> import numpy as np
    >>> from partwise import MiniBatchNMF
    >>> X = np.random.default_rng(0).random((100, 8))
    >>> model = MiniBatchNMF(3, batch_size=25, random_state=0)
    >>> for batch in np.split(X, 4):
    ...     model = model.partial_fit(batch)
    >>> model.n_steps_, model.components_.shape
    (4, (3, 8))
    """

    _parameter_constraints = _CONSTRAINTS | {
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_no_improvement": [Interval(Integral, 1, None, closed="left"), None],
        "forget_factor": [Interval(Real, 0, 1, closed="both")],
        "fresh_restarts": ["boolean"],
        "fresh_restarts_max_iter": [Interval(Integral, 1, None, closed="left")],
        "transform_max_iter": [Interval(Integral, 1, None, closed="left"), None],
    }
    _parameter_constraints.pop("missing")

    missing = None

    def __init__(
        self,
        n_components="auto",
        *,
        init=None,
        batch_size=1024,
        beta_loss="frobenius",
        tol=1e-4,
        max_no_improvement=10,
        max_iter=200,
        alpha_W=0.0,
        alpha_H="same",
        l1_ratio=0.0,
        forget_factor=0.7,
        fresh_restarts=False,
        fresh_restarts_max_iter=30,
        transform_max_iter=None,
        random_state=None,
        verbose=0,
        n_jobs=None,
    ):
        self.n_components = n_components
        self.init = init
        self.batch_size = batch_size
        self.beta_loss = beta_loss
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.max_iter = max_iter
        self.alpha_W = alpha_W
        self.alpha_H = alpha_H
        self.l1_ratio = l1_ratio
        self.forget_factor = forget_factor
        self.fresh_restarts = fresh_restarts
        self.fresh_restarts_max_iter = fresh_restarts_max_iter
        self.transform_max_iter = transform_max_iter
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None, W=None, H=None):
        """Finds W and H for X, batch by batch, and returns W."""
        X = self._checked(X, reset=True)
        n_samples = X.shape[0]
        if n_samples <= self.batch_size:
            fit = self._factorize(X, W, H)
            self.components_ = fit["h"]
            self._keep(fit)
            self.n_steps_ = self.n_iter_
            # Batches that follow begin sums of their own.
            self._numerator = self._denominator = None
            return fit["w"]
        self._begin(X, W, H)
        batches = list(gen_batches(n_samples, self.batch_size))
        self._rho = self.forget_factor ** (self.batch_size / n_samples)
        average, lowest, idle = None, np.inf, 0
        steps = 0
        for steps in range(1, self.max_iter * len(batches) + 1):
            batch = X[batches[(steps - 1) % len(batches)]]
            before = self.components_
            cost = self._step(batch)
            if steps == 1:
                continue
            share = min(1.0, batch.shape[0] / (n_samples + 1))
            average = cost if average is None else (1 - share) * average + share * cost
            idle = 0 if average < lowest else idle + 1
            lowest = min(lowest, average)
            if self.verbose:
                print(f"step {steps}: mean cost of the batch {cost}, average {average}")
            moved = np.linalg.norm(self.components_ - before)
            if self.tol > 0 and moved <= self.tol * np.linalg.norm(self.components_):
                break
            if self.max_no_improvement is not None and idle >= self.max_no_improvement:
                break
        self.n_steps_, self.n_iter_ = steps, int(np.ceil(steps / len(batches)))
        W = self._rows(X)
        lost = sum(loss(X[batch], W[batch], self.components_, self._beta()) for batch in batches)
        self.reconstruction_err_ = float(np.sqrt(2 * lost))
        return W

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, W=None, H=None):
        """Goes on with a batch of rows; the first one makes the start, from `H` with `init='custom'`."""
        first = not hasattr(self, "components_")
        X = self._checked(X, reset=first)
        if first:
            self._begin(X, W, H)
            self.n_steps_ = 0
        if not hasattr(self, "_rho"):
            # Where the number of all rows is not known, a batch counts as a pass.
            self._rho = self.forget_factor
        if not hasattr(self, "_numerator"):
            self._numerator, self._denominator = None, None
        self._step(X)
        self.n_steps_ += 1
        return self

    def _begin(self, X, W, H):
        """H and the sums to start with."""
        self._refuse(X, "MiniBatchNMF (input X)")
        if self.init == "custom":
            rank = X.shape[1] if self.n_components is None else self.n_components
            H = _factor(H, (rank, X.shape[1]), "H")
            if H.dtype != X.dtype:
                raise TypeError(f"H should have the same dtype as X. Got H.dtype = {H.dtype}.")
            self.components_ = H.copy()
        else:
            rows = X[: self.batch_size]
            self.components_ = self._factorize(rows, W, H, most=1)["h"]
        self._n_components = self.n_components_ = self.components_.shape[0]
        self._numerator = self._denominator = None
        self._model = self._plain_model(X)

    def _step(self, X):
        """A step for a batch; returns its mean cost."""
        _refuse_negative(X, "MiniBatchNMF (input X)")
        beta, H, tiny = self._beta(), self.components_, np.finfo(X.dtype).tiny
        W = self._rows(X)
        above, below = gradient_parts(X, W, H, beta)
        power = 1 / (2 - beta) if beta < 1 else 1 / (beta - 1) if beta > 2 else 1.0
        below = below + self._alpha(X, "H", "l1") + self._alpha(X, "H", "l2") * H
        # With A and B as in the paper: H moves to (A / B)^power.
        old = np.asarray(H, dtype=np.float64) ** (1 / power)
        if self._numerator is None:
            self._numerator, self._denominator = np.zeros_like(old), np.zeros_like(old)
        self._numerator = self._rho * self._numerator + old * above
        self._denominator = self._rho * self._denominator + below
        new = (self._numerator / np.maximum(self._denominator, tiny)) ** power
        self.components_ = np.where(new < tiny, 0, new).astype(X.dtype)
        penalties = sum(
            self._alpha(X, name, "l1") * factor.sum() + self._alpha(X, name, "l2") / 2 * (factor**2).sum()
            for name, factor in (("W", W), ("H", H))
        )
        return (loss(X, W, H, beta) + penalties) / X.shape[0]
