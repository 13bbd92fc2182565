//! SPA, the successive projection algorithm: W from k columns of X.
//!
//! The column with the largest residual norm is taken, all columns are projected onto the complement of it, and so on. The
//! residual is never formed: its norms are the columns' norms minus what lies along the directions found so far. If X is
//! separable (`X = W [I, H'] P` with columns of H' summing to at most 1) the columns found are W's, in the presence of
//! noise up to an error that grows with the squared condition number of W.
//!
//! H is the non-negative least squares solution for that W. Cost: one product of X with one column per component.
//!
//! Reference: N. Gillis, S. Vavasis (2014), "Fast and robust recursive algorithms for separable nonnegative matrix
//! factorization", IEEE TPAMI 36(4), doi:10.1109/TPAMI.2013.226, algorithm 1; after U. Araújo et al. (2001),
//! doi:10.1016/S0169-7439(01)00119-8. Columns are taken as they are, not scaled to a common sum.

use super::rsvd::multiply;
use crate::data::Matrix;
use crate::data::view::View;
use crate::factor::Factor;
use crate::kernels::Rows;
use crate::kernels::gram::GramSum;

use crate::par::{Lines, for_blocks};
use crate::rules::bpp::Bpp;
use crate::rules::{Limits, Panel, Quadratic, QuadraticRule, Scratch};
use crate::scalar::Scalar;

/// Rows of H that are solved together.
const ROWS: usize = 256;

/// The indices of up to `rank` columns, in the order they are found; fewer if the rest of X is zero to rounding.
pub(crate) fn columns<T: Scalar>(x: &Matrix<'_, T>, rank: usize, threads: usize) -> Vec<usize> {
    let by_column = View::of(x, true);
    let n = x.cols();
    let mut scratch = vec![T::ZERO; by_column.scratch(1)];
    let mut column = vec![0.0; x.rows()];
    let mut norms: Vec<f64> = (0..n)
        .map(|j| {
            fetch(&by_column, j, &mut scratch, &mut column);
            column.iter().map(|v| v * v).sum()
        })
        .collect();
    let first = norms.iter().copied().fold(0.0, f64::max);
    let rounding = 1e2 * T::EPSILON.to_f64() * first * rank as f64;
    let mut directions: Vec<Vec<f64>> = Vec::new();
    let mut found = Vec::new();
    let (mut direction, mut along) = (Factor::<T>::zeros(x.rows(), 1), Factor::<T>::zeros(n, 1));
    while found.len() < rank {
        let (best, norm) = norms
            .iter()
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |best, (j, &norm)| if norm > best.1 { (j, norm) } else { best });
        if !(norm > rounding) {
            break;
        }
        fetch(&by_column, best, &mut scratch, &mut column);
        // Twice, so that the directions stay orthogonal to rounding.
        for _ in 0..2 {
            for d in &directions {
                let dot: f64 = d.iter().zip(&column).map(|(a, b)| a * b).sum();
                column.iter_mut().zip(d).for_each(|(x, d)| *x -= dot * d);
            }
        }
        let length = column.iter().map(|v| v * v).sum::<f64>().sqrt();
        norms[best] = f64::NEG_INFINITY;
        if !(length * length > rounding) {
            continue;
        }
        found.push(best);
        column.iter_mut().for_each(|v| *v /= length);
        for (i, &v) in column.iter().enumerate() {
            direction.row_mut(i)[0] = T::from_f64(v);
        }
        multiply(&by_column, &direction, &mut along, threads);
        for (j, norm) in norms.iter_mut().enumerate() {
            *norm -= along.row(j)[0].to_f64().powi(2);
        }
        directions.push(column.clone());
    }
    found
}

/// Copies column j of X (row j of its transpose).
fn fetch<T: Scalar>(by_column: &View<'_, T>, j: usize, scratch: &mut [T], to: &mut [f64]) {
    to.fill(0.0);
    match by_column.block(j..j + 1, scratch) {
        Rows::Dense(x) => {
            let mut row = vec![T::ZERO; x.cols];
            x.copy_row(0, &mut row);
            to.iter_mut().zip(row).for_each(|(to, v)| *to = v.to_f64());
        }
        Rows::Sparse(x) => {
            for e in x.starts[0]..x.starts[1] {
                to[x.columns[e] as usize] = x.values.get(e).to_f64();
            }
        }
    }
}

/// W from the columns found, and H from least squares. `rank` components; those without a column get `size` everywhere.
pub(crate) fn factors<T: Scalar>(
    x: &Matrix<'_, T>,
    found: &[usize],
    rank: usize,
    size: f64,
    threads: usize,
) -> (Factor<T>, Factor<T>) {
    let by_column = View::of(x, true);
    let mut scratch = vec![T::ZERO; by_column.scratch(1)];
    let mut column = vec![0.0; x.rows()];
    let mut w = Factor::zeros(x.rows(), rank);
    for c in 0..rank {
        match found.get(c) {
            Some(&j) => {
                fetch(&by_column, j, &mut scratch, &mut column);
                (0..x.rows()).for_each(|i| w.row_mut(i)[c] = T::from_f64(column[i]));
            }
            None => (0..x.rows()).for_each(|i| w.row_mut(i)[c] = T::from_f64(size)),
        }
    }
    // Columns of X have the size of X; W should have that of its square root.
    let balance = size.max(T::MIN_POSITIVE.to_f64());
    w.scale_by(1.0 / balance);
    let mut h = Factor::zeros(x.cols(), rank);
    multiply(&by_column, &w, &mut h, threads);
    least_squares(&w, &mut h);
    w.scale_by(balance.sqrt());
    h.scale_by(1.0 / balance.sqrt());
    (w, h)
}

/// Replaces rows of a cross product with W by the least squares solutions.
fn least_squares<T: Scalar>(w: &Factor<T>, h: &mut Factor<T>) {
    let (rank, stride) = (w.rank(), w.stride());
    let mut gram = vec![0.0; stride * stride];
    GramSum::new::<T>(w.rows(), stride).compute(w, &mut gram);
    let gram: Vec<T> = gram.into_iter().map(T::from_f64).collect();
    let q = Quadratic {
        gram: &gram,
        stride,
        rank,
        l1: T::ZERO,
        l2: T::ZERO,
        limits: Limits::NON_NEGATIVE,
        minus: &[],
        drag: &[],
    };
    let rule = Bpp::new(rank, stride);
    for_blocks(Lines(h.padded_rows_mut(), stride), ROWS, 0, &|_, rows: Lines<'_, T>| {
        let cross = rows.0.to_vec();
        rows.0.fill(T::ZERO);
        let mut scratch = Scratch::new(QuadraticRule::<T>::need(&rule));
        rule.update(&q, Panel { factor: rows.0, cross: &cross, state: &mut [] }, &mut scratch);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dense, Sparse};
    use crate::rules::tests_common::numbers;

    /// X = W [I, H'] with columns of H' summing to 1: the pure columns are found, and the fit is exact.
    #[test]
    fn separable_data_give_their_pure_columns() {
        let mut next = numbers(4);
        let (m, k, mixed) = (30, 4, 50);
        let w: Vec<f64> = (0..m * k).map(|_| next()).collect();
        let n = k + mixed;
        let mut x = vec![0.0; m * n];
        for j in 0..n {
            let mut h: Vec<f64> = (0..k).map(|_| next()).collect();
            let sum: f64 = h.iter().sum();
            h.iter_mut().for_each(|v| *v /= sum);
            for i in 0..m {
                x[i * n + j] = if j < k { w[i * k + j] } else { (0..k).map(|c| w[i * k + c] * h[c]).sum() };
            }
        }
        let dense = Matrix::from(Dense::from_slice(m, n, &x).unwrap());
        let mut found = columns(&dense, k, 1);
        let (got_w, got_h) = factors(&dense, &found, k, 0.5, 1);
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3]);
        for i in 0..m {
            for j in 0..n {
                let model: f64 = got_w.row(i).iter().zip(got_h.row(j)).map(|(a, b)| a * b).sum();
                assert!((model - x[i * n + j]).abs() < 1e-10);
            }
        }
        let (rows, cols): (Vec<u32>, Vec<u32>) = (0..m * n).map(|e| ((e / n) as u32, (e % n) as u32)).unzip();
        let sparse = Matrix::from(Sparse::from_coo(m, n, &rows, &cols, x.clone()).unwrap());
        let mut found = columns(&sparse, k, 1);
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3]);
    }

    #[test]
    fn asks_no_more_columns_than_there_are() {
        let x = Matrix::from(Dense::from_vec(3, 4, [[1.0, 2.0, 3.0, 4.0]; 3].concat()).unwrap());
        assert_eq!(columns(&x, 3, 1), [3]);
        let (w, h) = factors(&x, &[3], 3, 1.0, 1);
        assert!(w.first_bad().is_none() && h.first_bad().is_none());
    }
}
