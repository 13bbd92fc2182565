//! Matrices, factors and fits whose precision is known at run time only.

use crate::failure::Failure;
use partwise::Factor;
use partwise::data::Matrix;
/// Both sides of the precision: what the core computes in, and what files are written in.
pub(crate) use partwise_io::NpyScalar as Number;
use partwise_io::{Error, Input, ReadOptions, Table, read};
use std::path::Path;

/// Reads a matrix in this precision, with all that its file says of it.
pub(crate) fn read_as<T: Number>(
    path: &Path,
    mut options: ReadOptions,
) -> Result<(Matrix<'static, T>, Labels), Failure> {
    options.precision = T::PRECISION;
    let read = read(Input::path(path), &options).map_err(|error| match error {
        // The option that names an array is for X.
        Error::Key { at, problem, .. } => {
            Failure::Data(format!("{at}: {problem}; save the one that is meant in a file of its own"))
        }
        error => Failure::File(error),
    });
    let Table { matrix, row_names, col_names, notes, .. } = read?;
    let matrix = T::of(matrix)
        .ok_or_else(|| Failure::Internal("a matrix was read in another precision than asked for".into()))?;
    Ok((matrix, Labels { rows: row_names, cols: col_names, notes }))
}

/// What a file says of its matrix.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    pub(crate) rows: Option<Vec<String>>,
    pub(crate) cols: Option<Vec<String>>,
    /// What was found or done while reading.
    pub(crate) notes: Vec<String>,
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
