//! The starts of a fit: one after the other with all threads, or several at once with a share of the threads each.
//!
//! Starts share X with its indices, the facts and the plan; those of one team also its evaluator. They do not know of each
//! other, every one runs to its own end (polished, if that is asked for, as what is compared has to be what would be
//! returned), and of the lowest objectives the first is kept: how many run at once changes no bit.

use crate::evaluate::Evaluator;
use crate::factor::Factor;
use crate::fit::{Fit, Restart};
use crate::fitter::Fitter;
use crate::par::{Crew, is_over};
use crate::run::{Observer, Progress, Record};
use crate::scalar::Scalar;
use crate::status::{Reason, Status};
use crate::timings::Timings;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The pair that a start led to.
pub(crate) struct Best<T> {
    pub(crate) restart: usize,
    /// Sweeps on a sketch of X before its iterations.
    pub(crate) sketched: usize,
    pub(crate) w: Factor<T>,
    pub(crate) h: Factor<T>,
    pub(crate) objective: f64,
    pub(crate) status: Status,
    pub(crate) reason: Reason,
    pub(crate) iterations: usize,
    pub(crate) history: Vec<Record>,
}

impl<T> Best<T> {
    /// The one with the lower objective; the earlier start, if they are equal.
    fn or(self, other: Best<T>) -> Best<T> {
        let key = |best: &Best<T>| if best.objective.is_nan() { f64::INFINITY } else { best.objective };
        let ordering = key(&self).total_cmp(&key(&other)).then(self.restart.cmp(&other.restart));
        if ordering.is_le() { self } else { other }
    }
}

/// What starts leave behind beside the best pair.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) notes: Vec<String>,
    /// With their numbers.
    pub(crate) restarts: Vec<(usize, Restart)>,
    /// Extrapolations taken back, and rows that fell back to another rule.
    pub(crate) incidents: (usize, u64),
    pub(crate) timings: Timings,
}

impl Log {
    fn add(&mut self, other: Log) {
        let Log { notes, restarts, incidents, timings } = other;
        self.notes.extend(notes);
        self.restarts.extend(restarts);
        self.incidents = (self.incidents.0 + incidents.0, self.incidents.1 + incidents.1);
        self.timings.add(&timings);
    }
}

/// What starts that run at once share.
pub(crate) struct Contest<'o> {
    /// Starts that nobody has taken: from this one on.
    next: AtomicUsize,
    /// And before this one.
    end: usize,
    /// No more starts are to begin, and none is to go on.
    over: AtomicBool,
    /// Somebody outside said so.
    interrupted: AtomicBool,
    observer: Mutex<&'o mut dyn Observer>,
    /// When the first iterations began.
    began: OnceLock<Instant>,
}

impl<'o> Contest<'o> {
    fn new(first: usize, count: usize, observer: &'o mut dyn Observer) -> Contest<'o> {
        Contest {
            // The first start is nobody's to take: it is the lead's.
            next: AtomicUsize::new(first + 1),
            end: first + count,
            over: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
            observer: Mutex::new(observer),
            began: OnceLock::new(),
        }
    }

    fn take(&self) -> Option<usize> {
        let open = !self.over.load(Ordering::Relaxed);
        open.then(|| self.next.fetch_add(1, Ordering::Relaxed)).filter(|&restart| restart < self.end)
    }

    /// Time since the iterations of the first start began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.get_or_init(Instant::now).elapsed()
    }

    /// Tells the observer, and says whether the start may go on. After one `Break` nobody is told any more.
    pub(crate) fn tell(&self, progress: &Progress) -> ControlFlow<()> {
        let mut observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over() || self.over.load(Ordering::Relaxed) || observer.iteration(progress).is_break() {
            self.over.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Takes note of how a start has ended.
    fn ended(&self, status: Status) {
        match status {
            // The others come to the limit by themselves.
            Status::TimeLimit => self.next.store(self.end, Ordering::Relaxed),
            Status::Interrupted => {
                self.interrupted.store(true, Ordering::Relaxed);
                self.over.store(true, Ordering::Relaxed);
            }
            Status::TargetReached => self.over.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// What a team has found.
struct Part<'x, T: Scalar> {
    best: Best<T>,
    evaluator: Evaluator<'x, T>,
    log: Log,
}

/// The starts that a team gets hold of, `first` to begin with.
fn some<'x, T: Scalar>(fitter: &Fitter<'x, '_, T>, first: usize, contest: &Contest<'_>) -> Part<'x, T> {
    let clock = Instant::now();
    let mut evaluator = fitter.evaluator();
    let mut log = Log::default();
    log.timings.start = clock.elapsed().as_secs_f64();
    let mut best = fitter.attempt(first, &mut evaluator, contest, &mut log);
    contest.ended(best.status);
    while let Some(restart) = contest.take() {
        let done = fitter.attempt(restart, &mut evaluator, contest, &mut log);
        contest.ended(done.status);
        best = best.or(done);
    }
    Part { best, evaluator, log }
}

/// Runs all starts, and finishes the best.
pub(crate) fn run<T: Scalar>(
    mut fitter: Fitter<'_, '_, T>,
    crew: &Crew,
    observer: &mut dyn Observer,
) -> Fit<T> {
    let began = Instant::now();
    let notes = std::mem::take(&mut fitter.plan.notes);
    crew.lead(|| fitter.approximate());
    let approximated = began.elapsed().as_secs_f64();
    let first = fitter.plan.first_start;
    let contest = Contest::new(first, fitter.plan.spec.restarts, observer);
    let parts = Mutex::new(Vec::new());
    let Part { mut best, mut evaluator, mut log } = crew.run(|| some(&fitter, first, &contest), &|| {
        let Some(first) = contest.take() else { return };
        let part = some(&fitter, first, &contest);
        parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
    });
    log.notes.splice(0..0, notes);
    for part in parts.into_inner().unwrap_or_else(PoisonError::into_inner) {
        best = best.or(part.best);
        log.add(part.log);
    }
    log.restarts.sort_by_key(|&(restart, _)| restart);
    log.timings.share(crew.teams());
    log.timings.start += approximated;
    let clock = Instant::now();
    let mut fit = crew.lead(|| fitter.finish(&mut best, &mut evaluator, &mut log.notes, log.incidents));
    log.timings.finish += clock.elapsed().as_secs_f64();
    let start = log.timings.start;
    fit.seconds = (start, (began.elapsed().as_secs_f64() - start).max(0.0));
    if let Some(width) = fitter.directions() {
        let count = |n: usize| if n == 1 { "1 sweep".into() } else { format!("{n} sweeps") };
        log.notes.push(format!(
            "X was compressed to {width} directions: {} on those, then {} on X itself",
            count(best.sketched),
            count(best.iterations)
        ));
    }
    let (made, asked) = (log.restarts.len(), fitter.plan.spec.restarts);
    if made < asked && contest.interrupted.load(Ordering::Relaxed) {
        // The best start may have come to its end: the run has not.
        fit.status = Status::Interrupted;
        fit.reason = Reason(format!("stopped from outside after {made} of {asked} starts"));
    } else if made < asked {
        log.notes.push(format!("{made} of {asked} starts were made: then the run was to end"));
    }
    let beyond = fitter.plan.spec.time_limit.map_or(0.0, |limit| contest.elapsed().as_secs_f64() - limit);
    if beyond > 1.0 {
        log.notes.push(format!(
            "the last solve for W and exact evaluations, which have no limit, took {beyond:.1} s beyond the time limit"
        ));
    }
    (fit.timings, fit.notes) = (log.timings, log.notes);
    fit.restarts = log.restarts.into_iter().map(|(_, restart)| restart).collect();
    fit
}
