//! The Gram matrix `FᵀF` of a factor, accumulated in `f64`, and `F G` for a k x k matrix G.

use super::products::{cross, cross_transposed_add};
use super::{DenseRows, Order, Rows};
use crate::factor::Factor;
use crate::scalar::Scalar;
use rayon::prelude::*;

/// Rows whose products are added up in one go; partial sums are added in this order at any number of threads.
const CHUNK: usize = 2048;
/// At most so many partial sums are kept.
const MOST_CHUNKS: usize = 64;
/// Rows converted to `f64` at a time.
const CONVERT: usize = 64;

/// Sums up Gram matrices of factors with a given number of rows, in buffers of its own.
pub(crate) struct GramSum {
    chunk: usize,
    stride: usize,
    /// Per chunk: the partial sum `(stride, stride)`, then room for `CONVERT` rows in `f64`.
    partials: Vec<f64>,
}

impl GramSum {
    pub(crate) fn new<T: Scalar>(rows: usize, stride: usize) -> GramSum {
        let chunk = CHUNK.max(rows.div_ceil(MOST_CHUNKS));
        let chunks = rows.div_ceil(chunk).max(1);
        let convert = if T::LANES == f64::LANES { 0 } else { CONVERT * stride };
        GramSum { chunk, stride, partials: vec![0.0; chunks * (stride * stride + convert)] }
    }

    /// `out = FᵀF`, `(stride, stride)`, symmetric to the bit.
    pub(crate) fn compute<T: Scalar>(&mut self, factor: &Factor<T>, out: &mut [f64]) {
        let stride = self.stride;
        let square = stride * stride;
        let per_chunk = self.partials.len() / factor.rows().div_ceil(self.chunk).max(1);
        self.partials
            .par_chunks_exact_mut(per_chunk)
            .zip(factor.padded_rows().par_chunks(self.chunk * stride))
            .for_each(|(partial, rows)| {
                let (sum, convert) = partial.split_at_mut(square);
                sum.fill(0.0);
                T::as_f64_chunks(rows, convert, &mut |rows| {
                    let block = DenseRows {
                        data: rows,
                        rows: rows.len() / stride,
                        cols: stride,
                        order: Order::RowMajor(stride),
                    };
                    cross_transposed_add(&block, rows, stride, sum);
                });
            });
        out.fill(0.0);
        for partial in self.partials.chunks_exact(per_chunk).take(factor.rows().div_ceil(self.chunk)) {
            for (o, &p) in out.iter_mut().zip(partial) {
                *o += p;
            }
        }
    }
}

/// `out = F G` for rows of F, with a padded k x k matrix G.
pub(crate) fn times_square<T: Scalar>(rows: &[T], g: &[T], stride: usize, out: &mut [T]) {
    let block =
        DenseRows { data: rows, rows: rows.len() / stride, cols: stride, order: Order::RowMajor(stride) };
    cross(&Rows::Dense(block), g, stride, out);
}

/// Sums up the columns of factors, in the same chunks as [`GramSum`].
pub(crate) struct ColumnSum {
    chunk: usize,
    stride: usize,
    partials: Vec<f64>,
}

impl ColumnSum {
    pub(crate) fn new(rows: usize, stride: usize) -> ColumnSum {
        let chunk = CHUNK.max(rows.div_ceil(MOST_CHUNKS));
        ColumnSum { chunk, stride, partials: vec![0.0; rows.div_ceil(chunk).max(1) * stride] }
    }

    /// `out[c] = sum over rows of F_ic`.
    pub(crate) fn compute<T: Scalar>(&mut self, factor: &Factor<T>, out: &mut [f64]) {
        let stride = self.stride;
        self.partials.fill(0.0);
        let chunks = factor.padded_rows().par_chunks(self.chunk * stride);
        self.partials.par_chunks_exact_mut(stride).zip(chunks).for_each(|(sum, rows)| {
            for row in rows.chunks_exact(stride) {
                for (s, &x) in sum.iter_mut().zip(row) {
                    *s += x.to_f64();
                }
            }
        });
        out.fill(0.0);
        for partial in self.partials.chunks_exact(stride) {
            for (o, &p) in out.iter_mut().zip(partial) {
                *o += p;
            }
        }
    }
}

/// `f(from) + ... + f(to - 1)` as a balanced tree over pieces of fixed length.
pub(crate) fn tree_sum(from: usize, to: usize, f: &impl Fn(usize) -> f64) -> f64 {
    const PIECE: usize = 128;
    if to - from <= PIECE {
        return (from..to).map(f).sum();
    }
    let middle = from + ((to - from) / 2).next_multiple_of(PIECE);
    tree_sum(from, middle, f) + tree_sum(middle, to, f)
}

/// `<A, B>` of two k x k matrices, row by row.
pub(crate) fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gram_is_the_definition_in_both_precisions() {
        for rows in [1, 5, 2049, 5000] {
            let values: Vec<f32> = (0..rows * 3).map(|i| ((i * 37 + 11) % 101) as f32 / 101.0).collect();
            let single = Factor::from_row_major(rows, 3, &values).unwrap();
            let double: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
            let double = Factor::from_row_major(rows, 3, &double).unwrap();
            let (mut g8, mut g4) = (vec![0.0; 64], vec![0.0; 16]);
            GramSum::new::<f32>(rows, 8).compute(&single, &mut g8);
            GramSum::new::<f64>(rows, 4).compute(&double, &mut g4);
            for a in 0..3 {
                for b in 0..3 {
                    let want: f64 = (0..rows).map(|i| double.row(i)[a] * double.row(i)[b]).sum();
                    assert!((g4[a * 4 + b] - want).abs() <= 1e-13 * want);
                    assert_eq!(g8[a * 8 + b], g4[a * 4 + b], "f64 accumulation in single precision");
                    assert_eq!(g4[a * 4 + b], g4[b * 4 + a]);
                }
            }
        }
    }
}
