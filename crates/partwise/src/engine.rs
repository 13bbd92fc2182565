//! The sweep: both half-steps, one after the other, with extrapolation around them.
//!
//! A half-step walks over the rows of its factor in blocks. For each block it forms what the rule needs of the data,
//! lets the rule move the rows, and moves on; the other factor stays as it is. Updating H is updating W on the transpose
//! of X, so there is one half-step, applied to both sides. `first` is the side that moves first (the longer one, unless
//! the plan says otherwise).
//!
//! Three families of rules differ in what they need of the data:
//! * quadratic (Frobenius): the block's rows of `X H` and the shared Gram matrix;
//! * ratio (multiplicative updates for other losses): the two sums of the gradient;
//! * rows (Kullback-Leibler coordinate descent): the entries of each row.
//!
//! With dense X and a quadratic rule the second side's cross product is added up while the first side walks over X, so
//! that a sweep reads X once.
//!
//! Nothing is allocated here after construction.

use crate::data::{Facts, Matrix};
use crate::evaluate::Reference;
use crate::extrapolate::{Extrapolate, Momentum, push_within};
use crate::factor::Factor;
use crate::init::rsvd::LowRank;
use crate::kernels::curvature::pairs;
use crate::kernels::gram::{inner, tree_sum};
use crate::kernels::kl_newton::Effort;
use crate::loss::Loss;
use crate::penalised::Joint;
use crate::penalty::ard::Ard;
use crate::projection::Projection;
use crate::rules::QuadraticRule;
use crate::rules::mu::MuBeta;
use crate::rules::newton::Newton;
use crate::scalar::Scalar;
use crate::side::{Asked, Side, TERMS};
use crate::walk::newton::Far;
use crate::walk::{Fused, Method, Spent, Walk, low_sides, sides};

/// Extrapolated entries keep this share of their iterate where the loss may be infinite at zero.
const LEAST_SHARE: f64 = 1e-3;
/// A row of W is solved by multiplicative updates once one moves it by less than this share.
const SETTLED: f64 = 1e-8;
/// With an objective of so many times its rounding, momentum would feed on noise.
const CLEAR: f64 = 1e3;

/// What the engine is built from.
pub(crate) struct Setup<T: Scalar> {
    pub(crate) loss: Loss,
    pub(crate) floor: f64,
    pub(crate) method: Method<T>,
    pub(crate) extrapolate: Extrapolate,
    /// Whether the first side is H.
    pub(crate) h_first: bool,
    /// Penalties and limits of W and of H.
    pub(crate) asked: (Asked<T>, Asked<T>),
    /// A penalty that belongs to both.
    pub(crate) joint: Option<Ard>,
    /// The share by which rows are mixed with their mean before they meet the other factor (nsNMF).
    pub(crate) smoothing: f64,
    /// Rows of a block, if not chosen here.
    pub(crate) block_rows: Option<usize>,
    pub(crate) threads: usize,
}

/// How W is solved for the final H.
pub(crate) enum Polish<T> {
    Quadratic(Box<dyn QuadraticRule<T>>),
    Rows(Effort<T>),
    Newton(Newton<T>, Far, Effort<T>),
    Ratio(MuBeta),
}

/// A fit under way.
pub(crate) struct Engine<'x, T: Scalar> {
    first: Side<T>,
    second: Side<T>,
    walk: Walk<'x, T>,
    method: Method<T>,
    extrapolate: Extrapolate,
    momentum: Momentum,
    reference: Reference,
    loss: Loss,
    h_first: bool,
    /// The share of their iterate that extrapolated entries keep.
    least: f64,
    /// Differences of the objective below this are rounding.
    noise: f64,
    /// The second side's sums over the first side's rows: one per chunk, then added up in the first.
    fused: Option<Fused<T>>,
    joint: Option<Joint>,
    /// The best pair so far and its objective, for rules that may rise.
    best: Option<(Factor<T>, Factor<T>, f64)>,
}

impl<'x, T: Scalar> Engine<'x, T> {
    /// For X in comfortable range, with W of `(m, k)` and H of `(n, k)` to start from. What stands for dense X under a
    /// quadratic rule, if `low` is given, is that; objectives then have the square of X all the same.
    pub(crate) fn new(
        x: &'x Matrix<'_, T>,
        low: Option<&'x LowRank<T>>,
        facts: &Facts,
        reference: Reference,
        setup: Setup<T>,
        w: Factor<T>,
        h: Factor<T>,
    ) -> Engine<'x, T> {
        let Setup { loss, floor, method, extrapolate, h_first, asked, joint, smoothing, block_rows, threads } =
            setup;
        let wants = method.wants(x);
        let rank = w.rank();
        let states = method.states();
        let ((a, b), asked) =
            if h_first { ((h, w), (asked.1, asked.0)) } else { ((w, h), (asked.0, asked.1)) };
        let mut first = Side::new(a, asked.0, wants, states.0, joint.is_some());
        let mut second = Side::new(b, asked.1, wants, states.1, joint.is_some());
        first.smooth(smoothing);
        if matches!(method, Method::Newton(..)) {
            first.keep_curvatures(pairs(rank));
            second.keep_curvatures(pairs(rank));
        }
        second.smooth(smoothing);
        if extrapolate != Extrapolate::Neither {
            first.backup = Some(first.factor.clone());
            second.previous = Some(second.factor.clone());
        }
        if extrapolate == Extrapolate::Both {
            first.previous = Some(first.factor.clone());
        }
        let rises = matches!(&method, Method::Quadratic(a, b) if !(a.descends() && b.descends()));
        let best = rises.then(|| (first.factor.clone(), second.factor.clone(), f64::INFINITY));

        let views = match low {
            None => sides(x, h_first),
            Some(low) => {
                for (side, data) in [(&mut first, low.side(h_first)), (&mut second, low.side(!h_first))] {
                    side.projection = Some(Projection::new(data.rows(), data.rank(), rank));
                }
                low_sides(low, h_first)
            }
        };
        let walk = Walk::new(views, facts, loss, floor * facts.mean, &method, rank, block_rows, threads);
        // Rows of the second side give weights to those of the first, and the other way round.
        first.weigh(walk.shared_weights(1), walk.grouped(1));
        second.weigh(walk.shared_weights(0), walk.grouped(0));
        // What the first side adds up for the second is of its rows, not of what the second meets of them.
        let apart = smoothing > 0.0 || first.sparse.is_some() || second.sparse.is_some();
        let fused = if apart || low.is_some() { None } else { walk.fused(&method, rank) };
        walk.note(&mut first);
        let least = if loss == Loss::Frobenius { 0.0 } else { LEAST_SHARE };
        let mut engine = Engine {
            noise: noise::<T>() * reference.size,
            walk,
            momentum: Momentum::new(),
            first,
            second,
            method,
            extrapolate,
            reference,
            loss,
            h_first,
            least,
            fused,
            joint: joint.map(|ard| Joint::new(ard, rank)),
            best,
        };
        engine.prepare(true);
        engine.prepare(false);
        engine.assess_penalties(true, true);
        engine
    }

    /// One sweep over both factors. Returns the objective of the pair that stands after it, as far as the products know
    /// it; multiplicative updates know it before the second half-step, which can only lower it.
    pub(crate) fn step(&mut self) -> f64 {
        if self.momentum.accepted() <= CLEAR * self.noise {
            self.momentum.forget();
        }
        let beta = T::from_f64(self.momentum.beta());
        let least = T::from_f64(self.least);
        let push_first = (self.extrapolate == Extrapolate::Both).then_some((beta, least));
        if let Some(backup) = &mut self.first.backup {
            backup.copy_from(&self.first.factor);
        }
        // The fixed side, if there is one, is the first.
        if !self.first.fixed {
            self.touch(true);
            let Engine { first, second, walk, method, fused, .. } = self;
            match method {
                Method::Quadratic(a, _) => {
                    walk.quadratic(0, a.as_mut(), first, second, push_first, fused.as_mut());
                }
                Method::Ratio(_, a, _) => walk.ratio(0, a, first, second, push_first),
                Method::Rows(a, _) => walk.rows(0, a, first, second, push_first),
                Method::Newton(a, _, effort) => {
                    walk.newton(0, a, Far::ONE_STEP, &effort[0], first, second, push_first)
                }
            }
            walk.prepare(0, first);
        }
        // Multiplicative updates know the loss of the pair before the second half-step, which goes with its penalty then.
        let before = matches!(self.method, Method::Ratio(..));
        self.touch(false);
        if before {
            self.assess_penalties(true, true);
        }
        let Engine { first, second, walk, method, fused, .. } = self;
        match method {
            Method::Quadratic(_, b) => match fused.as_mut().filter(|_| !first.fixed) {
                None => walk.quadratic(1, b.as_mut(), second, first, None, None),
                Some(fused) => {
                    walk.quadratic_from(1, fused.total(), b.as_mut(), second, first);
                }
            },
            Method::Ratio(_, _, b) => walk.ratio(1, b, second, first, None),
            Method::Rows(_, b) => walk.rows(1, b, second, first, None),
            Method::Newton(_, b, effort) => walk.newton(1, b, Far::ONE_STEP, &effort[1], second, first, None),
        }
        if !before {
            self.assess_penalties(!self.first.fixed, true);
        }
        let objective = self.objective();
        self.settle(objective)
    }

    /// Brings what a side is for the other one up to date with its point.
    fn prepare(&mut self, first: bool) {
        let Engine { first: a, second: b, walk, .. } = self;
        if first { walk.prepare(0, a) } else { walk.prepare(1, b) }
    }

    /// Makes the penalties of a side touch at its point.
    fn touch(&mut self, first: bool) {
        let Engine { first: a, second: b, joint, .. } = self;
        let side = if first { a } else { b };
        let Some(penalised) = &mut side.penalised else { return };
        penalised.touch(&side.factor, |at, shift| {
            if let Some(joint) = joint {
                joint.touch(first, at, shift);
            }
        });
    }

    /// Computes the values of penalties for the factors as they are.
    fn assess_penalties(&mut self, first: bool, second: bool) {
        let Engine { first: a, second: b, joint, .. } = self;
        for (side, is_first) in [(a, true), (b, false)] {
            let Some(penalised) = &mut side.penalised else { continue };
            if if is_first { first } else { second } {
                penalised.assess(&side.factor);
                if let Some(joint) = joint {
                    joint.size(is_first, &penalised.at(&side.factor));
                }
            }
        }
    }

    /// The objective of the pair at hand, from what the second half-step left behind.
    fn objective(&mut self) -> f64 {
        let Engine { first, second, walk, .. } = self;
        let term = |side: &Side<T>, at: usize| {
            tree_sum(0, side.terms.len() / TERMS, &|i| side.terms[i * TERMS + at])
        };
        let of_terms = |side: &Side<T>| side.penalised.as_ref().map_or(0.0, |p| p.value);
        // Multiplicative updates took their loss before the second factor moved, with its old sums.
        if !matches!(self.method, Method::Ratio(..)) {
            walk.prepare(1, second);
        }
        let known = term(second, 0)
            + self.reference.constant
            + term(first, 1)
            + term(second, 1)
            + of_terms(first)
            + of_terms(second)
            + self.joint.as_ref().map_or(0.0, Joint::value);
        let whole = walk.is_weighted() || first.is_smoothed();
        if whole {
            let rows = matches!(self.method, Method::Rows(..) | Method::Newton(..));
            return match self.loss {
                Loss::Frobenius => known + self.reference.half_squares,
                Loss::KullbackLeibler if rows => known - self.reference.weight_entropy,
                _ => known,
            };
        }
        match self.loss {
            Loss::Frobenius => known + self.reference.half_squares + 0.5 * inner(&first.gram, &second.gram),
            Loss::KullbackLeibler => known + inner(&first.sums, &second.sums),
            _ => known,
        }
    }

    /// Accepts the step or takes it back, and makes the next points.
    fn settle(&mut self, objective: f64) -> f64 {
        let Engine { first, second, walk, .. } = self;
        if let Some((w, h, best)) = &mut self.best
            && objective < *best
        {
            w.copy_from(&first.factor);
            h.copy_from(&second.factor);
            *best = objective;
        }
        let Some(previous) = &mut second.previous else {
            if matches!(self.method, Method::Ratio(..)) {
                walk.prepare(1, second);
            }
            return objective;
        };
        if self.momentum.judge(objective, self.noise) {
            let beta = T::from_f64(self.momentum.beta());
            let least = T::from_f64(self.least);
            let stride = second.factor.stride();
            let rows = (second.factor.padded_rows_mut(), previous.padded_rows_mut());
            push_within(rows.0, rows.1, (beta, least), &second.bounds, stride);
        } else {
            second.factor.copy_from(previous);
            if let Some(backup) = &mut first.backup {
                std::mem::swap(&mut first.factor, backup);
            }
            if let Some(previous) = &mut first.previous {
                previous.copy_from(&first.factor);
            }
        }
        walk.prepare(1, second);
        self.momentum.accepted()
    }

    /// W and H of the pair that stands.
    pub(crate) fn pair(&self) -> (&Factor<T>, &Factor<T>) {
        let (first, second) = match &self.best {
            Some((first, second, objective)) if objective.is_finite() => (first, second),
            _ => (&self.first.factor, self.second.previous.as_ref().unwrap_or(&self.second.factor)),
        };
        if self.h_first { (second, first) } else { (first, second) }
    }

    /// Solves W for the H that stands, from the W at hand: the objective only falls, and transforming the same data gives
    /// the same W. Multiplicative updates are slow at this and get `most` of them. The pair that stands afterwards is
    /// without momentum.
    pub(crate) fn polish(&mut self, polish: &mut Polish<T>, most: usize) {
        self.drop_momentum();
        if if self.h_first { self.second.fixed } else { self.first.fixed } {
            return;
        }
        self.touch(!self.h_first);
        let Engine { first, second, walk, h_first, .. } = self;
        let (at, own, other) = if *h_first { (1, second, first) } else { (0, first, second) };
        walk.prepare(1 - at, other);
        match polish {
            Polish::Quadratic(rule) => walk.quadratic(at, rule.as_mut(), own, other, None, None),
            Polish::Rows(effort) => walk.rows(at, effort, own, other, None),
            Polish::Newton(rule, far, effort) => walk.newton(at, rule, *far, effort, own, other, None),
            Polish::Ratio(rule) => walk.ratio_until_settled(at, rule, own, other, most, SETTLED),
        }
        if let Some(previous) = &mut own.previous {
            previous.copy_from(&own.factor);
        }
        self.prepare(false);
    }

    /// Makes the pair that stands the point to go on from.
    fn drop_momentum(&mut self) {
        let Engine { first, second, best, momentum, .. } = self;
        if let Some((a, b, objective)) = best
            && objective.is_finite()
        {
            first.factor.copy_from(a);
            second.factor.copy_from(b);
            // What comes next is measured against the pair itself.
            *objective = f64::INFINITY;
        }
        momentum.forget();
        if let Some(previous) = &second.previous {
            second.factor.copy_from(previous);
        }
        if let Some(previous) = &mut first.previous {
            previous.copy_from(&first.factor);
        }
    }

    /// W and H of the pair that stands, without momentum.
    pub(crate) fn into_pair(mut self) -> (Factor<T>, Factor<T>) {
        self.drop_momentum();
        let (first, second) = (self.first.factor, self.second.factor);
        if self.h_first { (second, first) } else { (first, second) }
    }

    /// Differences of the objective below this are rounding.
    pub(crate) fn noise(&self) -> f64 {
        self.noise
    }

    /// What threads have spent on products and on the rule.
    pub(crate) fn spent(&mut self) -> Spent {
        self.walk.spent()
    }

    /// How often extrapolation was taken back, and for how many rows a rule fell back to another.
    pub(crate) fn incidents(&self) -> (usize, u64) {
        let fallbacks = match &self.method {
            Method::Quadratic(a, b) => a.fallbacks() + b.fallbacks(),
            _ => 0,
        };
        (self.momentum.restarts, fallbacks)
    }
}

/// Rounding of the objective, relative to the size of the data: of `f64` sums over products in the run's precision.
fn noise<T: Scalar>() -> f64 {
    if T::LANES == f64::LANES { 8.0 * f64::EPSILON } else { 0.25 * f64::from(f32::EPSILON) }
}
