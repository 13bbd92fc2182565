//! The folder of a fit: W, H, names and `run.json`, written as a whole and opened again.
//!
//! Every number is in `.npy`, CSV or JSON: nothing in it is code, and opening it runs none.

mod folder;
mod open;
mod record;

pub use folder::{Folder, TableFormat, write_factor};
pub use open::Stored;
pub use record::{
    Asked, Counted, Data, Files, GivenNames, HeldOut, Record, Recorded, Seconds, Versions, peak_memory,
};

use serde::{Deserialize, Serialize};

/// The record of a run; its schema is `docs/run.schema.json`.
pub const RUN: &str = "run.json";
/// Names of rows and columns, where the factors are in a format that has no room for them.
pub const NAMES: &str = "names.json";
/// A picture of H.
pub const PICTURE: &str = "parts.png";
/// How many runs agree on a component, and by how much its entries vary among them.
pub const CONSENSUS: &str = "consensus.tsv";
/// See [`CONSENSUS`]; in the shape of H.
pub const SPREAD: &str = "H_spread.npy";
/// The report, to be opened in a browser.
pub const REPORT: &str = "report.html";
/// How texts became the rows of X.
pub const TEXT: &str = "text.json";
/// The first words of each topic.
pub const TOPICS: &str = "topics.tsv";
/// The documents that have most of each topic.
pub const DOCUMENTS: &str = "documents.tsv";
/// What a fit may have beside W, H, names and picture.
pub const OTHERS: [&str; 6] = [CONSENSUS, SPREAD, REPORT, TEXT, TOPICS, DOCUMENTS];
/// Raised when a field of [`RUN`] changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// Names of the rows and columns of X, and of components; the contents of [`NAMES`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct AxisNames {
    /// One for every row of X.
    pub rows: Option<Vec<String>>,
    /// One for every column of X.
    pub cols: Option<Vec<String>>,
    /// Of the first components, where they were known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
}

impl AxisNames {
    fn is_empty(&self) -> bool {
        self.rows.is_none() && self.cols.is_none() && self.components.is_none()
    }

    /// A row, a column or an entry by name, to follow its numbers: ` (row 'a', column 'b')`; empty where there are no
    /// names.
    pub fn at(&self, row: Option<usize>, col: Option<usize>) -> String {
        let named = |what: &str, names: &Option<Vec<String>>, at: Option<usize>| {
            let name = names.as_ref()?.get(at?)?;
            Some(format!("{what} '{}'", name.escape_debug()))
        };
        let found: Vec<String> =
            [named("row", &self.rows, row), named("column", &self.cols, col)].into_iter().flatten().collect();
        if found.is_empty() { String::new() } else { format!(" ({})", found.join(", ")) }
    }
}

/// Names of components: those that are known, and then `component_N`, counted from 1.
pub fn component_names(k: usize, known: Option<&[String]>) -> Vec<String> {
    let known = known.unwrap_or_default().iter().take(k).cloned();
    let others = known.len() + 1..=k;
    known.chain(others.map(|c| format!("component_{c}"))).collect()
}

/// Whether a fit could have written a file of this name.
pub fn is_of_a_fit(name: &str) -> bool {
    let table = ["npy", "csv", "tsv"].iter().any(|e| name == format!("W.{e}") || name == format!("H.{e}"));
    table || [RUN, NAMES, PICTURE].contains(&name) || OTHERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use partwise::{Dense, Facts, Matrix, Nmf};

    /// W, H and names come back from every format, with and without W and names.
    #[test]
    fn a_fit_comes_back() {
        let x: Matrix<'_, f64> = Dense::from_fn(5, 4, |i, j| (1 + i * j) as f64).into();
        let fit = Nmf::new(2).fit(&x).unwrap();
        let (w, h) = (fit.w.to_row_major(), fit.h.to_transposed());
        let list = |what: &str, n: usize| Some((0..n).map(|i| format!("{what} {i}")).collect());
        let named = AxisNames { rows: list("row", 5), cols: list("column", 4), components: None };
        for format in [TableFormat::Npy, TableFormat::Csv, TableFormat::Tsv] {
            for (with_w, names) in [(true, &named), (true, &AxisNames::default()), (false, &named)] {
                let place = testing::Folder::new();
                let target = place.join("fit");
                let to = Folder::create(&target, false).unwrap();
                let files =
                    to.write(with_w.then_some((&w[..], (5, 2))), (&h, (2, 4)), names, format).unwrap();
                let asked = Asked { files: files.clone(), ..Asked::default() };
                to.put(RUN, &Record::new(&Facts::of(&x), &fit, asked).to_json().unwrap()).unwrap();
                to.commit(&files).unwrap();

                let stored = Stored::open(&target).unwrap();
                let (model, found) = stored.model::<f64>().unwrap();
                assert_eq!((model.h, model.rules), (fit.h.clone(), fit.row_rules.clone()));
                assert_eq!(stored.w::<f64>().unwrap(), with_w.then(|| fit.w.clone()));
                assert_eq!(found.cols, names.cols);
                assert_eq!(stored.files().count(), files.all().len() + 1);
            }
        }
    }
}
