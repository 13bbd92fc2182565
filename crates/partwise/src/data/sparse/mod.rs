//! Sparse X: compressed rows, compressed columns, or both.

mod canonical;
mod check;
mod compressed;
mod stored;
#[cfg(test)]
mod tests;

pub use canonical::Canonical;
pub use check::{indices, pointers};
pub(crate) use compressed::Compressed;
pub use stored::{Stored, survives_single};

use crate::error::Result;
use crate::scalar::Scalar;
use check::{check_indices, check_pair, check_size};
use std::sync::{Arc, OnceLock};

/// A sparse matrix in canonical form: indices ascending, no duplicates, no stored zeros. It is kept as it was given, by
/// rows or by columns; the other form is made once, when it is first needed. A clone shares the entries, in both forms.
#[derive(Debug, Clone)]
pub struct Sparse<T: Scalar> {
    rows: usize,
    cols: usize,
    by_rows: bool,
    forms: Arc<Forms<T>>,
    canonical: Canonical,
}

/// The entries in one order or in both.
#[derive(Debug)]
struct Forms<T> {
    /// By rows if the matrix is `by_rows`, else by columns.
    given: Compressed<T>,
    other: OnceLock<Compressed<T>>,
}

impl<T> Forms<T> {
    fn of(given: Compressed<T>) -> Arc<Forms<T>> {
        Arc::new(Forms { given, other: OnceLock::new() })
    }
}

impl<T: Scalar> Sparse<T> {
    /// From compressed rows (CSR): entry `e` of row `i`, for `e` in `starts[i]..starts[i + 1]`, is in column
    /// `columns[e]`. Columns may be unsorted and repeated (repeated entries are added up, and their sum is what has to be
    /// non-negative), zeros may be stored.
    ///
    /// # Errors
    /// [`Error::SparseStructure`](crate::Error::SparseStructure) if the arrays contradict each other or the shape.
    pub fn from_csr(
        rows: usize,
        cols: usize,
        starts: Vec<usize>,
        columns: Vec<u32>,
        values: impl Into<Stored<T>>,
    ) -> Result<Sparse<T>> {
        let (given, canonical) = Compressed::new(rows, cols, starts, columns, values.into())?;
        Ok(Sparse { rows, cols, by_rows: true, forms: Forms::of(given), canonical })
    }

    /// From compressed columns (CSC); see [`Sparse::from_csr`] with rows and columns exchanged.
    ///
    /// # Errors
    /// [`Error::SparseStructure`](crate::Error::SparseStructure) if the arrays contradict each other or the shape.
    pub fn from_csc(
        rows: usize,
        cols: usize,
        starts: Vec<usize>,
        row_indices: Vec<u32>,
        values: impl Into<Stored<T>>,
    ) -> Result<Sparse<T>> {
        Ok(Sparse::from_csr(cols, rows, starts, row_indices, values)?.transposed())
    }

    /// From triplets (COO) in any order; repeated ones are added up, and their sum is what has to be non-negative.
    ///
    /// # Errors
    /// [`Error::SparseStructure`](crate::Error::SparseStructure) if the arrays differ in length or an index is outside the shape.
    pub fn from_coo(
        rows: usize,
        cols: usize,
        row_indices: &[u32],
        col_indices: &[u32],
        values: impl Into<Stored<T>>,
    ) -> Result<Sparse<T>> {
        let values = values.into();
        check_size(rows)?;
        for (indices, size) in [(row_indices, rows), (col_indices, cols)] {
            check_pair(indices.len(), values.len())?;
            check_indices(indices, size)?;
        }
        // Counting sort by row; entries of a row keep their order.
        let mut starts = vec![0usize; rows + 1];
        for &i in row_indices {
            starts[i as usize + 1] += 1;
        }
        for i in 0..rows {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut columns = vec![0u32; col_indices.len()];
        let sorted = match values {
            Stored::Full(values) => {
                Stored::Full(scatter(&values, row_indices, col_indices, &mut next, &mut columns))
            }
            Stored::Single(values) => {
                Stored::Single(scatter(&values, row_indices, col_indices, &mut next, &mut columns))
            }
        };
        Sparse::from_csr(rows, cols, starts, columns, sorted)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Stored entries; all are different from zero.
    pub fn stored(&self) -> usize {
        self.forms.given.indices.len()
    }

    /// What was put in order on the way in.
    pub fn canonical(&self) -> Canonical {
        self.canonical
    }

    /// The bytes that the forms at hand take.
    pub fn bytes(&self) -> u64 {
        self.forms.given.bytes() + self.forms.other.get().map_or(0, Compressed::bytes)
    }

    /// The bytes that one form takes.
    pub fn form_bytes(&self) -> u64 {
        self.forms.given.bytes()
    }

    /// The transpose, without moving a number.
    pub fn transposed(self) -> Sparse<T> {
        Sparse { rows: self.cols, cols: self.rows, by_rows: !self.by_rows, ..self }
    }

    /// Calls `f(row, column, value)` for every stored entry, by rows or by columns, as it was given.
    pub fn for_each(&self, mut f: impl FnMut(usize, usize, T)) {
        let form = &self.forms.given;
        for line in 0..form.lines() {
            for e in form.starts[line]..form.starts[line + 1] {
                let other = form.indices[e] as usize;
                let (i, j) = if self.by_rows { (line, other) } else { (other, line) };
                f(i, j, form.values.get(e));
            }
        }
    }

    /// Calls `f(row, columns, values)` for every row in order; makes the compressed rows if need be.
    pub fn for_each_row(&self, mut f: impl FnMut(usize, &[u32], &mut dyn Iterator<Item = T>)) {
        let form = self.by_row();
        for i in 0..self.rows {
            let range = form.starts[i]..form.starts[i + 1];
            f(i, &form.indices[range.clone()], &mut range.map(|e| form.values.get(e)));
        }
    }

    /// Entry `(i, j)`.
    pub(crate) fn get(&self, i: usize, j: usize) -> T {
        let (line, other) = if self.by_rows { (i, j) } else { (j, i) };
        let (indices, values) = self.forms.given.line(line);
        indices.binary_search(&(other as u32)).map_or(T::ZERO, |e| values.get(e))
    }

    pub(crate) fn by_row(&self) -> &Compressed<T> {
        if self.by_rows { &self.forms.given } else { self.flipped() }
    }

    pub(crate) fn by_col(&self) -> &Compressed<T> {
        if self.by_rows { self.flipped() } else { &self.forms.given }
    }

    fn flipped(&self) -> &Compressed<T> {
        self.forms.other.get_or_init(|| self.forms.given.flipped())
    }

    /// The matrix with other values for its entries, in one form; zeros among them stay where they are.
    pub(crate) fn mapped(&self, f: impl Fn(T) -> T) -> Sparse<T> {
        let form = &self.forms.given;
        let values = (0..form.values.len()).map(|at| f(form.values.get(at))).collect();
        let given = Compressed {
            width: form.width,
            starts: form.starts.clone(),
            indices: form.indices.clone(),
            values: Stored::Full(values),
        };
        Sparse { forms: Forms::of(given), ..*self }
    }
}

fn scatter<V: Copy + Default>(
    values: &[V],
    rows: &[u32],
    cols: &[u32],
    next: &mut [usize],
    columns: &mut [u32],
) -> Vec<V> {
    let mut out = vec![V::default(); values.len()];
    for ((&i, &j), &x) in rows.iter().zip(cols).zip(values) {
        let to = &mut next[i as usize];
        columns[*to] = j;
        out[*to] = x;
        *to += 1;
    }
    out
}
