//! Scale and order of the components of a result. Neither changes the product WH.

use crate::factor::Factor;
use crate::scalar::Scalar;
use crate::spec::Normalize;

/// Brings H to the scale asked for, W carrying the weight; `None` brings the norms of each component within a factor of
/// two of each other, by powers of two, which rounds nothing. Components that are zero in one factor are left as they
/// are, unless the other has got so far that units could take it out of range; and so are the first `fixed`. Returns what
/// each row of H was divided by.
pub(crate) fn scale<T: Scalar>(
    w: &mut Factor<T>,
    h: &mut Factor<T>,
    how: Normalize,
    fixed: usize,
) -> Vec<f64> {
    let norms = match how {
        Normalize::None => {
            let (w, h) = (w.column_norms(), h.column_norms());
            w.iter().zip(&h).map(|(&w, &h)| balance(w, h)).collect()
        }
        Normalize::L1 => h.column_sums(),
        Normalize::L2 => h.column_norms(),
        Normalize::Max => h.column_maxima(),
    };
    let divisor = |(c, n): (usize, f64)| if c >= fixed && n > 0.0 && n.is_finite() { n } else { 1.0 };
    let divisors: Vec<f64> = norms.into_iter().enumerate().map(divisor).collect();
    let inverse: Vec<f64> = divisors.iter().map(|d| 1.0 / d).collect();
    h.scale_columns(&inverse);
    w.scale_columns(&divisors);
    divisors
}

/// The power of two nearest to `sqrt(h / w)`; that of (h, w) is the inverse of that of (w, h).
fn balance(w: f64, h: f64) -> f64 {
    let by = match (w > 0.0, h > 0.0) {
        (true, true) => 0.5 * (h.log2() - w.log2()),
        (true, false) if w.log2().abs() > FAR => -w.log2(),
        (false, true) if h.log2().abs() > FAR => h.log2(),
        _ => 0.0,
    };
    by.round().exp2()
}

/// In the units of a fit, no component that counts has a norm so many powers of two from 1.
const FAR: f64 = 48.0;

/// The share of each component in the total of WH: `sum W_c sum H_c / sum over all c`. Sums to 1, or is all zero.
pub(crate) fn shares<T: Scalar>(w: &Factor<T>, h: &Factor<T>) -> Vec<f64> {
    let masses: Vec<f64> = w.column_sums().iter().zip(h.column_sums()).map(|(a, b)| (a * b).abs()).collect();
    let total: f64 = masses.iter().sum();
    masses.iter().map(|m| if total > 0.0 { m / total } else { 0.0 }).collect()
}

/// Components by falling share, but for the first `stay`; equal ones keep their order.
pub(crate) fn by_share(shares: &[f64], stay: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order[stay.min(shares.len())..].sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_stays_and_h_has_the_norm_asked_for() {
        let w = Factor::<f64>::from_row_major(2, 3, &[1.0, 0.0, 2.0, 3.0, 0.0, 1.0]).unwrap();
        let h = Factor::<f64>::from_row_major(2, 3, &[2.0, 5.0, 1.0, 4.0, 1.0, 3.0]).unwrap();
        let product = |w: &Factor<f64>, h: &Factor<f64>, i: usize, j: usize| -> f64 {
            w.row(i).iter().zip(h.row(j)).map(|(a, b)| a * b).sum()
        };
        for how in Normalize::ALL {
            let (mut a, mut b) = (w.clone(), h.clone());
            scale(&mut a, &mut b, *how, 0);
            for i in 0..2 {
                for j in 0..2 {
                    assert!((product(&a, &b, i, j) - product(&w, &h, i, j)).abs() < 1e-14);
                }
            }
            let got = match how {
                Normalize::L1 => b.column_sums(),
                Normalize::L2 => b.column_norms(),
                Normalize::Max => b.column_maxima(),
                Normalize::None => {
                    let ratio = |(a, b): (&f64, f64)| if *a > 0.0 { b / a } else { 1.0 };
                    let ratios: Vec<f64> = a.column_norms().iter().zip(b.column_norms()).map(ratio).collect();
                    assert!(ratios.iter().all(|r| (0.5..=2.0).contains(r)), "{ratios:?}");
                    continue;
                }
            };
            assert!(got.iter().all(|n| (n - 1.0).abs() < 1e-14), "{how}: {got:?}");
        }
    }

    #[test]
    fn shares_sum_to_one_and_order_is_stable() {
        let w = Factor::<f64>::from_row_major(1, 4, &[1.0, 2.0, 1.0, 0.0]).unwrap();
        let shares = shares(&w, &w);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert_eq!(by_share(&shares, 0), [1, 0, 2, 3]);
        assert_eq!(by_share(&shares, 1), [0, 1, 2, 3]);
    }
}
