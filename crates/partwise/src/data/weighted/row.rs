//! A row of weighted X: the entries that count, with their weights.
//!
//! Where weights are products of a row's and a column's, and few entries are missing, what rows share can be computed once:
//! a row then says which entries it *lacks*. Rules use that while it loses no digits, and else see every entry that counts.

use super::{Form, GroupedSide, Weighted};
use crate::kernels::{SparseRows, ValuesRef};
use crate::scalar::Scalar;

/// Weighted X from either side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WeightedView<'x, 'a, T: Scalar> {
    of: &'x Weighted<'a, T>,
    transposed: bool,
}

/// Room for the entries of one row.
#[derive(Debug, Default)]
pub(crate) struct RowRoom<T> {
    at: Vec<u32>,
    x: Vec<T>,
    v: Vec<T>,
    vx: Vec<T>,
    lacks: Vec<u32>,
}

/// Entries of a row: columns, values, weights, and the products of the last two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowEntries<'r, T> {
    pub(crate) at: &'r [u32],
    pub(crate) x: &'r [T],
    pub(crate) v: &'r [T],
    pub(crate) vx: &'r [T],
    /// If there is one, entries that are not listed have x = 0 and count with the weight of the row times that of their
    /// column; but for those that the row lacks.
    pub(crate) rest: Option<Rest<'r, T>>,
}

impl<'r, T: Scalar> RowEntries<'r, T> {
    /// The products of values and weights as a row of a sparse block; `starts` is 0 and the number of entries.
    pub(crate) fn as_sparse(&self, starts: &'r [usize; 2], cols: usize) -> SparseRows<'r, T> {
        SparseRows { cols, starts, columns: self.at, values: ValuesRef::Full(self.vx) }
    }
}

/// See [`RowEntries::rest`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest<'r, T> {
    pub(crate) row: T,
    /// Columns, one by one ...
    pub(crate) lacks: &'r [u32],
    /// ... and those that all rows of this group lack, if there are groups.
    pub(crate) group: Option<usize>,
}

impl<T: Scalar> RowRoom<T> {
    pub(crate) fn for_views<X: Scalar>(views: &[&WeightedView<'_, '_, X>]) -> RowRoom<T> {
        let most = views.iter().map(|view| view.fullest()).max().unwrap_or(0);
        let room = || Vec::with_capacity(most);
        RowRoom {
            at: Vec::with_capacity(most),
            x: room(),
            v: room(),
            vx: room(),
            lacks: Vec::with_capacity(most),
        }
    }

    fn clear(&mut self) {
        self.at.clear();
        self.lacks.clear();
        for values in [&mut self.x, &mut self.v, &mut self.vx] {
            values.clear();
        }
    }

    fn push(&mut self, j: usize, x: T, v: T) {
        self.at.push(j as u32);
        self.x.push(x);
        self.v.push(v);
        self.vx.push(x * v);
    }

    /// What was put here last.
    pub(crate) fn entries(&self, rest: Option<(T, Option<usize>)>) -> RowEntries<'_, T> {
        RowEntries {
            at: &self.at,
            x: &self.x,
            v: &self.v,
            vx: &self.vx,
            rest: rest.map(|(row, group)| Rest { row, lacks: &self.lacks, group }),
        }
    }
}

impl<'x, 'a, T: Scalar> WeightedView<'x, 'a, T> {
    pub(crate) fn of(of: &'x Weighted<'a, T>, transposed: bool) -> Self {
        WeightedView { of, transposed }
    }

    pub(crate) fn rows(&self) -> usize {
        if self.transposed { self.of.cols() } else { self.of.rows() }
    }

    pub(crate) fn cols(&self) -> usize {
        if self.transposed { self.of.rows() } else { self.of.cols() }
    }

    /// Most entries that a row can have.
    pub(crate) fn fullest(&self) -> usize {
        match &self.of.form {
            Form::Listed(x) if self.transposed => x.by_col().fullest(),
            Form::Listed(x) => x.by_row().fullest(),
            _ => self.cols(),
        }
    }

    /// Whether rows share weights of columns: `None` if they do not, else those (`Some(None)` for ones).
    pub(crate) fn shared(&self) -> Option<Option<&'x [T]>> {
        let cols = if self.transposed { &self.of.rows } else { &self.of.cols };
        match &self.of.form {
            Form::Dense { entries: None, .. } | Form::Sparse { entries: None, .. } => Some(cols.as_deref()),
            _ => None,
        }
    }

    /// The groups of a mask that has some, with the rows of this view as its rows.
    pub(crate) fn grouped(&self) -> Option<GroupedSide<'x>> {
        self.of.grouped.as_ref().map(|grouped| grouped.side(self.transposed != self.of.turned))
    }

    /// Row `r`, by what it lacks if that is less than half of it; in the precision of the room.
    pub(crate) fn row<'r, U: Scalar>(&self, r: usize, room: &'r mut RowRoom<U>) -> RowEntries<'r, U> {
        if self.shared().is_some() {
            let row = self.fill(r, room, false);
            let group = self.grouped().map(|side| side.group(r));
            // What is lacking one by one costs as much as what is there; what a group lacks costs nothing.
            if 2 * room.lacks.len() < self.cols() {
                return room.entries(Some((row, group)));
            }
        }
        self.every_entry(r, room)
    }

    /// Row `r` with every entry that counts.
    pub(crate) fn every_entry<'r, U: Scalar>(&self, r: usize, room: &'r mut RowRoom<U>) -> RowEntries<'r, U> {
        self.fill(r, room, true);
        room.entries(None)
    }

    /// Writes the entries of row `r`, zeros among them if they are wanted, and what it lacks; returns its weight.
    fn fill<U: Scalar>(&self, r: usize, room: &mut RowRoom<U>, zeros: bool) -> U {
        room.clear();
        let of = self.of;
        let place = |c: usize| if self.transposed { (c, r) } else { (r, c) };
        let mut see = |c: usize, x: T, entry: T| {
            let (i, j) = place(c);
            let held = of.holds_out(i, j);
            if held || (of.nan && x.is_nan()) {
                // What all rows of a group lack is known.
                if !(held && of.grouped.is_some()) {
                    room.lacks.push(c as u32);
                }
                return;
            }
            let v = of.weight(i, j, entry);
            if v > 0.0 && (zeros || x != T::ZERO) {
                room.push(c, U::from_f64(x.to_f64()), U::from_f64(v));
            }
        };
        match &of.form {
            Form::Listed(x) => {
                let lines = if self.transposed { x.by_col() } else { x.by_row() };
                for e in lines.line(r) {
                    let entry = lines.v.as_ref().map_or(T::ONE, |v| v[e]);
                    see(lines.at[e] as usize, lines.x[e], entry);
                }
            }
            // What the mask keeps, for it is quick to go through; what else is lacking is not asked for.
            Form::Dense { x, entries } if zeros && of.hold_out.is_some() => {
                of.for_each_kept(r, self.transposed, self.cols(), |c| {
                    let (i, j) = place(c);
                    let (value, v) =
                        (x.get(i, j), of.weight(i, j, entries.as_ref().map_or(T::ONE, |v| v.get(i, j))));
                    if v > 0.0 && !(of.nan && value.is_nan()) {
                        room.push(c, U::from_f64(value.to_f64()), U::from_f64(v));
                    }
                });
            }
            Form::Sparse { x, entries } if zeros && of.hold_out.is_some() => {
                let (columns, values) = if self.transposed { x.by_col().line(r) } else { x.by_row().line(r) };
                let mut next = 0;
                of.for_each_kept(r, self.transposed, self.cols(), |c| {
                    while columns.get(next).is_some_and(|&stored| (stored as usize) < c) {
                        next += 1;
                    }
                    let stored = columns.get(next) == Some(&(c as u32));
                    let (i, j) = place(c);
                    let value = if stored { values.get(next) } else { T::ZERO };
                    let v = of.weight(i, j, entries.as_ref().map_or(T::ONE, |v| v.get(i, j)));
                    if v > 0.0 && !(of.nan && value.is_nan()) {
                        room.push(c, U::from_f64(value.to_f64()), U::from_f64(v));
                    }
                });
            }
            Form::Dense { x, entries } => {
                for c in 0..self.cols() {
                    let (i, j) = place(c);
                    see(c, x.get(i, j), entries.as_ref().map_or(T::ONE, |v| v.get(i, j)));
                }
            }
            // Stored entries, and a mask that is quick to go through.
            Form::Sparse { x, entries: None } if !zeros && !of.nan => {
                let (columns, values) = if self.transposed { x.by_col().line(r) } else { x.by_row().line(r) };
                if of.grouped.is_none() {
                    of.for_each_held_out(r, self.transposed, self.cols(), |c| room.lacks.push(c as u32));
                }
                for (e, &c) in columns.iter().enumerate() {
                    let (i, j) = place(c as usize);
                    let (value, v) = (values.get(e), of.weight(i, j, T::ONE));
                    if v > 0.0 && value != T::ZERO && !of.holds_out(i, j) {
                        room.push(c as usize, U::from_f64(value.to_f64()), U::from_f64(v));
                    }
                }
            }
            Form::Sparse { x, entries: None } if !zeros && of.hold_out.is_none() => {
                let (columns, values) = if self.transposed { x.by_col().line(r) } else { x.by_row().line(r) };
                for (e, &c) in columns.iter().enumerate() {
                    see(c as usize, values.get(e), T::ONE);
                }
            }
            Form::Sparse { x, entries } => {
                let (columns, values) = if self.transposed { x.by_col().line(r) } else { x.by_row().line(r) };
                let mut next = 0;
                for c in 0..self.cols() {
                    let stored = columns.get(next) == Some(&(c as u32));
                    let value = if stored { values.get(next) } else { T::ZERO };
                    next += usize::from(stored);
                    let (i, j) = place(c);
                    see(c, value, entries.as_ref().map_or(T::ONE, |v| v.get(i, j)));
                }
            }
        }
        let own = if self.transposed { &of.cols } else { &of.rows };
        let row = own.as_ref().map_or(1.0, |v| v[r].to_f64());
        U::from_f64(row)
    }
}
