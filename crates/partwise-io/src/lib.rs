//! Matrices in and out: `.npy`, `.npz` (dense and SciPy sparse), Matrix Market, CSV and TSV, plain or gzipped.
//!
//! [`read`] opens any of them as a [`Table`]. It streams: what is in memory at the end is the matrix and little else.
//! No file, however malformed, makes it panic, run code, write anything, or take more memory than
//! [`ReadOptions::memory_limit`]: sizes that a file declares are checked against the bytes it has, and every error
//! says what is wrong, where, and what to do.
//!
//! [`pictures`] makes rows of pictures, with the same care.
//!
//! [`write_matrix`], [`write_npy`] and [`write_table`] write to a temporary name first, so that a failure leaves the
//! old file as it was; [`OutputDir`] does the same for several files that belong together.
//!
//! ```
//! use partwise_io::{Input, ReadOptions, fingerprint, read};
//!
//! let text: &[u8] = b"gene,cell_1,cell_2\nCD3E,1,0\nMS4A1,0,2.5\n";
//! let table = read(Input::reader("counts.csv", text), &ReadOptions::default())?;
//! assert_eq!((table.matrix.rows(), table.matrix.cols()), (2, 2));
//! assert_eq!(table.row_names.as_deref(), Some(&["CD3E".to_string(), "MS4A1".to_string()][..]));
//! assert_eq!(table.notes[0], "the first row was taken as column names");
//! assert!(fingerprint(&table.matrix).starts_with("xxh3:"));
//! # Ok::<(), partwise_io::Error>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::field_reassign_with_default))]
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod budget;
mod catalogue;
mod classes;
mod delimited;
pub mod documents;
mod error;
mod fingerprint;
pub mod fitted;
mod format;
mod input;
mod mtx;
mod npy;
mod npz;
mod observed;
pub mod pictures;
mod read;
mod real;
pub mod scanned;
#[cfg(test)]
mod testing;
mod text;
mod triplets;
pub mod words;
mod write;

pub use catalogue::{Catalogue, Labels};
pub use classes::{CLASSES, Class, ClassKind, NotTheClasses, class_of, order_of, standard_classes};
pub use error::{Error, ErrorKind, Place, Result};
pub use fingerprint::{file_fingerprint, fingerprint, fingerprint_of};
pub use format::Format;
pub use input::Input;
pub use read::{AnyMatrix, OnDuplicates, Precision, ReadOptions, Table, read};
pub use write::{
    Abandoned, Cell, Names, NpyScalar, OutputDir, Separator, abandon_unfinished, write_bytes, write_cells_to,
    write_matrix, write_matrix_to, write_npy, write_npy_to, write_table, write_table_to,
};
