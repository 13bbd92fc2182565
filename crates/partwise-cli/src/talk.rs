//! What is said, to whom: data on stdout, everything else on stderr.

use crate::failure::Failure;
use indicatif::DecimalBytes;
use std::io::{self, IsTerminal, Write};

/// Characters in a line where nobody says how many.
const COLUMNS: usize = 80;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Errors only.
    Quiet,
    /// What was done.
    Normal,
    /// And how.
    Verbose,
}

/// The voice of a command on stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    level: Level,
}

impl Talk {
    /// With `json`, a machine listens: only what was asked for with `-v` is said.
    pub(crate) fn new(level: Level, json: bool) -> Talk {
        Talk { level: if json && level == Level::Normal { Level::Quiet } else { level } }
    }

    /// What was done.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        if self.level >= Level::Normal {
            line(text.as_ref());
        }
    }

    /// Whether anything is said.
    pub(crate) fn says(&self) -> bool {
        self.level >= Level::Normal
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.level >= Level::Verbose
    }

    /// Whether something that moves may be shown.
    pub(crate) fn shows_progress(&self) -> bool {
        self.level >= Level::Normal
            && io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }
}

/// A line on stderr. Nobody there to read it is no reason to stop.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A failure, as the last line on stderr.
pub(crate) fn error(message: &str) {
    line(&format!("partwise: error: {message}"));
}

/// Data, on stdout.
pub(crate) fn data(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::Stdout(error),
    })
}

/// Characters in a line of the terminal, or of what takes its place.
pub(crate) fn columns() -> usize {
    terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| usize::from(width.0))
}

/// `1.2 GB`, as the library has it.
pub(crate) fn bytes(n: u64) -> String {
    DecimalBytes(n).to_string()
}

/// `0.034 s`, `12.3 s`, `2 min 05 s`, `3 h 12 min`
pub(crate) fn seconds(s: f64) -> String {
    match s {
        s if s < 1.0 => format!("{s:.3} s"),
        s if s < 100.0 => format!("{s:.1} s"),
        s if s < 6000.0 => format!("{} min {:02} s", s as u64 / 60, s as u64 % 60),
        s => format!("{} h {:02} min", s as u64 / 3600, s as u64 % 3600 / 60),
    }
}

/// `1 row`, `2 rows`
pub(crate) fn count(n: u64, one: &str) -> String {
    match (n, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {one}s"),
    }
}

/// `12,345`
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), text);
        }
    }
}
