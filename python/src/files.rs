//! The folder of a fit, as the program writes and reads it.

use crate::data::Number;
use crate::outcome::{array, from_json, internal, rows};
use numpy::PyReadonlyArray2;
use partwise_io::NpyScalar;
use partwise_io::fitted::{AxisNames, Folder, RUN, Stored, TableFormat, Versions};
use pyo3::exceptions::{PyFileExistsError, PyFileNotFoundError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

/// Writes H, `(k, n)`, W, `(m, k)`, if there is one, names (JSON), and `run.json`: `record`, in which only the names of the
/// files are set here.
#[pyfunction]
#[pyo3(signature = (folder, record, names, h, w=None, *, overwrite=false))]
pub(crate) fn save(
    folder: PathBuf,
    record: &str,
    names: &str,
    h: &Bound<'_, PyAny>,
    w: Option<&Bound<'_, PyAny>>,
    overwrite: bool,
) -> PyResult<()> {
    if h.extract::<PyReadonlyArray2<'_, f32>>().is_ok() {
        return save_as::<f32>(folder, record, names, h, w, overwrite);
    }
    save_as::<f64>(folder, record, names, h, w, overwrite)
}

fn save_as<T: Number + NpyScalar>(
    folder: PathBuf,
    record: &str,
    names: &str,
    h: &Bound<'_, PyAny>,
    w: Option<&Bound<'_, PyAny>>,
    overwrite: bool,
) -> PyResult<()> {
    let numbers = |factor: &Bound<'_, PyAny>, name: &str| -> PyResult<(Vec<T>, (usize, usize))> {
        let array: PyReadonlyArray2<'_, T> = factor
            .extract()
            .map_err(|_| PyTypeError::new_err(format!("{name} has two dimensions and the dtype of H")))?;
        let array = array.as_array();
        Ok((array.iter().copied().collect(), array.dim()))
    };
    let (h, w) = (numbers(h, "H")?, w.map(|w| numbers(w, "W")).transpose()?);
    let mut record: serde_json::Value = from_json(record)?;
    let names: AxisNames = from_json(names)?;
    let to = Folder::create(&folder, overwrite).map_err(refused)?;
    let w = w.as_ref().map(|(w, shape)| (w.as_slice(), *shape));
    let files = to.write(w, (&h.0, h.1), &names, TableFormat::Npy).map_err(refused)?;
    record["files"] = serde_json::to_value(&files).map_err(internal)?;
    if record.get("versions").is_none() {
        record["versions"] = serde_json::to_value(Versions::here()).map_err(internal)?;
    }
    let mut text = serde_json::to_vec_pretty(&record).map_err(internal)?;
    text.push(b'\n');
    to.put(RUN, &text).map_err(refused)?;
    to.commit(&files).map_err(refused)
}

/// Reads such a folder: a dictionary with `h`, `w` (or `None`), `record` and `names` (JSON), and what
/// [`crate::rows::transform`] needs.
#[pyfunction]
pub(crate) fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let stored = Stored::open(&folder).map_err(refused)?;
    if stored.is_single() { load_as::<f32>(py, &stored) } else { load_as::<f64>(py, &stored) }
}

fn load_as<'py, T: Number + NpyScalar>(py: Python<'py>, stored: &Stored) -> PyResult<Bound<'py, PyDict>> {
    let (model, names) = stored.model::<T>().map_err(refused)?;
    let w = stored.w::<T>().map_err(refused)?;
    let out = PyDict::new(py);
    out.set_item("h", array(py, (model.h.rank(), model.h.rows()), model.h.to_transposed())?)?;
    out.set_item("w", w.map(|w| rows(py, &w)).transpose()?)?;
    out.set_item("record", stored.document.to_string())?;
    out.set_item("names", serde_json::to_string(&names).map_err(internal)?)?;
    out.set_item("loss", model.loss.to_string())?;
    out.set_item("row_rules", serde_json::to_string(&model.rules).map_err(internal)?)?;
    out.set_item("component_scale", model.component_scale)?;
    out.set_item("least", model.least)?;
    out.set_item("missing", stored.record.missing().to_string())?;
    Ok(out)
}

pub(crate) fn refused(error: partwise_io::Error) -> PyErr {
    use partwise_io::{Error, ErrorKind};
    let text = error.to_string().replace("or allow it to be overwritten", "or let overwrite=True begin anew");
    match (&error, error.kind()) {
        (Error::Exists { path }, _) => PyFileExistsError::new_err(format!(
            "'{path}' exists and is not empty; overwrite=True replaces the model in it"
        )),
        (_, ErrorKind::Missing) => PyFileNotFoundError::new_err(format!(
            "{text}; name a folder that `save`, or `partwise fit`, has written"
        )),
        (_, ErrorKind::Create | ErrorKind::Io) => PyOSError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}
