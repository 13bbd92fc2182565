use crate::testing::{dense, f64s, gzipped, i64s, npy, read_both, refusal};
use crate::{AnyMatrix, Error, Format, Precision, ReadOptions, Table};

fn table(bytes: &[u8]) -> Table {
    read_both("x.npy", bytes, &ReadOptions::default()).unwrap()
}

#[test]
fn d32_orders_and_types_give_the_right_values() {
    let want = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let c = f64s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let f = f64s(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(dense(&table(&npy("<f8", false, "(2, 3)", &c)).matrix), want);
    assert_eq!(dense(&table(&npy("<f8", true, "(2, 3)", &f)).matrix), want);
    let big: Vec<u8> = [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_be_bytes()).collect();
    assert_eq!(dense(&table(&npy(">f8", false, "(2, 3)", &big)).matrix), want);
    let u1 = table(&npy("|u1", true, "(2, 3)", &[1, 4, 2, 5, 3, 6]));
    assert_eq!(dense(&u1.matrix), want);
    assert_eq!((u1.stored_as.as_str(), u1.format), ("uint8", Format::Npy));
    assert_eq!(dense(&table(&npy("|b1", false, "(1, 3)", &[0, 1, 1])).matrix), [[0.0, 1.0, 1.0]]);
    let f2 = table(&npy("<f2", false, "(1, 2)", &[0, 0x3C, 0, 0xC0]));
    assert_eq!(dense(&f2.matrix), [[1.0, -2.0]]);
    assert!(matches!(f2.matrix, AnyMatrix::F32(_)));
    let gz = read_both("x.npy.gz", &gzipped(&npy("<f8", false, "(2, 3)", &c)), &ReadOptions::default());
    assert_eq!(dense(&gz.unwrap().matrix), want);
}

#[test]
fn precision_follows_the_file_or_the_options() {
    let double = npy("<f8", false, "(1, 2)", &f64s(&[0.1, 1e39]));
    assert!(matches!(table(&double).matrix, AnyMatrix::F64(_)));
    let mut options = ReadOptions::default();
    options.precision = Precision::F32;
    let message = read_both("x.npy", &double, &options).unwrap_err().to_string();
    assert!(message.contains("1e39 is too large for single precision, at row 0, column 1"), "{message}");
    let fortran = npy("<f8", true, "(2, 3)", &f64s(&[0.0, 0.0, 0.0, 1e39, 0.0, 0.0]));
    let message = read_both("x.npy", &fortran, &options).unwrap_err().to_string();
    assert!(message.contains("at row 1, column 1"), "{message}");
    let single = npy("<f4", false, "(1, 1)", &0.1f32.to_le_bytes());
    options.precision = Precision::F64;
    assert!(matches!(read_both("x.npy", &single, &options).unwrap().matrix, AnyMatrix::F64(_)));
    let large = table(&npy("<i8", false, "(1, 2)", &i64s(&[1, (1 << 53) + 3])));
    assert_eq!(large.notes, ["1 integer of 2^53 or more may have lost digits"]);
    // The nearest double of this one is 2^53 itself.
    let least = table(&npy("<u8", false, "(1, 2)", &i64s(&[(1 << 53) - 1, (1 << 53) + 1])));
    assert_eq!(least.notes, ["1 integer of 2^53 or more may have lost digits"]);
}

#[test]
fn d29_data_that_are_short_or_long_are_counted() {
    let full = npy("<f8", false, "(2, 3)", &f64s(&[1.0; 6]));
    for cut in 0..full.len() {
        let error = read_both("x.npy", &full[..cut], &ReadOptions::default()).unwrap_err();
        assert!(
            matches!(error, Error::Truncated { .. } | Error::Format { .. } | Error::Empty { .. }),
            "cut at {cut}: {error}"
        );
    }
    let message = refusal("x.npy", &full[..full.len() - 5]);
    assert!(message.contains("48 bytes of float64 numbers expected, 43 bytes found"), "{message}");
    let long = [full, b"tail".to_vec()].concat();
    assert_eq!(table(&long).notes, ["4 bytes after the array were ignored"]);
}

#[test]
fn d28_sizes_that_the_file_cannot_hold_take_no_memory() {
    for shape in ["(1000000, 1000000)", "(1, 100000000000000)", "(4294967295, 4294967295)"] {
        let bytes = npy("|u1", false, shape, &[1, 2, 3]);
        let error = read_both("x.npy", &bytes, &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. } | Error::Shape { .. }), "{shape}: {error}");
    }
    // From a stream the size is refused if it is over the limit, and else taken as it comes.
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 20;
    let bytes = npy("<f8", false, "(1000, 1000)", &[0; 100]);
    let read = crate::read(crate::Input::reader("x.npy", &bytes[..]), &options);
    assert!(matches!(read, Err(Error::Memory { needed: 8_000_000, .. })));
}

#[test]
fn d30_d31_what_is_no_number_is_refused_by_name() {
    // A pickle that would create a file when it is loaded.
    let folder = crate::testing::Folder::new();
    let canary = folder.join("canary");
    let payload = format!("cposix\nsystem\n(S'touch {}'\ntR.", canary.display());
    let message = refusal("x.npy", &npy("|O", false, "(1, 1)", payload.as_bytes()));
    assert!(message.contains("Python objects, which could run code and are never opened"), "{message}");
    let message = refusal("x.bin", &[b"\x80\x04", payload.as_bytes()].concat());
    assert!(message.contains("Python pickle"), "{message}");
    assert!(!canary.exists());
    for (descr, word) in [
        ("[('a', '<f8'), ('b', '<f8')]", "structured array"),
        ("('<f8', (2,))", "structured array"),
        ("<c16", "dtype '<c16' is not numeric real"),
        ("<U4", "text, not numbers"),
        ("|S4", "text, not numbers"),
        ("<M8[ns]", "dates or times"),
        ("<m8[s]", "dates or times"),
        ("|V16", "raw bytes"),
        ("<f16", "long double"),
        ("<q9", "unknown dtype '<q9'"),
    ] {
        let message = refusal("x.npy", &npy(descr, false, "(1, 1)", &[0; 64]));
        assert!(message.contains(word), "{descr}: {message}");
    }
}

#[test]
fn d33_shapes_that_are_no_matrix_come_with_a_way_out() {
    for (shape, words) in [
        ("()", "has shape (): a single number is not a matrix"),
        ("(4,)", "has shape (4,): a matrix has two dimensions; save X.reshape(-1, 1)"),
        ("(2, 2, 1)", "X.reshape(len(X), -1)"),
        ("(0, 4)", "at least one row and one column"),
        ("(4, 0)", "at least one row and one column"),
    ] {
        let message = refusal("x.npy", &npy("<f8", false, shape, &f64s(&[1.0; 4])));
        assert!(message.contains(words), "{shape}: {message}");
    }
}

#[test]
fn d34_other_files_are_recognised() {
    for (bytes, words) in [
        (&b"\x93NUMPY\x09\x09\0\0"[..], "version 9.9 of the .npy format is not known"),
        (b"hello", "does not start with the .npy signature"),
        (b"PK\x03\x04....", "named .npy, but its content is a zip archive"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
    ] {
        let message = refusal("x.npy", bytes);
        assert!(message.contains(words), "{message}");
    }
}
