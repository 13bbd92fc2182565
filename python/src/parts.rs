//! What is asked about components and labels of models that there are.

use crate::data::Number;
use crate::outcome::{array, raised};
use numpy::PyReadonlyArray2;
use partwise::select::{By, Consensus, Filter, Mixture, agreed, matching, top_features};
use partwise::{Error, Factor};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// H, `(k, n)`, as the engine keeps it; nothing if its numbers are of another type.
pub(crate) fn h_of<T: Number>(h: &Bound<'_, PyAny>) -> PyResult<Option<Factor<T>>> {
    let Ok(h) = h.extract::<PyReadonlyArray2<'_, T>>() else { return Ok(None) };
    let (k, n) = h.as_array().dim();
    let values: Vec<T> = h.as_array().iter().copied().collect();
    Factor::from_transposed(n, k, &values).map(Some).map_err(raised)
}

/// The same in double precision.
pub(crate) fn double(h: &Bound<'_, PyAny>) -> PyResult<Factor<f64>> {
    h_of(h)?.ok_or_else(|| PyTypeError::new_err("H is an array of two dimensions of float64"))
}

/// Which component of `first` is which of `second`.
#[pyfunction]
pub(crate) fn match_components<'py>(
    py: Python<'py>,
    first: &Bound<'py, PyAny>,
    second: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let (first, second) = (double(first)?, double(second)?);
    let found = py.detach(|| matching(&first, &second)).map_err(raised)?;
    let mixtures = |all: &[Mixture]| {
        let tuple = |mixture: &Mixture| (mixture.whole, mixture.parts.clone(), mixture.cosine);
        all.iter().map(tuple).collect::<Vec<_>>()
    };
    let out = PyDict::new(py);
    let pairs: Vec<(usize, usize)> = found.pairs.iter().map(|pair| (pair.first, pair.second)).collect();
    out.set_item("pairs", pairs)?;
    out.set_item("cosines", found.pairs.iter().map(|pair| pair.cosine).collect::<Vec<_>>())?;
    out.set_item("splits", mixtures(&found.splits))?;
    out.set_item("merges", mixtures(&found.merges))?;
    out.set_item("mean_cosine", found.mean_cosine())?;
    out.set_item("only_first", found.only_first)?;
    out.set_item("only_second", found.only_second)?;
    Ok(out)
}

/// The first features of each component: a list of lists of `(feature, weight, lift, specificity)`.
#[pyfunction]
pub(crate) fn top<'py>(
    py: Python<'py>,
    h: &Bound<'py, PyAny>,
    shares: Vec<f64>,
    by: &str,
    count: usize,
) -> PyResult<Bound<'py, PyList>> {
    let by = match by {
        "weight" => By::Weight,
        "lift" => By::Lift,
        "specificity" => By::Specificity,
        other => {
            return Err(PyValueError::new_err(format!("'{other}' is nothing that features are ordered by")));
        }
    };
    let h = double(h)?;
    let found = py.detach(|| top_features(&h, &shares, by, count));
    let all = found.iter().map(|features| {
        features.iter().map(|f| (f.feature, f.weight, f.lift, f.specificity)).collect::<Vec<_>>()
    });
    PyList::new(py, all.collect::<Vec<_>>())
}

/// The components that most of several H agree on, all of one type.
#[pyfunction]
pub(crate) fn agree<'py>(
    py: Python<'py>,
    runs: Vec<Bound<'py, PyAny>>,
    neighbours: f64,
    max_distance: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let filter = Filter { neighbours, limit: max_distance };
    let is_single = runs.first().is_some_and(|run| run.extract::<PyReadonlyArray2<'_, f32>>().is_ok());
    if is_single { agree_as::<f32>(py, &runs, filter) } else { agree_as::<f64>(py, &runs, filter) }
}

fn agree_as<'py, T: Number>(
    py: Python<'py>,
    runs: &[Bound<'py, PyAny>],
    filter: Filter,
) -> PyResult<Bound<'py, PyDict>> {
    let other = || PyTypeError::new_err("the runs have two dimensions, and one dtype");
    let runs: Vec<Factor<T>> =
        runs.iter().map(|run| h_of(run)?.ok_or_else(other)).collect::<PyResult<_>>()?;
    let found = py.detach(|| agreed(&runs.iter().collect::<Vec<_>>(), filter));
    let found = found.map_err(|error| {
        raised(match error {
            Error::BadParameter { name: "limit", value, needs } => {
                Error::BadParameter { name: "max_distance", value, needs }
            }
            error => error,
        })
    })?;
    let shape = (found.h.rank(), found.h.rows());
    let out = PyDict::new(py);
    out.set_item("h", array(py, shape, found.h.to_transposed())?)?;
    out.set_item("spread", array(py, shape, found.spread.to_transposed())?)?;
    out.set_item("runs", found.runs)?;
    out.set_item("cosines", found.cosines)?;
    out.set_item("distances", found.distances)?;
    out.set_item("left_out", found.left_out)?;
    Ok(out)
}

/// How stable clusters of samples are over several runs, each a list of labels: `(dispersion, cophenetic, ambiguous,
/// silhouette, sampled)`.
#[pyfunction]
pub(crate) fn measures(
    py: Python<'_>,
    labels: Vec<Vec<u32>>,
    clusters: usize,
    seed: u64,
) -> (f64, Option<f64>, f64, Option<f64>, Option<usize>) {
    let found = py.detach(|| consensus(labels).measures(clusters, seed));
    (found.dispersion, found.cophenetic, found.ambiguous, found.silhouette, found.sampled)
}

/// Samples in the order of the tree of their consensus, at most so many, and the cluster of each.
#[pyfunction]
pub(crate) fn tree_order(
    py: Python<'_>,
    labels: Vec<Vec<u32>>,
    clusters: usize,
    most: usize,
    seed: u64,
) -> (Vec<usize>, Vec<usize>) {
    let map = py.detach(|| consensus(labels).map(clusters, most, seed));
    (map.samples, map.clusters)
}

fn consensus(labels: Vec<Vec<u32>>) -> Consensus {
    let mut consensus = Consensus::new(labels.first().map_or(0, Vec::len));
    labels.into_iter().for_each(|labels| consensus.add(labels));
    consensus
}
