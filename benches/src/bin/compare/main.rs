//! Prints docs/scikit-learn.md: partwise beside scikit-learn.
//!
//! usage: `compare --data DATA --python PYTHON [--only NAME] [--repeats N]`
//!
//! NAME keeps only the data sets that have it in their name. The program `partwise` has to be beside this one.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod machine;
mod measure;
mod ours;
mod peer;
mod problem;
mod shortfalls;
mod tables;

use measure::Measured;
use ours::Ours;
use partwise_benches::Outcome;
use partwise_benches::args::Args;
use peer::Peer;
use std::io::Write;
use std::path::Path;

/// Threads of either side.
const THREADS: usize = 2;

const HEAD: &str = "\
# Beside scikit-learn

This document is printed by

```sh
cargo xtask compare DATA PYTHON [N]
```

with DATA a folder of data sets and PYTHON a Python with scikit-learn, and holds no number that was written by hand but
the promised ones. Times differ from run to run and from machine to machine; on a machine that has other work to do they
say little, as threads that wait for each other (in NumPy's BLAS, for one) then wait for that work, too.
";

fn main() -> Outcome<()> {
    let args = Args::parse(std::env::args(), &["data", "python", "only", "repeats"])?;
    let data = Path::new(args.get("data", "data"));
    let repeats: usize = args.get("repeats", "3").parse().map_err(|error| format!("--repeats: {error}"))?;
    let (peer, ours) = (Peer::new(args.get("python", "python3")), Ours::beside()?);
    let (versions, load) = (peer.versions()?, partwise_benches::machine::load());
    let (mut all, mut skipped) = (Vec::new(), Vec::new());
    for problem in problem::problems(args.get("only", ""))? {
        match measure::measure(problem, data, (&peer, &ours), repeats)? {
            Some(measured) => all.push(measured),
            None => skipped.push(problem.source()),
        }
    }
    skipped.sort();
    skipped.dedup();
    let any = all.first().and_then(Measured::default_fit).ok_or("none of the data sets is there")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{HEAD}\n{}", how(&all, repeats))?;
    writeln!(out, "## Machine\n\n{}", machine::facts(&versions, any, &load))?;
    writeln!(out, "## Data\n\n{}", tables::data(&all))?;
    for source in skipped {
        writeln!(out, "Skipped: {source} is not there.\n")?;
    }
    writeln!(out, "{SAME_START}\n{}", tables::same_objective(&all))?;
    writeln!(out, "{ENDS}\n{}", tables::ends(&all))?;
    writeln!(out, "{DEFAULTS}\n{}", tables::defaults(&all))?;
    writeln!(out, "{MEMORY}\n{}", tables::memory(&all))?;
    let found = shortfalls::shortfalls(&all);
    writeln!(out, "## What falls short\n")?;
    if found.is_empty() {
        writeln!(out, "Nothing.")?;
    }
    for line in found {
        writeln!(out, "- {line}")?;
    }
    Ok(())
}

const SAME_START: &str = "\
## From the same start, to the same objective

*Ratio* is the time that scikit-learn takes, over the time until partwise is first at or below the objective that
scikit-learn ends with; *pairs* is its range over the pairs of runs.
";

const ENDS: &str = "\
## Where both end from there

Each side by its own stopping rule. The KKT residual is the share of the model by which the first-order conditions are
violated, as in `run.json`: 0 at a stationary point. *Memory* is the peak of the process less what the program takes by
itself: Python with its modules before the data are read, or partwise for a matrix of one entry.
";

const DEFAULTS: &str = "\
## As it comes

`partwise fit` with nothing given but rank, loss and threads: its own start, its own stopping rule.
";

const MEMORY: &str = "\
### Memory

In MB, of the same fits: the peak of the process as the system knows it, less what the program takes to fit a matrix of
one entry with the same loss, as a multiple of X and the factors. A number counts as 8 bytes, or as 4 where the file and
so the run is in single precision; a sparse X counts once, by rows as SciPy has it, with an index of 4 bytes per stored
entry and 4 bytes per row. Where X and the factors take less than the program itself, the multiple says more about buffers than about
the method.
";

fn how(all: &[Measured], repeats: usize) -> String {
    let disagreements: Vec<(f64, f64)> = all.iter().filter_map(Measured::disagreement).collect();
    let worst = |of: fn(&(f64, f64)) -> f64| disagreements.iter().map(of).fold(0.0, f64::max);
    format!(
        "Both sides start from the same W and H, which are scikit-learn's `init=\"random\"` with seed 0, in double precision.\n\
         scikit-learn runs `non_negative_factorization` with its default tolerance and limit of iterations, solver `cd` for\n\
         frobenius and `mu` for kl, on X by rows where it is sparse, once with {THREADS} threads and once with 1; the faster of the\n\
         two counts. partwise runs as a program, with default options and {THREADS} threads. The sides take turns, every run is a\n\
         process of its own, and times are medians of {repeats} wall times without reading the data: of scikit-learn that of the\n\
         call alone; of partwise, all that `run.json` has under `init` and `solve`, and up to an objective, `init` and the\n\
         seconds of the first entry of `history` at or below it. Objectives are `1/2 ||X - WH||²` for frobenius and\n\
         `sum x log(x/y) - x + y` for kl; those of both sides, and the KKT residuals, are computed from the factors by\n\
         `benches/peers/evaluation.py`. What scikit-learn says of its own objectives differs from that by {} relative at\n\
         most, and what partwise says of its objectives and residuals by {}.\n",
        small(worst(|d| d.0)),
        small(worst(|d| d.1)),
    )
}

fn small(share: f64) -> String {
    if share == 0.0 { "0".into() } else { format!("{share:.0e}") }
}
