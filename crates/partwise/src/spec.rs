//! What is asked for: plain data, the same from Rust, the command line and Python.
//!
//! The documentation of a field here is the help text of its option everywhere ([`Spec::doc`]).

use crate::loss::Loss;
use crate::names::names;
use crate::penalty::Penalty;
use serde::{Deserialize, Serialize};

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
        /// How the factors move: auto, hals, mu, bpp, gcd, nesterov, admm (frobenius); mu,
        /// newton, scd, ccd (kl); mu, newton (is); mu (other losses).
        pub rule: Rule = Rule::Auto,
        /// Sweeps of the rule within a half-step, at most; chosen from the shape of X if not given.
        pub inner: Option<usize> = None,
        /// Visit components in a new random order in every half-step (hals only).
        pub shuffle: bool = false,
        /// Extrapolate the factors with restart, where the rule allows it: fewer iterations to the same objective.
        pub extrapolate: bool = true,
        /// Sweep on a compressed X first, and only then on X itself, until the usual rule ends the run: auto, yes or no
        /// (frobenius, dense X without weights only).
        pub compress: Compress = Compress::Auto,
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
        /// Terms that are added to the loss, each NAME:SIDE:VALUE. NAME is l1, l2, group, orthogonal, logdet, det, smooth,
        /// smooth2, graph, pull, ard or ard-l1; SIDE is w, h or wh; VALUE is relative to the data, or =VALUE as it stands.
        pub penalties: Vec<Penalty> = Vec::new(),
        /// Rows of W on the simplex: none, exact (each sums to 1), or at-most (to 1 or less).
        pub simplex_w: Simplex = Simplex::None,
        /// Columns of H on the simplex: none, exact (each sums to 1), or at-most (to 1 or less).
        pub simplex_h: Simplex = Simplex::None,
        /// Smallest entry that W may have.
        pub min_w: f64 = 0.0,
        /// Smallest entry that H may have.
        pub min_h: f64 = 0.0,
        /// Largest entry that W may have.
        pub max_w: Option<f64> = None,
        /// Largest entry that H may have.
        pub max_h: Option<f64> = None,
        /// Let one factor have entries of both signs: none, w or h (semi-NMF).
        pub free: Free = Free::None,
        /// Sparseness that every component of W has, between 0 and 1 (Hoyer 2004).
        pub sparseness_w: Option<f64> = None,
        /// Sparseness that every component of H has, between 0 and 1 (Hoyer 2004).
        pub sparseness_h: Option<f64> = None,
        /// Model X by W S H with S = (1 - T) I + T/k, which makes W and H sparse (nsNMF, Pascual-Montano 2006); 0 <= T < 1.
        pub smoothing: f64 = 0.0,
        /// What becomes of rows and columns of X without an observed entry: error, or zeros in the factors.
        pub unseen: Unseen = Unseen::Error,
        /// What becomes of negative entries of X: refuse, clip to 0, or keep (frobenius only; noise around 0, nearly-NMF).
        pub negatives: Negatives = Negatives::Refuse,
        /// Seed of everything random.
        pub seed: u64 = 0,
        /// Fits from so many starts; the one with the lowest objective is kept. The second and later starts are random.
        /// Where X is small, each thread has a start of its own.
        pub restarts: usize = 1,
        /// Iterations at most; one iteration updates both factors.
        pub max_iter: usize = 2000,
        /// Tolerance T of the stopping rule: a run has converged when the optimality residual is at most T and an iteration
        /// gains less than 1e-4 of the objective, so that a nearly exact fit goes on; or when the objective falls by less
        /// than T/1000 of itself per iteration with a residual below 5 sqrt(T). 0 runs to the iteration limit.
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
        /// Newton steps on whole rows for kl and is, dense X (Kim, Carbonetto, Stephens & Anitescu 2020).
        Newton = "newton",
    }
}

names! {
    /// Whether a fit sweeps on a compressed X before it sweeps on X itself.
    Compress, "compress", {
        /// Where that is known to pay.
        Auto = "auto",
        /// It does.
        Yes = "yes",
        /// It does not.
        No = "no",
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
        /// The same with zeros replaced by a tenth of an average entry, or by a whole one for rule mu.
        NndsvdA = "nndsvda",
        /// The same with zeros replaced by small random numbers.
        NndsvdAr = "nndsvdar",
        /// W from k columns of X found by successive projection (Gillis & Vavasis 2014).
        Spa = "spa",
        /// Both factors given by the caller; see [`Given`](crate::Given). Set by the plan, never asked for.
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
    /// Whether rows of a factor lie on the simplex.
    Simplex, "simplex", {
        /// They do not.
        None = "none",
        /// Every row of W, or column of H, sums to 1.
        Exact = "exact",
        /// Every row of W, or column of H, sums to 1 or less.
        AtMost = "at-most",
    }
}

names! {
    /// Which factor may have entries of both signs.
    Free, "free", {
        /// Neither.
        None = "none",
        /// W.
        W = "w",
        /// H.
        H = "h",
    }
}

names! {
    /// What becomes of rows and columns of X without an observed entry.
    Unseen, "unseen", {
        /// They are refused.
        Error = "error",
        /// They get zeros in the factors.
        Zeros = "zeros",
    }
}

names! {
    /// What becomes of negative entries of X.
    Negatives, "negatives", {
        /// They are refused.
        Refuse = "refuse",
        /// They count as 0.
        Clip = "clip",
        /// They count as they are; W and H are non-negative all the same.
        Keep = "keep",
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
            assert_eq!(rule.name().to_uppercase().parse::<Rule>().unwrap(), *rule);
        }
        let error = "nndsv".parse::<Init>().unwrap_err().to_string();
        assert!(error.contains("nndsvda") && error.contains("spa"), "{error}");
    }
}
