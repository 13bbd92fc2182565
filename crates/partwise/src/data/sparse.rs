//! Sparse X: compressed rows, compressed columns, or both.

use super::facts::scale_up;
use crate::error::{Error, Result, SparseFault};
use crate::kernels::{SparseRows, ValuesRef};
use crate::scalar::Scalar;
use std::ops::Range;
use std::sync::OnceLock;

/// Stored values: as they are, or in single precision where that loses nothing (counts, for example), which halves
/// their memory without changing a bit of any result.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored<T> {
    /// In the precision of the computation.
    Full(Vec<T>),
    /// In single precision, exact.
    Single(Vec<f32>),
}

impl<T: Scalar> From<Vec<T>> for Stored<T> {
    /// Keeps the values in single precision if all of them survive it exactly.
    fn from(values: Vec<T>) -> Stored<T> {
        if T::LANES != f64::LANES || values.iter().any(|&x| !survives_single(x.to_f64())) {
            return Stored::Full(values);
        }
        Stored::Single(values.iter().map(|&x| x.to_f64() as f32).collect())
    }
}

/// Whether `x` is the same in single precision.
pub fn survives_single(x: f64) -> bool {
    f64::from(x as f32) == x
}

impl<T: Scalar> Stored<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Stored::Full(v) => v.len(),
            Stored::Single(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, i: usize) -> T {
        self.as_ref().get(i)
    }

    fn set(&mut self, i: usize, x: T) {
        match self {
            Stored::Full(v) => v[i] = x,
            Stored::Single(v) => v[i] = x.to_f64() as f32,
        }
    }

    fn truncate(&mut self, len: usize) {
        match self {
            Stored::Full(v) => v.truncate(len),
            Stored::Single(v) => v.truncate(len),
        }
    }

    fn as_ref(&self) -> ValuesRef<'_, T> {
        match self {
            Stored::Full(v) => ValuesRef::Full(v),
            Stored::Single(v) => ValuesRef::Single(v),
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Stored::Full(v) => std::mem::size_of_val(v.as_slice()) as u64,
            Stored::Single(v) => std::mem::size_of_val(v.as_slice()) as u64,
        }
    }
}

/// What was put in order when a sparse matrix was made canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Canonical {
    /// Entries given more than once; their values were added up.
    pub duplicates: usize,
    /// Stored zeros; they were dropped.
    pub stored_zeros: usize,
    /// Rows (or columns) whose indices were not in ascending order.
    pub unsorted: usize,
}

/// A sparse matrix in canonical form: indices ascending, no duplicates, no stored zeros. It is kept by rows, by
/// columns, or both; the other form is made once, when it is first needed.
#[derive(Debug, Clone)]
pub struct Sparse<T: Scalar> {
    rows: usize,
    cols: usize,
    by_row: OnceLock<Compressed<T>>,
    by_col: OnceLock<Compressed<T>>,
    canonical: Canonical,
}

/// One of the two forms: `starts[i]..starts[i + 1]` are the stored entries of line i.
#[derive(Debug, Clone)]
pub(crate) struct Compressed<T> {
    width: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Stored<T>,
}

impl<T: Scalar> Sparse<T> {
    /// From compressed rows (CSR): entry `e` of row `i`, for `e` in `starts[i]..starts[i + 1]`, is in column
    /// `columns[e]`. Columns may be unsorted and repeated (repeated entries are added up), zeros may be stored.
    ///
    /// # Errors
    /// [`Error::SparseStructure`] if the arrays contradict each other or the shape.
    pub fn from_csr(
        rows: usize,
        cols: usize,
        starts: Vec<usize>,
        columns: Vec<u32>,
        values: impl Into<Stored<T>>,
    ) -> Result<Sparse<T>> {
        let (form, canonical) = Compressed::new(rows, cols, starts, columns, values.into())?;
        Ok(Sparse { rows, cols, by_row: OnceLock::from(form), by_col: OnceLock::new(), canonical })
    }

    /// From compressed columns (CSC); see [`Sparse::from_csr`] with rows and columns exchanged.
    ///
    /// # Errors
    /// [`Error::SparseStructure`] if the arrays contradict each other or the shape.
    pub fn from_csc(
        rows: usize,
        cols: usize,
        starts: Vec<usize>,
        row_indices: Vec<u32>,
        values: impl Into<Stored<T>>,
    ) -> Result<Sparse<T>> {
        Ok(Sparse::from_csr(cols, rows, starts, row_indices, values)?.transposed())
    }

    /// From triplets (COO) in any order; repeated ones are added up.
    ///
    /// # Errors
    /// [`Error::SparseStructure`] if the arrays differ in length or an index is outside the shape.
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
        let (form, canonical) = Compressed::new(rows, cols, starts, columns, sorted)?;
        Ok(Sparse { rows, cols, by_row: OnceLock::from(form), by_col: OnceLock::new(), canonical })
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
        self.any().0.indices.len()
    }

    /// What was put in order on the way in.
    pub fn canonical(&self) -> Canonical {
        self.canonical
    }

    /// The bytes that the forms at hand take.
    pub fn bytes(&self) -> u64 {
        [self.by_row.get(), self.by_col.get()].into_iter().flatten().map(Compressed::bytes).sum()
    }

    /// The bytes that one form takes.
    pub fn form_bytes(&self) -> u64 {
        self.any().0.bytes()
    }

    /// The transpose, without moving a number.
    pub fn transposed(self) -> Sparse<T> {
        Sparse {
            rows: self.cols,
            cols: self.rows,
            by_row: self.by_col,
            by_col: self.by_row,
            canonical: self.canonical,
        }
    }

    /// Calls `f(row, column, value)` for every stored entry, by rows or by columns, whichever is at hand.
    pub fn for_each(&self, mut f: impl FnMut(usize, usize, T)) {
        let (form, by_rows) = self.any();
        for line in 0..form.lines() {
            for e in form.starts[line]..form.starts[line + 1] {
                let other = form.indices[e] as usize;
                let (i, j) = if by_rows { (line, other) } else { (other, line) };
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

    /// The form at hand, and whether it is by rows.
    fn any(&self) -> (&Compressed<T>, bool) {
        match (self.by_row.get(), self.by_col.get()) {
            (Some(form), _) => (form, true),
            (None, Some(form)) => (form, false),
            (None, None) => unreachable!("a sparse matrix is made with one form and never loses it"),
        }
    }

    pub(crate) fn by_row(&self) -> &Compressed<T> {
        self.by_row.get_or_init(|| self.any().0.flipped())
    }

    pub(crate) fn by_col(&self) -> &Compressed<T> {
        self.by_col.get_or_init(|| self.any().0.flipped())
    }

    /// The matrix times `2^e`, in one form.
    pub(crate) fn scaled(&self, e: i32) -> Sparse<T> {
        let (form, by_rows) = self.any();
        let values =
            (0..form.values.len()).map(|at| T::from_f64(scale_up(form.values.get(at).to_f64(), e))).collect();
        let form = Compressed {
            width: form.width,
            starts: form.starts.clone(),
            indices: form.indices.clone(),
            values: Stored::Full(values),
        };
        let (by_row, by_col) = if by_rows {
            (OnceLock::from(form), OnceLock::new())
        } else {
            (OnceLock::new(), OnceLock::from(form))
        };
        Sparse { rows: self.rows, cols: self.cols, by_row, by_col, canonical: self.canonical }
    }
}

impl<T: Scalar> Compressed<T> {
    fn new(
        lines: usize,
        width: usize,
        starts: Vec<usize>,
        indices: Vec<u32>,
        values: Stored<T>,
    ) -> Result<(Compressed<T>, Canonical)> {
        check_size(lines)?;
        check_size(width)?;
        check_pair(indices.len(), values.len())?;
        let fault = |fault| Err(Error::SparseStructure(fault));
        if starts.len() != lines + 1 {
            return fault(SparseFault::PointerLength { expected: lines + 1, got: starts.len() });
        }
        if starts[0] != 0 {
            return fault(SparseFault::PointerStart(starts[0].to_string()));
        }
        if let Some(at) = starts.windows(2).position(|w| w[1] < w[0]) {
            return fault(SparseFault::PointerDecreases { at });
        }
        if starts[lines] != indices.len() {
            return fault(SparseFault::PointerEnd { end: starts[lines].to_string(), stored: indices.len() });
        }
        check_indices(&indices, width)?;
        let mut form = Compressed { width, starts, indices, values };
        let canonical = form.put_in_order();
        Ok((form, canonical))
    }

    /// Sorts every line, adds up duplicates, drops zeros; in place, and free where nothing needs doing.
    fn put_in_order(&mut self) -> Canonical {
        let mut canonical = Canonical::default();
        let mut line_entries: Vec<(u32, T)> = Vec::new();
        let mut kept = 0;
        let mut start = 0;
        for line in 0..self.lines() {
            let end = self.starts[line + 1];
            let indices = &self.indices[start..end];
            let sorted = indices.windows(2).all(|w| w[0] < w[1]);
            let first = kept;
            if sorted {
                for e in start..end {
                    let (index, x) = (self.indices[e], self.values.get(e));
                    if x == T::ZERO {
                        canonical.stored_zeros += 1;
                        continue;
                    }
                    if kept != e {
                        self.indices[kept] = index;
                        self.values.set(kept, x);
                    }
                    kept += 1;
                }
            } else {
                canonical.unsorted += usize::from(indices.windows(2).any(|w| w[0] > w[1]));
                line_entries.clear();
                line_entries.extend((start..end).map(|e| (self.indices[e], self.values.get(e))));
                // Stable: duplicates are added in the order they were given in.
                line_entries.sort_by_key(|&(index, _)| index);
                let mut rest = line_entries.as_slice();
                while let Some(&(index, _)) = rest.first() {
                    let same = rest.iter().take_while(|&&(other, _)| other == index).count();
                    let (group, after) = rest.split_at(same);
                    rest = after;
                    canonical.duplicates += same - 1;
                    let x: T = group.iter().map(|&(_, x)| x).sum();
                    if x == T::ZERO {
                        canonical.stored_zeros += 1;
                        continue;
                    }
                    if !survives_single(x.to_f64()) {
                        self.widen();
                    }
                    self.indices[kept] = index;
                    self.values.set(kept, x);
                    kept += 1;
                }
            }
            start = end;
            self.starts[line] = first;
        }
        let lines = self.lines();
        self.starts[lines] = kept;
        self.indices.truncate(kept);
        self.values.truncate(kept);
        canonical
    }

    /// A sum of duplicates need not fit into single precision.
    fn widen(&mut self) {
        if let Stored::Single(v) = &self.values {
            self.values = Stored::Full(v.iter().map(|&x| T::from(x)).collect());
        }
    }

    pub(crate) fn lines(&self) -> usize {
        self.starts.len() - 1
    }

    fn bytes(&self) -> u64 {
        let (starts, indices) = (self.starts.as_slice(), self.indices.as_slice());
        (std::mem::size_of_val(starts) + std::mem::size_of_val(indices)) as u64 + self.values.bytes()
    }

    /// The other form, by counting; its lines come out sorted.
    fn flipped(&self) -> Compressed<T> {
        let mut starts = vec![0usize; self.width + 1];
        for &j in &self.indices {
            starts[j as usize + 1] += 1;
        }
        for j in 0..self.width {
            starts[j + 1] += starts[j];
        }
        let mut next = starts.clone();
        let mut indices = vec![0u32; self.indices.len()];
        let values = match &self.values {
            Stored::Full(v) => Stored::Full(self.flip_values(v, &mut next, &mut indices)),
            Stored::Single(v) => Stored::Single(self.flip_values(v, &mut next, &mut indices)),
        };
        Compressed { width: self.lines(), starts, indices, values }
    }

    fn flip_values<V: Copy + Default>(
        &self,
        values: &[V],
        next: &mut [usize],
        indices: &mut [u32],
    ) -> Vec<V> {
        let mut out = vec![V::default(); values.len()];
        for line in 0..self.lines() {
            for e in self.starts[line]..self.starts[line + 1] {
                let to = &mut next[self.indices[e] as usize];
                indices[*to] = line as u32;
                out[*to] = values[e];
                *to += 1;
            }
        }
        out
    }

    pub(crate) fn block(&self, range: Range<usize>) -> SparseRows<'_, T> {
        SparseRows {
            cols: self.width,
            starts: &self.starts[range.start..=range.end],
            columns: &self.indices,
            values: self.values.as_ref(),
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Stored entries in the fullest line.
    pub(crate) fn fullest_line(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
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

fn check_size(size: usize) -> Result<()> {
    if size > u32::MAX as usize {
        return Err(Error::SparseStructure(SparseFault::TooLarge { size }));
    }
    Ok(())
}

fn check_pair(indices: usize, values: usize) -> Result<()> {
    if indices != values {
        return Err(Error::SparseStructure(SparseFault::LengthMismatch { indices, values }));
    }
    Ok(())
}

fn check_indices(indices: &[u32], size: usize) -> Result<()> {
    match indices.iter().position(|&j| j as usize >= size) {
        None => Ok(()),
        Some(at) => {
            let index = indices[at].to_string();
            Err(Error::SparseStructure(SparseFault::IndexOutOfRange { at, index, size }))
        }
    }
}

/// Row pointers of any integer width, checked into `usize`.
///
/// # Errors
/// [`Error::SparseStructure`] for a negative or too large pointer.
pub fn pointers<I: Copy + TryInto<usize> + std::fmt::Display>(given: &[I]) -> Result<Vec<usize>> {
    let mut out = Vec::with_capacity(given.len());
    for (at, &p) in given.iter().enumerate() {
        match p.try_into() {
            Ok(p) => out.push(p),
            Err(_) if at == 0 => {
                return Err(Error::SparseStructure(SparseFault::PointerStart(p.to_string())));
            }
            Err(_) => return Err(Error::SparseStructure(SparseFault::PointerDecreases { at: at - 1 })),
        }
    }
    Ok(out)
}

/// Column indices of any integer width, checked against the number of columns.
///
/// # Errors
/// [`Error::SparseStructure`] for an index outside `0..size`.
pub fn indices<I: Copy + TryInto<u32> + std::fmt::Display>(given: &[I], size: usize) -> Result<Vec<u32>> {
    let mut out = Vec::with_capacity(given.len());
    for (at, &j) in given.iter().enumerate() {
        match j.try_into() {
            Ok(j) if (j as usize) < size => out.push(j),
            _ => {
                let index = j.to_string();
                return Err(Error::SparseStructure(SparseFault::IndexOutOfRange { at, index, size }));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(x: &Sparse<f64>) -> Vec<(usize, usize, f64)> {
        let mut out = Vec::new();
        x.for_each_row(|i, columns, values| {
            out.extend(columns.iter().zip(values).map(|(&j, x)| (i, j as usize, x)));
        });
        out
    }

    #[test]
    fn every_way_in_gives_the_same_matrix() {
        let want = vec![(0, 1, 2.0), (0, 2, 3.5), (2, 0, 1.0), (2, 1, 7.0)];
        let csr =
            Sparse::from_csr(3, 3, vec![0, 2, 2, 4], vec![1, 2, 0, 1], vec![2.0, 3.5, 1.0, 7.0]).unwrap();
        assert_eq!(entries(&csr), want);
        assert_eq!(csr.canonical(), Canonical::default());
        let messy = Sparse::from_csr(
            3,
            3,
            vec![0, 4, 5, 7],
            vec![2, 1, 2, 0, 1, 1, 0],
            vec![3.0, 2.0, 0.5, 0.0, 0.0, 7.0, 1.0],
        )
        .unwrap();
        assert_eq!(entries(&messy), want);
        assert_eq!(messy.canonical(), Canonical { duplicates: 1, stored_zeros: 2, unsorted: 2 });
        let csc =
            Sparse::from_csc(3, 3, vec![0, 1, 3, 4], vec![2, 0, 2, 0], vec![1.0, 2.0, 7.0, 3.5]).unwrap();
        assert_eq!(entries(&csc), want);
        let coo = Sparse::from_coo(3, 3, &[2, 0, 0, 2, 0], &[1, 2, 1, 0, 1], vec![7.0, 3.5, 1.0, 1.0, 1.0])
            .unwrap();
        assert_eq!(entries(&coo), want);
        assert_eq!(entries(&coo.transposed().transposed()), want);
        assert_eq!(coo_bytes(&csr), 4 * 4 + 4 * 4 + 4 * 8);
    }

    fn coo_bytes(x: &Sparse<f64>) -> u64 {
        x.form_bytes()
    }

    #[test]
    fn sums_of_duplicates_keep_their_digits() {
        // 2^24 + 1 does not fit into single precision, its two terms do.
        let x = Sparse::from_coo(1, 1, &[0, 0], &[0, 0], vec![16_777_216.0, 1.0]).unwrap();
        assert_eq!(entries(&x), [(0, 0, 16_777_217.0)]);
    }

    #[test]
    fn contradictions_are_named() {
        let bad = |starts: Vec<usize>, columns: Vec<u32>, values: Vec<f64>| match Sparse::from_csr(
            2, 3, starts, columns, values,
        ) {
            Err(Error::SparseStructure(fault)) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(bad(vec![0, 1], vec![0], vec![1.0]), SparseFault::PointerLength { expected: 3, got: 2 });
        assert_eq!(bad(vec![1, 1, 1], vec![0], vec![1.0]), SparseFault::PointerStart("1".into()));
        assert_eq!(bad(vec![0, 2, 1], vec![0], vec![1.0]), SparseFault::PointerDecreases { at: 1 });
        assert_eq!(
            bad(vec![0, 1, 2], vec![0], vec![1.0]),
            SparseFault::PointerEnd { end: "2".into(), stored: 1 }
        );
        assert_eq!(
            bad(vec![0, 0, 1], vec![0, 1], vec![1.0]),
            SparseFault::LengthMismatch { indices: 2, values: 1 }
        );
        assert_eq!(
            bad(vec![0, 1, 1], vec![3], vec![1.0]),
            SparseFault::IndexOutOfRange { at: 0, index: "3".into(), size: 3 }
        );
        assert!(pointers(&[0i64, -1]).is_err());
        assert!(indices(&[-1i32], 3).is_err());
        assert_eq!(indices(&[2u64, 0], 3).unwrap(), [2, 0]);
    }
}
