//! Half-steps of multiplicative updates: the rules that see the two sums of a divergence's gradient.

use super::rows::dot;
use super::{Walk, Work, note_penalty, push_rows};
use crate::data::view::View;
use crate::kernels::Rows;
use crate::kernels::ratio::{Other, Sums, block_sums};
use crate::par::{Split, for_blocks, is_over};
use crate::penalised::Penalised;
use crate::row_terms::{Bounds, RowShift};
use crate::rules::mu::{MuBeta, Within};
use crate::scalar::Scalar;
use crate::side::{RowsMut, Side, TERMS};
use std::time::Instant;

/// A half-step under way: what all its rows meet.
struct Step<'a, T: Scalar> {
    rule: &'a MuBeta,
    other: &'a Side<T>,
    panel: Other<'a, T>,
    penalised: Option<&'a Penalised<T>>,
    bounds: &'a Bounds<T>,
    stride: usize,
    rank: usize,
}

impl<T: Scalar> Walk<'_, T> {
    /// A half-step of multiplicative updates of side `at`.
    pub(crate) fn ratio(
        &self,
        at: usize,
        rule: &MuBeta,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
    ) {
        let (view, elastic) = (&self.views[at], own.elastic);
        let (penalised, bounds) = (own.penalised.take(), std::mem::take(&mut own.bounds));
        let step = self.step(rule, own, other, penalised.as_ref(), &bounds);
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, mut rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let began = Instant::now();
                // Of the first side's rows, the loss is not that of a pair that will stand.
                self.sums(&step, view, first, rows.factor, work, at == 1);
                let summed = Instant::now();
                // The loss is that of the rows before they move, and so is the penalty that goes with it; the first
                // side's rows are part of the pair as they are afterwards.
                note_penalty(&mut rows, elastic);
                for r in 0..n {
                    if at == 1 {
                        rows.terms[r * TERMS] = work.loss[r];
                    }
                    step.update(first, r, rows.factor, work, self.shared_denominator(view, other));
                }
                push_rows(&mut rows, push, &bounds);
                if at == 0 {
                    note_penalty(&mut rows, elastic);
                }
                work.spent.products += summed - began;
                work.spent.rule += summed.elapsed();
            });
        });
        (own.penalised, own.bounds) = (penalised, bounds);
    }

    /// Multiplicative updates of side `at`, each row until it moves by less than `enough` of itself, or `most` times.
    pub(crate) fn ratio_until_settled(
        &self,
        at: usize,
        rule: &MuBeta,
        own: &mut Side<T>,
        other: &Side<T>,
        most: usize,
        enough: f64,
    ) {
        let view = &self.views[at];
        let (penalised, bounds) = (own.penalised.take(), std::mem::take(&mut own.bounds));
        let step = self.step(rule, own, other, penalised.as_ref(), &bounds);
        let (stride, rank) = (step.stride, step.rank);
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let mut moving = vec![true; n];
                for _ in 0..most {
                    if is_over() {
                        break;
                    }
                    self.sums(&step, view, first, rows.factor, work, false);
                    for (r, moving) in moving.iter_mut().enumerate().filter(|(_, moving)| **moving) {
                        let row = r * stride..r * stride + rank;
                        let before = rows.factor[row.clone()].iter().map(|x| x.to_f64()).collect::<Vec<_>>();
                        step.update(first, r, rows.factor, work, self.shared_denominator(view, other));
                        let (mut moved, mut size) = (0.0, 0.0);
                        for (&w, before) in rows.factor[row].iter().zip(before) {
                            moved += (w.to_f64() - before).abs();
                            size += w.to_f64();
                        }
                        *moving = moved > enough * size;
                    }
                    if !moving.contains(&true) {
                        break;
                    }
                }
            });
        });
        (own.penalised, own.bounds) = (penalised, bounds);
    }

    fn step<'a>(
        &self,
        rule: &'a MuBeta,
        own: &Side<T>,
        other: &'a Side<T>,
        penalised: Option<&'a Penalised<T>>,
        bounds: &'a Bounds<T>,
    ) -> Step<'a, T> {
        let (stride, rank) = (own.factor.stride(), own.factor.rank());
        Step { rule, other, panel: other.panel(), penalised, bounds, stride, rank }
    }

    /// The denominators of all rows, if they are the same.
    fn shared_denominator<'a>(&self, view: &View<'_, T>, other: &'a Side<T>) -> Option<&'a [T]> {
        (self.ratio.shares_denominator() && !view.is_weighted()).then_some(&other.sums_t)
    }

    /// Both sums of rows from `first` on, into `work`, and their losses if asked.
    fn sums(
        &self,
        step: &Step<'_, T>,
        view: &View<'_, T>,
        first: usize,
        factor: &[T],
        work: &mut Work<T>,
        losses: bool,
    ) {
        let n = factor.len() / step.stride;
        let (numer, denom) = (&mut work.cross[..n * step.stride], &mut work.denom[..n * step.stride]);
        if let View::Weighted(view) = view {
            for r in 0..n {
                let row = r * step.stride..(r + 1) * step.stride;
                let (numer, denom) = (&mut numer[row.clone()], &mut denom[row.clone()]);
                let other = step.other.shared();
                work.loss[r] =
                    work.own.ratio_row(&self.ratio, view, first + r, &factor[row], &other, numer, denom);
            }
            return;
        }
        let x: Rows<'_, T> = view.block(first..first + n, &mut work.irregular);
        let mut sums = Sums { numer, denom, loss: &mut work.loss[..if losses { n } else { 0 }] };
        block_sums(&self.ratio, &x, factor, &step.panel, &mut work.ratio, &mut sums);
        if losses && step.other.is_smoothed() && self.ratio.shares_denominator() {
            for r in 0..n {
                work.loss[r] += dot(&factor[r * step.stride..][..step.rank], &step.other.sums_t[..step.rank]);
            }
        }
    }
}

impl<T: Scalar> Step<'_, T> {
    /// Moves row r of a block that begins with row `first`.
    fn update(&self, first: usize, r: usize, factor: &mut [T], work: &mut Work<T>, shared: Option<&[T]>) {
        let row = r * self.stride..r * self.stride + self.rank;
        let w = &mut factor[row.clone()];
        let denom = shared.map_or_else(|| &work.denom[row.clone()], |shared| &shared[..self.rank]);
        let numer = &work.cross[row];
        if self.penalised.is_none() && self.bounds.is_plain() {
            self.rule.update(w, numer, denom);
            return;
        }
        let shift = match self.penalised {
            Some(penalised) => penalised.of_row(first + r, &mut work.line),
            None => RowShift::NONE,
        };
        let simplex = self.bounds.simplex;
        let within = Within { shift, stride: self.stride, limits: self.bounds.limits(), simplex };
        self.rule.update_within(w, numer, denom, &within, &mut work.room);
    }
}
