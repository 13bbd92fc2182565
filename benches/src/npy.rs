//! NumPy arrays of any number of dimensions, which the readers of the library refuse: a matrix has two.

use crate::Outcome;
use crate::table::Table;
use std::path::Path;

/// Numbers of any number of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The length of every axis.
    pub shape: Vec<usize>,
    /// How far apart neighbours along an axis are.
    strides: Vec<usize>,
    values: Vec<f64>,
}

impl Array {
    /// Reads an array of doubles or of truth values.
    ///
    /// # Errors
    /// For what is not one.
    pub fn load(path: &Path) -> Outcome<Array> {
        let bytes = std::fs::read(path)?;
        let array = Array::parse(&bytes);
        array.ok_or_else(|| format!("{}: not an array of doubles or bools", path.display()).into())
    }

    fn parse(bytes: &[u8]) -> Option<Array> {
        let length = u16::from_le_bytes(bytes.strip_prefix(b"\x93NUMPY\x01\x00")?.get(..2)?.try_into().ok()?);
        let (header, data) = bytes.get(10..)?.split_at_checked(usize::from(length))?;
        let header = std::str::from_utf8(header).ok()?;
        let value =
            |key: &str, end: char| header.split_once(key)?.1.trim_start().split_once(end).map(|v| v.0);
        let fortran = match value("'fortran_order':", ',')? {
            "False" => false,
            "True" => true,
            _ => return None,
        };
        let axes = value("'shape':", ')')?.trim_start_matches('(').split(',').map(str::trim);
        let shape: Vec<usize> =
            axes.filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let values: Vec<f64> = match value("'descr':", ',')? {
            "'<f8'" => data.as_chunks().0.iter().map(|&number| f64::from_le_bytes(number)).collect(),
            "'|b1'" => data.iter().map(|&truth| f64::from(truth)).collect(),
            _ => return None,
        };
        let mut strides = vec![1; shape.len()];
        let axes: Vec<usize> =
            if fortran { (0..shape.len()).collect() } else { (0..shape.len()).rev().collect() };
        for pair in axes.windows(2) {
            strides[pair[1]] = strides[pair[0]] * shape[pair[0]];
        }
        (values.len() == shape.iter().product::<usize>()).then_some(Array { shape, strides, values })
    }

    /// The matrix with one row per item of the axes `down`, and one column per item of the others; the last axis of a
    /// list is the fastest.
    ///
    /// # Panics
    /// If an axis is named that there is not.
    pub fn unfold(&self, down: &[usize], across: &[usize]) -> Table {
        let length = |axes: &[usize]| axes.iter().map(|&axis| self.shape[axis]).product();
        let offset = |axes: &[usize], mut index: usize| {
            axes.iter().rev().fold(0, |sum, &axis| {
                let at = index % self.shape[axis];
                index /= self.shape[axis];
                sum + at * self.strides[axis]
            })
        };
        Table::new(length(down), length(across), |i, j| self.values[offset(down, i) + offset(across, j)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn doubles_and_bools_are_read() {
        let data: Vec<u8> = [1.5f64, -2.0].into_iter().flat_map(f64::to_le_bytes).collect();
        let array = Array::parse(&file("<f8", "False", "(1, 2, 1)", &data)).unwrap();
        assert_eq!((array.shape, array.values), (vec![1, 2, 1], vec![1.5, -2.0]));
        let array = Array::parse(&file("|b1", "False", "(3,)", &[0, 1, 1])).unwrap();
        assert_eq!((array.shape, array.values), (vec![3], vec![0.0, 1.0, 1.0]));
    }

    #[test]
    fn other_files_are_refused() {
        assert!(Array::parse(&file("|b1", "False", "(4,)", &[0, 1, 1])).is_none());
        assert!(Array::parse(&file("<i8", "False", "(1,)", &[0; 8])).is_none());
        assert!(Array::parse(b"\x93NUMPY\x01\x00\xff\xff").is_none());
        assert!(Array::parse(b"").is_none());
    }

    #[test]
    fn axes_are_unfolded_in_order() {
        let bytes: Vec<u8> = (0..24).map(f64::from).flat_map(f64::to_le_bytes).collect();
        let array = Array::parse(&file("<f8", "False", "(2, 3, 4)", &bytes)).unwrap();
        let x = array.unfold(&[0, 2], &[1]);
        assert_eq!((x.rows, x.cols), (8, 3));
        // Item (1, 2, 3) of the array.
        assert_eq!(x.at(4 + 3, 2), 23.0);
        assert_eq!(x.at(2, 1), 6.0);
        assert_eq!(array.unfold(&[0], &[1, 2]).values, array.values);
        // In Fortran's order the first axis is the fastest.
        let array = Array::parse(&file("<f8", "True", "(2, 3, 4)", &bytes)).unwrap();
        assert_eq!(array.unfold(&[2, 1, 0], &[]).values, array.values);
        assert_eq!(array.unfold(&[0, 2], &[1]).at(2, 1), 2.0 * 6.0 + 2.0);
    }
}
