//! Texts in a column of a CSV or TSV, quoted after RFC 4180, so that they may go over several lines.

use super::column::{self, Look};
use super::{Gather, lossy};
use crate::error::{Error, Place, Result, bytes as in_words, count, shown};
use crate::format::Format;
use crate::input::Bytes;
use csv::{ByteRecord, ReaderBuilder};
use memchr::memchr_iter;
use std::io::{self, BufRead, BufReader, Read};

/// What a quote that is never closed may take, and how many there are.
struct Bounded<R> {
    inner: R,
    left: u64,
    quotes: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(to.len());
        if most == 0 && !to.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let n = self.inner.read(to.get_mut(..most).unwrap_or_default())?;
        self.left -= n as u64;
        self.quotes += memchr_iter(b'"', to.get(..n).unwrap_or_default()).count() as u64;
        Ok(n)
    }
}

/// A row and where it starts.
struct Row {
    record: ByteRecord,
    line: u64,
}

struct Rows<'a> {
    reader: csv::Reader<Bounded<BufReader<Bytes<'a>>>>,
    limit: u64,
    at: Place,
    width: Option<usize>,
    delimiter: u8,
    /// Where the last row begins, if it goes over several lines.
    long: Option<u64>,
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<Row>> {
        let mut record = ByteRecord::new();
        self.reader.get_mut().left = self.limit;
        let more = self.reader.read_byte_record(&mut record).map_err(|error| self.error(error))?;
        if !more {
            // A quote that opens and is never closed takes all that follows for one text.
            let odd = self.reader.get_ref().quotes % 2 == 1;
            return match self.long.filter(|_| odd) {
                None => Ok(None),
                Some(line) => Err(Error::Data {
                    at: self.at.at_line(line),
                    problem: "a quote that opens in this row is never closed".into(),
                    instead: "close it, or write it twice, \"\", where it is part of a text in quotes".into(),
                }),
            };
        }
        let line = record.position().map_or(0, csv::Position::line);
        self.long = record.iter().any(|cell| memchr_iter(b'\n', cell).next().is_some()).then_some(line);
        let width = *self.width.get_or_insert(record.len());
        if record.len() != width {
            let name = if self.delimiter == b'\t' { "tabs" } else { "commas" };
            return Err(Error::Data {
                at: self.at.at_line(line),
                problem: format!(
                    "the row has {}, and the first has {width}",
                    count(record.len() as u64, "cell")
                ),
                instead: format!(
                    "texts with {name}, quotes or ends of lines in them stand in quotes, \"like this\""
                ),
            });
        }
        Ok(Some(Row { record, line }))
    }

    fn error(&self, error: csv::Error) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::FileTooLarge => Error::Data {
                at: self.at.at_line(self.reader.position().line()),
                problem: format!("a row is longer than {}", in_words(self.limit)),
                instead: "is a quote not closed?".into(),
            },
            csv::ErrorKind::Io(source) => Error::reading(&self.at, source),
            other => {
                Error::Data { at: self.at.clone(), problem: format!("{other:?}"), instead: String::new() }
            }
        }
    }
}

pub(super) fn rows(
    to: &mut Gather<'_>,
    bytes: Bytes<'_>,
    label: &str,
    format: Format,
    at: &Place,
) -> Result<()> {
    let mut start = BufReader::with_capacity(1 << 16, bytes);
    let head = start.fill_buf().map_err(|source| Error::reading(at, source))?;
    let delimiter = delimiter(head, format);
    let inner = Bounded { inner: start, left: u64::MAX, quotes: 0 };
    let reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(inner);
    let mut rows =
        Rows { reader, limit: to.options.memory_limit, at: at.clone(), width: None, delimiter, long: None };
    let Some(header) = rows.next()? else { return Err(Error::Empty { at: at.clone() }) };
    let names: Vec<String> = header
        .record
        .iter()
        .map(|cell| lossy(cell).0.trim_start_matches('\u{FEFF}').trim().to_string())
        .collect();
    if let Some(name) =
        names.iter().find(|name| column::is_sentence(name)).filter(|_| to.options.column.is_none())
    {
        return Err(Error::Data {
            at: at.at_line(1),
            problem: format!(
                "{} looks like a text, and the first row names the columns",
                shown(name.as_bytes())
            ),
            instead: "put a row of names before it, or read it with `lines`".into(),
        });
    }
    let id = to.options.id.as_deref().map(|id| column::find(&names, id, "id", at)).transpose()?;
    let mut first = Vec::new();
    let text = match &to.options.column {
        Some(name) => column::find(&names, name, "column", at)?,
        None => {
            let mut looks = vec![Look::default(); names.len()];
            while first.len() < column::ROWS
                && let Some(row) = rows.next()?
            {
                row.record.iter().zip(&mut looks).for_each(|(cell, look)| look.see(&lossy(cell).0));
                first.push(row);
            }
            if first.is_empty() {
                return Err(no_rows(at));
            }
            let chosen = column::choose(&names, &looks, at)?;
            let name = names.get(chosen).map(|name| shown(name.as_bytes())).unwrap_or_default();
            to.notes.push(format!("{label}: the texts are in the column {name}"));
            chosen
        }
    };
    let mut first = first.into_iter();
    let (mut number, mut wrapped) = (0u64, None);
    loop {
        let row = match first.next() {
            Some(row) => row,
            None => match rows.next()? {
                Some(row) => row,
                None => break,
            },
        };
        number += 1;
        let cell = row.record.get(text).unwrap_or_default();
        // Quotes in a TSV are often no more than that, and then they swallow rows.
        if delimiter == b'\t' && wrapped.is_none() && memchr_iter(b'\n', cell).next().is_some() {
            wrapped = Some(row.line);
        }
        let (text, damaged) = lossy(cell);
        let given = id.and_then(|id| row.record.get(id)).map(|cell| lossy(cell).0.trim().to_string());
        let name = given.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{label}:{number}"));
        to.put(name, text, damaged)?;
    }
    if number == 0 {
        return Err(no_rows(at));
    }
    if let Some(line) = wrapped {
        to.notes.push(format!(
            "{label}: quotes put several lines into one text, first at line {line}; if that is wrong, save it as .csv"
        ));
    }
    Ok(())
}

fn no_rows(at: &Place) -> Error {
    Error::Data {
        at: at.clone(),
        problem: "there is no row below the names of the columns".into(),
        instead: "give at least two texts".into(),
    }
}

/// What is between cells: in a .csv a semicolon, if the first line has some and no comma outside of quotes.
fn delimiter(head: &[u8], format: Format) -> u8 {
    if format == Format::Tsv {
        return b'\t';
    }
    let (mut quoted, mut commas, mut semicolons) = (false, 0, 0);
    for &byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            b',' if !quoted => commas += 1,
            b';' if !quoted => semicolons += 1,
            _ => {}
        }
    }
    if semicolons > 0 && commas == 0 { b';' } else { b',' }
}
