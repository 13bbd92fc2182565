//! The folder of a fit, opened again.

use crate::any::{Number, as_h};
use crate::failure::Failure;
use crate::output::{AxisNames, NAMES, RUN};
use crate::record::{Recorded, SCHEMA_VERSION};
use partwise::transform::Model;
use partwise_io::{Input, ReadOptions, read};
use std::path::{Path, PathBuf};

/// A fit as its folder has it.
pub(crate) struct Stored {
    folder: PathBuf,
    pub(crate) record: Recorded,
}

impl Stored {
    /// Opens the folder and reads `run.json`.
    pub(crate) fn open(folder: &Path) -> Result<Stored, Failure> {
        let path = folder.join(RUN);
        let text = std::fs::read(&path).map_err(|error| {
            Failure::File(match error.kind() {
                std::io::ErrorKind::NotFound => {
                    partwise_io::Error::NotFound { path: path.display().to_string() }
                }
                std::io::ErrorKind::NotADirectory => partwise_io::Error::NotAFile {
                    path: folder.display().to_string(),
                    problem: "is a file, and the folder of a fit is wanted, which `partwise fit` has written",
                },
                _ => partwise_io::Error::Unreadable { path: path.display().to_string(), source: error },
            })
        });
        let wrong = |problem: String| {
            Failure::Data(format!(
                "{}: {problem}; name a folder that `partwise fit --out` has written",
                path.display()
            ))
        };
        let document: serde_json::Value =
            serde_json::from_slice(&text?).map_err(|error| wrong(error.to_string()))?;
        let version = document.get("schema_version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(SCHEMA_VERSION)) {
            return Err(wrong(format!(
                "its schema_version is {}, and this program knows {SCHEMA_VERSION}",
                version.map_or("missing".into(), |v| v.to_string())
            )));
        }
        let record: Recorded = serde_json::from_value(document).map_err(|error| wrong(error.to_string()))?;
        Ok(Stored { folder: folder.to_path_buf(), record })
    }

    /// Every file of the fit, `run.json` too.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.record.files.all().into_iter().chain([RUN]).map(|name| self.folder.join(name))
    }

    pub(crate) fn is_single(&self) -> bool {
        self.record.precision == "f32"
    }

    /// H, the names of its columns, and those of its rows where they are more than numbers.
    pub(crate) fn model<T: Number>(&self) -> Result<(Model<T>, AxisNames), Failure> {
        let record = &self.record;
        let file = |name: &str| -> Result<PathBuf, Failure> {
            // Only files of the folder itself, whatever the document says.
            let plain = Path::new(name).file_name().is_some_and(|file| file == name);
            plain.then(|| self.folder.join(name)).ok_or_else(|| {
                Failure::Data(format!("{}: '{}' is not a file name", RUN, name.escape_debug()))
            })
        };
        let path = file(&record.files.h)?;
        let is_text = !record.files.h.ends_with(".npy");
        let mut options = ReadOptions::default();
        options.precision = T::PRECISION;
        if is_text {
            // It has been written with both.
            options.row_names = Some(true);
            options.header = None;
        }
        let table = read(Input::path(&path), &options)?;
        let h = T::of(table.matrix)
            .ok_or_else(|| Failure::Internal("H was read in another precision than asked for".into()))?;
        let (k, n) = (h.rows(), h.cols());
        if k != record.options.rank || k != record.component_scale.len() {
            return Err(Failure::Data(format!(
                "{}: H has {k} rows, but {RUN} speaks of {} components; the folder is a mixture of two fits",
                path.display(),
                record.options.rank
            )));
        }
        let mut names = AxisNames { rows: None, cols: table.col_names, components: table.row_names };
        if record.files.names.is_some() {
            let path = file(NAMES)?;
            let damaged = |problem: String| Failure::Data(format!("{}: {problem}", path.display()));
            let text = std::fs::read(&path).map_err(|error| damaged(error.to_string()))?;
            names = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        }
        if names.cols.as_ref().is_some_and(|cols| cols.len() != n) {
            return Err(Failure::Data(format!("{NAMES} does not name the {n} columns of H")));
        }
        let model = Model {
            h: as_h(&h)?,
            loss: record.options.loss,
            rules: record.row_rules(),
            component_scale: record.component_scale.clone(),
            least: record.least,
        };
        Ok((model, names))
    }
}
