//! The folder of a fit, opened again.

use super::record::Recorded;
use super::{AxisNames, NAMES, RUN, SCHEMA_VERSION, TEXT};
use crate::error::{Error, Place, Result, path_name, quoted};
use crate::input::Input;
use crate::read::{ReadOptions, read};
use crate::scanned::SCAN;
use crate::words::TextModel;
use crate::write::NpyScalar;
use partwise::transform::Model;
use partwise::{Factor, Free};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Bytes of a text of a fit, at most.
const LARGEST: u64 = 1 << 32;

/// A fit as its folder has it.
#[derive(Debug)]
pub struct Stored {
    folder: PathBuf,
    /// What `run.json` says.
    pub record: Recorded,
    /// `run.json` as it is.
    pub document: serde_json::Value,
}

impl Stored {
    /// Opens the folder and reads `run.json`.
    ///
    /// # Errors
    /// If there is none, or it is not what a fit has written.
    pub fn open(folder: &Path) -> Result<Stored> {
        let path = folder.join(RUN);
        let text = read_text(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound if folder.join(SCAN).exists() => Error::NotAFile {
                path: path_name(folder),
                problem: "holds a scan of ranks, and a fit is wanted: make one of the rank that you choose, with `partwise consensus` \
                          or the `partwise fit` that the scan has recommended",
            },
            ErrorKind::NotFound if folder.is_dir() => Error::NotAFile {
                path: path_name(folder),
                problem: "has no run.json, and the folder of a fit is wanted, which `partwise fit` has written",
            },
            ErrorKind::NotFound => Error::NotFound { path: path_name(&path) },
            ErrorKind::NotADirectory => Error::NotAFile {
                path: path_name(folder),
                problem: "is a file, and the folder of a fit is wanted, which `partwise fit` has written",
            },
            _ => Error::Unreadable { path: path_name(&path), source: error },
        })?;
        let wrong = |problem: String| {
            damaged(
                &path,
                problem,
                "name a folder that `partwise fit --out`, or `save` in Python, has written",
            )
        };
        let document: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let version = document.get("schema_version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(SCHEMA_VERSION)) {
            return Err(wrong(format!(
                "its schema_version is {}, and this program knows {SCHEMA_VERSION}",
                version.map_or("missing".into(), |v| v.to_string())
            )));
        }
        let record: Recorded =
            serde_json::from_value(document.clone()).map_err(|error| wrong(error.to_string()))?;
        if let Some(fault) = record.fault() {
            return Err(wrong(fault));
        }
        Ok(Stored { folder: folder.to_path_buf(), record, document })
    }

    /// Every file of the fit, `run.json` too.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.record.files.all().into_iter().chain([RUN]).map(|name| self.folder.join(name))
    }

    /// Whether the fit was in single precision.
    pub fn is_single(&self) -> bool {
        self.record.precision == "f32"
    }

    /// H with what holds for rows of W, the names of its columns, and those of its rows where they are more than numbers.
    ///
    /// # Errors
    /// If a file is missing, damaged, or does not belong to `run.json`.
    pub fn model<T: NpyScalar>(&self) -> Result<(Model<T>, AxisNames)> {
        let record = &self.record;
        let path = self.file(&record.files.h)?;
        let (h, table_names) = factor::<T>(&path, false)?;
        let (k, n) = (h.rank(), h.rows());
        if k != record.options.rank || k != record.component_scale.len() {
            return Err(mixture(&path, format!("H has {k} rows"), record.options.rank));
        }
        if n != record.shape.1 {
            let problem = format!("H has {n} columns, but {RUN} speaks of X with {}", record.shape.1);
            return Err(damaged(&path, problem, "the folder is a mixture of two fits"));
        }
        check_entries(&path, &h, record.options.free == Free::H)?;
        let mut names = table_names;
        if record.files.names.is_some() {
            let path = self.file(NAMES)?;
            let bad = |problem: String| damaged(&path, problem, "copy the whole folder again");
            let text = read_text(&path).map_err(|error| bad(error.to_string()))?;
            names = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        }
        if names.cols.as_ref().is_some_and(|cols| cols.len() != n) {
            let problem = format!("it does not name the {n} columns of H");
            return Err(damaged(&self.folder.join(NAMES), problem, "copy the whole folder again"));
        }
        let model = Model {
            h,
            loss: record.options.loss,
            rules: record.row_rules(),
            component_scale: record.component_scale.clone(),
            least: record.least,
        };
        Ok((model, names))
    }

    /// Whether X was made of texts.
    pub fn is_of_texts(&self) -> bool {
        self.record.files.others.iter().any(|name| name == TEXT)
    }

    /// How texts become rows of X, if the fit was one of texts.
    ///
    /// # Errors
    /// If the file is missing, damaged, or does not belong to `run.json`.
    pub fn text(&self) -> Result<Option<TextModel>> {
        if !self.is_of_texts() {
            return Ok(None);
        }
        let path = self.folder.join(TEXT);
        let bad = |problem: String| damaged(&path, problem, "copy the whole folder again");
        let text = read_text(&path).map_err(|error| bad(error.to_string()))?;
        let model = TextModel::from_json(&text).map_err(bad)?;
        if model.vocabulary.len() != self.record.shape.1 {
            let (words, columns) = (model.vocabulary.len(), self.record.shape.1);
            let problem = format!("it has {words} words, but {RUN} speaks of X with {columns} columns");
            return Err(damaged(&path, problem, "the folder is a mixture of two fits"));
        }
        Ok(Some(model))
    }

    /// W, if it has been written.
    ///
    /// # Errors
    /// As [`Stored::model`].
    pub fn w<T: NpyScalar>(&self) -> Result<Option<Factor<T>>> {
        let Some(name) = &self.record.files.w else { return Ok(None) };
        let path = self.file(name)?;
        let (w, _) = factor::<T>(&path, true)?;
        if w.rank() != self.record.options.rank {
            return Err(mixture(&path, format!("W has {} columns", w.rank()), self.record.options.rank));
        }
        check_entries(&path, &w, self.record.options.free == Free::W)?;
        Ok(Some(w))
    }

    /// Only files of the folder itself, whatever the document says.
    pub(super) fn file(&self, name: &str) -> Result<PathBuf> {
        let plain = Path::new(name).file_name().is_some_and(|file| file == name);
        let problem = || format!("{} is not a file name", quoted(name));
        plain
            .then(|| self.folder.join(name))
            .ok_or_else(|| damaged(&self.folder.join(RUN), problem(), "it does not come from partwise"))
    }
}

/// Reads a file that is no larger than what a fit writes; not a pipe, which may never end.
pub(super) fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?;
    if !size.is_file() || size.len() > LARGEST {
        let problem = if size.is_file() { "is too large for what a fit writes" } else { "is not a file" };
        return Err(io::Error::new(ErrorKind::InvalidData, problem));
    }
    std::fs::read(path)
}

/// An entry that no factor has: one that is not finite, or a negative one where it may not have both signs.
pub(crate) fn bad_entry<T: NpyScalar>(factor: &Factor<T>, signed: bool) -> Option<f64> {
    let bad = |x: &&T| !x.is_finite() || (!signed && **x < T::ZERO);
    (0..factor.rows()).find_map(|i| factor.row(i).iter().find(bad)).map(|x| x.to_f64())
}

fn check_entries<T: NpyScalar>(path: &Path, factor: &Factor<T>, free: bool) -> Result<()> {
    match bad_entry(factor, free) {
        None => Ok(()),
        Some(x) => Err(damaged(
            path,
            format!("it has the entry {x}, which no factor has"),
            "copy the whole folder again",
        )),
    }
}

/// A factor, and the names that its file has for rows and columns of X.
pub(super) fn factor<T: NpyScalar>(path: &Path, w: bool) -> Result<(Factor<T>, AxisNames)> {
    let mut options = ReadOptions { precision: T::PRECISION, ..ReadOptions::default() };
    if path.extension().is_none_or(|extension| extension != "npy") {
        // Where there are names, there are those of components: by rows of H and columns of W.
        options.row_names = if w { None } else { Some(true) };
        options.header = if w { Some(true) } else { None };
    }
    let table = read(Input::path(path), &options).map_err(|error| match error {
        error @ (Error::Memory { .. } | Error::Unreadable { .. }) => error,
        Error::NotFound { path } => Error::NotAFile {
            path,
            problem: "is gone, and the run.json of the fit speaks of it: copy the whole folder again",
        },
        error => {
            damaged(path, format!("it is not a factor of a fit: {error}"), "copy the whole folder again")
        }
    })?;
    let wrong =
        || damaged(path, "it was read in another precision than asked for".into(), "please report it");
    let x = T::of(table.matrix).ok_or_else(wrong)?;
    let (rows, cols, values) = (x.rows(), x.cols(), x.to_row_major());
    let (factor, names) = if w {
        let names = AxisNames { rows: table.row_names, cols: None, components: table.col_names };
        (Factor::from_row_major(rows, cols, &values), names)
    } else {
        let names = AxisNames { rows: None, cols: table.col_names, components: table.row_names };
        (Factor::from_transposed(cols, rows, &values), names)
    };
    let factor = factor.map_err(|error| damaged(path, error.to_string(), "copy the whole folder again"))?;
    Ok((factor, names))
}

pub(super) fn damaged(path: &Path, problem: String, instead: &str) -> Error {
    Error::Data { at: Place::of(path_name(path)), problem, instead: instead.into() }
}

fn mixture(path: &Path, has: String, rank: usize) -> Error {
    let problem = format!("{has}, but {RUN} speaks of {rank} components");
    damaged(path, problem, "the folder is a mixture of two fits")
}
