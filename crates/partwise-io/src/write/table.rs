//! CSV and TSV.
//!
//! Cells are quoted after RFC 4180. A name that a spreadsheet would run as a formula, because it starts with `=`, `+`,
//! `-`, `@` or a control character, is written with an apostrophe before it, which spreadsheets show as text. Our own
//! reader takes it off again: it removes one apostrophe from a name in which only apostrophes stand before such a
//! character, and so every name comes back as it was (`=x` is written `'=x`, and `'=x` is written `''=x`).

use super::npy::{NpyScalar, check_len};
use super::{Names, atomic, for_each_row};
use crate::delimited::looks_like_text;
use crate::error::{Error, Place, Result, path_name};
use partwise::data::{Dense, Matrix};
use std::io::{self, Write};
use std::path::Path;

/// What separates the cells of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `.csv`
    Comma,
    /// `.tsv`
    Tab,
}

impl Separator {
    fn between(self) -> char {
        match self {
            Separator::Comma => ',',
            Separator::Tab => '\t',
        }
    }
}

/// Whether a spreadsheet would take it for a formula, apostrophes at the start aside.
fn is_formula(name: &str) -> bool {
    let first = name.trim_start_matches('\'').chars().next();
    first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'))
}

/// The name as it was before the writer guarded it.
pub(crate) fn unguarded(name: &str) -> &str {
    match name.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => name,
    }
}

/// Whether a name needs no quotes: letters, digits and a few marks between them, and not a number.
fn is_plain(name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    name.starts_with(word)
        && name.ends_with(|c| word(c) || matches!(c, ')' | ']'))
        && name
            .chars()
            .all(|c| word(c) || matches!(c, ' ' | '-' | '.' | ':' | '/' | '(' | ')' | '[' | ']' | '>'))
        && looks_like_text(name.as_bytes())
}

fn put_name(name: &str, always_quoted: bool, out: &mut String) -> io::Result<()> {
    if name.contains('\0') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name has a NUL character in it"));
    }
    let guard = is_formula(name);
    if !guard && !always_quoted && is_plain(name) {
        out.push_str(name);
        return Ok(());
    }
    out.push('"');
    if guard {
        out.push('\'');
    }
    for c in name.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
    Ok(())
}

/// Writes `(rows, cols)` numbers in row-major order, with names where there are any. Numbers have as many digits as it
/// takes to read the same number back.
///
/// # Errors
/// [`Error::Shape`] if the length is not `rows * cols`, or if the names do not fit; [`Error::CannotCreate`],
/// [`Error::Write`].
pub fn write_table<T: NpyScalar>(
    path: impl AsRef<Path>,
    values: &[T],
    shape: (usize, usize),
    names: Names<'_>,
    separator: Separator,
) -> Result<()> {
    let path = path.as_ref();
    let x = viewed(values, shape, names, &path_name(path))?;
    atomic::atomically(path, |mut out| encode(&mut out, &x, names, separator))
}

/// Writes a table into any writer, as [`write_table`] does into a file.
///
/// # Errors
/// [`Error::Shape`] if the length is not `rows * cols`, or if the names do not fit; [`Error::Write`].
pub fn write_table_to<T: NpyScalar>(
    mut out: impl Write,
    values: &[T],
    shape: (usize, usize),
    names: Names<'_>,
    separator: Separator,
) -> Result<()> {
    let x = viewed(values, shape, names, "output")?;
    encode(&mut out, &x, names, separator).map_err(|source| Error::Write { path: "output".into(), source })
}

/// A cell of a table of names and numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Cell<'a> {
    /// A name, quoted where it has to be.
    Name(&'a str),
    /// A number, with as many digits as it takes to read it back.
    Number(f64),
    /// A whole number.
    Count(usize),
    /// Nothing.
    Empty,
}

/// Writes a table of names and numbers below a header line.
///
/// # Errors
/// [`Error::Write`]; a name with a NUL character is one.
pub fn write_cells_to<'a>(
    mut out: impl Write,
    header: &[&'a str],
    rows: impl IntoIterator<Item = Vec<Cell<'a>>>,
    separator: Separator,
) -> Result<()> {
    let write = || -> io::Result<()> {
        let header = header.iter().map(|name| Cell::Name(name)).collect();
        let mut text = String::new();
        for row in std::iter::once(header).chain(rows) {
            for (at, cell) in row.into_iter().enumerate() {
                if at > 0 {
                    text.push(separator.between());
                }
                match cell {
                    Cell::Name(name) => put_name(name, false, &mut text)?,
                    Cell::Number(x) => x.append_text(&mut text),
                    Cell::Count(n) => text.push_str(&n.to_string()),
                    Cell::Empty => {}
                }
            }
            text.push('\n');
            spill(&mut text, &mut out)?;
        }
        out.write_all(text.as_bytes())
    };
    write().map_err(|source| Error::Write { path: "output".into(), source })
}

fn viewed<'a, T: NpyScalar>(
    values: &'a [T],
    shape: (usize, usize),
    names: Names<'_>,
    name: &str,
) -> Result<Matrix<'a, T>> {
    let at = Place::of(name);
    check_len(values.len(), shape, name)?;
    names.check(shape, &at)?;
    let view = Dense::from_slice(shape.0, shape.1, values);
    view.map(Matrix::from).map_err(|error| crate::npy::core_error(&at, &error))
}

pub(super) fn encode<T: NpyScalar>(
    out: &mut impl Write,
    x: &Matrix<'_, T>,
    names: Names<'_>,
    separator: Separator,
) -> io::Result<()> {
    let between = separator.between();
    // With names on one side only, quotes tell the reader that they are names.
    let quoted = names.rows.is_some() != names.cols.is_some();
    let mut text = String::with_capacity(1 << 16);
    if let Some(cols) = names.cols {
        for (j, name) in cols.iter().enumerate() {
            if j > 0 || names.rows.is_some() {
                text.push(between);
            }
            put_name(name, quoted, &mut text)?;
            spill(&mut text, out)?;
        }
        text.push('\n');
    }
    for_each_row(x, |i, row| {
        if let Some(name) = names.rows.and_then(|names| names.get(i)) {
            put_name(name, quoted, &mut text)?;
            text.push(between);
        }
        for (j, &value) in row.iter().enumerate() {
            if j > 0 {
                text.push(between);
            }
            value.append_text(&mut text);
            spill(&mut text, out)?;
        }
        text.push('\n');
        Ok(())
    })?;
    out.write_all(text.as_bytes())
}

fn spill(text: &mut String, out: &mut impl Write) -> io::Result<()> {
    if text.len() >= 1 << 15 {
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    Ok(())
}
