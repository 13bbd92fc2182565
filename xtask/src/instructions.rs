//! How many instructions kernels and fits take, counted by callgrind and compared with a file.
//!
//! A count is of one round: what three rounds take less what one takes, halved, so that making the data is left out. Whatever
//! else it depends on is pinned: one thread, seeds, AVX2 (valgrind knows no AVX-512). It still depends on the compiler,
//! so that CI does not ask for it.

use crate::shell::{Done, cargo, command, has, root, run, say};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

/// The file with the counts.
const FILE: &str = "benches/instructions.txt";
/// Percent by which a count may be off.
const TOLERANCE: f64 = 3.0;
const ROUNDS: [u64; 2] = [1, 3];
const INSTALL: &str =
    "valgrind is not installed: apt-get install valgrind, dnf install valgrind, or https://valgrind.org";

/// Counts, and compares with the file; or writes the file.
pub(crate) fn instructions(accept: bool) -> Done {
    if !has("valgrind", &["--version"]) {
        return Err(INSTALL.into());
    }
    run(&cargo(), &["build", "--release", "-p", "partwise-benches", "--bin", "instructions"])?;
    let program = program()?;
    let mut found = Vec::new();
    for name in output(&program, &["list"])?.lines() {
        let [few, many] = ROUNDS.map(|rounds| count(&program, name, rounds));
        let once = many?.saturating_sub(few?) / (ROUNDS[1] - ROUNDS[0]);
        say(&format!("{name}: {once}\n"));
        found.push((name.to_string(), once));
    }
    let path = root().join(FILE);
    if accept {
        return std::fs::write(&path, written(&compiler(), &found)).map_err(|e| format!("{FILE}: {e}"));
    }
    let known =
        std::fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}; --accept writes it"))?;
    let (table, off) = compare(&read(&known)?, &found);
    say(&table);
    if off.is_empty() {
        return Ok(());
    }
    let was = known.lines().find_map(|line| line.strip_prefix("# rustc ")).unwrap_or("unknown");
    Err(format!(
        "off by more than {TOLERANCE}%: {}\nIf that is meant, cargo xtask instructions --accept; counts were made with rustc {was}, and this is rustc {}",
        off.join(", "),
        compiler()
    ))
}

/// Where cargo puts it.
fn program() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let program = root().join(target).join("release/instructions");
    if program.exists() { Ok(program) } else { Err(format!("{} is not there", program.display())) }
}

fn compiler() -> String {
    let version = command("rustc", &["--version"]).output().ok();
    let text = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().nth(1).unwrap_or("unknown").to_string()
}

fn output(program: &std::path::Path, arguments: &[&str]) -> Result<String, String> {
    let output =
        command(&program.to_string_lossy(), arguments).output().map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Instructions of a run of so many rounds.
fn count(program: &std::path::Path, name: &str, rounds: u64) -> Result<u64, String> {
    let program = program.to_string_lossy();
    let rounds = rounds.to_string();
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null", &program, name, &rounds];
    let mut callgrind = command("valgrind", &arguments);
    callgrind.env("PARTWISE_SIMD", "avx2").env("RAYON_NUM_THREADS", "1").stdout(Stdio::null());
    let output = callgrind.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = collected(&said).filter(|_| output.status.success());
    collected.ok_or_else(|| format!("{name} under valgrind: {}\n{said}", output.status))
}

/// The total in what callgrind says at its end.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.split_whitespace().next()?.parse().ok()
}

fn written(compiler: &str, counts: &[(String, u64)]) -> String {
    let mut text = format!(
        "# Instructions of one round, written by cargo xtask instructions --accept: x86-64 with AVX2, one thread.\n# rustc {compiler}\n"
    );
    for (name, count) in counts {
        text.push_str(&format!("{name} {count}\n"));
    }
    text
}

fn read(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let counts = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let pair = |line: &str| -> Option<(String, u64)> {
        let (name, count) = line.split_once(' ')?;
        Some((name.to_string(), count.trim().parse().ok()?))
    };
    counts.map(|line| pair(line).ok_or_else(|| format!("{FILE}: '{line}' is no name with a count"))).collect()
}

/// A table, and the names of what is off, new or gone.
fn compare(known: &BTreeMap<String, u64>, found: &[(String, u64)]) -> (String, Vec<String>) {
    let mut table = format!("{:<24}{:>14}{:>14}{:>9}\n", "", "was", "is", "change");
    let mut off = Vec::new();
    for (name, count) in found {
        let (was, change) = match known.get(name) {
            Some(&was) => {
                let percent = 100.0 * (*count as f64 / (was as f64).max(1.0) - 1.0);
                if percent.abs() > TOLERANCE {
                    off.push(name.clone());
                }
                (was.to_string(), format!("{percent:+.1}%"))
            }
            None => {
                off.push(format!("{name} (new)"));
                ("-".into(), "-".into())
            }
        };
        table.push_str(&format!("{name:<24}{was:>14}{count:>14}{change:>9}\n"));
    }
    let is_found = |name: &String| found.iter().any(|(found, _)| found == name);
    off.extend(known.keys().filter(|name| !is_found(name)).map(|name| format!("{name} (gone)")));
    (table, off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found_in_what_callgrind_says() {
        let said = "==1== Events    : Ir\n==1== Collected : 1234567\n==1==\n==1== I   refs:      1,234,567\n";
        assert_eq!(collected(said), Some(1_234_567));
        assert_eq!(collected("valgrind: no such program"), None);
    }

    #[test]
    fn what_is_off_new_or_gone_is_said() {
        let counts = |of: &[(&str, u64)]| of.iter().map(|&(n, c)| (n.to_string(), c)).collect::<Vec<_>>();
        let was = counts(&[("a", 1000), ("b", 1000), ("c", 1000)]);
        let known = read(&written("1.0.0", &was)).unwrap_or_default();
        assert_eq!(known.len(), 3, "what is written can be read");
        let (table, off) = compare(&known, &counts(&[("a", 1029), ("b", 960), ("d", 5)]));
        assert_eq!(off, ["b", "d (new)", "c (gone)"]);
        assert!(table.contains("-4.0%"), "{table}");
        assert!(read("a b").is_err());
    }
}
