//! SCD, sequential coordinate descent for the Kullback-Leibler loss.
//!
//! Problem: for a row x of X and the other factor with rows h_j and column sums s, over w >= 0,
//!
//! ```text
//! minimise  sum over c of (s_c + l1) w_c + l2/2 w_c²  -  sum over j of x_j log(w · h_j)
//! ```
//!
//! Update: one guarded Newton step per component, one component after the other, in several sweeps per half-step,
//! until a sweep moves the row by less than 0.1 of what its first sweep moved it.
//!
//! Guarantee: every step decreases the objective (the guard and its proof: `kernels/kl_newton.rs`). Cost: per row and
//! sweep k passes over its stored entries; zeros of X cost nothing, as they only enter through s.
//!
//! Reference: X. Lin, P. C. Boutros (2020), "Optimization and expansion of non-negative matrix factorization", BMC
//! Bioinformatics 21:7, doi:10.1186/s12859-019-3312-5, section "KL divergence"; P. Carbonetto, A. Sarkar, Z. Wang, M.
//! Stephens (2021), "Non-negative matrix factorization algorithms greatly improve topic model fits", arXiv:2105.13440.
//!
//! When not to use it: large dense X at large rank, where multiplicative updates run at the speed of matrix products.

use crate::kernels::kl_newton::Effort;
use crate::scalar::Scalar;

/// The effort per row and half-step.
pub(crate) fn effort<T: Scalar>(sweeps: usize, l1: T, l2: T) -> Effort<T> {
    Effort { sweeps, steps: 1, enough: T::from_f64(0.1), l1, l2 }
}
