//! The products of X with a factor: `X P` row by row, and `Xᵀ P` added up over row blocks.
//!
//! Both are one tile: a few rows of the result, all of a group of components, kept in registers while the inner index
//! runs. Each element of the result is one chain of fused multiply-adds in the order of the inner index. Hence a row of
//! `X P` has the same bits alone, in a block, dense or sparse.
//!
//! Cost: 2 k flops per entry and product. P is read from cache (its rows are padded to whole SIMD units), X once.

use super::isa::{Kernel, Simd, launch};
use super::vector::Vector;
use super::{DenseRows, Order, Rows, sparse};
use crate::scalar::Scalar;

/// Inner indices done before the next rows are taken: keeps the rows of P in cache.
const DEPTH: usize = 512;
/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// `out = X panel`, with `panel` of `(cols, stride)` and `out` of `(rows, stride)`.
pub(crate) fn cross<T: Scalar>(x: &Rows<'_, T>, panel: &[T], stride: usize, out: &mut [T]) {
    out.fill(T::ZERO);
    cross_add(x, panel, stride, out);
}

/// `out += X panel`.
pub(crate) fn cross_add<T: Scalar>(x: &Rows<'_, T>, panel: &[T], stride: usize, out: &mut [T]) {
    match *x {
        Rows::Dense(x) => {
            launch(DenseProduct { x, panel, stride, start: 0, width: stride, out, out_stride: stride });
        }
        Rows::Sparse(x) => sparse::cross_add(&x, panel, stride, out),
    }
}

/// `out = A Bt[.., from..from + width]`: the model's entries for a block of rows. `A` is `(rows, stride)` of which the
/// first `rank` columns count, `Bt` is `(rank, bt_stride)`, `out` is `(rows, out_stride)`; `width` is a multiple of the
/// SIMD unit.
pub(crate) fn model_tile<T: Scalar>(
    a: &[T],
    stride: usize,
    rank: usize,
    bt: &[T],
    bt_stride: usize,
    from: usize,
    width: usize,
    out: &mut [T],
    out_stride: usize,
) {
    let rows = a.len() / stride;
    for out in out.chunks_exact_mut(out_stride).take(rows) {
        out[..width].fill(T::ZERO);
    }
    let x = DenseRows { data: a, rows, cols: rank, order: Order::RowMajor(stride) };
    launch(DenseProduct { x, panel: bt, stride: bt_stride, start: from, width, out, out_stride });
}

/// `acc += Xᵀ panel` for a dense block, with `panel` of `(rows, stride)` and `acc` of `(cols, stride)`.
pub(crate) fn cross_transposed_add<T: Scalar>(
    x: &DenseRows<'_, T>,
    panel: &[T],
    stride: usize,
    acc: &mut [T],
) {
    let transposed = DenseRows {
        data: x.data,
        rows: x.cols,
        cols: x.rows,
        order: match x.order {
            Order::RowMajor(ld) => Order::ColMajor(ld),
            Order::ColMajor(ld) => Order::RowMajor(ld),
        },
    };
    cross_add(&Rows::Dense(transposed), panel, stride, acc);
}

/// `out[.., ..width] += X panel[.., start..start + width]`.
struct DenseProduct<'a, T> {
    x: DenseRows<'a, T>,
    panel: &'a [T],
    stride: usize,
    start: usize,
    width: usize,
    out: &'a mut [T],
    out_stride: usize,
}

impl<T: Scalar> Kernel for DenseProduct<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let mut at = 0;
        while at < self.width {
            at += self.group::<S>(at);
        }
    }
}

impl<T: Scalar> DenseProduct<'_, T> {
    /// As many columns from `at` on as fit the registers, with as many rows at once as there are accumulators for.
    #[inline(always)]
    fn group<S: Simd>(&mut self, at: usize) -> usize {
        let left = self.width - at;
        let lanes = <T::Full<S> as Vector<T>>::LANES;
        if S::WIDE {
            match left / lanes {
                0 => self.tiles::<S, T::Unit<S>, 1, 8>(at),
                1 => self.tiles::<S, T::Full<S>, 1, 12>(at),
                2 => self.tiles::<S, T::Full<S>, 2, 8>(at),
                3 => self.tiles::<S, T::Full<S>, 3, 8>(at),
                // Two groups of three beat one of four and one of two.
                5 | 6 => self.tiles::<S, T::Full<S>, 3, 8>(at),
                _ => self.tiles::<S, T::Full<S>, 4, 6>(at),
            }
        } else {
            match left / lanes {
                1 => self.tiles::<S, T::Full<S>, 1, 8>(at),
                2 => self.tiles::<S, T::Full<S>, 2, 6>(at),
                4 => self.tiles::<S, T::Full<S>, 2, 6>(at),
                _ => self.tiles::<S, T::Full<S>, 3, 4>(at),
            }
        }
    }

    /// The group of `N` registers from column `at` on; returns how many columns that is.
    #[inline(always)]
    fn tiles<S: Simd, V: Vector<T>, const N: usize, const R: usize>(&mut self, at: usize) -> usize {
        let (rows, cols) = (self.x.rows, self.x.cols);
        // The rows after these are next: they are on their way while these are worked on.
        let ahead = if at == 0 { self.x.rows_ahead() } else { 0 };
        let mut j = 0;
        while j < cols {
            let depth = DEPTH.min(cols - j);
            let panel = &self.panel[j * self.stride + self.start + at..];
            let mut i = 0;
            while i + R <= rows {
                let out = &mut self.out[i * self.out_stride + at..];
                tile::<T, S, V, N, R>(
                    &self.x,
                    (i, j, depth),
                    ahead,
                    panel,
                    self.stride,
                    out,
                    self.out_stride,
                );
                i += R;
            }
            while i < rows {
                let out = &mut self.out[i * self.out_stride + at..];
                tile::<T, S, V, N, 1>(
                    &self.x,
                    (i, j, depth),
                    ahead,
                    panel,
                    self.stride,
                    out,
                    self.out_stride,
                );
                i += 1;
            }
            j += depth;
        }
        N * V::LANES
    }
}

/// `out[..R] += X[i..i + R, j..j + depth] panel[..depth]` for a group of `N` registers.
#[inline(always)]
fn tile<T: Scalar, S: Simd, V: Vector<T>, const N: usize, const R: usize>(
    x: &DenseRows<'_, T>,
    (i, j, depth): (usize, usize, usize),
    ahead: usize,
    panel: &[T],
    stride: usize,
    out: &mut [T],
    out_stride: usize,
) {
    let mut acc = [[V::splat(T::ZERO); N]; R];
    for r in 0..R {
        for v in 0..N {
            acc[r][v] = V::load(&out[r * out_stride + v * V::LANES..]);
        }
    }
    match x.order {
        Order::RowMajor(ld) => {
            let rows: [&[T]; R] = std::array::from_fn(|r| &x.data[(i + r) * ld + j..][..depth]);
            for t in 0..depth {
                if ahead > 0 && t % (LINE / size_of::<T>()) == 0 {
                    for row in rows {
                        S::prefetch(row.as_ptr().wrapping_add(t + ahead));
                    }
                }
                let p = &panel[t * stride..][..N * V::LANES];
                let p: [V; N] = std::array::from_fn(|v| V::load(&p[v * V::LANES..]));
                for r in 0..R {
                    let a = V::splat(rows[r][t]);
                    for v in 0..N {
                        acc[r][v] = a.mul_add(p[v], acc[r][v]);
                    }
                }
            }
        }
        Order::ColMajor(ld) => {
            let data = &x.data[j * ld + i..];
            for t in 0..depth {
                let p = &panel[t * stride..][..N * V::LANES];
                let p: [V; N] = std::array::from_fn(|v| V::load(&p[v * V::LANES..]));
                let a = &data[t * ld..][..R];
                if ahead > 0 {
                    S::prefetch(a.as_ptr().wrapping_add(ahead));
                }
                for r in 0..R {
                    let a = V::splat(a[r]);
                    for v in 0..N {
                        acc[r][v] = a.mul_add(p[v], acc[r][v]);
                    }
                }
            }
        }
    }
    for r in 0..R {
        for v in 0..N {
            acc[r][v].store(&mut out[r * out_stride + v * V::LANES..]);
        }
    }
}

/// `W` numbers from `at` on, as an array.
#[inline(always)]
pub(super) fn row<T: Scalar, const W: usize>(data: &[T], at: usize) -> &[T; W] {
    &data[at..].as_chunks::<W>().0[0]
}

#[cfg(test)]
mod tests {
    use super::super::isa::{self, Isa};
    use super::super::{SparseRows, ValuesRef};
    use super::*;

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1u64 << 53) as f64
            })
            .collect()
    }

    /// Ten lines: the definition, with the same order of fused additions.
    fn oracle(x: &[f64], rows: usize, cols: usize, panel: &[f64], stride: usize) -> Vec<f64> {
        let mut out = vec![0.0; rows * stride];
        for i in 0..rows {
            for c in 0..stride {
                for j in 0..cols {
                    out[i * stride + c] = x[i * cols + j].mul_add(panel[j * stride + c], out[i * stride + c]);
                }
            }
        }
        out
    }

    #[test]
    fn dense_sparse_and_both_orders_agree_to_the_bit() {
        for (rows, cols, stride) in
            [(1, 1, 4), (7, 5, 4), (13, 600, 8), (9, 33, 12), (25, 40, 20), (6, 7, 36), (5, 3, 100)]
        {
            let mut x = numbers(rows * cols, 3);
            x.iter_mut().step_by(3).for_each(|v| *v = 0.0);
            let panel = numbers(cols * stride, 4);
            let want = oracle(&x, rows, cols, &panel, stride);

            let mut transposed = vec![0.0; rows * cols];
            let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
            for i in 0..rows {
                for j in 0..cols {
                    transposed[j * rows + i] = x[i * cols + j];
                    if x[i * cols + j] != 0.0 {
                        columns.push(j as u32);
                        values.push(x[i * cols + j]);
                    }
                }
                starts.push(columns.len());
            }
            let row_major = Rows::Dense(DenseRows { data: &x, rows, cols, order: Order::RowMajor(cols) });
            let col_major =
                Rows::Dense(DenseRows { data: &transposed, rows, cols, order: Order::ColMajor(rows) });
            let sparse = Rows::Sparse(SparseRows {
                cols,
                starts: &starts,
                columns: &columns,
                values: ValuesRef::Full(&values),
            });
            let best = isa::isa();
            for isa in [Isa::Avx2, Isa::Avx512] {
                if !isa::restrict(isa) {
                    continue;
                }
                for x in [row_major, col_major, sparse] {
                    let mut got = vec![f64::NAN; rows * stride];
                    cross(&x, &panel, stride, &mut got);
                    assert_eq!(got, want, "{rows} x {cols}, stride {stride}, {}", isa.name());
                }
                let mut acc = vec![0.0; cols * stride];
                let other = numbers(rows * stride, 5);
                let dense = DenseRows { data: &x, rows, cols, order: Order::RowMajor(cols) };
                cross_transposed_add(&dense, &other, stride, &mut acc);
                assert_eq!(acc, oracle(&transposed, cols, rows, &other, stride));
            }
            isa::restrict(best);
        }
    }

    #[test]
    fn single_precision_storage_changes_nothing() {
        let (starts, columns) = ([0, 2, 3], [0u32, 2, 1]);
        let (full, single) = ([1.0, 2.5, 3.0], [1.0f32, 2.5, 3.0]);
        let panel = numbers(3 * 8, 1);
        let product = |values| {
            let mut out = vec![0.0; 16];
            let x = SparseRows { cols: 3, starts: &starts, columns: &columns, values };
            cross(&Rows::Sparse(x), &panel, 8, &mut out);
            out
        };
        assert_eq!(product(ValuesRef::Full(&full)), product(ValuesRef::Single(&single)));
    }
}
