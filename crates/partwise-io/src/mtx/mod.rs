//! Matrix Market (`.mtx`): a banner, a size line, and an entry on every line.

mod header;

use crate::error::{Error, Result, count, shown};
use crate::npy::core_error;
use crate::read::{Context, Parsed};
use crate::real::{EXACT, Real, note_rounded, too_large};
use crate::text::lines::{Lines, column};
use crate::text::number::{self, NotANumber};
use crate::triplets::{Triplets, check_sides};
use header::{Field, Header, Layout, nul_byte};
use partwise::data::{Dense, Matrix};
use std::io::Read;

/// The longest line; comments included.
const LONGEST: usize = 1 << 20;

/// Reads a `.mtx` of `size` bytes, if that is known.
pub(crate) fn read(bytes: impl Read, size: Option<u64>, cx: &mut Context<'_>) -> Result<Parsed> {
    let mut lines = Lines::new(bytes, LONGEST, &cx.at)?;
    let header = Header::read(&mut lines, cx)?;
    if let Some(size) = size {
        enough(&header, size.saturating_sub(lines.consumed), lines.number, cx)?;
    }
    let matrix = match (cx.options.precision.is_single(false), header.layout) {
        (false, Layout::Coordinate) => f64::wrap(coordinate::<f64>(&mut lines, &header, cx)?),
        (false, Layout::Array) => f64::wrap(array::<f64>(&mut lines, &header, cx)?),
        (true, Layout::Coordinate) => f32::wrap(coordinate::<f32>(&mut lines, &header, cx)?),
        (true, Layout::Array) => f32::wrap(array::<f32>(&mut lines, &header, cx)?),
    };
    Ok(Parsed::unnamed(matrix, header.field.name()))
}

/// Fails at once if `left` bytes cannot hold the entries that the size line declares.
fn enough(header: &Header, left: u64, line: u64, cx: &Context<'_>) -> Result<()> {
    let shortest = match (header.layout, header.field) {
        (Layout::Array, _) => 2,
        (Layout::Coordinate, Field::Pattern) => 4,
        (Layout::Coordinate, _) => 6,
    };
    // The last line need not end.
    let most = left.saturating_add(1) / shortest;
    if header.entries <= most {
        return Ok(());
    }
    Err(Error::Truncated {
        at: cx.at.at_line(line),
        expected: count(header.entries, "entry"),
        found: format!("{} with room for {most} at most", count(left, "byte")),
    })
}

/// Lines that are not empty and not comments, as they are counted against the size line.
struct Entries<'l, R> {
    lines: &'l mut Lines<R>,
    expected: u64,
    done: u64,
}

impl<R: Read> Entries<'_, R> {
    /// Calls `take` with every line of entries; `take` says in which byte what is wrong.
    fn for_each(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&[u8], &mut Context<'_>) -> Result<(), Wrong>,
    ) -> Result<()> {
        loop {
            // The number of the line that comes next, as `line` borrows the reader.
            let number = self.lines.number + 1;
            let Some(line) = self.lines.next()? else { break };
            match line.trim_ascii_start().first() {
                None => continue,
                Some(b'%') => match memchr::memchr(0, line) {
                    None => continue,
                    Some(nul) => return Err(nul_byte(&cx.at.at(number, column(line, nul)))),
                },
                Some(_) => {}
            }
            if self.done == self.expected {
                return Err(Error::Data {
                    at: cx.at.at_line(number),
                    problem: format!(
                        "there are more than the {} the size line declares",
                        count(self.expected, "entry")
                    ),
                    instead: "correct that line, or remove what is too much".into(),
                });
            }
            if let Err(wrong) = take(line, cx) {
                return Err(wrong.into_error(line, number, cx));
            }
            self.done += 1;
        }
        if self.done < self.expected {
            return Err(Error::Truncated {
                at: cx.at.at_line(self.lines.number),
                expected: count(self.expected, "entry"),
                found: self.done.to_string(),
            });
        }
        Ok(())
    }
}

/// What is wrong with a line.
enum Wrong {
    /// At a byte.
    At(usize, String, String),
    Other(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Wrong {
        Wrong::Other(error)
    }
}

impl Wrong {
    #[cold]
    fn at(byte: usize, problem: impl Into<String>, instead: impl Into<String>) -> Wrong {
        Wrong::At(byte, problem.into(), instead.into())
    }

    #[cold]
    fn into_error(self, line: &[u8], number: u64, cx: &Context<'_>) -> Error {
        match self {
            Wrong::Other(error) => error,
            Wrong::At(..) if line.contains(&0) => {
                let nul = line.iter().position(|&b| b == 0).unwrap_or(0);
                nul_byte(&cx.at.at(number, column(line, nul)))
            }
            Wrong::At(byte, problem, instead) => {
                Error::Data { at: cx.at.at(number, column(line, byte)), problem, instead }
            }
        }
    }
}

/// A cursor over the words of a line.
struct Scan<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    #[inline]
    fn word(&mut self) -> (usize, &'a [u8]) {
        let blank = |b: &u8| *b == b' ' || *b == b'\t';
        while self.line.get(self.at).is_some_and(blank) {
            self.at += 1;
        }
        let start = self.at;
        while self.line.get(self.at).is_some_and(|b| !blank(b)) {
            self.at += 1;
        }
        (start, self.line.get(start..self.at).unwrap_or_default())
    }

    /// An index from 1 to `size`, returned from 0.
    #[inline]
    fn index(&mut self, what: &str, size: u64) -> Result<u32, Wrong> {
        let (start, word) = self.word();
        let mut index = 0u64;
        for &b in word {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 || index > u64::from(u32::MAX) {
                return Err(bad_index(what, size, start, word));
            }
            index = index * 10 + u64::from(digit);
        }
        if index == 0 || index > size {
            return Err(bad_index(what, size, start, word));
        }
        Ok((index - 1) as u32)
    }

    #[inline]
    fn value<T: Real>(&mut self, field: Field) -> Result<f64, Wrong> {
        let (start, word) = self.word();
        if let Some((x, length)) = number::fast(word)
            && length == word.len()
            && (field == Field::Real || !word.contains(&b'.'))
        {
            return if T::misfit(&[x]).is_none() { Ok(T::nearest(x, word)) } else { Err(narrow(start, x)) };
        }
        slow_value::<T>(field, start, word)
    }

    #[inline]
    fn end(&mut self) -> Result<(), Wrong> {
        match self.word() {
            (_, []) => Ok(()),
            (start, word) => Err(Wrong::at(start, format!("the line goes on with {}", shown(word)), "")),
        }
    }
}

#[cold]
fn narrow(start: usize, x: f64) -> Wrong {
    let (problem, instead) = too_large(x);
    Wrong::at(start, problem, instead)
}

#[cold]
fn bad_index(what: &str, size: u64, start: usize, word: &[u8]) -> Wrong {
    let word_shown = shown(word);
    let text = std::str::from_utf8(word).unwrap_or("");
    let problem = match text.parse::<i128>() {
        _ if word.is_empty() => format!("the {what} index is missing"),
        Ok(0) => format!("{what} index 0: Matrix Market counts from 1"),
        Ok(i) if i < 0 => format!("{what} index {i}: Matrix Market counts from 1"),
        Ok(i) if i > i128::from(size) => {
            format!("{what} index {i}, but the matrix has {}", count(size, what))
        }
        _ => format!("{word_shown} is not a {what} index, which is a whole number from 1"),
    };
    Wrong::at(start, problem, "")
}

fn slow_value<T: Real>(field: Field, start: usize, word: &[u8]) -> Result<f64, Wrong> {
    if word.is_empty() {
        return Err(Wrong::at(start, "the value is missing", ""));
    }
    if field == Field::Integer {
        let text = std::str::from_utf8(word).unwrap_or("");
        return match text.parse::<i128>() {
            Ok(i) if i64::try_from(i).is_ok() || u64::try_from(i).is_ok() => Ok(i as f64),
            Ok(_) => {
                Err(Wrong::at(start, format!("the integer {} does not fit into 64 bits", shown(word)), ""))
            }
            Err(_) => Err(Wrong::at(
                start,
                format!("{} is not an integer, which the first line says it is", shown(word)),
                "declare the matrix real",
            )),
        };
    }
    match number::parse_fortran(word) {
        Ok(x) if T::misfit(&[x]).is_none() => Ok(T::nearest(x, word)),
        Ok(x) => Err(narrow(start, x)),
        Err(NotANumber::TooLarge) => {
            Err(Wrong::at(start, format!("{} is too large for a double", shown(word)), "scale the data"))
        }
        Err(NotANumber::Text) => {
            Err(Wrong::at(start, format!("{} is not a number", shown(word)), number::hint(word)))
        }
    }
}

fn coordinate<T: Real>(
    lines: &mut Lines<impl Read>,
    header: &Header,
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    const BATCH: usize = 1 << 10;
    let (rows, cols) = (header.rows, header.cols);
    check_sides(rows, cols, cx)?;
    let mut all = Triplets::<T>::new();
    let mut batch: Vec<f64> = Vec::with_capacity(BATCH);
    let (mut lower, mut upper) = (false, false);
    let mut rounded = 0;
    let mut entries = Entries { lines, expected: header.entries, done: 0 };
    entries.for_each(cx, |line, cx| {
        let mut scan = Scan { line, at: 0 };
        let i = scan.index("row", rows)?;
        let j = scan.index("column", cols)?;
        let x = if header.field == Field::Pattern { 1.0 } else { scan.value::<T>(header.field)? };
        scan.end()?;
        rounded += u64::from(header.field == Field::Integer && x.abs() >= EXACT);
        if batch.len() + 2 > BATCH {
            T::append(&mut all.values, &batch, &mut cx.budget)?;
            batch.clear();
        }
        if all.rows.len() == all.rows.capacity() || all.cols.len() == all.cols.capacity() {
            cx.budget.grow(&mut all.rows, 1)?;
            cx.budget.grow(&mut all.cols, 1)?;
        }
        all.rows.push(i);
        all.cols.push(j);
        batch.push(x);
        if header.symmetric && i != j {
            (lower, upper) = (lower | (i > j), upper | (i < j));
            if lower && upper {
                return Err(Wrong::at(
                    0,
                    "the matrix is declared symmetric, but entries of both triangles are given",
                    "declare it general, or give the lower triangle only",
                ));
            }
            cx.budget.grow(&mut all.rows, 1)?;
            cx.budget.grow(&mut all.cols, 1)?;
            all.rows.push(j);
            all.cols.push(i);
            batch.push(x);
        }
        Ok(())
    })?;
    T::append(&mut all.values, &batch, &mut cx.budget)?;
    note_rounded(rounded, cx);
    if header.symmetric {
        cx.note("the matrix is stored as one triangle of a symmetric one; both were filled in");
    }
    all.into_matrix(rows as usize, cols as usize, cx)
}

fn array<T: Real>(
    lines: &mut Lines<impl Read>,
    header: &Header,
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    let (rows, cols) = (header.rows as usize, header.cols as usize);
    let total = header.rows.saturating_mul(header.cols);
    let needed = total.saturating_mul(size_of::<T>() as u64);
    if needed > cx.budget.left() {
        return Err(cx.budget.refusal(needed));
    }
    let mut values: Vec<T> = Vec::new();
    let mut rounded = 0;
    let mut entries = Entries { lines, expected: header.entries, done: 0 };
    entries.for_each(cx, |line, cx| {
        let mut scan = Scan { line, at: 0 };
        let x = scan.value::<T>(header.field)?;
        scan.end()?;
        rounded += u64::from(header.field == Field::Integer && x.abs() >= EXACT);
        cx.budget.grow(&mut values, 1)?;
        values.push(T::from_f64(x));
        Ok(())
    })?;
    note_rounded(rounded, cx);
    if header.symmetric {
        values = both_triangles(&values, rows, cx)?;
        cx.note("the matrix is stored as one triangle of a symmetric one; both were filled in");
    }
    let dense = Dense::from_vec_col_major(rows, cols, values);
    dense.map(Matrix::from).map_err(|error| core_error(&cx.at, &error))
}

/// A square matrix from the columns of its lower triangle.
fn both_triangles<T: Real>(lower: &[T], n: usize, cx: &mut Context<'_>) -> Result<Vec<T>> {
    let mut all: Vec<T> = cx.budget.vec(n as u64 * n as u64)?;
    all.resize(n * n, T::ZERO);
    let mut next = lower.iter();
    for j in 0..n {
        for (i, &x) in (j..n).zip(next.by_ref()) {
            for at in [j * n + i, i * n + j] {
                if let Some(to) = all.get_mut(at) {
                    *to = x;
                }
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
