"""Rows that come in batches: online non-negative matrix factorization.

Each batch gets its W for the H at hand; H then moves by sums over all batches so far, which forget older ones. For
the frobenius loss both are solutions of least squares, nearly, H that of the sums (J. Mairal, F. Bach, J. Ponce, G.
Sapiro, 2010, "Online learning for matrix factorization and sparse coding", JMLR 11, 19-60, algorithm 2). For other
losses both take multiplicative steps, H to the quotient of two sums (A. Lefèvre, F. Bach, C. Févotte, 2011, "Online
algorithms for nonnegative matrix factorization with the Itakura-Saito divergence", WASPAA,
doi:10.1109/ASPAA.2011.6082314): a W solved to the end for an early H would have zeros, and so would H after it, from
which such steps never come back. A batch that is all of X is an ordinary fit.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval

from partwise._checks import given_factor, refuse_negative
from partwise._estimators import Base
from partwise._parameters import COMMON
from partwise._sums import LEAST, Batch, Units, at_least, largest, power

# Of coordinate descent on the sums, for a batch.
_SWEEPS = 5
# Multiplicative steps of W, where it goes on from the last visit to the batch.
_ROUNDS = 2
# What the start weighs among the sums of multiplicative steps, in batches: enough for no column to be lost that the
# first batch has not.
_START = 0.01
# By how many powers of two a batch may be larger than those before it.
_FARTHEST = 100
# What says of one fit how it went, and is not true of the next.
_OF_A_FIT = ("_record", "_stream", "_sums", "n_iter_", "n_steps_", "reconstruction_err_", "loss_history_")
_OF_A_FIT += ("kkt_residual_", "status_", "reason_", "notes_", "explained_variance_ratio_")


class MiniBatchNMF(Base):
    """Non-negative matrix factorization of rows that come in batches.

    Parameters
    ----------
    n_components, init, beta_loss, tol, max_iter, random_state, alpha_W, alpha_H, l1_ratio, verbose, n_jobs
        As in :class:`NMF`. `tol` is here how little H moves in a step at the end; `max_iter` counts passes over X.
    batch_size : int, default=1024
        Rows of a batch. If X has no more, this is an ordinary fit.
    max_no_improvement : int or None, default=10
        Steps without a lower average cost after which the fit ends. The average is over a whole pass.
    forget_factor : float, default=0.7
        What is left of older batches' weight after a pass over as many rows as X has.
    fresh_restarts : bool, default=False
        Whether W of a batch starts anew at every visit, as it does in `partial_fit`, or from the last one.
    fresh_restarts_max_iter : int, default=30
        Steps of W at most where it starts anew. For 'frobenius' it is then solved to the end.
    transform_max_iter
        Accepted for scikit-learn's sake: the W that comes out is solved to the end.

    Attributes
    ----------
    components_, n_components_, n_features_in_, feature_names_in_, reconstruction_err_, n_iter_
        As in :class:`NMF`.
    n_steps_ : int
        Batches so far.
    status_, reason_ : str
        How the fit ended: 'converged' or 'iteration_limit'. `partial_fit` has neither, and no `reconstruction_err_`.

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

    _parameter_constraints = COMMON | {
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_no_improvement": [Interval(Integral, 1, None, closed="left"), None],
        "forget_factor": [Interval(Real, 0, 1, closed="both")],
        "fresh_restarts": ["boolean"],
        "fresh_restarts_max_iter": [Interval(Integral, 1, None, closed="left")],
        "transform_max_iter": [Interval(Integral, 1, None, closed="left"), None],
    }

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
        with self._all_or_nothing():
            X = self._whole(X, reset=True)
            self._forget()
            if X.shape[0] > self.batch_size:
                return self._fit_batches(X, W, H)
            fit = self._factorize(X, W, H, missing=None)
            self._keep(fit)
            self.n_steps_ = self.n_iter_
            self._stream = {"rows": float(X.shape[0]), "keep": float(self.forget_factor)}
            return fit["w"]

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, W=None, H=None):
        """Goes on with a batch of rows; the first one makes the start, from `H` with `init='custom'`.

        After an ordinary fit, or :func:`partwise.load`, all that is known of earlier rows is H and how many they were:
        they count as that many rows distributed like this batch.
        """
        with self._all_or_nothing():
            is_first = not hasattr(self, "components_")
            X = self._whole(X, reset=is_first)
            if is_first:
                self._begin(X, W, H)
            self._refuse(X, "MiniBatchNMF (input X)")
            # Where the number of all rows is not known, a batch counts as a pass.
            stream = getattr(self, "_stream", None) or {"rows": 0.0, "keep": float(self.forget_factor)}
            kept = {"_stream": dict(stream), "_sums": getattr(self, "_sums", None)}
            kept["n_steps_"] = getattr(self, "n_steps_", 0) + 1
            # Nothing else that an earlier fit says of itself is true of this model.
            self._forget()
            vars(self).update(kept)
            units = Units(X, self.components_)
            if self._sums is not None and units.x > self._sums[0].x + _FARTHEST:
                # Sums in the units of earlier batches could not hold this one.
                self._sums = None
            self._step(X, None, units if self._sums is None else self._sums[0])
        return self

    def _fit_batches(self, X, W, H):
        W = self._begin(X, W, H)
        # Columns are slow to take rows from.
        X = X.tocsr() if hasattr(X, "format") else X
        batches = list(gen_batches(X.shape[0], self.batch_size))
        self._stream["keep"] = float(self.forget_factor ** (self.batch_size / X.shape[0]))
        self.n_steps_ = self._pass_over(X, W, batches)
        self.n_iter_ = -(-self.n_steps_ // len(batches))
        self._round(X)
        W = self._rows(X, None)
        self.reconstruction_err_ = self._error(X, W, batches)
        if self.verbose:
            print(f"{self.status_} after {self.n_steps_} steps: {self.reason_}")
        if self.status_ == "iteration_limit" and self.tol > 0:
            warnings.warn(
                f"Maximum number of iterations {self.max_iter} reached. Increase it to improve convergence.",
                ConvergenceWarning,
                3,
            )
        return W

    def _whole(self, X, *, reset):
        X, missing = self._checked(X, reset=reset)
        if missing is not None:
            raise ValueError("MiniBatchNMF takes no masked entries; NMF does")
        return X

    def _forget(self):
        """Drops what an earlier fit says of itself."""
        for name in _OF_A_FIT:
            self.__dict__.pop(name, None)

    def _begin(self, X, W, H):
        """H to start with; returns W to start with, if there is one."""
        self._refuse(X, "MiniBatchNMF (input X)")
        if self.init == "custom":
            rank = X.shape[1] if self.n_components is None else self.n_components
            H = given_factor(H, (rank, X.shape[1]), "H")
            if H.dtype != X.dtype:
                raise TypeError(f"H should have the same dtype as X. Got H.dtype = {H.dtype}.")
            self.components_ = H.copy()
            W = None if W is None else given_factor(W, (X.shape[0], H.shape[0]), "W")
        else:
            start = self._factorize(X, W, H, missing=None, most=1)
            self.components_, W = start["h"], start["w"]
        self._n_components = self.n_components_ = self.components_.shape[0]
        self._sums = None
        self._stream = {"rows": 0.0, "keep": float(self.forget_factor)}
        self._model = self._plain_model(X)
        return W

    def _spec(self, X, rank, most, penalties):
        spec = super()._spec(X, rank, most, penalties)
        if most and self.init is None and self._beta() < 1 and rank <= min(X.shape):
            # These losses have the worst local minima, and this start ends in the better ones.
            spec["init"] = "nndsvda"
        return spec

    def _pass_over(self, X, W, batches):
        """Steps for batches in turn, until a rule ends them; returns how many."""
        beta, costs, lowest, idle = self._beta(), {}, np.inf, 0
        units = Units(X, self.components_)
        last_of = {} if W is None else {i: np.float64(W[rows]) * 2.0**-units.w for i, rows in enumerate(batches)}
        most = self.max_iter * len(batches)
        for step in range(1, most + 1):
            i = (step - 1) % len(batches)
            before = self.components_
            costs[i], last_of[i] = self._step(X[batches[i]], last_of.get(i), units)
            # Batches differ by more than a step gains: what is compared is the cost of all, each at its last visit.
            average = sum(costs.values()) / X.shape[0]
            if self.verbose:
                print(f"step {step}: mean cost of a row, at the last visits {units.loss(average, beta)}")
            if len(costs) == len(batches):
                idle = 0 if average < lowest else idle + 1
                lowest = min(lowest, average)
            moved, size = (
                np.linalg.norm(np.float64(H) * 2.0**-units.h) for H in (self.components_ - before, self.components_)
            )
            if step > 1 and self.tol > 0 and moved <= self.tol * size:
                self.status_, self.reason_ = "converged", f"a step moved H by a share of {moved / (size or 1):.1e}"
                return step
            if self.max_no_improvement is not None and idle >= self.max_no_improvement:
                self.status_, self.reason_ = "converged", f"no lower average cost in {idle} steps"
                return step
        self.status_, self.reason_ = "iteration_limit", f"{self.max_iter} passes over X"
        return most

    def _step(self, X, W, units):
        """A step for a batch; returns its cost, and the W that the next visit starts from, both in those units."""
        refuse_negative(X, "MiniBatchNMF (input X)")
        beta = self._beta()
        if largest(X) == 0:
            # Rows of zeros say nothing of H, and of no scale.
            return 0.0, None
        batch = Batch(X, units.x, beta)
        H = np.asarray(self.components_, dtype=np.float64) * 2.0**-units.h
        penalty_w, penalty_h = (
            [units.penalty(self._alpha(X, name, kind), name, degree, beta) for kind, degree in (("l1", 1), ("l2", 2))]
            for name in "WH"
        )
        if beta == 2:
            if W is None or self.fresh_restarts:
                W = np.float64(self._rows(X, None)) * 2.0**-units.w
            else:
                W = batch.rows_descended(W, H, *penalty_w)
            new, cost = self._quadratic_step(batch, W, H, units, penalty_h)
        else:
            H = at_least(H, axis=1)
            W = self._pulled_rows(batch, W, H, penalty_w)
            new, cost = self._multiplicative_step(batch, W, H, units, penalty_h)
        # A batch says nothing of components that none of its rows has: they wait as they are.
        new = np.where(W.any(axis=0)[:, None] & np.isfinite(new), new, H)
        self.components_ = (new * 2.0**units.h).astype(X.dtype)
        self._stream["rows"] = self._stream["keep"] * self._stream["rows"] + X.shape[0]
        for factor, (l1, l2) in ((W, penalty_w), (H, penalty_h)):
            cost += l1 * factor.sum() + l2 / 2 * (factor**2).sum()
        return cost, W

    def _remember(self, used, units, batch, parts, start):
        """Adds to the sums over batches, of which older ones are forgotten; those of unused components wait.

        The first time, H stands in `start` for the rows that it comes from, as sums that would make it what it is.
        """
        keep = self._stream["keep"]
        if self._sums is None:
            weight = max(0 if batch.beta == 2 else _START, self._stream["rows"] / batch.X.shape[0])
            totals = [weight * part for part in start]
        else:
            totals = self._sums[1:]
        both = zip(totals, parts, strict=True)
        totals = [np.where(used[:, None], keep * total + part, total) for total, part in both]
        self._sums = (units, *totals)
        return totals

    def _quadratic_step(self, batch, W, H, units, penalty):
        """Coordinate descent on 1/2 tr(Hᵀ A H) - <B, H>, with the sums A of WᵀW + l2 I and B of WᵀX - l1."""
        l1, l2 = penalty
        A, B, new = W.T @ W, np.asarray((batch.X.T @ W).T), H.copy()
        cost = batch.half_square() - (B * H).sum() + ((H @ H.T) * A).sum() / 2
        A[np.diag_indices_from(A)] += l2
        A, B = self._remember(W.any(axis=0), units, batch, (A, B - l1), (A, A @ H))
        for _ in range(_SWEEPS):
            for c in np.flatnonzero(np.diag(A)):
                new[c] = np.maximum(new[c] + (B[c] - A[c] @ new) / A[c, c], 0)
        return new, max(cost, 0.0)

    def _pulled_rows(self, batch, W, H, penalty):
        """W after multiplicative steps, a few from where it was, or many from a start of its own."""
        is_fresh = W is None or self.fresh_restarts
        W = batch.flat(H) if is_fresh else W
        for _ in range(self.fresh_restarts_max_iter if is_fresh else _ROUNDS):
            before, W = W, batch.rows_pulled(W, H, *penalty)
            if is_fresh and np.linalg.norm(W - before) <= self.tol * np.linalg.norm(W):
                break
        return W

    def _multiplicative_step(self, batch, W, H, units, penalty):
        """H moves to (A / B)^power, with A and B as in the paper."""
        l1, l2 = penalty
        compared = batch.compare(W, H)
        above, below = batch.columns_pulled(W, H, compared)
        below = below + (l1 + l2 * H)
        old = H ** (1 / power(batch.beta))
        A, B = self._remember(W.any(axis=0), units, batch, (old * above, below), (old * below, below))
        new = (A / np.maximum(B, batch.least)) ** power(batch.beta)
        return at_least(new, axis=1), batch.loss(W, H, compared)

    def _round(self, X):
        """Makes zero what multiplicative steps have left at the least they may, unless a column of X needs it."""
        H = self.components_
        small = H <= 2 * LEAST * H.mean(axis=1, keepdims=True)
        tops = X.max(axis=0)
        is_empty = (tops.toarray().ravel() if hasattr(tops, "toarray") else tops) == 0
        self.components_ = np.where(small & (is_empty | ~small.all(axis=0)), 0, H)

    def _error(self, X, W, batches):
        """Square root of twice the loss of X."""
        beta, units = self._beta(), Units(X, self.components_)
        W, H = np.float64(W), np.float64(self.components_) * 2.0**-units.h
        lost = sum(Batch(X[rows], units.x, beta).loss(W[rows] * 2.0**-units.w, H) for rows in batches)
        return units.loss(np.sqrt(2 * lost), beta / 2)
