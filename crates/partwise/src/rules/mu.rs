//! MU, multiplicative updates, for every beta-divergence.
//!
//! Problem: `sum over j of d_b(x_j | w · h_j) + l1 sum w + l2/2 ||w||²` over w >= 0, for each row. Update, with the two
//! sums of the gradient `numer = sum x_j y_j^(b-2) h_j` and `denom = sum y_j^(b-1) h_j`:
//!
//! ```text
//! w <- w (numer / (denom + l1 + l2 w))^g          g = 1/(2 - b) for b < 1,  1 for 1 <= b <= 2,  1/(b - 1) for b > 2
//! ```
//!
//! Guarantee: non-increasing for every b. Each factor is the minimum of a majorant that touches at the current w: for
//! b >= 1 the convex part of d is bounded by Jensen's inequality and the concave part by its tangent, for b < 1 the
//! other way round, and a penalty joins the term of w it can be bounded by (l1 always; l2 for b >= 2). For l2 > 0 and
//! b < 2 no majorant of that form exists and the stationary point `t = w_new / w` of
//! `denom t^max(b-1, 0) + l1 + l2 w t = numer t^(b-2)` is found instead: in closed form for b = 1, by bisection else. A component that is exactly zero stays zero: starts with zeros are lifted first, with a note.
//!
//! Cost: two sums, 6 k flops per entry (see `kernels/ratio.rs`); for b = 2 they come from the Gram matrix, and several
//! updates are done per cross product.
//!
//! Reference: D. D. Lee, H. S. Seung (2001), "Algorithms for non-negative matrix factorization", NIPS 13 (b = 1, 2); C.
//! Févotte, J. Idier (2011), Neural Computation 23(9), doi:10.1162/NECO_a_00168, eq. 4.11-4.13 (all b); N. Gillis, F.
//! Glineur (2012), doi:10.1162/NECO_a_00256, section 3 (several updates per product).
//!
//! When not to use it: for Frobenius [`super::hals`] is many times faster, for sparse Kullback-Leibler [`super::scd`].

use super::{Need, Panel, Quadratic, QuadraticRule, Scratch};
use crate::kernels::gram::times_square;
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::loss::Loss;
use crate::scalar::Scalar;

/// Multiplicative updates for the Frobenius loss, from Gram and cross product.
pub(crate) struct MuFrobenius<T> {
    stride: usize,
    updates: usize,
    enough: T,
    least: T,
}

/// Rows that are updated together.
const ROWS: usize = 32;

impl<T: Scalar> MuFrobenius<T> {
    /// `least` is where entries that shrink for ever are held, so that they can come back.
    pub(crate) fn new(stride: usize, updates: usize, enough: f64, least: f64) -> MuFrobenius<T> {
        MuFrobenius { stride, updates, enough: T::from_f64(enough), least: T::from_f64(least) }
    }
}

impl<T: Scalar> QuadraticRule<T> for MuFrobenius<T> {
    fn need(&self) -> Need {
        Need { reals: ROWS * self.stride + 2 * ROWS, words: 0 }
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        let stride = q.stride;
        let (denom, rest) = scratch.reals.split_at_mut(ROWS * stride);
        let (first, last) = rest.split_at_mut(ROWS);
        for (factor, cross) in panel.factor.chunks_mut(ROWS * stride).zip(panel.cross.chunks(ROWS * stride)) {
            let rows = factor.len() / stride;
            for update in 0..self.updates {
                let denom = &mut denom[..factor.len()];
                times_square(factor, q.gram, stride, denom);
                launch(Multiply { rule: self, q, factor, cross, denom, first, last, update });
                if update > 0 && (0..rows).all(|r| !(last[r] > self.enough * self.enough * first[r])) {
                    break;
                }
            }
        }
    }
}

/// One multiplicative update of some rows; rows that moved little in their last update are left alone.
struct Multiply<'a, 'b, T> {
    rule: &'a MuFrobenius<T>,
    q: &'a Quadratic<'b, T>,
    factor: &'a mut [T],
    cross: &'a [T],
    denom: &'a [T],
    first: &'a mut [T],
    last: &'a mut [T],
    update: usize,
}

impl<T: Scalar> Kernel for Multiply<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Quadratic { stride, rank, l1, l2, .. } = *self.q;
        let MuFrobenius { enough, least, .. } = *self.rule;
        for (r, w) in self.factor.chunks_exact_mut(stride).enumerate() {
            if self.update > 0 && !(self.last[r] > enough * enough * self.first[r]) {
                continue;
            }
            let (numer, denom) = (&self.cross[r * stride..][..rank], &self.denom[r * stride..][..rank]);
            let mut moved = T::ZERO;
            for c in 0..rank {
                let below = denom[c] + l1 + l2 * w[c];
                let new = if below > T::ZERO { w[c] * (numer[c].max(T::ZERO) / below) } else { w[c] };
                let new = if new > T::ZERO { new.max(least) } else { new };
                let d = new - w[c];
                moved += d * d * self.q.gram[c * stride + c];
                w[c] = new;
            }
            self.last[r] = moved;
            if self.update == 0 {
                self.first[r] = moved;
            }
        }
    }
}

/// The update of any beta, given both sums of each entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MuBeta {
    beta: f64,
    exponent: f64,
    l1: f64,
    l2: f64,
    least: f64,
}

impl MuBeta {
    /// `least` as in [`MuFrobenius::new`].
    pub(crate) fn new(loss: Loss, l1: f64, l2: f64, least: f64) -> MuBeta {
        MuBeta { beta: loss.beta(), exponent: loss.mm_exponent(), l1, l2, least }
    }

    /// Updates a row; `denom` is this row's, or the one all rows share.
    pub(crate) fn update<T: Scalar>(&self, w: &mut [T], numer: &[T], denom: &[T]) {
        let (l1, l2, least) = (T::from_f64(self.l1), T::from_f64(self.l2), T::from_f64(self.least));
        for ((w, &n), &d) in w.iter_mut().zip(numer).zip(denom) {
            let old = *w;
            if self.l2 > 0.0 && self.beta < 2.0 {
                if old > T::ZERO {
                    let t = self.stationary(n.to_f64(), d.to_f64(), old.to_f64());
                    *w = T::from_f64(old.to_f64() * t);
                }
            } else {
                let below = d + l1 + l2 * old;
                if below > T::ZERO {
                    let ratio = n / below;
                    *w = if self.exponent == 1.0 {
                        old * ratio
                    } else {
                        T::from_f64(old.to_f64() * ratio.to_f64().powf(self.exponent))
                    };
                }
            }
            if *w > T::ZERO {
                *w = w.max(least);
            }
        }
    }

    /// The t > 0 where the majorant with an l2 penalty is least, or a point between it and 1.
    fn stationary(&self, numer: f64, denom: f64, w: f64) -> f64 {
        if !(numer > 0.0) {
            return 0.0;
        }
        let ridge = self.l2 * w;
        if self.beta == 1.0 {
            // denom + l1 + ridge t = numer / t
            let linear = denom + self.l1;
            return 2.0 * numer / (linear + (linear * linear + 4.0 * ridge * numer).sqrt());
        }
        // denom t^p + l1 + ridge t = numer t^-q: the left side rises and the right side falls.
        let (p, q) = ((self.beta - 1.0).max(0.0), 2.0 - self.beta);
        let rises = |t: f64| denom * t.powf(p) + self.l1 + ridge * t > numer * t.powf(-q);
        let shrinks = rises(1.0);
        let (mut low, mut high) =
            if shrinks { (0.0, 1.0) } else { (1.0, (numer / denom).powf(self.exponent)) };
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if rises(middle) { high = middle } else { low = middle }
        }
        // The end on the side of 1: the majorant is convex, so it does not rise from 1 to there.
        if shrinks { high } else { low }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Problem, check_descends, check_rows_are_independent, numbers};
    use super::*;

    #[test]
    fn one_update_is_lee_and_seungs() {
        for problem in Problem::some() {
            let got = problem.updated(&mut MuFrobenius::new(problem.stride, 1, 0.0, 0.0), 1);
            for i in 0..problem.rows {
                let w = problem.row(&problem.factor, i);
                let want: Vec<f64> = (0..problem.rank)
                    .map(|c| {
                        let below: f64 = (0..problem.rank).map(|l| problem.g(c, l) * w[l]).sum();
                        let below = below + problem.l1 + problem.l2 * w[c];
                        // 0 / 0 in a row of zeros, which stays as it is.
                        if w[c] == 0.0 { 0.0 } else { w[c] * problem.cross(i, c) / below }
                    })
                    .collect();
                problem.assert_close(problem.row(&got, i), &want);
            }
        }
    }

    #[test]
    fn frobenius_descends_and_keeps_rows_apart() {
        check_descends(|p| Box::new(MuFrobenius::new(p.stride, 3, 0.01, 0.0)));
        check_rows_are_independent(|p| Box::new(MuFrobenius::new(p.stride, 5, 0.1, 1e-16)));
    }

    /// The penalised divergence never rises, for every beta and penalty.
    #[test]
    fn every_beta_descends_with_penalties() {
        for beta in [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0] {
            let loss = Loss::beta_divergence(beta).unwrap();
            for (l1, l2) in [(0.0, 0.0), (0.7, 0.0), (0.0, 1.3), (0.4, 0.9)] {
                let mut next = numbers(11);
                let (k, n) = (4, 9);
                let h: Vec<f64> = (0..n * k).map(|_| next() + 0.01).collect();
                let x: Vec<f64> = (0..n).map(|_| 5.0 * next() + 0.01).collect();
                let mut w: Vec<f64> = (0..k).map(|_| 3.0 * next() + 0.01).collect();
                let model = |w: &[f64], j: usize| (0..k).map(|c| w[c] * h[j * k + c]).sum::<f64>();
                let value = |w: &[f64]| {
                    (0..n).map(|j| loss.divergence(x[j], model(w, j))).sum::<f64>()
                        + w.iter().map(|&w| l1 * w + 0.5 * l2 * w * w).sum::<f64>()
                };
                let rule = MuBeta::new(loss, l1, l2, 1e-16);
                let mut before = value(&w);
                for step in 0..200 {
                    let sum = |power: f64, with_x: bool| -> Vec<f64> {
                        (0..k)
                            .map(|c| {
                                (0..n)
                                    .map(|j| {
                                        let y = model(&w, j).powf(power);
                                        (if with_x { x[j] * y } else { y }) * h[j * k + c]
                                    })
                                    .sum()
                            })
                            .collect()
                    };
                    let (numer, denom) = (sum(beta - 2.0, true), sum(beta - 1.0, false));
                    rule.update(&mut w, &numer, &denom);
                    let after = value(&w);
                    assert!(
                        after <= before + 1e-13 * before.abs().max(1.0),
                        "beta {beta}, l1 {l1}, l2 {l2}, step {step}: {before} -> {after}"
                    );
                    before = after;
                }
            }
        }
    }
}
