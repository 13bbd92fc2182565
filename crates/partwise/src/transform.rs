//! New rows for a model: W for given H, row by row.
//!
//! Each row is a problem of its own and is solved to tolerance by itself, from a start that depends on the row alone. So
//! a row alone and the same row in a batch agree to the bit. For Frobenius the solution is exact (block pivoting); for
//! Kullback-Leibler it is taken to where a sweep moves the row by less than 1e-8 of its first move (guarded coordinate
//! descent); for other losses multiplicative updates run until a row moves by less than 1e-8 of itself. For beta in
//! 1..=2 the problem is convex and the solution does not depend on the start.

use crate::data::facts::{exponent, for_each, scale_up};
use crate::data::{Facts, Matrix};
use crate::error::{Error, Result};
use crate::evaluate::Pair;
use crate::factor::{Factor, padded};
use crate::fit::{Residuals, Score, score};
use crate::kernels::kl_newton::Effort;
use crate::loss::Loss;
use crate::par::Team;
use crate::penalty::Elastic;
use crate::penalty::orthogonal::Orthogonal;
use crate::row_terms::Bounds;
use crate::rules::QuadraticRule;
use crate::rules::bpp::Bpp;
use crate::rules::hals::Hals;
use crate::rules::mu::MuBeta;
use crate::rules::newton::{self, Newton};
use crate::rules::simplex::SimplexRule;
use crate::scalar::Scalar;
use crate::side::{Asked, Side, Wants};
use crate::spec::{Negatives, Simplex};
use crate::walk::newton::Far;
use crate::walk::{Method, Walk, sides};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Updates or sweeps of a row, at most, and the share by which a row must move to go on.
const MOST: usize = 5000;
const ENOUGH: f64 = 1e-8;

/// What holds for a row of W by itself, beside the loss; in the units of X and W as they were given.
///
/// What ties rows to each other or to something given (penalties by row, group, volume, relevance; fixed components of W; a
/// given sparseness) says nothing of new rows, and is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowRules {
    /// Weights of the L1 and L2 terms of W, as they stand.
    pub penalty: Elastic,
    /// Weight of the overlap of components (penalty orthogonal), as it stands.
    pub overlap: f64,
    /// Whether rows lie on the simplex.
    pub simplex: Simplex,
    /// Smallest entry.
    pub min: f64,
    /// Largest entry.
    pub max: Option<f64>,
    /// Whether entries may have either sign.
    pub free: bool,
    /// The model is W S H; see [`Spec::smoothing`](crate::Spec).
    pub smoothing: f64,
    /// What becomes of negative entries of X.
    pub negatives: Negatives,
    /// What else held for W in the fit, and says nothing of new rows: the same data need not get the same W.
    pub left_out: Vec<String>,
}

impl Default for RowRules {
    fn default() -> Self {
        RowRules {
            penalty: Elastic::default(),
            overlap: 0.0,
            simplex: Simplex::None,
            min: 0.0,
            max: None,
            free: false,
            smoothing: 0.0,
            negatives: Negatives::Refuse,
            left_out: Vec::new(),
        }
    }
}

/// What is needed of a fitted model to find W for new rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Model<T> {
    /// H, kept as a factor of n rows.
    pub h: Factor<T>,
    /// The loss of the fit.
    pub loss: Loss,
    /// What else holds for a row of W.
    pub rules: RowRules,
    /// What the rows of H were divided by after the fit; the penalty is meant for W before that.
    pub component_scale: Vec<f64>,
    /// Entries of X below this number are raised to it (losses that are infinite at zero): the fit's floor in the units of X,
    /// so that a row does not depend on those that come with it.
    pub least: f64,
}

impl<T: Scalar> Model<T> {
    /// W, `(rows of X, k)`, for the H of this model. Entries of X that do not count are not looked at; a row of which none
    /// counts gets zeros.
    ///
    /// # Errors
    /// [`Error::Shape`] if X has another number of columns than H; the errors of [`Facts::check`].
    pub fn transform(&self, x: &Matrix<'_, T>, threads: usize) -> Result<Factor<T>> {
        self.transform_until(x, threads, &Arc::default())
    }

    /// [`Model::transform`] that ends soon after somebody has set `stop`.
    ///
    /// # Errors
    /// As [`Model::transform`]; [`Error::Interrupted`] if `stop` was set.
    pub fn transform_until(
        &self,
        x: &Matrix<'_, T>,
        threads: usize,
        stop: &Arc<AtomicBool>,
    ) -> Result<Factor<T>> {
        T::transform(self, x, threads, stop)
    }

    /// How well rows W, `(rows of X, k)`, and the H of this model reproduce the entries of X that count there; see
    /// [`Fit::score`](crate::Fit::score).
    ///
    /// # Errors
    /// [`Error::Shape`] if X has not the shape of W H; the errors of [`Facts::check`].
    pub fn score(&self, w: &Factor<T>, x: &Matrix<'_, T>, threads: usize) -> Result<Score> {
        let (loss, least, smoothing) = (self.loss, self.least, self.rules.smoothing);
        score(&Pair { w, h: &self.h, loss, least, smoothing, threads }, self.rules.negatives, x)
    }

    /// The loss of every row and of every column of X beside rows W, `(rows of X, k)`, and the H of this model; see
    /// [`Fit::residuals`](crate::Fit::residuals).
    ///
    /// # Errors
    /// [`Error::Shape`] if X has not the shape of W H.
    pub fn residuals(&self, w: &Factor<T>, x: &Matrix<'_, T>, threads: usize) -> Result<Residuals> {
        let (loss, least, smoothing) = (self.loss, self.least, self.rules.smoothing);
        T::residuals(&Pair { w, h: &self.h, loss, least, smoothing, threads }, x)
    }

    /// [`Model::transform`], to be called for a number type that is known.
    pub(crate) fn rows_of(
        &self,
        x: &Matrix<'_, T>,
        threads: usize,
        stop: &Arc<AtomicBool>,
    ) -> Result<Factor<T>> {
        if x.cols() != self.h.rows() {
            return Err(Error::Shape {
                what: "the new X",
                expected: format!("(any, {}), as H has {} columns", self.h.rows(), self.h.rows()),
                got: format!("({}, {})", x.rows(), x.cols()),
            });
        }
        let rank = self.h.rank();
        enough_memory::<T>(x, rank)?;
        let facts = Facts::of(x);
        let negatives = self.rules.negatives != Negatives::Refuse || self.rules.free;
        facts.check_entries(self.loss, self.least > 0.0, negatives)?;
        if self.rules.negatives == Negatives::Clip && facts.negative.count > 0 {
            return self.rows_of(&x.clipped(), threads, stop);
        }
        // X and H in units near 1, which cannot overflow on the way.
        let mut h = self.h.clone();
        h.scale_columns(&self.component_scale);
        let largest = h.column_norms().into_iter().fold(0.0, f64::max);
        let (e_x, e_h) = (facts.exponent, exponent(largest));
        let far = e_x.abs().max(e_h.abs()) > T::COMFORT;
        let (e_x, e_h) = if far { (e_x, e_h) } else { (0, 0) };
        h.scale_power(-e_h);
        let team = Team::new(threads, Some(stop));
        let mut w = team.run(|| {
            let (objective, unit) =
                (self.loss.beta() * f64::from(e_x) + f64::from(facts.weight_power), e_x - e_h);
            let asked = self.asked(objective, unit);
            if far {
                let x = x.scaled(-e_x);
                self.solve(&x, &Facts::of(&x), h, asked, scale_up(self.least, -e_x), team.threads())
            } else {
                self.solve(x, &facts, h, asked, self.least, team.threads())
            }
        });
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        // What H does not have cannot be in a row, whatever its start was.
        if self.rules.simplex == Simplex::None && self.rules.min == 0.0 {
            let switch = |norm: f64| if norm > 0.0 { 1.0 } else { 0.0 };
            w.scale_columns(&self.h.column_norms().into_iter().map(switch).collect::<Vec<_>>());
        }
        w.scale_power(e_x - e_h);
        w.scale_columns(&self.component_scale);
        Ok(w)
    }

    /// What holds for rows, with the objective in units of `2^objective` and W in units of `2^unit`.
    fn asked(&self, objective: f64, unit: i32) -> Asked<T> {
        let RowRules { penalty, overlap, simplex, min, max, free, .. } = self.rules;
        let mut asked = Asked::elastic(penalty.in_units_of(objective, f64::from(unit)));
        if overlap > 0.0 {
            let weight = overlap * (2.0 * f64::from(unit) - objective).exp2();
            asked.terms.push(Box::new(Orthogonal { weight }));
        }
        let number = |x: f64| T::from_f64(scale_up(x, -unit));
        asked.bounds.lower = if free { -T::INFINITY } else { number(min) };
        asked.bounds.upper = max.map_or(T::INFINITY, number);
        asked.bounds.simplex =
            (simplex != Simplex::None).then(|| (scale_up(1.0, -unit), simplex == Simplex::AtMost));
        asked
    }

    fn solve(
        &self,
        x: &Matrix<'_, T>,
        facts: &Facts,
        h: Factor<T>,
        asked: Asked<T>,
        least: f64,
        threads: usize,
    ) -> Factor<T> {
        let (rank, stride) = (h.rank(), h.stride());
        let penalty = asked.elastic;
        let exact = asked.terms.is_empty() && asked.bounds.is_plain();
        let rule = || -> Box<dyn QuadraticRule<T>> {
            match asked.bounds.simplex {
                Some((total, at_most)) => {
                    Box::new(SimplexRule::new(rank, total, at_most, MOST, enough::<T>(ENOUGH)))
                }
                None if exact => Box::new(Bpp::new(rank, stride)),
                None => Box::new(Hals::new(rank, MOST, enough::<T>(ENOUGH), None)),
            }
        };
        // Newton steps are for dense rows without terms that make their problem less convex than its loss; a zero of H's row would
        // make a model of Itakura-Saito zero.
        let positive = || (0..h.rows()).all(|j| h.row(j).iter().any(|&h| h > T::ZERO));
        let by_newton = matches!(x, Matrix::Dense(_))
            && rank <= newton::MOST_COMPONENTS
            && asked.terms.is_empty()
            && asked.bounds.simplex.is_none();
        let far = Far { steps: MOST, enough: enough::<T>(ENOUGH) };
        let mut method = match self.loss {
            Loss::Frobenius => Method::Quadratic(rule(), rule()),
            Loss::KullbackLeibler | Loss::ItakuraSaito
                if by_newton && (self.loss == Loss::KullbackLeibler || positive()) =>
            {
                let rule = Newton { l1: T::from_f64(penalty.l1), l2: T::from_f64(penalty.l2) };
                Method::Newton(rule, rule, [kl_effort(penalty, MOST, ENOUGH); 2])
            }
            Loss::KullbackLeibler if asked.bounds.simplex.is_none() => {
                let effort = kl_effort(penalty, MOST, ENOUGH);
                Method::Rows(effort, effort)
            }
            loss => {
                let rule = MuBeta::new(loss, penalty.l1, penalty.l2, 0.0);
                Method::Ratio(loss, rule, rule)
            }
        };
        let walk = Walk::new(sides(x, false), facts, self.loss, least, &method, rank, None, threads);
        let mut other = Side::new(h, Asked::elastic(Elastic::default()), method.wants(x), false, false);
        other.smooth(self.rules.smoothing);
        other.weigh(walk.shared_weights(0), walk.grouped(0));
        other.prepare();
        let start = starts(x, other.seen(), least, &asked.bounds);
        let mut own = Side::new(start, asked, Wants::default(), false, false);
        if let Some(penalised) = &mut own.penalised {
            penalised.touch(&own.factor, |_, _| {});
        }
        match &mut method {
            Method::Quadratic(rule, _) => walk.quadratic(0, rule.as_mut(), &mut own, &other, None, None),
            Method::Rows(effort, _) => walk.rows(0, effort, &mut own, &other, None),
            Method::Newton(rule, _, effort) => walk.newton(0, rule, far, &effort[0], &mut own, &other, None),
            Method::Ratio(_, rule, _) => {
                walk.ratio_until_settled(0, rule, &mut own, &other, MOST, enough::<T>(ENOUGH));
            }
        }
        own.factor
    }
}

/// Coordinate descent until a row has settled.
pub(crate) fn kl_effort<T: Scalar>(penalty: Elastic, sweeps: usize, enough: f64) -> Effort<T> {
    let enough = T::from_f64(self::enough::<T>(enough));
    Effort { sweeps, steps: 1, enough, l1: T::from_f64(penalty.l1), l2: T::from_f64(penalty.l2) }
}

/// Asks the system for as much memory as new rows take, as an allocation that fails later ends the process.
fn enough_memory<T: Scalar>(x: &Matrix<'_, T>, rank: usize) -> Result<()> {
    // W, what is kept of its rows while they are solved, and W as it is handed out.
    let row = 2 * padded::<T>(rank).max(rank) * size_of::<T>() + 64;
    let needed = (x.rows() as u64).saturating_mul(row as u64);
    let asked = usize::try_from(needed).ok().map(|bytes| Vec::<u8>::new().try_reserve_exact(bytes));
    match asked {
        Some(Ok(())) => Ok(()),
        _ => Err(Error::Rows { rows: x.rows(), rank, needed }),
    }
}

/// A share that rounding does not reach.
fn enough<T: Scalar>(share: f64) -> f64 {
    share.max(4.0 * T::EPSILON.to_f64())
}

/// Flat rows whose model has the mean of the row of X, entries below `least` counted as that: a start that depends on
/// nothing but the row and H.
fn starts<T: Scalar>(x: &Matrix<'_, T>, h: &Factor<T>, least: f64, bounds: &Bounds<T>) -> Factor<T> {
    let total: f64 = h.column_sums().iter().sum();
    let (rows, cols) = (x.rows(), x.cols());
    let mut sums = vec![0.0; rows];
    if let Matrix::Weighted(x) = x {
        let mut weights = vec![0.0; rows];
        x.for_each(|i, _, v, weight| {
            sums[i] += weight.to_f64() * v.to_f64().max(least);
            weights[i] += weight.to_f64();
        });
        let mean =
            |(sum, weight): (&mut f64, f64)| *sum *= if weight > 0.0 { cols as f64 / weight } else { 0.0 };
        sums.iter_mut().zip(weights).for_each(mean);
    } else {
        let mut zeros = vec![cols; rows];
        for_each(x, |i, _, v, _| {
            sums[i] += v.max(least);
            zeros[i] -= 1;
        });
        sums.iter_mut().zip(zeros).for_each(|(sum, zeros)| *sum += zeros as f64 * least);
    }
    let mut w = Factor::zeros(rows, h.rank());
    for (i, sum) in sums.into_iter().enumerate() {
        let flat = match bounds.simplex {
            Some((total, _)) => total / h.rank() as f64,
            // The sum of no numbers is -0.
            None if total > 0.0 => (sum + 0.0) / total,
            None => 0.0,
        };
        w.row_mut(i).fill(bounds.limits().clamp(T::from_f64(flat)));
    }
    w
}
