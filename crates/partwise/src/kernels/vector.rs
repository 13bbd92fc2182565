//! Registers as values: the few operations that tiles of a matrix product need, on whole registers.
//!
//! Compilers vectorise most loops here by themselves. Tiles with many accumulators are the exception: what the compiler
//! makes of them changes with their shape, by factors of ten. So their registers are spelt out.

#![allow(unsafe_code)]
#![allow(unreachable_pub)] // a sealed public trait names these types, and nobody outside can

use crate::scalar::Scalar;

/// A register of numbers.
pub trait Vector<T: Scalar>: Copy {
    /// How many numbers it holds.
    const LANES: usize;
    /// The same number everywhere.
    fn splat(x: T) -> Self;
    /// The first [`Vector::LANES`] numbers.
    fn load(from: &[T]) -> Self;
    /// Writes the first [`Vector::LANES`] numbers.
    fn store(self, to: &mut [T]);
    /// `self * b + c`, fused where the instruction set can.
    fn mul_add(self, b: Self, c: Self) -> Self;
}

/// A register made of an array, for instruction sets without one of that width.
#[derive(Clone, Copy)]
pub struct Array<T, const N: usize>([T; N]);

impl<T: Scalar, const N: usize> Vector<T> for Array<T, N> {
    const LANES: usize = N;
    #[inline(always)]
    fn splat(x: T) -> Self {
        Array([x; N])
    }
    #[inline(always)]
    fn load(from: &[T]) -> Self {
        let mut a = [T::ZERO; N];
        a.copy_from_slice(&from[..N]);
        Array(a)
    }
    #[inline(always)]
    fn store(self, to: &mut [T]) {
        to[..N].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn mul_add(self, b: Self, mut c: Self) -> Self {
        for l in 0..N {
            c.0[l] = super::isa::base_mul_add(self.0[l], b.0[l], c.0[l]);
        }
        c
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! register {
    ($name:ident, $register:ident, $t:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident) => {
        /// A hardware register. Only made inside kernels that run where `isa` has found it; see `Simd`.
        #[derive(Clone, Copy)]
        pub struct $name(std::arch::x86_64::$register);

        impl Vector<$t> for $name {
            const LANES: usize = $lanes;
            #[inline(always)]
            fn splat(x: $t) -> Self {
                // SAFETY: this type is only named by `Wide` and `Narrow`, whose kernels `launch` runs only after the
                // processor was found to have their features. The same holds for the three operations below.
                $name(unsafe { std::arch::x86_64::$splat(x) })
            }
            #[inline(always)]
            fn load(from: &[$t]) -> Self {
                let from = &from[..$lanes];
                // SAFETY: as above; the slice holds as many numbers as are read, and no alignment is needed.
                $name(unsafe { std::arch::x86_64::$load(from.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, to: &mut [$t]) {
                let to = &mut to[..$lanes];
                // SAFETY: as above; the slice holds as many numbers as are written, and no alignment is needed.
                unsafe { std::arch::x86_64::$store(to.as_mut_ptr(), self.0) }
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: as above.
                $name(unsafe { std::arch::x86_64::$fma(self.0, b.0, c.0) })
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;

    register!(Wide64, __m512d, f64, 8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd);
    register!(Wide32, __m512, f32, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps);
    register!(Narrow64, __m256d, f64, 4, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd);
    register!(Narrow32, __m256, f32, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps);
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Narrow32, Narrow64, Wide32, Wide64};
