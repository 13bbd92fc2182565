//! Which instructions this processor has, and how a kernel is compiled for each of them from one source.
//!
//! A kernel is a struct with its arguments and a `run` that is inlined into one copy per instruction set. The compiler
//! vectorises the plain loops of `run` for that set; only the tiles of matrix products name registers (`vector`). Every
//! loop keeps the order of additions of each output element, and both vector copies use fused multiply-add, so they give
//! the same bits. (On a processor
//! without fused multiply-add, x86-64 from before 2013, products are rounded before they are added.)

#![allow(unsafe_code)]
#![allow(unreachable_pub)] // a sealed public trait names `Simd`, and nobody outside can

use super::vector::{Array, Vector};
#[cfg(target_arch = "x86_64")]
use super::vector::{Narrow32, Narrow64, Wide32, Wide64};
use crate::scalar::Scalar;
use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// 512-bit vectors (x86-64-v4).
    Avx512,
    /// 256-bit vectors with fused multiply-add (x86-64-v3).
    Avx2,
    /// What the target guarantees: SSE2 on x86-64, NEON on aarch64.
    Portable,
}

impl Isa {
    /// `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Avx512 => "avx512",
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
        }
    }
}

static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The instruction set in use: the best this processor has, or what the variable `PARTWISE_SIMD`
/// (`avx512`, `avx2`, `portable`) restricts it to.
pub fn isa() -> Isa {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Isa::Portable,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        _ => {
            let chosen = detect();
            CHOSEN.store(chosen, Ordering::Relaxed);
            decode(chosen)
        }
    }
}

fn decode(code: u8) -> Isa {
    match code {
        3 => Isa::Avx512,
        2 => Isa::Avx2,
        _ => Isa::Portable,
    }
}

fn detect() -> u8 {
    let limit = match std::env::var("PARTWISE_SIMD").as_deref() {
        Ok("portable") => 1,
        Ok("avx2") => 2,
        _ => 3,
    };
    supported().min(limit)
}

#[cfg(target_arch = "x86_64")]
fn supported() -> u8 {
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        1
    } else if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
    {
        3
    } else {
        2
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn supported() -> u8 {
    1
}

/// Restricts all kernels to an instruction set that this processor has; for tests that compare them.
#[cfg(test)]
pub(crate) fn restrict(isa: Isa) -> bool {
    let code = match isa {
        Isa::Portable => 1,
        Isa::Avx2 => 2,
        Isa::Avx512 => 3,
    };
    let possible = code <= supported();
    if possible {
        CHOSEN.store(code, Ordering::Relaxed);
    }
    possible
}

/// What differs between the copies of a kernel.
pub trait Simd: Copy {
    /// Registers are 512 bits wide and there are 32 of them.
    const WIDE: bool;
    /// The widest registers.
    type Full64: Vector<f64>;
    type Full32: Vector<f32>;
    /// Registers of one SIMD unit ([`Scalar::LANES`]).
    type Unit64: Vector<f64>;
    type Unit32: Vector<f32>;
    /// `a * b + c`, fused where the instruction set can.
    fn mul_add<T: Scalar>(a: T, b: T, c: T) -> T;
    /// Asks for the cache line at `at` and goes on; `at` need not point to anything.
    #[inline(always)]
    fn prefetch<T>(_at: *const T) {}
}

#[derive(Clone, Copy)]
#[cfg(target_arch = "x86_64")]
struct Wide;
#[derive(Clone, Copy)]
#[cfg(target_arch = "x86_64")]
struct Narrow;
#[derive(Clone, Copy)]
struct Base;

#[cfg(target_arch = "x86_64")]
impl Simd for Wide {
    const WIDE: bool = true;
    #[inline(always)]
    fn prefetch<T>(at: *const T) {
        prefetch(at);
    }
    type Full64 = Wide64;
    type Full32 = Wide32;
    type Unit64 = Narrow64;
    type Unit32 = Narrow32;
    #[inline(always)]
    fn mul_add<T: Scalar>(a: T, b: T, c: T) -> T {
        a.mul_add(b, c)
    }
}

#[cfg(target_arch = "x86_64")]
impl Simd for Narrow {
    const WIDE: bool = false;
    #[inline(always)]
    fn prefetch<T>(at: *const T) {
        prefetch(at);
    }
    type Full64 = Narrow64;
    type Full32 = Narrow32;
    type Unit64 = Narrow64;
    type Unit32 = Narrow32;
    #[inline(always)]
    fn mul_add<T: Scalar>(a: T, b: T, c: T) -> T {
        a.mul_add(b, c)
    }
}

/// Into the second-level cache.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
fn prefetch<T>(at: *const T) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: every x86-64 has the instruction (SSE), and it is a hint: it reads nothing that a program can see, and an
    // address without memory behind it is passed over without a fault.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
}

impl Simd for Base {
    const WIDE: bool = false;
    type Full64 = Array<f64, 4>;
    type Full32 = Array<f32, 8>;
    type Unit64 = Array<f64, 4>;
    type Unit32 = Array<f32, 8>;
    #[inline(always)]
    fn mul_add<T: Scalar>(a: T, b: T, c: T) -> T {
        base_mul_add(a, b, c)
    }
}

/// `a * b + c` with what the target guarantees.
#[inline(always)]
pub(super) fn base_mul_add<T: Scalar>(a: T, b: T, c: T) -> T {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

/// A hot loop with its arguments. `run` must be `#[inline(always)]`, as must all it calls.
pub(crate) trait Kernel {
    type Out;
    fn run<S: Simd>(self) -> Self::Out;
}

/// Runs a kernel in the copy that was compiled for this processor.
pub(crate) fn launch<K: Kernel>(kernel: K) -> K::Out {
    match isa() {
        // SAFETY: `isa` returns Avx512 and Avx2 only after `is_x86_feature_detected!` has found every feature that the
        // function called here is compiled with. (Test: `every_instruction_set_agrees` below, also run under Miri.)
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { run_avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { run_avx2(kernel) },
        _ => kernel.run::<Base>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Wide>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<Narrow>()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dot<'a>(&'a [f64], &'a [f64]);
    impl Kernel for Dot<'_> {
        type Out = f64;
        #[inline(always)]
        fn run<S: Simd>(self) -> f64 {
            self.0.iter().zip(self.1).fold(0.0, |sum, (&a, &b)| S::mul_add(a, b, sum))
        }
    }

    #[test]
    fn every_instruction_set_agrees() {
        let a: Vec<f64> = (0..100).map(|i| 1.0 / f64::from(i + 3)).collect();
        let b: Vec<f64> = (0..100).map(|i| f64::from(i).sqrt()).collect();
        let mut seen = vec![Dot(&a, &b).run::<Base>()];
        let best = isa();
        for isa in [Isa::Avx2, Isa::Avx512] {
            if restrict(isa) {
                seen.push(launch(Dot(&a, &b)));
            }
        }
        restrict(best);
        // The portable copy may round twice; the vector copies agree to the bit.
        assert!((seen[0] / seen[seen.len() - 1] - 1.0).abs() < 1e-14);
        assert!(seen.iter().skip(1).all(|x| x.to_bits() == seen[1].to_bits()));
    }
}
