//! What every term has to hold to: its quadratic lies above it and touches, with the same gradient.

use super::{At, Shift, Term};
use crate::factor::Factor;
use crate::kernels::gram::{ColumnSum, GramSum};
use crate::rules::tests_common::numbers;
use crate::scalar::Scalar;

/// A factor with its sums.
pub(crate) struct Place<T> {
    pub(crate) factor: Factor<T>,
    pub(crate) gram: Vec<f64>,
    pub(crate) sums: Vec<f64>,
}

impl<T: Scalar> Place<T> {
    pub(crate) fn new(factor: Factor<T>) -> Place<T> {
        let (rows, stride) = (factor.rows(), factor.stride());
        let (mut gram, mut sums) = (vec![0.0; stride * stride], vec![0.0; stride]);
        GramSum::new::<T>(rows, stride).compute(&factor, &mut gram);
        ColumnSum::new(rows, stride).compute(&factor, &mut sums);
        Place { factor, gram, sums }
    }

    /// Entries in 0..1, some of them zero, but not all of a component.
    pub(crate) fn random(rows: usize, rank: usize, seed: u64) -> Place<T> {
        let mut next = numbers(seed);
        let mut entry = |i| if i >= rank && next() < 0.2 { 0.0 } else { 0.01 + next() };
        let values: Vec<T> = (0..rows * rank).map(|i| T::from_f64(entry(i))).collect();
        Place::new(Factor::from_row_major(rows, rank, &values).unwrap())
    }

    pub(crate) fn at(&self) -> At<'_, T> {
        At { factor: &self.factor, gram: &self.gram, sums: &self.sums }
    }

    /// The place where the entries are `f(row, component, entry here)`.
    pub(crate) fn map(&self, mut f: impl FnMut(usize, usize, f64) -> f64) -> Place<T> {
        let mut factor = self.factor.clone();
        for i in 0..factor.rows() {
            for (c, x) in factor.row_mut(i).iter_mut().enumerate() {
                *x = T::from_f64(f(i, c, x.to_f64()));
            }
        }
        Place::new(factor)
    }
}

/// The upper quadratic of a term that touches here.
pub(crate) fn shift_at<T: Scalar>(term: &mut dyn Term<T>, place: &Place<T>) -> Shift<T> {
    let (rows, stride) = (place.factor.rows(), place.factor.stride());
    let mut shift = Shift::new(rows, stride, term.by_row());
    term.touch(&place.at(), &mut shift);
    for c in 0..stride {
        for d in 0..stride {
            assert_eq!(shift.gram[c * stride + d], shift.gram[d * stride + c], "S is symmetric");
            let padding = c.max(d) >= place.factor.rank();
            assert!(!padding || shift.gram[c * stride + d] == 0.0, "the padding stays zero");
        }
    }
    shift
}

/// `sum over rows of 1/2 fᵀ(S + d_i I)f - (s + e_i)ᵀf`, and the sum of the sizes of its parts.
pub(crate) fn model(shift: &Shift<f64>, factor: &Factor<f64>) -> (f64, f64) {
    let stride = factor.stride();
    let (mut sum, mut size) = (0.0, 0.0);
    for i in 0..factor.rows() {
        let f = factor.row(i);
        for c in 0..f.len() {
            let bend: f64 = (0..f.len()).map(|d| shift.gram[c * stride + d] * f[d]).sum();
            let ridge = shift.ridge.get(i).map_or(0.0, |d| d * f[c]);
            let pull = shift.linear[c] + shift.pull.get(i * stride + c).copied().unwrap_or(0.0);
            sum += f[c] * (0.5 * (bend + ridge) - pull);
            size += (f[c] * bend).abs() + (f[c] * ridge).abs() + (f[c] * pull).abs();
        }
    }
    (sum, size)
}

/// `a = b` to so many digits.
pub(crate) fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * a.abs().max(b.abs())
}

/// For a term of `(rows, rank)`: its quadratic touches, has its gradient, and lies above at a hundred other places, near
/// and far; on it, if `exact`.
pub(crate) fn check_term(mut make: impl FnMut(usize, usize) -> Box<dyn Term<f64>>, exact: bool) {
    for (case, (rows, rank)) in [(1, 1), (2, 3), (3, 1), (7, 2), (30, 5)].into_iter().enumerate() {
        let mut term = make(rows, rank);
        for seed in 0..2 {
            let here = Place::random(rows, rank, 100 * case as u64 + seed);
            let shift = shift_at(term.as_mut(), &here);
            check_signs(&shift);
            check_gradient(term.as_mut(), &shift, &here);
            let (start, size) = model(&shift, &here.factor);
            let value = term.value(&here.at());
            assert!(value.is_finite() && value >= 0.0);
            for other in 0..10 {
                let far = [1e-3, 0.1, 1.0, 10.0, 0.0][other % 5];
                let there = Place::random(rows, rank, 7000 + 10 * seed + other as u64);
                let there = there.map(|i, c, x| match other {
                    0..5 => here.factor.row(i)[c] + far * (x - here.factor.row(i)[c].min(x)),
                    _ => far * x,
                });
                let (end, end_size) = model(&shift, &there.factor);
                let (rise, above) = (term.value(&there.at()) - value, end - start);
                let rounding = 1e-13 * (size + end_size + value + (value + rise).abs());
                assert!(rise <= above + rounding, "({rows}, {rank}), {other}: {rise} > {above}");
                assert!(!exact || rise >= above - rounding, "({rows}, {rank}), {other}: {rise} < {above}");
            }
        }
    }
}

/// The gradient of the quadratic where it touches is that of the term, by differences.
fn check_gradient(term: &mut dyn Term<f64>, shift: &Shift<f64>, here: &Place<f64>) {
    let (rows, rank) = (here.factor.rows(), here.factor.rank());
    let step = 1e-4;
    for entry in (0..rows * rank).step_by(1 + rows * rank / 17) {
        let moved = |by: f64| here.map(|i, c, x| if i * rank + c == entry { x + by } else { x });
        let slope = |f: &mut dyn FnMut(&Place<f64>) -> f64| {
            // Central differences of order 4.
            let mut at = |by: f64| f(&moved(by * step));
            (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step)
        };
        let want = slope(&mut |place| term.value(&place.at()));
        let got = slope(&mut |place| model(shift, &place.factor).0);
        let size = model(shift, &here.factor).1 + term.value(&here.at());
        assert!(
            (got - want).abs() <= 1e-9 * (size + got.abs()),
            "({rows}, {rank}), entry {entry}: {got} {want}"
        );
    }
}

fn check_signs(shift: &Shift<f64>) {
    assert!(shift.ridge.iter().all(|&d| d >= 0.0));
}
