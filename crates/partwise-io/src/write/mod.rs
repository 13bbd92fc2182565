//! The way out: matrices and tables into files that are whole or not there.

mod atomic;
mod dir;
mod mtx;
mod npy;
mod npz;
mod table;
mod unfinished;

pub use dir::OutputDir;
pub use npy::{NpyScalar, write_npy, write_npy_to};
pub(crate) use table::unguarded;
pub use table::{Cell, Separator, write_cells_to, write_table, write_table_to};
pub use unfinished::{Abandoned, abandon_unfinished};

use crate::budget::default_limit;
use crate::error::{Error, Place, Result, path_name};
use crate::format::{Format, Promise, promised};
use crate::read::{AnyMatrix, with_matrix};
use flate2::Compression;
use flate2::write::GzEncoder;
use partwise::data::Matrix;
use partwise::scalar::Scalar;
use std::io::{self, Write};
use std::path::Path;

/// Names of rows and columns, where there are any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// One for every row.
    pub rows: Option<&'a [String]>,
    /// One for every column.
    pub cols: Option<&'a [String]>,
}

impl Names<'_> {
    fn check(&self, (rows, cols): (usize, usize), at: &Place) -> Result<()> {
        for (names, size, what) in [(self.rows, rows, "row"), (self.cols, cols, "column")] {
            if let Some(names) = names.filter(|names| names.len() != size) {
                return Err(Error::Shape {
                    at: at.clone(),
                    shape: format!("({rows}, {cols})"),
                    needs: format!("{} {what} names do not fit", names.len()),
                });
            }
        }
        Ok(())
    }
}

/// Writes a matrix in the format that the name asks for: `.npy`, `.npz`, `.mtx`, `.csv`, `.tsv`, and the last three
/// (and `.npy`) with `.gz` too. Returns notes for the user on what the format could not keep.
///
/// A sparse matrix goes into `.npz` as `scipy.sparse.load_npz` reads it (CSR, or CSC if only columns are at hand) and
/// into `.mtx` as `coordinate`; a dense one into `.npz` as the array `X`, and into `.mtx` by its non-zeros. Into the
/// other formats a sparse matrix is written with all its zeros.
///
/// # Errors
/// [`Error::CannotCreate`], [`Error::Write`]; [`Error::Shape`] if the names do not fit; [`Error::Memory`] if a sparse
/// matrix with all its zeros would not fit into this machine's memory.
pub fn write_matrix(path: impl AsRef<Path>, matrix: &AnyMatrix, names: Names<'_>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let name = path_name(path);
    let (promise, gzipped) = promised(&name);
    let format = match promise {
        Promise::Format(Format::Npz) if gzipped => None,
        Promise::Format(format) => Some(format),
        _ => None,
    };
    let format = format.ok_or_else(|| Error::CannotCreate {
        path: name.clone(),
        problem: "its name does not end in .npy, .npz, .mtx, .csv or .tsv (.gz may follow all but .npz)"
            .into(),
    })?;
    let at = Place::of(name);
    let notes = check(matrix, format, names, &at)?;
    atomic::atomically(path, |out| {
        if gzipped {
            let mut out = GzEncoder::new(out, Compression::default());
            encode(&mut out, format, matrix, names)?;
            out.finish().map(|_| ())
        } else {
            encode(out, format, matrix, names)
        }
    })?;
    Ok(notes)
}

/// Writes a matrix into any writer, as [`write_matrix`] does into a file.
///
/// # Errors
/// As [`write_matrix`].
pub fn write_matrix_to(
    out: &mut dyn Write,
    format: Format,
    matrix: &AnyMatrix,
    names: Names<'_>,
) -> Result<Vec<String>> {
    let at = Place::of("output");
    let notes = check(matrix, format, names, &at)?;
    encode(out, format, matrix, names)
        .map_err(|source| Error::Write { path: at.file().to_string(), source })?;
    Ok(notes)
}

/// What can be said before anything is written.
fn check(matrix: &AnyMatrix, format: Format, names: Names<'_>, at: &Place) -> Result<Vec<String>> {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    names.check((rows, cols), at)?;
    if with_matrix!(matrix, x => matches!(x, Matrix::Weighted(_))) {
        return Err(Error::Unsupported {
            at: at.clone(),
            what: "no format keeps weights, or which entries are missing".into(),
            instead: "write X and its weights by themselves".into(),
        });
    }
    let mut notes = Vec::new();
    let is_text = matches!(format, Format::Csv | Format::Tsv | Format::Txt);
    if !is_text && (names.rows.is_some() || names.cols.is_some()) {
        notes.push(format!(
            "a .{format} file has no room for names: they were left out; .csv and .tsv keep them"
        ));
    }
    if matrix.is_sparse() && (is_text || format == Format::Npy) {
        let size = if matches!(matrix, AnyMatrix::F32(_)) { 4 } else { 8 };
        let needed = (rows as u64).saturating_mul(cols as u64).saturating_mul(size);
        let limit = default_limit();
        if needed > limit {
            return Err(Error::Memory { at: at.clone(), needed, limit: Some(limit) });
        }
        notes.push(format!("a .{format} file has no sparse form: the zeros were written too"));
    }
    Ok(notes)
}

fn encode(mut out: &mut dyn Write, format: Format, matrix: &AnyMatrix, names: Names<'_>) -> io::Result<()> {
    with_matrix!(matrix, x => match format {
        Format::Npy => npy::encode(&mut out, x),
        Format::Npz => npz::encode(out, x),
        Format::Mtx => mtx::encode(&mut out, x),
        Format::Csv => table::encode(&mut out, x, names, Separator::Comma),
        Format::Tsv | Format::Txt => table::encode(&mut out, x, names, Separator::Tab),
    })
}

/// Writes a file that appears as a whole, or not at all.
///
/// # Errors
/// [`Error::CannotCreate`], [`Error::Write`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic::atomically(path, |out| out.write_all(bytes))
}

/// Calls `f(row, column, value)` for every stored entry in an order that the memory likes.
pub(crate) fn for_each_entry<T: Scalar>(x: &Matrix<'_, T>, mut f: impl FnMut(usize, usize, T)) {
    const TILE: usize = 64;
    match x {
        Matrix::Sparse(x) => x.for_each(f),
        Matrix::Dense(x) => {
            for top in (0..x.rows()).step_by(TILE) {
                for left in (0..x.cols()).step_by(TILE) {
                    for i in top..x.rows().min(top + TILE) {
                        for j in left..x.cols().min(left + TILE) {
                            f(i, j, x.get(i, j));
                        }
                    }
                }
            }
        }
        x => {
            // Entries that count; what is missing shows as zero here.
            let all = x.to_row_major();
            for (e, value) in all.into_iter().enumerate().filter(|(_, value)| *value != T::ZERO) {
                f(e / x.cols(), e % x.cols(), value);
            }
        }
    }
}

/// Calls `f` with every row, zeros filled in.
fn for_each_row<T: Scalar>(
    x: &Matrix<'_, T>,
    mut f: impl FnMut(usize, &[T]) -> io::Result<()>,
) -> io::Result<()> {
    let (rows, cols) = (x.rows(), x.cols());
    match x {
        Matrix::Dense(x) => {
            // Several rows at a time, so that columns are read in runs where they are contiguous.
            let height = ((1 << 22) / (size_of::<T>() * cols.max(1))).clamp(1, 64);
            let mut block = vec![T::ZERO; height * cols];
            for top in (0..rows).step_by(height) {
                let here = height.min(rows - top);
                if cols > 0 {
                    for left in (0..cols).step_by(64) {
                        for (r, row) in block.chunks_exact_mut(cols).take(here).enumerate() {
                            for (j, to) in row.iter_mut().enumerate().skip(left).take(64) {
                                *to = x.get(top + r, j);
                            }
                        }
                    }
                    for (r, row) in block.chunks_exact(cols).take(here).enumerate() {
                        f(top + r, row)?;
                    }
                } else {
                    (top..top + here).try_for_each(|i| f(i, &[]))?;
                }
            }
            Ok(())
        }
        Matrix::Sparse(x) => {
            let mut row = vec![T::ZERO; cols];
            let mut failed = Ok(());
            x.for_each_row(|i, columns, values| {
                if failed.is_err() {
                    return;
                }
                for (&j, value) in columns.iter().zip(values) {
                    if let Some(to) = row.get_mut(j as usize) {
                        *to = value;
                    }
                }
                failed = f(i, &row);
                for &j in columns {
                    if let Some(to) = row.get_mut(j as usize) {
                        *to = T::ZERO;
                    }
                }
            });
            failed
        }
        _ => Err(io::Error::new(io::ErrorKind::Unsupported, "a matrix of an unknown kind")),
    }
}

#[cfg(test)]
mod tests;
