//! Newton steps on whole rows for the Kullback-Leibler loss: sequential quadratic programming.
//!
//! Problem: for a row x of X and the other factor with rows h_j and column sums s, over w >= 0 (or other bounds),
//!
//! ```text
//! minimise  f(w) = sum over c of s_c w_c - sum over j of x_j log y_j + penalties,      y_j = w · h_j
//! ```
//!
//! and the same for Itakura-Saito, where `s = 0` and entries are `x_j / y_j + log y_j`.
//!
//! Update: with the gradient g at w and a curvature C (`kernels/curvature.rs`), coordinate descent solves
//!
//! ```text
//! minimise  g·d + 1/2 dᵀC d      over w + d within the limits
//! ```
//!
//! and the row moves by `t d`, `0 < t <= 1`. C is that of an earlier w until it is found to be wrong along a step by more
//! than [`OFF`]: near the end the curvature hardly changes, and a sweep costs little more than one of multiplicative
//! updates.
//!
//! Guarantee: no step increases f, whatever C is. With `G = -g·d > 0`, the largest share r by which a `y_j` with `x_j > 0`
//! shrinks along d, and `Q = sum over j of x_j (d·h_j / y_j)²` (for Itakura-Saito `2 x_j / y_j` instead of `x_j`, and
//! `log y` lies below its tangent), `-log(1 - u) <= u + u² / (2 (1 - u))` for 0 <= u < 1 and `-log(1 + u) <= -u + u²/2` give
//!
//! ```text
//! f(w + t d) <= f(w) - t G + t² Q / (2 (1 - t r))                                  for t r < 1
//! ```
//!
//! whose minimum is at `t = (1 - u) / r` with `u = 1 / sqrt(1 + 2 r G / Q)`, or at `G / Q` where r = 0. Penalties are
//! quadratics, whose part of Q is exact.
//!
//! First a row of a Kullback-Leibler problem is scaled by `sum x_j / (s · w)`, the best scale, for which all sums are known
//! without another look.
//!
//! Cost: per row and half-step `6 k` flops per entry, and `k (k + 1)` for a new curvature; a sweep of coordinate descent
//! (`scd`) divides once per entry and component.
//!
//! Reference: Y. Kim, P. Carbonetto, M. Stephens, M. Anitescu (2020), "A fast algorithm for maximum likelihood
//! estimation of mixture proportions using sequential quadratic programming", J. Comput. Graph. Stat. 29,
//! doi:10.1080/10618600.2019.1689985, for rows that sum to one, with a line search and without old curvatures.
//!
//! When not to use it: ranks of hundreds, as a row keeps `k²/2` numbers; sparse X, where `scd` does less per entry.

use crate::kernels::isa::{Kernel, Simd, launch};
use crate::row_terms::{Limits, RowShift};
use crate::scalar::Scalar;

/// Beyond so many components a curvature costs more than it is worth.
pub(crate) const MOST_COMPONENTS: usize = 128;
/// Sweeps of coordinate descent on a row's quadratic problem, at most.
const SWEEPS: usize = 4;
/// A sweep that lowers it by less than this share of the first one is the last.
const ENOUGH: f64 = 1e-2;
/// A curvature is made anew once it is wrong by this factor along a step.
const OFF: f64 = 1.5;

/// Elastic penalties of the factor that moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newton<T> {
    pub(crate) l1: T,
    pub(crate) l2: T,
}

/// What the quadratic problem of a row is made of.
pub(crate) struct RowModel<'a, T> {
    pub(crate) stride: usize,
    pub(crate) rank: usize,
    /// Column sums of the other factor; zeros where the loss has none.
    pub(crate) sums: &'a [T],
    pub(crate) descent: &'a [T],
    /// `(rank, stride)`.
    pub(crate) curvature: &'a mut [T],
    pub(crate) shift: RowShift<'a, T>,
    pub(crate) limits: Limits<'a, T>,
}

/// A step that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// What a small step gains, `-g·d`.
    slope: f64,
    /// `dᵀC d` as it was expected, without penalties; and that of penalties.
    expected: f64,
    beside: f64,
}

impl Step {
    /// How far to go along d, where the loss has the curvature `q` and the model shrinks by the share `shrink` at most.
    pub(crate) fn length(&self, q: f64, shrink: f64) -> f64 {
        // (1 - 1/root) / shrink, without the difference of near numbers that it has for short steps.
        let newton = self.slope / (q + self.beside);
        if newton == f64::INFINITY {
            return 1.0;
        }
        let root = (1.0 + 2.0 * shrink * newton).sqrt();
        let t = 2.0 * newton / (root * (1.0 + root));
        if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) }
    }

    /// Whether the curvature was far from what it is along d.
    pub(crate) fn is_off(&self, q: f64) -> bool {
        !(q <= OFF * self.expected && self.expected <= OFF * q)
    }
}

impl<T: Scalar> Newton<T> {
    /// Puts the end of the whole step into `to`; `room` is for three rows. `None` if there is no step, and then `to` is `w`.
    pub(crate) fn step(
        &self,
        model: &mut RowModel<'_, T>,
        w: &[T],
        to: &mut [T],
        room: &mut [T],
    ) -> Option<Step> {
        launch(Solve { rule: *self, model, w, to, room })
    }
}

struct Solve<'a, 'b, T> {
    rule: Newton<T>,
    model: &'a mut RowModel<'b, T>,
    w: &'a [T],
    to: &'a mut [T],
    room: &'a mut [T],
}

impl<T: Scalar> Kernel for Solve<'_, '_, T> {
    type Out = Option<Step>;
    #[inline(always)]
    fn run<S: Simd>(self) -> Option<Step> {
        let Solve { rule: Newton { l1, l2 }, model, w, to, room } = self;
        let RowModel { rank, stride, shift, limits, .. } = *model;
        let l2 = l2 + shift.ridge;
        let (w, to) = (&w[..stride], &mut to[..stride]);
        let (start, room) = room.split_at_mut(stride);
        let (gradient, inverse) = room.split_at_mut(stride);
        let inverse = &mut inverse[..stride];
        gradient.fill(T::ZERO);
        for c in 0..rank {
            let mut slope = model.sums[c] + l1 + l2 * w[c];
            if let Some(&pull) = shift.linear.get(c) {
                slope -= pull;
            }
            let row = &mut model.curvature[c * stride..][..stride];
            if !shift.gram.is_empty() {
                for ((x, &g), &w) in row.iter_mut().zip(&shift.gram[c * stride..][..rank]).zip(w) {
                    slope += g * w;
                    *x += g;
                }
            }
            row[c] += l2;
            gradient[c] = slope - model.descent[c];
            inverse[c] = T::ONE / row[c];
        }
        start.copy_from_slice(gradient);
        to.copy_from_slice(w);

        // `gradient` is that of the quadratic problem at the point that coordinate descent has come to.
        let (mut first, mut moved) = (0.0, false);
        for sweep in 0..SWEEPS {
            let mut gain = 0.0;
            for c in 0..rank {
                if limits.is_frozen(c) {
                    continue;
                }
                let row = &model.curvature[c * stride..][..stride];
                let (at, g) = (to[c], gradient[c]);
                let new = if row[c] > T::ZERO {
                    limits.clamp(at - g * inverse[c])
                } else {
                    limits.without_curvature(at, -g)
                };
                let d = new - at;
                if d == T::ZERO || !d.is_finite() {
                    continue;
                }
                (to[c], moved) = (new, true);
                for (g, &x) in gradient.iter_mut().zip(row) {
                    *g = S::mul_add(d, x, *g);
                }
                gain += d.to_f64() * d.to_f64() * row[c].to_f64();
            }
            if sweep == 0 {
                first = gain;
            }
            if !(gain > ENOUGH * first) {
                break;
            }
        }
        if !moved {
            return None;
        }
        let move_of = |c: usize| to[c].to_f64() - w[c].to_f64();
        let (mut slope, mut curvature, mut beside) = (0.0, 0.0, 0.0);
        for c in 0..rank {
            let d = move_of(c);
            slope -= start[c].to_f64() * d;
            curvature += (gradient[c].to_f64() - start[c].to_f64()) * d;
            let mut own = l2.to_f64() * d;
            if !shift.gram.is_empty() {
                let row = &shift.gram[c * stride..][..rank];
                own += row.iter().enumerate().map(|(e, g)| g.to_f64() * move_of(e)).sum::<f64>();
            }
            beside += own * d;
        }
        if slope > 0.0 && slope.is_finite() && curvature.is_finite() {
            return Some(Step { slope, expected: curvature - beside, beside });
        }
        to.copy_from_slice(w);
        None
    }
}

/// The best scale of a row of a Kullback-Leibler problem without penalties but l1, or 1 if there is none; and by how much
/// the loss without column sums changes with it.
pub(crate) fn scale<T: Scalar>(w: &[T], descent: &[T], sums: &[T], l1: T) -> (T, f64) {
    // `w · descent` is the sum of x, whatever w is.
    let (mut up, mut down) = (T::ZERO, T::ZERO);
    for (&w, (&p, &s)) in w.iter().zip(descent.iter().zip(sums)) {
        up += w * p;
        down += w * (s + l1);
    }
    let (scale, inverse) = (up / down, down / up);
    if scale > T::ZERO && scale.is_finite() && inverse.is_finite() {
        (scale, -up.to_f64() * scale.to_f64().ln())
    } else {
        (T::ONE, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(x: &[f64], h: &[[f64; 2]], sums: [f64; 2], w: [f64; 2]) -> f64 {
        let of = |(x, h): (&f64, &[f64; 2])| -x * (w[0] * h[0] + w[1] * h[1]).ln();
        sums[0] * w[0] + sums[1] * w[1] + x.iter().zip(h).map(of).sum::<f64>()
    }

    /// A step that is cut to its length does not raise the loss, whatever curvature it was found with, and with the right
    /// one steps end at the minimum.
    #[test]
    fn no_step_rises() {
        let x = [3.0, 0.0, 1.0, 7.0, 0.5];
        let h = [[1.0, 0.1], [0.5, 2.0], [0.0, 1.0], [4.0, 0.3], [0.2, 0.2]];
        let sums = [5.7, 3.6];
        for (wrong, start) in
            [(1.0, [0.3, 5.0]), (0.01, [2.0, 0.1]), (40.0, [1e-3, 1e-2]), (1.0, [40.0, 30.0])]
        {
            let mut w = start;
            // A curvature that is 40 times too large makes steps 40 times too short.
            for step in 0..2000 {
                let y: Vec<f64> = h.iter().map(|h| w[0] * h[0] + w[1] * h[1]).collect();
                let (mut descent, mut curvature) = ([0.0; 2], [0.0; 4]);
                for ((x, h), y) in x.iter().zip(&h).zip(&y) {
                    for c in 0..2 {
                        descent[c] += x * h[c] / y;
                        (0..2).for_each(|d| curvature[2 * c + d] += wrong * x * h[c] * h[d] / (y * y));
                    }
                }
                let (shift, limits) = (RowShift::NONE, Limits::NON_NEGATIVE);
                let (stride, rank, curvature) = (2, 2, &mut curvature[..]);
                let (sums_t, descent) = (&sums[..], &descent[..]);
                let mut model = RowModel { stride, rank, sums: sums_t, descent, curvature, shift, limits };
                let (mut to, mut room) = ([0.0; 2], [0.0; 6]);
                let Some(found) = (Newton { l1: 0.0, l2: 0.0 }).step(&mut model, &w, &mut to, &mut room)
                else {
                    break;
                };
                let d = [to[0] - w[0], to[1] - w[1]];
                let share = |j: usize| (d[0] * h[j][0] + d[1] * h[j][1]) / y[j];
                let q: f64 = (0..5).map(|j| x[j] * share(j).powi(2)).sum();
                let shrink = (0..5).filter(|&j| x[j] > 0.0).map(|j| -share(j)).fold(0.0, f64::max);
                let t = found.length(q, shrink);
                assert!(t > 0.0 && t <= 1.0 && !(wrong == 1.0 && step > 50 && found.is_off(q)));
                let before = value(&x, &h, sums, w);
                w = [(w[0] + t * d[0]).max(0.0), (w[1] + t * d[1]).max(0.0)];
                assert!(
                    value(&x, &h, sums, w) <= before + 1e-12 * before.abs(),
                    "{wrong} {start:?} step {step}"
                );
            }
            for c in 0..2 {
                let y = |h: &[f64; 2]| w[0] * h[0] + w[1] * h[1];
                let slope = sums[c] - x.iter().zip(&h).map(|(x, h)| x * h[c] / y(h)).sum::<f64>();
                assert!(slope.min(w[c]).abs() < 1e-6, "{wrong} {start:?}: {slope} at {w:?}");
            }
        }
    }
}
