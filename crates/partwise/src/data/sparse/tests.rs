use super::*;
use crate::error::{Error, SparseFault};

fn entries(x: &Sparse<f64>) -> Vec<(usize, usize, f64)> {
    let mut out = Vec::new();
    x.for_each_row(|i, columns, values| {
        out.extend(columns.iter().zip(values).map(|(&j, x)| (i, j as usize, x)));
    });
    out
}

#[test]
fn every_way_in_gives_the_same_matrix() {
    let want = vec![(0, 1, 2.0), (0, 2, 3.5), (2, 0, 1.0), (2, 1, 7.0)];
    let csr = Sparse::from_csr(3, 3, vec![0, 2, 2, 4], vec![1, 2, 0, 1], vec![2.0, 3.5, 1.0, 7.0]).unwrap();
    assert_eq!(entries(&csr), want);
    assert_eq!(csr.canonical(), Canonical::default());
    let messy = Sparse::from_csr(
        3,
        3,
        vec![0, 4, 5, 7],
        vec![2, 1, 2, 0, 1, 1, 0],
        vec![3.0, 2.0, 0.5, 0.0, 0.0, 7.0, 1.0],
    )
    .unwrap();
    assert_eq!(entries(&messy), want);
    assert_eq!(messy.canonical(), Canonical { duplicates: 1, stored_zeros: 2, unsorted: 2 });
    let csc = Sparse::from_csc(3, 3, vec![0, 1, 3, 4], vec![2, 0, 2, 0], vec![1.0, 2.0, 7.0, 3.5]).unwrap();
    assert_eq!(entries(&csc), want);
    let coo =
        Sparse::from_coo(3, 3, &[2, 0, 0, 2, 0], &[1, 2, 1, 0, 1], vec![7.0, 3.5, 1.0, 1.0, 1.0]).unwrap();
    assert_eq!(entries(&coo), want);
    assert_eq!(entries(&coo.transposed().transposed()), want);
    assert_eq!(coo_bytes(&csr), 4 * 4 + 4 * 4 + 4 * 8);
}

fn coo_bytes(x: &Sparse<f64>) -> u64 {
    x.form_bytes()
}

#[test]
fn sums_of_duplicates_keep_their_digits() {
    // 2^24 + 1 does not fit into single precision, its two terms do.
    let x = Sparse::from_coo(1, 1, &[0, 0], &[0, 0], vec![16_777_216.0, 1.0]).unwrap();
    assert_eq!(entries(&x), [(0, 0, 16_777_217.0)]);
}

#[test]
fn contradictions_are_named() {
    let bad = |starts: Vec<usize>, columns: Vec<u32>, values: Vec<f64>| match Sparse::from_csr(
        2, 3, starts, columns, values,
    ) {
        Err(Error::SparseStructure(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(bad(vec![0, 1], vec![0], vec![1.0]), SparseFault::PointerLength { expected: 3, got: 2 });
    assert_eq!(bad(vec![1, 1, 1], vec![0], vec![1.0]), SparseFault::PointerStart("1".into()));
    assert_eq!(bad(vec![0, 2, 1], vec![0], vec![1.0]), SparseFault::PointerDecreases { at: 1 });
    assert_eq!(
        bad(vec![0, 1, 2], vec![0], vec![1.0]),
        SparseFault::PointerEnd { end: "2".into(), stored: 1 }
    );
    assert_eq!(
        bad(vec![0, 0, 1], vec![0, 1], vec![1.0]),
        SparseFault::LengthMismatch { indices: 2, values: 1 }
    );
    assert_eq!(
        bad(vec![0, 1, 1], vec![3], vec![1.0]),
        SparseFault::IndexOutOfRange { at: 0, index: "3".into(), size: 3 }
    );
    assert!(pointers(&[0i64, -1]).is_err());
    assert!(indices(&[-1i32], 3).is_err());
    assert_eq!(indices(&[2u64, 0], 3).unwrap(), [2, 0]);
}
