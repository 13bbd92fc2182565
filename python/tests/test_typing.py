"""The types as users' checkers see them, and whether they are those of the code."""

import pathlib
import shutil
import subprocess
import sys

import pytest

import partwise

HERE = pathlib.Path(__file__).parent
CHECKERS = [("mypy", "--strict"), ("pyright", "--pythonpath", sys.executable)]


def run(*words, folder):
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def needed(checker):
    pytest.importorskip(checker)
    if checker == "pyright":
        try:
            subprocess.run([sys.executable, "-m", "pyright", "--version"], capture_output=True, check=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("pyright could not fetch the JavaScript engine that it runs in")


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_program_passes(checker, tmp_path):
    needed(checker[0])
    # Away from the sources, so that it is the installed package that is looked at.
    sample = tmp_path / "sample.py"
    sample.write_text((HERE / "typing_sample.py").read_text())
    run(*checker, str(sample), folder=tmp_path)


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_types_go_together(checker, tmp_path):
    needed(checker[0])
    # The types alone: what they are types of has none in itself.
    (tmp_path / "partwise").mkdir()
    for file in pathlib.Path(partwise.__file__).parent.glob("*"):
        if file.suffix == ".pyi" or file.name == "py.typed":
            shutil.copy(file, tmp_path / "partwise")
    run(*checker, "partwise", folder=tmp_path)


def test_the_types_are_those_of_the_code(tmp_path):
    needed("mypy")
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nignore_missing_imports = True\n")
    run("mypy.stubtest", "partwise", "--mypy-config-file", str(settings), folder=tmp_path)
