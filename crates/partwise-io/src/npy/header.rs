//! The header of a `.npy` array: a Python literal, of which only what NumPy writes is understood. Nothing is evaluated.

use super::dtype::{Descr, Dtype};
use crate::error::{Error, Place, Result, count, shown};
use std::io::Read;

/// NumPy itself writes less than 200 bytes for a plain array.
const LONGEST: u32 = 1 << 16;
const MOST_DIMENSIONS: usize = 64;
const SIGNATURE: &[u8; 6] = b"\x93NUMPY";

/// What stands before the numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) descr: Descr,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
    /// Its own length, with signature and version.
    pub(crate) bytes: u64,
}

impl Header {
    /// Reads it, and not a byte more.
    pub(crate) fn read(reader: &mut impl Read, at: &Place) -> Result<Header> {
        let mut start = [0; 8];
        let got = fill(reader, &mut start, at)?;
        let (signature, version) = (start.get(..6), start.get(6..));
        if signature != Some(SIGNATURE) || got < 8 {
            return Err(Error::Format {
                at: at.clone(),
                problem: "this is not a NumPy array: it does not start with the .npy signature".into(),
                instead: "save it with numpy.save, or give the right format".into(),
            });
        }
        let (length, before) = match version {
            Some([1, 0]) => {
                let mut length = [0; 2];
                exactly(reader, &mut length, at)?;
                (u32::from(u16::from_le_bytes(length)), 10)
            }
            Some([2 | 3, 0]) => {
                let mut length = [0; 4];
                exactly(reader, &mut length, at)?;
                (u32::from_le_bytes(length), 12)
            }
            other => {
                let [major, minor] = other.and_then(|v| v.try_into().ok()).unwrap_or([0, 0]);
                return Err(wrong(at, format!("version {major}.{minor} of the .npy format is not known")));
            }
        };
        if length > LONGEST {
            let problem = format!("its header declares {length} bytes, more than the {LONGEST} allowed");
            return Err(wrong(at, problem));
        }
        let mut text = vec![0; length as usize];
        exactly(reader, &mut text, at)?;
        let (descr, fortran, shape) = Literal { rest: &text, at }.header()?;
        Ok(Header { descr, fortran, shape, bytes: before + u64::from(length) })
    }

    /// The shape as Python prints it.
    pub(crate) fn shape_text(&self) -> String {
        match self.shape.as_slice() {
            [one] => format!("({one},)"),
            all => format!("({})", all.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
        }
    }

    /// How many elements the array has.
    pub(crate) fn elements(&self, at: &Place) -> Result<u64> {
        let zero = self.shape.contains(&0);
        let total = self.shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n));
        match total {
            _ if zero => Ok(0),
            Some(total) if total.checked_mul(16).is_some() => Ok(total),
            _ => Err(Error::Shape {
                at: at.clone(),
                shape: self.shape_text(),
                needs: "no machine has memory for that many numbers; the header is wrong".into(),
            }),
        }
    }

    /// Rows and columns.
    pub(crate) fn matrix_shape(&self, at: &Place) -> Result<(u64, u64)> {
        let needs = match self.shape.as_slice() {
            &[rows, cols] => return Ok((rows, cols)),
            [] => "a single number is not a matrix",
            [_] => {
                "a matrix has two dimensions; save X.reshape(-1, 1) for one column, or X.reshape(1, -1) for one row"
            }
            _ => "a matrix has two dimensions; save X.reshape(len(X), -1) to make a row of every item",
        };
        Err(Error::Shape { at: at.clone(), shape: self.shape_text(), needs: needs.into() })
    }

    /// The type of its numbers.
    pub(crate) fn dtype(&self, at: &Place) -> Result<Dtype> {
        self.descr.number().map_err(|(what, instead)| Error::Unsupported { at: at.clone(), what, instead })
    }
}

fn wrong(at: &Place, problem: String) -> Error {
    Error::Format { at: at.clone(), problem, instead: "save it again with numpy.save".into() }
}

/// Reads until the buffer is full or the input ends.
pub(crate) fn fill(reader: &mut impl Read, buffer: &mut [u8], at: &Place) -> Result<usize> {
    let mut got = 0;
    while let Some(rest) = buffer.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::reading(at, source)),
        }
    }
    Ok(got)
}

fn exactly(reader: &mut impl Read, buffer: &mut [u8], at: &Place) -> Result<()> {
    let got = fill(reader, buffer, at)?;
    if got == buffer.len() {
        return Ok(());
    }
    Err(Error::Truncated {
        at: at.clone(),
        expected: format!("a header of {} more", count(buffer.len() as u64, "byte")),
        found: count(got as u64, "byte"),
    })
}

/// What is left to read of the literal.
struct Literal<'a> {
    rest: &'a [u8],
    at: &'a Place,
}

impl<'a> Literal<'a> {
    fn header(mut self) -> Result<(Descr, bool, Vec<u64>)> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.take(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            let twice = match key {
                b"descr" => descr.replace(self.descr()?).is_some(),
                b"fortran_order" => fortran.replace(self.boolean()?).is_some(),
                b"shape" => shape.replace(self.shape()?).is_some(),
                _ => return Err(self.wrong(format!("it has an unknown key {}", shown(key)))),
            };
            if twice {
                return Err(self.wrong(format!("it gives {} twice", shown(key))));
            }
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        if !self.rest.trim_ascii().is_empty() {
            return Err(self.wrong(format!("it goes on with {}", shown(self.rest.trim_ascii()))));
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok((descr, fortran, shape)),
            _ => Err(self.wrong("it lacks one of 'descr', 'fortran_order' and 'shape'".into())),
        }
    }

    fn wrong(&self, problem: String) -> Error {
        wrong(self.at, format!("the header of the array is not what NumPy writes: {problem}"))
    }

    fn unexpected(&self) -> Error {
        self.wrong(format!("unexpected {}", shown(self.rest)))
    }

    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn string(&mut self) -> Result<&'a [u8]> {
        let quote = match self.peek() {
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return Err(self.unexpected()),
        };
        let mut parts = self.rest.get(1..).unwrap_or_default().splitn(2, |&b| b == quote);
        match (parts.next(), parts.next()) {
            (Some(text), Some(rest)) if !text.contains(&b'\\') => {
                self.rest = rest;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn descr(&mut self) -> Result<Descr> {
        match self.peek() {
            Some(b'[' | b'(') => Err(Error::Unsupported {
                at: self.at.clone(),
                what: "it is a structured array, with named fields".into(),
                instead: "save one field, or numpy.lib.recfunctions.structured_to_unstructured(X)".into(),
            }),
            _ => {
                let text = self.string()?;
                Descr::parse(text).ok_or_else(|| self.wrong(format!("unknown dtype {}", shown(text))))
            }
        }
    }

    fn boolean(&mut self) -> Result<bool> {
        self.peek();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected())
    }

    fn shape(&mut self) -> Result<Vec<u64>> {
        let mut shape = Vec::new();
        self.expect(b'(')?;
        while !self.take(b')') {
            shape.push(self.dimension()?);
            if shape.len() > MOST_DIMENSIONS {
                return Err(self.wrong(format!("the shape has more than {MOST_DIMENSIONS} dimensions")));
            }
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn dimension(&mut self) -> Result<u64> {
        self.peek();
        let end = self.rest.iter().position(|&b| b == b',' || b == b')').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        let word = word.trim_ascii_end();
        // Python 2 wrote long integers as 5L.
        let digits = word.strip_suffix(b"L").unwrap_or(word);
        let number = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        self.rest = rest;
        number.and_then(|text| text.parse().ok()).ok_or_else(|| Error::Shape {
            at: self.at.clone(),
            shape: format!("with {} in it", shown(word)),
            needs: "a dimension is a whole number that is not negative and fits into 64 bits".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn npy(version: u8, text: &str) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend([version, 0]);
        match version {
            1 => out.extend((text.len() as u16).to_le_bytes()),
            _ => out.extend((text.len() as u32).to_le_bytes()),
        }
        out.extend(text.as_bytes());
        out
    }

    fn read(bytes: &[u8]) -> Result<Header> {
        Header::read(&mut &bytes[..], &Place::of("x.npy"))
    }

    #[test]
    fn what_numpy_writes_is_understood() {
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }          \n";
        for version in [1, 2, 3] {
            let header = read(&npy(version, text)).unwrap();
            assert_eq!((header.shape.as_slice(), header.fortran), (&[3, 4][..], false));
            assert_eq!(header.bytes, if version == 1 { 10 } else { 12 } + text.len() as u64);
        }
        let python2 = r#"{"shape": (3L,4L), "fortran_order": True, "descr": "|u1"}"#;
        let header = read(&npy(1, python2)).unwrap();
        assert_eq!((header.matrix_shape(&Place::default()).unwrap(), header.fortran), ((3, 4), true));
    }

    /// D27, D28, D34: lengths, shapes and versions that lie; code is text and stays text.
    #[test]
    fn d27_d28_d34_headers_that_lie_are_refused() {
        let with_shape =
            |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}");
        for shape in
            ["(-1, 2)", "(True, 2)", "(2.0, 2)", "((2, 2), 2)", "(99999999999999999999, 1)", "(2, )x"]
        {
            let error = read(&npy(1, &with_shape(shape))).unwrap_err();
            assert!(matches!(error, Error::Shape { .. } | Error::Format { .. }), "{shape}: {error}");
        }
        for shape in ["(4611686018427387904, 4)", "(2305843009213693952, 1)"] {
            let header = read(&npy(1, &with_shape(shape))).unwrap();
            assert!(matches!(header.elements(&Place::default()), Err(Error::Shape { .. })), "{shape}");
        }
        let nested = with_shape(&format!("{}{}", "(".repeat(3000), ")".repeat(3000)));
        assert!(matches!(read(&npy(1, &nested)), Err(Error::Shape { .. })));
        for text in [
            "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1, 1)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'x': 1}",
            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (1, 1)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)} or 1",
            "{'descr': '<f8",
            "",
        ] {
            assert!(matches!(read(&npy(1, text)), Err(Error::Format { .. })), "{text}");
        }
        let mut long = SIGNATURE.to_vec();
        long.extend([2, 0, 255, 255, 255, 255]);
        assert!(read(&long).unwrap_err().to_string().contains("4294967295 bytes, more than the 65536"));
        let mut version = npy(1, "{}");
        (version[6], version[7]) = (9, 9);
        assert!(read(&version).unwrap_err().to_string().contains("version 9.9"));
        assert!(read(b"\x93NUMPX\x01\0\0\0").unwrap_err().to_string().contains("signature"));
        for cut in [0, 5, 7, 8, 9, 20] {
            assert!(read(&npy(1, &with_shape("(1, 1)"))[..cut]).is_err(), "{cut}");
        }
    }
}
