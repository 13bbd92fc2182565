//! The loss of factors at hand for any X of their shape: the fit's own, or entries that were held out of it.

use super::{Evaluator, Judged};
use crate::data::facts::for_each;
use crate::data::{Facts, Matrix};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::fit::Residuals;
use crate::loss::Loss;
use crate::par::Team;
use crate::scalar::Scalar;

/// Factors at hand, and what their loss is.
pub(crate) struct Pair<'f, T: Scalar> {
    /// `(m, k)` and `(n, k)`.
    pub(crate) w: &'f Factor<T>,
    pub(crate) h: &'f Factor<T>,
    pub(crate) loss: Loss,
    /// Entries of X below this count as this.
    pub(crate) least: f64,
    /// The share by which rows are mixed with their mean (nsNMF).
    pub(crate) smoothing: f64,
    pub(crate) threads: usize,
}

impl<T: Scalar> Pair<'_, T> {
    /// The loss of every row and column.
    pub(crate) fn residuals(&self, x: &Matrix<'_, T>) -> Result<Residuals> {
        let facts = Facts::of(x);
        let (mut rows, mut cols) = self.with_evaluator(x, &facts, |evaluator| {
            let (mut rows, mut cols) = (Vec::new(), Vec::new());
            evaluator.entry_by_entry(self.w, self.h, Some(&mut rows));
            std::mem::swap(&mut evaluator.w, &mut evaluator.h);
            evaluator.entry_by_entry(self.h, self.w, Some(&mut cols));
            (rows, cols)
        })?;
        let unit = 2f64.powi(facts.weight_power);
        rows.iter_mut().chain(&mut cols).for_each(|loss| *loss *= unit);
        Ok(Residuals { rows, cols })
    }

    /// The loss, and nothing else.
    pub(crate) fn loss(&self, x: &Matrix<'_, T>, facts: &Facts) -> Result<f64> {
        let Pair { w, h, loss, least, smoothing, .. } = *self;
        let loss = self.with_evaluator(x, facts, |evaluator| {
            // Products hold the model above zero, where the loss may be infinite.
            let finite = loss.beta() > 1.0
                || (loss == Loss::KullbackLeibler && least == 0.0 && smoothing == 0.0 && self.covers(x));
            if finite { evaluator.evaluate(w, h).loss } else { evaluator.entry_by_entry(w, h, None) }
        })?;
        Ok(loss * 2f64.powi(facts.weight_power))
    }

    /// Whether the model is above zero wherever X is.
    fn covers(&self, x: &Matrix<'_, T>) -> bool {
        let mut covers = true;
        for_each(x, |i, j, value, _| {
            let (w, h) = (self.w.row(i), self.h.row(j));
            covers &= value == 0.0 || w.iter().zip(h).any(|(w, h)| w.to_f64() * h.to_f64() > 0.0);
        });
        covers
    }

    /// Calls `f` with what evaluates the loss of any factors for X.
    fn with_evaluator<R: Send>(
        &self,
        x: &Matrix<'_, T>,
        facts: &Facts,
        f: impl FnOnce(&mut Evaluator<'_, T>) -> R + Send,
    ) -> Result<R> {
        let Pair { w, h, loss, least, smoothing, threads } = *self;
        if (x.rows(), x.cols()) != (w.rows(), h.rows()) {
            return Err(Error::Shape {
                what: "X",
                expected: format!("({}, {}), the shape of the fit", w.rows(), h.rows()),
                got: format!("({}, {})", x.rows(), x.cols()),
            });
        }
        facts.check_entries(loss, least > 0.0, loss == Loss::Frobenius)?;
        let team = Team::new(threads, None);
        Ok(team.run(|| {
            let floor = if facts.mean > 0.0 { least / facts.mean } else { 0.0 };
            let judged = Judged::loss_only(smoothing);
            f(&mut Evaluator::new(x, facts, loss, floor, w.rank(), judged, team.threads()))
        }))
    }
}
