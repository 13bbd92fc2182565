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
use crate::factor::Factor;
use crate::kernels::kl_newton::Effort;
use crate::loss::Loss;
use crate::par::Team;
use crate::penalty::Elastic;
use crate::rules::bpp::Bpp;
use crate::rules::mu::MuBeta;
use crate::scalar::Scalar;
use crate::side::{Side, Wants};
use crate::walk::{Method, Walk};

/// Updates or sweeps of a row, at most, and the share by which a row must move to go on.
const MOST: usize = 5000;
const ENOUGH: f64 = 1e-8;

/// What is needed of a fitted model to find W for new rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Model<T> {
    /// H, kept as a factor of n rows.
    pub h: Factor<T>,
    /// The loss of the fit.
    pub loss: Loss,
    /// The penalty on W.
    pub penalty: Elastic,
    /// What the rows of H were divided by after the fit; the penalty is meant for W before that.
    pub component_scale: Vec<f64>,
    /// Entries of X below this number are raised to it (losses that are infinite at zero): the fit's floor in the units of X,
    /// so that a row does not depend on those that come with it.
    pub least: f64,
}

impl<T: Scalar> Model<T> {
    /// W, `(rows of X, k)`, for the H of this model.
    ///
    /// # Errors
    /// [`Error::Shape`] if X has another number of columns than H; the errors of [`Facts::check`].
    pub fn transform(&self, x: &Matrix<'_, T>, threads: usize) -> Result<Factor<T>> {
        if x.cols() != self.h.rows() {
            return Err(Error::Shape {
                what: "the new X",
                expected: format!("(any, {}), as H has {} columns", self.h.rows(), self.h.rows()),
                got: format!("({}, {})", x.rows(), x.cols()),
            });
        }
        let facts = Facts::of(x);
        facts.check(self.loss, self.least)?;
        // X and H in units near 1, which cannot overflow on the way.
        let mut h = self.h.clone();
        h.scale_columns(&self.component_scale);
        let largest = h.column_maxima().into_iter().fold(0.0, f64::max);
        let (e_x, e_h) = (facts.exponent, exponent(largest));
        let far = e_x.abs().max(e_h.abs()) > T::COMFORT;
        let (e_x, e_h) = if far { (e_x, e_h) } else { (0, 0) };
        h.scale_power(-e_h);
        let team = Team::new(threads);
        let mut w = team.run(|| {
            let penalty = self.penalty.in_units_of(self.loss.beta() * f64::from(e_x), f64::from(e_x - e_h));
            if far {
                let x = x.scaled(-e_x);
                self.solve(&x, &Facts::of(&x), h, penalty, scale_up(self.least, -e_x), team.threads())
            } else {
                self.solve(x, &facts, h, penalty, self.least, team.threads())
            }
        });
        w.scale_power(e_x - e_h);
        w.scale_columns(&self.component_scale);
        Ok(w)
    }

    fn solve(
        &self,
        x: &Matrix<'_, T>,
        facts: &Facts,
        h: Factor<T>,
        penalty: Elastic,
        least: f64,
        threads: usize,
    ) -> Factor<T> {
        let rank = h.rank();
        let method = match self.loss {
            Loss::Frobenius => {
                let rule = || Box::new(Bpp::new(rank, h.stride()));
                Method::Quadratic(rule(), rule())
            }
            Loss::KullbackLeibler => {
                let effort = kl_effort(penalty, MOST, ENOUGH);
                Method::Rows(effort, effort)
            }
            loss => {
                let rule = MuBeta::new(loss, penalty.l1, penalty.l2, 0.0);
                Method::Ratio(loss, rule, rule)
            }
        };
        let wants = method.wants(x.is_sparse());
        let mut other = Side::new(h, Elastic::default(), wants, false);
        other.prepare();
        let start = starts(x, &other.factor, least);
        let mut own = Side::new(start, penalty, Wants::default(), false);
        let walk = || Walk::new(x, facts, self.loss, least, false, &method, rank, None, threads);
        match &method {
            Method::Quadratic(..) => {
                walk().quadratic(0, &mut Bpp::new(rank, own.factor.stride()), &mut own, &other, None, None);
            }
            Method::Rows(effort, _) => walk().rows(0, effort, &mut own, &other, None),
            Method::Ratio(_, rule, _) => {
                walk().ratio_until_settled(0, rule, &mut own, &other, MOST, enough::<T>(ENOUGH));
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

/// A share that rounding does not reach.
fn enough<T: Scalar>(share: f64) -> f64 {
    share.max(4.0 * T::EPSILON.to_f64())
}

/// Flat rows whose model has the sum of the row of X, entries below `least` counted as that: a start that depends on
/// nothing but the row and H.
fn starts<T: Scalar>(x: &Matrix<'_, T>, h: &Factor<T>, least: f64) -> Factor<T> {
    let total: f64 = h.column_sums().iter().sum();
    let (mut sums, mut zeros) = (vec![0.0; x.rows()], vec![x.cols(); x.rows()]);
    for_each(x, |i, _, v, weight| {
        sums[i] += v.max(least) * weight;
        zeros[i] -= 1;
    });
    sums.iter_mut().zip(zeros).for_each(|(sum, zeros)| *sum += zeros as f64 * least);
    let mut w = Factor::zeros(x.rows(), h.rank());
    for (i, sum) in sums.into_iter().enumerate() {
        // The sum of no numbers is -0.
        let flat = T::from_f64(if total > 0.0 { (sum + 0.0) / total } else { 0.0 });
        w.row_mut(i).fill(flat);
    }
    w
}
