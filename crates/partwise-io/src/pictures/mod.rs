//! Pictures as the rows of a matrix: folders of PNG, JPEG and PNM, and stacks of pictures in `.npy` and idx.
//!
//! Every picture becomes a row of grey values, 0 for black and 1 for white where the file says what white is. Sizes that
//! headers declare are held against the bytes there are and against the memory limit before anything is allocated.

mod decode;
mod folder;
mod pnm;
mod resize;
mod stack;
#[cfg(test)]
mod tests;

use crate::budget::{Budget, default_limit};
use crate::error::{Error, ErrorKind, Place, Result, count, path_name, quoted};
use crate::input::{self, Input, Opened};
use crate::npy::fill;
use decode::Picture;
use folder::{ENDINGS, Listed};
use partwise::data::{Dense, Matrix};
use resize::resized;
use stack::Stack;
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
    /// Whether files that cannot be read are left out, and counted.
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

/// What was gathered so far.
struct Gathered<'o> {
    options: &'o PictureOptions,
    budget: Budget,
    values: Vec<f32>,
    /// The size of pictures, and what has it.
    frame: Option<(Frame, String)>,
    names: Vec<String>,
    /// Whether all names are numbers of an array.
    numbered: bool,
    flat: bool,
    /// Files that are still to be read of this folder, this one too.
    to_come: usize,
    seen: Seen,
    notes: Vec<String>,
}

/// What pictures were like.
#[derive(Default)]
struct Seen {
    kinds: Vec<&'static str>,
    types: Vec<&'static str>,
    /// What became of the numbers in the files.
    scales: Vec<String>,
    colour: u64,
    transparent: u64,
    more: u64,
    resized: u64,
    bad: u64,
    first_bad: String,
}

fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

impl<'o> Gathered<'o> {
    fn new(options: &'o PictureOptions, budget: Budget) -> Gathered<'o> {
        Gathered {
            options,
            budget,
            values: Vec::new(),
            frame: None,
            names: Vec::new(),
            numbered: true,
            flat: false,
            to_come: 0,
            seen: Seen::default(),
            notes: Vec::new(),
        }
    }

    /// Reads a file: a picture, or an array of them where the file was named and not found in a folder.
    fn file(&mut self, input: Input<'_>, name: String, found: bool) -> Result<()> {
        let at = Place::of(input.name());
        match self.one(input, &at, &name, found) {
            Err(error) if self.options.skip_bad && found && is_bad(&error) => {
                if self.seen.bad == 0 {
                    self.seen.first_bad = error.to_string();
                }
                self.seen.bad += 1;
                Ok(())
            }
            done => done,
        }
    }

    fn one(&mut self, input: Input<'_>, at: &Place, name: &str, found: bool) -> Result<()> {
        let Source { kind, mut bytes, size, notes, head } = open(input, at)?;
        let mut budget = self.budget.aside(at.clone());
        match kind {
            Some(Kind::One(codec)) => {
                let data = whole(&mut bytes, at, &mut budget)?;
                let picture = decode::decode(codec, &data, at, &mut budget)?;
                drop(data);
                self.picture(picture, at, name, &mut budget)?;
            }
            Some(Kind::Npy) if !found => {
                let stack = stack::npy(bytes, size, at, self.options, &mut budget)?;
                self.stack(stack, at, name)?;
            }
            Some(Kind::Idx) if !found => {
                let stack = stack::idx(bytes, size, at, self.options, &mut budget)?;
                self.stack(stack, at, name)?;
            }
            _ => return Err(foreign(at, &head, found)),
        }
        if let Some(kind) = kind {
            once(&mut self.seen.kinds, kind.name());
        }
        if !found {
            self.notes.extend(notes);
        }
        Ok(())
    }

    /// The size that a picture becomes; refuses one that is not that of the others.
    fn fits(&mut self, frame: Frame, at: &Place, name: &str) -> Result<Frame> {
        let (wanted, whose) = match (&self.frame, self.options.size) {
            (Some((wanted, first)), None) => (*wanted, format!("{} is {wanted}", quoted(first))),
            (_, Some(wanted)) => (wanted, format!("the pictures of the fit are {wanted}")),
            (None, None) => (frame, String::new()),
        };
        if frame != wanted && !self.options.resize {
            let instead = if self.options.size.is_none() {
                ", and all pictures have one size; leave one out, or give `size` HxW to resize them"
            } else {
                ""
            };
            return Err(Error::Shape {
                at: at.clone(),
                shape: frame.to_string(),
                needs: format!("{whose}{instead}"),
            });
        }
        if self.frame.is_none() {
            self.frame = Some((wanted, name.to_string()));
        }
        Ok(wanted)
    }

    fn picture(&mut self, picture: Picture, at: &Place, name: &str, budget: &mut Budget) -> Result<()> {
        let Picture { frame, values, deep, colour, transparent, more } = picture;
        let frame_now = self.fits(frame, at, name)?;
        let pixels = frame_now.pixels().unwrap_or(u64::MAX);
        // Room for all that are to come: what does not fit is found out now, and not after hours.
        let count = usize::try_from(pixels.saturating_mul(self.to_come as u64)).unwrap_or(usize::MAX);
        self.budget.grow(&mut self.values, count)?;
        self.put(&values, frame, frame_now, budget)?;
        self.names.push(name.to_string());
        self.numbered = false;
        once(&mut self.seen.types, if deep { "uint16" } else { "uint8" });
        once(&mut self.seen.scales, "black to white as 0 to 1".into());
        self.seen.colour += u64::from(colour);
        self.seen.transparent += u64::from(transparent);
        self.seen.more += u64::from(more);
        Ok(())
    }

    /// Appends a picture in its size and order of pixels; room has been made.
    fn put(&mut self, values: &[f32], from: Frame, to: Frame, budget: &mut Budget) -> Result<()> {
        let other = if from == to { None } else { Some(resized(values, from, to, budget)?) };
        self.seen.resized += u64::from(other.is_some());
        let values = other.as_deref().unwrap_or(values);
        if self.options.by_columns {
            let pixel = |at: usize| values.get(at).copied().unwrap_or_default();
            let order = (0..to.width).flat_map(|x| (0..to.height).map(move |y| y * to.width + x));
            self.values.extend(order.map(pixel));
        } else {
            self.values.extend_from_slice(values);
        }
        Ok(())
    }

    fn stack(&mut self, stack: Stack, at: &Place, name: &str) -> Result<()> {
        let Stack { count, frame, values, flat, colour, stored_as, most, note } = stack;
        let to = self.fits(frame, at, name)?;
        let as_it_is = flat || (frame == to && !self.options.by_columns);
        let taken = size_of::<f32>() as u64 * values.capacity() as u64;
        self.budget.charge(taken)?;
        if as_it_is && self.values.is_empty() {
            self.values = values;
        } else {
            let more = (count as u64).saturating_mul(to.pixels().unwrap_or(u64::MAX));
            self.budget.grow(&mut self.values, usize::try_from(more).unwrap_or(usize::MAX))?;
            if as_it_is {
                self.values.extend(values);
            } else {
                let pixels = usize::try_from(frame.pixels().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
                for picture in values.chunks_exact(pixels.max(1)) {
                    let mut budget = self.budget.aside(at.clone());
                    self.put(picture, frame, to, &mut budget)?;
                }
            }
            self.budget.release(taken);
        }
        let bytes = (name.len() + 12 + size_of::<String>()) as u64;
        self.budget.charge(bytes.saturating_mul(count as u64))?;
        self.names.extend((0..count).map(|i| format!("{name}[{i}]")));
        self.flat |= flat;
        once(&mut self.seen.types, stored_as);
        let scale = if most == 1.0 { "as they are".into() } else { format!("0 to {most} as 0 to 1") };
        once(&mut self.seen.scales, scale);
        self.seen.colour += if colour { count as u64 } else { 0 };
        self.notes.extend(note);
        Ok(())
    }

    fn finish(mut self, single: bool) -> Result<Pictures> {
        let at = self.budget.place();
        let Some((frame, _)) = self.frame.take().filter(|_| !self.names.is_empty()) else {
            let problem = format!("none of its pictures can be read; the first: {}", self.seen.first_bad);
            return Err(Error::Data { at, problem, instead: String::new() });
        };
        let mut sorted: Vec<&String> = self.names.iter().collect();
        sorted.sort_unstable();
        let twice = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a == b);
        if let Some((twice, _)) = twice {
            return Err(Error::Data {
                at,
                problem: format!("{} is there twice", quoted(twice)),
                instead: "name every picture once".into(),
            });
        }
        if self.options.invert {
            let outside = self.values.iter().position(|x| !(0.0..=1.0).contains(x) && !x.is_nan());
            if let Some(at_value) = outside {
                let pixels = frame.pixels().unwrap_or(1).max(1) as usize;
                let name = self.names.get(at_value / pixels).cloned().unwrap_or_default();
                let value = self.values.get(at_value).copied().unwrap_or_default();
                return Err(Error::Data {
                    at: Place::of(name),
                    problem: format!(
                        "the value {value} is not between 0 and 1, so that `invert` has no meaning"
                    ),
                    instead: "save it as uint8, or scale it to 0..1".into(),
                });
            }
            self.values.iter_mut().for_each(|x| *x = 1.0 - *x);
        }
        let notes = self.told(frame);
        let rows = self.names.len();
        let cols = usize::try_from(frame.pixels().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let dense = Dense::from_vec(rows, cols, self.values).map_err(|error| Error::Data {
            at,
            problem: error.to_string(),
            instead: String::new(),
        })?;
        Ok(Pictures {
            matrix: dense.into(),
            names: (!(single && self.numbered)).then_some(self.names),
            frame,
            format: self.seen.kinds.join(", "),
            stored_as: self.seen.types.join(", "),
            flat: self.flat,
            notes,
        })
    }

    /// What was found and done.
    fn told(&self, frame: Frame) -> Vec<String> {
        let seen = &self.seen;
        let mut notes = vec![format!(
            "{} of {} x {} pixels, values {}{}",
            count(self.names.len() as u64, "picture"),
            frame.height,
            frame.width,
            seen.scales.join(", or "),
            if self.options.invert { ", inverted: 1 is black" } else { "" }
        )];
        let pictures = |n: u64| count(n, "picture");
        if seen.colour > 0 {
            notes.push(format!("{} in colour, turned to grey: {GREY}", pictures(seen.colour)));
        }
        if seen.transparent > 0 {
            notes.push(format!("{} with transparent pixels, seen on white", pictures(seen.transparent)));
        }
        if seen.more > 0 {
            let files = count(seen.more, "file");
            notes.push(format!("{files} with more than one picture: the first is taken"));
        }
        if seen.resized > 0 {
            notes.push(format!("{} resized: a pixel is the mean of its area", pictures(seen.resized)));
        }
        if seen.bad > 0 {
            notes.push(format!(
                "{} left out that cannot be read; {}",
                count(seen.bad, "file"),
                seen.first_bad
            ));
        }
        notes.extend(self.notes.iter().cloned());
        notes
    }
}

/// Whether it is the file that is wrong, and not the system or the whole.
fn is_bad(error: &Error) -> bool {
    error.kind() == ErrorKind::Data && !matches!(error, Error::Shape { .. })
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
