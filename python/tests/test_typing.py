"""The types as users' checkers see them, and whether they are those of the code."""

import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent


def run(*words, folder):
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("checker", [("mypy", "--strict"), ("pyright", "--pythonpath", sys.executable)])
def test_a_program_passes(checker, tmp_path):
    pytest.importorskip(checker[0])
    # Away from the sources, so that it is the installed package that is looked at.
    sample = tmp_path / "sample.py"
    sample.write_text((HERE / "typing_sample.py").read_text())
    if checker[0] == "pyright":
        try:
            subprocess.run([sys.executable, "-m", "pyright", "--version"], capture_output=True, check=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("pyright could not fetch the JavaScript engine that it runs in")
    run(*checker, str(sample), folder=tmp_path)


def test_the_types_are_those_of_the_code(tmp_path):
    pytest.importorskip("mypy")
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nignore_missing_imports = True\n")
    allowed = tmp_path / "allowed.txt"
    # Modules without types of their own are private; what scikit-learn's base classes give has none.
    allowed.write_text("partwise\\._(arrays|checks|parameters|sums|threads).*\npartwise\\._core\\..*\n")
    run(
        *("mypy.stubtest", "partwise", "--mypy-config-file", str(settings), "--allowlist", str(allowed)),
        *("--ignore-missing-stub", "--ignore-unused-allowlist", "--ignore-disjoint-bases"),
        folder=tmp_path,
    )
