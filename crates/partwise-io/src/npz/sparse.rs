//! SciPy's sparse matrices, as `scipy.sparse.save_npz` writes them: CSR, CSC and COO.

use super::{Archive, finish};
use crate::error::{Error, Place, Result, shown};
use crate::npy::Array;
use crate::read::{Context, Parsed};
use crate::real::{Real, note_rounded, too_large};
use crate::triplets::{By, Triplets, check_sides, compressed};
use partwise::data::{Matrix, Stored};
use partwise::error::SparseFault;
use std::io::Read;

pub(super) fn read(archive: &mut Archive<'_>, cx: &mut Context<'_>) -> Result<Parsed> {
    let format = archive.word("format")?;
    if !matches!(format.as_str(), "csr" | "csc" | "coo") {
        return Err(Error::Unsupported {
            at: archive.at.clone(),
            what: format!("it holds a sparse matrix in the format {}", shown(format.as_bytes())),
            instead: "save X.tocsr()".into(),
        });
    }
    let shape = shape(archive, cx)?;
    let data = archive.array("data")?;
    let stored_as = data.dtype.name();
    let single = cx.options.precision.is_single(data.dtype.is_single());
    drop(data);
    let matrix = match single {
        true => f32::wrap(matrix::<f32>(archive, &format, shape, cx)?),
        false => f64::wrap(matrix::<f64>(archive, &format, shape, cx)?),
    };
    Ok(Parsed::unnamed(matrix, stored_as))
}

fn matrix<T: Real>(
    archive: &mut Archive<'_>,
    format: &str,
    shape: (usize, usize),
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    match format {
        "coo" => coo(archive, shape, cx),
        "csc" => lines(archive, By::Columns, shape, cx),
        _ => lines(archive, By::Rows, shape, cx),
    }
}

fn shape(archive: &mut Archive<'_>, cx: &mut Context<'_>) -> Result<(usize, usize)> {
    let mut array = vector(archive, "shape")?;
    let wrong = |at: &Place, shape: String| Error::Shape {
        at: at.clone(),
        shape,
        needs: "a sparse matrix has two dimensions, each from 0 to 4294967295".into(),
    };
    if array.elements != 2 {
        return Err(wrong(&array.at, format!("with {} dimensions", array.elements)));
    }
    let mut sizes = Vec::new();
    array.for_each_chunk(|_, numbers| {
        sizes.extend_from_slice(numbers);
        Ok(())
    })?;
    let in_range = |x: &f64| (0.0..=f64::from(u32::MAX)).contains(x);
    let &[rows, cols] = sizes.as_slice() else { return Err(wrong(&array.at, "of unknown size".into())) };
    if ![rows, cols].iter().all(in_range) {
        return Err(wrong(&array.at, format!("({rows}, {cols})")));
    }
    finish(&mut array, cx)?;
    check_sides(rows as u64, cols as u64, cx)?;
    Ok((rows as usize, cols as usize))
}

/// A one-dimensional array of integers.
fn vector<'z, 'a>(archive: &'z mut Archive<'a>, name: &str) -> Result<Array<impl Read + use<'z, 'a>>> {
    let array = archive.array(name)?;
    if array.header.shape.len() != 1 || !array.dtype.is_integer() {
        return Err(not_indices(&array));
    }
    Ok(array)
}

fn not_indices<R>(array: &Array<R>) -> Error {
    Error::Format {
        at: array.at.clone(),
        problem: format!(
            "indices should be one-dimensional and whole numbers, but are {} of shape {}",
            array.dtype.name(),
            array.header.shape_text()
        ),
        instead: "save the matrix again with scipy.sparse.save_npz".into(),
    }
}

fn lines<T: Real>(
    archive: &mut Archive<'_>,
    by: By,
    shape: (usize, usize),
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    let (count, width) = if by == By::Rows { shape } else { (shape.1, shape.0) };
    let starts = pointers(&mut vector(archive, "indptr")?, count, cx)?;
    let stored = starts.last().copied().unwrap_or(0);
    let mut array = vector(archive, "indices")?;
    if array.elements != stored as u64 {
        let (at, found) = (array.at.clone(), array.elements as usize);
        let fault = SparseFault::PointerEnd { end: stored.to_string(), stored: found };
        return Err(Error::Structure { at, fault, line: None });
    }
    let line_of = |e: usize| starts.partition_point(|&start| start <= e).checked_sub(1);
    let indices = indices(&mut array, width as f64, line_of, cx)?;
    drop(array);
    let values = values::<T>(archive, indices.len(), cx)?;
    let at = cx.at.clone();
    compressed(by, shape, (starts, indices, values), &at, cx)
}

fn coo<T: Real>(
    archive: &mut Archive<'_>,
    (rows, cols): (usize, usize),
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    let mut all = Triplets::<T>::new();
    if archive.has("coords") {
        (all.rows, all.cols) = coordinates(archive, (rows, cols), cx)?;
    } else {
        all.rows = indices(&mut vector(archive, "row")?, rows as f64, |_| None, cx)?;
        all.cols = indices(&mut vector(archive, "col")?, cols as f64, |_| None, cx)?;
    }
    if all.rows.len() != all.cols.len() {
        let fault = SparseFault::LengthMismatch { indices: all.rows.len(), values: all.cols.len() };
        return Err(Error::Structure { at: cx.at.in_member("col"), fault, line: None });
    }
    all.values = values::<T>(archive, all.rows.len(), cx)?;
    all.into_matrix(rows, cols, cx)
}

/// Rows and columns in one array of two rows, as newer versions of SciPy may write them.
fn coordinates(
    archive: &mut Archive<'_>,
    (rows, cols): (usize, usize),
    cx: &mut Context<'_>,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut array = archive.array("coords")?;
    let at = array.at.clone();
    let &[2, stored] = array.header.shape.as_slice() else { return Err(not_indices(&array)) };
    if array.header.fortran || !array.dtype.is_integer() {
        return Err(not_indices(&array));
    }
    let (mut first, mut second): (Vec<u32>, Vec<u32>) = (cx.budget.vec(stored)?, cx.budget.vec(stored)?);
    array.for_each_chunk(|_, numbers| {
        for &x in numbers {
            let (to, size) =
                if (first.len() as u64) < stored { (&mut first, rows) } else { (&mut second, cols) };
            if !(0.0..size as f64).contains(&x) {
                let fault = SparseFault::IndexOutOfRange { at: to.len(), index: x.to_string(), size };
                return Err(Error::Structure { at: at.clone(), fault, line: None });
            }
            to.push(x as u32);
        }
        Ok(())
    })?;
    finish(&mut array, cx)?;
    Ok((first, second))
}

/// Starts of the lines: one more than lines, from 0 upwards.
fn pointers(array: &mut Array<impl Read>, lines: usize, cx: &mut Context<'_>) -> Result<Vec<usize>> {
    let at = array.at.clone();
    let wrong = |fault, line| Error::Structure { at: at.clone(), fault, line };
    if array.elements != lines as u64 + 1 {
        let got = array.elements as usize;
        return Err(wrong(SparseFault::PointerLength { expected: lines + 1, got }, None));
    }
    let mut starts: Vec<usize> = cx.budget.vec(array.elements)?;
    let mut last = 0.0;
    array.for_each_chunk(|_, numbers| {
        for &x in numbers {
            match starts.len().checked_sub(1) {
                None if x != 0.0 => return Err(wrong(SparseFault::PointerStart(x.to_string()), None)),
                Some(at) if x < last => return Err(wrong(SparseFault::PointerDecreases { at }, Some(at))),
                _ => {}
            }
            last = x;
            starts.push(x as usize);
        }
        Ok(())
    })?;
    finish(array, cx)?;
    Ok(starts)
}

/// Indices below `size`; `line_of` tells in which line an entry is.
fn indices(
    array: &mut Array<impl Read>,
    size: f64,
    line_of: impl Fn(usize) -> Option<usize>,
    cx: &mut Context<'_>,
) -> Result<Vec<u32>> {
    let at = array.at.clone();
    let mut out: Vec<u32> = cx.budget.vec(array.elements)?;
    array.for_each_chunk(|first, numbers| {
        if let Some(offset) = numbers.iter().position(|x| !(0.0..size).contains(x)) {
            let e = first as usize + offset;
            let index = numbers.get(offset).map(f64::to_string).unwrap_or_default();
            let fault = SparseFault::IndexOutOfRange { at: e, index, size: size as usize };
            return Err(Error::Structure { at: at.clone(), fault, line: line_of(e) });
        }
        out.extend(numbers.iter().map(|&x| x as u32));
        Ok(())
    })?;
    finish(array, cx)?;
    Ok(out)
}

/// Exactly `expected` values.
fn values<T: Real>(archive: &mut Archive<'_>, expected: usize, cx: &mut Context<'_>) -> Result<Stored<T>> {
    let mut array = archive.array("data")?;
    let at = array.at.clone();
    if array.header.shape.len() != 1 || array.elements != expected as u64 {
        let fault = SparseFault::LengthMismatch { indices: expected, values: array.elements as usize };
        return Err(Error::Structure { at, fault, line: None });
    }
    let mut out = T::none();
    // Room for all of them at once, in the width that most files need.
    match &mut out {
        Stored::Full(v) => *v = cx.budget.vec(expected as u64)?,
        Stored::Single(v) => *v = cx.budget.vec(expected as u64)?,
    }
    array.for_each_chunk(|first, numbers| {
        if let Some((offset, x)) = T::misfit(numbers) {
            let (problem, instead) = too_large(x);
            let problem = format!("{problem}, in stored entry {}", first + offset as u64);
            return Err(Error::Data { at: at.clone(), problem, instead });
        }
        T::append(&mut out, numbers, &mut cx.budget)
    })?;
    note_rounded(array.rounded, cx);
    finish(&mut array, cx)?;
    Ok(out)
}
