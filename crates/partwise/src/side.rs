//! One factor while it is being fitted: the point the updates start from, what the other side needs of it, and what is
//! kept so that a step can be taken back.

use crate::evaluate::transpose_into;
use crate::factor::Factor;
use crate::kernels::gram::{ColumnSum, GramSum};
use crate::kernels::kl_newton::PARTS;
use crate::kernels::ratio::Other;
use crate::par::{Split, cut};
use crate::penalty::Elastic;
use crate::scalar::Scalar;

/// Per row: loss, penalty.
pub(crate) const TERMS: usize = 2;

/// What the other side needs of a factor besides its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    pub(crate) gram: bool,
    pub(crate) sums: bool,
    pub(crate) columns: bool,
}

/// One factor with all that belongs to it.
pub(crate) struct Side<T> {
    /// The point: the other side sees it, and updates start from it.
    pub(crate) factor: Factor<T>,
    /// The last iterate before it was extrapolated.
    pub(crate) previous: Option<Factor<T>>,
    /// The last accepted point.
    pub(crate) backup: Option<Factor<T>>,
    /// A row of memory per row, for rules that want it.
    pub(crate) state: Vec<T>,
    pub(crate) penalty: Elastic,
    pub(crate) terms: Vec<f64>,
    wants: Wants,
    gram_sum: GramSum,
    /// `FᵀF`, in `f64` and in the precision of the run.
    pub(crate) gram: Vec<f64>,
    pub(crate) gram_t: Vec<T>,
    column_sum: ColumnSum,
    /// Column sums, likewise.
    pub(crate) sums: Vec<f64>,
    pub(crate) sums_t: Vec<T>,
    /// The transpose, `(rank, columns_stride)`.
    pub(crate) columns: Vec<T>,
    pub(crate) columns_stride: usize,
}

impl<T: Scalar> Side<T> {
    pub(crate) fn new(factor: Factor<T>, penalty: Elastic, wants: Wants, has_state: bool) -> Side<T> {
        let (rows, stride) = (factor.rows(), factor.stride());
        let columns_stride = if wants.columns { rows.next_multiple_of(PARTS) } else { 0 };
        Side {
            state: if has_state { vec![T::ZERO; rows * stride] } else { Vec::new() },
            terms: vec![0.0; rows * TERMS],
            gram_sum: GramSum::new::<T>(rows, stride),
            gram: vec![0.0; stride * stride],
            gram_t: vec![T::ZERO; stride * stride],
            column_sum: ColumnSum::new(rows, stride),
            sums: vec![0.0; stride],
            sums_t: vec![T::ZERO; stride],
            columns: vec![T::ZERO; factor.rank() * columns_stride],
            columns_stride,
            previous: None,
            backup: None,
            penalty,
            wants,
            factor,
        }
    }

    /// Brings what the other side needs up to date with the point.
    pub(crate) fn prepare(&mut self) {
        if self.wants.gram {
            self.gram_sum.compute(&self.factor, &mut self.gram);
            for (to, &from) in self.gram_t.iter_mut().zip(&self.gram) {
                *to = T::from_f64(from);
            }
        }
        if self.wants.sums {
            self.column_sum.compute(&self.factor, &mut self.sums);
            for (to, &from) in self.sums_t.iter_mut().zip(&self.sums) {
                *to = T::from_f64(from);
            }
        }
        transpose_into(&self.factor, &mut self.columns, self.columns_stride);
    }

    /// Both layouts of its rows, for the sums of a divergence.
    pub(crate) fn panel(&self) -> Other<'_, T> {
        Other {
            rows: self.factor.padded_rows(),
            stride: self.factor.stride(),
            rank: self.factor.rank(),
            columns: &self.columns,
            columns_stride: self.columns_stride,
        }
    }

    /// The parts of its rows that an update writes.
    pub(crate) fn rows_mut(&mut self) -> RowsMut<'_, T> {
        let stride = self.factor.stride();
        RowsMut {
            stride,
            factor: self.factor.padded_rows_mut(),
            previous: self.previous.as_mut().map_or(&mut [], |f| f.padded_rows_mut()),
            backup: self.backup.as_mut().map_or(&mut [], |f| f.padded_rows_mut()),
            state: &mut self.state,
            terms: &mut self.terms,
            sums: &mut [],
            chunk: usize::MAX,
            per_chunk: 0,
        }
    }
}

/// Consecutive rows of a side while they are updated; a part that the run does not use is empty.
pub(crate) struct RowsMut<'a, T> {
    pub(crate) stride: usize,
    pub(crate) factor: &'a mut [T],
    pub(crate) previous: &'a mut [T],
    pub(crate) backup: &'a mut [T],
    pub(crate) state: &'a mut [T],
    pub(crate) terms: &'a mut [f64],
    /// One sum of `per_chunk` numbers for every `chunk` rows.
    pub(crate) sums: &'a mut [T],
    pub(crate) chunk: usize,
    pub(crate) per_chunk: usize,
}

impl<T: Scalar> Split for RowsMut<'_, T> {
    fn rows(&self) -> usize {
        self.factor.len() / self.stride
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let at = rows * self.stride;
        let (factor, previous) = (cut(self.factor, at), cut(self.previous, at));
        let (backup, state) = (cut(self.backup, at), cut(self.state, at));
        let terms = cut(self.terms, rows * TERMS);
        let sums = cut(self.sums, rows / self.chunk * self.per_chunk);
        let RowsMut { stride, chunk, per_chunk, .. } = self;
        (
            RowsMut {
                factor: factor.0,
                previous: previous.0,
                backup: backup.0,
                state: state.0,
                terms: terms.0,
                sums: sums.0,
                stride,
                chunk,
                per_chunk,
            },
            RowsMut {
                factor: factor.1,
                previous: previous.1,
                backup: backup.1,
                state: state.1,
                terms: terms.1,
                sums: sums.1,
                stride,
                chunk,
                per_chunk,
            },
        )
    }
}
