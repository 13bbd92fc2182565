//! Small matrices whose non-negative rank is known and larger than their rank.

use nalgebra::DMatrix;
use partwise::{Init, Nmf};
use partwise_benches::Outcome;
use partwise_benches::markdown::Markdown;
use partwise_benches::table::Table;
use std::fmt::Write;

const STARTS: usize = 50;
/// An error below this is none.
const NONE: f64 = 1e-6;

const ABOUT: &str = "\
The non-negative rank of a matrix is the least k with an exact factorization into non-negative W and H. *Nested hexagons*
(N. Gillis, 2020, \"Nonnegative Matrix Factorization\", SIAM, doi:10.1137/1.9781611976410, section 2.1) are the circulant
matrices of (1, a, 2a-1, 2a-1, a, 1) / (6a): of rank 3, and of non-negative rank 3 for a <= 2, 4 for 2 < a <= 3, 5 for
a > 3. L. B. Thomas's matrix (1974, doi:10.1137/1016064), [1 1 0 0; 1 0 1 0; 0 1 0 1; 0 0 1 1], is of rank 3 and
non-negative rank 4.";

/// The section.
pub(crate) fn section() -> Outcome<String> {
    let mut out = format!("## Exact non-negative ranks\n\n{ABOUT}\n\n");
    writeln!(
        out,
        "Relative error ||X - WH|| / ||X|| of the best of {STARTS} random starts (`tol` 0, 20,000 iterations, else the\n\
         defaults). *Rank* is the number of singular values above 1e-12 of the largest. The verdict is that the least k\n\
         with an error below {NONE:e} is the published one.\n"
    )?;
    let mut table = Markdown::new(
        1,
        ["matrix", "rank", "non-negative rank", "k = 2", "k = 3", "k = 4", "k = 5", "verdict"],
    );
    let mut cases: Vec<(String, Table, usize)> = [(2.0, 3), (2.5, 4), (3.0, 4), (4.0, 5), (1e6, 5)]
        .map(|(a, known)| (format!("nested hexagons, a = {a}"), hexagons(a), known))
        .to_vec();
    cases.push(("Thomas".into(), thomas(), 4));
    for (name, x, known) in cases {
        let errors = (2..=5).map(|k| error(&x, k)).collect::<Outcome<Vec<f64>>>()?;
        let found = errors.iter().position(|&e| e < NONE).map(|at| at + 2);
        let mut row = vec![name, rank(&x).to_string(), known.to_string()];
        row.extend(errors.iter().map(|&e| if e < NONE { bound(e) } else { format!("{e:.4}") }));
        row.push(if found == Some(known) { "reached".into() } else { "**not reached**".into() });
        table.row(row);
    }
    write!(out, "{table}")?;
    Ok(out)
}

/// The power of ten above an error that is none: its digits are rounding.
fn bound(e: f64) -> String {
    if e < 1e-12 { "< 1e-12".into() } else { format!("< 1e{}", e.log10().ceil()) }
}

fn hexagons(a: f64) -> Table {
    let row = [1.0, a, 2.0 * a - 1.0, 2.0 * a - 1.0, a, 1.0].map(|v: f64| v / (6.0 * a));
    Table::new(6, 6, |i, j| row[(j + 6 - i) % 6])
}

fn thomas() -> Table {
    let rows = [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]];
    Table::new(4, 4, |i, j| rows[i][j])
}

fn rank(x: &Table) -> usize {
    let values = DMatrix::from_row_slice(x.rows, x.cols, &x.values).singular_values();
    values.iter().filter(|&&s| s > 1e-12 * values.max()).count()
}

fn error(x: &Table, k: usize) -> Outcome<f64> {
    let nmf = Nmf::new(k).init(Init::Random).restarts(STARTS).threads(1);
    Ok(nmf.tol(0.0).max_iter(20_000).fit(&x.dense::<f64>()?)?.relative_error())
}
