//! Components that span little volume.
//!
//! Terms, with `G = FᵀF` and `delta > 0` in the units of G:
//!
//! ```text
//! logdet    weight/2 · (log det(G + delta I) - k log delta)  =  weight/2 · log det A       A = I + G / delta
//! det       weight k/2 · det(G + delta I)^(1/k)              =  weight k/2 · delta (det A)^(1/k)
//! ```
//!
//! The first is what `1/2 log det(G + delta I)` is above its least value, so that it is 0 at F = 0 and does not change
//! with the units of F. Both are concave in G and lie below their tangent, which is quadratic in F:
//!
//! ```text
//! logdet    S += weight A⁻¹ / delta              = weight (G + delta I)⁻¹
//! det       S += weight (det A)^(1/k) A⁻¹        = weight det(G + delta I)^(1/k) (G + delta I)⁻¹
//! ```
//!
//! Guarantee: S is positive definite, with entries of either sign off the diagonal; the quadratic lies above and touches,
//! so that steps descend. A, unlike G + delta I, has no units: neither its determinant nor its pivots depend on scale.
//! Cost: k³ per touch, k³/3 per value.
//!
//! Reference: X. Fu, K. Huang, B. Yang, W.-K. Ma, N. D. Sidiropoulos (2016), "Robust volume minimization-based matrix
//! factorization for remote sensing and document clustering", IEEE Trans. Signal Process. 64(23),
//! doi:10.1109/TSP.2016.2602800; V. Leplat, A. M. S. Ang, N. Gillis (2019), "Minimum-volume rank-deficient nonnegative
//! matrix factorizations", ICASSP, doi:10.1109/ICASSP.2019.8682280 (delta, and why the logarithm for a rank too high).
//!
//! When not to use it: with both factors free in scale (the volume then says nothing: fix the rows of the other factor on
//! the simplex); for k = 1, where it is a norm.

use super::{At, Shift, Term};
use crate::kernels::small::{cholesky, cholesky_solve};
use crate::scalar::Scalar;

/// See [the module](self).
pub(crate) struct Volume {
    weight: f64,
    delta: f64,
    power: bool,
    /// A, then its Cholesky factor, `(rank, rank)`.
    factorized: Vec<f64>,
    column: Vec<f64>,
}

impl Volume {
    /// `weight/2 · log det(I + FᵀF / delta)`.
    pub(crate) fn log_det(weight: f64, delta: f64, rank: usize) -> Volume {
        Volume { weight, delta, power: false, factorized: vec![0.0; rank * rank], column: vec![0.0; rank] }
    }

    /// `weight k/2 · det(FᵀF + delta I)^(1/k)`.
    pub(crate) fn det(weight: f64, delta: f64, rank: usize) -> Volume {
        Volume { power: true, ..Volume::log_det(weight, delta, rank) }
    }

    /// Factorizes A and gives `log det A >= 0`; none if G is not finite.
    fn factorize<T: Scalar>(&mut self, at: &At<'_, T>) -> Option<f64> {
        let k = at.rank();
        let largest = (0..k).map(|c| at.gram(c, c)).fold(0.0, f64::max) / self.delta;
        // A has no eigenvalue below 1, and factorizes unless 1 is rounding beside its largest. Then what rounding can
        // have taken away is put back, which is below the digits of G.
        let lost = 8.0 * (k * k) as f64 * f64::EPSILON * largest;
        for more in [0.0, lost] {
            for c in 0..k {
                for d in 0..k {
                    self.factorized[c * k + d] = at.gram(c, d) / self.delta;
                }
                self.factorized[c * k + c] += 1.0 + more;
            }
            if cholesky(&mut self.factorized, k, k) {
                // log det A = 2 sum over c of log L_cc
                let logs: f64 = (0..k).map(|c| self.factorized[c * k + c].ln()).sum();
                return Some((2.0 * logs).max(0.0));
            }
        }
        None
    }
}

impl<T: Scalar> Term<T> for Volume {
    fn value(&mut self, at: &At<'_, T>) -> f64 {
        let k = at.rank() as f64;
        match self.factorize(at) {
            Some(log_det) if self.power => 0.5 * self.weight * k * self.delta * (log_det / k).exp(),
            Some(log_det) => 0.5 * self.weight * log_det,
            // G has overflown, and the loss with it.
            None => f64::MAX,
        }
    }

    fn touch(&mut self, at: &At<'_, T>, to: &mut Shift<T>) {
        let (k, stride) = (at.rank(), at.factor.stride());
        let Some(log_det) = self.factorize(at) else {
            return;
        };
        let scale = self.weight * if self.power { (log_det / k as f64).exp() } else { 1.0 / self.delta };
        for c in 0..k {
            // Column c of A⁻¹; its lower half is used for both halves, so that S is symmetric to the bit.
            self.column.fill(0.0);
            self.column[c] = 1.0;
            cholesky_solve(&self.factorized, k, k, &mut self.column);
            to.gram[c * stride + c] += scale * self.column[c];
            for d in c + 1..k {
                let s = scale * self.column[d];
                to.gram[c * stride + d] += s;
                to.gram[d * stride + c] += s;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Place, check_term, close, shift_at};
    use super::*;
    use crate::factor::Factor;

    #[test]
    fn both_touch_from_above() {
        check_term(|_, k| Box::new(Volume::log_det(0.7, 0.2, k)), false);
        check_term(|_, k| Box::new(Volume::det(0.7, 0.2, k)), false);
    }

    #[test]
    fn values_are_the_determinants() {
        // G = [[10, 8], [8, 13]]; with delta = 1 the determinant is 11 · 14 - 64 = 90.
        let place = Place::new(Factor::from_row_major(2, 2, &[1.0, 2.0, 3.0, 2.0]).unwrap());
        let place = Place { gram: with(&place, [10.0, 8.0, 8.0, 13.0]), ..place };
        let log = Term::<f64>::value(&mut Volume::log_det(3.0, 1.0, 2), &place.at());
        assert!(close(log, 1.5 * 90f64.ln(), 1e-14));
        let det = Term::<f64>::value(&mut Volume::det(3.0, 1.0, 2), &place.at());
        assert!(close(det, 3.0 * 90f64.sqrt(), 1e-14));
        // S = weight (G + I)⁻¹ = 3 / 90 · [[14, -8], [-8, 11]].
        let shift = shift_at(&mut Volume::log_det(3.0, 1.0, 2), &place);
        let stride = place.factor.stride();
        for (at, want) in [(0, 14.0), (1, -8.0), (stride, -8.0), (stride + 1, 11.0)] {
            assert!(close(shift.gram[at], want * 3.0 / 90.0, 1e-14));
        }
    }

    fn with(place: &Place<f64>, g: [f64; 4]) -> Vec<f64> {
        let mut gram = vec![0.0; place.gram.len()];
        let stride = place.factor.stride();
        gram[..2].copy_from_slice(&g[..2]);
        gram[stride..stride + 2].copy_from_slice(&g[2..]);
        gram
    }

    #[test]
    fn the_logarithm_knows_no_units() {
        let place = Place::random(20, 4, 3);
        let value = |scale: f64, delta| {
            let mut factor = place.factor.clone();
            factor.scale_by(scale);
            Term::<f64>::value(&mut Volume::log_det(1.0, delta, 4), &Place::new(factor).at())
        };
        let one = value(1.0, 0.1);
        assert!(one > 1.0);
        for e in [-200, 150] {
            let scale = f64::from(e).exp2();
            assert!(close(value(scale, 0.1 * scale * scale), one, 1e-14));
        }
        assert_eq!(value(0.0, 0.1), 0.0, "nothing spans nothing");
        // det has degree 2.
        let det = |scale: f64| {
            let mut factor = place.factor.clone();
            factor.scale_by(scale);
            let mut term = Volume::det(1.0, 0.1 * scale * scale, 4);
            Term::<f64>::value(&mut term, &Place::new(factor).at())
        };
        assert!(close(det(1024.0), det(1.0) * 1048576.0, 1e-13));
    }

    #[test]
    fn a_delta_below_rounding_is_survived() {
        // Two equal components, and a delta that no digit of G holds.
        let place = Place::new(Factor::from_row_major(3, 2, &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]).unwrap());
        for mut term in [Volume::log_det(1.0, 1e-40, 2), Volume::det(1.0, 1e-40, 2)] {
            // At most the product of the diagonal, (14e40)².
            let value = Term::<f64>::value(&mut term, &place.at());
            assert!(value > 0.0 && value < 100.0, "{value}");
            let shift = shift_at(&mut term, &place);
            assert!(shift.gram[0] > 0.0 && shift.gram.iter().all(|s| s.is_finite()));
        }
    }
}
