//! scikit-surprise, through `benches/peers/surprise_nmf.py`.

use partwise_benches::Outcome;
use partwise_benches::child::answer;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python, with scikit-surprise or without.
pub(crate) struct Surprise {
    python: String,
    script: PathBuf,
}

/// Root mean square errors of two of its methods.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Errors {
    /// Its NMF.
    pub(crate) nmf: f64,
    /// Biases of users and items.
    pub(crate) baseline: f64,
}

impl Surprise {
    pub(crate) fn new(python: &str) -> Surprise {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        Surprise { python: python.into(), script: peers.join("surprise_nmf.py") }
    }

    /// `None` if there is none, which the script says on standard error.
    pub(crate) fn version(&self) -> Option<String> {
        answer(self.call(&["version".as_ref()])).ok()
    }

    /// Fits to one file of ratings, and predicts another.
    pub(crate) fn split(&self, train: &Path, test: &Path) -> Outcome<Errors> {
        answer(self.call(&["split".as_ref(), train, test]))
    }

    /// Fits to all folds but one, and predicts that one; `folds` has the fold of every line of `ratings`.
    pub(crate) fn folds(&self, ratings: &Path, folds: &[usize]) -> Outcome<Vec<Errors>> {
        let room = tempfile::tempdir()?;
        let file = room.path().join("folds");
        let lines: Vec<String> = folds.iter().map(usize::to_string).collect();
        std::fs::write(&file, lines.join("\n"))?;
        answer(self.call(&["folds".as_ref(), ratings, &file]))
    }

    fn call(&self, words: &[&Path]) -> Command {
        let mut command = Command::new(&self.python);
        // -B: leave no compiled files in the source tree.
        command.arg("-B").arg(&self.script).args(words);
        command
    }
}
