//! Sweeps on a sketch of X: a start from which few sweeps on X itself are left.
//!
//! Problem: `min 1/2 ||X V Vᵀ - W Hᵀ||²` over the W and H that are allowed, where V has the l = k + 10 orthonormal columns of the
//! randomized range finder (`init/rsvd`), with its four rounds of subspace iteration; an svd start shares them. Update:
//! the sweeps of any quadratic rule, extrapolated as always, from cross products through the sketch (`projection`).
//!
//! Guarantee: none for the sketch; what it leaves out of X, its rows' parts outside the span of V, is not seen. So its
//! result is a start and nothing more: the sweeps on X that follow end by the usual rule, on the usual residual.
//!
//! Cost: 10 products with X at l columns, once for all starts and mostly paid by an svd start anyway; then `l k (m + n)`
//! multiply-adds in place of `k m n` for both products of a sweep. The rule costs what it always does: about `k² (m + n)`.
//!
//! References: G. Zhou, A. Cichocki, S. Xie (2012), "Fast nonnegative matrix/tensor factorization based on low-rank
//! approximation", IEEE Trans. Signal Processing 60(6), doi:10.1109/TSP.2012.2190410, whose problem this is; M. Tepper, G. Sapiro
//! (2016), "Compressed nonnegative matrix factorization is fast and accurate", IEEE Trans. Signal Processing 64(9),
//! doi:10.1109/TSP.2016.2516971, and N. B. Erichson, A. Mendible, S. Wihlborn, J. N. Kutz (2018), "Randomized nonnegative matrix
//! factorization", Pattern Recognition Letters 104, doi:10.1016/j.patrec.2018.01.007, with other projections.
//!
//! When not to use it: sparse X, whose products are cheap; k near min(m, n), where the rule costs as much as the products.

use crate::engine::Engine;
use crate::scalar::Scalar;
use std::ops::ControlFlow;

/// Sweeps over which the fall of the objective is averaged.
const WINDOW: usize = 10;
/// The sketch has done its part once a sweep gains less than this share of the objective.
const ENOUGH: f64 = 1e-5;
/// With an objective of so many times its rounding, nothing is known of its fall.
const CLEAR: f64 = 1e3;

/// Sweeps until little is gained, `most` at most, or until `tell` breaks; returns how many.
pub(crate) fn sweeps<T: Scalar>(
    engine: &mut Engine<'_, T>,
    most: usize,
    tell: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> usize {
    let mut past = [f64::INFINITY; WINDOW];
    for sweep in 1..=most {
        let objective = engine.step();
        let before = std::mem::replace(&mut past[sweep % WINDOW], objective);
        let fall = (before - objective) / WINDOW as f64;
        let goes_on = fall > ENOUGH * objective && objective > CLEAR * engine.noise();
        if tell(objective).is_break() || !goes_on {
            return sweep;
        }
    }
    most
}
