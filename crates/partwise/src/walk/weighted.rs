//! What a row of weighted X has of its own: a Gram matrix, column sums, the two sums of a divergence.
//!
//! Where a row says what it lacks, these are what all rows of its group share less that, while at least `SAFE` of every
//! component is left: beyond, digits would cancel, and they are summed up entry by entry.

use crate::data::view::View;
use crate::data::weighted::{RowEntries, RowRoom, WeightedView};
use crate::group_sums::SAFE;
use crate::kernels::ratio::Ratio;
use crate::kernels::weighted::{Gathered, Shared, add_gram, add_rows, ratio_sums};
use crate::scalar::Scalar;

/// Scratch memory for one row.
pub(crate) struct RowWork<T> {
    pub(crate) room: RowRoom<T>,
    gathered: Gathered<T>,
    /// The row's Gram matrix, and that with penalties, and its negative entries with their sign turned.
    pub(crate) gram: Vec<T>,
    pub(crate) problem: Vec<T>,
    pub(crate) minus: Vec<T>,
    sums: Vec<T>,
    pub(crate) cross: Vec<T>,
}

impl<T: Scalar> RowWork<T> {
    pub(crate) fn new<X: Scalar>(views: [&View<'_, X>; 2], stride: usize) -> RowWork<T> {
        let [View::Weighted(a), View::Weighted(b)] = views else {
            let none = Vec::new;
            let (room, gathered) = (RowRoom::default(), Gathered::none());
            return RowWork {
                room,
                gathered,
                gram: none(),
                problem: none(),
                minus: none(),
                sums: none(),
                cross: none(),
            };
        };
        let zeros = |n: usize| vec![T::ZERO; n];
        RowWork {
            room: RowRoom::for_views(&[a, b]),
            gathered: Gathered::new(stride),
            gram: zeros(stride * stride),
            problem: zeros(stride * stride),
            minus: zeros(stride * stride),
            sums: zeros(stride),
            cross: zeros(stride),
        }
    }

    /// The Gram matrix and the cross product of row i.
    pub(crate) fn quadratic_row<X: Scalar>(
        &mut self,
        view: &WeightedView<'_, '_, X>,
        i: usize,
        other: &Shared<'_, T>,
    ) {
        let h = other.rows;
        let (gram, cross) = (&mut self.gram, &mut self.cross);
        cross.fill(T::ZERO);
        let entries = view.row(i, &mut self.room);
        add_rows(entries.at, |e| entries.vx[e], h, cross);
        if let Some(rest) = entries.rest {
            let weight = weights_of_lacks(view, rest.row);
            let shared = of_group(rest.group, other.gram, other.kept_grams);
            gram.iter_mut().zip(shared).for_each(|(to, &g)| *to = rest.row * g);
            add_gram(rest.lacks, |e| -weight(rest.lacks[e]), h, &mut self.gathered, gram);
            let stride = h.stride;
            let left = |c: usize| gram[c * stride + c].to_f64();
            let whole = |c: usize| (rest.row * shared[c * stride + c]).to_f64();
            if rest.lacks.is_empty() || (0..h.rank).all(|c| left(c) >= SAFE * whole(c)) {
                return;
            }
        }
        let entries = view.every_entry(i, &mut self.room);
        gram.fill(T::ZERO);
        add_gram(entries.at, |e| entries.v[e], h, &mut self.gathered, gram);
    }

    /// The entries of row i, those that are not zero at least, and the column sums of the other factor for it.
    pub(crate) fn kl_row<X: Scalar>(
        &mut self,
        view: &WeightedView<'_, '_, X>,
        i: usize,
        other: &Shared<'_, T>,
    ) -> (RowEntries<'_, T>, &[T]) {
        let h = other.rows;
        let sums = &mut self.sums;
        let mut safe = false;
        if let Some(rest) = view.row(i, &mut self.room).rest {
            let weight = weights_of_lacks(view, rest.row);
            let shared = of_group(rest.group, other.sums, other.kept_sums);
            sums.iter_mut().zip(shared).for_each(|(to, &s)| *to = rest.row * s);
            add_rows(rest.lacks, |e| -weight(rest.lacks[e]), h, sums);
            let whole = |c: usize| (rest.row * shared[c]).to_f64();
            safe = rest.lacks.is_empty() || (0..h.rank).all(|c| sums[c].to_f64() >= SAFE * whole(c));
        }
        if !safe {
            let entries = view.every_entry(i, &mut self.room);
            sums.fill(T::ZERO);
            add_rows(entries.at, |e| entries.v[e], h, sums);
        }
        (self.room.entries(None), sums)
    }

    /// Both sums of row i, and its loss.
    pub(crate) fn ratio_row<X: Scalar>(
        &mut self,
        ratio: &Ratio<T>,
        view: &WeightedView<'_, '_, X>,
        i: usize,
        w: &[T],
        other: &Shared<'_, T>,
        numer: &mut [T],
        denom: &mut [T],
    ) -> f64 {
        let h = other.rows;
        if ratio.shares_denominator() {
            self.kl_row(view, i, other);
        } else {
            view.every_entry(i, &mut self.room);
        }
        let entries = self.room.entries(None);
        let list = (entries.at, entries.x, entries.v);
        let loss = ratio_sums(ratio, list, w, h, &mut self.gathered, numer, denom);
        if ratio.shares_denominator() {
            denom.copy_from_slice(&self.sums);
            return loss + super::rows::dot(&w[..h.rank], &self.sums[..h.rank]);
        }
        loss
    }
}

/// What the rows of a group share: what the group keeps, or all of it where there are no groups.
fn of_group<'s, T>(group: Option<usize>, all: &'s [T], kept: &'s [T]) -> &'s [T] {
    group.map_or(all, |group| &kept[group * all.len()..][..all.len()])
}

/// The weight that an entry would have which the row, of this weight, lacks.
fn weights_of_lacks<'v, X: Scalar, T: Scalar>(
    view: &WeightedView<'v, '_, X>,
    row: T,
) -> impl Fn(u32) -> T + use<'v, X, T> {
    let columns: Option<&'v [X]> = view.shared().flatten();
    move |j| columns.map_or(row, |c| row * T::from_f64(c[j as usize].to_f64()))
}
