//! Terms that are added to the loss, one file each.
//!
//! They speak one language, so that no penalty is written for a rule and no rule knows a penalty: an *upper quadratic*
//! that touches the term at the current factor. For row f of a factor it is
//!
//! ```text
//! 1/2 fᵀ (S + d_i I) f  -  (s + e_i)ᵀ f  +  constant
//! ```
//!
//! with S and s shared by all rows (`gram`, `linear`) and d_i, e_i of each row (`ridge`,
//! `pull`). A step that lowers loss + upper quadratic lowers loss + penalty, since the quadratic lies above the
//! penalty and touches it where the step starts; there its gradient is that of the penalty, which is what the optimality
//! residual is computed from.
//!
//! # Weights
//! A weight multiplies exactly the term that is printed here. It is given as it stands (`=0.5`), or relative to the
//! data (`0.1`): then it is the share of the data's own size that the term has for a *typical* factor, one whose entries
//! are all the size that entries have when WH is of the size of X. So one value serves X and 1000 X:
//!
//! ```text
//! absolute weight = relative weight · size(X) / term(typical factor)
//! size(X)         = 1/2 ||X||² for frobenius, else the number of observed entries times mean(X)^beta
//! typical entry   = sqrt(mean(X) / k) in both factors, unless a constraint fixes the scale of one of them
//! ```

pub(crate) mod ard;
pub(crate) mod coupling;
pub mod elastic;
pub(crate) mod group;
pub(crate) mod orthogonal;
pub(crate) mod pull;
#[cfg(test)]
mod tests_common;
pub(crate) mod volume;
mod weight;

pub use elastic::Elastic;

use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::names::names;
use crate::scalar::Scalar;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

names! {
    /// A term that is added to the loss. F is the factor it is on, `(r, k)`, with rows f_i and components F_c.
    PenaltyKind, "penalty", {
        /// `sum F`: zeros.
        L1 = "l1",
        /// `1/2 ||F||²`: small entries.
        L2 = "l2",
        /// `sum over c of ||F_c||`: switches whole components off (L2,1).
        Group = "group",
        /// `sum over c < d of F_cᵀ F_d`: components that do not overlap.
        Orthogonal = "orthogonal",
        /// `1/2 log det(FᵀF + delta I)`: components that span little volume.
        LogDet = "logdet",
        /// `k/2 det(FᵀF + delta I)^(1/k)`: the same, of degree 2.
        Det = "det",
        /// `1/2 sum over i of ||f_i - f_(i-1)||²`: neighbouring rows are alike.
        Smooth = "smooth",
        /// `1/2 sum over i of ||f_(i-1) - 2 f_i + f_(i+1)||²`: rows change evenly.
        Smooth2 = "smooth2",
        /// `1/2 sum over pairs of a_ij ||f_i - f_j||²`: rows that a graph connects are alike (GNMF).
        Graph = "graph",
        /// `1/2 ||F - F*||²`: near a given factor.
        Pull = "pull",
        /// `c sum over components of log((1/2 ||W_c||² + 1/2 ||H_c||² + b) / b)`: automatic relevance determination.
        Ard = "ard",
        /// `c sum over components of log((sum W_c + sum H_c + b) / b)`: the same, with zeros.
        ArdL1 = "ard-l1",
    }
}

names! {
    /// The factor that a penalty or constraint is on.
    Factors, "side", {
        /// W.
        W = "w",
        /// H.
        H = "h",
        /// Both: the same term on each.
        Both = "wh" | "hw" | "both",
    }
}

impl Factors {
    /// Whether W is among them.
    pub fn w(self) -> bool {
        self != Factors::H
    }

    /// Whether H is among them.
    pub fn h(self) -> bool {
        self != Factors::W
    }
}

/// How much a penalty counts; see [the module](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// A share of the size of the data.
    Relative(f64),
    /// The number that multiplies the term.
    Absolute(f64),
}

impl Weight {
    /// The number, whichever it is.
    pub fn number(self) -> f64 {
        match self {
            Weight::Relative(x) | Weight::Absolute(x) => x,
        }
    }
}

/// A penalty as it is asked for: `NAME:SIDE:VALUE`, for example `smooth:h:0.1`, or `l1:w:=2.5` with the absolute weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Penalty {
    /// The term.
    pub kind: PenaltyKind,
    /// The factor it is on.
    pub on: Factors,
    /// How much it counts.
    pub weight: Weight,
}

impl Penalty {
    /// A penalty with a weight relative to the data.
    pub fn new(kind: PenaltyKind, on: Factors, weight: f64) -> Penalty {
        Penalty { kind, on, weight: Weight::Relative(weight) }
    }

    /// A penalty with a weight that multiplies the term as it stands.
    pub fn absolute(kind: PenaltyKind, on: Factors, weight: f64) -> Penalty {
        Penalty { kind, on, weight: Weight::Absolute(weight) }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let weight = self.weight.number();
        if !(weight >= 0.0 && weight.is_finite()) {
            return Err(Error::BadParameter {
                name: "penalty",
                value: self.to_string(),
                needs: "a finite weight >= 0 is needed".into(),
            });
        }
        Ok(())
    }
}

impl fmt::Display for Penalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.weight {
            Weight::Relative(x) => write!(f, "{}:{}:{x}", self.kind, self.on),
            Weight::Absolute(x) => write!(f, "{}:{}:={x}", self.kind, self.on),
        }
    }
}

impl FromStr for Penalty {
    type Err = Error;
    fn from_str(text: &str) -> Result<Penalty> {
        let wrong = |needs: &str| Error::BadParameter {
            name: "penalty",
            value: text.into(),
            needs: format!("{needs}, as in smooth:h:0.1 (relative to the data) or l1:w:=2.5 (as it stands)"),
        };
        let mut parts = text.splitn(3, ':');
        let (Some(kind), Some(on), Some(weight)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("NAME:SIDE:VALUE is needed"));
        };
        let (kind, on): (PenaltyKind, Factors) = (kind.parse()?, on.parse()?);
        let number =
            |text: &str| text.parse().map_err(|_| wrong("a number is needed after the second colon"));
        let weight = match weight.strip_prefix('=') {
            Some(text) => Weight::Absolute(number(text)?),
            None => Weight::Relative(number(weight)?),
        };
        let penalty = Penalty { kind, on, weight };
        penalty.check()?;
        Ok(penalty)
    }
}

impl From<Penalty> for String {
    fn from(penalty: Penalty) -> String {
        penalty.to_string()
    }
}

impl TryFrom<String> for Penalty {
    type Error = Error;
    fn try_from(text: String) -> Result<Penalty> {
        text.parse()
    }
}

/// A factor at which penalties are looked at.
#[derive(Clone, Copy)]
pub(crate) struct At<'a, T> {
    pub(crate) factor: &'a Factor<T>,
    /// `FᵀF`, `(stride, stride)` in the stride of the factor, in f64.
    pub(crate) gram: &'a [f64],
    /// Column sums, `stride` of them.
    pub(crate) sums: &'a [f64],
}

impl<T: Scalar> At<'_, T> {
    pub(crate) fn rank(&self) -> usize {
        self.factor.rank()
    }

    /// `FᵀF` entry `(c, d)`.
    pub(crate) fn gram(&self, c: usize, d: usize) -> f64 {
        self.gram[c * self.factor.stride() + d]
    }
}

/// The sum of upper quadratics; see [the module](self).
#[derive(Debug, Clone, Default)]
pub(crate) struct Shift<T> {
    /// S, `(stride, stride)`, symmetric; entries off the diagonal may have either sign.
    pub(crate) gram: Vec<f64>,
    /// s, `stride` numbers of either sign.
    pub(crate) linear: Vec<f64>,
    /// d, one number >= 0 per row; empty if no penalty has any.
    pub(crate) ridge: Vec<T>,
    /// e, `(rows, stride)`; empty if no penalty has any.
    pub(crate) pull: Vec<T>,
}

impl<T: Scalar> Shift<T> {
    /// Room for the terms of a factor; `by_row` if any of them is by row.
    pub(crate) fn new(rows: usize, stride: usize, by_row: bool) -> Shift<T> {
        let per_row = |n: usize| vec![T::ZERO; if by_row { n } else { 0 }];
        Shift {
            gram: vec![0.0; stride * stride],
            linear: vec![0.0; stride],
            ridge: per_row(rows),
            pull: per_row(rows * stride),
        }
    }

    /// No terms.
    pub(crate) fn clear(&mut self) {
        self.gram.fill(0.0);
        self.linear.fill(0.0);
        self.ridge.fill(T::ZERO);
        self.pull.fill(T::ZERO);
    }
}

/// A penalty at work on one factor, in the units of the run. Nothing is allocated in its methods.
pub(crate) trait Term<T: Scalar>: Send + Sync {
    /// Its value, weight included.
    fn value(&mut self, at: &At<'_, T>) -> f64;

    /// Adds its upper quadratic that touches at this factor.
    fn touch(&mut self, at: &At<'_, T>, to: &mut Shift<T>);

    /// Whether it has parts of each row.
    fn by_row(&self) -> bool {
        false
    }
}
