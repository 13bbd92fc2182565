//! What comes back: a fit as a dictionary, and errors as exceptions.

use crate::data::Number;
use numpy::PyArray2;
use numpy::ndarray::Array2;
use partwise::{Error, Factor, Fit};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// An error of the engine as an exception.
pub(crate) fn raised(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Memory { .. } | Error::Rows { .. } => PyMemoryError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// What should not happen.
pub(crate) fn internal(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(format!("partwise is wrong about itself, please report it: {error}"))
}

/// What Python wrote as JSON.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// X is something else.
pub(crate) fn unknown() -> PyErr {
    PyTypeError::new_err("X is an array of two dimensions, or a sparse matrix, of float32 or float64")
}

/// W, `(rows, k)`.
pub(crate) fn rows<'py, T: Number>(py: Python<'py>, w: &Factor<T>) -> PyResult<Bound<'py, PyArray2<T>>> {
    array(py, (w.rows(), w.rank()), w.to_row_major())
}

/// An array of this shape, from its entries in row-major order.
pub(crate) fn array<T: Number>(
    py: Python<'_>,
    shape: (usize, usize),
    values: Vec<T>,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    Ok(PyArray2::from_owned_array(py, Array2::from_shape_vec(shape, values).map_err(internal)?))
}

/// Everything that a fit has to say.
pub(crate) fn dictionary<'py, T: Number>(py: Python<'py>, fit: &Fit<T>) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("w", rows(py, &fit.w)?)?;
    out.set_item("h", array(py, (fit.h.rank(), fit.h.rows()), fit.h.to_transposed())?)?;
    out.set_item("loss", fit.loss)?;
    out.set_item("penalty", fit.penalty)?;
    out.set_item("objective", fit.objective())?;
    out.set_item("relative_error", fit.relative_error())?;
    out.set_item("kkt_residual", fit.kkt_residual())?;
    out.set_item("status", fit.status.name())?;
    out.set_item("converged", fit.status.is_converged())?;
    out.set_item("reason", fit.reason.to_string())?;
    out.set_item("iterations", fit.iterations)?;
    out.set_item("notes", &fit.notes)?;
    out.set_item("shares", &fit.shares)?;
    out.set_item("component_scale", &fit.component_scale)?;
    out.set_item("least", fit.least)?;
    out.set_item("seconds", fit.seconds.0 + fit.seconds.1)?;
    out.set_item("row_rules", serde_json::to_string(&fit.row_rules).map_err(internal)?)?;
    out.set_item("spec", serde_json::to_string(&fit.spec).map_err(internal)?)?;
    let history: Vec<(usize, f64, f64)> =
        fit.history.iter().map(|record| (record.iteration, record.seconds, record.objective)).collect();
    out.set_item("history", history)?;
    let restarts: Vec<(f64, &str, usize)> =
        fit.restarts.iter().map(|start| (start.objective, start.status.name(), start.iterations)).collect();
    out.set_item("restarts", restarts)?;
    Ok(out)
}
