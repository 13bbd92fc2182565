//! Prints docs/benchmarks.md: partwise beside other programs, from the same starts.
//!
//! usage: `race run --data DATA --python PYTHON [--only CELL] [--starts N] [--first START] [--cell-limit S] [--peer-limit S]`
//!        `race print --python PYTHON`
//!
//! `run` adds a line for every run to docs/benchmarks/DATE.jsonl, so that cells can be run one by one; `print` makes the
//! document and its pictures from all such lines. CELL keeps the cells that have it in their name, or is a list of names
//! with commas. A cell has N starts (10), or as many as there are in S seconds (135) and what cells before it left; the
//! first is run in any case. The program `partwise` has to be beside this one.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod aside;
mod budget;
mod cells;
mod curves;
mod document;
mod gap;
mod ours;
mod peers;
mod promises;
mod raw;
mod run;
mod stage;
mod standing;
mod tables;

use partwise_benches::Outcome;
use partwise_benches::args::Args;
use std::path::{Path, PathBuf};

/// Threads of every program.
const THREADS: usize = 2;
/// Seconds of a cell on average: 45 minutes for all.
const CELL_LIMIT: &str = "135";

fn main() -> Outcome<()> {
    let mut words = std::env::args();
    let me = words.next().unwrap_or_default();
    let command = words.next().unwrap_or_default();
    let known: &[&str] = match command.as_str() {
        "run" => &["data", "python", "only", "starts", "first", "cell-limit", "peer-limit"],
        "print" => &["python"],
        other => return Err(format!("'{other}' is neither run nor print").into()),
    };
    let args = Args::parse(std::iter::once(me).chain(words), known)?;
    let python = args.get("python", "python3");
    if command == "print" {
        return document::print(&folder(), python);
    }
    let number = |name: &str, default: &str| -> Outcome<f64> {
        let text = args.get(name, default);
        let value: f64 = text.parse().map_err(|error| format!("--{name} {text}: {error}"))?;
        if value >= 0.0 { Ok(value) } else { Err(format!("--{name} {text}: not below 0").into()) }
    };
    let first = number("first", "0")? as usize;
    run::run(&run::Order {
        cells: cells::chosen(args.get("only", ""))?,
        data: Path::new(args.get("data", "data")).to_path_buf(),
        cache: target()?.join("bench-data"),
        raw: folder(),
        python: python.into(),
        starts: first..first + number("starts", "10")? as usize,
        cell_limit: number("cell-limit", CELL_LIMIT)?,
        peer_limit: if args.get("peer-limit", "").is_empty() {
            None
        } else {
            Some(number("peer-limit", "")?)
        },
    })
}

/// Where raw lines and pictures are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks")
}

/// The folder of build outputs that this program lies in.
fn target() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("this program lies nowhere")?;
    Ok(target.to_path_buf())
}
