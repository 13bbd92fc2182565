//! Steps until a stopping rule is met.

use super::{Record, StopWhen};
use crate::status::{Reason, Status};
use std::ops::ControlFlow;
use std::time::Instant;

/// Iterations over which the fall of the objective is averaged.
const WINDOW: usize = 10;
/// A small optimality residual counts only once an iteration gains less than this share of the objective: near an exact
/// fit the residual is small long before the fit is good.
const SLOW: f64 = 1e-4;
/// With a change below its bound and a residual above so many times the root of its tolerance (a step gains about the
/// square of the residual), a run has stalled rather than converged; within these limits, as residuals below the first
/// are within rounding for single precision, and above the second are far from a solution whatever was asked for.
const FAR: f64 = 5.0;
const FAR_LIMITS: (f64, f64) = (1e-3, 0.05);
/// An error that has stopped falling within this factor of rounding is rounding.
const STUCK: f64 = 30.0;
/// Looks in a row that find no gain, before a run whose objective is rounding has come to its end.
const IDLE: usize = 3;
/// The residual is computed at this iteration or later first, then after a quarter more at the soonest.
const FIRST_LOOK: usize = 10;

/// What is known of the pair that stands, exactly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assessment {
    pub(crate) objective: f64,
    pub(crate) relative_error: f64,
    /// The same as far as it can be told from rounding: beside what is rounded.
    pub(crate) beside_rounding: f64,
    pub(crate) kkt: f64,
}

/// A model that is improved step by step.
pub(crate) trait Iterate {
    /// Whether the start was given from outside.
    fn is_given(&self) -> bool;

    /// One iteration; returns the objective of the state that stands after it, as well as it is known for free.
    fn step(&mut self) -> f64;

    /// Objective and optimality of the state that stands, from scratch. Costs about a step.
    fn assess(&mut self) -> Assessment;

    /// Turns the state that stands into one fit to be returned, no worse than it, and assesses that. More steps may follow.
    fn finish(&mut self) -> Assessment;

    /// The relative error that belongs to an objective returned by `step`.
    fn relative_error(&self, objective: f64) -> f64;

    /// At or below this error beside rounding the data are reproduced to rounding.
    fn exact(&self) -> f64;

    /// Differences of objectives below this are rounding.
    fn noise(&self) -> f64;
}

/// How a run went.
pub(crate) struct Run {
    pub(crate) status: Status,
    pub(crate) reason: Reason,
    pub(crate) iterations: usize,
    pub(crate) history: Vec<Record>,
    pub(crate) last: Assessment,
}

/// Steps `model` until `stop` says so or `tell` (called with iteration and objective) breaks.
pub(crate) fn drive(
    model: &mut dyn Iterate,
    stop: &StopWhen,
    started: Instant,
    tell: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
) -> Run {
    // All the memory that the loop will need, within reason.
    let mut history: Vec<Record> = Vec::with_capacity(stop.max_iter.min(100_000) + 2);
    let clock = || started.elapsed();
    let mut last = model.assess();
    let record = |iteration, objective, kkt: Option<f64>| Record {
        iteration,
        seconds: clock().as_secs_f64(),
        objective,
        kkt: kkt.filter(|kkt| !kkt.is_nan()),
    };
    history.push(record(0, last.objective, Some(last.kkt)));

    let (mut iteration, mut looked_at, mut finished_at, mut idle) = (0, 0, usize::MAX, 0);
    let mut next_look = if last.kkt <= stop.kkt { 1 } else { FIRST_LOOK };
    let (status, reason) = loop {
        if last.beside_rounding <= model.exact() {
            break (Status::ExactFit, format!("relative error {:.1e} is rounding", last.relative_error));
        }
        // A step gains about (kkt / relative error)² of the objective: a solution to start from needs none. A start that was
        // made is none, and may only look like one where few entries make up the model.
        if iteration == 0
            && model.is_given()
            && last.kkt <= stop.kkt
            && last.objective.is_finite()
            && (last.kkt / last.relative_error).powi(2) <= SLOW
            && stop.kkt > 0.0
        {
            finished_at = 0;
            break (
                Status::Converged,
                format!("optimality residual {:.1e} <= {:.1e} at the start", last.kkt, stop.kkt),
            );
        }
        if iteration >= stop.max_iter {
            break (
                Status::IterationLimit,
                format!("the limit of {} was reached", iterations(stop.max_iter)),
            );
        }
        if let Some(limit) = stop.time.filter(|&limit| clock() >= limit) {
            break (Status::TimeLimit, format!("{} s are over", limit.as_secs_f64()));
        }
        let objective = model.step();
        iteration += 1;
        // Where the objective is rounding, only a look can tell how good the fit is, and what the last one saw is told.
        let blind = objective <= 1e3 * model.noise();
        let told = tell(iteration, if blind { last.objective } else { objective });

        let before = &history[history.len().saturating_sub(WINDOW)];
        let steps = (iteration - before.iteration).max(1) as f64;
        let fall = (before.objective - objective).max(0.0) / steps;
        let rate = if objective > 0.0 { fall / objective } else { f64::INFINITY };
        let relative_error = model.relative_error(objective);
        let on_target = stop.target.is_some_and(|target| relative_error <= target);
        let slow = iteration >= WINDOW.min(stop.max_iter) && rate <= stop.change && stop.change > 0.0;
        // Nothing that a look could find ends a run that still gains a lot.
        let due = iteration >= next_look && (rate <= SLOW || blind);
        let look = due || (slow && !blind) || on_target;
        let seen = (looked_at, last.objective);
        if look {
            (last, looked_at) = (model.assess(), iteration);
            next_look = iteration + (iteration / 4).max(5);
        }
        let known = if blind { last.objective } else { objective };
        history.push(record(iteration, known, look.then_some(last.kkt)));

        if told.is_break() {
            break (Status::Interrupted, format!("stopped from outside after {}", iterations(iteration)));
        }
        if look {
            if let Some(target) = stop.target.filter(|&t| last.relative_error <= t) {
                break (
                    Status::TargetReached,
                    format!("relative error {:.6} <= {target}", last.relative_error),
                );
            }
            let gain = (seen.1 - last.objective) / ((iteration - seen.0).max(1) as f64 * last.objective);
            let settled = if blind { gain <= SLOW } else { rate <= SLOW };
            // Where a few entries tower above the others, what no longer falls may be the error of those others.
            let towers = last.beside_rounding > last.relative_error;
            let near = !towers && last.relative_error <= STUCK * model.exact();
            if blind && gain <= SLOW && iteration >= WINDOW && near {
                let error = last.relative_error;
                break (
                    Status::ExactFit,
                    format!("relative error {error:.1e} no longer falls: it is rounding"),
                );
            }
            if last.kkt <= stop.kkt && settled && stop.kkt > 0.0 && last.objective.is_finite() {
                // What is returned has to pass, not only what was found.
                (last, finished_at) = (model.finish(), iteration);
                if last.kkt <= stop.kkt && last.objective.is_finite() {
                    break (
                        Status::Converged,
                        format!("optimality residual {:.1e} <= {:.1e}", last.kkt, stop.kkt),
                    );
                }
            }
            // Where the products know the objective only up to rounding, looks do; and steps, that are judged by those, may
            // stand still for a while.
            let rate = if blind { gain.max(0.0) } else { rate };
            idle = if blind && rate <= stop.change { idle + 1 } else { 0 };
            if if blind { idle >= IDLE && stop.change > 0.0 } else { slow } {
                let why = format!(
                    "the objective falls by {rate:.1e} of itself per iteration, <= {:.1e}",
                    stop.change
                );
                if !last.objective.is_finite() {
                    break (
                        Status::Stalled,
                        "the objective is not finite: the model is 0 where X has entries that rounding cannot tell from 0 \
                         beside others; set those to 0"
                            .into(),
                    );
                }
                // Of a residual that is not known, nothing can be asked.
                if last.kkt.is_nan() || last.kkt <= (FAR * stop.kkt.sqrt()).clamp(FAR_LIMITS.0, FAR_LIMITS.1)
                {
                    break (Status::Converged, why);
                }
                break (Status::Stalled, format!("{why}, with an optimality residual of {:.1e}", last.kkt));
            }
        }
    };
    if finished_at != iteration {
        last = model.finish();
    }
    if let Some(end) = history.last_mut() {
        end.kkt = Some(last.kkt).filter(|kkt| !kkt.is_nan());
        end.objective = end.objective.min(last.objective);
    }
    Run { status, reason: Reason(reason), iterations: iteration, history, last }
}

fn iterations(count: usize) -> String {
    if count == 1 { "1 iteration".into() } else { format!("{count} iterations") }
}
