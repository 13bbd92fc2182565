//! Half-steps: the rows of one factor, block by block, each with what its rule needs of X.
//!
//! A half-step writes the rows of its own factor and reads the other one as it is. Rows do not know of each other, so
//! blocks run in parallel and their size changes nothing. There is a file for each family of rules; rows of weighted X,
//! which share less, are in [`weighted`].

pub(crate) mod newton;
mod quadratic;
mod ratio;
pub(crate) mod rows;
pub(crate) mod weighted;

use crate::data::view::View;
use crate::data::weighted::GroupedSide;
use crate::data::{Dense, Facts, Matrix};
use crate::extrapolate::push_within;
use crate::factor::padded;
use crate::init::rsvd::LowRank;
use crate::kernels::curvature::pairs;
use crate::kernels::dense::{room, turn_from};
use crate::kernels::kl_newton::Effort;
use crate::kernels::ratio::{Ratio, RatioScratch};
use crate::kernels::sparse;
use crate::loss::Loss;
use crate::par::PerThread;
use crate::penalty::Elastic;
use crate::row_terms::Bounds;
use crate::rules::hals::Hals;
use crate::rules::mu::MuBeta;
use crate::rules::newton::Newton;
use crate::rules::{Need, QuadraticRule, Scratch};
use crate::scalar::Scalar;
use crate::side::{Curvatures, RowsMut, Side, TERMS, Wants};
use newton::NewtonRoom;
use rayon::prelude::*;
use rows::RowScratch;
use std::time::Duration;
use weighted::RowWork;

/// A rule for each side.
pub(crate) enum Method<T> {
    Quadratic(Box<dyn QuadraticRule<T>>, Box<dyn QuadraticRule<T>>),
    Ratio(Loss, MuBeta, MuBeta),
    Rows(Effort<T>, Effort<T>),
    /// With the effort for rows that have to be solved by coordinates.
    Newton(Newton<T>, Newton<T>, [Effort<T>; 2]),
}

impl<T: Scalar> Method<T> {
    /// What each side needs of the other.
    pub(crate) fn wants(&self, x: &Matrix<'_, T>) -> Wants {
        let weighted = matches!(x, Matrix::Weighted(_));
        let sparse = x.is_sparse() || weighted;
        match self {
            Method::Quadratic(..) => Wants { gram: true, ..Wants::default() },
            Method::Ratio(loss, ..) => Wants {
                sums: true,
                columns: !(weighted || sparse && *loss == Loss::KullbackLeibler),
                ..Wants::default()
            },
            Method::Rows(..) | Method::Newton(..) => {
                Wants { sums: true, columns: !sparse, ..Wants::default() }
            }
        }
    }

    /// Whether the rules keep memory per row.
    pub(crate) fn states(&self) -> (bool, bool) {
        match self {
            Method::Quadratic(a, b) => (a.has_state(), b.has_state()),
            _ => (false, false),
        }
    }

    fn need(&self, rank: usize) -> Need {
        match self {
            Method::Quadratic(a, b) => {
                // Any rule may be followed by coordinate descent that polishes the result.
                let polish = QuadraticRule::<T>::need(&Hals::<T>::new(rank, 1, 0.0, None));
                let needs = [a.need(), b.need(), polish];
                Need {
                    reals: needs.iter().map(|n| n.reals).max().unwrap_or(0),
                    words: needs.iter().map(|n| n.words).max().unwrap_or(0),
                }
            }
            _ => Need::default(),
        }
    }
}

/// X from both sides, with what a walk over it needs.
pub(crate) struct Walk<'x, T: Scalar> {
    views: [View<'x, T>; 2],
    blocks: [usize; 2],
    ratio: Ratio<T>,
    scratch: PerThread<Work<T>>,
}

/// Sums over the rows of the first side that the second side needs: one per chunk of rows, then their total.
pub(crate) struct Fused<T> {
    chunk: usize,
    /// Numbers in the sums of a chunk, which are turned: a row per component.
    per_chunk: usize,
    sums: Vec<T>,
    rank: usize,
    stride: usize,
    /// Room for the total, turned back.
    total: Vec<T>,
}

/// Chunks are multiples of so many rows, which leave no rest for tiles of 8, 6, 4 or 3 rows.
const CHUNK: usize = 24;
/// Rows that a thread turns back at least.
const TURNED: usize = 256;

/// Time that threads spent on products, and on the rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) products: Duration,
    pub(crate) rule: Duration,
}

/// Scratch memory of one thread.
struct Work<T> {
    spent: Spent,
    irregular: Vec<T>,
    cross: Vec<T>,
    /// Cross products of dense X as they come.
    turned: Vec<T>,
    denom: Vec<T>,
    loss: Vec<f64>,
    rule: Scratch<T>,
    ratio: RatioScratch<T>,
    row: RowScratch<T>,
    newton: NewtonRoom<T>,
    /// Of the rows of a block, for sides that keep none.
    curvatures: Curvatures,
    /// A row's linear terms.
    line: Vec<T>,
    /// Two numbers per component.
    room: Vec<f64>,
    own: RowWork<T>,
}

/// Bytes of every column in a block of columns that are stored one by one: it is read in such pieces.
const BY_COLUMN: usize = 768;

/// Bytes of a block of rows that are stored one by one.
const BY_ROW: usize = 256 * 1024;

/// Rows of a block of dense X without weights.
pub(crate) fn dense_block<T: Scalar>(cols: usize, by_column: bool) -> usize {
    if by_column {
        return BY_COLUMN / size_of::<T>();
    }
    let least = 6 * T::LANES;
    (BY_ROW / (cols * size_of::<T>()).max(1)).clamp(least, 96) / least * least
}

/// Rows of a block: enough to share the other factor's reads, few enough to stay in cache and to balance threads.
fn block_size<T: Scalar>(view: &View<'_, T>, method: &Method<T>, rank: usize, threads: usize) -> usize {
    let stride = padded::<T>(rank);
    match method {
        // Rows of weighted X are work of their own.
        _ if view.is_weighted() => (view.rows() / 256).clamp(1, 32),
        Method::Newton(..) if !view.is_sparse() => newton::block_rows::<T>(view.cols(), rank),
        _ if !view.is_sparse() => dense_block::<T>(view.cols(), view.is_by_column()),
        Method::Rows(..) | Method::Newton(..) => (view.rows() / 512).clamp(4, 64),
        Method::Quadratic(..) if sparse::is_far::<T>(view.cols(), stride) => {
            (view.rows() / (8 * threads.max(1))).clamp(8, sparse::TOGETHER)
        }
        _ => (view.rows() / 256).clamp(8, 256),
    }
}

impl<T: Scalar> Fused<T> {
    fn new(view: &View<'_, T>, rank: usize, stride: usize) -> Fused<T> {
        let (rows, cols) = (view.rows(), view.cols());
        let per_chunk = room::<T>(cols, rank);
        // The sums of all chunks together stay small beside X, and there are enough chunks to share out.
        let most = (rows * cols / 16).max((1 << 20) / size_of::<T>());
        let chunks = (rows / 96).clamp(1, 32).min((most / per_chunk.max(1)).max(1));
        let chunk = rows.div_ceil(chunks).next_multiple_of(CHUNK);
        let total = vec![T::ZERO; cols * stride];
        Fused { chunk, per_chunk, sums: vec![T::ZERO; rows.div_ceil(chunk) * per_chunk], rank, stride, total }
    }

    /// The sums of all chunks, added up in their order: one row of `stride` numbers per column of X.
    pub(crate) fn total(&mut self) -> &[T] {
        const PIECE: usize = 1024;
        let (first, rest) = self.sums.split_at_mut(self.per_chunk);
        first.par_chunks_mut(PIECE).enumerate().for_each(|(piece, first)| {
            for sums in rest.chunks_exact(self.per_chunk) {
                for (t, &s) in first.iter_mut().zip(&sums[piece * PIECE..]) {
                    *t += s;
                }
            }
        });
        let (rank, stride, width) = (self.rank, self.stride, first.len() / self.rank);
        self.total.par_chunks_mut(TURNED * stride).enumerate().for_each(|(piece, to)| {
            turn_from(first, width, piece * TURNED, rank, stride, to);
        });
        &self.total
    }
}

/// X as its sides see it: side 0 is H if `h_first`, else W.
pub(crate) fn sides<'x, T: Scalar>(x: &'x Matrix<'_, T>, h_first: bool) -> [View<'x, T>; 2] {
    [View::of(x, h_first), View::of(x, !h_first)]
}

/// The same of X as it is given by few directions.
pub(crate) fn low_sides<T: Scalar>(x: &LowRank<T>, h_first: bool) -> [View<'_, T>; 2] {
    [h_first, !h_first].map(|transposed| {
        let lines = x.side(transposed);
        View::Dense(Dense::lines(lines.padded_rows(), lines.rows(), lines.rank(), lines.stride()))
    })
}

impl<'x, T: Scalar> Walk<'x, T> {
    /// For walks of the sides of X, as [`sides`] has them.
    pub(crate) fn new(
        views: [View<'x, T>; 2],
        facts: &Facts,
        loss: Loss,
        least_data: f64,
        method: &Method<T>,
        rank: usize,
        block_rows: Option<usize>,
        threads: usize,
    ) -> Walk<'x, T> {
        let stride = padded::<T>(rank);
        let blocks = [0, 1].map(|side: usize| {
            block_rows.unwrap_or_else(|| block_size::<T>(&views[side], method, rank, threads))
        });
        let largest = blocks[0].max(blocks[1]);
        let dense = views.iter().any(|view| matches!(view, View::Dense(_)));
        let tiles = matches!(method, Method::Ratio(..));
        let whole_rows = matches!(method, Method::Newton(..));
        let most_cols = views[0].cols().max(views[1].cols());
        // Multiplicative updates for Kullback-Leibler end with coordinate descent.
        let entries = matches!(
            method,
            Method::Rows(..) | Method::Newton(..) | Method::Ratio(Loss::KullbackLeibler, ..)
        );
        let scratch = PerThread::new(threads, || Work {
            spent: Spent::default(),
            irregular: vec![T::ZERO; views[0].scratch(blocks[0]).max(views[1].scratch(blocks[1]))],
            cross: vec![T::ZERO; largest * stride],
            turned: vec![T::ZERO; if dense { room::<T>(largest, rank) } else { 0 }],
            denom: vec![T::ZERO; if tiles { largest * stride } else { 0 }],
            loss: vec![0.0; largest],
            rule: Scratch::new(method.need(rank)),
            ratio: if tiles { RatioScratch::new(largest) } else { RatioScratch::default() },
            row: if entries { RowScratch::new(&views, rank) } else { RowScratch::none() },
            newton: if whole_rows {
                NewtonRoom::new(largest, most_cols, rank, stride)
            } else {
                NewtonRoom::default()
            },
            curvatures: if whole_rows {
                Curvatures::new(largest, pairs(rank))
            } else {
                Curvatures::default()
            },
            line: vec![T::ZERO; stride],
            room: vec![0.0; 2 * stride],
            own: RowWork::new([&views[0], &views[1]], stride),
        });
        Walk { ratio: Ratio::new(loss, facts.mean, least_data), views, blocks, scratch }
    }

    /// Room for the second side's sums, if it is better to add them up while the first side reads X.
    pub(crate) fn fused(&self, method: &Method<T>, rank: usize) -> Option<Fused<T>> {
        match (&self.views[0], method) {
            (View::Dense(_), Method::Quadratic(..)) => {
                Some(Fused::new(&self.views[0], rank, padded::<T>(rank)))
            }
            _ => None,
        }
    }

    /// Brings what side `at` is for the other one up to date with its point.
    pub(crate) fn prepare(&self, at: usize, side: &mut Side<T>) {
        side.prepare();
        if let (Some(mut projection), View::Dense(x)) = (side.projection.take(), &self.views[at]) {
            projection.compute(x, side.seen());
            side.projection = Some(projection);
        }
    }

    /// What threads have spent so far.
    pub(crate) fn spent(&mut self) -> Spent {
        let mut all = Spent::default();
        self.scratch.for_each(|work| {
            all.products += work.spent.products;
            all.rule += work.spent.rule;
        });
        all
    }

    /// Whether rows say all of their part of the loss themselves, as there is no Gram matrix or sum that all share.
    pub(crate) fn is_weighted(&self) -> bool {
        self.views[0].is_weighted()
    }

    /// Weights that the rows of side `at` share for the rows of the other one.
    pub(crate) fn shared_weights(&self, at: usize) -> Option<&[T]> {
        match &self.views[at] {
            View::Weighted(view) => view.shared().flatten(),
            _ => None,
        }
    }

    /// The groups of a mask that has some, with the rows of side `at` as its rows.
    pub(crate) fn grouped(&self, at: usize) -> Option<GroupedSide<'_>> {
        match &self.views[at] {
            View::Weighted(view) => view.grouped(),
            _ => None,
        }
    }

    /// Notes the elastic penalty of a side as it is.
    pub(crate) fn note(&self, side: &mut Side<T>) {
        let elastic = side.elastic;
        note_penalty(&mut side.rows_mut(), elastic);
    }
}

/// Notes the penalty of rows as they are now.
fn note_penalty<T: Scalar>(rows: &mut RowsMut<'_, T>, penalty: Elastic) {
    for (terms, w) in rows.terms.chunks_exact_mut(TERMS).zip(rows.factor.chunks_exact(rows.stride)) {
        terms[1] = penalty.value(w.iter().map(|x| x.to_f64()));
    }
}

/// Extrapolates rows that were just moved.
fn push_rows<T: Scalar>(rows: &mut RowsMut<'_, T>, by: Option<(T, T)>, bounds: &Bounds<T>) {
    if let Some(by) = by {
        push_within(rows.factor, rows.previous, by, bounds, rows.stride);
    }
}
