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

/// Raises zeros of a factor to a small share of the mean of their component, for rules that cannot leave zero; returns
/// how many there were. A component without any entry gets the mean of the factor.
pub(crate) fn lift_zeros<T: Scalar>(factor: &mut Factor<T>, share: f64) -> usize {
    let (rows, rank) = (factor.rows(), factor.rank());
    let sums = factor.column_sums();
    let overall = sums.iter().sum::<f64>() / (rows * rank) as f64;
    let least: Vec<T> = sums
        .iter()
        .map(|&s| T::from_f64(share * if s > 0.0 { s / rows as f64 } else { overall }))
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
