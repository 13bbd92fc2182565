//! The losses: one family, the beta-divergence, on one page.
//!
//! For `x, y >= 0` (data and model) the loss is the sum over all entries of
//!
//! ```text
//! d_b(x | y) = (x^b + (b - 1) y^b - b x y^(b-1)) / (b (b - 1))        b not 0, 1
//! d_1(x | y) = x log(x / y) - x + y                                    Kullback-Leibler
//! d_0(x | y) = x / y - log(x / y) - 1                                  Itakura-Saito
//! d_2(x | y) = 1/2 (x - y)^2                                           Frobenius
//! ```
//!
//! with `0 log 0 = 0`. Its derivative in y is `y^(b-1) - x y^(b-2)`, the difference of two non-negative terms: that
//! split is what multiplicative updates and the optimality residual are made of. It is homogeneous,
//! `d_b(c x | c y) = c^b d_b(x | y)`, which is why nothing in this library needs an absolute constant.
//!
//! Reference: A. Basu, I. Harris, N. Hjort, M. Jones (1998), "Robust and efficient estimation by minimising a density
//! power divergence", Biometrika 85(3), doi:10.1093/biomet/85.3.549; as used for NMF by C. Févotte and J. Idier (2011),
//! "Algorithms for nonnegative matrix factorization with the beta-divergence", Neural Computation 23(9),
//! doi:10.1162/NECO_a_00168, eq. 2.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What is minimised, up to penalties.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Loss {
    /// `1/2 ||X - WH||²`: additive noise of one size; the fastest.
    #[default]
    Frobenius,
    /// `sum x log(x/y) - x + y`: counts (Poisson noise); the same as PLSA and topic models up to normalisation.
    KullbackLeibler,
    /// `sum x/y - log(x/y) - 1`: power spectra (multiplicative noise); only for X > 0.
    ItakuraSaito,
    /// Any other beta-divergence; 2, 1 and 0 are the three losses above.
    Beta(f64),
}

/// Betas that are nearer than this are the same.
const SAME_BETA: f64 = 1e-7;

impl Loss {
    /// The loss for a beta; 2, 1 and 0 give the named ones, and so does what is nearer to those than 1e-7: the formula of the
    /// others divides by the distance, and rounding by that would be more than the two losses differ.
    ///
    /// # Errors
    /// [`Error::BadParameter`] if beta is not finite, or outside -100..=100.
    pub fn beta_divergence(beta: f64) -> Result<Loss> {
        let near = |named: f64| (beta - named).abs() < SAME_BETA;
        match beta {
            _ if near(2.0) => Ok(Loss::Frobenius),
            _ if near(1.0) => Ok(Loss::KullbackLeibler),
            _ if near(0.0) => Ok(Loss::ItakuraSaito),
            b if b.is_finite() && b.abs() <= 100.0 => Ok(Loss::Beta(b)),
            b => Err(Error::BadParameter {
                name: "beta",
                value: b.to_string(),
                needs: "a finite number between -100 and 100 is needed".into(),
            }),
        }
    }

    /// The beta of the divergence.
    pub fn beta(self) -> f64 {
        match self {
            Loss::Frobenius => 2.0,
            Loss::KullbackLeibler => 1.0,
            Loss::ItakuraSaito => 0.0,
            Loss::Beta(b) => b,
        }
    }

    /// Whether the loss is finite when an entry of X is 0 (with a positive model).
    pub fn allows_zeros(self) -> bool {
        self.beta() > 0.0
    }

    /// The exponent that makes the multiplicative update non-increasing: Févotte & Idier (2011), eq. 4.11-4.13.
    pub fn mm_exponent(self) -> f64 {
        let b = self.beta();
        if b < 1.0 {
            1.0 / (2.0 - b)
        } else if b <= 2.0 {
            1.0
        } else {
            1.0 / (b - 1.0)
        }
    }

    /// `d(x | y)` for one entry, in `f64`, without cancellation where x is close to y.
    ///
    /// `x >= 0` and `y >= 0`; infinite where the divergence is (`x > 0, y = 0` for beta <= 1; `x = 0` for beta <= 0).
    pub fn divergence(self, x: f64, y: f64) -> f64 {
        // Far from each other, the difference may be all of the larger one.
        let share = match self {
            Loss::KullbackLeibler if x > 0.0 => y / x,
            Loss::ItakuraSaito if x > 0.0 && y > 0.0 => x / y,
            Loss::Beta(b) => return beta_divergence(b, x, y, y - x),
            _ => 1.0,
        };
        if (share - 1.0).abs() > NEAR {
            let excess = share - 1.0 - share.ln();
            return if self == Loss::KullbackLeibler { x * excess } else { excess };
        }
        self.of_difference(x, y - x)
    }

    /// `d(x | x + d)` for one entry, for a difference d that is known better than as the difference of two numbers.
    pub fn of_difference(self, x: f64, d: f64) -> f64 {
        let y = x + d;
        match self {
            Loss::Frobenius => 0.5 * d * d,
            Loss::KullbackLeibler => {
                if x == 0.0 {
                    y
                } else {
                    x * excess(d / x)
                }
            }
            Loss::ItakuraSaito => {
                if x == 0.0 || y == 0.0 {
                    f64::INFINITY
                } else if (d / y).abs() > NEAR {
                    // x beside a far larger y is rounding in 1 - d / y.
                    x / y - 1.0 - (x / y).ln()
                } else {
                    excess(-d / y)
                }
            }
            Loss::Beta(b) => beta_divergence(b, x, y, d),
        }
    }
}

/// Shares nearer to 1 than this need a series.
const NEAR: f64 = 0.1;

/// `u - log(1 + u) >= 0` for u >= -1, accurate near 0, infinite at -1.
fn excess(u: f64) -> f64 {
    if u.abs() > NEAR {
        return if u <= -1.0 { f64::INFINITY } else { u - u.ln_1p() };
    }
    // log(1 + u) = 2 artanh(s), s = u / (2 + u); u - log(1 + u) = u s - 2 (s³/3 + s⁵/5 + ...)
    let s = u / (2.0 + u);
    let q = s * s;
    let mut term = 2.0 * s * q;
    let mut tail = 0.0;
    let mut n = 3.0;
    while n < 21.0 {
        tail += term / n;
        term *= q;
        n += 2.0;
    }
    u * s - tail
}

fn beta_divergence(b: f64, x: f64, y: f64, d: f64) -> f64 {
    if x == 0.0 {
        return if b > 0.0 { y.powf(b) / b } else { f64::INFINITY };
    }
    if y == 0.0 {
        return if b > 1.0 { x.powf(b) / (b * (b - 1.0)) } else { f64::INFINITY };
    }
    let u = d / x;
    let t = y / x;
    if u.abs() * b.abs().max(1.0) > 0.1 {
        return x.powf(b) * (1.0 + (b - 1.0) * t.powf(b) - b * t.powf(b - 1.0)) / (b * (b - 1.0));
    }
    // d_b(1 | 1 + u) = sum over n >= 2 of binomial(b - 2, n - 2) / n u^n
    let (mut choose, mut power, mut sum) = (1.0, u, 0.0);
    for n in 2..24 {
        let n = f64::from(n);
        power *= u;
        sum += power * choose / n;
        choose *= (b - n) / (n - 1.0);
    }
    x.powf(b) * sum
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Frobenius => f.write_str("frobenius"),
            Loss::KullbackLeibler => f.write_str("kl"),
            Loss::ItakuraSaito => f.write_str("is"),
            Loss::Beta(b) => write!(f, "beta:{b}"),
        }
    }
}

impl FromStr for Loss {
    type Err = Error;
    /// `frobenius`, `kl`, `is` or `beta:B`; also the long names that scikit-learn uses, and `poisson`.
    fn from_str(s: &str) -> Result<Loss> {
        let unknown = || Error::BadParameter {
            name: "loss",
            value: s.into(),
            needs: "one of frobenius, kl, is, beta:B (for example beta:1.5) is needed".into(),
        };
        let lower = s.to_ascii_lowercase();
        match lower.as_str() {
            "frobenius" | "fro" | "euclidean" => Ok(Loss::Frobenius),
            "kl" | "kullback-leibler" | "poisson" => Ok(Loss::KullbackLeibler),
            "is" | "itakura-saito" => Ok(Loss::ItakuraSaito),
            _ => {
                let b = lower.strip_prefix("beta:").ok_or_else(unknown)?;
                Loss::beta_divergence(b.parse().map_err(|_| unknown())?)
            }
        }
    }
}

impl From<Loss> for String {
    fn from(loss: Loss) -> String {
        loss.to_string()
    }
}

impl TryFrom<String> for Loss {
    type Error = Error;
    fn try_from(s: String) -> Result<Loss> {
        s.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BETAS: [f64; 9] = [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0];

    /// The textbook formula in exact-enough arithmetic: only good where nothing cancels.
    fn plain(b: f64, x: f64, y: f64) -> f64 {
        if b == 1.0 {
            return x * (x / y).ln() - x + y;
        }
        if b == 0.0 {
            return x / y - (x / y).ln() - 1.0;
        }
        (x.powf(b) + (b - 1.0) * y.powf(b) - b * x * y.powf(b - 1.0)) / (b * (b - 1.0))
    }

    #[test]
    fn agrees_with_the_definition_away_from_equality() {
        for b in BETAS {
            let loss = Loss::beta_divergence(b).unwrap();
            for (x, y) in [(1.0, 2.0), (3.0, 0.5), (0.25, 7.0), (1.0, 1.2), (1e-20, 0.5), (0.5, 1e-20)] {
                let (got, want) = (loss.divergence(x, y), plain(b, x, y));
                assert!((got - want).abs() <= 1e-13 * want.abs().max(1.0), "beta {b}: {got} {want}");
            }
        }
    }

    #[test]
    fn keeps_its_digits_near_equality() {
        // d_b(x | x (1 + u)) = x^b u²/2 (1 + O(u)): the plain formula has lost everything at u = 1e-9.
        for b in BETAS {
            let loss = Loss::beta_divergence(b).unwrap();
            for u in [1e-9, -1e-9, 1e-6] {
                let x: f64 = 3.0;
                let y = x * (1.0 + u);
                let t = (y - x) / x;
                let got = loss.divergence(x, y);
                let want = x.powf(b) * t * t / 2.0;
                assert!(
                    (got / want - 1.0).abs() <= 20.0 * u.abs().max(1e-15),
                    "beta {b}, u {u}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn the_two_branches_meet() {
        for b in BETAS {
            let loss = Loss::beta_divergence(b).unwrap();
            for side in [1.0, -1.0] {
                let near = loss.divergence(1.0, 1.0 + side * 0.0999999);
                let want = plain(b, 1.0, 1.0 + side * 0.0999999);
                assert!((near / want - 1.0).abs() < 1e-12, "beta {b}: {near} {want}");
            }
        }
    }

    #[test]
    fn is_homogeneous_and_continuous_in_beta() {
        for b in BETAS {
            let loss = Loss::beta_divergence(b).unwrap();
            let (base, scaled) = (loss.divergence(2.0, 3.0), loss.divergence(2.0 * 7.0, 3.0 * 7.0));
            assert!((scaled / (base * 7f64.powf(b)) - 1.0).abs() < 1e-13);
            let next = Loss::beta_divergence(b + 1e-7).unwrap().divergence(2.0, 3.0);
            assert!((next - base).abs() < 1e-5, "beta {b}");
        }
    }

    #[test]
    fn zeros_have_defined_values() {
        assert_eq!(Loss::KullbackLeibler.divergence(0.0, 0.0), 0.0);
        assert_eq!(Loss::KullbackLeibler.divergence(0.0, 2.0), 2.0);
        assert_eq!(Loss::KullbackLeibler.divergence(1.0, 0.0), f64::INFINITY);
        assert_eq!(Loss::ItakuraSaito.divergence(0.0, 1.0), f64::INFINITY);
        assert_eq!(Loss::Beta(1.5).divergence(0.0, 0.0), 0.0);
        assert!((Loss::Beta(1.5).divergence(4.0, 0.0) - 8.0 / 0.75).abs() < 1e-12);
    }

    #[test]
    fn names_round_trip() {
        for text in ["frobenius", "kl", "is", "beta:1.5", "beta:-0.5"] {
            assert_eq!(text.parse::<Loss>().unwrap().to_string(), text);
        }
        assert_eq!("beta:1".parse::<Loss>().unwrap(), Loss::KullbackLeibler);
        assert_eq!("Poisson".parse::<Loss>().unwrap(), Loss::KullbackLeibler);
        assert_eq!("BETA:1.5".parse::<Loss>().unwrap(), Loss::Beta(1.5));
        assert!("beta:nan".parse::<Loss>().is_err());
        assert!("l1".parse::<Loss>().is_err());
    }
}
