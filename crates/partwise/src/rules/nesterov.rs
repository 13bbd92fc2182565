//! NeNMF: Nesterov's optimal gradient on each half-step.
//!
//! Problem: the quadratic of a row, see [`super`]. Update, with `L >= ||G||₂ + l2` and `t_0 = 1`:
//!
//! ```text
//! w_{j+1} = max(0, y_j - ((G + l2 I) y_j - c + l1) / L)
//! t_{j+1} = (1 + sqrt(1 + 4 t_j²)) / 2
//! y_{j+1} = w_{j+1} + (t_j - 1) / t_{j+1} (w_{j+1} - w_j)
//! ```
//!
//! A row starts anew (t = 1) when its momentum points uphill. It ends when a step is below 0.1 of its first step, or
//! at the limit of steps; should it end higher than it started (momentum does not promise otherwise), it keeps its
//! start.
//!
//! Guarantee: no update increases the objective; the error of the row falls as 1/steps². Cost: k² per row and step.
//!
//! Reference: N. Guan, D. Tao, Z. Luo, B. Yuan (2012), "NeNMF: an optimal gradient method for nonnegative matrix
//! factorization", IEEE Trans. Signal Process. 60(6), doi:10.1109/TSP.2012.2190406, algorithm 1; restarts after B.
//! O'Donoghue, E. Candès (2015), "Adaptive restart for accelerated gradient schemes", Found. Comput. Math. 15,
//! doi:10.1007/s10208-013-9150-3.
//!
//! When not to use it: ill-conditioned G, which coordinate descent and block pivoting handle better.

use super::{NARROW_LANES, Need, Panel, Quadratic, QuadraticRule, Scratch, WIDE_LANES};
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::lanes::{load, minus_dot, store};
use crate::kernels::small::largest_eigenvalue_bound;
use crate::scalar::Scalar;

/// See the module.
pub(crate) struct Nesterov<T> {
    rank: usize,
    steps: usize,
    enough: T,
    /// `1 / L`.
    step: T,
    work: Vec<T>,
}

impl<T: Scalar> Nesterov<T> {
    pub(crate) fn new(rank: usize, steps: usize, enough: f64) -> Nesterov<T> {
        Nesterov { rank, steps, enough: T::from_f64(enough), step: T::ZERO, work: vec![T::ZERO; 2 * rank] }
    }
}

impl<T: Scalar> QuadraticRule<T> for Nesterov<T> {
    fn need(&self) -> Need {
        Need { reals: 4 * self.rank * WIDE_LANES, words: 0 }
    }

    fn prepare(&mut self, q: &Quadratic<'_, T>) {
        let largest = largest_eigenvalue_bound(q.gram, q.rank, q.stride, &mut self.work) + q.l2;
        self.step = if largest > T::ZERO { T::ONE / largest } else { T::ZERO };
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        if self.step > T::ZERO {
            launch(Steps { rule: self, q, panel, scratch: &mut scratch.reals });
        }
    }
}

struct Steps<'a, 'b, T> {
    rule: &'a Nesterov<T>,
    q: &'a Quadratic<'b, T>,
    panel: Panel<'a, T>,
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel for Steps<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        if S::WIDE { lanes::<T, S, WIDE_LANES>(self) } else { lanes::<T, S, NARROW_LANES>(self) }
    }
}

#[inline(always)]
fn lanes<T: Scalar, S: Simd, const R: usize>(p: Steps<'_, '_, T>) {
    let Quadratic { gram, stride, rank, l1, l2, limits, .. } = *p.q;
    let (arrays, _) = p.scratch.as_chunks_mut::<R>();
    let (w, rest) = arrays.split_at_mut(rank);
    let (y, rest) = rest.split_at_mut(rank);
    let (next, rest) = rest.split_at_mut(rank);
    let cross = &mut rest[..rank];
    let enough = p.rule.enough * p.rule.enough;
    let (half, four) = (T::from_f64(0.5), T::from_f64(4.0));
    for (factor, from) in p.panel.factor.chunks_mut(stride * R).zip(p.panel.cross.chunks(stride * R)) {
        load(factor, stride, rank, w);
        load(from, stride, rank, cross);
        y.copy_from_slice(w);
        let mut t = [T::ONE; R];
        let mut first = [T::ZERO; R];
        let mut active = [true; R];
        for step in 0..p.rule.steps {
            let (mut moved, mut uphill) = ([T::ZERO; R], [T::ZERO; R]);
            for c in 0..rank {
                let mut descent = minus_dot::<T, S, R>(&cross[c], &gram[c * stride..][..rank], y);
                let (frozen, step) = (limits.is_frozen(c), p.rule.step);
                for r in 0..R {
                    descent[r] -= l1 + l2 * y[c][r];
                    let moved_to = S::mul_add(descent[r], step, y[c][r]);
                    // What is fixed may lie outside the bounds of the others.
                    let new = if frozen { w[c][r] } else { limits.clamp(moved_to) };
                    let d = new - w[c][r];
                    moved[r] = S::mul_add(d, d, moved[r]);
                    uphill[r] = S::mul_add(y[c][r] - new, d, uphill[r]);
                    next[c][r] = new;
                }
            }
            let mut momentum = [T::ZERO; R];
            for r in 0..R {
                if uphill[r] > T::ZERO {
                    t[r] = T::ONE;
                }
                let longer = half * (T::ONE + (T::ONE + four * t[r] * t[r]).sqrt());
                momentum[r] = (t[r] - T::ONE) / longer;
                t[r] = longer;
            }
            for c in 0..rank {
                for r in 0..R {
                    let new = if active[r] { next[c][r] } else { w[c][r] };
                    y[c][r] = S::mul_add(momentum[r], new - w[c][r], new);
                    w[c][r] = new;
                }
            }
            if step == 0 {
                first = moved;
            }
            let mut any = false;
            for r in 0..R {
                active[r] = active[r] && moved[r] > enough * first[r];
                any |= active[r];
            }
            if !any {
                break;
            }
        }
        // Keep the start where the end is higher.
        load(factor, stride, rank, y);
        let (ended, started) = (value::<T, S, R>(p.q, w, cross), value::<T, S, R>(p.q, y, cross));
        for c in 0..rank {
            for r in 0..R {
                w[c][r] = if ended[r] <= started[r] { w[c][r] } else { y[c][r] };
            }
        }
        store(w, stride, rank, factor);
    }
}

/// `q(w)` of every lane.
#[inline(always)]
fn value<T: Scalar, S: Simd, const R: usize>(q: &Quadratic<'_, T>, w: &[[T; R]], cross: &[[T; R]]) -> [T; R] {
    let half = T::from_f64(0.5);
    let mut sum = [T::ZERO; R];
    for c in 0..q.rank {
        let mut pull = minus_dot::<T, S, R>(&[T::ZERO; R], &q.gram[c * q.stride..][..q.rank], w);
        for r in 0..R {
            pull[r] = half * (q.l2 * w[c][r] - pull[r]) - cross[c][r] + q.l1;
            sum[r] = S::mul_add(w[c][r], pull[r], sum[r]);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Problem, check_descends, check_rows_are_independent, check_solves};
    use super::*;

    #[test]
    fn two_steps_are_the_papers() {
        for problem in Problem::some() {
            let mut rule = Nesterov::new(problem.rank, 2, 0.0);
            let got = problem.updated(&mut rule, 1);
            let (k, step) = (problem.rank, rule.step);
            for i in 0..problem.rows {
                let descent = |y: &[f64], c: usize| {
                    let pull: f64 = (0..k).map(|l| problem.g(c, l) * y[l]).sum();
                    problem.cross(i, c) - problem.l1 - problem.l2 * y[c] - pull
                };
                // t_0 = 1 leaves no momentum after the first step: two plain steps.
                let mut w = problem.row(&problem.factor, i).to_vec();
                for _ in 0..2 {
                    let y = w.clone();
                    for c in 0..k {
                        w[c] = (y[c] + descent(&y, c) * step).max(0.0);
                    }
                }
                problem.assert_close(problem.row(&got, i), &w);
            }
        }
    }

    #[test]
    fn descends_solves_and_keeps_rows_apart() {
        check_descends(|p| Box::new(Nesterov::new(p.rank, 20, 0.1)));
        check_solves(|p| Box::new(Nesterov::new(p.rank, 30_000, 0.0)), 1e-6);
        check_rows_are_independent(|p| Box::new(Nesterov::new(p.rank, 20, 0.1)));
    }
}
