//! Several rows at once: a block of rows turned so that one component of many rows is contiguous.
//!
//! Quadratic rules treat every row alike and rows do not know of each other, so the rows are the SIMD lanes. Which rows
//! share a block changes nothing in any of them.

use super::isa::Simd;
use crate::scalar::Scalar;

/// `to[c][r] = from[r * stride + c]` for up to `R` rows; missing rows are filled with zeros.
#[inline(always)]
pub(crate) fn load<T: Scalar, const R: usize>(from: &[T], stride: usize, rank: usize, to: &mut [[T; R]]) {
    let rows = (from.len() / stride).min(R);
    for c in 0..rank {
        to[c] = [T::ZERO; R];
    }
    for r in 0..rows {
        let row = &from[r * stride..][..rank];
        for c in 0..rank {
            to[c][r] = row[c];
        }
    }
}

/// The inverse of [`load`].
#[inline(always)]
pub(crate) fn store<T: Scalar, const R: usize>(from: &[[T; R]], stride: usize, rank: usize, to: &mut [T]) {
    let rows = (to.len() / stride).min(R);
    for r in 0..rows {
        let row = &mut to[r * stride..][..rank];
        for c in 0..rank {
            row[c] = from[c][r];
        }
    }
}

/// `start - sum over l of g[l] w[l]`, in two interleaved chains so that the additions need not wait for each other.
#[inline(always)]
pub(crate) fn minus_dot<T: Scalar, S: Simd, const R: usize>(start: &[T; R], g: &[T], w: &[[T; R]]) -> [T; R] {
    let (mut even, mut odd) = (*start, [T::ZERO; R]);
    let rank = w.len().min(g.len());
    let mut l = 0;
    while l + 2 <= rank {
        let (a, b) = (-g[l], -g[l + 1]);
        let (x, y) = (&w[l], &w[l + 1]);
        for r in 0..R {
            even[r] = S::mul_add(a, x[r], even[r]);
        }
        for r in 0..R {
            odd[r] = S::mul_add(b, y[r], odd[r]);
        }
        l += 2;
    }
    if l < rank {
        let a = -g[l];
        for r in 0..R {
            even[r] = S::mul_add(a, w[l][r], even[r]);
        }
    }
    for r in 0..R {
        even[r] += odd[r];
    }
    even
}
