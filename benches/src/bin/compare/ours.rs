//! The program `partwise`, and what its `run.json` says.

use crate::THREADS;
use crate::peer::start_files;
use crate::problem::Problem;
use partwise::{Loss, Status};
use partwise_benches::Outcome;
use partwise_benches::child::answer;
use partwise_io::write_npy;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `partwise` beside this one.
pub(crate) struct Ours {
    program: PathBuf,
}

/// What of `run.json` is needed here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Run {
    pub(crate) status: Status,
    pub(crate) objective: f64,
    pub(crate) relative_error: f64,
    pub(crate) kkt_residual: f64,
    pub(crate) iterations: usize,
    pub(crate) seconds: Seconds,
    pub(crate) shape: (u64, u64),
    pub(crate) stored: u64,
    pub(crate) sparse: bool,
    pub(crate) precision: String,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) history: Vec<Entry>,
    pub(crate) data: Data,
    pub(crate) versions: Versions,
    files: Files,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Seconds {
    pub(crate) load: f64,
    pub(crate) init: f64,
    pub(crate) solve: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Entry {
    pub(crate) iteration: usize,
    /// Since the iterations began.
    pub(crate) seconds: f64,
    pub(crate) objective: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Data {
    pub(crate) hash: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Versions {
    pub(crate) partwise: String,
    pub(crate) target: String,
    pub(crate) simd: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Files {
    w: String,
    h: String,
}

impl Ours {
    /// The program in the folder of this one.
    pub(crate) fn beside() -> Outcome<Ours> {
        let program = std::env::current_exe()?
            .with_file_name("partwise")
            .with_extension(std::env::consts::EXE_EXTENSION);
        if program.exists() {
            return Ok(Ours { program });
        }
        Err("the program partwise is not beside this one: cargo build --release -p partwise-cli".into())
    }

    /// A fit with all options as they are by default.
    pub(crate) fn fit(&self, problem: &Problem, x: &Path, room: &Path) -> Outcome<Run> {
        answer(self.call(x, problem.rank, problem.loss, room))
    }

    /// A fit in double precision from the pair that scikit-learn starts from.
    pub(crate) fn fit_from(&self, problem: &Problem, x: &Path, room: &Path) -> Outcome<Run> {
        let (w, h) = start_files(room);
        let mut command = self.call(x, problem.rank, problem.loss, room);
        let mut files = w.into_os_string();
        files.push(",");
        files.push(h);
        command.arg("--init").arg(files).args(["--precision", "f64"]);
        answer(command)
    }

    /// The fit of a matrix of one entry, whose memory is the program's own.
    pub(crate) fn smallest(&self, loss: Loss, room: &Path) -> Outcome<Run> {
        let x = room.join("smallest.npy");
        write_npy(&x, &[1.0], (1, 1))?;
        answer(self.call(&x, 1, loss, room))
    }

    fn call(&self, x: &Path, rank: usize, loss: Loss, room: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("fit").arg(x).args(["--rank", &rank.to_string(), "--loss", &loss.to_string()]);
        command.args(["--threads", &THREADS.to_string(), "--json", "--quiet", "--force", "--out"]);
        command.arg(folder(room));
        command
    }
}

fn folder(room: &Path) -> PathBuf {
    room.join("fit")
}

impl Run {
    /// W and H of this run, as long as there was no later one.
    pub(crate) fn factors(&self, room: &Path) -> (PathBuf, PathBuf) {
        (folder(room).join(&self.files.w), folder(room).join(&self.files.h))
    }

    /// Given and iterations.
    pub(crate) fn fit_seconds(&self) -> f64 {
        self.seconds.init + self.seconds.solve
    }

    /// Iterations and seconds until the objective was at or below `target`, with those of the start.
    pub(crate) fn reached(&self, target: f64) -> Option<(usize, f64)> {
        let at = self.history.iter().position(|entry| entry.objective.is_some_and(|o| o <= target))?;
        let entry = self.history.get(at)?;
        // The last entry has the objective of the pair that is returned, which took until the end.
        let last = at + 1 == self.history.len();
        let seconds = if last { self.fit_seconds() } else { self.seconds.init + entry.seconds };
        Some((entry.iteration, seconds))
    }

    /// Bytes of X and of the factors in the precision of the run; of a sparse X once, by rows, with indices of 32 bits.
    pub(crate) fn problem_bytes(&self, rank: usize) -> u64 {
        let (m, n) = self.shape;
        let number = if self.precision == "f32" { 4 } else { 8 };
        let data = if self.sparse { (4 + number) * self.stored + 4 * (m + 1) } else { number * m * n };
        data + number * (m + n) * rank as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        serde_json::from_value(serde_json::json!({
            "status": "converged", "objective": 1.0, "relative_error": 0.5, "kkt_residual": 1e-5, "iterations": 2,
            "seconds": {"load": 9.0, "init": 1.0, "solve": 5.0}, "shape": [10, 4], "stored": 7, "sparse": false, "precision": "f64",
            "peak_memory_bytes": null, "data": {"hash": "xxh3:0"}, "files": {"w": "W.npy", "h": "H.npy"},
            "versions": {"partwise": "0", "target": "any", "simd": "none"},
            "history": [
                {"iteration": 0, "seconds": 0.0, "objective": null},
                {"iteration": 1, "seconds": 2.0, "objective": 3.0},
                {"iteration": 2, "seconds": 4.0, "objective": 1.0}
            ]
        }))
        .unwrap()
    }

    #[test]
    fn the_first_entry_at_or_below_the_target_counts() {
        assert_eq!(run().reached(3.0), Some((1, 3.0)));
        assert_eq!(run().reached(2.9), Some((2, 6.0)), "the end takes until the end");
        assert_eq!(run().reached(0.9), None);
    }

    #[test]
    fn bytes_are_counted_as_the_document_says() {
        let mut run = run();
        assert_eq!(run.problem_bytes(2), 8 * 40 + 8 * 14 * 2);
        run.sparse = true;
        assert_eq!(run.problem_bytes(2), 12 * 7 + 4 * 11 + 8 * 14 * 2);
    }
}
