//! What Python sees of the engine: functions on arrays, which the estimators in `partwise/` are made of.

mod data;
mod files;
mod outcome;
mod parts;
mod report;
mod rows;
mod run;
mod scan;
mod watch;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// The engine of partwise.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(run::fit, module)?)?;
    module.add_function(wrap_pyfunction!(rows::transform, module)?)?;
    module.add_function(wrap_pyfunction!(rows::score, module)?)?;
    module.add_function(wrap_pyfunction!(files::save, module)?)?;
    module.add_function(wrap_pyfunction!(files::load, module)?)?;
    module.add_function(wrap_pyfunction!(scan::scan, module)?)?;
    module.add_function(wrap_pyfunction!(parts::match_components, module)?)?;
    module.add_function(wrap_pyfunction!(parts::top, module)?)?;
    module.add_function(wrap_pyfunction!(parts::agree, module)?)?;
    module.add_function(wrap_pyfunction!(parts::measures, module)?)?;
    module.add_function(wrap_pyfunction!(parts::tree_order, module)?)?;
    module.add_function(wrap_pyfunction!(report::residuals, module)?)?;
    module.add_function(wrap_pyfunction!(report::fit_report, module)?)?;
    module.add_function(wrap_pyfunction!(report::scan_report, module)?)?;
    module.add_function(wrap_pyfunction!(report::folder_report, module)?)?;
    module.add_function(wrap_pyfunction!(report::put, module)?)?;
    module.add_function(wrap_pyfunction!(options, module)?)
}

/// Every option of a fit: a list of dictionaries with its name, default (as JSON has it) and documentation.
#[pyfunction]
fn options(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let defaults = serde_json::to_value(partwise::Spec::default()).map_err(outcome::internal)?;
    let all = PyList::empty(py);
    for (name, doc) in partwise::Spec::DOCS {
        let option = PyDict::new(py);
        option.set_item("name", name)?;
        option.set_item("default", defaults[name].to_string())?;
        option.set_item("doc", doc.trim())?;
        all.append(option)?;
    }
    Ok(all)
}
