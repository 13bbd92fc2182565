//! `.npz`: a zip archive of `.npy` arrays; one of them dense, or several that make a SciPy sparse matrix.
//!
//! Members are read in place and decoded as they are inflated. None is ever extracted, whatever its name says.

mod directory;
mod sparse;

use crate::error::{Error, Place, Result, count, quoted};
use crate::input::Bytes;
use crate::npy::{Array, Header, trailing};
use crate::read::{Context, Parsed};
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use zip::read::ZipFile;
use zip::result::ZipError;

trait Seekable: Read + Seek {}
impl<R: Read + Seek> Seekable for R {}

type Source<'a> = Box<dyn Seekable + 'a>;

/// Deflate makes at most 1032 bytes of one.
const MOST_EXPANSION: u64 = 1032;
/// Memory for a byte of the archive's directory: 4.2 were measured.
const DIRECTORY_EXPANSION: u64 = 6;
/// Padding that a member may have after its array.
const MOST_LEFT_OVER: u64 = 1 << 16;

/// An open archive.
pub(crate) struct Archive<'a> {
    zip: zip::ZipArchive<Source<'a>>,
    /// Bytes of the whole file.
    size: u64,
    at: Place,
}

impl<'a> Archive<'a> {
    fn open(mut source: Source<'a>, cx: &mut Context<'_>) -> Result<Archive<'a>> {
        let at = &cx.at;
        let size = source.seek(SeekFrom::End(0)).map_err(|source| Error::reading(at, source))?;
        let directory = directory::size(&mut source, size, at)?;
        cx.budget.charge(directory.saturating_mul(DIRECTORY_EXPANSION))?;
        let zip = zip::ZipArchive::new(source).map_err(|error| zip_error(at, error))?;
        let archive = Archive { zip, size, at: at.clone() };
        if archive.zip.has_duplicate_names() {
            return Err(archive.key_error("several members of the archive have the same name"));
        }
        Ok(archive)
    }

    /// Names of the arrays, without `.npy`.
    fn names(&self) -> Vec<String> {
        let names = self.zip.file_names_raw().map(String::from_utf8_lossy);
        names.filter_map(|name| name.strip_suffix(".npy").map(str::to_string)).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.zip.index_for_name_raw(format!("{name}.npy").as_bytes()).is_some()
    }

    fn key_error(&self, problem: &str) -> Error {
        Error::Key { at: self.at.clone(), problem: problem.into(), available: self.names() }
    }

    fn file(&mut self, name: &str) -> Result<(ZipFile<'_, Source<'a>>, Place)> {
        let at = self.at.in_member(name);
        let Some(index) = self.zip.index_for_name_raw(format!("{name}.npy").as_bytes()) else {
            return Err(self.key_error(&format!("there is no array {}", quoted(name))));
        };
        match self.zip.by_index(index) {
            Ok(file) => Ok((file, at)),
            Err(error) => Err(zip_error(&at, error)),
        }
    }

    /// The array in a member, if the member can hold it.
    fn array(&mut self, name: &str) -> Result<Array<ZipFile<'_, Source<'a>>>> {
        let all = self.size;
        let (file, at) = self.file(name)?;
        let (size, compressed) = (file.size(), file.compressed_size().min(all));
        let array = Array::open(file, at)?;
        let left_over = array.check_size(size)?;
        // A lie about the size in the directory is found out here, before memory is taken.
        array.check_size(compressed.saturating_mul(MOST_EXPANSION).saturating_add(4096))?;
        if left_over > MOST_LEFT_OVER {
            return Err(Error::Format {
                at: array.at,
                problem: format!("{} stand after the array", count(left_over, "byte")),
                instead: "save it again with numpy.savez or scipy.sparse.save_npz".into(),
            });
        }
        Ok(array)
    }

    /// Text in a member: SciPy's name of a sparse format.
    fn word(&mut self, name: &str) -> Result<String> {
        const LONGEST: usize = 64;
        let (mut file, at) = self.file(name)?;
        let header = Header::read(&mut file, &at)?;
        let wrong = |problem: &str| Error::Format {
            at: at.clone(),
            problem: problem.into(),
            instead: "save it again with scipy.sparse.save_npz".into(),
        };
        let crate::npy::Descr::Text { wide, big_endian, length } = header.descr else {
            return Err(wrong("this is not the name of a sparse format"));
        };
        let bytes = if wide { length.saturating_mul(4) } else { length };
        if bytes > LONGEST || header.elements(&at)? != 1 {
            return Err(wrong("this is not the name of a sparse format"));
        }
        let mut text = Vec::new();
        let mut rest = (&mut file).take(bytes as u64);
        rest.read_to_end(&mut text).map_err(|source| Error::reading(&at, source))?;
        let chars: String = if wide {
            let (units, _) = text.as_chunks::<4>();
            let code = |&b: &[u8; 4]| if big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) };
            units.iter().map(|b| char::from_u32(code(b)).unwrap_or('?')).collect()
        } else {
            String::from_utf8_lossy(&text).into_owned()
        };
        Ok(chars.trim_end_matches('\0').to_string())
    }
}

/// Finishes a member: to its end, where its checksum is compared.
fn finish<R: Read>(array: &mut Array<R>, cx: &mut Context<'_>) -> Result<()> {
    match array.left_over(MOST_LEFT_OVER + 1)? {
        0 => {}
        n => cx.note(format!("{} (member {})", trailing(n), quoted(array.at.member().unwrap_or("")))),
    }
    Ok(())
}

/// Reads a `.npz`.
pub(crate) fn read(bytes: Bytes<'_>, cx: &mut Context<'_>) -> Result<Parsed> {
    let source: Source<'_> = match bytes {
        Bytes::File(file) => Box::new(BufReader::with_capacity(1 << 16, file)),
        Bytes::Stream(stream) => Box::new(Cursor::new(in_memory(stream, cx)?)),
    };
    let mut archive = Archive::open(source, cx)?;
    if let Some(key) = &cx.options.key {
        let name = key.strip_suffix(".npy").filter(|_| !archive.has(key)).unwrap_or(key).to_string();
        return dense(&mut archive, &name, cx);
    }
    if ["format", "shape", "data"].iter().all(|name| archive.has(name)) {
        return sparse::read(&mut archive, cx);
    }
    match archive.names().as_slice() {
        [name] => dense(&mut archive, name, cx),
        [] => Err(archive.key_error("the archive holds no NumPy array")),
        _ => Err(archive.key_error("the archive holds several arrays, and none says which is the matrix")),
    }
}

fn dense(archive: &mut Archive<'_>, name: &str, cx: &mut Context<'_>) -> Result<Parsed> {
    let array = archive.array(name)?.or_vector(cx);
    array.header.matrix_shape(&array.at)?;
    let stored_as = array.dtype.name();
    let (matrix, mut array) = array.into_dense(true, cx)?;
    finish(&mut array, cx)?;
    Ok(Parsed::unnamed(matrix, stored_as))
}

/// A zip archive is read from its end, so one from a pipe is kept in memory first.
fn in_memory(mut stream: impl Read, cx: &mut Context<'_>) -> Result<Vec<u8>> {
    let mut all: Vec<u8> = Vec::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let got = crate::npy::fill(&mut stream, &mut block, &cx.at)?;
        let part = block.get(..got).unwrap_or_default();
        if part.is_empty() {
            return Ok(all);
        }
        cx.budget.grow(&mut all, got)?;
        all.extend_from_slice(part);
    }
}

fn zip_error(at: &Place, error: ZipError) -> Error {
    let at = at.clone();
    match error {
        ZipError::Io(source) => Error::reading(&at, source),
        ZipError::UnsupportedArchive(what) => Error::Unsupported {
            at,
            what: format!("this zip archive is of a kind that is not read ({what})"),
            instead: "save it again with numpy.savez or scipy.sparse.save_npz".into(),
        },
        ZipError::CompressionMethodNotSupported(method) => Error::Unsupported {
            at,
            what: format!("it is compressed with method {method} of the zip format, which is not read"),
            instead: "save it again with numpy.savez_compressed or scipy.sparse.save_npz".into(),
        },
        ZipError::InvalidArchive(what) => {
            Error::Damaged { at, problem: format!("it is not a whole zip archive ({what})") }
        }
        other => Error::Damaged { at, problem: format!("it is not a whole zip archive ({other})") },
    }
}

#[cfg(test)]
mod tests;
