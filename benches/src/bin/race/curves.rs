//! What the pictures show.

use crate::gap::{Point, Scale, short};
use crate::raw::{Entrant, Run};
use crate::standing::{LARGE, SMALL, Standing};
use partwise_benches::metrics::median;
use serde_json::{Value, json};

/// Points of a curve.
const POINTS: usize = 20;
/// What is drawn: below, nothing is told apart any more.
const LEAST: f64 = 1e-5;

/// What `race_plots.py` draws.
pub(crate) fn pictures(all: &[Standing]) -> Value {
    json!({ "ratios": all.iter().map(ratios).collect::<Vec<_>>(), "gaps": all.iter().map(gaps).collect::<Vec<_>>() })
}

fn ratios(standing: &Standing) -> Value {
    let of = |precision: &str| {
        let of = |level| {
            standing.same_precision(precision, level).map(|r| json!({ "times": r.times, "more": r.more }))
        };
        json!({ "precision": precision, "small": of(SMALL), "large": of(LARGE) })
    };
    let both = ["f64", "f32"].map(of);
    json!({ "cell": standing.cell, "promised": crate::promises::least(standing), "of": both })
}

fn gaps(standing: &Standing) -> Value {
    let curves: Vec<Value> =
        standing.entrants().into_iter().filter_map(|entrant| curve(standing, entrant)).collect();
    json!({ "cell": standing.cell, "curves": curves })
}

/// The median of the gap over starts at even steps of the logarithm of time, while at least half of the runs go on.
fn curve(standing: &Standing, entrant: &Entrant) -> Option<Value> {
    let runs: Vec<(Scale, &Run)> =
        standing.runs.get(entrant)?.iter().map(|(&start, run)| (standing.scale(start), run)).collect();
    let first = |run: &Run| run.trace.iter().map(|point| point.1).find(|&seconds| seconds > 0.0);
    let from = median(runs.iter().filter_map(|(_, run)| first(run)).collect())?.max(1e-5);
    let to = median(runs.iter().map(|(_, run)| run.whole().1).collect())?.max(from);
    let points: Vec<(f64, f64)> = (0..POINTS)
        .filter_map(|i| {
            let at = from * (to / from).powf(i as f64 / (POINTS - 1) as f64);
            let gap = median(runs.iter().map(|(scale, run)| gap_at(*scale, &run.trace, at)).collect())?;
            gap.is_finite().then(|| (short(at, 4), short(gap, 4)))
        })
        .collect();
    Some(json!({ "program": entrant.program, "precision": entrant.precision, "points": points }))
}

/// The gap at a time: between two points, its logarithm is taken as straight.
fn gap_at(scale: Scale, trace: &[Point], at: f64) -> f64 {
    let gap = |point: &Point| scale.gap(point.2).max(LEAST);
    let after = trace.iter().position(|point| point.1 > at).unwrap_or(trace.len());
    let before = after.checked_sub(1).and_then(|i| trace.get(i));
    match (before, trace.get(after)) {
        (Some(before), Some(after)) if gap(before).is_finite() => {
            let share = (at - before.1) / (after.1 - before.1);
            gap(before) * (gap(after) / gap(before)).powf(share)
        }
        (Some(point), _) | (None, Some(point)) => gap(point),
        (None, None) => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standing::tests::standings;

    #[test]
    fn a_curve_ends_where_the_run_ends() {
        let all = standings("frobenius", Some(3.0));
        let drawn = pictures(&all.cells);
        let points = drawn["gaps"][0]["curves"][1]["points"].as_array().unwrap();
        assert_eq!(points.last().unwrap(), &json!([3.0, 5e-4]));
        let scale = Scale { one: 1.0, best: 0.0 };
        let trace = [(0, 0.0, None), (1, 1.0, Some(0.1)), (2, 2.0, Some(0.001))];
        assert_eq!([0.5, 1.0, 5.0].map(|at| gap_at(scale, &trace, at)), [f64::INFINITY, 0.1, 0.001]);
        assert!((gap_at(scale, &trace, 1.5) - 0.01).abs() < 1e-12);
        assert_eq!(drawn["ratios"][0]["of"][0]["small"]["times"], 3.0);
    }
}
