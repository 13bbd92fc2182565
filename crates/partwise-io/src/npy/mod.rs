//! `.npy`: one array, decoded while it is read.

mod dtype;
mod header;

pub(crate) use dtype::Descr;
pub(crate) use header::{Header, fill};

use crate::error::{Error, Place, Result, bytes as in_bytes, count};
use crate::read::{AnyMatrix, Context, Parsed};
use crate::real::{EXACT, Real, note_rounded, too_large};
use dtype::Dtype;
use partwise::data::{Dense, Matrix};
use std::io::Read;

/// An array of numbers whose header has been read.
pub(crate) struct Array<R> {
    reader: R,
    pub(crate) header: Header,
    pub(crate) dtype: Dtype,
    pub(crate) elements: u64,
    pub(crate) at: Place,
    /// Integers that may have lost digits.
    pub(crate) rounded: u64,
}

impl<R: Read> Array<R> {
    pub(crate) fn open(mut reader: R, at: Place) -> Result<Array<R>> {
        let header = Header::read(&mut reader, &at)?;
        Array::after(header, reader, at)
    }

    /// The array that comes after this header, whatever format it was of.
    pub(crate) fn after(header: Header, reader: R, at: Place) -> Result<Array<R>> {
        let dtype = header.dtype(&at)?;
        let elements = header.elements(&at)?;
        Ok(Array { reader, header, dtype, elements, at, rounded: 0 })
    }

    /// One dimension is taken as a column where a list of numbers is as good as a matrix.
    pub(crate) fn or_vector(mut self, cx: &Context<'_>) -> Array<R> {
        if cx.options.vector && self.header.shape.len() == 1 {
            self.header.shape.push(1);
        }
        self
    }

    /// Bytes of the numbers.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.elements.saturating_mul(self.dtype.size() as u64)
    }

    /// Fails at once if the file, with `size` bytes in all, cannot hold the array; returns the bytes left over.
    pub(crate) fn check_size(&self, size: u64) -> Result<u64> {
        let found = size.saturating_sub(self.header.bytes);
        found.checked_sub(self.data_bytes()).ok_or_else(|| self.truncated(found))
    }

    fn truncated(&self, found: u64) -> Error {
        Error::Truncated {
            at: self.at.clone(),
            expected: format!("{} bytes of {} numbers", self.data_bytes(), self.dtype.name()),
            found: count(found, "byte"),
        }
    }

    /// Hands on all numbers in the order of the file, some thousands at a time, with the position of the first.
    pub(crate) fn for_each_chunk(&mut self, mut take: impl FnMut(u64, &[f64]) -> Result<()>) -> Result<()> {
        const BLOCK: usize = 1 << 17;
        const CHUNK: usize = 1 << 12;
        let size = self.dtype.size();
        let mut block = vec![0u8; (BLOCK as u64).min(self.data_bytes()) as usize];
        let mut numbers = Vec::with_capacity(CHUNK.min(block.len()));
        let (mut done, total) = (0u64, self.data_bytes());
        while done < total {
            let want = (total - done).min(BLOCK as u64) as usize;
            let part = block.get_mut(..want).unwrap_or_default();
            let got = fill(&mut self.reader, part, &self.at)?;
            if got < want {
                return Err(self.truncated(done + got as u64));
            }
            for chunk in part.chunks(CHUNK * size) {
                self.dtype.decode(chunk, &mut numbers);
                if self.dtype.may_round() {
                    self.rounded += numbers.iter().filter(|x| x.abs() >= EXACT).count() as u64;
                }
                take(done / size as u64, &numbers)?;
                done += chunk.len() as u64;
            }
        }
        Ok(())
    }

    /// Reads on to the end, where checksums are compared, and counts the bytes on the way, up to `most`.
    pub(crate) fn left_over(&mut self, most: u64) -> Result<u64> {
        let mut rest = (&mut self.reader).take(most);
        std::io::copy(&mut rest, &mut std::io::sink()).map_err(|source| Error::reading(&self.at, source))
    }

    /// The array as a dense matrix. With `exact`, its size has been found plausible, and memory is taken at once.
    pub(crate) fn into_dense(mut self, exact: bool, cx: &mut Context<'_>) -> Result<(AnyMatrix, Array<R>)> {
        let matrix = if cx.options.precision.is_single(self.dtype.is_single()) {
            f32::wrap(self.dense::<f32>(exact, cx)?)
        } else {
            f64::wrap(self.dense::<f64>(exact, cx)?)
        };
        note_rounded(self.rounded, cx);
        Ok((matrix, self))
    }

    fn dense<T: Real>(&mut self, exact: bool, cx: &mut Context<'_>) -> Result<Matrix<'static, T>> {
        let (rows, cols) = self.header.matrix_shape(&self.at)?;
        let needed = self.elements.saturating_mul(size_of::<T>() as u64);
        if needed > cx.budget.left() {
            return Err(cx.budget.refusal(needed));
        }
        let mut values: Vec<T> = if exact { cx.budget.vec(self.elements)? } else { Vec::new() };
        let (fortran, at) = (self.header.fortran, self.at.clone());
        self.for_each_chunk(|first, numbers| {
            if let Some((offset, x)) = T::misfit(numbers) {
                let e = first + offset as u64;
                let (i, j) = if fortran {
                    (e % rows.max(1), e / rows.max(1))
                } else {
                    (e / cols.max(1), e % cols.max(1))
                };
                let (problem, instead) = too_large(x);
                let problem = format!("{problem}, at row {i}, column {j}, counted from 0");
                return Err(Error::Data { at: at.clone(), problem, instead });
            }
            cx.budget.grow(&mut values, numbers.len())?;
            values.extend(numbers.iter().map(|&x| T::from_f64(x)));
            Ok(())
        })?;
        let (rows, cols) = (rows as usize, cols as usize);
        let dense = match fortran {
            true => Dense::from_vec_col_major(rows, cols, values),
            false => Dense::from_vec(rows, cols, values),
        };
        dense.map(Matrix::from).map_err(|error| core_error(&self.at, &error))
    }
}

/// An error of the core about arrays that were checked on the way in.
pub(crate) fn core_error(at: &Place, error: &partwise::Error) -> Error {
    match error {
        partwise::Error::SparseStructure(fault) => {
            Error::Structure { at: at.clone(), fault: fault.clone(), line: None }
        }
        other => Error::Data { at: at.clone(), problem: other.to_string(), instead: String::new() },
    }
}

/// Reads a `.npy` of `size` bytes, if that is known.
pub(crate) fn read(bytes: impl Read, size: Option<u64>, cx: &mut Context<'_>) -> Result<Parsed> {
    let array = Array::open(bytes, cx.at.clone())?.or_vector(cx);
    array.header.matrix_shape(&array.at)?;
    let left_over = size.map(|size| array.check_size(size)).transpose()?;
    let name = array.dtype.name();
    let (matrix, mut array) = array.into_dense(size.is_some(), cx)?;
    match left_over {
        Some(0) => {}
        Some(n) => cx.note(trailing(n)),
        None => {
            const MOST: u64 = 1 << 20;
            match array.left_over(MOST)? {
                0 => {}
                MOST => cx.note(format!("{} or more after the array were ignored", in_bytes(MOST))),
                n => cx.note(trailing(n)),
            }
        }
    }
    Ok(Parsed::unnamed(matrix, name))
}

pub(crate) fn trailing(n: u64) -> String {
    format!("{} after the array {} ignored", count(n, "byte"), if n == 1 { "was" } else { "were" })
}

#[cfg(test)]
mod tests;
