//! Leading singular triplets of X by random projection, without densifying X.
//!
//! A random panel is multiplied by X and its transpose in turn (subspace iteration), orthonormalised each time; the
//! small matrix that remains is decomposed exactly. With 10 extra columns and 4 rounds the leading triplets of data with
//! a decaying spectrum are good to many digits; a start needs two or three.
//!
//! Cost: 10 products with X at `rank + 10` columns. Reference: N. Halko, P.-G. Martinsson, J. Tropp (2011), "Finding
//! structure with randomness", SIAM Review 53(2), doi:10.1137/090771806, algorithms 4.4 and 5.1.

use super::random::{For, RandomRows};
use crate::data::Matrix;
use crate::data::view::View;
use crate::factor::Factor;
use crate::kernels::gram::{GramSum, times_square};
use crate::kernels::products::cross;
use crate::par::{Lines, PerThread, Split, for_blocks};
use crate::scalar::Scalar;
use nalgebra::DMatrix;

/// Extra columns of the panel.
const OVERSAMPLING: usize = 10;
/// Rounds of subspace iteration.
const ROUNDS: usize = 4;
/// Rows of a block.
const ROWS: usize = 48;

/// `X ~ U diag(sigma) Vᵀ`, largest first; U and V have a column per triplet.
#[derive(Debug, Clone)]
pub(crate) struct Svd<T> {
    pub(crate) u: Factor<T>,
    pub(crate) sigma: Vec<f64>,
    pub(crate) v: Factor<T>,
}

/// `out = view panel`.
pub(crate) fn multiply<T: Scalar>(
    view: &View<'_, T>,
    panel: &Factor<T>,
    out: &mut Factor<T>,
    threads: usize,
) {
    let stride = panel.stride();
    let scratch = PerThread::new(threads, || vec![T::ZERO; view.scratch(ROWS)]);
    for_blocks(Lines(out.padded_rows_mut(), stride), ROWS, 0, &|first, out: Lines<'_, T>| {
        scratch.with(|irregular| {
            let x = view.block(first..first + out.rows(), irregular);
            cross(&x, panel.padded_rows(), stride, out.0);
        });
    });
}

/// `F M` for a small matrix M, `(rank of F, columns)` with no more columns than rows; in the memory of F, as F is the
/// largest array of a start.
fn rotate<T: Scalar>(mut factor: Factor<T>, m: &DMatrix<f64>) -> Factor<T> {
    let (stride, columns) = (factor.stride(), m.ncols());
    let mut square = vec![T::ZERO; stride * stride];
    for a in 0..m.nrows() {
        for b in 0..columns {
            square[a * stride + b] = T::from_f64(m[(a, b)]);
        }
    }
    for_blocks(Lines(factor.padded_rows_mut(), stride), 1024, 0, &|_, rows: Lines<'_, T>| {
        let before = rows.0.to_vec();
        times_square(&before, &square, stride, rows.0);
    });
    factor.with_columns(columns)
}

/// Eigenvalues (largest first) and eigenvectors of `FᵀF`.
fn eigen<T: Scalar>(factor: &Factor<T>) -> (Vec<f64>, DMatrix<f64>) {
    let (k, stride) = (factor.rank(), factor.stride());
    let mut gram = vec![0.0; stride * stride];
    GramSum::new::<T>(factor.rows(), stride).compute(factor, &mut gram);
    let eigen = DMatrix::from_fn(k, k, |a, b| gram[a * stride + b]).symmetric_eigen();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let values = order.iter().map(|&c| eigen.eigenvalues[c].max(0.0)).collect();
    (values, DMatrix::from_fn(k, k, |a, b| eigen.eigenvectors[(a, order[b])]))
}

/// An orthonormal basis of the columns of F, fewer where they are dependent. Twice, as once leaves the rounding of a
/// squared condition number. The Gram matrix is summed up in `f64` whatever F is stored in, so that is the rounding which
/// says what is dependent: that of single precision would leave out all directions below a tenth of the largest.
fn orthonormal<T: Scalar>(mut factor: Factor<T>) -> Factor<T> {
    for _ in 0..2 {
        let (values, vectors) = eigen(&factor);
        let least = values[0] * 1e3 * f64::EPSILON * factor.rank() as f64;
        let kept = values.iter().take_while(|&&l| l > least && l > 0.0).count();
        if kept == 0 {
            return Factor::zeros(factor.rows(), 1);
        }
        let m = DMatrix::from_fn(factor.rank(), kept, |a, b| vectors[(a, b)] / values[b].sqrt());
        factor = rotate(factor, &m);
    }
    factor
}

/// `X ~ left rightᵀ`, where `left = X right` and `right` has orthonormal columns: X projected onto what they span.
#[derive(Debug, Clone)]
pub(crate) struct LowRank<T> {
    pub(crate) left: Factor<T>,
    pub(crate) right: Factor<T>,
}

impl<T: Scalar> LowRank<T> {
    /// Directions that are kept for `rank` components, at most.
    pub(crate) fn width(rank: usize, rows: usize, cols: usize) -> usize {
        rank.saturating_add(OVERSAMPLING).min(rows).min(cols)
    }

    /// The factor with a row per row of X, or per column of X if `transposed`.
    pub(crate) fn side(&self, transposed: bool) -> &Factor<T> {
        if transposed { &self.right } else { &self.left }
    }

    /// The `rank` leading triplets, or fewer if there are fewer.
    pub(crate) fn leading(self, rank: usize) -> Svd<T> {
        let LowRank { left: u, right: v } = self;
        // X V = U' diag(sigma) R^T with R from the eigenvectors of (XV)ᵀ(XV).
        let (values, vectors) = eigen(&u);
        let kept = values.iter().take(rank).take_while(|&&l| l > 0.0).count();
        let sigma: Vec<f64> = values[..kept].iter().map(|l| l.sqrt()).collect();
        let right = DMatrix::from_fn(v.rank(), kept, |a, b| vectors[(a, b)]);
        let left = DMatrix::from_fn(v.rank(), kept, |a, b| vectors[(a, b)] / sigma[b]);
        Svd { u: rotate(u, &left), v: rotate(v, &right), sigma }
    }
}

/// The `rank` leading triplets, or fewer if X has fewer.
pub(crate) fn svd<T: Scalar>(x: &Matrix<'_, T>, rank: usize, seed: u64, threads: usize) -> Svd<T> {
    low_rank(x, rank, seed, threads).leading(rank)
}

/// X projected onto about its leading right singular vectors, a few more than `rank`.
pub(crate) fn low_rank<T: Scalar>(x: &Matrix<'_, T>, rank: usize, seed: u64, threads: usize) -> LowRank<T> {
    let (rows, cols) = (View::of(x, false), View::of(x, true));
    let width = LowRank::<T>::width(rank, x.rows(), x.cols());
    let mut random = RandomRows::new(seed, 0, For::Range);
    let mut v = Factor::<T>::zeros(x.cols(), width);
    for j in 0..x.cols() {
        let row = v.row_mut(j);
        random.fill(j, row);
        row.iter_mut().for_each(|x| *x = *x + *x - T::ONE);
    }
    for _ in 0..ROUNDS {
        let mut u = Factor::zeros(x.rows(), v.rank());
        multiply(&rows, &v, &mut u, threads);
        drop(v);
        let u = orthonormal(u);
        let mut next = Factor::zeros(x.cols(), u.rank());
        multiply(&cols, &u, &mut next, threads);
        v = orthonormal(next);
    }
    let mut u = Factor::zeros(x.rows(), v.rank());
    multiply(&rows, &v, &mut u, threads);
    LowRank { left: u, right: v }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dense;
    use crate::rules::tests_common::numbers;

    #[test]
    fn finds_the_leading_triplets() {
        let mut next = numbers(3);
        let (m, n) = (60, 45);
        // Six parts whose sizes fall by half each, and noise.
        let (left, right) = (DMatrix::from_fn(m, 6, |_, _| next()), DMatrix::from_fn(6, n, |_, _| next()));
        let sizes = DMatrix::from_fn(6, 6, |a, b| if a == b { 0.5f64.powi(a as i32) } else { 0.0 });
        let dense = left * sizes * right + DMatrix::from_fn(m, n, |_, _| 1e-3 * next());
        let values: Vec<f64> = (0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|ij| dense[ij]).collect();
        let x = Matrix::from(Dense::from_vec(m, n, values).unwrap());
        let got = svd(&x, 5, 1, 1);
        let want = dense.clone().svd(true, true);
        for c in 0..5 {
            assert!((got.sigma[c] / want.singular_values[c] - 1.0).abs() < 1e-3, "sigma {c}");
        }
        // The first pair is well separated: vectors agree up to sign.
        let u = want.u.unwrap();
        let dot: f64 = (0..m).map(|i| got.u.row(i)[0] * u[(i, 0)]).sum();
        assert!((dot.abs() - 1.0).abs() < 1e-8, "{dot}");
        for a in 0..5 {
            for b in 0..5 {
                let dot: f64 = (0..n).map(|j| got.v.row(j)[a] * got.v.row(j)[b]).sum();
                assert!((dot - f64::from(a == b)).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn single_precision_finds_as_many() {
        let mut next = numbers(4);
        let (m, n, k) = (300, 200, 20);
        let (left, right) = (DMatrix::from_fn(m, k, |_, _| next()), DMatrix::from_fn(k, n, |_, _| next()));
        let sizes = DMatrix::from_fn(k, k, |a, b| if a == b { 0.6f64.powi(a as i32) } else { 0.0 });
        let dense = left * sizes * right;
        let double: Vec<f64> = (0..m * n).map(|e| dense[(e / n, e % n)]).collect();
        let single = double.iter().map(|&x| x as f32).collect();
        let double = svd(&Matrix::from(Dense::from_vec(m, n, double).unwrap()), k, 1, 1);
        let single = svd(&Matrix::from(Dense::from_vec(m, n, single).unwrap()), k, 1, 1);
        assert_eq!((double.sigma.len(), single.sigma.len()), (k, k));
        let rounding = 10.0 * f64::from(f32::EPSILON) * double.sigma[0];
        for c in 0..k {
            let (a, b) = (single.sigma[c], double.sigma[c]);
            assert!((a - b).abs() < rounding, "{c}: {a} {b}");
            if b > 100.0 * rounding {
                let dot: f64 = (0..n).map(|j| f64::from(single.v.row(j)[c]) * double.v.row(j)[c]).sum();
                assert!(dot.abs() > 0.99, "{c}: {dot}");
            }
        }
    }

    #[test]
    fn low_rank_and_zero_matrices_have_fewer_triplets() {
        let values: Vec<f64> = (0..30).map(|e| f64::from(e / 5 + 1) * f64::from(e % 5 + 2)).collect();
        let rank_one = Matrix::from(Dense::from_vec(6, 5, values).unwrap());
        let got = svd(&rank_one, 3, 0, 1);
        let significant = got.sigma.iter().filter(|&&s| s > 1e-10 * got.sigma[0]).count();
        assert_eq!(significant, 1);
        let zero = Matrix::from(Dense::from_vec(4, 3, vec![0.0; 12]).unwrap());
        assert!(svd(&zero, 2, 0, 1).sigma.is_empty());
    }
}
