//! The Python package: its wheel, and its tests in an environment that has nothing else.

use crate::shell::{Done, has, pip, root, run, say, text};
use std::path::Path;

/// What the tests need beside the wheel.
const NEEDED: &[&str] = &[
    "maturin>=1.7,<2",
    "anndata",
    "cloudpickle",
    "matplotlib",
    "mypy",
    "pandas",
    "polars",
    "pyarrow",
    "pyright",
    "pytest",
    "scikit-learn>=1.6",
];

/// What Python has to be able to do.
const ABLE: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";

/// The same where there is such an interpreter; says so where there is not.
pub(crate) fn test_if_there(python: &str) -> Done {
    if has(python, &["-c", ABLE]) {
        return test(python);
    }
    say("the Python package is not tested: there is no Python 3.10 or newer that makes environments\n");
    Ok(())
}

/// Builds the wheel and tests it, with this interpreter.
pub(crate) fn test(python: &str) -> Done {
    let target = root().join("target");
    let (environment, wheels) = (target.join("python"), target.join("wheels"));
    self::environment(python, &environment, true)?;
    let inside = environment.join("bin/python");
    let inside = text(&inside)?;
    pip(inside, NEEDED)?;
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels).map_err(|error| format!("{}: {error}", wheels.display()))?;
    }
    let manifest = root().join("python/Cargo.toml");
    let build = ["-m", "maturin", "build", "--release", "--quiet", "--manifest-path", text(&manifest)?];
    run(inside, &[&build[..], &["--out", text(&wheels)?]].concat())?;
    let built = std::fs::read_dir(&wheels).map_err(|error| format!("{}: {error}", wheels.display()))?;
    let wheel = built.flatten().map(|entry| entry.path()).next().ok_or("maturin has made no wheel")?;
    pip(inside, &["--no-deps", text(&wheel)?])?;
    run(inside, &["-m", "pytest", "--quiet", text(&root().join("python/tests"))?])
}

/// An environment of this interpreter; with `clear`, one that has nothing of an earlier one.
pub(crate) fn environment(python: &str, folder: &Path, clear: bool) -> Done {
    let options: &[&str] = if clear { &["--clear"] } else { &[] };
    run(python, &[&["-m", "venv"], options, &[text(folder)?]].concat())
        .map_err(|error| format!("{error}; on Debian, a Python without venv wants the package python3-venv"))
}
