//! Sums over the entries of one row that count, with their weights.
//!
//! ```text
//! gram = sum over j of v_j h_j h_jᵀ        sums = sum over j of v_j h_j        numer, denom: as in `ratio`, times v_j
//! ```
//!
//! Rows of the other factor are gathered, some hundred at a time, and then multiplied by the tiles of [`products`].
//!
//! Cost: `2 k²` flops per entry for the Gram matrix, `2 k` for sums, `6 k` and a power for the ratio.
//!
//! [`products`]: super::products

use super::isa::{Kernel, Simd, launch};
use super::products::cross_transposed_add;
use super::ratio::{Ratio, elementwise};
use super::{DenseRows, Order};
use crate::scalar::Scalar;

/// Entries that are gathered at a time.
const GATHER: usize = 256;

/// The other factor, row by row.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) stride: usize,
    pub(crate) rank: usize,
}

impl<'a, T: Scalar> Rows<'a, T> {
    fn row(&self, j: u32) -> &'a [T] {
        &self.data[j as usize * self.stride..][..self.stride]
    }
}

/// The other factor, with what rows share that say what they lack: sums over its rows with the weights of columns.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a, T> {
    pub(crate) rows: Rows<'a, T>,
    /// `(stride, stride)`; not looked at by losses that are not quadratic.
    pub(crate) gram: &'a [T],
    /// `stride` numbers; not looked at by losses but Kullback-Leibler.
    pub(crate) sums: &'a [T],
    /// The same two of the rows that a group of rows of X keeps, one group after the other; empty where there are no groups.
    pub(crate) kept_grams: &'a [T],
    pub(crate) kept_sums: &'a [T],
}

/// Room for gathered rows and their multiples, and for two numbers per gathered row.
pub(crate) struct Gathered<T> {
    rows: Vec<T>,
    times: Vec<T>,
    x: Vec<T>,
    y: Vec<T>,
}

impl<T: Scalar> Gathered<T> {
    pub(crate) fn new(stride: usize) -> Gathered<T> {
        let zeros = |n: usize| vec![T::ZERO; n];
        Gathered {
            rows: zeros(GATHER * stride),
            times: zeros(GATHER * stride),
            x: zeros(GATHER),
            y: zeros(GATHER),
        }
    }

    /// No room, where no row has weights.
    pub(crate) fn none() -> Gathered<T> {
        Gathered { rows: vec![], times: vec![], x: vec![], y: vec![] }
    }
}

/// `gram += sum over j in at of v_j h_j h_jᵀ`, `(stride, stride)`.
pub(crate) fn add_gram<T: Scalar>(
    at: &[u32],
    v: impl Fn(usize) -> T,
    h: Rows<'_, T>,
    room: &mut Gathered<T>,
    gram: &mut [T],
) {
    let stride = h.stride;
    for (from, piece) in at.chunks(GATHER).enumerate() {
        let n = piece.len();
        let (rows, times) = (&mut room.rows[..n * stride], &mut room.times[..n * stride]);
        for (e, &j) in piece.iter().enumerate() {
            let (h, v) = (h.row(j), v(from * GATHER + e));
            rows[e * stride..(e + 1) * stride].copy_from_slice(h);
            for (t, &h) in times[e * stride..(e + 1) * stride].iter_mut().zip(h) {
                *t = v * h;
            }
        }
        let block = DenseRows { data: times, rows: n, cols: h.rank, order: Order::RowMajor(stride) };
        cross_transposed_add(&block, rows, stride, gram);
    }
}

/// `out += sum over j in at of v_j h_j`.
pub(crate) fn add_rows<T: Scalar>(at: &[u32], v: impl Fn(usize) -> T, h: Rows<'_, T>, out: &mut [T]) {
    launch(AddRows { at, v, h, out });
}

struct AddRows<'a, T, V> {
    at: &'a [u32],
    v: V,
    h: Rows<'a, T>,
    out: &'a mut [T],
}

impl<T: Scalar, V: Fn(usize) -> T> Kernel for AddRows<'_, T, V> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let stride = self.h.stride;
        let out = &mut self.out[..stride];
        for (e, &j) in self.at.iter().enumerate() {
            let (h, v) = (&self.h.data[j as usize * stride..][..stride], (self.v)(e));
            for c in 0..stride {
                out[c] = S::mul_add(v, h[c], out[c]);
            }
        }
    }
}

/// Both sums of a divergence over the entries of a row, and its loss (without constants; see `ratio::block_sums`).
pub(crate) fn ratio_sums<T: Scalar>(
    ratio: &Ratio<T>,
    (at, x, v): (&[u32], &[T], &[T]),
    w: &[T],
    h: Rows<'_, T>,
    room: &mut Gathered<T>,
    numer: &mut [T],
    denom: &mut [T],
) -> f64 {
    numer.fill(T::ZERO);
    denom.fill(T::ZERO);
    let mut loss = 0.0;
    for ((at, x), v) in at.chunks(GATHER).zip(x.chunks(GATHER)).zip(v.chunks(GATHER)) {
        let (xs, ys) = (&mut room.x[..at.len()], &mut room.y[..at.len()]);
        model(at, w, h, ys);
        xs.copy_from_slice(x);
        loss += elementwise(ratio, xs, ys, v);
        for (e, &v) in v.iter().enumerate() {
            (xs[e], ys[e]) = (xs[e] * v, ys[e] * v);
        }
        add_rows(at, |e| xs[e], h, numer);
        add_rows(at, |e| ys[e], h, denom);
    }
    loss
}

/// `y_j = w · h_j`.
pub(crate) fn model<T: Scalar>(at: &[u32], w: &[T], h: Rows<'_, T>, y: &mut [T]) {
    for (y, &j) in y.iter_mut().zip(at) {
        *y = h.row(j)[..h.rank].iter().zip(w).map(|(&h, &w)| h * w).sum();
    }
}

/// `wᵀ A w` in f64, for the first `rank` entries.
pub(crate) fn quadratic_form<T: Scalar>(w: &[T], a: &[T], stride: usize, rank: usize) -> f64 {
    let mut sum = 0.0;
    for c in 0..rank {
        let wc = w[c].to_f64();
        if wc != 0.0 {
            let row: f64 = a[c * stride..][..rank].iter().zip(w).map(|(a, w)| a.to_f64() * w.to_f64()).sum();
            sum += wc * row;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Loss;
    use crate::rules::tests_common::numbers;

    #[test]
    fn sums_are_the_definitions() {
        let (n, rank, stride) = (700, 5, 8);
        let mut next = numbers(4);
        let mut h = vec![0.0; n * stride];
        (0..n).for_each(|j| (0..rank).for_each(|c| h[j * stride + c] = next() + 0.01));
        let rows = Rows { data: &h, stride, rank };
        let at: Vec<u32> = (0..n as u32).filter(|j| j % 3 != 1).collect();
        let x: Vec<f64> = at.iter().map(|_| 4.0 * next() + 0.1).collect();
        let v: Vec<f64> = at.iter().map(|_| 2.0 * next()).collect();
        let mut w = vec![0.0; stride];
        w[..rank].iter_mut().for_each(|w| *w = next() + 0.1);
        let mut room = Gathered::new(stride);
        let close =
            |got: f64, want: f64| assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{got} {want}");
        let hj = |e: usize, c: usize| h[at[e] as usize * stride + c];
        let sum = |f: &dyn Fn(usize) -> f64| (0..at.len()).map(f).sum::<f64>();

        let mut gram = vec![0.0; stride * stride];
        add_gram(&at, |e| v[e], rows, &mut room, &mut gram);
        let mut sums = vec![0.0; stride];
        add_rows(&at, |e| v[e], rows, &mut sums);
        for c in 0..rank {
            close(sums[c], sum(&|e| v[e] * hj(e, c)));
            for d in 0..rank {
                close(gram[c * stride + d], sum(&|e| v[e] * hj(e, c) * hj(e, d)));
            }
        }
        let y = |e: usize| (0..rank).map(|c| w[c] * hj(e, c)).sum::<f64>();
        for beta in [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0] {
            let loss = Loss::beta_divergence(beta).unwrap();
            let ratio = Ratio::new(loss, 1.0, 0.0);
            let (mut numer, mut denom) = (vec![0.0; stride], vec![0.0; stride]);
            let got = ratio_sums(&ratio, (&at, &x, &v), &w, rows, &mut room, &mut numer, &mut denom);
            for c in 0..rank {
                close(numer[c], sum(&|e| v[e] * x[e] * y(e).powf(beta - 2.0) * hj(e, c)));
                // Kullback-Leibler's is the column sum, which the caller knows.
                if beta != 1.0 {
                    close(denom[c], sum(&|e| v[e] * y(e).powf(beta - 1.0) * hj(e, c)));
                }
            }
            // What the kernels leave out.
            let rest = match loss {
                Loss::KullbackLeibler => sum(&|e| v[e] * (y(e) - x[e])),
                Loss::Beta(b) => sum(&|e| v[e] * x[e].powf(b)) / (b * (b - 1.0)),
                _ => 0.0,
            };
            close(got + rest, sum(&|e| v[e] * loss.divergence(x[e], y(e))));
        }
    }
}
