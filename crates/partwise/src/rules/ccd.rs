//! CCD, cyclic coordinate descent for the Kullback-Leibler loss.
//!
//! Problem: as for [`super::scd`]. Update: each component in turn is taken close to its one-dimensional minimum by up
//! to two guarded Newton steps, and every row is swept once per half-step. Where SCD sweeps a row several times before
//! it lets the other factor move, CCD moves on.
//!
//! Guarantee: every step decreases the objective (the guard and its proof: `kernels/kl_newton.rs`; the paper's own
//! steps have none). Cost: per row and half-step up to 2 k passes over its stored entries.
//!
//! Reference: C.-J. Hsieh, I. S. Dhillon (2011), "Fast coordinate descent methods with variable selection for
//! non-negative matrix factorization", KDD, doi:10.1145/2020408.2020577, section 4.
//!
//! When not to use it: where one factor's rows need many sweeps (few long rows), SCD is ahead.

use crate::kernels::kl_newton::Effort;
use crate::scalar::Scalar;

/// The effort per row and half-step.
pub(crate) fn effort<T: Scalar>(sweeps: usize, l1: T, l2: T) -> Effort<T> {
    Effort { sweeps, steps: 2, enough: T::ZERO, l1, l2 }
}
