//! The two sums of a beta-divergence: for a block of rows of X and the other factor H (rows h_j),
//!
//! ```text
//! numer_i = sum over j of x_ij y_ij^(b-2) h_j        denom_i = sum over j of y_ij^(b-1) h_j        y = W Hᵀ
//! ```
//!
//! and the loss of the block, row by row. Dense X, and every loss but Kullback-Leibler on sparse X, goes tile by tile
//! of 512 columns, which is all of the model that ever exists at once. Sparse X with Kullback-Leibler touches stored
//! entries only: its `denom` is the column sum of H, which the caller knows.
//!
//! Cost: dense 6 k flops per entry of the block plus the ratio; sparse 4 k flops per stored entry.

use super::elementary::{exp, ln};
use super::isa::{Kernel, Simd, launch};
use super::products::{cross_add, model_tile, row};
use super::vector::Vector;
use super::{DenseRows, Order, Rows, SparseRows, ValuesRef};
use crate::loss::Loss;
use crate::scalar::{Scalar, WidthVisitor};

/// Columns of a tile.
pub(crate) const TILE: usize = 512;
/// Bytes of a row that are turned at a time: a cache line.
const LINE: usize = 64;
/// Sums over a row are kept in so many parts, added up in a fixed order.
const PARTS: usize = 16;

/// How to compute the powers of y for a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Power {
    Frobenius,
    KullbackLeibler,
    ItakuraSaito,
    /// Any other beta, with the exponents that matter.
    Beta(f64),
}

/// The loss as the kernels need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio<T> {
    pub(crate) power: Power,
    /// Model entries below this count as this; far below anything that matters, relative to the data.
    pub(crate) least_model: T,
    /// Entries of X below this count as this; 0 unless the user asked for a floor.
    pub(crate) least_data: T,
}

impl<T: Scalar> Ratio<T> {
    /// For data with this mean, of which entries below `least` count as that.
    pub(crate) fn new(loss: Loss, mean: f64, least: f64) -> Ratio<T> {
        let power = match loss {
            Loss::Frobenius => Power::Frobenius,
            Loss::KullbackLeibler => Power::KullbackLeibler,
            Loss::ItakuraSaito => Power::ItakuraSaito,
            other => Power::Beta(other.beta()),
        };
        Ratio { power, least_model: least_model(mean), least_data: T::from_f64(least) }
    }

    /// Whether the denominator is the same for all rows: the column sums of the other factor.
    pub(crate) fn shares_denominator(&self) -> bool {
        self.power == Power::KullbackLeibler
    }
}

/// The smallest model entry that is told from zero, for data with this mean: `eps²` of it.
pub(crate) fn least_model<T: Scalar>(mean: f64) -> T {
    let eps = T::EPSILON.to_f64();
    T::from_f64(eps * eps * mean).max(T::MIN_POSITIVE)
}

/// The other factor, in both layouts.
#[derive(Clone, Copy)]
pub(crate) struct Other<'a, T> {
    /// `(n, stride)`.
    pub(crate) rows: &'a [T],
    pub(crate) stride: usize,
    pub(crate) rank: usize,
    /// `(rank, columns_stride)`, n numbers in each row and zeros behind them; empty where no tile is computed.
    pub(crate) columns: &'a [T],
    pub(crate) columns_stride: usize,
}

/// Room for one tile of a block.
#[derive(Default)]
pub(crate) struct RatioScratch<T> {
    x: Vec<T>,
    y: Vec<T>,
}

impl<T: Scalar> RatioScratch<T> {
    /// For blocks of up to `rows` rows.
    pub(crate) fn new(rows: usize) -> RatioScratch<T> {
        RatioScratch { x: vec![T::ZERO; rows * TILE], y: vec![T::ZERO; rows * TILE] }
    }
}

/// Where the sums of a block go: `(rows, stride)` twice, and one number per row.
pub(crate) struct Sums<'a, T> {
    pub(crate) numer: &'a mut [T],
    /// Not touched where [`Ratio::shares_denominator`].
    pub(crate) denom: &'a mut [T],
    /// The loss of each row, without terms that the caller adds (see [`constant`]); empty if nobody asks.
    pub(crate) loss: &'a mut [f64],
}

/// The two sums and the loss of a block. The loss leaves out, for Kullback-Leibler, `sum y - sum x` (known from column
/// sums and the sum of X), and for betas without a name `sum x^b / (b (b - 1))`.
pub(crate) fn block_sums<T: Scalar>(
    ratio: &Ratio<T>,
    x: &Rows<'_, T>,
    w: &[T],
    other: &Other<'_, T>,
    scratch: &mut RatioScratch<T>,
    sums: &mut Sums<'_, T>,
) {
    sums.numer.fill(T::ZERO);
    sums.loss.fill(0.0);
    if let (Rows::Sparse(x), Power::KullbackLeibler) = (x, ratio.power) {
        sparse_kl(ratio, x, w, other, scratch, sums);
        return;
    }
    sums.denom.fill(T::ZERO);
    let rows = x.rows();
    let columns = match x {
        Rows::Dense(x) => x.cols,
        Rows::Sparse(x) => x.cols,
    };
    for from in (0..columns).step_by(TILE) {
        let width = TILE.min(columns - from);
        let padded = width.next_multiple_of(T::LANES);
        pack(x, from, width, &mut scratch.x, TILE);
        model_tile(
            w,
            other.stride,
            other.rank,
            other.columns,
            other.columns_stride,
            from,
            padded,
            &mut scratch.y,
            TILE,
        );
        for i in 0..rows {
            let (x, y) = (&mut scratch.x[i * TILE..][..width], &mut scratch.y[i * TILE..][..width]);
            match sums.loss.get_mut(i) {
                Some(loss) => *loss += entrywise(ratio, x, y),
                None => {
                    launch(Elementwise::<T, false, false> { ratio: *ratio, x, y, weights: &[] });
                }
            }
        }
        let tile = |data| Rows::Dense(DenseRows { data, rows, cols: width, order: Order::RowMajor(TILE) });
        let panel = &other.rows[from * other.stride..];
        cross_add(&tile(&scratch.x), panel, other.stride, sums.numer);
        if !ratio.shares_denominator() {
            cross_add(&tile(&scratch.y), panel, other.stride, sums.denom);
        }
    }
}

/// Copies columns `from..from + width` of a block into rows that are `apart` numbers apart.
pub(crate) fn pack<T: Scalar>(x: &Rows<'_, T>, from: usize, width: usize, to: &mut [T], apart: usize) {
    match x {
        Rows::Dense(x) => match x.order {
            Order::RowMajor(ld) => {
                for i in 0..x.rows {
                    to[i * apart..][..width].copy_from_slice(&x.data[i * ld + from..][..width]);
                }
            }
            Order::ColMajor(ld) => {
                // Some columns at a time, so that whole cache lines are written.
                let at_once = LINE / size_of::<T>();
                for first in (0..width).step_by(at_once) {
                    let columns = at_once.min(width - first);
                    for i in 0..x.rows {
                        let data = &x.data[(from + first) * ld + i..];
                        for (j, to) in to[i * apart + first..][..columns].iter_mut().enumerate() {
                            *to = data[j * ld];
                        }
                    }
                }
            }
        },
        Rows::Sparse(x) => {
            for i in 0..x.rows() {
                let to = &mut to[i * apart..][..width];
                to.fill(T::ZERO);
                let (start, end) = (x.starts[i], x.starts[i + 1]);
                let columns = &x.columns[start..end];
                let first = columns.partition_point(|&j| (j as usize) < from);
                for (at, &j) in columns.iter().enumerate().skip(first) {
                    match to.get_mut(j as usize - from) {
                        Some(to) => *to = x.values.get(start + at),
                        None => break,
                    }
                }
            }
        }
    }
}

/// Per entry, in place: x becomes `x y^(b-2)` and y becomes `y^(b-1)`; returns the loss, each entry's times its weight.
pub(crate) fn elementwise<T: Scalar>(ratio: &Ratio<T>, x: &mut [T], y: &mut [T], weights: &[T]) -> f64 {
    launch(Elementwise::<T, true, true> { ratio: *ratio, x, y, weights })
}

/// The same where every entry counts once.
pub(crate) fn entrywise<T: Scalar>(ratio: &Ratio<T>, x: &mut [T], y: &mut [T]) -> f64 {
    launch(Elementwise::<T, false, true> { ratio: *ratio, x, y, weights: &[] })
}

/// Per entry, in place: x becomes `x y^(b-2)` and y becomes `y^(b-1)`; returns the loss if that is asked for.
struct Elementwise<'a, T, const WEIGHTED: bool, const LOSS: bool> {
    ratio: Ratio<T>,
    x: &'a mut [T],
    y: &'a mut [T],
    /// Of each entry's loss, if they count.
    weights: &'a [T],
}

impl<T: Scalar, const WEIGHTED: bool, const LOSS: bool> Kernel for Elementwise<'_, T, WEIGHTED, LOSS> {
    type Out = f64;
    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let Ratio { power, least_model, least_data } = self.ratio;
        let (xs, ys, weights) = (self.x, self.y, self.weights);
        match power {
            Power::Frobenius => each::<T, WEIGHTED>(xs, ys, weights, |x, y| {
                let d = x.to_f64() - y.to_f64();
                (x, y, 0.5 * d * d)
            }),
            Power::KullbackLeibler => each::<T, WEIGHTED>(xs, ys, weights, |x, y| {
                let (x, y) = (x.max(least_data), y.max(least_model));
                let q = x / y;
                (q, y, if LOSS { kl::<T, S>(x, q) } else { 0.0 })
            }),
            Power::ItakuraSaito => each::<T, WEIGHTED>(xs, ys, weights, |x, y| {
                let (x, y) = (x.max(least_data), y.max(least_model));
                let inverse = T::ONE / y;
                let q = x * inverse;
                let q64 = q.to_f64().max(f64::MIN_POSITIVE);
                (q * inverse, inverse, if LOSS { q64 - ln::<S>(q64) - 1.0 } else { 0.0 })
            }),
            Power::Beta(b) => {
                let scale = 1.0 / (b * (b - 1.0));
                each::<T, WEIGHTED>(xs, ys, weights, |x, y| {
                    let (x, y) = (x.max(least_data), y.max(least_model));
                    let (x64, y64) = (x.to_f64(), y.to_f64());
                    let low = exp::<S>((b - 2.0) * ln::<S>(y64.max(f64::MIN_POSITIVE)));
                    let high = low * y64;
                    let loss = high * ((b - 1.0) * y64 - b * x64) * scale;
                    (T::from_f64(x64 * low), T::from_f64(high), loss)
                })
            }
        }
    }
}

/// Applies `f` to every pair and adds up its third results, in `PARTS` interleaved sums.
#[inline(always)]
fn each<T: Scalar, const WEIGHTED: bool>(
    x: &mut [T],
    y: &mut [T],
    weights: &[T],
    f: impl Fn(T, T) -> (T, T, f64),
) -> f64 {
    let mut parts = [0.0; PARTS];
    if WEIGHTED {
        let (vs, v_rest) = weights.as_chunks::<PARTS>();
        let (xs, x_rest) = x.as_chunks_mut::<PARTS>();
        let (ys, y_rest) = y.as_chunks_mut::<PARTS>();
        for ((x, y), v) in xs.iter_mut().zip(ys).zip(vs) {
            for l in 0..PARTS {
                let (a, b, loss) = f(x[l], y[l]);
                (x[l], y[l]) = (a, b);
                parts[l] += v[l].to_f64() * loss;
            }
        }
        for (l, ((x, y), v)) in x_rest.iter_mut().zip(y_rest).zip(v_rest).enumerate() {
            let (a, b, loss) = f(*x, *y);
            (*x, *y) = (a, b);
            parts[l] += v.to_f64() * loss;
        }
        return tree(&mut parts);
    }
    let (xs, x_rest) = x.as_chunks_mut::<PARTS>();
    let (ys, y_rest) = y.as_chunks_mut::<PARTS>();
    for (x, y) in xs.iter_mut().zip(ys) {
        for l in 0..PARTS {
            let (a, b, loss) = f(x[l], y[l]);
            (x[l], y[l]) = (a, b);
            parts[l] += loss;
        }
    }
    for (l, (x, y)) in x_rest.iter_mut().zip(y_rest).enumerate() {
        let (a, b, loss) = f(*x, *y);
        (*x, *y) = (a, b);
        parts[l] += loss;
    }
    tree(&mut parts)
}

/// The sum of the parts as a balanced tree: the same order on every instruction set.
#[inline(always)]
pub(super) fn tree<T: Scalar, const N: usize>(parts: &mut [T; N]) -> T {
    let mut n = N;
    while n > 1 {
        let half = n.div_ceil(2);
        for l in 0..n / 2 {
            parts[l] += parts[l + half];
        }
        n = half;
    }
    parts[0]
}

fn sparse_kl<T: Scalar>(
    ratio: &Ratio<T>,
    x: &SparseRows<'_, T>,
    w: &[T],
    other: &Other<'_, T>,
    scratch: &mut RatioScratch<T>,
    sums: &mut Sums<'_, T>,
) {
    let call = SparseKl { ratio, x, w, other, scratch, numer: sums.numer, loss: sums.loss };
    if other.stride <= T::MAX_WIDTH {
        T::with_width(other.stride, call);
    } else {
        // Wider rows are padded to whole multiples of two units, and taken in such pieces.
        T::with_width(2 * T::LANES, call);
    }
}

struct SparseKl<'a, 'b, T> {
    ratio: &'a Ratio<T>,
    x: &'a SparseRows<'b, T>,
    w: &'a [T],
    other: &'a Other<'b, T>,
    scratch: &'a mut RatioScratch<T>,
    numer: &'a mut [T],
    loss: &'a mut [f64],
}

impl<T: Scalar> WidthVisitor<T> for SparseKl<'_, '_, T> {
    type Out = ();
    fn visit<const W: usize>(self) {
        launch(SparseKlRows::<T, W>(self));
    }
}

struct SparseKlRows<'a, 'b, T, const W: usize>(SparseKl<'a, 'b, T>);

impl<T: Scalar, const W: usize> Kernel for SparseKlRows<'_, '_, T, W> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        match self.0.x.values {
            ValuesRef::Full(values) => sparse_kl_rows::<T, T, S, W>(self.0, values),
            ValuesRef::Single(values) => sparse_kl_rows::<T, f32, S, W>(self.0, values),
        }
    }
}

/// Stored entries whose model is made before any of them is used: so many sums run beside each other, divisions fill whole
/// registers, and the rows of the panel are still at hand when they are met again.
const AT_ONCE: usize = 16;

#[inline(always)]
fn sparse_kl_rows<T: Scalar, V: Copy + Into<T>, S: Simd, const W: usize>(
    p: SparseKl<'_, '_, T>,
    values: &[V],
) {
    let (stride, h) = (p.other.stride, p.other.rows);
    for (i, bounds) in p.x.starts.windows(2).enumerate() {
        let w = &p.w[i * stride..][..stride];
        let numer = &mut p.numer[i * stride..][..stride];
        let columns = &p.x.columns[bounds[0]..bounds[1]];
        let values = &values[bounds[0]..bounds[1]];
        let mut loss = 0.0;
        let mut acc = [T::ZERO; W];
        // Stored entries are taken as many at a time as the scratch holds.
        for (columns, values) in columns.chunks(TILE).zip(values.chunks(TILE)) {
            let (xs, qs) = (&mut p.scratch.x[..values.len()], &mut p.scratch.y[..values.len()]);
            let entries = columns.chunks(AT_ONCE).zip(values.chunks(AT_ONCE));
            for ((columns, values), (xs, qs)) in
                entries.zip(xs.chunks_mut(AT_ONCE).zip(qs.chunks_mut(AT_ONCE)))
            {
                let (mut x, mut y) = ([T::ZERO; AT_ONCE], [T::ONE; AT_ONCE]);
                for ((&col, &value), (x, y)) in columns.iter().zip(values).zip(x.iter_mut().zip(&mut y)) {
                    *x = value.into();
                    *y = model::<T, S, W>(w, h, col as usize * stride, stride);
                }
                for (&x, y) in x.iter().zip(&mut y) {
                    *y = x / y.max(p.ratio.least_model);
                }
                xs.copy_from_slice(&x[..columns.len()]);
                qs.copy_from_slice(&y[..columns.len()]);
                if stride == W {
                    for (&col, &q) in columns.iter().zip(&y) {
                        let h = row::<T, W>(h, col as usize * stride);
                        for l in 0..W {
                            acc[l] = S::mul_add(q, h[l], acc[l]);
                        }
                    }
                } else {
                    for g in (0..stride).step_by(W) {
                        let numer = &mut numer[g..][..W];
                        acc.copy_from_slice(numer);
                        for (&col, &q) in columns.iter().zip(&y) {
                            let h = row::<T, W>(h, col as usize * stride + g);
                            for l in 0..W {
                                acc[l] = S::mul_add(q, h[l], acc[l]);
                            }
                        }
                        numer.copy_from_slice(&acc);
                    }
                }
            }
            if !p.loss.is_empty() {
                loss += each::<T, false>(xs, qs, &[], |x, q| (x, q, kl::<T, S>(x, q)));
            }
        }
        if stride == W {
            numer.copy_from_slice(&acc);
        }
        if let Some(to) = p.loss.get_mut(i) {
            *to = loss;
        }
    }
}

/// `w · h` for the row of the panel at `at`: as many chains as a SIMD unit has lanes, on every instruction set.
#[inline(always)]
fn model<T: Scalar, S: Simd, const W: usize>(w: &[T], h: &[T], at: usize, stride: usize) -> T {
    let lanes = <T::Unit<S> as Vector<T>>::LANES;
    let mut sum = <T::Unit<S> as Vector<T>>::splat(T::ZERO);
    for g in (0..stride).step_by(W) {
        let (h, w) = (row::<T, W>(h, at + g), row::<T, W>(w, g));
        for l in (0..W).step_by(lanes) {
            sum = <T::Unit<S> as Vector<T>>::load(&w[l..]).mul_add(Vector::load(&h[l..]), sum);
        }
    }
    let mut parts = [T::ZERO; 8];
    sum.store(&mut parts);
    let (fours, _) = parts.as_chunks_mut::<4>();
    if lanes == 4 { tree(&mut fours[0]) } else { tree(&mut parts) }
}

/// An entry's part of the Kullback-Leibler loss, without `y - x`, for `q = x / y`.
#[inline(always)]
fn kl<T: Scalar, S: Simd>(x: T, q: T) -> f64 {
    x.to_f64() * ln::<S>(q.to_f64().max(f64::MIN_POSITIVE))
}
