//! What the arrays of a sparse matrix may hold.

use crate::error::{Error, Result, SparseFault};

pub(super) fn check_size(size: usize) -> Result<()> {
    if size > u32::MAX as usize {
        return Err(Error::SparseStructure(SparseFault::TooLarge { size }));
    }
    Ok(())
}

pub(super) fn check_pair(indices: usize, values: usize) -> Result<()> {
    if indices != values {
        return Err(Error::SparseStructure(SparseFault::LengthMismatch { indices, values }));
    }
    Ok(())
}

pub(super) fn check_indices(indices: &[u32], size: usize) -> Result<()> {
    match indices.iter().position(|&j| j as usize >= size) {
        None => Ok(()),
        Some(at) => {
            let index = indices[at].to_string();
            Err(Error::SparseStructure(SparseFault::IndexOutOfRange { at, index, size }))
        }
    }
}

/// Row pointers of any integer width, checked into `usize`.
///
/// # Errors
/// [`Error::SparseStructure`] for a negative or too large pointer.
pub fn pointers<I: Copy + TryInto<usize> + std::fmt::Display>(given: &[I]) -> Result<Vec<usize>> {
    let mut out = Vec::with_capacity(given.len());
    for (at, &p) in given.iter().enumerate() {
        match p.try_into() {
            Ok(p) => out.push(p),
            Err(_) if at == 0 => {
                return Err(Error::SparseStructure(SparseFault::PointerStart(p.to_string())));
            }
            Err(_) => return Err(Error::SparseStructure(SparseFault::PointerDecreases { at: at - 1 })),
        }
    }
    Ok(out)
}

/// Column indices of any integer width, checked against the number of columns.
///
/// # Errors
/// [`Error::SparseStructure`] for an index outside `0..size`.
pub fn indices<I: Copy + TryInto<u32> + std::fmt::Display>(given: &[I], size: usize) -> Result<Vec<u32>> {
    let mut out = Vec::with_capacity(given.len());
    for (at, &j) in given.iter().enumerate() {
        match j.try_into() {
            Ok(j) if (j as usize) < size => out.push(j),
            _ => {
                let index = j.to_string();
                return Err(Error::SparseStructure(SparseFault::IndexOutOfRange { at, index, size }));
            }
        }
    }
    Ok(out)
}
