//! One row of a Kullback-Leibler problem, one coordinate at a time.
//!
//! For a row x of X (only its positive entries matter) and the other factor H with column sums s, minimise over w >= 0
//!
//! ```text
//! f(w) = sum over c of (s_c + l1) w_c + l2/2 w_c² - sum over j of x_j log y_j,        y_j = sum over c of w_c h_jc
//! ```
//!
//! Along one coordinate, with `p = sum x_j h_jc / y_j`, `q = sum x_j (h_jc / y_j)²` and `r = max h_jc / y_j` over `x_j > 0`, the gradient
//! is `g = s_c + l1 + l2 w_c - p` and the curvature is `q + l2`.
//!
//! * `g < 0`, a move to the right. `p` falls and `1/p` is concave along the way (a sum of `a_j / (b_j + w)` is the
//!   inverse of a concave function), so the Newton step for `1/p = 1/(s_c + l1)`, which is `d = (p / q) (p - s) / s`,
//!   stops short of the minimum; it is `p/s > 1` times the plain Newton step and exact for a single entry. With
//!   `l2 > 0` the plain step `-g / (q + l2)` is taken, which stops short too, as the curvature falls.
//! * `g > 0`, a move to the left by t. Each `y_j` shrinks at most by the factor `1 - r t`, so the curvature on the way is
//!   at most `q / (1 - r t)²`; the minimum of that majorant is at `t = g / (q + l2 + r g)` or closer to w than the
//!   minimum of the majorant with l2 taken exactly.
//!
//! Both moves decrease f, whatever the start: this is the safeguard that the Newton steps of Hsieh & Dhillon (2011) and
//! Lin & Boutros (2020) lack (L. T. K. Hien and N. Gillis, 2021, "Algorithms for nonnegative matrix factorization with
//! the Kullback-Leibler divergence", J. Sci. Comput. 87, doi:10.1007/s10915-021-01504-0, give another). A move never
//! makes a `y_j` with `x_j > 0` zero, as `r t < 1`.
//!
//! Cost: per coordinate one pass over the row's entries (a division and five flops each).

use super::elementary::ln;
use super::isa::{Kernel, Simd, launch};
use super::ratio::tree;
use super::{SparseRows, ValuesRef};
use crate::row_terms::{Limits, RowShift};
use crate::scalar::Scalar;

/// Sums over a row are kept in so many parts, added up in a fixed order. Rows are padded to a multiple of it with entries
/// that count for nothing: x = 0, h = 0.
pub(crate) const PARTS: usize = 16;

/// How far a row is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort<T> {
    /// Sweeps over the coordinates, at most.
    pub(crate) sweeps: usize,
    /// Newton steps at a coordinate before the next one's turn.
    pub(crate) steps: usize,
    /// A sweep that moves the model by less than this share of the first sweep's move is the last.
    pub(crate) enough: T,
    pub(crate) l1: T,
    pub(crate) l2: T,
}

/// The other factor at the entries of a row.
pub(crate) enum Columns<'a, T> {
    /// Entry e of component c is `data[c * stride + e]`.
    Gathered { data: &'a [T], stride: usize },
    /// Entry e of component c is `rows[at[e] * stride + c]`; `now` and `before` have room for a component each. For rows
    /// with so many entries that gathering all components would take too much memory.
    Scattered { rows: &'a [T], stride: usize, at: &'a [u32], now: &'a mut [T], before: &'a mut [T] },
}

/// One row problem, padded. `y` holds the model at the row's entries on entry and on return.
pub(crate) struct RowProblem<'a, T> {
    /// The row's entries.
    pub(crate) x: &'a [T],
    pub(crate) h: Columns<'a, T>,
    /// Column sums of the whole other factor.
    pub(crate) sums: &'a [T],
    pub(crate) w: &'a mut [T],
    pub(crate) y: &'a mut [T],
    pub(crate) least_model: T,
    pub(crate) effort: Effort<T>,
    /// What penalties add, and where entries may lie.
    pub(crate) shift: RowShift<'a, T>,
    /// The length of a row of the shift's S.
    pub(crate) shift_stride: usize,
    pub(crate) limits: Limits<'a, T>,
}

/// Solves a row problem as far as its effort says; returns the number of coordinate sweeps done.
pub(crate) fn solve_row<T: Scalar>(problem: RowProblem<'_, T>) -> usize {
    launch(problem)
}

impl<T: Scalar> Kernel for RowProblem<'_, T> {
    type Out = usize;
    #[inline(always)]
    fn run<S: Simd>(mut self) -> usize {
        let entries = self.x.len();
        let Effort { sweeps, steps, enough, l1, l2 } = self.effort;
        let (shift, limits) = (self.shift, self.limits);
        let mut first = T::ZERO;
        // The last move is applied to y together with the next pass over it.
        let mut pending: Option<(usize, T)> = None;
        let mut done = 0;
        for sweep in 0..sweeps {
            let mut moved = T::ZERO;
            for c in 0..self.w.len() {
                let (mut s, mut l2) = (self.sums[c] + l1, l2);
                if limits.is_frozen(c) {
                    continue;
                }
                if !shift.is_none() {
                    // The other components' part of S is linear along this one.
                    l2 += shift.ridge;
                    if let Some(&linear) = shift.linear.get(c) {
                        s -= linear;
                    }
                    if !shift.gram.is_empty() {
                        let row = &shift.gram[c * self.shift_stride..][..self.w.len()];
                        for (d, (&g, &w)) in row.iter().zip(&*self.w).enumerate() {
                            if d == c { l2 += g } else { s += g * w }
                        }
                    }
                }
                self.h.fetch(c);
                for _ in 0..steps {
                    let (p, q, r) = {
                        let column = self.h.get(c, entries);
                        match pending.take() {
                            None => {
                                pass::<T, S, false>(self.x, column, column, T::ZERO, self.y, self.least_model)
                            }
                            Some((last, d)) => {
                                let last = self.h.get_last(last, c, entries);
                                pass::<T, S, true>(self.x, column, last, d, self.y, self.least_model)
                            }
                        }
                    };
                    let w = self.w[c];
                    let g = s + l2 * w - p;
                    let d = if !(q > T::ZERO) {
                        if !(g > T::ZERO || l2 > T::ZERO) {
                            T::ZERO
                        } else if l2 > T::ZERO {
                            -g / l2
                        } else {
                            -w
                        }
                    } else if g < T::ZERO {
                        // Without l2, s > 0: a linear term that is negative comes with a quadratic one.
                        if l2 > T::ZERO || !(s > T::ZERO) { -g / (q + l2) } else { (p / q) * ((p - s) / s) }
                    } else {
                        -(g / (q + l2 + r * g))
                    };
                    let new = limits.clamp(w + d);
                    let d = new - w;
                    if d == T::ZERO || !d.is_finite() {
                        break;
                    }
                    self.w[c] = new;
                    moved += d * d * (q + l2);
                    pending = Some((c, d));
                }
                self.h.keep_for_pending(pending.is_some_and(|(last, _)| last == c));
            }
            done = sweep + 1;
            if sweep == 0 {
                first = moved;
            }
            if !(moved > enough * enough * first) {
                break;
            }
        }
        if let Some((last, d)) = pending {
            let column = self.h.get_last(last, usize::MAX, entries);
            for (y, &h) in self.y.iter_mut().zip(column) {
                *y = S::mul_add(d, h, *y).max(self.least_model);
            }
        }
        done
    }
}

impl<T: Scalar> Columns<'_, T> {
    /// Makes component `c` available.
    #[inline(always)]
    fn fetch(&mut self, c: usize) {
        if let Columns::Scattered { rows, stride, at, now, .. } = self {
            for (to, &j) in now.iter_mut().zip(*at) {
                *to = rows[j as usize * *stride + c];
            }
        }
    }

    /// Component `c`, which was fetched last.
    #[inline(always)]
    fn get(&self, c: usize, entries: usize) -> &[T] {
        match self {
            Columns::Gathered { data, stride } => &data[c * stride..][..entries],
            Columns::Scattered { now, .. } => &now[..entries],
        }
    }

    /// The component of the pending move, while `current` is the one fetched last.
    #[inline(always)]
    fn get_last(&self, last: usize, current: usize, entries: usize) -> &[T] {
        match self {
            Columns::Gathered { data, stride } => &data[last * stride..][..entries],
            Columns::Scattered { now, .. } if last == current => &now[..entries],
            Columns::Scattered { before, .. } => &before[..entries],
        }
    }

    /// Remembers the component fetched last if a move along it is pending.
    #[inline(always)]
    fn keep_for_pending(&mut self, pending: bool) {
        if let (Columns::Scattered { now, before, .. }, true) = (self, pending) {
            std::mem::swap(now, before);
        }
    }
}

/// `sum x log(x / y)` over the entries with x > 0 of a padded row.
pub(crate) fn kl_loss<T: Scalar>(x: &[T], y: &[T]) -> f64 {
    launch(KlLoss { x, y })
}

struct KlLoss<'a, T> {
    x: &'a [T],
    y: &'a [T],
}

impl<T: Scalar> Kernel for KlLoss<'_, T> {
    type Out = f64;
    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let term = |x: T, y: T| {
            let x = x.to_f64();
            x * ln::<S>((x / y.to_f64()).max(f64::MIN_POSITIVE))
        };
        let mut parts = [0.0; PARTS];
        let (x, _) = self.x.as_chunks::<PARTS>();
        let (y, _) = self.y.as_chunks::<PARTS>();
        for (x, y) in x.iter().zip(y) {
            for l in 0..PARTS {
                parts[l] += term(x[l], y[l]);
            }
        }
        tree(&mut parts)
    }
}

/// Applies the pending move to y, and returns `p`, `q` and `r` of a coordinate.
#[inline(always)]
fn pass<T: Scalar, S: Simd, const MOVE: bool>(
    x: &[T],
    h: &[T],
    before: &[T],
    d: T,
    y: &mut [T],
    least_model: T,
) -> (T, T, T) {
    let (mut p, mut q, mut r) = ([T::ZERO; PARTS], [T::ZERO; PARTS], [T::ZERO; PARTS]);
    let (x, _) = x.as_chunks::<PARTS>();
    let (h, _) = h.as_chunks::<PARTS>();
    let (b, _) = before.as_chunks::<PARTS>();
    let (y, _) = y.as_chunks_mut::<PARTS>();
    for (((x, h), b), y) in x.iter().zip(h).zip(b).zip(y) {
        for l in 0..PARTS {
            if MOVE {
                y[l] = S::mul_add(d, b[l], y[l]).max(least_model);
            }
            let t = h[l] / y[l];
            let xt = x[l] * t;
            p[l] += xt;
            q[l] = S::mul_add(xt, t, q[l]);
            r[l] = if x[l] > T::ZERO && t > r[l] { t } else { r[l] };
        }
    }
    let mut largest = T::ZERO;
    for &t in &r {
        largest = largest.max(t);
    }
    (tree(&mut p), tree(&mut q), largest)
}

/// The entries of a sparse row and the other factor there, ready for [`solve_row`].
pub(crate) struct SparseRow<'a, 'b, T> {
    pub(crate) x: &'a SparseRows<'b, T>,
    /// Which row of the block.
    pub(crate) row: usize,
    /// The other factor, `(n, h_stride)`, and the row's own entry in this one.
    pub(crate) h: &'a [T],
    pub(crate) h_stride: usize,
    pub(crate) w: &'a [T],
    /// Padded: entries, model, and the other factor's components one after the other.
    pub(crate) xs: &'a mut [T],
    pub(crate) ys: &'a mut [T],
    pub(crate) gathered: &'a mut [T],
    pub(crate) least_model: T,
}

impl<T: Scalar> Kernel for SparseRow<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let SparseRow { x, row, h, h_stride, w, xs, ys, gathered, least_model } = self;
        let (start, end) = (x.starts[row], x.starts[row + 1]);
        let padded = xs.len();
        match x.values {
            ValuesRef::Full(v) => xs.iter_mut().zip(&v[start..end]).for_each(|(to, &v)| *to = v),
            ValuesRef::Single(v) => xs.iter_mut().zip(&v[start..end]).for_each(|(to, &v)| *to = v.into()),
        }
        xs[end - start..].fill(T::ZERO);
        ys.fill(T::ZERO);
        // Entry by entry, as a row of the other factor is one or two cache lines.
        let rank = w.len();
        for (e, &j) in x.columns[start..end].iter().enumerate() {
            for (c, &h) in h[j as usize * h_stride..][..rank].iter().enumerate() {
                gathered[c * padded + e] = h;
            }
        }
        for (column, &w) in gathered.chunks_exact_mut(padded.max(1)).zip(w) {
            column[end - start..].fill(T::ZERO);
            if w != T::ZERO {
                for (y, &h) in ys.iter_mut().zip(&*column) {
                    *y = S::mul_add(w, h, *y);
                }
            }
        }
        for y in ys.iter_mut() {
            *y = y.max(least_model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(x: &[f64], h: &[Vec<f64>], s: &[f64], w: &[f64], l1: f64, l2: f64) -> f64 {
        let linear: f64 = w.iter().zip(s).map(|(w, s)| w * (s + l1) + 0.5 * l2 * w * w).sum();
        linear
            - (0..x.len()).map(|j| x[j] * (0..w.len()).map(|c| w[c] * h[c][j]).sum::<f64>().ln()).sum::<f64>()
    }

    /// Every single step decreases f, from wild starts, and many sweeps end at a stationary point.
    #[test]
    fn every_step_decreases_and_sweeps_converge() {
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for case in 0..60 {
            let (k, n) = (1 + case % 5, 16 * (1 + case % 3));
            let (l1, l2) = ([0.0, 0.3, 0.0][case % 3], [0.0, 0.0, 0.7][case % 3]);
            let h: Vec<Vec<f64>> = (0..k).map(|_| (0..n).map(|_| next().powi(6) + 1e-6).collect()).collect();
            let x: Vec<f64> = (0..n).map(|_| next().powi(3) * 50.0).collect();
            // Column sums run over all columns, not only over those with a stored entry.
            let s: Vec<f64> = h.iter().map(|h| h.iter().sum::<f64>() * 1.5).collect();
            let flat: Vec<f64> = h.concat();
            let by_entry: Vec<f64> = (0..n).flat_map(|j| h.iter().map(move |h| h[j])).collect();
            let at: Vec<u32> = (0..n as u32).collect();
            let mut w: Vec<f64> = (0..k).map(|c| 10f64.powi((c as i32 * 3) % 7 - 3) * next()).collect();
            let solve = |w: &mut [f64], sweeps, steps| {
                let mut y: Vec<f64> =
                    (0..n).map(|j| (0..k).map(|c| w[c] * h[c][j]).sum::<f64>().max(1e-30)).collect();
                let (mut now, mut before) = (vec![0.0; n], vec![0.0; n]);
                solve_row(RowProblem {
                    x: &x,
                    h: match case % 2 {
                        0 => Columns::Gathered { data: &flat, stride: n },
                        _ => Columns::Scattered {
                            rows: &by_entry,
                            stride: k,
                            at: &at,
                            now: &mut now,
                            before: &mut before,
                        },
                    },
                    sums: &s,
                    w,
                    y: &mut y,
                    least_model: 1e-30,
                    effort: Effort { sweeps, steps, enough: 0.0, l1, l2 },
                    shift: RowShift::NONE,
                    shift_stride: 0,
                    limits: Limits::NON_NEGATIVE,
                });
            };
            let mut before = value(&x, &h, &s, &w, l1, l2);
            for _ in 0..20 {
                solve(&mut w, 1, 1);
                let after = value(&x, &h, &s, &w, l1, l2);
                assert!(after <= before + 1e-12 * before.abs().max(1.0), "case {case}: {before} -> {after}");
                before = after;
            }
            solve(&mut w, 20_000, 2);
            for c in 0..k {
                let model = |j: usize| (0..k).map(|c| w[c] * h[c][j]).sum::<f64>();
                let p: f64 = (0..n).map(|j| x[j] * h[c][j] / model(j)).sum();
                let g = (s[c] + l1 + l2 * w[c] - p) / s[c];
                assert!(g.min(w[c]) >= -1e-6 && g.min(w[c]) <= 1e-6, "case {case}: gradient {g}, w {}", w[c]);
            }
        }
    }
}
