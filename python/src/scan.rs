//! Scans over ranks, which may be kept in a folder as the program keeps them.

use crate::data::{Number, Taken, weigh};
use crate::files::refused;
use crate::outcome::{array, from_json, internal, raised, unknown};
use crate::run::spec_from;
use crate::watch::Watch;
use numpy::PyArray1;
use partwise::run::Progress;
use partwise::select::{Advice, Job, Kind, Outcome, Scan, Summary, advise, summaries};
use partwise::{Dense, Error, Facts, Matrix, Missing, Unseen};
use partwise_io::fitted::Versions;
use partwise_io::scanned::{Common, Document, Jobs, SCAN, TABLE, columns};
use partwise_io::{NpyScalar, fingerprint_of, write_bytes};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// The counts of a scan, as Python has them.
#[derive(serde::Deserialize)]
struct Counts {
    ranks: Vec<usize>,
    runs: usize,
    folds: u32,
    shuffled: usize,
    blocks: u32,
}

/// What a scan is to do beside fitting.
struct How {
    scan: Scan,
    folder: Option<PathBuf>,
    anew: bool,
    time_limit: Option<f64>,
    callback: Option<Py<PyAny>>,
}

/// Fits `x` at every rank, several times, as `spec` and `counts` (JSON) say, and sums up what that says. With a folder, fits
/// that are done are kept there, and those that are there already are not done again. `callback` is called with a dictionary
/// after every fit, and ends the scan if it returns something true.
#[pyfunction]
#[pyo3(signature = (x, spec, counts, *, entry_weights=None, weights=None, folder=None, anew=false, time_limit=None, callback=None))]
pub(crate) fn scan<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    spec: &str,
    counts: &str,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
    folder: Option<PathBuf>,
    anew: bool,
    time_limit: Option<f64>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let Counts { ranks, runs, folds, shuffled, blocks } = from_json(counts)?;
    let scan = Scan { spec: spec_from(spec)?, ranks, runs, folds, shuffled, blocks };
    let how = How { scan, folder, anew, time_limit, callback };
    if let Some(x) = Taken::<f64>::of(x)? {
        return scan_of(py, x, how, entry_weights, weights);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return scan_of(py, x, how, entry_weights, weights);
    }
    Err(unknown())
}

fn scan_of<'py, T: Number + NpyScalar>(
    py: Python<'py>,
    x: Taken<'py, T>,
    how: How,
    entries: Option<&Bound<'py, PyAny>>,
    lines: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let Some(entries) = entries else { return x.with(|x| go(py, x, None, lines, how)) };
    let entries = Taken::<T>::of(entries)?
        .ok_or_else(|| PyTypeError::new_err("weights of entries have the dtype of X"))?;
    x.with(|x| entries.with(|entries| go(py, x, Some(entries), lines, how)))
}

fn go<'py, 'a, T: Number + NpyScalar>(
    py: Python<'py>,
    x: Matrix<'a, T>,
    entries: Option<Matrix<'a, T>>,
    lines: Option<&Bound<'py, PyDict>>,
    how: How,
) -> PyResult<Bound<'py, PyDict>> {
    let How { mut scan, folder, anew, time_limit, callback } = how;
    let missing = missing(lines)?;
    let data = py.detach(|| fingerprint_of(&x));
    let counted = counted(entries.as_ref(), lines, missing)?;
    let x = weigh(x, entries, lines)?;
    let facts = py.detach(|| Facts::of(&x));
    let notes = check(&mut scan, &x, &facts)?;
    let common = Common {
        version: env!("CARGO_PKG_VERSION").into(),
        data,
        transposed: false,
        counted,
        precision: T::NAME.into(),
        folds: scan.folds,
        blocks: scan.blocks,
        spec: Common::spec_of(&scan),
    };
    let all = scan.jobs();
    let jobs =
        folder.as_deref().map(|folder| Jobs::open(folder, &common, anew)).transpose().map_err(refused)?;
    // What the folder holds of other ranks has its say too.
    let done: Vec<Outcome<T>> = match &jobs {
        Some(jobs) => jobs.load_of(facts.cols).map_err(refused)?,
        None => Vec::new(),
    };
    let (ran, failed, said) = Watch::default().over(py, |watch| {
        let began = Instant::now();
        let mut keeper = Keeper {
            jobs: jobs.as_ref(),
            watch,
            callback: callback.as_ref(),
            began,
            time_limit,
            failed: None,
        };
        let ran = scan.run_some(&x, &all, done, &mut keeper);
        let said = ran.as_ref().ok().filter(|_| !watch.is_failed()).map(|outcomes| {
            let found = summaries(outcomes, scan.spec.seed);
            let advice = advise(&found, scan.missing(outcomes));
            (found, advice)
        });
        (ran, keeper.failed, said)
    })?;
    if let Some(error) = failed {
        return Err(refused(error));
    }
    let outcomes = ran.map_err(raised)?;
    let (found, advice) = said.ok_or_else(|| internal("a scan without a summary"))?;
    let missing = scan.missing(&outcomes);
    let scan = scan.with_ranks(found.iter().map(|summary| summary.rank));
    let document = Document {
        schema_version: 1,
        partwise: Versions::here(),
        scan: &scan,
        data: &common.data,
        input: "an array",
        shape: (facts.rows, facts.cols),
        fits: outcomes.len(),
        missing,
        advice: &advice,
        fit: None,
        ranks: &found,
    };
    let text = document.to_json().map_err(internal)?;
    if let Some(folder) = &folder {
        write_bytes(&folder.join(SCAN), &text).map_err(refused)?;
        write_bytes(&folder.join(TABLE), &document.to_table().map_err(refused)?).map_err(refused)?;
    }
    let out = PyDict::new(py);
    out.set_item("document", String::from_utf8(text).map_err(internal)?)?;
    out.set_item("notes", notes)?;
    told(&out, &outcomes, &found, &advice)?;
    Ok(out)
}

/// Refuses what cannot be scanned, and leaves out what X has no room for, which the notes say.
fn check<T: Number>(scan: &mut Scan, x: &Matrix<'_, T>, facts: &Facts) -> PyResult<Vec<String>> {
    let refuse = |text: String| Err(PyValueError::new_err(text));
    let mut notes = Vec::new();
    if matches!(x, Matrix::Weighted(_)) {
        if facts.observed == 0 {
            return refuse("no entry of X counts, and a fit needs some that do".into());
        }
        if scan.blocks > 0 {
            return refuse(
                "blocks is for X of which all entries count, and as much; use n_folds for the rest".into(),
            );
        }
        if scan.shuffled > 0 {
            notes.push("entries are weighted or missing: nothing is shuffled".into());
            scan.shuffled = 0;
        }
    }
    notes.extend(scan.drop_folds(facts));
    if let Some(rank) = scan.ranks.iter().find(|&&rank| rank > facts.rows.max(facts.cols)) {
        return refuse(format!("ranks: X is {} x {}, and rank {rank} is above both", facts.rows, facts.cols));
    }
    match scan.spec_of(1).check_data(facts) {
        // As for `NMF`. The program would refuse X, so there is no scan of its own to go on with.
        Err(Error::Unseen { line, .. }) => {
            notes.push(format!("{line}s of X without an entry that counts get zeros"));
            scan.spec.unseen = Unseen::Zeros;
            scan.spec_of(1).check_data(facts).map_err(raised)?;
        }
        checked => checked.map_err(raised)?,
    }
    scan.check::<T>(facts).map_err(raised)?;
    Ok(notes)
}

fn missing(lines: Option<&Bound<'_, PyDict>>) -> PyResult<Missing> {
    let name = lines.map(|lines| lines.get_item("missing")).transpose()?.flatten();
    let Some(name) = name.filter(|name| !name.is_none()) else { return Ok(Missing::None) };
    name.extract::<String>()?.parse().map_err(raised)
}

/// What is said of entries, with hashes of the arrays that say it.
fn counted<T: Number>(
    entries: Option<&Matrix<'_, T>>,
    lines: Option<&Bound<'_, PyDict>>,
    missing: Missing,
) -> PyResult<Vec<String>> {
    let mut all = vec![format!("missing {missing}")];
    if let Some(entries) = entries {
        all.push(format!("array of weights {}", fingerprint_of(entries)));
    }
    for (name, what) in [("rows", "row weights"), ("cols", "column weights")] {
        let list = lines.map(|lines| lines.get_item(name)).transpose()?.flatten();
        if let Some(list) = list.filter(|list| !list.is_none()) {
            let list: Vec<f64> = list.extract()?;
            let list: Matrix<'_, f64> = Dense::from_vec(1, list.len(), list).map_err(raised)?.into();
            all.push(format!("array of {what} {}", fingerprint_of(&list)));
        }
    }
    Ok(all)
}

/// Keeps every fit that is done, and tells Python of it.
struct Keeper<'k> {
    jobs: Option<&'k Jobs>,
    watch: &'k Watch,
    callback: Option<&'k Py<PyAny>>,
    began: Instant,
    time_limit: Option<f64>,
    failed: Option<partwise_io::Error>,
}

impl Keeper<'_> {
    fn go_on(&self) -> ControlFlow<()> {
        let late = self.time_limit.is_some_and(|limit| self.began.elapsed().as_secs_f64() >= limit);
        if self.watch.is_over() || late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl<T: Number + NpyScalar> partwise::select::Watch<T> for Keeper<'_> {
    fn ends(&mut self) -> bool {
        self.go_on().is_break()
    }

    fn stop(&self) -> Option<Arc<AtomicBool>> {
        Some(Arc::clone(self.watch.stop()))
    }

    fn iteration(&mut self, _: Job, _: &Progress) -> ControlFlow<()> {
        self.go_on()
    }

    fn finished(&mut self, outcome: &Outcome<T>, done: usize, jobs: usize) -> ControlFlow<()> {
        if let Some(Err(error)) = self.jobs.map(|jobs| jobs.save(outcome)) {
            self.failed = Some(error);
            return ControlFlow::Break(());
        }
        if let Some(callback) = self.callback
            && !self.watch.is_over()
        {
            match tell(callback, outcome, done, jobs) {
                Ok(true) => self.watch.end(),
                Ok(false) => {}
                Err(error) => self.watch.fail(error),
            }
        }
        self.go_on()
    }
}

fn tell<T: Number>(callback: &Py<PyAny>, outcome: &Outcome<T>, done: usize, jobs: usize) -> PyResult<bool> {
    Python::attach(|py| {
        let state = fit(py, outcome)?;
        state.set_item("done", done)?;
        state.set_item("fits", jobs)?;
        callback.call1(py, (state,))?.is_truthy(py)
    })
}

/// What a fit came to.
fn fit<'py, T: Number>(py: Python<'py>, outcome: &Outcome<T>) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("rank", outcome.job.rank)?;
    out.set_item("kind", kind(outcome.job.kind))?;
    out.set_item("number", outcome.job.number)?;
    out.set_item("status", outcome.status.name())?;
    out.set_item("iterations", outcome.iterations)?;
    out.set_item("objective", outcome.objective)?;
    out.set_item("relative_error", outcome.relative_error)?;
    out.set_item("mean_loss", outcome.mean_loss)?;
    out.set_item("seconds", outcome.seconds)?;
    Ok(out)
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Whole => "run",
        Kind::HeldOut => "fold",
        Kind::Shuffled => "shuffled",
        Kind::Blocks => "block",
    }
}

/// Everything that a scan has to say: the criteria, the advice, all fits, and H and labels of the runs.
fn told<T: Number>(
    out: &Bound<'_, PyDict>,
    outcomes: &[Outcome<T>],
    found: &[Summary],
    advice: &Advice,
) -> PyResult<()> {
    let py = out.py();
    let table = PyDict::new(py);
    for (name, values) in columns(found) {
        table.set_item(name, values)?;
    }
    out.set_item("table", table)?;
    out.set_item("advice", serde_json::to_string(advice).map_err(internal)?)?;
    let (fits, runs) = (PyList::empty(py), PyList::empty(py));
    for outcome in outcomes {
        fits.append(fit(py, outcome)?)?;
        if let Some(h) = &outcome.h {
            let run = PyDict::new(py);
            run.set_item("rank", outcome.job.rank)?;
            run.set_item("number", outcome.job.number)?;
            run.set_item("h", array(py, (h.rank(), h.rows()), h.to_transposed())?)?;
            run.set_item("labels", PyArray1::from_slice(py, &outcome.labels))?;
            runs.append(run)?;
        }
    }
    out.set_item("fits", fits)?;
    out.set_item("runs", runs)?;
    Ok(())
}
