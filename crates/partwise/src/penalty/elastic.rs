//! L1 and L2 (elastic net) on a factor.
//!
//! Term: `l1 sum F + l2/2 ||F||²`, exactly; no hidden factor of the number of samples or features. Effect: every rule
//! sees the linear part lowered by l1 and the curvature raised by l2.
//!
//! L1 makes entries exactly zero; L2 keeps them small. A penalty on one factor alone is answered by making that factor
//! small and the other one large, as WH does not change: penalise both, or fix the scale of the other.
//!
//! Reference: H. Zou, T. Hastie (2005), "Regularization and variable selection via the elastic net", J. R. Statist. Soc.
//! B 67(2), doi:10.1111/j.1467-9868.2005.00503.x.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Weights of the L1 and L2 terms of one factor.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Elastic {
    /// Multiplies the sum of the factor's entries.
    pub l1: f64,
    /// Multiplies half the sum of squares of the factor's entries.
    pub l2: f64,
}

impl Elastic {
    /// The value of the term for one row.
    pub(crate) fn value(&self, row: impl Iterator<Item = f64>) -> f64 {
        let (mut sum, mut squares) = (0.0, 0.0);
        for x in row {
            sum += x;
            squares += x * x;
        }
        self.l1 * sum + 0.5 * self.l2 * squares
    }

    /// Whether the term is absent.
    pub fn is_none(&self) -> bool {
        self.l1 == 0.0 && self.l2 == 0.0
    }

    /// The weights for the same problem in other units: the objective divided by `2^objective`, the factor by `2^factor`.
    pub(crate) fn in_units_of(&self, objective: f64, factor: f64) -> Elastic {
        Elastic {
            l1: times_power(self.l1, factor - objective),
            l2: times_power(self.l2, 2.0 * factor - objective),
        }
    }

    pub(crate) fn check(&self, l1: &'static str, l2: &'static str) -> Result<()> {
        for (name, value) in [(l1, self.l1), (l2, self.l2)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::BadParameter {
                    name,
                    value: value.to_string(),
                    needs: "a finite number >= 0 is needed".into(),
                });
            }
        }
        Ok(())
    }
}

/// `x * 2^e`, which is 0 for an absent term even where the power overflows.
fn times_power(x: f64, e: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * e.exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The term of `F / 2^factor` with the weights of those units is the term of F, over `2^objective`.
    #[test]
    fn weights_in_other_units() {
        let elastic = Elastic { l1: 0.75, l2: 3.0 };
        let row = [1.0, 4.0, 0.5];
        for (objective, factor) in [(0, 0), (6, 0), (0, 3), (5, 2), (-7, -4)] {
            let other = elastic.in_units_of(f64::from(objective), f64::from(factor));
            let value = other.value(row.iter().map(|x| x * 2f64.powi(-factor)));
            assert_eq!(value, elastic.value(row.into_iter()) * 2f64.powi(-objective), "{objective} {factor}");
        }
    }
}
