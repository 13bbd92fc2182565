//! Kernels by name, for the benchmarks that guard them. No part of the public interface: it may change at any time.

use crate::factor::padded;
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::vector::Vector;
use crate::kernels::{DenseRows, Order, Rows, SparseRows, ValuesRef};
use crate::kernels::{outer, products};
use crate::scalar::Scalar;
use crate::walk::dense_block;

/// Both products that a sweep needs of a block of dense rows, while it is in cache: `out = X panel`, then `sums += Xᵀ out`,
/// turned if X is stored by rows. Its rows, or its columns, are `ld` apart. `room` is for [`room`] numbers.
pub fn both_products<T: Scalar>(
    x: &[T],
    (rows, cols): (usize, usize),
    (by_row, ld): (bool, usize),
    panel: &[T],
    shape: (usize, usize),
    out: &mut [T],
    (sums, room): (&mut [T], &mut [T]),
) {
    let order = if by_row { Order::RowMajor(ld) } else { Order::ColMajor(ld) };
    let x = DenseRows { data: x, rows, cols, order };
    outer::cross_in(&Rows::Dense(x), panel, shape, out, room);
    if by_row {
        outer::cross_transposed_turned_add(&x, ld, out, shape, sums);
    } else {
        products::cross_transposed_add(&x, out, shape.0, sums);
    }
}

/// Rows of a block of dense X in a fit.
pub fn block_rows<T: Scalar>(cols: usize, by_row: bool) -> usize {
    dense_block::<T>(cols, !by_row)
}

/// Numbers of a row of a factor in a fit, padding included.
pub fn stride<T: Scalar>(rank: usize) -> usize {
    padded::<T>(rank)
}

/// Numbers of a turned result of so many rows.
pub fn room<T: Scalar>(rows: usize, rank: usize) -> usize {
    outer::room::<T>(rows, rank)
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
