//! The values of a sparse matrix, in as few bytes as keep their bits.

use crate::kernels::ValuesRef;
use crate::scalar::Scalar;

/// Stored values: as they are, or in single precision where that loses nothing (counts, for example), which halves
/// their memory without changing a bit of any result.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored<T> {
    /// In the precision of the computation.
    Full(Vec<T>),
    /// In single precision, exact.
    Single(Vec<f32>),
}

impl<T: Scalar> From<Vec<T>> for Stored<T> {
    /// Keeps the values in single precision if all of them survive it exactly.
    fn from(values: Vec<T>) -> Stored<T> {
        if T::LANES != f64::LANES || values.iter().any(|&x| !survives_single(x.to_f64())) {
            return Stored::Full(values);
        }
        Stored::Single(values.iter().map(|&x| x.to_f64() as f32).collect())
    }
}

/// Whether `x` is the same in single precision.
pub fn survives_single(x: f64) -> bool {
    f64::from(x as f32) == x
}

impl<T: Scalar> Stored<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Stored::Full(v) => v.len(),
            Stored::Single(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, i: usize) -> T {
        self.as_ref().get(i)
    }

    pub(super) fn set(&mut self, i: usize, x: T) {
        match self {
            Stored::Full(v) => v[i] = x,
            Stored::Single(v) => v[i] = x.to_f64() as f32,
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            Stored::Full(v) => v.truncate(len),
            Stored::Single(v) => v.truncate(len),
        }
    }

    pub(super) fn as_ref(&self) -> ValuesRef<'_, T> {
        match self {
            Stored::Full(v) => ValuesRef::Full(v),
            Stored::Single(v) => ValuesRef::Single(v),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        match self {
            Stored::Full(v) => std::mem::size_of_val(v.as_slice()) as u64,
            Stored::Single(v) => std::mem::size_of_val(v.as_slice()) as u64,
        }
    }
}
