//! New rows for a model: their W, and how well it predicts entries that they were not shown.

use crate::data::{Number, Taken, given, weights, with_weights};
use crate::outcome::{from_json, internal, raised, rows, unknown};
use crate::watch::Watch;
use partwise::select::{Margins, score_unseen};
use partwise::transform::Model;
use partwise::{HoldOut, Loss, Matrix, RowRules, Weights};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// W for the rows of `x` and the model of a fit: each row by itself, to the end. `model` has `loss`, `row_rules` (JSON),
/// `component_scale` and `least`, as a fit gave them.
#[pyfunction]
#[pyo3(signature = (x, h, model, *, threads=0, entry_weights=None, weights=None))]
pub(crate) fn transform<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    h: &Bound<'py, PyAny>,
    model: &Bound<'py, PyDict>,
    threads: usize,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    fn of<'py, T: Number>(
        py: Python<'py>,
        x: Taken<'py, T>,
        (h, model, threads): (&Bound<'py, PyAny>, &Bound<'py, PyDict>, usize),
        entry_weights: Option<&Bound<'py, PyAny>>,
        weights: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let model = model_of::<T>(h, model)?;
        let w = with_weights(x, entry_weights, weights, |x| {
            Watch::default()
                .over(py, |watch| model.transform_until(x, threads, watch.stop()))?
                .map_err(raised)
        })?;
        Ok(rows(py, &w)?.into_any())
    }
    let how = (h, model, threads);
    if let Some(x) = Taken::<f64>::of(x)? {
        return of(py, x, how, entry_weights, weights);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return of(py, x, how, entry_weights, weights);
    }
    Err(unknown())
}

/// The mean loss of entries of `x` whose rows got their W without them, each entry once: of `folds` folds by `seed`. Predictions
/// are kept within what the other entries of their rows and columns allow.
#[pyfunction]
#[pyo3(signature = (x, h, model, *, folds, seed, threads=0, entry_weights=None, weights=None))]
pub(crate) fn score<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    h: &Bound<'py, PyAny>,
    model: &Bound<'py, PyDict>,
    folds: u32,
    seed: u64,
    threads: usize,
    entry_weights: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyDict>>,
) -> PyResult<f64> {
    let (folds, how) = ((folds, seed, threads), (entry_weights, weights));
    if let Some(x) = Taken::<f64>::of(x)? {
        return score_of(py, x, h, model, folds, how);
    }
    if let Some(x) = Taken::<f32>::of(x)? {
        return score_of(py, x, h, model, folds, how);
    }
    Err(unknown())
}

fn score_of<'py, T: Number>(
    py: Python<'py>,
    x: Taken<'py, T>,
    h: &Bound<'py, PyAny>,
    model: &Bound<'py, PyDict>,
    folds: (u32, u64, usize),
    (entries, how): (Option<&Bound<'py, PyAny>>, Option<&Bound<'py, PyDict>>),
) -> PyResult<f64> {
    let model = model_of::<T>(h, model)?;
    let Some(entries) = entries else { return x.with(|x| over_folds(py, x, None, how, &model, folds)) };
    let entries = Taken::<T>::of(entries)?
        .ok_or_else(|| PyTypeError::new_err("weights of entries have the dtype of X"))?;
    x.with(|x| entries.with(|entries| over_folds(py, x, Some(entries), how, &model, folds)))
}

fn over_folds<'a, T: Number>(
    py: Python<'_>,
    x: Matrix<'a, T>,
    entries: Option<Matrix<'a, T>>,
    how: Option<&Bound<'_, PyDict>>,
    model: &Model<T>,
    (folds, seed, threads): (u32, u64, usize),
) -> PyResult<f64> {
    // Of sparse X, a fold is a list of its own; dense X is looked at where it lies.
    let masked = |mask: HoldOut| -> PyResult<Matrix<'_, T>> {
        let weights: Weights<'_, T> = weights(entries.clone(), how)?.hold_out(mask);
        x.clone().weighted(weights).map_err(raised)
    };
    let (mut loss, mut weight) = (0.0, 0.0);
    for fold in 0..folds {
        let mask = HoldOut::fold(seed, fold, folds);
        let (shown, hidden) = (masked(mask)?, masked(mask.inverted())?);
        let score = Watch::default().over(py, |watch| {
            let w = model.transform_until(&shown, threads, watch.stop())?;
            score_unseen(model, &w, &hidden, &Margins::of(&shown))
        });
        let score = score?.map_err(raised)?;
        if score.entries > 0 {
            loss += score.loss;
            weight += score.weight();
        }
    }
    Ok(if weight > 0.0 { loss / weight } else { f64::NAN })
}

/// The model that H, `(k, n)`, and what a fit said of it are.
pub(crate) fn model_of<T: Number>(h: &Bound<'_, PyAny>, model: &Bound<'_, PyDict>) -> PyResult<Model<T>> {
    let all = PyDict::new(h.py());
    all.set_item("h", h)?;
    let h = given::<T>(Some(&all))?.h.ok_or_else(|| internal("H went astray"))?;
    let item = |name: &str| {
        model.get_item(name)?.ok_or_else(|| PyKeyError::new_err(format!("a model has '{name}'")))
    };
    let rules: RowRules = from_json(&item("row_rules")?.extract::<String>()?)?;
    let loss: Loss = item("loss")?.extract::<String>()?.parse().map_err(raised)?;
    let component_scale: Vec<f64> = item("component_scale")?.extract()?;
    if component_scale.len() != h.rank() {
        return Err(PyValueError::new_err("component_scale has a number for every row of H"));
    }
    Ok(Model { h, loss, rules, component_scale, least: item("least")?.extract()? })
}
