//! Canonical form: indices ascending, no duplicates, no stored zeros.

use super::compressed::Compressed;
use super::stored::{Stored, survives_single};
use crate::scalar::Scalar;

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

impl<T: Scalar> Compressed<T> {
    /// Sorts every line, adds up duplicates, drops zeros; in place, and free where nothing needs doing.
    pub(super) fn put_in_order(&mut self) -> Canonical {
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
}
