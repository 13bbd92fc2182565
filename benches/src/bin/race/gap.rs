//! How much of what can be explained is still missing, and when.

/// A point of a trace: sweeps, seconds on the clock, objective (`None` if infinite).
pub(crate) type Point = (u64, f64, Option<f64>);

/// The gaps whose times are told.
pub(crate) const LEVELS: [f64; 2] = [0.01, 0.001];
/// Points of a trace that are kept.
const KEPT: usize = 32;
/// Points on either side of one where a level is crossed that are kept first.
const AROUND: usize = 2;

/// From where to where the gap goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    /// Objective at gap 1: of the zero matrix for Frobenius, of independence for others.
    pub(crate) one: f64,
    /// Objective at gap 0: the lowest that was seen from the start.
    pub(crate) best: f64,
}

impl Scale {
    /// The share that is missing.
    pub(crate) fn gap(&self, objective: Option<f64>) -> f64 {
        objective.map_or(f64::INFINITY, |o| ((o - self.best) / (self.one - self.best)).max(0.0))
    }

    /// The objective with this gap.
    pub(crate) fn objective(&self, gap: f64) -> f64 {
        self.best + gap * (self.one - self.best)
    }

    fn at_or_below(&self, trace: &[Point], level: f64) -> Option<usize> {
        trace.iter().position(|&(_, _, objective)| self.gap(objective) <= level)
    }

    /// The seconds of the first point at or below a level: of partwise, whose trace has every iteration around it.
    pub(crate) fn first(&self, trace: &[Point], level: f64) -> Option<f64> {
        trace.get(self.at_or_below(trace, level)?).map(|point| point.1)
    }

    /// The seconds when a level was crossed between two points, the logarithm of the gap being taken as straight: of peers,
    /// which are evaluated now and then.
    pub(crate) fn between(&self, trace: &[Point], level: f64) -> Option<f64> {
        let at = self.at_or_below(trace, level)?;
        let after = trace.get(at)?;
        let Some(before) = at.checked_sub(1).and_then(|i| trace.get(i)) else { return Some(after.1) };
        // A gap of 0 has no logarithm.
        let (g0, g1) = (self.gap(before.2), self.gap(after.2).max(1e-3 * level));
        if !g0.is_finite() {
            return Some(after.1);
        }
        let share = (g0 / level).ln() / (g0 / g1).ln();
        Some(before.1 + share.clamp(0.0, 1.0) * (after.1 - before.1))
    }

    /// A trace of fewer points: the first and the last, those around the levels, and others with even steps in the
    /// logarithm of their number.
    pub(crate) fn thinned(&self, trace: &[Point]) -> Vec<Point> {
        let last = trace.len().saturating_sub(1);
        let mut kept = vec![0, last];
        for level in LEVELS {
            if let Some(at) = self.at_or_below(trace, level) {
                kept.extend(at.saturating_sub(AROUND)..=(at + AROUND).min(last));
            }
        }
        kept.sort_unstable();
        kept.dedup();
        let steps = KEPT.saturating_sub(kept.len());
        for step in 0..steps {
            let at = ((last + 1) as f64).powf((step + 1) as f64 / (steps + 1) as f64) as usize;
            kept.push(at.min(last));
        }
        kept.sort_unstable();
        kept.dedup();
        kept.into_iter()
            .filter_map(|at| trace.get(at))
            .map(|&(n, s, o)| (n, short(s, 5), o.map(|o| short(o, 11))))
            .collect()
    }
}

/// A number with so many digits, as more fill the file.
pub(crate) fn short(x: f64, digits: usize) -> f64 {
    format!("{x:.*e}", digits.saturating_sub(1)).parse().unwrap_or(x)
}

/// A time over several starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Time {
    /// The middle; where less than half of the starts got there, what it is more than.
    pub(crate) seconds: f64,
    /// Whether it is only known that it is more.
    pub(crate) more: bool,
    pub(crate) reached: usize,
    pub(crate) of: usize,
}

impl Time {
    /// From what each start took, or what it had used when it was given up.
    pub(crate) fn of(starts: &[Result<f64, f64>]) -> Option<Time> {
        let middle = |of: fn(&Result<f64, f64>) -> f64| {
            partwise_benches::metrics::median(starts.iter().map(of).collect())
        };
        let sure = middle(|start| start.unwrap_or(f64::INFINITY))?;
        let least = middle(|start| start.unwrap_or_else(|used| used))?;
        let more = sure.is_infinite();
        let reached = starts.iter().filter(|start| start.is_ok()).count();
        Some(Time { seconds: if more { least } else { sure }, more, reached, of: starts.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { one: 101.0, best: 1.0 };

    #[test]
    fn the_gap_is_a_share() {
        assert_eq!(SCALE.gap(Some(2.0)), 0.01);
        assert_eq!(SCALE.gap(Some(0.5)), 0.0, "better than best is best");
        assert_eq!(SCALE.gap(None), f64::INFINITY);
        assert_eq!(SCALE.objective(0.01), 2.0);
    }

    #[test]
    fn crossings_are_the_first_point_or_between_two() {
        let trace = [(0, 0.0, Some(101.0)), (1, 2.0, Some(11.0)), (2, 4.0, Some(1.1))];
        assert_eq!(SCALE.first(&trace, 0.01), Some(4.0));
        // From 0.1 to 0.001, 0.01 is half of the way.
        assert!((SCALE.between(&trace, 0.01).unwrap() - 3.0).abs() < 1e-9);
        assert_eq!(SCALE.between(&trace, 0.0001), None);
        let jump = [(0, 0.0, None), (1, 2.0, Some(1.0))];
        assert_eq!(SCALE.between(&jump, 0.01), Some(2.0));
    }

    #[test]
    fn thinning_keeps_ends_and_crossings() {
        let trace: Vec<Point> =
            (0..2000).map(|i| (i, i as f64, Some(1.0 + 100.0 * (-0.01 * i as f64).exp()))).collect();
        let thin = SCALE.thinned(&trace);
        assert!(thin.len() <= 40);
        assert_eq!((thin[0], thin.last().unwrap().0), (trace[0], 1999));
        for level in LEVELS {
            assert_eq!(SCALE.first(&thin, level), SCALE.first(&trace, level));
        }
        assert_eq!(SCALE.thinned(&trace[..3]).len(), 3);
    }

    #[test]
    fn a_start_that_never_gets_there_counts_as_infinite() {
        let time = Time::of(&[Ok(1.0), Err(9.0), Ok(3.0)]).unwrap();
        assert_eq!(time, Time { seconds: 3.0, more: false, reached: 2, of: 3 });
        let time = Time::of(&[Ok(1.0), Err(9.0), Err(5.0)]).unwrap();
        assert_eq!(time, Time { seconds: 5.0, more: true, reached: 1, of: 3 });
        assert_eq!(Time::of(&[]), None);
    }
}
