//! The tables of signatures, in the layout of SigProfiler: classes by signatures, samples by signatures.

use super::known::{Compared, Known, cosine};
use crate::failure::Failure;
use partwise::data::Matrix;
use partwise::{Factor, Fit};
use partwise_io::{Cell, Separator, write_cells_to};

/// Names of rows; `what_1` and so on where there are none.
pub(super) fn names_or(names: Option<&[String]>, what: &str, count: usize) -> Vec<String> {
    names.map_or_else(|| (1..=count).map(|at| format!("{what}_{at}")).collect(), <[String]>::to_vec)
}

/// Rows of a factor with their names, below the names of its components.
pub(super) fn factor(
    corner: &str,
    rows: &[String],
    components: &[String],
    of: &Factor<f64>,
) -> Result<Vec<u8>, Failure> {
    let header: Vec<&str> = [corner].into_iter().chain(components.iter().map(String::as_str)).collect();
    let lines = rows.iter().enumerate().map(|(i, name)| {
        let numbers = of.row(i).iter().map(|&x| Cell::Number(x));
        [Cell::Name(name)].into_iter().chain(numbers).collect()
    });
    written(&header, lines)
}

/// How well each sample is explained.
pub(super) fn samples(names: &[String], fit: &Fit<f64>, x: &Matrix<'_, f64>) -> Result<Vec<u8>, Failure> {
    let n = x.cols();
    let values = x.to_row_major();
    let h = fit.h.to_transposed();
    let lines = names.iter().zip(values.chunks_exact(n.max(1))).enumerate().map(|(i, (name, own))| {
        let mut model = vec![0.0; n];
        for (weight, signature) in fit.w.row(i).iter().zip(h.chunks_exact(n.max(1))) {
            model.iter_mut().zip(signature).for_each(|(sum, x)| *sum += weight * x);
        }
        let total: f64 = own.iter().sum();
        let mut line = vec![Cell::Name(name), Cell::Number(total)];
        if total > 0.0 {
            let pairs = || own.iter().zip(&model);
            let squares = |of: &mut dyn Iterator<Item = f64>| of.map(|x| x * x).sum::<f64>().sqrt();
            let l1: f64 = pairs().map(|(x, y)| (x - y).abs()).sum();
            let l2 = squares(&mut pairs().map(|(x, y)| x - y)) / squares(&mut own.iter().copied());
            let kl: f64 = pairs().map(|(&x, &y)| if x > 0.0 { x * (x / y).ln() } else { 0.0 } - x + y).sum();
            line.extend([cosine(own, &model), l1 / total, l2, kl / total].map(Cell::Number));
        } else {
            line.extend([Cell::Empty; 4]);
        }
        line
    });
    written(&["sample", "mutations", "cosine", "l1", "l2", "kl"], lines)
}

/// Cosines of all signatures with all known ones.
pub(super) fn cosines(names: &[String], known: &Known, compared: &[Compared]) -> Result<Vec<u8>, Failure> {
    let header: Vec<&str> = ["signature"].into_iter().chain(known.names.iter().map(String::as_str)).collect();
    let lines = names.iter().zip(compared).map(|(name, compared)| {
        let numbers = compared.cosines.iter().map(|&x| Cell::Number(x));
        [Cell::Name(name)].into_iter().chain(numbers).collect()
    });
    written(&header, lines)
}

/// `60 % SBS5, 40 % SBS1`
pub(super) fn mixture_in_words(compared: &Compared) -> String {
    let parts: Vec<String> =
        compared.parts.iter().map(|part| format!("{:.0} % {}", 100.0 * part.share, part.name)).collect();
    parts.join(", ")
}

/// A line for each signature: partner, the most alike, the mixture.
pub(super) fn reference(names: &[String], compared: &[Compared]) -> Result<Vec<u8>, Failure> {
    let mixtures: Vec<String> = compared.iter().map(mixture_in_words).collect();
    let lines = names.iter().zip(compared).zip(&mixtures).map(|((name, compared), mixture)| {
        let mut line = vec![Cell::Name(name)];
        let best = (0..3).map(|at| compared.best.get(at));
        for like in [compared.partner.as_ref()].into_iter().chain(best) {
            line.extend(match like {
                Some(like) => [Cell::Name(&like.name), Cell::Number(like.cosine)],
                None => [Cell::Empty; 2],
            });
        }
        line.push(if mixture.is_empty() { Cell::Empty } else { Cell::Name(mixture) });
        line.push(Cell::Number(compared.mixture_cosine));
        line
    });
    let header = [
        "signature",
        "partner",
        "partner_cosine",
        "best",
        "best_cosine",
        "second",
        "second_cosine",
        "third",
        "third_cosine",
        "mixture",
        "mixture_cosine",
    ];
    written(&header, lines)
}

/// What goes to standard output: a line for each signature.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) mutations: f64,
    pub(super) share: f64,
    pub(super) runs: usize,
    pub(super) stability: f64,
    pub(super) known: Option<&'a Compared>,
}

pub(super) fn summary(lines: &[Line<'_>]) -> Result<Vec<u8>, Failure> {
    let mut header = vec!["signature", "mutations", "share", "runs", "stability"];
    if lines.iter().any(|line| line.known.is_some()) {
        header.extend(["best", "cosine", "mixture", "mixture_cosine"]);
    }
    let rounded = |x: f64, digits: i32| (x * 10f64.powi(digits)).round() / 10f64.powi(digits);
    let mixtures: Vec<String> =
        lines.iter().map(|line| line.known.map_or(String::new(), mixture_in_words)).collect();
    let rows = lines.iter().zip(&mixtures).map(|(line, mixture)| {
        let mut cells = vec![
            Cell::Name(line.name),
            Cell::Number(rounded(line.mutations, 1)),
            Cell::Number(rounded(line.share, 4)),
            Cell::Count(line.runs),
            Cell::Number(rounded(line.stability, 4)),
        ];
        if let Some(known) = line.known {
            cells.extend(match known.best.first() {
                Some(like) => [Cell::Name(&like.name), Cell::Number(rounded(like.cosine, 4))],
                None => [Cell::Empty; 2],
            });
            cells.push(if mixture.is_empty() { Cell::Empty } else { Cell::Name(mixture) });
            cells.push(Cell::Number(rounded(known.mixture_cosine, 4)));
        }
        cells
    });
    written(&header, rows)
}

fn written<'a>(header: &[&'a str], rows: impl Iterator<Item = Vec<Cell<'a>>>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    write_cells_to(&mut out, header, rows, Separator::Tab)?;
    Ok(out)
}
