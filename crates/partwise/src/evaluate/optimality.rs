//! How far a row of W or H is from first-order conditions.
//!
//! With the split of the gradient of the objective by W, `denom - numer`, both >= 0 (penalties are part
//! of `denom`), and the mean `m_c` of component c of W,
//!
//! ```text
//! kkt_W = sum over i, c of |min(W_ic denom_ic, (denom_ic - numer_ic) max(W_ic, m_c))|  /  sum of W_ic denom_ic
//! ```
//!
//! and likewise for H: the share of the model by which the first-order conditions are violated. It is 0 exactly at
//! stationary points, and neither the scale of X nor that of a component changes it. Under constraints it is that of the
//! problem with them: fixed components and entries that a bound holds count for nothing, and on the simplex the gradient
//! is less its mean weighted by the row. A factor of given sparseness is not judged by it.

use crate::row_terms::{Bounds, RowShift};

/// Adds the gradient of penalties to the two parts of a row's gradient: at the point where an upper quadratic touches, its
/// gradient is that of the penalty.
pub(super) fn add_penalties(
    w: &[f64],
    shift: &RowShift<'_, f64>,
    stride: usize,
    numer: &mut [f64],
    denom: &mut [f64],
) {
    for c in 0..w.len() {
        let mut add = |x: f64| *(if x > 0.0 { &mut denom[c] } else { &mut numer[c] }) += x.abs();
        add(shift.ridge * w[c]);
        add(-shift.linear.get(c).copied().unwrap_or(0.0));
        for (d, &w) in w.iter().enumerate() {
            add(shift.gram[c * stride + d] * w);
        }
    }
}

/// Violation and scale of a row's first-order conditions, and how far its gradient points away from zero.
pub(super) fn judge(
    w: &[f64],
    numer: &[f64],
    denom: &[f64],
    means: &[f64],
    bounds: &Bounds<f64>,
) -> [f64; 3] {
    let (mut violation, mut scale, mut pull) = (0.0, 0.0, 0.0);
    let limits = bounds.limits();
    // The multiplier of the row's sum.
    let multiplier = bounds.simplex.map_or(0.0, |(total, at_most)| {
        let sum: f64 = w.iter().sum();
        let mean = (0..w.len()).map(|c| w[c] * (denom[c] - numer[c])).sum::<f64>() / sum;
        match at_most {
            _ if !(sum > 0.0) => 0.0,
            true if sum < total * (1.0 - 1e3 * f64::EPSILON) => 0.0,
            true => mean.min(0.0),
            false => mean,
        }
    });
    for c in 0..w.len() {
        let gradient = denom[c] - numer[c] - multiplier;
        scale += w[c].abs() * denom[c].abs();
        if limits.is_frozen(c) {
            continue;
        }
        let held = (w[c] >= limits.upper && gradient < 0.0) || (w[c] <= limits.lower && gradient > 0.0);
        let large = gradient * w[c].abs().max(means[c]);
        violation += match held {
            true => 0.0,
            false if bounds.is_free() || limits.lower > 0.0 => large.abs(),
            // Where the other factor has both signs, `denom` may be negative.
            false if gradient > 0.0 => (w[c] * denom[c].abs()).min(large),
            false => large.abs(),
        };
        pull += (numer[c] - denom[c]).max(0.0);
    }
    [violation, scale, pull]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Violation of the conditions at w, where the gradient is `gradient`.
    fn violation(w: &[f64], gradient: &[f64], bounds: &Bounds<f64>) -> f64 {
        let denom = [5.0; 3];
        let numer: Vec<f64> = gradient.iter().map(|g| 5.0 - g).collect();
        judge(w, &numer, &denom[..w.len()], &[1.0; 3][..w.len()], bounds)[0]
    }

    #[test]
    fn at_zero_and_above() {
        let plain = Bounds::default();
        assert_eq!(violation(&[0.0, 2.0], &[1.0, 0.0], &plain), 0.0);
        assert!(violation(&[0.0, 2.0], &[-1.0, 0.0], &plain) > 0.0);
        assert!(violation(&[0.5, 2.0], &[1.0, 0.0], &plain) > 0.0);
    }

    #[test]
    fn at_a_bound_the_gradient_may_point_out() {
        let bounds = Bounds { lower: 0.5, upper: 2.0, ..Bounds::default() };
        assert_eq!(violation(&[0.5, 2.0], &[1.0, -1.0], &bounds), 0.0);
        assert!(violation(&[0.5, 2.0], &[-1.0, 0.0], &bounds) > 0.0);
        assert!(violation(&[0.5, 2.0], &[0.0, 1.0], &bounds) > 0.0);
        assert!(violation(&[1.0, 1.0], &[0.0, -1.0], &bounds) > 0.0);
    }

    #[test]
    fn on_the_simplex_the_gradient_is_even() {
        let simplex = |at_most| Bounds { simplex: Some((1.0, at_most)), ..Bounds::default() };
        // Full: the same slope for all that is used, and no less for the rest.
        for at_most in [false, true] {
            assert_eq!(violation(&[0.25, 0.75, 0.0], &[-2.0, -2.0, -1.0], &simplex(at_most)), 0.0);
            assert!(violation(&[0.25, 0.75, 0.0], &[-2.0, -2.0, -3.0], &simplex(at_most)) > 0.0);
            assert!(violation(&[0.25, 0.75, 0.0], &[-2.0, -1.0, 0.0], &simplex(at_most)) > 0.0);
        }
        // A row that would be better off with less may have less, unless the sum is given.
        assert_eq!(violation(&[0.25, 0.75], &[2.0, 2.0], &simplex(false)), 0.0);
        assert!(violation(&[0.25, 0.75], &[2.0, 2.0], &simplex(true)) > 0.0);
        // With room left, it is as if there were no sum.
        assert_eq!(violation(&[0.25, 0.5], &[0.0, 0.0], &simplex(true)), 0.0);
        assert!(violation(&[0.25, 0.5], &[-1.0, -1.0], &simplex(true)) > 0.0);
    }

    #[test]
    fn what_is_fixed_counts_for_nothing() {
        let bounds = Bounds { frozen: vec![true, false], ..Bounds::default() };
        assert_eq!(violation(&[1.0, 1.0], &[3.0, 0.0], &bounds), 0.0);
        assert!(violation(&[1.0, 1.0], &[0.0, 3.0], &bounds) > 0.0);
    }
}
