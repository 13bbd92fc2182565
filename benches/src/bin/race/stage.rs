//! One cell: start by start, one program after another.

use crate::budget::Budget;
use crate::cells::Cell;
use crate::gap::{LEVELS, Point, Scale, short};
use crate::ours::{NAME, Ours, trace};
use crate::peers::{Python, Race, Worker};
use crate::raw::{Entrant, Line, Raw, Run, lines};
use crate::run::{Order, say, skipped};
use partwise::Loss;
use partwise_benches::Outcome;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) const PRECISIONS: [&str; 2] = ["f64", "f32"];
/// A peer has so many times the time of partwise to the smaller gap, but so many seconds at least.
pub(crate) const PEER_TIMES: f64 = 12.0;
pub(crate) const PEER_LEAST: f64 = 0.5;
/// A peer that takes so many times the time of the fastest peer of its precision is stopped, and runs from no later start.
pub(crate) const TOO_SLOW: f64 = 20.0;
/// The gap at which a peer is stopped: below the last that is told, as the lowest objective may yet fall.
const ENOUGH: f64 = 0.8 * LEVELS[1];
/// Tolerance of the long run.
const BEST_TOL: &str = "1e-7";
/// The long run has so many times the seconds of a timed one of partwise, but so many at least.
const LONGER: f64 = 2.0;
const LONG_LEAST: f64 = 2.0;
/// The shares of the seconds of a cell that a timed fit of partwise and a long run have at most.
pub(crate) const FIT_SHARE: f64 = 0.15;
pub(crate) const LONG_SHARE: f64 = 0.1;
/// The share that a peer has at least, even where the cell is overdrawn.
pub(crate) const PEER_SHARE: f64 = 0.1;

/// A peer's process once it was needed, or nothing once it failed.
type Slot = Option<Outcome<Worker>>;

/// One cell, while it is run.
pub(crate) struct Stage<'a> {
    pub(crate) cell: &'a Cell,
    pub(crate) one: f64,
    pub(crate) x: &'a Path,
    pub(crate) python: &'a Python,
    pub(crate) ours: &'a Ours,
    pub(crate) room: &'a Path,
    pub(crate) raw: &'a mut Raw,
    pub(crate) order: &'a Order,
    pub(crate) budget: &'a Budget,
    pub(crate) evaluator: Worker,
    pub(crate) workers: Vec<(Entrant, Slot)>,
    /// Peers that were too slow from an earlier start.
    pub(crate) dropped: Vec<Entrant>,
}

/// W and H in files, as `--init` has them.
pub(crate) fn pair(w: &Path, h: &Path) -> String {
    format!("{},{}", w.display(), h.display())
}

/// What the long run is made with: not what the timed run of partwise is made with.
fn other_rule(loss: Loss, rule: &str) -> &'static [&'static str] {
    match (loss, rule) {
        (Loss::Frobenius, "bpp") => &["--rule", "hals"],
        (Loss::Frobenius, _) => &["--rule", "bpp"],
        (Loss::KullbackLeibler, "scd") => &["--rule", "mu"],
        (Loss::KullbackLeibler, _) => &["--rule", "scd"],
        (_, "newton") => &["--rule", "mu"],
        // There is but one; its plain step goes elsewhere than the extrapolated one.
        _ => &["--no-extrapolation"],
    }
}

impl Stage<'_> {
    pub(crate) fn whole(mut self) -> Outcome<()> {
        let known = lines(&self.order.raw)?;
        let entrants: Vec<Entrant> = self.workers.iter().map(|(entrant, _)| entrant.clone()).collect();
        // In processes of its own, before others keep X.
        self.write_start(self.order.starts.start)?;
        self.memory(&entrants)?;
        self.threads()?;
        self.read()?;
        // Before starts fill what is left.
        if let Some(number) = self.cell.restarts {
            self.restarts(number, &entrants)?;
        }
        for start in self.order.starts.clone() {
            let clock = Instant::now();
            self.write_start(start)?;
            self.start(start, &known)?;
            // A start that would be cut short says less than one more of another cell.
            if !self.budget.has(clock.elapsed().as_secs_f64()) {
                break;
            }
        }
        Ok(())
    }

    /// So that the first start takes no longer than others.
    fn read(&mut self) -> Outcome<()> {
        self.evaluator.read()?;
        for at in 0..self.workers.len() {
            if let Some(Err(error)) = self.with_worker(at, Worker::read) {
                let entrant = self.workers[at].0.clone();
                say(self.cell, &format!("{entrant}: {error}"));
                self.raw.add(&skipped(self.cell, &entrant, &error.to_string()))?;
            }
        }
        Ok(())
    }

    pub(super) fn factors(&self) -> (PathBuf, PathBuf) {
        (self.room.join("W0.npy"), self.room.join("H0.npy"))
    }

    fn write_start(&self, start: usize) -> Outcome<()> {
        let (w, h) = self.factors();
        self.python.start(self.x, self.cell.rank, start, &w, &h)
    }

    fn start(&mut self, start: usize, known: &[Line]) -> Outcome<()> {
        let cell = self.cell.name();
        let (w, h) = self.factors();
        let init = pair(&w, &h);
        let long = known.iter().rev().find_map(|line| match line {
            Line::Best { cell: c, start: s, objective, .. } if *c == cell && *s == start => Some(*objective),
            _ => None,
        });
        let mut lowest = f64::INFINITY;
        let mut runs = Vec::new();
        let limit = milliseconds(FIT_SHARE * self.budget.seconds());
        for precision in PRECISIONS {
            say(self.cell, &format!("start {start}, {NAME} {precision}"));
            let options = ["--init", &init, "--time-limit", &limit];
            let run = self.ours.fit(self.cell, self.x, precision, &options)?;
            let mut points = trace(&run);
            // Where it ended counts as the evaluator finds it.
            let found = self.evaluator.evaluate(&self.ours.factors(&run))?;
            if let Some(last) = points.last_mut() {
                last.2 = Some(found).filter(|found| found.is_finite());
            }
            lowest = lowest.min(found);
            runs.push((precision, run, points));
        }
        let slowest = runs.iter().map(|(_, run, _)| run.seconds.solve).fold(0.0, f64::max);
        let rule = runs.first().map_or("", |(_, run, _)| run.options.rule.as_str());
        lowest = lowest.min(match long {
            Some(objective) => objective,
            None => self.long_run(start, &init, rule, (LONGER * slowest).max(LONG_LEAST))?,
        });
        let scale = Scale { one: self.one, best: lowest };
        let mut limits = Vec::new();
        for (precision, run, mut points) in runs {
            let entrant = Entrant::new(NAME, precision);
            for level in LEVELS {
                self.verify(&entrant, start, &mut points, scale, level)?;
            }
            let took = scale.first(&points, LEVELS[1]).unwrap_or(run.fit_seconds());
            limits.push((precision, (PEER_TIMES * took).max(PEER_LEAST)));
            let run = Run {
                limit: None,
                end: run.status.name().into(),
                trace: scale.thinned(&points),
                timings: Some(run.timings),
            };
            self.raw.add(&Line::Run { cell: cell.clone(), entrant, start, run })?;
        }
        self.peers(start, scale, &limits)
    }

    /// A run that nobody is timed against.
    fn long_run(&mut self, start: usize, init: &str, rule: &str, seconds: f64) -> Outcome<f64> {
        say(self.cell, &format!("start {start}, long run"));
        let limit = milliseconds(seconds.min(LONG_SHARE * self.budget.seconds()));
        let mut options =
            vec!["--init", init, "--tol", BEST_TOL, "--max-iter", "1000000", "--time-limit", &limit];
        let other = other_rule(self.cell.loss, rule);
        options.extend(other);
        let run = self.ours.fit(self.cell, self.x, "f64", &options)?;
        let objective = self.evaluator.evaluate(&self.ours.factors(&run))?;
        let (cell, seconds, how) = (self.cell.name(), short(run.seconds.solve, 4), other.join(" "));
        self.raw.add(&Line::Best { cell, start, objective, sweeps: run.iterations as u64, seconds, how })?;
        Ok(objective)
    }

    /// The fit once more, up to the iteration that says to be the first at or below a level, and the evaluator's word on its
    /// factors in place of the fit's own; if that is above the level, the same further on. So no point is at or below a level
    /// before the evaluator said so.
    fn verify(
        &mut self,
        entrant: &Entrant,
        start: usize,
        points: &mut [Point],
        scale: Scale,
        level: f64,
    ) -> Outcome<()> {
        // The last point is of the polished pair, and is the evaluator's already.
        let Some(last) = points.len().checked_sub(1) else { return Ok(()) };
        let mut step = 1;
        let Some(mut at) = points.iter().position(|point| scale.gap(point.2) <= level) else { return Ok(()) };
        while at < last {
            let (sweeps, _, said) = points[at];
            let (w, h) = self.factors();
            let options = ["--init", &pair(&w, &h), "--no-polish", "--max-iter", &sweeps.to_string()];
            let run = self.ours.fit(self.cell, self.x, &entrant.precision, &options)?;
            let found = self.evaluator.evaluate(&self.ours.factors(&run))?;
            points[at].2 = Some(found).filter(|found| found.is_finite());
            if let Some(said) = said {
                let (cell, entrant) = (self.cell.name(), entrant.clone());
                self.raw.add(&Line::Check { cell, entrant, start, said, found })?;
            }
            if scale.gap(Some(found)) <= level {
                break;
            }
            let next = (at + step).min(last);
            for point in &mut points[at + 1..next] {
                // Nobody asked about these.
                point.2 = points_above(point.2, found);
            }
            (at, step) = (next, 2 * step);
        }
        Ok(())
    }

    fn peers(&mut self, start: usize, scale: Scale, limits: &[(&str, f64)]) -> Outcome<()> {
        let mut fastest: Vec<(String, f64)> = Vec::new();
        let mut took = Vec::new();
        let racing: Vec<usize> =
            (0..self.workers.len()).filter(|&at| !self.dropped.contains(&self.workers[at].0)).collect();
        for (turn, &at) in racing.iter().enumerate() {
            let entrant = self.workers[at].0.clone();
            let of = |precision: &str, all: &[(String, f64)]| {
                let same = all.iter().filter(|(p, _)| p == precision).map(|(_, seconds)| *seconds);
                same.fold(f64::INFINITY, f64::min)
            };
            let own = limits.iter().find(|(precision, _)| *precision == entrant.precision);
            let limit = match self.order.peer_limit {
                Some(limit) => limit,
                None => {
                    let too_slow = TOO_SLOW * of(&entrant.precision, &fastest);
                    own.map_or(f64::INFINITY, |own| own.1).min(too_slow.max(PEER_LEAST))
                }
            };
            let share = self.budget.left() / (racing.len() - turn) as f64;
            let wall = share.max(PEER_SHARE * self.order.cell_limit);
            if let Some((seconds, reached)) = self.peer(at, start, scale, (limit, wall))? {
                took.push((entrant.clone(), seconds));
                if reached {
                    fastest.push((entrant.precision, seconds));
                }
            }
        }
        for (entrant, seconds) in took {
            let same = fastest.iter().filter(|(precision, _)| *precision == entrant.precision);
            let best = same.map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
            let times = seconds / best;
            if times >= TOO_SLOW {
                say(self.cell, &format!("{entrant} is dropped: {times:.0} times the fastest peer"));
                let (cell, times) = (self.cell.name(), short(times, 3));
                self.raw.add(&Line::Dropped { cell, entrant: entrant.clone(), start, times })?;
                self.dropped.push(entrant);
            }
        }
        Ok(())
    }

    /// The seconds to the smaller gap, or those that were used, and whether it got there.
    fn peer(
        &mut self,
        at: usize,
        start: usize,
        scale: Scale,
        (limit, wall): (f64, f64),
    ) -> Outcome<Option<(f64, bool)>> {
        let entrant = self.workers[at].0.clone();
        let (w, h) = self.factors();
        let race = Race { w: &w, h: &h, target: scale.objective(ENOUGH), limit, wall };
        match self.with_worker(at, |worker| worker.race(&race)) {
            None => Ok(None),
            Some(Ok(points)) => {
                let to = scale.between(&points, LEVELS[1]);
                let used = points.last().map_or(0.0, |point| point.1);
                let end = match to {
                    Some(_) => "reached",
                    None if used < limit => "budget",
                    None => "limit",
                };
                say(self.cell, &format!("start {start}, {entrant}: {end} after {used:.2} s"));
                let run = Run {
                    limit: Some(short(limit, 4)),
                    end: end.into(),
                    trace: scale.thinned(&points),
                    timings: None,
                };
                self.raw.add(&Line::Run { cell: self.cell.name(), entrant, start, run })?;
                Ok(Some((to.unwrap_or(used), to.is_some())))
            }
            Some(Err(error)) => {
                say(self.cell, &format!("start {start}, {entrant}: {error}"));
                self.raw.add(&skipped(self.cell, &entrant, &error.to_string()))?;
                Ok(None)
            }
        }
    }

    /// Asks a worker, which is started at its first turn and given up once it fails.
    pub(super) fn with_worker<T>(
        &mut self,
        at: usize,
        ask: impl FnOnce(&mut Worker) -> Outcome<T>,
    ) -> Option<Outcome<T>> {
        let (entrant, slot) = &mut self.workers[at];
        let worker = slot.get_or_insert_with(|| self.python.worker(entrant, self.x, self.cell));
        let answer = match worker {
            Ok(worker) => ask(worker),
            Err(_) => return None,
        };
        if answer.is_err() {
            *slot = Some(Err("it failed before".into()));
        }
        Some(answer)
    }
}

/// No lower than what was found before.
fn points_above(said: Option<f64>, found: f64) -> Option<f64> {
    said.map(|said| said.max(found))
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.0}ms", 1e3 * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_run_is_no_competitors() {
        for (loss, rule) in [
            (Loss::Frobenius, "hals"),
            (Loss::Frobenius, "bpp"),
            (Loss::KullbackLeibler, "scd"),
            (Loss::KullbackLeibler, "mu"),
            (Loss::KullbackLeibler, "newton"),
            (Loss::ItakuraSaito, "newton"),
        ] {
            assert!(!other_rule(loss, rule).contains(&rule), "{loss} {rule}");
        }
        assert_eq!(other_rule(Loss::ItakuraSaito, "mu"), ["--no-extrapolation"]);
    }

    #[test]
    fn nobody_is_below_what_was_found() {
        assert_eq!(points_above(Some(1.0), 2.0), Some(2.0));
        assert_eq!(points_above(None, 2.0), None, "infinite stays so");
    }
}
