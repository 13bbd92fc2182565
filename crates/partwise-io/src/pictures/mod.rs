//! Pictures as the rows of a matrix: folders of PNG, JPEG and PNM, and stacks of pictures in `.npy` and idx.
//!
//! Every picture becomes a row of grey values, 0 for black and 1 for white where the file says what white is. Sizes that
//! headers declare are held against the bytes there are and against the memory limit before anything is allocated.

mod decode;
mod folder;
mod gathered;
mod pnm;
mod resize;
mod stack;
#[cfg(test)]
mod tests;

use crate::budget::{Budget, default_limit};
use crate::error::{Error, Place, Result, path_name};
use crate::input::{self, Input, Opened};
use crate::npy::fill;
use folder::{ENDINGS, Listed};
use gathered::Gathered;
use partwise::data::Matrix;
use std::fmt;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// Height and width of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Frame {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

impl Frame {
    /// How many pixels there are, if that is a number.
    pub fn pixels(self) -> Option<u64> {
        (self.height as u64).checked_mul(self.width as u64)
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

/// How pictures become rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PictureOptions {
    /// The size of all pictures. A matrix whose rows are pictures needs it.
    pub size: Option<Frame>,
    /// Whether pictures of another size are resized to it, and not refused.
    pub resize: bool,
    /// Whether the pixels of a row stand column by column. A matrix is taken as it is.
    pub by_columns: bool,
    /// Whether dark becomes bright.
    pub invert: bool,
    /// Whether the columns of a matrix are pictures.
    pub transpose: bool,
    /// Whether files of folders that cannot be read, and pictures of another size than most, are left out, and counted.
    pub skip_bad: bool,
    /// Bytes that may be used, as for [`ReadOptions`](crate::ReadOptions).
    pub memory_limit: u64,
}

impl Default for PictureOptions {
    fn default() -> PictureOptions {
        PictureOptions {
            size: None,
            resize: false,
            by_columns: false,
            invert: false,
            transpose: false,
            skip_bad: false,
            memory_limit: default_limit(),
        }
    }
}

/// How colours become grey.
pub const GREY: &str = "0.299 R + 0.587 G + 0.114 B";

/// Pictures as rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pictures {
    /// A picture a row, in single precision.
    pub matrix: Matrix<'static, f32>,
    /// The names of files, relative to their folder; none where all come from one array.
    pub names: Option<Vec<String>>,
    /// The size of every picture.
    pub frame: Frame,
    /// What they were read from: `png`, `jpeg`, `pnm`, `npy` or `idx`, or several of them.
    pub format: String,
    /// What the files store: `uint8`, `uint16`, `float32`, or several of them.
    pub stored_as: String,
    /// Whether some were rows or columns of a matrix, the order of whose pixels nobody knows.
    pub flat: bool,
    /// What was found or done on the way, one sentence each.
    pub notes: Vec<String>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One picture.
    One(Codec),
    /// An array of them, in NumPy's format.
    Npy,
    /// The same in that of MNIST.
    Idx,
}

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Png,
    Jpeg,
    Pnm,
}

impl Kind {
    fn of(head: &[u8]) -> Option<Kind> {
        match head {
            _ if head.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Kind::One(Codec::Png)),
            _ if head.starts_with(b"\xff\xd8\xff") => Some(Kind::One(Codec::Jpeg)),
            _ if head.starts_with(b"\x93NUMPY") => Some(Kind::Npy),
            [b'P', b'1'..=b'6', after, ..] if after.is_ascii_whitespace() || *after == b'#' => {
                Some(Kind::One(Codec::Pnm))
            }
            _ if stack::is_idx(head) => Some(Kind::Idx),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::One(Codec::Png) => "png",
            Kind::One(Codec::Jpeg) => "jpeg",
            Kind::One(Codec::Pnm) => "pnm",
            Kind::Npy => "npy",
            Kind::Idx => "idx",
        }
    }
}

/// Bytes by which a kind is known.
const HEAD: usize = 8;

/// An input that has been opened, with the first bytes joined to the rest.
struct Source<'a> {
    kind: Option<Kind>,
    bytes: Box<dyn Read + 'a>,
    size: Option<u64>,
    notes: Vec<String>,
    /// The first bytes.
    head: Vec<u8>,
}

fn open<'a>(input: Input<'a>, at: &Place) -> Result<Source<'a>> {
    let Opened { mut bytes, size, notes, .. } = input::open(input, at)?;
    let mut head = vec![0; HEAD];
    let got = fill(&mut bytes, &mut head, at)?;
    head.truncate(got);
    let bytes = Box::new(Cursor::new(head.clone()).chain(bytes));
    Ok(Source { kind: Kind::of(&head), bytes, size, notes, head })
}

/// Whether this is a picture, a folder, or an array that [`Found::read`] takes: a stack of pictures, or any `.npy`. What
/// cannot be opened is not.
pub fn is_of_pictures(path: &Path) -> bool {
    if path == Path::new("-") {
        return false;
    }
    let is_plain = std::fs::metadata(path).map(|found| (found.is_dir(), found.is_file()));
    match is_plain {
        Ok((true, _)) => true,
        Ok((_, true)) => {
            open(Input::path(path), &Place::of(path_name(path))).is_ok_and(|source| source.kind.is_some())
        }
        _ => false,
    }
}

/// What was named, with the pictures of folders listed.
#[derive(Debug)]
pub struct Found {
    items: Vec<Item>,
    budget: Budget,
}

#[derive(Debug)]
enum Item {
    Folder(Listed),
    File(PathBuf),
}

/// Looks for pictures: in folders and all that is below them, and in files; `-` is standard input. Nothing is read yet.
///
/// # Errors
/// If something is not there, or a folder has no pictures.
pub fn find<P: AsRef<Path>>(paths: &[P], memory_limit: u64) -> Result<Found> {
    let first = paths.first().map_or(String::new(), |path| path_name(path.as_ref()));
    let mut budget = Budget::new(memory_limit, Place::of(first));
    let mut items = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if !path.is_dir() {
            items.push(Item::File(path.to_path_buf()));
            continue;
        }
        let mut listed = Listed::of(path, &mut budget)?;
        if listed.pictures.is_empty() {
            let left: String = listed.notes().iter().map(|note| format!(" ({note})")).collect();
            return Err(Error::Unsupported {
                at: Place::of(path_name(path)),
                what: format!("there is no picture in this folder or below it{left}"),
                instead: format!("pictures are files that end in .{}", ENDINGS.join(", .")),
            });
        }
        if paths.len() > 1 {
            let folder = path_name(path);
            let folder = folder.trim_end_matches('/');
            listed.pictures.iter_mut().for_each(|(name, _)| *name = format!("{folder}/{name}"));
        }
        items.push(Item::Folder(listed));
    }
    Ok(Found { items, budget })
}

impl Found {
    /// The files that will be read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.items.iter().flat_map(|item| -> Box<dyn Iterator<Item = &Path>> {
            match item {
                Item::Folder(listed) => Box::new(listed.pictures.iter().map(|(_, path)| path.as_path())),
                Item::File(path) => Box::new(std::iter::once(path.as_path())),
            }
        })
    }

    /// Reads them all.
    ///
    /// # Errors
    /// If a file is not a picture, or is damaged; if pictures differ in size; if they do not fit into the memory limit.
    pub fn read(self, options: &PictureOptions) -> Result<Pictures> {
        let mut gathered = Gathered::new(options, self.budget);
        let single = self.items.len() == 1;
        gathered.choose_size(&self.items);
        for item in self.items {
            match item {
                Item::Folder(listed) => {
                    gathered.notes.extend(listed.notes());
                    let files = listed.pictures.len();
                    for (at, (name, path)) in listed.pictures.into_iter().enumerate() {
                        gathered.to_come = files - at;
                        gathered.file(Input::path(&path), name, true)?;
                    }
                }
                Item::File(path) => {
                    gathered.to_come = 1;
                    let input = Input::from_arg(&path);
                    let name = match path.file_name() {
                        Some(name) if single && path != Path::new("-") => path_name(Path::new(name)),
                        _ => input.name().to_string(),
                    };
                    gathered.file(input, name, false)?;
                }
            }
        }
        gathered.finish(single)
    }
}

/// All bytes of a file.
fn whole(bytes: &mut dyn Read, at: &Place, budget: &mut Budget) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let got = fill(&mut &mut *bytes, &mut block, at)?;
        let part = block.get(..got).unwrap_or_default();
        budget.grow(&mut data, part.len())?;
        data.extend_from_slice(part);
        if got < block.len() {
            return Ok(data);
        }
    }
}

/// Something else than a picture.
fn foreign(at: &Place, head: &[u8], found: bool) -> Error {
    let known: [(&[u8], &str); 9] = [
        (b"GIF8", "a GIF"),
        (b"RIFF", "WebP, or another RIFF file"),
        (b"II*\0", "a TIFF"),
        (b"MM\0*", "a TIFF"),
        (b"BM", "a BMP"),
        (b"P7", "a PAM"),
        (b"Pf", "a PFM"),
        (b"PF", "a PFM"),
        (b"\x93NUMPY", "an array"),
    ];
    let is = known.iter().find(|(start, _)| head.starts_with(start)).map(|(_, what)| *what);
    let what = match is {
        Some(what) => format!("this is {what}, whatever its name says"),
        None => "this is not a picture that is known".into(),
    };
    let instead = if found {
        "save it as PNG, or take it away"
    } else {
        "name a PNG, JPEG or PNM, a stack of pictures in .npy or idx, or a folder; `partwise fit` reads matrices, with `image` HxW"
    };
    Error::Unsupported { at: at.clone(), what, instead: instead.into() }
}
