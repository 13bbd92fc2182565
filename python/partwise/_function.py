"""Factorization as a function, in scikit-learn's manner."""

import warnings

from sklearn.utils import check_array

from partwise._arrays import sound, unmasked
from partwise._checks import DTYPES, given_factor, with_holes
from partwise._estimators import NMF

# Parameters that solving rows one by one has no place for.
_OF_FITS = ("options", "penalties", "callback", "time_limit", "memory_limit")


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

    Every parameter of :class:`NMF` may be given. Those that say what becomes of H, `fixed_components` and `normalize`, do
    not go with `update_H=False`.

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
    X, mask = unmasked(X)
    sound(X)
    finite = True if model.missing is None else "allow-nan"
    X = check_array(X, accept_sparse=("csr", "csc"), dtype=DTYPES, ensure_all_finite=finite)
    X, missing = with_holes(X, mask, model.missing)
    if update_H:
        fit = model._factorize(X, W, H, missing=missing)
        return fit["w"], fit["h"], fit["iterations"]
    return _for_given_h(model, X, W, H, missing)


def _for_given_h(model, X, W, H, missing):
    """W for an H that stays as it is."""
    for name in ("fixed_components", "normalize"):
        if getattr(model, name) is not None:
            raise ValueError(f"{name} says what becomes of H, and with update_H=False it stays as it is: leave it out")
    model._refuse(X, "NMF initialization", {"missing": missing})
    if W is not None:
        warnings.warn("When update_H=False, the provided initial W is not used.", RuntimeWarning, 3)
    rank = X.shape[1] if model.n_components is None else model.n_components
    # A model of zeros is one: a strong penalty ends there.
    H = given_factor(H, (rank, X.shape[1]), "H", zeros=True)
    if H.dtype != X.dtype:
        raise TypeError(f"H should have the same dtype as X. Got H.dtype = {H.dtype}.")
    if any(getattr(model, name) is not None for name in _OF_FITS):
        # What these ask may tie rows to each other, so it takes a fit, in which H is known as a whole.
        init = None if model.init == "custom" else model.init
        model.set_params(n_components=H.shape[0], init=init, fixed_components=H)
        fit = model._factorize(X, None, None, missing=missing)
        return fit["w"], H.copy(), fit["iterations"]
    model.components_ = H.copy()
    model._n_components = model.n_components_ = H.shape[0]
    model._model = model._plain_model(X)
    return model._rows(X, missing), model.components_, 1
