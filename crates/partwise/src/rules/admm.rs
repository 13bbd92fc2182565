//! ADMM, the alternating direction method of multipliers, inside each half-step.
//!
//! Problem: the quadratic of a row, see [`super`]. With `rho = tr(G) / k` and one Cholesky factorization of
//! `G + (l2 + rho) I` for all rows, some rounds of
//!
//! ```text
//! x <- (G + (l2 + rho) I)⁻¹ (c - l1 + rho (w + u))        w <- max(0, x - u)        u <- u + w - x
//! ```
//!
//! The multipliers u stay with their row from one half-step to the next.
//!
//! Guarantee: each half-step converges to its minimum if given enough rounds; with the few that are done, the
//! objective can rise, and the best pair seen is what a run returns. Cost: 2 k² per row and round, k³/3 per half-step.
//!
//! Reference: K. Huang, N. D. Sidiropoulos, A. P. Liavas (2016), "A flexible and efficient algorithmic framework for
//! constrained matrix and tensor factorization", IEEE Trans. Signal Process. 64(19), doi:10.1109/TSP.2016.2576427,
//! algorithm 1.
//!
//! When not to use it: for the plain problem coordinate descent is ahead of it; its place is where a constraint has a
//! cheap projection and no coordinate structure.

use super::{NARROW_LANES, Need, Panel, Quadratic, QuadraticRule, Scratch, WIDE_LANES};
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::lanes::{load, minus_dot, store};
use crate::kernels::small::cholesky;
use crate::scalar::Scalar;

/// See the module.
pub(crate) struct Admm<T> {
    rank: usize,
    rounds: usize,
    rho: T,
    /// L below the diagonal and Lᵀ above it, `(rank, rank)`; the inverse of the diagonal separately.
    factorized: Vec<T>,
    inverse_diagonal: Vec<T>,
}

impl<T: Scalar> Admm<T> {
    pub(crate) fn new(rank: usize, rounds: usize) -> Admm<T> {
        let (factorized, inverse_diagonal) = (vec![T::ZERO; rank * rank], vec![T::ZERO; rank]);
        Admm { rank, rounds, rho: T::ZERO, factorized, inverse_diagonal }
    }
}

impl<T: Scalar> QuadraticRule<T> for Admm<T> {
    fn need(&self) -> Need {
        Need { reals: 4 * self.rank * WIDE_LANES, words: 0 }
    }

    fn has_state(&self) -> bool {
        true
    }

    fn descends(&self) -> bool {
        false
    }

    fn prepare(&mut self, q: &Quadratic<'_, T>) {
        let k = self.rank;
        let trace: T = (0..k).map(|c| q.gram[c * q.stride + c]).sum();
        self.rho = trace / T::from_f64(k as f64);
        if !(self.rho > T::ZERO) {
            return;
        }
        for a in 0..k {
            for b in 0..k {
                self.factorized[a * k + b] = q.gram[a * q.stride + b];
            }
            self.factorized[a * k + a] += q.l2 + self.rho;
        }
        // rho bounds the condition number by k + 1: this cannot fail on finite numbers.
        if !cholesky(&mut self.factorized, k, k) {
            self.rho = T::ZERO;
            return;
        }
        for a in 0..k {
            self.inverse_diagonal[a] = T::ONE / self.factorized[a * k + a];
            for b in a + 1..k {
                self.factorized[a * k + b] = self.factorized[b * k + a];
            }
        }
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        if self.rho > T::ZERO {
            launch(Rounds { rule: self, q, panel, scratch: &mut scratch.reals });
        }
    }
}

struct Rounds<'a, 'b, T> {
    rule: &'a Admm<T>,
    q: &'a Quadratic<'b, T>,
    panel: Panel<'a, T>,
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel for Rounds<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        if S::WIDE { lanes::<T, S, WIDE_LANES>(self) } else { lanes::<T, S, NARROW_LANES>(self) }
    }
}

#[inline(always)]
fn lanes<T: Scalar, S: Simd, const R: usize>(p: Rounds<'_, '_, T>) {
    let (stride, k, l1, limits) = (p.q.stride, p.rule.rank, p.q.l1, p.q.limits);
    let (rho, l, inverse) = (p.rule.rho, &p.rule.factorized, &p.rule.inverse_diagonal);
    let (arrays, _) = p.scratch.as_chunks_mut::<R>();
    let (w, rest) = arrays.split_at_mut(k);
    let (u, rest) = rest.split_at_mut(k);
    let (x, rest) = rest.split_at_mut(k);
    let cross = &mut rest[..k];
    let rows = stride * R;
    let panels =
        p.panel.factor.chunks_mut(rows).zip(p.panel.cross.chunks(rows)).zip(p.panel.state.chunks_mut(rows));
    for ((factor, from), state) in panels {
        load(factor, stride, k, w);
        load(from, stride, k, cross);
        load(state, stride, k, u);
        for _ in 0..p.rule.rounds {
            for c in 0..k {
                for r in 0..R {
                    x[c][r] = S::mul_add(rho, w[c][r] + u[c][r], cross[c][r] - l1);
                }
            }
            for c in 0..k {
                let (done, todo) = x.split_at_mut(c);
                let sum = minus_dot::<T, S, R>(&todo[0], &l[c * k..][..c], done);
                for r in 0..R {
                    todo[0][r] = sum[r] * inverse[c];
                }
            }
            for c in (0..k).rev() {
                let (todo, done) = x.split_at_mut(c + 1);
                let sum = minus_dot::<T, S, R>(&todo[c], &l[c * k + c + 1..(c + 1) * k], done);
                for r in 0..R {
                    todo[c][r] = sum[r] * inverse[c];
                }
            }
            for c in 0..k {
                for r in 0..R {
                    w[c][r] = limits.clamp(x[c][r] - u[c][r]);
                    u[c][r] += w[c][r] - x[c][r];
                }
            }
        }
        store(w, stride, k, factor);
        store(u, stride, k, state);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Problem, check_rows_are_independent, check_solves};
    use super::*;

    #[test]
    fn one_round_is_the_papers() {
        for problem in Problem::some() {
            let k = problem.rank;
            let got = problem.updated(&mut Admm::new(k, 1), 1);
            let rho = (0..k).map(|c| problem.g(c, c)).sum::<f64>() / k as f64;
            for i in 0..problem.rows {
                // With u = 0 the new row is max(0, x); check the linear system where it is not cut off.
                let w = problem.row(&problem.factor, i);
                let mut a = nalgebra::DMatrix::from_fn(k, k, |a, b| problem.g(a, b));
                a += nalgebra::DMatrix::identity(k, k) * (rho + problem.l2);
                let b = nalgebra::DVector::from_fn(k, |c, _| problem.cross(i, c) - problem.l1 + rho * w[c]);
                let x = a.cholesky().unwrap().solve(&b);
                for c in 0..k {
                    let want = x[c].max(0.0);
                    assert!((problem.row(&got, i)[c] - want).abs() <= 1e-10 * want.max(1.0));
                }
            }
        }
    }

    #[test]
    fn solves_and_keeps_rows_apart() {
        check_solves(|p| Box::new(Admm::new(p.rank, 200_000)), 1e-6);
        check_rows_are_independent(|p| Box::new(Admm::new(p.rank, 10)));
    }
}
