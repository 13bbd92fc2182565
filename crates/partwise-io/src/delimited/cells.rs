//! Cells of a text table: quotes, separators, and where a row ends.

use crate::error::{Error, Place, Result, bytes};
use crate::text::lines::{Lines, column};
use std::borrow::Cow;
use std::io::Read;

/// What stands between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    Comma,
    Semicolon,
    Tab,
    Bar,
    /// Any number of blanks and tabs.
    Blanks,
}

impl Delimiter {
    /// The byte that it is; none for blanks, which come in runs.
    pub(crate) fn byte(self) -> Option<u8> {
        match self {
            Delimiter::Comma => Some(b','),
            Delimiter::Semicolon => Some(b';'),
            Delimiter::Tab => Some(b'\t'),
            Delimiter::Bar => Some(b'|'),
            Delimiter::Blanks => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Delimiter::Comma => "commas",
            Delimiter::Semicolon => "semicolons",
            Delimiter::Tab => "tabs",
            Delimiter::Bar => "vertical bars",
            Delimiter::Blanks => "blanks",
        }
    }

    fn is(self, byte: u8) -> bool {
        match self.byte() {
            Some(own) => byte == own,
            None => blank(byte),
        }
    }

    /// Blanks around a cell that are not part of it.
    fn pads(self, byte: u8) -> bool {
        blank(byte) && self.byte() != Some(byte)
    }
}

fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A cell: its text without quotes, and the byte of the row where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    pub(crate) quoted: bool,
    pub(crate) at: usize,
}

/// A quote that does not end a cell; the byte after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StrayText(pub(crate) usize);

/// The cells of a row, after RFC 4180; blanks around them are passed over.
pub(crate) struct Cells<'a> {
    row: &'a [u8],
    at: usize,
    delimiter: Delimiter,
    /// A separator has been seen after which a cell must follow, be it empty.
    owed: bool,
}

impl<'a> Cells<'a> {
    pub(crate) fn of(row: &'a [u8], delimiter: Delimiter) -> Cells<'a> {
        Cells { row, at: 0, delimiter, owed: true }
    }

    fn skip_padding(&mut self) {
        while self.row.get(self.at).is_some_and(|&b| self.delimiter.pads(b)) {
            self.at += 1;
        }
    }

    /// The text of a cell that opened with a quote, up to and with the quote that closes it.
    fn quoted(&mut self) -> Cow<'a, [u8]> {
        self.at += 1;
        let mut text: Cow<'a, [u8]> = Cow::Borrowed(&[]);
        loop {
            let rest = self.row.get(self.at..).unwrap_or_default();
            let close = memchr::memchr(b'"', rest).unwrap_or(rest.len());
            let piece = rest.get(..close).unwrap_or_default();
            if text.is_empty() {
                text = Cow::Borrowed(piece);
            } else {
                text.to_mut().extend_from_slice(piece);
            }
            self.at += close + 1;
            if self.row.get(self.at) != Some(&b'"') {
                self.at = self.at.min(self.row.len());
                return text;
            }
            text.to_mut().push(b'"');
            self.at += 1;
        }
    }

    fn plain(&mut self) -> &'a [u8] {
        let rest = self.row.get(self.at..).unwrap_or_default();
        let length = match self.delimiter.byte() {
            Some(byte) => memchr::memchr(byte, rest),
            None => rest.iter().position(|&b| blank(b)),
        };
        let text = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        self.at += text.len();
        text
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Result<Cell<'a>, StrayText>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_padding();
        if self.at >= self.row.len() && !(self.owed && self.delimiter != Delimiter::Blanks) {
            return None;
        }
        self.owed = false;
        let at = self.at;
        let cell = if self.row.get(at) == Some(&b'"') {
            let text = self.quoted();
            let closed = self.at;
            self.skip_padding();
            if self.row.get(self.at).is_some_and(|&b| !self.delimiter.is(b))
                && (self.delimiter != Delimiter::Blanks || closed == self.at)
            {
                return Some(Err(StrayText(self.at)));
            }
            Cell { text, quoted: true, at }
        } else {
            Cell { text: Cow::Borrowed(self.plain().trim_ascii_end()), quoted: false, at }
        };
        if self.delimiter != Delimiter::Blanks && self.at < self.row.len() {
            self.at += 1;
            self.owed = true;
        }
        Some(Ok(cell))
    }
}

/// Follows quotes over the lines of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// Before a cell.
    Start,
    /// In a cell without quotes, or behind its closing quote.
    Plain,
    /// Between quotes.
    Open,
    /// After a quote that closes the cell, or is the first of two.
    Closing,
}

impl Quotes {
    /// The state after a line; [`Quotes::Open`] if the row goes on.
    pub(crate) fn after(self, line: &[u8], delimiter: Delimiter) -> Quotes {
        line.iter().fold(self, |state, &b| match state {
            Quotes::Open if b == b'"' => Quotes::Closing,
            Quotes::Open => Quotes::Open,
            Quotes::Start | Quotes::Closing if b == b'"' => Quotes::Open,
            Quotes::Start if delimiter.pads(b) => Quotes::Start,
            _ if delimiter.is(b) => Quotes::Start,
            _ => Quotes::Plain,
        })
    }
}

/// A row of a table as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) bytes: &'a [u8],
    /// The number of its first line.
    pub(crate) line: u64,
    /// Whether there is a quote in it.
    pub(crate) quotes: bool,
}

impl Row<'_> {
    /// The place of a byte of the row, as an editor shows it.
    pub(crate) fn place(&self, byte: usize, at: &Place) -> Place {
        let before = self.bytes.get(..byte).unwrap_or(self.bytes);
        let is_end = |i: usize| match before.get(i) {
            Some(b'\n') => true,
            Some(b'\r') => before.get(i + 1) != Some(&b'\n'),
            _ => false,
        };
        let ends = (0..before.len()).filter(|&i| is_end(i)).count() as u64;
        let start = (0..before.len()).rev().find(|&i| is_end(i)).map_or(0, |i| i + 1);
        let line = before.get(start..).unwrap_or_default();
        at.at(self.line + ends, column(line, line.len()))
    }
}

/// The rows of a table; one with line ends between quotes takes several lines.
pub(crate) struct Rows<R> {
    pub(crate) lines: Lines<R>,
    delimiter: Delimiter,
    joined: Vec<u8>,
    at: Place,
}

/// Names longer than this are no names, but a quote that was never closed.
const LONGEST_QUOTE: usize = 1 << 20;

impl<R: Read> Rows<R> {
    pub(crate) fn new(lines: Lines<R>, delimiter: Delimiter, at: &Place) -> Rows<R> {
        Rows { lines, delimiter, joined: Vec::new(), at: at.clone() }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>> {
        let Some(span) = self.lines.advance()? else { return Ok(None) };
        let line = self.lines.number;
        if memchr::memchr(b'"', self.lines.line(span)).is_none() {
            return Ok(Some(Row { bytes: self.lines.line(span), line, quotes: false }));
        }
        let mut state = Quotes::Start.after(self.lines.line(span), self.delimiter);
        if state != Quotes::Open {
            return Ok(Some(Row { bytes: self.lines.line(span), line, quotes: true }));
        }
        self.joined.clear();
        self.joined.extend_from_slice(self.lines.line(span));
        let first = self.joined.len();
        let mut end = self.lines.line_end(span).to_vec();
        while state == Quotes::Open {
            let next = self.lines.advance()?;
            let Some(span) = next.filter(|_| self.joined.len() - first <= LONGEST_QUOTE) else {
                return Err(self.never_closed(first, line, next.is_some()));
            };
            self.joined.extend_from_slice(&end);
            self.joined.extend_from_slice(self.lines.line(span));
            state = state.after(self.lines.line(span), self.delimiter);
            end.clear();
            end.extend_from_slice(self.lines.line_end(span));
        }
        Ok(Some(Row { bytes: &self.joined, line, quotes: true }))
    }

    #[cold]
    fn never_closed(&self, first: usize, line: u64, more: bool) -> Error {
        let head = self.joined.get(..first).unwrap_or_default();
        let quote = Cells::of(head, self.delimiter).filter_map(Result::ok).last().map_or(0, |cell| cell.at);
        let problem = match more {
            true => format!("the quote that opens here is not closed within {}", bytes(LONGEST_QUOTE as u64)),
            false => "the quote that opens here is never closed".into(),
        };
        Error::Data {
            at: Row { bytes: head, line, quotes: true }.place(quote, &self.at),
            problem,
            instead: "close it, or write a quote within a name twice".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(row: &str, delimiter: Delimiter) -> Vec<String> {
        Cells::of(row.as_bytes(), delimiter)
            .map(|cell| match cell {
                Ok(cell) => String::from_utf8_lossy(&cell.text).into_owned(),
                Err(StrayText(at)) => format!("stray at {at}"),
            })
            .collect()
    }

    #[test]
    fn rows_are_cut_into_cells() {
        use Delimiter::*;
        assert_eq!(cells("a,b,c", Comma), ["a", "b", "c"]);
        assert_eq!(cells(" a , b,", Comma), ["a", "b", ""]);
        assert_eq!(cells("", Comma), [""]);
        assert_eq!(cells(",", Comma), ["", ""]);
        assert_eq!(cells("\"a,\"\"b\"\"\" ,\"\",x\"y\"", Comma), ["a,\"b\"", "", "x\"y\""]);
        assert_eq!(cells("\"a\"b,c", Comma)[0], "stray at 3");
        assert_eq!(cells("a\t\tb", Tab), ["a", "", "b"]);
        assert_eq!(cells("  1  2\t3 ", Blanks), ["1", "2", "3"]);
        assert_eq!(cells("\"a b\" 2", Blanks), ["a b", "2"]);
        assert_eq!(cells("", Blanks), Vec::<String>::new());
        assert_eq!(cells("\"open", Comma), ["open"]);
    }

    #[test]
    fn rows_may_take_several_lines() {
        let text = "a,\"x\r\ny\",b\n\"1\n\n2\"\nplain\n";
        let lines = Lines::new(text.as_bytes(), 1 << 16, &Place::default()).unwrap();
        let mut rows = Rows::new(lines, Delimiter::Comma, &Place::of("x"));
        let row = rows.next().unwrap().unwrap();
        assert_eq!((row.bytes, row.line), (&b"a,\"x\r\ny\",b"[..], 1));
        assert_eq!(row.place(9, &Place::default()), Place::default().at(2, 4));
        let row = rows.next().unwrap().unwrap();
        assert_eq!((row.bytes, row.line), (&b"\"1\n\n2\""[..], 3));
        let row = rows.next().unwrap().unwrap();
        assert_eq!((row.bytes, row.line, row.quotes), (&b"plain"[..], 6, false));
        assert!(rows.next().unwrap().is_none());
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found() {
        for (text, at) in [("a\nb,\"c\n1,2\n", "line 2, column 3"), ("a\n\"", "line 2, column 1")] {
            let lines = Lines::new(text.as_bytes(), 1 << 16, &Place::default()).unwrap();
            let mut rows = Rows::new(lines, Delimiter::Comma, &Place::of("x"));
            rows.next().unwrap();
            let error = rows.next().unwrap_err().to_string();
            assert!(error.contains(at) && error.contains("never closed"), "{error}");
        }
        let long = format!("\"{}", "x\n".repeat(LONGEST_QUOTE));
        let lines = Lines::new(long.as_bytes(), 1 << 22, &Place::default()).unwrap();
        assert!(Rows::new(lines, Delimiter::Comma, &Place::default()).next().is_err());
    }
}
