//! Every file of `testdata/attacks`, made by the real NumPy and SciPy, with the outcome it has to have.
#![allow(clippy::unwrap_used, clippy::panic)] // a test

use partwise_io::{AnyMatrix, Error, ErrorKind, ReadOptions, Table, fingerprint, read};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/attacks")
}

fn try_read(name: &str) -> Result<Table, Error> {
    let mut options = ReadOptions::default();
    options.memory_limit = 256 << 20;
    read(folder().join(name), &options)
}

/// Refused: which class of error, and words that the message has.
const REFUSED: [(&str, ErrorKind, &str); 32] = [
    ("d01_nul.mtx", ErrorKind::Data, "line 3, column 6: there is a NUL byte"),
    ("d02_count.mtx", ErrorKind::Data, "999999999999 entries expected"),
    ("d03_size.mtx", ErrorKind::Memory, "more than the limit of 268.4 MB"),
    ("d10_comma.mtx", ErrorKind::Data, "line 3, column 5: '1,5' is not a number; is this a decimal comma"),
    ("d21_both_triangles.mtx", ErrorKind::Data, "line 4, column 1: the matrix is declared symmetric"),
    ("d25_truncated.mtx.gz", ErrorKind::Data, "compressed data end too early"),
    ("d27_header.npy", ErrorKind::Data, "declares 4294967295 bytes, more than the 65536 allowed"),
    ("d28_overflow.npy", ErrorKind::Data, "has shape (4611686018427387904, 4)"),
    ("d28_code.npy", ErrorKind::Data, "not what NumPy writes: unexpected '__import__"),
    ("d28_nested.npy", ErrorKind::Data, "a dimension is a whole number"),
    ("d29_short.npy", ErrorKind::Data, "96 bytes of float64 numbers expected, 87 bytes found"),
    ("d30_pickle.npy", ErrorKind::Data, "Python objects, which could run code and are never opened"),
    ("d30_pickle.npz", ErrorKind::Data, "Python objects, which could run code and are never opened"),
    ("d31_structured.npy", ErrorKind::Data, "structured array"),
    ("d31_complex.npy", ErrorKind::Data, "dtype '<c16' is not numeric real"),
    ("d31_text.npy", ErrorKind::Data, "text, not numbers"),
    ("d31_datetime.npy", ErrorKind::Data, "dates or times"),
    ("d31_longdouble.npy", ErrorKind::Data, "long double"),
    (
        "d33_vector.npy",
        ErrorKind::Data,
        "has shape (12,): a matrix has two dimensions; save X.reshape(-1, 1)",
    ),
    ("d33_cube.npy", ErrorKind::Data, "has shape (3, 2, 2)"),
    ("d35_bomb.npz", ErrorKind::Memory, "at least 536.9 MB of memory, more than the limit of 268.4 MB"),
    ("d37_several.npz", ErrorKind::Data, "it holds 'a', 'b'; name one with `key`"),
    ("d38_cut.npz", ErrorKind::Data, "not a whole zip archive"),
    ("d39_index.npz", ErrorKind::Data, "stored entry 4 has index 1000000, outside 0..4"),
    ("d39_negative.npz", ErrorKind::Data, "stored entry 4 has index -1"),
    ("d40_decreasing.npz", ErrorKind::Data, "the pointer array decreases after entry 1"),
    ("d40_start.npz", ErrorKind::Data, "the pointer array starts at 1, not at 0"),
    ("d41_lengths.npz", ErrorKind::Data, "5 indices but 4 values"),
    ("d43_shape.npz", ErrorKind::Data, "has shape (3, 1000000000000000)"),
    ("bsr.npz", ErrorKind::Data, "in the format 'bsr'; save X.tocsr()"),
    ("dia.npz", ErrorKind::Data, "in the format 'dia'; save X.tocsr()"),
    ("none.npy", ErrorKind::Missing, "does not exist"),
];

/// Read: shape, and a value at the end of the first row.
const READ: [(&str, (usize, usize), bool); 22] = [
    ("good_c.npy", (3, 4), true),
    ("good_fortran.npy", (3, 4), true),
    ("good_big_endian.npy", (3, 4), true),
    ("good_f2.npy", (3, 4), false),
    ("good_bool.npy", (3, 4), false),
    ("good_u1.npy", (3, 4), false),
    ("good_i8.npy", (3, 4), false),
    ("good_v2.npy", (3, 4), true),
    ("good_v3.npy", (3, 4), true),
    ("good_dense.npz", (3, 4), true),
    ("good_csr.npz", (3, 4), true),
    ("good_csr_array.npz", (3, 4), true),
    ("good_csc.npz", (3, 4), false),
    ("good_coo.npz", (3, 4), true),
    ("good_int64_indices.npz", (3, 4), true),
    ("good_coordinate.mtx", (3, 4), true),
    ("good_array.mtx", (3, 4), true),
    ("good_symmetric.mtx", (2, 2), false),
    ("good_integer.mtx.gz", (3, 4), false),
    ("d14_fortran.mtx", (1, 1), false),
    ("d25_bomb.mtx.gz", (1, 1), false),
    ("d36_traversal.npz", (3, 4), true),
];

#[test]
fn every_attack_is_refused_by_name_and_place() {
    for (name, kind, words) in REFUSED {
        match try_read(name) {
            Ok(table) => panic!("{name} was read: {table:?}"),
            Err(error) => {
                assert_eq!(error.kind(), kind, "{name}: {error}");
                assert!(error.to_string().contains(words), "{name}: {error}");
            }
        }
    }
    // Neither the pickles nor the code in a header have run, and no member was unpacked.
    assert!(!folder().join("CANARY").exists() && !Path::new("CANARY").exists());
    assert!(!folder().join("../../evil.npy").exists());
}

#[test]
fn every_good_file_gives_the_matrix_that_python_saved() {
    let want = fingerprint(&try_read("good_c.npy").unwrap().matrix);
    for (name, shape, same) in READ {
        let table = match try_read(name) {
            Ok(table) => table,
            Err(error) => panic!("{error}"),
        };
        assert_eq!((table.matrix.rows(), table.matrix.cols()), shape, "{name}");
        assert_eq!(fingerprint(&table.matrix) == want, same, "{name}");
    }
    let AnyMatrix::F64(partwise::data::Matrix::Dense(x)) = try_read("good_c.npy").unwrap().matrix else {
        panic!("not dense")
    };
    assert_eq!((x.get(0, 3), x.get(1, 0), x.get(2, 3)), (1.5, 0.1, 3.0));
}

#[test]
fn no_file_of_the_folder_is_forgotten() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known =
            REFUSED.iter().any(|(known, ..)| *known == name) || READ.iter().any(|(known, ..)| *known == name);
        assert!(known || ["README.md", "make.py"].contains(&name.as_str()), "{name}");
    }
}
