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

use super::{Limits, Need, Panel, Quadratic, QuadraticRule, RowShift, Scratch};
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
        Need { reals: 2 * ROWS * self.stride + 2 * ROWS, words: 0 }
    }

    fn wants_signs(&self) -> bool {
        true
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        let stride = q.stride;
        let (denom, rest) = scratch.reals.split_at_mut(ROWS * stride);
        let (minus, rest) = rest.split_at_mut(ROWS * stride);
        let (first, last) = rest.split_at_mut(ROWS);
        for (factor, cross) in panel.factor.chunks_mut(ROWS * stride).zip(panel.cross.chunks(ROWS * stride)) {
            let rows = factor.len() / stride;
            for update in 0..self.updates {
                let denom = &mut denom[..factor.len()];
                times_square(factor, q.gram, stride, denom);
                let minus = if q.minus.is_empty() { &mut [] } else { &mut minus[..factor.len()] };
                if !q.minus.is_empty() {
                    times_square(factor, q.minus, stride, minus);
                }
                launch(Multiply { rule: self, q, factor, cross, denom, minus, first, last, update });
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
    /// `A⁻ w` where the matrix has negative entries, else empty.
    minus: &'a [T],
    first: &'a mut [T],
    last: &'a mut [T],
    update: usize,
}

impl<T: Scalar> Kernel for Multiply<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Quadratic { stride, rank, l1, l2, limits, drag, .. } = *self.q;
        let MuFrobenius { enough, least, .. } = *self.rule;
        let (two, four) = (T::from_f64(2.0), T::from_f64(4.0));
        for (r, w) in self.factor.chunks_exact_mut(stride).enumerate() {
            if self.update > 0 && !(self.last[r] > enough * enough * self.first[r]) {
                continue;
            }
            let (numer, denom) = (&self.cross[r * stride..][..rank], &self.denom[r * stride..][..rank]);
            let mut moved = T::ZERO;
            for c in 0..rank {
                if limits.is_frozen(c) {
                    continue;
                }
                let linear = l1 + drag.get(c).copied().unwrap_or(T::ZERO);
                let new = if self.minus.is_empty() {
                    let below = denom[c] + linear + l2 * w[c];
                    if below > T::ZERO { w[c] * (numer[c].max(T::ZERO) / below) } else { w[c] }
                } else {
                    // a t² - b t - n = 0, a = (A⁺ w)_c + l2 w_c, n = (A⁻ w)_c, b = c_c - l1
                    let n = self.minus[r * stride + c];
                    let (a, b) = (denom[c] + n + l2 * w[c], numer[c] - linear);
                    let root = (b * b + four * a * n).sqrt();
                    let t = if b > T::ZERO { (b + root) / (two * a) } else { two * n / (root - b) };
                    if t.is_finite() { w[c] * t } else { w[c] }
                };
                // A negative numerator (X has negative entries) asks for zero: not for ever, as it may change.
                let held = new > T::ZERO || (numer[c] < T::ZERO && w[c] > T::ZERO);
                let new = limits.clamp(if held { new.max(least) } else { new });
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
                    // l1 t is below l1 t^(p + 1) / (p + 1) and touches it at 1, so it joins the denominator: continuous in
                    // beta up to 2, where it stands there too.
                    let denom = d.to_f64() + self.l1;
                    let terms = Terms { numer: n.to_f64(), denom, linear: 0.0, ..self.elastic(old.to_f64()) };
                    *w = T::from_f64(old.to_f64() * self.stationary(&terms));
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

    /// Updates a row with penalties, within limits, and on the simplex if asked; `room` has two numbers per component.
    pub(crate) fn update_within<T: Scalar>(
        &self,
        w: &mut [T],
        numer: &[T],
        denom: &[T],
        within: &Within<'_, T>,
        room: &mut [f64],
    ) {
        let rank = w.len();
        let Within { shift, stride, limits, simplex } = *within;
        let (plus, minus) = room.split_at_mut(rank);
        let minus = &mut minus[..rank];
        for c in 0..rank {
            (plus[c], minus[c]) = (shift.ridge.to_f64() * w[c].to_f64(), 0.0);
            if !shift.gram.is_empty() {
                for (d, &w) in w.iter().enumerate() {
                    let pull = shift.gram[c * stride + d].to_f64() * w.to_f64();
                    *(if pull > 0.0 { &mut plus[c] } else { &mut minus[c] }) += pull.abs();
                }
            }
        }
        let terms = |c: usize, w: f64| {
            let own = self.elastic(w);
            let linear = shift.linear.get(c).map_or(0.0, |s| s.to_f64());
            Terms {
                numer: numer[c].to_f64(),
                denom: denom[c].to_f64(),
                linear: own.linear - linear,
                plus: own.plus + plus[c],
                minus: minus[c],
                multiplier: 0.0,
            }
        };
        let (lower, upper) = (limits.lower.to_f64(), limits.upper.to_f64());
        // At the multiplier `base + above`, the two apart, as a root may be as near to the pole at `base` as it likes.
        let solve = |c: usize, old: T, (base, above): (f64, f64)| -> f64 {
            let old = old.to_f64();
            if limits.is_frozen(c) || !(old > 0.0) {
                return old;
            }
            let own = terms(c, old);
            let t = self.stationary(&Terms { linear: own.linear + base, multiplier: above, ..own });
            // Zero may be what is wanted, but not for ever.
            if t.is_nan() { old } else { (old * t).max(self.least).clamp(lower, upper) }
        };
        // For beta <= 1 the problem is linear along a component that nothing pulls at, as all are in a row of zeros.
        let slope = |c: usize, w: T| {
            let Terms { numer, denom, linear, plus, minus, .. } = terms(c, w.to_f64());
            let idle = self.beta <= 1.0 && numer == 0.0 && plus == 0.0 && minus == 0.0;
            (idle && w > T::ZERO && !limits.is_frozen(c)).then_some(denom + linear)
        };
        let (mut multiplier, mut takes) = ((0.0, 0.0), None);
        if let Some((total, at_most)) = simplex {
            let sum = |m: (f64, f64)| w.iter().enumerate().map(|(c, &w)| solve(c, w, m)).sum::<f64>();
            // The one of the least slope takes what the others leave, if their sum falls short where its slope is met.
            let slopes = w.iter().enumerate().filter_map(|(c, &w)| Some((slope(c, w)?, c)));
            let flattest = slopes.min_by(|a, b| a.0.total_cmp(&b.0));
            let others = |m: (f64, f64)| {
                let pulled = w.iter().enumerate().filter(|&(c, &w)| slope(c, w).is_none());
                pulled.map(|(c, &w)| solve(c, w, m)).sum::<f64>()
            };
            if at_most && sum((0.0, 0.0)) <= total {
                // There is room.
            } else if let Some((least, c)) = flattest.filter(|&(least, _)| others((-least, 0.0)) < total) {
                (multiplier, takes) = ((-least, 0.0), Some((c, total - others((-least, 0.0)))));
            } else {
                let pulled = w
                    .iter()
                    .enumerate()
                    .filter(|&(c, &w)| w > T::ZERO && !limits.is_frozen(c) && slope(c, w).is_none());
                let denoms = pulled.map(|(c, &w)| {
                    let own = terms(c, w.to_f64());
                    own.denom + own.linear
                });
                let pole = denoms.reduce(f64::min).unwrap_or(0.0);
                multiplier = (-pole, root_of_falling(|above| others((-pole, above)), total, pole.abs()));
            }
        }
        for c in 0..rank {
            let new = match takes {
                Some((taker, rest)) if c == taker => T::from_f64(rest),
                Some(_) if slope(c, w[c]).is_some() => T::from_f64(self.least.max(lower)),
                _ => T::from_f64(solve(c, w[c], multiplier)),
            };
            w[c] = if new.is_finite() { new } else { w[c] };
        }
        if let Some((total, at_most)) = simplex {
            // What is left is the rounding of the multiplier.
            let sum: f64 = w.iter().map(|w| w.to_f64()).sum();
            if sum > 0.0 && !(at_most && sum <= total) {
                w.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() * (total / sum)));
            }
        }
    }

    /// The terms of its own l1 and l2 at an entry.
    fn elastic(&self, w: f64) -> Terms {
        Terms { numer: 0.0, denom: 0.0, linear: self.l1, plus: self.l2 * w, minus: 0.0, multiplier: 0.0 }
    }

    /// The t > 0 where the majorant is least, or a point between it and 1: the root of
    /// `denom t^p + linear + plus t - minus / t = numer t^-q`, whose left side less the right one rises.
    fn stationary(&self, terms: &Terms) -> f64 {
        let Terms { numer, denom, linear, plus, minus, multiplier } = *terms;
        if self.beta == 1.0 {
            if !(numer > 0.0 || minus > 0.0 || linear + multiplier < 0.0) {
                return 0.0;
            }
            return positive_root(plus, denom + linear + multiplier, numer + minus);
        }
        let linear = linear + multiplier;
        if !(numer > 0.0 || minus > 0.0 || linear < 0.0) {
            return 0.0;
        }
        if self.beta == 2.0 {
            return positive_root(denom + plus, linear - numer, minus);
        }
        let (p, q) = ((self.beta - 1.0).max(0.0), (2.0 - self.beta).max(0.0));
        if plus == 0.0 && minus == 0.0 && linear >= 0.0 {
            // A linear term joins the denominator: t^p is above its tangent for p >= 1, and 1 for p = 0.
            return (numer / (denom + linear)).powf(self.exponent);
        }
        let rises = |t: f64| denom * t.powf(p) + linear + plus * t - minus / t > numer * t.powf(-q);
        let shrinks = rises(1.0);
        let (mut low, mut high) = (1.0, 1.0);
        if shrinks {
            while rises(low) && low > f64::MIN_POSITIVE {
                (high, low) = (low, low * 0.125);
            }
        } else {
            while !rises(high) && high < f64::MAX / 8.0 {
                (low, high) = (high, high * 8.0);
            }
        }
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if rises(middle) { high = middle } else { low = middle }
        }
        // The end on the side of 1: the majorant is convex, so it does not rise from 1 to there.
        if shrinks { high } else { low }
    }
}

/// What an entry's update is solved from: the two sums of the loss, and the parts of the penalties at `t = 1`.
#[derive(Clone, Copy, Debug)]
struct Terms {
    numer: f64,
    denom: f64,
    linear: f64,
    plus: f64,
    minus: f64,
    /// Of a sum that is given, what is added to the linear part last.
    multiplier: f64,
}

/// What else there is to a row than its loss.
#[derive(Clone, Copy)]
pub(crate) struct Within<'a, T> {
    pub(crate) shift: RowShift<'a, T>,
    pub(crate) stride: usize,
    pub(crate) limits: Limits<'a, T>,
    /// The row's sum, and whether it may be less.
    pub(crate) simplex: Option<(f64, bool)>,
}

/// The positive root of `a t² + b t - c = 0`, a and c >= 0, without cancellation.
fn positive_root(a: f64, b: f64, c: f64) -> f64 {
    let root = (b * b + 4.0 * a * c).sqrt();
    if b > 0.0 { 2.0 * c / (b + root) } else { (root - b) / (2.0 * a) }
}

/// Where a falling function takes a value, from somewhere below or above 0; `unit` is the size of its argument.
fn root_of_falling(f: impl Fn(f64) -> f64, value: f64, unit: f64) -> f64 {
    if f(f64::MIN_POSITIVE) >= value {
        // Above 0, in logarithms: positive numbers are in the order of their bits.
        let (mut low, mut high) = (f64::MIN_POSITIVE.to_bits(), (f64::MAX / 4.0).to_bits());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if f(f64::from_bits(middle)) > value { low = middle } else { high = middle }
        }
        return f64::from_bits(high);
    }
    let (mut low, mut high) = (0.0, 0.0);
    let mut step = if unit > 0.0 { unit } else { 1.0 };
    while f(low) < value && step.is_finite() {
        (high, low, step) = (low, low - step, 4.0 * step);
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) > value { low = middle } else { high = middle }
    }
    0.5 * (low + high)
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
