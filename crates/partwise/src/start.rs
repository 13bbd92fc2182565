//! The first pair (W, H) of a run.

use crate::data::{Facts, Matrix};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::init::nndsvd::Fill;
use crate::init::random::{For, RandomRows};
use crate::init::{lift_zeros, nndsvd, random, rsvd, spa};
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::spec::{Init, Rule};

/// Zeros of a start are lifted to this share of their component's mean for multiplicative updates, which cannot leave zero.
const LIFT: f64 = 1e-2;

/// Factors to start from; either may be left to [`Spec::init`](crate::Spec).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start<T> {
    /// W, `(m, k)`.
    pub w: Option<Factor<T>>,
    /// H, `(k, n)`, kept as a factor of n rows.
    pub h: Option<Factor<T>>,
}

impl<T: Scalar> Start<T> {
    /// Refuses factors of the wrong shape, or with entries that are not finite and non-negative.
    pub(crate) fn check(&self, facts: &Facts, rank: usize) -> Result<()> {
        for (name, factor, rows) in [("W", &self.w, facts.rows), ("H", &self.h, facts.cols)] {
            let Some(factor) = factor else { continue };
            if (factor.rows(), factor.rank()) != (rows, rank) {
                let shape = |rows: usize, rank: usize| {
                    if name == "W" { format!("({rows}, {rank})") } else { format!("({rank}, {rows})") }
                };
                return Err(Error::Shape {
                    what: if name == "W" { "the given W" } else { "the given H" },
                    expected: shape(rows, rank),
                    got: shape(factor.rows(), factor.rank()),
                });
            }
            if let Some((i, c, problem)) = factor.first_bad() {
                let (row, col) = if name == "W" { (i, c) } else { (c, i) };
                return Err(Error::BadFactor { factor: name, problem, row, col });
            }
        }
        Ok(())
    }
}

/// The pair that restart number `restart` begins with, for X in comfortable range and given factors in its units.
pub(crate) fn pair<T: Scalar>(
    x: &Matrix<'_, T>,
    facts: &Facts,
    plan: &Plan,
    given: &Start<T>,
    restart: usize,
    threads: usize,
    notes: &mut Vec<String>,
) -> (Factor<T>, Factor<T>) {
    let spec = &plan.spec;
    let (m, n, k) = (facts.rows, facts.cols, spec.rank);
    let draw =
        |rows, which| random::factor(rows, k, facts.mean, RandomRows::new(spec.seed, restart as u64, which));
    // Only the first start can be anything but random: the others would be the same.
    let init = if restart == 0 { spec.init } else { Init::Random };
    let (mut w, mut h) = match (&given.w, &given.h) {
        (Some(w), Some(h)) if restart == 0 => (w.clone(), h.clone()),
        (w, h) => {
            let (new_w, new_h) = match init {
                Init::Nndsvd | Init::NndsvdA | Init::NndsvdAr => {
                    let fill = match init {
                        Init::Nndsvd => Fill::Zero,
                        Init::NndsvdA => Fill::Mean,
                        _ => Fill::Random,
                    };
                    let svd = rsvd::svd(x, k, spec.seed, threads);
                    nndsvd::factors(svd, k, fill, facts.mean, spec.seed)
                }
                Init::Spa => {
                    let found = spa::columns(x, k, threads);
                    if found.len() < k {
                        notes.push(format!("spa found {} independent columns only", found.len()));
                    }
                    let listed: Vec<String> = found.iter().map(usize::to_string).collect();
                    notes.push(format!("init spa took the columns {}", listed.join(", ")));
                    spa::factors(x, &found, k, facts.mean, threads)
                }
                Init::Auto | Init::Random | Init::Given => (draw(m, For::W), draw(n, For::H)),
            };
            let one = restart == 0;
            (
                w.as_ref().filter(|_| one).cloned().unwrap_or(new_w),
                h.as_ref().filter(|_| one).cloned().unwrap_or(new_h),
            )
        }
    };
    if spec.rule == Rule::Mu {
        let size = (facts.mean / k as f64).sqrt();
        let lifted = lift_zeros(&mut w, LIFT, size) + lift_zeros(&mut h, LIFT, size);
        if lifted > 0 {
            notes.push(format!(
                "{lifted} zeros of the start were lifted to {LIFT} of their component's mean: multiplicative updates could \
                 not leave them"
            ));
        }
    }
    (w, h)
}
