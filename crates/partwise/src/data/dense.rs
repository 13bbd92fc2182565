//! Dense X: any strides, borrowed or owned.

use crate::error::{Error, Result};
use crate::kernels::{DenseRows, Order};
use crate::scalar::Scalar;
use std::borrow::Cow;
use std::ops::Range;

/// A dense matrix, as a view of somebody's memory or with memory of its own. Entry `(i, j)` is
/// `data[offset + i * row_stride + j * col_stride]`.
#[derive(Debug, Clone)]
pub struct Dense<'a, T: Scalar> {
    data: Cow<'a, [T]>,
    rows: usize,
    cols: usize,
    offset: usize,
    row_stride: isize,
    col_stride: isize,
}

impl<'a, T: Scalar> Dense<'a, T> {
    /// Takes `(rows, cols)` in row-major (C) order.
    ///
    /// # Errors
    /// [`Error::Shape`] if the length is not `rows * cols`.
    pub fn from_vec(rows: usize, cols: usize, values: Vec<T>) -> Result<Dense<'static, T>> {
        check_len(rows, cols, values.len())?;
        Ok(Dense::packed(Cow::Owned(values), rows, cols))
    }

    /// Entry `(i, j)` is `f(i, j)`.
    ///
    /// ```
    /// let x = partwise::Dense::from_fn(2, 3, |i, j| (10 * i + j) as f64);
    /// assert_eq!((x.rows(), x.cols(), x.get(1, 2)), (2, 3, 12.0));
    /// ```
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> T) -> Dense<'static, T> {
        let mut values = Vec::with_capacity(rows.saturating_mul(cols));
        for i in 0..rows {
            values.extend((0..cols).map(|j| f(i, j)));
        }
        Dense::packed(Cow::Owned(values), rows, cols)
    }

    /// Takes `(rows, cols)` in column-major (Fortran) order.
    ///
    /// # Errors
    /// [`Error::Shape`] if the length is not `rows * cols`.
    pub fn from_vec_col_major(rows: usize, cols: usize, values: Vec<T>) -> Result<Dense<'static, T>> {
        Ok(Dense::from_vec(cols, rows, values)?.transposed())
    }

    /// Views `(rows, cols)` in row-major (C) order, without a copy.
    ///
    /// # Errors
    /// [`Error::Shape`] if the length is not `rows * cols`.
    pub fn from_slice(rows: usize, cols: usize, values: &'a [T]) -> Result<Dense<'a, T>> {
        check_len(rows, cols, values.len())?;
        Ok(Dense::packed(Cow::Borrowed(values), rows, cols))
    }

    /// Row-major memory of exactly these entries.
    fn packed(data: Cow<'a, [T]>, rows: usize, cols: usize) -> Dense<'a, T> {
        Dense { data, rows, cols, offset: 0, row_stride: cols as isize, col_stride: 1 }
    }

    /// Views rows of `cols` numbers that begin `ld` apart.
    pub(crate) fn lines(values: &'a [T], rows: usize, cols: usize, ld: usize) -> Dense<'a, T> {
        Dense { row_stride: ld as isize, ..Dense::packed(Cow::Borrowed(values), rows, cols) }
    }

    /// Views entries at `values[offset + i * row_stride + j * col_stride]`, without a copy. Strides may be negative.
    ///
    /// # Errors
    /// [`Error::Shape`] if an entry would lie outside `values`.
    pub fn from_strided(
        values: &'a [T],
        offset: usize,
        shape: (usize, usize),
        strides: (isize, isize),
    ) -> Result<Dense<'a, T>> {
        let (rows, cols) = shape;
        let (row_stride, col_stride) = strides;
        let outside = || Error::Shape {
            what: "a strided view",
            expected: format!("all entries within {} values", values.len()),
            got: format!("offset {offset}, shape ({rows}, {cols}), strides ({row_stride}, {col_stride})"),
        };
        if rows > 0 && cols > 0 {
            let reach = |n: usize, stride: isize| isize::try_from(n - 1).ok()?.checked_mul(stride);
            let (a, b) = (reach(rows, row_stride), reach(cols, col_stride));
            let (a, b) = (a.ok_or_else(outside)?, b.ok_or_else(outside)?);
            let start = isize::try_from(offset).map_err(|_| outside())?;
            let low =
                start.checked_add(a.min(0)).and_then(|x| x.checked_add(b.min(0))).ok_or_else(outside)?;
            let high =
                start.checked_add(a.max(0)).and_then(|x| x.checked_add(b.max(0))).ok_or_else(outside)?;
            // Strides of 0 show a few values as often as one likes, but not more often than can be counted.
            let countable = rows.checked_mul(cols).is_some_and(|all| isize::try_from(all).is_ok());
            if low < 0 || high as usize >= values.len() || !countable {
                return Err(outside());
            }
        }
        Ok(Dense { data: Cow::Borrowed(values), rows, cols, offset, row_stride, col_stride })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Entry `(i, j)`; panics outside the shape, as slices do.
    pub fn get(&self, i: usize, j: usize) -> T {
        assert!(i < self.rows && j < self.cols, "({i}, {j}) is outside ({}, {})", self.rows, self.cols);
        self.data[self.at(i, j)]
    }

    /// The transpose, without moving a number.
    pub fn transposed(self) -> Dense<'a, T> {
        Dense {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// A view of the same memory.
    pub fn view(&self) -> Dense<'_, T> {
        Dense { data: Cow::Borrowed(&self.data), ..*self }
    }

    /// A copy in memory of its own.
    pub fn owned(&self) -> Dense<'static, T> {
        Dense::from_fn(self.rows, self.cols, |i, j| self.data[self.at(i, j)])
    }

    /// The bytes of its entries.
    pub fn bytes(&self) -> u64 {
        (self.rows as u64).saturating_mul(self.cols as u64).saturating_mul(size_of::<T>() as u64)
    }

    fn at(&self, i: usize, j: usize) -> usize {
        (self.offset as isize + i as isize * self.row_stride + j as isize * self.col_stride) as usize
    }

    /// How kernels can read it in place, if they can.
    pub(crate) fn order(&self) -> Option<Order> {
        let along = |inner: isize, inner_len: usize, outer: isize, outer_len: usize| {
            ((inner == 1 || inner_len <= 1) && (outer >= 0 || outer_len <= 1)).then(|| outer.max(0) as usize)
        };
        if let Some(ld) = along(self.col_stride, self.cols, self.row_stride, self.rows) {
            return Some(Order::RowMajor(ld));
        }
        along(self.row_stride, self.rows, self.col_stride, self.cols).map(Order::ColMajor)
    }

    /// Rows `range`, in place where the memory allows it, else copied into `scratch`.
    pub(crate) fn block<'b>(&'b self, range: Range<usize>, scratch: &'b mut [T]) -> DenseRows<'b, T> {
        let (rows, cols) = (range.len(), self.cols);
        match self.order() {
            Some(Order::RowMajor(ld)) => DenseRows {
                data: &self.data[self.offset + range.start * ld..],
                rows,
                cols,
                order: Order::RowMajor(ld),
            },
            Some(Order::ColMajor(ld)) => DenseRows {
                data: &self.data[self.offset + range.start..],
                rows,
                cols,
                order: Order::ColMajor(ld),
            },
            None => {
                for (r, i) in range.enumerate() {
                    for j in 0..cols {
                        scratch[r * cols + j] = self.data[self.at(i, j)];
                    }
                }
                DenseRows { data: scratch, rows, cols, order: Order::RowMajor(cols) }
            }
        }
    }

    /// The matrix with other values for its entries, in memory of its own.
    pub(crate) fn mapped(&self, f: impl Fn(T) -> T) -> Dense<'static, T> {
        Dense::from_fn(self.rows, self.cols, |i, j| f(self.data[self.at(i, j)]))
    }

    /// Calls `f` with every row's entries in order; copies a row only where it is not contiguous.
    pub(crate) fn for_each_row(&self, mut f: impl FnMut(usize, &[T])) {
        let mut row = Vec::new();
        // Rows without entries may be as many as there are numbers.
        let rows = if self.cols == 0 { 0 } else { self.rows };
        for i in 0..rows {
            if self.col_stride == 1 || self.cols <= 1 {
                let at = self.at(i, 0);
                f(i, &self.data[at..][..self.cols]);
            } else {
                row.clear();
                row.extend((0..self.cols).map(|j| self.data[self.at(i, j)]));
                f(i, &row);
            }
        }
    }
}

fn check_len(rows: usize, cols: usize, got: usize) -> Result<()> {
    if rows.checked_mul(cols) == Some(got) {
        return Ok(());
    }
    Err(Error::Shape {
        what: "a dense matrix",
        expected: format!("({rows}, {cols}), {} numbers", rows.saturating_mul(cols)),
        got: format!("{got} numbers"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_reach_the_right_entries_and_never_outside() {
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let c = Dense::from_slice(3, 4, &values).unwrap();
        assert_eq!(c.get(2, 1), 9.0);
        assert_eq!(c.order(), Some(Order::RowMajor(4)));
        let t = c.view().transposed();
        assert_eq!((t.rows(), t.cols(), t.get(1, 2)), (4, 3, 9.0));
        assert_eq!(t.order(), Some(Order::ColMajor(4)));
        // Every second column, rows from the last to the first.
        let odd = Dense::from_strided(&values, 8, (3, 2), (-4, 2)).unwrap();
        assert_eq!((odd.get(0, 1), odd.get(2, 0)), (10.0, 0.0));
        assert_eq!(odd.order(), None);
        let mut scratch = [0.0; 4];
        assert_eq!(odd.block(1..3, &mut scratch).data, [4.0, 6.0, 0.0, 2.0]);
        assert!(Dense::from_strided(&values, 8, (3, 2), (4, 2)).is_err());
        assert!(Dense::from_strided(&values, 0, (3, 2), (-4, 2)).is_err());
        assert!(Dense::from_strided(&values, 0, (usize::MAX, 2), (1, 1)).is_err());
        assert!(Dense::from_strided(&values, 0, (1 << 40, 1 << 40), (0, 0)).is_err());
        assert!(Dense::<f64>::from_vec(usize::MAX, 2, vec![]).is_err());
    }
}
