//! X from other libraries' types, each behind a feature of its name. Dense memory without gaps is viewed, in either
//! order and forwards or backwards; other dense views and sparse matrices are copied once, the latter with their indices
//! checked and put in order.

#[cfg(feature = "ndarray")]
mod from_ndarray {
    use crate::data::{Dense, Matrix};
    use crate::scalar::Scalar;
    use ndarray::ArrayView2;

    impl<'a, T: Scalar> From<ArrayView2<'a, T>> for Dense<'a, T> {
        /// Views the array where its memory has no gaps, else copies its entries.
        fn from(x: ArrayView2<'a, T>) -> Dense<'a, T> {
            let (shape, strides) = (x.dim(), (x.strides()[0], x.strides()[1]));
            // Where the first entry lies in memory that begins with the lowest address.
            let reach = |n: usize, s: isize| if s < 0 { n.saturating_sub(1) * s.unsigned_abs() } else { 0 };
            let offset = reach(shape.0, strides.0) + reach(shape.1, strides.1);
            // Without `unsafe`, a slice of the whole array exists only where its memory has no gaps.
            x.to_slice_memory_order()
                .and_then(|slice| Dense::from_strided(slice, offset, shape, strides).ok())
                .unwrap_or_else(|| Dense::from_fn(shape.0, shape.1, |i, j| x[(i, j)]))
        }
    }

    impl<'a, T: Scalar> From<ArrayView2<'a, T>> for Matrix<'a, T> {
        fn from(x: ArrayView2<'a, T>) -> Matrix<'a, T> {
            Matrix::Dense(x.into())
        }
    }
}

#[cfg(feature = "nalgebra")]
mod from_nalgebra {
    use crate::data::{Dense, Matrix};
    use crate::scalar::Scalar;
    use nalgebra::DMatrix;

    impl<'a, T: Scalar + nalgebra::Scalar> From<&'a DMatrix<T>> for Matrix<'a, T> {
        /// Views the matrix, which is column-major.
        fn from(x: &'a DMatrix<T>) -> Matrix<'a, T> {
            let columns = Dense::from_slice(x.ncols(), x.nrows(), x.as_slice());
            columns
                .map_or_else(|_| Dense::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)]), Dense::transposed)
                .into()
        }
    }
}

#[cfg(feature = "faer")]
mod from_faer {
    use crate::data::{Dense, Matrix};
    use crate::scalar::Scalar;
    use faer::{Mat, MatRef};

    impl<'a, T: Scalar> From<MatRef<'a, T>> for Matrix<'a, T> {
        /// Copies the matrix: its memory cannot be seen as one slice without `unsafe`.
        fn from(x: MatRef<'a, T>) -> Matrix<'a, T> {
            Dense::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)]).into()
        }
    }

    impl<'a, T: Scalar> From<&'a Mat<T>> for Matrix<'a, T> {
        fn from(x: &'a Mat<T>) -> Matrix<'a, T> {
            x.as_ref().into()
        }
    }
}

#[cfg(feature = "sprs")]
mod from_sprs {
    use crate::data::sparse::{indices, pointers};
    use crate::data::{Matrix, Sparse};
    use crate::error::{Error, Result};
    use crate::scalar::Scalar;
    use sprs::{CsMatI, SpIndex};
    use std::fmt::Display;

    impl<T, I> TryFrom<&CsMatI<T, I>> for Matrix<'static, T>
    where
        T: Scalar,
        I: SpIndex + TryInto<usize> + TryInto<u32> + Display,
    {
        type Error = Error;
        /// Copies compressed rows or columns, with indices of any width.
        fn try_from(x: &CsMatI<T, I>) -> Result<Matrix<'static, T>> {
            let inner = if x.is_csr() { x.cols() } else { x.rows() };
            let starts = pointers(x.proper_indptr().as_ref())?;
            let columns = indices(x.indices(), inner)?;
            let values = x.data().to_vec();
            let sparse = if x.is_csr() {
                Sparse::from_csr(x.rows(), x.cols(), starts, columns, values)?
            } else {
                Sparse::from_csc(x.rows(), x.cols(), starts, columns, values)?
            };
            Ok(sparse.into())
        }
    }
}
