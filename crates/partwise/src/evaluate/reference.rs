//! What losses are compared with.

use crate::data::facts::for_each;
use crate::data::sum::Sum;
use crate::data::{Facts, Matrix};
use crate::loss::Loss;
use crate::par::is_over;
use crate::scalar::Scalar;

/// Sums over X that losses are compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    /// `1/2 ||X||²`.
    pub(crate) half_squares: f64,
    /// What the kernels' loss leaves out: see [`block_sums`].
    pub(crate) constant: f64,
    /// The loss of the zero or mean model.
    pub(crate) loss: f64,
    /// The size that a loss has to be compared with to see whether it has lost digits.
    pub(crate) size: f64,
    /// `sum v x log v`: what the loss of coordinate descent for Kullback-Leibler has too much.
    pub(crate) weight_entropy: f64,
}

impl Reference {
    /// Of X in memory, with zeros raised to `floor` times the mean.
    pub(crate) fn of<T: Scalar>(x: &Matrix<'_, T>, facts: &Facts, loss: Loss, floor: f64) -> Reference {
        let beta = loss.beta();
        let unit = 2f64.powi(facts.exponent);
        let half_squares = 0.5 * facts.sum_squares * unit * unit;
        let total = facts.total_weight;
        let weight_entropy = match (x, loss) {
            (Matrix::Weighted(_), Loss::KullbackLeibler) => {
                sum_over(x, 0.0, |v, weight| if weight > 0.0 { weight * v * weight.ln() } else { 0.0 })
            }
            _ => 0.0,
        };
        let size = |sum_power: f64| (sum_power / (beta * (beta - 1.0))).abs();
        match loss {
            Loss::Frobenius => Reference {
                half_squares,
                constant: 0.0,
                loss: half_squares,
                size: half_squares,
                weight_entropy,
            },
            Loss::Beta(b) if b > 1.0 => {
                let power = sum_over(x, 0.0, |v, weight| weight * v.powf(b));
                let reference = power / (b * (b - 1.0));
                Reference {
                    half_squares,
                    constant: reference,
                    loss: reference,
                    size: size(power),
                    weight_entropy,
                }
            }
            other => {
                let least = floor * facts.mean;
                // Entries that are not visited are zeros.
                let zeros = match x {
                    Matrix::Weighted(_) if facts.zeros() == 0 => 0.0,
                    Matrix::Weighted(_) => (total - sum_over(x, 0.0, |_, weight| weight)).max(0.0),
                    _ => (facts.observed - facts.stored) as f64,
                };
                let raised = sum_over(x, least * zeros, |v, weight| weight * v.max(least));
                let mean = raised / total;
                let of_zeros = if zeros > 0.0 { zeros * other.divergence(least, mean) } else { 0.0 };
                let of_mean =
                    sum_over(x, of_zeros, |v, weight| weight * other.divergence(v.max(least), mean));
                let (constant, size) = match other {
                    Loss::Beta(b) => {
                        let of_zeros = if zeros > 0.0 { zeros * least.powf(b) } else { 0.0 };
                        let power = sum_over(x, of_zeros, |v, weight| weight * v.max(least).powf(b));
                        (power / (b * (b - 1.0)), size(power))
                    }
                    Loss::KullbackLeibler => (-raised, raised),
                    _ => (0.0, total),
                };
                Reference { half_squares, constant, loss: of_mean, size, weight_entropy }
            }
        }
    }

    /// The relative error, or what it would be with a smaller reference: that of a mean model can be far larger than the
    /// rounding of the data, where a few entries tower above all others.
    pub(crate) fn beside_rounding(&self, loss: f64) -> f64 {
        if self.loss > self.size && loss > 0.0 {
            (loss / self.size).sqrt()
        } else {
            self.relative_error(loss)
        }
    }

    pub(crate) fn relative_error(&self, loss: f64) -> f64 {
        if loss <= 0.0 {
            0.0
        } else if self.loss > 0.0 {
            (loss / self.loss).sqrt()
        } else {
            // A constant X against a mean model that fits it: measured against the data's size instead.
            (loss / self.size).sqrt()
        }
    }
}

/// `rest` and the sum of `term(x, weight)` over the stored entries.
fn sum_over<T: Scalar>(x: &Matrix<'_, T>, rest: f64, term: impl Fn(f64, f64) -> f64) -> f64 {
    if is_over() {
        return rest;
    }
    let mut sum = Sum::of([rest]);
    for_each(x, |_, _, v, weight| sum.add(term(v, weight)));
    sum.value()
}
