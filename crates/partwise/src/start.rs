//! The first pair (W, H) of a run.

use crate::asked::Units;
use crate::data::facts::exponent;
use crate::data::{Facts, Matrix, Sparse};
use crate::error::{BadEntry, Error, Result};
use crate::factor::Factor;
use crate::init::nndsvd::Fill;
use crate::init::random::{For, RandomRows};
use crate::init::rsvd::LowRank;
use crate::init::{lift_zeros, nndsvd, random, rsvd, spa};
use crate::loss::Loss;
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::side::Asked;
use crate::spec::{Free, Init, Rule, Spec};
use std::borrow::Cow;

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
    pub(crate) fn check(&self, facts: &Facts, spec: &Spec) -> Result<()> {
        let (m, n) = (facts.rows, facts.cols);
        // Name, factor, rows, whether it may have fewer components, whether it may be negative.
        let given = [
            ("W", &self.w, true, false, spec.free == Free::W),
            ("H", &self.h, false, false, spec.free == Free::H),
            ("fixed W", &self.fixed_w, true, true, spec.free == Free::W),
            ("fixed H", &self.fixed_h, false, true, spec.free == Free::H),
            ("target of W", &self.target_w, true, true, spec.free == Free::W),
            ("target of H", &self.target_h, false, true, spec.free == Free::H),
        ];
        for (name, factor, is_w, fewer, free) in given {
            let Some(factor) = factor else { continue };
            let rows = if is_w { m } else { n };
            let fits = factor.rank() == spec.rank || (fewer && (1..=spec.rank).contains(&factor.rank()));
            if factor.rows() != rows || !fits {
                let shape = |rows: usize, rank: String| {
                    if is_w { format!("({rows}, {rank})") } else { format!("({rank}, {rows})") }
                };
                let rank = spec.rank.to_string();
                return Err(Error::Shape {
                    what: match name {
                        "W" => "the given W",
                        "H" => "the given H",
                        "fixed W" => "the fixed W",
                        "fixed H" => "the fixed H",
                        "target of W" => "the target of W",
                        _ => "the target of H",
                    },
                    expected: shape(rows, if fewer { format!("1 to {rank}") } else { rank }),
                    got: shape(factor.rows(), factor.rank().to_string()),
                });
            }
            let bad = factor.first_bad().filter(|bad| !(free && matches!(bad.2, BadEntry::Negative(_))));
            if let Some((i, c, problem)) = bad {
                let (row, col) = if is_w { (i, c) } else { (c, i) };
                return Err(Error::BadFactor { factor: name, problem, row, col });
            }
        }
        Ok(())
    }

    /// Everything in the units of a run; not copied where they are those of X.
    pub(crate) fn in_units(&self, units: Units) -> Cow<'_, Given<T>> {
        if (units.w, units.h) == (0, 0) {
            return Cow::Borrowed(self);
        }
        let mut given = self.clone();
        let Given { w, h, fixed_w, fixed_h, target_w, target_h, .. } = &mut given;
        for (factors, e) in [([w, fixed_w, target_w], units.w), ([h, fixed_h, target_h], units.h)] {
            factors.into_iter().flatten().for_each(|factor| factor.scale_power(-e));
        }
        Cow::Owned(given)
    }
}

/// Whether an entry of the model is zero.
fn has_zero_model<T: Scalar>(w: &Factor<T>, h: &Factor<T>) -> bool {
    let zeros = |factor: &Factor<T>| (0..factor.rows()).any(|i| factor.row(i).contains(&T::ZERO));
    let apart = |i: usize, j: usize| w.row(i).iter().zip(h.row(j)).all(|(&w, &h)| w * h == T::ZERO);
    (zeros(w) || zeros(h)) && (0..w.rows()).any(|i| (0..h.rows()).any(|j| apart(i, j)))
}

/// The pair that restart number `restart` begins with, for X in comfortable range and given factors in its units; `low` is of
/// X, if it is there.
pub(crate) fn pair<T: Scalar>(
    x: &Matrix<'_, T>,
    facts: &Facts,
    plan: &Plan,
    given: &Given<T>,
    low: Option<&LowRank<T>>,
    restart: usize,
    threads: usize,
    notes: &mut Vec<String>,
) -> (Factor<T>, Factor<T>) {
    let spec = &plan.spec;
    // Singular vectors and extreme columns are those of a matrix with all its entries.
    let filled = match x {
        Matrix::Weighted(x) if !matches!(spec.init, Init::Random | Init::Given) => {
            x.filled().map(Matrix::Dense)
        }
        _ => None,
    };
    let x = filled.as_ref().unwrap_or(x);
    let (m, n, k) = (facts.rows, facts.cols, spec.rank);
    let draw = |rows, which| {
        random::factor(rows, k, facts.typical(), RandomRows::new(spec.seed, restart as u64, which))
    };
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
                        Init::NndsvdA => Fill::Share(if spec.rule == Rule::Mu { 1.0 } else { 0.1 }),
                        _ => Fill::Random,
                    };
                    let svd = match low {
                        Some(low) => low.clone().leading(k),
                        None => rsvd::svd(x, k, spec.seed, threads),
                    };
                    nndsvd::factors(svd, k, fill, facts.typical(), spec.seed)
                }
                Init::Spa => {
                    let found = spa::columns(x, k, threads);
                    if found.len() < k {
                        notes.push(format!("spa found {} independent columns only", found.len()));
                    }
                    let listed: Vec<String> = found.iter().map(usize::to_string).collect();
                    notes.push(format!("init spa took the columns {}", listed.join(", ")));
                    spa::factors(x, &found, k, facts.typical(), threads)
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
    // Multiplicative updates do not leave a zero, and Newton steps on Itakura-Saito rows no model that is zero.
    let saito = spec.rule == Rule::Newton && spec.loss == Loss::ItakuraSaito;
    if spec.rule == Rule::Mu || saito && has_zero_model(&w, &h) {
        let size = (facts.typical() / k as f64).sqrt();
        let lifted = lift_zeros(&mut w, LIFT, size) + lift_zeros(&mut h, LIFT, size);
        if lifted > 0 {
            let (zeros, them) = if lifted == 1 {
                ("zero of the start was", "it")
            } else {
                ("zeros of the start were", "them")
            };
            notes.push(format!(
                "{lifted} {zeros} lifted to {LIFT} of their component's mean: multiplicative updates could not leave {them}"
            ));
        }
    }
    (w, h)
}

/// Brings a pair within its limits, and to the size of X: fixed components in their place, entries within bounds, rows on
/// the simplex; what has no scale of its own makes up for it.
pub(crate) fn impose<T: Scalar>(
    (w, h): (&mut Factor<T>, &mut Factor<T>),
    asked: (&Asked<T>, &Asked<T>),
    given: &Given<T>,
    scaled: (bool, bool),
    facts: &Facts,
) {
    let fixed = [given.fixed_w.as_ref(), given.fixed_h.as_ref()];
    if asked.0.bounds.is_plain() && asked.1.bounds.is_plain() && !scaled.0 && !scaled.1 {
        return;
    }
    for (factor, (asked, fixed)) in
        [&mut *w, &mut *h].into_iter().zip([asked.0, asked.1].into_iter().zip(fixed))
    {
        let bounds = &asked.bounds;
        for i in 0..factor.rows() {
            let row = factor.row_mut(i);
            row.iter_mut().for_each(|x| *x = bounds.limits().clamp(*x));
            if let Some(fixed) = fixed {
                row[..fixed.rank()].copy_from_slice(fixed.row(i));
            }
            if let Some((total, at_most)) = bounds.simplex {
                let sum: f64 = row.iter().map(|x| x.to_f64()).sum();
                let even = T::from_f64(total / row.len() as f64);
                if !(sum > 0.0) {
                    row.fill(even);
                } else if !at_most || sum > total {
                    row.iter_mut().for_each(|x| *x = T::from_f64(x.to_f64() * (total / sum)));
                }
            }
        }
    }
    // Component by component where one side is fixed, else all at once.
    let count = facts.rows as f64 * facts.cols as f64;
    let wanted = facts.typical() * count / w.rank() as f64;
    let (in_w, in_h) = (sizes(w), sizes(h));
    let frozen = |side: usize, c: usize| fixed[side].is_some_and(|fixed| c < fixed.rank());
    let (mut by_w, mut by_h) = (vec![1.0; w.rank()], vec![1.0; h.rank()]);
    let whole: f64 = in_w.iter().zip(&in_h).map(|(a, b)| a * b).sum();
    for c in 0..w.rank() {
        let own = wanted / (in_w[c] * in_h[c]);
        let all = wanted * w.rank() as f64 / whole;
        let by = if frozen(0, c) || frozen(1, c) { own } else { all };
        if !(by.is_finite() && by > 0.0) {
            continue;
        }
        match (
            scaled.0 && (fixed[0].is_none() || frozen(0, c)),
            scaled.1 && (fixed[1].is_none() || frozen(1, c)),
        ) {
            (true, false) => by_h[c] = by,
            (false, true) => by_w[c] = by,
            _ => {}
        }
    }
    w.scale_columns(&by_w);
    h.scale_columns(&by_h);
}

/// Sums of the absolute entries of each component.
fn sizes<T: Scalar>(factor: &Factor<T>) -> Vec<f64> {
    let mut out = vec![0.0; factor.rank()];
    for i in 0..factor.rows() {
        out.iter_mut().zip(factor.row(i)).for_each(|(sum, x)| *sum += x.to_f64().abs());
    }
    out
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
    /// Where the singular vectors have zeros, `mu` starts from ten times as much as other rules.
    #[test]
    fn multiplicative_updates_start_from_larger_entries() {
        // Two blocks: every singular vector is zero on one of them.
        let block = |i: usize, j: usize| if (i < 3) == (j < 2) { 1.0 + (i + j) as f64 } else { 0.0 };
        let x: Matrix<'_, f64> = Dense::from_fn(6, 5, block).into();
        let facts = Facts::of(&x);
        let size = (facts.typical() / 2.0).sqrt();
        for (rule, share) in [(Rule::Mu, 1.0), (Rule::Hals, 0.1)] {
            let spec = Spec { rank: 2, rule, init: Init::NndsvdA, ..Spec::default() };
            let plan = spec.plan::<f64>(&facts).unwrap();
            let (w, h) = pair(&x, &facts, &plan, &Given::default(), None, 0, 1, &mut Vec::new());
            let entries = w.to_row_major().into_iter().chain(h.to_row_major());
            // Each row of W and column of H has a zero in the component of the other block.
            assert_eq!(entries.filter(|x| (x - share * size).abs() < 1e-12).count(), 6 + 5, "{rule}");
        }
    }
}
