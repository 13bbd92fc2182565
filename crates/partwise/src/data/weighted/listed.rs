//! X of which only listed entries count: ratings, an explicit sparse mask. Zeros among them are data like others.

use crate::data::Sparse;
use crate::error::{Error, Result, SparseFault};
use crate::scalar::Scalar;
use std::sync::{Arc, OnceLock};

/// Listed entries, by rows or by columns as they were given; the other order is made once, when it is first needed. A clone
/// shares both.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    pub(super) rows: usize,
    pub(super) cols: usize,
    by_rows: bool,
    orders: Arc<Orders<T>>,
}

/// The entries in one order or in both.
#[derive(Debug)]
struct Orders<T> {
    given: Lines<T>,
    other: OnceLock<Lines<T>>,
}

impl<T> Orders<T> {
    fn of(given: Lines<T>) -> Arc<Orders<T>> {
        Arc::new(Orders { given, other: OnceLock::new() })
    }
}

/// Entries of one order, line by line, in ascending order within each.
#[derive(Debug, Clone)]
pub(super) struct Lines<T> {
    width: usize,
    starts: Vec<usize>,
    pub(super) at: Vec<u32>,
    pub(super) x: Vec<T>,
    /// The weight of each entry; 1 where there are none.
    pub(super) v: Option<Vec<T>>,
}

impl<T: Scalar> Lines<T> {
    pub(super) fn line(&self, line: usize) -> std::ops::Range<usize> {
        self.starts[line]..self.starts[line + 1]
    }

    pub(super) fn lines(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn fullest(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }

    fn bytes(&self) -> u64 {
        let numbers = self.x.len() + self.v.as_ref().map_or(0, Vec::len);
        (self.starts.len() * 8 + self.at.len() * 4 + numbers * size_of::<T>()) as u64
    }

    fn flipped(&self) -> Lines<T> {
        let mut starts = vec![0usize; self.width + 1];
        for &j in &self.at {
            starts[j as usize + 1] += 1;
        }
        for j in 0..self.width {
            starts[j + 1] += starts[j];
        }
        let mut next = starts.clone();
        let mut at = vec![0u32; self.at.len()];
        let mut x = vec![T::ZERO; self.at.len()];
        let mut v = self.v.as_ref().map(|v| vec![T::ZERO; v.len()]);
        for line in 0..self.lines() {
            for e in self.line(line) {
                let to = &mut next[self.at[e] as usize];
                at[*to] = line as u32;
                x[*to] = self.x[e];
                if let (Some(to_v), Some(from)) = (&mut v, &self.v) {
                    to_v[*to] = from[e];
                }
                *to += 1;
            }
        }
        Lines { width: self.lines(), starts, at, x, v }
    }
}

impl<T: Scalar> Listed<T> {
    /// The entries `(i, j, x)` of a list in any order; none may be there twice.
    pub(super) fn from_coo(
        rows: usize,
        cols: usize,
        row_indices: &[u32],
        col_indices: &[u32],
        x: &[T],
    ) -> Result<Listed<T>> {
        let fault = |fault| Err(Error::SparseStructure(fault));
        for size in [rows, cols] {
            if size > u32::MAX as usize {
                return fault(SparseFault::TooLarge { size });
            }
        }
        for (indices, size) in [(row_indices, rows), (col_indices, cols)] {
            if indices.len() != x.len() {
                return fault(SparseFault::LengthMismatch { indices: indices.len(), values: x.len() });
            }
            if let Some(at) = indices.iter().position(|&i| i as usize >= size) {
                return fault(SparseFault::IndexOutOfRange { at, index: indices[at].to_string(), size });
            }
        }
        let mut order: Vec<usize> = (0..x.len()).collect();
        let key = |e: usize| (row_indices[e], col_indices[e]);
        order.sort_by_key(|&e| key(e));
        if let Some(pair) = order.windows(2).find(|pair| key(pair[0]) == key(pair[1])) {
            let (row, col) = key(pair[0]);
            return fault(SparseFault::Repeated { row: row as usize, col: col as usize });
        }
        let mut starts = vec![0usize; rows + 1];
        for &i in row_indices {
            starts[i as usize + 1] += 1;
        }
        for i in 0..rows {
            starts[i + 1] += starts[i];
        }
        let given = Lines {
            width: cols,
            starts,
            at: order.iter().map(|&e| col_indices[e]).collect(),
            x: order.iter().map(|&e| x[e]).collect(),
            v: None,
        };
        Ok(Listed { rows, cols, by_rows: true, orders: Orders::of(given) })
    }

    /// The stored entries of a sparse matrix.
    pub(super) fn stored(x: &Sparse<T>) -> Listed<T> {
        let (mut starts, mut at, mut values) = (vec![0], Vec::new(), Vec::new());
        x.for_each_row(|_, columns, row| {
            at.extend_from_slice(columns);
            values.extend(row);
            starts.push(at.len());
        });
        let given = Lines { width: x.cols(), starts, at, x: values, v: None };
        Listed { rows: x.rows(), cols: x.cols(), by_rows: true, orders: Orders::of(given) }
    }

    /// The same entries with other values; those that `value` has none for are left out.
    pub(super) fn map(self, mut value: impl FnMut(usize, usize, T, T) -> Option<(T, T)>) -> Listed<T> {
        let from = &self.orders.given;
        let mut to = Lines { width: from.width, starts: vec![0], at: Vec::new(), x: Vec::new(), v: None };
        let mut v = Vec::new();
        for line in 0..from.lines() {
            for e in from.line(line) {
                let other = from.at[e] as usize;
                let (i, j) = if self.by_rows { (line, other) } else { (other, line) };
                let weight = from.v.as_ref().map_or(T::ONE, |v| v[e]);
                if let Some((x, weight)) = value(i, j, from.x[e], weight) {
                    to.at.push(from.at[e]);
                    to.x.push(x);
                    v.push(weight);
                }
            }
            to.starts.push(to.at.len());
        }
        to.v = v.iter().any(|&v| v != T::ONE).then_some(v);
        Listed { orders: Orders::of(to), ..self }
    }

    pub(super) fn by_row(&self) -> &Lines<T> {
        if self.by_rows { &self.orders.given } else { self.flipped() }
    }

    pub(super) fn by_col(&self) -> &Lines<T> {
        if self.by_rows { self.flipped() } else { &self.orders.given }
    }

    fn flipped(&self) -> &Lines<T> {
        self.orders.other.get_or_init(|| self.orders.given.flipped())
    }

    /// Value and weight of an entry, if it is listed.
    pub(super) fn get(&self, i: usize, j: usize) -> Option<(T, T)> {
        let (line, other) = if self.by_rows { (i, j) } else { (j, i) };
        let range = self.orders.given.line(line);
        let e = range.start + self.orders.given.at[range].binary_search(&(other as u32)).ok()?;
        Some((self.orders.given.x[e], self.orders.given.v.as_ref().map_or(T::ONE, |v| v[e])))
    }

    pub(super) fn weights(&self) -> Option<&[T]> {
        self.orders.given.v.as_deref()
    }

    pub(super) fn len(&self) -> usize {
        self.orders.given.at.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.orders.given.bytes() + self.orders.other.get().map_or(0, Lines::bytes)
    }

    pub(super) fn transposed(self) -> Listed<T> {
        Listed { rows: self.cols, cols: self.rows, by_rows: !self.by_rows, ..self }
    }
}
