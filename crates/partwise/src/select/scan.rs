//! Many fits of one X: ranks, starts, folds.
//!
//! Every job is a fit of its own that one worker does with its share of the threads; its result depends on the data, the
//! options and the job alone, so that neither the number of workers nor their order changes a bit, and jobs may be done in
//! several processes, on several machines, or in several sittings.
//!
//! Jobs of a rank:
//! - `whole`: a fit of X from start number i of `fit --init random --restarts runs`, so that the best of them is what that
//!   fit returns;
//! - `held_out`: a fit of X without the entries of fold i (a speckled mask: Wold 1978; Kanagal & Sindhwani 2010), judged on
//!   those;
//! - `blocks`: a fit of X without the rows and columns of block i, judged on the block (bi-cross-validation: Owen & Perry
//!   2009; see `blocks.rs`);
//! - `shuffled`: a fit of X with the entries of each column in random order (see [`shuffled`](super::shuffled)).
//!
//! References: S. Wold (1978), "Cross-validatory estimation of the number of components in factor and principal components
//! models", doi:10.1080/00401706.1978.10489693; B. Kanagal, V. Sindhwani (2010), "Rank selection in low-rank matrix
//! approximations: a study of cross-validation for NMFs".

use super::blocks::Block;
use super::consensus::labels;
use super::shuffled::shuffled;
use super::unseen::{Margins, score_unseen};
use crate::data::{Facts, HoldOut, Matrix};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::fit::{Fit, Score};
use crate::nmf::Nmf;
use crate::par::available;
use crate::run::{Observer, Progress};
use crate::scalar::Scalar;
use crate::spec::{Init, Normalize, Spec, Unseen};
use crate::start::Given;
use crate::status::Status;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// More parts of rows and columns than anyone cuts.
const MOST_BLOCKS: u32 = 100;

/// More fits of a rank and kind than anyone makes.
const MOST_FITS: usize = 100_000;

/// A scan over ranks.
///
/// ```
/// use partwise::select::{Scan, advise, summaries};
/// use partwise::{Dense, Matrix, Spec};
///
/// // Two parts, with their entries a little off.
/// let part = |i: usize, j: usize| f64::from(u8::from(i / 10 == j / 5));
/// let off = |i: usize, j: usize| 0.1 * ((7 * i + 13 * j) % 11) as f64 / 11.0;
/// let x: Matrix<f64> = Dense::from_fn(20, 10, |i, j| part(i, j) + off(i, j)).into();
/// let scan = Scan { runs: 4, ..Scan::new(Spec::default(), 1..=4) };
/// let outcomes = scan.run(&x, Vec::new(), &mut ())?;
/// let summaries = summaries(&outcomes, 0);
/// assert_eq!(summaries.len(), 4);
/// assert_eq!(advise(&summaries, scan.missing(&outcomes)).rank, Some(2));
/// # Ok::<(), partwise::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// How to fit. Rank and restarts are the scan's; starts are random, whatever is asked, as those from singular vectors
    /// would all be the same.
    pub spec: Spec,
    /// Which ranks.
    pub ranks: Vec<usize>,
    /// Fits of each rank to all of X.
    pub runs: usize,
    /// Folds of cross-validation, each fitted once; 0 for none, else at least 2.
    pub folds: u32,
    /// Fits of each rank to shuffled data, each shuffled anew.
    pub shuffled: usize,
    /// Bi-cross-validation: rows and columns are put into so many parts each, and every block is predicted; 0 for none, else
    /// at least 2.
    pub blocks: u32,
}

/// What a job fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// X.
    Whole,
    /// X without a fold of its entries.
    HeldOut,
    /// X with the entries of each column in random order.
    Shuffled,
    /// X without the rows and without the columns of a block.
    Blocks,
}

/// One fit of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Job {
    /// Its rank.
    pub rank: usize,
    /// What it fits.
    pub kind: Kind,
    /// Which start, fold or order, from 0.
    pub number: usize,
}

/// What a job came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Outcome<T> {
    /// Which job.
    pub job: Job,
    /// How the fit ended.
    pub status: Status,
    /// Its iterations.
    pub iterations: usize,
    /// Loss plus penalties of what was fitted.
    #[serde(with = "number")]
    pub objective: f64,
    /// The relative error of what was fitted; see [`Fit::relative_error`].
    #[serde(with = "number")]
    pub relative_error: f64,
    /// Entries that were judged: of the fold that was held out, or else all that were fitted.
    pub entries: u64,
    /// Their mean loss, by weight; of held-out ones as [`score_unseen`] has it.
    #[serde(with = "number")]
    pub mean_loss: f64,
    /// Their `sum (x - y)²`, by weight.
    #[serde(with = "number")]
    pub residual: f64,
    /// `1 - residual / sum x²`.
    #[serde(with = "number")]
    pub explained: f64,
    /// The mean sparseness (Hoyer 2004) of the components in W.
    #[serde(with = "number")]
    pub sparseness_w: f64,
    /// And in H.
    #[serde(with = "number")]
    pub sparseness_h: f64,
    /// Seconds that it took.
    pub seconds: f64,
    /// The component that explains most of each sample; of whole X.
    pub labels: Vec<u32>,
    /// H, `(k, n)`, kept as a factor of n rows; of whole X. Left out where an outcome is written as text.
    #[serde(skip)]
    pub h: Option<Factor<T>>,
}

/// Numbers as text that has no others than finite ones: NaN is `null`, and infinity a word.
mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Finite(f64),
        Infinite(String),
        Nothing(()),
    }

    pub(super) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match *x {
            x if x.is_finite() => Written::Finite(x),
            x if x.is_nan() => Written::Nothing(()),
            x => Written::Infinite(x.to_string()),
        };
        written.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::Finite(x) => x,
            Written::Infinite(word) => word.parse().map_err(serde::de::Error::custom)?,
            Written::Nothing(()) => f64::NAN,
        })
    }
}

/// Is told of a scan while it runs, by one worker at a time.
pub trait Watch<T>: Send {
    /// Called after every iteration of every fit. `Break` ends the scan: fits that are under way are dropped, as what they
    /// would say depends on when that was.
    fn iteration(&mut self, job: Job, progress: &Progress) -> ControlFlow<()>;
    /// Called with what a job came to, `done` of `jobs` being done now.
    fn finished(&mut self, outcome: &Outcome<T>, done: usize, jobs: usize) -> ControlFlow<()>;
    /// Asked between fits, and while data are made ready for them, whether the scan is to end.
    fn ends(&mut self) -> bool {
        false
    }
    /// What is set when nobody waits for the scan any more; see [`Observer::stop`].
    fn stop(&self) -> Option<Arc<AtomicBool>> {
        None
    }
}

/// Nobody watches.
impl<T> Watch<T> for () {
    fn iteration(&mut self, _: Job, _: &Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn finished(&mut self, _: &Outcome<T>, _: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Tells of the iterations of one fit.
struct Telling<F> {
    tell: F,
    stop: Option<Arc<AtomicBool>>,
}

impl<F: FnMut(&Progress) -> ControlFlow<()> + Send> Observer for Telling<F> {
    fn iteration(&mut self, progress: &Progress) -> ControlFlow<()> {
        (self.tell)(progress)
    }

    fn stop(&self) -> Option<Arc<AtomicBool>> {
        self.stop.clone()
    }
}

/// An error if the scan is over.
type GoOn<'g> = &'g (dyn Fn() -> Result<()> + Sync);

/// A matrix that has been looked over.
type Known<'x, T> = (Matrix<'x, T>, Facts);

/// X without the entries of a fold, those entries, and what predictions of them are held against.
struct Fold<'x, T: Scalar> {
    seen: Known<'x, T>,
    hidden: Known<'x, T>,
    margins: Margins,
}

/// X as jobs fit it: each fold and each order is made when it is first needed, and shared by all ranks.
struct Shared<'x, T: Scalar> {
    x: &'x Matrix<'x, T>,
    facts: Facts,
    /// What is seen and what is hidden.
    folds: Vec<OnceLock<Result<Fold<'x, T>>>>,
    orders: Vec<OnceLock<Result<Known<'static, T>>>>,
}

impl Scan {
    /// Ten fits of each rank, five folds, and one fit to shuffled data.
    pub fn new(spec: Spec, ranks: impl IntoIterator<Item = usize>) -> Scan {
        Scan { spec, ranks: ranks.into_iter().collect(), runs: 10, folds: 5, shuffled: 1, blocks: 0 }
    }

    /// All jobs, the first of every rank first, so that a scan that is stopped early says something of each; among those, the
    /// largest ranks first, so that no worker begins the longest when the others are done.
    pub fn jobs(&self) -> Vec<Job> {
        let mut ranks = self.ranks.clone();
        ranks.sort_unstable_by(|a, b| b.cmp(a));
        ranks.dedup();
        let counts = [
            (Kind::Whole, self.runs),
            (Kind::HeldOut, self.folds as usize),
            (Kind::Shuffled, self.shuffled),
            (Kind::Blocks, (self.blocks as usize).pow(2)),
        ];
        let most = counts.iter().map(|&(_, count)| count).max().unwrap_or(0);
        let mut jobs = Vec::new();
        for number in 0..most {
            for rank in &ranks {
                let kinds = counts.iter().filter(|&&(_, count)| number < count);
                jobs.extend(kinds.map(|&(kind, _)| Job { rank: *rank, kind, number }));
            }
        }
        jobs
    }

    /// How many of its jobs have no outcome yet.
    pub fn missing<T>(&self, outcomes: &[Outcome<T>]) -> usize {
        let known: HashSet<Job> = outcomes.iter().map(|outcome| outcome.job).collect();
        self.jobs().iter().filter(|job| !known.contains(job)).count()
    }

    /// The same with more ranks, such as those that its folder has already.
    #[must_use]
    pub fn with_ranks(&self, more: impl IntoIterator<Item = usize>) -> Scan {
        let mut ranks: Vec<usize> = self.ranks.iter().copied().chain(more).collect();
        ranks.sort_unstable();
        ranks.dedup();
        Scan { ranks, ..self.clone() }
    }

    /// The specification of the fits of one rank.
    pub fn spec_of(&self, rank: usize) -> Spec {
        let mut spec = self.spec.clone();
        (spec.rank, spec.restarts, spec.init) = (rank, 1, Init::Random);
        // How much memory there is decides how many fits run at a time, and not what they find.
        spec.memory_limit = None;
        spec
    }

    /// Leaves folds out where X has a single row or column: what a fold holds out there is all of a column or row, which
    /// nothing else predicts. Returns a sentence about it, if it was done.
    pub fn drop_folds(&mut self, facts: &Facts) -> Option<String> {
        let line = match (facts.rows, facts.cols) {
            _ if self.folds == 0 => return None,
            (1, _) => "row",
            (_, 1) => "column",
            _ => return None,
        };
        self.folds = 0;
        Some(format!(
            "X has 1 {line}, of which nothing can be predicted from the rest: no folds are held out"
        ))
    }

    /// Whether all of it can be done for X with these facts.
    ///
    /// # Errors
    /// [`Error::BadParameter`] for no ranks, no runs or a single fold; [`Error::Memory`] where one fit and what is kept of all
    /// of them do not fit into the memory limit of the specification; those of [`Spec::plan`].
    pub fn check<T: Scalar>(&self, facts: &Facts) -> Result<()> {
        let bad = |name: &'static str, value: String, needs: &str| {
            Err(Error::BadParameter { name, value, needs: needs.into() })
        };
        if self.ranks.is_empty() {
            return bad("ranks", "none".into(), "at least one rank");
        }
        let many = [("runs", self.runs), ("folds", self.folds as usize), ("shuffled", self.shuffled)];
        if let Some(&(name, value)) = many.iter().find(|(_, value)| *value > MOST_FITS) {
            return bad(name, value.to_string(), "100000 at most");
        }
        if self.runs == 0 {
            return bad("runs", "0".into(), "at least one fit of each rank");
        }
        if self.folds == 1 {
            return bad("folds", "1".into(), "2 or more, or 0 for no cross-validation");
        }
        if self.blocks == 1 || self.blocks > MOST_BLOCKS {
            return bad("blocks", self.blocks.to_string(), "2 to 100, or 0 for no bi-cross-validation");
        }
        if self.blocks > 0 && self.spec.smoothing > 0.0 {
            return Err(Error::Unsupported {
                asked: "bi-cross-validation of a smoothed model".into(),
                why: "its columns are not predicted by W alone".into(),
                instead: "use folds, or no smoothing".into(),
            });
        }
        self.at_once::<T>(facts, 1).map(|_| ())
    }

    /// How many of so many workers the memory limit allows: H of every run and shuffled X are kept, and each fit takes its own.
    fn at_once<T: Scalar>(&self, facts: &Facts, workers: usize) -> Result<usize> {
        let mut largest = (0, 0);
        for &rank in &self.ranks {
            largest = largest.max((self.spec_of(rank).plan::<T>(facts)?.memory, rank));
        }
        let ((each, rank), Some(limit)) = (largest, self.spec.memory_limit) else { return Ok(workers) };
        let number = size_of::<T>() as u64;
        let (m, n, runs) = (facts.rows as u64, facts.cols as u64, self.runs as u64);
        let components: u64 = self.ranks.iter().map(|&rank| rank as u64).sum();
        let labels = runs * self.ranks.len() as u64 * m * size_of::<u32>() as u64;
        let copy = facts.stored.saturating_mul(number + if facts.sparse { 4 } else { 0 });
        let kept = runs.saturating_mul(components).saturating_mul(n).saturating_mul(number);
        let kept = kept.saturating_add(labels).saturating_add(copy.saturating_mul(self.shuffled as u64));
        let needed = kept.saturating_add(each);
        if needed > limit {
            return Err(Error::Memory { rank, needed, limit });
        }
        Ok(workers.min(((limit - kept) / each.max(1)) as usize))
    }

    /// Does all jobs that are not `done`, and returns what they and those came to, in the order of [`Scan::jobs`]; after them
    /// what else is in `done`, as a scan to which ranks are added has no less to say than before. If the watch ends the scan
    /// early, some are missing.
    ///
    /// # Errors
    /// Those of [`Scan::check`], and of the fits.
    pub fn run<T: Scalar>(
        &self,
        x: &Matrix<'_, T>,
        done: Vec<Outcome<T>>,
        watch: &mut dyn Watch<T>,
    ) -> Result<Vec<Outcome<T>>> {
        let jobs = self.jobs();
        self.run_some(x, &jobs, done, watch)
    }

    /// [`Scan::run`] for some of the jobs.
    ///
    /// # Errors
    /// As [`Scan::run`].
    pub fn run_some<T: Scalar>(
        &self,
        x: &Matrix<'_, T>,
        jobs: &[Job],
        done: Vec<Outcome<T>>,
        watch: &mut dyn Watch<T>,
    ) -> Result<Vec<Outcome<T>>> {
        let shared = Shared::new(x, self);
        self.check::<T>(&shared.facts)?;
        let known: HashSet<Job> = done.iter().map(|outcome| outcome.job).collect();
        let left: Vec<Job> = jobs.iter().copied().filter(|job| !known.contains(job)).collect();
        let threads = if self.spec.threads == 0 { available() } else { self.spec.threads };
        let workers = self.at_once::<T>(&shared.facts, threads.min(left.len()).max(1))?;
        let each = (threads / workers).max(1);
        let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let stop = watch.stop();
        // Of those that were asked for, as many are done.
        let ours: HashSet<Job> = jobs.iter().copied().collect();
        let before = ours.iter().filter(|job| known.contains(job)).count();
        let told = Mutex::new((watch, done, before));
        let go_on = || {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if over.load(Ordering::Relaxed) || told.0.ends() {
                over.store(true, Ordering::Relaxed);
                return Err(Error::Interrupted);
            }
            Ok(())
        };
        let work = || {
            while !over.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(&job) = left.get(at) else { return };
                let tell = |progress: &Progress| {
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    if over.load(Ordering::Relaxed) || told.0.iteration(job, progress).is_break() {
                        over.store(true, Ordering::Relaxed);
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                };
                let mut tell = Telling { tell, stop: stop.clone() };
                match self.outcome(job, &shared, each, &go_on, &mut tell) {
                    // What was broken off says nothing; by the flag, this thread may be the first to hear of it.
                    Err(Error::Interrupted) => over.store(true, Ordering::Relaxed),
                    Ok(_) if over.load(Ordering::Relaxed) => {}
                    Ok(outcome) => {
                        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                        told.2 += 1;
                        let count = told.2;
                        if told.0.finished(&outcome, count, ours.len()).is_break() {
                            over.store(true, Ordering::Relaxed);
                        }
                        told.1.push(outcome);
                    }
                    Err(error) => {
                        over.store(true, Ordering::Relaxed);
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        // The first in order, of those that there are.
                        if failed.as_ref().is_none_or(|(first, _)| at < *first) {
                            *failed = Some((at, error));
                        }
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for number in 1..workers {
                // If the system refuses a thread, the others do its work.
                let _ = std::thread::Builder::new()
                    .name(format!("partwise-scan-{number}"))
                    .spawn_scoped(scope, work);
            }
            work();
        });
        if let Some((_, error)) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let (_, mut outcomes, _) = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        let places: HashMap<Job, usize> =
            self.jobs().into_iter().enumerate().map(|(at, job)| (job, at)).collect();
        let last = places.len();
        outcomes.sort_by_key(|outcome| {
            let Job { rank, kind, number } = outcome.job;
            (places.get(&outcome.job).copied().unwrap_or(last), rank, kind as u8, number)
        });
        Ok(outcomes)
    }

    /// Fits what a job asks for.
    fn outcome<T: Scalar>(
        &self,
        job: Job,
        shared: &Shared<'_, T>,
        threads: usize,
        go_on: GoOn<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome<T>> {
        let mut spec = self.spec_of(job.rank);
        spec.threads = threads;
        if matches!(job.kind, Kind::HeldOut | Kind::Blocks) {
            // A mask may hold out all of a row, and a block does.
            spec.unseen = Unseen::Zeros;
        }
        if job.kind == Kind::Blocks {
            // Penalties of columns are meant for H as it was found.
            spec.normalize = Normalize::None;
        }
        let first = if job.kind == Kind::Whole { job.number } else { 0 };
        let nmf = Nmf::from_spec(spec).first_start(first);
        let mut fit = |x: &Matrix<'_, T>, facts: &Facts| {
            go_on()?;
            let fit = nmf.fit_with(x, facts, &Given::default(), observer)?;
            // Nobody waits for the score of what was broken off.
            go_on().map(|()| fit)
        };
        match job.kind {
            Kind::Whole => {
                let fit = fit(shared.x, &shared.facts)?;
                let score = fit.score(shared.x)?;
                let labels = labels(&fit.w, &fit.h);
                Ok(Outcome { labels, h: Some(fit.h.clone()), ..Outcome::of(job, &fit, score) })
            }
            Kind::HeldOut => {
                let Fold { seen, hidden, margins } = shared.fold(job.number, self, go_on)?;
                let fit = fit(&seen.0, &seen.1)?;
                let score = score_unseen(&fit.model(), &fit.w, &hidden.0, margins)?;
                Ok(Outcome::of(job, &fit, score))
            }
            Kind::Blocks => {
                let shape = (shared.x.rows(), shared.x.cols());
                let block = Block::new(self.spec.seed, self.blocks, shape, job.number);
                let seen = block.of(shared.x, false, false)?;
                let fit = fit(&seen, &Facts::of(&seen))?;
                let score = block.score(&fit, shared.x, threads)?;
                Ok(Outcome::of(job, &fit, score))
            }
            Kind::Shuffled => {
                let (x, facts) = shared.order(job.number, self)?;
                let fit = fit(x, facts)?;
                let score = fit.score(x)?;
                Ok(Outcome::of(job, &fit, score))
            }
        }
    }
}

impl<T: Scalar> Outcome<T> {
    fn of(job: Job, fit: &Fit<T>, score: Score) -> Outcome<T> {
        Outcome {
            job,
            status: fit.status,
            iterations: fit.iterations,
            objective: fit.objective(),
            relative_error: fit.relative_error(),
            entries: score.entries,
            mean_loss: score.mean_loss,
            residual: if score.entries == 0 { 0.0 } else { score.weight() * score.rmse.powi(2) },
            explained: 1.0 - score.relative_rmse.powi(2),
            sparseness_w: sparseness(&fit.w),
            sparseness_h: sparseness(&fit.h),
            seconds: fit.seconds.0 + fit.seconds.1,
            labels: Vec::new(),
            h: None,
        }
    }
}

impl<'x, T: Scalar> Shared<'x, T> {
    fn new(x: &'x Matrix<'x, T>, scan: &Scan) -> Shared<'x, T> {
        Shared {
            x,
            facts: Facts::of(x),
            folds: (0..scan.folds).map(|_| OnceLock::new()).collect(),
            orders: (0..scan.shuffled).map(|_| OnceLock::new()).collect(),
        }
    }

    fn fold(&self, number: usize, scan: &Scan, go_on: GoOn<'_>) -> Result<&Fold<'x, T>> {
        let made = self.folds[number].get_or_init(|| {
            let mask = HoldOut::fold(scan.spec.seed, number as u32, scan.folds)
                .grouped(self.x.rows(), self.x.cols());
            // Of a large sparse X, each of these takes its time.
            let with = |mask| -> Result<Known<'x, T>> {
                go_on()?;
                let x = self.x.view().without(mask)?;
                go_on()?;
                let facts = Facts::of(&x);
                Ok((x, facts))
            };
            let seen = with(mask)?;
            go_on()?;
            let margins = Margins::of(&seen.0);
            Ok(Fold { seen, hidden: with(mask.inverted())?, margins })
        });
        made.as_ref().map_err(Error::clone)
    }

    fn order(&self, number: usize, scan: &Scan) -> Result<&(Matrix<'static, T>, Facts)> {
        let made = self.orders[number].get_or_init(|| {
            let x = shuffled(self.x, scan.spec.seed, number)?;
            let facts = Facts::of(&x);
            Ok((x, facts))
        });
        made.as_ref().map_err(Error::clone)
    }
}

/// The mean over components of `(sqrt(r) - |x|_1 / |x|_2) / (sqrt(r) - 1)`, for r rows: 0 where all entries are equal, 1 where
/// one is not zero. P. O. Hoyer (2004), "Non-negative matrix factorization with sparseness constraints", JMLR 5. NaN for one row.
pub(crate) fn sparseness<T: Scalar>(factor: &Factor<T>) -> f64 {
    let root = (factor.rows() as f64).sqrt();
    let of = |(sum, norm): (f64, f64)| if norm > 0.0 { (root - sum / norm) / (root - 1.0) } else { 1.0 };
    let all = factor.column_sums().into_iter().zip(factor.column_norms()).map(of);
    all.sum::<f64>() / factor.rank() as f64
}
