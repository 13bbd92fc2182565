//! The only hot loops over data, and the only place where instruction sets are known.
//!
//! Every kernel works on a block of rows and writes only what belongs to those rows, and each output element is a chain
//! of additions in a fixed order. So no result depends on how rows are cut into blocks or spread over threads.

mod across;
pub(crate) mod curvature;
pub(crate) mod dense;
pub(crate) mod elementary;
pub(crate) mod gram;
pub(crate) mod isa;
pub(crate) mod kl_newton;
pub(crate) mod lanes;
mod outer;
pub(crate) mod products;
pub(crate) mod ratio;
pub(crate) mod small;
pub(crate) mod sparse;
pub(crate) mod vector;
pub(crate) mod weighted;

use crate::scalar::Scalar;

/// Rows of X (or of its transpose) as kernels meet them.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a, T> {
    Dense(DenseRows<'a, T>),
    Sparse(SparseRows<'a, T>),
}

impl<T: Scalar> Rows<'_, T> {
    pub(crate) fn rows(&self) -> usize {
        match self {
            Rows::Dense(x) => x.rows,
            Rows::Sparse(x) => x.rows(),
        }
    }
}

/// A dense block whose entries are contiguous along rows or along columns.
#[derive(Clone, Copy)]
pub(crate) struct DenseRows<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) order: Order,
}

impl<T: Scalar> DenseRows<'_, T> {
    /// How far the block after this one is, if there is one and it is where rows go on.
    pub(crate) fn rows_ahead(&self) -> usize {
        match self.order {
            Order::RowMajor(ld) => self.rows * ld,
            Order::ColMajor(_) => self.rows,
        }
    }

    /// Copies a row, wherever its entries are.
    pub(crate) fn copy_row(&self, i: usize, to: &mut [T]) {
        match self.order {
            Order::RowMajor(ld) => to.copy_from_slice(&self.data[i * ld..][..self.cols]),
            Order::ColMajor(ld) => {
                for (j, to) in to.iter_mut().enumerate() {
                    *to = self.data[j * ld + i];
                }
            }
        }
    }
}

impl DenseRows<'_, f32> {
    /// The block in `f64`, row-major, in `room`.
    pub(crate) fn widened<'a>(&self, room: &'a mut [f64]) -> DenseRows<'a, f64> {
        for i in 0..self.rows {
            for j in 0..self.cols {
                let at = match self.order {
                    Order::RowMajor(ld) => i * ld + j,
                    Order::ColMajor(ld) => j * ld + i,
                };
                room[i * self.cols + j] = f64::from(self.data[at]);
            }
        }
        DenseRows { data: room, rows: self.rows, cols: self.cols, order: Order::RowMajor(self.cols) }
    }
}

/// Along which axis a dense block is contiguous, with the distance between neighbours along the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    RowMajor(usize),
    ColMajor(usize),
}

/// A block of compressed rows. `starts` has one entry more than there are rows and points into the two other arrays.
#[derive(Clone, Copy)]
pub(crate) struct SparseRows<'a, T> {
    pub(crate) cols: usize,
    pub(crate) starts: &'a [usize],
    pub(crate) columns: &'a [u32],
    pub(crate) values: ValuesRef<'a, T>,
}

impl<T: Scalar> SparseRows<'_, T> {
    /// No rows.
    pub(crate) const EMPTY: SparseRows<'static, T> =
        SparseRows { cols: 0, starts: &[], columns: &[], values: ValuesRef::Full(&[]) };

    pub(crate) fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

/// Stored values: as they are, or in single precision where that loses nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValuesRef<'a, T> {
    Full(&'a [T]),
    Single(&'a [f32]),
}

impl<T: Scalar> ValuesRef<'_, T> {
    pub(crate) fn get(&self, i: usize) -> T {
        match self {
            ValuesRef::Full(v) => v[i],
            ValuesRef::Single(v) => T::from(v[i]),
        }
    }
}
