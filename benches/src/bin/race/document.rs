//! The words around the tables.

use crate::aside::MEMORY_SWEEPS;
use crate::cells::CELLS;
use crate::gap::LEVELS;
use crate::peers::Python;
use crate::raw::{Machine, lines};
use crate::stage::{FIT_SHARE, LONG_SHARE, PEER_LEAST, PEER_SHARE, PEER_TIMES, TOO_SLOW};
use crate::standing::{Standing, Standings};
use crate::{THREADS, curves, promises, tables};
use partwise_benches::Outcome;
use std::io::Write;
use std::path::Path;

const HEAD: &str = "\
# Time and memory beside other programs

This document is printed by

```sh
cargo xtask bench DATA PYTHON [--only CELL] [--starts N] [--cell-limit S] [--peer-limit S]
cargo xtask bench print [PYTHON]
```

with DATA a folder of data sets and PYTHON a Python with scikit-learn. The first runs cells, adds a line for every run to
`docs/benchmarks/DATE.jsonl`, and prints; the second prints what is there. Cells can be run one by one; the latest run of a
program from a start counts. No number here was written by hand but the promised ones. Times differ from run to run and
from machine to machine; on a machine that has other work to do they say little.
";

const GAP: &str = "\
## What is measured

**Gap.** How much of what can be explained is still missing: `(objective - best) / (one - best)`. *One* is the objective of
the zero matrix for frobenius, so that the gap is `(e² - best²) / (1 - best²)` in relative errors; for kl and is it is that
of `row sum x column sum / total`, which for kl is the best model of rank 1. *Best* is the lowest objective that anybody saw
from that start, where it ended or was stopped, and that of a long run that is no competitor's: of partwise in double
precision with a tolerance of 1e-7, but with another rule than the timed one, `bpp` for frobenius, `mu` for kl (`scd` where
the timed one is not `scd`), and `mu` for is. Whose was lowest, the table of cells says. A peer is stopped where it has got near enough, and may be lower by less than 0.1% of the gap in the end.

**Objectives** are what one evaluator (`benches/peers/evaluation.py`, NumPy in double precision) finds of everybody's factors,
off the clock.

**Starts.** All programs go from the same W and H, made as scikit-learn makes `init=\"random\"`, with seeds 0, 1, 2, ...: which
program is first changes with the start. A start from which a program does not get there counts as infinite in its
median; then `> x` says what its median is more than, and *reached* says from how many starts it got there.
";

const PEERS: &str = "\
**Peers** are driven by `benches/peers/race_worker.py`, in their favour where there was a choice. Each runs the loop of its
own package from the same factors, in calls of one sweep, then of more and more, without tolerance. The calls
continue each other, and only sweeps are on the clock: no reading or checking of data, no start of threads, no copies, and
no evaluation. Before the clock starts it makes a few sweeps with all threads and with one, and keeps the faster number of
them. Between calls, off the clock, the evaluator is asked. When a gap is crossed within a call, the time is interpolated,
the logarithm of the gap being taken as straight.

- scikit-learn: `cd` for frobenius, `mu` for kl and is, without the evaluation that `mu` makes at the start of a call.
- torchnmf: multiplicative updates, as its `fit` makes them, without its evaluations; single precision.
- rcppml: the loop of RcppML's `MatrixFactorization::fit`, without the scaling between its halves and the test for its end,
  from C++ with X kept both ways; double precision, frobenius only.

A sweep is what a program calls an iteration; what it does in one differs from program to program.
";

const SUMMARY: &str = "\
## In short

Seconds of partwise to 1% and 0.1% of the gap, and how many times longer the best peer of the same precision takes; bold is
what promises are about. The last column sets partwise in double precision beside all peers, those in single precision
included.
";

const RACE: &str = "\
## Everybody in every cell

Medians over starts. *Of the roof* is `4 m n k` flops per sweep over what the threads can do at most (`docs/roofline.md`), for
dense frobenius, where they are nearly all there is to do. *Lowest, gap* is where the program was when it ended or was stopped.
";

const PHASES: &str = "\
## Where the time of partwise goes

As `--timings` says it, medians over starts. *Start* to *finish* are shares of the whole fit: making the first factors, sweeps, exact
evaluations on the way, and the last solve. *Products* to *rest* are shares of the time that all threads together had for sweeps;
for kl and is most of the rule is sums over X.
";

/// Prints the document, and draws its pictures beside the raw files.
pub(crate) fn print(folder: &Path, python: &str) -> Outcome<()> {
    let all = Standings::new(lines(folder)?);
    if all.cells.is_empty() {
        return Err("no cell was run yet: cargo xtask bench DATA PYTHON".into());
    }
    let pictures = Python::new(python, folder).plots(&curves::pictures(&all.cells), folder);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{HEAD}\n{GAP}\n{}\n{PEERS}", how(&all.cells))?;
    writeln!(out, "## Machine\n\n{}", machines(&all.machines))?;
    let (least, most) = starts(&all.cells);
    writeln!(
        out,
        "## Cells\n\nOf {} cells, {} were run so far, from {least} to {most} starts each.\n\n{}",
        CELLS.len(),
        all.cells.len(),
        tables::cells(&all.cells)
    )?;
    writeln!(out, "{SUMMARY}")?;
    match &pictures {
        Ok(()) => writeln!(out, "![How many times longer the best peer takes](benchmarks/ratios.svg)\n")?,
        Err(error) => writeln!(out, "There are no pictures: {error}.\n")?,
    }
    writeln!(out, "{}\n{RACE}", tables::summary(&all.cells))?;
    if pictures.is_ok() {
        writeln!(out, "![The gap against time](benchmarks/gaps.svg)\n")?;
    }
    writeln!(out, "{}", tables::race(&all.cells, all.machines.last()))?;
    writeln!(out, "{}\n{}", memory(), tables::memory(&all.cells))?;
    writeln!(out, "{PHASES}\n{}", tables::phases(&all.cells))?;
    if all.cells.iter().any(|cell| !cell.threads.is_empty()) {
        writeln!(out, "{THREADS_WORDS}\n{}", tables::threads(&all.cells))?;
    }
    if all.cells.iter().any(|cell| !cell.restarts.is_empty()) {
        writeln!(out, "{}\n{}", RESTARTS, tables::restarts(&all.cells))?;
    }
    writeln!(out, "{PROMISES}")?;
    let found = promises::promises(&all.cells);
    for (title, lines) in [("What falls short", found.missed), ("What is not decided", found.undecided)] {
        writeln!(out, "### {title}\n")?;
        if lines.is_empty() {
            writeln!(out, "Nothing.")?;
        }
        for line in lines {
            writeln!(out, "- {line}")?;
        }
        writeln!(out)?;
    }
    if !all.skipped.is_empty() {
        writeln!(out, "\n## What was not run\n\n{}", tables::skipped(&all).trim_end())?;
    }
    Ok(())
}

const PROMISES: &str = "\
## Promises

What partwise is meant to be beside the best peer of the same precision and threads: to 0.1% of the gap 2 times as fast in every
dense frobenius cell, 3 times in every sparse one, and 10 times in every kl cell; to 1% never behind; less memory than every
peer; and 1.7 times as fast with two threads as with one where memory is not the limit. Those that are kept are not listed. One is not
decided where a peer was stopped before the promised multiple of partwise's time, or partwise before the gap, for the
seconds of the cell. What was tried against what falls short is in `ARCHITECTURE.md`.
";

const THREADS_WORDS: &str = "\
## Threads

Sweeps from the same start, with one thread and with all in turn, and the faster of two each. Times are those that sweeps take
as a whole, waiting included.
";

const RESTARTS: &str = "\
## Restarts

Many random starts of the program's own, as many as the seconds of the cell allow, and the lowest and the middle objective
where they end, as computed by the evaluator for peers. partwise runs a start per thread, scikit-learn one after another.
";

fn memory() -> String {
    format!(
        "## Memory\n\n\
         MB, the peak of a process that makes {MEMORY_SWEEPS} sweeps and evaluates nothing, less what the program takes by itself: of partwise,\n\
         what a fit of a matrix of one entry takes; of peers, what the process has before it reads the data. What a peer needs\n\
         for a moment while it reads is left out; of partwise it counts. *X and factors* counts X once, a sparse one by rows\n\
         with indices of 4 bytes. Peers are of the same precision.\n"
    )
}

/// The fewest and the most starts of a cell.
fn starts(all: &[Standing]) -> (usize, usize) {
    let starts = || all.iter().map(Standing::starts);
    (starts().min().unwrap_or(0), starts().max().unwrap_or(0))
}

fn how(all: &[Standing]) -> String {
    let worst = |precision| all.iter().filter_map(|cell| cell.disagreement(precision)).reduce(f64::max);
    let show = |worst: Option<f64>| worst.map_or("nothing".into(), |w| format!("{w:.0e}"));
    format!(
        "**partwise** is the program as a user runs it, `partwise fit --init W.npy,H.npy --precision f64` or `f32`, with {THREADS} threads and\n\
         all else by default, its own stopping rule included; a time limit keeps it within the seconds of the cell. Times are from\n\
         `run.json`: `init`, and the seconds of the first entry of `history` at or below a gap. From every start and for both gaps the\n\
         fit is run once more until that iteration, and the evaluator is asked about its factors; where it finds more, iterations\n\
         further on are asked about, until one is low enough. So a gap is reached where the evaluator says so. What `history` says\n\
         differs from that by {} of it at most in f64, and by {} in f32.\n\n\
         **Turns.** All programs have up to {THREADS} threads and processes of their own, and run one after another, start by start. A\n\
         peer is stopped somewhat below {}% of the gap, or when it has used {PEER_TIMES} times what partwise took to there in the same\n\
         precision or {TOO_SLOW} times what the fastest peer of its precision took, but {PEER_LEAST} s at least, unless `--peer-limit` says\n\
         otherwise. One that took {TOO_SLOW} times the fastest peer or more runs from no later start, and is marked `stopped`, with how\n\
         many times it was slower at least.\n\n\
         **Seconds.** A cell has `--cell-limit` seconds, and what smaller cells before it left; it stops taking starts when one more\n\
         would not fit, so that large cells have fewer. Its first start is run in any case, and there a timed fit of partwise has\n\
         {}% of the seconds at most, a long run {}%, and each peer its part of what is left, {}% of `--cell-limit` at least,\n\
         evaluations included: it may be stopped earlier for that. All of it counts, data being read as well, in *s in all*.\n",
        show(worst("f64")),
        show(worst("f32")),
        100.0 * LEVELS[1],
        100.0 * FIT_SHARE,
        100.0 * LONG_SHARE,
        100.0 * PEER_SHARE,
    )
}

fn machines(all: &[Machine]) -> String {
    let mut text = String::new();
    for machine in all {
        let list = |of: &std::collections::BTreeMap<String, String>| {
            of.iter().map(|(name, what)| format!("{name} {what}")).collect::<Vec<_>>().join("; ")
        };
        text.push_str(&format!(
            "On {}:\n- processor: {}, {} of {} processors; roof of one thread {:.1} GFLOP/s in f64, {:.1} in f32; load before the\n  first run {}\n\
             - partwise {}\n- peers: {}\n- below them: {}\n",
            machine.date,
            machine.processor,
            THREADS,
            machine.processors,
            machine.roof[0] / 1e9,
            machine.roof[1] / 1e9,
            machine.load,
            machine.partwise,
            list(&machine.peers),
            list(&machine.about),
        ));
        for (name, reason) in &machine.absent {
            text.push_str(&format!("- not there: {name}, as {reason}\n"));
        }
        text.push('\n');
    }
    text.trim_end().to_string() + "\n"
}
