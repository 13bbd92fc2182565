//! One line of criteria for each rank of a scan.
//!
//! - *residual*: `sum (x - y)²` of the best run; *explained*, `1 - residual / sum x²` (R NMF's evar).
//! - *stability*: the best run's components, each matched with its partner in every other run ([`matching`](super::matching)):
//!   the mean cosine. 1 where all runs find the same.
//! - *consensus*: see [`Consensus`].
//! - *held out*: the mean loss per entry of each fold; the median over the folds, with its standard error,
//!   `1.2533 * 1.4826 * median |loss - median| / sqrt(folds)`.
//! - *shuffled*: the mean relative error for data without structure.

use super::consensus::{Consensus, Measures};
use super::matching::{assignment, cosines};
use super::scan::{Kind, Outcome};
use crate::scalar::Scalar;
use serde::Serialize;

/// What a scan says of a rank. `None` where it has no runs, folds or orders to say it from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The rank.
    pub rank: usize,
    /// Fits that are done, of any kind.
    pub fits: usize,
    /// Fits to all of X.
    pub runs: usize,
    /// Those of them that converged.
    pub converged: usize,
    /// The number of the one with the lowest objective.
    pub best: Option<usize>,
    /// Its objective.
    pub objective: Option<f64>,
    /// The mean objective of all runs.
    pub mean_objective: Option<f64>,
    /// The relative error of the best.
    pub relative_error: Option<f64>,
    /// `sum (x - y)²` of the best.
    pub residual: Option<f64>,
    /// `1 - residual / sum x²`.
    pub explained: Option<f64>,
    /// The mean sparseness of the best run's components in W.
    pub sparseness_w: Option<f64>,
    /// And in H.
    pub sparseness_h: Option<f64>,
    /// How well components of the best run are found again by the others, from 0 to 1: the mean, of two or more runs.
    pub stability: Option<f64>,
    /// The same of each component, in the order of the best run's.
    pub components: Vec<f64>,
    /// How stable the clusters of samples are, of two or more runs.
    pub consensus: Option<Measures>,
    /// How well entries are predicted.
    pub held_out: Option<HeldOut>,
    /// How well blocks are predicted.
    pub bi_cross: Option<HeldOut>,
    /// The mean relative error for shuffled data.
    pub shuffled: Option<f64>,
    /// The mean number of iterations of all fits.
    pub iterations: f64,
    /// Seconds of all fits.
    pub seconds: f64,
}

/// Mean losses of entries that a fit has not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldOut {
    /// Their median over the folds, so that one fold in which a fit went astray does not decide.
    pub median: f64,
    /// The standard error of that, from the median of how far folds are from it.
    pub error: f64,
    /// Their mean.
    pub mean: f64,
    /// By fold: its number, and its mean loss.
    pub folds: Vec<(usize, f64)>,
}

/// Summaries of all ranks that have outcomes, in ascending order. `seed` is for the choice of samples of a consensus, where
/// there are too many.
pub fn summaries<T: Scalar>(outcomes: &[Outcome<T>], seed: u64) -> Vec<Summary> {
    let mut ranks: Vec<usize> = outcomes.iter().map(|outcome| outcome.job.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let of = |rank: usize| outcomes.iter().filter(move |outcome| outcome.job.rank == rank);
    ranks.into_iter().map(|rank| summary(rank, &of(rank).collect::<Vec<_>>(), seed)).collect()
}

fn summary<T: Scalar>(rank: usize, outcomes: &[&Outcome<T>], seed: u64) -> Summary {
    let of = |kind: Kind| -> Vec<&Outcome<T>> {
        let mut these: Vec<_> = outcomes.iter().copied().filter(|outcome| outcome.job.kind == kind).collect();
        these.sort_by_key(|outcome| outcome.job.number);
        these
    };
    let (whole, held_out, shuffled) = (of(Kind::Whole), of(Kind::HeldOut), of(Kind::Shuffled));
    let best = whole.iter().copied().min_by(|a, b| a.objective.total_cmp(&b.objective));
    let components = best.map_or(Vec::new(), |best| stabilities(best, &whole));
    let several = whole.len() > 1;
    Summary {
        rank,
        fits: outcomes.len(),
        runs: whole.len(),
        converged: whole.iter().filter(|outcome| outcome.status.is_converged()).count(),
        best: best.map(|best| best.job.number),
        objective: best.map(|best| best.objective),
        mean_objective: mean(whole.iter().map(|outcome| outcome.objective)),
        relative_error: best.map(|best| best.relative_error),
        residual: best.map(|best| best.residual),
        explained: best.map(|best| best.explained),
        sparseness_w: best.map(|best| best.sparseness_w),
        sparseness_h: best.map(|best| best.sparseness_h),
        stability: if several { mean(components.iter().copied()) } else { None },
        consensus: several.then(|| consensus(&whole).measures(rank, seed)),
        components,
        held_out: folds(&held_out),
        bi_cross: folds(&of(Kind::Blocks)),
        shuffled: mean(shuffled.iter().map(|outcome| outcome.relative_error)),
        iterations: mean(outcomes.iter().map(|outcome| outcome.iterations as f64)).unwrap_or(0.0),
        seconds: outcomes.iter().map(|outcome| outcome.seconds).sum(),
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

/// The labels of several runs.
fn consensus<T: Scalar>(whole: &[&Outcome<T>]) -> Consensus {
    let mut consensus = Consensus::new(whole.first().map_or(0, |outcome| outcome.labels.len()));
    whole.iter().for_each(|outcome| consensus.add(outcome.labels.clone()));
    consensus
}

/// Of each component of the best run, the mean cosine with its partners in the others; empty if there are none.
fn stabilities<T: Scalar>(best: &Outcome<T>, whole: &[&Outcome<T>]) -> Vec<f64> {
    let Some(h) = &best.h else { return Vec::new() };
    let mut sums = vec![0.0; h.rank()];
    let mut others = 0;
    for other in whole.iter().filter(|other| other.job != best.job).filter_map(|other| other.h.as_ref()) {
        let pairs = assignment(&cosines(h, other), h.rank(), other.rank());
        pairs.iter().for_each(|pair| sums[pair.first] += pair.cosine);
        others += 1;
    }
    if others == 0 { Vec::new() } else { sums.into_iter().map(|sum| sum / f64::from(others)).collect() }
}

/// The middle of some numbers, or of the two in the middle; NaN of none.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (half, count) = (values.len() / 2, values.len());
    match count {
        0 => f64::NAN,
        _ if count % 2 == 1 => values[half],
        _ => 0.5 * (values[half - 1] + values[half]),
    }
}

fn folds<T: Scalar>(held_out: &[&Outcome<T>]) -> Option<HeldOut> {
    let folds: Vec<(usize, f64)> = held_out
        .iter()
        .filter(|outcome| outcome.entries > 0)
        .map(|outcome| (outcome.job.number, outcome.mean_loss))
        .collect();
    let losses: Vec<f64> = folds.iter().map(|fold| fold.1).collect();
    let mean = mean(losses.iter().copied())?;
    let (median, error) = middle(&losses);
    Some(HeldOut { median, error, mean, folds })
}

/// The median of some numbers, and its standard error; NaN of a single number.
pub(super) fn middle(values: &[f64]) -> (f64, f64) {
    let median = median(values.iter().copied());
    // For normal numbers, the deviation is 1.4826 times that distance, and the error of a median 1.2533 times that of a mean.
    let apart = self::median(values.iter().map(|value| (value - median).abs()));
    let error = 1.4826 * 1.2533 * apart / (values.len() as f64).sqrt();
    (median, if values.len() > 1 { error } else { f64::NAN })
}

impl HeldOut {
    /// By how much this is above another's loss, on the same folds: the median of the differences, and its standard error, 0
    /// for a single fold.
    pub fn behind(&self, other: &HeldOut) -> (f64, f64) {
        let partner = |fold: usize| other.folds.iter().find(|(number, _)| *number == fold);
        let differences: Vec<f64> = self
            .folds
            .iter()
            .filter_map(|&(fold, loss)| partner(fold).map(|&(_, of_other)| loss - of_other))
            .collect();
        let (median, error) = middle(&differences);
        (median, if differences.len() > 1 { error } else { 0.0 })
    }
}
