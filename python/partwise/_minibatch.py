"""Rows that come in batches: online non-negative matrix factorization.

Each batch gets its W by itself, for the H at hand; H then moves by sums over all batches so far, which forget older ones. For
the frobenius loss it is the solution of their least squares, nearly (J. Mairal, F. Bach, J. Ponce, G. Sapiro, 2010, "Online
learning for matrix factorization and sparse coding", JMLR 11, 19-60, algorithm 2); for other losses the quotient of two sums
(A. Lefèvre, F. Bach, C. Févotte, 2011, "Online algorithms for nonnegative matrix factorization with the Itakura-Saito
divergence", WASPAA, doi:10.1109/ASPAA.2011.6082314). A batch that is all of X is an ordinary fit.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval

from partwise._checks import given_factor, refuse_negative
from partwise._estimators import Base
from partwise._parameters import COMMON
from partwise._sums import gradient_parts, loss

# Of coordinate descent on the sums, for a batch.
_SWEEPS = 5


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
        X = self._whole(X, reset=True)
        n_samples = X.shape[0]
        if n_samples <= self.batch_size:
            fit = self._factorize(X, W, H, missing=None)
            self._keep(fit)
            self.n_steps_ = self.n_iter_
            # Batches that follow begin sums of their own.
            self._sums = None
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
        W = self._rows(X, None)
        lost = sum(loss(X[batch], W[batch], self.components_, self._beta()) for batch in batches)
        self.reconstruction_err_ = float(np.sqrt(2 * lost))
        return W

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, W=None, H=None):
        """Goes on with a batch of rows; the first one makes the start, from `H` with `init='custom'`."""
        first = not hasattr(self, "components_")
        X = self._whole(X, reset=first)
        if first:
            self._begin(X, W, H)
            self.n_steps_ = 0
        if not hasattr(self, "_rho"):
            # Where the number of all rows is not known, a batch counts as a pass.
            self._rho = self.forget_factor
        if not hasattr(self, "_sums"):
            self._sums = None
        self._step(X)
        self.n_steps_ += 1
        return self

    def _whole(self, X, *, reset):
        X, missing = self._checked(X, reset=reset)
        if missing is not None:
            raise ValueError("MiniBatchNMF takes no masked entries; NMF does")
        return X

    def _begin(self, X, W, H):
        """H and the sums to start with."""
        self._refuse(X, "MiniBatchNMF (input X)")
        if self.init == "custom":
            rank = X.shape[1] if self.n_components is None else self.n_components
            H = given_factor(H, (rank, X.shape[1]), "H")
            if H.dtype != X.dtype:
                raise TypeError(f"H should have the same dtype as X. Got H.dtype = {H.dtype}.")
            self.components_ = H.copy()
        else:
            self.components_ = self._factorize(X, W, H, missing=None, most=1)["h"]
        self._n_components = self.n_components_ = self.components_.shape[0]
        self._sums = None
        self._model = self._plain_model(X)

    def _step(self, X):
        """A step for a batch; returns its mean cost."""
        refuse_negative(X, "MiniBatchNMF (input X)")
        beta, H = self._beta(), self.components_
        W = self._rows(X, None)
        l1, l2 = self._alpha(X, "H", "l1"), self._alpha(X, "H", "l2")
        new = (self._quadratic_step if beta == 2 else self._multiplicative_step)(X, W, H, l1, l2)
        # A batch says nothing of components that none of its rows has: they wait as they are.
        new = np.where(W.any(axis=0)[:, None], new, H)
        self.components_ = np.where(new < np.finfo(X.dtype).tiny, 0, new).astype(X.dtype)
        penalties = sum(
            self._alpha(X, name, "l1") * factor.sum() + self._alpha(X, name, "l2") / 2 * (factor**2).sum()
            for name, factor in (("W", W), ("H", H))
        )
        return (loss(X, W, H, beta) + penalties) / X.shape[0]

    def _remember(self, used, *parts):
        """Adds to the sums over batches, of which older ones are forgotten; those of unused components wait."""
        if self._sums is None:
            self._sums = [np.zeros_like(part) for part in parts]
        for total, part in zip(self._sums, parts, strict=True):
            total[used] = self._rho * total[used] + part[used]
        return self._sums

    def _quadratic_step(self, X, W, H, l1, l2):
        """Coordinate descent on 1/2 tr(Hᵀ A H) - <B, H>, with the sums A of WᵀW + l2 I and B of WᵀX - l1."""
        W, new = np.asarray(W, dtype=np.float64), np.array(H, dtype=np.float64)
        A = W.T @ W
        A[np.diag_indices_from(A)] += l2
        A, B = self._remember(W.any(axis=0), A, np.asarray((X.T @ W).T, dtype=np.float64) - l1)
        for _ in range(_SWEEPS):
            for c in np.flatnonzero(np.diag(A)):
                new[c] = np.maximum(new[c] + (B[c] - A[c] @ new) / A[c, c], 0)
        return new

    def _multiplicative_step(self, X, W, H, l1, l2):
        """H moves to (A / B)^power, with A and B as in the paper."""
        beta = self._beta()
        above, below = gradient_parts(X, W, H, beta)
        power = 1 / (2 - beta) if beta < 1 else 1 / (beta - 1) if beta > 2 else 1.0
        old = np.asarray(H, dtype=np.float64) ** (1 / power)
        A, B = self._remember(W.any(axis=0), old * above, below + l1 + l2 * H)
        return (A / np.maximum(B, np.finfo(X.dtype).tiny)) ** power
