//! Kernels by name, for the benchmarks that guard them. No part of the public interface: it may change at any time.

use crate::factor::{Factor, padded};
use crate::kernels::gram::GramSum;
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::kl_newton::{Columns, Effort, PARTS, RowProblem, solve_row};
use crate::kernels::ratio::{Other, Ratio, RatioScratch, Sums, block_sums};
use crate::kernels::vector::Vector;
use crate::kernels::weighted::Gathered;
use crate::kernels::{DenseRows, Order, Rows, SparseRows, ValuesRef};
use crate::kernels::{gram, outer, products, weighted};
use crate::loss::Loss;
use crate::row_terms::{Limits, RowShift};
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

/// `FᵀF`; see `kernels::gram`.
pub fn gram<T: Scalar>(factor: &Factor<T>) -> Vec<f64> {
    let mut out = vec![0.0; factor.stride() * factor.stride()];
    GramSum::new::<T>(factor.rows(), factor.stride()).compute(factor, &mut out);
    out
}

/// `out = F G` for a square G of `(stride, stride)`; see `kernels::gram`.
pub fn times_square<T: Scalar>(factor: &Factor<T>, g: &[T], out: &mut [T]) {
    gram::times_square(factor.padded_rows(), g, factor.stride(), out);
}

/// The sums of a divergence over a block of rows, with what they need; see `kernels::ratio`.
pub struct RatioBlock<T: Scalar> {
    ratio: Ratio<T>,
    w: Factor<T>,
    h: Factor<T>,
    columns: Vec<T>,
    scratch: RatioScratch<T>,
    numer: Vec<T>,
    denom: Vec<T>,
    loss: Vec<f64>,
}

impl<T: Scalar> RatioBlock<T> {
    /// For X of this mean, and the pair at which its sums are.
    pub fn new(loss: Loss, mean: f64, w: Factor<T>, h: Factor<T>) -> RatioBlock<T> {
        let width = h.rows().next_multiple_of(T::LANES);
        let mut columns = vec![T::ZERO; h.rank() * width];
        for j in 0..h.rows() {
            for (c, &value) in h.row(j).iter().enumerate() {
                columns[c * width + j] = value;
            }
        }
        let numbers = w.rows() * w.stride();
        RatioBlock {
            ratio: Ratio::new(loss, mean, 0.0),
            columns,
            scratch: RatioScratch::new(w.rows()),
            numer: vec![T::ZERO; numbers],
            denom: vec![T::ZERO; numbers],
            loss: vec![0.0; w.rows()],
            w,
            h,
        }
    }

    /// Of rows that are stored one after the other.
    pub fn dense(&mut self, x: &[T]) -> f64 {
        let (rows, cols) = (self.w.rows(), self.h.rows());
        self.sums(&Rows::Dense(DenseRows { data: x, rows, cols, order: Order::RowMajor(cols) }))
    }

    /// Of compressed rows.
    pub fn sparse(&mut self, starts: &[usize], columns: &[u32], values: &[T]) -> f64 {
        let values = ValuesRef::Full(values);
        self.sums(&Rows::Sparse(SparseRows { cols: self.h.rows(), starts, columns, values }))
    }

    fn sums(&mut self, x: &Rows<'_, T>) -> f64 {
        let other = Other {
            rows: self.h.padded_rows(),
            stride: self.h.stride(),
            rank: self.h.rank(),
            columns: &self.columns,
            columns_stride: self.h.rows().next_multiple_of(T::LANES),
        };
        let mut sums = Sums { numer: &mut self.numer, denom: &mut self.denom, loss: &mut self.loss };
        block_sums(&self.ratio, x, self.w.padded_rows(), &other, &mut self.scratch, &mut sums);
        self.loss.iter().sum()
    }
}

/// So many entries a row of [`kl_row`] has, or a multiple of it.
pub const KL_PARTS: usize = PARTS;

/// Newton steps on the coordinates of one row, `sweeps` times over: `h` has the components at its entries one after the other, `y`
/// the model; see `kernels::kl_newton`.
pub fn kl_row<T: Scalar>(x: &[T], h: &[T], sums: &[T], w: &mut [T], y: &mut [T], sweeps: usize) -> usize {
    solve_row(RowProblem {
        h: Columns::Gathered { data: h, stride: x.len() },
        x,
        sums,
        w,
        y,
        least_model: T::MIN_POSITIVE,
        effort: Effort { sweeps, steps: 1, enough: T::ZERO, l1: T::ZERO, l2: T::ZERO },
        shift: RowShift::NONE,
        shift_stride: 0,
        limits: Limits::NON_NEGATIVE,
    })
}

/// `gram += sum of v_e h_e h_eᵀ` over the rows of H that `at` names; see `kernels::weighted`.
pub fn weighted_gram<T: Scalar>(at: &[u32], v: &[T], h: &Factor<T>, gram: &mut [T]) {
    let rows = weighted::Rows { data: h.padded_rows(), stride: h.stride(), rank: h.rank() };
    weighted::add_gram(at, |e| v[e], rows, &mut Gathered::new(h.stride()), gram);
}

/// Both sums of a divergence over the weighted entries of one row, and its loss; see `kernels::weighted`.
pub fn weighted_ratio<T: Scalar>(
    loss: Loss,
    (at, x, v): (&[u32], &[T], &[T]),
    w: &[T],
    h: &Factor<T>,
    (numer, denom): (&mut [T], &mut [T]),
) -> f64 {
    let rows = weighted::Rows { data: h.padded_rows(), stride: h.stride(), rank: h.rank() };
    let ratio = Ratio::new(loss, 1.0, 0.0);
    weighted::ratio_sums(&ratio, (at, x, v), w, rows, &mut Gathered::new(h.stride()), numer, denom)
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
