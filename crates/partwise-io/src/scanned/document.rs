//! What a scan found: `scan.json`, in full, and the same as a table.

use crate::error::Result;
use crate::fitted::Versions;
use crate::write::{Cell, Separator, write_cells_to};
use partwise::select::{Advice, Scan, Summary};
use serde::Serialize;

/// What the scan found, in full.
pub const SCAN: &str = "scan.json";
/// The same as a table.
pub const TABLE: &str = "ranks.tsv";

/// `scan.json`. Numbers that are not finite are `null`.
#[derive(Debug, Clone, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Document<'a> {
    /// 1.
    pub schema_version: u32,
    /// What made it.
    pub partwise: Versions,
    /// What was asked.
    pub scan: &'a Scan,
    /// Hash of X.
    pub data: &'a str,
    /// Its name.
    pub input: &'a str,
    /// Rows and columns of X.
    pub shape: (usize, usize),
    /// Fits that are done.
    pub fits: usize,
    /// Those that are not.
    pub missing: usize,
    /// The recommendation.
    pub advice: &'a Advice,
    /// The command that makes the recommended fit, if there is one.
    pub fit: Option<&'a str>,
    /// The criteria of every rank.
    pub ranks: &'a [Summary],
}

impl Document<'_> {
    /// The text of the file.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn to_json(&self) -> std::result::Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// The criteria as a table for people, a line for each rank: as many digits as it is read for.
    ///
    /// # Errors
    /// As [`write_cells_to`].
    pub fn to_table(&self) -> Result<Vec<u8>> {
        let columns = columns(self.ranks);
        let header: Vec<&str> = ["rank"].into_iter().chain(columns.iter().map(|(name, _)| *name)).collect();
        let lines = self.ranks.iter().enumerate().map(|(at, summary)| {
            let known = |x: f64| if x.is_nan() { Cell::Empty } else { Cell::Number(six_digits(x)) };
            let criteria = columns.iter().map(|(_, of)| known(of.get(at).copied().unwrap_or(f64::NAN)));
            [Cell::Count(summary.rank)].into_iter().chain(criteria).collect()
        });
        let mut out = Vec::new();
        write_cells_to(&mut out, &header, lines, Separator::Tab)?;
        Ok(out)
    }
}

/// The criteria by name, with a number for each rank: NaN where it has none. Those that no rank has are left out.
pub fn columns(ranks: &[Summary]) -> Vec<(&'static str, Vec<f64>)> {
    type Column = (&'static str, fn(&Summary) -> Option<f64>);
    let all: [Column; 16] = [
        ("relative_error", |s| s.relative_error),
        ("shuffled_error", |s| s.shuffled),
        ("held_out_loss", |s| s.held_out.as_ref().map(|h| h.median)),
        ("held_out_standard_error", |s| s.held_out.as_ref().map(|h| h.error)),
        ("bi_cross_loss", |s| s.bi_cross.as_ref().map(|h| h.median)),
        ("bi_cross_standard_error", |s| s.bi_cross.as_ref().map(|h| h.error)),
        ("stability", |s| s.stability),
        ("cophenetic", |s| s.consensus.and_then(|c| c.cophenetic)),
        ("dispersion", |s| s.consensus.map(|c| c.dispersion)),
        ("ambiguous", |s| s.consensus.map(|c| c.ambiguous)),
        ("silhouette", |s| s.consensus.and_then(|c| c.silhouette)),
        ("explained", |s| s.explained),
        ("residual", |s| s.residual),
        ("sparseness_w", |s| s.sparseness_w),
        ("sparseness_h", |s| s.sparseness_h),
        ("objective", |s| s.objective),
    ];
    all.into_iter()
        .filter(|(_, of)| ranks.iter().any(|summary| of(summary).is_some()))
        .map(|(name, of)| (name, ranks.iter().map(|summary| of(summary).unwrap_or(f64::NAN)).collect()))
        .collect()
}

fn six_digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}
