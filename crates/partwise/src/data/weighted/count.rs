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

impl<T: Scalar> Weighted<'_, T> {
    /// Counts, without visiting zeros one by one where their weights are known together.
    pub(crate) fn count(&self) -> Count {
        let view = WeightedView::of(self, false);
        let mut room: RowRoom<T> = RowRoom::for_views(&[&view]);
        let (rows, cols) = (self.rows(), self.cols());
        let weight_of = |j: usize| view.shared().flatten().map_or(1.0, |c| c[j].to_f64());
        let (all_weight, all_count) = match view.shared() {
            Some(_) => (
                Sum::of((0..cols).map(weight_of)).value(),
                (0..cols).filter(|&j| weight_of(j) > 0.0).count() as u64,
            ),
            None => (0.0, 0),
        };
        let mut weight = Sum::default();
        let mut observed = 0;
        let mut seen = vec![0u64; cols];
        let (mut whole_rows, mut unseen_rows) = (0u64, Lines::default());
        let mut lacks = vec![0u64; cols];
        for i in 0..rows {
            let entries = view.row(i, &mut room);
            let count = match entries.rest {
                Some(rest) if rest.row > T::ZERO => {
                    let mut gone = Sum::default();
                    let mut count = all_count;
                    view.for_each_lacking(rest, |j| {
                        let c = weight_of(j);
                        gone.add(c);
                        lacks[j] += 1;
                        count -= u64::from(c > 0.0);
                    });
                    whole_rows += 1;
                    weight.add(rest.row.to_f64() * (all_weight - gone.value()));
                    count
                }
                Some(_) => 0,
                None => {
                    for (&j, &v) in entries.at.iter().zip(entries.v) {
                        seen[j as usize] += 1;
                        weight.add(v.to_f64());
                    }
                    entries.at.len() as u64
                }
            };
            observed += count;
            if count == 0 {
                unseen_rows.add(i);
            }
        }
        let mut unseen_cols = Lines::default();
        for j in 0..cols {
            let from_whole = if weight_of(j) > 0.0 { whole_rows - lacks[j] } else { 0 };
            if seen[j] + from_whole == 0 {
                unseen_cols.add(j);
            }
        }
        Count { observed, weight: weight.value(), unseen_rows, unseen_cols }
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
