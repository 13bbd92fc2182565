//! X from other libraries' types, each behind a feature of its name. Dense views are not copied, whatever their strides;
//! sparse matrices are copied once, with their indices checked and put in order.

#[cfg(feature = "ndarray")]
mod from_ndarray {
    use crate::data::{Dense, Matrix};
    use crate::scalar::Scalar;
    use ndarray::ArrayView2;

    impl<'a, T: Scalar> From<ArrayView2<'a, T>> for Dense<'a, T> {
        /// Views the array, whatever its strides.
        fn from(x: ArrayView2<'a, T>) -> Dense<'a, T> {
            let (shape, strides) = (x.dim(), (x.strides()[0], x.strides()[1]));
            // A slice of the whole array exists only for contiguous memory; otherwise the entries are gathered.
            match x.to_slice_memory_order() {
                Some(slice) => {
                    let reach = |n: usize, s: isize| {
                        if s < 0 { (n.saturating_sub(1) as isize * -s) as usize } else { 0 }
                    };
                    let offset = reach(shape.0, strides.0) + reach(shape.1, strides.1);
                    match Dense::from_strided(slice, offset, shape, strides) {
                        Ok(dense) => dense,
                        Err(_) => copied(&x),
                    }
                }
                None => copied(&x),
            }
        }
    }

    fn copied<T: Scalar>(x: &ArrayView2<'_, T>) -> Dense<'static, T> {
        let (rows, cols) = x.dim();
        match Dense::from_vec(rows, cols, x.iter().copied().collect()) {
            Ok(dense) => dense,
            Err(_) => unreachable!("an array has as many entries as its shape says"),
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
            match Dense::from_slice(x.ncols(), x.nrows(), x.as_slice()) {
                Ok(dense) => dense.transposed().into(),
                Err(_) => unreachable!("a matrix has as many entries as its shape says"),
            }
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
            let values = (0..x.nrows()).flat_map(|i| (0..x.ncols()).map(move |j| x[(i, j)])).collect();
            match Dense::from_vec(x.nrows(), x.ncols(), values) {
                Ok(dense) => dense.into(),
                Err(_) => unreachable!("a matrix has as many entries as its shape says"),
            }
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

#[cfg(test)]
#[allow(unused_imports)]
mod tests {
    use super::super::Matrix;

    #[cfg(feature = "ndarray")]
    #[test]
    fn ndarray_views_of_any_strides() {
        use ndarray::{Array2, s};
        let array = Array2::from_shape_fn((4, 6), |(i, j)| (10 * i + j) as f64);
        for view in [array.view(), array.t(), array.slice(s![1..4;2, ..;3]), array.slice(s![..;-1, ..;-1])] {
            let x: Matrix<'_, f64> = view.into();
            let Matrix::Dense(x) = x else { panic!("dense stays dense") };
            assert_eq!((x.rows(), x.cols()), view.dim());
            for ((i, j), &v) in view.indexed_iter() {
                assert_eq!(x.get(i, j), v);
            }
        }
    }

    #[cfg(feature = "nalgebra")]
    #[test]
    fn nalgebra_is_column_major() {
        let m = nalgebra::DMatrix::from_fn(3, 2, |i, j| (10 * i + j) as f32);
        let Matrix::Dense(x) = Matrix::from(&m) else { panic!("dense stays dense") };
        assert_eq!((x.rows(), x.cols(), x.get(2, 1)), (3, 2, 21.0));
    }

    #[cfg(feature = "faer")]
    #[test]
    fn faer_matrices() {
        let m = faer::Mat::from_fn(3, 2, |i, j| (10 * i + j) as f64);
        let Matrix::Dense(x) = Matrix::from(m.as_ref().transpose()) else { panic!("dense stays dense") };
        assert_eq!((x.rows(), x.cols(), x.get(1, 2)), (2, 3, 21.0));
    }

    #[cfg(feature = "sprs")]
    #[test]
    fn sprs_by_rows_and_by_columns() {
        let m = sprs::CsMatI::<f64, i32>::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![1.0, 2.0, 3.0]);
        for m in [m.clone(), m.to_csc()] {
            let Matrix::Sparse(x) = Matrix::try_from(&m).unwrap() else { panic!("sparse stays sparse") };
            let mut seen = Vec::new();
            x.for_each_row(|i, columns, values| {
                seen.extend(columns.iter().zip(values).map(|(&j, v)| (i, j, v)))
            });
            assert_eq!(seen, [(0, 0, 1.0), (0, 2, 2.0), (1, 1, 3.0)]);
        }
    }
}
