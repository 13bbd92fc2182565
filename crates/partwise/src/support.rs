//! What goes with what: one function decides for each loss, rule and feature, refuses with a reason and an alternative, and
//! is what the table in the documentation is printed from.

use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::names::names;
use crate::penalty::PenaltyKind;
use crate::spec::Rule;

names! {
    /// Something that can be asked of a fit beside its loss and its rule.
    Feature, "feature", {
        /// X with all its entries.
        Dense = "dense",
        /// X without its zeros.
        Sparse = "sparse",
        /// Missing entries: NaN, a mask, only what a sparse X stores.
        Missing = "missing",
        /// Weights of entries, rows or columns; uncertainties.
        Weights = "weights",
        /// Entries that are held out to be predicted.
        HoldOut = "hold-out",
        /// Negative entries of X that count as they are.
        Negatives = "negatives",
        /// The penalty l1.
        L1 = "l1",
        /// The penalty l2.
        L2 = "l2",
        /// The penalty group.
        Group = "group",
        /// The penalty orthogonal.
        Orthogonal = "orthogonal",
        /// The penalty logdet.
        LogDet = "logdet",
        /// The penalty det.
        Det = "det",
        /// The penalty smooth.
        Smooth = "smooth",
        /// The penalty smooth2.
        Smooth2 = "smooth2",
        /// The penalty graph.
        Graph = "graph",
        /// The penalty pull.
        Pull = "pull",
        /// The penalty ard.
        Ard = "ard",
        /// The penalty ard-l1.
        ArdL1 = "ard-l1",
        /// A factor that stays as it is.
        FixedFactor = "fixed-factor",
        /// Components of a factor that stay as they are, beside others that do not.
        FixedComponents = "fixed-components",
        /// Largest or smallest entries of a factor.
        Bounds = "bounds",
        /// Rows of W or columns of H on the simplex.
        Simplex = "simplex",
        /// A factor with entries of both signs (semi-NMF).
        Free = "free",
        /// Components of a given sparseness (Hoyer).
        Sparseness = "sparseness",
        /// The model W S H (nsNMF).
        Smoothing = "smoothing",
        /// Sweeps on a compressed X first.
        Compress = "compress",
    }
}

impl Feature {
    /// The feature that a penalty is.
    pub fn of(kind: PenaltyKind) -> Feature {
        match kind {
            PenaltyKind::L1 => Feature::L1,
            PenaltyKind::L2 => Feature::L2,
            PenaltyKind::Group => Feature::Group,
            PenaltyKind::Orthogonal => Feature::Orthogonal,
            PenaltyKind::LogDet => Feature::LogDet,
            PenaltyKind::Det => Feature::Det,
            PenaltyKind::Smooth => Feature::Smooth,
            PenaltyKind::Smooth2 => Feature::Smooth2,
            PenaltyKind::Graph => Feature::Graph,
            PenaltyKind::Pull => Feature::Pull,
            PenaltyKind::Ard => Feature::Ard,
            PenaltyKind::ArdL1 => Feature::ArdL1,
        }
    }

    /// The penalty that a feature is, if it is one.
    pub fn penalty(self) -> Option<PenaltyKind> {
        PenaltyKind::ALL.iter().copied().find(|&kind| Feature::of(kind) == self)
    }
}

/// Whether something can be, and if not, why and what can be instead.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// It can.
    Yes,
    /// It cannot.
    No {
        /// Why not.
        why: String,
        /// What can be done instead.
        instead: String,
    },
}

impl Cell {
    /// Whether it can be.
    pub fn is_yes(&self) -> bool {
        *self == Cell::Yes
    }

    fn no(why: &str, instead: &str) -> Cell {
        Cell::No { why: why.into(), instead: instead.into() }
    }
}

/// Things that exclude each other, whatever the loss and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Exclusion {
    /// What cannot be asked for at once; `F` stands for W or H.
    pub asked: &'static str,
    /// Why not.
    pub why: &'static str,
    /// What can be done instead.
    pub instead: &'static str,
}

impl Exclusion {
    /// The refusal, for the factor of that name.
    pub(crate) fn refuse(&self, factor: &str) -> Error {
        Error::Unsupported {
            asked: self.asked.replace('F', factor),
            why: self.why.into(),
            instead: self.instead.into(),
        }
    }
}

/// All of them.
pub const EXCLUSIONS: &[Exclusion] = &[
    BOTH_FIXED,
    FIXED_BOUNDED,
    SIMPLEX_ALONE,
    FREE_BOUNDED,
    FREE_LINEAR,
    SPARSENESS_ALONE,
    SPARSENESS_WEIGHTED,
    NORMALIZED_SCALE,
    COMPRESSED_ENTRIES,
];

pub(crate) const BOTH_FIXED: Exclusion = Exclusion {
    asked: "W and H both fixed",
    why: "nothing is left to fit",
    instead: "leave one of them out",
};
pub(crate) const SIMPLEX_ALONE: Exclusion = Exclusion {
    asked: "the simplex with another constraint on F",
    why: "rows on the simplex are solved by projection onto it alone",
    instead: "leave one of them out; entries on the simplex lie between 0 and 1 anyway",
};
pub(crate) const FREE_BOUNDED: Exclusion = Exclusion {
    asked: "bounds on a free F",
    why: "it may have entries of both signs",
    instead: "leave one of them out",
};
pub(crate) const FIXED_BOUNDED: Exclusion = Exclusion {
    asked: "bounds on an F that is fixed as a whole",
    why: "it stays as it is",
    instead: "leave the bounds out",
};
pub(crate) const FREE_LINEAR: Exclusion = Exclusion {
    asked: "the penalty l1, orthogonal or ard-l1 on a free F",
    why: "they fall without end where entries are negative",
    instead: "use the penalty l2, group or ard",
};
pub(crate) const SPARSENESS_ALONE: Exclusion = Exclusion {
    asked: "a given sparseness with another constraint or a penalty by row on F",
    why: "components are projected as a whole",
    instead: "leave one of them out, or use the penalty l1 for zeros",
};
pub(crate) const SPARSENESS_WEIGHTED: Exclusion = Exclusion {
    asked: "a given sparseness of F with weights or missing entries",
    why: "its step is the same for all rows, and rows with weights differ",
    instead: "use the penalty l1 for zeros",
};
pub(crate) const NORMALIZED_SCALE: Exclusion = Exclusion {
    asked: "normalize with smoothing, or with the simplex, bounds, a fixed factor, fixed components of W or the penalty \
            pull",
    why: "they say what the scale of the factors is",
    instead: "leave normalize out (with fixed components of H it can be: the others are normalized)",
};

pub(crate) const COMPRESSED_ENTRIES: Exclusion = Exclusion {
    asked: "compress with a sparse X, weights or missing entries",
    why: "products with few entries cost little, and rows with weights have no product in common",
    instead: "leave it out",
};

/// A line of the table.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Line {
    /// The loss; any beta but 0, 1 and 2 stands for all of them.
    pub loss: Loss,
    /// The rule.
    pub rule: Rule,
    /// One cell for every [`Feature::ALL`].
    pub cells: Vec<Cell>,
}

/// Every loss with every rule that it has, and what goes with them.
pub fn table() -> Vec<Line> {
    let losses = [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito, Loss::Beta(1.5)];
    let rules = Rule::ALL.iter().copied().filter(|&rule| rule != Rule::Auto);
    let pairs = losses.into_iter().flat_map(|loss| rules.clone().map(move |rule| (loss, rule)));
    pairs
        .filter(|&(loss, rule)| pair(loss, rule).is_yes())
        .map(|(loss, rule)| {
            let cells = Feature::ALL.iter().map(|&feature| supports(loss, rule, feature)).collect();
            Line { loss, rule, cells }
        })
        .collect()
}

/// Whether a rule works for a loss.
pub fn pair(loss: Loss, rule: Rule) -> Cell {
    match (loss, rule) {
        (Loss::Frobenius, Rule::Scd | Rule::Ccd) => {
            Cell::no("it solves Kullback-Leibler problems", "use rule hals, or loss kl")
        }
        (Loss::Frobenius, Rule::Newton) => Cell::no(
            "it solves Kullback-Leibler and Itakura-Saito problems",
            "use rule hals, or loss kl or is",
        ),
        (_, Rule::Auto | Rule::Mu)
        | (Loss::Frobenius, _)
        | (Loss::KullbackLeibler, Rule::Scd | Rule::Ccd | Rule::Newton)
        | (Loss::ItakuraSaito, Rule::Newton) => Cell::Yes,
        (Loss::KullbackLeibler, _) => {
            Cell::no("it solves least squares problems", "use rule scd, ccd, newton or mu")
        }
        (Loss::ItakuraSaito, _) => {
            Cell::no("it solves least squares or Kullback-Leibler problems", "use rule newton or mu")
        }
        _ => Cell::no("it solves problems of other losses", "use rule mu"),
    }
}

/// Whether a feature goes with a loss and a rule that go together.
pub fn supports(loss: Loss, rule: Rule, feature: Feature) -> Cell {
    let frobenius = loss == Loss::Frobenius;
    match feature {
        Feature::Sparse if !loss.allows_zeros() => Cell::no(
            "the loss is infinite at zero, and what a sparse X does not store is zero",
            "raise zeros with a floor, or let what is not stored be missing",
        ),
        Feature::Sparse | Feature::Missing | Feature::Weights | Feature::HoldOut if rule == Rule::Newton => {
            let instead = if loss == Loss::ItakuraSaito { "use rule mu" } else { "use rule scd, ccd or mu" };
            Cell::no("its curvatures are products of blocks of dense X without weights", instead)
        }
        Feature::Missing | Feature::Weights | Feature::HoldOut
            if matches!(rule, Rule::Nesterov | Rule::Admm) =>
        {
            Cell::no(
                "its steps are made for a Gram matrix that all rows share, and rows with weights have one each",
                "use rule hals, gcd, bpp or mu",
            )
        }
        Feature::Negatives if !frobenius => Cell::no(
            "the loss is not defined for negative entries",
            "use loss frobenius, or negatives = clip",
        ),
        Feature::Orthogonal if rule == Rule::Newton => Cell::no(
            "with this penalty the problem of a row is not convex, which the rule relies on",
            if loss == Loss::ItakuraSaito { "use rule mu" } else { "use rule scd, ccd or mu" },
        ),
        Feature::Orthogonal if matches!(rule, Rule::Bpp | Rule::Nesterov | Rule::Admm) => Cell::no(
            "with this penalty the problem of a row is not convex, which the rule relies on",
            "use rule hals, gcd or mu",
        ),
        Feature::Smooth | Feature::Smooth2 | Feature::Graph
            if matches!(rule, Rule::Nesterov | Rule::Admm) =>
        {
            Cell::no(
                "its steps are made for a matrix that all rows share, and this penalty gives each row one of its own",
                "use rule hals, gcd, bpp or mu",
            )
        }
        Feature::FixedComponents if matches!(rule, Rule::Bpp | Rule::Admm) => {
            Cell::no("it solves for all components of a row at once", "use rule hals, gcd, nesterov or mu")
        }
        Feature::Bounds if rule == Rule::Bpp => Cell::no(
            "it exchanges components between zero and positive, and knows no other bound",
            "use rule hals, gcd, nesterov, admm or mu",
        ),
        Feature::Simplex if matches!(rule, Rule::Scd | Rule::Ccd | Rule::Newton) => {
            Cell::no("a coordinate cannot move alone where a row has a fixed sum", "use rule mu")
        }
        Feature::Free if !frobenius => {
            Cell::no("the loss is not defined for a negative model", "use loss frobenius")
        }
        Feature::Free if matches!(rule, Rule::Mu | Rule::Bpp) => {
            Cell::no("it relies on all entries being >= 0", "use rule hals, gcd, nesterov or admm")
        }
        Feature::Compress if !frobenius => Cell::no(
            "a compressed X is near X in least squares, and may have negative entries",
            "use loss frobenius, or leave it out",
        ),
        Feature::Sparseness if !frobenius => Cell::no(
            "the projection needs a step along the gradient of least squares",
            "use loss frobenius, or the penalty l1",
        ),
        _ => Cell::Yes,
    }
}

/// Refuses a feature that does not go with a loss and a rule.
pub(crate) fn require(loss: Loss, rule: Rule, feature: Feature) -> Result<()> {
    refuse(format!("{feature} with loss {loss} and rule {rule}"), supports(loss, rule, feature))
}

/// Refuses a rule that does not go with a loss.
pub(crate) fn require_pair(loss: Loss, rule: Rule) -> Result<()> {
    refuse(format!("rule {rule} with loss {loss}"), pair(loss, rule))
}

fn refuse(asked: String, cell: Cell) -> Result<()> {
    match cell {
        Cell::Yes => Ok(()),
        Cell::No { why, instead } => Err(Error::Unsupported { asked, why, instead }),
    }
}
