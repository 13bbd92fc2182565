//! HALS, hierarchical alternating least squares, also known as cyclic coordinate descent.
//!
//! Problem: the quadratic of a row, see [`super`]. Update, for one component after the other:
//!
//! ```text
//! w_c <- clamp(w_c + (c_c - l1 - l2 w_c - sum over l of G_cl w_l) / (G_cc + l2))
//! ```
//!
//! cut off at 0, or at the bounds that are asked for, which is the exact minimum along that coordinate. Several sweeps over the components are done per cross product,
//! since they cost k² per row and the product costs as much as the data: a row stops when a sweep moves its model by
//! less than 0.1 of what its first sweep moved it.
//!
//! Guarantee: every step decreases the objective; limit points are stationary as long as no component dies (k blocks
//! of unique minima). A dead component of the *other* factor (`G_cc = 0`) leaves this one's component as it is, so
//! that it can come back. Cost: k² per row and sweep.
//!
//! Reference: A. Cichocki, A.-H. Phan (2009), "Fast local algorithms for large scale nonnegative matrix and tensor
//! factorizations", IEICE Trans. E92-A(3), doi:10.1587/transfun.E92.A.708, algorithm 2; N. Gillis, F. Glineur (2012),
//! "Accelerated multiplicative updates and hierarchical ALS algorithms for nonnegative matrix factorization", Neural
//! Computation 24(4), doi:10.1162/NECO_a_00256, section 4. Theirs counts inner sweeps by a criterion over the whole
//! factor; here each row has its own, so that rows stay independent.
//!
//! When not to use it: never wrong for Frobenius; block pivoting solves a half-step exactly, which can pay for small k
//! and very many rows.

use super::{NARROW_LANES, Need, Panel, Quadratic, QuadraticRule, Scratch, WIDE_LANES};
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::lanes::{load, minus_dot, store};
use crate::scalar::Scalar;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// See the module.
pub(crate) struct Hals<T> {
    rank: usize,
    /// Inner sweeps, at most.
    sweeps: usize,
    /// A row's last sweep moves its model by less than this share of the first.
    enough: T,
    /// The order of components; a new one for every half-step if they are shuffled.
    order: Vec<u32>,
    shuffle: Option<ChaCha8Rng>,
}

impl<T: Scalar> Hals<T> {
    /// For factors of this rank; `shuffle` seeds a random order of components for every half-step.
    pub(crate) fn new(rank: usize, sweeps: usize, enough: f64, shuffle: Option<u64>) -> Hals<T> {
        Hals {
            rank,
            sweeps,
            enough: T::from_f64(enough),
            order: (0..rank as u32).collect(),
            shuffle: shuffle.map(ChaCha8Rng::seed_from_u64),
        }
    }
}

impl<T: Scalar> QuadraticRule<T> for Hals<T> {
    fn need(&self) -> Need {
        Need { reals: 2 * self.rank * WIDE_LANES, words: 0 }
    }

    fn prepare(&mut self, _q: &Quadratic<'_, T>) {
        if let Some(rng) = &mut self.shuffle {
            // Fisher-Yates; the modulo bias of k in 2^32 is of no consequence for an order.
            for i in (1..self.order.len()).rev() {
                self.order.swap(i, rng.next_u32() as usize % (i + 1));
            }
        }
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        launch(Sweeps { rule: self, q, panel, scratch: &mut scratch.reals });
    }

    fn update_row(&self, q: &Quadratic<'_, T>, w: &mut [T], cross: &[T], scratch: &mut Scratch<T>) {
        launch(Row { rule: self, q, w, cross, descent: &mut scratch.reals });
    }
}

/// One row with a Gram matrix of its own: its gradient is kept, and moves with every step.
struct Row<'a, 'b, T> {
    rule: &'a Hals<T>,
    q: &'a Quadratic<'b, T>,
    w: &'a mut [T],
    cross: &'a [T],
    descent: &'a mut [T],
}

impl<T: Scalar> Kernel for Row<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Quadratic { gram, stride, rank, l1, l2, limits, .. } = *self.q;
        let descent = &mut self.descent[..stride];
        // descent = c - l1 - G w; the part of l2 is added where it is used.
        for c in 0..stride {
            descent[c] = self.cross[c] - l1;
        }
        for l in 0..rank {
            let w = self.w[l];
            if w != T::ZERO {
                for (d, &g) in descent.iter_mut().zip(&gram[l * stride..][..stride]) {
                    *d = S::mul_add(-w, g, *d);
                }
            }
        }
        let enough = self.rule.enough * self.rule.enough;
        let mut first = T::ZERO;
        for sweep in 0..self.rule.sweeps {
            let mut moved = T::ZERO;
            for &c in &self.rule.order {
                let c = c as usize;
                let (old, curvature) = (self.w[c], self.q.curvature(c));
                if limits.is_frozen(c) {
                    continue;
                }
                if !(curvature > T::ZERO) {
                    self.w[c] = limits.without_curvature(old, descent[c]);
                    continue;
                }
                let new = limits.clamp(old + (descent[c] - l2 * old) / curvature);
                let d = new - old;
                if d != T::ZERO {
                    moved += d * d * curvature;
                    self.w[c] = new;
                    for (down, &g) in descent.iter_mut().zip(&gram[c * stride..][..stride]) {
                        *down = S::mul_add(-d, g, *down);
                    }
                }
            }
            if sweep == 0 {
                first = moved;
            }
            if !(moved > enough * first) {
                break;
            }
        }
    }
}

struct Sweeps<'a, 'b, T> {
    rule: &'a Hals<T>,
    q: &'a Quadratic<'b, T>,
    panel: Panel<'a, T>,
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel for Sweeps<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        if S::WIDE { lanes::<T, S, WIDE_LANES>(self) } else { lanes::<T, S, NARROW_LANES>(self) }
    }
}

#[inline(always)]
fn lanes<T: Scalar, S: Simd, const R: usize>(p: Sweeps<'_, '_, T>) {
    let Quadratic { gram, stride, rank, l1, l2, limits, .. } = *p.q;
    let (w, rest) = p.scratch.split_at_mut(rank * R);
    let (w, _) = w.as_chunks_mut::<R>();
    let (cross, _) = rest[..rank * R].as_chunks_mut::<R>();
    let enough = p.rule.enough * p.rule.enough;
    for (factor, from) in p.panel.factor.chunks_mut(stride * R).zip(p.panel.cross.chunks(stride * R)) {
        load(factor, stride, rank, w);
        load(from, stride, rank, cross);
        let mut first = [T::ZERO; R];
        let mut active = [true; R];
        for sweep in 0..p.rule.sweeps {
            let mut moved = [T::ZERO; R];
            for &c in &p.rule.order {
                let c = c as usize;
                let curvature = p.q.curvature(c);
                if limits.is_frozen(c) {
                    continue;
                }
                if !(curvature > T::ZERO) {
                    for (w, cross) in w[c].iter_mut().zip(&cross[c]) {
                        *w = limits.without_curvature(*w, *cross - l1);
                    }
                    continue;
                }
                let inverse = T::ONE / curvature;
                let mut descent = minus_dot::<T, S, R>(&cross[c], &gram[c * stride..][..rank], w);
                let row = &mut w[c];
                for r in 0..R {
                    descent[r] -= l1 + l2 * row[r];
                    let new = limits.clamp(S::mul_add(descent[r], inverse, row[r]));
                    let new = if active[r] { new } else { row[r] };
                    let d = new - row[r];
                    moved[r] = S::mul_add(d * d, curvature, moved[r]);
                    row[r] = new;
                }
            }
            if sweep == 0 {
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
        store(w, stride, rank, factor);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{
        Problem, check_descends, check_rows_are_independent, check_single_rows, check_solves,
    };
    use super::*;

    #[test]
    fn one_sweep_is_the_papers_update() {
        for problem in Problem::some() {
            let mut rule = Hals::new(problem.rank, 1, 0.0, None);
            let got = problem.updated(&mut rule, 1);
            for i in 0..problem.rows {
                let mut w = problem.row(&problem.factor, i).to_vec();
                for c in 0..problem.rank {
                    let pull: f64 = (0..problem.rank).map(|l| problem.g(c, l) * w[l]).sum();
                    let down = problem.cross(i, c) - problem.l1 - problem.l2 * w[c] - pull;
                    w[c] = (w[c] + down / (problem.g(c, c) + problem.l2)).max(0.0);
                }
                problem.assert_close(problem.row(&got, i), &w);
            }
        }
    }

    #[test]
    fn descends_solves_and_keeps_rows_apart() {
        check_descends(|p| Box::new(Hals::new(p.rank, 4, 0.1, None)));
        check_descends(|p| Box::new(Hals::new(p.rank, 4, 0.1, Some(3))));
        check_solves(|p| Box::new(Hals::new(p.rank, 20_000, 0.0, None)), 1e-9);
        check_rows_are_independent(|p| Box::new(Hals::new(p.rank, 7, 0.1, None)));
        check_single_rows(|p| Box::new(Hals::new(p.rank, 3, 0.0, None)));
    }
}
