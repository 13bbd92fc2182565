//! Texts in: folders of files, files of text, lines, and columns of tables, one document after another.
//!
//! ```
//! use partwise_io::documents::{DocumentOptions, read_documents};
//!
//! # let folder = std::env::temp_dir().join(format!("partwise-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # std::fs::write(folder.join("b.txt"), "And one more.")?;
//! # std::fs::write(folder.join("a.txt"), "A text.")?;
//! let mut names = Vec::new();
//! let notes = read_documents(&[&folder], &DocumentOptions::default(), &mut |document| {
//!     names.push(document.name);
//!     Ok(())
//! })?;
//! assert_eq!(names, ["a.txt", "b.txt"]);
//! assert!(notes.is_empty());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod column;
mod delimited;
mod folder;
mod json;
mod plain;
#[cfg(test)]
mod tests;

use crate::budget::default_limit;
use crate::error::{Error, Place, Result, count, path_name, quoted};
use crate::format::{Format, Magic, Promise, promised};
use crate::input::{self, Input, Opened};
use std::path::Path;

/// A text with its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Document {
    /// The path within its folder, the cell of a column of names, or file and number.
    pub name: String,
    /// The text, with U+FFFD for bytes that are no characters.
    pub text: String,
}

/// How texts are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentOptions {
    /// A file of text has a document a line.
    pub lines: bool,
    /// The column of a table that has the texts.
    pub column: Option<String>,
    /// The column of a table that has the names of the documents.
    pub id: Option<String>,
    /// Bytes that a document may have.
    pub memory_limit: u64,
}

impl Default for DocumentOptions {
    fn default() -> DocumentOptions {
        DocumentOptions { lines: false, column: None, id: None, memory_limit: default_limit() }
    }
}

/// How the documents of a file are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The file is one.
    Whole,
    /// Each line is one.
    Lines,
    /// Each row of a table is one, with commas or tabs between its cells.
    Delimited(Format),
    /// Each line is an object of JSON.
    Json,
}

/// Whether a name is that of a matrix, which has no texts in it.
pub fn is_matrix(path: &Path) -> bool {
    matches!(promised(&path_name(path)).0, Promise::Format(Format::Npy | Format::Npz | Format::Mtx))
}

/// What the name of a file says, if it can be texts.
fn kind_of(name: &str, lines: bool) -> Result<Kind> {
    let unsupported = |what: String, instead: &str| {
        Err(Error::Unsupported { at: Place::of(name), what, instead: instead.into() })
    };
    let lower = name.to_ascii_lowercase();
    let ending =
        lower.strip_suffix(".gz").unwrap_or(&lower).rsplit_once('.').map_or("", |(_, ending)| ending);
    if lines && !matches!(ending, "npy" | "npz" | "mtx") {
        return Ok(Kind::Lines);
    }
    match (promised(name).0, ending) {
        (_, "jsonl" | "ndjson" | "jsonlines") => Ok(Kind::Json),
        (Promise::Format(format @ (Format::Csv | Format::Tsv)), _) => Ok(Kind::Delimited(format)),
        (Promise::Format(format @ (Format::Npy | Format::Npz | Format::Mtx)), _) => unsupported(
            format!(".{format} is a matrix, and has no texts"),
            "`partwise fit` takes it as it is",
        ),
        (Promise::Foreign("json"), _) => unsupported(
            ".json is not read".into(),
            "save it as .jsonl, with an object a line (`jq -c '.[]'` does that of a list)",
        ),
        (Promise::Foreign(ending), _) => unsupported(format!(".{ending} files are not read"), READABLE),
        _ => Ok(Kind::Whole),
    }
}

const READABLE: &str = "give texts as .txt, .csv, .tsv or .jsonl";

/// Reads all documents in order: paths as they are given, files of a folder by their path, rows and lines as they
/// come. `-` is standard input, with a document a line. What is said at the end are notes for the user.
///
/// # Errors
/// Any [`Error`] except those of writing, and what `each` returns; documents that have been handed on stay so.
pub fn read_documents(
    paths: &[impl AsRef<Path>],
    options: &DocumentOptions,
    each: &mut dyn FnMut(Document) -> Result<()>,
) -> Result<Vec<String>> {
    let mut gather =
        Gather { options, each, notes: Vec::new(), damaged: Tally::default(), no_text: Tally::default() };
    for path in paths.iter().map(AsRef::as_ref) {
        let several = paths.len() > 1;
        if path.as_os_str() == "-" {
            gather.file(Input::stdin(), "stdin", Kind::Lines)?;
        } else if path.is_dir() {
            gather.folder(path, several)?;
        } else {
            let name = path_name(path);
            let kind = kind_of(&name, options.lines)?;
            let label = match path.file_name() {
                Some(file) if !several => path_name(Path::new(file)),
                _ => name,
            };
            gather.file(Input::path(path), &label, kind)?;
        }
    }
    Ok(gather.finish())
}

/// How many there are, and the first.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    first: String,
}

impl Tally {
    fn add(&mut self, name: &str) {
        if self.count == 0 {
            self.first = name.into();
        }
        self.count += 1;
    }
}

/// Documents on their way, and what is to be said of them.
struct Gather<'g> {
    options: &'g DocumentOptions,
    each: &'g mut dyn FnMut(Document) -> Result<()>,
    notes: Vec<String>,
    /// With bytes that are no characters.
    damaged: Tally,
    /// Files of folders.
    no_text: Tally,
}

impl Gather<'_> {
    /// Hands a document on.
    fn put(&mut self, name: String, text: String, damaged: bool) -> Result<()> {
        if damaged {
            self.damaged.add(&name);
        }
        // No table has room for it.
        let name = if name.contains('\0') { name.replace('\0', "\u{FFFD}") } else { name };
        (self.each)(Document { name, text })
    }

    fn folder(&mut self, path: &Path, several: bool) -> Result<()> {
        let found = folder::walk(path)?;
        self.notes.extend(found.notes());
        for (relative, full) in found.files {
            let relative = relative.components().map(|part| path_name(Path::new(&part)));
            let relative = relative.collect::<Vec<_>>().join("/");
            let label = match several {
                true => format!("{}/{relative}", path_name(path).trim_end_matches('/')),
                false => relative,
            };
            let kind = if self.options.lines { Kind::Lines } else { Kind::Whole };
            match self.file(Input::path(full), &label, kind) {
                Err(Error::Unsupported { .. }) => self.no_text.add(&label),
                done => done?,
            }
        }
        Ok(())
    }

    fn file(&mut self, input: Input<'_>, label: &str, kind: Kind) -> Result<()> {
        let at = Place::of(input.name());
        for (option, given) in [("column", &self.options.column), ("id", &self.options.id)] {
            if given.is_some() && !matches!(kind, Kind::Delimited(_) | Kind::Json) {
                return Err(Error::Data {
                    at,
                    problem: format!("`{option}` is for tables, and this is text without columns"),
                    instead: "leave it out, or give a .csv, .tsv or .jsonl".into(),
                });
            }
        }
        let opened = match input::open(input, &at) {
            Err(Error::Empty { .. }) if kind == Kind::Whole => {
                return self.put(label.into(), String::new(), false);
            }
            opened => opened?,
        };
        if kind != Kind::Whole {
            check_magic(&opened, &at)?;
        }
        let Opened { bytes, notes, .. } = opened;
        self.notes.extend(notes.into_iter().map(|note| format!("{label}: {note}")));
        match kind {
            Kind::Whole => plain::whole(self, bytes, label, &at),
            Kind::Lines => plain::lines(self, bytes, label, &at),
            Kind::Delimited(format) => delimited::rows(self, bytes, label, format, &at),
            Kind::Json => json::rows(self, bytes, label, &at),
        }
    }

    fn finish(mut self) -> Vec<String> {
        let Tally { count: n, first } = &self.no_text;
        if *n > 0 {
            let (is, are) = (count(*n, "file"), if *n == 1 { "is" } else { "are" });
            self.notes
                .push(format!("{is} that {are} not text {are} left out, the first is {}", quoted(first)));
        }
        let Tally { count: n, first } = &self.damaged;
        if *n > 0 {
            self.notes.push(format!(
                "{} not in UTF-8: what is no character became U+FFFD; the first is {}",
                if *n == 1 { "1 document is".into() } else { format!("{n} documents are") },
                quoted(first)
            ));
        }
        self.notes
    }
}

/// Refuses what is no text, before it is cut into lines.
fn check_magic(opened: &Opened<'_>, at: &Place) -> Result<()> {
    let what = match opened.magic {
        Magic::Text | Magic::MatrixMarket => return Ok(()),
        Magic::Npy => "this is a NumPy array",
        Magic::Zip => "this is a zip archive, as .docx, .odt and .xlsx are",
        Magic::Gzip => "this is gzip within gzip",
        Magic::Foreign(what) => {
            return Err(Error::Unsupported {
                at: at.clone(),
                what: format!("this is {what}"),
                instead: READABLE.into(),
            });
        }
        Magic::Binary => "this is not text",
    };
    Err(Error::Unsupported { at: at.clone(), what: what.into(), instead: READABLE.into() })
}

/// Bytes as text, and whether some were no characters.
fn lossy(bytes: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(bytes);
    // Borrowed where nothing had to be replaced.
    let damaged = matches!(text, std::borrow::Cow::Owned(_));
    (text.into_owned(), damaged)
}
