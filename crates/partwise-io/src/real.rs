//! The two number types that a matrix is read into, and how values are kept without losing or wasting anything.

use crate::budget::Budget;
use crate::error::{Result, count};
use crate::read::{AnyMatrix, Context};
use partwise::data::sparse::survives_single;
use partwise::data::{Matrix, Stored};
use partwise::scalar::Scalar;

/// `f32` or `f64`; every reader decodes into `f64` by the buffer and hands the values on from there.
pub(crate) trait Real: Scalar {
    fn wrap(x: Matrix<'static, Self>) -> AnyMatrix;

    /// The first finite value that this type cannot hold, with its position.
    fn misfit(values: &[f64]) -> Option<(usize, f64)>;

    /// A number that was read from text as the nearest `f64`, moved if need be so that it becomes the nearest value of
    /// this type.
    fn nearest(x: f64, text: &[u8]) -> f64;

    /// No values yet, in the form that takes least memory.
    fn none() -> Stored<Self>;

    /// Appends values; single precision is left at the first that does not survive it.
    fn append(stored: &mut Stored<Self>, values: &[f64], budget: &mut Budget) -> Result<()>;
}

impl Real for f32 {
    fn wrap(x: Matrix<'static, f32>) -> AnyMatrix {
        AnyMatrix::F32(x)
    }

    fn misfit(values: &[f64]) -> Option<(usize, f64)> {
        let outside = |x: f64| x.is_finite() && (x as f32).is_infinite();
        values.iter().position(|&x| outside(x)).and_then(|at| Some((at, *values.get(at)?)))
    }

    fn nearest(x: f64, text: &[u8]) -> f64 {
        // Rounding twice goes wrong only if the first result lies half-way between two f32.
        let half_way = x.to_bits() & 0x1FFF_FFFF == 0x1000_0000 || x.abs() < f64::from(f32::MIN_POSITIVE);
        if !half_way || x == 0.0 {
            return x;
        }
        let once = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f32>().ok());
        once.map_or(x, f64::from)
    }

    fn none() -> Stored<f32> {
        Stored::Full(Vec::new())
    }

    fn append(stored: &mut Stored<f32>, values: &[f64], budget: &mut Budget) -> Result<()> {
        let (Stored::Full(v) | Stored::Single(v)) = stored;
        budget.grow(v, values.len())?;
        v.extend(values.iter().map(|&x| x as f32));
        Ok(())
    }
}

impl Real for f64 {
    fn wrap(x: Matrix<'static, f64>) -> AnyMatrix {
        AnyMatrix::F64(x)
    }

    fn misfit(_values: &[f64]) -> Option<(usize, f64)> {
        None
    }

    fn nearest(x: f64, _text: &[u8]) -> f64 {
        x
    }

    fn none() -> Stored<f64> {
        Stored::Single(Vec::new())
    }

    fn append(stored: &mut Stored<f64>, values: &[f64], budget: &mut Budget) -> Result<()> {
        if let Stored::Single(v) = stored {
            if values.iter().all(|&x| survives_single(x)) {
                budget.grow(v, values.len())?;
                v.extend(values.iter().map(|&x| x as f32));
                return Ok(());
            }
            let mut full: Vec<f64> = budget.vec(v.capacity().max(v.len() + values.len()) as u64)?;
            full.extend(v.iter().map(|&x| f64::from(x)));
            budget.release(4 * v.capacity() as u64);
            *stored = Stored::Full(full);
        }
        if let Stored::Full(v) = stored {
            budget.grow(v, values.len())?;
            v.extend_from_slice(values);
        }
        Ok(())
    }
}

/// Integers from 2^53 on may have more digits than `f64`.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// What to tell about integers from [`EXACT`] on.
pub(crate) fn note_rounded(integers: u64, cx: &mut Context<'_>) {
    if integers > 0 {
        cx.note(format!("{} of 2^53 or more may have lost digits", count(integers, "integer")));
    }
}

/// The words for a value that single precision cannot hold.
pub(crate) fn too_large(x: f64) -> (String, String) {
    (
        format!("the value {x:?} is too large for single precision"),
        "read it in double precision (f64), or scale the data".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn single_precision_is_left_only_when_digits_would_be_lost() {
        let budget = &mut Budget::new(1 << 20, Place::default());
        let mut stored = f64::none();
        f64::append(&mut stored, &[1.0, 0.5, 16_777_216.0], budget).unwrap();
        assert_eq!(stored, Stored::Single(vec![1.0, 0.5, 16_777_216.0]));
        f64::append(&mut stored, &[0.1], budget).unwrap();
        assert_eq!(stored, Stored::Full(vec![1.0, 0.5, 16_777_216.0, 0.1]));
        f64::append(&mut stored, &[3.0], budget).unwrap();
        assert_eq!(stored.len(), 5);
    }

    #[test]
    fn f32_is_rounded_once() {
        // Just above half-way between 1 and the next f32; the nearest f64 is half-way, and would go down to 1.
        let text = "1.000000059604644775390625000000000000000001";
        let x: f64 = text.parse().unwrap();
        assert_eq!(x as f32, 1.0);
        assert_eq!(f32::nearest(x, text.as_bytes()) as f32, 1.0 + f32::EPSILON);
        assert_eq!(f32::nearest(0.1, b"0.1"), 0.1);
        assert_eq!(f64::nearest(x, text.as_bytes()), x);
    }

    #[test]
    fn f32_refuses_what_it_cannot_hold() {
        assert_eq!(f32::misfit(&[1.0, f64::INFINITY, f64::NAN, 1e39]), Some((3, 1e39)));
        assert_eq!(f32::misfit(&[3.4e38, 1e-300]), None);
        assert_eq!(f64::misfit(&[1e300]), None);
    }
}
