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
    /// [`TURNED`] neighbours of as many lines as there are lanes: number `j` of every line in register `j`. Lines are `ld`
    /// apart.
    ///
    /// # Safety
    /// That many numbers can be read at `at + l * ld`, for every line `l`.
    unsafe fn turned(at: *const T, ld: usize) -> [Self; TURNED];
}

/// Neighbours that [`Vector::turned`] takes of a line.
pub(crate) const TURNED: usize = 4;

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
    #[inline(always)]
    unsafe fn turned(at: *const T, ld: usize) -> [Self; TURNED] {
        let mut turned = [[T::ZERO; N]; TURNED];
        for l in 0..N {
            for j in 0..TURNED {
                // SAFETY: the caller says so.
                turned[j][l] = unsafe { *at.add(l * ld + j) };
            }
        }
        turned.map(Array)
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! register {
    ($name:ident, $register:ident, $t:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident, $turned:ident) => {
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
            #[inline(always)]
            unsafe fn turned(at: *const $t, ld: usize) -> [Self; TURNED] {
                // SAFETY: as above, and what the caller says.
                let [a, b, c, d] = unsafe { $turned(at, ld) };
                [$name(a), $name(b), $name(c), $name(d)]
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{TURNED, Vector};
    use std::arch::x86_64::*;

    register!(
        Wide64,
        __m512d,
        f64,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        eight64
    );
    register!(
        Wide32,
        __m512,
        f32,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        sixteen32
    );
    register!(
        Narrow64,
        __m256d,
        f64,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        four64
    );
    register!(
        Narrow32,
        __m256,
        f32,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        eight32
    );

    // What `Vector::turned` does. SAFETY, for all that follow: the caller has AVX-512 (`Wide`) or AVX2 (`Narrow`), and four
    // numbers can be read at `at`, `at + ld` and so on, for as many lines as the register has lanes; no alignment is needed.
    // Closures would not be compiled for the caller's instruction set, so these are functions.

    /// Lines `l` and `l + 2`.
    #[inline(always)]
    unsafe fn halves64(at: *const f64, ld: usize, l: usize) -> __m512d {
        // SAFETY: as above.
        unsafe {
            let low = _mm512_castpd256_pd512(_mm256_loadu_pd(at.add(l * ld)));
            _mm512_insertf64x4::<1>(low, _mm256_loadu_pd(at.add((l + 2) * ld)))
        }
    }

    /// Which lines share a register is such that the last step takes whole quarters.
    #[inline(always)]
    unsafe fn eight64(at: *const f64, ld: usize) -> [__m512d; TURNED] {
        // SAFETY: as above.
        unsafe {
            let (a, b) = (halves64(at, ld, 0), halves64(at, ld, 1));
            let (c, d) = (halves64(at, ld, 4), halves64(at, ld, 5));
            let (even, odd) = (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            let (even_next, odd_next) = (_mm512_unpacklo_pd(c, d), _mm512_unpackhi_pd(c, d));
            [
                _mm512_shuffle_f64x2::<0x88>(even, even_next),
                _mm512_shuffle_f64x2::<0x88>(odd, odd_next),
                _mm512_shuffle_f64x2::<0xDD>(even, even_next),
                _mm512_shuffle_f64x2::<0xDD>(odd, odd_next),
            ]
        }
    }

    /// Lines `l`, `l + 4`, `l + 8`, `l + 12`.
    #[inline(always)]
    unsafe fn quarters32(at: *const f32, ld: usize, l: usize) -> __m512 {
        // SAFETY: as above.
        unsafe {
            let one = _mm512_castps128_ps512(_mm_loadu_ps(at.add(l * ld)));
            let two = _mm512_insertf32x4::<1>(one, _mm_loadu_ps(at.add((l + 4) * ld)));
            let three = _mm512_insertf32x4::<2>(two, _mm_loadu_ps(at.add((l + 8) * ld)));
            _mm512_insertf32x4::<3>(three, _mm_loadu_ps(at.add((l + 12) * ld)))
        }
    }

    #[inline(always)]
    unsafe fn sixteen32(at: *const f32, ld: usize) -> [__m512; TURNED] {
        // SAFETY: as above.
        unsafe {
            let (a, b) = (quarters32(at, ld, 0), quarters32(at, ld, 1));
            let (c, d) = (quarters32(at, ld, 2), quarters32(at, ld, 3));
            let low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
            let high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
            let low_next = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
            let high_next = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
            [
                _mm512_castpd_ps(_mm512_unpacklo_pd(low, low_next)),
                _mm512_castpd_ps(_mm512_unpackhi_pd(low, low_next)),
                _mm512_castpd_ps(_mm512_unpacklo_pd(high, high_next)),
                _mm512_castpd_ps(_mm512_unpackhi_pd(high, high_next)),
            ]
        }
    }

    /// Two numbers of line `l` and of line `l + 2`.
    #[inline(always)]
    unsafe fn pairs64(at: *const f64, ld: usize, l: usize) -> __m256d {
        // SAFETY: as above.
        unsafe {
            let low = _mm256_castpd128_pd256(_mm_loadu_pd(at.add(l * ld)));
            _mm256_insertf128_pd::<1>(low, _mm_loadu_pd(at.add((l + 2) * ld)))
        }
    }

    #[inline(always)]
    unsafe fn four64(at: *const f64, ld: usize) -> [__m256d; TURNED] {
        // SAFETY: as above.
        unsafe {
            let (a, b) = (pairs64(at, ld, 0), pairs64(at, ld, 1));
            let (c, d) = (pairs64(at.add(2), ld, 0), pairs64(at.add(2), ld, 1));
            [
                _mm256_unpacklo_pd(a, b),
                _mm256_unpackhi_pd(a, b),
                _mm256_unpacklo_pd(c, d),
                _mm256_unpackhi_pd(c, d),
            ]
        }
    }

    /// Lines `l` and `l + 4`.
    #[inline(always)]
    unsafe fn halves32(at: *const f32, ld: usize, l: usize) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let low = _mm256_castps128_ps256(_mm_loadu_ps(at.add(l * ld)));
            _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(at.add((l + 4) * ld)))
        }
    }

    #[inline(always)]
    unsafe fn eight32(at: *const f32, ld: usize) -> [__m256; TURNED] {
        // SAFETY: as above.
        unsafe {
            let (a, b) = (halves32(at, ld, 0), halves32(at, ld, 1));
            let (c, d) = (halves32(at, ld, 2), halves32(at, ld, 3));
            let low = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
            let high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
            let low_next = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
            let high_next = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
            [
                _mm256_castpd_ps(_mm256_unpacklo_pd(low, low_next)),
                _mm256_castpd_ps(_mm256_unpackhi_pd(low, low_next)),
                _mm256_castpd_ps(_mm256_unpacklo_pd(high, high_next)),
                _mm256_castpd_ps(_mm256_unpackhi_pd(high, high_next)),
            ]
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Narrow32, Narrow64, Wide32, Wide64};
