//! A finished factorization.

use crate::data::facts::scale_up;
use crate::data::{Facts, Matrix};
use crate::error::Result;
use crate::evaluate::{Pair, larger};
use crate::factor::Factor;
use crate::loss::Loss;
use crate::run::Record;
use crate::scalar::Scalar;
use crate::side::smooth;
use crate::spec::{Negatives, Spec};
use crate::status::{Reason, Status};
use crate::timings::Timings;
use crate::transform::{Model, RowRules};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A finished factorization.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fit<T> {
    /// W, `(m, k)`.
    pub w: Factor<T>,
    /// H, `(k, n)`, kept as a factor of n rows; see [`Factor::to_transposed`].
    pub h: Factor<T>,
    /// How the run ended.
    pub status: Status,
    /// The test that ended it, in words.
    pub reason: Reason,
    /// Loss between X and WH.
    pub loss: f64,
    /// Penalties of W and H.
    pub penalty: f64,
    /// Iterations of the run that was kept.
    pub iterations: usize,
    /// Objective and residual over the iterations of the run that was kept.
    pub history: Vec<Record>,
    /// Every start, in order.
    pub restarts: Vec<Restart>,
    /// Share of each component in the total of WH.
    pub shares: Vec<f64>,
    /// What the rows of H were divided by after the fit.
    pub component_scale: Vec<f64>,
    /// Every choice that was made for the user, and every incident, in a sentence each.
    pub notes: Vec<String>,
    /// Seconds spent on the starts, and on the iterations.
    pub seconds: (f64, f64),
    /// Where they went.
    pub timings: Timings,
    /// What was done, with nothing left on `auto`.
    pub spec: Spec,
    /// Sweeps of the rule within a half-step of W and of H, at most: what [`Spec::inner`] became.
    pub inner: (usize, usize),
    /// Entries of X below this number were raised to it: [`Spec::floor`] in the units of X.
    pub least: f64,
    /// What holds for a row of W by itself, and so for new ones.
    pub row_rules: RowRules,
    pub(crate) relative_error: f64,
    pub(crate) kkt: (f64, f64),
}

/// The loss, row by row and column by column; both sum to the loss of the fit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Residuals {
    /// One number per row of X.
    pub rows: Vec<f64>,
    /// One number per column of X.
    pub cols: Vec<f64>,
}

/// How well a model reproduces entries; sums and means are weighted.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// Entries that count.
    pub entries: u64,
    /// The loss of the fit, over them.
    pub loss: f64,
    /// The same per unit of weight: per entry, if there are no weights.
    pub mean_loss: f64,
    /// Root of the mean square of `x - y`; NaN, like all means, without an entry.
    pub rmse: f64,
    /// That over the root of the mean square of x.
    pub relative_rmse: f64,
}

impl Score {
    /// The sum of the weights of the entries, as far as the sums tell: their number, if there are no weights.
    pub fn weight(&self) -> f64 {
        let weight = self.loss / self.mean_loss;
        if weight.is_finite() && weight > 0.0 { weight } else { self.entries as f64 }
    }
}

/// How one start went.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Restart {
    /// Loss plus penalties at its end.
    pub objective: f64,
    /// How it ended.
    pub status: Status,
    /// Its iterations.
    pub iterations: usize,
    /// Its history in at most 60 points, fewer where there are many starts; the first and the last are among them.
    pub trace: Vec<Record>,
}

impl<T: Scalar> Fit<T> {
    /// Loss plus penalties.
    pub fn objective(&self) -> f64 {
        self.loss + self.penalty
    }

    /// `sqrt(loss / reference)`, where the reference is the loss of the zero model for beta > 1 (for Frobenius this is
    /// `||X - WH|| / ||X||`) and of the best constant model for beta <= 1. 0 for an exact fit.
    pub fn relative_error(&self) -> f64 {
        self.relative_error
    }

    /// The share of the model by which the first-order conditions are violated: 0 at a stationary point. The larger one
    /// of W's and H's. NaN if a factor has components of a given sparseness: how far from optimal those are is not known.
    pub fn kkt_residual(&self) -> f64 {
        larger(self.kkt.0, self.kkt.1)
    }

    /// What is needed to find W for new rows.
    pub fn model(&self) -> Model<T> {
        Model {
            h: self.h.clone(),
            loss: self.spec.loss,
            rules: self.row_rules.clone(),
            component_scale: self.component_scale.clone(),
            least: self.least,
        }
    }

    /// W for new rows, with the fit's own loss and penalties; see [`Model::transform`].
    ///
    /// # Errors
    /// As [`Model::transform`].
    pub fn transform(&self, x: &Matrix<'_, T>) -> Result<Factor<T>> {
        self.model().transform(x, self.spec.threads)
    }

    /// Takes W from [`Fit::transform`] of X, the data of the fit, and leaves out of H what is zero but for rounding (which
    /// multiplicative updates never bring to zero), if the objective is no higher for it. Returns whether it was done; it is
    /// not where penalties tie rows of W together. The residual stays that of the run.
    ///
    /// # Errors
    /// As [`Model::transform`].
    pub fn settle(&mut self, x: &Matrix<'_, T>) -> Result<bool> {
        self.settle_until(x, &Arc::default())
    }

    /// [`Fit::settle`] that ends soon after somebody has set `stop`, with nothing done.
    ///
    /// # Errors
    /// As [`Model::transform_until`].
    pub fn settle_until(&mut self, x: &Matrix<'_, T>, stop: &Arc<AtomicBool>) -> Result<bool> {
        let penalised = self.penalty != 0.0;
        let scaled = self.component_scale.iter().any(|&scale| scale != 1.0);
        if !self.row_rules.left_out.is_empty() || !self.spec.penalties.is_empty() || (penalised && scaled) {
            return Ok(false);
        }
        let before = self.clone();
        let Spec { l1_w, l2_w, l1_h, l2_h, .. } = self.spec;
        for rounded in [true, false] {
            if rounded && !without_rounding(&mut self.h) {
                continue;
            }
            self.w = match self.model().transform_until(x, self.spec.threads, stop) {
                Ok(w) => w,
                Err(error) => {
                    self.clone_from(&before);
                    return Err(error);
                }
            };
            if rounded {
                without_rounding(&mut self.w);
            }
            let terms = [(&self.w, &before.w, l1_w, l2_w), (&self.h, &before.h, l1_h, l2_h)];
            let more = terms.map(|(now, then, l1, l2)| elastic(now, l1, l2) - elastic(then, l1, l2));
            self.penalty = before.penalty + more[0] + more[1];
            self.loss = self.score(x)?.loss;
            // A loss that is not convex can have several solutions. Sums of so many terms are known to no more digits.
            if self.objective() <= before.objective() * (1.0 + 1e-12) {
                let known = before.loss > 0.0 && before.loss.is_finite();
                let share = if known { self.loss / before.loss } else { 1.0 };
                self.relative_error *= share.sqrt();
                return Ok(true);
            }
            self.clone_from(&before);
        }
        Ok(false)
    }

    /// The loss of every row and of every column of X, the data of the fit: which ones the model explains badly.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if X has not the shape of the fit.
    pub fn residuals(&self, x: &Matrix<'_, T>) -> Result<Residuals> {
        T::residuals(&self.pair(self.spec.loss, self.least), x)
    }

    /// How well the model reproduces the entries of another X of the same shape that count there: those that were held out,
    /// for example.
    ///
    /// ```
    /// use partwise::{Dense, HoldOut, Matrix, Nmf, Weights};
    ///
    /// let x: Matrix<f64> = Dense::from_fn(30, 20, |i, j| ((i + 1) * (j + 2)) as f64).into();
    /// let mask = HoldOut::share(1, 0.1);
    /// let fit = Nmf::new(1).fit(&x.clone().weighted(Weights::new().hold_out(mask))?)?;
    /// let score = fit.score(&x.weighted(Weights::new().hold_out(mask.inverted()))?)?;
    /// assert!(score.entries > 40 && score.rmse < 1e-6);
    /// # Ok::<(), partwise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if X has not the shape of the fit; the errors of [`Facts::check`](crate::Facts::check).
    pub fn score(&self, x: &Matrix<'_, T>) -> Result<Score> {
        let Spec { loss, smoothing, threads, negatives, .. } = self.spec;
        let pair = Pair { w: &self.w, h: &self.h, loss, least: self.least, smoothing, threads };
        score(&pair, negatives, x)
    }

    /// The factors, to be judged by a loss.
    fn pair(&self, loss: Loss, least: f64) -> Pair<'_, T> {
        let Spec { smoothing, threads, .. } = self.spec;
        Pair { w: &self.w, h: &self.h, loss, least, smoothing, threads }
    }

    /// `WH` (or W S H, see [`Spec::smoothing`]) for rows W, `(rows of W, n)` in row-major order.
    pub fn inverse_transform(&self, w: &Factor<T>) -> Vec<T> {
        let mut out = Vec::with_capacity(w.rows() * self.h.rows());
        let mut h = self.h.clone();
        if self.spec.smoothing > 0.0 {
            smooth(&self.h, self.spec.smoothing, &mut h);
        }
        for i in 0..w.rows() {
            for j in 0..h.rows() {
                out.push(w.row(i).iter().zip(h.row(j)).map(|(&a, &b)| a * b).sum());
            }
        }
        out
    }
}

/// Sets what is below rounding of the largest entry of its component to zero; whether there was anything.
fn without_rounding<T: Scalar>(factor: &mut Factor<T>) -> bool {
    let least: Vec<f64> = factor.column_maxima().into_iter().map(|most| most * T::EPSILON.to_f64()).collect();
    let mut found = false;
    for i in 0..factor.rows() {
        for (x, &least) in factor.row_mut(i).iter_mut().zip(&least) {
            if *x != T::ZERO && x.to_f64().abs() < least {
                (*x, found) = (T::ZERO, true);
            }
        }
    }
    found
}

fn elastic<T: Scalar>(factor: &Factor<T>, l1: f64, l2: f64) -> f64 {
    if l1 == 0.0 && l2 == 0.0 {
        return 0.0;
    }
    (0..factor.rows())
        .flat_map(|i| factor.row(i))
        .map(|x| x.to_f64())
        .map(|x| l1 * x + 0.5 * l2 * x * x)
        .sum()
}

/// How well a pair of factors reproduces the entries of X that count there.
pub(crate) fn score<T: Scalar>(pair: &Pair<'_, T>, negatives: Negatives, x: &Matrix<'_, T>) -> Result<Score> {
    let clipped = (negatives == Negatives::Clip).then(|| x.clipped());
    let x = clipped.as_ref().unwrap_or(x);
    let facts = Facts::of(x);
    let loss = T::loss(pair, x, &facts)?;
    let frobenius = match pair.loss {
        Loss::Frobenius => loss,
        _ => T::loss(&Pair { loss: Loss::Frobenius, least: 0.0, ..*pair }, x, &facts)?,
    };
    let squares = 2.0 * frobenius;
    let weight = facts.total_weight * 2f64.powi(facts.weight_power);
    let mean = |sum: f64| if weight > 0.0 { sum / weight } else { f64::NAN };
    let own = scale_up(facts.sum_squares, 2 * facts.exponent) * 2f64.powi(facts.weight_power);
    Ok(Score {
        entries: facts.observed,
        loss,
        mean_loss: mean(loss),
        rmse: mean(squares).sqrt(),
        // NaN without entries; infinite where only zeros were to be predicted, and were not.
        relative_rmse: if own > 0.0 || squares > 0.0 || weight == 0.0 { (squares / own).sqrt() } else { 0.0 },
    })
}
