//! Data sets on disk: one folder each, with a `META.json` that says where it is from.

use crate::Outcome;
use crate::table::Table;
use partwise::{Matrix, Scalar};
use partwise_io::{AnyMatrix, Precision, ReadOptions, fingerprint, read};
use serde::Deserialize;
use std::path::Path;

/// A data set that was found.
#[derive(Debug)]
pub struct DataSet {
    /// X.
    pub x: Table,
    /// Where it is from, in a few lines.
    pub origin: String,
}

#[derive(Deserialize)]
struct Meta {
    title: String,
    licence: String,
    #[serde(default)]
    origin: Vec<Origin>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Origin {
    repo: String,
    path: String,
    commit: String,
    archive: String,
}

/// Reads `file` of the set `name` under `data`; `None` if it is not there.
///
/// # Errors
/// If it is there and cannot be read.
pub fn load(data: &Path, name: &str, file: &str) -> Outcome<Option<DataSet>> {
    let (path, meta) = (data.join(name).join(file), data.join(name).join("META.json"));
    if !path.exists() || !meta.exists() {
        return Ok(None);
    }
    let mut options = ReadOptions::default();
    options.precision = Precision::F64;
    (options.header, options.row_names) = (Some(false), Some(false));
    let matrix = read(path, &options)?.matrix;
    let print = fingerprint(&matrix);
    let x = match matrix {
        AnyMatrix::F64(x) => table(&x),
        AnyMatrix::F32(x) => table(&x),
    };
    let x = x.ok_or_else(|| format!("{name}/{file} is not a dense matrix"))?;
    let shape = format!("({}, {})", x.rows, x.cols);
    let origin = origin(data, name, file, &format!("{shape}, "), &format!("\n(fingerprint `{print}`)"))?;
    Ok(Some(DataSet { x, origin }))
}

/// Where the set `name` is from, for documents: what it is, `file` that it was read from, and its `META.json`.
///
/// # Errors
/// If there is no `META.json`, or it cannot be read.
pub fn about(data: &Path, name: &str, file: &str) -> Outcome<String> {
    origin(data, name, file, "", "")
}

fn origin(data: &Path, name: &str, file: &str, shape: &str, print: &str) -> Outcome<String> {
    let meta = data.join(name).join("META.json");
    let meta: Meta = serde_json::from_str(&std::fs::read_to_string(meta)?)?;
    let sources: Vec<String> = meta.origin.iter().take(1).map(Origin::sentence).collect();
    Ok(format!(
        "Data: {}, {shape}read from `DATA/{name}/{file}`{print}.\nOrigin: {}.\nLicence: {}.",
        meta.title,
        sources.join("; "),
        meta.licence
    ))
}

impl Origin {
    fn sentence(&self) -> String {
        if !self.archive.is_empty() {
            return format!("`{}` of {} on PyPI", self.path, self.archive);
        }
        let repo = self.repo.replace("github:", "github.com/");
        let commit: String = self.commit.chars().take(8).collect();
        format!("`{}` of {repo} at commit {commit}", self.path)
    }
}

fn table<T: Scalar>(x: &Matrix<'_, T>) -> Option<Table> {
    match x {
        Matrix::Dense(x) => Some(Table::new(x.rows(), x.cols(), |i, j| x.get(i, j).to_f64())),
        _ => None,
    }
}
