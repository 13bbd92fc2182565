//! Extrapolation with restart, around any rule.
//!
//! A half-step maps a point to an iterate; the next point is the iterate plus beta times its last move, cut off at
//! zero. Beta grows while the objective falls. When the objective of a step rises, the step is taken back, beta shrinks,
//! and the next step starts from the last accepted pair without momentum. So the objective of accepted pairs never
//! rises, for any rule whose half-steps do not raise it.
//!
//! Reference: A. M. S. Ang, N. Gillis (2019), "Accelerating nonnegative matrix factorization algorithms using
//! extrapolation", Neural Computation 31(2), doi:10.1162/neco_a_01157, algorithm 3. Theirs goes on from the rejected
//! iterate; going back is what makes the promise above.

use crate::row_terms::Bounds;
use crate::scalar::Scalar;

/// Growth of beta, growth of its bound, and its shrinking at a restart.
const GROWTH: f64 = 1.05;
const BOUND_GROWTH: f64 = 1.01;
const SHRINK: f64 = 1.5;
const FIRST: f64 = 0.5;

/// Which factors are extrapolated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extrapolate {
    Neither,
    /// Only the factor that is updated second (the shorter one): one array less per factor.
    Second,
    Both,
}

/// The state of beta.
#[derive(Debug)]
pub(crate) struct Momentum {
    beta: f64,
    bound: f64,
    /// The objective of the last accepted pair.
    accepted: f64,
    /// Steps since the last restart.
    age: usize,
    pub(crate) restarts: usize,
}

impl Momentum {
    pub(crate) fn new() -> Momentum {
        Momentum { beta: FIRST, bound: 1.0, accepted: f64::INFINITY, age: 0, restarts: 0 }
    }

    /// Beta for the coming moves; 0 right after a restart, where there is no last move.
    pub(crate) fn beta(&self) -> f64 {
        if self.age == 0 { 0.0 } else { self.beta }
    }

    /// The objective of the last accepted pair.
    pub(crate) fn accepted(&self) -> f64 {
        self.accepted
    }

    /// The next step has no last move.
    pub(crate) fn forget(&mut self) {
        self.age = 0;
    }

    /// Takes note of the objective of a step, and says whether the step stands. Differences up to `noise` are rounding.
    pub(crate) fn judge(&mut self, objective: f64, noise: f64) -> bool {
        // A plain step cannot be bettered by going back, and a NaN never stands.
        if objective <= self.accepted + noise || (self.age == 0 && objective.is_finite()) {
            if self.age > 0 {
                self.bound = (self.bound * BOUND_GROWTH).min(1.0);
                self.beta = (self.beta * GROWTH).min(self.bound);
            }
            self.accepted = self.accepted.min(objective);
            self.age += 1;
            return true;
        }
        self.bound = self.beta;
        self.beta /= SHRINK;
        self.age = 0;
        self.restarts += 1;
        false
    }
}

/// `point = max(new + beta (new - last), least new)`, with `last` then set to `new`.
fn push<T: Scalar>(point: &mut [T], last: &mut [T], beta: T, least: T) {
    for (p, l) in point.iter_mut().zip(last) {
        let new = *p;
        *p = (new + beta * (new - *l)).max(least * new);
        *l = new;
    }
}

/// The same for rows of length `stride` that have to stay within bounds. A row on the simplex is brought back to its sum
/// by its scale.
pub(crate) fn push_within<T: Scalar>(
    points: &mut [T],
    last: &mut [T],
    (beta, least): (T, T),
    bounds: &Bounds<T>,
    stride: usize,
) {
    if bounds.is_plain() {
        return push(points, last, beta, least);
    }
    for (point, last) in points.chunks_exact_mut(stride).zip(last.chunks_exact_mut(stride)) {
        for (p, l) in point.iter_mut().zip(last) {
            let new = *p;
            let far = new + beta * (new - *l);
            // Padding is zero, whatever the lower bound: there is no move to go on with.
            *p = if new == *l {
                new
            } else if bounds.is_free() {
                far.min(bounds.upper)
            } else {
                far.max(least * new).max(bounds.lower).min(bounds.upper)
            };
            *l = new;
        }
        if let Some((total, at_most)) = bounds.simplex {
            let sum: f64 = point.iter().map(|p| p.to_f64()).sum();
            if sum > 0.0 && !(at_most && sum <= total) {
                point.iter_mut().for_each(|p| *p = T::from_f64(p.to_f64() * (total / sum)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn momentum_grows_and_a_rise_takes_it_back() {
        let mut momentum = Momentum::new();
        assert_eq!(momentum.beta(), 0.0);
        assert!(momentum.judge(10.0, 0.0));
        assert_eq!(momentum.beta(), FIRST);
        assert!(momentum.judge(9.0, 0.0));
        assert!(momentum.beta() > FIRST);
        let before = momentum.beta();
        assert!(!momentum.judge(9.5, 0.0) && momentum.beta() == 0.0 && momentum.accepted() == 9.0);
        assert!(momentum.judge(8.9, 0.0));
        assert!((momentum.beta() - before / SHRINK).abs() < 1e-15);
        assert!(!momentum.judge(f64::NAN, 0.0));
        assert!(momentum.judge(8.9 + 1e-12, 1e-11), "rounding is no rise");
    }

    #[test]
    fn pushed_points_stay_feasible() {
        let (mut point, mut last) = ([2.0, 1.0, 0.0], [1.0, 3.0, 1.0]);
        push(&mut point, &mut last, 1.0, 1e-3);
        assert_eq!((point, last), ([3.0, 1e-3, 0.0], [2.0, 1.0, 0.0]));
    }
}
