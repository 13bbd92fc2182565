//! Second-order sums of a divergence for blocks of dense rows: for a row x of X, its row w and the other factor H (rows
//! h_j), with y = H w and p_j = x_j / y_j,
//!
//! ```text
//! descent = sum over j of a_j h_j        curvature = sum over j of b_j h_j h_jᵀ
//! Kullback-Leibler: a = p,        b = p / y        Itakura-Saito: a = (p - 1) / y,        b = 2 p / y²
//! ```
//!
//! so that the gradient of the loss is `-descent` (for Kullback-Leibler, plus the column sums of H), and b is the second
//! derivative of the convex part of the loss.
//!
//! Curvatures of all rows of a block are one product: of the numbers b, a row each, with the products `h_jc h_jd`, a row per
//! column of X, which are made for a tile of columns at a time. So they run at the speed of a matrix product.
//!
//! Cost per entry: `4 k` flops and a division for `descent`, `k (k + 1)` for a curvature, `2 k` for the way of a step.

use super::elementary::ln;
use super::isa::{Kernel, Simd, launch};
use super::products::{cross_add, model_tile};
use super::ratio::{Other, Power, Ratio, TILE, pack, tree};
use super::{DenseRows, Order, Rows};
use crate::factor::padded;
use crate::scalar::Scalar;

/// Bytes of the products of a tile: they stay in the second-level cache with the curvatures of a block.
const TILE_BYTES: usize = 384 * 1024;
/// Sums over a row are kept in so many parts, added up in a fixed order.
const PARTS: usize = 16;

/// Numbers of a symmetric matrix: its upper triangle, row by row.
pub(crate) fn pairs(rank: usize) -> usize {
    rank.saturating_mul(rank.saturating_add(1)) / 2
}

/// What is known of the entries of a block of rows, and room for a tile of it.
#[derive(Default)]
pub(crate) struct Entries<T> {
    /// Numbers of a row of `x` and `inverse`.
    width: usize,
    x: Vec<T>,
    /// `1 / y`; after [`Entries::go`], what the model changes by along the step, as a share of it.
    inverse: Vec<T>,
    tile: Vec<T>,
    products: Vec<T>,
    depth: usize,
    stride: usize,
}

impl<T: Scalar> Entries<T> {
    /// For blocks of up to `rows` rows of up to `cols` entries.
    pub(crate) fn new(rows: usize, cols: usize, rank: usize) -> Entries<T> {
        let stride = padded::<T>(pairs(rank));
        let depth = (TILE_BYTES / (stride * size_of::<T>()) / 16 * 16).clamp(16, TILE);
        let width = cols.next_multiple_of(PARTS);
        let zeros = |n: usize| vec![T::ZERO; n];
        Entries {
            width,
            x: zeros(rows * width),
            inverse: zeros(rows * width),
            tile: zeros(rows * TILE),
            products: zeros(depth * stride),
            depth,
            stride,
        }
    }

    /// Numbers of a row's curvature as [`Entries::curvature`] writes it.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Takes in a block at `w`, and writes `descent`, `(rows, other.stride)`; of each row the loss (without terms that the
    /// caller knows) if there is room for it, and whether the model is zero where X is not.
    pub(crate) fn look(
        &mut self,
        ratio: &Ratio<T>,
        x: &DenseRows<'_, T>,
        w: &[T],
        other: &Other<'_, T>,
        descent: &mut [T],
        losses: &mut [f64],
        lost: &mut [bool],
    ) {
        descent.fill(T::ZERO);
        losses.fill(0.0);
        lost.fill(false);
        for from in (0..x.cols).step_by(TILE) {
            let cols = TILE.min(x.cols - from);
            pack(&Rows::Dense(*x), from, cols, &mut self.x[from..], self.width);
            self.model(w, other, from, cols);
            for i in 0..x.rows {
                let at = i * self.width + from..i * self.width + from + cols;
                let (x, y, a) =
                    (&mut self.x[at.clone()], &mut self.tile[i * TILE..][..cols], &mut self.inverse[at]);
                // `y` becomes `a` in place, as the tile is what is multiplied.
                let seen = launch(Look { ratio: *ratio, x, y, inverse: a, loss: !losses.is_empty() });
                if let Some(loss) = losses.get_mut(i) {
                    *loss += seen.0;
                }
                lost[i] |= seen.1;
            }
            let panel = &other.rows[from * other.stride..][..cols * other.stride];
            cross_add(&self.tiled(x.rows, cols), panel, other.stride, descent);
        }
    }

    /// The curvatures of some rows of the block that was looked at, `(which.len(), self.stride())`, as upper triangles.
    pub(crate) fn curvature(&mut self, cols: usize, which: &[usize], other: &Other<'_, T>, out: &mut [T]) {
        out.fill(T::ZERO);
        for from in (0..cols).step_by(self.depth) {
            let n = self.depth.min(cols - from);
            for (i, &r) in which.iter().enumerate() {
                let at = r * self.width + from..r * self.width + from + n;
                let (x, inverse, b) =
                    (&self.x[at.clone()], &self.inverse[at], &mut self.tile[i * TILE..][..n]);
                launch(Weights { x, inverse, b });
            }
            let panel = &other.rows[from * other.stride..][..n * other.stride];
            let (rank, stride) = (other.rank, other.stride);
            launch(Products { h: panel, stride, rank, out: &mut self.products, out_stride: self.stride });
            let b = Rows::Dense(DenseRows {
                data: &self.tile,
                rows: which.len(),
                cols: n,
                order: Order::RowMajor(TILE),
            });
            cross_add(&b, &self.products, self.stride, out);
        }
    }

    /// Along the steps `d` of the rows, `(rows, other.stride)`, with what their models have been scaled by since the look:
    /// the curvature, and the largest share by which the model shrinks where X is positive.
    pub(crate) fn go(
        &mut self,
        cols: usize,
        d: &[T],
        inverse_scales: &[T],
        other: &Other<'_, T>,
        along: &mut [(f64, T)],
    ) {
        along.fill((0.0, T::ZERO));
        let rows = along.len();
        for from in (0..cols).step_by(TILE) {
            let n = TILE.min(cols - from);
            self.model(d, other, from, n);
            for i in 0..rows {
                let at = i * self.width + from..i * self.width + from + n;
                let (x, inverse) = (&self.x[at.clone()], &mut self.inverse[at]);
                let y = &self.tile[i * TILE..][..n];
                let (q, shrink) = launch(Along { x, inverse, d: y, scale: inverse_scales[i] });
                along[i] = (along[i].0 + q, along[i].1.max(shrink));
            }
        }
    }

    /// What the loss of row `i` changes by when it goes `t` of its step.
    pub(crate) fn change(&self, ratio: &Ratio<T>, cols: usize, i: usize, t: T) -> f64 {
        let at = i * self.width..i * self.width + cols;
        launch(Change { power: ratio.power, x: &self.x[at.clone()], share: &self.inverse[at], t })
    }

    fn model(&mut self, w: &[T], other: &Other<'_, T>, from: usize, width: usize) {
        let width = width.next_multiple_of(T::LANES);
        let (columns, ld) = (other.columns, other.columns_stride);
        model_tile(w, other.stride, other.rank, columns, ld, from, width, &mut self.tile, TILE);
    }

    fn tiled(&self, rows: usize, cols: usize) -> Rows<'_, T> {
        Rows::Dense(DenseRows { data: &self.tile, rows, cols, order: Order::RowMajor(TILE) })
    }
}

/// x becomes x for Kullback-Leibler and `2 p` for Itakura-Saito, which `go` weighs shares with; y becomes a.
struct Look<'a, T> {
    ratio: Ratio<T>,
    x: &'a mut [T],
    y: &'a mut [T],
    inverse: &'a mut [T],
    loss: bool,
}

impl<T: Scalar> Kernel for Look<'_, T> {
    type Out = (f64, bool);
    #[inline(always)]
    fn run<S: Simd>(self) -> (f64, bool) {
        let Look { ratio: Ratio { power, least_model, least_data }, x, y, inverse, loss } = self;
        let saito = power == Power::ItakuraSaito;
        let mut lost = T::ZERO;
        for ((x, y), inverse) in x.iter_mut().zip(&mut *y).zip(&mut *inverse) {
            *x = x.max(least_data);
            let zero = if *y > least_model { T::ZERO } else { *x };
            lost = if zero > lost { zero } else { lost };
            *inverse = T::ONE / y.max(least_model);
            let p = *x * *inverse;
            *y = if saito { (p - T::ONE) * *inverse } else { p };
        }
        let mut sum = 0.0;
        if saito {
            for (x, &inverse) in x.iter_mut().zip(&*inverse) {
                *x = (T::ONE + T::ONE) * (*x * inverse);
            }
            if loss {
                sum = fold::<T, S>(x, x, |p, _| {
                    let p = 0.5 * p.to_f64();
                    p - ln::<S>(p.max(f64::MIN_POSITIVE)) - 1.0
                });
            }
        } else if loss {
            sum = fold::<T, S>(x, y, |x, p| x.to_f64() * ln::<S>(p.to_f64().max(f64::MIN_POSITIVE)));
        }
        (sum, lost > T::ZERO)
    }
}

struct Weights<'a, T> {
    x: &'a [T],
    inverse: &'a [T],
    b: &'a mut [T],
}

impl<T: Scalar> Kernel for Weights<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        // For Itakura-Saito x is 2 p by now: the same formula.
        for ((&x, &inverse), b) in self.x.iter().zip(self.inverse).zip(self.b) {
            *b = x * inverse * inverse;
        }
    }
}

/// Row j of `out` is `h_jc h_jd` for all `d >= c`, c by c.
struct Products<'a, T> {
    h: &'a [T],
    stride: usize,
    rank: usize,
    out: &'a mut [T],
    out_stride: usize,
}

impl<T: Scalar> Kernel for Products<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        for (h, out) in self.h.chunks_exact(self.stride).zip(self.out.chunks_exact_mut(self.out_stride)) {
            let mut rest = out;
            for c in 0..self.rank {
                let (to, later) = rest.split_at_mut(self.rank - c);
                let hc = h[c];
                for (to, &h) in to.iter_mut().zip(&h[c..self.rank]) {
                    *to = hc * h;
                }
                rest = later;
            }
        }
    }
}

struct Along<'a, T> {
    x: &'a [T],
    inverse: &'a mut [T],
    d: &'a [T],
    scale: T,
}

impl<T: Scalar> Kernel for Along<'_, T> {
    type Out = (f64, T);
    #[inline(always)]
    fn run<S: Simd>(self) -> (f64, T) {
        let (mut q, mut most) = ([T::ZERO; PARTS], [T::ZERO; PARTS]);
        let scale = self.scale;
        let one = |x: T, inverse: &mut T, d: T, q: &mut T, most: &mut T| {
            let share = d * (*inverse * scale);
            *inverse = share;
            *q = S::mul_add(x * share, share, *q);
            // Entries at the bottom of the range do not hold a step up.
            let shrink = if x >= T::MIN_POSITIVE { -share } else { T::ZERO };
            *most = if shrink > *most { shrink } else { *most };
        };
        let (xs, x_rest) = self.x.as_chunks::<PARTS>();
        let (is, i_rest) = self.inverse.as_chunks_mut::<PARTS>();
        let (ds, d_rest) = self.d.as_chunks::<PARTS>();
        for ((x, i), d) in xs.iter().zip(is).zip(ds) {
            for l in 0..PARTS {
                one(x[l], &mut i[l], d[l], &mut q[l], &mut most[l]);
            }
        }
        for (l, ((&x, i), &d)) in x_rest.iter().zip(i_rest).zip(d_rest).enumerate() {
            one(x, i, d, &mut q[l], &mut most[l]);
        }
        (tree(&mut q).to_f64(), most.into_iter().fold(T::ZERO, |a, b| a.max(b)))
    }
}

struct Change<'a, T> {
    power: Power,
    x: &'a [T],
    share: &'a [T],
    t: T,
}

impl<T: Scalar> Kernel for Change<'_, T> {
    type Out = f64;
    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let t = self.t.to_f64();
        let grown = |share: T| S::mul_add(t, share.to_f64(), 1.0).max(f64::MIN_POSITIVE);
        if self.power == Power::ItakuraSaito {
            return fold::<T, S>(self.x, self.share, |x, share| {
                let g = grown(share);
                0.5 * x.to_f64() * (1.0 / g - 1.0) + ln::<S>(g)
            });
        }
        -fold::<T, S>(self.x, self.share, |x, share| x.to_f64() * ln::<S>(grown(share)))
    }
}

/// The sum of `f` over two rows, in `PARTS` interleaved sums.
#[inline(always)]
fn fold<T: Scalar, S: Simd>(a: &[T], b: &[T], f: impl Fn(T, T) -> f64) -> f64 {
    let mut parts = [0.0; PARTS];
    let (a, a_rest) = a.as_chunks::<PARTS>();
    let (b, b_rest) = b.as_chunks::<PARTS>();
    for (a, b) in a.iter().zip(b) {
        for l in 0..PARTS {
            parts[l] += f(a[l], b[l]);
        }
    }
    for (l, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        parts[l] += f(a, b);
    }
    tree(&mut parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factor::Factor;
    use crate::loss::Loss;

    const ROWS: usize = 5;
    const COLS: usize = 37;
    const RANK: usize = 3;

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            0.1 + (state >> 11) as f64 / (1u64 << 53) as f64
        };
        std::iter::repeat_with(next).take(n).collect()
    }

    struct Table {
        x: Vec<f64>,
        w: Factor<f64>,
        h: Factor<f64>,
    }

    impl Table {
        fn new() -> Table {
            Table {
                x: numbers(ROWS * COLS, 1),
                w: Factor::from_row_major(ROWS, RANK, &numbers(ROWS * RANK, 2)).unwrap(),
                h: Factor::from_row_major(COLS, RANK, &numbers(COLS * RANK, 3)).unwrap(),
            }
        }

        /// The loss of row i at w, without the sum of its model for Kullback-Leibler.
        fn loss(&self, loss: Loss, i: usize, w: &[f64]) -> f64 {
            let entry = |j: usize| {
                let y: f64 = w.iter().zip(self.h.row(j)).map(|(w, h)| w * h).sum();
                let p = self.x[i * COLS + j] / y;
                if loss == Loss::ItakuraSaito { p - p.ln() - 1.0 } else { self.x[i * COLS + j] * p.ln() }
            };
            (0..COLS).map(entry).sum()
        }
    }

    /// Descent, curvature, the way of a step and its losses against the loss itself, along random directions.
    #[test]
    fn sums_are_derivatives() {
        let table = Table::new();
        let stride = table.w.stride();
        let columns_stride = COLS.next_multiple_of(PARTS);
        let mut columns = vec![0.0; RANK * columns_stride];
        for j in 0..COLS {
            for c in 0..RANK {
                columns[c * columns_stride + j] = table.h.row(j)[c];
            }
        }
        let rows = table.h.padded_rows();
        let other = Other { rows, stride, rank: RANK, columns: &columns, columns_stride };
        let x = DenseRows { data: &table.x, rows: ROWS, cols: COLS, order: Order::RowMajor(COLS) };
        for loss in [Loss::KullbackLeibler, Loss::ItakuraSaito] {
            let ratio = Ratio::new(loss, 0.5, 0.0);
            let mut entries = Entries::new(ROWS, COLS, RANK);
            let mut descent = vec![0.0; ROWS * stride];
            let (mut losses, mut lost) = (vec![0.0; ROWS], vec![false; ROWS]);
            entries.look(&ratio, &x, table.w.padded_rows(), &other, &mut descent, &mut losses, &mut lost);
            assert!(!lost.contains(&true));
            let which: Vec<usize> = (0..ROWS).rev().collect();
            let mut packed = vec![0.0; ROWS * entries.stride()];
            entries.curvature(COLS, &which, &other, &mut packed);

            // Both ways: some entries of the model grow, others shrink.
            let both_ways: Vec<f64> = numbers(ROWS * RANK, 9).iter().map(|x| 0.3 * (x - 0.6)).collect();
            let d = Factor::from_row_major(ROWS, RANK, &both_ways).unwrap();
            let mut along = vec![(0.0, 0.0); ROWS];
            entries.go(COLS, d.padded_rows(), &[1.0; ROWS], &other, &mut along);
            for i in 0..ROWS {
                let at = |t: f64| -> f64 {
                    let w: Vec<f64> = table.w.row(i).iter().zip(d.row(i)).map(|(w, d)| w + t * d).collect();
                    table.loss(loss, i, &w)
                };
                assert!((losses[i] / at(0.0) - 1.0).abs() < 1e-12, "{loss} row {i}");
                let t = 1e-5;
                let slope = (at(t) - at(-t)) / (2.0 * t);
                let known: f64 =
                    -d.row(i).iter().zip(&descent[i * stride..]).map(|(d, p)| d * p).sum::<f64>();
                assert!((slope / known - 1.0).abs() < 1e-6, "{loss} row {i}: {slope} {known}");
                let change = entries.change(&ratio, COLS, i, 0.3);
                assert!(((at(0.3) - at(0.0)) / change - 1.0).abs() < 1e-10, "{loss} row {i}");

                let share = |j: usize| {
                    let of = |w: &[f64]| w.iter().zip(table.h.row(j)).map(|(w, h)| w * h).sum::<f64>();
                    of(d.row(i)) / of(table.w.row(i))
                };
                let shrink = (0..COLS).map(|j| -share(j)).fold(0.0, f64::max);
                assert!((along[i].1 - shrink).abs() < 1e-12, "{loss} row {i}");

                let triangle = &packed[(ROWS - 1 - i) * entries.stride()..];
                let (mut q, mut e) = (0.0, 0);
                for a in 0..RANK {
                    for b in a..RANK {
                        let both = if a == b { 1.0 } else { 2.0 };
                        q += both * triangle[e] * d.row(i)[a] * d.row(i)[b];
                        e += 1;
                    }
                }
                assert!((q / along[i].0 - 1.0).abs() < 1e-12, "{loss} row {i}: {q} {:?}", along[i]);
                // That of Itakura-Saito leaves out the part of log y, which is concave.
                let t = 1e-4;
                let mut second = (at(t) - 2.0 * at(0.0) + at(-t)) / (t * t);
                if loss == Loss::ItakuraSaito {
                    second += (0..COLS).map(|j| share(j).powi(2)).sum::<f64>();
                }
                assert!((second / q - 1.0).abs() < 1e-4, "{loss} row {i}: {second} {q}");
            }
        }
    }
}
