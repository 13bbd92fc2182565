//! A hash of what a matrix holds, whatever form it is held in.

use crate::error::{Error, Result, path_name};
use crate::read::{AnyMatrix, with_matrix};
use crate::write::for_each_entry;
use partwise::data::Matrix;
use partwise::scalar::Scalar;
use std::path::Path;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// A hash of the shape and of all entries that are not zero, as `xxh3:` and 32 hexadecimal digits.
///
/// It is the same for dense and sparse storage, for either precision if the values are the same, and for every file
/// format. Entries are hashed one by one with their place and added up, so that their order does not matter and
/// nothing is copied. It recognises data; it does not protect against somebody who wants two matrices to look alike.
///
/// Of weighted X it is that of the entries that count, and all of X is copied for it; [`Table::fingerprint`] knows that of a
/// matrix as it was read.
///
/// [`Table::fingerprint`]: crate::Table::fingerprint
pub fn fingerprint(matrix: &AnyMatrix) -> String {
    with_matrix!(matrix, x => fingerprint_of(x))
}

/// The same of a matrix that lies elsewhere.
pub fn fingerprint_of<T: Scalar>(x: &Matrix<'_, T>) -> String {
    hash_of(x, false)
}

/// That of the transpose.
pub(crate) fn fingerprint_turned(matrix: &AnyMatrix) -> String {
    with_matrix!(matrix, x => hash_of(x, true))
}

fn hash_of<T: Scalar>(x: &Matrix<'_, T>, turned: bool) -> String {
    let order = |i, j| if turned { (j, i) } else { (i, j) };
    let mut sum = Sum::default();
    for_each_entry(x, |i, j, x| {
        if x != T::ZERO {
            let (i, j) = order(i, j);
            sum.add(i, j, x.to_f64());
        }
    });
    let (rows, cols) = order(x.rows(), x.cols());
    sum.finish(rows, cols)
}

/// The hash of what is added to it, in any order.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    sum: u128,
    entries: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, i: usize, j: usize, x: f64) {
        // There are many NaNs, and two zeros, and one is as good as another.
        let x = if x.is_nan() { f64::NAN } else { x + 0.0 };
        self.sum = self.sum.wrapping_add(hash(&[i as u64, j as u64, x.to_bits()]));
        self.entries += 1;
    }

    pub(crate) fn finish(&self, rows: usize, cols: usize) -> String {
        let whole = [rows as u64, cols as u64, self.entries, self.sum as u64, (self.sum >> 64) as u64];
        format!("xxh3:{:032x}", hash(&whole))
    }
}

fn hash(words: &[u64]) -> u128 {
    let mut bytes = [0u8; 40];
    for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    xxh3_128(bytes.get(..8 * words.len()).unwrap_or(&bytes))
}

/// A hash of the bytes of a file.
///
/// # Errors
/// If it cannot be read.
pub fn file_fingerprint(path: &Path) -> Result<String> {
    let unreadable = |source| Error::Unreadable { path: path_name(path), source };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hash = Xxh3::new();
    let mut room = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut room).map_err(unreadable)?;
        match room.get(..read) {
            None | Some([]) => return Ok(format!("xxh3:{:032x}", hash.digest128())),
            Some(bytes) => hash.update(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partwise::data::{Dense, Sparse};

    #[test]
    fn it_depends_on_content_and_on_nothing_else() {
        let dense = |values: Vec<f64>| AnyMatrix::F64(Dense::from_vec(2, 3, values).unwrap().into());
        let x = dense(vec![0.0, 1.5, 0.0, 2.0, -0.0, 7.0]);
        let by_columns = Dense::from_vec_col_major(2, 3, vec![0.0, 2.0, 1.5, 0.0, 0.0, 7.0]).unwrap();
        let sparse = Sparse::from_coo(2, 3, &[1, 0, 1], &[2, 1, 0], vec![7.0f32, 1.5, 2.0]).unwrap();
        let by_cols =
            Sparse::from_csc(2, 3, vec![0, 1, 2, 3], vec![1, 0, 1], vec![2.0f64, 1.5, 7.0]).unwrap();
        let same = [
            AnyMatrix::F64(by_columns.into()),
            AnyMatrix::F32(sparse.into()),
            AnyMatrix::F64(by_cols.into()),
        ];
        for other in same {
            assert_eq!(fingerprint(&x), fingerprint(&other));
        }
        let AnyMatrix::F64(lying) = &x else { panic!("it is in double precision") };
        assert_eq!(fingerprint_of(lying), fingerprint(&x));
        // Frozen: run.json files hold it.
        assert_eq!(fingerprint(&x), "xxh3:1880f000d5973effed390e385ae6643a");
        let others = [
            dense(vec![0.0, 1.5, 0.0, 2.0, 0.0, 8.0]),
            dense(vec![1.5, 0.0, 0.0, 2.0, 0.0, 7.0]),
            dense(vec![0.0; 6]),
            x.clone().transposed(),
        ];
        for other in others {
            assert_ne!(fingerprint(&x), fingerprint(&other));
        }
        assert_eq!(fingerprint_turned(&x), fingerprint(&x.clone().transposed()));
        let nan = |bits| dense(vec![f64::from_bits(bits), 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(fingerprint(&nan(0x7ff8_0000_0000_0001)), fingerprint(&nan(0xfff8_0000_0000_0000)));
    }
}
