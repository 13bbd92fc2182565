//! Automatic relevance determination: the number of components is found by the fit.
//!
//! Term, over both factors at once, with the size of a component `f_c = 1/2 ||W_c||² + 1/2 ||H_c||²` (`ard`) or
//! `f_c = sum W_c + sum H_c` (`ard-l1`):
//!
//! ```text
//! weight · count · sum over c of log((f_c + b) / b)
//! count = (m + n)/2 + a + 1      b = pi (a - 1) mean(X) / (2 k)              ard
//! count =  m + n    + a + 1      b = sqrt((a - 1) (a - 2) mean(X) / k)       ard-l1
//! ```
//!
//! It is the paper's objective, in which each component has a variance `lambda_c` under an inverse gamma prior of shape a
//! and scale b, with `lambda_c` at its best value `(f_c + b) / count` put in, less a constant. The b are such that the
//! mean of WH under the prior is that of X. The logarithm lies below its tangent, with the slope at the current sizes
//!
//! ```text
//! g_c = weight · count / (f_c + b)        S_cc += g_c  (ard)        s_c -= g_c  (ard-l1)
//! ```
//!
//! so a component is penalised the more the smaller it is: it stays, or goes to zero.
//!
//! Guarantee: the quadratic lies above and touches, in either factor while the other is held: steps descend. The end
//! depends on the start, as the term is not convex; start with more components than are needed. Cost: k.
//!
//! Reference: V. Y. F. Tan, C. Févotte (2013), "Automatic relevance determination in nonnegative matrix factorization with
//! the beta-divergence", IEEE Trans. Pattern Anal. Mach. Intell. 35(7), doi:10.1109/TPAMI.2012.240. `weight` is its phi.
//!
//! When not to use it: with a constraint that fixes the scale of one factor, by which the sizes would say nothing; when
//! the noise is not known even roughly: the weight is its size, and the number of components found follows it.

use super::{At, Shift};
use crate::scalar::Scalar;
use std::f64::consts::PI;

/// A component whose size is below this share of b has no part in the result. The paper counts those whose `lambda_c` is
/// above its lower bound `b / count` by more than some share of it, and `(f_c + b)/b - 1` is `f_c / b`. One entry of the
/// prior has a size of about b, a component that explains anything a size of many entries, and what is pruned goes to 0
/// geometrically: the share only decides how soon that is noticed.
const RELEVANT: f64 = 1e-3;

/// See [the module](self).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ard {
    pub(crate) weight: f64,
    pub(crate) count: f64,
    pub(crate) b: f64,
    pub(crate) l1: bool,
}

impl Ard {
    /// For X of shape (m, n) at rank k, with the shape `a > 2` of the prior.
    pub(crate) fn new(
        weight: f64,
        l1: bool,
        m: usize,
        n: usize,
        k: usize,
        mean_of_x: f64,
        shape_a: f64,
    ) -> Ard {
        let (lines, a, per_component) = ((m + n) as f64, shape_a, mean_of_x / k as f64);
        let (count, b) = if l1 {
            (lines + a + 1.0, ((a - 1.0) * (a - 2.0) * per_component).sqrt())
        } else {
            (lines / 2.0 + a + 1.0, PI * (a - 1.0) * per_component / 2.0)
        };
        Ard { weight, count, b, l1 }
    }

    /// The part of one factor in every `f_c`.
    pub(crate) fn size<T: Scalar>(&self, at: &At<'_, T>, to: &mut [f64]) {
        for (c, f) in to.iter_mut().enumerate().take(at.rank()) {
            *f = if self.l1 { at.sums[c] } else { 0.5 * at.gram(c, c) };
        }
    }

    /// The value of the term, from the parts of both factors.
    pub(crate) fn value(&self, sizes_w: &[f64], sizes_h: &[f64]) -> f64 {
        // weight · count · sum over c of log((f_c + b) / b)
        let logs = |(w, h): (&f64, &f64)| if w + h > 0.0 { ((w + h) / self.b).ln_1p() } else { 0.0 };
        self.weight * self.count * sizes_w.iter().zip(sizes_h).map(logs).sum::<f64>()
    }

    /// Adds the upper quadratic in either factor.
    pub(crate) fn touch<T: Scalar>(&self, sizes_w: &[f64], sizes_h: &[f64], to: &mut Shift<T>) {
        let stride = to.linear.len();
        // Finite in the precision of the run, even if b is next to nothing.
        let most = (T::MAX * T::EPSILON).to_f64();
        for (c, (w, h)) in sizes_w.iter().zip(sizes_h).enumerate() {
            let slope = (self.weight * self.count / (w + h + self.b)).min(most);
            if self.l1 {
                to.linear[c] -= slope;
            } else {
                to.gram[c * stride + c] += slope;
            }
        }
    }

    /// Whether a component of this size `f_c` is part of the result.
    pub(crate) fn relevant(&self, f_c: f64) -> bool {
        f_c > RELEVANT * self.b
    }
}

#[cfg(test)]
mod tests {
    use super::super::Term;
    use super::super::tests_common::{Place, check_term, close};
    use super::*;

    /// The term as a function of one factor.
    struct Half {
        ard: Ard,
        here: Vec<f64>,
        other: Vec<f64>,
    }

    impl Term<f64> for Half {
        fn value(&mut self, at: &At<'_, f64>) -> f64 {
            self.ard.size(at, &mut self.here);
            self.ard.value(&self.here, &self.other)
        }
        fn touch(&mut self, at: &At<'_, f64>, to: &mut Shift<f64>) {
            self.ard.size(at, &mut self.here);
            self.ard.touch(&self.other, &self.here, to);
        }
    }

    #[test]
    fn touches_from_above_in_either_factor() {
        for l1 in [false, true] {
            check_term(
                |rows, k| {
                    let other = (0..k).map(|c| 0.3 * c as f64).collect();
                    Box::new(Half { ard: Ard::new(0.7, l1, rows, 9, k, 0.5, 3.0), here: vec![0.0; k], other })
                },
                false,
            );
        }
    }

    #[test]
    fn it_is_the_papers_objective_at_its_best_variances() {
        let (w, h) = (Place::<f64>::random(7, 3, 1), Place::<f64>::random(5, 3, 2));
        for l1 in [false, true] {
            let ard = Ard::new(2.0, l1, 7, 5, 3, 0.4, 3.5);
            let (mut sizes_w, mut sizes_h) = ([0.0; 3], [0.0; 3]);
            ard.size(&w.at(), &mut sizes_w);
            ard.size(&h.at(), &mut sizes_h);
            // sum over c of (f(w_c) + f(h_c) + b) / lambda_c + count log lambda_c, as a function of lambda.
            let f = |x: f64| if l1 { x } else { 0.5 * x * x };
            let size = |place: &Place<f64>, c: usize| -> f64 {
                (0..place.factor.rows()).map(|i| f(place.factor.row(i)[c])).sum()
            };
            let papers = |lambda: &dyn Fn(f64) -> f64, empty: bool| -> f64 {
                (0..3)
                    .map(|c| {
                        let f = if empty { 0.0 } else { size(&w, c) + size(&h, c) };
                        (f + ard.b) / lambda(f) + ard.count * lambda(f).ln()
                    })
                    .sum()
            };
            let best = |f: f64| (f + ard.b) / ard.count;
            let want = 2.0 * (papers(&best, false) - papers(&best, true));
            assert!(close(ard.value(&sizes_w, &sizes_h), want, 1e-12));
            for other in [0.9, 1.1] {
                assert!(papers(&|f| other * best(f), false) > papers(&best, false), "lambda is at its best");
            }
        }
    }

    #[test]
    fn constants_are_the_papers() {
        let l2 = Ard::new(1.0, false, 6, 4, 5, 2.0, 3.0);
        assert!((l2.count, l2.b) == (9.0, PI * 2.0 * 2.0 / 10.0));
        let l1 = Ard::new(1.0, true, 6, 4, 5, 2.0, 3.0);
        assert!((l1.count, l1.b) == (14.0, (2.0 * 1.0 * 2.0 / 5.0f64).sqrt()));
    }

    #[test]
    fn relevance_and_degenerate_sizes() {
        let ard = Ard::new(1.0, false, 6, 4, 5, 2.0, 3.0);
        assert!(ard.relevant(ard.b) && !ard.relevant(0.0) && !ard.relevant(1e-6 * ard.b));
        // X = 0: no b, and nothing that is not finite.
        let ard = Ard::new(1.0, false, 6, 4, 5, 0.0, 3.0);
        let mut shift = Shift::<f32>::new(6, 8, false);
        ard.touch(&[0.0; 5], &[0.0; 5], &mut shift);
        assert!(shift.gram.iter().all(|&s| (s as f32).is_finite()));
        assert_eq!(ard.value(&[0.0; 5], &[0.0; 5]), 0.0);
        assert!(!ard.relevant(0.0));
    }
}
