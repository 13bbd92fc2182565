//! The program `partwise`, as a user runs it.

use crate::THREADS;
use crate::cells::Cell;
use crate::gap::Point;
use partwise::Loss;
use partwise_benches::Outcome;
use partwise_benches::child::answer;
use partwise_benches::program::{self, Run};
use partwise_io::write_npy;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const NAME: &str = "partwise";

/// The program, and a folder for what it writes.
pub(crate) struct Ours {
    program: PathBuf,
    room: PathBuf,
}

impl Ours {
    pub(crate) fn new(room: &Path) -> Outcome<Ours> {
        Ok(Ours { program: program::beside()?, room: room.into() })
    }

    /// A fit with these options beside rank, loss, threads and precision.
    pub(crate) fn fit(&self, cell: &Cell, x: &Path, precision: &str, options: &[&str]) -> Outcome<Run> {
        self.call(x, cell.loss, &cell.rank.to_string(), precision, THREADS, options)
    }

    /// The same with another number of threads.
    pub(crate) fn fit_with(
        &self,
        threads: usize,
        cell: &Cell,
        x: &Path,
        precision: &str,
        options: &[&str],
    ) -> Outcome<Run> {
        self.call(x, cell.loss, &cell.rank.to_string(), precision, threads, options)
    }

    /// The memory of the program for a matrix of one entry.
    pub(crate) fn own_memory(&self, loss: Loss) -> Outcome<Option<u64>> {
        let x = self.room.join("smallest.npy");
        write_npy(&x, &[1.0], (1, 1))?;
        Ok(self.call(&x, loss, "1", "f64", THREADS, &[])?.peak_memory_bytes)
    }

    /// W and H of the last fit.
    pub(crate) fn factors(&self, run: &Run) -> (PathBuf, PathBuf) {
        run.factors(&self.folder())
    }

    fn folder(&self) -> PathBuf {
        self.room.join("fit")
    }

    fn call(
        &self,
        x: &Path,
        loss: Loss,
        rank: &str,
        precision: &str,
        threads: usize,
        options: &[&str],
    ) -> Outcome<Run> {
        let mut command = Command::new(&self.program);
        command.arg("fit").arg(x).args([
            "--rank",
            rank,
            "--loss",
            &loss.to_string(),
            "--precision",
            precision,
        ]);
        command.args(["--threads", &threads.to_string(), "--json", "--quiet", "--force", "--out"]);
        command.arg(self.folder()).args(options);
        answer(command)
    }
}

/// The history of a fit, with the time of its start in every point.
pub(crate) fn trace(run: &Run) -> Vec<Point> {
    let last = run.history.len().saturating_sub(1);
    run.history
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            // The last entry has the objective of the pair that is returned, which took until the end.
            let seconds = if at == last { run.fit_seconds() } else { run.seconds.init + entry.seconds };
            (entry.iteration as u64, seconds, entry.objective.filter(|o| o.is_finite()))
        })
        .collect()
}
