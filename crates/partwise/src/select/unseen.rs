//! How well a model predicts entries that it has not seen.
//!
//! A fit knows nothing of what a component has in a column if the only row that uses it much has its entry there held out; the few
//! others that use it a little then decide, and the prediction may be anything: a thousand times what is anywhere in X, or
//! zero, where the loss of Kullback-Leibler, and of beta below it, is infinite. One such entry, and a mean over thousands says
//! nothing of the rest. So for the judgement alone, a prediction goes no farther than what was seen allows:
//!
//! ```text
//! y <= max(largest entry seen in row i, largest entry seen in column j)
//! y >= mean_i mean_j / mean / 30        for beta <= 1
//! ```
//!
//! with the means of what was seen of the row, of the column and of X. The bounds are the same for all ranks.
//!
//! Cost: a look at every entry of X for the margins, and O(k) per entry that is judged.

use crate::data::facts::for_each;
use crate::data::{Facts, Matrix};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::fit::Score;
use crate::loss::Loss;
use crate::scalar::Scalar;
use crate::spec::Negatives;
use crate::transform::Model;

/// The lower bound is this share of what margins predict.
const SHARE: f64 = 1.0 / 30.0;

/// Of a row or a column: what was seen of it.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    sum: f64,
    weight: f64,
    largest: f64,
}

/// What was seen of every row and every column of X.
#[derive(Debug, Clone)]
pub struct Margins {
    rows: Vec<Line>,
    cols: Vec<Line>,
    mean: f64,
}

impl Margins {
    /// Of the entries that count in `seen`.
    pub fn of<T: Scalar>(seen: &Matrix<'_, T>) -> Margins {
        Margins::outside(seen, &vec![false; seen.rows()], &vec![false; seen.cols()])
    }

    /// Of those that do not lie in the block of these rows and columns. Negative entries are taken for zeros.
    pub(super) fn outside<T: Scalar>(
        seen: &Matrix<'_, T>,
        block_rows: &[bool],
        block_cols: &[bool],
    ) -> Margins {
        let mut rows = vec![Line::default(); seen.rows()];
        let mut cols = vec![Line::default(); seen.cols()];
        let mut add = |i: usize, j: usize, x: f64, weight: f64, counted: f64| {
            if block_rows[i] && block_cols[j] {
                return;
            }
            let x = x.max(0.0);
            for line in [&mut rows[i], &mut cols[j]] {
                line.sum += weight * x;
                line.weight += counted;
                line.largest = line.largest.max(x);
            }
        };
        if let Matrix::Weighted(x) = seen {
            x.for_each(|i, j, x, weight| add(i, j, x.to_f64(), weight.to_f64(), weight.to_f64()));
        } else {
            // Zeros are counted, and not met.
            for_each(seen, |i, j, x, _| add(i, j, x, 1.0, 0.0));
            let inside = |block: &[bool]| block.iter().filter(|&&inside| inside).count();
            let sizes = (inside(block_rows), inside(block_cols));
            let (m, n) = (rows.len(), cols.len());
            for (row, &inside) in rows.iter_mut().zip(block_rows) {
                row.weight = (n - if inside { sizes.1 } else { 0 }) as f64;
            }
            for (col, &inside) in cols.iter_mut().zip(block_cols) {
                col.weight = (m - if inside { sizes.0 } else { 0 }) as f64;
            }
        }
        let (sum, weight) = rows.iter().fold((0.0, 0.0), |(s, w), line| (s + line.sum, w + line.weight));
        Margins { rows, cols, mean: if weight > 0.0 { sum / weight } else { 0.0 } }
    }

    /// How far a prediction of entry `(i, j)` may go.
    fn bounds(&self, i: usize, j: usize, loss: Loss) -> (f64, f64) {
        let mean = |line: &Line| if line.weight > 0.0 { line.sum / line.weight } else { self.mean };
        let most = self.rows[i].largest.max(self.cols[j].largest);
        if loss.beta() > 1.0 || self.mean <= 0.0 {
            return (0.0, most);
        }
        // Of a line that has nothing, half an entry of the mean could have been missed.
        let shares = [&self.rows[i], &self.cols[j]].map(|line| {
            let nothing = 0.5 / line.weight.max(1.0);
            (mean(line) / self.mean).max(nothing)
        });
        let least = SHARE * self.mean * shares[0] * shares[1];
        (least, most.max(least))
    }
}

/// The score of rows W, `(rows of X, k)`, with the H of a model, on the entries of `x` that count, for a fit that has seen
/// `margins` of them.
///
/// # Errors
/// [`Error::Shape`] if shapes do not agree; the errors of [`Facts::check`].
pub fn score_unseen<T: Scalar>(
    model: &Model<T>,
    w: &Factor<T>,
    x: &Matrix<'_, T>,
    margins: &Margins,
) -> Result<Score> {
    let shape = (w.rows(), model.h.rows());
    if (x.rows(), x.cols()) != shape
        || (margins.rows.len(), margins.cols.len()) != shape
        || w.rank() != model.h.rank()
    {
        return Err(Error::Shape {
            what: "X to be predicted",
            expected: format!("{shape:?}"),
            got: format!("({}, {})", x.rows(), x.cols()),
        });
    }
    let smoothing = model.rules.smoothing;
    let owned = if smoothing > 0.0 { Some(smoothed(w, smoothing)?) } else { None };
    let w = owned.as_ref().unwrap_or(w);
    let facts = Facts::of(x);
    let (mut loss, mut rest, mut squares, mut total, mut entries) = (0.0, 0.0, 0.0, 0.0, 0);
    let mut judge = |i: usize, j: usize, x: f64, weight: f64| {
        let (least, most) = margins.bounds(i, j, model.loss);
        let y: f64 = w.row(i).iter().zip(model.h.row(j)).map(|(w, h)| w.to_f64() * h.to_f64()).sum();
        // Where factors may have both signs, there is no bound.
        let y = if model.rules.free { y } else { y.min(most).max(least) };
        let x = if model.rules.negatives == Negatives::Clip { x.max(0.0) } else { x };
        // What the fit raised X to; of frobenius nothing is raised, and x may be negative.
        let known = if model.least > 0.0 { x.max(model.least) } else { x };
        loss += weight * model.loss.divergence(known, y);
        rest += weight * (x - y).powi(2);
        squares += weight * x * x;
        total += weight;
        entries += 1;
    };
    if let Matrix::Weighted(x) = x {
        x.for_each(|i, j, x, weight| judge(i, j, x.to_f64(), weight.to_f64()));
    } else {
        let values = x.to_row_major();
        let cols = x.cols().max(1);
        values.iter().enumerate().for_each(|(at, x)| judge(at / cols, at % cols, x.to_f64(), 1.0));
    }
    let mean = |sum: f64| if total > 0.0 { sum / total } else { f64::NAN };
    Ok(Score {
        entries,
        loss: loss * 2f64.powi(facts.weight_power),
        mean_loss: mean(loss),
        rmse: mean(rest).sqrt(),
        relative_rmse: if squares > 0.0 || rest > 0.0 || total == 0.0 {
            (rest / squares).sqrt()
        } else {
            0.0
        },
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dense, HoldOut, Sparse, Weights};
    use crate::nmf::Nmf;

    #[test]
    fn margins_are_those_of_what_was_seen() {
        let values = [4.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 5.0];
        let dense: Matrix<'_, f64> = Dense::from_vec(3, 3, values.to_vec()).unwrap().into();
        let sparse: Matrix<'_, f64> =
            Sparse::from_csr(3, 3, vec![0, 2, 3, 5], vec![0, 2, 1, 0, 2], vec![4.0, 1.0, 2.0, 3.0, 5.0])
                .unwrap()
                .into();
        let entries = Dense::from_vec(3, 3, vec![1.0; 9]).unwrap();
        let weighted = dense.view().weighted(Weights::new().entries(entries)).unwrap();
        for x in [&dense, &sparse, &weighted] {
            for inside in [true, false] {
                let block = [!inside, false, false];
                let margins = Margins::outside(x, &block, &block);
                let (first, all) = if inside { (5.0 / 3.0, 15.0 / 9.0) } else { (0.5, 11.0 / 8.0) };
                let line = margins.rows[0];
                assert!((line.sum / line.weight - first).abs() < 1e-12 && (margins.mean - all).abs() < 1e-12);
                assert_eq!(margins.cols[2].largest, 5.0);
            }
        }
    }

    #[test]
    fn without_extremes_the_score_is_that_of_the_model() {
        let x: Matrix<'_, f64> = Dense::from_fn(20, 12, |i, j| ((i + 1) * (j + 2)) as f64).into();
        let mask = HoldOut::share(1, 0.2);
        let seen = x.view().without(mask).unwrap();
        let hidden = x.view().without(mask.inverted()).unwrap();
        for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito] {
            let fit = Nmf::new(2).loss(loss).fit(&seen).unwrap();
            let got = score_unseen(&fit.model(), &fit.w, &hidden, &Margins::of(&seen)).unwrap();
            let want = fit.score(&hidden).unwrap();
            assert_eq!(got.entries, want.entries);
            assert!((got.mean_loss - want.mean_loss).abs() <= 1e-6 * want.mean_loss.max(1e-6), "{loss}");
        }
    }

    #[test]
    fn negative_entries_are_judged_as_they_were_fitted() {
        let x: Matrix<'_, f64> = Dense::from_vec(2, 2, vec![-1.0, 2.0, 3.0, 4.0]).unwrap().into();
        let ones = Factor::from_row_major(2, 1, &[1.0, 1.0]).unwrap();
        let mut model = Nmf::new(1).negatives(Negatives::Keep).fit(&x).unwrap().model();
        model.h = Factor::from_row_major(2, 1, &[0.5, 2.0]).unwrap();
        // Differences of -1.5, 0, 2.5 and 2; and of -0.5 in the place of the first.
        for (negatives, squares) in [(Negatives::Keep, 12.5), (Negatives::Clip, 10.5)] {
            model.rules.negatives = negatives;
            let score = score_unseen(&model, &ones, &x, &Margins::of(&x)).unwrap();
            assert_eq!(score.loss, 0.5 * squares, "{negatives}");
        }
    }

    #[test]
    fn predictions_stay_within_what_was_seen() {
        let x: Matrix<'_, f64> = Dense::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap().into();
        let mut model = Nmf::new(1).fit(&x).unwrap().model();
        model.h = Factor::from_row_major(2, 1, &[1e9, 0.0]).unwrap();
        let w = Factor::from_row_major(2, 1, &[1.0, 1.0]).unwrap();
        let margins = Margins::of(&x);
        let score = score_unseen(&model, &w, &x, &margins).unwrap();
        // Columns 1 and 3, which are taken for 3 and 4; and 2 and 4, which are taken for 0.
        assert_eq!(score.loss, 0.5 * (4.0 + 4.0 + 1.0 + 16.0));
        model.loss = Loss::KullbackLeibler;
        assert!(score_unseen(&model, &w, &x, &margins).unwrap().loss.is_finite());
        let short = Factor::from_row_major(1, 1, &[1.0]).unwrap();
        assert!(score_unseen(&model, &short, &x, &margins).is_err());
    }
}
