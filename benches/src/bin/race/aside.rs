//! What is measured beside the race: memory, and restarts.

use crate::THREADS;
use crate::ours::NAME;
use crate::raw::{Entrant, Line, Restarts};
use crate::run::{say, skipped};
use crate::stage::{PRECISIONS, Stage, pair};
use partwise_benches::Outcome;
use partwise_benches::metrics::median;
use partwise_benches::program;

/// Sweeps for which memory is measured: what a second one keeps of the first is there.
pub(crate) const MEMORY_SWEEPS: usize = 2;
/// Threads are compared over as many sweeps as one thread makes in this time, and over so many at least.
const THREADS_TIME: &str = "800ms";
const THREADS_SWEEPS: usize = 3;
/// Settings of the restarts of peers: in words, tolerance, most sweeps.
const SETTINGS: [(&str, f64, usize); 2] = [
    ("as it comes: tol 1e-4, 200 sweeps at most", 1e-4, 200),
    ("tol 1e-6, 10,000 sweeps at most", 1e-6, 10_000),
];
/// The share of the seconds of a cell that restarts of one setting may take, or of what it has left if that is more.
const RESTARTS_SHARE: f64 = 0.2;

impl Stage<'_> {
    pub(super) fn memory(&mut self, entrants: &[Entrant]) -> Outcome<()> {
        let (w, h) = self.factors();
        let (cell, init) = (self.cell.name(), pair(&w, &h));
        let own = self.ours.own_memory(self.cell.loss)?;
        for precision in PRECISIONS {
            let options = ["--init", &init, "--max-iter", &MEMORY_SWEEPS.to_string()];
            let run = self.ours.fit(self.cell, self.x, precision, &options)?;
            if let (Some(own), Some(peak)) = (own, run.peak_memory_bytes) {
                let entrant = Entrant::new(NAME, precision);
                self.raw.add(&Line::Memory {
                    cell: cell.clone(),
                    entrant,
                    bytes: peak.saturating_sub(own),
                })?;
            }
        }
        for entrant in entrants {
            say(self.cell, &format!("memory of {entrant}"));
            let found = self
                .python
                .worker(entrant, self.x, self.cell)
                .and_then(|mut worker| worker.memory((&w, &h), MEMORY_SWEEPS));
            // Why a peer does not run is said already.
            if let Ok(bytes) = found {
                self.raw.add(&Line::Memory { cell: cell.clone(), entrant: entrant.clone(), bytes })?;
            }
        }
        Ok(())
    }

    /// Sweeps with one thread and with all, in turn, and the faster of two each.
    pub(super) fn threads(&mut self) -> Outcome<()> {
        let (w, h) = self.factors();
        let init = pair(&w, &h);
        for precision in PRECISIONS {
            say(self.cell, &format!("threads, {precision}"));
            let fit = |threads: usize, stop: [&str; 2]| -> Outcome<(f64, usize)> {
                let options = ["--init", &init, "--tol", "0", "--no-polish", stop[0], stop[1]];
                let run = self.ours.fit_with(threads, self.cell, self.x, precision, &options)?;
                Ok((run.timings.sweeps / run.iterations.max(1) as f64, run.iterations))
            };
            let (_, sweeps) = fit(1, ["--time-limit", THREADS_TIME])?;
            let sweeps = sweeps.max(THREADS_SWEEPS).to_string();
            let mut least = [f64::INFINITY; 2];
            for _ in 0..2 {
                for (least, threads) in least.iter_mut().zip([1, THREADS]) {
                    *least = least.min(fit(threads, ["--max-iter", &sweeps])?.0);
                }
            }
            let (cell, entrant) = (self.cell.name(), Entrant::new(NAME, precision));
            self.raw.add(&Line::Threads { cell, entrant, one: least[0], all: least[1] })?;
        }
        Ok(())
    }

    pub(super) fn restarts(&mut self, number: usize, entrants: &[Entrant]) -> Outcome<()> {
        say(self.cell, &format!("{number} restarts of {NAME}"));
        let options = ["--init", "random", "--restarts", &number.to_string()];
        let run: program::Run = self.ours.fit(self.cell, self.x, "f64", &options)?;
        let objectives = run.restarts.iter().map(|r| r.objective).collect();
        let restarts = summed_up(run.fit_seconds(), objectives);
        let (cell, entrant) = (self.cell.name(), Entrant::new(NAME, "f64"));
        self.raw.add(&Line::Restarts { cell, entrant, setting: "as it comes".into(), restarts })?;
        for (at, entrant) in entrants.iter().enumerate() {
            // Only scikit-learn has fits from starts of its own here, and in double precision as partwise.
            if entrant.program != "scikit-learn" || entrant.precision != "f64" {
                continue;
            }
            for (words, tol, sweeps) in SETTINGS {
                say(self.cell, &format!("{number} restarts of {entrant}, {words}"));
                let (rank, limit) =
                    (self.cell.rank, RESTARTS_SHARE * self.budget.left().max(self.order.cell_limit));
                let done = self.with_worker(at, |worker| worker.restarts(rank, number, (tol, sweeps), limit));
                let cell = self.cell.name();
                let line = match done {
                    Some(Ok((seconds, objectives))) => {
                        let restarts = summed_up(seconds, objectives);
                        Line::Restarts { cell, entrant: entrant.clone(), setting: words.into(), restarts }
                    }
                    Some(Err(error)) => skipped(self.cell, entrant, &error.to_string()),
                    None => continue,
                };
                self.raw.add(&line)?;
            }
        }
        Ok(())
    }
}

fn summed_up(seconds: f64, objectives: Vec<f64>) -> Restarts {
    let best = objectives.iter().copied().fold(f64::INFINITY, f64::min);
    let number = objectives.len();
    Restarts { number, seconds, best, median: median(objectives).unwrap_or(f64::INFINITY) }
}
