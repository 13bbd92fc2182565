//! What was promised: what was measured to be otherwise, and what the seconds of a cell did not decide.

use crate::raw::Entrant;
use crate::standing::{LARGE, Ratio, SMALL, Standing};
use partwise_benches::markdown::grouped;

/// How many times faster than the best peer of the same precision in time to the smaller gap, at least.
pub(crate) fn least(standing: &Standing) -> Option<f64> {
    match (standing.facts.loss.as_str(), standing.facts.sparse) {
        ("frobenius", false) => Some(2.0),
        ("frobenius", true) => Some(3.0),
        ("kl", _) => Some(10.0),
        _ => None,
    }
}

pub(crate) fn times(ratio: Ratio) -> String {
    let digits = if ratio.times < 10.0 { 1 } else { 0 };
    // Not rounded up to what is promised.
    let factor = 10f64.powi(digits);
    let down = (ratio.times * factor).floor() / factor;
    format!("{}{down:.*}×", if ratio.more { "> " } else { "" }, digits as usize)
}

/// A line for everything that falls short, or that nobody knows.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    pub(crate) missed: Vec<String>,
    pub(crate) undecided: Vec<String>,
}

/// What came of promises; those that are kept are not listed.
pub(crate) fn promises(all: &[Standing]) -> Promises {
    let mut promises = Promises::default();
    for standing in all {
        for precision in ["f64", "f32"] {
            let ours = Entrant::new(crate::ours::NAME, precision);
            if !standing.runs.contains_key(&ours) {
                continue;
            }
            let line = |what| format!("`{}` in {precision}: {what}", standing.cell);
            let cut = standing.was_cut(&ours);
            for (what, is_known) in [
                (reach(standing, &ours), !cut),
                (speed(standing, precision, SMALL, least(standing), false), true),
                (speed(standing, precision, LARGE, Some(1.0), false), true),
                (speed(standing, precision, SMALL, least(standing), true), false),
                (speed(standing, precision, LARGE, Some(1.0), true), false),
                (memory(standing, precision), true),
                (threads(standing, precision), true),
            ] {
                let list = if is_known { &mut promises.missed } else { &mut promises.undecided };
                list.extend(what.map(line));
            }
        }
    }
    promises
}

fn percent(level: f64) -> String {
    format!("{}%", 100.0 * level)
}

fn reach(standing: &Standing, ours: &Entrant) -> Option<String> {
    let time = standing.time(ours, SMALL).filter(|time| time.reached < time.of)?;
    let lowest = 100.0 * standing.lowest(ours)?;
    let (level, reached, of) = (percent(SMALL), time.reached, time.of);
    let why =
        if standing.was_cut(ours) { "is stopped before for the seconds of the cell" } else { "ends before" };
    Some(format!(
        "{level} of the gap is reached from {reached} of {of} starts, as the fit {why}, at {lowest:.2}% (median)"
    ))
}

/// A ratio below what is promised: one that is known, or one of which only a part is, as the peers were `stopped`.
fn speed(
    standing: &Standing,
    precision: &str,
    level: f64,
    promised: Option<f64>,
    stopped: bool,
) -> Option<String> {
    let promised = promised?;
    let ratio = standing
        .same_precision(precision, level)
        .filter(|ratio| ratio.times < promised && ratio.more == stopped)?;
    let why = if stopped { ", when it was stopped" } else { "" };
    Some(format!(
        "to {} of the gap the best peer takes {} as long as partwise{why}; {promised:.0}× is promised",
        percent(level),
        times(ratio)
    ))
}

fn memory(standing: &Standing, precision: &str) -> Option<String> {
    let (peer, least) = standing.least_memory(precision)?;
    let ours = standing.our_memory(precision).filter(|&ours| ours >= least)?;
    let megabytes = |bytes: u64| grouped(bytes as f64 / 1e6, 1);
    Some(format!("{} MB of memory, where {} takes {}", megabytes(ours), peer.program, megabytes(least)))
}

/// How many times faster all threads are than one, at least.
const FASTER: f64 = 1.7;

fn threads(standing: &Standing, precision: &str) -> Option<String> {
    let times =
        standing.threads.get(precision).map(|(one, all)| one / all).filter(|&times| times < FASTER)?;
    Some(format!(
        "{} threads make a sweep {times:.2} times faster, where {FASTER} is promised if memory is not the limit",
        crate::THREADS
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standing::tests::standings;

    #[test]
    fn what_falls_short_is_said() {
        let found = promises(&standings("frobenius", Some(1.5)).cells);
        assert!(found.undecided.is_empty(), "{found:?}");
        assert_eq!(
            found.missed,
            [
                "`c` in f64: to 0.1% of the gap the best peer takes 1.5× as long as partwise; 2× is promised",
                "`c` in f64: 0.0 MB of memory, where peer takes 0.0"
            ]
        );
        let found = promises(&standings("kl", None).cells);
        let line = &found.undecided[0];
        assert!(line.contains("> 7.0×") && line.contains("when it was stopped"), "{found:?}");
        assert_eq!(promises(&standings("is", None).cells).missed.len(), 1, "only memory is promised there");
    }

    #[test]
    fn ratios_are_never_rounded_up() {
        let shown = |times_: f64| times(Ratio { times: times_, more: false });
        assert_eq!([1.999, 9.99, 12.7].map(shown), ["1.9×", "9.9×", "12×"]);
    }
}
