"""Rows in batches: against ordinary fits, at every scale of X, and what a fit says of itself."""

import json
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import partwise
from partwise import NMF, MiniBatchNMF
from partwise._sums import Batch, Units

LOSSES = ["frobenius", "kullback-leibler", "itakura-saito", 0.5, 1.5, 3.0]


@pytest.fixture
def counts(rng):
    """300 x 60 of rank 5, nine of ten of them zero."""
    return rng.poisson(rng.gamma(0.3, 1, (300, 5)) @ rng.gamma(0.3, 1, (5, 60)) * 0.3).astype(float)


@pytest.fixture
def positive(rng):
    """200 x 30 of rank 3, with noise of a fifth, and nothing zero."""
    return (rng.gamma(1, 1, (200, 3)) @ rng.gamma(1, 1, (3, 30)) + 0.1) * rng.gamma(25, 1 / 25, (200, 30))


def fitted(*args, **params):
    """Without the warning of most fits of 200 passes."""
    *args, X = args
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MiniBatchNMF(*args, random_state=0, **params).fit(X)


@pytest.mark.parametrize("batch_size", [64, 128, 256])
@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler", 0.5, 1.5])
def test_counts_get_nearly_the_model_of_an_ordinary_fit(counts, beta_loss, batch_size):
    model = fitted(5, counts, batch_size=batch_size, beta_loss=beta_loss, init="nndsvda")
    whole = NMF(5, solver="mu", beta_loss=beta_loss, init="nndsvda", random_state=0, max_iter=2000).fit(counts)
    assert np.isfinite(model.components_).all() and (model.components_ >= 0).all()
    assert model.reconstruction_err_ < 1.015 * whole.reconstruction_err_


@pytest.mark.parametrize("of", ["csr_array", "csc_array", "csr_matrix"])
@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler", 1.5])
def test_sparse_and_dense_are_the_same(counts, beta_loss, of):
    sparse = pytest.importorskip("scipy.sparse")
    X = getattr(sparse, of)(counts)
    X.data[0], counts[X.tocoo().row[0], X.tocoo().col[0]] = 0, 0
    stored = X.copy()
    params = {"batch_size": 64, "beta_loss": beta_loss, "max_iter": 20}
    model, dense = fitted(5, X, **params), fitted(5, counts, **params)
    np.testing.assert_allclose(model.components_, dense.components_, rtol=1e-6, atol=1e-9)
    assert model.reconstruction_err_ == pytest.approx(dense.reconstruction_err_, rel=1e-9)
    # X is not written to, and keeps the zero that it stores.
    np.testing.assert_array_equal(X.data, stored.data)


def test_a_column_that_only_a_later_batch_has_is_modelled(counts):
    counts[:256, 7] = 0
    counts[256:, 7] = 3.0
    model = fitted(5, counts, batch_size=64, beta_loss="kullback-leibler")
    W = model.transform(counts)
    assert (W @ model.components_)[256:, 7].sum() == pytest.approx(counts[256:, 7].sum(), rel=0.2)


def test_a_column_that_later_batches_have_not_comes_back(counts):
    model = MiniBatchNMF(5, beta_loss="kullback-leibler", random_state=0)
    without = counts.copy()
    without[:, 7] = 0
    model.partial_fit(without)
    for _ in range(100):
        model.partial_fit(without)
    assert model.components_[:, 7].max() < 1e-6 * model.components_.max()
    with_it = without.copy()
    with_it[:, 7] = 3.0
    for _ in range(20):
        model.partial_fit(with_it)
    assert (model.transform(with_it) @ model.components_)[:, 7].sum() == pytest.approx(900, rel=0.1)


@pytest.mark.parametrize("beta_loss", LOSSES)
@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1e20, 1e150, 1e300])
def test_the_scale_of_X_changes_nothing_but_the_scale(positive, beta_loss, scale):
    positive = positive / positive.max()
    params = {"batch_size": 50, "beta_loss": beta_loss, "max_iter": 5}
    plain, scaled = fitted(3, positive, **params), fitted(3, positive * scale, **params)
    assert np.isfinite(scaled.components_).all()
    shares = [H / H.sum(axis=1, keepdims=True) for H in (plain.components_, scaled.components_)]
    np.testing.assert_allclose(*shares, rtol=1e-5, atol=1e-8)
    beta = plain._beta()
    expected = np.log2(plain.reconstruction_err_) + beta / 2 * np.log2(scale)
    if -1000 < expected < 1000:
        assert np.log2(scaled.reconstruction_err_) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("beta_loss", [loss for loss in LOSSES if loss != "itakura-saito"])
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_batches_of_zeros_and_of_other_scales_leave_it_finite(counts, beta_loss, scale):
    model = MiniBatchNMF(3, beta_loss=beta_loss, random_state=0, alpha_H=0.01)
    for batch in (np.zeros((20, 60)), counts[:100] * scale, np.zeros((20, 60)), counts[100:200], counts[200:] * 1e100):
        model.partial_fit(batch)
        assert np.isfinite(model.components_).all() and (model.components_ >= 0).all()


@pytest.mark.parametrize("beta", [2, 1, 0, 0.5, 3])
def test_the_loss_of_a_batch_is_that_of_the_definition(positive, beta):
    W, H = NMF(3, random_state=0).fit_transform(positive), NMF(3, random_state=0).fit(positive).components_
    Y = W @ H
    if beta == 1:
        expected = positive * np.log(positive / Y) - positive + Y
    elif beta == 0:
        expected = positive / Y - np.log(positive / Y) - 1
    else:
        expected = (positive**beta + (beta - 1) * Y**beta - beta * positive * Y ** (beta - 1)) / (beta * (beta - 1))
    assert Batch(positive, 0, beta).loss(W, H) == pytest.approx(expected.sum(), rel=1e-10)
    units = Units(positive, H)
    inner = Batch(positive, units.x, beta).loss(W * 2.0**-units.w, H * 2.0**-units.h)
    assert units.loss(inner, beta) == pytest.approx(expected.sum(), rel=1e-10)


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
def test_penalties_mean_what_they_do_in_an_ordinary_fit(positive, beta_loss):
    params = {"alpha_W": 0.01, "alpha_H": 0.005, "l1_ratio": 0.5, "beta_loss": beta_loss, "init": "nndsvda"}
    X = 8 * positive
    whole = NMF(3, solver="mu", random_state=0, max_iter=3000, **params).fit(X)
    model = MiniBatchNMF(3, random_state=0, **params)
    # All rows in every batch of a stream: its objective is that of X.
    for _ in range(300):
        model.partial_fit(X)

    def objective(model):
        W, H = model.transform(X), model.components_
        total = Batch(X, 0, model._beta()).loss(W, H)
        for name, factor, size in (("W", W, "l1"), ("W", W**2 / 2, "l2"), ("H", H, "l1"), ("H", H**2 / 2, "l2")):
            total += model._alpha(X, name, size) * factor.sum()
        return total

    assert objective(model) == pytest.approx(objective(whole), rel=0.01)


def test_it_says_how_it_ended(counts):
    params = {"n_components": 5, "batch_size": 64, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="Maximum number of iterations 3 reached. Increase it to improve"):
        model = MiniBatchNMF(max_iter=3, max_no_improvement=None, **params).fit(counts)
    assert (model.status_, model.n_iter_, model.n_steps_) == ("iteration_limit", 3, 15)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # As in scikit-learn, who asks for no tolerance wants no warning.
        MiniBatchNMF(max_iter=3, max_no_improvement=None, tol=0, **params).fit(counts)
        model = MiniBatchNMF(tol=0.05, **params).fit(counts)
        assert model.status_ == "converged" and "moved H" in model.reason_
        model = MiniBatchNMF(tol=0, max_no_improvement=1, **params).fit(counts)
        assert model.status_ == "converged" and "no lower average cost in 1 steps" == model.reason_


def test_a_fit_says_nothing_of_an_earlier_one(counts, tmp_path):
    model = MiniBatchNMF(4, random_state=0).fit(counts)
    assert model.loss_history_.size and model.kkt_residual_ >= 0
    model.set_params(batch_size=64, n_components=5, tol=0.05).fit(counts)
    assert model.reason_.startswith("a step moved H")
    for name in ("loss_history_", "kkt_residual_", "notes_", "explained_variance_ratio_"):
        assert not hasattr(model, name)
    model.save(tmp_path / "batches")
    again = partwise.load(tmp_path / "batches")
    np.testing.assert_array_equal(again.components_, model.components_)
    assert (again.status_, again.reason_) == (model.status_, model.reason_)
    assert again.reconstruction_err_ == model.reconstruction_err_
    model.partial_fit(counts[:50])
    for name in ("reconstruction_err_", "status_", "reason_", "n_iter_"):
        assert not hasattr(model, name)
    assert model.n_steps_ == again.n_steps_ + 1


def test_a_batch_that_is_refused_leaves_the_model_as_it_was(counts):
    model = MiniBatchNMF(4, batch_size=64, random_state=0, tol=0.05).fit(counts)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="Negative values in data passed to MiniBatchNMF"):
        model.partial_fit(-counts)
    with pytest.raises(ValueError, match="Negative values"):
        model.fit(-counts)
    assert vars(model).keys() == before.keys() and all(vars(model)[name] is before[name] for name in before)


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
def test_a_stream_goes_on_after_it_was_saved(counts, tmp_path, beta_loss):
    model = MiniBatchNMF(5, beta_loss=beta_loss, random_state=0, forget_factor=0.95)
    for _ in range(5):
        for start in range(0, 300, 60):
            model.partial_fit(counts[start : start + 60])
    model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    rows = json.loads((tmp_path / "model" / "run.json").read_text())["python"]["stream"]["rows"]
    assert rows == pytest.approx(60 * (1 - 0.95**25) / 0.05)
    assert again.n_steps_ == 25
    before = model.components_
    fresh = MiniBatchNMF(5, beta_loss=beta_loss, init="custom", random_state=0, forget_factor=0.95)
    batch = counts[:60]
    fresh.partial_fit(batch, H=before, W=np.ones((60, 5)))
    moved = [np.linalg.norm(after.partial_fit(batch).components_ - before) for after in (model, again)]
    # As far as with the sums, nearly; without the rows before it, one batch changes much more.
    assert moved[1] == pytest.approx(moved[0], rel=0.7)
    assert moved[1] < 0.5 * np.linalg.norm(fresh.components_ - before)
    assert again.n_steps_ == 26


def test_parameters_may_be_numbers_of_numpy(counts, tmp_path):
    params = {"n_components": np.int64(5), "max_iter": np.int64(5), "tol": np.float32(1e-3), "batch_size": np.int32(64)}
    params |= {"forget_factor": np.float32(0.7), "random_state": np.int64(0), "alpha_W": np.float64(0.0)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MiniBatchNMF(**params).fit(counts)
    model.partial_fit(counts[:50]).save(tmp_path / "model")
    assert partwise.load(tmp_path / "model").n_steps_ == model.n_steps_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        MiniBatchNMF(**(params | {"batch_size": np.int64(300)})).fit(counts)


def test_entries_that_only_wait_at_the_least_end_as_zeros(counts):
    counts[:, 3] = 0
    model = fitted(5, counts, batch_size=64, beta_loss="kullback-leibler")
    assert (model.components_[:, 3] == 0).all()
    assert not (model.components_ == 0).all(axis=0)[counts.any(axis=0)].any()


@pytest.mark.parametrize("fresh_restarts", [False, True])
def test_single_precision_stays(counts, fresh_restarts):
    params = {"batch_size": 64, "beta_loss": "kullback-leibler", "max_iter": 30, "fresh_restarts": fresh_restarts}
    single, double = fitted(5, counts.astype(np.float32), **params), fitted(5, counts, **params)
    assert single.components_.dtype == np.float32
    assert single.reconstruction_err_ == pytest.approx(double.reconstruction_err_, rel=0.01)
