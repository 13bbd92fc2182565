//! Lines of a text, whatever ends them, in bounded memory.

use crate::error::{Error, Place, Result, bytes};
use memchr::memchr2;
use std::io::Read;

const BLOCK: usize = 1 << 18;

/// Reads lines that end with LF, CR LF or CR.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    /// Number of the line that was returned last, from 1.
    pub(crate) number: u64,
    /// Bytes of the input up to the next line.
    pub(crate) consumed: u64,
    longest: usize,
    at: Place,
}

/// Where a line lies in the buffer, until the next one is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    /// Start of the next line.
    next: usize,
}

impl<R: Read> Lines<R> {
    /// Lines of at most `longest` bytes; a byte order mark at the start is passed over.
    pub(crate) fn new(reader: R, longest: usize, at: &Place) -> Result<Lines<R>> {
        let mut lines = Lines {
            reader,
            buffer: vec![0; BLOCK.min(longest.max(4))],
            start: 0,
            end: 0,
            finished: false,
            number: 0,
            consumed: 0,
            longest,
            at: at.clone(),
        };
        while lines.end < 3 && !lines.finished {
            lines.fill()?;
        }
        if lines.rest().starts_with(b"\xef\xbb\xbf") {
            (lines.start, lines.consumed) = (3, 3);
        }
        Ok(lines)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads more behind what is there, moving that to the front and enlarging the buffer where need be.
    fn fill(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            if self.end >= self.longest {
                return Err(Error::Data {
                    at: self.at.at_line(self.number + 1),
                    problem: format!("the line is longer than {}", bytes(self.longest as u64)),
                    instead: "is this a text table with a line for every row?".into(),
                });
            }
            let more = self.buffer.len().clamp(BLOCK, 1 << 26).min(self.longest - self.end);
            self.buffer.try_reserve_exact(more).map_err(|_| Error::Memory {
                at: self.at.clone(),
                needed: (self.end + more) as u64,
                limit: None,
            })?;
            self.buffer.resize(self.end + more, 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.reader.read(free) {
                Ok(n) => {
                    self.finished = n == 0;
                    self.end += n;
                    return Ok(());
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Error::reading(&self.at, source)),
            }
        }
    }

    /// What comes next, without taking it: at least `bytes` bytes and `lines` line ends, or all there is, or all that
    /// there is room for.
    pub(crate) fn peek(&mut self, bytes: usize, lines: usize) -> Result<(&[u8], bool)> {
        let (mut seen, mut ends) = (0, 0);
        loop {
            let rest = self.rest();
            let new = rest.get(seen..).unwrap_or_default();
            ends += memchr::memchr2_iter(b'\n', b'\r', new).count();
            seen = rest.len();
            let full = ends > 0 && seen >= self.longest;
            if self.finished || full || (seen >= bytes && ends >= lines) {
                return Ok((self.rest(), self.finished));
            }
            self.fill()?;
        }
    }

    /// Goes on to the next line.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<Option<Span>> {
        let mut seen = 0;
        loop {
            let rest = self.rest();
            let found = memchr2(b'\n', b'\r', rest.get(seen..).unwrap_or_default()).map(|p| seen + p);
            let (length, ending) = match found {
                None if !self.finished => {
                    seen = rest.len();
                    self.fill()?;
                    continue;
                }
                None if rest.is_empty() => return Ok(None),
                None => (rest.len(), 0),
                Some(p) if rest.get(p) == Some(&b'\n') => (p, 1),
                Some(p) if p + 1 == rest.len() && !self.finished => {
                    seen = p;
                    self.fill()?;
                    continue;
                }
                Some(p) => (p, if rest.get(p + 1) == Some(&b'\n') { 2 } else { 1 }),
            };
            let (start, end) = (self.start, self.start + length);
            self.start = end + ending;
            self.consumed += (length + ending) as u64;
            self.number += 1;
            return Ok(Some(Span { start, end, next: self.start }));
        }
    }

    /// The next line, without its end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>> {
        Ok(self.advance()?.map(|span| self.line(span)))
    }

    /// A line, without its end.
    #[inline]
    pub(crate) fn line(&self, span: Span) -> &[u8] {
        self.buffer.get(span.start..span.end).unwrap_or_default()
    }

    /// What ends a line.
    pub(crate) fn line_end(&self, span: Span) -> &[u8] {
        self.buffer.get(span.end..span.next).unwrap_or_default()
    }
}

/// The column, counted in characters from 1, of a byte of a line.
pub(crate) fn column(line: &[u8], byte: usize) -> u64 {
    let before = line.get(..byte).unwrap_or(line);
    String::from_utf8_lossy(before).chars().count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a byte at a time, which is where line ends get lost.
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let n = 1.min(buf.len());
            self.0.read(&mut buf[..n])
        }
    }

    fn all(text: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(Slow(text), 1 << 20, &Place::default()).unwrap();
        let mut out = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            out.push(String::from_utf8_lossy(line).into_owned());
        }
        assert_eq!(lines.number, out.len() as u64);
        assert_eq!(lines.consumed, text.len() as u64);
        out
    }

    /// D15, D16: a byte order mark and every line end.
    #[test]
    fn d15_d16_lines_end_in_every_way() {
        assert_eq!(all(b"\xef\xbb\xbfa\nb\r\nc\rd\n\ne"), ["a", "b", "c", "d", "", "e"]);
        assert_eq!(all(b"a\r\n\r\n"), ["a", ""]);
        assert_eq!(all(b"a\r\r"), ["a", ""]);
        assert_eq!(all(b""), Vec::<String>::new());
    }

    /// D22: a line without end costs bounded memory.
    #[test]
    fn d22_a_line_without_end_is_given_up() {
        let mut lines = Lines::new(std::io::repeat(b'1'), 1 << 20, &Place::of("x")).unwrap();
        let error = lines.next().unwrap_err();
        assert!(error.to_string().contains("line 1: the line is longer than 1.0 MB"), "{error}");
        assert!(lines.buffer.capacity() <= 1 << 20);
    }

    #[test]
    fn looking_ahead_takes_nothing() {
        let text: Vec<u8> = (0..100_000).flat_map(|i| format!("{i}\n").into_bytes()).collect();
        let mut lines = Lines::new(&text[..], 1 << 20, &Place::default()).unwrap();
        let (ahead, finished) = lines.peek(10, 60_000).unwrap();
        assert!(ahead.len() > 200_000 && !finished);
        assert_eq!(lines.next().unwrap(), Some(&b"0"[..]));
        let mut n = 1;
        while lines.next().unwrap().is_some() {
            n += 1;
        }
        assert_eq!(n, 100_000);
        assert_eq!(column("é,x".as_bytes(), 3), 3);
    }
}
