//! Half-steps of the rules that see the entries of a row: coordinate descent for Kullback-Leibler.

use super::{Walk, note_penalty, push_rows};
use crate::data::view::View;
use crate::kernels::Rows;
use crate::kernels::isa::launch;
use crate::kernels::kl_newton::{Columns, Effort, PARTS, RowProblem, SparseRow, kl_loss, solve_row};
use crate::kernels::products::model_tile;
use crate::par::{Split, for_blocks, is_over};
use crate::row_terms::{Limits, RowShift};
use crate::scalar::Scalar;
use crate::side::{RowsMut, Side, TERMS};
use std::time::Instant;

/// Up to so many gathered numbers, a row's entries of the other factor are gathered for all components at once.
const GATHER: usize = 1 << 20;

/// Entries of a row, the model there, and the other factor there.
pub(super) struct RowScratch<T> {
    x: Vec<T>,
    y: Vec<T>,
    gathered: Vec<T>,
    now: Vec<T>,
    before: Vec<T>,
}

/// What there is to a row beside its entries.
pub(super) struct RowAsks<'a, T> {
    /// Column sums of the other factor, weighted.
    pub(super) sums: &'a [T],
    pub(super) shift: RowShift<'a, T>,
    pub(super) limits: Limits<'a, T>,
}

impl<T: Scalar> Walk<'_, T> {
    /// A half-step of Kullback-Leibler coordinate descent of side `at`.
    pub(crate) fn rows(
        &self,
        at: usize,
        effort: &Effort<T>,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
    ) {
        let (view, elastic) = (&self.views[at], own.elastic);
        let (stride, rank) = (own.factor.stride(), own.factor.rank());
        let (penalised, bounds) = (own.penalised.take(), std::mem::take(&mut own.bounds));
        let smoothed = other.is_smoothed();
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, mut rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let (clock, n) = (Instant::now(), rows.rows());
                let x = view.block(first..first + n, &mut work.irregular);
                for r in 0..n {
                    if is_over() {
                        break;
                    }
                    let w = &mut rows.factor[r * stride..(r + 1) * stride];
                    let shift = match &penalised {
                        Some(penalised) => penalised.of_row(first + r, &mut work.line),
                        None => RowShift::NONE,
                    };
                    let mut asks = RowAsks { sums: &other.sums_t[..rank], shift, limits: bounds.limits() };
                    rows.terms[r * TERMS] = if let View::Weighted(view) = view {
                        let (entries, sums) = work.own.kl_row(view, first + r, &other.shared());
                        asks.sums = &sums[..rank];
                        let starts = [0, entries.at.len()];
                        let x = Rows::Sparse(entries.as_sparse(&starts, view.cols()));
                        let loss =
                            work.row.solve(&x, 0, w, rank, other, effort, self.ratio.least_model, &asks);
                        loss + dot(w, asks.sums)
                    } else {
                        let loss =
                            work.row.solve(&x, r, w, rank, other, effort, self.ratio.least_model, &asks);
                        if smoothed { loss + dot(w, asks.sums) } else { loss }
                    };
                }
                push_rows(&mut rows, push, &bounds);
                note_penalty(&mut rows, elastic);
                work.spent.rule += clock.elapsed();
            });
        });
        (own.penalised, own.bounds) = (penalised, bounds);
    }
}

/// `a · b` in f64, over as many numbers as b has.
pub(crate) fn dot<T: Scalar>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

impl<T: Scalar> RowScratch<T> {
    pub(super) fn none() -> RowScratch<T> {
        RowScratch { x: vec![], y: vec![], gathered: vec![], now: vec![], before: vec![] }
    }

    pub(super) fn new(views: &[View<'_, T>; 2], rank: usize) -> RowScratch<T> {
        let entries = views[0].fullest_row().max(views[1].fullest_row()).next_multiple_of(PARTS);
        let sparse = views[0].is_sparse() || views[0].is_weighted();
        let gathers = sparse && entries * rank <= GATHER;
        let scattered = if sparse && !gathers { entries } else { 0 };
        RowScratch {
            x: vec![T::ZERO; entries],
            y: vec![T::ZERO; entries],
            gathered: vec![
                T::ZERO;
                if !sparse {
                    0
                } else if gathers {
                    entries * rank
                } else {
                    GATHER
                }
            ],
            now: vec![T::ZERO; scattered],
            before: vec![T::ZERO; scattered],
        }
    }

    /// Solves row `r` of a block for its row of the factor; returns the row's loss without the column sums.
    pub(super) fn solve(
        &mut self,
        x: &Rows<'_, T>,
        r: usize,
        w: &mut [T],
        rank: usize,
        other: &Side<T>,
        effort: &Effort<T>,
        least_model: T,
        asks: &RowAsks<'_, T>,
    ) -> f64 {
        let stride = other.factor.stride();
        let h = other.seen().padded_rows();
        let entries = match x {
            Rows::Dense(x) => x.cols,
            Rows::Sparse(x) => x.starts[r + 1] - x.starts[r],
        };
        let padded = entries.next_multiple_of(PARTS);
        let (xs, ys) = (&mut self.x[..padded], &mut self.y[..padded]);
        let columns = match x {
            Rows::Dense(x) => {
                x.copy_row(r, &mut xs[..entries]);
                xs[entries..].fill(T::ZERO);
                model_tile(w, stride, rank, &other.columns, padded, 0, padded, ys, padded);
                ys.iter_mut().for_each(|y| *y = y.max(least_model));
                Columns::Gathered { data: &other.columns, stride: padded }
            }
            Rows::Sparse(x) if padded * rank <= self.gathered.len() => {
                let gathered = &mut self.gathered[..padded * rank];
                let w = &w[..rank];
                launch(SparseRow { x, row: r, h, h_stride: stride, w, xs, ys, gathered, least_model });
                Columns::Gathered { data: &self.gathered, stride: padded }
            }
            Rows::Sparse(x) => {
                let range = x.starts[r]..x.starts[r + 1];
                let at = &x.columns[range.clone()];
                for (to, e) in xs.iter_mut().zip(range) {
                    *to = x.values.get(e);
                }
                xs[entries..].fill(T::ZERO);
                for (y, &j) in ys.iter_mut().zip(at) {
                    let y_j: T = h[j as usize * stride..][..rank].iter().zip(&*w).map(|(&h, &w)| h * w).sum();
                    *y = y_j.max(least_model);
                }
                ys[entries..].fill(T::ONE);
                // Beyond the entries both hold zeros, which `fetch` leaves alone.
                let (now, before) = (&mut self.now[..padded], &mut self.before[..padded]);
                now[entries..].fill(T::ZERO);
                before[entries..].fill(T::ZERO);
                Columns::Scattered { rows: h, stride, at, now, before }
            }
        };
        let (xs, ys) = (&self.x[..padded], &mut self.y[..padded]);
        solve_row(RowProblem {
            x: xs,
            h: columns,
            sums: asks.sums,
            w: &mut w[..rank],
            y: &mut *ys,
            least_model,
            effort: *effort,
            shift: asks.shift,
            shift_stride: stride,
            limits: asks.limits,
        });
        kl_loss(xs, ys)
    }
}
