//! What penalties, constraints and weights demand: of their values, of each other, of the rule, of the data.

use crate::asked::is_scaled;
use crate::data::Facts;
use crate::error::{Error, Result};
use crate::penalty::{Factors, Penalty, PenaltyKind, Weight};
use crate::scalar::Scalar;
use crate::spec::{Compress, Free, Negatives, Normalize, Rule, Simplex, Spec, Unseen};
use crate::start::Given;
use crate::support::{self, Feature, require};

/// The relative weight of the l2 that keeps the scale of a factor whose partner is penalised, at most.
const KEEP_SCALE: f64 = 0.01;

/// Refuses values outside their range.
pub(super) fn check_values(spec: &Spec) -> Result<()> {
    let bad = |name, value: f64, needs: &str| {
        Err(Error::BadParameter { name, value: value.to_string(), needs: needs.into() })
    };
    for penalty in &spec.penalties {
        penalty.check()?;
    }
    let ard = |p: &&Penalty| matches!(p.kind, PenaltyKind::Ard | PenaltyKind::ArdL1);
    if let Some(penalty) = spec.penalties.iter().find(|p| ard(p) && p.on != Factors::Both) {
        return Err(Error::BadParameter {
            name: "penalty",
            value: penalty.to_string(),
            needs: format!("it ties both factors together: {}:wh:VALUE is needed", penalty.kind),
        });
    }
    if spec.penalties.iter().filter(ard).count() > 1 {
        return Err(Error::BadParameter {
            name: "penalty",
            value: "ard".into(),
            needs: "one of ard and ard-l1 is needed, once".into(),
        });
    }
    for (least, most, least_name, most_name) in
        [(spec.min_w, spec.max_w, "min_w", "max_w"), (spec.min_h, spec.max_h, "min_h", "max_h")]
    {
        if !(least >= 0.0 && least.is_finite()) {
            return bad(least_name, least, "a finite number >= 0 is needed");
        }
        if let Some(most) = most.filter(|&most| !(most > least && most.is_finite())) {
            return bad(most_name, most, "a finite number above the smallest entry is needed");
        }
    }
    for (name, value) in [("sparseness_w", spec.sparseness_w), ("sparseness_h", spec.sparseness_h)] {
        if let Some(value) = value.filter(|&s| !(0.0..1.0).contains(&s)) {
            return bad(name, value, "a number >= 0 and below 1 is needed");
        }
    }
    if !(0.0..1.0).contains(&spec.smoothing) {
        return bad("smoothing", spec.smoothing, "a number >= 0 and below 1 is needed");
    }
    Ok(())
}

/// Refuses combinations that cannot be. The rule has been chosen; what is not known yet is not asked.
pub(super) fn check<T: Scalar>(spec: &Spec, facts: Option<&Facts>, given: &Given<T>) -> Result<()> {
    for feature in features(spec, facts, given) {
        require(spec.loss, spec.rule, feature)?;
    }
    for w in [true, false] {
        check_side(spec, facts, given, w)?;
    }
    if spec.compress == Compress::Yes && facts.is_some_and(|facts| facts.sparse || facts.weighted) {
        return Err(support::COMPRESSED_ENTRIES.refuse(""));
    }
    if is_whole(&given.fixed_w, spec) && is_whole(&given.fixed_h, spec) {
        return Err(support::BOTH_FIXED.refuse(""));
    }
    if spec.normalize != Normalize::None {
        // Components of H that are fixed stay as they are, beside others that are normalised.
        let fixed = given.fixed_w.is_some() || is_whole(&given.fixed_h, spec);
        if fixed || is_scaled(spec, true) || is_scaled(spec, false) || spec.smoothing > 0.0 {
            return Err(support::NORMALIZED_SCALE.refuse("F"));
        }
    }
    Ok(())
}

/// Constraints on one factor that exclude each other.
fn check_side<T: Scalar>(spec: &Spec, facts: Option<&Facts>, given: &Given<T>, w: bool) -> Result<()> {
    let (name, simplex, least, most, sparse, free, fixed) = if w {
        let free = spec.free == Free::W;
        ("W", spec.simplex_w, spec.min_w, spec.max_w, spec.sparseness_w, free, &given.fixed_w)
    } else {
        let free = spec.free == Free::H;
        ("H", spec.simplex_h, spec.min_h, spec.max_h, spec.sparseness_h, free, &given.fixed_h)
    };
    let bounded = least > 0.0 || most.is_some();
    let others = bounded || free || fixed.is_some();
    if simplex != Simplex::None && (others || sparse.is_some()) {
        return Err(support::SIMPLEX_ALONE.refuse(name));
    }
    if free && bounded {
        return Err(support::FREE_BOUNDED.refuse(name));
    }
    let linear = [PenaltyKind::L1, PenaltyKind::Orthogonal, PenaltyKind::ArdL1];
    let l1 = if w { spec.l1_w } else { spec.l1_h };
    let is_linear = |p: &Penalty| on(p, w) && linear.contains(&p.kind) && p.weight.number() > 0.0;
    if free && (l1 > 0.0 || spec.penalties.iter().any(is_linear)) {
        return Err(support::FREE_LINEAR.refuse(name));
    }
    if bounded && is_whole(fixed, spec) {
        return Err(support::FIXED_BOUNDED.refuse(name));
    }
    if sparse.is_some() {
        let by_row = spec.penalties.iter().any(|p| is_by_row(p.kind) && on(p, w));
        if others || by_row {
            return Err(support::SPARSENESS_ALONE.refuse(name));
        }
        if facts.is_some_and(|facts| facts.weighted) {
            return Err(support::SPARSENESS_WEIGHTED.refuse(name));
        }
    }
    Ok(())
}

/// What is asked beside loss and rule.
fn features<T: Scalar>(spec: &Spec, facts: Option<&Facts>, given: &Given<T>) -> Vec<Feature> {
    let mut out: Vec<Feature> = spec.penalties.iter().map(|p| Feature::of(p.kind)).collect();
    let mut add = |asked: bool, feature| {
        if asked {
            out.push(feature);
        }
    };
    // Weights of one are a mask.
    let weighted =
        facts.filter(|facts| facts.weighted).map(|facts| facts.total_weight == facts.observed as f64);
    // What other rules cannot do with sparse X, the loss cannot: that is for `check_data` to say.
    add(spec.rule == Rule::Newton && facts.is_some_and(|facts| facts.sparse), Feature::Sparse);
    add(weighted == Some(true), Feature::Missing);
    add(weighted == Some(false), Feature::Weights);
    let negative = facts.is_none_or(|facts| facts.negative.count > 0);
    add(spec.negatives == Negatives::Keep && negative, Feature::Negatives);
    add(spec.simplex_w != Simplex::None || spec.simplex_h != Simplex::None, Feature::Simplex);
    add(
        spec.max_w.is_some() || spec.max_h.is_some() || spec.min_w > 0.0 || spec.min_h > 0.0,
        Feature::Bounds,
    );
    add(spec.free != Free::None, Feature::Free);
    add(spec.sparseness_w.is_some() || spec.sparseness_h.is_some(), Feature::Sparseness);
    add(spec.smoothing > 0.0, Feature::Smoothing);
    add(spec.compress == Compress::Yes, Feature::Compress);
    for fixed in [&given.fixed_w, &given.fixed_h] {
        let whole = is_whole(fixed, spec);
        add(whole, Feature::FixedFactor);
        add(fixed.is_some() && !whole, Feature::FixedComponents);
    }
    out
}

/// Whether nothing is asked beside loss and rule, and nothing given to start from.
pub(super) fn is_plain<T: Scalar>(spec: &Spec, facts: &Facts, given: &Given<T>) -> bool {
    let starts = given.w.is_some() || given.h.is_some();
    !starts && !spec.is_penalised() && features(spec, Some(facts), given).is_empty()
}

fn is_whole<T: Scalar>(fixed: &Option<crate::Factor<T>>, spec: &Spec) -> bool {
    fixed.as_ref().is_some_and(|fixed| fixed.rank() == spec.rank)
}

/// Whether a factor stays as it is.
pub(super) fn is_fixed<T: Scalar>(spec: &Spec, given: &Given<T>) -> bool {
    is_whole(&given.fixed_w, spec) || is_whole(&given.fixed_h, spec)
}

fn on(penalty: &Penalty, w: bool) -> bool {
    if w { penalty.on.w() } else { penalty.on.h() }
}

/// Penalties that tie rows to each other or to something given, and so say what becomes of rows without data.
pub(crate) fn is_by_row(kind: PenaltyKind) -> bool {
    matches!(kind, PenaltyKind::Smooth | PenaltyKind::Smooth2 | PenaltyKind::Graph | PenaltyKind::Pull)
}

/// Whether constraints keep rows of a factor from being zero.
pub(crate) fn keeps_rows_up(spec: &Spec, w: bool) -> bool {
    if w {
        spec.simplex_w == Simplex::Exact || spec.min_w > 0.0
    } else {
        spec.simplex_h == Simplex::Exact || spec.min_h > 0.0
    }
}

/// Whether there are penalties beside the elastic net.
pub(super) fn has_terms(spec: &Spec) -> bool {
    spec.penalties.iter().any(|p| !matches!(p.kind, PenaltyKind::L1 | PenaltyKind::L2))
}

/// Whether no component of a factor can shrink to nothing.
fn stays_large<T: Scalar>(spec: &Spec, given: &Given<T>, w: bool) -> bool {
    let (simplex, least) = if w { (spec.simplex_w, spec.min_w) } else { (spec.simplex_h, spec.min_h) };
    simplex == Simplex::Exact || least > 0.0 || is_held(spec, given, w)
}

/// Whether no component of a factor can grow without end.
fn stays_small<T: Scalar>(spec: &Spec, given: &Given<T>, w: bool) -> bool {
    let (simplex, most) = if w { (spec.simplex_w, spec.max_w) } else { (spec.simplex_h, spec.max_h) };
    simplex != Simplex::None || most.is_some() || is_held(spec, given, w)
}

/// Whether all components of a factor are fixed or pulled somewhere.
fn is_held<T: Scalar>(spec: &Spec, given: &Given<T>, w: bool) -> bool {
    let (fixed, target) =
        if w { (&given.fixed_w, &given.target_w) } else { (&given.fixed_h, &given.target_h) };
    let pulled =
        spec.penalties.iter().any(|p| p.kind == PenaltyKind::Pull && on(p, w) && p.weight.number() > 0.0);
    is_whole(fixed, spec) || (pulled && is_whole(target, spec))
}

/// Gives a factor a scale where a penalty on the other one would be answered by making that one small.
pub(super) fn settle<T: Scalar>(spec: &mut Spec, given: &Given<T>, notes: &mut Vec<String>) {
    for w in [true, false] {
        let (name, other, other_side, code) =
            if w { ("W", "H", Factors::H, "h") } else { ("H", "W", Factors::W, "w") };
        let (l1, l2) = if w { (spec.l1_h, spec.l2_h) } else { (spec.l1_w, spec.l2_w) };
        let anchored = stays_large(spec, given, w) || stays_small(spec, given, !w);
        // A pull of some components leaves the others alone.
        let of_all = |p: &Penalty| p.kind != PenaltyKind::Pull;
        let other_penalised = l1 > 0.0 || l2 > 0.0 || spec.penalties.iter().any(|p| on(p, !w) && of_all(p));
        if anchored || other_penalised {
            continue;
        }
        let needs = |p: &&Penalty| on(p, w) && p.weight.number() > 0.0;
        let Some(penalty) = spec.penalties.iter().find(needs).copied() else { continue };
        let share = match penalty.weight {
            Weight::Relative(share) => share.min(KEEP_SCALE),
            Weight::Absolute(_) => KEEP_SCALE,
        };
        // A term that is zero for some factors of any size leaves the scale to the other term alone.
        let vanishes = matches!(
            penalty.kind,
            PenaltyKind::Orthogonal | PenaltyKind::Smooth | PenaltyKind::Smooth2 | PenaltyKind::Graph
        );
        let side = if vanishes { Factors::Both } else { other_side };
        let added = Penalty::new(PenaltyKind::L2, side, share);
        notes.push(format!(
            "penalty {added}: {} on {name} alone would be answered by a small {name} and a large {other}; to say otherwise, \
             penalise or constrain {other}, for example with simplex {code}",
            penalty.kind
        ));
        spec.penalties.push(added);
    }
}

/// Says what becomes of rows and columns that nothing is known of.
pub(super) fn data_notes(spec: &Spec, facts: &Facts, notes: &mut Vec<String>) {
    if !facts.weighted {
        return;
    }
    for (lines, what, factor) in [(facts.unseen_rows, "row", "W"), (facts.unseen_cols, "column", "H")] {
        let tied = spec.penalties.iter().any(|p| is_by_row(p.kind) && on(p, what == "row"));
        let held = keeps_rows_up(spec, what == "row");
        if lines.count > 0 {
            let one = lines.count == 1;
            let (s, have, are, them) =
                if one { ("", "has", "is", "it") } else { ("s", "have", "are", "them") };
            let become_ = match (tied, held) {
                (true, _) => format!("what penalties make {them}"),
                (false, true) => format!("what constraints make {them}"),
                (false, false) => "zero".into(),
            };
            notes.push(format!(
                "{} {what}{s} of X {have} no observed entry; the {what}{s} of {factor} {are} {become_}",
                lines.count
            ));
        }
    }
}

/// See [`Spec::check_data`].
pub(super) fn check_data(spec: &Spec, facts: &Facts) -> Result<()> {
    let negatives = spec.negatives != Negatives::Refuse || spec.free != Free::None;
    facts.check_entries(spec.loss, spec.floor > 0.0, negatives)?;
    if facts.observed == 0 {
        return Err(Error::Unsupported {
            asked: "a fit of X of which no entry counts".into(),
            why: "all are missing, masked, held out or of weight 0".into(),
            instead: "look at what says so".into(),
        });
    }
    for (line, unseen) in [("row", facts.unseen_rows), ("column", facts.unseen_cols)] {
        let tied = spec
            .penalties
            .iter()
            .any(|p| is_by_row(p.kind) && on(p, line == "row") && p.weight.number() > 0.0);
        if let (Some(first), false, Unseen::Error) = (unseen.first, tied, spec.unseen) {
            return Err(Error::Unseen { line, count: unseen.count, first });
        }
    }
    Ok(())
}
