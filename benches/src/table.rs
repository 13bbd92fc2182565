//! A matrix in row-major order, and the forms that a fit takes it in.

use partwise::{Dense, Matrix, Result, Scalar, Sparse};

/// A matrix in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// `m`.
    pub rows: usize,
    /// `n`.
    pub cols: usize,
    /// `m * n` numbers, row by row.
    pub values: Vec<f64>,
}

impl Table {
    /// The matrix with entries `f(i, j)`, asked for row by row.
    pub fn new(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f64) -> Table {
        let values = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))).map(|(i, j)| f(i, j)).collect();
        Table { rows, cols, values }
    }

    /// Entry `(i, j)`.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.cols + j]
    }

    /// Every entry through `f`.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Table {
        Table { values: self.values.iter().map(|&x| f(x)).collect(), ..*self }
    }

    /// The first rows.
    pub fn head(&self, rows: usize) -> Table {
        Table::new(rows.min(self.rows), self.cols, |i, j| self.at(i, j))
    }

    /// With all entries, row by row.
    ///
    /// # Errors
    /// None in practice: the length is right.
    pub fn dense<T: Scalar>(&self) -> Result<Matrix<'static, T>> {
        Ok(Dense::from_vec(self.rows, self.cols, self.numbers())?.into())
    }

    /// With all entries, column by column.
    ///
    /// # Errors
    /// None in practice: the length is right.
    pub fn dense_by_column<T: Scalar>(&self) -> Result<Matrix<'static, T>> {
        let turned = Table::new(self.cols, self.rows, |j, i| self.at(i, j));
        Ok(Dense::from_vec_col_major(self.rows, self.cols, turned.numbers())?.into())
    }

    /// Without its zeros, from compressed rows.
    ///
    /// # Errors
    /// For more than `u32::MAX` rows or columns.
    pub fn sparse<T: Scalar>(&self) -> Result<Matrix<'static, T>> {
        let (starts, columns, values) = self.compressed();
        Ok(Sparse::from_csr(self.rows, self.cols, starts, columns, values)?.into())
    }

    /// Without its zeros, from compressed columns.
    ///
    /// # Errors
    /// For more than `u32::MAX` rows or columns.
    pub fn sparse_by_column<T: Scalar>(&self) -> Result<Matrix<'static, T>> {
        let turned = Table::new(self.cols, self.rows, |j, i| self.at(i, j));
        let (starts, rows, values) = turned.compressed();
        Ok(Sparse::from_csc(self.rows, self.cols, starts, rows, values)?.into())
    }

    fn numbers<T: Scalar>(&self) -> Vec<T> {
        self.values.iter().map(|&x| T::from_f64(x)).collect()
    }

    fn compressed<T: Scalar>(&self) -> (Vec<usize>, Vec<u32>, Vec<T>) {
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in self.values.chunks_exact(self.cols.max(1)) {
            for (j, &x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                columns.push(j as u32);
                values.push(T::from_f64(x));
            }
            starts.push(columns.len());
        }
        (starts, columns, values)
    }
}
