//! Tests, checks and documents.

use crate::shell::{Done, cargo, command, finish, has, root, run, say};
use std::path::Path;

/// Every test. With cargo-nextest if it is there, which runs them side by side and ends with a summary.
pub(crate) fn test() -> Done {
    let cargo = cargo();
    // Examples first, so that the last lines are the summary of the tests.
    run(&cargo, &["test", "--workspace", "--all-features", "--doc", "--quiet"])?;
    crate::python::test_if_there("python3")?;
    if has(&cargo, &["nextest", "--version"]) {
        run(&cargo, &["nextest", "run", "--workspace", "--all-features"])
    } else {
        say("cargo-nextest is not installed: cargo test does it, more slowly\n");
        run(&cargo, &["test", "--workspace", "--all-features", "--all-targets", "--quiet"])
    }
}

/// Everything that is not a test.
pub(crate) fn check() -> Done {
    let cargo = cargo();
    run(&cargo, &["fmt", "--all", "--check"])?;
    run(&cargo, &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    let mut doc = command(&cargo, &["doc", "--workspace", "--all-features", "--no-deps", "--quiet"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    finish(doc)?;
    long_files(&root())?;
    if has(&cargo, &["deny", "--version"]) {
        // Advisories need the network, and CI asks for them on their own.
        run(&cargo, &["deny", "--all-features", "check", "bans", "licenses", "sources"])
    } else {
        Err("cargo-deny is not installed: cargo install cargo-deny --locked".into())
    }
}

/// The unsafe code of the kernels, on the plain code path: Miri knows few vector instructions.
pub(crate) fn miri() -> Done {
    let mut miri =
        command("cargo", &["+nightly", "miri", "test", "-p", "partwise", "--lib", "kernels::vector"]);
    miri.env("PARTWISE_SIMD", "portable").env("MIRIFLAGS", "-Zmiri-disable-isolation");
    finish(miri)
}

/// Writes what a benchmark binary prints into a document; a failure leaves the document as it was.
pub(crate) fn document(binary: &str, arguments: &[&str], path: &str) -> Done {
    let mut all = vec!["run", "--release", "-p", "partwise-benches", "--bin", binary, "--"];
    all.extend(arguments);
    let output = command(&cargo(), &all).stderr(std::process::Stdio::inherit()).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        say(&String::from_utf8_lossy(&output.stdout));
        return Err(format!("{binary}: {}; {path} is as it was", output.status));
    }
    let path = root().join(path);
    std::fs::write(&path, output.stdout).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints docs/applications.md.
pub(crate) fn applications(data: &str, python: &str) -> Done {
    document("applications", &["--data", data, "--python", python], "docs/applications.md")
}

/// Prints docs/scikit-learn.md, with a program that is no older than the sources.
pub(crate) fn compare(data: &str, python: &str, repeats: &str) -> Done {
    run(&cargo(), &["build", "--release", "-p", "partwise-cli"])?;
    let arguments = ["--data", data, "--python", python, "--repeats", repeats];
    document("compare", &arguments, "docs/scikit-learn.md")
}

/// Runs cells of the benchmark with these options, and prints docs/benchmarks.md.
pub(crate) fn bench(data: &str, python: &str, options: &[&str]) -> Done {
    let cargo = cargo();
    run(&cargo, &["build", "--release", "-p", "partwise-cli"])?;
    let mut all = vec!["run", "--release", "-p", "partwise-benches", "--bin", "race", "--", "run"];
    all.extend(["--data", data, "--python", python]);
    all.extend(options);
    run(&cargo, &all)?;
    print_bench(python)
}

/// Prints docs/benchmarks.md from what was run.
pub(crate) fn print_bench(python: &str) -> Done {
    document("race", &["print", "--python", python], "docs/benchmarks.md")
}

/// A file that grows beyond this has more than one job.
const LONGEST: usize = 620;

fn long_files(root: &Path) -> Done {
    let mut folders = vec![root.join("crates"), root.join("xtask"), root.join("benches")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let lines = std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
                if lines > LONGEST {
                    return Err(format!("{} has {lines} lines; split it", path.display()));
                }
            }
        }
    }
    Ok(())
}
