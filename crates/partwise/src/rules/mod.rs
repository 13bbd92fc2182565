//! How a factor moves: one file, one paper each.
//!
//! A *quadratic* rule (Frobenius loss) never sees the data. For each row w of a factor it gets the row c of the cross
//! product and shares with all rows the Gram matrix G of the other factor, and it decreases, over w >= 0,
//!
//! ```text
//! q(w) = 1/2 wᵀ(G + l2 I) w - (c - l1)ᵀ w
//! ```
//!
//! Bounds and fixed components are part of that problem ([`Limits`]), and so are penalties, which are quadratics
//! themselves and are added to G, c and l2 before a rule sees them. Where rows have weights, each has a G of its own
//! ([`QuadraticRule::update_row`]).
//!
//! Rows do not know of each other: which rows come together in a panel changes no bit. The Kullback-Leibler rules
//! ([`scd`], [`ccd`]) see the entries of a row; multiplicative updates ([`mu`]) for other losses see two sums.

pub(crate) mod admm;
pub(crate) mod bpp;
pub(crate) mod ccd;
pub(crate) mod greedy_cd;
pub(crate) mod hals;
pub(crate) mod hoyer;
pub(crate) mod mu;
pub(crate) mod nesterov;
pub(crate) mod newton;
pub(crate) mod scd;
pub(crate) mod simplex;

pub(crate) use crate::row_terms::{Limits, RowShift};
use crate::scalar::Scalar;

/// What all rows of a quadratic problem share. Matrices are `(stride, stride)`, zero beyond `rank`.
#[derive(Clone, Copy)]
pub(crate) struct Quadratic<'a, T> {
    pub(crate) gram: &'a [T],
    pub(crate) stride: usize,
    pub(crate) rank: usize,
    pub(crate) l1: T,
    pub(crate) l2: T,
    pub(crate) limits: Limits<'a, T>,
    /// The negative entries of `gram` with their sign turned, for rules that need both signs apart; else empty.
    pub(crate) minus: &'a [T],
    /// Linear terms beside `l1`, one per component, for rules that take them apart from the cross product; else empty.
    pub(crate) drag: &'a [T],
}

impl<T: Scalar> Quadratic<'_, T> {
    /// `G_cc + l2`.
    pub(crate) fn curvature(&self, c: usize) -> T {
        self.gram[c * self.stride + c] + self.l2
    }
}

/// Rows of a factor with their rows of the cross product; `state` is empty, or holds a row of memory per row.
pub(crate) struct Panel<'a, T> {
    pub(crate) factor: &'a mut [T],
    pub(crate) cross: &'a [T],
    pub(crate) state: &'a mut [T],
}

/// Scratch memory of one thread.
#[derive(Default)]
pub(crate) struct Scratch<T> {
    pub(crate) reals: Vec<T>,
    pub(crate) words: Vec<u64>,
}

impl<T: Scalar> Scratch<T> {
    pub(crate) fn new(need: Need) -> Scratch<T> {
        Scratch { reals: vec![T::ZERO; need.reals], words: vec![0; need.words] }
    }
}

/// How much scratch memory a rule wants per thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) reals: usize,
    pub(crate) words: usize,
}

/// A rule for the Frobenius loss.
pub(crate) trait QuadraticRule<T: Scalar>: Send + Sync {
    /// Scratch memory per thread.
    fn need(&self) -> Need;

    /// Whether the rule keeps a row of memory per row between updates.
    fn has_state(&self) -> bool {
        false
    }

    /// Whether it wants [`Quadratic::minus`] and [`Quadratic::drag`].
    fn wants_signs(&self) -> bool {
        false
    }

    /// Whether no update increases `q` (beyond rounding).
    fn descends(&self) -> bool {
        true
    }

    /// Work that all rows share, once per half-step. Nothing is allocated.
    fn prepare(&mut self, _q: &Quadratic<'_, T>) {}

    /// Moves the rows of a panel.
    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>);

    /// Moves one row that has a Gram matrix of its own.
    fn update_row(&self, q: &Quadratic<'_, T>, w: &mut [T], cross: &[T], scratch: &mut Scratch<T>) {
        self.update(q, Panel { factor: w, cross, state: &mut [] }, scratch);
    }

    /// Rows for which the rule had to fall back to coordinate descent so far.
    fn fallbacks(&self) -> u64 {
        0
    }
}

/// Rows that are handled together as SIMD lanes: on 512-bit registers, and elsewhere.
pub(crate) const WIDE_LANES: usize = 32;
pub(crate) const NARROW_LANES: usize = 16;

#[cfg(test)]
pub(crate) mod tests_common;
