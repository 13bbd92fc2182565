//! How well a model predicts entries that it has not seen.
//!
//! A fit knows nothing of what a component has in a column if the only row that uses it much has its entry there held out; the few
//! others that use it a little then decide, and the prediction may be anything: a thousand times what is anywhere in X, or
//! zero, where the loss of Kullback-Leibler, and of beta below it, is infinite. One such entry, and a mean over thousands says
//! nothing of the rest. So for the judgement alone, a prediction goes no farther than what was seen allows:
//!
//! ```text
//! y <= max(largest entry seen in row i, largest entry seen in column j)
//! y >= mean_i mean_j / mean / 30        for beta <= 1
//! ```
//!
//! with the means of what was seen of the row, of the column and of X. The bounds are the same for all ranks.
//!
//! Cost: a look at every entry of X for the margins (of a sparse X, every stored one), and O(k) per entry that is judged.

use crate::data::Matrix;
use crate::data::facts::for_each;
use crate::data::weighted::{RowRoom, Weighted, WeightedView};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::fit::Score;
use crate::loss::Loss;
use crate::scalar::Scalar;
use crate::spec::Negatives;
use crate::transform::Model;

/// The lower bound is this share of what margins predict.
const SHARE: f64 = 1.0 / 30.0;

/// Of a row or a column: what was seen of it.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    sum: f64,
    weight: f64,
    largest: f64,
}

/// What was seen of every row and every column of X.
#[derive(Debug, Clone)]
pub struct Margins {
    rows: Vec<Line>,
    cols: Vec<Line>,
    mean: f64,
}

impl Margins {
    /// Of the entries that count in `seen`.
    pub fn of<T: Scalar>(seen: &Matrix<'_, T>) -> Margins {
        Margins::outside(seen, &vec![false; seen.rows()], &vec![false; seen.cols()])
    }

    /// Of those that do not lie in the block of these rows and columns. Negative entries are taken for zeros.
    pub(super) fn outside<T: Scalar>(
        seen: &Matrix<'_, T>,
        block_rows: &[bool],
        block_cols: &[bool],
    ) -> Margins {
        let mut rows = vec![Line::default(); seen.rows()];
        let mut cols = vec![Line::default(); seen.cols()];
        let mut add = |i: usize, j: usize, x: f64, weight: f64, counted: f64| {
            if block_rows[i] && block_cols[j] {
                return;
            }
            let x = x.max(0.0);
            for line in [&mut rows[i], &mut cols[j]] {
                line.sum += weight * x;
                line.weight += counted;
                line.largest = line.largest.max(x);
            }
        };
        let inside = |block: &[bool]| block.iter().filter(|&&inside| inside).count();
        let sizes = (inside(block_rows), inside(block_cols));
        // Zeros are counted together, and not met, where that is known.
        if let Matrix::Weighted(x) = seen {
            if sizes == (0, 0) {
                x.for_each_nonzero(|i, j, x, weight| add(i, j, x.to_f64(), weight.to_f64(), 0.0));
                for (lines, counts) in [&mut rows, &mut cols].into_iter().zip(x.line_counts()) {
                    lines.iter_mut().zip(counts).for_each(|(line, count)| line.weight = count.weight);
                }
            } else {
                x.for_each(|i, j, x, weight| add(i, j, x.to_f64(), weight.to_f64(), weight.to_f64()));
            }
        } else {
            for_each(seen, |i, j, x, _| add(i, j, x, 1.0, 0.0));
            let (m, n) = (rows.len(), cols.len());
            for (row, &inside) in rows.iter_mut().zip(block_rows) {
                row.weight = (n - if inside { sizes.1 } else { 0 }) as f64;
            }
            for (col, &inside) in cols.iter_mut().zip(block_cols) {
                col.weight = (m - if inside { sizes.0 } else { 0 }) as f64;
            }
        }
        let (sum, weight) = rows.iter().fold((0.0, 0.0), |(s, w), line| (s + line.sum, w + line.weight));
        Margins { rows, cols, mean: if weight > 0.0 { sum / weight } else { 0.0 } }
    }

    /// How far a prediction of entry `(i, j)` may go.
    fn bounds(&self, i: usize, j: usize, loss: Loss) -> (f64, f64) {
        let least = self.least(loss) * self.share(&self.rows[i]) * self.share(&self.cols[j]);
        (least, self.rows[i].largest.max(self.cols[j].largest).max(least))
    }

    /// The lower bound for a row and a column as full as X.
    fn least(&self, loss: Loss) -> f64 {
        if loss.beta() > 1.0 { 0.0 } else { SHARE * self.mean.max(0.0) }
    }

    /// How full a line is, beside X.
    fn share(&self, line: &Line) -> f64 {
        if !(line.weight > 0.0 && self.mean > 0.0) {
            return 1.0;
        }
        // Of a line that has nothing, half an entry of the mean could have been missed.
        (line.sum / line.weight / self.mean).max(0.5 / line.weight.max(1.0))
    }
}

/// The score of rows W, `(rows of X, k)`, with the H of a model, on the entries of `x` that count, for a fit that has seen
/// `margins` of them.
///
/// # Errors
/// [`Error::Shape`] if shapes do not agree.
pub fn score_unseen<T: Scalar>(
    model: &Model<T>,
    w: &Factor<T>,
    x: &Matrix<'_, T>,
    margins: &Margins,
) -> Result<Score> {
    let shape = (w.rows(), model.h.rows());
    if (x.rows(), x.cols()) != shape
        || (margins.rows.len(), margins.cols.len()) != shape
        || w.rank() != model.h.rank()
    {
        return Err(Error::Shape {
            what: "X to be predicted",
            expected: format!("{shape:?}"),
            got: format!("({}, {})", x.rows(), x.cols()),
        });
    }
    let smoothing = model.rules.smoothing;
    let owned = if smoothing > 0.0 { Some(smoothed(w, smoothing)?) } else { None };
    let w = owned.as_ref().unwrap_or(w);
    let mut tally = Tally::of(model);
    match x {
        Matrix::Weighted(x) => {
            if !judge_in_groups(&mut tally, w, x, margins) {
                x.for_each(|i, j, x, weight| {
                    let y = predicted(model, w, margins, (i, j));
                    tally.add(x.to_f64(), y, weight.to_f64());
                });
            }
        }
        _ => {
            let cols = x.cols().max(1);
            for (at, x) in x.to_row_major().iter().enumerate() {
                tally.add(x.to_f64(), predicted(model, w, margins, (at / cols, at % cols)), 1.0);
            }
        }
    }
    let power = if let Matrix::Weighted(x) = x { x.power() } else { 0 };
    Ok(tally.score(power))
}

/// Sums over the entries that are judged.
struct Tally<'m, T> {
    model: &'m Model<T>,
    loss: f64,
    rest: f64,
    squares: f64,
    weight: f64,
    entries: u64,
}

impl<'m, T: Scalar> Tally<'m, T> {
    fn of(model: &'m Model<T>) -> Self {
        Tally { model, loss: 0.0, rest: 0.0, squares: 0.0, weight: 0.0, entries: 0 }
    }

    /// Entry x of this weight, predicted to be y.
    fn add(&mut self, x: f64, y: f64, weight: f64) {
        let x = if self.model.rules.negatives == Negatives::Clip { x.max(0.0) } else { x };
        // What the fit raised X to; of frobenius nothing is raised, and x may be negative.
        let known = if self.model.least > 0.0 { x.max(self.model.least) } else { x };
        self.loss += weight * self.model.loss.divergence(known, y);
        self.rest += weight * (x - y).powi(2);
        self.squares += weight * x * x;
        self.weight += weight;
        self.entries += 1;
    }

    /// What zeros of this weight lose that are predicted to be these; they are counted elsewhere.
    fn lose_zeros(&mut self, y: &[f64], weight: f64) {
        let squares: f64 = y.iter().map(|y| y * y).sum();
        // What the two losses that come here have for x = 0.
        let loss = if self.model.loss == Loss::Frobenius { 0.5 * squares } else { y.iter().sum() };
        self.loss += weight * loss;
        self.rest += weight * squares;
    }

    fn score(self, power: i32) -> Score {
        let Tally { loss, rest, squares, weight, entries, .. } = self;
        let mean = |sum: f64| if weight > 0.0 { sum / weight } else { f64::NAN };
        Score {
            entries,
            loss: loss * 2f64.powi(power),
            mean_loss: mean(loss),
            rmse: mean(rest).sqrt(),
            relative_rmse: if squares > 0.0 || rest > 0.0 || weight == 0.0 {
                (rest / squares).sqrt()
            } else {
                0.0
            },
        }
    }
}

/// What the model has for an entry, within its bounds. Where factors may have both signs, there are none.
fn predicted<T: Scalar>(model: &Model<T>, w: &Factor<T>, margins: &Margins, (i, j): (usize, usize)) -> f64 {
    let (least, most) = margins.bounds(i, j, model.loss);
    let y: f64 = w.row(i).iter().zip(model.h.row(j)).map(|(w, h)| w.to_f64() * h.to_f64()).sum();
    if model.rules.free { y } else { y.min(most).max(least) }
}

/// The same for X with a mask in groups, whose zeros count alike: predictions are made for whole groups of columns, in which
/// zeros are never met. Says whether X is such, and the loss one that has no special case for zeros.
fn judge_in_groups<T: Scalar>(
    tally: &mut Tally<'_, T>,
    w: &Factor<T>,
    x: &Weighted<'_, T>,
    margins: &Margins,
) -> bool {
    let view = WeightedView::of(x, false);
    let model = tally.model;
    let (Some(None), Some(side)) = (view.shared(), view.grouped()) else { return false };
    if !matches!(model.loss, Loss::Frobenius | Loss::KullbackLeibler) || model.least > 0.0 {
        return false;
    }
    // Columns side by side with those of their group; H, and what bounds there are, in that order.
    let order: Vec<usize> = side.columns().iter().flatten().map(|&j| j as usize).collect();
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &j)| place[j] = at);
    let columns: Vec<Vec<f64>> =
        (0..w.rank()).map(|c| order.iter().map(|&j| model.h.row(j)[c].to_f64()).collect()).collect();
    let largest: Vec<f64> = order.iter().map(|&j| margins.cols[j].largest).collect();
    let shares: Vec<f64> = order.iter().map(|&j| margins.share(&margins.cols[j])).collect();
    let mut ranges = Vec::with_capacity(side.columns().len());
    let mut from = 0;
    for group in side.columns() {
        ranges.push(from..from + group.len());
        from += group.len();
    }

    let mut room: RowRoom<T> = RowRoom::for_views(&[&view]);
    let mut y = vec![0.0; order.len()];
    for i in 0..x.rows() {
        let entries = view.row(i, &mut room);
        let Some(rest) = entries.rest else {
            for ((&j, x), v) in entries.at.iter().zip(entries.x).zip(entries.v) {
                tally.add(x.to_f64(), predicted(model, w, margins, (i, j as usize)), v.to_f64());
            }
            continue;
        };
        if !(rest.row > T::ZERO) {
            continue;
        }
        let own = side.group(i);
        let kept =
            || ranges.iter().enumerate().filter(|&(q, _)| !side.is_held(own, q)).map(|(_, r)| r.clone());
        let (row, least) = (&margins.rows[i], margins.least(model.loss) * margins.share(&margins.rows[i]));
        for range in kept() {
            let y = &mut y[range.clone()];
            y.fill(0.0);
            for (w, column) in w.row(i).iter().zip(&columns) {
                let w = w.to_f64();
                y.iter_mut().zip(&column[range.clone()]).for_each(|(y, h)| *y += w * h);
            }
            if !model.rules.free {
                for ((y, largest), share) in y.iter_mut().zip(&largest[range.clone()]).zip(&shares[range]) {
                    let least = least * share;
                    *y = y.min(row.largest.max(*largest).max(least)).max(least);
                }
            }
        }
        for ((&j, x), v) in entries.at.iter().zip(entries.x).zip(entries.v) {
            let y = &mut y[place[j as usize]];
            tally.add(x.to_f64(), std::mem::take(y), v.to_f64());
        }
        rest.lacks.iter().for_each(|&j| y[place[j as usize]] = 0.0);
        let others = entries.at.len() + rest.lacks.len();
        let zeros = kept().map(|range| range.len()).sum::<usize>() - others;
        let weight = rest.row.to_f64();
        tally.weight += weight * zeros as f64;
        tally.entries += zeros as u64;
        kept().for_each(|range| tally.lose_zeros(&y[range], weight));
    }
    true
}

/// W S, with `S = (1 - t) I + t / k`.
fn smoothed<T: Scalar>(w: &Factor<T>, t: f64) -> Result<Factor<T>> {
    let mut values = w.to_row_major();
    for row in values.chunks_exact_mut(w.rank().max(1)) {
        let mean = row.iter().map(|w| w.to_f64()).sum::<f64>() / row.len() as f64;
        row.iter_mut().for_each(|w| *w = T::from_f64((1.0 - t) * w.to_f64() + t * mean));
    }
    Factor::from_row_major(w.rows(), w.rank(), &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dense, HoldOut, Missing, Sparse, Weights};
    use crate::nmf::Nmf;

    #[test]
    fn margins_are_those_of_what_was_seen() {
        let values = [4.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 5.0];
        let dense: Matrix<'_, f64> = Dense::from_vec(3, 3, values.to_vec()).unwrap().into();
        let sparse: Matrix<'_, f64> =
            Sparse::from_csr(3, 3, vec![0, 2, 3, 5], vec![0, 2, 1, 0, 2], vec![4.0, 1.0, 2.0, 3.0, 5.0])
                .unwrap()
                .into();
        let entries = Dense::from_vec(3, 3, vec![1.0; 9]).unwrap();
        let weighted = dense.view().weighted(Weights::new().entries(entries)).unwrap();
        for x in [&dense, &sparse, &weighted] {
            for inside in [true, false] {
                let block = [!inside, false, false];
                let margins = Margins::outside(x, &block, &block);
                let (first, all) = if inside { (5.0 / 3.0, 15.0 / 9.0) } else { (0.5, 11.0 / 8.0) };
                let line = margins.rows[0];
                assert!((line.sum / line.weight - first).abs() < 1e-12 && (margins.mean - all).abs() < 1e-12);
                assert_eq!(margins.cols[2].largest, 5.0);
            }
        }
    }

    #[test]
    fn without_extremes_the_score_is_that_of_the_model() {
        let x: Matrix<'_, f64> = Dense::from_fn(20, 12, |i, j| ((i + 1) * (j + 2)) as f64).into();
        let mask = HoldOut::share(1, 0.2);
        let seen = x.view().without(mask).unwrap();
        let hidden = x.view().without(mask.inverted()).unwrap();
        for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito] {
            let fit = Nmf::new(2).loss(loss).fit(&seen).unwrap();
            let got = score_unseen(&fit.model(), &fit.w, &hidden, &Margins::of(&seen)).unwrap();
            let want = fit.score(&hidden).unwrap();
            assert_eq!(got.entries, want.entries);
            assert!((got.mean_loss - want.mean_loss).abs() <= 1e-6 * want.mean_loss.max(1e-6), "{loss}");
        }
    }

    #[test]
    fn negative_entries_are_judged_as_they_were_fitted() {
        let x: Matrix<'_, f64> = Dense::from_vec(2, 2, vec![-1.0, 2.0, 3.0, 4.0]).unwrap().into();
        let ones = Factor::from_row_major(2, 1, &[1.0, 1.0]).unwrap();
        let mut model = Nmf::new(1).negatives(Negatives::Keep).fit(&x).unwrap().model();
        model.h = Factor::from_row_major(2, 1, &[0.5, 2.0]).unwrap();
        // Differences of -1.5, 0, 2.5 and 2; and of -0.5 in the place of the first.
        for (negatives, squares) in [(Negatives::Keep, 12.5), (Negatives::Clip, 10.5)] {
            model.rules.negatives = negatives;
            let score = score_unseen(&model, &ones, &x, &Margins::of(&x)).unwrap();
            assert_eq!(score.loss, 0.5 * squares, "{negatives}");
        }
    }

    #[test]
    fn predictions_stay_within_what_was_seen() {
        let x: Matrix<'_, f64> = Dense::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap().into();
        let mut model = Nmf::new(1).fit(&x).unwrap().model();
        model.h = Factor::from_row_major(2, 1, &[1e9, 0.0]).unwrap();
        let w = Factor::from_row_major(2, 1, &[1.0, 1.0]).unwrap();
        let margins = Margins::of(&x);
        let score = score_unseen(&model, &w, &x, &margins).unwrap();
        // Columns 1 and 3, which are taken for 3 and 4; and 2 and 4, which are taken for 0.
        assert_eq!(score.loss, 0.5 * (4.0 + 4.0 + 1.0 + 16.0));
        model.loss = Loss::KullbackLeibler;
        assert!(score_unseen(&model, &w, &x, &margins).unwrap().loss.is_finite());
        let short = Factor::from_row_major(1, 1, &[1.0]).unwrap();
        assert!(score_unseen(&model, &short, &x, &margins).is_err());
    }

    /// Zeros that are judged together are judged as one by one: sparse and dense X, with holes and weights of rows.
    #[test]
    fn groups_are_judged_as_entries_are() {
        let (m, n) = (1100, 40);
        let value = |i: usize, j: usize| {
            if (i * 7 + j * 5).is_multiple_of(6) { ((i + 2 * j) % 9) as f64 } else { 0.0 }
        };
        let dense: Matrix<'_, f64> = Dense::from_fn(m, n, value).into();
        let holes = Dense::from_fn(m, n, |i, j| if (i + j) % 11 == 0 { f64::NAN } else { value(i, j) });
        let holes = Matrix::from(holes).weighted(Weights::new().missing(Missing::Nan)).unwrap();
        let lines: Vec<Vec<u32>> =
            (0..m).map(|i| (0..n).filter(|&j| value(i, j) > 0.0).map(|j| j as u32).collect()).collect();
        let starts = std::iter::once(0).chain(lines.iter().scan(0, |at, line| {
            *at += line.len();
            Some(*at)
        }));
        let entries =
            lines.iter().enumerate().flat_map(|(i, line)| line.iter().map(move |&j| value(i, j as usize)));
        let sparse =
            Sparse::from_csr(m, n, starts.collect(), lines.concat(), entries.collect::<Vec<f64>>()).unwrap();
        let sparse: Matrix<'_, f64> = sparse.into();
        let rows = (0..m).map(|i| (1 + i % 3) as f64).collect();
        let weighted = sparse.view().weighted(Weights::new().rows(rows)).unwrap();
        let all =
            [("dense", dense.view()), ("holes", holes), ("sparse", sparse.view()), ("weighted", weighted)];
        for (name, x) in all {
            for loss in [Loss::Frobenius, Loss::KullbackLeibler] {
                let mask = HoldOut::fold(3, 1, 4).grouped(m, n);
                let seen = x.view().without(mask).unwrap();
                let hidden = x.view().without(mask.inverted()).unwrap();
                let fit = Nmf::new(3).loss(loss).max_iter(5).fit(&seen).unwrap();
                let (model, margins) = (fit.model(), Margins::of(&seen));
                let Matrix::Weighted(entries) = &hidden else { panic!("{name}: no mask") };
                let mut together = Tally::of(&model);
                assert!(judge_in_groups(&mut together, &fit.w, entries, &margins), "{name}");
                let mut single = Tally::of(&model);
                entries.for_each(|i, j, x, weight| {
                    single.add(x, predicted(&model, &fit.w, &margins, (i, j)), weight);
                });
                let (a, b) = (together.score(0), single.score(0));
                assert_eq!(a.entries, b.entries, "{name}");
                for (a, b) in [(a.loss, b.loss), (a.mean_loss, b.mean_loss), (a.rmse, b.rmse)] {
                    assert!((a - b).abs() <= 1e-12 * b, "{name} {loss:?} {a} {b}");
                }
                assert!((a.relative_rmse - b.relative_rmse).abs() <= 1e-12 * b.relative_rmse, "{name}");
            }
        }
    }
}
