//! Group sparsity: whole components are switched off.
//!
//! Term: `weight · sum over c of ||F_c||`, the L2,1 norm. Upper quadratic that touches where the norms are `n_c`, since
//! `n <= (n² + n_c²) / (2 n_c)` for all n >= 0:
//!
//! ```text
//! S_cc += weight / n_c
//! ```
//!
//! Guarantee: it lies above the term for components that are not off; for them any step that lowers loss + quadratic
//! lowers loss + term. A component that is off (`n_c` below rounding of the largest norm) gets the curvature of that
//! smallest norm, which lies above the term from twice that norm on: it comes back where the loss pulls at it with more
//! than `weight`, which is where it should. Cost: k.
//!
//! Reference: M. Yuan, Y. Lin (2006), "Model selection and estimation in regression with grouped variables", J. R.
//! Statist. Soc. B 68(1), doi:10.1111/j.1467-9868.2005.00532.x; the quadratic after D. R. Hunter, K. Lange (2004), "A
//! tutorial on MM algorithms", Am. Stat. 58(1), doi:10.1198/0003130042836.
//!
//! When not to use it: on one factor while the other is free, whose scale can take all of it over: fix the scale of the
//! other (normalized or simplex), or penalise both. For the number of components see `ard`, which needs no weight.

use super::{At, Shift, Term};
use crate::scalar::Scalar;

/// See [the module](self).
pub(crate) struct Group {
    pub(crate) weight: f64,
}

impl<T: Scalar> Term<T> for Group {
    fn value(&mut self, at: &At<'_, T>) -> f64 {
        // weight · sum over c of ||F_c||
        self.weight * (0..at.rank()).map(|c| at.gram(c, c).sqrt()).sum::<f64>()
    }

    fn touch(&mut self, at: &At<'_, T>, to: &mut Shift<T>) {
        let largest = (0..at.rank()).map(|c| at.gram(c, c)).fold(0.0, f64::max).sqrt();
        // Without any norm there is nothing that a curvature could be measured by.
        if !(largest > 0.0) {
            return;
        }
        let (least, most) = (T::EPSILON.to_f64() * largest, (T::MAX * T::EPSILON).to_f64());
        let stride = at.factor.stride();
        for c in 0..at.rank() {
            // weight / n_c, finite in the precision of the run even where norms are next to nothing
            to.gram[c * stride + c] += (self.weight / at.gram(c, c).sqrt().max(least)).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Place, check_term, shift_at};
    use super::*;
    use crate::factor::Factor;

    #[test]
    fn touches_from_above() {
        check_term(|_, _| Box::new(Group { weight: 0.7 }), false);
    }

    #[test]
    fn norms_of_components() {
        let place = Place::new(Factor::from_row_major(2, 2, &[3.0, 0.0, 4.0, 2.0]).unwrap());
        let mut term = Group { weight: 2.0 };
        assert_eq!(Term::<f64>::value(&mut term, &place.at()), 2.0 * (5.0 + 2.0));
        let shift = shift_at(&mut term, &place);
        let stride = place.factor.stride();
        assert_eq!((shift.gram[0], shift.gram[stride + 1]), (2.0 / 5.0, 2.0 / 2.0));
    }

    #[test]
    fn what_is_off_stays_off_in_finite_numbers() {
        let place = Place::new(Factor::from_row_major(2, 2, &[3.0f32, 0.0, 4.0, 0.0]).unwrap());
        let mut term = Group { weight: 2.0 };
        let shift = shift_at(&mut term, &place);
        let off = shift.gram[place.factor.stride() + 1];
        assert_eq!(off, 2.0 / (f64::from(f32::EPSILON) * 5.0));
        let nothing = Place::new(Factor::<f32>::zeros(3, 2));
        assert_eq!(Term::<f32>::value(&mut term, &nothing.at()), 0.0);
        assert!(shift_at(&mut term, &nothing).gram.iter().all(|&s| s == 0.0));
        let tiny = Place::new(Factor::from_row_major(1, 2, &[1e-160f64, 0.0]).unwrap());
        let shift = shift_at(&mut Group { weight: 1e170 }, &tiny);
        assert!(shift.gram.iter().all(|s| s.is_finite()));
    }
}
