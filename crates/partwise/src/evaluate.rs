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
//! **Optimality.** With the split of the gradient of the objective by W, `denom - numer`, both >= 0 (penalties are part
//! of `denom`), and the mean `m_c` of component c of W,
//!
//! ```text
//! kkt_W = sum over i, c of |min(W_ic denom_ic, (denom_ic - numer_ic) max(W_ic, m_c))|  /  sum of W_ic denom_ic
//! ```
//!
//! and likewise for H: the share of the model by which the first-order conditions are violated. It is 0 exactly at
//! stationary points, and neither the scale of X nor that of a component changes it.

use crate::data::facts::for_each;
use crate::data::sum::Sum;
use crate::data::view::View;
use crate::data::{Facts, Matrix};
use crate::error::{Error, Result};
use crate::factor::{Factor, padded};
use crate::fit::Residuals;
use crate::kernels::gram::{ColumnSum, GramSum, inner, times_square, tree_sum};
use crate::kernels::products::cross;
use crate::kernels::ratio::{Other, Ratio, RatioScratch, Sums, TILE, block_sums, pack};
use crate::kernels::{Rows, SparseRows, ValuesRef};
use crate::loss::Loss;
use crate::par::{Lines, PerThread, Split, Team, for_blocks};
use crate::penalty::Elastic;
use crate::scalar::Scalar;

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

    /// The larger of the two residuals.
    pub(crate) fn kkt(&self) -> f64 {
        self.kkt_w.max(self.kkt_h)
    }
}

/// Sums over X that losses are compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    /// `1/2 ||X||²`.
    pub(crate) half_squares: f64,
    /// What the kernels' loss leaves out: see [`block_sums`].
    pub(crate) constant: f64,
    /// The loss of the zero or mean model.
    pub(crate) loss: f64,
    /// The size that a loss has to be compared with to see whether it has lost digits.
    pub(crate) size: f64,
}

impl Reference {
    /// Of X in memory, with zeros raised to `floor` times the mean.
    pub(crate) fn of<T: Scalar>(x: &Matrix<'_, T>, facts: &Facts, loss: Loss, floor: f64) -> Reference {
        let beta = loss.beta();
        let unit = 2f64.powi(facts.exponent);
        let half_squares = 0.5 * facts.sum_squares * unit * unit;
        let (rows, cols) = (facts.rows as f64, facts.cols as f64);
        let size = |sum_power: f64| (sum_power / (beta * (beta - 1.0))).abs();
        match loss {
            Loss::Frobenius => {
                Reference { half_squares, constant: 0.0, loss: half_squares, size: half_squares }
            }
            Loss::Beta(b) if b > 1.0 => {
                let power = sum_over(x, 0.0, |v| v.powf(b));
                let reference = power / (b * (b - 1.0));
                Reference { half_squares, constant: reference, loss: reference, size: size(power) }
            }
            other => {
                let least = floor * facts.mean;
                let zeros = (facts.rows as u64 * facts.cols as u64 - facts.stored) as f64;
                let raised = sum_over(x, least * zeros, |v| v.max(least));
                let mean = raised / (rows * cols);
                let of_zeros = if zeros > 0.0 { zeros * other.divergence(least, mean) } else { 0.0 };
                let total = sum_over(x, of_zeros, |v| other.divergence(v.max(least), mean));
                let (constant, size) = match other {
                    Loss::Beta(b) => {
                        let of_zeros = if zeros > 0.0 { zeros * least.powf(b) } else { 0.0 };
                        let power = sum_over(x, of_zeros, |v| v.max(least).powf(b));
                        (power / (b * (b - 1.0)), size(power))
                    }
                    Loss::KullbackLeibler => (-raised, raised),
                    _ => (0.0, rows * cols),
                };
                Reference { half_squares, constant, loss: total, size }
            }
        }
    }

    pub(crate) fn relative_error(&self, loss: f64) -> f64 {
        if loss <= 0.0 {
            0.0
        } else if self.loss > 0.0 {
            (loss / self.loss).sqrt()
        } else {
            // A constant X against a mean model that fits it: measured against the data's size instead.
            (loss / self.size).sqrt()
        }
    }
}

/// `rest` and the sum of `term` over the stored entries.
fn sum_over<T: Scalar>(x: &Matrix<'_, T>, rest: f64, term: impl Fn(f64) -> f64) -> f64 {
    let mut sum = Sum::of([rest]);
    for_each(x, |_, _, v, weight| sum.add(weight * term(v)));
    sum.value()
}

/// Evaluates pairs for one X, in buffers of its own.
pub(crate) struct Evaluator<'x, T: Scalar> {
    loss: Loss,
    ratio: Ratio<f64>,
    reference: Reference,
    w: Half<'x, T>,
    h: Half<'x, T>,
    scratch: PerThread<Scratch>,
}

/// The loss of every row and column.
pub(crate) fn residuals<T: Scalar>(
    x: &Matrix<'_, T>,
    w: &Factor<T>,
    h: &Factor<T>,
    loss: Loss,
    floor: f64,
    threads: usize,
) -> Result<Residuals> {
    if (x.rows(), x.cols()) != (w.rows(), h.rows()) {
        return Err(Error::Shape {
            what: "X",
            expected: format!("({}, {}), the shape of the fit", w.rows(), h.rows()),
            got: format!("({}, {})", x.rows(), x.cols()),
        });
    }
    let facts = Facts::of(x);
    facts.check(loss, floor)?;
    let team = Team::new(threads);
    Ok(team.run(|| {
        let none = (Elastic::default(), Elastic::default());
        let mut evaluator = Evaluator::new(x, &facts, loss, floor, w.rank(), none, team.threads());
        let (mut rows, mut cols) = (Vec::new(), Vec::new());
        evaluator.entry_by_entry(w, h, Some(&mut rows));
        std::mem::swap(&mut evaluator.w, &mut evaluator.h);
        evaluator.entry_by_entry(h, w, Some(&mut cols));
        Residuals { rows, cols }
    }))
}

/// One factor with the view of X whose rows are its rows.
struct Half<'x, T: Scalar> {
    view: View<'x, T>,
    penalty: Elastic,
    /// The factor in `f64`, if the run is not.
    wide: Option<Factor<f64>>,
    gram_sum: GramSum,
    gram: Vec<f64>,
    column_sum: ColumnSum,
    sums: Vec<f64>,
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
    ratio: RatioScratch<f64>,
}

/// Per row of the factor: loss, penalty, violation, scale, and how far the gradient points away from zero.
const TERMS: usize = 5;

impl<'x, T: Scalar> Half<'x, T> {
    fn new(
        x: &'x Matrix<'_, T>,
        transposed: bool,
        rank: usize,
        penalty: Elastic,
        tiles: bool,
    ) -> Half<'x, T> {
        let view = View::of(x, transposed);
        let rows = view.rows();
        let stride = padded::<f64>(rank);
        let columns_stride = if tiles { rows.next_multiple_of(f64::LANES) } else { 0 };
        Half {
            view,
            penalty,
            wide: (T::LANES != f64::LANES).then(|| Factor::zeros(rows, rank)),
            gram_sum: GramSum::new::<f64>(rows, stride),
            gram: vec![0.0; stride * stride],
            column_sum: ColumnSum::new(rows, stride),
            sums: vec![0.0; stride],
            columns: vec![0.0; rank * columns_stride],
            columns_stride,
            terms: vec![0.0; rows * TERMS],
        }
    }

    /// Everything about the factor that the other half needs.
    fn prepare(&mut self, factor: &Factor<T>) {
        let Half { wide, gram_sum, gram, column_sum, sums, columns, columns_stride, .. } = self;
        let factor = T::widen_factor(factor, wide);
        gram_sum.compute(factor, gram);
        column_sum.compute(factor, sums);
        transpose_into(factor, columns, *columns_stride);
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
        penalties: (Elastic, Elastic),
        threads: usize,
    ) -> Evaluator<'x, T> {
        let tiles = !(loss == Loss::Frobenius || (x.is_sparse() && loss == Loss::KullbackLeibler));
        let stride = padded::<f64>(rank);
        let widest = x.rows().max(x.cols());
        Evaluator {
            loss,
            ratio: Ratio::new(loss, facts.mean, floor * facts.mean),
            reference: Reference::of(x, facts, loss, floor),
            w: Half::new(x, false, rank, penalties.0, tiles),
            h: Half::new(x, true, rank, penalties.1, tiles),
            scratch: PerThread::new(threads, || Scratch {
                block: vec![0.0; if x.is_sparse() || T::LANES == f64::LANES { 0 } else { ROWS * widest }],
                x: Vec::new(),
                numer: vec![0.0; ROWS * stride],
                denom: vec![0.0; ROWS * stride],
                loss: vec![0.0; ROWS],
                ratio: if loss == Loss::Frobenius {
                    RatioScratch::default()
                } else {
                    RatioScratch::new(ROWS)
                },
            }),
        }
    }

    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Loss, penalty and both residuals of a pair.
    pub(crate) fn evaluate(&mut self, w: &Factor<T>, h: &Factor<T>) -> Evaluation {
        self.w.prepare(w);
        self.h.prepare(h);
        let (loss, penalty_w, kkt_w) = self.half(w, h, false);
        let (_, penalty_h, kkt_h) = self.half(h, w, true);
        let loss = loss + self.reference.constant;
        let loss = match self.loss {
            Loss::KullbackLeibler => loss + inner(&self.w.sums, &self.h.sums),
            Loss::Frobenius => loss + self.reference.half_squares + 0.5 * inner(&self.w.gram, &self.h.gram),
            _ => loss,
        };
        let loss = if loss > CANCELS * self.reference.size { loss } else { self.entry_by_entry(w, h, None) };
        Evaluation { loss, penalty: penalty_w + penalty_h, kkt_w, kkt_h }
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
        let (view, scratch) = (&own.view, &self.scratch);
        for_blocks(Lines(&mut own.terms, TERMS), ROWS, 0, &|first, terms: Lines<'_, f64>| {
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
                    pack(&block, from, width, xs);
                    let tile = (&*xs, &mut *ys);
                    differences(w, h, from, width, least, tile);
                    for r in 0..n {
                        let row = xs[r * TILE..][..width].iter().zip(&ys[r * TILE..][..width]);
                        terms.0[r * TERMS] +=
                            row.map(|(&x, &d)| loss.of_difference(x.max(least), d)).sum::<f64>();
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

    /// Loss (as far as the kernels give it), penalty and residual of one factor.
    fn half(&mut self, own: &Factor<T>, other: &Factor<T>, transposed: bool) -> (f64, f64, f64) {
        let (own_half, other_half) =
            if transposed { (&mut self.h, &mut self.w) } else { (&mut self.w, &mut self.h) };
        let rank = own.rank();
        let other_factor = T::widen_factor(other, &mut other_half.wide);
        let Half { view, penalty, wide, sums, terms, .. } = own_half;
        let own = T::widen_factor(own, wide);
        let stride = own.stride();
        let (sums, count) = (&*sums, own.rows() as f64);
        let panel = Other {
            rows: other_factor.padded_rows(),
            stride,
            rank,
            columns: &other_half.columns,
            columns_stride: other_half.columns_stride,
        };
        let (ratio, loss, scratch) = (&self.ratio, self.loss, &self.scratch);
        let by_products = loss == Loss::Frobenius;
        let (gram, shared) = (&other_half.gram, &other_half.sums);
        let (view, penalty) = (&*view, &*penalty);
        for_blocks(Lines(terms, TERMS), ROWS, 0, &|first, terms: Lines<'_, f64>| {
            scratch.with(|s| {
                let n = terms.rows();
                let mut irregular = vec![T::ZERO; view.scratch(ROWS)];
                let x = T::widen_rows(view.block(first..first + n, &mut irregular), &mut s.block);
                let w = &own.padded_rows()[first * stride..(first + n) * stride];
                let (numer, denom) = (&mut s.numer[..n * stride], &mut s.denom[..n * stride]);
                if by_products {
                    cross(&x, panel.rows, stride, numer);
                    times_square(w, gram, stride, denom);
                    for r in 0..n {
                        let row = r * stride..(r + 1) * stride;
                        s.loss[r] = -inner(&w[row.clone()], &numer[row]);
                    }
                } else {
                    let mut sums = Sums { numer: &mut *numer, denom: &mut *denom, loss: &mut s.loss[..n] };
                    block_sums(ratio, &x, w, &panel, &mut s.ratio, &mut sums);
                    if ratio.shares_denominator() {
                        denom.chunks_exact_mut(stride).for_each(|row| row.copy_from_slice(shared));
                    }
                }
                for r in 0..n {
                    let row = r * stride..r * stride + rank;
                    let (w, numer, denom) = (&w[row.clone()], &numer[row.clone()], &denom[row]);
                    let (mut violation, mut scale, mut pull) = (0.0, 0.0, 0.0);
                    for c in 0..rank {
                        let down = denom[c] + penalty.l1 + penalty.l2 * w[c];
                        violation += (w[c] * down).min((down - numer[c]) * w[c].max(sums[c] / count)).abs();
                        scale += w[c] * down;
                        pull += (numer[c] - down).max(0.0);
                    }
                    let penalty = penalty.value(w.iter().copied());
                    terms.0[r * TERMS..][..TERMS]
                        .copy_from_slice(&[s.loss[r], penalty, violation, scale, pull]);
                }
            });
        });
        let [loss, penalty, violation, scale, pull] = std::array::from_fn(|at| total(&own_half.terms, at));
        // A factor of zeros has no scale of its own: it is either right or wrong.
        (loss, penalty, if scale > 0.0 { violation / scale } else { f64::from(pull > 0.0) })
    }
}

/// `y - max(x, least)` for a tile, with y to twice the working precision: near an exact fit the rounding of y itself would
/// be all that is left of the difference.
fn differences(
    w: &[f64],
    h: &Factor<f64>,
    from: usize,
    width: usize,
    least: f64,
    (x, out): (&[f64], &mut [f64]),
) {
    let rank = h.rank();
    for (r, w) in w.chunks_exact(h.stride()).enumerate() {
        for j in 0..width {
            // Compensated dot product (T. Ogita, S. Rump, S. Oishi, 2005, doi:10.1137/030601818, algorithm 5.3).
            let (mut sum, mut lost) = (-x[r * TILE + j].max(least), 0.0);
            for (&a, &b) in w[..rank].iter().zip(h.row(from + j)) {
                let product = a * b;
                let rest = a.mul_add(b, -product);
                let next = sum + product;
                let back = next - sum;
                lost += (sum - (next - back)) + (product - back) + rest;
                sum = next;
            }
            out[r * TILE + j] = sum + lost;
        }
    }
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
