//! X from the types of other libraries: shape and entries survive, in every storage order.
#![cfg(any(feature = "ndarray", feature = "nalgebra", feature = "faer", feature = "sprs"))]
#![allow(clippy::unwrap_used)] // a test's helpers are tests

use partwise::{Matrix, Nmf, Scalar};

/// An entry that no other place has.
fn entry<T: Scalar>(i: usize, j: usize) -> T {
    T::from_f64((100 * (i + 1) + j + 1) as f64)
}

/// X has this shape and, at every place, the entry that `at` says.
#[track_caller]
fn assert_is<T: Scalar>(x: &Matrix<'_, T>, shape: (usize, usize), at: impl Fn(usize, usize) -> T) {
    assert_eq!((x.rows(), x.cols()), shape);
    let want: Vec<T> =
        (0..shape.0).flat_map(|i| (0..shape.1).map(move |j| (i, j))).map(|(i, j)| at(i, j)).collect();
    assert_eq!(x.to_row_major(), want);
    assert_eq!(x.clone().transposed().transposed().to_row_major(), want);
}

/// A converted X can be factorized as it is.
#[track_caller]
fn assert_fits<T: Scalar>(x: &Matrix<'_, T>) {
    let fit = Nmf::new(2).max_iter(50).threads(1).fit(x).unwrap();
    assert!(fit.relative_error() < 0.1, "{}", fit.relative_error());
}

#[cfg(feature = "ndarray")]
mod ndarray {
    use super::*;
    use ::ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, s};

    fn check<T: Scalar>() {
        let c = Array2::from_shape_fn((3, 5), |(i, j)| entry::<T>(i, j));
        let f = Array2::from_shape_fn((3, 5).f(), |(i, j)| entry::<T>(i, j));
        for array in [&c, &f] {
            assert_is(&array.view().into(), (3, 5), entry);
            assert_is(&array.t().into(), (5, 3), |i, j| entry(j, i));
            assert_is(&array.slice(s![..;-1, ..]).into(), (3, 5), |i, j| entry(2 - i, j));
            assert_is(&array.slice(s![.., ..;-1]).into(), (3, 5), |i, j| entry(i, 4 - j));
            assert_is(&array.slice(s![..;-1, ..;-1]).into(), (3, 5), |i, j| entry(2 - i, 4 - j));
            assert_is(&array.slice(s![..;-1, ..;-1]).reversed_axes().into(), (5, 3), |i, j| {
                entry(2 - j, 4 - i)
            });
            assert_is(&array.slice(s![..;2, 1..;-3]).into(), (2, 2), |i, j| entry(2 * i, 4 - 3 * j));
            assert_is(&array.slice(s![1..2, ..]).into(), (1, 5), |_, j| entry(1, j));
            assert_is(&array.slice(s![.., 3..4]).into(), (3, 1), |i, _| entry(i, 3));
            assert_is(&array.slice(s![1..1, ..]).into(), (0, 5), entry);
            assert_fits(&array.view().into());
        }
        let row = c.row(1);
        let repeated: ArrayView2<'_, T> = row.broadcast((4, 5)).unwrap();
        assert_is(&repeated.into(), (4, 5), |_, j| entry(1, j));
        let column = c.column(2).insert_axis(Axis(1));
        assert_is(&column.into(), (3, 1), |i, _| entry(i, 2));
    }

    #[test]
    fn any_order_and_any_strides() {
        check::<f64>();
        check::<f32>();
    }
}

#[cfg(feature = "nalgebra")]
mod nalgebra {
    use super::*;
    use ::nalgebra::DMatrix;

    #[test]
    fn columns_one_after_the_other() {
        let x = DMatrix::from_fn(3, 5, entry::<f64>);
        assert_is(&Matrix::from(&x), (3, 5), entry);
        assert_fits(&Matrix::from(&x));
        let t = x.transpose();
        assert_is(&Matrix::from(&t), (5, 3), |i, j| entry(j, i));
        assert_is(&Matrix::from(&DMatrix::from_fn(5, 2, entry::<f32>)), (5, 2), entry);
        assert_is(&Matrix::from(&DMatrix::<f64>::zeros(0, 3)), (0, 3), entry);
    }
}

#[cfg(feature = "faer")]
mod faer {
    use super::*;
    use ::faer::Mat;

    fn check<T: Scalar>() {
        let x = Mat::from_fn(3, 5, entry::<T>);
        assert_is(&Matrix::from(&x), (3, 5), entry);
        assert_is(&Matrix::from(x.transpose()), (5, 3), |i, j| entry(j, i));
        assert_is(&Matrix::from(x.as_ref().reverse_rows()), (3, 5), |i, j| entry(2 - i, j));
        assert_is(&Matrix::from(x.as_ref().reverse_cols()), (3, 5), |i, j| entry(i, 4 - j));
        assert_is(&Matrix::from(x.as_ref().submatrix(1, 2, 2, 3)), (2, 3), |i, j| entry(i + 1, j + 2));
        assert_is(&Matrix::from(x.as_ref().submatrix(1, 2, 0, 3)), (0, 3), entry);
        assert_fits(&Matrix::from(&x));
    }

    #[test]
    fn any_order_and_any_strides() {
        check::<f64>();
        check::<f32>();
    }
}

#[cfg(feature = "sprs")]
mod sprs {
    use super::*;
    use ::sprs::{CsMatI, SpIndex, TriMatI};
    use std::fmt::Display;

    /// Every third place is empty, and so are row 2 and column 3.
    fn holed<T: Scalar>(i: usize, j: usize) -> T {
        if (i + 2 * j).is_multiple_of(3) || i == 2 || j == 3 { T::ZERO } else { entry(i, j) }
    }

    fn check<T: Scalar, I: SpIndex + TryInto<usize> + TryInto<u32> + Display>() {
        let mut triplets = TriMatI::<T, I>::new((4, 5));
        for (i, j) in
            (0..4).flat_map(|i| (0..5).map(move |j| (i, j))).filter(|&(i, j)| holed::<T>(i, j) != T::ZERO)
        {
            triplets.add_triplet(i, j, holed(i, j));
        }
        let (csr, csc): (CsMatI<T, I>, CsMatI<T, I>) = (triplets.to_csr(), triplets.to_csc());
        assert!(csr.is_csr() && csc.is_csc());
        for x in [&csr, &csc] {
            let ours = Matrix::try_from(x).unwrap();
            assert!(ours.is_sparse());
            assert_eq!(ours.stored(), x.nnz() as u64);
            assert_is(&ours, (4, 5), holed);
            assert_is(&Matrix::try_from(&x.clone().transpose_into()).unwrap(), (5, 4), |i, j| holed(j, i));
            Nmf::new(2).max_iter(5).threads(1).fit(&ours).unwrap();
        }
    }

    #[test]
    fn rows_or_columns_with_indices_of_any_width() {
        check::<f64, i32>();
        check::<f64, i64>();
        check::<f64, usize>();
        check::<f32, u32>();
        check::<f32, u64>();
        check::<f32, u16>();
    }

    #[test]
    fn stored_zeros_are_dropped_and_nothing_is_a_matrix_too() {
        let stored = CsMatI::<f64, i32>::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![1.0, 0.0, 3.0]);
        let ours = Matrix::try_from(&stored).unwrap();
        assert_eq!((ours.stored(), ours.to_row_major()), (2, vec![1.0, 0.0, 0.0, 0.0, 3.0, 0.0]));
        let nothing = Matrix::try_from(&CsMatI::<f64, i32>::zero((3, 2))).unwrap();
        assert_eq!((nothing.rows(), nothing.cols(), nothing.stored()), (3, 2, 0));
    }
}
