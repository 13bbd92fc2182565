//! The one type parameter of the library: `f32` or `f64`.

use crate::data::{Facts, Matrix};
use crate::error::Result;
use crate::evaluate::Pair;
use crate::evaluate::widen_rows;
use crate::factor::Factor;
use crate::fit::{Fit, Residuals};
use crate::kernels::Rows;
use crate::kernels::isa::Simd;
use crate::nmf::Nmf;
use crate::run::Observer;
use crate::start::Given;
use crate::transform::Model;
use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// `f32` or `f64`, and nothing else.
///
/// Sums over data, Gram matrices and objectives are accumulated in `f64` for both, so that single precision
/// costs digits in the factors and not in what is said about them.
pub trait Scalar:
    sealed::Internal
    + Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + From<f32>
    + Into<f64>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// The largest finite number.
    const MAX: Self;
    /// Infinity.
    const INFINITY: Self;
    /// Numbers in a 32-byte unit; the rows of a factor are padded to a multiple of it.
    const LANES: usize;
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;
    /// Data whose largest entry lies outside `2^-COMFORT ..= 2^COMFORT` are rescaled by a power of two first.
    const COMFORT: i32;

    /// The nearest value of this type.
    fn from_f64(x: f64) -> Self;
    /// The value as `f64`, exactly.
    fn to_f64(self) -> f64 {
        self.into()
    }
    /// Square root.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// `self * a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The larger of the two; `other` if either is NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller of the two; `other` if either is NaN.
    fn min(self, other: Self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Not a number.
    fn is_nan(self) -> bool;
}

mod sealed {
    use super::Scalar;
    use crate::data::{Facts, Matrix};
    use crate::error::Result;
    use crate::evaluate::Pair;
    use crate::factor::Factor;
    use crate::fit::{Fit, Residuals};
    use crate::kernels::Rows;
    use crate::kernels::isa::Simd;
    use crate::kernels::vector::Vector;
    use crate::nmf::Nmf;
    use crate::run::Observer;
    use crate::start::Given;
    use crate::transform::Model;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    /// What kernels need of a number type; not for use outside.
    pub trait Internal: Sized {
        /// Hands `values` on as `f64`, all at once if they are, else in pieces of the size of `buffer`.
        fn as_f64_chunks(values: &[Self], buffer: &mut [f64], take: &mut dyn FnMut(&[f64]));

        /// The factor in `f64`: itself, or a copy in `room`.
        fn widen_factor<'a>(factor: &'a Factor<Self>, room: &'a mut Option<Factor<f64>>) -> &'a Factor<f64>;

        /// A block in `f64`: itself, or a copy in `room`.
        #[allow(private_interfaces)] // nobody outside can name this trait
        fn widen_rows<'a>(rows: Rows<'a, Self>, room: &'a mut [f64]) -> Rows<'a, f64>;

        /// The widest registers of an instruction set, and those of one SIMD unit.
        type Full<S: Simd>: Vector<Self>
        where
            Self: Scalar;
        type Unit<S: Simd>: Vector<Self>
        where
            Self: Scalar;

        /// Of [`Nmf::fit_with`]. What runs a kernel is compiled once for every number type, in this library: each program,
        /// and each test of ours, would else compile all of it anew.
        fn fit(
            nmf: &Nmf,
            x: &Matrix<'_, Self>,
            facts: &Facts,
            given: &Given<Self>,
            observer: &mut dyn Observer,
        ) -> Result<Fit<Self>>
        where
            Self: Scalar;
        /// Of [`Model::transform`].
        fn transform(
            model: &Model<Self>,
            x: &Matrix<'_, Self>,
            threads: usize,
            stop: &Arc<AtomicBool>,
        ) -> Result<Factor<Self>>
        where
            Self: Scalar;
        /// Of [`Pair`], by row and by column.
        #[allow(private_interfaces)]
        fn residuals(pair: &Pair<'_, Self>, x: &Matrix<'_, Self>) -> Result<Residuals>
        where
            Self: Scalar;
        /// Of [`Pair`], all of it.
        #[allow(private_interfaces)]
        fn loss(pair: &Pair<'_, Self>, x: &Matrix<'_, Self>, facts: &Facts) -> Result<f64>
        where
            Self: Scalar;

        /// Calls `f` with the padded row width as a constant, for widths up to [`Scalar::MAX_WIDTH`].
        fn with_width<V: WidthVisitor<Self>>(width: usize, visitor: V) -> V::Out;
        /// The widest row that [`Scalar::with_width`] takes.
        const MAX_WIDTH: usize;
    }

    /// What to do once a row width has become a compile-time constant.
    pub trait WidthVisitor<T> {
        type Out;
        fn visit<const W: usize>(self) -> Self::Out;
    }
}
pub(crate) use sealed::WidthVisitor;

macro_rules! scalar {
    ($t:ident, $lanes:literal, $comfort:literal, $widest:literal, [$($w:literal),*], $from:expr, $chunks:expr, $factor:expr, $rows:expr, $full:ident, $unit:ident) => {
        impl Scalar for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $t::EPSILON;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            const MAX: Self = $t::MAX;
            const INFINITY: Self = $t::INFINITY;
            const LANES: usize = $lanes;
            const NAME: &'static str = stringify!($t);
            const COMFORT: i32 = $comfort;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                $from(x)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // One instruction, unlike the standard library's, which looks for NaN on both sides.
                if self > other { self } else { other }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self < other { self } else { other }
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
        }

        impl sealed::Internal for $t {
            const MAX_WIDTH: usize = $widest;
            type Full<S: Simd> = S::$full;
            type Unit<S: Simd> = S::$unit;

            fn as_f64_chunks(values: &[Self], buffer: &mut [f64], take: &mut dyn FnMut(&[f64])) {
                $chunks(values, buffer, take)
            }
            fn widen_factor<'a>(factor: &'a Factor<Self>, room: &'a mut Option<Factor<f64>>) -> &'a Factor<f64> {
                $factor(factor, room)
            }
            #[allow(private_interfaces)]
            fn widen_rows<'a>(rows: Rows<'a, Self>, room: &'a mut [f64]) -> Rows<'a, f64> {
                $rows(rows, room)
            }
            fn fit(
                nmf: &Nmf,
                x: &Matrix<'_, Self>,
                facts: &Facts,
                given: &Given<Self>,
                observer: &mut dyn Observer,
            ) -> Result<Fit<Self>> {
                nmf.fit_of(x, facts, given, observer)
            }
            fn transform(
                model: &Model<Self>,
                x: &Matrix<'_, Self>,
                threads: usize,
                stop: &Arc<AtomicBool>,
            ) -> Result<Factor<Self>> {
                model.rows_of(x, threads, stop)
            }
            #[allow(private_interfaces)]
            fn residuals(pair: &Pair<'_, Self>, x: &Matrix<'_, Self>) -> Result<Residuals> {
                pair.residuals(x)
            }
            #[allow(private_interfaces)]
            fn loss(pair: &Pair<'_, Self>, x: &Matrix<'_, Self>, facts: &Facts) -> Result<f64> {
                pair.loss(x, facts)
            }
            #[inline(always)]
            fn with_width<V: WidthVisitor<Self>>(width: usize, visitor: V) -> V::Out {
                match width {
                    $($w => visitor.visit::<$w>(),)*
                    _ => visitor.visit::<$widest>(),
                }
            }
        }
    };
}

fn whole(values: &[f64], _buffer: &mut [f64], take: &mut dyn FnMut(&[f64])) {
    take(values);
}

fn in_pieces(values: &[f32], buffer: &mut [f64], take: &mut dyn FnMut(&[f64])) {
    for piece in values.chunks(buffer.len().max(1)) {
        for (to, &from) in buffer.iter_mut().zip(piece) {
            *to = f64::from(from);
        }
        take(&buffer[..piece.len()]);
    }
}

fn same_factor<'a>(factor: &'a Factor<f64>, _room: &'a mut Option<Factor<f64>>) -> &'a Factor<f64> {
    factor
}

fn wider_factor<'a>(factor: &'a Factor<f32>, room: &'a mut Option<Factor<f64>>) -> &'a Factor<f64> {
    let wide = room.get_or_insert_with(|| Factor::zeros(factor.rows(), factor.rank()));
    for i in 0..factor.rows() {
        for (to, &from) in wide.row_mut(i).iter_mut().zip(factor.row(i)) {
            *to = f64::from(from);
        }
    }
    wide
}

fn same_rows<'a>(rows: Rows<'a, f64>, _room: &'a mut [f64]) -> Rows<'a, f64> {
    rows
}

scalar!(
    f64,
    4,
    192,
    32,
    [4, 8, 12, 16, 20, 24, 28],
    std::convert::identity,
    whole,
    same_factor,
    same_rows,
    Full64,
    Unit64
);
scalar!(
    f32,
    8,
    26,
    64,
    [8, 16, 24, 32, 40, 48, 56],
    |x: f64| x as f32,
    in_pieces,
    wider_factor,
    widen_rows,
    Full32,
    Unit32
);
