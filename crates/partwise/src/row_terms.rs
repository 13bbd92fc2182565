//! What the problem of a row has besides its loss: limits of its entries, and the upper quadratic of penalties.

use crate::scalar::Scalar;

/// Where the entries of a row may lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a, T> {
    pub(crate) lower: T,
    pub(crate) upper: T,
    /// Components that do not move; empty if all do.
    pub(crate) frozen: &'a [bool],
}

impl<T: Scalar> Limits<'_, T> {
    /// Non-negative, and nothing else.
    pub(crate) const NON_NEGATIVE: Limits<'static, T> =
        Limits { lower: T::ZERO, upper: T::INFINITY, frozen: &[] };

    /// The nearest allowed number.
    #[inline(always)]
    pub(crate) fn clamp(&self, x: T) -> T {
        x.max(self.lower).min(self.upper)
    }

    /// Where an entry goes whose part of the problem is linear, as the other factor lacks its component: to the lower bound
    /// if the slope is upwards. On a level it stays, so that the component can come back.
    #[inline(always)]
    pub(crate) fn without_curvature(&self, w: T, descent: T) -> T {
        if descent < T::ZERO && self.lower.is_finite() { self.lower } else { w }
    }

    #[inline(always)]
    pub(crate) fn is_frozen(&self, c: usize) -> bool {
        self.frozen.get(c).is_some_and(|&frozen| frozen)
    }
}

/// What penalties add to the problem of a row: `1/2 wᵀ(S + ridge I) w - linearᵀ w`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowShift<'a, T> {
    /// S, `(stride, stride)`; empty if there is none.
    pub(crate) gram: &'a [T],
    /// One number per component, of either sign; empty if there is none.
    pub(crate) linear: &'a [T],
    pub(crate) ridge: T,
}

impl<T: Scalar> RowShift<'_, T> {
    pub(crate) const NONE: RowShift<'static, T> = RowShift { gram: &[], linear: &[], ridge: T::ZERO };

    pub(crate) fn is_none(&self) -> bool {
        self.gram.is_empty() && self.linear.is_empty() && self.ridge == T::ZERO
    }
}

/// Where the rows of a factor may lie; the owner of [`Limits`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bounds<T> {
    pub(crate) lower: T,
    pub(crate) upper: T,
    /// Components that do not move; empty if all do.
    pub(crate) frozen: Vec<bool>,
    /// What every row sums to, and whether it may be less.
    pub(crate) simplex: Option<(f64, bool)>,
}

impl<T: Scalar> Default for Bounds<T> {
    fn default() -> Self {
        Bounds { lower: T::ZERO, upper: T::INFINITY, frozen: Vec::new(), simplex: None }
    }
}

impl<T: Scalar> Bounds<T> {
    pub(crate) fn limits(&self) -> Limits<'_, T> {
        Limits { lower: self.lower, upper: self.upper, frozen: &self.frozen }
    }

    /// Non-negative, and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.lower == T::ZERO && self.upper == T::INFINITY && self.frozen.is_empty() && self.simplex.is_none()
    }

    /// Entries may have either sign.
    pub(crate) fn is_free(&self) -> bool {
        self.lower == -T::INFINITY
    }
}
