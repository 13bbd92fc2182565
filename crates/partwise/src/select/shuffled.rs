//! Data without structure: the null band of a scan.
//!
//! The entries of every column are put into random order, each column by itself: columns keep what values they have, and
//! rows no longer have anything in common. What a rank explains of that is what it explains by having many numbers; a
//! component is worth its place where the error of X falls faster than that of the shuffled X.
//!
//! Reference: A. Frigyesi, M. Höglund (2008), "Non-negative matrix factorization for the analysis of complex gene expression
//! data", Cancer Informatics 6, doi:10.4137/CIN.S606.

use super::draw::Draw;
use crate::data::{Dense, Matrix, Sparse};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// X with the entries of each column in random order; another one for every `number`.
///
/// # Errors
/// [`Error::Unsupported`] for X with weights or missing entries: where those lie is no matter of chance.
pub fn shuffled<T: Scalar>(x: &Matrix<'_, T>, seed: u64, number: usize) -> Result<Matrix<'static, T>> {
    let (m, n) = (x.rows(), x.cols());
    // Streams of their own: the draws of a start are others.
    let draw = |j: usize| Draw::new(seed, 1 << 62 | (number as u64) << 32 | j as u64);
    match x {
        Matrix::Dense(x) => {
            let mut values = Vec::with_capacity(m * n);
            for j in 0..n {
                let from = values.len();
                values.extend((0..m).map(|i| x.get(i, j)));
                draw(j).shuffle(&mut values[from..]);
            }
            Ok(Dense::from_vec_col_major(m, n, values)?.into())
        }
        Matrix::Sparse(x) => {
            let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
            x.clone().transposed().for_each_row(|j, at, column| {
                let mut entries: Vec<(usize, T)> =
                    draw(j).distinct(m, at.len()).into_iter().zip(column).collect();
                entries.sort_unstable_by_key(|&(i, _)| i);
                rows.extend(entries.iter().map(|&(i, _)| i as u32));
                values.extend(entries.into_iter().map(|(_, x)| x));
                starts.push(rows.len());
            });
            Ok(Sparse::from_csc(m, n, starts, rows, values)?.into())
        }
        Matrix::Weighted(_) => Err(Error::Unsupported {
            asked: "shuffled data where entries are weighted or missing".into(),
            why: "where those lie is no matter of chance".into(),
            instead: "scan without them (shuffled = 0)".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    #[test]
    fn columns_keep_their_values_and_lose_their_order() {
        let mut next = numbers(2);
        let dense = Dense::from_fn(40, 6, |_, _| if next() < 0.5 { 0.0 } else { next() });
        let entries: Vec<(usize, usize)> = (0..40).flat_map(|i| (0..6).map(move |j| (i, j))).collect();
        let stored: Vec<_> = entries.iter().filter(|&&(i, j)| dense.get(i, j) != 0.0).collect();
        let sparse = Sparse::from_coo(
            40,
            6,
            &stored.iter().map(|e| e.0 as u32).collect::<Vec<_>>(),
            &stored.iter().map(|e| e.1 as u32).collect::<Vec<_>>(),
            stored.iter().map(|e| dense.get(e.0, e.1)).collect::<Vec<f64>>(),
        )
        .unwrap();
        let before = dense.clone();
        for x in [Matrix::from(dense), Matrix::from(sparse)] {
            let (a, again, b) = (shuffled(&x, 1, 0), shuffled(&x, 1, 0), shuffled(&x, 1, 1));
            let (a, again, b) =
                (a.unwrap().to_row_major(), again.unwrap().to_row_major(), b.unwrap().to_row_major());
            assert_eq!(a, again);
            assert!(a != b && a != x.to_row_major());
            for j in 0..6 {
                let column = |values: &dyn Fn(usize) -> f64| {
                    let mut column: Vec<f64> = (0..40).map(values).collect();
                    column.sort_by(f64::total_cmp);
                    column
                };
                assert_eq!(column(&|i| a[i * 6 + j]), column(&|i| before.get(i, j)));
            }
        }
    }
}
