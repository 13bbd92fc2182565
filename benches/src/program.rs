//! The program `partwise`, and what its `run.json` says.

use crate::Outcome;
use partwise::Status;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The program `partwise` in the folder of the one that runs.
///
/// # Errors
/// If it is not there.
pub fn beside() -> Outcome<PathBuf> {
    let program =
        std::env::current_exe()?.with_file_name("partwise").with_extension(std::env::consts::EXE_EXTENSION);
    if program.exists() {
        return Ok(program);
    }
    Err("the program partwise is not beside this one: cargo build --release -p partwise-cli".into())
}

/// What of `run.json` is needed here; docs/definitions.md says what each number means.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)] // Named as in the file.
pub struct Run {
    pub status: Status,
    pub objective: f64,
    pub relative_error: f64,
    pub kkt_residual: f64,
    pub iterations: usize,
    pub seconds: Seconds,
    #[serde(default)]
    pub timings: Timings,
    pub shape: (u64, u64),
    pub stored: u64,
    pub sparse: bool,
    pub precision: String,
    pub peak_memory_bytes: Option<u64>,
    #[serde(default)]
    pub restarts: Vec<Restart>,
    pub history: Vec<Entry>,
    pub data: Data,
    pub options: Options,
    pub versions: Versions,
    files: Files,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Deserialize)]
#[allow(missing_docs)] // Named as in the file.
pub struct Seconds {
    pub load: f64,
    pub init: f64,
    pub solve: f64,
}

/// Where the time went within a fit; products and rule are added up over threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // Named as in the file.
pub struct Timings {
    pub start: f64,
    pub sweeps: f64,
    pub looks: f64,
    pub finish: f64,
    pub products: f64,
    pub rule: f64,
}

/// One start of several.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Restart {
    /// At its end.
    pub objective: f64,
}

/// An iteration.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Entry {
    /// Its number; 0 is the start.
    pub iteration: usize,
    /// Since the iterations began.
    pub seconds: f64,
    /// After it.
    pub objective: Option<f64>,
}

/// The data that were read.
#[derive(Debug, Clone, Deserialize)]
pub struct Data {
    /// A fingerprint.
    pub hash: String,
}

/// What was chosen where nothing was asked for.
#[derive(Debug, Clone, Deserialize)]
pub struct Options {
    /// How the factors move.
    pub rule: String,
}

/// What ran.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)] // Named as in the file.
pub struct Versions {
    pub partwise: String,
    pub target: String,
    pub simd: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Files {
    w: String,
    h: String,
}

impl Run {
    /// W and H of this run in the folder that it wrote to, as long as there was no later one.
    pub fn factors(&self, folder: &Path) -> (PathBuf, PathBuf) {
        (folder.join(&self.files.w), folder.join(&self.files.h))
    }

    /// Given and iterations.
    pub fn fit_seconds(&self) -> f64 {
        self.seconds.init + self.seconds.solve
    }

    /// Iterations and seconds until the objective was at or below `target`, with those of the start.
    pub fn reached(&self, target: f64) -> Option<(usize, f64)> {
        let at = self.history.iter().position(|entry| entry.objective.is_some_and(|o| o <= target))?;
        let entry = self.history.get(at)?;
        // The last entry has the objective of the pair that is returned, which took until the end.
        let last = at + 1 == self.history.len();
        let seconds = if last { self.fit_seconds() } else { self.seconds.init + entry.seconds };
        Some((entry.iteration, seconds))
    }

    /// Bytes of X and of the factors in the precision of the run; of a sparse X once, by rows, with indices of 32 bits.
    pub fn problem_bytes(&self, rank: usize) -> u64 {
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
            "peak_memory_bytes": null, "data": {"hash": "xxh3:0"}, "options": {"rule": "hals"}, "files": {"w": "W.npy", "h": "H.npy"},
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
