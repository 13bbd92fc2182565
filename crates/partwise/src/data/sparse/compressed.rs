//! One compressed form: its lines (rows or columns), their blocks for the kernels, and the way to the other form.

use super::canonical::Canonical;
use super::check::{check_indices, check_pair, check_size};
use super::stored::Stored;
use crate::error::{Error, Result, SparseFault};
use crate::kernels::{SparseRows, ValuesRef};
use crate::scalar::Scalar;
use std::ops::Range;

/// One of the two forms: `starts[i]..starts[i + 1]` are the stored entries of line i.
#[derive(Debug, Clone)]
pub(crate) struct Compressed<T> {
    pub(super) width: usize,
    pub(super) starts: Vec<usize>,
    pub(super) indices: Vec<u32>,
    pub(super) values: Stored<T>,
}

impl<T: Scalar> Compressed<T> {
    pub(super) fn new(
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

    pub(crate) fn lines(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn bytes(&self) -> u64 {
        let (starts, indices) = (self.starts.as_slice(), self.indices.as_slice());
        (std::mem::size_of_val(starts) + std::mem::size_of_val(indices)) as u64 + self.values.bytes()
    }

    /// The other form, by counting; its lines come out sorted.
    pub(super) fn flipped(&self) -> Compressed<T> {
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

    /// Indices and values of one line.
    pub(crate) fn line(&self, line: usize) -> (&[u32], ValuesRef<'_, T>) {
        let range = self.starts[line]..self.starts[line + 1];
        let values = match self.values.as_ref() {
            ValuesRef::Full(v) => ValuesRef::Full(&v[range.clone()]),
            ValuesRef::Single(v) => ValuesRef::Single(&v[range.clone()]),
        };
        (&self.indices[range], values)
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Stored entries in the fullest line.
    pub(crate) fn fullest_line(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}
