//! Half-steps: the rows of one factor, block by block, each with what its rule needs of X.
//!
//! A half-step writes the rows of its own factor and reads the other one as it is. Rows do not know of each other, so
//! blocks run in parallel and their size changes nothing.

use crate::data::view::View;
use crate::data::{Facts, Matrix};
use crate::extrapolate::push;
use crate::factor::padded;
use crate::kernels::Rows;
use crate::kernels::isa::launch;
use crate::kernels::kl_newton::{Columns, Effort, PARTS, RowProblem, SparseRow, kl_loss, solve_row};
use crate::kernels::products::{cross, cross_transposed_add, model_tile};
use crate::kernels::ratio::{Ratio, RatioScratch, Sums, block_sums};
use crate::loss::Loss;
use crate::par::{PerThread, Split, for_blocks};
use crate::penalty::Elastic;
use crate::rules::hals::Hals;
use crate::rules::mu::MuBeta;
use crate::rules::{Need, Panel, Quadratic, QuadraticRule, Scratch};
use crate::scalar::Scalar;
use crate::side::{RowsMut, Side, TERMS, Wants};
use rayon::prelude::*;

/// Up to so many gathered numbers, a row's entries of the other factor are gathered for all components at once.
const GATHER: usize = 1 << 20;

/// A rule for each side.
pub(crate) enum Method<T> {
    Quadratic(Box<dyn QuadraticRule<T>>, Box<dyn QuadraticRule<T>>),
    Ratio(Loss, MuBeta, MuBeta),
    Rows(Effort<T>, Effort<T>),
}

impl<T: Scalar> Method<T> {
    /// What each side needs of the other.
    pub(crate) fn wants(&self, sparse: bool) -> Wants {
        match self {
            Method::Quadratic(..) => Wants { gram: true, ..Wants::default() },
            Method::Ratio(loss, ..) => {
                Wants { sums: true, columns: !(sparse && *loss == Loss::KullbackLeibler), ..Wants::default() }
            }
            Method::Rows(..) => Wants { sums: true, columns: !sparse, ..Wants::default() },
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
    sums: Vec<T>,
}

/// Scratch memory of one thread.
struct Work<T> {
    irregular: Vec<T>,
    cross: Vec<T>,
    denom: Vec<T>,
    loss: Vec<f64>,
    rule: Scratch<T>,
    ratio: RatioScratch<T>,
    row: RowScratch<T>,
}

/// Entries of a row, the model there, and the other factor there.
struct RowScratch<T> {
    x: Vec<T>,
    y: Vec<T>,
    gathered: Vec<T>,
    now: Vec<T>,
    before: Vec<T>,
}

/// Rows of a block: enough to share the other factor's reads, few enough to stay in cache and to balance threads.
fn block_size<T: Scalar>(view: &View<'_, T>, method: &Method<T>) -> usize {
    let per_row = (view.cols() * size_of::<T>()).max(1);
    match method {
        // Multiples of 24 leave no rest for tiles of 8, 6, 4 or 3 rows.
        _ if !view.is_sparse() => (256 * 1024 / per_row).clamp(24, 96) / 24 * 24,
        Method::Rows(..) => (view.rows() / 512).clamp(4, 64),
        _ => (view.rows() / 256).clamp(8, 256),
    }
}

impl<T: Scalar> Fused<T> {
    fn new(view: &View<'_, T>, stride: usize) -> Fused<T> {
        let (rows, per_chunk) = (view.rows(), view.cols() * stride);
        // The sums of all chunks together stay small beside X, and there are enough chunks to share out.
        let room = (rows * view.cols() / 16).max((1 << 20) / size_of::<T>());
        let chunks = (rows / 96).clamp(1, 32).min((room / per_chunk.max(1)).max(1));
        let chunk = rows.div_ceil(chunks).next_multiple_of(24);
        Fused { chunk, sums: vec![T::ZERO; rows.div_ceil(chunk) * per_chunk] }
    }

    /// Adds the chunks' sums up, in order, into the first `len` numbers.
    pub(crate) fn total(&mut self, len: usize) -> &[T] {
        const PIECE: usize = 1024;
        let (total, rest) = self.sums.split_at_mut(len);
        total.par_chunks_mut(PIECE).enumerate().for_each(|(piece, total)| {
            for sums in rest.chunks_exact(len) {
                for (t, &s) in total.iter_mut().zip(&sums[piece * PIECE..]) {
                    *t += s;
                }
            }
        });
        total
    }
}

impl<'x, T: Scalar> Walk<'x, T> {
    /// For walks of the sides of X: side 0 is H if `h_first`, else W.
    pub(crate) fn new(
        x: &'x Matrix<'_, T>,
        facts: &Facts,
        loss: Loss,
        least_data: f64,
        h_first: bool,
        method: &Method<T>,
        rank: usize,
        block_rows: Option<usize>,
        threads: usize,
    ) -> Walk<'x, T> {
        let views = [View::of(x, h_first), View::of(x, !h_first)];
        let stride = padded::<T>(rank);
        let blocks =
            [0, 1].map(|side: usize| block_rows.unwrap_or_else(|| block_size::<T>(&views[side], method)));
        let largest = blocks[0].max(blocks[1]);
        let tiles = matches!(method, Method::Ratio(..));
        // Multiplicative updates for Kullback-Leibler end with coordinate descent.
        let entries = matches!(method, Method::Rows(..) | Method::Ratio(Loss::KullbackLeibler, ..));
        let scratch = PerThread::new(threads, || Work {
            irregular: vec![T::ZERO; views[0].scratch(blocks[0]).max(views[1].scratch(blocks[1]))],
            cross: vec![T::ZERO; largest * stride],
            denom: vec![T::ZERO; if tiles { largest * stride } else { 0 }],
            loss: vec![0.0; largest],
            rule: Scratch::new(method.need(rank)),
            ratio: if tiles { RatioScratch::new(largest) } else { RatioScratch::default() },
            row: if entries { RowScratch::new(&views, rank) } else { RowScratch::none() },
        });
        Walk { ratio: Ratio::new(loss, facts.mean, least_data), views, blocks, scratch }
    }

    /// Room for the second side's sums, if it is better to add them up while the first side reads X.
    pub(crate) fn fused(&self, method: &Method<T>, stride: usize) -> Option<Fused<T>> {
        match (&self.views[0], method) {
            (View::Dense(_), Method::Quadratic(..)) => Some(Fused::new(&self.views[0], stride)),
            _ => None,
        }
    }

    /// A quadratic half-step of side `at`; adds up the other side's cross product on the way if asked.
    pub(crate) fn quadratic(
        &self,
        at: usize,
        rule: &mut dyn QuadraticRule<T>,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
        fused: Option<&mut Fused<T>>,
    ) {
        let q = quadratic(own, other);
        rule.prepare(&q);
        let (view, block, penalty) = (&self.views[at], self.blocks[at], own.penalty);
        let rule: &dyn QuadraticRule<T> = rule;
        let walk = |first: usize, rows: RowsMut<'_, T>, sums: Option<&mut [T]>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let x = view.block(first..first + n, &mut work.irregular);
                let product = &mut work.cross[..n * q.stride];
                cross(&x, other.factor.padded_rows(), q.stride, product);
                let point = update_rows(rule, &q, rows, product, &mut work.rule, penalty, push);
                if let (Some(sums), Rows::Dense(x)) = (sums, &x) {
                    cross_transposed_add(x, point, q.stride, sums);
                }
            });
        };
        let mut rows = own.rows_mut();
        match fused {
            None => for_blocks(rows, block, 0, &|first, rows| walk(first, rows, None)),
            Some(fused) => {
                (rows.chunk, rows.per_chunk) = (fused.chunk, view.cols() * q.stride);
                rows.sums = &mut fused.sums;
                for_blocks(rows, fused.chunk, 0, &|first, mut rows: RowsMut<'_, T>| {
                    let sums = std::mem::take(&mut rows.sums);
                    sums.fill(T::ZERO);
                    let mut first = first;
                    while rows.rows() > 0 {
                        let n = block.min(rows.rows());
                        let (now, later) = rows.split_at(n);
                        walk(first, now, Some(&mut *sums));
                        (first, rows) = (first + n, later);
                    }
                });
            }
        }
    }

    /// A quadratic half-step of side `at` from a cross product that is known already.
    pub(crate) fn quadratic_from(
        &self,
        at: usize,
        cross: &[T],
        rule: &mut dyn QuadraticRule<T>,
        own: &mut Side<T>,
        other: &Side<T>,
    ) {
        let q = quadratic(own, other);
        rule.prepare(&q);
        let (rule, penalty): (&dyn QuadraticRule<T>, _) = (rule, own.penalty);
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, rows: RowsMut<'_, T>| {
            let cross = &cross[first * q.stride..][..rows.factor.len()];
            self.scratch.with(|work| {
                update_rows(rule, &q, rows, cross, &mut work.rule, penalty, None);
            });
        });
    }

    /// A half-step of multiplicative updates of side `at`.
    pub(crate) fn ratio(
        &self,
        at: usize,
        rule: &MuBeta,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
    ) {
        let (view, penalty) = (&self.views[at], own.penalty);
        let (stride, rank) = (own.factor.stride(), own.factor.rank());
        let panel = other.panel();
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, mut rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let x = view.block(first..first + n, &mut work.irregular);
                let (numer, denom) = (&mut work.cross[..n * stride], &mut work.denom[..n * stride]);
                let mut sums = Sums { numer: &mut *numer, denom: &mut *denom, loss: &mut work.loss[..n] };
                block_sums(&self.ratio, &x, rows.factor, &panel, &mut work.ratio, &mut sums);
                // The loss is that of the rows before they move, and so is the penalty that goes with it; the first
                // side's rows are part of the pair as they are afterwards.
                note_penalty(&mut rows, penalty);
                for r in 0..n {
                    let row = r * stride..r * stride + rank;
                    let w = &mut rows.factor[row.clone()];
                    rows.terms[r * TERMS] = work.loss[r];
                    let denom = if self.ratio.shares_denominator() {
                        &other.sums_t[..rank]
                    } else {
                        &denom[row.clone()]
                    };
                    rule.update(w, &numer[row], denom);
                }
                push_rows(&mut rows, push);
                if at == 0 {
                    note_penalty(&mut rows, penalty);
                }
            });
        });
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
        let (stride, rank) = (own.factor.stride(), own.factor.rank());
        let panel = other.panel();
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let x = view.block(first..first + n, &mut work.irregular);
                let (numer, denom) = (&mut work.cross[..n * stride], &mut work.denom[..n * stride]);
                let mut moving = vec![true; n];
                for _ in 0..most {
                    let mut sums = Sums { numer: &mut *numer, denom: &mut *denom, loss: &mut work.loss[..n] };
                    block_sums(&self.ratio, &x, rows.factor, &panel, &mut work.ratio, &mut sums);
                    for (r, moving) in moving.iter_mut().enumerate().filter(|(_, moving)| **moving) {
                        let row = r * stride..r * stride + rank;
                        let w = &mut rows.factor[row.clone()];
                        let before = w.iter().map(|x| x.to_f64()).collect::<Vec<_>>();
                        let denom = if self.ratio.shares_denominator() {
                            &other.sums_t[..rank]
                        } else {
                            &denom[row.clone()]
                        };
                        rule.update(w, &numer[row], denom);
                        let (mut moved, mut size) = (0.0, 0.0);
                        for (&w, before) in w.iter().zip(before) {
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
    }

    /// A half-step of Kullback-Leibler coordinate descent of side `at`.
    pub(crate) fn rows(
        &self,
        at: usize,
        effort: &Effort<T>,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
    ) {
        let (view, penalty) = (&self.views[at], own.penalty);
        let (stride, rank) = (own.factor.stride(), own.factor.rank());
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, mut rows: RowsMut<'_, T>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let x = view.block(first..first + n, &mut work.irregular);
                for r in 0..n {
                    let w = &mut rows.factor[r * stride..(r + 1) * stride];
                    rows.terms[r * TERMS] =
                        work.row.solve(&x, r, w, rank, other, effort, self.ratio.least_model);
                }
                push_rows(&mut rows, push);
                note_penalty(&mut rows, penalty);
            });
        });
    }
}

fn quadratic<'a, T: Scalar>(own: &Side<T>, other: &'a Side<T>) -> Quadratic<'a, T> {
    Quadratic {
        gram: &other.gram_t,
        stride: own.factor.stride(),
        rank: own.factor.rank(),
        l1: T::from_f64(own.penalty.l1),
        l2: T::from_f64(own.penalty.l2),
    }
}

/// Lets a rule move some rows, notes their part of the objective, and extrapolates them if asked; returns the points.
fn update_rows<'a, T: Scalar>(
    rule: &dyn QuadraticRule<T>,
    q: &Quadratic<'_, T>,
    mut rows: RowsMut<'a, T>,
    cross: &[T],
    scratch: &mut Scratch<T>,
    penalty: Elastic,
    push: Option<(T, T)>,
) -> &'a [T] {
    rule.update(q, Panel { factor: rows.factor, cross, state: rows.state }, scratch);
    for (terms, (w, c)) in rows
        .terms
        .chunks_exact_mut(TERMS)
        .zip(rows.factor.chunks_exact(q.stride).zip(cross.chunks_exact(q.stride)))
    {
        terms[0] = -w.iter().zip(c).map(|(w, c)| w.to_f64() * c.to_f64()).sum::<f64>();
    }
    push_rows(&mut rows, push);
    note_penalty(&mut rows, penalty);
    rows.factor
}

/// Notes the penalty of rows as they are now.
fn note_penalty<T: Scalar>(rows: &mut RowsMut<'_, T>, penalty: Elastic) {
    for (terms, w) in rows.terms.chunks_exact_mut(TERMS).zip(rows.factor.chunks_exact(rows.stride)) {
        terms[1] = penalty.value(w.iter().map(|x| x.to_f64()));
    }
}

/// Extrapolates rows that were just moved.
fn push_rows<T: Scalar>(rows: &mut RowsMut<'_, T>, by: Option<(T, T)>) {
    if let Some((beta, least)) = by {
        push(rows.factor, rows.previous, beta, least);
    }
}

impl<T: Scalar> RowScratch<T> {
    fn none() -> RowScratch<T> {
        RowScratch { x: vec![], y: vec![], gathered: vec![], now: vec![], before: vec![] }
    }

    fn new(views: &[View<'_, T>; 2], rank: usize) -> RowScratch<T> {
        let entries = views[0].fullest_row().max(views[1].fullest_row()).next_multiple_of(PARTS);
        let sparse = views[0].is_sparse();
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
    fn solve(
        &mut self,
        x: &Rows<'_, T>,
        r: usize,
        w: &mut [T],
        rank: usize,
        other: &Side<T>,
        effort: &Effort<T>,
        least_model: T,
    ) -> f64 {
        let stride = other.factor.stride();
        let h = other.factor.padded_rows();
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
            sums: &other.sums_t[..rank],
            w: &mut w[..rank],
            y: &mut *ys,
            least_model,
            effort: *effort,
        });
        kl_loss(xs, ys)
    }
}
