//! W, H, names and the picture, into the folder of a fit.

use crate::any::Number;
use crate::args::TableFormat;
use crate::failure::Failure;
use crate::record::Files;
use partwise::Fit;
use partwise_io::{Names, OutputDir, Separator, write_npy, write_table};
use partwise_report::{Mosaic, Size, to_png};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The record of a run.
pub(crate) const RUN: &str = "run.json";
/// Names of rows and columns, where the factors are in a format that has no room for them.
pub(crate) const NAMES: &str = "names.json";
/// The picture.
pub(crate) const PICTURE: &str = "parts.png";

/// Height and width of a picture on the sheet, about.
const PIXELS: usize = 96;

/// Contents of [`NAMES`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AxisNames {
    pub(crate) rows: Option<Vec<String>>,
    pub(crate) cols: Option<Vec<String>>,
    /// Of the first components, where they were known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) components: Option<Vec<String>>,
}

impl AxisNames {
    fn is_empty(&self) -> bool {
        self.rows.is_none() && self.cols.is_none() && self.components.is_none()
    }

    /// A row, a column or an entry by name, to follow its numbers: ` (row 'a', column 'b')`; empty where there are no
    /// names.
    pub(crate) fn at(&self, row: Option<usize>, col: Option<usize>) -> String {
        let named = |what: &str, names: &Option<Vec<String>>, at: Option<usize>| {
            let name = names.as_ref()?.get(at?)?;
            Some(format!("{what} '{}'", name.escape_debug()))
        };
        let found: Vec<String> =
            [named("row", &self.rows, row), named("column", &self.cols, col)].into_iter().flatten().collect();
        if found.is_empty() { String::new() } else { format!(" ({})", found.join(", ")) }
    }
}

/// A folder that appears when all is in it.
pub(crate) struct Folder {
    dir: OutputDir,
    /// Its name in the words of the user, for messages.
    given: PathBuf,
}

impl Folder {
    /// Refuses a folder that is in use, before any work is done, and one in which a file of the fit would replace one
    /// of its inputs.
    pub(crate) fn create(target: &Path, force: bool, inputs: &[&Path]) -> Result<Folder, Failure> {
        let canonical = |path: &Path| std::fs::canonicalize(path).ok();
        if let Some(folder) = canonical(target) {
            for input in inputs.iter().filter_map(|input| canonical(input)) {
                let name =
                    input.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if input.parent() == Some(&folder) && (is_ours(&name) || name == RUN) {
                    return Err(Failure::Usage(format!(
                        "the results would replace the input '{}'; choose another --out",
                        input.display()
                    )));
                }
            }
        }
        let dir = OutputDir::create(target, force).map_err(|error| match error {
            partwise_io::Error::Exists { path } => Failure::File(partwise_io::Error::CannotCreate {
                path,
                problem: "it exists and is not empty; use --force to replace the fit in it, or another --out"
                    .into(),
            }),
            error => Failure::File(error),
        })?;
        dir.remove_orphans(|name| is_ours(name) || name == RUN);
        Ok(Folder { dir, given: target.to_path_buf() })
    }

    pub(crate) fn target(&self) -> &Path {
        self.dir.target()
    }

    /// Writes factors, names and picture; `run.json` comes later, when all is known.
    pub(crate) fn write<T: Number>(
        &self,
        fit: &Fit<T>,
        names: &AxisNames,
        format: TableFormat,
        image: Option<Size>,
    ) -> Result<Files, Failure> {
        let mut files = Files {
            w: format!("W.{}", format.extension()),
            h: format!("H.{}", format.extension()),
            names: None,
            picture: None,
        };
        let (m, n, k) = (fit.w.rows(), fit.h.rows(), fit.spec.rank);
        let components = component_names(k, names.components.as_deref());
        let w_names = Names { rows: names.rows.as_deref(), cols: Some(&components) };
        let h_names = Names { rows: Some(&components), cols: names.cols.as_deref() };
        let h = fit.h.to_transposed();
        let (w_path, h_path) = (self.dir.file(&files.w)?, self.dir.file(&files.h)?);
        table(&w_path, format, &fit.w.to_row_major(), (m, k), w_names)
            .map_err(|error| self.as_given(&files.w, error))?;
        table(&h_path, format, &h, (k, n), h_names).map_err(|error| self.as_given(&files.h, error))?;
        if format == TableFormat::Npy && !names.is_empty() {
            let text = serde_json::to_vec(names).map_err(|error| Failure::Internal(error.to_string()))?;
            self.put(NAMES, &text)?;
            files.names = Some(NAMES.into());
        }
        if let Some(size) = image {
            self.put(PICTURE, &to_png(&mosaic(fit, size)?, zoom(size))?)?;
            files.picture = Some(PICTURE.into());
        }
        Ok(files)
    }

    /// Writes a file as it is.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.dir.file(name)?;
        std::fs::write(path, bytes).map_err(|source| {
            let path = self.given.join(name).display().to_string();
            Failure::from(partwise_io::Error::Write { path, source })
        })
    }

    /// An error with the name that the file would have had: that of the hidden folder says nothing to the user.
    fn as_given(&self, name: &str, failure: Failure) -> Failure {
        use partwise_io::Error::{CannotCreate, Write};
        let path = self.given.join(name).display().to_string();
        match failure {
            Failure::File(Write { source, .. }) => Failure::File(Write { path, source }),
            Failure::File(CannotCreate { problem, .. }) => Failure::File(CannotCreate { path, problem }),
            failure => failure,
        }
    }

    /// Puts everything in place. What `run.json` says an earlier fit left there, and this one does not have, goes away.
    pub(crate) fn commit(self, files: &Files) -> Result<(), Failure> {
        let old: Option<Earlier> =
            std::fs::read(self.target().join(RUN)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let kept = files.all();
        let obsolete: Vec<&str> = old
            .iter()
            .flat_map(|old| old.files.all())
            .filter(|name| !kept.contains(name) && is_ours(name))
            .collect();
        self.dir.commit(RUN, &obsolete).map_err(|error| match error {
            partwise_io::Error::Exists { path } => Failure::File(partwise_io::Error::CannotCreate {
                path,
                problem: "another process has written to it meanwhile; what it wrote is untouched, and this result is \
                          lost: run again with another --out, or with --force to replace what is there"
                    .into(),
            }),
            error => Failure::from(error),
        })
    }
}

#[derive(Deserialize)]
struct Earlier {
    files: Files,
}

/// Whether a fit could have written a file of this name.
fn is_ours(name: &str) -> bool {
    let table = ["npy", "csv", "tsv"].iter().any(|e| name == format!("W.{e}") || name == format!("H.{e}"));
    table || name == NAMES || name == PICTURE
}

/// Whether two names lead to the same file. Another hard link to it is another file here: a file is replaced by a
/// rename, which leaves other links alone.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// The rows of H as pictures.
pub(crate) fn mosaic<T: Number>(fit: &Fit<T>, size: Size) -> Result<Mosaic, Failure> {
    let n = fit.h.rows();
    let h: Vec<f64> = fit.h.to_transposed().into_iter().map(partwise::Scalar::to_f64).collect();
    Ok(Mosaic::of(&h.chunks_exact(n.max(1)).collect::<Vec<_>>(), size)?)
}

fn zoom(size: Size) -> usize {
    (PIXELS / size.height.max(size.width).max(1)).max(1)
}

/// Names of components: those that are known, and then `component_N`, counted from 1.
pub(crate) fn component_names(k: usize, known: Option<&[String]>) -> Vec<String> {
    let known = known.unwrap_or_default().iter().take(k).cloned();
    let others = known.len() + 1..=k;
    known.chain(others.map(|c| format!("component_{c}"))).collect()
}

/// Writes a table in the format asked for.
pub(crate) fn table<T: Number>(
    path: &Path,
    format: TableFormat,
    values: &[T],
    shape: (usize, usize),
    names: Names<'_>,
) -> Result<(), Failure> {
    match format {
        TableFormat::Npy => write_npy(path, values, shape)?,
        TableFormat::Csv => write_table(path, values, shape, names, Separator::Comma)?,
        TableFormat::Tsv => write_table(path, values, shape, names, Separator::Tab)?,
    }
    Ok(())
}
