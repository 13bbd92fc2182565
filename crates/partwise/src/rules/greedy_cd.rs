//! Greedy coordinate descent.
//!
//! Problem: the quadratic of a row, see [`super`]. With the gradient `g = (G + l2 I) w - c + l1`, the best step of a
//! coordinate and what it gains are
//!
//! ```text
//! s_c = max(0, w_c - g_c / (G_cc + l2)) - w_c        D_c = -g_c s_c - 1/2 (G_cc + l2) s_c²
//! ```
//!
//! The coordinate with the largest gain is moved, the gradient is updated by `s_c` times a row of G, and so on, until the
//! largest gain is below 0.001 of the first one or k² steps are done.
//!
//! Guarantee: every step decreases the objective. Cost: k per step; fewer steps than cyclic sweeps need when few
//! components of a row are active.
//!
//! Reference: C.-J. Hsieh, I. S. Dhillon (2011), "Fast coordinate descent methods with variable selection for
//! non-negative matrix factorization", KDD, doi:10.1145/2020408.2020577, algorithm 1. There the first gain is the
//! largest of all rows; here it is the row's own, so that rows stay independent.
//!
//! When not to use it: dense factors, where every component moves in every row: [`super::hals`] does the same with less
//! bookkeeping.

use super::{Need, Panel, Quadratic, QuadraticRule, Scratch};
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::scalar::Scalar;

/// See the module.
pub(crate) struct GreedyCd {
    stride: usize,
    /// Steps end when the best gain is below this share of the first.
    enough: f64,
    /// Steps per row, at most.
    most: usize,
}

impl GreedyCd {
    pub(crate) fn new(rank: usize, stride: usize, enough: f64, most: Option<usize>) -> GreedyCd {
        GreedyCd { stride, enough, most: most.unwrap_or(rank * rank).max(1) }
    }
}

impl<T: Scalar> QuadraticRule<T> for GreedyCd {
    fn need(&self) -> Need {
        Need { reals: 2 * self.stride, words: 0 }
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        let call = Steps {
            enough: T::from_f64(self.enough),
            most: self.most,
            q,
            panel,
            scratch: &mut scratch.reals,
        };
        launch(call);
    }
}

struct Steps<'a, 'b, T> {
    enough: T,
    most: usize,
    q: &'a Quadratic<'b, T>,
    panel: Panel<'a, T>,
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel for Steps<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Quadratic { gram, stride, rank, l1, l2, limits, .. } = *self.q;
        let (gradient, curvature) = self.scratch.split_at_mut(stride);
        for c in 0..rank {
            curvature[c] = self.q.curvature(c);
        }
        let curvature = &curvature[..rank];
        let half = T::from_f64(0.5);
        for (w, cross) in
            self.panel.factor.chunks_exact_mut(stride).zip(self.panel.cross.chunks_exact(stride))
        {
            for c in 0..stride {
                gradient[c] = l1 + l2 * w[c] - cross[c];
            }
            for l in 0..rank {
                if w[l] != T::ZERO {
                    let g = &gram[l * stride..][..stride];
                    for c in 0..stride {
                        gradient[c] = S::mul_add(w[l], g[c], gradient[c]);
                    }
                }
            }
            let mut first = T::ZERO;
            for step in 0..self.most {
                let (mut best, mut gain, mut at) = (T::ZERO, T::ZERO, 0);
                for c in 0..rank {
                    if !limits.is_frozen(c) {
                        let to = if curvature[c] > T::ZERO {
                            limits.clamp(w[c] - gradient[c] / curvature[c])
                        } else {
                            limits.without_curvature(w[c], -gradient[c])
                        };
                        let s = to - w[c];
                        let d = -s * (gradient[c] + half * curvature[c] * s);
                        if d > gain {
                            (best, gain, at) = (s, d, c);
                        }
                    }
                }
                if step == 0 {
                    first = gain;
                }
                if !(gain > self.enough * first) || gain == T::ZERO {
                    break;
                }
                w[at] = limits.clamp(w[at] + best);
                gradient[at] += l2 * best;
                let g = &gram[at * stride..][..stride];
                for c in 0..stride {
                    gradient[c] = S::mul_add(best, g[c], gradient[c]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{
        Problem, check_descends, check_rows_are_independent, check_single_rows, check_solves,
    };
    use super::*;

    #[test]
    fn one_step_takes_the_largest_gain() {
        for problem in Problem::some() {
            let got = problem.updated(&mut GreedyCd::new(problem.rank, problem.stride, 0.0, Some(1)), 1);
            for i in 0..problem.rows {
                // The best of all single-coordinate moves, by evaluating the quadratic itself.
                let old = problem.row(&problem.factor, i).to_vec();
                let mut best = problem.value(&problem.factor, i);
                for c in 0..problem.rank {
                    let pull: f64 = (0..problem.rank).map(|l| problem.g(c, l) * old[l]).sum();
                    let down = problem.cross(i, c) - problem.l1 - problem.l2 * old[c] - pull;
                    let mut w = old.clone();
                    w[c] = (w[c] + down / (problem.g(c, c) + problem.l2)).max(0.0);
                    best = best.min(problem.value_of(&w, i));
                }
                let value = problem.value(&got, i);
                assert!((value - best).abs() <= 1e-12 * best.abs().max(1.0), "row {i}: {value} {best}");
            }
        }
    }

    #[test]
    fn descends_solves_and_keeps_rows_apart() {
        check_descends(|p| Box::new(GreedyCd::new(p.rank, p.stride, 1e-3, None)));
        check_solves(|p| Box::new(GreedyCd::new(p.rank, p.stride, 0.0, Some(1_000_000))), 1e-7);
        check_rows_are_independent(|p| Box::new(GreedyCd::new(p.rank, p.stride, 1e-3, None)));
        check_single_rows(|p| Box::new(GreedyCd::new(p.rank, p.stride, 1e-3, None)));
    }
}
