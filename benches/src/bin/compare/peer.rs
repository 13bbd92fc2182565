//! scikit-learn, through `benches/peers/sklearn_fit.py`.

use crate::THREADS;
use crate::problem::Problem;
use partwise_benches::Outcome;
use partwise_benches::child::answer;
use serde::Deserialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that the libraries under scikit-learn take their number of threads from.
const THREAD_VARIABLES: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// A Python with scikit-learn.
pub(crate) struct Peer {
    python: String,
    script: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    pub(crate) python: String,
    pub(crate) numpy: String,
    pub(crate) scipy: String,
    pub(crate) scikit_learn: String,
    pub(crate) blas: String,
}

/// A fit by scikit-learn.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct PeerFit {
    #[serde(skip)]
    pub(crate) threads: usize,
    /// Of the fit alone: the data are read before.
    pub(crate) seconds: f64,
    pub(crate) iterations: usize,
    /// Whether it ended before its limit of iterations.
    pub(crate) converged: bool,
    /// Net of what the process had taken before it read the data.
    pub(crate) peak_memory_bytes: u64,
    /// As scikit-learn computes it.
    pub(crate) own_objective: f64,
    #[serde(flatten)]
    pub(crate) value: Value,
}

/// How good a pair is, by the script's own evaluation.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Value {
    pub(crate) objective: f64,
    pub(crate) kkt_residual: f64,
}

#[derive(Deserialize)]
struct Nothing {}

impl Peer {
    pub(crate) fn new(python: &str) -> Peer {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        Peer { python: python.into(), script: peers.join("sklearn_fit.py") }
    }

    pub(crate) fn versions(&self) -> Outcome<Versions> {
        answer(self.call(["versions".as_ref()]))
    }

    /// Writes the pair that both sides start from to [`start_files`].
    pub(crate) fn start(&self, problem: &Problem, x: &Path, room: &Path) -> Outcome<()> {
        let rank = problem.rank.to_string();
        let Nothing {} = answer(self.call(["start".as_ref(), x.as_ref(), rank.as_ref(), room.as_ref()]))?;
        Ok(())
    }

    /// Fits with all threads and with one, and keeps the faster fit: threads that wait for each other are slower than
    /// one where X is small, or where the machine has other work.
    pub(crate) fn fit(&self, problem: &Problem, x: &Path, room: &Path) -> Outcome<PeerFit> {
        let fit = |threads| self.fit_on(threads, problem, x, room);
        let (many, one) = (fit(THREADS)?, fit(1)?);
        Ok(if one.seconds < many.seconds { one } else { many })
    }

    fn fit_on(&self, threads: usize, problem: &Problem, x: &Path, room: &Path) -> Outcome<PeerFit> {
        let (rank, loss) = (problem.rank.to_string(), problem.loss.to_string());
        let words: [&OsStr; 5] = ["fit".as_ref(), x.as_ref(), rank.as_ref(), loss.as_ref(), room.as_ref()];
        let mut command = self.call(words);
        command.envs(THREAD_VARIABLES.map(|name| (name, threads.to_string())));
        Ok(PeerFit { threads, ..answer(command)? })
    }

    pub(crate) fn evaluate(
        &self,
        problem: &Problem,
        x: &Path,
        (w, h): &(PathBuf, PathBuf),
    ) -> Outcome<Value> {
        let loss = problem.loss.to_string();
        answer(self.call(["evaluate".as_ref(), x.as_ref(), loss.as_ref(), w.as_ref(), h.as_ref()]))
    }

    fn call<const N: usize>(&self, words: [&OsStr; N]) -> Command {
        let mut command = Command::new(&self.python);
        // -B: leave no compiled files in the source tree.
        command.arg("-B").arg(&self.script).args(words);
        command
    }
}

/// Where [`Peer::start`] puts W and H.
pub(crate) fn start_files(room: &Path) -> (PathBuf, PathBuf) {
    (room.join("W0.npy"), room.join("H0.npy"))
}
