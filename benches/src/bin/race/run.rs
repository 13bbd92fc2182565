//! Which cells are run, one after another, and how much time each has.

use crate::budget::Budget;
use crate::cells::Cell;
use crate::gap::short;
use crate::ours::Ours;
use crate::peers::{Data, Prepared, Python, entrants};
use crate::raw::{Entrant, Facts, Line, Machine, Raw, today};
use crate::stage::{Stage, pair};
use partwise::Loss;
use partwise_benches::Outcome;
use partwise_benches::machine::{load, processor};
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
    /// Seconds that a cell has on average.
    pub(crate) cell_limit: f64,
    /// Seconds of sweeps that a peer has from a start; by default, from the time of partwise.
    pub(crate) peer_limit: Option<f64>,
}

pub(crate) fn run(order: &Order) -> Outcome<()> {
    let python = Python::new(&order.python, &order.cache);
    let versions = python.versions()?;
    let mut raw = Raw::open(&order.raw, &today())?;
    let room = tempfile::tempdir()?;
    let ours = Ours::new(room.path())?;
    // Data are made before the clocks of the cells begin.
    let mut ready = Vec::new();
    for cell in &order.cells {
        say(cell, "data");
        match prepare(&python, cell, order) {
            Ok((x, facts)) => ready.push((cell, x, facts)),
            Err(error) => raw.add(&skipped(cell, &Entrant::new("all", ""), &error.to_string()))?,
        }
    }
    // What small cells leave is there for large ones.
    ready.sort_by(|a, b| work(&a.2).total_cmp(&work(&b.2)));
    if let Some((cell, x, _)) = ready.first() {
        raw.add(&machine(&python, &ours, cell, x, room.path())?)?;
    }
    let mut saved = 0.0;
    for (cell, x, facts) in &ready {
        raw.add(&Line::Cell { cell: cell.name(), facts: facts.clone() })?;
        let budget = Budget::new(order.cell_limit, saved);
        say(cell, &format!("{:.0} s", budget.seconds()));
        let stage = Stage {
            cell,
            one: facts.one,
            x,
            python: &python,
            ours: &ours,
            room: room.path(),
            raw: &mut raw,
            order,
            budget: &budget,
            evaluator: python.worker(&Entrant::new("none", "f64"), x, cell)?,
            workers: entrants(&versions, cell.loss).into_iter().map(|entrant| (entrant, None)).collect(),
            dropped: Vec::new(),
        };
        // What goes wrong in one cell does not end the others.
        if let Err(error) = stage.whole() {
            raw.add(&skipped(cell, &Entrant::new("all", ""), &error.to_string()))?;
            say(cell, &error.to_string());
        }
        saved = budget.left();
        let (allowed, used) = (short(budget.seconds(), 4), short(budget.used(), 4));
        raw.add(&Line::Spent { cell: cell.name(), allowed, used })?;
        say(cell, &format!("{used} of {allowed} s"));
    }
    Ok(())
}

/// The file of X, and what it holds.
fn prepare(python: &Python, cell: &Cell, order: &Order) -> Outcome<(PathBuf, Facts)> {
    let prepared = match python.data(cell, &order.data)? {
        Data::There(prepared) => prepared,
        Data::Missing { missing } => return Err(format!("DATA/{missing} is not there").into()),
    };
    let facts = facts(cell, &prepared).ok_or("the loss is infinite on these data")?;
    Ok((order.cache.join(&prepared.file), facts))
}

/// How large a cell is, for their order.
fn work(facts: &Facts) -> f64 {
    // A sweep for other losses than Frobenius has a ratio, or more than one, for every entry.
    let ratio = if facts.loss == Loss::Frobenius.to_string() { 1.0 } else { 4.0 };
    ratio * facts.stored as f64 * facts.rank as f64
}

pub(crate) fn say(cell: &Cell, what: &str) {
    eprintln!("{}: {what}", cell.name());
}

pub(crate) fn skipped(cell: &Cell, entrant: &Entrant, reason: &str) -> Line {
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
