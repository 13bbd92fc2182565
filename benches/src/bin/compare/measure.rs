//! Both sides in turn, and the numbers that come of it.

use crate::ours::{Ours, Run, folder};
use crate::peer::{Peer, PeerFit, Value};
use crate::problem::Problem;
use partwise_benches::Outcome;
use partwise_benches::metrics::median;
use std::path::Path;

/// Everything that was measured on one problem.
pub(crate) struct Measured {
    pub(crate) problem: Problem,
    /// Both sides from the same start, in turn.
    pub(crate) pairs: Vec<(PeerFit, Run)>,
    /// The script's own evaluation of the last of our fits in `pairs`.
    pub(crate) value: Value,
    /// Our fits with default options.
    pub(crate) defaults: Vec<Run>,
    /// The peak of our process for a matrix of one entry and the same loss; `None` if the system does not tell.
    baseline: Option<u64>,
}

/// A number over several runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) middle: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// Bytes that default fits took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// X and the factors.
    pub(crate) needed: u64,
    /// The program by itself.
    pub(crate) baseline: u64,
    pub(crate) peak: u64,
    /// The peak without the program by itself.
    pub(crate) net: u64,
    /// That as a multiple of X and the factors.
    pub(crate) multiple: f64,
}

/// Measures one problem, or finds that its data set is not there.
pub(crate) fn measure(
    problem: Problem,
    data: &Path,
    (peer, ours): (&Peer, &Ours),
    repeats: usize,
) -> Outcome<Option<Measured>> {
    let room = tempfile::tempdir()?;
    let room = room.path();
    let Some(x) = problem.locate(data, room)? else { return Ok(None) };
    let say = |what: &str| eprintln!("{}: {what}", problem.title());
    peer.start(&problem, &x, room)?;
    let mut pairs = Vec::new();
    for repeat in 1..=repeats {
        say(&format!("scikit-learn, {repeat} of {repeats}"));
        let theirs = peer.fit(&problem, &x, room)?;
        say(&format!("partwise, {repeat} of {repeats}"));
        pairs.push((theirs, ours.fit_from(&problem, &x, room)?));
    }
    let (_, last) = pairs.last().ok_or("at least one repeat is needed")?;
    let value = peer.evaluate(&problem, &x, &last.factors(&folder(room)))?;
    say("partwise as it comes");
    let defaults = (0..repeats).map(|_| ours.fit(&problem, &x, room)).collect::<Outcome<Vec<Run>>>()?;
    let baseline = ours.smallest(problem.loss, room)?.peak_memory_bytes;
    Ok(Some(Measured { problem, pairs, value, defaults, baseline }))
}

impl Measured {
    /// The last pair: but for the times, all are alike.
    pub(crate) fn last_pair(&self) -> Option<&(PeerFit, Run)> {
        self.pairs.last()
    }

    /// The last default fit: but for the times, all are alike.
    pub(crate) fn default_fit(&self) -> Option<&Run> {
        self.defaults.last()
    }

    /// Seconds that scikit-learn took.
    pub(crate) fn their_seconds(&self) -> Option<f64> {
        median(self.pairs.iter().map(|(theirs, _)| theirs.seconds).collect())
    }

    /// Seconds that partwise took to scikit-learn's final objective; `None` if a fit did not get there.
    pub(crate) fn our_seconds(&self) -> Option<f64> {
        median(self.reached()?.into_iter().map(|(_, ours)| ours).collect())
    }

    /// How many times faster partwise is at scikit-learn's final objective; `None` if a fit did not get there.
    pub(crate) fn ratio(&self) -> Option<Spread> {
        let ratios: Vec<f64> = self.reached()?.into_iter().map(|(theirs, ours)| theirs / ours).collect();
        Some(Spread {
            middle: self.their_seconds()? / self.our_seconds()?,
            least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            most: ratios.iter().copied().fold(0.0, f64::max),
        })
    }

    fn reached(&self) -> Option<Vec<(f64, f64)>> {
        let pair = |(theirs, ours): &(PeerFit, Run)| {
            ours.reached(theirs.value.objective).map(|(_, seconds)| (theirs.seconds, seconds))
        };
        self.pairs.iter().map(pair).collect()
    }

    /// The largest memory of the default fits.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let (peak, baseline) = (largest(self.defaults.iter())?, self.baseline?);
        let net = peak.saturating_sub(baseline);
        let needed = self.default_fit()?.problem_bytes(self.problem.rank);
        Some(Memory { needed, baseline, peak, net, multiple: net as f64 / needed as f64 })
    }

    /// The largest memory of our fits from the same start, without the program's own.
    pub(crate) fn memory_from(&self) -> Option<u64> {
        Some(largest(self.pairs.iter().map(|(_, ours)| ours))?.saturating_sub(self.baseline?))
    }

    /// How far the script's evaluation is from what each side says of its own fit: objectives, relative to them.
    pub(crate) fn disagreement(&self) -> Option<(f64, f64)> {
        let (theirs, ours) = self.last_pair()?;
        let off = |said: f64, found: f64| (said / found - 1.0).abs();
        Some((
            off(theirs.own_objective, theirs.value.objective),
            off(ours.objective, self.value.objective).max(off(ours.kkt_residual, self.value.kkt_residual)),
        ))
    }
}

fn largest<'r>(runs: impl Iterator<Item = &'r Run>) -> Option<u64> {
    runs.filter_map(|run| run.peak_memory_bytes).max()
}
