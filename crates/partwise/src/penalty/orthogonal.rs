//! Components that do not overlap.
//!
//! Term: `weight · sum over c < d of F_cᵀ F_d`. For F >= 0 it is 0 exactly where the components are orthogonal, that is,
//! where no row has two of them. It is quadratic, so its upper quadratic is the term itself:
//!
//! ```text
//! S_cd += weight        for c != d
//! ```
//!
//! Guarantee: touches everywhere. S is indefinite, and so may be the problem of a row: coordinate steps and projected
//! gradients still descend, an exact solver of convex problems does not apply. Cost: k².
//!
//! Reference: C. Ding, T. Li, W. Peng, H. Park (2006), "Orthogonal nonnegative matrix tri-factorizations for clustering",
//! KDD, doi:10.1145/1150402.1150420 (the aim); S. Choi (2008), "Algorithms for orthogonal nonnegative matrix
//! factorization", IJCNN, doi:10.1109/IJCNN.2008.4634046. As a penalty on pairs, and bounded below for F >= 0 only.
//!
//! When not to use it: on a factor that may be negative, for which it has no minimum.

use super::{At, Shift, Term};
use crate::scalar::Scalar;

/// See [the module](self).
pub(crate) struct Orthogonal {
    pub(crate) weight: f64,
}

impl<T: Scalar> Term<T> for Orthogonal {
    fn value(&mut self, at: &At<'_, T>) -> f64 {
        let mut sum = 0.0;
        for c in 0..at.rank() {
            for d in c + 1..at.rank() {
                sum += at.gram(c, d);
            }
        }
        self.weight * sum
    }

    fn touch(&mut self, at: &At<'_, T>, to: &mut Shift<T>) {
        let stride = at.factor.stride();
        for c in 0..at.rank() {
            for d in (0..at.rank()).filter(|&d| d != c) {
                to.gram[c * stride + d] += self.weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Place, check_term};
    use super::*;
    use crate::factor::Factor;

    #[test]
    fn is_its_own_quadratic() {
        check_term(|_, _| Box::new(Orthogonal { weight: 0.3 }), true);
    }

    #[test]
    fn overlaps_are_counted_once() {
        let place = Place::new(Factor::from_row_major(2, 3, &[1.0, 2.0, 0.0, 0.0, 3.0, 5.0]).unwrap());
        // F_0ᵀF_1 = 2, F_0ᵀF_2 = 0, F_1ᵀF_2 = 15.
        assert_eq!(Term::<f64>::value(&mut Orthogonal { weight: 2.0 }, &place.at()), 34.0);
        let apart = Place::new(Factor::from_row_major(2, 2, &[1.0, 0.0, 0.0, 3.0]).unwrap());
        assert_eq!(Term::<f64>::value(&mut Orthogonal { weight: 2.0 }, &apart.at()), 0.0);
    }
}
