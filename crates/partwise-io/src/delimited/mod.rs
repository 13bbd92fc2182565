//! Text tables: CSV, TSV and their relatives.
//!
//! Every cell is a number, a missing value (which becomes NaN), or a name in the first row or column; anything else
//! is an error with its line and column. Text never becomes 0.

mod cells;
mod labels;
mod layout;
pub(crate) mod triplets;

use crate::error::{Error, Place, Result, count, shown};
use crate::format::Format;
use crate::npy::core_error;
use crate::read::{Context, Parsed};
use crate::real::{EXACT, Real, note_rounded, too_large};
use crate::text::lines::Lines;
use crate::text::number::{self, NotANumber};
use crate::write::unguarded;
use cells::{Cell, Cells, Delimiter, Row, Rows};
pub(crate) use labels::joined;
pub(crate) use layout::looks_like_text;
use layout::{Header, Layout, is_missing, uncommented};
use partwise::data::{Dense, Matrix};
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

const SAMPLE_BYTES: usize = 1 << 16;
const SAMPLE_LINES: usize = 4;
const LONGEST_LINE: u64 = 1 << 30;

/// Reads a text table.
pub(crate) fn read(
    bytes: impl Read,
    _size: Option<u64>,
    format: Format,
    cx: &mut Context<'_>,
) -> Result<Parsed> {
    let (mut lines, layout) = open(bytes, format, cx)?;
    let mut last = Vec::new();
    for _ in 0..layout.skip {
        last.clear();
        last.extend_from_slice(lines.next()?.unwrap_or_default());
    }
    let comment_line = lines.number;
    let mut rows = Rows::new(lines, layout.delimiter, &cx.at);
    let col_names = match layout.header {
        Header::None => None,
        Header::Comment => {
            let text = uncommented(&last);
            Some(headings(Row { bytes: text, line: comment_line, quotes: true }, &layout, cx)?)
        }
        Header::FirstRow => {
            let mut names = None;
            while names.is_none() {
                let Some(row) = rows.next()? else { break };
                if !row.bytes.trim_ascii().is_empty() {
                    names = Some(headings(row, &layout, cx)?);
                }
            }
            names
        }
    };
    say(&layout, format, cx);
    let (matrix, row_names) = if cx.options.precision.is_single(false) {
        let (x, names) = body::<f32>(&mut rows, &layout, cx)?;
        (f32::wrap(x), names)
    } else {
        let (x, names) = body::<f64>(&mut rows, &layout, cx)?;
        (f64::wrap(x), names)
    };
    for (names, what) in [(&row_names, "row"), (&col_names, "column")] {
        note_repeated(names.as_deref().unwrap_or_default(), what, cx);
    }
    Ok(Parsed { matrix, row_names, col_names, stored_as: "text".into() })
}

/// The lines of a text, of which none has been taken, and what its table looks like.
fn open<R: Read>(bytes: R, format: Format, cx: &Context<'_>) -> Result<(Lines<R>, Layout)> {
    // The rest of the limit is for what the line becomes.
    let longest = (cx.budget.left() / 4).clamp(1 << 12, LONGEST_LINE) as usize;
    let mut lines = Lines::new(bytes, longest, &cx.at)?;
    let (sample, complete) = lines.peek(SAMPLE_BYTES, SAMPLE_LINES)?;
    let layout = Layout::find(sample, complete, format, cx.options, &cx.at)?;
    Ok((lines, layout))
}

/// Tells the user what was found out.
fn say(layout: &Layout, format: Format, cx: &mut Context<'_>) {
    match layout.header {
        Header::None => {}
        Header::FirstRow => cx.note("the first row was taken as column names"),
        Header::Comment => cx.note("the comment before the first row was taken as column names"),
    }
    if layout.names {
        cx.note("the first column was taken as row names");
    }
    say_separator(layout, format, cx);
    if layout.empty_last {
        cx.note("the last column is empty and was left out");
    }
    say_comments(layout, cx);
}

/// Says what stands between cells, where that is not what the format promises.
fn say_separator(layout: &Layout, format: Format, cx: &mut Context<'_>) {
    let usual = match format {
        Format::Csv => layout.delimiter == Delimiter::Comma,
        Format::Tsv => layout.delimiter == Delimiter::Tab,
        _ => false,
    };
    if !usual && layout.cells > 1 {
        cx.note(format!("cells are separated by {}", layout.delimiter.name()));
    }
}

fn say_comments(layout: &Layout, cx: &mut Context<'_>) {
    if layout.comments > 0 {
        let were = if layout.comments == 1 { "was" } else { "were" };
        cx.note(format!("{} before the table {were} left out", count(layout.comments, "comment line")));
    }
}

fn note_repeated(names: &[String], what: &str, cx: &mut Context<'_>) {
    let mut seen = HashSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
        cx.note(format!("the {what} name {} occurs more than once", shown(name.as_bytes())));
    }
}

/// The names of the columns.
fn headings(row: Row<'_>, layout: &Layout, cx: &mut Context<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut cells = 0;
    for cell in Cells::of(row.bytes, layout.delimiter) {
        let cell = cell.map_err(|stray| stray_text(&row, stray.0, &cx.at))?;
        names.push(name(&cell, &row, cx)?);
        cells += 1;
    }
    let expected = layout.cells - usize::from(layout.empty_last);
    // The headings may lack the one over the row names, or have an empty one at the end.
    let (skip, fits) = match cells {
        _ if cells == expected => (usize::from(layout.names), true),
        _ if cells == expected + 1 && layout.empty_last => (usize::from(layout.names), true),
        _ if cells + 1 == expected && layout.names => (0, true),
        _ => (0, false),
    };
    if !fits {
        return Err(ragged(&row, cells, layout.cells, &cx.at));
    }
    names.drain(..skip.min(names.len()));
    names.truncate(layout.cols());
    Ok(names)
}

/// A cell as a name.
fn name(cell: &Cell<'_>, row: &Row<'_>, cx: &mut Context<'_>) -> Result<String> {
    let text = words(cell, row, &cx.at)?;
    cx.budget.charge((text.len() + size_of::<String>()) as u64)?;
    Ok(text.to_string())
}

/// The text of a cell that holds a name.
fn words<'c>(cell: &'c Cell<'_>, row: &Row<'_>, at: &Place) -> Result<&'c str> {
    let text = match &cell.text {
        Cow::Borrowed(text) => std::str::from_utf8(text),
        Cow::Owned(text) => std::str::from_utf8(text),
    };
    let text = text.map_err(|_| not_utf8(row, cell.at, at))?;
    if text.contains('\0') {
        return Err(nul(row, cell.at, at));
    }
    Ok(unguarded(text))
}

type Body<T> = (Matrix<'static, T>, Option<Vec<String>>);

/// All rows of numbers.
fn body<T: Real>(rows: &mut Rows<impl Read>, layout: &Layout, cx: &mut Context<'_>) -> Result<Body<T>> {
    let cols = layout.cols();
    let mut values: Vec<T> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let (mut count_rows, mut missing, mut empty, mut empty_inside) = (0usize, 0u64, 0u64, 0u64);
    // Rows of nothing but separators: missing values if more rows follow, else what spreadsheets leave at the end.
    let mut blank_rows = 0usize;
    let mut rounded = 0u64;
    while let Some(row) = rows.next()? {
        if row.bytes.is_empty() || (!separates_with(layout, b'\t') && row.bytes.trim_ascii().is_empty()) {
            empty += 1;
            continue;
        }
        if is_blank(row.bytes, layout) {
            blank_rows += 1;
            continue;
        }
        if blank_rows > 0 {
            cx.budget.grow(&mut values, cols * blank_rows)?;
            values.resize(values.len() + cols * blank_rows, T::from_f64(f64::NAN));
            if layout.names {
                cx.budget.charge_items::<String>(blank_rows as u64)?;
                names.resize(names.len() + blank_rows, String::new());
            }
            missing += (cols * blank_rows) as u64;
            count_rows += blank_rows;
            blank_rows = 0;
        }
        empty_inside = empty;
        cx.budget.grow(&mut values, cols)?;
        let mut taker = Taker {
            row,
            layout,
            values: &mut values,
            room: cols,
            missing: 0,
            rounded: 0,
            cells: 0,
            first: count_rows == 0,
        };
        match layout.delimiter.byte() {
            Some(delimiter) if !row.quotes => taker.plain(delimiter, &mut names, cx)?,
            _ => taker.quoted(&mut names, cx)?,
        }
        missing += taker.missing;
        rounded += taker.rounded;
        if taker.cells != layout.cells {
            return Err(ragged(&row, taker.cells, layout.cells, &cx.at));
        }
        count_rows += 1;
    }
    if empty_inside > 0 {
        let were = if empty_inside == 1 { "was" } else { "were" };
        cx.note(format!("{} between rows {were} left out", count(empty_inside, "empty line")));
    }
    if blank_rows > 0 {
        let were = if blank_rows == 1 { "was" } else { "were" };
        cx.note(format!("{} without values at the end {were} left out", count(blank_rows as u64, "row")));
    }
    note_rounded(rounded, cx);
    if missing > 0 {
        let were = if missing == 1 { "was" } else { "were" };
        cx.note(format!("{} {were} read as NaN: empty, or spelled like NA", count(missing, "missing value")));
    }
    values.shrink_to_fit();
    let dense = Dense::from_vec(count_rows, cols, values);
    let matrix = dense.map(Matrix::from).map_err(|error| core_error(&cx.at, &error))?;
    Ok((matrix, layout.names.then_some(names)))
}

/// Whether the row is nothing but the separators of empty cells, one less than cells.
fn is_blank(row: &[u8], layout: &Layout) -> bool {
    layout.cells > 1
        && row.iter().all(|&b| separates_with(layout, b) || b == b' ')
        && row.iter().filter(|&&b| separates_with(layout, b)).count() + 1 == layout.cells
}

fn separates_with(layout: &Layout, byte: u8) -> bool {
    layout.delimiter.byte() == Some(byte)
}

/// Takes the cells of a row.
struct Taker<'a, T> {
    row: Row<'a>,
    layout: &'a Layout,
    values: &'a mut Vec<T>,
    /// Values that the row may still have.
    room: usize,
    missing: u64,
    /// Integers that may have lost digits.
    rounded: u64,
    cells: usize,
    /// Whether it is the first row of numbers.
    first: bool,
}

impl<T: Real> Taker<'_, T> {
    /// A row without quotes, cut at a byte: most rows of most files.
    fn plain(&mut self, delimiter: u8, names: &mut Vec<String>, cx: &mut Context<'_>) -> Result<()> {
        let bytes = self.row.bytes;
        let mut at = 0;
        if self.layout.names {
            let end = memchr::memchr(delimiter, bytes).unwrap_or(bytes.len());
            let text = bytes.get(..end).unwrap_or_default().trim_ascii();
            names.push(name(&Cell { text: Cow::Borrowed(text), quoted: false, at }, &self.row, cx)?);
            self.cells = 1;
            at = end + 1;
        }
        while let Some(rest) = bytes.get(at..) {
            if let Some((x, length)) = number::fast(rest)
                && rest.get(length).is_none_or(|&b| b == delimiter)
            {
                let x = T::nearest(x, rest.get(..length).unwrap_or_default());
                self.push(x, at, cx)?;
                at += length + 1;
                continue;
            }
            let length = memchr::memchr(delimiter, rest).unwrap_or(rest.len());
            let cell = rest.get(..length).unwrap_or_default();
            let padding = cell.len() - cell.trim_ascii_start().len();
            self.cell(cell.trim_ascii(), at + padding, cx)?;
            at += length + 1;
        }
        Ok(())
    }

    fn quoted(&mut self, names: &mut Vec<String>, cx: &mut Context<'_>) -> Result<()> {
        let row = self.row;
        for cell in Cells::of(row.bytes, self.layout.delimiter) {
            let cell = cell.map_err(|stray| stray_text(&row, stray.0, &cx.at))?;
            if self.cells == 0 && self.layout.names {
                names.push(name(&cell, &row, cx)?);
                self.cells = 1;
            } else {
                self.cell(cell.text.trim_ascii(), cell.at, cx)?;
            }
        }
        Ok(())
    }

    fn cell(&mut self, text: &[u8], at: usize, cx: &Context<'_>) -> Result<()> {
        if text.is_empty() && self.at_empty_last() {
            self.cells += 1;
            return Ok(());
        }
        if is_missing(text) {
            self.missing += u64::from(self.room > 0);
            return self.push(f64::NAN, at, cx);
        }
        match number::parse(text) {
            Ok(x) => {
                let integer = text.iter().all(|&b| b.is_ascii_digit() || b == b'-');
                self.rounded += u64::from(integer && x.abs() >= EXACT);
                self.push(T::nearest(x, text), at, cx)
            }
            Err(why) => Err(self.not_a_number(text, at, why, cx)),
        }
    }

    /// Whether the next cell is in the column that was found empty, and has no room.
    fn at_empty_last(&self) -> bool {
        self.room == 0 && self.layout.empty_last && self.cells + 1 == self.layout.cells
    }

    #[inline]
    fn push(&mut self, x: f64, at: usize, cx: &Context<'_>) -> Result<()> {
        if T::misfit(&[x]).is_some() {
            let (problem, instead) = too_large(x);
            return Err(Error::Data { at: self.row.place(at, &cx.at), problem, instead });
        }
        self.cells += 1;
        if self.room > 0 {
            self.room -= 1;
            self.values.push(T::from_f64(x));
        } else if self.layout.empty_last && self.cells == self.layout.cells {
            return Err(Error::Data {
                at: self.row.place(at, &cx.at),
                problem: "there is a value in the last column, which is without a name and empty in the rows before"
                    .into(),
                instead: "remove it, or give the column a name".into(),
            });
        }
        // What is too much otherwise is only counted.
        Ok(())
    }

    #[cold]
    fn not_a_number(&self, text: &[u8], at: usize, why: NotANumber, cx: &Context<'_>) -> Error {
        if text.contains(&0) {
            return nul(&self.row, at, &cx.at);
        }
        if std::str::from_utf8(text).is_err() {
            return not_utf8(&self.row, at, &cx.at);
        }
        let place = self.row.place(at, &cx.at);
        if why == NotANumber::TooLarge {
            let problem = format!("{} is too large for a double", shown(text));
            return Error::Data { at: place, problem, instead: "scale the data".into() };
        }
        let problem = format!("{} is not a number (cell {} of the row)", shown(text), self.cells + 1);
        let hint = number::hint(text);
        let mut instead = match (hint, self.layout.names) {
            ("", true) => "only the first column may hold names; write missing values as NA",
            ("", false) => {
                "only the first row and the first column may hold names; write missing values as NA"
            }
            (hint, _) => hint,
        }
        .to_string();
        if self.cells == 0 && !self.layout.names && self.layout.cells > 1 {
            instead += "; --row-names yes takes the first column as names";
        }
        if hint.is_empty() && self.cells == 1 && matches!(self.layout.cells, 3 | 4) {
            instead += "; if each line is row, column, value, use `triplets`";
        }
        if self.first && self.layout.header == Header::None {
            instead += "; --header yes takes the first row as names";
        }
        Error::Data { at: place, problem, instead }
    }
}

#[cold]
fn ragged(row: &Row<'_>, found: usize, expected: usize, at: &Place) -> Error {
    Error::Data {
        at: at.at_line(row.line),
        problem: format!("the row has {}, the other rows have {expected}", count(found as u64, "cell")),
        instead: "every row needs the same number of cells; is the separator right?".into(),
    }
}

#[cold]
fn stray_text(row: &Row<'_>, byte: usize, at: &Place) -> Error {
    let rest = row.bytes.get(byte..).unwrap_or_default();
    Error::Data {
        at: row.place(byte, at),
        problem: format!("{} follows the quote that closes the cell", shown(rest)),
        instead: "write a quote within a name twice".into(),
    }
}

#[cold]
fn not_utf8(row: &Row<'_>, byte: usize, at: &Place) -> Error {
    let rest = row.bytes.get(byte..).unwrap_or_default();
    let valid = rest.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    let value = rest.get(valid).copied().unwrap_or_default();
    Error::Data {
        at: row.place(byte + valid, at),
        problem: format!("byte 0x{value:02X} is not UTF-8 text"),
        instead: "save the file as UTF-8, for example with `iconv -f latin1 -t utf-8`".into(),
    }
}

#[cold]
fn nul(row: &Row<'_>, byte: usize, at: &Place) -> Error {
    let rest = row.bytes.get(byte..).unwrap_or_default();
    let offset = rest.iter().position(|&b| b == 0).unwrap_or(0);
    Error::Data {
        at: row.place(byte + offset, at),
        problem: "there is a NUL byte, so this is not text".into(),
        instead: "copy or download the file again".into(),
    }
}

#[cfg(test)]
mod tests;
