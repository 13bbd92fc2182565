"""What estimators meet in use: copies, pipelines, searches, arrays of all kinds, processes and threads."""

import io
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler

from partwise import NMF, MiniBatchNMF
from partwise._threads import threads

KL = {"solver": "auto", "beta_loss": "kullback-leibler"}
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def fitted(X, **params):
    return NMF(3, **{"random_state": 0, "max_iter": 2000, **params}).fit(X)


def joblib_copy(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def cloudpickle_copy(model):
    return pickle.loads(pytest.importorskip("cloudpickle").dumps(model))


# Copies


@pytest.mark.parametrize("copy", [lambda model: pickle.loads(pickle.dumps(model)), cloudpickle_copy, joblib_copy])
@pytest.mark.parametrize(
    "estimator", [NMF(3, max_iter=2000), NMF(3, max_iter=2000, **KL), MiniBatchNMF(3, batch_size=10)]
)
def test_a_copy_of_a_fitted_model_transforms_like_it(low_rank, estimator, copy):
    model = clone(estimator).set_params(random_state=0).fit(low_rank)
    other = copy(model)
    assert (other.transform(low_rank) == model.transform(low_rank)).all()
    assert other.get_params() == model.get_params() and other.n_iter_ == model.n_iter_


def test_a_copy_goes_on_with_further_batches(low_rank):
    model = MiniBatchNMF(3, random_state=0).partial_fit(low_rank[:20])
    other = pickle.loads(pickle.dumps(model))
    for each in (model, other):
        each.partial_fit(low_rank[20:])
    assert (model.components_ == other.components_).all() and other.n_steps_ == 2


def test_a_clone_has_the_parameters_and_nothing_else(low_rank):
    model = fitted(low_rank, alpha_W=0.01, n_jobs=1)
    other = clone(model)
    assert other.get_params() == model.get_params() and not hasattr(other, "components_")


# Pipelines and searches


def test_topics_of_texts():
    texts = ["cats chase mice", "mice fear cats", "stocks and bonds fell", "bonds rose as stocks fell"] * 5
    pipeline = make_pipeline(TfidfVectorizer(), NMF(2, random_state=0, max_iter=2000, **KL))
    topic = pipeline.fit_transform(texts).argmax(axis=1)
    assert (topic[0::4] == topic[1::4]).all() and (topic[2::4] == topic[3::4]).all()
    assert (topic[0::4] != topic[2::4]).all()
    assert (pipeline.transform(["mice and cats", "stocks, bonds"]).argmax(axis=1) == topic[[0, 2]]).all()
    assert list(pipeline.get_feature_names_out()) == ["nmf0", "nmf1"]


def test_parts_of_columns_and_unions(low_rank):
    columns = ColumnTransformer([("left", NMF(2), slice(0, 10)), ("right", MinMaxScaler(), slice(10, 25))])
    assert columns.fit_transform(low_rank).shape == (40, 17)
    assert list(columns.get_feature_names_out()[:3]) == ["left__nmf0", "left__nmf1", "right__x10"]
    union = FeatureUnion([("small", NMF(2, max_iter=2000)), ("large", NMF(3, max_iter=2000))])
    found = union.fit_transform(low_rank)
    assert found.shape == (40, 5) and np.allclose(union.transform(low_rank), found, atol=1e-2)


@pytest.fixture
def counts(rng):
    """Counts around a matrix of rank 3, with as much noise as counts have."""
    return rng.poisson(4 * rng.gamma(1.0, 1.0, (150, 3)) @ rng.gamma(1.0, 1.0, (3, 30))).astype(float)


@pytest.mark.parametrize("params", [{}, KL])
def test_a_search_finds_the_rank(counts, params):
    ranks = [1, 2, 3, 4, 5, 8]
    search = GridSearchCV(NMF(random_state=0, max_iter=2000, **params), {"n_components": ranks}, cv=3).fit(counts)
    assert search.best_params_ == {"n_components": 3}
    assert (search.cv_results_["mean_test_score"] < 0).all()
    assert search.transform(counts).shape == (150, 3)


@pytest.mark.parametrize("params", [{}, KL])
def test_cross_validated_scores(counts, params):
    of = lambda rank: cross_val_score(NMF(rank, random_state=0, max_iter=2000, **params), counts, cv=3)
    assert of(3).shape == (3,) and (of(1) < of(3)).all() and (of(15) < of(3)).all()


def test_the_score_is_the_same_for_sparse_rows(low_rank):
    model = fitted(low_rank)
    assert model.score(sp.csr_array(low_rank)) == pytest.approx(model.score(low_rank), rel=1e-6)
    assert model.score(low_rank) == model.score(low_rank)


@pytest.fixture
def routed():
    with config_context(enable_metadata_routing=True):
        yield


def test_weights_are_routed_through_a_pipeline(low_rank, rng, routed):
    weight = rng.random(40)
    model = NMF(3, random_state=0, max_iter=2000).set_fit_request(sample_weight=True)
    pipeline = make_pipeline(MaxAbsScaler(), model).fit(low_rank, sample_weight=weight)
    alone = fitted(MaxAbsScaler().fit_transform(low_rank))
    fit = lambda X: NMF(3, random_state=0, max_iter=2000).fit(X, sample_weight=weight)
    weighted = fit(MaxAbsScaler().fit_transform(low_rank))
    assert (pipeline[-1].components_ == weighted.components_).all()
    assert not np.allclose(weighted.components_, alone.components_, rtol=1e-3)
    # In the middle of one, `fit_transform` is asked.
    first = make_pipeline(model, MinMaxScaler()).fit(low_rank, sample_weight=weight)
    assert (first[0].components_ == fit(low_rank).components_).all()
    columns = np.arange(1.0, 26.0)
    model = NMF(3, random_state=0, max_iter=2000).set_fit_request(feature_weight=True)
    assert make_pipeline(model).fit(low_rank, feature_weight=columns)[0]._feature_weight == columns.tolist()


def test_weights_are_routed_through_a_search(counts, rng, routed):
    weight = np.ones(len(counts))
    weight[::3] = 0
    model = NMF(random_state=0, max_iter=2000).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    folds = [(np.arange(100), np.arange(100, 150))]
    search = GridSearchCV(model, {"n_components": [2, 3]}, cv=folds).fit(counts, sample_weight=weight)
    by_hand = NMF(3, random_state=0, max_iter=2000).fit(counts[:100], sample_weight=weight[:100])
    expected = by_hand.score(counts[100:], sample_weight=weight[100:])
    assert search.cv_results_["mean_test_score"][1] == expected != by_hand.score(counts[100:])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_in_and_out(low_rank, library):
    frames = pytest.importorskip(library)
    names = [f"gene{j}" for j in range(25)]
    frame = frames.DataFrame(dict(zip(names, low_rank.T, strict=True)))
    if PCA().fit(frame).__dict__.get("feature_names_in_") is None:
        pytest.skip(f"this scikit-learn does not know the columns of {library} {frames.__version__}")
    model = NMF(3, random_state=0, max_iter=2000).set_output(transform=library)
    W = model.fit_transform(frame)
    assert isinstance(W, frames.DataFrame) and list(W.columns) == ["nmf0", "nmf1", "nmf2"]
    assert list(model.feature_names_in_) == names
    assert isinstance(model.transform(frame), frames.DataFrame)
    assert (model.components_ == fitted(low_rank).components_).all()
    assert model.inverse_transform(W.to_numpy()).shape == low_rank.shape


# Arrays


def _memmap(X):
    """Read-only, from a file."""
    file = tempfile.TemporaryFile()
    file.write(X.tobytes())
    file.flush()
    return np.memmap(file, dtype=X.dtype, mode="r", shape=X.shape)


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def _unaligned(X):
    raw = np.empty(X.nbytes + 1, dtype=np.uint8)
    shifted = raw[1:].view(X.dtype).reshape(X.shape)
    shifted[...] = X
    return shifted


SAME_NUMBERS = {
    "by columns": np.asfortranarray,
    "turned around": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "every second": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "big-endian": lambda X: X.astype(">f8"),
    "unaligned": _unaligned,
    "read-only": _read_only,
    "memory-mapped": _memmap,
    "lists": lambda X: X.tolist(),
    "objects": lambda X: X.astype(object),
    "pyarrow": lambda X: pytest.importorskip("pyarrow").table({f"x{j}": x for j, x in enumerate(X.T)}),
}


@pytest.mark.filterwarnings("ignore:X has feature names:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", SAME_NUMBERS)
@pytest.mark.parametrize("params", [{}, KL, {"solver": "mu", "beta_loss": 1.5}])
def test_memory_does_not_matter(low_rank, kind, params):
    one, other = fitted(low_rank, **params), fitted(SAME_NUMBERS[kind](low_rank), **params)
    assert np.allclose(one.components_, other.components_, rtol=1e-9, atol=1e-12)
    assert np.allclose(one.transform(SAME_NUMBERS[kind](low_rank)), one.transform(low_rank), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "becomes"),
    [
        ("float32", "float32"),
        ("float16", "float64"),
        (">f4", "float64"),
        ("int8", "float64"),
        ("uint64", "float64"),
        ("bool", "float64"),
    ],
)
def test_number_types(rng, dtype, becomes):
    X = rng.poisson(2.0, (40, 25)).astype(dtype)
    model = fitted(X)
    wide = fitted(X.astype(becomes))
    assert model.components_.dtype == model.transform(X).dtype == becomes
    assert (model.components_ == wide.components_).all()


@pytest.mark.parametrize("below", [np.nan, -1.0, 1e6])
def test_masked_entries_are_missing(low_rank, rng, below):
    holes = rng.random(low_rank.shape) < 0.2
    X = np.ma.array(np.where(holes, below, low_rank), mask=holes)
    before = X.data.copy()
    model = fitted(X)
    known = fitted(np.where(holes, np.nan, low_rank), missing="nan")
    assert np.allclose(model.components_, known.components_, rtol=1e-9, atol=1e-12)
    assert np.allclose(model.transform(X), known.transform(np.where(holes, np.nan, low_rank)), rtol=1e-9, atol=1e-12)
    assert np.array_equal(X.data, before, equal_nan=True) and (X.mask == holes).all()


# Sparse matrices

KINDS = [sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.csc_array, sp.coo_matrix, sp.coo_array, sp.lil_array]


def _plain(X):
    return X


def _stored_zeros(X):
    coo = X.tocoo()
    rows, cols = (places[::7] for places in np.nonzero(X.toarray() == 0))
    values = np.append(coo.data, np.zeros(len(rows)))
    with_zeros = sp.coo_array((values, (np.append(coo.row, rows), np.append(coo.col, cols))), shape=X.shape)
    assert with_zeros.nnz > X.nnz
    return type(X)(with_zeros)


def _unsorted(X):
    X = X.copy()
    for i in range(len(X.indptr) - 1):
        part = slice(X.indptr[i], X.indptr[i + 1])
        X.indices[part], X.data[part] = X.indices[part][::-1].copy(), X.data[part][::-1].copy()
    X.has_sorted_indices = False
    return X


def _duplicates(X):
    """Every entry as two that follow each other."""
    if X.format == "coo":
        places = np.repeat(X.row, 2), np.repeat(X.col, 2)
        return type(X)((np.repeat(X.data, 2) * np.tile([0.25, 0.75], X.nnz), places), shape=X.shape)
    made = type(X)(X.shape)
    made.indptr = (X.indptr * 2).astype(X.indptr.dtype)
    made.indices = np.repeat(X.indices, 2)
    made.data = np.repeat(X.data, 2) * np.tile([0.25, 0.75], X.nnz)
    made.has_canonical_format = False
    return made


def _wide(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _parts(X):
    names = ("row", "col", "data") if X.format == "coo" else ("indptr", "indices", "data")
    return [] if X.format == "lil" else [np.array(getattr(X, name)) for name in names]


STORED = [(kind, _plain) for kind in KINDS]
STORED += [(kind, change) for kind in KINDS[:6] for change in (_stored_zeros, _duplicates)]
STORED += [(kind, change) for kind in KINDS[:4] for change in (_unsorted, _wide)]


@pytest.mark.parametrize(("kind", "change"), STORED, ids=lambda part: part.__name__.strip("_"))
@pytest.mark.parametrize("params", [{"solver": "hals"}, {"solver": "scd", "beta_loss": "kullback-leibler"}])
def test_how_a_sparse_matrix_is_stored_does_not_matter(rng, kind, change, params):
    dense = rng.poisson(rng.gamma(0.5, 1.0, (40, 3)) @ rng.gamma(0.5, 1.0, (3, 25))).astype(float)
    X = change(kind(dense))
    before = _parts(X)
    W, H = rng.random((40, 3)), rng.random((3, 25))
    start = {"init": "custom", "max_iter": 5000, "tol": 1e-7}
    one = NMF(3, **start, **params).fit(dense, W=W, H=H)
    other = NMF(3, **start, **params).fit(X, W=W, H=H)
    assert other.reconstruction_err_ == pytest.approx(one.reconstruction_err_, rel=1e-6)
    assert np.allclose(one.transform(X), one.transform(dense), rtol=1e-5, atol=1e-7)
    assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(before, _parts(X), strict=True))


# Memory


@linux
def test_dense_memory_is_not_copied(tmp_path):
    """In a process of its own, whose highest memory is that of this fit alone."""
    script = """
import warnings
from pathlib import Path
import numpy as np
from partwise import NMF

warnings.simplefilter("ignore")

def highest():
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

NMF(2, max_iter=100).fit(np.ones((10, 10)))
X = np.empty((50_000, 500))
np.random.default_rng(0).random(out=X)
before = highest()
assert before >= X.nbytes
# With as many iterations the rows are solved once more at the end.
NMF(4, max_iter=100, tol=0.05, random_state=0).fit_transform(X)
NMF(4, max_iter=3, random_state=0, solver="auto", beta_loss="kullback-leibler").fit_transform(X)
NMF(4, max_iter=3, random_state=0).fit_transform(X.reshape(500, 50_000).T)
print((highest() - before) / X.nbytes)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    # Factors and scratch memory are a few hundredths of X.
    assert float(run.stdout) < 0.5


# Processes and threads


def components(X):
    return fitted(X, **KL).components_


@forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_after_a_fit_can_fit(low_rank):
    here = components(low_rank)
    child = os.fork()
    if child == 0:
        # Nothing of the parent's tests may go on here, whatever happens; a fit that hangs ends by the alarm.
        signal.alarm(60)
        same = False
        try:
            same = bool((components(low_rank) == here).all())
        finally:
            os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_that_are_forks(low_rank):
    here = components(low_rank)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(components, [low_rank] * 4).get(timeout=60)
    assert all((there == here).all() for there in found)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_of_joblib_find_the_same(low_rank, backend):
    here = components(low_rank)
    found = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(components)(low_rank) for _ in range(4))
    assert all((there == here).all() for there in found)


def test_a_search_by_several_processes(low_rank):
    one, two = (
        GridSearchCV(NMF(random_state=0, max_iter=2000), {"n_components": [2, 3]}, cv=3, n_jobs=n).fit(low_rank)
        for n in (1, 2)
    )
    assert (one.cv_results_["mean_test_score"] == two.cv_results_["mean_test_score"]).all()


def test_one_model_transforms_in_several_threads(low_rank):
    model = fitted(low_rank)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(model.transform, np.split(low_rank, 8)))
    assert (np.vstack(parts) == model.transform(low_rank)).all()


def engine_threads(n_jobs=None):
    """How many threads of the engine there were, at most, in this process during a fit."""
    most = 0

    def count(state):
        nonlocal most
        names = []
        for task in Path("/proc/self/task").iterdir():
            try:
                names.append((task / "comm").read_text())
            except OSError:
                pass  # It has ended in between.
        most = max(most, sum(name.startswith("partwise-") for name in names))

    X = np.random.default_rng(0).random((600, 400))
    NMF(20, tol=0, max_iter=30, callback=count, n_jobs=n_jobs).fit(X)
    return most


@linux
def test_the_engine_has_the_threads_it_was_given(monkeypatch):
    monkeypatch.delenv("PARTWISE_NUM_THREADS", raising=False)
    assert [engine_threads(n) for n in (1, 3)] == [1, 3]
    monkeypatch.setenv("PARTWISE_NUM_THREADS", "3")
    assert engine_threads() == 3
    assert engine_threads(1) == 1


@linux
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_share_the_processors(monkeypatch, backend):
    for name in ("PARTWISE_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    found = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(engine_threads)() for _ in range(2))
    if backend == "threading":
        # A thread for each of the two fits, which see each other's.
        assert max(found) <= 2
    else:
        assert max(found) <= max(1, joblib.cpu_count() // 2)


@pytest.mark.parametrize(
    ("n_jobs", "environment", "expected"),
    [
        (None, {}, 0),
        (-1, {}, 0),
        (1, {}, 1),
        (5, {}, 5),
        (np.int64(5), {}, 5),
        (None, {"OMP_NUM_THREADS": "3"}, 3),
        (None, {"OMP_NUM_THREADS": "3,2"}, 3),
        (None, {"OMP_NUM_THREADS": "many"}, 0),
        (None, {"OMP_NUM_THREADS": ""}, 0),
        (None, {"PARTWISE_NUM_THREADS": "2", "OMP_NUM_THREADS": "3"}, 2),
        (None, {"PARTWISE_NUM_THREADS": " "}, 0),
        (-1, {"PARTWISE_NUM_THREADS": "2", "OMP_NUM_THREADS": "3"}, 0),
        (4, {"PARTWISE_NUM_THREADS": "2", "OMP_NUM_THREADS": "3"}, 4),
        (-2, {}, max(1, joblib.cpu_count() - 1)),
        (-10_000, {}, 1),
    ],
)
def test_numbers_of_threads(monkeypatch, n_jobs, environment, expected):
    for name in ("PARTWISE_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert threads(n_jobs) == expected


@pytest.mark.parametrize(("n_jobs", "environment"), [(0, "2"), (None, "0"), (None, "-1"), (None, "two"), (None, "1.5")])
def test_numbers_of_threads_that_mean_nothing(monkeypatch, low_rank, n_jobs, environment):
    monkeypatch.setenv("PARTWISE_NUM_THREADS", environment)
    with pytest.raises(ValueError, match="n_jobs is 0" if n_jobs == 0 else "PARTWISE_NUM_THREADS"):
        NMF(3, n_jobs=n_jobs).fit(low_rank)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_threads_within_workers(monkeypatch, backend):
    for name in ("PARTWISE_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    processors = joblib.cpu_count()
    workers = joblib.Parallel(n_jobs=processors, backend=backend)
    if processors > 1:
        assert workers(joblib.delayed(threads)(None) for _ in range(2)) == [1, 1]
        assert workers(joblib.delayed(threads)(2) for _ in range(2)) == [2, 2]
    monkeypatch.setenv("PARTWISE_NUM_THREADS", "3")
    assert joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(threads)(None) for _ in range(2)) == [3, 3]
