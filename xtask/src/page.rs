//! The page of the reports, in a browser without a window.

use crate::shell::{Done, command, finish, has, pip, root, say, text};

/// What the tests import. Playwright brings no browser with it: they drive the Chromium that is there.
const NEEDED: &[&str] = &["numpy", "playwright", "pytest"];

/// Where Chromium is looked for, as in `conftest.py`.
const NAMES: [&str; 2] = ["chromium", "chromium-browser"];

const NOT_RUN: &str = "\
the browser tests of the report's page were NOT run: there is no Chromium. On Debian it is the package chromium; elsewhere,
CHROMIUM names its file
";

/// Tests the page with an environment of this interpreter; says so where there is no browser to do it in.
pub(crate) fn test(python: &str) -> Done {
    let there = |name: &str| has(name, &["--version"]);
    match std::env::var("CHROMIUM").ok().filter(|path| !path.is_empty()) {
        Some(path) if there(&path) => {}
        Some(path) => return Err(format!("CHROMIUM={path} does not run; name a Chromium, or leave it out")),
        None if NAMES.into_iter().any(there) => {}
        None => {
            say(NOT_RUN);
            return Ok(());
        }
    }
    let environment = root().join("target/page");
    crate::python::environment(python, &environment, false)?;
    let inside = environment.join("bin/python");
    let inside = text(&inside)?;
    pip(inside, NEEDED)?;
    let mut tests = command(inside, &["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]);
    tests.current_dir(root().join("crates/partwise-report/page")).env("PYTHONDONTWRITEBYTECODE", "1");
    finish(tests)
}
