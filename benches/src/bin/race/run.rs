//! The race itself: cell by cell, start by start, one program after another.

use crate::cells::Cell;
use crate::gap::{LEVELS, Scale, short};
use crate::ours::{NAME, Ours, trace};
use crate::peers::{Data, Prepared, Python, Race, Worker, entrants};
use crate::raw::{Entrant, Facts, Line, Machine, Raw, Restarts, Run, lines, today};
use partwise::Loss;
use partwise_benches::Outcome;
use partwise_benches::machine::{load, processor};
use partwise_benches::metrics::median;
use partwise_benches::program;
use partwise_benches::roof::best;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is to be done.
pub(crate) struct Order {
    pub(crate) cells: Vec<Cell>,
    pub(crate) data: PathBuf,
    pub(crate) cache: PathBuf,
    pub(crate) raw: PathBuf,
    pub(crate) python: String,
    pub(crate) starts: Range<usize>,
    /// Seconds that a peer has from a start; by default, from the time of partwise.
    pub(crate) peer_limit: Option<f64>,
    /// Seconds of the long run from a start, at least.
    pub(crate) best_limit: f64,
}

const PRECISIONS: [&str; 2] = ["f64", "f32"];
/// A peer has so many times the time of partwise to the smaller gap, within these seconds.
pub(crate) const PEER_TIMES: f64 = 12.0;
pub(crate) const PEER_LIMITS: (f64, f64) = (0.5, 30.0);
/// The gap at which a peer is stopped: below the last that is told, as the lowest objective may yet fall.
const ENOUGH: f64 = 0.8 * LEVELS[1];
/// Tolerance of the long run.
const BEST_TOL: &str = "1e-7";
/// The long run has so many times the seconds of a timed one of partwise, if that is more.
const LONGER: f64 = 2.0;
/// Sweeps for which memory is measured.
pub(crate) const MEMORY_SWEEPS: usize = 3;
/// Settings of the restarts of peers: in words, tolerance, most sweeps.
const SETTINGS: [(&str, f64, usize); 2] = [
    ("as it comes: tol 1e-4, 200 sweeps at most", 1e-4, 200),
    ("tol 1e-6, 10,000 sweeps at most", 1e-6, 10_000),
];

pub(crate) fn run(order: &Order) -> Outcome<()> {
    let python = Python::new(&order.python, &order.cache);
    let versions = python.versions()?;
    let mut raw = Raw::open(&order.raw, &today())?;
    let room = tempfile::tempdir()?;
    let ours = Ours::new(room.path())?;
    let mut told = false;
    for cell in &order.cells {
        say(cell, "data");
        let prepared = match python.data(cell, &order.data) {
            Ok(Data::There(prepared)) => prepared,
            Ok(Data::Missing { missing }) => {
                raw.add(&skipped(cell, &Entrant::new("all", ""), &format!("DATA/{missing} is not there")))?;
                continue;
            }
            Err(error) => {
                raw.add(&skipped(cell, &Entrant::new("all", ""), &error.to_string()))?;
                continue;
            }
        };
        let x = order.cache.join(&prepared.file);
        let Some(facts) = facts(cell, &prepared) else {
            raw.add(&skipped(cell, &Entrant::new("all", ""), "the loss is infinite on these data"))?;
            continue;
        };
        if !told {
            raw.add(&machine(&python, &ours, cell, &x, room.path())?)?;
            told = true;
        }
        raw.add(&Line::Cell { cell: cell.name(), facts: facts.clone() })?;
        let mut stage = Stage {
            cell,
            one: facts.one,
            x: &x,
            python: &python,
            ours: &ours,
            room: room.path(),
            raw: &mut raw,
            order,
            evaluator: python.worker(&Entrant::new("none", "f64"), &x, cell)?,
            workers: entrants(&versions, cell.loss).into_iter().map(|entrant| (entrant, None)).collect(),
        };
        // What goes wrong in one cell does not end the others.
        if let Err(error) = stage.whole() {
            raw.add(&skipped(cell, &Entrant::new("all", ""), &error.to_string()))?;
            say(cell, &error.to_string());
        }
    }
    Ok(())
}

fn say(cell: &Cell, what: &str) {
    eprintln!("{}: {what}", cell.name());
}

fn skipped(cell: &Cell, entrant: &Entrant, reason: &str) -> Line {
    Line::Skipped { cell: cell.name(), entrant: entrant.clone(), reason: reason.into() }
}

fn facts(cell: &Cell, prepared: &Prepared) -> Option<Facts> {
    let one = match cell.loss {
        Loss::Frobenius => Some(prepared.frobenius),
        Loss::KullbackLeibler => prepared.kl,
        _ => prepared.itakura_saito,
    }?;
    Some(Facts {
        words: prepared.words.clone(),
        rows: prepared.rows,
        cols: prepared.cols,
        stored: prepared.stored,
        sparse: prepared.sparse,
        loss: cell.loss.to_string(),
        rank: cell.rank,
        one,
    })
}

fn machine(python: &Python, ours: &Ours, cell: &Cell, x: &Path, room: &Path) -> Outcome<Line> {
    let load = load();
    let versions = python.versions()?;
    let (w, h) = (room.join("W0.npy"), room.join("H0.npy"));
    python.start(x, cell.rank, 0, &w, &h)?;
    let run = ours.fit(cell, x, "f64", &["--init", &pair(&w, &h), "--max-iter", "1"])?;
    let of = run.versions;
    Ok(Line::Machine(Machine {
        date: today(),
        processor: processor(),
        processors: std::thread::available_parallelism().map_or(0, usize::from),
        load,
        roof: [best::<f64>(), best::<f32>()].map(|roof| short(roof, 4)),
        partwise: format!("{} for {}, {}", of.partwise, of.target, of.simd),
        about: versions.about,
        peers: versions.found,
        absent: versions.absent,
    }))
}

fn pair(w: &Path, h: &Path) -> String {
    format!("{},{}", w.display(), h.display())
}

/// A peer's process once it was needed, or nothing once it failed.
type Slot = Option<Outcome<Worker>>;

/// One cell, while it is run.
struct Stage<'a> {
    cell: &'a Cell,
    one: f64,
    x: &'a Path,
    python: &'a Python,
    ours: &'a Ours,
    room: &'a Path,
    raw: &'a mut Raw,
    order: &'a Order,
    evaluator: Worker,
    workers: Vec<(Entrant, Slot)>,
}

impl Stage<'_> {
    fn whole(&mut self) -> Outcome<()> {
        let known = lines(&self.order.raw)?;
        for start in self.order.starts.clone() {
            self.start(start, &known)?;
        }
        // Peers keep X until here; memory is measured in processes of its own.
        let entrants: Vec<Entrant> = self.workers.iter().map(|(entrant, _)| entrant.clone()).collect();
        if let Some(number) = self.cell.restarts {
            self.restarts(number, &entrants)?;
        }
        self.workers.clear();
        self.memory(&entrants)
    }

    fn factors(&self) -> (PathBuf, PathBuf) {
        (self.room.join("W0.npy"), self.room.join("H0.npy"))
    }

    fn start(&mut self, start: usize, known: &[Line]) -> Outcome<()> {
        let cell = self.cell.name();
        let (w, h) = self.factors();
        self.python.start(self.x, self.cell.rank, start, &w, &h)?;
        let init = pair(&w, &h);
        let long = known.iter().rev().find_map(|line| match line {
            Line::Best { cell: c, start: s, objective, .. } if *c == cell && *s == start => Some(*objective),
            _ => None,
        });
        let mut lowest = f64::INFINITY;
        let mut runs = Vec::new();
        for precision in PRECISIONS {
            say(self.cell, &format!("start {start}, {NAME} {precision}"));
            let run = self.ours.fit(self.cell, self.x, precision, &["--init", &init])?;
            let points = trace(&run);
            lowest = points.iter().filter_map(|point| point.2).fold(lowest, f64::min);
            runs.push((precision, run, points));
        }
        let slowest = runs.iter().map(|(_, run, _)| run.seconds.solve).fold(0.0, f64::max);
        lowest = lowest.min(match long {
            Some(objective) => objective,
            None => self.long_run(start, &init, self.order.best_limit.max(LONGER * slowest))?,
        });
        let scale = Scale { one: self.one, best: lowest };
        let mut limits = Vec::new();
        for (precision, run, points) in &runs {
            let entrant = Entrant::new(NAME, precision);
            let took = scale.first(points, LEVELS[1]).unwrap_or(run.fit_seconds());
            limits.push((*precision, (PEER_TIMES * took).clamp(PEER_LIMITS.0, PEER_LIMITS.1)));
            if start == self.order.starts.start {
                self.check(&entrant, start, points, scale)?;
            }
            let run = Run {
                limit: None,
                end: run.status.name().into(),
                trace: scale.thinned(points),
                timings: Some(run.timings),
            };
            self.raw.add(&Line::Run { cell: cell.clone(), entrant, start, run })?;
        }
        for at in 0..self.workers.len() {
            let of = limits.iter().find(|(precision, _)| *precision == self.workers[at].0.precision);
            let limit = self.order.peer_limit.or(of.map(|limit| limit.1)).unwrap_or(PEER_LIMITS.1);
            self.peer(at, start, scale, limit)?;
        }
        Ok(())
    }

    fn long_run(&mut self, start: usize, init: &str, seconds: f64) -> Outcome<f64> {
        say(self.cell, &format!("start {start}, long run"));
        let limit = format!("{:.0}ms", 1e3 * seconds);
        let options = ["--init", init, "--tol", BEST_TOL, "--max-iter", "1000000", "--time-limit", &limit];
        let run = self.ours.fit(self.cell, self.x, "f64", &options)?;
        let (objective, cell) = (run.objective, self.cell.name());
        let seconds = short(run.seconds.solve, 4);
        let line = Line::Best { cell, start, objective, sweeps: run.iterations as u64, seconds };
        self.raw.add(&line)?;
        Ok(objective)
    }

    /// The iteration at which the smaller gap is reached, or the last, once more and as it is then.
    fn check(
        &mut self,
        entrant: &Entrant,
        start: usize,
        points: &[crate::gap::Point],
        scale: Scale,
    ) -> Outcome<()> {
        // The last point is of the polished pair.
        let unpolished = points.len().checked_sub(2).and_then(|last| points.get(..=last)).unwrap_or(points);
        let at = unpolished
            .iter()
            .position(|point| scale.gap(point.2) <= LEVELS[1])
            .unwrap_or(unpolished.len().saturating_sub(1));
        let Some(&(sweeps, _, Some(said))) = unpolished.get(at) else { return Ok(()) };
        let (w, h) = self.factors();
        let options = ["--init", &pair(&w, &h), "--no-polish", "--max-iter", &sweeps.to_string()];
        let run = self.ours.fit(self.cell, self.x, &entrant.precision, &options)?;
        let found = self.evaluator.evaluate(&self.ours.factors(&run))?;
        self.raw.add(&Line::Check { cell: self.cell.name(), entrant: entrant.clone(), start, said, found })
    }

    fn peer(&mut self, at: usize, start: usize, scale: Scale, limit: f64) -> Outcome<()> {
        let entrant = self.workers[at].0.clone();
        let (w, h) = self.factors();
        let race = Race { w: &w, h: &h, target: scale.objective(ENOUGH), limit };
        match self.with_worker(at, |worker| worker.race(&race)) {
            None => Ok(()),
            Some(Ok(points)) => {
                let reached = points.last().is_some_and(|point| scale.gap(point.2) <= ENOUGH);
                let end = if reached { "reached" } else { "limit" };
                say(self.cell, &format!("start {start}, {entrant}: {end}"));
                let run = Run {
                    limit: Some(short(limit, 4)),
                    end: end.into(),
                    trace: scale.thinned(&points),
                    timings: None,
                };
                self.raw.add(&Line::Run { cell: self.cell.name(), entrant, start, run })
            }
            Some(Err(error)) => {
                say(self.cell, &format!("start {start}, {entrant}: {error}"));
                self.raw.add(&skipped(self.cell, &entrant, &error.to_string()))
            }
        }
    }

    /// Asks a worker, which is started at its first turn and given up once it fails.
    fn with_worker<T>(
        &mut self,
        at: usize,
        ask: impl FnOnce(&mut Worker) -> Outcome<T>,
    ) -> Option<Outcome<T>> {
        let (entrant, slot) = &mut self.workers[at];
        let worker = slot.get_or_insert_with(|| self.python.worker(entrant, self.x, self.cell));
        let answer = ask(worker.as_mut().ok()?);
        if answer.is_err() {
            *slot = Some(Err("it failed before".into()));
        }
        Some(answer)
    }

    fn memory(&mut self, entrants: &[Entrant]) -> Outcome<()> {
        let (w, h) = self.factors();
        let (cell, init) = (self.cell.name(), pair(&w, &h));
        let own = self.ours.own_memory(self.cell.loss)?;
        for precision in PRECISIONS {
            let options = ["--init", &init, "--max-iter", &MEMORY_SWEEPS.to_string()];
            let run = self.ours.fit(self.cell, self.x, precision, &options)?;
            if let (Some(own), Some(peak)) = (own, run.peak_memory_bytes) {
                let entrant = Entrant::new(NAME, precision);
                self.raw.add(&Line::Memory {
                    cell: cell.clone(),
                    entrant,
                    bytes: peak.saturating_sub(own),
                })?;
            }
        }
        for entrant in entrants {
            say(self.cell, &format!("memory of {entrant}"));
            let found = self
                .python
                .worker(entrant, self.x, self.cell)
                .and_then(|mut worker| worker.memory((&w, &h), MEMORY_SWEEPS));
            // Why a peer does not run is said already.
            if let Ok(bytes) = found {
                self.raw.add(&Line::Memory { cell: cell.clone(), entrant: entrant.clone(), bytes })?;
            }
        }
        Ok(())
    }

    fn restarts(&mut self, number: usize, entrants: &[Entrant]) -> Outcome<()> {
        say(self.cell, &format!("{number} restarts of {NAME}"));
        let options = ["--init", "random", "--restarts", &number.to_string()];
        let run: program::Run = self.ours.fit(self.cell, self.x, "f64", &options)?;
        let objectives = run.restarts.iter().map(|r| r.objective).collect();
        let restarts = summed_up(run.fit_seconds(), objectives);
        let (cell, entrant) = (self.cell.name(), Entrant::new(NAME, "f64"));
        self.raw.add(&Line::Restarts { cell, entrant, setting: "as it comes".into(), restarts })?;
        for (at, entrant) in entrants.iter().enumerate() {
            // Only scikit-learn has fits from starts of its own here, and in double precision as partwise.
            if entrant.program != "scikit-learn" || entrant.precision != "f64" {
                continue;
            }
            for (words, tol, sweeps) in SETTINGS {
                say(self.cell, &format!("{number} restarts of {entrant}, {words}"));
                let rank = self.cell.rank;
                let done = self.with_worker(at, |worker| worker.restarts(rank, number, (tol, sweeps)));
                let cell = self.cell.name();
                let line = match done {
                    Some(Ok((seconds, objectives))) => {
                        let restarts = summed_up(seconds, objectives);
                        Line::Restarts { cell, entrant: entrant.clone(), setting: words.into(), restarts }
                    }
                    Some(Err(error)) => skipped(self.cell, entrant, &error.to_string()),
                    None => continue,
                };
                self.raw.add(&line)?;
            }
        }
        Ok(())
    }
}

fn summed_up(seconds: f64, objectives: Vec<f64>) -> Restarts {
    let best = objectives.iter().copied().fold(f64::INFINITY, f64::min);
    let number = objectives.len();
    Restarts { number, seconds, best, median: median(objectives).unwrap_or(f64::INFINITY) }
}
