"""What is ours, and what scikit-learn gets wrong."""

import pickle
import signal
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from partwise import NMF, MiniBatchNMF, _core, non_negative_factorization


def kl(X, Y):
    where = X > 0
    return float((X[where] * np.log(X[where] / Y[where])).sum() - X.sum() + Y.sum())


def test_it_fits_and_transforms(low_rank):
    model = NMF(3, random_state=0, max_iter=2000)
    W = model.fit_transform(low_rank)
    error = np.linalg.norm(low_rank - W @ model.components_)
    assert error < 0.02 * np.linalg.norm(low_rank)
    assert model.reconstruction_err_ == pytest.approx(error, rel=1e-9)
    assert np.allclose(model.transform(low_rank), W, atol=1e-6)
    assert model.status_ == "converged" and model.notes_ is not None
    assert (np.diff(model.loss_history_[:, 1]) <= 1e-12 * model.loss_history_[0, 1]).all()


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize(
    ("beta_loss", "solver"),
    [("frobenius", "hals"), ("kullback-leibler", "scd"), ("kullback-leibler", "mu"), (1.5, "mu")],
)
def test_sparse_is_dense(rng, kind, beta_loss, solver):
    X = rng.poisson(0.7, (60, 40)).astype(float)
    W, H = rng.random((60, 4)), rng.random((4, 40))
    made = [
        NMF(4, init="custom", solver=solver, beta_loss=beta_loss, max_iter=5000, tol=1e-6).fit(x, W=W, H=H)
        for x in (X, kind(X))
    ]
    assert made[0].reconstruction_err_ == pytest.approx(made[1].reconstruction_err_, rel=1e-3)


def test_csc_with_kl_is_right(rng):
    X = rng.poisson(1.0, (60, 40)).astype(float)
    model = NMF(5, solver="mu", beta_loss="kullback-leibler", max_iter=500, random_state=0)
    W = model.fit_transform(sp.csc_array(X))
    assert model.reconstruction_err_ == pytest.approx(np.sqrt(2 * kl(X, W @ model.components_)), rel=1e-9)


def test_stored_zeros_and_unsorted_indices(rng):
    X = sp.random_array((30, 20), density=0.3, rng=rng, format="csr")
    X.data[::3] = 0
    indices = X.indices.copy()
    for i in range(30):
        row = slice(X.indptr[i], X.indptr[i + 1])
        X.indices[row], X.data[row] = X.indices[row][::-1].copy(), X.data[row][::-1].copy()
    before = X.indices.copy()
    model = NMF(3, solver="mu", beta_loss="kullback-leibler", random_state=0, max_iter=1000).fit(X)
    assert np.isfinite(model.reconstruction_err_)
    assert (X.indices == before).all() and sorted(indices) == sorted(before)


@pytest.mark.parametrize("scale", [1e-30, 1e-8, 1.0, 1e30])
def test_the_unit_of_the_data_does_not_matter(rng, scale):
    X = rng.poisson(1.0, (30, 20)).astype(float)
    fit = lambda x: NMF(3, solver="mu", beta_loss="kullback-leibler", random_state=0, max_iter=1000).fit(x)
    one, other = fit(X), fit(scale * X)
    assert other.reconstruction_err_**2 / scale == pytest.approx(one.reconstruction_err_**2, rel=1e-3)


def test_given_arrays_are_never_changed(low_rank, rng):
    W, H = rng.random((40, 3)), rng.random((3, 25))
    copies = W.copy(), H.copy(), low_rank.copy()
    for array in (W, H, low_rank):
        array.flags.writeable = False
    model = NMF(3, init="custom", max_iter=50)
    with pytest.warns(ConvergenceWarning):
        NMF(3, init="custom", max_iter=1).fit(low_rank, W=W, H=H)
    model.fit(low_rank, W=W, H=H)
    assert all((a == b).all() for a, b in zip((W, H, low_rank), copies, strict=True))
    assert not np.shares_memory(model.components_, H)


@pytest.mark.parametrize("make", [np.asfortranarray, lambda x: x[::-1, ::-1], lambda x: x.astype(">f8"), np.ma.asarray])
def test_memory_layouts(low_rank, make):
    X = make(low_rank)
    one = NMF(3, random_state=0, max_iter=1000).fit(X)
    other = NMF(3, random_state=0, max_iter=1000).fit(np.ascontiguousarray(X, dtype=float))
    assert one.reconstruction_err_ == pytest.approx(other.reconstruction_err_, rel=1e-6)


def test_missing_values(low_rank, rng):
    X = low_rank.copy()
    holes = rng.random(X.shape) < 0.2
    X[holes] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        NMF(3).fit(X)
    model = NMF(3, missing="nan", random_state=0, max_iter=5000, tol=1e-6)
    W = model.fit_transform(X)
    guess = (W @ model.components_)[holes]
    assert np.sqrt(np.mean((guess / low_rank[holes] - 1) ** 2)) < 0.2
    assert model.transform(X).shape == (40, 3)


def test_sample_weight_of_zero_leaves_a_row_out(low_rank):
    X = low_rank.copy()
    X[0] *= 1000
    weight = np.ones(40)
    weight[0] = 0
    with_it = NMF(3, random_state=0, max_iter=5000, tol=1e-7).fit(X, sample_weight=weight)
    without = NMF(3, random_state=0, max_iter=5000, tol=1e-7).fit(X[1:])
    assert with_it.reconstruction_err_ == pytest.approx(without.reconstruction_err_, rel=1e-3)


def test_a_row_does_not_depend_on_the_others(low_rank):
    model = NMF(3, solver="mu", beta_loss="kullback-leibler", random_state=0, max_iter=1000).fit(low_rank)
    assert (model.transform(low_rank)[:1] == model.transform(low_rank[:1])).all()


def test_threads_do_not_change_the_bits(low_rank):
    one, two = (NMF(3, random_state=0, n_jobs=n).fit(low_rank) for n in (1, 2))
    assert (one.components_ == two.components_).all()


def test_clone_pickle_and_pipeline(low_rank):
    model = NMF(3, random_state=0, max_iter=500).fit(low_rank)
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.transform(low_rank) == model.transform(low_rank)).all()
    assert clone(model).get_params() == model.get_params()
    assert make_pipeline(MaxAbsScaler(), NMF(3, max_iter=500)).fit_transform(low_rank).shape == (40, 3)


def test_a_callback_sees_ends_and_fails(low_rank):
    seen = []
    model = NMF(3, callback=lambda state: seen.append(state["objective"]) or len(seen) == 4).fit(low_rank)
    assert len(seen) == 4 and model.status_ == "interrupted" and model.n_iter_ == 4

    def fails(state):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        NMF(3, callback=fails).fit(low_rank)


def test_ctrl_c_stops_within_a_second(rng):
    import _thread

    X = rng.random((1500, 1500))
    # A shell that runs the tests in the background has turned the signal off.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, _thread.interrupt_main)
    began = time.monotonic()
    timer.start()
    model = NMF(60, tol=0, max_iter=100_000, time_limit=60)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 3
    assert not hasattr(model, "components_")


def test_two_fits_at_once(low_rank):
    alone = [NMF(3, random_state=seed, init="random").fit_transform(low_rank) for seed in (1, 2)]
    found = [None, None]

    def work(i):
        found[i] = NMF(3, random_state=i + 1, init="random").fit_transform(low_rank)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((a == b).all() for a, b in zip(alone, found, strict=True))


def test_the_function_keeps_h(low_rank):
    W, H, _ = non_negative_factorization(low_rank, n_components=3, random_state=0, max_iter=1000)
    again, same, _ = non_negative_factorization(low_rank, H=H, update_H=False, max_iter=1000)
    assert (same == H).all()
    assert np.allclose(again, W, rtol=1e-3, atol=1e-4)


def test_every_option_is_documented():
    names = {option["name"] for option in _core.options()}
    assert {"rank", "loss", "tol"} <= names and all(len(option["doc"]) > 10 for option in _core.options())


def test_a_component_that_a_batch_does_not_have_waits():
    rng = np.random.default_rng(4)
    parts, start = rng.gamma(1.0, 1.0, (3, 10)), rng.random((3, 10))
    model = MiniBatchNMF(3, init="custom", random_state=0)
    for _ in range(10):
        model.partial_fit(rng.gamma(1.0, 1.0, (256, 3)) @ parts, H=start)
        assert (model.components_.sum(axis=1) > 0).all()
    X = rng.gamma(1.0, 1.0, (50, 3)) @ parts
    assert np.linalg.norm(X - model.inverse_transform(model.transform(X))) < 0.1 * np.linalg.norm(X)


def test_wrong_options_are_named(low_rank):
    for options, words in [
        ({"max_iter": 3}, "'max_iter' is asked for by the parameter max_iter"),
        ({"simplx_w": "exact"}, "there is no 'simplx_w'.*simplex_w"),
        ({"simplex_w": "often"}, "simplex_w: unknown variant `often`"),
    ]:
        with pytest.raises(ValueError, match=words):
            NMF(3, options=options).fit(low_rank)
    with pytest.raises(ValueError, match="smooth2, graph"):
        NMF(3, penalties=["smoth:h:0.1"]).fit(low_rank)
    with pytest.raises(ValueError, match="symmetric"):
        NMF(3, penalties=[("graph:h:0.1", np.triu(np.ones((25, 25))))]).fit(low_rank)
    with pytest.raises(ValueError, match="takes no matrix"):
        NMF(3, penalties=[("l1:h:0.1", np.eye(25))]).fit(low_rank)


def test_penalties_with_their_matrices(low_rank):
    chain = np.diag(np.ones(24), 1)
    chain += chain.T
    target = low_rank[:2]
    rough = lambda model: np.abs(np.diff(model.components_, axis=1)).sum() / model.components_.sum()
    plain = NMF(3, random_state=0, max_iter=2000).fit(low_rank)
    for graph in (chain, sp.csr_array(chain)):
        smooth = NMF(3, random_state=0, max_iter=2000, penalties=[("graph:h:10", graph)]).fit(low_rank)
        assert rough(smooth) < 0.8 * rough(plain)
    pulled = NMF(3, random_state=0, max_iter=2000, penalties=[("pull:h:100", target)]).fit(low_rank)
    assert np.abs(pulled.components_[:2] - target).max() < 0.1 * target.max()


def test_what_is_fixed_stays(low_rank, rng):
    known = rng.gamma(1.0, 1.0, (2, 25))
    model = NMF(4, fixed_components=known, random_state=0, max_iter=500).fit(low_rank)
    assert np.allclose(model.components_[:2], known, rtol=1e-12)
    first = rng.gamma(1.0, 1.0, (40, 1))
    W = NMF(4, random_state=0, max_iter=500).fit_transform(low_rank, fixed_W=first)
    assert np.allclose(W[:, :1], first, rtol=1e-12)


def test_masks_in_all_forms_are_missing_entries(low_rank, rng):
    seen = rng.random(low_rank.shape) > 0.2
    spoilt = np.where(seen, low_rank, 1e6)
    params = {"n_components": 3, "max_iter": 3000, "tol": 1e-6, "random_state": 0}
    fits = [
        NMF(**params).fit(spoilt, weights=seen),
        NMF(**params).fit(spoilt, weights=sp.csr_array(seen.astype(float))),
        NMF(**params).fit(np.ma.masked_array(spoilt, ~seen)),
        NMF(**params, missing="nan").fit(np.where(seen, low_rank, np.nan)),
    ]
    for fit in fits:
        assert fit.reconstruction_err_ == pytest.approx(fits[0].reconstruction_err_, rel=1e-6)
        assert np.isfinite(fit.score(low_rank))
    W = fits[0].transform(spoilt, weights=seen)
    assert np.allclose(W, fits[0].transform(np.ma.masked_array(spoilt, ~seen)))
    assert np.allclose(W @ fits[0].components_, low_rank, atol=0.1 * low_rank.max())


def test_shares_sum_to_what_is_explained(low_rank):
    model = NMF(3, random_state=0, max_iter=2000)
    W = model.fit_transform(low_rank)
    missed = np.linalg.norm(low_rank - W @ model.components_) ** 2 / np.linalg.norm(low_rank) ** 2
    assert model.explained_variance_ratio_.sum() == pytest.approx(1 - missed, rel=1e-9)
    assert (model.explained_variance_ratio_ > 0).all()


@pytest.mark.parametrize("params", [{}, {"solver": "auto", "beta_loss": "kl"}])
def test_the_score_is_of_entries_that_were_held_out(rng, params):
    X = rng.poisson(5 * rng.gamma(0.5, 1.0, (200, 3)) @ rng.gamma(0.5, 1.0, (3, 40))).astype(float)
    scores = [NMF(k, random_state=0, max_iter=2000, **params).fit(X[:150]).score(X[150:]) for k in (1, 3, 20)]
    assert max(scores) == scores[1]
    # Sparse X is no other X.
    model = NMF(3, random_state=0, max_iter=2000, **params).fit(X[:150])
    assert model.score(sp.csr_array(X[150:])) == pytest.approx(scores[1], rel=1e-6)


@pytest.mark.parametrize("params", [{}, {"solver": "mu", "beta_loss": "kullback-leibler"}])
def test_a_smoothed_model_is_put_together_smoothed(low_rank, params):
    model = NMF(3, options={"smoothing": 0.5}, random_state=0, max_iter=2000, **params)
    W = model.fit_transform(low_rank)
    guess = model.inverse_transform(W)
    lost = kl(low_rank, guess) if params else np.linalg.norm(low_rank - guess) ** 2 / 2
    assert model.reconstruction_err_ == pytest.approx(np.sqrt(2 * lost), rel=1e-9)
    # Entries whose rows were solved without them are foretold a little worse, not many times.
    assert 0.5 * lost / low_rank.size < -model.score(low_rank) < 3 * lost / low_rank.size


@pytest.mark.parametrize("options", [{"free": "w"}, {"free": "h"}, {"negatives": "keep"}, {"negatives": "clip"}])
def test_negative_entries_where_they_are_allowed(low_rank, options):
    X = low_rank - 0.05 * low_rank.max()
    model = NMF(3, options=options, random_state=0, max_iter=2000).fit(X)
    assert np.isfinite(model.transform(X)).all()
    with pytest.raises(ValueError, match="Negative values.*smallest is.*clip"):
        NMF(3).fit(X)


def test_data_of_which_nothing_counts_are_refused(low_rank):
    for fit in (
        lambda: NMF(3).fit(low_rank, weights=np.zeros(low_rank.shape)),
        lambda: NMF(3, missing="nan").fit(np.full((4, 5), np.nan)),
    ):
        with pytest.raises(ValueError, match="no entry counts"):
            fit()


def test_missing_entries_are_told_of_where_they_are_found(low_rank):
    low_rank[3, 4] = np.nan
    with pytest.raises(ValueError, match="contains NaN.*missing='nan'"):
        NMF(3).fit(low_rank)


@pytest.mark.parametrize("params", [{}, {"solver": "auto", "beta_loss": "kl"}, {"solver": "mu", "beta_loss": 1.5}])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_columns_count_in_transform_as_in_the_fit(low_rank, rng, params, kind):
    weight = rng.gamma(0.3, 1.0, 25)
    X = kind(low_rank * rng.gamma(2.0, 0.5, low_rank.shape))
    model = NMF(3, random_state=0, max_iter=5000, tol=1e-7, **params)
    W = model.fit_transform(X, feature_weight=weight)
    assert np.allclose(model.transform(X), W, rtol=1e-3, atol=1e-4 * W.max())
    plain = NMF(3, init="custom", **params).fit(X, W=np.ones((40, 3)), H=model.components_)
    plain.components_ = model.components_
    assert not np.allclose(plain.transform(X), W, rtol=1e-2, atol=1e-2 * W.max())
    assert model.score(X) != plain.score(X)
    # A fit without them forgets them.
    model.fit(X)
    assert model.score(X) == NMF(3, random_state=0, max_iter=5000, tol=1e-7, **params).fit(X).score(X)


def test_the_score_counts_rows(low_rank):
    model = NMF(3, random_state=0, max_iter=2000).fit(low_rank)
    spoilt = low_rank.copy()
    spoilt[0] = spoilt[0, ::-1]
    weight = np.ones(40)
    assert model.score(spoilt, sample_weight=weight) == pytest.approx(model.score(spoilt), rel=1e-9)
    weight[0] = 0
    assert model.score(spoilt, sample_weight=weight) > 0.1 * model.score(spoilt)


def test_the_score_counts_entries(low_rank, rng):
    model = NMF(3, random_state=0, max_iter=2000).fit(low_rank)
    seen = rng.random(low_rank.shape) > 0.1
    spoilt = np.where(seen, low_rank, 1e6)
    holed = np.ma.masked_array(spoilt, ~seen)
    for weights in (seen, seen * 2.0, sp.csr_array(seen.astype(float))):
        assert model.score(spoilt, weights=weights) == pytest.approx(model.score(holed), rel=1e-9)


def _width_other_than_before(model, X):
    with pytest.raises(ValueError, match="n_components <= min"):
        model.fit(X[:, :2])


def _callback_that_fails(model, X):
    def fails(state):
        raise KeyboardInterrupt

    model.set_params(callback=fails)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :5])


@pytest.mark.parametrize("fail", [_width_other_than_before, _callback_that_fails])
def test_a_fit_that_fails_leaves_the_model_as_it_was(low_rank, fail):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(low_rank, columns=[f"gene {j}" for j in range(25)])
    model = NMF(3, init="nndsvd", random_state=0, max_iter=2000).fit(frame)
    before = model.transform(frame)
    fail(model, low_rank)
    assert model.n_features_in_ == 25 and list(model.feature_names_in_) == list(frame.columns)
    assert (model.transform(frame) == before).all()
    fresh = NMF(3, init="nndsvd")
    fail(fresh, low_rank)
    assert not hasattr(fresh, "n_features_in_") and not hasattr(fresh, "components_")


# Powers of two, so that every number is the same but for its unit.
@pytest.mark.parametrize("power", [-600, 600])
@pytest.mark.parametrize(
    ("params", "weights"),
    [
        ({}, {}),
        ({}, {"sample_weight": np.arange(40.0), "feature_weight": np.arange(25.0)}),
        ({}, {"weights": np.add.outer(np.arange(40.0), np.arange(25.0))}),
        ({"missing": "nan"}, {}),
        ({"missing": "absent"}, {}),
        ({"options": {"smoothing": 0.4}}, {}),
        ({"beta_loss": "kl", "solver": "auto"}, {}),
        ({"beta_loss": 3.0, "solver": "mu"}, {}),
    ],
)
def test_errors_of_numbers_far_from_one(low_rank, rng, params, weights, power):
    X = low_rank.copy()
    if "missing" in params:
        X[rng.random(X.shape) < 0.3] = np.nan if params["missing"] == "nan" else 0
    X = sp.csr_array(X) if params.get("missing") == "absent" else X
    # A loss by hand reaches as far as the fit is worse than rounding.
    params = {"n_components": 2, "random_state": 0, "max_iter": 2000, **params}
    near, far = NMF(**params).fit(X, **weights), NMF(**params).fit(X * 2.0**power, **weights)
    unit = 2.0 ** (power * near._beta() / 2)
    assert far.reconstruction_err_ / unit == pytest.approx(near.reconstruction_err_, rel=1e-9)
    assert np.allclose(far.explained_variance_ratio_, near.explained_variance_ratio_, rtol=1e-3)
    assert near.explained_variance_ratio_.sum() > 0.5


def test_a_model_of_zeros_comes_with_a_warning(low_rank):
    with pytest.warns(UserWarning, match="The model is zero: every component is zero"):
        model = NMF(2, fixed_components=np.zeros((2, 25))).fit(low_rank)
    assert model.status_ == "degenerate"


def test_several_starts_are_told_of(low_rank, capsys):
    model = NMF(5, init="random", random_state=0, n_init=4, max_iter=2000, verbose=2).fit(low_rank)
    note = next(note for note in model.notes_ if note.startswith("best of 4 starts"))
    best = float(note.split("objective ")[1].split(",")[0])
    assert best == pytest.approx(model.loss_history_[-1, 1], rel=1e-4) and "the others" in note
    printed = capsys.readouterr().out
    assert note in printed and "start 3 of 4, iteration 1 of 2000: objective" in printed
    NMF(5, random_state=0, max_iter=2000, verbose=1).fit(low_rank)
    printed = capsys.readouterr().out
    assert "starts" not in printed and "iteration 1 of" not in printed


def test_what_is_printed_in_between_leaves_callbacks_alone(low_rank, capsys):
    model = NMF(3, verbose=2, callback=lambda state: state["iteration"] == 4).fit(low_rank)
    assert model.status_ == "interrupted" and "iteration 1 of 200: objective" in capsys.readouterr().out


def test_a_smoothed_model_is_put_together_of_frames_and_sparse_rows(low_rank):
    pandas = pytest.importorskip("pandas")
    model = NMF(3, options={"smoothing": 0.5}, random_state=0, max_iter=2000)
    W = model.fit_transform(low_rank)
    expected = model.inverse_transform(W)
    assert np.allclose(model.inverse_transform(pandas.DataFrame(W)), expected, rtol=1e-12)
    assert np.allclose(model.inverse_transform(sp.csr_array(W)), expected, rtol=1e-12)


def test_what_the_function_honours_with_a_given_h(low_rank, rng):
    H = NMF(3, random_state=0, max_iter=2000).fit(low_rank).components_
    keep = lambda **params: non_negative_factorization(low_rank, H=H, update_H=False, max_iter=2000, **params)
    W, same, _ = keep()
    assert (same == H).all() and W.max() > 0.5
    assert keep(options={"max_w": 0.3})[0].max() <= 0.3
    assert np.allclose(keep(options={"simplex_w": "exact"})[0].sum(axis=1), 1)
    assert keep(penalties=["l1:w:0.5"])[0].sum() < 0.9 * W.sum()
    assert (keep(penalties=["l1:w:0.5"])[1] == H).all()
    chain = np.ones((40, 40))
    tied = keep(penalties=[("graph:w:100", chain)])[0]
    assert tied.std(axis=0).max() < 0.1 * W.std(axis=0).min()
    for params, words in [
        ({"normalize": "l1"}, "normalize says what becomes of H"),
        ({"fixed_components": H[:1]}, "fixed_components says what becomes of H"),
        ({"options": {"nonsense": 1}}, "there is no 'nonsense'"),
        ({"penalties": ["nonsense"]}, "nonsense"),
    ]:
        with pytest.raises(ValueError, match=words):
            keep(**params)
