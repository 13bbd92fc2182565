//! What parts are compared with: Lee & Seung's own rules, principal components, and prototypes.
//!
//! Every method here is written from its definition, without a line of the library it is compared with.

use crate::generated::Numbers;
use crate::legacy_random::RandomState;
use nalgebra::{DMatrix, SymmetricEigen};

/// The start of a NumPy script: `W = rand(n, r)` with columns that sum to 1, then `H = rand(r, m)`.
pub fn numpy_start(seed: u32, n: usize, m: usize, r: usize) -> (DMatrix<f64>, DMatrix<f64>) {
    let mut random = RandomState::new(seed);
    let mut w = DMatrix::from_row_slice(n, r, &random.rand(n * r));
    sum_columns_to_one(&mut w);
    let h = DMatrix::from_row_slice(r, m, &random.rand(r * m));
    (w, h)
}

fn sum_columns_to_one(w: &mut DMatrix<f64>) {
    for mut column in w.column_iter_mut() {
        let sum = column.sum();
        column /= sum;
    }
}

/// One iteration of D. D. Lee, H. S. Seung (1999), doi:10.1038/44565, figure 2, in the paper's order:
///
/// ```text
/// W_ia <- W_ia sum over u of V_iu / (WH)_iu H_au
/// W_ia <- W_ia / sum over j of W_ja
/// H_au <- H_au sum over i of W_ia V_iu / (WH)_iu
/// ```
pub fn lee_seung(v: &DMatrix<f64>, w: &mut DMatrix<f64>, h: &mut DMatrix<f64>) {
    let ratio = v.component_div(&(&*w * &*h));
    w.component_mul_assign(&(ratio * h.transpose()));
    sum_columns_to_one(w);
    let ratio = v.component_div(&(&*w * &*h));
    h.component_mul_assign(&w.tr_mul(&ratio));
}

/// `sum v log(v / y) - v + y`, the Kullback-Leibler divergence between V and Y.
pub fn divergence(v: &DMatrix<f64>, y: &DMatrix<f64>) -> f64 {
    let term = |(&v, &y): (&f64, &f64)| if v > 0.0 { v * (v / y).ln() - v + y } else { y };
    v.iter().zip(y.iter()).map(term).sum()
}

/// `sum v log(y) - y`, the paper's equation 2, which its rules maximise.
pub fn log_likelihood(v: &DMatrix<f64>, y: &DMatrix<f64>) -> f64 {
    let term = |(&v, &y): (&f64, &f64)| if v > 0.0 { v * y.ln() - y } else { -y };
    v.iter().zip(y.iter()).map(term).sum()
}

/// The `r` leading eigenvectors of VVᵀ, not centred, as in the paper; and V projected on them.
pub fn principal_components(v: &DMatrix<f64>, r: usize) -> (DMatrix<f64>, DMatrix<f64>) {
    let eigen = SymmetricEigen::new(v * v.transpose());
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let columns: Vec<_> = order.iter().take(r).map(|&c| eigen.eigenvectors.column(c)).collect();
    let w = DMatrix::from_columns(&columns);
    let h = w.tr_mul(v);
    (w, h)
}

/// Vector quantisation: k-means by S. Lloyd's iteration (1982, doi:10.1109/TIT.1982.1056489) from `r` columns of V drawn
/// without repetition, until no column changes its prototype; and the encodings, with a single 1 in every column.
pub fn prototypes(v: &DMatrix<f64>, r: usize, seed: u64) -> (DMatrix<f64>, DMatrix<f64>) {
    let mut numbers = Numbers::new(seed);
    let mut left: Vec<usize> = (0..v.ncols()).collect();
    let mut chosen = Vec::new();
    while chosen.len() < r && !left.is_empty() {
        let at = (numbers.draw() * left.len() as f64) as usize;
        chosen.push(v.column(left.swap_remove(at)));
    }
    let mut w = DMatrix::from_columns(&chosen);
    let mut owner = vec![usize::MAX; v.ncols()];
    loop {
        // ||v - w||² up to ||v||².
        let cross = w.tr_mul(v);
        let half: Vec<f64> = w.column_iter().map(|c| 0.5 * c.norm_squared()).collect();
        let nearest = |u: usize| {
            let distance = |a: usize| half[a] - cross[(a, u)];
            (0..half.len()).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
        };
        let found: Vec<usize> = (0..v.ncols()).map(nearest).collect();
        if found == owner {
            break;
        }
        owner = found;
        for a in 0..w.ncols() {
            let members: Vec<usize> = (0..owner.len()).filter(|&u| owner[u] == a).collect();
            if !members.is_empty() {
                let mut mean = w.column(a) * 0.0;
                members.iter().for_each(|&u| mean += v.column(u));
                w.set_column(a, &(mean / members.len() as f64));
            }
        }
    }
    let h = DMatrix::from_fn(w.ncols(), v.ncols(), |a, u| f64::from(owner[u] == a));
    (w, h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_rules_climb_the_papers_objective() {
        let v = DMatrix::from_fn(6, 5, |i, j| ((3 * i + 5 * j) % 7) as f64);
        let (mut w, mut h) = numpy_start(0, 6, 5, 2);
        let (first, mut before) = (divergence(&v, &(&w * &h)), f64::NEG_INFINITY);
        for _ in 0..30 {
            lee_seung(&v, &mut w, &mut h);
            let now = log_likelihood(&v, &(&w * &h));
            assert!(now >= before - 1e-12);
            before = now;
        }
        assert!(divergence(&v, &(&w * &h)) < first);
    }

    #[test]
    fn components_are_orthonormal_and_prototypes_are_means() {
        let v = DMatrix::from_fn(4, 9, |i, j| ((i * i + 2 * j) % 5) as f64);
        let (w, h) = principal_components(&v, 4);
        assert!((w.tr_mul(&w) - DMatrix::identity(4, 4)).norm() < 1e-12);
        assert!((w * h - &v).norm() < 1e-10);
        let (w, h) = prototypes(&v, 3, 1);
        assert_eq!(h.row_sum().sum(), 9.0);
        assert!((w.column(0) * h.row(0).sum() - &v * h.row(0).transpose()).norm() < 1e-10);
    }
}
