//! k x k work: Cholesky factorization and solves, a bound on the largest eigenvalue.

use crate::scalar::Scalar;

/// Factorizes a symmetric positive definite matrix of order `n` in place: lower triangle L with `A = L Lᵀ`, in the
/// first `n` columns of rows of length `ld`. Returns false, with the matrix half overwritten, if a pivot is not
/// clearly positive (below `n eps` of its diagonal entry).
pub(crate) fn cholesky<T: Scalar>(a: &mut [T], n: usize, ld: usize) -> bool {
    let threshold = T::from_f64(n as f64) * T::EPSILON;
    for j in 0..n {
        let diagonal = a[j * ld + j];
        let (above, rest) = a.split_at_mut(j * ld + j);
        let row_j = &above[j * ld..];
        let mut pivot = rest[0];
        for &x in row_j {
            pivot -= x * x;
        }
        if !(pivot > threshold * diagonal) {
            return false;
        }
        let root = pivot.sqrt();
        a[j * ld + j] = root;
        for i in j + 1..n {
            let mut sum = a[i * ld + j];
            for l in 0..j {
                sum -= a[i * ld + l] * a[j * ld + l];
            }
            a[i * ld + j] = sum / root;
        }
    }
    true
}

/// Solves `L Lᵀ x = b` in place, with L from [`cholesky`].
pub(crate) fn cholesky_solve<T: Scalar>(l: &[T], n: usize, ld: usize, b: &mut [T]) {
    for i in 0..n {
        let mut sum = b[i];
        for j in 0..i {
            sum -= l[i * ld + j] * b[j];
        }
        b[i] = sum / l[i * ld + i];
    }
    for i in (0..n).rev() {
        let mut sum = b[i];
        for j in i + 1..n {
            sum -= l[j * ld + i] * b[j];
        }
        b[i] = sum / l[i * ld + i];
    }
}

/// An upper bound on the largest eigenvalue of a symmetric matrix, tight for the non-negative ones that Grams are: the
/// smallest Collatz-Wielandt quotient `max_i (|G| v)_i / v_i` over a few power iterates v > 0. `work` has length
/// `>= 2 n`.
pub(crate) fn largest_eigenvalue_bound<T: Scalar>(g: &[T], n: usize, ld: usize, work: &mut [T]) -> T {
    let (v, next) = work[..2 * n].split_at_mut(n);
    v.fill(T::ONE);
    let mut bound = T::MAX;
    for _ in 0..12 {
        let (mut largest, mut quotient) = (T::ZERO, T::ZERO);
        for i in 0..n {
            next[i] = g[i * ld..][..n].iter().zip(v.iter()).map(|(&a, &x)| a.abs() * x).sum();
            largest = largest.max(next[i]);
            if v[i] > T::ZERO {
                quotient = quotient.max(next[i] / v[i]);
            }
        }
        if !(largest > T::ZERO) {
            return T::ZERO;
        }
        bound = bound.min(quotient);
        for i in 0..n {
            v[i] = next[i] / largest;
        }
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cholesky_solves_and_refuses() {
        let a = [4.0, 2.0, 0.4, 0.0, 2.0, 5.0, 1.0, 0.0, 0.4, 1.0, 3.0, 0.0];
        let mut l = a;
        assert!(cholesky(&mut l, 3, 4));
        let mut b = [1.0, -2.0, 0.5];
        cholesky_solve(&l, 3, 4, &mut b);
        for (i, want) in [1.0, -2.0, 0.5].into_iter().enumerate() {
            let got: f64 = (0..3).map(|j| a[i * 4 + j] * b[j]).sum();
            assert!((got - want).abs() < 1e-14);
        }
        // Two equal columns: singular to rounding.
        let mut twin = [1.0, 1.0, 1.0, 1.0];
        assert!(!cholesky(&mut twin, 2, 2));
        assert!(!cholesky(&mut [0.0], 1, 1));
        assert!(!cholesky(&mut [f64::NAN], 1, 1));
    }

    #[test]
    fn eigenvalue_bound_is_above_and_close() {
        // Eigenvalues of [[2, 1], [1, 2]] are 1 and 3.
        let bound = largest_eigenvalue_bound(&[2.0, 1.0, 1.0, 2.0], 2, 2, &mut [0.0; 4]);
        assert!((3.0..3.0 + 1e-12).contains(&bound));
        // A zero row (a dead component) must not spoil it: [[5, 0, 2], [0, 0, 0], [2, 0, 1]] has 3 + 2 sqrt 2.
        let g = [5.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 1.0];
        let bound = largest_eigenvalue_bound(&g, 3, 3, &mut [0.0; 6]);
        let exact = 3.0 + 8f64.sqrt();
        assert!(bound >= exact * (1.0 - 1e-14) && bound < exact * 1.001, "{bound}");
        assert_eq!(largest_eigenvalue_bound(&[0.0; 4], 2, 2, &mut [0.0; 4]), 0.0);
    }
}
