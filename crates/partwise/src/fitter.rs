//! A run from start to finish: the start, the loop, and what is done to the result before it is returned.

use crate::asked::{Asks, Units, has_scale, kept_in_place};
use crate::data::facts::{for_each, scale_up};
use crate::data::{Facts, Matrix};
use crate::engine::{Engine, Polish, Setup};
use crate::error::Result;
use crate::evaluate::{Evaluation, Evaluator, Reference};
use crate::factor::Factor;
use crate::fit::{Fit, Restart};
use crate::init::rsvd::{self, LowRank};
use crate::methods::{self, POLISH};
use crate::normalize;
use crate::par::Crew;
use crate::penalty::Penalty;
use crate::plan::demands::is_by_row;
use crate::plan::{Plan, scale_note};
use crate::rules::hoyer::Hoyer;
use crate::run::drive::{Assessment, Iterate, drive};
use crate::run::trace::thinned;
use crate::run::{Observer, Progress, StopWhen};
use crate::scalar::Scalar;
use crate::side::Asked;
use crate::sketch;
use crate::spec::{Compress, First, Init, Normalize, Spec};
use crate::start::{self, Given};
use crate::starts::{self, Best, Contest, Log};
use crate::status::{Reason, Status};
use crate::timings::Timings;
use crate::transform::RowRules;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// The engine as a model that is driven.
struct Fitting<'e, 'x, T: Scalar> {
    engine: Engine<'e, T>,
    evaluator: &'e mut Evaluator<'x, T>,
    polish: Option<Polish<T>>,
    given: bool,
    steps: usize,
    timings: Timings,
}

impl<T: Scalar> Iterate for Fitting<'_, '_, T> {
    fn is_given(&self) -> bool {
        self.given
    }

    fn step(&mut self) -> f64 {
        self.steps += 1;
        let clock = Instant::now();
        let objective = self.engine.step();
        self.timings.sweeps += clock.elapsed().as_secs_f64();
        objective
    }

    fn assess(&mut self) -> Assessment {
        let clock = Instant::now();
        let (w, h) = self.engine.pair();
        let found = self.evaluator.evaluate(w, h);
        self.timings.looks += clock.elapsed().as_secs_f64();
        Assessment {
            objective: found.objective(),
            relative_error: self.evaluator.reference().relative_error(found.loss),
            beside_rounding: self.evaluator.reference().beside_rounding(found.loss),
            kkt: found.kkt(),
        }
    }

    fn finish(&mut self) -> Assessment {
        if let Some(polish) = &mut self.polish {
            let (clock, before) = (Instant::now(), self.engine.spent());
            // Never more work than the run itself was.
            self.engine.polish(polish, self.steps.max(POLISH));
            self.timings.finish += clock.elapsed().as_secs_f64();
            let after = self.engine.spent();
            // No part of the sweeps.
            self.timings.products -= (after.products - before.products).as_secs_f64();
            self.timings.rule -= (after.rule - before.rule).as_secs_f64();
        }
        self.assess()
    }

    fn relative_error(&self, objective: f64) -> f64 {
        self.evaluator.reference().relative_error(objective)
    }

    fn exact(&self) -> f64 {
        32.0 * T::EPSILON.to_f64()
    }

    fn noise(&self) -> f64 {
        self.engine.noise()
    }
}

/// Fits X, which is in comfortable range, in units in which it is.
///
/// # Errors
/// If what is given beside X does not fit what is asked.
pub(crate) fn run<T: Scalar>(
    x: &Matrix<'_, T>,
    facts: &Facts,
    plan: Plan,
    given: &Given<T>,
    units: Units,
    crew: &Crew,
    observer: &mut dyn Observer,
) -> Result<Fit<T>> {
    Asks { spec: &plan.spec, given, facts, units }.check()?;
    let free = given.fixed_w.is_none() && given.fixed_h.is_none() && !has_scale(&plan.spec, given, true);
    if facts.max == 0.0 && facts.min == 0.0 && free && !has_scale(&plan.spec, given, false) {
        return Ok(all_zero(facts, plan));
    }
    Ok(starts::run(
        Fitter { x, facts, plan, given, units, low: None, threads: crew.threads() },
        crew,
        observer,
    ))
}

/// The only model of a matrix of zeros.
fn all_zero<T: Scalar>(facts: &Facts, mut plan: Plan) -> Fit<T> {
    let k = plan.spec.rank;
    plan.notes.push("X is all zero, and so are W and H".into());
    Fit {
        w: Factor::zeros(facts.rows, k),
        h: Factor::zeros(facts.cols, k),
        status: Status::ExactFit,
        reason: Reason("X is all zero".into()),
        loss: 0.0,
        penalty: 0.0,
        iterations: 0,
        history: Vec::new(),
        restarts: Vec::new(),
        shares: vec![0.0; k],
        component_scale: vec![1.0; k],
        notes: plan.notes,
        seconds: (0.0, 0.0),
        timings: Timings::default(),
        spec: plan.spec,
        inner: plan.inner,
        least: 0.0,
        row_rules: RowRules::default(),
        relative_error: 0.0,
        kkt: (0.0, 0.0),
    }
}

/// A run from start to finish, in units where X is near 1.
pub(crate) struct Fitter<'x, 'd, T: Scalar> {
    x: &'x Matrix<'d, T>,
    facts: &'x Facts,
    pub(crate) plan: Plan,
    given: &'x Given<T>,
    units: Units,
    /// X by few directions, which all starts share.
    low: Option<LowRank<T>>,
    threads: usize,
}

impl<'x, 'd, T: Scalar> Fitter<'x, 'd, T> {
    fn asks(&self) -> Asks<'_, T> {
        Asks { spec: &self.plan.spec, given: self.given, facts: self.facts, units: self.units }
    }

    /// A loss or objective in the units of X as it was given.
    fn given_units(&self, value: f64) -> f64 {
        self.units.given(value, self.plan.spec.loss.beta())
    }

    pub(crate) fn evaluator(&self) -> Evaluator<'x, T> {
        let spec = &self.plan.spec;
        let judged = self.asks().judged();
        Evaluator::new(self.x, self.facts, spec.loss, spec.floor, spec.rank, judged, self.threads)
    }

    /// A fit from start number `restart`.
    pub(crate) fn attempt(
        &self,
        restart: usize,
        evaluator: &mut Evaluator<'x, T>,
        contest: &Contest<'_>,
        log: &mut Log,
    ) -> Best<T> {
        let clock = Instant::now();
        let mut notes = Vec::new();
        let (given, low) = (self.given, self.low.as_ref());
        let (mut w, mut h) =
            start::pair(self.x, self.facts, &self.plan, given, low, restart, self.threads, &mut notes);
        let asks = self.asks();
        let asked = (asks.of(true), asks.of(false));
        let scaled = [true, false].map(|w| has_scale(&self.plan.spec, given, w));
        start::impose((&mut w, &mut h), (&asked.0, &asked.1), given, scaled.into(), self.facts);
        if restart == self.plan.first_start {
            log.notes.append(&mut notes);
        }
        let missing = (restart == 0).then_some((given.w.is_none(), given.h.is_none()));
        let reference = *evaluator.reference();
        log.timings.start += clock.elapsed().as_secs_f64();
        let (engine, sketched) = match low {
            None => (self.engine(reference, None, w, h, asked, missing), 0),
            Some(low) => {
                let engine = self.engine(reference, Some(low), w, h, asked, missing);
                let (w, h, sweeps) = self.sketch(engine, reference, restart, contest, log);
                // Neither factor is a stranger to the other now.
                (self.engine(reference, None, w, h, (asks.of(true), asks.of(false)), None), sweeps)
            }
        };
        let done = Best { sketched, ..self.drive(engine, evaluator, restart, contest, log) };
        let mut trace = thinned(&done.history, self.plan.spec.restarts);
        for record in &mut trace {
            record.objective = self.given_units(record.objective);
        }
        log.restarts.push((
            restart,
            Restart {
                objective: self.given_units(done.objective),
                status: done.status,
                iterations: done.iterations,
                trace,
            },
        ));
        done
    }

    /// X by few directions, if that is asked for.
    pub(crate) fn approximate(&mut self) {
        let spec = &self.plan.spec;
        self.low = (spec.compress == Compress::Yes)
            .then(|| rsvd::low_rank(self.x, spec.rank, spec.seed, self.threads))
            .filter(|low| low.left.rank() > 0);
    }

    /// How many directions those are.
    pub(crate) fn directions(&self) -> Option<usize> {
        self.low.as_ref().map(|low| low.left.rank())
    }

    /// What sweeps of an engine on a sketch lead to, and how many there were.
    fn sketch(
        &self,
        mut engine: Engine<'_, T>,
        reference: Reference,
        restart: usize,
        contest: &Contest<'_>,
        log: &mut Log,
    ) -> (Factor<T>, Factor<T>, usize) {
        let (spec, clock) = (&self.plan.spec, Instant::now());
        let late = || spec.time_limit.is_some_and(|limit| contest.elapsed().as_secs_f64() >= limit);
        let mut tell = |objective: f64| {
            let told = contest.tell(&self.progress(restart, 0, objective, &reference, contest));
            if late() { ControlFlow::Break(()) } else { told }
        };
        let most = if late() { 0 } else { spec.max_iter };
        let sweeps = sketch::sweeps(&mut engine, most, &mut tell);
        let spent = engine.spent();
        log.timings.sweeps += clock.elapsed().as_secs_f64();
        log.timings.products += spent.products.as_secs_f64();
        log.timings.rule += spent.rule.as_secs_f64();
        let (w, h) = engine.into_pair();
        (w, h, sweeps)
    }

    /// What an observer is told.
    fn progress(
        &self,
        restart: usize,
        iteration: usize,
        objective: f64,
        reference: &Reference,
        contest: &Contest<'_>,
    ) -> Progress {
        let Spec { restarts, max_iter, .. } = self.plan.spec;
        Progress {
            restart,
            restarts,
            at_once: self.plan.at_once,
            iteration,
            max_iter,
            seconds: contest.elapsed().as_secs_f64(),
            objective: self.given_units(objective),
            relative_error: reference.relative_error(objective),
        }
    }

    fn engine<'e>(
        &self,
        reference: Reference,
        low: Option<&'e LowRank<T>>,
        mut w: Factor<T>,
        mut h: Factor<T>,
        asked: (Asked<T>, Asked<T>),
        missing: Option<(bool, bool)>,
    ) -> Engine<'e, T>
    where
        'x: 'e,
    {
        let spec = &self.plan.spec;
        // A factor that was not given moves first, so that the given one is not lost to the other's random start.
        let h_first = match missing {
            // What stays as it is comes first: the objective is known after the second factor has moved.
            _ if asked.0.fixed || asked.1.fixed => asked.1.fixed,
            Some((false, true)) => true,
            Some((true, false)) => false,
            _ => spec.first == First::H,
        };
        for (factor, asked) in [(&mut w, &asked.0), (&mut h, &asked.1)] {
            if let Some(sparseness) = asked.sparse {
                Hoyer::new(factor.rows(), spec.rank, sparseness).enforce(factor);
            }
        }
        let setup = Setup {
            loss: spec.loss,
            floor: spec.floor,
            method: methods::method(&self.plan, self.least(), w.stride(), h_first, &asked),
            extrapolate: self.plan.extrapolate,
            h_first,
            joint: self.asks().joint(),
            smoothing: spec.smoothing,
            asked,
            block_rows: spec.block_rows,
            threads: self.threads,
        };
        Engine::new(self.x, low, self.facts, reference, setup, w, h)
    }

    fn drive(
        &self,
        engine: Engine<'_, T>,
        evaluator: &mut Evaluator<'x, T>,
        restart: usize,
        contest: &Contest<'_>,
        log: &mut Log,
    ) -> Best<T> {
        let spec = &self.plan.spec;
        let mut stop = StopWhen::tolerance(spec.max_iter, spec.tol);
        // A limit that no clock reaches is none.
        let limit = spec.time_limit.and_then(|s| Duration::try_from_secs_f64(s).ok());
        stop.time = limit.map(|limit| limit.saturating_sub(contest.elapsed()));
        stop.target = spec.target_error;
        let reference = *evaluator.reference();
        let started = Instant::now();
        let mut tell = |iteration: usize, objective: f64| {
            contest.tell(&self.progress(restart, iteration, objective, &reference, contest))
        };
        let polish =
            spec.polish.then(|| methods::polish(spec, self.least(), &self.asks().of(true))).flatten();
        let mut model = Fitting {
            engine,
            evaluator,
            polish,
            given: spec.init == Init::Given,
            steps: 0,
            timings: log.timings,
        };
        let run = drive(&mut model, &stop, started, &mut tell);
        let (rejected, fallbacks) = model.engine.incidents();
        log.incidents = (log.incidents.0 + rejected, log.incidents.1 + fallbacks);
        let spent = model.engine.spent();
        log.timings = Timings {
            products: model.timings.products + spent.products.as_secs_f64(),
            rule: model.timings.rule + spent.rule.as_secs_f64(),
            ..model.timings
        };
        let (w, h) = model.engine.into_pair();
        Best {
            restart,
            sketched: 0,
            w,
            h,
            objective: run.last.objective,
            status: run.status,
            reason: run.reason,
            iterations: run.iterations,
            history: run.history,
        }
    }

    /// Scale, order, and the truth about the pair that is returned.
    pub(crate) fn finish(
        &self,
        best: &mut Best<T>,
        evaluator: &mut Evaluator<'x, T>,
        notes: &mut Vec<String>,
        incidents: (usize, u64),
    ) -> Fit<T> {
        let spec = &self.plan.spec;
        let (w, h) = (&mut best.w, &mut best.h);
        let asks = self.asks();
        let asked: (Asked<T>, Asked<T>) = (asks.of(true), asks.of(false));
        if spec.floor == 0.0 {
            let tied = |w: bool| {
                let by_row = |p: &Penalty| is_by_row(p.kind) && if w { p.on.w() } else { p.on.h() };
                spec.penalties.iter().any(by_row)
            };
            let clear =
                |asked: &Asked<T>, w: bool| asked.bounds.is_plain() && asked.sparse.is_none() && !tied(w);
            clear_empty(self.x, w, h, (clear(&asked.0, true), clear(&asked.1, false)));
        }
        let scaled = has_scale(spec, self.given, true) || has_scale(spec, self.given, false);
        let penalised = spec.is_penalised();
        let stays = penalised || scaled || spec.smoothing > 0.0;
        let component_scale = if spec.normalize == Normalize::None && stays {
            vec![1.0; spec.rank]
        } else {
            normalize::scale(w, h, spec.normalize, self.given.fixed_h.as_ref().map_or(0, Factor::rank))
        };
        let shares = normalize::shares(w, h);
        let order = normalize::by_share(&shares, kept_in_place(spec, self.given));
        w.permute_columns(&order);
        h.permute_columns(&order);
        let pick = |values: &[f64]| -> Vec<f64> { order.iter().map(|&c| values[c]).collect() };
        let (shares, component_scale) = (pick(&shares), pick(&component_scale));

        // Penalties are meant for the factors before they were normalised.
        let mut found = evaluator.evaluate(w, h);
        if penalised && spec.normalize != Normalize::None {
            let (mut w, mut h) = (w.clone(), h.clone());
            w.scale_columns(&component_scale.iter().map(|d| 1.0 / d).collect::<Vec<_>>());
            h.scale_columns(&component_scale);
            found = evaluator.evaluate(&w, &h);
        }
        let Evaluation { loss, penalty, kkt_w, kkt_h } = found;

        let mut status = best.status;
        let mut reason = best.reason.clone();
        let dead = shares.iter().filter(|&&s| s == 0.0).count();
        if dead == spec.rank {
            status = Status::Degenerate;
            let why = if penalised {
                "the penalties are so strong that the best model is zero; lower them"
            } else {
                "every component is zero, as in the start, and the rule cannot leave that; start from something else"
            };
            reason = Reason(why.into());
        } else if let Some(note) = self.relevance(w, h) {
            notes.push(note);
        } else if dead > 0 {
            let are = if dead == 1 { "is" } else { "are" };
            let so = if penalised { "switched off by the penalties" } else { "a lower rank fits as well" };
            notes.push(format!("{dead} of {} components {are} zero: {so}", spec.rank));
        }
        if incidents.1 > 0 {
            let rows = if incidents.1 == 1 {
                "row met a singular Gram matrix and was"
            } else {
                "rows met a singular Gram matrix and were"
            };
            notes.push(format!("{} {rows} solved by coordinate descent instead", incidents.1));
        }
        notes.extend(scale_note(spec.normalize));
        if self.units.x != 0 {
            let e = self.units.x;
            notes.push(format!("X was divided by 2^{e} while fitting, as its entries are far from 1"));
        }
        let relative_error = evaluator.reference().relative_error(loss);
        let mut history = std::mem::take(&mut best.history);
        for record in &mut history {
            record.objective = self.given_units(record.objective);
        }
        // H keeps its scale if it was normalised; else both factors take half of the power of two.
        let placeholder = || Factor::zeros(0, spec.rank);
        let mut w = std::mem::replace(&mut best.w, placeholder());
        let mut h = std::mem::replace(&mut best.h, placeholder());
        if spec.normalize == Normalize::None {
            w.scale_power(self.units.w);
            h.scale_power(self.units.h);
        } else {
            w.scale_power(self.units.x);
        }
        let unit = scale_up(1.0, self.units.h);
        let component_scale = match spec.normalize {
            Normalize::None => component_scale,
            _ => component_scale.into_iter().map(|d| d * unit).collect(),
        };
        Fit {
            w,
            h,
            status,
            reason,
            loss: self.given_units(loss),
            penalty: self.given_units(penalty),
            iterations: best.iterations,
            history,
            restarts: Vec::new(),
            shares,
            component_scale,
            notes: Vec::new(),
            seconds: (0.0, 0.0),
            timings: Timings::default(),
            spec: spec.clone(),
            inner: self.plan.inner,
            row_rules: asks.row_rules(&asked.0),
            least: scale_up(spec.floor * self.facts.mean, self.units.x),
            relative_error,
            kkt: (kkt_w, kkt_h),
        }
    }

    /// Where multiplicative updates hold entries that shrink for ever: a power of two, as the last bit of the mean depends
    /// on the order of the entries, which the transpose of X has in another.
    fn least(&self) -> f64 {
        let size = T::EPSILON.to_f64() * (self.facts.mean / self.plan.spec.rank as f64).sqrt();
        if size.is_normal() { size.log2().floor().exp2() } else { size }
    }

    /// What automatic relevance determination has found, in the units of the run.
    fn relevance(&self, w: &Factor<T>, h: &Factor<T>) -> Option<String> {
        let ard = self.asks().joint()?;
        let sizes = |factor: &Factor<T>| -> Vec<f64> {
            let norms = factor.column_norms().into_iter().map(|n| 0.5 * n * n);
            if ard.l1 { factor.column_sums() } else { norms.collect() }
        };
        let relevant = sizes(w).iter().zip(sizes(h)).filter(|(a, b)| ard.relevant(*a + b)).count();
        let rank = self.plan.spec.rank;
        let others = if relevant < rank { "; the others are near zero" } else { "" };
        Some(format!("relevance determination keeps {relevant} of {rank} components{others}"))
    }
}

/// Rows of W and columns of H that belong to nothing are exactly zero.
fn clear_empty<T: Scalar>(x: &Matrix<'_, T>, w: &mut Factor<T>, h: &mut Factor<T>, which: (bool, bool)) {
    let (mut rows, mut cols) = (vec![true; x.rows()], vec![true; x.cols()]);
    for_each(x, |i, j, v, _| {
        if v != 0.0 {
            (rows[i], cols[j]) = (false, false);
        }
    });
    for (factor, empty, _) in [(w, rows, which.0), (h, cols, which.1)].into_iter().filter(|clear| clear.2) {
        for (i, _) in empty.into_iter().enumerate().filter(|&(_, empty)| empty) {
            factor.row_mut(i).fill(T::ZERO);
        }
    }
}
