//! What the rows of one side meet where X is given as `A Bᵀ` with few columns: a row of A meets `P = Bᵀ F`, in place of the
//! other factor F itself.
//!
//! With l columns in A and B, the cross product of a half-step is `A (Bᵀ F)`: `l k (m + n)` multiply-adds in place of
//! `k m n`. The Gram matrix is still `FᵀF`, so a rule solves `min 1/2 ||A Bᵀ - W Hᵀ||²` and does not know of it.

use crate::data::Dense;
use crate::factor::Factor;
use crate::kernels::products::cross_transposed_add;
use crate::par::{Lines, for_blocks};
use crate::scalar::Scalar;

/// Rows of a chunk are multiples of this.
const CHUNK: usize = 96;
/// Chunks at most: their sums stay small beside A and B.
const MOST: usize = 32;

/// `Bᵀ F`, with room for its sums. Chunks are added up in their order, so threads change no bit.
pub(crate) struct Projection<T> {
    chunk: usize,
    sums: Vec<T>,
    onto: Factor<T>,
}

impl<T: Scalar> Projection<T> {
    /// For B of `(rows, cols)` and a factor of `(rows, rank)`.
    pub(crate) fn new(rows: usize, cols: usize, rank: usize) -> Projection<T> {
        let onto = Factor::zeros(cols, rank);
        let chunk = rows.div_ceil(MOST).max(1).next_multiple_of(CHUNK);
        let sums = vec![T::ZERO; rows.div_ceil(chunk) * onto.padded_rows().len()];
        Projection { chunk, sums, onto }
    }

    pub(crate) fn compute(&mut self, b: &Dense<'_, T>, factor: &Factor<T>) {
        let (stride, chunk, length) = (factor.stride(), self.chunk, self.onto.padded_rows().len());
        if length == 0 {
            return;
        }
        for_blocks(Lines(&mut self.sums, length), 1, 0, &|at, sums: Lines<'_, T>| {
            let rows = at * chunk..b.rows().min((at + 1) * chunk);
            let panel = &factor.padded_rows()[rows.start * stride..rows.end * stride];
            sums.0.fill(T::ZERO);
            cross_transposed_add(&b.block(rows, &mut []), panel, stride, sums.0);
        });
        let total = self.onto.padded_rows_mut();
        total.fill(T::ZERO);
        for sums in self.sums.chunks_exact(length) {
            total.iter_mut().zip(sums).for_each(|(t, &s)| *t += s);
        }
    }

    /// What the rows of the other side meet.
    pub(crate) fn met(&self) -> &Factor<T> {
        &self.onto
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    #[test]
    fn is_the_product_over_all_rows() {
        let mut next = numbers(5);
        for (rows, cols, rank) in [(1, 1, 1), (95, 7, 3), (5000, 13, 6)] {
            let mut random = |cols| {
                let values: Vec<f64> = (0..rows * cols).map(|_| next() - 0.4).collect();
                Factor::from_row_major(rows, cols, &values).unwrap()
            };
            let (b, f) = (random(cols), random(rank));
            let mut projection = Projection::new(rows, cols, rank);
            for _ in 0..2 {
                projection.compute(&Dense::lines(b.padded_rows(), rows, cols, b.stride()), &f);
            }
            for j in 0..cols {
                for c in 0..rank {
                    let want: f64 = (0..rows).map(|i| b.row(i)[j] * f.row(i)[c]).sum();
                    assert!((projection.met().row(j)[c] - want).abs() < 1e-10 * rows as f64);
                }
            }
        }
    }
}
