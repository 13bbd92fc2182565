//! How good a pair (W, H) is: loss, penalties and optimality, always in `f64`, from the data and the factors alone.
//!
//! Nothing here is shared with the rules, so what is reported of a fit does not depend on how it was found.
//!
//! **Loss.** By products where that is safe; where the loss is below 1e-4 of the data's own size, those cancel, and
//! every entry's divergence is computed by itself, without cancellation (`Loss::divergence`), in tiles of 512 columns.
//!
//! **Relative error.** `sqrt(loss / reference)`. The reference is the loss of the zero model for beta > 1 (so that for
//! Frobenius it is `||X - WH|| / ||X||`) and of the best constant model, the mean of X, for beta <= 1, where the zero
//! model's loss is infinite. 0 if both are 0.
//!
//! Of weighted X, all sums run over the entries that count.
//!
//! **Optimality.** The share of the model by which first-order conditions are violated: see `optimality`.

mod optimality;
mod pair;
mod reference;

pub(crate) use pair::Pair;
pub(crate) use reference::Reference;

use optimality::{add_penalties, judge};

use crate::data::view::View;
use crate::data::{Facts, Matrix};
use crate::factor::{Factor, padded};
use crate::group_sums::GroupSums;
use crate::kernels::gram::{ColumnSum, GramSum, inner, times_square, tree_sum};
use crate::kernels::products::cross;
use crate::kernels::ratio::{Other, Ratio, RatioScratch, Sums, TILE, block_sums, pack};
use crate::kernels::weighted::{Rows as FactorRows, Shared, quadratic_form};
use crate::kernels::{Rows, SparseRows, ValuesRef};
use crate::loss::Loss;
use crate::par::{Lines, PerThread, Split, for_blocks};
use crate::penalised::{Joint, Penalised};
use crate::penalty::Elastic;
use crate::penalty::ard::Ard;
use crate::row_terms::Bounds;
use crate::scalar::Scalar;
use crate::side::{Asked, smooth, weighed};
use crate::walk::rows::dot;
use crate::walk::weighted::RowWork;

/// Below this share of the data's size, a loss is computed entry by entry.
const CANCELS: f64 = 1e-4;
/// Rows of a block.
const ROWS: usize = 24;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evaluation {
    pub(crate) loss: f64,
    pub(crate) penalty: f64,
    pub(crate) kkt_w: f64,
    pub(crate) kkt_h: f64,
}

impl Evaluation {
    pub(crate) fn objective(&self) -> f64 {
        self.loss + self.penalty
    }

    /// The larger of the two residuals; NaN if one of them is not known.
    pub(crate) fn kkt(&self) -> f64 {
        larger(self.kkt_w, self.kkt_h)
    }
}

/// The larger of two residuals; NaN if either is.
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// What is evaluated beside the loss.
pub(crate) struct Judged {
    /// Penalties and limits of W and of H.
    pub(crate) asked: (Asked<f64>, Asked<f64>),
    pub(crate) joint: Option<Ard>,
    pub(crate) smoothing: f64,
}

impl Judged {
    /// The loss, and nothing else.
    pub(crate) fn loss_only(smoothing: f64) -> Judged {
        let none = || Asked::elastic(Elastic::default());
        Judged { asked: (none(), none()), joint: None, smoothing }
    }
}

/// Evaluates pairs for one X, in buffers of its own.
pub(crate) struct Evaluator<'x, T: Scalar> {
    loss: Loss,
    ratio: Ratio<f64>,
    reference: Reference,
    w: Half<'x, T>,
    h: Half<'x, T>,
    joint: Option<Joint>,
    /// Whether rows say all of their part of the loss themselves.
    whole: bool,
    scratch: PerThread<Scratch>,
}

/// One factor with the view of X whose rows are its rows.
struct Half<'x, T: Scalar> {
    view: View<'x, T>,
    elastic: Elastic,
    bounds: Bounds<f64>,
    /// Whether its optimality is judged: not if it is fixed, or of a given sparseness.
    judged: bool,
    /// Its components are of a given sparseness: nothing is known of its optimality.
    unknown: bool,
    penalised: Option<Penalised<f64>>,
    /// The factor in `f64`, if the run is not.
    wide: Option<Factor<f64>>,
    /// What the other half meets, if not the factor itself.
    smoothed: Option<(f64, Factor<f64>)>,
    /// Weights that the rows of the other half share for these rows, with room for weighted rows.
    weights: Option<(Vec<f64>, Factor<f64>)>,
    /// What groups of rows of the other half keep of these rows.
    kept: Option<GroupSums<f64>>,
    gram_sum: GramSum,
    gram: Vec<f64>,
    column_sum: ColumnSum,
    sums: Vec<f64>,
    /// The size of an average entry of each component.
    means: Vec<f64>,
    /// The transpose of the factor for tiles; empty if there are none.
    columns: Vec<f64>,
    columns_stride: usize,
    terms: Vec<f64>,
}

struct Scratch {
    block: Vec<f64>,
    x: Vec<f64>,
    numer: Vec<f64>,
    denom: Vec<f64>,
    loss: Vec<f64>,
    line: Vec<f64>,
    ratio: RatioScratch<f64>,
    own: RowWork<f64>,
}

/// Per row of the factor: loss, penalty, violation, scale, and how far the gradient points away from zero.
const TERMS: usize = 5;

impl<'x, T: Scalar> Half<'x, T> {
    fn new(
        x: &'x Matrix<'_, T>,
        transposed: bool,
        rank: usize,
        asked: Asked<f64>,
        joint: bool,
        smoothing: f64,
        tiles: bool,
    ) -> Half<'x, T> {
        let view = View::of(x, transposed);
        let rows = view.rows();
        let stride = padded::<f64>(rank);
        let columns_stride = if tiles { rows.next_multiple_of(f64::LANES) } else { 0 };
        let factor = || Factor::zeros(rows, rank);
        // The rows of the other view share weights of their columns, which are the rows here, and lack some of them together.
        let (weights, grouped) = match View::of(x, !transposed) {
            View::Weighted(other) => (other.shared().flatten(), other.grouped()),
            _ => (None, None),
        };
        let penalised = joint || !asked.terms.is_empty();
        Half {
            weights: weights.map(|v| (v.iter().map(|v| v.to_f64()).collect(), factor())),
            kept: grouped.map(|grouped| GroupSums::new(grouped, stride, (true, true))),
            view,
            elastic: asked.elastic,
            bounds: asked.bounds,
            judged: !asked.fixed && asked.sparse.is_none(),
            unknown: asked.sparse.is_some(),
            penalised: penalised.then(|| Penalised::new(rows, rank, asked.terms)),
            wide: (T::LANES != f64::LANES).then(factor),
            smoothed: (smoothing > 0.0).then(|| (smoothing, factor())),
            gram_sum: GramSum::new::<f64>(rows, stride),
            gram: vec![0.0; stride * stride],
            column_sum: ColumnSum::new(rows, stride),
            sums: vec![0.0; stride],
            means: vec![0.0; stride],
            columns: vec![0.0; rank * columns_stride],
            columns_stride,
            terms: vec![0.0; rows * TERMS],
        }
    }

    /// Everything about the factor that the other half needs.
    fn prepare(&mut self, factor: &Factor<T>) {
        let Half { wide, smoothed, weights, kept, gram_sum, gram, column_sum, sums, means, .. } = self;
        let factor = T::widen_factor(factor, wide);
        if let Some((by, to)) = smoothed {
            smooth(factor, *by, to);
        }
        let seen = smoothed.as_ref().map_or(factor, |(_, seen)| seen);
        let weighted = weighed(seen, weights, f64::sqrt);
        gram_sum.compute(weighted, gram);
        if let Some(kept) = kept {
            kept.compute_grams(weighted);
        }
        let weighted = weighed(seen, weights, |v| v);
        column_sum.compute(weighted, sums);
        if let Some(kept) = kept {
            kept.compute_sums(weighted);
        }
        transpose_into(seen, &mut self.columns, self.columns_stride);
        let rows = factor.rows() as f64;
        if smoothed.is_none() && weights.is_none() && !self.bounds.is_free() {
            means.iter_mut().zip(&*sums).for_each(|(mean, &sum)| *mean = sum / rows);
        } else {
            means.fill(0.0);
            for i in 0..factor.rows() {
                means.iter_mut().zip(factor.row(i)).for_each(|(mean, x)| *mean += x.abs() / rows);
            }
        }
    }

    /// The values of penalties of the factor; their upper quadratics are touched later.
    fn assess(&mut self, factor: &Factor<T>) {
        let factor = T::widen_factor(factor, &mut self.wide);
        if let Some(penalised) = &mut self.penalised {
            penalised.assess(factor);
        }
    }
}

/// Writes the transpose of a factor into rows of length `stride`; does nothing for a stride of 0.
pub(crate) fn transpose_into<T: Scalar>(factor: &Factor<T>, columns: &mut [T], stride: usize) {
    if stride > 0 {
        for i in 0..factor.rows() {
            for (c, &x) in factor.row(i).iter().enumerate() {
                columns[c * stride + i] = x;
            }
        }
    }
}

impl<'x, T: Scalar> Evaluator<'x, T> {
    pub(crate) fn new(
        x: &'x Matrix<'_, T>,
        facts: &Facts,
        loss: Loss,
        floor: f64,
        rank: usize,
        judged: Judged,
        threads: usize,
    ) -> Evaluator<'x, T> {
        let weighted = matches!(x, Matrix::Weighted(_));
        let tiles =
            !(weighted || loss == Loss::Frobenius || (x.is_sparse() && loss == Loss::KullbackLeibler));
        let stride = padded::<f64>(rank);
        let widest = x.rows().max(x.cols());
        let Judged { asked, joint, smoothing } = judged;
        let half = |turned, asked| Half::new(x, turned, rank, asked, joint.is_some(), smoothing, tiles);
        let (w, h) = (half(false, asked.0), half(true, asked.1));
        let scratch = PerThread::new(threads, || Scratch {
            block: vec![
                0.0;
                if weighted || x.is_sparse() || T::LANES == f64::LANES { 0 } else { ROWS * widest }
            ],
            x: Vec::new(),
            numer: vec![0.0; ROWS * stride],
            denom: vec![0.0; ROWS * stride],
            loss: vec![0.0; ROWS],
            line: vec![0.0; stride],
            ratio: if weighted || loss == Loss::Frobenius {
                RatioScratch::default()
            } else {
                RatioScratch::new(ROWS)
            },
            own: RowWork::new([&w.view, &h.view], stride),
        });
        Evaluator {
            loss,
            ratio: Ratio::new(loss, facts.mean, floor * facts.mean),
            reference: Reference::of(x, facts, loss, floor),
            w,
            h,
            joint: joint.map(|ard| Joint::new(ard, rank)),
            whole: weighted || smoothing > 0.0,
            scratch,
        }
    }

    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Loss, penalty and both residuals of a pair.
    pub(crate) fn evaluate(&mut self, w: &Factor<T>, h: &Factor<T>) -> Evaluation {
        self.w.prepare(w);
        self.h.prepare(h);
        self.w.assess(w);
        self.h.assess(h);
        let mut penalty = 0.0;
        for (half, factor, is_w) in [(&mut self.w, w, true), (&mut self.h, h, false)] {
            if let Some(penalised) = &half.penalised {
                penalty += penalised.value;
                if let Some(joint) = &mut self.joint {
                    joint.size(is_w, &penalised.at(T::widen_factor(factor, &mut half.wide)));
                }
            }
        }
        penalty += self.joint.as_ref().map_or(0.0, Joint::value);
        let (loss, penalty_w, kkt_w) = self.half(w, h, false);
        let (_, penalty_h, kkt_h) = self.half(h, w, true);
        let loss = loss + self.reference.constant;
        let loss = match self.loss {
            _ if self.whole && self.loss == Loss::Frobenius => loss + self.reference.half_squares,
            _ if self.whole => loss,
            Loss::KullbackLeibler => loss + inner(&self.w.sums, &self.h.sums),
            Loss::Frobenius => loss + self.reference.half_squares + 0.5 * inner(&self.w.gram, &self.h.gram),
            _ => loss,
        };
        let loss = if loss > CANCELS * self.reference.size { loss } else { self.entry_by_entry(w, h, None) };
        Evaluation { loss, penalty: penalty + penalty_w + penalty_h, kkt_w, kkt_h }
    }

    /// The loss alone, and that without cancellation; also per row of W if asked.
    pub(crate) fn entry_by_entry(
        &mut self,
        w: &Factor<T>,
        h: &Factor<T>,
        rows: Option<&mut Vec<f64>>,
    ) -> f64 {
        let loss = self.loss;
        let least = self.ratio.least_data;
        let (own, other) = (&mut self.w, &mut self.h);
        let w = T::widen_factor(w, &mut own.wide);
        let h = T::widen_factor(h, &mut other.wide);
        if let Some((by, seen)) = &mut other.smoothed {
            smooth(h, *by, seen);
        }
        let h = other.smoothed.as_ref().map_or(h, |(_, seen)| seen);
        let (view, scratch) = (&own.view, &self.scratch);
        for_blocks(Lines(&mut own.terms, TERMS), ROWS, 0, &|first, terms: Lines<'_, f64>| {
            if let View::Weighted(view) = view {
                scratch.with(|s| {
                    for (r, terms) in terms.0.chunks_exact_mut(TERMS).enumerate() {
                        let entries = view.every_entry(first + r, &mut s.own.room);
                        let w = w.row(first + r);
                        let each = entries.at.iter().zip(entries.x).zip(entries.v);
                        terms[0] = each
                            .map(|((&j, &x), &v)| {
                                let x = x.max(least_of(loss, least));
                                v * of_entry(loss, w, h.row(j as usize), x)
                            })
                            .sum();
                    }
                });
                return;
            }
            scratch.with(|s| {
                let n = terms.rows();
                s.x.resize(2 * ROWS * TILE + view.scratch(ROWS), 0.0);
                let mut irregular = vec![T::ZERO; view.scratch(ROWS)];
                let block = T::widen_rows(view.block(first..first + n, &mut irregular), &mut s.block);
                let (xs, ys) = s.x.split_at_mut(ROWS * TILE);
                let w = &w.padded_rows()[first * w.stride()..(first + n) * w.stride()];
                terms.0.fill(0.0);
                for from in (0..h.rows()).step_by(TILE) {
                    let width = TILE.min(h.rows() - from);
                    pack(&block, from, width, xs, TILE);
                    let least = least_of(loss, least);
                    for (r, w) in w.chunks_exact(h.stride()).enumerate() {
                        for j in 0..width {
                            let x = xs[r * TILE + j].max(least);
                            ys[r * TILE + j] = of_entry(loss, &w[..h.rank()], h.row(from + j), x);
                        }
                    }
                    for r in 0..n {
                        terms.0[r * TERMS] += ys[r * TILE..][..width].iter().sum::<f64>();
                    }
                }
            });
        });
        if let Some(rows) = rows {
            rows.clear();
            rows.extend(own.terms.chunks_exact(TERMS).map(|t| t[0]));
        }
        total(&own.terms, 0)
    }

    /// Loss (as far as the kernels give it), elastic penalty and residual of one factor.
    fn half(&mut self, own: &Factor<T>, other: &Factor<T>, transposed: bool) -> (f64, f64, f64) {
        let (own_half, other_half) =
            if transposed { (&mut self.h, &mut self.w) } else { (&mut self.w, &mut self.h) };
        let rank = own.rank();
        let other_factor = T::widen_factor(other, &mut other_half.wide);
        let Half { view, elastic, bounds, judged, penalised, wide, means, terms, .. } = own_half;
        let own = T::widen_factor(own, wide);
        let stride = own.stride();
        if let Some(penalised) = penalised {
            penalised.touch(own, |at, shift| {
                if let Some(joint) = &mut self.joint {
                    joint.touch(!transposed, at, shift);
                }
            });
        }
        let seen = other_half.smoothed.as_ref().map_or(other_factor, |(_, seen)| seen);
        let rows = FactorRows { data: seen.padded_rows(), stride, rank };
        let (kept_grams, kept_sums) = GroupSums::of(&other_half.kept);
        let (gram, sums) = (&other_half.gram, &other_half.sums);
        let shared = Shared { rows, gram, sums, kept_grams, kept_sums };
        let panel = Other {
            rows: seen.padded_rows(),
            stride,
            rank,
            columns: &other_half.columns,
            columns_stride: other_half.columns_stride,
        };
        let (ratio, loss, scratch, whole) = (&self.ratio, self.loss, &self.scratch, self.whole);
        let by_products = loss == Loss::Frobenius;
        let (view, elastic, bounds, penalised, means) = (&*view, &*elastic, &*bounds, &*penalised, &*means);
        let judged = *judged;
        for_blocks(Lines(terms, TERMS), ROWS, 0, &|first, terms: Lines<'_, f64>| {
            scratch.with(|s| {
                let n = terms.rows();
                let w = &own.padded_rows()[first * stride..(first + n) * stride];
                let (numer, denom) = (&mut s.numer[..n * stride], &mut s.denom[..n * stride]);
                if let View::Weighted(view) = view {
                    for r in 0..n {
                        let row = r * stride..(r + 1) * stride;
                        let (w, numer, denom) = (&w[row.clone()], &mut numer[row.clone()], &mut denom[row]);
                        if by_products {
                            s.own.quadratic_row(view, first + r, &shared);
                            numer.copy_from_slice(&s.own.cross);
                            times_square(w, &s.own.gram, stride, denom);
                            s.loss[r] = 0.5 * quadratic_form(w, &s.own.gram, stride, rank) - inner(w, numer);
                        } else {
                            s.loss[r] = s.own.ratio_row(ratio, view, first + r, w, &shared, numer, denom);
                        }
                    }
                } else {
                    let mut irregular = vec![T::ZERO; view.scratch(ROWS)];
                    let x = T::widen_rows(view.block(first..first + n, &mut irregular), &mut s.block);
                    if by_products {
                        cross(&x, panel.rows, stride, numer);
                        times_square(w, shared.gram, stride, denom);
                        for r in 0..n {
                            let row = r * stride..(r + 1) * stride;
                            s.loss[r] = -inner(&w[row.clone()], &numer[row.clone()]);
                            if whole {
                                s.loss[r] += 0.5 * inner(&w[row.clone()], &denom[row]);
                            }
                        }
                    } else {
                        // Once is enough.
                        let loss = &mut s.loss[..if transposed { 0 } else { n }];
                        let mut sums = Sums { numer: &mut *numer, denom: &mut *denom, loss };
                        block_sums(ratio, &x, w, &panel, &mut s.ratio, &mut sums);
                        if ratio.shares_denominator() {
                            for r in 0..n {
                                let row = r * stride..(r + 1) * stride;
                                denom[row.clone()].copy_from_slice(shared.sums);
                                if whole {
                                    s.loss[r] += dot(&w[row], &shared.sums[..rank]);
                                }
                            }
                        }
                    }
                }
                for r in 0..n {
                    let row = r * stride..r * stride + rank;
                    let (w, numer, denom) = (&w[row.clone()], &mut numer[row.clone()], &mut denom[row]);
                    if let Some(penalised) = penalised {
                        add_penalties(w, &penalised.of_row(first + r, &mut s.line), stride, numer, denom);
                    }
                    for c in 0..rank {
                        denom[c] += elastic.l1 + elastic.l2 * w[c];
                    }
                    let [violation, scale, pull] =
                        if judged { judge(w, numer, denom, means, bounds) } else { [0.0; 3] };
                    let penalty = elastic.value(w.iter().copied());
                    terms.0[r * TERMS..][..TERMS]
                        .copy_from_slice(&[s.loss[r], penalty, violation, scale, pull]);
                }
            });
        });
        let [loss, penalty, violation, scale, pull] = std::array::from_fn(|at| total(&own_half.terms, at));
        if own_half.unknown {
            return (loss, penalty, f64::NAN);
        }
        // A factor of zeros has no scale of its own: it is either right or wrong.
        (loss, penalty, if scale > 0.0 { violation / scale } else { f64::from(pull > 0.0) })
    }
}

/// Entries of X below this count as it; Frobenius takes them as they are, negative ones too.
fn least_of(loss: Loss, least: f64) -> f64 {
    if loss == Loss::Frobenius { f64::NEG_INFINITY } else { least }
}

/// `d(x | w · h)`, from the difference where the two are near each other, and else from both: a model far below its entry is
/// lost in the difference.
fn of_entry(loss: Loss, w: &[f64], h: &[f64], x: f64) -> f64 {
    let d = difference(w, h, x);
    if d < -0.5 * x {
        loss.divergence(x, w.iter().zip(h).map(|(&a, &b)| a * b).sum())
    } else {
        loss.of_difference(x, d)
    }
}

/// `w · h - x` to twice the working precision: near an exact fit the rounding of the model itself would be all that is left
/// of the difference.
fn difference(w: &[f64], h: &[f64], x: f64) -> f64 {
    // Compensated dot product (T. Ogita, S. Rump, S. Oishi, 2005, doi:10.1137/030601818, algorithm 5.3).
    let (mut sum, mut lost) = (-x, 0.0);
    for (&a, &b) in w.iter().zip(h) {
        let product = a * b;
        let rest = a.mul_add(b, -product);
        let next = sum + product;
        let back = next - sum;
        lost += (sum - (next - back)) + (product - back) + rest;
        sum = next;
    }
    sum + lost
}

/// The sum over rows of one of their terms.
fn total(terms: &[f64], at: usize) -> f64 {
    tree_sum(0, terms.len() / TERMS, &|i| terms[i * TERMS + at])
}

/// A block of `f32` rows as `f64`: sparse values in place, dense ones copied into `room`.
pub(crate) fn widen_rows<'a>(x: Rows<'a, f32>, room: &'a mut [f64]) -> Rows<'a, f64> {
    match x {
        Rows::Sparse(x) => {
            let values = match x.values {
                ValuesRef::Full(v) | ValuesRef::Single(v) => ValuesRef::Single(v),
            };
            Rows::Sparse(SparseRows { cols: x.cols, starts: x.starts, columns: x.columns, values })
        }
        Rows::Dense(x) => Rows::Dense(x.widened(room)),
    }
}
