//! One look at X: its size, its range, and whether it can be factorized at all.

use super::Matrix;
use super::sum::Sum;
use super::weighted::Count;
use crate::error::{BadEntry, Error, Result};
use crate::loss::Loss;
use crate::scalar::Scalar;
use serde::Serialize;

/// What is known of X before anything is computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// `m`.
    pub rows: usize,
    /// `n`.
    pub cols: usize,
    /// Entries kept in memory.
    pub stored: u64,
    /// Whether zeros are left out in memory.
    pub sparse: bool,
    /// Entries different from zero.
    pub nonzeros: u64,
    /// Smallest entry, zeros included; NaN is passed over.
    pub min: f64,
    /// Smallest positive entry, if there is one.
    pub min_positive: Option<f64>,
    /// Largest entry.
    pub max: f64,
    /// Mean over all entries, zeros included; of weighted X the weighted mean over those that count.
    pub mean: f64,
    /// Whether X has weights or missing entries. Then all that is said here of entries is said of those that count.
    pub weighted: bool,
    /// Entries that count: all, or those of positive weight.
    pub observed: u64,
    /// Rows of which no entry counts.
    pub unseen_rows: Lines,
    /// Columns of which no entry counts.
    pub unseen_cols: Lines,
    /// Rows with no entry different from zero.
    pub empty_rows: usize,
    /// Columns with no entry different from zero.
    pub empty_cols: usize,
    /// NaN entries, with the first.
    pub nan: Bad,
    /// Infinite entries, with the first.
    pub infinite: Bad,
    /// Negative entries, with the first.
    pub negative: Bad,
    /// Exponent e of the power of two `2^e` near the largest entry.
    pub(crate) exponent: i32,
    /// `||X||²`, weighted, divided by `4^exponent`.
    pub(crate) sum_squares: f64,
    /// The sum of all weights; as many as there are entries if there are none.
    pub(crate) total_weight: f64,
    /// What a loss is to be multiplied by, as a power of two: the unit of the weights.
    pub(crate) weight_power: i32,
}

/// How many rows or columns are of a kind, and which is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Lines {
    /// How many.
    pub count: usize,
    /// The first.
    pub first: Option<usize>,
}

impl Lines {
    pub(crate) fn add(&mut self, at: usize) {
        self.count += 1;
        self.first = self.first.or(Some(at));
    }
}

/// How many entries of a kind there are, and where the first one is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bad {
    /// How many.
    pub count: usize,
    /// Row and column of the first, in row-major order.
    pub first: Option<(usize, usize)>,
    /// The value of the first; not serialised, as JSON has no NaN.
    #[serde(skip)]
    pub value: f64,
}

impl Bad {
    fn add(&mut self, at: (usize, usize), value: f64) {
        self.count += 1;
        if self.first.is_none_or(|first| at < first) {
            (self.first, self.value) = (Some(at), value);
        }
    }
}

impl Facts {
    /// Looks at every stored entry twice: once for the range, once for sums that the range keeps from overflowing.
    pub fn of<T: Scalar>(x: &Matrix<'_, T>) -> Facts {
        let (rows, cols) = (x.rows(), x.cols());
        let mut facts = Facts {
            rows,
            cols,
            stored: x.stored(),
            sparse: x.is_sparse(),
            nonzeros: 0,
            min: f64::INFINITY,
            min_positive: None,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            empty_rows: 0,
            empty_cols: 0,
            nan: Bad::default(),
            infinite: Bad::default(),
            negative: Bad::default(),
            weighted: matches!(x, Matrix::Weighted(_)),
            observed: 0,
            unseen_rows: Lines::default(),
            unseen_cols: Lines::default(),
            exponent: 0,
            sum_squares: 0.0,
            total_weight: 0.0,
            weight_power: 0,
        };
        if rows == 0 || cols == 0 {
            // The other side takes no memory in X, and may be longer than memory is.
            (facts.min, facts.max, facts.empty_rows, facts.empty_cols) = (0.0, 0.0, rows, cols);
            return facts;
        }
        facts.observed = rows as u64 * cols as u64;
        facts.total_weight = facts.observed as f64;
        if let Matrix::Weighted(x) = x {
            let Count { observed, weight, unseen_rows, unseen_cols } = x.count();
            (facts.observed, facts.total_weight) = (observed, weight);
            (facts.unseen_rows, facts.unseen_cols) = (unseen_rows, unseen_cols);
            facts.weight_power = x.power();
        }
        let mut row_used = vec![false; rows];
        let mut col_used = vec![false; cols];
        let mut least_positive = f64::INFINITY;
        let mut visited = 0;
        for_each(x, |i, j, value, _| {
            visited += 1;
            if value != 0.0 {
                facts.nonzeros += 1;
                row_used[i] = true;
                col_used[j] = true;
            }
            if value.is_nan() {
                facts.nan.add((i, j), value);
                return;
            }
            if value.is_infinite() {
                facts.infinite.add((i, j), value);
                return;
            }
            if value < 0.0 {
                facts.negative.add((i, j), value);
            } else if value > 0.0 {
                least_positive = least_positive.min(value);
            }
            facts.min = facts.min.min(value);
            facts.max = facts.max.max(value);
        });
        if visited < facts.observed {
            facts.min = facts.min.min(0.0);
            facts.max = facts.max.max(0.0);
        }
        if facts.min > facts.max {
            (facts.min, facts.max) = (0.0, 0.0);
        }
        facts.min_positive = least_positive.is_finite().then_some(least_positive);
        facts.empty_rows = row_used.iter().filter(|&&used| !used).count();
        facts.empty_cols = col_used.iter().filter(|&&used| !used).count();

        facts.exponent = exponent(facts.max.abs().max(facts.min.abs()));
        let (down, half) = halves(-facts.exponent);
        let (mut sum, mut squares) = (Sum::default(), Sum::default());
        for_each(x, |_, _, value, weight| {
            if value.is_finite() {
                let v = value * down * half;
                sum.add(weight * v);
                squares.add(weight * v * v);
            }
        });
        facts.sum_squares = squares.value();
        let total = if facts.total_weight > 0.0 { facts.total_weight } else { 1.0 };
        facts.mean = scale_up(sum.value() / total, facts.exponent);
        facts
    }

    /// Entries that are zero.
    pub fn zeros(&self) -> u64 {
        self.observed.saturating_sub(self.nonzeros)
    }

    /// Share of entries that are not zero.
    pub fn density(&self) -> f64 {
        if self.observed == 0 { 0.0 } else { self.nonzeros as f64 / self.observed as f64 }
    }

    /// The size of a typical entry: the mean, or the root of the mean square where entries are negative.
    pub(crate) fn typical(&self) -> f64 {
        if self.negative.count == 0 || self.total_weight == 0.0 {
            return self.mean;
        }
        scale_up((self.sum_squares / self.total_weight).sqrt(), self.exponent)
    }

    /// Refuses facts that cannot be those of `x`. Facts of another matrix of its kind, its shape and its number of stored
    /// entries are not recognised, as that would take another look at every entry.
    pub(crate) fn check_are_of<T: Scalar>(&self, x: &Matrix<'_, T>) -> Result<()> {
        let tell = |rows: usize, cols: usize, stored: u64, sparse: bool| {
            format!("({rows}, {cols}), {stored} {} entries", if sparse { "sparse" } else { "dense" })
        };
        let expected = tell(x.rows(), x.cols(), x.stored(), x.is_sparse());
        let got = tell(self.rows, self.cols, self.stored, self.sparse);
        if expected == got { Ok(()) } else { Err(Error::Shape { what: "the X of the facts", expected, got }) }
    }

    /// Refuses what cannot be factorized with this loss, by place.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::BadEntry`] or [`Error::ZerosInX`].
    pub fn check(&self, loss: Loss, floor: f64) -> Result<()> {
        self.check_entries(loss, floor > 0.0, false)
    }

    /// Refuses entries, by place: zeros where the loss is infinite there unless they are `floored`, and negative ones unless
    /// these are allowed.
    pub(crate) fn check_entries(&self, loss: Loss, floored: bool, negatives: bool) -> Result<()> {
        if self.rows == 0 || self.cols == 0 {
            return Err(Error::Empty { rows: self.rows, cols: self.cols });
        }
        for (bad, kind) in [
            (self.nan, BadEntry::Nan),
            (self.infinite, BadEntry::Infinite),
            (self.negative, BadEntry::Negative(self.negative.value)),
        ] {
            if negatives && matches!(kind, BadEntry::Negative(_)) {
                continue;
            }
            if let Some((row, col)) = bad.first {
                return Err(Error::BadEntry { kind, row, col, count: bad.count, minimum: self.min });
            }
        }
        if !loss.allows_zeros() && !floored && self.zeros() > 0 {
            return Err(Error::ZerosInX { loss: loss.to_string(), zeros: self.zeros() });
        }
        Ok(())
    }
}

/// Calls `f(i, j, x, weight)` for every entry, or for those that are not zero.
pub(crate) fn for_each<T: Scalar>(x: &Matrix<'_, T>, mut f: impl FnMut(usize, usize, f64, f64)) {
    match x {
        Matrix::Dense(x) => x.for_each_row(|i, row| {
            for (j, &value) in row.iter().enumerate() {
                f(i, j, value.to_f64(), 1.0);
            }
        }),
        Matrix::Sparse(x) => x.for_each(|i, j, value| f(i, j, value.to_f64(), 1.0)),
        Matrix::Weighted(x) => {
            x.for_each_nonzero(|i, j, value, weight| f(i, j, value.to_f64(), weight.to_f64()))
        }
    }
}

/// The exponent e with `2^e <= x < 2^(e+1)`; 0 for 0.
pub(crate) fn exponent(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    if x < f64::MIN_POSITIVE {
        return exponent(x * 2f64.powi(64)) - 64;
    }
    ((x.to_bits() >> 52) & 0x7FF) as i32 - 1023
}

/// `2^e` as a product of two powers that are both in range.
pub(crate) fn halves(e: i32) -> (f64, f64) {
    (2f64.powi(e / 2), 2f64.powi(e - e / 2))
}

/// `x * 2^e` without overflow on the way.
pub(crate) fn scale_up(x: f64, e: i32) -> f64 {
    let (a, b) = halves(e);
    x * a * b
}

#[cfg(test)]
mod tests {
    use super::super::{Dense, Sparse};
    use super::*;

    #[test]
    fn dense_and_sparse_facts_agree() {
        let values = vec![0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 4.0, 0.0];
        let dense = Facts::of(&Matrix::from(Dense::from_vec(3, 3, values).unwrap()));
        let sparse = Sparse::<f64>::from_coo(3, 3, &[0, 2, 2], &[1, 0, 1], vec![2.0, 1.0, 4.0]).unwrap();
        let sparse = Facts::of(&Matrix::from(sparse));
        assert_eq!((dense.min, dense.max, dense.min_positive), (0.0, 4.0, Some(1.0)));
        assert_eq!((dense.empty_rows, dense.empty_cols, dense.nonzeros), (1, 1, 3));
        assert!((dense.mean - 7.0 / 9.0).abs() < 1e-15);
        assert_eq!(Facts { stored: 3, sparse: true, ..dense }, sparse);
    }

    #[test]
    fn sums_survive_every_scale() {
        for e in [-1073, -1000, -500, 0, 500, 1000] {
            let unit = scale_up(1.0, e);
            let facts = Facts::of(&Matrix::from(Dense::from_vec(1, 2, vec![unit, unit]).unwrap()));
            assert_eq!((facts.exponent, facts.sum_squares, facts.mean), (e, 2.0, unit));
        }
    }

    #[test]
    fn the_first_bad_entry_is_named() {
        let x = Matrix::from(Dense::from_vec(2, 2, vec![1.0, -1e-300, -2.0, -0.0]).unwrap());
        match Facts::of(&x).check(Loss::Frobenius, 0.0) {
            Err(Error::BadEntry { kind: BadEntry::Negative(-1e-300), row: 0, col: 1, count: 2, minimum }) => {
                assert_eq!(minimum, -2.0);
            }
            other => panic!("{other:?}"),
        }
        let x = Matrix::from(Dense::from_vec(1, 2, vec![f64::NAN, f64::INFINITY]).unwrap());
        let error = Facts::of(&x).check(Loss::Frobenius, 0.0).unwrap_err();
        assert!(error.to_string().starts_with("NaN at row 0, column 0"), "{error}");
        let zeros = Matrix::from(Dense::from_vec(1, 2, vec![0.0, 1.0]).unwrap());
        assert!(Facts::of(&zeros).check(Loss::ItakuraSaito, 0.0).is_err());
        assert!(Facts::of(&zeros).check(Loss::ItakuraSaito, 1e-9).is_ok());
        assert!(Facts::of(&zeros).check(Loss::KullbackLeibler, 0.0).is_ok());
    }
}
