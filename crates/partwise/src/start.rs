//! The first pair (W, H) of a run.

use crate::data::facts::exponent;
use crate::data::{Facts, Matrix, Sparse};
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

/// What is given beside X: factors to start from, to keep or to be near, and graphs.
///
/// Factors of H, `(k, n)`, are kept as factors of n rows.
#[derive(Debug, Clone)]
pub struct Given<T: Scalar> {
    /// W to start from, `(m, k)`; left to [`Spec::init`](crate::Spec) if not given.
    pub w: Option<Factor<T>>,
    /// H to start from, `(k, n)`; left to [`Spec::init`](crate::Spec) if not given.
    pub h: Option<Factor<T>>,
    /// The first components of W, `(m, f)` with `f <= k`, which stay as they are; with `f = k`, W is fixed.
    pub fixed_w: Option<Factor<T>>,
    /// The first components of H, `(f, n)` with `f <= k`, which stay as they are: known topics or signatures, beside which
    /// others are found. With `f = k`, H is fixed.
    pub fixed_h: Option<Factor<T>>,
    /// What the first components of W, `(m, f)`, are pulled to by the penalty `pull`.
    pub target_w: Option<Factor<T>>,
    /// What the first components of H, `(f, n)`, are pulled to by the penalty `pull`.
    pub target_h: Option<Factor<T>>,
    /// The weights of the graph of the penalty `graph` on W: symmetric, `(m, m)`, the diagonal does not count.
    pub graph_w: Option<Sparse<T>>,
    /// The weights of the graph of the penalty `graph` on H: symmetric, `(n, n)`, the diagonal does not count.
    pub graph_h: Option<Sparse<T>>,
}

impl<T: Scalar> Default for Given<T> {
    fn default() -> Self {
        Given {
            w: None,
            h: None,
            fixed_w: None,
            fixed_h: None,
            target_w: None,
            target_h: None,
            graph_w: None,
            graph_h: None,
        }
    }
}

impl<T: Scalar> Given<T> {
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
    given: &Given<T>,
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
        (Some(w), Some(h)) if restart == 0 => {
            let (mut w, mut h) = (w.clone(), h.clone());
            if bring_near(&mut w, &mut h, facts) {
                notes.push("the given factors were far from X in size, and were scaled to it".into());
            }
            (w, h)
        }
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

/// Scales components by powers of two so that their sizes in W and H, and that of WH beside X, are within `2^±LIMIT` of each
/// other: beyond, products overflow, or rules take for ever. Says whether there was anything to do.
fn bring_near<T: Scalar>(w: &mut Factor<T>, h: &mut Factor<T>, facts: &Facts) -> bool {
    const LIMIT: i32 = 40;
    let limit = LIMIT.min(T::COMFORT);
    let (in_w, in_h) = (w.column_maxima(), h.column_maxima());
    let alive = |c: &usize| in_w[*c] > 0.0 && in_h[*c] > 0.0;
    let sizes = |c: usize| (exponent(in_w[c]), exponent(in_h[c]));
    let Some(largest) = (0..w.rank()).filter(alive).map(|c| sizes(c).0 + sizes(c).1).max() else {
        return false;
    };
    let off = if (largest - facts.exponent).abs() > limit { facts.exponent - largest } else { 0 };
    let (mut for_w, mut for_h) = (vec![0; w.rank()], vec![0; w.rank()]);
    for c in (0..w.rank()).filter(alive) {
        let (a, b) = sizes(c);
        let apart = if (a - b).abs() > limit { b - a } else { 0 };
        for_w[c] = (off + apart).div_euclid(2);
        for_h[c] = off - for_w[c];
    }
    let moved = for_w.iter().chain(&for_h).any(|&e| e != 0);
    w.scale_columns_power(&for_w);
    h.scale_columns_power(&for_h);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dense, Matrix};

    #[test]
    fn factors_of_any_size_are_brought_near_the_data() {
        let x: Matrix<'_, f64> = Dense::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap().into();
        let facts = Facts::of(&x);
        for (a, b) in [(1e160, 1e160), (1e200, 1e-200), (1e-150, 1e140)] {
            let mut w = Factor::from_row_major(2, 2, &[a, 1.0, 0.5 * a, 0.0]).unwrap();
            let mut h = Factor::from_row_major(2, 2, &[b, 1.0, 0.0, 2.0]).unwrap();
            assert!(bring_near(&mut w, &mut h, &facts));
            let model = |i: usize, j: usize| w.row(i)[0] * h.row(j)[0];
            assert!(model(0, 0) > 1e-15 && model(0, 0) < 1e15, "{a} {b}: {}", model(0, 0));
            assert_eq!(model(1, 0) / model(0, 0), 0.5);
            assert!((exponent(w.row(0)[0]) - exponent(h.row(0)[0])).abs() <= 41);
        }
        let (mut w, mut h) = (Factor::<f64>::zeros(2, 1), Factor::zeros(2, 1));
        assert!(!bring_near(&mut w, &mut h, &facts));
    }
}
