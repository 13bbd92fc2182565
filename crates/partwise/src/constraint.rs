//! Projections on what a factor may be besides non-negative: rows on the simplex, components of a given sparseness.
//!
//! Their rules are in `rules/simplex.rs` and `rules/hoyer.rs`. Bounds and fixed components need no projection: they are
//! limits of the problem of a row (`row_terms.rs`).

use crate::scalar::Scalar;

/// The point nearest to `row` with entries >= 0 that add up to `total`, or to at most `total`. A row that is there already
/// keeps its bits.
///
/// It is `max(0, v - tau)` with the one tau that gives the sum. With tau from the entries above the last tau, until none
/// drops out, each pass costs k and a handful do; nothing has to be sorted. Entries are taken relative to the largest, as
/// what is left of them is no larger than `total`, however large they are.
///
/// References: C. Michelot (1986), "A finite algorithm for finding the projection of a point onto the canonical simplex
/// of R^n", J. Optim. Theory Appl. 50(1), doi:10.1007/BF00938486; J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra
/// (2008), "Efficient projections onto the l1-ball for learning in high dimensions", ICML,
/// doi:10.1145/1390156.1390191; L. Condat (2016), "Fast projection onto the simplex and the l1 ball", Math. Program. 158,
/// doi:10.1007/s10107-015-0946-6.
#[inline]
pub(crate) fn project_simplex<T: Scalar>(row: &mut [T], total: T, at_most: bool) {
    if !(total > T::ZERO) {
        row.fill(T::ZERO);
        return;
    }
    let (mut largest, mut sum, mut inside) = (-T::MAX, T::ZERO, true);
    for &x in row.iter() {
        largest = x.max(largest);
        sum += x.max(T::ZERO);
        inside &= x >= T::ZERO;
    }
    let rounding = T::from_f64(2.0 * row.len() as f64) * T::EPSILON * total;
    if inside && (sum - total).abs() <= rounding {
        return;
    }
    if at_most && sum <= total {
        row.iter_mut().for_each(|x| *x = x.max(T::ZERO));
        return;
    }
    // tau, counted from the largest entry, is at least -total: that entry alone may not exceed the sum.
    let (mut tau, mut above) = (-total, usize::MAX);
    loop {
        let (mut sum, mut count) = (T::ZERO, 0);
        for &x in row.iter() {
            let x = x - largest;
            if x > tau {
                sum += x;
                count += 1;
            }
        }
        if count == 0 {
            // Numbers that are none: no point is nearer than another.
            let equal = total / T::from_f64(row.len() as f64);
            row.fill(equal);
            return;
        }
        if count >= above {
            break;
        }
        above = count;
        // sum over those above of (x - tau) = total
        tau = (sum - total) / T::from_f64(count as f64);
    }
    row.iter_mut().for_each(|x| *x = ((*x - largest) - tau).max(T::ZERO));
}

/// How sparse a vector is: `(sqrt(n) - ||v||_1 / ||v||) / (sqrt(n) - 1)`, from 0 (all entries of one size) to 1 (at most one
/// entry that is not zero).
///
/// Reference: P. O. Hoyer (2004), "Non-negative matrix factorization with sparseness constraints", J. Mach. Learn. Res. 5,
/// 1457-1469.
#[cfg(test)]
pub(crate) fn sparseness(v: &[f64]) -> f64 {
    let largest = v.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    let root = (v.len() as f64).sqrt();
    if !(largest > 0.0 && root > 1.0) {
        return 1.0;
    }
    // Relative to the largest, so that no square leaves the range.
    let (sum, squares) = v.iter().fold((0.0, 0.0), |(sum, squares), x| {
        let x = x.abs() / largest;
        (sum + x, squares + x * x)
    });
    ((root - sum / squares.sqrt()) / (root - 1.0)).clamp(0.0, 1.0)
}

/// `||v||_1 / ||v||` of vectors of length n and this sparseness.
pub(crate) fn norm_ratio(sparseness: f64, n: usize) -> f64 {
    let root = (n as f64).sqrt();
    root - sparseness * (root - 1.0)
}

/// A point nearest to `v` with entries >= 0, the sum `l1` and the Euclidean norm `l2`. There is one if
/// `l2 <= l1 <= sqrt(n) l2`, and `l1` is brought there. `fixed` is room for as many flags as there are entries.
///
/// The point with the sum `l1` is moved straight away from the middle of the simplex, to the norm `l2`; entries that become
/// negative are zero from then on, and the rest is done again. At most n rounds, a handful in practice, of n each. Where
/// the entries that are left are all equal (as in a zero vector) nothing points away from the middle, and many points are
/// equally near: the first entry is made the largest, the others stay equal.
///
/// Reference: Hoyer (2004), see [`sparseness`]; that it ends at a nearest point: F. J. Theis, K. Stadlthanner, T. Tanaka
/// (2005), "First results on uniqueness of sparse non-negative matrix factorization", EUSIPCO.
pub(crate) fn project_sparseness(v: &mut [f64], fixed: &mut [bool], l1: f64, l2: f64) {
    if !(l2 > 0.0) {
        v.fill(0.0);
        return;
    }
    let mut left = v.len() as f64;
    let l1 = l1.max(l2).min(left.sqrt() * l2);
    // Adding a number to all entries changes nothing below. Counted from the largest, those that stay keep their digits.
    let largest = v.iter().fold(f64::MIN, |a, &x| a.max(x));
    v.iter_mut().for_each(|x| *x -= largest);
    fixed.fill(false);
    loop {
        let free = || v.iter().zip(&*fixed).filter(|&(_, &fixed)| !fixed).map(|(&x, _)| x);
        let mean = free().sum::<f64>() / left;
        let spread: f64 = free().map(|x| (x - mean) * (x - mean)).sum();
        // s = middle + beta (v - mean) adds up to l1, and ||s||² = l1²/left + beta² spread
        let middle = l1 / left;
        let beyond = (l2 * l2 - l1 * middle).max(0.0);
        let beta = (beyond / spread).sqrt();
        if !beta.is_finite() {
            // The direction is that of the first: 1 - 1/left there and -1/left elsewhere, of squared length 1 - 1/left.
            let alpha = if left > 1.0 { (beyond / (1.0 - 1.0 / left)).sqrt() } else { 0.0 };
            let mut first = alpha;
            for (x, &fixed) in v.iter_mut().zip(&*fixed) {
                if fixed {
                    *x = 0.0;
                } else {
                    *x = (middle + first - alpha / left).max(0.0);
                    first = 0.0;
                }
            }
            return;
        }
        let mut dropped = 0.0;
        for (x, fixed) in v.iter().zip(&mut *fixed) {
            if !*fixed && middle + beta * (x - mean) < 0.0 {
                *fixed = true;
                dropped += 1.0;
            }
        }
        left -= dropped;
        if dropped == 0.0 {
            for (x, &fixed) in v.iter_mut().zip(&*fixed) {
                *x = if fixed { 0.0 } else { middle + beta * (*x - mean) };
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
    }

    /// Entries of both signs, with ties.
    fn vectors(seed: u64) -> impl FnMut(usize) -> Vec<f64> {
        let mut next = numbers(seed);
        move |n| {
            let scale = 10f64.powf(3.0 * next() - 2.0);
            (0..n)
                .map(|_| {
                    scale * ((8.0 * next()).floor() / 4.0 - 0.5 + if next() < 0.5 { next() } else { 0.0 })
                })
                .collect()
        }
    }

    /// By sorting (Duchi et al. 2008).
    fn sorted_simplex(v: &[f64], total: f64) -> Vec<f64> {
        let mut sorted = v.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let (mut sum, mut tau) = (0.0, 0.0);
        for (j, &x) in sorted.iter().enumerate() {
            sum += x;
            let candidate = (sum - total) / (j + 1) as f64;
            if x > candidate {
                tau = candidate;
            }
        }
        v.iter().map(|x| (x - tau).max(0.0)).collect()
    }

    #[test]
    fn the_simplex_is_projected_on_as_by_sorting() {
        let mut vector = vectors(1);
        for case in 0..300 {
            let v = vector(1 + case % 23);
            for total in [0.1, 1.0, 40.0] {
                let size = v.iter().fold(total, |a: f64, x| a.max(x.abs()));
                let mut w = v.clone();
                project_simplex(&mut w, total, false);
                assert!(distance(&w, &sorted_simplex(&v, total)) <= 1e-14 * 23.0 * size, "{v:?} {total}");
                let mut again = w.clone();
                project_simplex(&mut again, total, false);
                assert_eq!(again, w, "a projection stays where it is");

                let mut less = v.clone();
                project_simplex(&mut less, total, true);
                let positive: Vec<f64> = v.iter().map(|x| x.max(0.0)).collect();
                let inside = positive.iter().sum::<f64>() <= total;
                assert_eq!(less, if inside { positive } else { w });
            }
        }
    }

    #[test]
    fn no_point_of_the_simplex_is_nearer() {
        let (mut vector, mut next) = (vectors(2), numbers(3));
        for _ in 0..100 {
            let (v, total) = (vector(6), 0.1 + next());
            let mut w = v.clone();
            let at_most = next() < 0.5;
            project_simplex(&mut w, total, at_most);
            for _ in 0..50 {
                let mut z: Vec<f64> = (0..6).map(|_| next().powi(4)).collect();
                let scale = total / z.iter().sum::<f64>() * if at_most { next() } else { 1.0 };
                z.iter_mut().for_each(|x| *x *= scale);
                assert!(distance(&v, &w) <= distance(&v, &z) * (1.0 + 1e-14));
            }
        }
    }

    #[test]
    fn large_entries_do_not_drown_the_total() {
        let mut w = [3e7f32, 3e7, -1e30, 3e7 - 2.0];
        project_simplex(&mut w, 1.0, false);
        assert_eq!(w, [0.5, 0.5, 0.0, 0.0]);
        let mut w = [f64::MAX, -f64::MAX, 0.0];
        project_simplex(&mut w, 1e-200, true);
        assert_eq!(w, [1e-200, 0.0, 0.0]);
    }

    #[test]
    fn degenerate_rows() {
        let projected = |mut w: Vec<f64>, total| {
            project_simplex(&mut w, total, false);
            w
        };
        assert!(projected(vec![], 1.0).is_empty());
        assert_eq!(projected(vec![-7.0], 1.0), [1.0]);
        assert_eq!(projected(vec![0.0; 4], 1.0), [0.25; 4]);
        assert_eq!(projected(vec![3.0, 1.0], 0.0), [0.0; 2]);
        assert_eq!(projected(vec![f64::NAN; 2], 1.0), [0.5; 2]);
        assert_eq!(projected(vec![f64::INFINITY, 1.0], 1.0), [0.5; 2]);
        assert_eq!(projected(vec![f64::NAN, 5.0], 1.0), [0.0, 1.0]);
    }

    fn sums(v: &[f64]) -> (f64, f64) {
        (v.iter().sum(), v.iter().map(|x| x * x).sum::<f64>().sqrt())
    }

    fn project(v: &[f64], l1: f64, l2: f64) -> Vec<f64> {
        let (mut w, mut fixed) = (v.to_vec(), vec![true; v.len()]);
        project_sparseness(&mut w, &mut fixed, l1, l2);
        assert!(w.iter().all(|&x| x >= 0.0), "{v:?} {w:?}");
        let (sum, norm) = sums(&w);
        assert!((sum - l1).abs() <= 1e-12 * l1 && (norm - l2).abs() <= 1e-12 * l2, "{v:?} {l1} {l2}: {w:?}");
        w
    }

    #[test]
    fn the_wanted_norms_and_no_point_nearer() {
        let (mut vector, mut next) = (vectors(4), numbers(5));
        for case in 0..300 {
            let n = 2 + case % 9;
            let (v, l2, s) = (vector(n), 0.1 + next(), next());
            let l1 = l2 * norm_ratio(s, n);
            let w = project(&v, l1, l2);
            assert!((sparseness(&w) - s).abs() <= 1e-11);
            for _ in 0..30 {
                let z = project(&vector(n), l1, l2);
                assert!(distance(&v, &w) <= distance(&v, &z) * (1.0 + 1e-12), "{v:?}: {w:?} {z:?}");
            }
        }
    }

    #[test]
    fn the_projection_is_a_shrinkage() {
        // max(0, v - tau), scaled, with the tau of the wanted ratio of norms (Thom & Palm 2013, JMLR 14, theorem 3).
        let mut next = numbers(6);
        for case in 0..100 {
            let n = 3 + case % 40;
            let v: Vec<f64> = (0..n).map(|_| next() - 0.3).collect();
            let s = 0.05 + 0.9 * next();
            let shrunk = |tau: f64| v.iter().map(|x| (x - tau).max(0.0)).collect::<Vec<f64>>();
            let (mut low, mut high) = (-1e3, v.iter().fold(-1.0, |a: f64, x| a.max(*x)));
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                let (sum, norm) = sums(&shrunk(middle));
                if sum > norm_ratio(s, n) * norm { low = middle } else { high = middle }
            }
            let mut want = shrunk(low);
            let norm = sums(&want).1;
            want.iter_mut().for_each(|x| *x /= norm);
            let got = project(&v, norm_ratio(s, n), 1.0);
            assert!(distance(&got, &want) <= 1e-8, "{n} {s}: {got:?} {want:?}");
        }
    }

    #[test]
    fn ties_zeros_and_extremes() {
        for n in [2, 3, 10] {
            for v in [0.0, -2.0, 1e9, 1.0 / 3.0].map(|x| vec![x; n]) {
                for s in [0.0, 0.3, 0.9, 1.0] {
                    let w = project(&v, norm_ratio(s, n), 1.0);
                    assert!(w[1..].iter().all(|&x| x == w[1] && x <= w[0]));
                }
            }
            // Differences that are next to nothing beside the entries, or are next to nothing.
            for (offset, by) in [(1e9, 1e-6), (0.0, 1e-170), (-1e9, 1e-6)] {
                let v: Vec<f64> = (0..n).map(|i| offset + by * i as f64).collect();
                let w = project(&v, norm_ratio(0.5, n), 1.0);
                assert!(w.is_sorted() || by < 1e-100, "{w:?}");
            }
            // Two largest entries that are equal, and room for one.
            let mut v: Vec<f64> = (0..n).map(|i| i as f64).collect();
            v[0] = v[n - 1];
            assert_eq!(project(&v, 1.0, 1.0)[0].round(), 1.0);
        }
        let mut none = [3.0, 4.0];
        project_sparseness(&mut none, &mut [false; 2], 1.0, 0.0);
        assert_eq!(none, [0.0; 2]);
        assert_eq!(project(&[5.0], 2.0, 2.0), [2.0]);
        assert!(
            project(&[1e-9, 0.0, 0.0], 3f64.sqrt(), 1.0)
                .iter()
                .all(|x| (x - 3f64.sqrt().recip()).abs() < 1e-7)
        );
    }

    #[test]
    fn sparseness_of_known_vectors() {
        assert_eq!(sparseness(&[1e200, 0.0, 0.0]), 1.0);
        assert_eq!(sparseness(&[2.0, 2.0, 2.0, 2.0]), 0.0);
        assert!((sparseness(&[-3.0, 4.0, 0.0, 0.0]) - (2.0 - 7.0 / 5.0)).abs() < 1e-15);
        assert_eq!((sparseness(&[]), sparseness(&[0.0; 3]), sparseness(&[5.0])), (1.0, 1.0, 1.0));
    }
}
