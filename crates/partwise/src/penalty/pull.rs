//! A factor near a given one.
//!
//! Term: `weight/2 ||F_[f] - F*||²` with the first f components of F, as many as the given factor has. It is quadratic, so
//! its upper quadratic is the term itself:
//!
//! ```text
//! S_cc += weight        e_ic += weight F*_ic        for c < f
//! ```
//!
//! Guarantee: touches everywhere. Cost: f per row.
//!
//! Reference: a ridge around a point other than 0; as the normal prior of a factor in M. N. Schmidt, O. Winther, L. K.
//! Hansen (2009), "Bayesian non-negative matrix factorization", ICA, doi:10.1007/978-3-642-00599-2_68.
//!
//! When not to use it: if the components must be the given ones, fix them, which costs nothing and needs no weight.

use super::{At, Shift, Term};
use crate::factor::Factor;
use crate::kernels::gram::tree_sum;
use crate::scalar::Scalar;
use rayon::prelude::*;

/// Rows that a thread takes at least.
const ROWS: usize = 64;

/// See [the module](self).
pub(crate) struct Pull<T> {
    weight: f64,
    target: Factor<T>,
}

impl<T: Scalar> Pull<T> {
    /// Near `target`, which has the rows of the factor and at most its rank.
    pub(crate) fn new(weight: f64, target: Factor<T>) -> Pull<T> {
        Pull { weight, target }
    }
}

impl<T: Scalar> Term<T> for Pull<T> {
    fn value(&mut self, at: &At<'_, T>) -> f64 {
        let squares = |i| {
            let pairs = at.factor.row(i).iter().zip(self.target.row(i));
            pairs.map(|(x, t)| (x.to_f64() - t.to_f64()).powi(2)).sum()
        };
        0.5 * self.weight * tree_sum(0, self.target.rows(), &squares)
    }

    fn touch(&mut self, at: &At<'_, T>, to: &mut Shift<T>) {
        let (stride, target) = (at.factor.stride(), &self.target);
        for c in 0..target.rank() {
            to.gram[c * stride + c] += self.weight;
        }
        let weight = T::from_f64(self.weight);
        to.pull.par_chunks_mut(stride).with_min_len(ROWS).enumerate().for_each(|(i, pull)| {
            for (e, &t) in pull.iter_mut().zip(target.row(i)) {
                *e += weight * t;
            }
        });
    }

    fn by_row(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Place, check_term, close, shift_at};
    use super::*;

    #[test]
    fn is_its_own_quadratic() {
        for fewer in [0, 1, 3] {
            let target =
                |rows, rank: usize| Place::random(rows, rank.saturating_sub(fewer).max(1), 99).factor;
            check_term(|rows, rank| Box::new(Pull::new(0.7, target(rows, rank))), true);
        }
    }

    #[test]
    fn only_the_given_components_are_pulled() {
        let place = Place::new(Factor::from_row_major(2, 2, &[1.0f32, 9.0, 2.0, 9.0]).unwrap());
        let mut term = Pull::new(2.0, Factor::from_row_major(2, 1, &[4.0f32, 0.0]).unwrap());
        assert!(close(term.value(&place.at()), 9.0 + 4.0, 1e-15));
        let (shift, stride) = (shift_at(&mut term, &place), place.factor.stride());
        assert_eq!((shift.gram[0], shift.gram[stride + 1]), (2.0, 0.0));
        assert_eq!(shift.pull.iter().copied().sum::<f32>(), shift.pull[0]);
        assert_eq!(shift.pull[0], 8.0);
    }
}
