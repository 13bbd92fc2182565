//! Half-steps of Newton's method on whole rows of dense X, for divergences.

use super::rows::{RowAsks, RowScratch, dot};
use super::{Walk, Work, note_penalty, push_rows};
use crate::data::Dense;
use crate::data::view::View;
use crate::kernels::curvature::{Entries, pairs};
use crate::kernels::kl_newton::Effort;
use crate::kernels::ratio::Other;
use crate::kernels::{DenseRows, Rows};
use crate::par::{Split, for_blocks, is_over};
use crate::penalised::Penalised;
use crate::row_terms::{Bounds, RowShift};
use crate::rules::newton::{Newton, RowModel, Step, scale};
use crate::scalar::Scalar;
use crate::side::{Kept, RowsMut, Side, TERMS};
use std::time::Instant;

/// Bytes of the entries of a block, and of its curvatures.
const ENTRIES_BYTES: usize = 768 * 1024;
const CURVATURES_BYTES: usize = 256 * 1024;
/// A curvature is kept for so many half-steps at most. A step tells whether it is right along the step only, and where it is
/// much too large the step does not go.
const KEPT: usize = 32;
/// Where no more than one in so many rows of a block still moves, those go on alone.
const FEW: usize = 4;
/// Steps without a shorter one after which a short step is taken for rounding.
const IDLE: usize = 4;
/// Rows of a block, at least and at most.
const FEWEST: usize = 8;
const MOST: usize = 96;

/// Rows of a block of X with so many columns.
pub(crate) fn block_rows<T: Scalar>(cols: usize, rank: usize) -> usize {
    let entries = ENTRIES_BYTES / cols.saturating_mul(2 * size_of::<T>()).max(1);
    let curvatures = CURVATURES_BYTES / pairs(rank).saturating_mul(size_of::<T>());
    entries.min(curvatures).clamp(FEWEST, MOST) / FEWEST * FEWEST
}

/// Scratch memory of one thread.
#[derive(Default)]
pub(super) struct NewtonRoom<T> {
    entries: Entries<T>,
    /// Of the rows of a block.
    descent: Vec<T>,
    to: Vec<T>,
    way: Vec<T>,
    scales: Vec<T>,
    along: Vec<(f64, T)>,
    losses: Vec<f64>,
    lost: Vec<bool>,
    /// Rows that stay as they are.
    resting: Vec<bool>,
    moved: Vec<Moved>,
    steps: Vec<Option<Step>>,
    anew: Vec<usize>,
    packed: Vec<T>,
    /// Of a row.
    curvature: Vec<T>,
    none: Vec<T>,
    room: Vec<T>,
}

impl<T: Scalar> NewtonRoom<T> {
    pub(super) fn new(rows: usize, cols: usize, rank: usize, stride: usize) -> NewtonRoom<T> {
        let zeros = |n: usize| vec![T::ZERO; n];
        let entries = Entries::new(rows, cols, rank);
        NewtonRoom {
            descent: zeros(rows * stride),
            to: zeros(rows * stride),
            way: zeros(rows * stride),
            scales: zeros(rows),
            along: vec![(0.0, T::ZERO); rows],
            losses: vec![0.0; rows],
            lost: vec![false; rows],
            resting: vec![false; rows],
            moved: vec![Moved::default(); rows],
            steps: vec![None; rows],
            anew: Vec::with_capacity(rows),
            packed: zeros(rows * entries.stride()),
            curvature: zeros(rank * stride),
            none: zeros(stride),
            room: zeros(3 * stride),
            entries,
        }
    }
}

/// How far a row went.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    first: f64,
    last: f64,
    /// The least of all steps, and how many steps ago that was.
    least: f64,
    ago: usize,
}

impl Moved {
    /// Whether a row is where it goes to: it hardly moves any more, or it moves by rounding, which does not get less.
    fn is_over(&mut self, is_first: bool, enough: f64, noise: f64) -> bool {
        if is_first {
            *self = Moved { first: self.last, least: f64::INFINITY, ..*self };
        }
        if self.last < self.least {
            (self.least, self.ago) = (self.last, 0);
        } else {
            self.ago += 1;
        }
        let stuck = self.ago >= IDLE && self.least <= noise * self.first;
        stuck || !(self.last > enough * self.first)
    }
}

impl<T: Scalar> NewtonRoom<T> {
    /// Lets rows rest that have gone far enough; returns how many of the first n do not.
    fn rest(&mut self, n: usize, first: bool, enough: f64) -> usize {
        let noise = T::EPSILON.to_f64().sqrt();
        for (moved, resting) in self.moved.iter_mut().zip(&mut self.resting).take(n) {
            *resting |= moved.is_over(first, enough, noise);
        }
        self.resting[..n].iter().filter(|&&resting| !resting).count()
    }
}

/// How far a half-step takes its rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Far {
    /// Steps of a row, at most.
    pub(crate) steps: usize,
    /// A step that changes the model by less than this share of the first one's is the last.
    pub(crate) enough: f64,
}

impl Far {
    pub(crate) const ONE_STEP: Far = Far { steps: 1, enough: 0.0 };
}

/// A half-step under way: what all its rows meet.
#[derive(Clone, Copy)]
struct Pass<'a, T: Scalar> {
    rule: &'a Newton<T>,
    panel: Other<'a, T>,
    other: &'a Side<T>,
    penalised: Option<&'a Penalised<T>>,
    bounds: &'a Bounds<T>,
    /// Whether somebody asks for the loss of the rows.
    losses: bool,
    turn: usize,
    far: Far,
    effort: &'a Effort<T>,
}

/// Scratch memory of one thread, apart from what is kept of its rows.
struct Room<'a, T> {
    newton: &'a mut NewtonRoom<T>,
    row: &'a mut RowScratch<T>,
    line: &'a mut [T],
    irregular: &'a mut Vec<T>,
}

impl<T: Scalar> Walk<'_, T> {
    /// A half-step of Newton's method of side `at`. Rows of Kullback-Leibler problems whose model is zero where X is not
    /// are solved by coordinates, as far as `effort` says.
    pub(crate) fn newton(
        &self,
        at: usize,
        rule: &Newton<T>,
        far: Far,
        effort: &Effort<T>,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
    ) {
        let View::Dense(view) = &self.views[at] else { return };
        let elastic = own.elastic;
        let (penalised, bounds) = (own.penalised.take(), std::mem::take(&mut own.bounds));
        let (panel, turn) = (other.panel(), own.next_turn());
        let pass = Pass {
            rule,
            panel,
            other,
            penalised: penalised.as_ref(),
            bounds: &bounds,
            losses: at == 1,
            turn,
            far,
            effort,
        };
        let (stride, kullback) = (panel.stride, self.ratio.shares_denominator());
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let Work { newton, row, line, irregular, curvatures, spent, .. } = work;
                // A side that is only solved once keeps nothing from block to block.
                let mut rows = if rows.curvatures.has_room() {
                    rows
                } else {
                    let mut curvatures = curvatures.kept();
                    (0..rows.rows()).for_each(|r| curvatures.forget(r));
                    RowsMut { curvatures, ..rows }
                };
                let clock = Instant::now();
                let n = rows.rows();
                newton.resting.fill(false);
                let mut room = Room { newton, row, line, irregular };
                let taken = self.newton_steps(&pass, view, first, 0, &mut rows, &mut room);
                if taken < far.steps {
                    // A row that takes long goes on alone, and not in the company of those that rest.
                    let NewtonRoom { resting, moved, .. } = &*room.newton;
                    let busy: Vec<(usize, Moved)> =
                        (0..n).filter(|&r| !resting[r]).map(|r| (r, moved[r])).collect();
                    for (r, so_far) in busy {
                        (room.newton.resting[0], room.newton.moved[0]) = (false, so_far);
                        self.newton_steps(&pass, view, first + r, taken, &mut rows.one(r), &mut room);
                    }
                }
                if other.is_smoothed() && kullback {
                    // What the other side's column sums are multiplied by is not the sum of what it is seen as.
                    for r in 0..n {
                        let w = &rows.factor[r * stride..(r + 1) * stride];
                        rows.terms[r * TERMS] += dot(w, &other.sums_t[..panel.rank]);
                    }
                }
                push_rows(&mut rows, push, &bounds);
                note_penalty(&mut rows, elastic);
                spent.rule += clock.elapsed();
            });
        });
        (own.penalised, own.bounds) = (penalised, bounds);
    }

    /// Steps of some rows, until all rest or only few of them still move; returns how many have been taken, or all that may be
    /// if no more are needed.
    fn newton_steps(
        &self,
        pass: &Pass<'_, T>,
        view: &Dense<'_, T>,
        first: usize,
        from: usize,
        rows: &mut RowsMut<'_, T>,
        room: &mut Room<'_, T>,
    ) -> usize {
        let (n, Pass { far, other, effort, .. }) = (rows.rows(), *pass);
        let Other { stride, rank, .. } = pass.panel;
        let x = view.block(first..first + n, room.irregular);
        for step in from..far.steps {
            if is_over() {
                break;
            }
            self.newton_block(pass, (first, step), &x, rows, room.newton, room.line);
            for r in (0..n).filter(|&r| self.ratio.shares_denominator() && room.newton.lost[r]) {
                let w = &mut rows.factor[r * stride..(r + 1) * stride];
                let asks = RowAsks {
                    sums: &other.sums_t[..rank],
                    shift: pass.shift(first + r, room.line),
                    limits: pass.bounds.limits(),
                };
                let (x, least) = (Rows::Dense(x), self.ratio.least_model);
                rows.terms[r * TERMS] = room.row.solve(&x, r, w, rank, other, effort, least, &asks);
                rows.curvatures.forget(r);
            }
            if far.steps == 1 {
                break;
            }
            let busy = room.newton.rest(n, step == 0, far.enough);
            if busy == 0 {
                break;
            }
            if n > 1 && FEW * busy <= n {
                return step + 1;
            }
        }
        far.steps
    }

    fn newton_block(
        &self,
        pass: &Pass<'_, T>,
        (first, step): (usize, usize),
        x: &DenseRows<'_, T>,
        rows: &mut RowsMut<'_, T>,
        room: &mut NewtonRoom<T>,
        line: &mut [T],
    ) {
        let (n, Other { stride, rank, .. }) = (x.rows, pass.panel);
        let NewtonRoom { entries, descent, to, way, scales, along, losses, lost, steps, .. } = room;
        let NewtonRoom { anew, packed, curvature, room, none, resting, moved, .. } = room;
        let (descent, to, way) = (&mut descent[..n * stride], &mut to[..n * stride], &mut way[..n * stride]);
        let (scales, along) = (&mut scales[..n], &mut along[..n]);
        let wanted = if pass.losses { n } else { 0 };
        entries.look(
            &self.ratio,
            x,
            rows.factor,
            &pass.panel,
            descent,
            &mut losses[..wanted],
            &mut lost[..n],
        );

        let kept = &mut rows.curvatures;
        anew.clear();
        // In turn where each call is a step; in a call of many, which may be another number in other company, by steps.
        let old = |r: usize| {
            if pass.far.steps > 1 {
                step > 0 && step.is_multiple_of(KEPT)
            } else {
                (first + r + pass.turn).is_multiple_of(KEPT)
            }
        };
        anew.extend((0..n).filter(|&r| (kept.lacks(r) || old(r)) && !lost[r] && !resting[r]));
        if !anew.is_empty() {
            let packed = &mut packed[..anew.len() * entries.stride()];
            entries.curvature(x.cols, anew, &pass.panel, packed);
            for (packed, &r) in packed.chunks_exact(entries.stride()).zip(&*anew) {
                keep(&packed[..pairs(rank)], r, kept);
            }
        }

        let kullback = self.ratio.shares_denominator();
        for r in 0..n {
            let own = r * stride..(r + 1) * stride;
            let (w, descent) = (&mut rows.factor[own.clone()], &mut descent[own.clone()]);
            let (to, way) = (&mut to[own.clone()], &mut way[own]);
            let sums = if kullback { &pass.other.sums_t[..] } else { &none[..] };
            let shift = pass.shift(first + r, line);
            (scales[r], steps[r]) = (T::ONE, None);
            if lost[r] || resting[r] {
                way.fill(T::ZERO);
                continue;
            }
            let plain = pass.bounds.is_plain() && shift.is_none() && pass.rule.l2 == T::ZERO;
            if kullback && plain {
                let (by, change) = scale(w, descent, sums, pass.rule.l1);
                // Data of many decades can lead out of range.
                if w.iter().all(|&w| (w * by).is_finite()) && descent.iter().all(|&p| (p / by).is_finite()) {
                    scales[r] = T::ONE / by;
                    kept.scales[r] *= (scales[r] * scales[r]).to_f64();
                    losses[r] += change;
                    w.iter_mut().for_each(|w| *w *= by);
                    descent.iter_mut().for_each(|p| *p *= scales[r]);
                }
            }
            restore(kept, r, rank, stride, curvature);
            let limits = pass.bounds.limits();
            let mut model = RowModel { stride, rank, sums, descent, curvature, shift, limits };
            steps[r] = pass.rule.step(&mut model, w, to, room).filter(|_| to.iter().all(|to| to.is_finite()));
            match steps[r] {
                Some(_) => way.iter_mut().zip(&*to).zip(&*w).for_each(|((d, &to), &w)| *d = to - w),
                None => way.fill(T::ZERO),
            }
        }
        entries.go(x.cols, way, scales, &pass.panel, along);
        for r in 0..n {
            let own = r * stride..(r + 1) * stride;
            let mut t = T::ZERO;
            moved[r].last = if lost[r] { f64::INFINITY } else { 0.0 };
            if let Some(step) = steps[r] {
                let (q, shrink) = along[r];
                t = T::from_f64(step.length(q, shrink.to_f64()));
                if t == T::ONE {
                    rows.factor[own.clone()].copy_from_slice(&to[own]);
                } else {
                    // What is fixed may lie beyond the limits of the rest.
                    for (w, &d) in
                        rows.factor[own.clone()].iter_mut().zip(&way[own]).filter(|(_, d)| **d != T::ZERO)
                    {
                        *w = pass.bounds.limits().clamp(*w + t * d);
                    }
                }
                // The curvature along the step: how far the model went, in shares of itself, weighted as the loss does.
                moved[r].last = t.to_f64() * q.sqrt();
                if step.is_off(q) {
                    rows.curvatures.forget(r);
                }
            }
            if pass.losses {
                rows.terms[r * TERMS] = losses[r] + entries.change(&self.ratio, x.cols, r, t);
            }
        }
    }
}

impl<T: Scalar> Pass<'_, T> {
    fn shift<'b>(&'b self, i: usize, line: &'b mut [T]) -> RowShift<'b, T> {
        self.penalised.map_or(RowShift::NONE, |p| p.of_row(i, line))
    }
}

/// Keeps an upper triangle as the curvature of row r: as shares of its largest entry, which lies on the diagonal. What is too
/// small for single precision stays positive, as a component without curvature would go to its limit.
fn keep<T: Scalar>(packed: &[T], r: usize, kept: &mut Kept<'_>) {
    let largest = packed.iter().fold(0.0, |a: f64, &b| a.max(b.to_f64()));
    let usable = largest > 0.0 && largest.is_finite();
    kept.scales[r] = if usable { largest } else { 0.0 };
    let by = if usable { 1.0 / largest } else { 0.0 };
    for (to, &x) in kept.data[r * kept.stride..].iter_mut().zip(packed) {
        *to = if x > T::ZERO { ((x.to_f64() * by) as f32).max(f32::MIN_POSITIVE) } else { 0.0 };
    }
}

/// The curvature of row r as a whole matrix.
fn restore<T: Scalar>(kept: &Kept<'_>, r: usize, rank: usize, stride: usize, to: &mut [T]) {
    let by = T::from_f64(kept.scales[r]);
    let mut rest = &kept.data[r * kept.stride..][..kept.stride];
    for c in 0..rank {
        let (row, later) = rest.split_at(rank - c);
        for (d, &x) in row.iter().enumerate() {
            to[c * stride + c + d] = by * T::from(x);
        }
        rest = later;
    }
    for c in 1..rank {
        for d in 0..c {
            to[c * stride + d] = to[d * stride + c];
        }
    }
}
