//! X, and what is given beside it, from Python's arrays. Dense memory without gaps is viewed, everything else copied.

use crate::outcome::{internal, raised};
use numpy::{Element, PyReadonlyArray1, PyReadonlyArray2};
use partwise::scalar::Scalar;
use partwise::{Factor, Given, Matrix, Missing, Sparse, Weights};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// A number type that both sides know.
pub(crate) trait Number: Scalar + Element {}
impl Number for f32 {}
impl Number for f64 {}

/// A matrix as Python handed it over.
pub(crate) enum Taken<'py, T: Number> {
    Dense(PyReadonlyArray2<'py, T>),
    Sparse(Box<Matrix<'static, T>>),
}

impl<'py, T: Number> Taken<'py, T> {
    /// An array of two dimensions, or `(format, shape, indptr, indices, data)` with format `"csr"` or `"csc"`; nothing if its
    /// numbers are of another type.
    ///
    /// # Errors
    /// If the parts of a sparse matrix contradict each other.
    pub(crate) fn of(x: &Bound<'py, PyAny>) -> PyResult<Option<Taken<'py, T>>> {
        let Ok(parts) = x.cast::<PyTuple>() else {
            return Ok(x.extract().ok().map(Taken::Dense));
        };
        let Ok(values) = parts.get_item(4)?.extract::<PyReadonlyArray1<'py, T>>() else { return Ok(None) };
        let format: String = parts.get_item(0)?.extract()?;
        let (rows, cols): (usize, usize) = parts.get_item(1)?.extract()?;
        let starts = integers(&parts.get_item(2)?, "indptr", |i| usize::try_from(i).ok())?;
        let indices = integers(&parts.get_item(3)?, "indices", |i| u32::try_from(i).ok())?;
        let values: Vec<T> = values.as_array().iter().copied().collect();
        let sparse = match format.as_str() {
            "csr" => Sparse::from_csr(rows, cols, starts, indices, values),
            "csc" => Sparse::from_csc(rows, cols, starts, indices, values),
            other => return Err(PyValueError::new_err(format!("'{other}' is neither csr nor csc"))),
        };
        Ok(Some(Taken::Sparse(Box::new(sparse.map_err(raised)?.into()))))
    }

    /// Works on the matrix, a view where memory allows.
    pub(crate) fn with<R>(self, work: impl FnOnce(Matrix<'_, T>) -> R) -> R {
        match self {
            Taken::Dense(x) => work(x.as_array().into()),
            Taken::Sparse(x) => work(*x),
        }
    }
}

/// Integers of 32 or 64 bits, checked.
fn integers<I>(from: &Bound<'_, PyAny>, what: &str, to: impl Fn(i64) -> Option<I>) -> PyResult<Vec<I>> {
    let list: Option<Vec<I>> = if let Ok(narrow) = from.extract::<PyReadonlyArray1<'_, i32>>() {
        narrow.as_array().iter().map(|&i| to(i64::from(i))).collect()
    } else if let Ok(wide) = from.extract::<PyReadonlyArray1<'_, i64>>() {
        wide.as_array().iter().map(|&i| to(i)).collect()
    } else {
        return Err(PyTypeError::new_err(format!("{what} of a sparse matrix are integers of 32 or 64 bits")));
    };
    list.ok_or_else(|| PyValueError::new_err(format!("{what} of a sparse matrix are out of range")))
}

/// Which entries count, and how much: `entries` (a matrix), `rows` and `cols` (vectors), `missing` (`"nan"`, `"absent"`).
pub(crate) fn weigh<'a, T: Number>(
    x: Matrix<'a, T>,
    entries: Option<Matrix<'a, T>>,
    how: Option<&Bound<'_, PyDict>>,
) -> PyResult<Matrix<'a, T>> {
    let weights = weights(entries, how)?;
    if weights.is_none() { Ok(x) } else { x.weighted(weights).map_err(raised) }
}

/// Works on X with the weights of its entries.
pub(crate) fn with_weights<T: Number, R>(
    x: Taken<'_, T>,
    entries: Option<&Bound<'_, PyAny>>,
    how: Option<&Bound<'_, PyDict>>,
    work: impl FnOnce(&Matrix<'_, T>) -> PyResult<R>,
) -> PyResult<R> {
    let Some(entries) = entries else { return x.with(|x| work(&weigh(x, None, how)?)) };
    let entries = Taken::<T>::of(entries)?
        .ok_or_else(|| PyTypeError::new_err("weights of entries have the dtype of X"))?;
    x.with(|x| entries.with(|entries| work(&weigh(x, Some(entries), how)?)))
}

/// The same, before X comes in.
pub(crate) fn weights<'a, T: Number>(
    entries: Option<Matrix<'a, T>>,
    how: Option<&Bound<'_, PyDict>>,
) -> PyResult<Weights<'a, T>> {
    let mut weights = Weights::new();
    if let Some(entries) = entries {
        weights = weights.entries(entries);
    }
    if let Some(how) = how {
        let vector = |name: &str| -> PyResult<Option<Vec<T>>> {
            let Some(list) = how.get_item(name)?.filter(|list| !list.is_none()) else { return Ok(None) };
            let list: Vec<f64> = list.extract()?;
            Ok(Some(list.into_iter().map(T::from_f64).collect()))
        };
        if let Some(rows) = vector("rows")? {
            weights = weights.rows(rows);
        }
        if let Some(cols) = vector("cols")? {
            weights = weights.cols(cols);
        }
        if let Some(missing) = how.get_item("missing")?.filter(|m| !m.is_none()) {
            let name: String = missing.extract()?;
            weights = weights.missing(name.parse::<Missing>().map_err(raised)?);
        }
    }
    Ok(weights)
}

/// Factors by name: `w`, `h`, `fixed_w`, `fixed_h`, `target_w`, `target_h`, in their mathematical shapes; and sparse
/// matrices `graph_w` and `graph_h`.
pub(crate) fn given<T: Number>(from: Option<&Bound<'_, PyDict>>) -> PyResult<Given<T>> {
    let mut given = Given::default();
    let Some(from) = from else { return Ok(given) };
    for (name, value) in from.iter() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        if let "graph_w" | "graph_h" = name.as_str() {
            let Some(Taken::Sparse(graph)) = Taken::of(&value)? else {
                return Err(PyTypeError::new_err("a graph is a sparse matrix with the dtype of X"));
            };
            let Matrix::Sparse(graph) = *graph else { return Err(internal("a graph became something else")) };
            *(if name == "graph_w" { &mut given.graph_w } else { &mut given.graph_h }) = Some(graph);
            continue;
        }
        let array: PyReadonlyArray2<'_, T> = value
            .extract()
            .map_err(|_| PyTypeError::new_err(format!("{name} has two dimensions and the dtype of X")))?;
        let array = array.as_array();
        let (rows, cols) = array.dim();
        let values: Vec<T> = array.iter().copied().collect();
        let factor = if name.ends_with('w') {
            Factor::from_row_major(rows, cols, &values)
        } else {
            Factor::from_transposed(cols, rows, &values)
        }
        .map_err(raised)?;
        let place = match name.as_str() {
            "w" => &mut given.w,
            "h" => &mut given.h,
            "fixed_w" => &mut given.fixed_w,
            "fixed_h" => &mut given.fixed_h,
            "target_w" => &mut given.target_w,
            "target_h" => &mut given.target_h,
            other => return Err(PyValueError::new_err(format!("'{other}' is nothing that can be given"))),
        };
        *place = Some(factor);
    }
    Ok(given)
}
