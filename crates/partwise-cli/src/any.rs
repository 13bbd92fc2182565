//! Matrices, factors and fits whose precision is known at run time only.

use partwise::data::Matrix;
use partwise::{Factor, Scalar};
use partwise_io::{AnyMatrix, NpyScalar};

/// Both sides of the precision: what the core computes in, and what files are written in.
pub(crate) trait Number: Scalar + NpyScalar {
    /// The matrix, if it is in this precision.
    fn of(any: AnyMatrix) -> Option<Matrix<'static, Self>>;
    /// The same as an argument of the reader.
    const PRECISION: partwise_io::Precision;
}

impl Number for f32 {
    fn of(any: AnyMatrix) -> Option<Matrix<'static, f32>> {
        match any {
            AnyMatrix::F32(x) => Some(x),
            AnyMatrix::F64(_) => None,
        }
    }
    const PRECISION: partwise_io::Precision = partwise_io::Precision::F32;
}

impl Number for f64 {
    fn of(any: AnyMatrix) -> Option<Matrix<'static, f64>> {
        match any {
            AnyMatrix::F64(x) => Some(x),
            AnyMatrix::F32(_) => None,
        }
    }
    const PRECISION: partwise_io::Precision = partwise_io::Precision::F64;
}

/// Runs the same expression on a matrix of either precision.
macro_rules! with_matrix {
    ($any:expr, $x:ident => $body:expr) => {
        match $any {
            partwise_io::AnyMatrix::F32($x) => $body,
            partwise_io::AnyMatrix::F64($x) => $body,
        }
    };
}
pub(crate) use with_matrix;

/// A matrix `(rows, k)` as the factor W.
pub(crate) fn as_w<T: Number>(x: &Matrix<'_, T>) -> partwise::Result<Factor<T>> {
    Factor::from_row_major(x.rows(), x.cols(), &x.to_row_major())
}

/// A matrix `(k, n)` as the factor H.
pub(crate) fn as_h<T: Number>(x: &Matrix<'_, T>) -> partwise::Result<Factor<T>> {
    Factor::from_transposed(x.cols(), x.rows(), &x.to_row_major())
}
