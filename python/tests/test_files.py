"""Models in folders: what comes back, what the program makes of it, and what is refused."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
import scipy.sparse as sp

import partwise
from partwise import NMF, MiniBatchNMF

ROOT = pathlib.Path(__file__).parents[2]
SCHEMA = ROOT / "docs/run.schema.json"
PROGRAM = ROOT / "target/release/partwise"


def is_built():
    """Whether the program is there, and of these sources: an older one may have other digits."""
    if not PROGRAM.exists():
        return False
    return PROGRAM.stat().st_mtime >= max(file.stat().st_mtime for file in ROOT.glob("crates/*/src/**/*.rs"))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "mu", "beta_loss": "kullback-leibler"},
        {"beta_loss": 1.5, "solver": "auto", "alpha_W": 0.01},
        {"normalize": "l1", "penalties": ["l1:w:0.05"]},
        {"options": {"simplex_w": "exact"}},
        {"missing": "nan"},
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_was_saved_comes_back(low_rank, tmp_path, params, dtype):
    X = low_rank.astype(dtype)
    model = NMF(3, random_state=0, max_iter=300, **params)
    W = model.fit_transform(X)
    model.save(tmp_path / "model", W)
    again = partwise.load(tmp_path / "model")
    assert type(again) is NMF and again.get_params() == model.get_params()
    assert again.components_.dtype == dtype
    assert (again.transform(X) == model.transform(X)).all()
    assert (np.load(tmp_path / "model/W.npy") == W).all()
    for name in ("reconstruction_err_", "n_iter_", "status_", "reason_", "notes_", "n_features_in_"):
        assert getattr(again, name) == getattr(model, name)
    for name in ("loss_history_", "explained_variance_ratio_"):
        assert np.allclose(getattr(again, name), getattr(model, name))
    # And once more.
    again.save(tmp_path / "copy")
    assert (partwise.load(tmp_path / "copy").components_ == model.components_).all()
    assert not (tmp_path / "copy/W.npy").exists()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", [{}, {"beta_loss": 1.5, "solver": "mu"}, {"beta_loss": "kl", "solver": "auto"}])
@pytest.mark.parametrize("normalize", [None, "l1"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_a_loaded_model_is_the_one_that_was_saved(rng, tmp_path, loss, normalize, kind):
    """To the bit, where many W have nearly the same loss, and where H has been scaled after the fit."""
    X = kind(rng.poisson(rng.gamma(0.3, 2.0, (200, 30))).astype(float))
    model = NMF(16, random_state=0, normalize=normalize, **loss).fit(X)
    model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    assert (again.transform(X) == model.transform(X)).all() and again.score(X) == model.score(X)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MiniBatchNMF(3, beta_loss=np.float64(1.0), batch_size=np.int64(10), max_iter=np.int64(5)),
        lambda: NMF(np.int64(4), alpha_W=np.float64(0.001), tol=np.float32(1e-3), random_state=np.int64(3)),
        lambda: NMF(3, max_iter=np.int64(50), options={"max_w": np.float32(3), "inner": np.int64(3)}),
        lambda: NMF(3, shuffle=np.bool_(True), solver="hals", penalties=[np.str_("l1:w:0.01")]),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_numbers_of_numpy_are_numbers(low_rank, tmp_path, make):
    model = make().fit(low_rank)
    model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    assert again.get_params() == model.get_params()
    assert (again.transform(low_rank) == model.transform(low_rank)).all()


def test_penalties_without_a_matrix_come_back(low_rank, tmp_path):
    penalties = ["l1:w:0.01", ("graph:h:0.1", np.ones((25, 25)) - np.eye(25)), "smooth:h:0.1"]
    model = NMF(3, random_state=0, max_iter=2000, penalties=penalties).fit(low_rank)
    with pytest.warns(UserWarning, match="no place for the matrices of 'graph:h:0.1'"):
        model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    assert again.penalties == ["l1:w:0.01", "smooth:h:0.1"]
    assert (again.transform(low_rank) == model.transform(low_rank)).all()


def test_weights_of_columns_come_back(low_rank, tmp_path, rng):
    model = NMF(3, random_state=0, max_iter=2000).fit(low_rank, feature_weight=rng.random(25))
    model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    assert (again.transform(low_rank) == model.transform(low_rank)).all()
    assert again.score(low_rank) == model.score(low_rank)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_models_of_numbers_far_from_one_come_back(low_rank, tmp_path, scale):
    model = NMF(3, random_state=0, max_iter=2000).fit(scale * low_rank)
    model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    assert again.reconstruction_err_ == model.reconstruction_err_ > 0
    assert (again.transform(scale * low_rank) == model.transform(scale * low_rank)).all()
    assert "Infinity" not in (tmp_path / "model/run.json").read_text()


def test_names_that_no_file_can_hold_are_refused(low_rank, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(low_rank, columns=[f"gene {j}" for j in range(24)] + ["half \ud800"])
    model = NMF(3, max_iter=2000).fit(frame)
    with pytest.raises(ValueError, match=r"name 'half \\ud800' among those of the columns of X has a surrogate"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_folder_that_one_stands_in_is_refused(low_rank, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = NMF(3, max_iter=2000).fit(low_rank)
    for folder in (".", tmp_path, tmp_path / "x/.."):
        for overwrite in (False, True):
            with pytest.raises(ValueError, match="in which this program runs"):
                model.save(folder, overwrite=overwrite)
    model.save("model")
    monkeypatch.chdir(tmp_path / "model")
    with pytest.raises(ValueError, match="in which this program runs"):
        model.save(tmp_path / "model", overwrite=True)
    assert pathlib.Path("run.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="there a folder that someone stands in stays")
def test_saving_goes_on_where_the_folder_one_stood_in_has_gone(low_rank, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    NMF(3, max_iter=2000).fit(low_rank).save(tmp_path / "model")
    assert partwise.load(tmp_path / "model").n_components_ == 3


def test_what_is_no_model_is_not_overwritten(low_rank, tmp_path):
    model = NMF(3, max_iter=2000).fit(low_rank)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.png").write_text("cat")
    with pytest.raises(FileExistsError, match="it is no model"):
        model.save(tmp_path / "photos", overwrite=True)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.png"]
    (tmp_path / "empty").mkdir()
    model.save(tmp_path / "empty", overwrite=True)
    # What a write that failed half-way has left.
    (tmp_path / "empty/run.json").unlink()
    model.save(tmp_path / "empty", overwrite=True)
    assert partwise.load(tmp_path / "empty").n_components_ == 3


def test_names_come_back(low_rank, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(low_rank, columns=[f"gene {j}" for j in range(25)], index=[f"cell {i}" for i in range(40)])
    model = NMF(3, random_state=0, max_iter=300).set_output(transform="pandas")
    W = model.fit_transform(frame)
    model.save(tmp_path / "model", W)
    assert json.loads((tmp_path / "model/names.json").read_text())["rows"][7] == "cell 7"
    again = partwise.load(tmp_path / "model")
    assert list(again.feature_names_in_) == list(frame.columns)
    assert (again.transform(frame) == model.transform(frame).to_numpy()).all()
    with pytest.raises(ValueError, match="feature names"):
        again.transform(frame[frame.columns[::-1]])


def test_batches_and_given_parts_come_back(low_rank, tmp_path):
    model = MiniBatchNMF(3, random_state=0, batch_size=10, max_iter=20).fit(low_rank)
    model.save(tmp_path / "model")
    again = partwise.load(tmp_path / "model")
    assert type(again) is MiniBatchNMF and again.n_steps_ == model.n_steps_
    assert (again.transform(low_rank) == model.transform(low_rank)).all()
    assert again.partial_fit(low_rank).n_steps_ == model.n_steps_ + 1


@pytest.mark.parametrize("make", [lambda: NMF(3, max_iter=300), lambda: MiniBatchNMF(3, batch_size=10, max_iter=20)])
def test_the_record_is_of_the_schema(low_rank, tmp_path, make):
    make().fit(low_rank).save(tmp_path / "model")
    record, schema = json.loads((tmp_path / "model/run.json").read_text()), json.loads(SCHEMA.read_text())
    assert set(schema["required"]) <= set(record)
    for name, part in schema["properties"].items():
        if part.get("type") == "object" and name in record:
            assert set(part["required"]) <= set(record[name]), name


def test_nothing_is_replaced_unasked(low_rank, tmp_path):
    model = NMF(3, max_iter=300).fit(low_rank)
    model.save(tmp_path / "model")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save(tmp_path / "model")
    (tmp_path / "model/mine.txt").write_text("mine")
    NMF(2, max_iter=300).fit(low_rank).save(tmp_path / "model", overwrite=True)
    assert partwise.load(tmp_path / "model").n_components_ == 2
    assert (tmp_path / "model/mine.txt").read_text() == "mine"
    with pytest.raises(FileNotFoundError):
        partwise.load(tmp_path / "nothing")
    with pytest.raises(OSError, match="no folder"):
        model.save(tmp_path / "a/b/c")
    with pytest.raises(ValueError, match="3 components"):
        model.save(tmp_path / "other", W=np.ones((40, 2)))
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: record["files"].update(h="../H.npy"), "not a file name"),
        (lambda record: record.update(schema_version=99), "schema_version is 99"),
        (lambda record: record["options"].update(rank=5), "mixture"),
        (lambda record: record.pop("options"), "options"),
    ],
)
def test_damaged_folders_are_refused(low_rank, tmp_path, change, words):
    NMF(3, max_iter=300).fit(low_rank).save(tmp_path / "model")
    path = tmp_path / "model/run.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=words):
        partwise.load(tmp_path / "model")


@pytest.mark.skipif(not is_built(), reason="the program is not built from these sources: cargo build --release")
@pytest.mark.parametrize("params", [{}, {"solver": "auto", "beta_loss": "kl"}, {"alpha_W": 0.01, "normalize": "l1"}])
def test_the_program_reads_and_writes_the_same(low_rank, tmp_path, params):
    np.save(tmp_path / "x.npy", low_rank)
    model = NMF(3, random_state=0, max_iter=2000, **params).fit(low_rank)
    model.save(tmp_path / "model")
    run = lambda *words: subprocess.run([PROGRAM, *words], cwd=tmp_path, check=True, capture_output=True, text=True)
    run("transform", "model", "x.npy", "--out", "model.npy")
    assert (np.load(tmp_path / "model.npy") == model.transform(low_rank)).all()
    for form in ("npy", "csv"):
        asked = ("--penalty", "smooth:h:0.01", "--l1-w", "0.1", "--max-h", "50")
        run("fit", "x.npy", "--rank", "4", "--out", f"fit-{form}", "--format", form, *asked)
        theirs = partwise.load(tmp_path / f"fit-{form}")
        run("transform", f"fit-{form}", "x.npy", "--out", f"{form}.npy")
        assert theirs.n_components == 4 and theirs.penalties == ["l1:w:=0.1", "smooth:h:0.01"]
        assert theirs.options == {"max_h": 50.0}
        assert (np.load(tmp_path / f"{form}.npy") == theirs.transform(low_rank)).all()
        # What it was asked came along: a new fit minimises the same objective, most of which is penalties.
        before = theirs.loss_history_[-1, 1]
        assert theirs.fit(low_rank).loss_history_[-1, 1] == pytest.approx(before, rel=1e-3)
