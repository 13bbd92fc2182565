//! Runs of the engine: without the interpreter's lock, and still at hand for Ctrl-C and callbacks.

use crate::data::{Number, Taken, given, weigh};
use crate::outcome::{dictionary, internal, raised, rows};
use partwise::run::Progress;
use partwise::transform::Model;
use partwise::{Factor, Facts, Fit, Given, Loss, Matrix, Nmf, RowRules, Spec};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long Ctrl-C waits to be seen.
const TICK: Duration = Duration::from_millis(50);

/// Factorizes `x` as `spec` (JSON) says. `callback` is called with a dictionary after every iteration, and ends the run if it
/// returns something true. With `rows`, W is what `transform` gives for X and the H that was found, unless that is worse.
#[pyfunction]
#[pyo3(signature = (x, spec, *, given=None, entry_weights=None, weights=None, callback=None, rows=false))]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    spec: &str,
    given: Option<&Bound<'py, PyDict>>,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
    callback: Option<Py<PyAny>>,
    rows: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let spec: Spec = serde_json::from_str(spec).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let how = Solve { nmf: Nmf::from_spec(spec), callback, rows };
    if let Some(x) = Taken::<f64>::of(x)? {
        return fit_of(py, x, how, given, entry_weights, weights);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return fit_of(py, x, how, given, entry_weights, weights);
    }
    Err(unknown())
}

/// What a fit is to do.
struct Solve {
    nmf: Nmf,
    callback: Option<Py<PyAny>>,
    rows: bool,
}

fn solve<T: Number>(py: Python<'_>, how: Solve, x: &Matrix<'_, T>, given: &Given<T>) -> PyResult<Fit<T>> {
    let mut fit = run(py, &how.nmf, x, given, how.callback)?;
    if how.rows {
        py.detach(|| {
            let before = (fit.w.clone(), fit.loss, fit.penalty);
            let cost =
                |w: &Factor<T>| fit.spec.l1_w * sum(w, |x| x) + 0.5 * fit.spec.l2_w * sum(w, |x| x * x);
            let w = fit.transform(x)?;
            let penalty = fit.penalty - cost(&fit.w) + cost(&w);
            fit.w = w;
            fit.penalty = penalty;
            fit.loss = fit.score(x)?.loss;
            // A loss that is not convex can have several solutions.
            if !(fit.loss + fit.penalty <= before.1 + before.2) {
                (fit.w, fit.loss, fit.penalty) = before;
            }
            Ok(())
        })
        .map_err(raised)?;
    }
    Ok(fit)
}

fn sum<T: Number>(factor: &Factor<T>, of: impl Fn(f64) -> f64) -> f64 {
    (0..factor.rows()).flat_map(|i| factor.row(i)).map(|x| of(x.to_f64())).sum()
}

fn fit_of<'py, T: Number>(
    py: Python<'py>,
    x: Taken<'py, T>,
    how: Solve,
    beside: Option<&Bound<'py, PyDict>>,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let entries = entry_weights.map(Taken::<T>::of).transpose()?;
    if matches!(entries, Some(None)) {
        return Err(PyTypeError::new_err("weights of entries have the dtype of X"));
    }
    let given = given(beside)?;
    let fit = x.with(|x| match entries.flatten() {
        None => solve(py, how, &weigh(x, None, weights)?, &given),
        Some(entries) => entries.with(|entries| solve(py, how, &weigh(x, Some(entries), weights)?, &given)),
    })?;
    dictionary(py, &fit)
}

/// Fits on a thread of its own, while this one looks for signals.
fn run<T: Number>(
    py: Python<'_>,
    nmf: &Nmf,
    x: &Matrix<'_, T>,
    given: &Given<T>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Fit<T>> {
    let stop = AtomicBool::new(false);
    let failure: Mutex<Option<PyErr>> = Mutex::new(None);
    let fail = |error: PyErr| {
        stop.store(true, Ordering::Relaxed);
        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    };
    let ended = py.detach(|| {
        std::thread::scope(|scope| {
            let (alive, gone) = channel::<()>();
            let (stop, fail) = (&stop, &fail);
            let worker = scope.spawn(move || {
                let _alive = alive;
                let mut observe = |progress: &Progress| {
                    if let Some(callback) = &callback
                        && !stop.load(Ordering::Relaxed)
                    {
                        match tell(callback, progress) {
                            Ok(true) => stop.store(true, Ordering::Relaxed),
                            Ok(false) => {}
                            Err(error) => fail(error),
                        }
                    }
                    if stop.load(Ordering::Relaxed) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                };
                nmf.fit_with(x, &Facts::of(x), given, &mut observe)
            });
            while gone.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = Python::attach(|py| py.check_signals()) {
                    fail(error);
                }
            }
            worker.join()
        })
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    ended.map_err(|_| internal("a thread of the engine has panicked"))?.map_err(raised)
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

/// W for the rows of `x` and the model of a fit: each row by itself, to the end.
#[pyfunction]
#[pyo3(signature = (x, h, *, loss, row_rules, component_scale, least, threads=0, weights=None))]
pub(crate) fn transform<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    h: &Bound<'py, PyAny>,
    loss: &str,
    row_rules: &str,
    component_scale: Vec<f64>,
    least: f64,
    threads: usize,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let rules = serde_json::from_str(row_rules).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let how = How { loss: loss.parse().map_err(raised)?, rules, component_scale, least, threads };
    if let Some(x) = Taken::<f64>::of(x)? {
        return transform_of(py, x, h, how, weights);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return transform_of(py, x, h, how, weights);
    }
    Err(unknown())
}

struct How {
    loss: Loss,
    rules: RowRules,
    component_scale: Vec<f64>,
    least: f64,
    threads: usize,
}

fn transform_of<'py, T: Number>(
    py: Python<'py>,
    x: Taken<'py, T>,
    h: &Bound<'py, PyAny>,
    how: How,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let h: Factor<T> = factor(h)?;
    let How { loss, rules, component_scale, least, threads } = how;
    if component_scale.len() != h.rank() {
        return Err(PyValueError::new_err("component_scale has a number for every row of H"));
    }
    let model = Model { h, loss, rules, component_scale, least };
    let w = x.with(|x| {
        let x = weigh(x, None, weights)?;
        py.detach(|| model.transform(&x, threads)).map_err(raised)
    })?;
    Ok(rows(py, &w)?.into_any())
}

/// H as Python has it, `(k, n)`.
fn factor<T: Number>(h: &Bound<'_, PyAny>) -> PyResult<Factor<T>> {
    let dict = PyDict::new(h.py());
    dict.set_item("h", h)?;
    given(Some(&dict))?.h.ok_or_else(|| internal("H went astray"))
}

fn unknown() -> PyErr {
    PyTypeError::new_err("X is an array of two dimensions, or a sparse matrix, of float32 or float64")
}
