//! The chores of the project, the same for a person and for CI: `cargo xtask help`. Nothing but Rust is needed to build
//! this; what a chore needs beyond that, it says.

mod chores;
mod fuzz;
mod instructions;
mod page;
mod python;
mod shell;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test                 every test: units, invariants, commands, examples in the documentation
cargo xtask python [PYTHON]      the Python package alone: builds the wheel and tests it in an environment of its own
cargo xtask page [PYTHON]        the page of the reports in a browser (needs Chromium), tested in an environment of its own
cargo xtask check                format, clippy, documentation, licences: no warning is let through
cargo xtask fuzz [SECONDS]       fuzz every reader for so long (20); needs a C++ compiler
cargo xtask miri                 the kernels' unsafe code under Miri; needs a nightly toolchain with miri
cargo xtask guarantees           docs/guarantees.md: scale and determinism, measured
cargo xtask roofline [N]         docs/roofline.md: kernels beside what the processor can do; N runs each (5)
cargo xtask ranks DATA           docs/ranks.md: what is recommended for data whose rank is known
cargo xtask reproductions DATA   docs/reproductions.md: published results, reproduced from the data sets in DATA
cargo xtask applications DATA [PYTHON]  docs/applications.md: missing entries, weights, penalties and constraints on real
                                 data in DATA; beside scikit-surprise, where PYTHON (python3) has it
cargo xtask bench DATA PYTHON [--only CELL] [--starts N] [--cell-limit S] [--peer-limit S]
                                 docs/benchmarks.md: beside other programs from the same N starts (10), on the data sets in
                                 DATA; PYTHON has scikit-learn, and torchnmf, matplotlib and RcppML are used where they are
cargo xtask bench print [PYTHON] docs/benchmarks.md, from what was run before
cargo xtask compare DATA PYTHON [N]  docs/scikit-learn.md: beside scikit-learn, run by PYTHON, on the data sets in DATA;
                                 each side N times (3)
cargo xtask instructions [--accept]  instructions of kernels and of small fits, counted by valgrind, beside those in
                                 benches/instructions.txt; --accept writes them there
cargo xtask golden PYTHON        testdata/golden: values of scikit-learn, run by PYTHON
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => chores::test(),
        ["python"] => python::test("python3"),
        ["python", python] => python::test(python),
        ["page"] => page::test("python3"),
        ["page", python] => page::test(python),
        ["check"] => chores::check(),
        ["fuzz"] => fuzz::run(20),
        ["fuzz", seconds] => match seconds.parse() {
            Ok(seconds) => fuzz::run(seconds),
            Err(_) => Err(format!("'{seconds}' is not a number of seconds")),
        },
        ["miri"] => chores::miri(),
        ["guarantees"] => chores::document("guarantees", &[], "docs/guarantees.md"),
        ["roofline"] => chores::document("roofline", &["--repeats", "5"], "docs/roofline.md"),
        ["roofline", repeats] => chores::document("roofline", &["--repeats", repeats], "docs/roofline.md"),
        ["reproductions", data] => {
            chores::document("reproductions", &["--data", data], "docs/reproductions.md")
        }
        ["ranks", data] => chores::document("ranks", &["--data", data], "docs/ranks.md"),
        ["applications", data] => chores::applications(data, "python3"),
        ["applications", data, python] => chores::applications(data, python),
        ["bench", "print"] => chores::print_bench("python3"),
        ["bench", "print", python] => chores::print_bench(python),
        ["bench", data, python, options @ ..] => chores::bench(data, python, options),
        ["compare", data, python] => chores::compare(data, python, "3"),
        ["compare", data, python, repeats] => chores::compare(data, python, repeats),
        ["instructions"] => instructions::instructions(false),
        ["instructions", "--accept"] => instructions::instructions(true),
        ["golden", python] => shell::run(python, &["benches/peers/golden_scikit_learn.py"]),
        [] | ["help"] => {
            shell::say(HELP);
            Ok(())
        }
        _ => Err(format!("there is no such chore\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            shell::say(&format!("xtask: {problem}\n"));
            ExitCode::FAILURE
        }
    }
}
