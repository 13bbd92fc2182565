//! Which format a file has: by its name, by its first bytes, and what to say when the two disagree.

use crate::error::{Error, Place, Result};
use std::fmt;
use std::str::FromStr;

/// A file format. Gzip around any of them is recognised by content and is not part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// NumPy array.
    Npy,
    /// NumPy archive: a dense array, or a SciPy sparse matrix.
    Npz,
    /// Matrix Market, `coordinate` or `array`.
    Mtx,
    /// Text, cells separated by commas (or semicolons).
    Csv,
    /// Text, cells separated by tabs.
    Tsv,
    /// Text; the separator is found out.
    Txt,
}

const ALL: [(Format, &str); 6] = [
    (Format::Npy, "npy"),
    (Format::Npz, "npz"),
    (Format::Mtx, "mtx"),
    (Format::Csv, "csv"),
    (Format::Tsv, "tsv"),
    (Format::Txt, "txt"),
];

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ALL.iter().find(|(format, _)| format == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Format {
    type Err = String;

    /// By name: `npy`, `npz`, `mtx`, `csv`, `tsv` or `txt`.
    fn from_str(name: &str) -> Result<Format, String> {
        let found = ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(format, _)| *format).ok_or_else(|| {
            let known: Vec<&str> = ALL.iter().map(|(_, name)| *name).collect();
            format!("unknown format '{name}'; known are {}", known.join(", "))
        })
    }
}

/// What a file name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    Format(Format),
    /// A format that is known, and not read.
    Foreign(&'static str),
    Nothing,
}

const FOREIGN: &str = "h5ad h5 hdf5 loom mat parquet feather arrow xlsx xls ods rds rda rdata pkl pickle joblib pt \
                       pth safetensors zarr json jsonl png jpg jpeg tif tiff bmp gif wav flac mp3 bz2 xz zst 7z rar \
                       tar tgz pdf html";

/// What a name promises, and whether it says that it is gzipped.
pub(crate) fn promised(name: &str) -> (Promise, bool) {
    let lower = name.to_ascii_lowercase();
    let (stem, gzipped) = match lower.strip_suffix(".gz") {
        Some(stem) => (stem, true),
        None => (lower.as_str(), false),
    };
    let file = stem.rsplit(['/', '\\']).next().unwrap_or(stem);
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let promise = match extension {
        "tab" => Promise::Format(Format::Tsv),
        "mm" => Promise::Format(Format::Mtx),
        _ => match (extension.parse(), FOREIGN.split_ascii_whitespace().find(|&known| known == extension)) {
            (Ok(format), _) => Promise::Format(format),
            (_, Some(known)) => Promise::Foreign(known),
            _ => Promise::Nothing,
        },
    };
    (promise, gzipped)
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    Npy,
    Zip,
    Gzip,
    MatrixMarket,
    /// Something else that can be named.
    Foreign(&'static str),
    Text,
    Binary,
}

pub(crate) fn magic(head: &[u8]) -> Magic {
    const KNOWN: [(&[u8], Magic); 14] = [
        (b"\x93NUMPY", Magic::Npy),
        (b"PK\x03\x04", Magic::Zip),
        (b"PK\x05\x06", Magic::Zip),
        (b"\x1f\x8b", Magic::Gzip),
        (b"\x89HDF\r\n\x1a\n", Magic::Foreign("an HDF5 file (.h5, .h5ad, .loom, .mat 7.3)")),
        (b"MATLAB 5.0", Magic::Foreign("a MATLAB file (.mat)")),
        (b"PAR1", Magic::Foreign("a Parquet file")),
        (b"ARROW1", Magic::Foreign("an Arrow file")),
        (b"\x80\x02", Magic::Foreign("a Python pickle, which could run code and is never opened")),
        (b"\x80\x03", Magic::Foreign("a Python pickle, which could run code and is never opened")),
        (b"\x80\x04", Magic::Foreign("a Python pickle, which could run code and is never opened")),
        (b"\x80\x05", Magic::Foreign("a Python pickle, which could run code and is never opened")),
        (b"\x89PNG", Magic::Foreign("a PNG picture")),
        (b"\x28\xb5\x2f\xfd", Magic::Foreign("compressed with zstd")),
    ];
    if let Some((_, magic)) = KNOWN.iter().find(|(start, _)| head.starts_with(start)) {
        return *magic;
    }
    if is_banner(head) {
        return Magic::MatrixMarket;
    }
    if utf16(head) {
        return Magic::Foreign("text in UTF-16; save it as UTF-8");
    }
    if head.contains(&0) { Magic::Binary } else { Magic::Text }
}

/// The banner, even if it is carelessly written.
fn is_banner(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let word = head.strip_prefix(b"%%").or(head.strip_prefix(b"%")).unwrap_or_default();
    word.get(..12).is_some_and(|word| word.eq_ignore_ascii_case(b"MatrixMarket"))
}

fn utf16(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    // Without a mark: plain characters, each with a zero byte on the same side.
    let (pairs, _) = head.get(..32).unwrap_or(head).as_chunks::<2>();
    pairs.len() >= 4
        && (pairs.iter().all(|&[a, b]| a == 0 && b != 0 && b.is_ascii())
            || pairs.iter().all(|&[a, b]| b == 0 && a != 0 && a.is_ascii()))
}

const READABLE: &str = "save the matrix as .npy, .npz (scipy.sparse.save_npz), .mtx, .csv or .tsv";

/// The format to read, from what was asked for, what the name promises and what the first bytes say.
pub(crate) fn decide(asked: Option<Format>, promise: Promise, magic: Magic, at: &Place) -> Result<Format> {
    let foreign = |what: String| Err(Error::Unsupported { at: at.clone(), what, instead: READABLE.into() });
    if let Some(format) = asked {
        return Ok(format);
    }
    let is = match magic {
        Magic::Npy => Some(Format::Npy),
        Magic::Zip => Some(Format::Npz),
        Magic::MatrixMarket => Some(Format::Mtx),
        Magic::Foreign(what) => return foreign(format!("this is {what}")),
        Magic::Gzip => return foreign("this is gzip within gzip".into()),
        Magic::Text | Magic::Binary => None,
    };
    match (promise, is, magic) {
        (Promise::Foreign(name), _, _) if !matches!(is, Some(Format::Npy | Format::Mtx)) => {
            foreign(format!(".{name} files are not read"))
        }
        (Promise::Format(named), Some(is), _) if named != is => Err(Error::Format {
            at: at.clone(),
            problem: format!("it is named .{named}, but its content is {}", described(is)),
            instead: format!("name it .{is}, or give the format {is}"),
        }),
        (Promise::Format(named), _, _) => Ok(named),
        (_, Some(is), _) => Ok(is),
        (_, None, Magic::Binary) => foreign("this is neither text nor a format that is known".into()),
        (_, None, _) => Ok(Format::Txt),
    }
}

fn described(format: Format) -> &'static str {
    match format {
        Format::Npy => "a NumPy array",
        Format::Npz => "a zip archive",
        Format::Mtx => "a Matrix Market file",
        Format::Csv | Format::Tsv | Format::Txt => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_are_recognised() {
        assert_eq!(promised("a.b/X.CSV.gz"), (Promise::Format(Format::Csv), true));
        assert_eq!(promised("x.tab"), (Promise::Format(Format::Tsv), false));
        assert_eq!(promised("x.h5ad"), (Promise::Foreign("h5ad"), false));
        assert_eq!(promised("dir.csv/x"), (Promise::Nothing, false));
        assert_eq!(promised("x.gz"), (Promise::Nothing, true));
        assert_eq!(magic(b"\x93NUMPY\x01\0"), Magic::Npy);
        assert_eq!(magic(b"\xef\xbb\xbf \n%matrixmarket matrix"), Magic::MatrixMarket);
        assert_eq!(magic(b"1,2\n"), Magic::Text);
        assert_eq!(magic(b"1\0,\x002\0\n\0"), magic(b"\xff\xfe1\0"));
        assert_eq!(magic(b"1,2\0"), Magic::Binary);
        for (format, name) in ALL {
            assert_eq!((format.to_string().as_str(), name.parse()), (name, Ok(format)));
        }
        assert!("xlsx".parse::<Format>().is_err());
    }

    #[test]
    fn disagreement_is_an_error_with_a_way_out() {
        let at = Place::of("x");
        let named = |format| Promise::Format(format);
        assert_eq!(decide(None, named(Format::Npy), Magic::Text, &at).unwrap(), Format::Npy);
        assert_eq!(decide(None, Promise::Nothing, Magic::Text, &at).unwrap(), Format::Txt);
        assert_eq!(
            decide(Some(Format::Csv), Promise::Foreign("xls"), Magic::Text, &at).unwrap(),
            Format::Csv
        );
        let error = decide(None, named(Format::Csv), Magic::Zip, &at).unwrap_err();
        assert_eq!(
            error.to_string(),
            "'x': it is named .csv, but its content is a zip archive; name it .npz, or give the format npz"
        );
        for (promise, magic) in [
            (Promise::Foreign("h5ad"), Magic::Foreign("an HDF5 file")),
            (Promise::Foreign("xlsx"), Magic::Zip),
            (Promise::Nothing, Magic::Binary),
            (Promise::Nothing, Magic::Gzip),
        ] {
            assert!(matches!(decide(None, promise, magic, &at), Err(Error::Unsupported { .. })));
        }
    }
}
