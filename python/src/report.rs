//! Reports: the HTML that the program writes.

use crate::data::{Number, Taken, with_weights};
use crate::files::refused;
use crate::outcome::{from_json, raised, unknown};
use crate::parts::double;
use crate::rows::model_of;
use numpy::PyReadonlyArray2;
use partwise::Factor;
use partwise_io::fitted::AxisNames;
use partwise_report::{
    ConsensusMap, Error, FitFolder, Geometry, Groups, Residuals, ScanFolder, Size, Told, of_fit, of_scan,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;
use std::path::PathBuf;

/// What Python says of the look, as JSON.
#[derive(serde::Deserialize)]
struct Look {
    title: Option<String>,
    image: Option<(usize, usize)>,
    words: bool,
    /// Names, and a label for every sample.
    groups: Vec<(String, Vec<String>)>,
}

impl Look {
    fn told(self, names: &AxisNames, features: usize, image: Option<Size>) -> PyResult<Told> {
        let image = self.image.map(|(height, width)| Size::new(height, width)).or(image);
        let geometry = Geometry::of(image, self.words, names.cols.as_deref(), features).map_err(wrong)?;
        let groups = self.groups.into_iter().map(|(name, labels)| Groups { name, labels }).collect();
        Ok(Told { title: self.title, geometry, groups, ..Told::default() })
    }
}

fn wrong(error: Error) -> PyErr {
    match error {
        Error::File(error) => refused(error),
        Error::Model(error) => raised(error),
        Error::Size { size, entries } => {
            PyValueError::new_err(format!("image_shape={size}: there are {entries} features"))
        }
        error => PyValueError::new_err(error.to_string()),
    }
}

/// How far every row and column of `x` is from `w @ h`, as a share of itself.
#[pyfunction]
#[pyo3(signature = (x, w, h, model, *, threads=0, entry_weights=None, weights=None))]
pub(crate) fn residuals<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    w: &Bound<'py, PyAny>,
    h: &Bound<'py, PyAny>,
    model: &Bound<'py, PyDict>,
    threads: usize,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<(Vec<f64>, Vec<f64>)> {
    fn of<'py, T: Number>(
        py: Python<'py>,
        x: Taken<'py, T>,
        (w, h, model, threads): (&Bound<'py, PyAny>, &Bound<'py, PyAny>, &Bound<'py, PyDict>, usize),
        entry_weights: Option<&Bound<'py, PyAny>>,
        weights: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<(Vec<f64>, Vec<f64>)> {
        let (model, w) = (model_of::<T>(h, model)?, w_of::<T>(w)?);
        let found = with_weights(x, entry_weights, weights, |x| {
            py.detach(|| Residuals::of(&model, &w, x, threads)).map_err(raised)
        })?;
        Ok((found.rows, found.cols))
    }
    let how = (w, h, model, threads);
    if let Some(x) = Taken::<f64>::of(x)? {
        return of(py, x, how, entry_weights, weights);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return of(py, x, how, entry_weights, weights);
    }
    Err(unknown())
}

fn w_of<T: Number>(w: &Bound<'_, PyAny>) -> PyResult<Factor<T>> {
    let w: PyReadonlyArray2<'_, T> =
        w.extract().map_err(|_| PyTypeError::new_err("W has two dimensions and the dtype of X"))?;
    let (rows, cols) = w.as_array().dim();
    let values: Vec<T> = w.as_array().iter().copied().collect();
    Factor::from_row_major(rows, cols, &values).map_err(raised)
}

/// The report of a fit with this record, these names and this look (JSON); W and H in double precision.
#[pyfunction]
#[pyo3(signature = (record, names, look, w, h, residuals=None))]
pub(crate) fn fit_report(
    py: Python<'_>,
    record: &str,
    names: &str,
    look: &str,
    w: &Bound<'_, PyAny>,
    h: &Bound<'_, PyAny>,
    residuals: Option<(Vec<f64>, Vec<f64>)>,
) -> PyResult<String> {
    let (record, names): (Value, AxisNames) = (from_json(record)?, from_json(names)?);
    let (w, h) = (w_of::<f64>(w)?, double(h)?);
    let told = from_json::<Look>(look)?.told(&names, h.rows(), None)?;
    let residuals = residuals.map(|(rows, cols)| Residuals { rows, cols });
    Ok(py.detach(|| of_fit(&record, (&w, &h), &names, residuals, &told)))
}

/// The report of a scan with this document (JSON), and labels of the samples in every run of `rank`.
#[pyfunction]
pub(crate) fn scan_report(
    py: Python<'_>,
    document: &str,
    labels: Vec<Vec<u32>>,
    rank: usize,
    seed: u64,
    title: Option<String>,
) -> PyResult<String> {
    let document: Value = from_json(document)?;
    Ok(py.detach(|| {
        let map = ConsensusMap::of(labels.iter().map(Vec::as_slice), rank, seed);
        of_scan(&document, map, title)
    }))
}

/// The report of the folder of a fit, or of a scan.
#[pyfunction]
#[pyo3(signature = (folder, look, scan=None))]
pub(crate) fn folder_report(
    py: Python<'_>,
    folder: PathBuf,
    look: &str,
    scan: Option<PathBuf>,
) -> PyResult<String> {
    let look: Look = from_json(look)?;
    if ScanFolder::is_there(&folder) {
        if scan.is_some() || look.image.is_some() || look.words || !look.groups.is_empty() {
            return Err(PyValueError::new_err(
                "this is the folder of a scan: scan, groups, words and image_shape are for that of a fit",
            ));
        }
        let html = py.detach(|| Ok(ScanFolder::open(&folder, None)?.to_html(look.title)));
        return html.map_err(wrong);
    }
    let fit = py.detach(|| FitFolder::open(&folder)).map_err(wrong)?;
    let (samples, features) = fit.shape();
    if let Some((name, labels)) = look.groups.iter().find(|(_, labels)| labels.len() != samples) {
        let (had, name) = (labels.len(), name.escape_debug());
        return Err(PyValueError::new_err(format!(
            "groups: '{name}' has {had} labels for {samples} samples"
        )));
    }
    let told = look.told(&fit.names, features, fit.image())?;
    py.detach(|| fit.to_html(&told, scan.as_deref())).map_err(|error| match (&error, &scan) {
        // The runs of the scan beside the fit.
        (partwise_report::Error::Model(partwise::Error::Shape { .. }), Some(scan)) => {
            PyValueError::new_err(format!(
                "H of the model has {features} features, and those of the scan in '{}' have another number; name the scan of the \
                 same data",
                scan.display()
            ))
        }
        _ => wrong(error),
    })
}

/// Writes a file that appears as a whole.
#[pyfunction]
pub(crate) fn put(path: PathBuf, text: &str) -> PyResult<()> {
    partwise_io::write_bytes(&path, text.as_bytes()).map_err(refused)
}
