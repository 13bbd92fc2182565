//! What is asked of each factor beside the loss, put together from the specification, what was given, and the data: penalties
//! with their weights, limits, fixed components; all in the units of the run.

use crate::data::facts::scale_up;
use crate::data::{Facts, Sparse};
use crate::error::{Error, Result};
use crate::evaluate::Judged;
use crate::factor::Factor;
use crate::loss::Loss;
use crate::penalty::ard::Ard;
use crate::penalty::coupling::Coupling;
use crate::penalty::group::Group;
use crate::penalty::orthogonal::Orthogonal;
use crate::penalty::pull::Pull;
use crate::penalty::volume::Volume;
use crate::penalty::{Elastic, Penalty, PenaltyKind, Term, Weight};
use crate::row_terms::Bounds;
use crate::scalar::Scalar;
use crate::side::Asked;
use crate::spec::{Free, Negatives, Simplex, Spec};
use crate::start::Given;
use crate::transform::RowRules;

/// delta of the volume penalties, as a share of what a component of typical entries has in FᵀF.
const DELTA: f64 = 1e-2;
/// The shape a of the prior of automatic relevance determination: Tan & Févotte (2013) find little difference between 5 and
/// 100.
const ARD_SHAPE: f64 = 10.0;

/// Powers of two by which things are divided while a fit runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Units {
    /// X.
    pub(crate) x: i32,
    /// W and H; together they make X.
    pub(crate) w: i32,
    pub(crate) h: i32,
    /// Weights of entries.
    pub(crate) weights: i32,
}

impl Units {
    /// For X of exponent e: half of it for each factor, unless one of them has a scale of its own.
    pub(crate) fn of<T: Scalar>(e: i32, weights: i32, spec: &Spec, given: &Given<T>) -> Units {
        // An even exponent, so that both factors take an exact power of two of it.
        let e = e & !1;
        let e = if e.abs() <= T::COMFORT { 0 } else { e };
        let (w, h) = match (has_scale(spec, given, true), has_scale(spec, given, false)) {
            (true, false) => (0, e),
            (false, true) => (e, 0),
            _ => (e / 2, e / 2),
        };
        Units { x: e, w, h, weights }
    }

    /// What a loss or an objective is multiplied by in the units of X, as a power of two that need not be whole.
    pub(crate) fn objective(self, beta: f64) -> f64 {
        beta * f64::from(self.x) + f64::from(self.weights)
    }

    /// A loss or an objective in the units of X as it was given.
    pub(crate) fn given(self, value: f64, beta: f64) -> f64 {
        if self == Units::default() {
            return value;
        }
        let power = self.objective(beta);
        if power.fract() == 0.0 {
            scale_up(value, power as i32)
        } else {
            value * (0.5 * power).exp2() * (0.5 * power).exp2()
        }
    }
}

/// Whether what is asked of a factor says how large its entries are.
pub(crate) fn has_scale<T: Scalar>(spec: &Spec, given: &Given<T>, w: bool) -> bool {
    let fixed = if w { &given.fixed_w } else { &given.fixed_h };
    is_scaled(spec, w) || fixed.is_some()
}

/// The same of constraints and penalties alone.
pub(crate) fn is_scaled(spec: &Spec, w: bool) -> bool {
    let (simplex, most, least) =
        if w { (spec.simplex_w, spec.max_w, spec.min_w) } else { (spec.simplex_h, spec.max_h, spec.min_h) };
    let pulled =
        spec.penalties.iter().any(|p| p.kind == PenaltyKind::Pull && if w { p.on.w() } else { p.on.h() });
    simplex != Simplex::None || most.is_some() || least > 0.0 || pulled
}

/// How many of the first components of W and H stand where they do, as they are fixed or pulled somewhere.
pub(crate) fn kept_in_place<T: Scalar>(spec: &Spec, given: &Given<T>) -> usize {
    let pulled = |on: bool| {
        spec.penalties.iter().any(|p| p.kind == PenaltyKind::Pull && if on { p.on.w() } else { p.on.h() })
    };
    let rank = |factor: &Option<Factor<T>>| factor.as_ref().map_or(0, Factor::rank);
    let targets = [(true, &given.target_w), (false, &given.target_h)];
    let targets = targets.into_iter().filter(|(on, _)| pulled(*on)).map(|(_, target)| rank(target));
    targets.chain([rank(&given.fixed_w), rank(&given.fixed_h)]).max().unwrap_or(0)
}

/// Puts together what is asked of the factors of one fit.
pub(crate) struct Asks<'a, T: Scalar> {
    pub(crate) spec: &'a Spec,
    /// In the units of the run.
    pub(crate) given: &'a Given<T>,
    /// Of X in the units of the run.
    pub(crate) facts: &'a Facts,
    pub(crate) units: Units,
}

impl<T: Scalar> Asks<'_, T> {
    /// Refuses what was given in a wrong shape, or not given though a penalty needs it.
    pub(crate) fn check(&self) -> Result<()> {
        for w in [true, false] {
            for penalty in self.penalties(w) {
                let side = if w { "W" } else { "H" };
                match penalty.kind {
                    PenaltyKind::Graph => {
                        let graph = self.graph(w).ok_or_else(|| missing(penalty, side, "a graph"))?;
                        Coupling::graph(0.0, graph, self.rows(w), "the graph of the penalty")?;
                    }
                    PenaltyKind::Pull if self.target(w).is_none() => {
                        return Err(missing(penalty, side, "a target factor"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// For the engine, or for the evaluation in double precision.
    pub(crate) fn of<U: Scalar>(&self, w: bool) -> Asked<U> {
        let spec = self.spec;
        let mut elastic = self.elastic(w);
        let mut terms: Vec<Box<dyn Term<U>>> = Vec::new();
        let (rows, rank) = (self.rows(w), spec.rank);
        let entry = self.typical_entry(w);
        let delta = DELTA * rows as f64 * entry * entry;
        for penalty in self.penalties(w) {
            let weight = |trace: f64| self.weight(penalty, w, trace);
            match penalty.kind {
                PenaltyKind::L1 => elastic.l1 += weight(0.0),
                PenaltyKind::L2 => elastic.l2 += weight(0.0),
                PenaltyKind::Group => terms.push(Box::new(Group { weight: weight(0.0) })),
                PenaltyKind::Orthogonal => terms.push(Box::new(Orthogonal { weight: weight(0.0) })),
                PenaltyKind::LogDet => terms.push(Box::new(Volume::log_det(weight(0.0), delta, rank))),
                PenaltyKind::Det => terms.push(Box::new(Volume::det(weight(0.0), delta, rank))),
                PenaltyKind::Smooth => {
                    let trace = Coupling::smooth(0.0, rows).trace();
                    terms.push(Box::new(Coupling::smooth(weight(trace), rows)));
                }
                PenaltyKind::Smooth2 => {
                    let trace = Coupling::smooth2(0.0, rows).trace();
                    terms.push(Box::new(Coupling::smooth2(weight(trace), rows)));
                }
                PenaltyKind::Graph => {
                    let made = |weight: f64| {
                        self.graph(w).and_then(|g| Coupling::graph(weight, g, rows, "the graph").ok())
                    };
                    if let Some(trace) = made(0.0).map(|plain| plain.trace())
                        && let Some(term) = made(weight(trace))
                    {
                        terms.push(Box::new(term));
                    }
                }
                PenaltyKind::Pull => {
                    if let Some(target) = self.target(w) {
                        terms.push(Box::new(Pull::new(weight(0.0), converted(target))));
                    }
                }
                // It belongs to both factors: see `joint`.
                PenaltyKind::Ard | PenaltyKind::ArdL1 => {}
            }
        }
        let fixed = if w { &self.given.fixed_w } else { &self.given.fixed_h };
        let count = fixed.as_ref().map_or(0, Factor::rank);
        let sparse = if w { spec.sparseness_w } else { spec.sparseness_h };
        Asked { elastic, terms, bounds: self.bounds(w, count), fixed: count == rank, sparse }
    }

    /// What the evaluation judges.
    pub(crate) fn judged(&self) -> Judged {
        Judged { asked: (self.of(true), self.of(false)), joint: self.joint(), smoothing: self.spec.smoothing }
    }

    /// What holds for a row of W by itself, in the units of X as it was given.
    pub(crate) fn row_rules(&self, asked: &Asked<T>) -> RowRules {
        let spec = self.spec;
        let (objective, unit) = (self.units.objective(spec.loss.beta()), f64::from(self.units.w));
        RowRules {
            penalty: asked.elastic.in_units_of(-objective, -unit),
            overlap: match self.overlap() {
                // Without one, no unit is too large for it.
                0.0 => 0.0,
                overlap => overlap * (objective - 2.0 * unit).exp2(),
            },
            simplex: spec.simplex_w,
            min: spec.min_w,
            max: spec.max_w,
            free: spec.free == Free::W,
            smoothing: spec.smoothing,
            // A factor of both signs means an X of both.
            negatives: if spec.free == Free::None { spec.negatives } else { Negatives::Keep },
            left_out: self.of_these_rows_only(),
        }
    }

    /// What is asked of W as a whole, or of the rows of X that it was fitted to.
    fn of_these_rows_only(&self) -> Vec<String> {
        let spec = self.spec;
        let by_row = [PenaltyKind::L1, PenaltyKind::L2, PenaltyKind::Orthogonal];
        let tied = |p: &&Penalty| p.on.w() && p.weight.number() > 0.0 && !by_row.contains(&p.kind);
        let penalties = spec.penalties.iter().filter(tied).map(|p| format!("penalty {p}"));
        let sparse = spec.sparseness_w.map(|s| format!("sparseness_w {s}"));
        let fixed = self.given.fixed_w.is_some().then(|| "fixed components of W".to_string());
        penalties.chain(sparse).chain(fixed).collect()
    }

    /// The weight of the overlap of components of W.
    pub(crate) fn overlap(&self) -> f64 {
        let overlap = self.penalties(true).filter(|p| p.kind == PenaltyKind::Orthogonal);
        // Not `sum`, which makes -0.0 of nothing.
        overlap.map(|p| self.weight(p, true, 0.0)).fold(0.0, |all, weight| all + weight)
    }

    /// Penalties that belong to both factors.
    pub(crate) fn joint(&self) -> Option<Ard> {
        let ard = |p: &&Penalty| matches!(p.kind, PenaltyKind::Ard | PenaltyKind::ArdL1);
        let penalty = self.spec.penalties.iter().find(ard)?;
        let (facts, l1) = (self.facts, penalty.kind == PenaltyKind::ArdL1);
        let beta = self.spec.loss.beta();
        let weight = match penalty.weight {
            // The noise of an entry: its variance for Frobenius, in units of the size of an entry else.
            Weight::Relative(share) => {
                let halves = if self.spec.loss == Loss::Frobenius { 2.0 } else { 1.0 };
                share * halves * self.size_of_data() / (facts.observed as f64).max(1.0)
            }
            Weight::Absolute(weight) => weight * (-self.units.objective(beta)).exp2(),
        };
        let mean = facts.typical();
        (weight > 0.0 && mean > 0.0)
            .then(|| Ard::new(weight, l1, facts.rows, facts.cols, self.spec.rank, mean, ARD_SHAPE))
    }

    /// The elastic net that the options of their own name ask for.
    fn elastic(&self, w: bool) -> Elastic {
        let (of_w, of_h) = self.spec.penalties();
        let (elastic, unit) = if w { (of_w, self.units.w) } else { (of_h, self.units.h) };
        elastic.in_units_of(self.units.objective(self.spec.loss.beta()), f64::from(unit))
    }

    fn penalties(&self, w: bool) -> impl Iterator<Item = &Penalty> {
        self.spec.penalties.iter().filter(move |p| if w { p.on.w() } else { p.on.h() })
    }

    /// The number that multiplies a penalty's term.
    fn weight(&self, penalty: &Penalty, w: bool, trace: f64) -> f64 {
        match penalty.weight {
            Weight::Absolute(weight) => {
                let unit = f64::from(if w { self.units.w } else { self.units.h });
                let power = f64::from(penalty.kind.degree()) * unit;
                weight * (power - self.units.objective(self.spec.loss.beta())).exp2()
            }
            relative @ Weight::Relative(_) => {
                let typical =
                    penalty.kind.typical(self.rows(w), self.spec.rank, self.typical_entry(w), trace);
                relative.absolute(self.size_of_data(), typical)
            }
        }
    }

    /// The size that relative weights are shares of.
    fn size_of_data(&self) -> f64 {
        let facts = self.facts;
        match self.spec.loss {
            Loss::Frobenius => 0.5 * scale_up(facts.sum_squares, 2 * facts.exponent),
            loss => facts.total_weight * facts.mean.powf(loss.beta()),
        }
    }

    /// The size that entries of a factor have if WH is of the size of X.
    pub(crate) fn typical_entry(&self, w: bool) -> f64 {
        let product = self.facts.typical() / self.spec.rank as f64;
        match (self.own_scale(w), self.own_scale(!w)) {
            (Some(own), _) => own,
            (None, Some(other)) => product / other,
            (None, None) => product.sqrt(),
        }
    }

    /// The size of the entries of a factor, if something says what it is.
    fn own_scale(&self, w: bool) -> Option<f64> {
        let bounds: Bounds<f64> = self.bounds(w, 0);
        let root_mean_square = |factor: &Factor<T>| {
            let squares: f64 = factor.column_norms().iter().map(|n| n * n).sum();
            (squares / (factor.rows() * factor.rank()).max(1) as f64).sqrt()
        };
        let fixed = if w { &self.given.fixed_w } else { &self.given.fixed_h };
        let pulled = self.penalties(w).any(|p| p.kind == PenaltyKind::Pull);
        let size = if let Some((total, _)) = bounds.simplex {
            total / self.spec.rank as f64
        } else if let Some(fixed) = fixed {
            root_mean_square(fixed)
        } else if let Some(target) = self.target(w).filter(|_| pulled) {
            root_mean_square(target)
        } else if bounds.upper.is_finite() {
            0.5 * bounds.upper
        } else if bounds.lower > 0.0 {
            2.0 * bounds.lower
        } else {
            0.0
        };
        (size > 0.0).then_some(size)
    }

    fn bounds<U: Scalar>(&self, w: bool, frozen: usize) -> Bounds<U> {
        let (spec, units) = (self.spec, self.units);
        let (simplex, least, most, free, unit) = if w {
            (spec.simplex_w, spec.min_w, spec.max_w, spec.free == Free::W, units.w)
        } else {
            (spec.simplex_h, spec.min_h, spec.max_h, spec.free == Free::H, units.h)
        };
        let number = |x: f64| U::from_f64(scale_up(x, -unit));
        let total = scale_up(1.0, -unit);
        Bounds {
            lower: if free { -U::INFINITY } else { number(least) },
            upper: most.map_or(U::INFINITY, number),
            frozen: if frozen == 0 { Vec::new() } else { (0..spec.rank).map(|c| c < frozen).collect() },
            simplex: match simplex {
                Simplex::None => None,
                Simplex::Exact => Some((total, false)),
                Simplex::AtMost => Some((total, true)),
            },
        }
    }

    fn rows(&self, w: bool) -> usize {
        if w { self.facts.rows } else { self.facts.cols }
    }

    fn graph(&self, w: bool) -> Option<&Sparse<T>> {
        if w { self.given.graph_w.as_ref() } else { self.given.graph_h.as_ref() }
    }

    fn target(&self, w: bool) -> Option<&Factor<T>> {
        if w { self.given.target_w.as_ref() } else { self.given.target_h.as_ref() }
    }
}

fn missing(penalty: &Penalty, side: &str, what: &str) -> Error {
    Error::BadParameter {
        name: "penalty",
        value: penalty.to_string(),
        needs: format!("{what} for {side} is needed for it, and was not given"),
    }
}

fn converted<T: Scalar, U: Scalar>(factor: &Factor<T>) -> Factor<U> {
    let mut out = Factor::zeros(factor.rows(), factor.rank());
    for i in 0..factor.rows() {
        out.row_mut(i).iter_mut().zip(factor.row(i)).for_each(|(to, x)| *to = U::from_f64(x.to_f64()));
    }
    out
}
