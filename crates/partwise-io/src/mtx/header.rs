//! The banner and the size line of a Matrix Market file.

use crate::error::{Error, Place, Result, shown};
use crate::read::Context;
use crate::text::lines::{Lines, column};
use std::io::Read;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Non-zeros with their indices.
    Coordinate,
    /// All entries, column by column.
    Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Real,
    Integer,
    Pattern,
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Field::Real => "real",
            Field::Integer => "integer",
            Field::Pattern => "pattern",
        }
    }
}

/// What stands before the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) layout: Layout,
    pub(super) field: Field,
    pub(super) symmetric: bool,
    pub(super) rows: u64,
    pub(super) cols: u64,
    /// Lines with entries that the file declares.
    pub(super) entries: u64,
}

/// The words of a line, with the byte each starts at.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = line.get(at..)?;
        let start = at + rest.iter().position(|b| !b.is_ascii_whitespace())?;
        let rest = line.get(start..)?;
        let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        at = start + length;
        Some((start, rest.get(..length)?))
    })
}

impl Header {
    pub(super) fn read(lines: &mut Lines<impl Read>, cx: &mut Context<'_>) -> Result<Header> {
        let (layout, field, symmetric) = banner(lines, cx)?;
        let at = cx.at.clone();
        while let Some(line) = lines.next()? {
            if let Some(nul) = memchr::memchr(0, line) {
                let column = column(line, nul);
                return Err(nul_byte(&at.at(lines.number, column)));
            }
            let trimmed = line.trim_ascii();
            if trimmed.is_empty() || trimmed.starts_with(b"%") {
                continue;
            }
            let sizes: Vec<Option<u64>> =
                words(line).take(5).map(|(_, word)| std::str::from_utf8(word).ok()?.parse().ok()).collect();
            let shown = shown(trimmed);
            let here = at.at_line(lines.number);
            return Header::with_sizes(layout, field, symmetric, &sizes, &shown, here);
        }
        Err(Error::Truncated {
            at: at.at_line(lines.number),
            expected: "a line with the size of the matrix".into(),
            found: "the end of the file".into(),
        })
    }

    fn with_sizes(
        layout: Layout,
        field: Field,
        symmetric: bool,
        sizes: &[Option<u64>],
        shown: &str,
        at: Place,
    ) -> Result<Header> {
        let (rows, cols, entries) = match (layout, sizes) {
            (Layout::Coordinate, &[Some(rows), Some(cols), Some(entries)]) => (rows, cols, entries),
            (Layout::Array, &[Some(rows), Some(cols)]) => {
                let all = if symmetric { rows.checked_add(1).map(|n| (rows, n)) } else { Some((rows, cols)) };
                let product = all.and_then(|(a, b)| a.checked_mul(b));
                let entries =
                    product.filter(|n| n.checked_mul(16).is_some()).ok_or_else(|| Error::Shape {
                        at: at.clone(),
                        shape: format!("({rows}, {cols})"),
                        needs: "no machine has memory for that many numbers; the size line is wrong".into(),
                    })?;
                (rows, cols, if symmetric { entries / 2 } else { entries })
            }
            _ => {
                let names = if layout == Layout::Coordinate {
                    "rows, columns and entries"
                } else {
                    "rows and columns"
                };
                return Err(Error::Data {
                    at,
                    problem: format!("the size line is {shown}"),
                    instead: format!("it should give the numbers of {names}"),
                });
            }
        };
        if symmetric && rows != cols {
            return Err(Error::Data {
                at,
                problem: format!("the matrix is declared symmetric, but its size is {rows} x {cols}"),
                instead: "correct the size, or declare it general".into(),
            });
        }
        Ok(Header { layout, field, symmetric, rows, cols, entries })
    }
}

pub(super) fn nul_byte(at: &Place) -> Error {
    Error::Data {
        at: at.clone(),
        problem: "there is a NUL byte, so this is not text".into(),
        instead: "copy or download the file again".into(),
    }
}

fn banner(lines: &mut Lines<impl Read>, cx: &mut Context<'_>) -> Result<(Layout, Field, bool)> {
    let at = cx.at.clone();
    let (mut line, mut careless) = (Vec::new(), false);
    while let Some(next) = lines.next()? {
        line.extend_from_slice(next);
        if !next.trim_ascii().is_empty() {
            break;
        }
        (careless, line) = (true, Vec::new());
    }
    let here = at.at_line(lines.number.max(1));
    let mut words = words(&line).map(|(_, word)| word);
    let first = words.next().unwrap_or_default();
    let (percent, name) = match first.strip_prefix(b"%%") {
        Some(name) => (true, name),
        None => (false, first.strip_prefix(b"%").unwrap_or_default()),
    };
    if !name.eq_ignore_ascii_case(b"MatrixMarket") {
        return Err(Error::Format {
            at: here,
            problem: format!("this is not a Matrix Market file: it starts with {}", shown(&line)),
            instead: "the first line should be like '%%MatrixMarket matrix coordinate real general'".into(),
        });
    }
    careless |= !percent || name != b"MatrixMarket" || !line.starts_with(b"%");
    let mut word = |what: &str, allowed: &[&str]| -> Result<String> {
        let word = words.next().unwrap_or_default();
        let lower = String::from_utf8_lossy(word).to_ascii_lowercase();
        careless |= lower.as_bytes() != word;
        if allowed.contains(&lower.as_str()) {
            return Ok(lower);
        }
        Err(Error::Format {
            at: here.clone(),
            problem: match word {
                [] => format!("the first line lacks the {what}"),
                _ => format!("the first line gives {} as the {what}", shown(word)),
            },
            instead: format!("allowed are {}", allowed.join(", ")),
        })
    };
    word("object", &["matrix"])?;
    let layout = match word("layout", &["coordinate", "array"])?.as_str() {
        "array" => Layout::Array,
        _ => Layout::Coordinate,
    };
    let field = word("field", &["real", "double", "integer", "unsigned-integer", "pattern", "complex"])?;
    let symmetry = word("symmetry", &["general", "symmetric", "skew-symmetric", "hermitian"])?;
    let refuse = |what: &str, instead: &str| {
        Err(Error::Unsupported { at: here.clone(), what: what.into(), instead: instead.into() })
    };
    let field = match field.as_str() {
        "complex" => return refuse("its entries are complex numbers", "a factorization needs real values"),
        "integer" | "unsigned-integer" => Field::Integer,
        "pattern" => Field::Pattern,
        _ => Field::Real,
    };
    let symmetric = match symmetry.as_str() {
        "general" => false,
        "symmetric" => true,
        "hermitian" => return refuse("the matrix is hermitian", "a factorization needs real values"),
        _ => {
            return refuse(
                "a skew-symmetric matrix has negative entries",
                "a factorization needs values >= 0",
            );
        }
    };
    if let Some(extra) = words.next() {
        return Err(Error::Format {
            at: here.clone(),
            problem: format!("the first line goes on with {}", shown(extra)),
            instead: "it should end after the symmetry".into(),
        });
    }
    if layout == Layout::Array && field == Field::Pattern {
        return refuse("an array cannot be a pattern", "declare it coordinate, or real");
    }
    if careless {
        let layout = if layout == Layout::Array { "array" } else { "coordinate" };
        cx.note(format!(
            "the first line is not quite as the Matrix Market format has it; it was understood as '%%MatrixMarket matrix \
             {layout} {} {symmetry}'",
            field.name()
        ));
    }
    Ok((layout, field, symmetric))
}
