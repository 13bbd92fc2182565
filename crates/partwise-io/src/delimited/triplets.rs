//! Triplets as text: a row, a column and a value on every line, by name. Ratings come so, and counts out of databases.

use super::cells::{Cell, Cells, Row, Rows};
use super::layout::{Layout, is_missing, looks_like_text};
use super::{nul, open, say_comments, say_separator, stray_text, words};
use crate::error::{Error, Place, Result, count, shown};
use crate::format::Format;
use crate::observed::{self, ONE_OF_THEM};
use crate::read::{Context, Parsed};
use crate::real::{EXACT, Real, note_rounded, too_large};
use crate::text::number::{self, NotANumber};
use crate::triplets::Triplets;
use partwise::data::Matrix;
use std::collections::HashMap;
use std::io::Read;

/// Reads a text of triplets.
pub(crate) fn read(bytes: impl Read, format: Format, cx: &mut Context<'_>) -> Result<Parsed> {
    let (mut lines, layout) = open(bytes, format, cx)?;
    for _ in 0..layout.skip {
        lines.next()?;
    }
    say_separator(&layout, format, cx);
    say_comments(&layout, cx);
    let mut rows = Rows::new(lines, layout.delimiter, &cx.at);
    if cx.options.precision.is_single(false) {
        body::<f32>(&mut rows, &layout, cx)
    } else {
        body::<f64>(&mut rows, &layout, cx)
    }
}

/// The names of a side, each with its place.
struct Axis {
    what: &'static str,
    places: HashMap<String, u32>,
    size: usize,
    /// Whether names that are not there are refused.
    closed: bool,
}

impl Axis {
    fn new(what: &'static str, known: Option<&[String]>, cx: &mut Context<'_>) -> Result<Axis> {
        let mut axis = Axis { what, places: HashMap::new(), size: 0, closed: false };
        for name in known.unwrap_or_default() {
            axis.add(name, cx)?;
        }
        axis.closed = known.is_some();
        Ok(axis)
    }

    /// A new name at the end. One that is known twice keeps its first place.
    fn add(&mut self, name: &str, cx: &mut Context<'_>) -> Result<u32> {
        // Once in the map, with its place and what the map needs for itself, and once in the list it becomes.
        cx.budget.charge((name.len() + 3 * size_of::<String>()) as u64)?;
        let place = u32::try_from(self.size).map_err(|_| cx.budget.refusal(u64::from(u32::MAX)))?;
        self.size += 1;
        self.places.entry(name.to_string()).or_insert(place);
        Ok(place)
    }

    fn place(&mut self, cell: &Cell<'_>, row: &Row<'_>, cx: &mut Context<'_>) -> Result<u32> {
        let name = words(cell, row, &cx.at)?;
        if name.is_empty() {
            return Err(Error::Data {
                at: row.place(cell.at, &cx.at),
                problem: format!("the {} has no name", self.what),
                instead: "a line is row, column, value".into(),
            });
        }
        match self.places.get(name) {
            Some(&place) => Ok(place),
            None if self.closed => Err(Error::Data {
                at: row.place(cell.at, &cx.at),
                problem: format!(
                    "{} is not among the {} that {} known",
                    shown(name.as_bytes()),
                    count(self.size as u64, self.what),
                    if self.size == 1 { "is" } else { "are" }
                ),
                instead: "leave out the lines with it".into(),
            }),
            None => self.add(name, cx),
        }
    }

    fn into_names(self) -> Vec<String> {
        let mut names = vec![String::new(); self.size];
        for (name, place) in self.places {
            if let Some(to) = names.get_mut(place as usize) {
                *to = name;
            }
        }
        names
    }
}

/// The lines of the entries, as the places where they do not follow on each other: nothing, for most files.
#[derive(Default)]
struct Origins(Vec<(usize, u64)>);

impl Origins {
    fn note(&mut self, entry: usize, line: u64) {
        if self.of(entry) != line {
            self.0.push((entry, line));
        }
    }

    fn of(&self, entry: usize) -> u64 {
        let after = self.0.partition_point(|&(first, _)| first <= entry);
        let before = after.checked_sub(1).and_then(|at| self.0.get(at));
        before.map_or(0, |&(first, line)| line + (entry - first) as u64)
    }
}

fn body<T: Real>(rows: &mut Rows<impl Read>, layout: &Layout, cx: &mut Context<'_>) -> Result<Parsed> {
    let options = cx.options;
    let mut row_axis = Axis::new("row", options.known_rows.as_deref(), cx)?;
    let mut col_axis = Axis::new("column", options.known_cols.as_deref(), cx)?;
    let mut all = Triplets::<T>::new();
    let mut origins = Origins::default();
    let (mut first, mut missing, mut rounded) = (true, 0, 0);
    while let Some(row) = rows.next()? {
        let blank = |&b: &u8| b == b' ' || b == b'\t' || layout.delimiter.byte() == Some(b);
        if row.bytes.iter().all(blank) {
            continue;
        }
        let [from, to, value] = three(&row, layout, &cx.at)?;
        if std::mem::take(&mut first) && options.header.unwrap_or(looks_like_text(&value.text)) {
            cx.note("the first row was taken as headings");
            continue;
        }
        let entry = all.rows.len();
        let (i, j) = (row_axis.place(&from, &row, cx)?, col_axis.place(&to, &row, cx)?);
        let x = if is_missing(&value.text) {
            missing += 1;
            f64::NAN
        } else {
            let x = number::<T>(&value, &row, (entry == 0 && options.header.is_none(), cx))?;
            let integer = value.text.iter().all(|&b| b.is_ascii_digit() || b == b'-');
            rounded += u64::from(integer && x.abs() >= EXACT);
            x
        };
        cx.budget.grow(&mut origins.0, 1)?;
        origins.note(entry, row.line);
        cx.budget.grow(&mut all.rows, 1)?;
        cx.budget.grow(&mut all.cols, 1)?;
        all.rows.push(i);
        all.cols.push(j);
        T::append(&mut all.values, &[x], &mut cx.budget)?;
    }
    note_rounded(rounded, cx);
    if missing > 0 {
        let were = if missing == 1 { "was" } else { "were" };
        cx.note(format!("{} {were} read as NaN: empty, or spelled like NA", count(missing, "missing value")));
    }
    let shape = (row_axis.size, col_axis.size);
    let (row_names, col_names) = (row_axis.into_names(), col_axis.into_names());
    let named = |row: usize, col: usize| {
        let name =
            |names: &[String], at: usize| shown(names.get(at).map(String::as_bytes).unwrap_or_default());
        format!("row {} and column {}", name(&row_names, row), name(&col_names, col))
    };
    let matrix: Result<Matrix<'static, T>> = if options.observed_only {
        observed::matrix((&all.rows, &all.cols), all.values, shape, cx).map_err(|error| match error {
            Error::Duplicates { at, row, col, .. } => {
                let is_it = |e: &usize| {
                    all.rows.get(*e) == Some(&(row as u32)) && all.cols.get(*e) == Some(&(col as u32))
                };
                let mut lines = (0..all.rows.len()).filter(is_it).map(|e| origins.of(e));
                let (before, again) = (lines.next().unwrap_or(0), lines.next().unwrap_or(0));
                Error::Data {
                    at: at.at_line(again),
                    problem: format!("{} were given before, in line {before}", named(row, col)),
                    instead: ONE_OF_THEM.into(),
                }
            }
            error => error,
        })
    } else {
        all.into_matrix(shape.0, shape.1, cx)
    };
    Ok(Parsed {
        matrix: T::wrap(matrix?),
        row_names: Some(row_names),
        col_names: Some(col_names),
        stored_as: "triplets".into(),
    })
}

/// The first three cells of a row.
fn three<'r>(row: &Row<'r>, layout: &Layout, at: &Place) -> Result<[Cell<'r>; 3]> {
    let mut cells = Cells::of(row.bytes, layout.delimiter);
    let mut next = |found: u64| match cells.next() {
        Some(Ok(cell)) => Ok(cell),
        Some(Err(stray)) => Err(stray_text(row, stray.0, at)),
        None => Err(Error::Data {
            at: at.at_line(row.line),
            problem: format!("the row has {}, and a triplet is row, column, value", count(found, "cell")),
            instead: format!("cells are separated by {} here; is that right?", layout.delimiter.name()),
        }),
    };
    Ok([next(0)?, next(1)?, next(2)?])
}

/// The value of a triplet; `first` says that it is the first one, which could have been headings.
fn number<T: Real>(cell: &Cell<'_>, row: &Row<'_>, (first, cx): (bool, &Context<'_>)) -> Result<f64> {
    let at = || row.place(cell.at, &cx.at);
    match number::parse(&cell.text) {
        Ok(x) if T::misfit(&[x]).is_none() => Ok(T::nearest(x, &cell.text)),
        Ok(x) => {
            let (problem, instead) = too_large(x);
            Err(Error::Data { at: at(), problem, instead })
        }
        Err(_) if cell.text.contains(&0) => Err(nul(row, cell.at, &cx.at)),
        Err(NotANumber::TooLarge) => Err(Error::Data {
            at: at(),
            problem: format!("{} is too large for a double", shown(&cell.text)),
            instead: "scale the data".into(),
        }),
        Err(NotANumber::Text) => {
            let mut instead = match number::hint(&cell.text) {
                "" => "the third cell of a line is the value: row, column, value",
                hint => hint,
            }
            .to_string();
            if first {
                instead += "; --header yes takes the first row as headings";
            }
            let problem = format!("{} is not a number", shown(&cell.text));
            Err(Error::Data { at: at(), problem, instead })
        }
    }
}

#[cfg(test)]
mod tests;
