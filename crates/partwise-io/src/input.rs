//! Where bytes come from: a file, standard input, or any reader; opened, looked at, and unzipped where need be.

use crate::error::{Error, Place, Result, path_name};
use crate::format::{self, Magic, Promise};
use flate2::bufread::MultiGzDecoder;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Cursor, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};

/// Something to read a matrix from, with the name that messages call it by.
pub struct Input<'a> {
    name: String,
    origin: Origin<'a>,
}

enum Origin<'a> {
    Path(PathBuf),
    Stdin,
    Reader(Box<dyn Read + 'a>),
}

impl<'a> Input<'a> {
    /// A file.
    pub fn path(path: impl AsRef<Path>) -> Input<'static> {
        let path = path.as_ref().to_path_buf();
        Input { name: path_name(&path), origin: Origin::Path(path) }
    }

    /// Standard input.
    pub fn stdin() -> Input<'static> {
        Input { name: "standard input".into(), origin: Origin::Stdin }
    }

    /// An argument of a command line: `-` is standard input, anything else a path.
    pub fn from_arg(arg: impl AsRef<OsStr>) -> Input<'static> {
        match arg.as_ref() {
            arg if arg == "-" => Input::stdin(),
            arg => Input::path(Path::new(arg)),
        }
    }

    /// Any reader. An extension of the name, such as `.csv`, says what format to expect.
    pub fn reader(name: impl Into<String>, reader: impl Read + 'a) -> Input<'a> {
        Input { name: name.into(), origin: Origin::Reader(Box::new(reader)) }
    }

    /// The name that messages call it by.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

impl From<&Path> for Input<'static> {
    fn from(path: &Path) -> Self {
        Input::path(path)
    }
}

impl From<PathBuf> for Input<'static> {
    fn from(path: PathBuf) -> Self {
        Input::path(path)
    }
}

impl From<&str> for Input<'static> {
    fn from(path: &str) -> Self {
        Input::path(path)
    }
}

/// Bytes in order; what is in the middle can be had first where they come from a file.
pub(crate) enum Bytes<'a> {
    File(File),
    Stream(Box<dyn Read + 'a>),
}

impl Read for Bytes<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::File(file) => file.read(buf),
            Bytes::Stream(stream) => stream.read(buf),
        }
    }
}

/// An input that has been opened and looked at.
pub(crate) struct Opened<'a> {
    pub(crate) bytes: Bytes<'a>,
    /// How many bytes there are, where that is known.
    pub(crate) size: Option<u64>,
    pub(crate) magic: Magic,
    pub(crate) promise: Promise,
    /// What was found on the way, for the user.
    pub(crate) notes: Vec<String>,
}

const HEAD: u64 = 4096;

/// Opens the input; takes gzip off.
pub(crate) fn open<'a>(input: Input<'a>, at: &Place) -> Result<Opened<'a>> {
    let (promise, gzipped) = format::promised(&input.name);
    let mut notes = Vec::new();
    let (mut bytes, mut size) = open_origin(input.origin, &input.name)?;
    let mut head = look(&mut bytes, at)?;
    if format::magic(&head) == Magic::Gzip {
        let unzipped = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, rejoined(bytes, head, at)?));
        (bytes, size) = (Bytes::Stream(Box::new(unzipped)), None);
        head = look(&mut bytes, at)?;
        if !gzipped {
            notes.push("the file is gzipped, although its name does not say so".into());
        }
    } else if gzipped {
        notes.push("the file is not gzipped, although its name says so; it was read as it is".into());
    }
    if head.is_empty() {
        return Err(Error::Empty { at: at.clone() });
    }
    let magic = format::magic(&head);
    let bytes = rejoined(bytes, head, at)?;
    Ok(Opened { bytes, size, magic, promise, notes })
}

fn look(bytes: &mut Bytes<'_>, at: &Place) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.take(HEAD).read_to_end(&mut head).map_err(|source| Error::reading(at, source))?;
    Ok(head)
}

fn rejoined<'a>(bytes: Bytes<'a>, head: Vec<u8>, at: &Place) -> Result<Bytes<'a>> {
    match bytes {
        Bytes::File(mut file) => {
            file.rewind().map_err(|source| Error::reading(at, source))?;
            Ok(Bytes::File(file))
        }
        Bytes::Stream(stream) => Ok(Bytes::Stream(Box::new(Cursor::new(head).chain(stream)))),
    }
}

fn open_origin<'a>(origin: Origin<'a>, name: &str) -> Result<(Bytes<'a>, Option<u64>)> {
    match origin {
        Origin::Path(path) => open_path(&path),
        Origin::Reader(reader) => Ok((Bytes::Stream(reader), None)),
        Origin::Stdin => {
            let stdin = io::stdin();
            if stdin.is_terminal() {
                return Err(Error::NotAFile {
                    path: name.into(),
                    problem: "is a terminal; name a file, or pipe one into it",
                });
            }
            Ok((Bytes::Stream(Box::new(stdin.lock())), None))
        }
    }
}

fn open_path(path: &Path) -> Result<(Bytes<'static>, Option<u64>)> {
    let name = || path_name(path);
    let unopened = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path: name() },
        _ => Error::Unreadable { path: name(), source },
    };
    let metadata = std::fs::metadata(path).map_err(unopened)?;
    if metadata.is_dir() {
        return Err(Error::NotAFile { path: name(), problem: "is a folder; name a file in it" });
    }
    if is_pipe(&metadata) {
        return Ok((Bytes::Stream(Box::new(open_pipe(path)?)), None));
    }
    let file = File::open(path).map_err(unopened)?;
    if metadata.is_file() {
        // Files that the system makes up as they are read have no length.
        let size = Some(metadata.len()).filter(|&size| size > 0);
        return Ok((Bytes::File(file), size));
    }
    Ok((Bytes::Stream(Box::new(file)), None))
}

#[cfg(unix)]
fn is_pipe(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_metadata: &std::fs::Metadata) -> bool {
    false
}

/// Opening a named pipe waits for somebody to open its other end, perhaps for ever: it is left to a thread of its own.
fn open_pipe(path: &Path) -> Result<File> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
    let (send, receive) = std::sync::mpsc::channel();
    let target = path.to_path_buf();
    let unreadable = |source| Error::Unreadable { path: path_name(path), source };
    std::thread::Builder::new()
        .name("open-pipe".into())
        .spawn(move || send.send(File::open(target)))
        .map_err(unreadable)?;
    match receive.recv_timeout(PATIENCE) {
        Ok(opened) => opened.map_err(unreadable),
        Err(_) => Err(Error::NotAFile {
            path: path_name(path),
            problem: "is a pipe that nobody writes to; start the writer first, or name a file",
        }),
    }
}
