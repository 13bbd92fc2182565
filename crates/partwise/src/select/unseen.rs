//! How well a model predicts entries that it has not seen.
//!
//! The loss of Kullback-Leibler, and of beta below it, is infinite where the model is zero and X is not: one such entry, and
//! nothing could be compared. There, and so that all entries are judged alike, a millionth of their mean is added to the
//! model everywhere, for the judgement alone.

use crate::data::{Facts, Matrix};
use crate::error::Result;
use crate::factor::Factor;
use crate::fit::Score;
use crate::scalar::Scalar;
use crate::transform::{Model, RowRules};

/// The share of the mean entry that is added to a model.
const ADDED: f64 = 1e-6;

/// The score of rows W, `(rows of X, k)`, with the H of a model, on the entries of `x` that count; of losses that are infinite
/// where the model is zero, with a millionth of the mean of those entries added to the model.
///
/// # Errors
/// As [`Model::score`].
pub fn score_unseen<T: Scalar>(
    model: &Model<T>,
    w: &Factor<T>,
    x: &Matrix<'_, T>,
    threads: usize,
) -> Result<Score> {
    if model.loss.beta() > 1.0 {
        return model.score(w, x, threads);
    }
    let smoothing = model.rules.smoothing;
    let constant = T::from_f64(ADDED * Facts::of(x).mean);
    let w =
        if smoothing == 0.0 { widened(w, constant)? } else { widened(&smoothed(w, smoothing)?, constant)? };
    let judged = Model {
        h: widened(&model.h, T::ONE)?,
        loss: model.loss,
        // W is smoothed already: the constant takes no part in that.
        rules: RowRules { smoothing: 0.0, ..model.rules.clone() },
        component_scale: model.component_scale.iter().copied().chain([1.0]).collect(),
        least: model.least,
    };
    judged.score(&w, x, threads)
}

/// A factor with another component, the same for all rows.
fn widened<T: Scalar>(factor: &Factor<T>, by: T) -> Result<Factor<T>> {
    let values: Vec<T> = (0..factor.rows()).flat_map(|i| factor.row(i).iter().copied().chain([by])).collect();
    Factor::from_row_major(factor.rows(), factor.rank() + 1, &values)
}

/// W S, with `S = (1 - t) I + t / k`.
fn smoothed<T: Scalar>(w: &Factor<T>, t: f64) -> Result<Factor<T>> {
    let mut values = w.to_row_major();
    for row in values.chunks_exact_mut(w.rank().max(1)) {
        let mean = row.iter().map(|w| w.to_f64()).sum::<f64>() / row.len() as f64;
        row.iter_mut().for_each(|w| *w = T::from_f64((1.0 - t) * w.to_f64() + t * mean));
    }
    Factor::from_row_major(w.rows(), w.rank(), &values)
}
