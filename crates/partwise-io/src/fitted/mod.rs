//! The folder of a fit: W, H, names and `run.json`, written as a whole and opened again.
//!
//! Every number is in `.npy`, CSV or JSON: nothing in it is code, and opening it runs none.

mod beside;
mod folder;
mod open;
mod pictured;
mod record;

pub use beside::{Agreement, Alike, Taken};
pub use folder::{Folder, TableFormat, write_factor};
pub use open::Stored;
pub(crate) use open::bad_entry;
pub use pictured::{Pictured, PixelOrder};
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
/// How pictures became rows of X, for new ones to become rows in the same way.
pub const PICTURES: &str = "images.json";
/// Pictures beside what the model makes of them.
pub const RECONSTRUCTION: &str = "reconstruction.png";
/// Mutational signatures: classes by signatures.
pub const SIGNATURES: &str = "signatures.tsv";
/// By how much their entries vary among runs.
pub const SIGNATURES_SPREAD: &str = "signatures_spread.tsv";
/// How many mutations of each sample each signature makes.
pub const EXPOSURES: &str = "exposures.tsv";
/// How well each sample is explained.
pub const SAMPLES: &str = "samples.tsv";
/// Cosines of signatures and known ones.
pub const COSINE: &str = "cosine.tsv";
/// Signatures by known ones.
pub const KNOWN: &str = "reference.tsv";
/// How texts became the rows of X.
pub const TEXT: &str = "text.json";
/// The first words of each topic.
pub const TOPICS: &str = "topics.tsv";
/// The documents that have most of each topic.
pub const DOCUMENTS: &str = "documents.tsv";
/// What a fit may have beside W, H, names and picture.
pub const OTHERS: [&str; 14] = [
    CONSENSUS,
    SPREAD,
    REPORT,
    PICTURES,
    RECONSTRUCTION,
    SIGNATURES,
    SIGNATURES_SPREAD,
    EXPOSURES,
    SAMPLES,
    COSINE,
    KNOWN,
    TEXT,
    TOPICS,
    DOCUMENTS,
];
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
    table || [RUN, NAMES, PICTURE].contains(&name) || OTHERS.contains(&name) || is_of_cnmf(name)
}

/// Whether it is the name of a table in the layout of cNMF: `NAME.usages.k_9.dt_0_5.consensus.txt`.
fn is_of_cnmf(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let ends = [
        (".spectra.k_", ".consensus.txt"),
        (".usages.k_", ".consensus.txt"),
        (".gene_spectra_score.k_", ".txt"),
        (".gene_spectra_tpm.k_", ".txt"),
    ];
    ends.into_iter().any(|(middle, end)| {
        let numbers =
            name.rsplit_once(middle).and_then(|(_, rest)| rest.strip_suffix(end)?.split_once(".dt_"));
        numbers.is_some_and(|(rank, limit)| digits(rank) && limit.split('_').all(digits))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use partwise::{Dense, Facts, Matrix, Nmf};

    #[test]
    fn tables_of_cnmf_are_ours() {
        for name in [
            "a.usages.k_9.dt_0_5.consensus.txt",
            "a.b.spectra.k_12.dt_2_0.consensus.txt",
            "x.gene_spectra_tpm.k_1.dt_0_1.txt",
        ] {
            assert!(is_of_a_fit(name), "{name}");
        }
        for name in [
            "a.usages.k_9.dt_0_5.txt",
            "a.usages.k_.dt_0_5.consensus.txt",
            "thesis.txt",
            "a.gene_spectra_tpm.k_1.dt_x.txt",
        ] {
            assert!(!is_of_a_fit(name), "{name}");
        }
    }

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
