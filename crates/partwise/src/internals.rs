//! Kernels by name, for the benchmarks that guard them. No part of the public interface: it may change at any time.

use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::vector::Vector;
use crate::kernels::{DenseRows, Order, Rows, SparseRows, ValuesRef};
use crate::kernels::{outer, products};
use crate::scalar::Scalar;

/// A dense block of `(rows, cols)`, by rows or by columns.
fn dense<T>(x: &[T], rows: usize, cols: usize, by_row: bool) -> DenseRows<'_, T> {
    let order = if by_row { Order::RowMajor(cols) } else { Order::ColMajor(rows) };
    DenseRows { data: x, rows, cols, order }
}

/// `out = X panel`; see `kernels::products`.
pub fn cross<T: Scalar>(
    x: &[T],
    (rows, cols): (usize, usize),
    by_row: bool,
    panel: &[T],
    stride: usize,
    out: &mut [T],
) {
    products::cross(&Rows::Dense(dense(x, rows, cols, by_row)), panel, stride, out);
}

/// `acc += Xᵀ panel`; see `kernels::products`.
pub fn cross_transposed_add<T: Scalar>(
    x: &[T],
    (rows, cols): (usize, usize),
    by_row: bool,
    panel: &[T],
    stride: usize,
    acc: &mut [T],
) {
    products::cross_transposed_add(&dense(x, rows, cols, by_row), panel, stride, acc);
}

/// `out = X panel` for compressed rows; see `kernels::products`.
pub fn sparse_cross<T: Scalar>(
    (cols, starts, columns, values): (usize, &[usize], &[u32], &[T]),
    panel: &[T],
    stride: usize,
    out: &mut [T],
) {
    let x = SparseRows { cols, starts, columns, values: ValuesRef::Full(values) };
    products::cross(&Rows::Sparse(x), panel, stride, out);
}

/// As many fused multiply-adds as the processor can do at once, `rounds` times; returns how many flops that was. The best
/// that any kernel can reach.
pub fn peak<T: Scalar>(rounds: usize) -> f64 {
    launch(Peak::<T>(rounds, T::ONE))
}

struct Peak<T>(usize, T);

/// Chains that do not wait for each other: more than latency times units of any processor at hand.
const CHAINS: usize = 16;

impl<T: Scalar> Kernel for Peak<T> {
    type Out = f64;
    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let (a, b) = (T::Full::<S>::splat(self.1), T::Full::<S>::splat(T::EPSILON));
        let mut acc = [a; CHAINS];
        for _ in 0..self.0 {
            for chain in &mut acc {
                *chain = a.mul_add(b, *chain);
            }
        }
        let lanes = <T::Full<S> as Vector<T>>::LANES;
        let mut out = vec![T::ZERO; lanes];
        for chain in acc {
            chain.store(&mut out);
            std::hint::black_box(&mut out);
        }
        (2 * CHAINS * lanes * self.0) as f64
    }
}

/// `turned += (Xᵀ panel)ᵀ` for row-major X; see `kernels::outer`.
pub fn cross_transposed_turned_add<T: Scalar>(
    x: &[T],
    (rows, cols): (usize, usize),
    panel: &[T],
    shape: (usize, usize),
    turned: &mut [T],
) {
    outer::cross_transposed_turned_add(&dense(x, rows, cols, true), cols, panel, shape, turned);
}

/// Both products of a block of rows of a column-major X whose columns are `ld` apart, as a sweep needs them: `out = X
/// panel`, then `acc += Xᵀ out`.
pub fn both_by_column<T: Scalar>(
    x: &[T],
    (ld, rows, cols): (usize, usize, usize),
    panel: &[T],
    (stride, rank): (usize, usize),
    out: &mut [T],
    (acc, room): (&mut [T], &mut [T]),
) {
    let x = DenseRows { data: x, rows, cols, order: Order::ColMajor(ld) };
    outer::cross_in(&Rows::Dense(x), panel, (stride, rank), out, room);
    products::cross_transposed_add(&x, out, stride, acc);
}
