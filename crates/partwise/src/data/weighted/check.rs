//! What weights have to be: numbers of the shape of X, finite and not negative.

use super::{Weights, each};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

impl<T: Scalar> Weights<'_, T> {
    /// Refuses weights of the wrong shape, and those that are not finite and >= 0.
    pub(super) fn check(&self, m: usize, n: usize) -> Result<()> {
        let wrong = |v: T| !(v >= T::ZERO && v.is_finite());
        for (weights, given) in &self.entries {
            if (weights.rows(), weights.cols()) != (m, n) {
                return Err(Error::Shape {
                    what: "the weights of the entries of X",
                    expected: format!("({m}, {n}), as X"),
                    got: format!("({}, {})", weights.rows(), weights.cols()),
                });
            }
            let mut first = None;
            each(weights, |i, j, v| {
                // Whether NaN matters is known with X.
                if first.is_none() && wrong(v) && !v.is_nan() {
                    first = Some((i, j, v));
                }
            });
            if let Some((i, j, v)) = first {
                return given.refuse(v.to_f64(), i, j);
            }
        }
        for (what, weights, expected) in [("row weight", &self.rows, m), ("column weight", &self.cols, n)] {
            let Some(weights) = weights else { continue };
            if weights.len() != expected {
                return Err(Error::Shape {
                    what: if what == "row weight" {
                        "the list of row weights"
                    } else {
                        "the list of column weights"
                    },
                    expected: format!("{expected} numbers"),
                    got: format!("{} numbers", weights.len()),
                });
            }
            if let Some(at) = weights.iter().position(|&v| wrong(v)) {
                let (row, col) = if what == "row weight" { (at, 0) } else { (0, at) };
                let needs = "weights are finite numbers >= 0; 0 is for what does not count";
                return Err(Error::BadWeight { what, value: weights[at].to_f64(), row, col, needs });
            }
        }
        Ok(())
    }
}
