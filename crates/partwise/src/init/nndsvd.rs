//! NNDSVD, the non-negative double singular value decomposition, with its two fills.
//!
//! For each leading triplet (u, sigma, v), the larger in norm of the pairs of positive and negative parts, `(u⁺, v⁺)` or
//! `(u⁻, v⁻)`, becomes a component: with p, q the pair, `W_c = sqrt(sigma |p| |q|) p / |p|`, `H_c = sqrt(sigma |p| |q|) q / |q|`.
//! The signs that a program gives its singular vectors do not matter.
//!
//! Zeros: `nndsvd` keeps them; `nndsvda` replaces them by a share of the size of an average entry, `share sqrt(mean(X) / k)`,
//! `nndsvdar` by random numbers below a hundredth of that size. The share is a tenth, and one where multiplicative updates
//! follow: they lift a small entry slowly, and mostly end lower from the larger one. (The usual fill, mean(X) itself, is
//! in the wrong units: it does not scale as W and H do, and spoils the start for data that are not of size 1.) A component
//! without a singular value, when X has fewer than k, is filled at random in all three.
//!
//! Reference: C. Boutsidis, E. Gallopoulos (2008), "SVD based initialization: a head start for nonnegative matrix
//! factorization", Pattern Recognition 41(4), doi:10.1016/j.patcog.2007.09.010.

use super::random::{For, RandomRows};
use super::rsvd::Svd;
use crate::factor::Factor;
use crate::scalar::Scalar;

/// What becomes of zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fill {
    Zero,
    /// This share of an average entry.
    Share(f64),
    Random,
}

/// Both factors from the leading triplets of X, whose mean is `mean`; in the memory of the singular vectors.
pub(crate) fn factors<T: Scalar>(
    svd: Svd<T>,
    rank: usize,
    fill: Fill,
    mean: f64,
    seed: u64,
) -> (Factor<T>, Factor<T>) {
    let Svd { u, sigma, v } = svd;
    let largest = sigma.first().copied().unwrap_or(0.0);
    let rounding = 1e3 * T::EPSILON.to_f64() * largest;
    let size = (mean / rank as f64).sqrt();
    let (mut w, mut h) = (u.with_columns(rank), v.with_columns(rank));
    let (mut random_w, mut random_h) = (RandomRows::new(seed, 0, For::W), RandomRows::new(seed, 0, For::H));
    for c in 0..rank {
        match sigma.get(c) {
            Some(&sigma) if sigma > rounding => {
                let part = |factor: &Factor<T>, sign: f64| -> f64 {
                    (0..factor.rows())
                        .map(|i| (sign * factor.row(i)[c].to_f64()).max(0.0).powi(2))
                        .sum::<f64>()
                        .sqrt()
                };
                let norms = [1.0, -1.0].map(|sign| (part(&w, sign), part(&h, sign)));
                let which = usize::from(norms[1].0 * norms[1].1 > norms[0].0 * norms[0].1);
                let (sign, (p, q)) = ([1.0, -1.0][which], norms[which]);
                let scale = (sigma * p * q).sqrt();
                for (factor, norm) in [(&mut w, p), (&mut h, q)] {
                    for i in 0..factor.rows() {
                        let x = &mut factor.row_mut(i)[c];
                        let part = sign * x.to_f64();
                        // Entries at the level of rounding are zeros of the singular vector.
                        let part = if part > 8.0 * T::EPSILON.to_f64() { scale * part / norm } else { 0.0 };
                        *x = T::from_f64(part);
                    }
                }
            }
            _ => {
                for (factor, random) in [(&mut w, &mut random_w), (&mut h, &mut random_h)] {
                    let mut row = vec![T::ZERO; rank];
                    for i in 0..factor.rows() {
                        random.fill(i, &mut row);
                        factor.row_mut(i)[c] = T::from_f64(0.1 * size * row[c].to_f64());
                    }
                }
            }
        }
    }
    if fill != Fill::Zero {
        for (factor, random) in [(&mut w, &mut random_w), (&mut h, &mut random_h)] {
            let mut row = vec![T::ONE; rank];
            for i in 0..factor.rows() {
                if fill == Fill::Random {
                    random.fill(i, &mut row);
                }
                for (x, &r) in factor.row_mut(i).iter_mut().zip(&row) {
                    if *x == T::ZERO {
                        let share = match fill {
                            Fill::Share(share) => share,
                            _ => 0.01 * r.to_f64(),
                        };
                        *x = T::from_f64(share * size);
                    }
                }
            }
        }
    }
    (w, h)
}

#[cfg(test)]
mod tests {
    use super::super::rsvd::svd;
    use super::*;
    use crate::data::{Dense, Matrix};
    use crate::rules::tests_common::numbers;

    fn data(scale: f64) -> Matrix<'static, f64> {
        let mut next = numbers(8);
        let values = (0..20 * 12).map(|_| next().powi(3) * scale).collect();
        Matrix::from(Dense::from_vec(20, 12, values).unwrap())
    }

    #[test]
    fn scales_as_the_square_root_of_the_data() {
        for fill in [Fill::Zero, Fill::Share(0.1), Fill::Random] {
            let start =
                |scale: f64, mean| factors(svd(&data(scale), 4, 0, 1), 4, fill, mean, 0).0.to_row_major();
            let (base, scaled) = (start(1.0, 0.25), start(100.0, 25.0));
            for (b, s) in base.iter().zip(&scaled) {
                assert!((10.0 * b - s).abs() <= 1e-9 * s.abs().max(1.0), "{fill:?}: {b} {s}");
            }
            assert_eq!(fill == Fill::Zero, base.contains(&0.0));
        }
    }

    #[test]
    fn the_first_component_is_the_best_rank_one_model() {
        let x = data(1.0);
        let svd = svd(&x, 1, 0, 1);
        let (w, h) = factors(svd.clone(), 1, Fill::Zero, 0.25, 0);
        let product = w.row(3)[0] * h.row(5)[0];
        let want = svd.sigma[0] * svd.u.row(3)[0] * svd.v.row(5)[0];
        assert!((product - want).abs() < 1e-10);
    }

    #[test]
    fn components_without_a_singular_value_are_not_dead() {
        let ones = Matrix::from(Dense::from_vec(6, 5, vec![1.0; 30]).unwrap());
        let (w, h) = factors(svd(&ones, 3, 0, 1), 3, Fill::Zero, 1.0, 0);
        for factor in [w, h] {
            assert!(factor.column_sums().iter().all(|&s| s > 0.0));
        }
    }
}
