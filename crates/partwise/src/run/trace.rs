//! The way of a start in few points: what is left of its history when another start is kept.

use super::Record;

/// Points of a trace, at most.
const POINTS: usize = 60;
/// Points of the traces of all starts together, about: a thousand starts have to fit into `run.json` and a report.
const TOGETHER: usize = 6000;
/// What a trace keeps, however many starts there are.
const LEAST: usize = 8;

/// About as many points as one of so many starts may keep, the first and the last among them. An objective falls most at
/// first, so points are close there; and half of them are where the residual is known, which is seldom.
pub(crate) fn thinned(history: &[Record], starts: usize) -> Vec<Record> {
    let most = (TOGETHER / starts.max(1)).clamp(LEAST, POINTS);
    if history.len() <= most {
        return history.to_vec();
    }
    let last = history.len() - 1;
    let (seen, apart) = (most / 2, most - most / 2);
    let known: Vec<usize> = (0..=last).filter(|&at| history[at].kkt.is_some()).collect();
    let step = known.len().div_ceil(seen.max(1)).max(1);
    let mut kept: Vec<usize> = known.into_iter().step_by(step).collect();
    kept.extend((0..apart).map(|i| {
        let share = i as f64 / (apart - 1) as f64;
        ((last as f64 * share * share).round() as usize).min(last)
    }));
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|at| history[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(count: usize, every: usize) -> Vec<Record> {
        let kkt = |at: usize| (at.is_multiple_of(every)).then_some(0.5);
        let one =
            |at| Record { iteration: at, seconds: at as f64, objective: 1.0 / (at + 1) as f64, kkt: kkt(at) };
        (0..count).map(one).collect()
    }

    #[test]
    fn few_points_of_many_with_both_ends() {
        for (count, every) in [(61, 1), (500, 7), (100_000, 20_000), (100_000, 1)] {
            for starts in [0, 1, 100, 1000, usize::MAX] {
                let history = history(count, every);
                let trace = thinned(&history, starts);
                assert!(trace.len() <= if starts > 750 { LEAST } else { POINTS }, "{count} {every} {starts}");
                assert_eq!((trace[0], trace.last()), (history[0], history.last()));
                assert!(trace.windows(2).all(|pair| pair[0].iteration < pair[1].iteration));
                assert!(trace.iter().any(|point| point.kkt.is_some()));
                assert!(trace.len() >= LEAST / 2, "{count} {every} {starts}");
            }
        }
        let all = history(60, 1);
        assert_eq!(thinned(&all, 1), all);
        assert!(thinned(&[], 1).is_empty());
    }
}
