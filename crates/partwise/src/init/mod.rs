//! Where a fit starts: one file per way.
//!
//! Every start is equivariant: it scales with the square root of X, and permuting or transposing X does the same to it
//! (random ones excepted). The random numbers of a row of a factor depend on the seed and the row alone, so a start
//! does not depend on blocks or threads.

pub(crate) mod nndsvd;
pub(crate) mod random;
pub(crate) mod rsvd;
pub(crate) mod spa;

use crate::factor::Factor;
use crate::scalar::Scalar;

/// Raises zeros of a factor to a share of the mean of their component, for rules that cannot leave zero; returns how many
/// there were. A component without any entry gets that share of `size`.
pub(crate) fn lift_zeros<T: Scalar>(factor: &mut Factor<T>, share: f64, size: f64) -> usize {
    let rows = factor.rows();
    let least: Vec<T> = factor
        .column_sums()
        .iter()
        .map(|&s| T::from_f64(share * if s > 0.0 { s / rows as f64 } else { size }))
        .collect();
    let mut lifted = 0;
    for i in 0..rows {
        for (x, &least) in factor.row_mut(i).iter_mut().zip(&least) {
            if *x == T::ZERO {
                *x = least;
                lifted += 1;
            }
        }
    }
    lifted
}
