"""Every example that a reader could type in or run: the pages, the README, the docstrings, the scripts."""

import code
import contextlib
import doctest
import functools
import importlib
import importlib.util
import io
import os
import pkgutil
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
import sklearn

import partwise

PACKAGE = Path(__file__).resolve().parents[1]
PAGES = {path.stem: path for path in sorted((PACKAGE.parent / "docs" / "python").glob("*.md"))}
PAGES["README"] = PACKAGE / "README.md"
EXAMPLES = sorted((PACKAGE / "examples").glob("*.py"))
PICTURES = importlib.util.find_spec("matplotlib") is not None

# What scikit-learn is said to do in differences.md is what this version does.
THEIR_VERSION = "1.9.1"

FENCE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
RUN = [name for name in PAGES if FENCE.search(PAGES[name].read_text(encoding="utf-8"))]


def type_in(source, names):
    """Line by line, as at Python's prompt, where a line ends an indented block only if it is empty."""

    def again(*_, **__):
        # In the place of showing it.
        raise sys.exc_info()[1]

    console = code.InteractiveConsole(names)
    console.showtraceback = console.showsyntaxerror = again
    before, sys.displayhook = sys.displayhook, lambda value: None
    try:
        for line in [*source.splitlines(), ""]:
            waits = console.push(line)
        assert not waits, source
    finally:
        sys.displayhook = before


class Page:
    """The fences of a page, run in order in one namespace, each once."""

    def __init__(self, path, folder):
        text = path.read_text(encoding="utf-8")
        self.path, self.folder = path, folder
        # What a newcomer types in may not warn; where scikit-learn is shown to be wrong, it may.
        self.is_typed = path.stem in ("guide", "selection", "README")
        self.on_warning = "error" if self.is_typed else "ignore"
        self.fences = [
            (match[1], match[2] or "", text[: match.start()].count("\n") + 1) for match in FENCE.finditer(text)
        ]
        self.names = {"__name__": "__main__"}
        self.outputs = []

    def output(self, which):
        while len(self.outputs) <= which:
            source, _, line = self.fences[len(self.outputs)]
            self.outputs.append(self._run(source, line))
        output = self.outputs[which]
        if isinstance(output, Exception):
            raise output
        return output

    def _run(self, source, line):
        if "import matplotlib" in source and not PICTURES:
            return ""
        before = os.getcwd()
        printed = io.StringIO()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                for category in (UserWarning, RuntimeWarning):
                    warnings.simplefilter(self.on_warning, category)
                if self.is_typed:
                    type_in(source, self.names)
                else:
                    # Errors are shown where they stand in the page.
                    exec(compile("\n" * line + source, str(self.path), "exec"), self.names)
        except Exception as error:
            return error
        finally:
            os.chdir(before)
        return printed.getvalue()


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    return functools.cache(lambda name: Page(PAGES[name], tmp_path_factory.mktemp(name)))


def _fences(name):
    return len(FENCE.findall(PAGES[name].read_text(encoding="utf-8")))


def test_the_pages_are_there():
    assert {"guide", "migration", "differences", "selection", "README"} <= set(RUN)
    assert _fences("guide") >= 10 and _fences("differences") >= 15


@pytest.mark.parametrize(("name", "which"), [(name, which) for name in RUN for which in range(_fences(name))])
def test_fences_print_what_the_page_shows(page, name, which):
    page = page(name)
    _, shown, _ = page.fences[which]
    theirs_is_other = name == "differences" and sklearn.__version__ != THEIR_VERSION
    try:
        printed = page.output(which)
    except Exception as error:
        if theirs_is_other:
            pytest.skip(f"with scikit-learn {sklearn.__version__} it raises {error!r}")
        raise
    if theirs_is_other:
        printed, shown = (
            [line for line in text.splitlines() if not line.startswith("scikit-learn")] for text in (printed, shown)
        )
    assert printed == shown


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    text = PAGES[name].read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, heading = target.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        there = (PAGES[name].parent / path).resolve() if path else PAGES[name]
        assert there.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}
            assert heading in anchors, target


# Docstrings.

MODULES = ["partwise"] + [
    f"partwise.{module.name}" for module in pkgutil.iter_modules(partwise.__path__) if module.name != "_core"
]


def _doctests(name):
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(name)) if test.examples]


def test_what_is_public_has_examples():
    documented = {test.name.rpartition(".")[2] for name in MODULES for test in _doctests(name)}
    assert set(partwise.__all__) - {"RankScan", "__version__", "load", "tl"} <= documented


@pytest.mark.parametrize("name", [name for name in MODULES if _doctests(name)])
def test_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in _doctests(name):
        runner.run(test, out=report.write)
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()


# Scripts. They run as they would for a user, but without a network.

OFFLINE = """
import runpy, socket, sys

def refuse(*_):
    raise OSError("examples run without a network")

socket.socket.connect = socket.getaddrinfo = refuse
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _example(name, folder, *arguments):
    """What an example prints. The picture has to be there, and to show something."""
    out = folder / "picture.png"
    command = [sys.executable, "-c", OFFLINE, PACKAGE / "examples" / f"{name}.py", *arguments]
    command += ["--out", out] if PICTURES else []
    run = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    if PICTURES:
        from matplotlib.image import imread

        assert imread(out)[..., :3].std() > 0.05
    return run.stdout


def test_examples_open_as_notebooks():
    assert [path.stem for path in EXAMPLES] == [
        "faces_decompositions",
        "missing_data",
        "single_cell",
        "topic_extraction",
    ]
    for path in EXAMPLES:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# %% [markdown]\n# # ")
        for cell in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
            # A cell of text has nothing else.
            if cell.startswith(" [markdown]"):
                assert all(line.startswith("#") or not line for line in cell.splitlines()[1:]), cell


def test_example_of_faces(tmp_path):
    printed = _example("faces_decompositions", tmp_path)
    lines = {line.split(":")[0].strip(): line for line in printed.splitlines() if ":" in line}
    assert "0 of 12 parts found" in lines["principal components"] and "0 of 12" in lines["k-means"]
    assert "12 of 12 parts found" in lines["NMF"] and "12 of 12 parts found" in lines["sparse NMF"]


def test_example_of_faces_with_a_file(tmp_path):
    np.save(tmp_path / "faces.npy", np.random.default_rng(0).random((60, 6 * 5)))
    printed = _example("faces_decompositions", tmp_path, "faces.npy", "--shape", "6x5", "--parts", "4")
    assert printed.startswith("60 faces of 6 x 5 pixels") and "found" not in printed


def test_example_of_topics(tmp_path):
    printed = _example("topic_extraction", tmp_path)
    shares = re.findall(r"of their largest topic: (\d+)%; with the commonest of all: (\d+)%", printed)
    assert len(shares) == 2
    for mine, commonest in shares:
        assert int(mine) > 1.5 * int(commonest)


def test_example_of_topics_with_a_file(tmp_path):
    rng = np.random.default_rng(0)
    halves = [["star", "planet", "orbit", "moon", "comet"], ["flour", "butter", "oven", "sugar", "dough"]]
    texts = [" ".join(rng.choice(halves[text % 2], 12)) for text in range(40)]
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    printed = _example("topic_extraction", tmp_path, "texts.txt", "--topics", "2")
    topics = [set(line.split()[2:]) for line in printed.splitlines() if re.match(r" *[01] +\d+%", line)]
    assert len(topics) == 4
    for words in topics:
        # Words of the other topic have no part in it, and may come after its own.
        assert set(halves[0]) <= words or set(halves[1]) <= words


def test_example_of_cells(tmp_path):
    printed = _example("single_cell", tmp_path)
    cosines = re.search(r"nearest one found: \[(.*)\]", printed)[1]
    assert len(cosines.split()) == 5 and min(map(float, cosines.split())) > 0.95
    programmes = re.findall(r"^kind \d: \d+% programme (\d)", printed, re.MULTILINE)
    assert len(set(programmes)) == 4


def test_example_of_cells_with_a_folder(tmp_path):
    rng = np.random.default_rng(0)
    counts = rng.poisson(3 * rng.gamma(0.3, 1.0, (50, 2)) @ rng.gamma(0.3, 1.0, (2, 30)))
    scipy.io.mmwrite(tmp_path / "matrix.mtx", sp.coo_array(counts.T))
    (tmp_path / "genes.tsv").write_text("".join(f"ID{gene}\tGENE{gene}\n" for gene in range(30)), encoding="utf-8")
    printed = _example("single_cell", tmp_path, ".", "--programmes", "2")
    assert printed.startswith("50 cells, 30 genes") and "GENE" in printed


def test_example_of_missing_data(tmp_path):
    printed = _example("missing_data", tmp_path)
    means = float(re.search(r"of user and film: ([\d.]+)", printed)[1])
    best = float(re.search(r"^best: .* off by ([\d.]+)", printed, re.MULTILINE)[1])
    zeros = float(re.search(r"taken for zero: off by ([\d.]+)", printed)[1])
    assert best < 0.9 * means < 0.5 * zeros


def test_example_of_missing_data_with_a_file(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{user}\t{film}\t{rng.integers(1, 6)}\t0\n" for user in range(30) for film in rng.choice(20, 8, False)]
    (tmp_path / "u.data").write_text("".join(rows), encoding="utf-8")
    assert _example("missing_data", tmp_path, "u.data").startswith("30 users, 20 films, 240 ratings: 40.0% of all")
