"""What a user's program looks like to a type checker: every public name once. It is checked, and not run."""

from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_type

import partwise
from partwise import NMF, MiniBatchNMF, non_negative_factorization

X = np.ones((6, 4))
model = NMF(2, solver="auto", beta_loss="kl", n_init=3, penalties=["l1:h:0.01", ("pull:h:0.1", X[:1])], n_jobs=1)
W = model.fit_transform(X, sample_weight=np.ones(6), weights=X > 0)
assert_type(W, npt.NDArray[np.float64])
assert_type(model.fit_transform(X.astype(np.float32)), npt.NDArray[np.float32])
assert_type(model.components_, npt.NDArray[np.floating[Any]])
assert_type(model.fit(X), NMF)
assert_type(model.transform(X), npt.NDArray[np.float64])
assert_type(model.score(X, sample_weight=np.ones(6), weights=X > 0), float)
assert_type(model.set_fit_request(sample_weight=True), NMF)
assert_type(model.set_score_request(sample_weight=True), NMF)
assert_type(model.status_, str)
assert_type(model.notes_, list[str])
assert_type(model.loss_history_, npt.NDArray[np.float64])
assert_type(model.set_params(tol=1e-6), NMF)
model.save("folder", W, overwrite=True)
assert_type(partwise.load("folder"), NMF | MiniBatchNMF)
batched = MiniBatchNMF(n_components=2, batch_size=3).partial_fit(X)
assert_type(batched, MiniBatchNMF)
assert_type(batched.n_steps_, int)
factors = non_negative_factorization(X, n_components=2, missing="nan")
assert_type(factors[2], int)
assert_type([option["name"] for option in partwise.options()], list[str])
assert_type(partwise.__version__, str)


class Annotated:
    """What AnnData is, as far as it matters."""

    def __init__(self) -> None:
        self.X = X
        self.uns: dict[str, Any] = {}

    def copy(self) -> "Annotated":
        return self


assert_type(partwise.tl.nmf(Annotated(), 2, copy=True, beta_loss="kl"), Annotated)
partwise.tl.nmf(Annotated(), 2)
