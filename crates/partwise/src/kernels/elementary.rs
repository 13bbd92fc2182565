//! Logarithm and exponential as plain arithmetic.
//!
//! The compiler can vectorise them inside a loop, and they give the same bits on every vector instruction set, which
//! the system's mathematical library promises neither of. Error below 1 unit in the last place for the logarithm and
//! below 2 for the exponential (tests).
//!
//! Reference for the logarithm: the reduction and polynomial of FreeBSD's msun (Sun Microsystems, 1993), `e_log.c`.

use super::isa::Simd;

const LN2_HI: f64 = 6.931_471_803_691_238e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// Natural logarithm of a positive, normal, finite number.
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: f64) -> f64 {
    // x = 2^e m with m in [sqrt(1/2), sqrt 2)
    const OFFSET: u64 = 0x3FF0_0000_0000_0000 - 0x3FE6_A09E_0000_0000;
    let shifted = x.to_bits().wrapping_add(OFFSET);
    let m = f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF).wrapping_add(0x3FE6_A09E_0000_0000));
    // The exponent as a float, without an integer conversion that AVX2 lacks.
    let e = f64::from_bits(0x4330_0000_0000_0000 | (shifted >> 52)) - (4_503_599_627_370_496.0 + 1023.0);

    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut r = 1.479_819_860_511_658_6e-1;
    for c in [
        1.531_383_769_920_937_3e-1,
        1.818_357_216_161_805e-1,
        2.222_219_843_214_978_4e-1,
        2.857_142_874_366_239e-1,
        3.999_999_999_940_942e-1,
        6.666_666_666_666_735e-1,
    ] {
        r = S::mul_add(r, z, c);
    }
    let half = 0.5 * f * f;
    let tail = S::mul_add(s, half + r * z, e * LN2_LO);
    S::mul_add(e, LN2_HI, f - (half - tail))
}

/// `e^x`; 0 below -708 and about 1.6e308 above 709.
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: f64) -> f64 {
    let y = x.clamp(-708.0, 709.0);
    // y = n ln 2 + r, |r| <= ln 2 / 2; adding 1.5 * 2^52 rounds to an integer in the low bits
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = S::mul_add(y, std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = S::mul_add(n, -LN2_LO, S::mul_add(n, -LN2_HI, y));
    // Taylor to r^13 / 13!: the next term is below 1e-17 for |r| <= 0.347
    let mut p = 1.0 / 6_227_020_800.0;
    for c in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = S::mul_add(p, r, c);
    }
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if x < -708.0 { 0.0 } else { p * scale }
}

#[cfg(test)]
mod tests {
    use super::super::isa::{Kernel, launch};
    use super::*;

    struct Each(f64, bool);
    impl Kernel for Each {
        type Out = f64;
        #[inline(always)]
        fn run<S: Simd>(self) -> f64 {
            if self.1 { ln::<S>(self.0) } else { exp::<S>(self.0) }
        }
    }

    #[test]
    fn logarithm_is_accurate() {
        let mut x = 1e-300;
        while x < 1e300 {
            let (got, want) = (launch(Each(x, true)), x.ln());
            assert!(
                (got - want).abs() <= f64::EPSILON * want.abs().max(f64::MIN_POSITIVE),
                "ln {x}: {got} {want}"
            );
            x *= 1.37;
        }
        for i in 1..2000 {
            let x = 0.9 + f64::from(i) * 1e-4;
            let (got, want) = (launch(Each(x, true)), x.ln());
            assert!((got - want).abs() <= 1.1 * f64::EPSILON * want.abs(), "ln {x}: {got} {want}");
        }
        assert_eq!(launch(Each(1.0, true)), 0.0);
    }

    #[test]
    fn exponential_is_accurate() {
        let mut x = -700.0;
        while x < 700.0 {
            let (got, want) = (launch(Each(x, false)), f64::exp(x));
            assert!((got / want - 1.0).abs() <= 2.0 * f64::EPSILON, "exp {x}: {got} {want}");
            x += 0.37;
        }
        assert_eq!(launch(Each(0.0, false)), 1.0);
        assert_eq!(launch(Each(-800.0, false)), 0.0);
        assert!(launch(Each(800.0, false)).is_finite());
    }
}
