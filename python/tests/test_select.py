"""Scans over ranks, what runs agree on, which component is which, and reports: as the program has them."""

import json
import pickle
import re
import signal
import subprocess
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from test_files import PROGRAM, is_built

import partwise
from partwise import NMF, MiniBatchNMF, select_rank


@pytest.fixture
def planted():
    """60 x 20 of rank 3, every entry with a little on top."""
    rng = np.random.default_rng(0)
    return rng.gamma(1.0, 1.0, (60, 3)) @ rng.gamma(0.3, 1.0, (3, 20)) + 0.1 * rng.random((60, 20))


SMALL = {"ranks": range(1, 5), "n_runs": 3, "n_folds": 3}


def same(first, second):
    """Whether two scans have found the same, to the bit."""
    assert first.table.keys() == second.table.keys()
    for name in first.table:
        assert np.array_equal(first.table[name], second.table[name], equal_nan=True), name
    assert [len(first.runs(rank)) for rank in first.ranks_] == [len(second.runs(rank)) for rank in second.ranks_]
    for rank in first.ranks_:
        assert all((a == b).all() for a, b in zip(first.runs(rank), second.runs(rank), strict=True))
        assert (first.labels(rank) == second.labels(rank)).all()
    assert first.reasons_ == second.reasons_
    return True


def test_the_rank_of_planted_data_is_found(planted):
    scan = select_rank(planted, range(1, 6), n_runs=5)
    assert (scan.rank_, scan.confidence_, scan.is_beyond_) == (3, "high", False)
    assert scan.predictive_rank_ == scan.stable_rank_ == 3 and len(scan.reasons_) == 2
    assert list(scan.table)[:3] == ["rank", "relative_error", "shuffled_error"]
    assert scan.table["rank"].tolist() == scan.ranks_ == [1, 2, 3, 4, 5]
    assert "bi_cross_loss" not in scan.table and np.isnan(scan.table["cophenetic"][0])
    assert np.argmin(scan.table["held_out_loss"]) == 2 and scan.table["stability"][2] > 0.99
    assert scan.n_missing_ == 0 and scan.notes_ == [] and scan.seed_ == 0
    assert len(scan.fits_) == 5 * (5 + 5 + 1) and scan.fits_[0]["kind"] == "run"
    assert [run.shape for run in scan.runs()] == [(3, 20)] * 5 and scan.labels(3).shape == (5, 60)
    assert scan.stability(3).shape == (3,) and scan.stability(3).mean() == scan.table["stability"][2]
    assert repr(scan).startswith("<RankScan of ranks 1, 2, 3, 4, 5: rank 3, with high confidence>\n  beyond rank 3")
    shown = scan._repr_html_()
    assert "<b>3</b>" in shown and "<th>held_out_loss</th>" in shown
    again = pickle.loads(pickle.dumps(select_rank(planted, range(1, 6), n_runs=5, callback=lambda state: None)))
    assert same(scan, again) and (again.best().components_ == scan.best().components_).all()


def test_the_table_is_a_frame(planted):
    pandas = pytest.importorskip("pandas")
    scan = select_rank(pandas.DataFrame(planted), [2, 3], n_runs=2, n_folds=0)
    frame = scan.to_frame()
    assert frame.index.tolist() == [2, 3] and frame.loc[3, "objective"] == scan.table["objective"][1]


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_best_run_is_fitted_again_to_the_bit(planted, kind, dtype):
    X = kind(planted.astype(dtype))
    scan = select_rank(X, [2, 4], n_runs=4, n_folds=2, beta_loss="kl")
    objectives = {fit["number"]: fit["objective"] for fit in scan.fits_ if (fit["rank"], fit["kind"]) == (4, "run")}
    best = min(objectives, key=objectives.get)
    model = scan.best(4)
    assert model.components_.dtype == dtype and (model.components_ == scan.runs(4)[best]).all()
    assert model.loss_history_[-1, 1] == pytest.approx(objectives[best], rel=1e-6 if dtype == np.float64 else 1e-3)
    assert (model.beta_loss, model.n_components, model.n_init, model.init) == (1.0, 4, 4, "random")
    assert model.transform(X).shape == (60, 4) and model.status_ == "converged"


def test_neither_threads_nor_pauses_change_a_bit(planted, tmp_path):
    whole = select_rank(planted, **SMALL, n_jobs=1)
    assert same(whole, select_rank(planted, **SMALL, n_jobs=3))
    seen = []
    part = select_rank(planted, **SMALL, folder=tmp_path / "s", callback=lambda s: seen.append(s) or len(seen) == 5)
    assert part.n_missing_ == 28 - len(part.fits_) > 0 and f"{part.n_missing_} fits are not done" in repr(part)
    assert {"rank", "kind", "number", "done", "fits", "objective"} <= set(seen[0]) and seen[0]["fits"] == 28
    done = len(part.fits_)
    seen.clear()
    rest = select_rank(planted, **SMALL, folder=tmp_path / "s", callback=seen.append)
    assert len(seen) == 28 - done and same(whole, rest)
    # What is there is not done again, and more is added to it.
    seen.clear()
    more = select_rank(planted, range(1, 6), n_runs=3, n_folds=3, folder=tmp_path / "s", callback=seen.append)
    assert {state["rank"] for state in seen} == {5} and more.ranks_ == [1, 2, 3, 4, 5]


def test_a_scan_without_any_fit_says_so(planted):
    scan = select_rank(planted, **SMALL, time_limit=0)
    assert scan.rank_ is None and scan.n_missing_ > 20
    assert "no rank is recommended" in repr(scan) and "<table>" in scan._repr_html_()
    with pytest.raises(ValueError, match="name one"):
        scan.best()


def test_a_callback_may_raise(planted, tmp_path):
    def fail(state):
        raise RuntimeError(f"at {state['done']}")

    with pytest.raises(RuntimeError, match="at 1"):
        select_rank(planted, **SMALL, folder=tmp_path / "s", callback=fail, n_jobs=1)
    # The fit that it was told of is kept.
    seen = []
    select_rank(planted, **SMALL, folder=tmp_path / "s", callback=seen.append)
    assert len(seen) == 27


def test_ctrl_c_stops_a_scan_and_keeps_what_is_done(tmp_path):
    import _thread

    X = np.random.default_rng(0).random((1500, 400))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    done = []

    def interrupt(state):
        done.append(state)
        if len(done) == 2:
            threading.Timer(0.2, _thread.interrupt_main).start()

    began = []
    try:
        with pytest.raises(KeyboardInterrupt):
            began.append(time.monotonic())
            select_rank(
                X, [2, 40], n_runs=50, n_folds=0, tol=0, max_iter=300, folder=tmp_path / "s", callback=interrupt
            )
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(list((tmp_path / "s/jobs").glob("*.json"))) >= 2


def test_verbose_tells_of_every_fit(planted, capsys):
    select_rank(planted, 2, n_runs=2, n_folds=0, n_shuffled=0, verbose=1, n_jobs=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("2 of 2: rank 2, run 2: relative error 0.")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"ranks": [2, 61]}, "rank 61 is above both"),
        ({"ranks": []}, "ranks are 0"),
        ({"ranks": [0, 2]}, "a rank is 0"),
        ({"ranks": [2.0]}, "a rank is 2.0"),
        ({"ranks": range(1, 20_000)}, "between 1 and 10000"),
        ({"n_runs": 0}, "n_runs is 0"),
        ({"n_runs": True}, "n_runs is True"),
        ({"n_folds": 1}, "folds"),
        ({"n_folds": -1}, "n_folds is -1"),
        ({"blocks": 1}, "blocks"),
        ({"blocks": 1000}, "2 to 100"),
        ({"beta_loss": "huber"}, "beta_loss"),
        ({"solver": "cd", "beta_loss": 1.0}, "solver='auto'"),
        ({"solver": "hals", "beta_loss": 1.0}, "hals"),
        ({"random_state": -1}, "random_state is -1"),
        ({"options": {"rank": 3}}, "n_components"),
        ({"options": {"no such": 3}}, "there is no 'no such'"),
        ({"penalties": [("graph:h:0.1", np.eye(20))]}, "is for one rank"),
        ({"time_limit": -1.0}, "time_limit"),
        ({"weights": np.ones((2, 2))}, "weights have shape"),
        ({"sample_weight": np.zeros(60)}, "not zero"),
        ({"weights": np.ones((60, 20)), "blocks": 2}, "use n_folds"),
    ],
)
def test_what_cannot_be_is_refused(planted, params, words, tmp_path):
    with pytest.raises(ValueError, match=re.escape(words)):
        select_rank(planted, **({"ranks": [2]} | params), folder=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_data_that_cannot_be_are_refused(planted):
    holed = planted.copy()
    holed[3, 4] = np.nan
    with pytest.raises(ValueError, match="With missing='nan'"):
        select_rank(holed, [2])
    for X, words in [(np.ones((0, 3)), "0 sample"), (-planted, "Negative values"), (np.ones(4), "1D array")]:
        with pytest.raises(ValueError, match=words):
            select_rank(X, [2])
    with pytest.raises(ValueError, match="no entry of X counts"):
        select_rank(np.full((4, 3), np.nan), [1], missing="nan")
    unseen = select_rank(planted, [2], n_runs=2, n_folds=2, feature_weight=np.arange(20))
    assert "columns of X without an entry that counts get zeros" in unseen.notes_
    assert (unseen.best(2).components_[:, 0] == 0).all() and np.isfinite(unseen.table["held_out_loss"][0])
    scan = select_rank(holed, [2, 3], n_runs=2, n_folds=2, missing="nan")
    assert (
        scan.notes_ == ["entries are weighted or missing: nothing is shuffled"] and "shuffled_error" not in scan.table
    )
    assert scan.consensus(3, max_distance=1.4).W.shape == (60, 3)
    with pytest.raises(ValueError, match="rank 4 is not in this scan, which has 2, 3"):
        scan.runs(4)


def test_one_row_one_column_one_run():
    for X in (np.array([[1.0, 2.0, 4.0]]), np.array([[1.0], [2.0]]), np.zeros((4, 3))):
        scan = select_rank(X, [1], n_runs=1, n_folds=0)
        assert scan.ranks_ == [1] and len(scan.runs(1)) == 1
        assert scan.best(1).components_.shape == (1, X.shape[1])
        with pytest.raises(ValueError, match="2 are needed at least"):
            scan.consensus(1)
        assert (scan.consensus_matrix(1) == 1).all()


def test_folders_of_others_are_left_alone(planted, tmp_path):
    scan = lambda X=planted, **how: select_rank(X, [2], **({"n_runs": 2, "n_folds": 2} | how))
    scan(folder=tmp_path / "s")
    for words, how in {
        "other data": {"X": planted[:50]},
        "with other options": {"beta_loss": 1.0, "solver": "auto"},
        "the same data with other options": {"n_folds": 3},
        "read in another way": {"missing": "nan"},
    }.items():
        with pytest.raises(OSError, match=f"{words}.*overwrite=True"):
            scan(**how, folder=tmp_path / "s")
    with pytest.raises(OSError, match="overwrite=True"):
        scan(weights=planted, folder=tmp_path / "s")
    scan(weights=planted, folder=tmp_path / "s", overwrite=True)
    with pytest.raises(OSError, match="overwrite=True"):
        scan(weights=2 * planted, folder=tmp_path / "s")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.png").write_text("cat")
    for overwrite in (False, True):
        with pytest.raises(OSError, match="no scan|not the folder of a scan"):
            scan(folder=tmp_path / "photos", overwrite=overwrite)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.png"]
    (tmp_path / "s/jobs").joinpath("rank-002-whole-0000.json").write_text("{")
    with pytest.raises(ValueError, match="remove it, and .* does that fit again"):
        scan(weights=planted, folder=tmp_path / "s")
    with pytest.raises(OSError):
        scan(folder=tmp_path / "photos/cat.png")


def test_penalties_and_options_are_those_of_nmf(planted):
    how = {"alpha_W": 0.001, "l1_ratio": 0.5, "penalties": ["smooth:h:0.01"], "options": {"max_w": 0.5}}
    scan = select_rank(planted, [3], n_runs=2, n_folds=2, **how)
    model = scan.best(3)
    assert model.transform(planted).max() <= 0.5 and model.options == {"max_w": 0.5}
    scaled = select_rank(planted, [3], n_runs=2, n_folds=2, normalize="l1")
    assert all(np.allclose(run.sum(axis=1), 1) for run in scaled.runs(3)) and scaled.best(3).normalize == "l1"
    assert np.allclose(np.linalg.norm(scaled.consensus(3).components_, axis=1), 1)
    assert "smooth:h:0.01" in model.penalties and any(text.startswith("l1:w:=") for text in model.penalties)
    blocks = select_rank(planted, [2, 3], n_runs=1, n_folds=0, n_shuffled=0, blocks=2)
    assert np.isfinite(blocks.table["bi_cross_loss"]).all() and len(blocks.fits_) == 2 * (1 + 4)


def test_the_defaults_are_those_of_the_engine():
    import inspect

    known = {option["name"]: json.loads(option["default"]) for option in partwise.options()}
    ours = {name: parameter.default for name, parameter in inspect.signature(select_rank).parameters.items()}
    assert (ours["tol"], ours["max_iter"], ours["random_state"]) == (known["tol"], known["max_iter"], known["seed"])


# What runs agree on.


def test_consensus_factors_come_by_their_shares():
    found = partwise._selection.Consensus(
        {
            "h": np.arange(12.0).reshape(4, 3),
            "spread": -np.arange(12.0).reshape(4, 3),
            "cosines": [0.1, 0.2, 0.3, 0.4],
            "runs": [1, 2, 3, 4],
            "distances": np.zeros((2, 4)),
            "left_out": 0,
        }
    )
    assert not found._order_by([0.4, 0.2, 0.2, 0.1])
    assert found._order_by([0.1, 0.4, 0.4, 0.1])
    assert found.runs_.tolist() == [2, 3, 1, 4] and found.stability_.tolist() == [0.2, 0.3, 0.1, 0.4]
    assert found.components_[:, 0].tolist() == [3, 6, 0, 9] and (found.spread_ == -found.components_).all()


def test_consensus_factors_are_found(planted):
    scan = select_rank(planted, [3], n_runs=6, n_folds=0)
    found = scan.consensus(3)
    assert found.components_.shape == found.spread_.shape == (3, 20) and found.W.shape == (60, 3)
    assert np.allclose(np.linalg.norm(found.components_, axis=1), 1) and (found.stability_ > 0.99).all()
    assert found.runs_.tolist() == [6, 6, 6] and found.distances_.shape == (6, 3) and found.left_out_ == 0
    assert np.linalg.norm(planted - found.W @ found.components_) < 0.1 * np.linalg.norm(planted)
    assert np.allclose(found.model.transform(planted), found.W, rtol=1e-6, atol=1e-9)
    assert "6 runs: 3 components" in repr(found)
    plain = partwise.consensus(scan.runs(3))
    # The same ones; only where X is at hand are they in the order of their shares.
    order = np.lexsort(plain.components_.T), np.lexsort(found.components_.T)
    assert (plain.components_[order[0]] == found.components_[order[1]]).all() and plain.W is None
    shares = found.W.sum(axis=0) * found.components_.sum(axis=1)
    assert (np.diff(shares) <= 0).all()
    single = partwise.consensus([run.astype(np.float32) for run in scan.runs(3)])
    assert single.components_.dtype == np.float32
    with pytest.raises(ValueError, match="max_distance"):
        partwise.consensus(scan.runs(3), max_distance=1e-9)
    with pytest.raises(ValueError, match="2 runs"):
        partwise.consensus(scan.runs(3)[:1])
    with pytest.raises(ValueError, match="H of a run"):
        partwise.consensus([np.ones((2, 3)), np.ones((2, 4))])
    for bad in ([], [[]], [np.ones(3)] * 2, [[[1, np.nan]]] * 2, [[[1, -1]]] * 2, [[["a"]]] * 2):
        with pytest.raises(ValueError):
            partwise.consensus(bad)
    for name in ("max_distance", "neighbours"):
        for value in (0, -1, np.nan, "near"):
            with pytest.raises(ValueError, match=name):
                partwise.consensus(scan.runs(3), **{name: value})


def test_the_consensus_matrix_is_that_of_the_labels(planted):
    scan = select_rank(planted, [3], n_runs=5, n_folds=0)
    matrix, labels = scan.consensus_matrix(3), scan.labels(3)
    want = np.array([[np.mean(labels[:, i] == labels[:, j]) for j in range(60)] for i in range(60)])
    assert np.array_equal(matrix, want)
    samples, clusters = scan.consensus_order(3)
    assert sorted(samples) == list(range(60)) and (np.diff(clusters) >= 0).all() and len(set(clusters)) == 3
    measures = partwise.consensus_measures(labels, 3)
    assert measures.dispersion == pytest.approx(np.mean(4 * (matrix - 0.5) ** 2))
    for name in ("dispersion", "cophenetic", "ambiguous", "silhouette"):
        assert getattr(measures, name) == scan.table[name][0]


def test_measures_are_those_of_scipy(rng):
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    from scipy.spatial.distance import squareform
    from sklearn.metrics import silhouette_score

    # So many runs that no two distances are the same, and the order of joins is not for anybody to choose.
    often = rng.random(9)
    labels = np.array([np.where(rng.random(9) < often, rng.integers(0, 3, 9), np.arange(9) % 3) for _ in range(4999)])
    distances = 1 - np.array([[np.mean(labels[:, i] == labels[:, j]) for j in range(9)] for i in range(9)])
    np.fill_diagonal(distances, 0)
    tree = hierarchy.linkage(squareform(distances, checks=False), "average")
    found = partwise.consensus_measures(labels)
    heights = hierarchy.cophenet(tree)
    assert found.cophenetic == pytest.approx(np.corrcoef(heights, squareform(distances, checks=False))[0, 1])
    clusters = hierarchy.fcluster(tree, 3, "maxclust")
    if len(set(clusters)) == 3:
        assert found.silhouette == pytest.approx(silhouette_score(distances, clusters, metric="precomputed"))
    # Names of clusters are any, and mean nothing in another run.
    words = np.array([np.array(["x", "y", "z"])[run] for run in labels])
    words[0] = np.array(["z", "y", "x"])[labels[0]]
    assert partwise.consensus_measures(words) == found
    one = partwise.consensus_measures([[1, 1, 1]] * 2)
    assert one.dispersion == 1 and np.isnan(one.cophenetic) and np.isnan(one.silhouette)
    for bad in ([], [1, 2], [[]], np.ones((2, 2, 2))):
        with pytest.raises(ValueError, match="labels have shape"):
            partwise.consensus_measures(bad)
    with pytest.raises(ValueError, match="n_clusters"):
        partwise.consensus_measures([[1, 2]], 0)


# Which component is which, and what it stands for.


def test_components_are_paired(rng):
    H = rng.random((4, 30)) ** 4
    order = [2, 0, 3, 1]
    found = partwise.match_components(H, 10 * H[order])
    assert all(order[second] == first for first, second in found.pairs) and found.mean_cosine == pytest.approx(1)
    assert found.splits == found.merges == [] and found.only_first == found.only_second == []
    split = np.vstack([H[:3], np.where(np.arange(30) < 15, H[3], 0), np.where(np.arange(30) < 15, 0, H[3])])
    found = partwise.match_components(H, split)
    assert len(found.pairs) == 4 and len(found.only_second) == 1
    (mixture,) = found.splits
    assert mixture.whole == 3 and sorted(part for part, _ in mixture.parts) == [3, 4] and mixture.cosine > 0.999
    assert partwise.match_components(split, H).merges == found.splits
    for bad, words in [
        (H[:, :5], "same features"),
        (H[0], "shape"),
        (-H, "negative"),
        (np.full((2, 30), np.nan), "finite"),
    ]:
        with pytest.raises(ValueError, match=words):
            partwise.match_components(H, bad)


def test_features_are_put_in_order_by_their_names(low_rank):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(low_rank, columns=[f"gene {j}" for j in range(25)])
    model = NMF(3, random_state=0, max_iter=2000).fit(frame)
    turned = pandas.DataFrame(model.components_, columns=frame.columns)[frame.columns[::-1]]
    found = partwise.match_components(model, turned)
    assert found.pairs.tolist() == [[0, 0], [1, 1], [2, 2]] and found.mean_cosine == pytest.approx(1)
    with pytest.raises(ValueError, match="there is no 'gene 3'"):
        partwise.match_components(model, turned.rename(columns={"gene 3": "other"}))
    assert [top[0].feature for top in model.top_features(1)] == [
        f"gene {component.argmax()}" for component in model.components_
    ]


def test_top_features_have_their_numbers():
    H = [[5, 3, 2], [1, 5, 4]]
    first, second = partwise.top_features(H, shares=[0.75, 0.25])
    assert [feature.column for feature in second] == [1, 2, 0] and second[0].feature == 1
    assert second[0].weight == 0.5 and second[0].lift == pytest.approx(0.5 / (0.75 * 0.3 + 0.25 * 0.5))
    assert second[0].specificity == 0 < first[0].specificity
    assert [feature.feature for feature in partwise.top_features(H, ["a", "b", "c"], n=2, by="lift")[1]] == ["c", "b"]
    by_proportion = partwise.top_features(H, shares=[3, 1])
    assert np.allclose([f.lift for f in by_proportion[0]], [f.lift for f in first], rtol=1e-12)
    assert partwise.top_features([[0, 0], [1, 0]], shares=[0, 1]) == [[], [(0, 1.0, 1.0, 1.0, 0)]]
    for how, words in [
        ({"n": 0}, "n is 0"),
        ({"by": "size"}, "'weight', 'lift'"),
        ({"feature_names": ["a"]}, "feature_names are 1"),
        ({"shares": [1]}, "2 numbers"),
    ]:
        with pytest.raises(ValueError, match=words):
            partwise.top_features(H, **how)
    batched = MiniBatchNMF(2, random_state=0, max_iter=5).fit(np.random.default_rng(0).random((20, 6)))
    assert len(batched.top_features(None)[0]) <= 6
    with pytest.raises(Exception, match="not fitted"):
        NMF(2).top_features()


# Reports.


def data_of(path):
    """What the page draws."""
    text = path.read_text()
    return json.loads(text.split('id="report-data">')[1].split("</script>")[0])


def test_a_model_has_a_report(low_rank, tmp_path):
    model = NMF(3, random_state=0, max_iter=2000)
    W = model.fit_transform(low_rank)
    groups = {"kind": ["a", None, "b", np.nan] * 10, "day": np.arange(40) % 3}
    path = model.report(tmp_path / "r.html", low_rank, W, groups=groups, title="<b>\ud800", image_shape=(5, 5))
    data = data_of(path)
    assert data["title"] == "<b>?" and data["samples"]["count"] == 40 and data["features"]["count"] == 25
    assert data["features"]["geometry"] == {"kind": "picture", "height": 5, "width": 5, "order": "rows"}
    assert [group["levels"] for group in data["samples"]["groups"]] == [["a", "b"], ["0", "1", "2"]]
    assert data["samples"]["groups"][0]["values"][:4] == [0, None, 1, None]
    assert data["command"].startswith("NMF(") and data["worst"] is not None
    plain = data_of(model.report(tmp_path / "w.html", W=W))
    assert plain["worst"] is None and plain["components"] == data["components"]
    found = data_of(model.report(tmp_path / "x.html", sp.csr_array(low_rank)))
    assert found["samples"]["count"] == 40
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.report(path, low_rank)
    assert data_of(model.report(path, low_rank, overwrite=True))["title"] == "an array"
    for how, words in [
        ({}, "give X, or W"),
        ({"W": np.ones((40, 2))}, "W has shape"),
        ({"W": W[:3], "X": low_rank}, "W has 3 rows"),
        ({"X": low_rank[:, :4]}, "features"),
        ({"X": -low_rank}, "Negative values"),
        ({"W": W, "image_shape": (3, 3)}, "there are 25 features"),
        ({"W": W, "image_shape": 25}, "height"),
        ({"W": W, "groups": ["a"]}, "40 labels"),
        ({"W": W, "groups": np.ones((40, 2))}, "40 labels"),
        ({"W": W, "title": 3}, "title"),
    ]:
        with pytest.raises((ValueError, TypeError), match=words):
            model.report(tmp_path / "no.html", **how)
    assert not (tmp_path / "no.html").exists()
    with pytest.raises(OSError):
        model.report(tmp_path / "no/folder.html", W=W)
    with pytest.raises(Exception, match="not fitted"):
        NMF(2).report(tmp_path / "no.html", W=W)


def test_reports_of_missing_entries_batches_and_names(low_rank, tmp_path):
    pandas = pytest.importorskip("pandas")
    holed = np.where(np.random.default_rng(0).random((40, 25)) < 0.1, np.nan, low_rank)
    frame = pandas.DataFrame(holed, index=[f"s{i}" for i in range(40)], columns=[f"</script>{j}" for j in range(25)])
    model = NMF(3, missing="nan", random_state=0, max_iter=2000).fit(frame)
    data = data_of(model.report(tmp_path / "a.html", frame, groups=pandas.Series(["x"] * 40, name="kind")))
    assert data["samples"]["names"][3] == "s3" and data["features"]["names"][0] == "</script>0"
    assert data["samples"]["groups"][0]["name"] == "kind"
    batched = MiniBatchNMF(3, random_state=0, max_iter=5).fit(low_rank.astype(np.float32))
    assert data_of(batched.report(tmp_path / "b.html", low_rank.astype(np.float32)))["samples"]["count"] == 40


def test_folders_have_reports(planted, tmp_path):
    scan = select_rank(planted, [2, 3], n_runs=3, n_folds=2, folder=tmp_path / "s")
    of_scan = scan.report(tmp_path / "scan.html", title="mine")
    assert data_of(of_scan)["rank"]["map"]["rank"] == scan.rank_ and data_of(of_scan)["title"] == "mine"
    path = partwise.report(tmp_path / "s", title="mine")
    assert path == tmp_path / "s/report.html" and path.read_text() == of_scan.read_text()
    with pytest.raises(FileExistsError):
        scan.report(of_scan)
    with pytest.raises(ValueError, match="folder of a scan"):
        partwise.report(tmp_path / "s", words=True)
    model = scan.best(3)
    model.save(tmp_path / "m", model.transform(planted))
    data = data_of(partwise.report(tmp_path / "m", scan=tmp_path / "s", groups=["g"] * 60))
    assert data["components"][0]["stability"] > 0.9 and data["rank"] is not None
    assert "select_rank(X).best(3)" in data["command"]
    with pytest.raises(ValueError, match="3 labels for 60 samples"):
        partwise.report(tmp_path / "m", groups=["g"] * 3)
    with pytest.raises(FileNotFoundError):
        partwise.report(tmp_path / "nothing")
    with pytest.raises(FileExistsError):
        partwise.report(tmp_path / "m", tmp_path / "m/report.html")


# Zeros that do not count.


@pytest.mark.parametrize("loss", ["itakura-saito", -0.5])
def test_zeros_that_do_not_count_are_no_hindrance(rng, loss):
    X = rng.gamma(1.0, 1.0, (20, 12)) + 0.1
    X[3, 4] = X[5, 6] = 0
    model = lambda **how: NMF(2, solver="mu", beta_loss=loss, max_iter=20, tol=0, random_state=0, **how)
    with pytest.raises(ValueError, match="contains zeros"):
        model().fit(X)
    assert model().fit(X, weights=X > 0).components_.shape == (2, 12)
    assert model(missing="absent").fit(sp.csr_array(X)).components_.shape == (2, 12)
    assert model().fit(X, sample_weight=np.isin(np.arange(20), [3, 5], invert=True)).components_.shape == (2, 12)
    with pytest.raises(ValueError, match="contains zeros"):
        model().fit(X, weights=np.ones_like(X))
    with pytest.raises(ValueError, match="contains zeros"):
        model(missing="nan").fit(sp.csr_array(X))
    stored = sp.csr_array(X)
    stored.data[7] = 0
    with pytest.raises(ValueError, match="contains zeros"):
        model(missing="absent").fit(stored)


# Beside the program.

PROGRAMS = pytest.mark.skipif(
    not is_built(), reason="the program is not built from these sources: cargo build --release"
)


@PROGRAMS
@pytest.mark.parametrize(
    ("how", "options"),
    [
        ({}, []),
        ({"beta_loss": "kl"}, ["--loss", "kl"]),
        ({"random_state": 7, "blocks": 2, "n_shuffled": 0}, ["--seed", "7", "--blocks", "2", "--shuffled", "0"]),
        (
            {"solver": "mu", "beta_loss": 1.5, "max_iter": 200},
            ["--rule", "mu", "--loss", "beta:1.5", "--max-iter", "200"],
        ),
        ({"missing": "absent"}, ["--missing", "absent"]),
        ({"penalties": ["l1:h:0.01"], "normalize": "l1"}, ["--penalty", "l1:h:0.01", "--normalize", "l1"]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scans_are_those_of_the_program(planted, tmp_path, how, options, dtype):
    X = planted.astype(dtype)
    np.save(tmp_path / "x.npy", X)
    if "missing" in how:
        X = sp.csr_array(np.where(X > 0.5, X, 0).astype(dtype))
        sp.save_npz(tmp_path / "x.npz", X)
    name = "x.npz" if "missing" in how else "x.npy"
    run = lambda *words: subprocess.run([PROGRAM, *words], cwd=tmp_path, check=True, capture_output=True, text=True)
    common = ["--ranks", "1..4", "--runs", "3", "--folds", "3", *options]
    said = run("rank", name, *common, "--out", "theirs")
    alone = select_rank(X, **SMALL | how)
    again = []
    resumed = select_rank(X, **SMALL | how, folder=tmp_path / "theirs", callback=again.append)
    assert again == [] and same(alone, resumed)
    assert (tmp_path / "theirs/ranks.tsv").read_text() == said.stdout
    select_rank(X, **SMALL | how, folder=tmp_path / "ours")
    assert (tmp_path / "ours/ranks.tsv").read_text() == said.stdout
    known = run("rank", name, *common, "--out", "ours")
    fits = len(alone.fits_)
    assert f"{fits} of {fits} fits are done already" in known.stderr
    counted = ["--missing", "absent"] if "missing" in how else []
    run("consensus", name, *counted, *"--scan ours -k 2 --out parts --max-distance 1.4".split())
    found = alone.consensus(2, max_distance=1.4)
    assert (np.load(tmp_path / "parts/H.npy") == found.components_).all()
    assert (np.load(tmp_path / "parts/W.npy") == found.W).all()
    assert (np.load(tmp_path / "parts/H_spread.npy") == found.spread_).all()


@PROGRAMS
def test_features_pairs_and_reports_are_those_of_the_program(planted, tmp_path):
    np.save(tmp_path / "x.npy", planted)
    run = lambda *words: subprocess.run([PROGRAM, *words], cwd=tmp_path, check=True, capture_output=True, text=True)
    for rank in ("3", "4"):
        run("fit", "x.npy", "--rank", rank, "--out", f"f{rank}")
    model, other = partwise.load(tmp_path / "f3"), partwise.load(tmp_path / "f4")
    for by in ("weight", "lift", "specificity"):
        theirs = json.loads(run("top", "f3", "--by", by, "--json").stdout)
        ours = model.top_features(by=by)
        for component, features in zip(theirs["components"], ours, strict=True):
            assert [(f["index"], f["weight"], f["lift"], f["specificity"]) for f in component["features"]] == [
                (f.column, f.weight, f.lift, f.specificity) for f in features
            ]
    theirs = json.loads(run("match", "f3", "f4", "--json").stdout)
    ours = partwise.match_components(model, other)
    assert theirs["mean_cosine"] == ours.mean_cosine
    assert [[pair["first"], pair["second"]] for pair in theirs["matching"]["pairs"]] == ours.pairs.tolist()
    run("report", "f3", "--out", "theirs.html", "--image", "4x5")
    path = partwise.report(tmp_path / "f3", tmp_path / "ours.html", image_shape=(4, 5))
    assert path.read_bytes() == (tmp_path / "theirs.html").read_bytes()
    run("rank", "x.npy", "--ranks", "2..4", "--runs", "3", "--folds", "2", "--out", "s", "--report")
    theirs = (tmp_path / "s/report.html").read_bytes()
    assert partwise.report(tmp_path / "s").read_bytes() == theirs
    run("fit", "x.npy", "--rank", "3", "--out", "g", "--report")
    again = partwise.load(tmp_path / "g")
    ours = data_of(again.report(tmp_path / "g.html", planted, np.load(tmp_path / "g/W.npy"), title="x.npy"))
    theirs = data_of(tmp_path / "g/report.html")
    for name in ("worst", "components", "samples", "features", "w", "h", "verdict"):
        assert ours[name] == theirs[name], name
