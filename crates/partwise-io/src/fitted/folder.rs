//! Writing the folder of a fit.

use super::record::Files;
use super::{AxisNames, NAMES, PICTURE, RUN, component_names, is_of_a_fit};
use crate::error::{Error, Result};
use crate::write::{Names, NpyScalar, OutputDir, Separator, write_npy, write_table};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// In which form factors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TableFormat {
    /// NumPy's.
    #[default]
    Npy,
    /// Comma-separated text, with names.
    Csv,
    /// Tab-separated text, with names.
    Tsv,
}

impl TableFormat {
    /// What file names end in.
    pub fn extension(self) -> &'static str {
        match self {
            TableFormat::Npy => "npy",
            TableFormat::Csv => "csv",
            TableFormat::Tsv => "tsv",
        }
    }
}

/// A folder that appears when all is in it.
#[derive(Debug)]
pub struct Folder {
    dir: OutputDir,
    /// Its name in the words of the user, for messages.
    given: PathBuf,
}

impl Folder {
    /// Refuses a folder that is in use, before any work is done.
    ///
    /// # Errors
    /// As [`OutputDir::create`].
    pub fn create(target: &Path, force: bool) -> Result<Folder> {
        let dir = OutputDir::create(target, force)?;
        dir.remove_orphans(is_of_a_fit);
        Ok(Folder { dir, given: target.to_path_buf() })
    }

    /// The folder that is to appear.
    pub fn target(&self) -> &Path {
        self.dir.target()
    }

    /// Writes H, `(k, n)`, W, `(m, k)`, if there is one, and names; all in row-major order. What else there is comes
    /// with [`Folder::put`], and `run.json` last, when all is known.
    ///
    /// # Errors
    /// If something cannot be written, or names do not fit.
    pub fn write<T: NpyScalar>(
        &self,
        w: Option<(&[T], (usize, usize))>,
        (h, shape): (&[T], (usize, usize)),
        names: &AxisNames,
        format: TableFormat,
    ) -> Result<Files> {
        let file = |factor: &str| format!("{factor}.{}", format.extension());
        let mut files = Files { w: w.map(|_| file("W")), h: file("H"), ..Files::default() };
        let components = component_names(shape.0, names.components.as_deref());
        if let (Some((w, shape)), Some(name)) = (w, &files.w) {
            let names = Names { rows: names.rows.as_deref(), cols: Some(&components) };
            self.factor(name, format, w, shape, names)?;
        }
        let h_names = Names { rows: Some(&components), cols: names.cols.as_deref() };
        self.factor(&files.h, format, h, shape, h_names)?;
        if format == TableFormat::Npy && !names.is_empty() {
            self.put(NAMES, &serde_json::to_vec(names).map_err(|error| self.failed(NAMES, error.into()))?)?;
            files.names = Some(NAMES.into());
        }
        Ok(files)
    }

    fn factor<T: NpyScalar>(
        &self,
        name: &str,
        format: TableFormat,
        values: &[T],
        shape: (usize, usize),
        names: Names<'_>,
    ) -> Result<()> {
        let path = self.dir.file(name)?;
        // The name of the hidden folder says nothing to the user.
        write_factor(&path, format, values, shape, names).map_err(|error| match error {
            Error::Write { source, .. } => self.failed(name, source),
            Error::CannotCreate { problem, .. } => Error::CannotCreate { path: self.shown(name), problem },
            error => error,
        })
    }

    /// Writes a file as it is.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        std::fs::write(self.dir.file(name)?, bytes).map_err(|source| self.failed(name, source))
    }

    /// The same for the picture of H.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn put_picture(&self, png: &[u8], files: &mut Files) -> Result<()> {
        self.put(PICTURE, png)?;
        files.picture = Some(PICTURE.into());
        Ok(())
    }

    /// The same for what else is said of the fit; names are those of [`OTHERS`](super::OTHERS).
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn put_other(&self, name: &str, bytes: &[u8], files: &mut Files) -> Result<()> {
        self.put(name, bytes)?;
        files.others.push(name.into());
        Ok(())
    }

    fn failed(&self, name: &str, source: std::io::Error) -> Error {
        Error::Write { path: self.shown(name), source }
    }

    fn shown(&self, name: &str) -> String {
        self.given.join(name).display().to_string()
    }

    /// Puts everything in place. What `run.json` says an earlier fit left there, and this one does not have, goes away.
    ///
    /// # Errors
    /// As [`OutputDir::commit`].
    pub fn commit(self, files: &Files) -> Result<()> {
        let old: Option<Earlier> =
            std::fs::read(self.target().join(RUN)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let kept = files.all();
        let obsolete: Vec<&str> = old
            .iter()
            .flat_map(|old| old.files.all())
            .filter(|name| !kept.contains(name) && *name != RUN && is_of_a_fit(name))
            .collect();
        self.dir.commit(RUN, &obsolete)
    }
}

#[derive(Deserialize)]
struct Earlier {
    files: Files,
}

/// Writes a factor, in row-major order, in this format; a name that is there is replaced.
///
/// # Errors
/// If it cannot be written, or names do not fit.
pub fn write_factor<T: NpyScalar>(
    path: &Path,
    format: TableFormat,
    values: &[T],
    shape: (usize, usize),
    names: Names<'_>,
) -> Result<()> {
    match format {
        TableFormat::Npy => write_npy(path, values, shape),
        TableFormat::Csv => write_table(path, values, shape, names, Separator::Comma),
        TableFormat::Tsv => write_table(path, values, shape, names, Separator::Tab),
    }
}
