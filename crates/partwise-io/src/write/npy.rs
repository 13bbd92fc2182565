//! `.npy`, version 1, C order, little endian.

use super::{atomic, for_each_row};
use crate::error::{Error, Place, Result, path_name};
use crate::read::{AnyMatrix, Precision};
use partwise::data::Matrix;
use partwise::scalar::Scalar;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// `f32` or `f64`, and nothing else.
pub trait NpyScalar: Scalar + sealed::Sealed {
    /// NumPy's name for it in a file.
    const DESCR: &'static str;
    /// The option of the reader that asks for it.
    const PRECISION: Precision;
    /// The matrix, if it is in this precision.
    fn of(any: AnyMatrix) -> Option<Matrix<'static, Self>>;
    #[doc(hidden)]
    fn append_bytes(values: &[Self], out: &mut Vec<u8>);
    #[doc(hidden)]
    fn append_text(self, out: &mut String);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! npy_scalar {
    ($type:ty, $descr:literal, $precision:ident) => {
        impl NpyScalar for $type {
            const DESCR: &'static str = $descr;
            const PRECISION: Precision = Precision::$precision;

            fn of(any: AnyMatrix) -> Option<Matrix<'static, $type>> {
                match any {
                    AnyMatrix::$precision(x) => Some(x),
                    _ => None,
                }
            }

            fn append_bytes(values: &[$type], out: &mut Vec<u8>) {
                out.extend(values.iter().flat_map(|x| x.to_le_bytes()));
            }

            fn append_text(self, out: &mut String) {
                let size = self.abs();
                // Writing to a string does not fail.
                let _ = if self.is_nan() {
                    out.write_str("NaN")
                } else if size < 1e15 && self as i64 as $type == self {
                    write!(out, "{}", self as i64)
                } else if (1e-5..1e15).contains(&size) || size.is_infinite() {
                    write!(out, "{self}")
                } else {
                    write!(out, "{self:e}")
                };
            }
        }
    };
}
npy_scalar!(f32, "<f4", F32);
npy_scalar!(f64, "<f8", F64);

/// What stands before the numbers.
pub(super) fn header(descr: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // NumPy has the numbers start at a multiple of 64.
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    while text.len() + 1 < length {
        text.push(' ');
    }
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((length as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out
}

/// Writes numbers a block at a time.
pub(super) struct Numbers<W> {
    out: W,
    bytes: Vec<u8>,
}

impl<W: Write> Numbers<W> {
    pub(super) fn new(out: W) -> Numbers<W> {
        Numbers { out, bytes: Vec::with_capacity(1 << 16) }
    }

    pub(super) fn put<T: NpyScalar>(&mut self, values: &[T]) -> io::Result<()> {
        for chunk in values.chunks(1 << 12) {
            T::append_bytes(chunk, &mut self.bytes);
            self.spill()?;
        }
        Ok(())
    }

    pub(super) fn put_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.spill()
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.bytes.len() >= 1 << 15 {
            self.out.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.bytes)
    }
}

/// Writes `(rows, cols)` numbers in row-major order.
///
/// # Errors
/// [`Error::Shape`] if the length is not `rows * cols`; [`Error::CannotCreate`], [`Error::Write`].
pub fn write_npy<T: NpyScalar>(path: impl AsRef<Path>, values: &[T], shape: (usize, usize)) -> Result<()> {
    let path = path.as_ref();
    check_len(values.len(), shape, &path_name(path))?;
    atomic::atomically(path, |mut out| encode_slice(&mut out, values, shape))
}

/// Writes `(rows, cols)` numbers in row-major order into any writer.
///
/// # Errors
/// [`Error::Shape`] if the length is not `rows * cols`; [`Error::Write`].
pub fn write_npy_to<T: NpyScalar>(mut out: impl Write, values: &[T], shape: (usize, usize)) -> Result<()> {
    check_len(values.len(), shape, "output")?;
    encode_slice(&mut out, values, shape).map_err(|source| Error::Write { path: "output".into(), source })
}

pub(super) fn check_len(length: usize, (rows, cols): (usize, usize), name: &str) -> Result<()> {
    if rows.checked_mul(cols) == Some(length) {
        return Ok(());
    }
    let (at, shape) = (Place::of(name), format!("({rows}, {cols})"));
    Err(Error::Shape { at, shape, needs: format!("{length} numbers do not fill it") })
}

fn encode_slice<T: NpyScalar>(
    out: &mut impl Write,
    values: &[T],
    (rows, cols): (usize, usize),
) -> io::Result<()> {
    out.write_all(&header(T::DESCR, &format!("({rows}, {cols})")))?;
    let mut numbers = Numbers::new(out);
    numbers.put(values)?;
    numbers.finish()
}

/// A matrix, row by row.
pub(super) fn encode<T: NpyScalar>(out: &mut impl Write, x: &Matrix<'_, T>) -> io::Result<()> {
    out.write_all(&header(T::DESCR, &format!("({}, {})", x.rows(), x.cols())))?;
    let mut numbers = Numbers::new(out);
    for_each_row(x, |_, row| numbers.put(row))?;
    numbers.finish()
}
