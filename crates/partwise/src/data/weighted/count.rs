//! How many entries of weighted X count, and for how much in all.

use super::{RowRoom, Weighted, WeightedView};
use crate::data::facts::Lines;
use crate::data::sum::Sum;
use crate::scalar::Scalar;

/// What is known of the weights alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Count {
    /// Entries of positive weight.
    pub(crate) observed: u64,
    /// The sum of all weights.
    pub(crate) weight: f64,
    /// Rows and columns without an entry of positive weight.
    pub(crate) unseen_rows: Lines,
    pub(crate) unseen_cols: Lines,
}

/// The entries that count of one row or column.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct LineCount {
    pub(crate) entries: u64,
    /// The sum of their weights.
    pub(crate) weight: f64,
}

impl LineCount {
    fn add(&mut self, times: u64, weight: f64) {
        self.entries += times;
        self.weight += weight;
    }
}

impl<T: Scalar> Weighted<'_, T> {
    /// Counts, without visiting zeros one by one where their weights are known together.
    pub(crate) fn count(&self) -> Count {
        let [rows, cols] = self.line_counts();
        let mut weight = Sum::default();
        rows.iter().for_each(|row| weight.add(row.weight));
        let unseen = |lines: &[LineCount]| {
            let mut unseen = Lines::default();
            lines.iter().enumerate().filter(|(_, line)| line.entries == 0).for_each(|(at, _)| unseen.add(at));
            unseen
        };
        Count {
            observed: rows.iter().map(|row| row.entries).sum(),
            weight: weight.value(),
            unseen_rows: unseen(&rows),
            unseen_cols: unseen(&cols),
        }
    }

    /// The same of every row, and of every column.
    pub(crate) fn line_counts(&self) -> [Vec<LineCount>; 2] {
        let view = WeightedView::of(self, false);
        let mut room: RowRoom<T> = RowRoom::for_views(&[&view]);
        let (m, n) = (self.rows(), self.cols());
        let mut rows = vec![LineCount::default(); m];
        let mut cols = vec![LineCount::default(); n];
        let column: Vec<f64> = match view.shared() {
            Some(weights) => (0..n).map(|j| weights.map_or(1.0, |c| c[j].to_f64())).collect(),
            None => Vec::new(),
        };
        // Columns that count, and their weights, together.
        let of_columns = |columns: &mut dyn Iterator<Item = usize>| {
            let (mut entries, mut weight) = (0, Sum::default());
            for j in columns {
                entries += u64::from(column[j] > 0.0);
                weight.add(column[j]);
            }
            LineCount { entries, weight: weight.value() }
        };
        let all = of_columns(&mut (0..column.len()));
        let groups = view.grouped().filter(|_| view.shared().is_some());
        let lacking: Vec<LineCount> = groups.map_or(Vec::new(), |side| {
            let of_group = |p| side.lacks(p).flat_map(|q| &side.columns()[q]).map(|&j| j as usize);
            (0..side.groups()).map(|p| of_columns(&mut of_group(p))).collect()
        });
        // Of rows that say what they lack: how many, and their weights; in all, by group, and by column that is lacking.
        let mut with_rest = LineCount::default();
        let mut of_groups = vec![LineCount::default(); lacking.len()];
        let mut gone = vec![LineCount::default(); column.len()];
        for (i, row) in rows.iter_mut().enumerate() {
            let entries = view.row(i, &mut room);
            match entries.rest {
                Some(rest) if rest.row > T::ZERO => {
                    let own = rest.row.to_f64();
                    let single = of_columns(&mut rest.lacks.iter().map(|&j| j as usize));
                    let group = rest.group.map_or(LineCount::default(), |p| lacking[p]);
                    row.entries = all.entries - group.entries - single.entries;
                    row.weight = own * (all.weight - group.weight - single.weight);
                    with_rest.add(1, own);
                    rest.group.into_iter().for_each(|p| of_groups[p].add(1, own));
                    rest.lacks.iter().for_each(|&j| gone[j as usize].add(1, own));
                }
                Some(_) => {}
                None => {
                    for (&j, &v) in entries.at.iter().zip(entries.v) {
                        cols[j as usize].add(1, v.to_f64());
                        row.add(1, v.to_f64());
                    }
                }
            }
        }
        if let Some(side) = groups {
            for (p, rows) in of_groups.iter().enumerate() {
                let columns = side.lacks(p).flat_map(|q| &side.columns()[q]);
                columns.for_each(|&j| gone[j as usize].add(rows.entries, rows.weight));
            }
        }
        for ((col, gone), &weight) in cols.iter_mut().zip(&gone).zip(&column) {
            if weight > 0.0 {
                col.add(with_rest.entries - gone.entries, weight * (with_rest.weight - gone.weight));
            }
        }
        // Nothing is left, but for rounding.
        for line in rows.iter_mut().chain(&mut cols).filter(|line| line.entries == 0) {
            line.weight = 0.0;
        }
        [rows, cols]
    }

    /// Calls `f(i, j, x, weight)` for the entries that count, row by row; for those that are zero as it suits.
    pub(crate) fn for_each_nonzero(&self, mut f: impl FnMut(usize, usize, T, T)) {
        let view = WeightedView::of(self, false);
        let mut room: RowRoom<T> = RowRoom::for_views(&[&view]);
        for i in 0..self.rows() {
            let entries = view.row(i, &mut room);
            for ((&j, &x), &v) in entries.at.iter().zip(entries.x).zip(entries.v) {
                f(i, j as usize, x, v);
            }
        }
    }
}
