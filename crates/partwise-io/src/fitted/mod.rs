//! The folder of a fit: W, H, names and `run.json`, written as a whole and opened again.
//!
//! Every number is in `.npy`, CSV or JSON: nothing in it is code, and opening it runs none.

mod folder;
mod open;
mod record;

pub use folder::{Folder, TableFormat, write_factor};
pub use open::Stored;
pub use record::{Asked, Counted, Data, Files, GivenNames, HeldOut, Record, Recorded, Seconds, peak_memory};

use serde::{Deserialize, Serialize};

/// The record of a run; its schema is `docs/run.schema.json`.
pub const RUN: &str = "run.json";
/// Names of rows and columns, where the factors are in a format that has no room for them.
pub const NAMES: &str = "names.json";
/// A picture of H.
pub const PICTURE: &str = "parts.png";
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
    table || [RUN, NAMES, PICTURE].contains(&name)
}
