//! The fuzz targets of `fuzz/`, on the stable toolchain: coverage comes from LLVM's own instrumentation, and libFuzzer is
//! built by its crate with a C++ compiler.

use crate::shell::{Done, cargo, command, finish, has, root};

const TARGETS: [&str; 6] = ["npy", "npz", "mtx", "csv", "triplets", "read_any"];

const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// Runs every target for so many seconds.
pub(crate) fn run(seconds: u64) -> Done {
    if !has("c++", &["--version"]) {
        return Err("libFuzzer needs a C++ compiler: install g++ or clang++".into());
    }
    let host = host()?;
    let fuzz = root().join("fuzz");
    let mut build = command(&cargo(), &["build", "--release", "--target", &host]);
    // With --target, the flags stay away from build scripts.
    build.current_dir(&fuzz).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", "target");
    finish(build)?;
    for target in TARGETS {
        for folder in ["corpus", "artifacts"] {
            let folder = fuzz.join(folder).join(if folder == "corpus" { target } else { "" });
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let program = fuzz.join("target").join(&host).join("release").join(target);
        let mut run = command(
            &program.to_string_lossy(),
            &[
                &format!("-max_total_time={seconds}"),
                "-rss_limit_mb=1024",
                "-malloc_limit_mb=256",
                "-timeout=10",
                "-max_len=8192",
                "-print_final_stats=1",
                &format!("-artifact_prefix=artifacts/{target}-"),
                &format!("corpus/{target}"),
                &format!("seeds/{target}"),
            ],
        );
        run.current_dir(&fuzz);
        let quiet = run.output().map_err(|error| format!("{target}: {error}"))?;
        let said = String::from_utf8_lossy(&quiet.stderr);
        if !quiet.status.success() {
            crate::shell::say(&said);
            return Err(format!("{target}: {}; the input is in fuzz/artifacts", quiet.status));
        }
        let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let runs = runs.map_or("no", str::trim);
        crate::shell::say(&format!("fuzz {target}: {runs} inputs in {seconds} s, no failure\n"));
    }
    Ok(())
}

/// The target triple of this machine.
fn host() -> Result<String, String> {
    let output = command("rustc", &["-vV"]).output().map_err(|error| format!("rustc: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_string).ok_or_else(|| "rustc -vV names no host".into())
}
