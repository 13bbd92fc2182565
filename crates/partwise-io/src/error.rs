//! Everything that can go wrong with a file, as data: what, where, and what to do instead.

use partwise::error::SparseFault;
use std::fmt;
use std::io;
use std::path::Path;

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A place in an input, for people: lines and columns count from 1 as in an editor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place(Box<Parts>);

/// In a box, because every [`Result`] is as large as its error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Parts {
    file: String,
    member: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
}

impl Place {
    /// The input as a whole.
    pub(crate) fn of(name: impl Into<String>) -> Place {
        Place(Box::new(Parts { file: name.into(), ..Parts::default() }))
    }

    /// The input's display name: a path, or `standard input`.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The member of an archive.
    pub fn member(&self) -> Option<&str> {
        self.0.member.as_deref()
    }

    /// The line.
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The column, in characters.
    pub fn column(&self) -> Option<u64> {
        self.0.column
    }

    pub(crate) fn in_member(&self, name: &str) -> Place {
        let mut place = Place::of(self.file());
        place.0.member = Some(name.to_string());
        place
    }

    pub(crate) fn at_line(&self, line: u64) -> Place {
        let mut place = self.clone();
        (place.0.line, place.0.column) = (Some(line), None);
        place
    }

    pub(crate) fn at(&self, line: u64, column: u64) -> Place {
        let mut place = self.clone();
        (place.0.line, place.0.column) = (Some(line), Some(column));
        place
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(self.file()))?;
        if let Some(member) = self.member() {
            write!(f, " (member {})", quoted(member))?;
        }
        if let Some(line) = self.line() {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column() {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("{} does not exist", quoted(path))]
    NotFound {
        /// The path.
        path: String,
    },
    /// The path is there but is not something to read a matrix from.
    #[error("{} {problem}", quoted(path))]
    NotAFile {
        /// The path.
        path: String,
        /// What it is, and what to name instead.
        problem: &'static str,
    },
    /// The file cannot be opened.
    #[error("{} cannot be opened: {source}", quoted(path))]
    Unreadable {
        /// The path.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system failed while the file was read.
    #[error("{at}: reading failed: {source}")]
    Read {
        /// The input.
        at: Place,
        /// What the system says.
        source: io::Error,
    },
    /// The file has no content.
    #[error("{at} is empty")]
    Empty {
        /// The input.
        at: Place,
    },
    /// The content is not of the format that it should be.
    #[error("{at}: {problem}; {instead}")]
    Format {
        /// The input.
        at: Place,
        /// What is wrong.
        problem: String,
        /// What to do.
        instead: String,
    },
    /// The file ends before its data do.
    #[error("{at} is cut short: {expected} expected, {found} found; copy or download it again")]
    Truncated {
        /// The input, with the last line there is.
        at: Place,
        /// How much there should be.
        expected: String,
        /// How much there is.
        found: String,
    },
    /// Compressed data or checksums are wrong.
    #[error("{at} is damaged: {problem}; copy or download it again")]
    Damaged {
        /// The input.
        at: Place,
        /// What is wrong.
        problem: String,
    },
    /// An entry, an index or a line is wrong.
    #[error("{at}: {problem}{}", also(instead))]
    Data {
        /// Where.
        at: Place,
        /// What is wrong, with the offending text, shortened and escaped.
        problem: String,
        /// What to do; may be empty.
        instead: String,
    },
    /// The arrays of a sparse matrix contradict each other.
    #[error("{at}: the sparse matrix is not well formed: {fault}{}", in_line(*line))]
    Structure {
        /// The input, with the member.
        at: Place,
        /// What is wrong.
        fault: SparseFault,
        /// The row (of CSR) or column (of CSC) concerned, counted from 0.
        line: Option<usize>,
    },
    /// Entries given more than once, where that was not allowed.
    #[error("{at}: entry ({row}, {col}), counted from 0, is given more than once; {instead}")]
    Duplicates {
        /// The input.
        at: Place,
        /// Row of the first, counted from 0.
        row: usize,
        /// Column of the first, counted from 0.
        col: usize,
        /// What to do.
        instead: &'static str,
    },
    /// The file is what it says, but not something that can be factorized or written.
    #[error("{at}: {what}; {instead}")]
    Unsupported {
        /// The input.
        at: Place,
        /// What it holds.
        what: String,
        /// What to do.
        instead: String,
    },
    /// Not a matrix with rows and columns.
    #[error("{at} has shape {shape}: {needs}")]
    Shape {
        /// The input.
        at: Place,
        /// The shape as the file has it.
        shape: String,
        /// What is needed, and how to get it.
        needs: String,
    },
    /// An archive in which the matrix to read is not determined.
    #[error("{at}: {problem}; it holds {}; name one with `key`", list(available))]
    Key {
        /// The archive.
        at: Place,
        /// What was looked for.
        problem: String,
        /// The members there are.
        available: Vec<String>,
    },
    /// The matrix does not fit into memory.
    #[error("{at} needs at least {} of memory, {}", bytes(*needed), over(*limit))]
    Memory {
        /// The input.
        at: Place,
        /// Bytes needed, as far as is known.
        needed: u64,
        /// Bytes allowed; `None` if the system refused them.
        limit: Option<u64>,
    },
    /// A picture does not fit into memory; it has not been decoded.
    #[error("{at} has {height} x {width} pixels, and needs at least {} of memory, {}", bytes(*needed), over_with(*limit, "a smaller picture"))]
    Pixels {
        /// The picture.
        at: Place,
        /// Rows of pixels.
        height: usize,
        /// Pixels of a row.
        width: usize,
        /// Bytes needed, at least.
        needed: u64,
        /// Bytes allowed.
        limit: Option<u64>,
    },
    /// There is already something under that name.
    #[error("{} already exists; choose another name, or allow it to be overwritten", quoted(path))]
    Exists {
        /// The path.
        path: String,
    },
    /// The file or folder cannot be created.
    #[error("{} cannot be created: {problem}", quoted(path))]
    CannotCreate {
        /// The path.
        path: String,
        /// Why.
        problem: String,
    },
    /// Writing failed; what was there before is unchanged.
    #[error("{} could not be written: {source}; what was there before is unchanged", quoted(path))]
    Write {
        /// The path.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Writing a folder failed half-way, and it is not as it was.
    #[error("{} could not be written: {source}; {state}", quoted(path))]
    Incomplete {
        /// The path.
        path: String,
        /// What the system says.
        source: io::Error,
        /// What there is now, and what to do.
        state: String,
    },
}

/// The classes of errors that a caller acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The content is wrong or cannot be used.
    Data,
    /// The input is missing or cannot be opened.
    Missing,
    /// It does not fit into memory.
    Memory,
    /// The output cannot be created.
    Create,
    /// Reading or writing failed on the way.
    Io,
}

impl Error {
    /// Its class.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::NotFound { .. } | Error::NotAFile { .. } | Error::Unreadable { .. } => ErrorKind::Missing,
            Error::Read { .. } | Error::Write { .. } | Error::Incomplete { .. } => ErrorKind::Io,
            Error::Memory { .. } | Error::Pixels { .. } => ErrorKind::Memory,
            Error::Exists { .. } | Error::CannotCreate { .. } => ErrorKind::Create,
            Error::Empty { .. }
            | Error::Format { .. }
            | Error::Truncated { .. }
            | Error::Damaged { .. }
            | Error::Data { .. }
            | Error::Structure { .. }
            | Error::Duplicates { .. }
            | Error::Unsupported { .. }
            | Error::Shape { .. }
            | Error::Key { .. } => ErrorKind::Data,
        }
    }

    /// The exit code of the command line, after `sysexits.h`: 65 bad data, 66 input missing, 71 memory, 73 cannot
    /// create, 74 input or output failed.
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            ErrorKind::Data => 65,
            ErrorKind::Missing => 66,
            ErrorKind::Memory => 71,
            ErrorKind::Create => 73,
            ErrorKind::Io => 74,
        }
    }

    /// What an error of a reader means: those of decoders are about the data, the rest about the system.
    pub(crate) fn reading(at: &Place, source: io::Error) -> Error {
        let at = at.clone();
        if source.raw_os_error().is_some() {
            return Error::Read { at, source };
        }
        match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::Damaged { at, problem: "its compressed data end too early".into() }
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Error::Damaged { at, problem: shown(source.to_string().as_bytes()) }
            }
            _ => Error::Read { at, source },
        }
    }
}

/// A path as messages show it; bytes that are no characters become `\xNN`.
pub(crate) fn path_name(path: &Path) -> String {
    path.as_os_str()
        .as_encoded_bytes()
        .utf8_chunks()
        .map(|chunk| {
            let rest: String = chunk.invalid().iter().map(|b| format!("\\x{b:02X}")).collect();
            format!("{}{rest}", chunk.valid())
        })
        .collect()
}

/// Text that somebody else wrote, in quotes, with everything invisible escaped.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", escaped(text))
}

/// A piece of a file in quotes, shortened and escaped.
pub(crate) fn shown(text: &[u8]) -> String {
    const MOST: usize = 40;
    let head = text.get(..4 * MOST).unwrap_or(text);
    let text_head = String::from_utf8_lossy(head);
    let short: String = text_head.chars().take(MOST).collect();
    let more = if short.len() < text_head.len() || head.len() < text.len() { "..." } else { "" };
    format!("'{}{more}'", escaped(&short))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out
}

/// A number of bytes for people: `1.2 GB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut x = n as f64;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while x >= 1000.0 {
        match units.next() {
            Some(next) => (x, unit) = (x / 1000.0, Some(next)),
            None => break,
        }
    }
    let unit = unit.copied().unwrap_or("B");
    if unit == "B" { format!("{n} B") } else { format!("{x:.1} {unit}") }
}

/// `1 cell`, `2 cells`.
pub(crate) fn count(n: u64, one: &str) -> String {
    match (n, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {one}s"),
    }
}

fn also(instead: &str) -> String {
    if instead.is_empty() { String::new() } else { format!("; {instead}") }
}

fn in_line(line: Option<usize>) -> String {
    line.map(|i| format!(" (row or column {i} of the compressed form)")).unwrap_or_default()
}

fn over(limit: Option<u64>) -> String {
    over_with(limit, "a smaller matrix")
}

fn over_with(limit: Option<u64>, smaller: &str) -> String {
    match limit {
        Some(limit) => format!("more than the limit of {}; raise the limit, or use {smaller}", bytes(limit)),
        None => format!("more than the system gives; use {smaller} or a larger machine"),
    }
}

fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    if names.is_empty() {
        return "no arrays".into();
    }
    let mut out: Vec<String> = names.iter().take(MOST).map(|name| shown(name.as_bytes())).collect();
    if names.len() > MOST {
        out.push(format!("{} more", names.len() - MOST));
    }
    out.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_files_is_shortened_and_escaped() {
        assert_eq!(shown(b"a\0b\x1b[31m"), r"'a\0b\u{1b}[31m'");
        assert_eq!(quoted("a\nb\u{202e}"), r"'a\nb\u{202e}'");
        assert_eq!(shown(&[b'x'; 100]).len(), 40 + 3 + 2);
        assert_eq!(shown("é".repeat(40).as_bytes()).chars().count(), 42);
        assert_eq!(shown(b"\xff1"), "'\u{fffd}1'");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!((bytes(999), bytes(1_500_000)), ("999 B".into(), "1.5 MB".into()));
        assert_eq!(bytes(u64::MAX), "18.4 EB");
        assert_eq!((count(1, "entry"), count(2, "entry"), count(0, "cell")).0, "1 entry");
        assert_eq!(count(2, "entry"), "2 entries");
        let place = Place::of("a.npz").in_member("data.npy");
        assert_eq!(place.to_string(), "'a.npz' (member 'data.npy')");
        assert_eq!(Place::of("a.csv").at(3, 7).to_string(), "'a.csv', line 3, column 7");
    }

    #[test]
    fn errors_can_travel() {
        fn check<T: std::error::Error + Send + Sync + 'static>() {}
        check::<Error>();
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_text_are_shown_exactly() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9.csv"));
        assert_eq!(path_name(path), r"caf\xE9.csv");
    }
}
