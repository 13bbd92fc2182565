"""What a user's program looks like to a type checker: every public name once. It is checked, and not run."""

import pathlib
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
scan = partwise.select_rank(X, range(1, 3), n_runs=2, beta_loss="kl", penalties=["l1:h:0.01"], folder="scan")
assert_type(scan, partwise.RankScan)
assert_type(scan.rank_, int | None)
assert_type(scan.table["stability"], npt.NDArray[Any])
assert_type(scan.best(2), NMF)
assert_type(scan.runs(2), list[npt.NDArray[np.floating[Any]]])
agreed = scan.consensus(2, max_distance=0.3)
assert_type(agreed.model, NMF | None)
assert_type(agreed.stability_, npt.NDArray[np.float64])
assert_type(partwise.consensus(scan.runs(2)).left_out_, int)
assert_type(partwise.consensus_measures([[0, 1], [1, 0]]).dispersion, float)
assert_type(partwise.match_components(model, X).mean_cosine, float)
assert_type(partwise.match_components(agreed, scan.best(2)).splits[0].whole, int)
assert_type(partwise.top_features(X, ["a", "b", "c", "d"], by="lift")[0][0].weight, float)
assert_type(model.top_features(3)[0][0].column, int)
assert_type(model.report("report.html", X, groups={"kind": ["a"] * 6}, image_shape=(2, 2)), pathlib.Path)
assert_type(partwise.report("folder", groups=np.ones(6)), pathlib.Path)
assert_type(scan.report("ranks.html", overwrite=True), pathlib.Path)
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
