//! Runs of the engine: without the interpreter's lock, and still at hand for Ctrl-C and callbacks.

use crate::data::{Number, Taken, given, with_weights};
use crate::outcome::{dictionary, from_json, internal, raised, unknown};
use crate::watch::Watch;
use partwise::run::{Observer, Progress};
use partwise::{Facts, Fit, Given, Matrix, Nmf, Spec, Status};
use partwise_io::fitted::{Asked, Counted, Data, Record, Seconds};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Factorizes `x` as `spec` (JSON) says. `callback` is called with a dictionary after every iteration, and ends the run if it
/// returns something true. With `settle`, W is what `transform` gives for X and the H that was found, unless that is worse or the time is over.
/// `about` (JSON) is what the record says of the call: `command`, `stored_as`, `counted`. Starts are counted from `first_start`.
#[pyfunction]
#[pyo3(signature = (x, spec, *, about, given=None, entry_weights=None, weights=None, callback=None, settle=false, first_start=0))]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    spec: &str,
    about: &str,
    given: Option<&Bound<'py, PyDict>>,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
    callback: Option<Py<PyAny>>,
    settle: bool,
    first_start: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let spec = spec_from(spec)?;
    let how = Solve {
        nmf: Nmf::from_spec(spec).first_start(first_start),
        callback,
        settle,
        about: from_json(about)?,
    };
    if let Some(x) = Taken::<f64>::of(x)? {
        return fit_of(py, x, how, given, entry_weights, weights);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return fit_of(py, x, how, given, entry_weights, weights);
    }
    Err(unknown())
}

/// What is asked, or which part of it cannot be.
pub(crate) fn spec_from(text: &str) -> PyResult<Spec> {
    let all: serde_json::Map<String, serde_json::Value> = from_json(text)?;
    serde_json::from_value(all.clone().into()).map_err(|error| {
        let wrong = all.into_iter().find_map(|(name, value)| {
            let alone = serde_json::json!({ name.as_str(): value });
            serde_json::from_value::<Spec>(alone).err().map(|error| format!("{name}: {error}"))
        });
        PyValueError::new_err(wrong.unwrap_or_else(|| error.to_string()))
    })
}

/// What a fit is to do.
struct Solve {
    nmf: Nmf,
    callback: Option<Py<PyAny>>,
    settle: bool,
    about: About,
}

/// What the record says of a call.
#[derive(serde::Deserialize)]
struct About {
    command: String,
    stored_as: String,
    counted: Counted,
}

fn solve<'py, T: Number>(
    py: Python<'py>,
    how: Solve,
    x: &Matrix<'_, T>,
    given: &Given<T>,
) -> PyResult<Bound<'py, PyDict>> {
    let facts = py.detach(|| Facts::of(x));
    let mut fit = run(py, &how.nmf, x, &facts, given, how.callback)?;
    // Somebody who was in a hurry does not wait for more.
    let hurried = matches!(fit.status, Status::TimeLimit | Status::Interrupted);
    if how.settle && !hurried {
        let settled = &mut fit;
        Watch::default().over(py, |watch| settled.settle_until(x, watch.stop()))?.map_err(raised)?;
    }
    let About { command, stored_as, counted } = how.about;
    let data = Data {
        input: "an array".into(),
        format: "array".into(),
        stored_as,
        counted,
        observed: facts.observed,
        ..Data::default()
    };
    let seconds = Seconds { init: fit.seconds.0, solve: fit.seconds.1, ..Seconds::default() };
    let asked = Asked { command: vec![command], data, seconds, ..Asked::default() };
    let record = serde_json::to_string(&Record::new(&facts, &fit, asked)).map_err(internal)?;
    let out = dictionary(py, &fit)?;
    out.set_item("record", record)?;
    Ok(out)
}

fn fit_of<'py, T: Number>(
    py: Python<'py>,
    x: Taken<'py, T>,
    how: Solve,
    beside: Option<&Bound<'py, PyDict>>,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let given = given(beside)?;
    with_weights(x, entry_weights, weights, |x| solve(py, how, x, &given))
}

/// Fits, and calls `callback` after every iteration.
fn run<T: Number>(
    py: Python<'_>,
    nmf: &Nmf,
    x: &Matrix<'_, T>,
    facts: &Facts,
    given: &Given<T>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Fit<T>> {
    let callback = callback.as_ref();
    let fitted = Watch::default()
        .over(py, |watch| nmf.fit_with(x, facts, given, &mut Caller { callback, watch, ended: false }))?;
    fitted.map_err(raised)
}

/// Calls back after every iteration. What the callback ends is finished and returned, what Ctrl-C or an error ends is not.
struct Caller<'c> {
    callback: Option<&'c Py<PyAny>>,
    watch: &'c Watch,
    ended: bool,
}

impl Observer for Caller<'_> {
    fn iteration(&mut self, progress: &Progress) -> ControlFlow<()> {
        if let Some(callback) = self.callback
            && !self.watch.is_over()
        {
            match tell(callback, progress) {
                Ok(ended) => self.ended |= ended,
                Err(error) => self.watch.fail(error),
            }
        }
        if self.ended || self.watch.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn stop(&self) -> Option<Arc<AtomicBool>> {
        Some(Arc::clone(self.watch.stop()))
    }
}

fn tell(callback: &Py<PyAny>, progress: &Progress) -> PyResult<bool> {
    Python::attach(|py| {
        let state = PyDict::new(py);
        state.set_item("iteration", progress.iteration)?;
        state.set_item("max_iter", progress.max_iter)?;
        state.set_item("objective", progress.objective)?;
        state.set_item("relative_error", progress.relative_error)?;
        state.set_item("seconds", progress.seconds)?;
        state.set_item("start", progress.restart)?;
        state.set_item("starts", progress.restarts)?;
        callback.call1(py, (state,))?.is_truthy(py)
    })
}
