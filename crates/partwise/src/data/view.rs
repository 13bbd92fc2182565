//! X as one side of the factorization sees it: with that side's rows as rows.

use super::Matrix;
use super::dense::Dense;
use super::sparse::Compressed;
use super::weighted::WeightedView;
use crate::kernels::{Order, Rows, SparseRows};
use crate::scalar::Scalar;
use std::ops::Range;

/// X or its transpose. Nothing is copied, but a sparse matrix gets its second index when this is first asked of it.
pub(crate) enum View<'x, T: Scalar> {
    Dense(Dense<'x, T>),
    Sparse(&'x Compressed<T>),
    Weighted(WeightedView<'x, 'x, T>),
}

impl<'x, T: Scalar> View<'x, T> {
    pub(crate) fn of(x: &'x Matrix<'_, T>, transposed: bool) -> View<'x, T> {
        match (x, transposed) {
            (Matrix::Dense(x), false) => View::Dense(x.view()),
            (Matrix::Dense(x), true) => View::Dense(x.view().transposed()),
            (Matrix::Sparse(x), false) => View::Sparse(x.by_row()),
            (Matrix::Sparse(x), true) => View::Sparse(x.by_col()),
            (Matrix::Weighted(x), transposed) => View::Weighted(WeightedView::of(x, transposed)),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        match self {
            View::Dense(x) => x.rows(),
            View::Sparse(x) => x.lines(),
            View::Weighted(x) => x.rows(),
        }
    }

    pub(crate) fn cols(&self) -> usize {
        match self {
            View::Dense(x) => x.cols(),
            View::Sparse(x) => x.width(),
            View::Weighted(x) => x.cols(),
        }
    }

    /// Dense, with the entries of a column next to each other.
    pub(crate) fn is_by_column(&self) -> bool {
        matches!(self, View::Dense(x) if matches!(x.order(), Some(Order::ColMajor(_))))
    }

    pub(crate) fn is_sparse(&self) -> bool {
        matches!(self, View::Sparse(_))
    }

    pub(crate) fn is_weighted(&self) -> bool {
        matches!(self, View::Weighted(_))
    }

    /// Most stored entries in a row.
    pub(crate) fn fullest_row(&self) -> usize {
        match self {
            View::Dense(x) => x.cols(),
            View::Sparse(x) => x.fullest_line(),
            View::Weighted(x) => x.fullest(),
        }
    }

    /// Numbers of scratch memory that [`View::block`] needs for blocks of `rows` rows.
    pub(crate) fn scratch(&self, rows: usize) -> usize {
        match self {
            View::Dense(x) if x.order().is_none() => rows * x.cols(),
            _ => 0,
        }
    }

    /// Rows `range`, of X without weights.
    pub(crate) fn block<'b>(&'b self, range: Range<usize>, scratch: &'b mut [T]) -> Rows<'b, T> {
        match self {
            View::Dense(x) => Rows::Dense(x.block(range, scratch)),
            View::Sparse(x) => Rows::Sparse(x.block(range)),
            // Rows with weights of their own go one by one: see `WeightedView::row`.
            View::Weighted(_) => Rows::Sparse(SparseRows::EMPTY),
        }
    }
}
