//! A factor: r rows of contiguous k-vectors.
//!
//! W has m rows and H is kept transposed with n rows, so that updating H is updating W on the transpose of X. Rows are
//! padded with zeros to a whole number of SIMD units ([`Scalar::LANES`]); the padding stays zero for ever, and every
//! kernel may read it.

use crate::data::facts::halves;
use crate::error::{BadEntry, Error, Result};
use crate::scalar::Scalar;

/// A non-negative factor of `rows` vectors of length `rank`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor<T> {
    rows: usize,
    rank: usize,
    stride: usize,
    data: Vec<T>,
}

/// The padded length of a row of `rank` numbers: whole SIMD units, and whole pairs of them where a row is too wide to be
/// kept in registers.
pub(crate) fn padded<T: Scalar>(rank: usize) -> usize {
    rank.next_multiple_of(if rank <= T::MAX_WIDTH { T::LANES } else { 2 * T::LANES })
}

impl<T: Scalar> Factor<T> {
    /// A factor of zeros, of a size that is known to fit into memory.
    pub(crate) fn zeros(rows: usize, rank: usize) -> Factor<T> {
        let stride = padded::<T>(rank);
        Factor { rows, rank, stride, data: vec![T::ZERO; rows * stride] }
    }

    /// From `(rows, rank)` in row-major order, as W is given.
    ///
    /// # Errors
    /// [`Error::Shape`] if the length is not `rows * rank`; [`Error::BadParameter`] if the rank is above 4294967295.
    pub fn from_row_major(rows: usize, rank: usize, values: &[T]) -> Result<Factor<T>> {
        check_len(rows, rank, values.len())?;
        let mut factor = Factor::zeros(rows, rank);
        if rank > 0 {
            for (to, from) in factor.data.chunks_exact_mut(factor.stride).zip(values.chunks_exact(rank)) {
                to[..rank].copy_from_slice(from);
            }
        }
        Ok(factor)
    }

    /// From `(rank, rows)` in row-major order, as H is given.
    ///
    /// # Errors
    /// [`Error::Shape`] if the length is not `rows * rank`; [`Error::BadParameter`] if the rank is above 4294967295.
    pub fn from_transposed(rows: usize, rank: usize, values: &[T]) -> Result<Factor<T>> {
        check_len(rows, rank, values.len())?;
        let mut factor = Factor::zeros(rows, rank);
        for i in 0..rows {
            for c in 0..rank {
                factor.data[i * factor.stride + c] = values[c * rows + i];
            }
        }
        Ok(factor)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of components.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Row `i`, of length [`Factor::rank`].
    pub fn row(&self, i: usize) -> &[T] {
        &self.data[i * self.stride..][..self.rank]
    }

    /// `(rows, rank)` in row-major order.
    pub fn to_row_major(&self) -> Vec<T> {
        (0..self.rows).flat_map(|i| self.row(i).iter().copied()).collect()
    }

    /// `(rank, rows)` in row-major order.
    pub fn to_transposed(&self) -> Vec<T> {
        let mut out = vec![T::ZERO; self.rows * self.rank];
        for i in 0..self.rows {
            for (c, &x) in self.row(i).iter().enumerate() {
                out[c * self.rows + i] = x;
            }
        }
        out
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// All rows with their padding.
    pub(crate) fn padded_rows(&self) -> &[T] {
        &self.data
    }

    pub(crate) fn padded_rows_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    pub(crate) fn row_mut(&mut self, i: usize) -> &mut [T] {
        &mut self.data[i * self.stride..][..self.rank]
    }

    pub(crate) fn copy_from(&mut self, other: &Factor<T>) {
        self.data.copy_from_slice(&other.data);
    }

    /// Sum of each component, accumulated in `f64` over rows in order.
    pub(crate) fn column_sums(&self) -> Vec<f64> {
        self.fold_columns(|sum, x| sum + x)
    }

    /// Euclidean norm of each component.
    pub(crate) fn column_norms(&self) -> Vec<f64> {
        self.fold_columns(|sum, x| sum + x * x).into_iter().map(f64::sqrt).collect()
    }

    /// Largest entry of each component.
    pub(crate) fn column_maxima(&self) -> Vec<f64> {
        self.fold_columns(f64::max)
    }

    fn fold_columns(&self, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; self.rank];
        for i in 0..self.rows {
            for (acc, &x) in out.iter_mut().zip(self.row(i)) {
                *acc = f(*acc, x.to_f64());
            }
        }
        out
    }

    /// Multiplies component `c` by `scale[c]`.
    pub(crate) fn scale_columns(&mut self, scale: &[f64]) {
        for i in 0..self.rows {
            for (x, &s) in self.row_mut(i).iter_mut().zip(scale) {
                *x = T::from_f64(x.to_f64() * s);
            }
        }
    }

    /// Multiplies everything by a number.
    pub(crate) fn scale_by(&mut self, scale: f64) {
        if scale != 1.0 {
            let scale = vec![scale; self.rank];
            self.scale_columns(&scale);
        }
    }

    /// Multiplies everything by `2^e`, exactly but for the ends of the range.
    pub(crate) fn scale_power(&mut self, e: i32) {
        let (a, b) = halves(e);
        self.scale_by(a);
        self.scale_by(b);
    }

    /// Multiplies component `c` by `2^powers[c]`, exactly but for the ends of the range.
    pub(crate) fn scale_columns_power(&mut self, powers: &[i32]) {
        let (a, b): (Vec<f64>, Vec<f64>) = powers.iter().map(|&e| halves(e)).unzip();
        self.scale_columns(&a);
        self.scale_columns(&b);
    }

    /// Component `c` becomes what component `order[c]` was.
    pub(crate) fn permute_columns(&mut self, order: &[usize]) {
        let mut old = vec![T::ZERO; self.rank];
        for i in 0..self.rows {
            old.copy_from_slice(self.row(i));
            for (x, &from) in self.row_mut(i).iter_mut().zip(order) {
                *x = old[from];
            }
        }
    }

    /// The first `columns` components, in the same memory, or with zeros behind them if there are fewer.
    pub(crate) fn with_columns(mut self, columns: usize) -> Factor<T> {
        if columns > self.rank {
            let mut wide = Factor::zeros(self.rows, columns);
            for i in 0..self.rows {
                wide.row_mut(i)[..self.rank].copy_from_slice(self.row(i));
            }
            return wide;
        }
        let (old, new) = (self.stride, padded::<T>(columns).min(self.stride));
        for i in 0..self.rows {
            self.data.copy_within(i * old..i * old + columns, i * new);
            self.data[i * new + columns..(i + 1) * new].fill(T::ZERO);
        }
        self.data.truncate(self.rows * new);
        self.data.shrink_to_fit();
        Factor { rank: columns, stride: new, ..self }
    }

    /// First entry that is not finite and non-negative, as (row, component).
    pub(crate) fn first_bad(&self) -> Option<(usize, usize, BadEntry)> {
        (0..self.rows).find_map(|i| {
            self.row(i).iter().enumerate().find_map(|(c, &x)| {
                let bad = if x.is_nan() {
                    BadEntry::Nan
                } else if !x.is_finite() {
                    BadEntry::Infinite
                } else if x < T::ZERO {
                    BadEntry::Negative(x.to_f64())
                } else {
                    return None;
                };
                Some((i, c, bad))
            })
        })
    }
}

/// Refuses a rank with which sizes could not be computed.
pub(crate) fn check_rank(rank: usize) -> Result<()> {
    if rank <= u32::MAX as usize {
        return Ok(());
    }
    Err(Error::BadParameter {
        name: "rank",
        value: rank.to_string(),
        needs: "at most 4294967295 components are supported".into(),
    })
}

fn check_len(rows: usize, rank: usize, got: usize) -> Result<()> {
    check_rank(rank)?;
    if rows.checked_mul(rank) == Some(got) {
        return Ok(());
    }
    Err(Error::Shape {
        what: "a factor",
        expected: format!("({rows}, {rank}), {} numbers", rows.saturating_mul(rank)),
        got: format!("{got} numbers"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_hold_the_same_numbers() {
        let w = Factor::<f64>::from_row_major(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!(w.row(1), [4.0, 5.0, 6.0]);
        let h = Factor::<f64>::from_transposed(2, 3, &w.to_transposed()).unwrap();
        assert_eq!(w, h);
        assert_eq!(h.to_row_major(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!(Factor::<f64>::from_row_major(2, 3, &[0.0; 5]).is_err());
        for (rows, rank) in [(0, usize::MAX), (usize::MAX, 2), (1 << 62, usize::MAX)] {
            assert!(Factor::<f64>::from_row_major(rows, rank, &[]).is_err());
            assert!(Factor::<f64>::from_transposed(rows, rank, &[]).is_err());
        }
    }

    #[test]
    fn columns_are_dropped_and_added() {
        for rank in [2, 9, 70] {
            let values: Vec<f64> = (1..=5 * rank).map(|x| x as f64).collect();
            for columns in 1..rank + 20 {
                let got = Factor::from_row_major(5, rank, &values).unwrap().with_columns(columns);
                let mut want = Factor::zeros(5, columns);
                for (i, row) in values.chunks(rank).enumerate() {
                    let both = rank.min(columns);
                    want.row_mut(i)[..both].copy_from_slice(&row[..both]);
                }
                assert_eq!(got, want);
            }
        }
    }

    #[test]
    fn padding_survives_every_operation() {
        let mut w = Factor::<f32>::from_row_major(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        w.scale_columns(&[2.0, 3.0, 4.0]);
        w.permute_columns(&[2, 0, 1]);
        assert_eq!(w.row(0), [12.0, 2.0, 6.0]);
        assert!(w.padded_rows().chunks(w.stride()).all(|row| row[3..].iter().all(|&x| x == 0.0)));
        assert_eq!(w.column_sums(), [36.0, 10.0, 21.0]);
    }
}
