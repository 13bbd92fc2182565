//! Air: sources of fine dust, from concentrations that are not equally certain.

use crate::{Section, commands, skipped};
use partwise::{Fit, Init, Nmf, Weights};
use partwise_benches::claims::Claims;
use partwise_benches::markdown::{Markdown, grouped};
use partwise_benches::table::Table;
use partwise_benches::{Outcome, datasets};
use std::fmt::Write;
use std::path::Path;

pub(crate) const SET: &str = "pmf_baltimore";
const TITLE: &str = "Air: concentrations with uncertainties";
const RANKS: [usize; 5] = [5, 6, 7, 8, 9];
const STARTS: usize = 20;
/// How far Q, summed up here, may be from what the fit says, relative to it.
const SAME: f64 = 1e-9;
/// Starts within this share of the best one have found the same.
const AS_GOOD: f64 = 1e-3;

const ABOUT: &str = "\
Positive matrix factorization (P. Paatero, U. Tapper, 1994, doi:10.1002/env.3170050203) of concentrations of fine dust:
rows are days, columns are species, components are sources. Every entry has an uncertainty u, and what is minimised is
`Q = sum ((x - y) / u)²`, which is twice the loss that partwise minimises with `Weights::uncertainties`.";

/// The section.
pub(crate) fn section(data: &Path) -> Outcome<Section> {
    let (Some(x), Some(u)) = (datasets::load(data, SET, "X.npy")?, datasets::load(data, SET, "U.npy")?)
    else {
        return Ok(skipped(TITLE, &format!("{SET}/X.npy or U.npy")));
    };
    let mut section = Section { text: String::new(), claims: Claims::default() };
    let (m, n) = (x.x.rows, x.x.cols);
    let odd = x.x.values.iter().filter(|x| !(**x >= 0.0)).count();
    let vague = u.x.values.iter().filter(|u| !(**u > 0.0)).count();
    let unlike = x.x.values.iter().zip(&u.x.values).map(|(x, u)| x / u);
    let (least, most) = unlike.fold((f64::INFINITY, 0.0f64), |(a, b), r| (a.min(r), b.max(r)));
    writeln!(
        section.text,
        "## {TITLE}\n\n{ABOUT}\n\n{}\n\n\
         {odd} of {} concentrations are negative or missing, and {vague} uncertainties are not positive: there is nothing to\n\
         repair. An entry is {least:.2} to {most:.1} times its uncertainty.\n\n\
         {STARTS} random starts at each rank, seed 0, everything else as by default. Q is summed up anew from X, U, W and H;\n\
         *differs* is how far twice the loss of the fit is from it, relative to it. Expected is `m n - k (m + n)`, the number of\n\
         entries less that of unknowns; *starts* counts those within {}% of the best Q; iterations are those of the best start.\n",
        x.origin,
        m * n,
        100.0 * AS_GOOD
    )?;
    let weights = Weights::new().uncertainties(&u.x.dense::<f64>()?)?;
    let weighted = x.x.dense::<f64>()?.weighted(weights)?;
    let mut table = Markdown::new(
        0,
        ["rank", "Q", "differs", "Q / expected", "worst Q", "starts", "iterations", "residual", "status"],
    );
    let (mut off, mut falls, mut last) = (0.0f64, true, f64::INFINITY);
    for rank in RANKS {
        let fit = Nmf::new(rank).init(Init::Random).restarts(STARTS).fit(&weighted)?;
        let q = q(&x.x, &u.x, &fit);
        let differs = (2.0 * fit.loss - q).abs() / q;
        off = off.max(differs);
        falls &= q < last;
        last = q;
        let worst = fit.restarts.iter().map(|r| 2.0 * r.objective).fold(0.0, f64::max);
        let there = fit.restarts.iter().filter(|r| 2.0 * r.objective <= q * (1.0 + AS_GOOD)).count();
        let expected = (m * n) as f64 - (rank * (m + n)) as f64;
        table.row([
            rank.to_string(),
            grouped(q, 2),
            format!("{differs:.0e}"),
            format!("{:.4}", q / expected),
            grouped(worst, 2),
            format!("{there} of {STARTS}"),
            grouped(fit.iterations as f64, 0),
            format!("{:.0e}", fit.kkt_residual()),
            fit.status.to_string(),
        ]);
    }
    writeln!(section.text, "{table}")?;
    section.text += &commands(&format!(
        "partwise fit X.npy --uncertainty U.npy --rank {} --init random --restarts {STARTS}",
        RANKS[2]
    ));
    section.claims.check(
        format!("Q of the fit and Q summed up from the factors differ by {off:.0e} at most, below {SAME:e}"),
        off <= SAME,
    );
    section.claims.check("Q falls with the rank", falls);
    Ok(section)
}

/// Q of the returned factors, entry by entry.
fn q(x: &Table, u: &Table, fit: &Fit<f64>) -> f64 {
    let mut q = 0.0;
    for i in 0..x.rows {
        for j in 0..x.cols {
            let mut y = 0.0;
            for c in 0..fit.w.rank() {
                y += fit.w.row(i)[c] * fit.h.row(j)[c];
            }
            let off = (x.at(i, j) - y) / u.at(i, j);
            q += off * off;
        }
    }
    q
}
