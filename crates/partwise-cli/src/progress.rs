//! The line that moves while a fit runs.

use crate::signals;
use crate::talk::{Talk, line, seconds};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use partwise::run::Progress;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Seconds between lines where nothing can move.
const EVERY: f64 = 2.0;

/// Shows how a fit is doing, and stops it when a signal came.
pub(crate) struct Watch {
    bar: Option<ProgressBar>,
    verbose: bool,
    outlook: Outlook,
    last_shown: Option<Instant>,
}

impl Watch {
    /// `change` is the share by which the objective must fall per iteration for a run to go on.
    pub(crate) fn new(talk: &Talk, change: f64, time_limit: Option<f64>) -> Watch {
        let bar = talk.shows_progress().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        let verbose = talk.is_verbose() && bar.is_none();
        Watch { bar, verbose, outlook: Outlook::new(change, time_limit), last_shown: None }
    }

    /// To be called after every iteration.
    pub(crate) fn iteration(&mut self, progress: &Progress) -> ControlFlow<()> {
        if signals::received().is_some() {
            return ControlFlow::Break(());
        }
        self.outlook.add(progress);
        let wait =
            if self.bar.is_some() { Duration::from_millis(100) } else { Duration::from_secs_f64(EVERY) };
        if (self.bar.is_some() || self.verbose) && self.last_shown.is_none_or(|last| last.elapsed() >= wait) {
            self.last_shown = Some(Instant::now());
            let text = self.text(progress);
            match &self.bar {
                Some(bar) => {
                    bar.set_message(text);
                    bar.tick();
                }
                None => line(&format!("  {text}")),
            }
        }
        ControlFlow::Continue(())
    }

    fn text(&self, p: &Progress) -> String {
        let start = if p.restarts > 1 {
            format!("start {} of {}, ", p.restart + 1, p.restarts)
        } else {
            String::new()
        };
        let left =
            self.outlook.left(p).map_or(String::new(), |left| format!(", about {} left", seconds(left)));
        format!(
            "{start}iteration {}, relative error {:.5}, {}{left}",
            p.iteration,
            p.relative_error,
            seconds(p.seconds)
        )
    }

    /// Takes the line away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How long it may still take. The share by which the objective falls per iteration behaves like a power of the number
/// of iterations; two points of it tell when it will be below what the stopping rule asks for.
struct Outlook {
    change: f64,
    time_limit: Option<f64>,
    /// The starts under way, the one that was heard of last at the end.
    runs: Vec<Run>,
    /// Starts that have begun.
    begun: usize,
}

/// A start under way.
#[derive(Default)]
struct Run {
    restart: usize,
    began: f64,
    /// Iteration and objective at powers of sqrt 2, the last ones.
    points: Vec<(f64, f64)>,
}

impl Outlook {
    fn new(change: f64, time_limit: Option<f64>) -> Outlook {
        Outlook { change, time_limit, runs: Vec::new(), begun: 0 }
    }

    fn add(&mut self, p: &Progress) {
        let known = self.runs.iter().position(|run| run.restart == p.restart);
        let mut run = known.map_or_else(
            || Run { restart: p.restart, began: p.seconds, ..Run::default() },
            |at| self.runs.remove(at),
        );
        let at = p.iteration as f64;
        // Sweeps on a sketch say nothing of those on X.
        if p.iteration == 0 {
            run.began = p.seconds;
        } else if run.points.last().is_none_or(|&(last, _)| at >= last * std::f64::consts::SQRT_2) {
            run.points.push((at, p.objective));
        }
        // Who has not been heard of for longest has ended.
        if self.runs.len() >= p.at_once.max(1) {
            self.runs.remove(0);
        }
        self.runs.push(run);
        self.begun = self.begun.max(p.restart + 1);
    }

    /// Seconds, once enough is known.
    fn left(&self, p: &Progress) -> Option<f64> {
        let run = self.runs.iter().find(|run| run.restart == p.restart)?;
        let predicted = run.predicted(self.change);
        let per_iteration = (p.seconds - run.began) / p.iteration as f64;
        let by_limit = p.max_iter as f64;
        let end = predicted.unwrap_or(by_limit).clamp(p.iteration as f64, by_limit);
        let this = per_iteration * (end - p.iteration as f64);
        let to_come = p.restarts.saturating_sub(self.begun) as f64 / p.at_once.max(1) as f64;
        let left = predicted.map(|_| this + per_iteration * end * to_come);
        match (left, self.time_limit.map(|limit| (limit - p.seconds).max(0.0))) {
            (Some(left), Some(limit)) => Some(left.min(limit)),
            (left, limit) => left.or(limit),
        }
        .filter(|left| left.is_finite())
    }
}

impl Run {
    /// The iteration at which the objective will fall too slowly to go on.
    fn predicted(&self, change: f64) -> Option<f64> {
        let [.., a, b, c, d, e] = self.points.as_slice() else { return None };
        let rate = |from: &(f64, f64), to: &(f64, f64)| (from.1 - to.1) / (to.0 - from.0) / to.1.abs();
        let (early, late) = (rate(a, c), rate(c, e));
        let (t_early, t_late) = ((a.0 * c.0).sqrt(), (c.0 * e.0).sqrt());
        let _ = (b, d);
        let power = (early / late).ln() / (t_late / t_early).ln();
        let end = t_late * (late / change).powf(1.0 / power);
        (power > 0.1 && late > 0.0 && change > 0.0 && end.is_finite()).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(iteration: usize, objective: f64) -> Progress {
        let mut p = Progress::default();
        p.restarts = 1;
        (p.iteration, p.max_iter) = (iteration, 1_000_000);
        (p.seconds, p.objective) = (iteration as f64 * 0.01, objective);
        p
    }

    #[test]
    fn the_time_left_is_about_right_for_a_power_law() {
        // f = 1 + 1/t falls by 1/t² per iteration: below 1e-8 at t = 1e4.
        let mut outlook = Outlook::new(1e-8, None);
        for t in 1..=400 {
            outlook.add(&progress(t, 1.0 + 1.0 / t as f64));
        }
        let left = outlook.left(&progress(400, 1.0 + 1.0 / 400.0)).unwrap();
        assert!((60.0..140.0).contains(&left), "{left}");
    }

    #[test]
    fn starts_that_run_at_once_have_an_outlook_each() {
        let mut outlook = Outlook::new(1e-8, None);
        let mut last = Progress::default();
        for t in 1..=400 {
            for restart in [2, 3] {
                last = progress(t, 1.0 + 1.0 / t as f64);
                (last.restart, last.restarts, last.at_once) = (restart, 6, 2);
                outlook.add(&last);
            }
        }
        // Two more starts, side by side, take as long as one.
        let left = outlook.left(&last).unwrap();
        assert!((140.0..240.0).contains(&left), "{left}");
    }

    #[test]
    fn nothing_is_said_before_something_is_known() {
        let mut outlook = Outlook::new(1e-8, None);
        outlook.add(&progress(1, 2.0));
        assert_eq!(outlook.left(&progress(1, 2.0)), None);
        // A run that does not move has no outlook but the limits.
        let mut outlook = Outlook::new(1e-8, Some(5.0));
        for t in 1..=100 {
            outlook.add(&progress(t, 1.0));
        }
        assert_eq!(outlook.left(&progress(100, 1.0)), Some(4.0));
    }
}
