//! What is asked for: plain data, the same from Rust, the command line and Python.
//!
//! The documentation of a field here is the help text of its option everywhere ([`Spec::doc`]).

use crate::error::{Error, Result};
use crate::loss::Loss;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Defines the struct and keeps the documentation of its fields for help texts.
macro_rules! documented {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[doc = $doc:literal])* pub $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $default,)* }
            }
        }

        impl $name {
            /// Every field with its documentation, in order.
            pub const DOCS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($field), concat!($($doc),*)),)*];
        }
    };
}

documented! {
    /// What is asked for. `auto` values are settled by [`Spec::plan`](crate::plan).
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[non_exhaustive]
    pub struct Spec {
        /// Number of components k: W is (m, k) and H is (k, n).
        pub rank: usize = 2,
        /// What is minimised: frobenius (additive noise), kl (counts), is (power spectra, X > 0) or beta:B.
        pub loss: Loss = Loss::Frobenius,
        /// How the factors move: auto, hals, mu, bpp, gcd, nesterov, admm (frobenius); mu, scd, ccd (kl); mu (other losses).
        pub rule: Rule = Rule::Auto,
        /// Sweeps of the rule within a half-step, at most; chosen from the shape of X if not given.
        pub inner: Option<usize> = None,
        /// Visit components in a new random order in every half-step (hals only).
        pub shuffle: bool = false,
        /// Extrapolate the factors with restart, where the rule allows it: fewer iterations to the same objective.
        pub extrapolate: bool = true,
        /// Where to start: auto, random, nndsvd, nndsvda, nndsvdar or spa. Given factors take its place.
        pub init: Init = Init::Auto,
        /// Weight of the sum of the entries of W in the objective.
        pub l1_w: f64 = 0.0,
        /// Weight of half the sum of squares of the entries of W in the objective.
        pub l2_w: f64 = 0.0,
        /// Weight of the sum of the entries of H in the objective.
        pub l1_h: f64 = 0.0,
        /// Weight of half the sum of squares of the entries of H in the objective.
        pub l2_h: f64 = 0.0,
        /// Seed of everything random.
        pub seed: u64 = 0,
        /// Fits from so many starts; the one with the lowest objective is kept. The second and later starts are random.
        pub restarts: usize = 1,
        /// Iterations at most; one iteration updates both factors.
        pub max_iter: usize = 2000,
        /// Tolerance T of the stopping rule: a run has converged when the optimality residual is below T, or when the
        /// objective falls by less than T/1000 of itself per iteration with a residual below 5 sqrt(T). 0 runs to the
        /// iteration limit.
        pub tol: f64 = 1e-4,
        /// Seconds at most for the iterations of all restarts together; the best factors so far are kept.
        pub time_limit: Option<f64> = None,
        /// Stop as soon as the relative error is at or below this.
        pub target_error: Option<f64> = None,
        /// Threads; 0 means all processors that this process may use. The result does not depend on it.
        pub threads: usize = 0,
        /// Scale of the result: none (balanced factors), or rows of H scaled to l1, l2 or max norm 1, with W carrying the weight.
        pub normalize: Normalize = Normalize::None,
        /// Solve W for the final H before returning, so that transforming the same data gives the same W.
        pub polish: bool = true,
        /// Raise entries of X below this share of its mean to it; for losses that are infinite at zero (beta <= 0) only.
        pub floor: f64 = 0.0,
        /// Which factor moves first in an iteration: auto (the one with more rows), w or h.
        pub first: First = First::Auto,
        /// Rows handled at a time; chosen from the cache if not given. The result does not depend on it.
        pub block_rows: Option<usize> = None,
        /// Bytes that a fit may take beyond X; refused before any work if it needs more.
        pub memory_limit: Option<u64> = None,
    }
}

impl Spec {
    /// The documentation of a field, as help text.
    pub fn doc(field: &str) -> &'static str {
        Spec::DOCS.iter().find(|(name, _)| *name == field).map_or("", |(_, doc)| doc.trim_start())
    }
}

/// An enumeration with a fixed name per value.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident, $what:literal, { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All values.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// Its name in files and on the command line.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(s: &str) -> Result<$name> {
                $name::ALL.iter().copied().find(|v| v.name() == s).ok_or_else(|| Error::BadParameter {
                    name: $what,
                    value: s.into(),
                    needs: format!(
                        "one of {} is needed",
                        $name::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", ")
                    ),
                })
            }
        }
    };
}

names! {
    /// How the factors move.
    Rule, "rule", {
        /// Chosen from the loss, the density, the shape and the rank.
        Auto = "auto",
        /// Cyclic coordinate descent with several sweeps per product (Cichocki & Phan 2009; Gillis & Glineur 2012).
        Hals = "hals",
        /// Multiplicative updates, for every loss (Lee & Seung 2001; Févotte & Idier 2011).
        Mu = "mu",
        /// Block principal pivoting: exact half-steps (Kim & Park 2011).
        Bpp = "bpp",
        /// Greedy coordinate descent (Hsieh & Dhillon 2011).
        GreedyCd = "gcd",
        /// Nesterov's optimal gradient (Guan et al. 2012).
        Nesterov = "nesterov",
        /// Alternating direction method of multipliers (Huang et al. 2016).
        Admm = "admm",
        /// Sequential coordinate descent for kl (Lin & Boutros 2020).
        Scd = "scd",
        /// Cyclic coordinate descent for kl (Hsieh & Dhillon 2011).
        Ccd = "ccd",
    }
}

names! {
    /// Where a fit starts.
    Init, "init", {
        /// Chosen from the rank, the shape and the rule.
        Auto = "auto",
        /// Uniform random numbers, scaled to X.
        Random = "random",
        /// Non-negative double SVD, zeros kept (Boutsidis & Gallopoulos 2008).
        Nndsvd = "nndsvd",
        /// The same with zeros replaced by a tenth of an average entry.
        NndsvdA = "nndsvda",
        /// The same with zeros replaced by small random numbers.
        NndsvdAr = "nndsvdar",
        /// W from k columns of X found by successive projection (Gillis & Vavasis 2014).
        Spa = "spa",
        /// Both factors given by the caller; see [`Start`](crate::Start). Set by the plan, never asked for.
        Given = "given",
    }
}

names! {
    /// Scale of the result.
    Normalize, "normalize", {
        /// W and H as they are, with balanced components.
        None = "none",
        /// Rows of H sum to 1.
        L1 = "l1",
        /// Rows of H have Euclidean norm 1.
        L2 = "l2",
        /// Rows of H have a largest entry of 1.
        Max = "max",
    }
}

names! {
    /// Which factor moves first in an iteration.
    First, "first", {
        /// The one with more rows; W if both have as many. A fit of the transpose then mirrors the fit.
        Auto = "auto",
        /// W.
        W = "w",
        /// H.
        H = "h",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_json_and_refuses_what_it_does_not_know() {
        let spec =
            Spec { rank: 7, loss: Loss::Beta(1.5), rule: Rule::Mu, time_limit: Some(3.0), ..Spec::default() };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&text).unwrap(), spec);
        assert_eq!(
            serde_json::from_str::<Spec>("{\"rank\": 7}").unwrap(),
            Spec { rank: 7, ..Spec::default() }
        );
        assert!(serde_json::from_str::<Spec>("{\"ranks\": 7}").is_err());
    }

    #[test]
    fn every_field_and_value_is_documented_and_named() {
        assert!(Spec::DOCS.iter().all(|(_, doc)| doc.trim().len() > 10));
        assert!(Spec::doc("tol").contains("optimality"));
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse::<Rule>().unwrap(), *rule);
        }
        let error = "nndsv".parse::<Init>().unwrap_err().to_string();
        assert!(error.contains("nndsvda") && error.contains("spa"), "{error}");
    }
}
