//! What the folder of a fit says of its components beside H: how far runs agree on them, and which known signatures are like
//! them.

use super::open::{damaged, factor};
use super::{CONSENSUS, COSINE, SPREAD, Stored};
use crate::error::Result;
use crate::input::Input;
use crate::read::{ReadOptions, read};
use crate::write::NpyScalar;
use partwise::Factor;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What components of a consensus were taken from, as `run.json` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Taken {
    /// Runs of the rank.
    pub runs: usize,
    /// Components that were left out, of all in all of them.
    pub left_out: usize,
}

/// How far runs agree on components.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::exhaustive_structs)]
pub struct Agreement {
    /// What they were taken from. Earlier versions did not say.
    pub taken: Option<Taken>,
    /// How many runs have each component.
    pub runs: Vec<usize>,
    /// The mean cosine of each component with those of the runs that have it.
    pub cosines: Vec<f64>,
    /// Half the range between the quartiles over the runs, in the shape of H.
    pub spread: Option<Factor<f64>>,
}

/// Known signatures by name, with the cosines of a component with them.
pub type Alike = Vec<(String, f64)>;

impl Stored {
    /// How far runs agree on the components, if they come from a consensus whose table is in the folder.
    ///
    /// # Errors
    /// If a file is damaged, or does not belong to `run.json`.
    pub fn agreement(&self) -> Result<Option<Agreement>> {
        let Some(path) = self.beside(CONSENSUS) else { return Ok(None) };
        let k = self.record.options.rank;
        let (_, numbers) = table(&path, k, Some(2))?;
        let column = |at: usize| numbers.iter().filter_map(move |row| row.get(at).copied());
        let count = |x: f64| (x >= 0.0 && x.fract() == 0.0 && x <= 1e9).then_some(x as usize);
        let runs: Option<Vec<usize>> = column(0).map(count).collect();
        let Some(runs) = runs else {
            return Err(damaged(&path, "numbers of runs are whole numbers".into(), AGAIN));
        };
        let spread = match self.beside(SPREAD) {
            None => None,
            Some(path) => {
                let (spread, _) = factor::<f64>(&path, false)?;
                if (spread.rank(), spread.rows()) != (k, self.record.shape.1) {
                    let problem = format!("it has not the shape of H, {k} x {}", self.record.shape.1);
                    return Err(damaged(&path, problem, MIXED));
                }
                Some(spread)
            }
        };
        let taken = self.document.get("consensus").and_then(|taken| Taken::deserialize(taken).ok());
        Ok(Some(Agreement { taken, runs, cosines: column(1).collect(), spread }))
    }

    /// The known signatures that each component is most alike, at most `count`, the most alike first, with their cosines; if
    /// the table of those is in the folder.
    ///
    /// # Errors
    /// As [`Stored::agreement`].
    pub fn known(&self, count: usize) -> Result<Option<Vec<Alike>>> {
        let Some(path) = self.beside(COSINE) else { return Ok(None) };
        let (names, numbers) = table(&path, self.record.options.rank, None)?;
        let best = |row: &Vec<f64>| {
            let finite = names.iter().zip(row).filter(|(_, cosine)| cosine.is_finite());
            let mut alike: Alike = finite.map(|(name, &cosine)| (name.clone(), cosine)).collect();
            alike.sort_by(|a, b| b.1.total_cmp(&a.1));
            alike.truncate(count);
            alike
        };
        Ok(Some(numbers.iter().map(best).collect()))
    }

    /// A file that the fit has written, if it is still there.
    fn beside(&self, name: &str) -> Option<PathBuf> {
        let listed = self.record.files.others.iter().any(|other| other == name);
        listed.then(|| self.file(name).ok()).flatten().filter(|path| path.exists())
    }
}

const AGAIN: &str = "copy the whole folder again";
const MIXED: &str = "the folder is a mixture of two fits";

/// A table of a name and numbers for each component: names of its columns, and its rows.
fn table(path: &Path, k: usize, columns: Option<usize>) -> Result<(Vec<String>, Vec<Vec<f64>>)> {
    let mut options = ReadOptions::default();
    (options.precision, options.row_names, options.header) = (f64::PRECISION, Some(true), Some(true));
    let table = read(Input::path(path), &options)?;
    let Some(x) = f64::of(table.matrix) else {
        return Err(damaged(path, "it was read in another precision than asked for".into(), AGAIN));
    };
    if x.rows() != k || columns.is_some_and(|columns| columns != x.cols()) {
        let problem = format!("it has {} lines of {} numbers, for {k} components", x.rows(), x.cols());
        return Err(damaged(path, problem, MIXED));
    }
    let rows = x.to_row_major().chunks_exact(x.cols().max(1)).map(<[f64]>::to_vec).collect();
    Ok((table.col_names.unwrap_or_default(), rows))
}
