//! What is factorized: data sets, ranks and losses.

use partwise::Loss;
use partwise_benches::Outcome;
use partwise_benches::datasets;
use partwise_benches::table::Table;
use partwise_io::write_npy;
use std::path::{Path, PathBuf};

/// A factorization to be done by both sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem {
    pub(crate) folder: &'static str,
    file: &'static str,
    /// Whether the last column of the file is no data.
    labelled: bool,
    pub(crate) rank: usize,
    pub(crate) loss: Loss,
}

const fn problem(folder: &'static str, file: &'static str, rank: usize, loss: Loss) -> Problem {
    Problem { folder, file, labelled: false, rank, loss }
}

const PROBLEMS: [Problem; 7] = [
    problem("faces_cbcl", "X.npy", 49, Loss::Frobenius),
    Problem { labelled: true, ..problem("digits_sklearn", "digits.csv.gz", 16, Loss::Frobenius) },
    problem("sc_pbmc3k", "counts_2700.npz", 10, Loss::Frobenius),
    problem("text_20news", "train.npz", 20, Loss::Frobenius),
    problem("sbs_560breast", "X.npy", 10, Loss::KullbackLeibler),
    problem("sc_pbmc3k", "counts_2700.npz", 10, Loss::KullbackLeibler),
    problem("text_20news", "train.npz", 20, Loss::KullbackLeibler),
];

/// The problems whose data set has `only` in its name.
pub(crate) fn problems(only: &str) -> Outcome<Vec<Problem>> {
    let found: Vec<Problem> = PROBLEMS.into_iter().filter(|p| p.folder.contains(only)).collect();
    if found.is_empty() {
        let names: Vec<&str> = PROBLEMS.iter().map(|p| p.folder).collect();
        return Err(format!("no data set is called {only}; there are: {}", names.join(", ")).into());
    }
    Ok(found)
}

impl Problem {
    /// Where X is, as a file that NumPy and SciPy read; `None` if the data set is not there. A file that had to be made
    /// is in `room`.
    pub(crate) fn locate(&self, data: &Path, room: &Path) -> Outcome<Option<PathBuf>> {
        let path = data.join(self.folder).join(self.file);
        if !self.labelled {
            return Ok(path.exists().then_some(path));
        }
        let Some(set) = datasets::load(data, self.folder, self.file)? else { return Ok(None) };
        let x = Table::new(set.x.rows, set.x.cols.saturating_sub(1), |i, j| set.x.at(i, j));
        let path = room.join(self.folder).with_extension("npy");
        write_npy(&path, &x.values, (x.rows, x.cols))?;
        Ok(Some(path))
    }

    /// The file, for documents.
    pub(crate) fn source(&self) -> String {
        let part = if self.labelled { " without its last column" } else { "" };
        format!("`DATA/{}/{}`{part}", self.folder, self.file)
    }

    /// Data set and loss, for messages and tables.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.folder, self.loss)
    }
}
