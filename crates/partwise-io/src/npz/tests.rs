use crate::testing::{Folder, dense, f64s, i32s, i64s, npy, read_both, refusal, zipped};
use crate::{AnyMatrix, Error, Format, OnDuplicates, Precision, ReadOptions, Result, Table};
use zip::CompressionMethod::{Deflated, Stored};

/// The members of a sparse matrix, to be spoiled one by one.
#[derive(Clone)]
struct Members(Vec<(String, Vec<u8>)>);

impl Members {
    /// [[0, 2, 0], [0.1, 0, 5]]
    fn csr() -> Members {
        Members(vec![
            ("indices.npy".into(), npy("<i4", false, "(3,)", &i32s(&[1, 0, 2]))),
            ("indptr.npy".into(), npy("<i4", false, "(3,)", &i32s(&[0, 1, 3]))),
            ("format.npy".into(), npy("|S3", false, "()", b"csr")),
            ("shape.npy".into(), npy("<i8", false, "(2,)", &i64s(&[2, 3]))),
            ("data.npy".into(), npy("<f8", false, "(3,)", &f64s(&[2.0, 0.1, 5.0]))),
        ])
    }

    fn coo() -> Members {
        let mut members = Members::csr();
        members.0.retain(|(name, _)| !name.starts_with("ind"));
        members
            .with("format", npy("|S3", false, "()", b"coo"))
            .with("row", npy("<i4", false, "(3,)", &i32s(&[1, 0, 1])))
            .with("col", npy("<i4", false, "(3,)", &i32s(&[2, 1, 0])))
            .with("data", npy("<f8", false, "(3,)", &f64s(&[5.0, 2.0, 0.1])))
    }

    fn with(mut self, name: &str, content: Vec<u8>) -> Members {
        let name = format!("{name}.npy");
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, content));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let members: Vec<(&str, &[u8])> = self.0.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect();
        zipped(&members, Deflated)
    }

    fn read(&self) -> Result<Table> {
        read_both("x.npz", &self.bytes(), &ReadOptions::default())
    }

    fn refusal(&self) -> String {
        refusal("x.npz", &self.bytes())
    }
}

const WANT: [[f64; 3]; 2] = [[0.0, 2.0, 0.0], [0.1, 0.0, 5.0]];

#[test]
fn sparse_matrices_of_scipy_are_read() {
    let table = Members::csr().read().unwrap();
    assert_eq!(dense(&table.matrix), WANT);
    assert_eq!((table.format, table.stored_as.as_str()), (Format::Npz, "float64"));
    assert!(table.matrix.is_sparse() && table.notes.is_empty());
    let mut backwards = Members::csr();
    backwards.0.reverse();
    assert_eq!(dense(&backwards.read().unwrap().matrix), WANT);
    let members: Vec<(&str, &[u8])> = backwards.0.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect();
    let stored = read_both("x.npz", &zipped(&members, Stored), &ReadOptions::default()).unwrap();
    assert_eq!(dense(&stored.matrix), WANT);
    let csc = Members::csr()
        .with("format", npy("<U3", false, "()", b"c\0\0\0s\0\0\0c\0\0\0"))
        .with(
            "indices",
            npy(">i8", false, "(3,)", &[1i64, 0, 1].iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<_>>()),
        )
        .with("indptr", npy("<i8", false, "(4,)", &i64s(&[0, 1, 2, 3])))
        .with("data", npy("<f8", false, "(3,)", &f64s(&[0.1, 2.0, 5.0])));
    assert_eq!(dense(&csc.read().unwrap().matrix), WANT);
    assert_eq!(dense(&Members::coo().read().unwrap().matrix), WANT);
    let mut coords = Members::coo();
    coords.0.retain(|(name, _)| name != "row.npy" && name != "col.npy");
    let coords = coords.with("coords", npy("<i8", false, "(2, 3)", &i64s(&[1, 0, 1, 2, 1, 0])));
    assert_eq!(dense(&coords.read().unwrap().matrix), WANT);
    let counts = Members::csr().with("data", npy("|u1", false, "(3,)", &[1, 2, 3]));
    assert!(matches!(counts.read().unwrap().matrix, AnyMatrix::F64(_)));
    let single = Members::csr().with("data", npy("<f2", false, "(3,)", &[0, 0x3C, 0, 0x3C, 0, 0x3C]));
    assert!(matches!(single.read().unwrap().matrix, AnyMatrix::F32(_)));
}

#[test]
fn other_sparse_formats_are_refused_with_a_hint() {
    for format in ["bsr", "dia", "dok"] {
        let message = Members::csr().with("format", npy("|S3", false, "()", format.as_bytes())).refusal();
        assert!(message.contains(&format!("in the format '{format}'; save X.tocsr()")), "{message}");
    }
    let object = Members::csr().with("format", npy("|O", false, "()", b"cos\nsystem\n"));
    assert!(object.refusal().contains("not the name of a sparse format"));
}

#[test]
fn d39_indices_out_of_range_are_told_by_row() {
    for (index, words) in [
        (3, "stored entry 2 has index 3, outside 0..3 (row or column 1 of the compressed form)"),
        (-1, "stored entry 2 has index -1"),
        (i32::MAX, "stored entry 2 has index 2147483647"),
    ] {
        let bad = Members::csr().with("indices", npy("<i4", false, "(3,)", &i32s(&[1, 0, index])));
        let message = bad.refusal();
        assert!(message.contains(words) && message.contains("member 'indices'"), "{message}");
    }
    let bad = Members::coo().with("row", npy("<i8", false, "(3,)", &i64s(&[1, 1 << 40, 1])));
    assert!(bad.refusal().contains("member 'row'"));
}

#[test]
fn d40_pointers_that_contradict_themselves_are_refused() {
    for (pointers, words) in [
        (vec![0, 2, 1], "the pointer array decreases after entry 1"),
        (vec![1, 1, 3], "the pointer array starts at 1, not at 0"),
        (vec![0, 1, 4], "the pointer array ends at 4, but 3 entries are stored"),
        (vec![0, 1], "the pointer array has 2 entries, expected 3"),
        (vec![0, 1, 2, 3], "the pointer array has 4 entries, expected 3"),
        (vec![0, -1, 3], "the pointer array decreases after entry 0"),
    ] {
        let bytes = i32s(&pointers);
        let bad = Members::csr().with("indptr", npy("<i4", false, &format!("({},)", pointers.len()), &bytes));
        let message = bad.refusal();
        assert!(message.contains(words), "{pointers:?}: {message}");
    }
}

#[test]
fn d41_lengths_that_differ_are_refused() {
    let bad = Members::csr().with("data", npy("<f8", false, "(2,)", &f64s(&[2.0, 0.1])));
    assert!(bad.refusal().contains("3 indices but 2 values"));
    let bad = Members::coo().with("col", npy("<i4", false, "(2,)", &i32s(&[2, 1])));
    assert!(bad.refusal().contains("3 indices but 2 values"));
    let bad = Members::csr().with("data", npy("<f8", false, "(3, 1)", &f64s(&[2.0, 0.1, 5.0])));
    assert!(matches!(bad.read(), Err(Error::Structure { .. })));
    let bad = Members::csr().with("indices", npy("<f8", false, "(3,)", &f64s(&[1.0, 0.0, 2.0])));
    assert!(bad.refusal().contains("indices should be one-dimensional and whole numbers"));
}

#[test]
fn d42_disorder_is_put_in_order_and_duplicates_are_counted() {
    let messy = Members::csr()
        .with("indptr", npy("<i4", false, "(3,)", &i32s(&[0, 1, 5])))
        .with("indices", npy("<i4", false, "(5,)", &i32s(&[1, 2, 0, 2, 1])))
        .with("data", npy("<f8", false, "(5,)", &f64s(&[2.0, 4.0, 0.1, 1.0, 0.0])));
    let table = messy.read().unwrap();
    assert_eq!(dense(&table.matrix), WANT);
    assert_eq!(
        table.notes,
        ["1 entry that was given before was added to the first", "1 stored zero was dropped"]
    );
    let mut options = ReadOptions::default();
    options.on_duplicates = OnDuplicates::Error;
    let error = read_both("x.npz", &messy.bytes(), &options).unwrap_err();
    assert!(matches!(error, Error::Duplicates { row: 1, col: 2, .. }), "{error}");
}

#[test]
fn d43_shapes_that_lie_are_refused() {
    for (shape, words) in [
        (vec![-1, 3], "has shape (-1, 3)"),
        (vec![2, 1_000_000_000_000_000], "has shape (2, 1000000000000000)"),
        (vec![2], "with 1 dimensions"),
        (vec![2, 3, 1], "with 3 dimensions"),
    ] {
        let text = format!("({},)", shape.len());
        let bad = Members::csr().with("shape", npy("<i8", false, &text, &i64s(&shape)));
        let message = bad.refusal();
        assert!(message.contains(words), "{shape:?}: {message}");
    }
    // Within 32 bits, but far from what the other arrays have, or from what fits into memory.
    let bad = Members::csr().with("shape", npy("<i8", false, "(2,)", &i64s(&[4_000_000, 3])));
    assert!(bad.refusal().contains("expected 4000001"));
    let bad = Members::coo().with("shape", npy("<i8", false, "(2,)", &i64s(&[4_294_967_295, 3])));
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 30;
    let error = read_both("x.npz", &bad.bytes(), &options).unwrap_err();
    assert!(matches!(error, Error::Memory { .. }), "{error}");
}

#[test]
fn d35_a_bomb_is_refused_by_its_size_before_it_is_inflated() {
    let zeros = vec![0u8; 64 << 20];
    let bomb = zipped(&[("x.npy", &npy("|u1", false, "(8192, 8192)", &zeros))], Deflated);
    assert!(bomb.len() < 100_000);
    let mut options = ReadOptions::default();
    options.memory_limit = 256 << 20;
    let error = read_both("x.npz", &bomb, &options).unwrap_err();
    assert!(matches!(error, Error::Memory { needed, .. } if needed >= 512 << 20), "{error}");
    // An archive that holds much more than the array it declares.
    let bomb = zipped(&[("x.npy", &npy("|u1", false, "(1, 1)", &zeros))], Deflated);
    assert!(refusal("x.npz", &bomb).contains("67108863 bytes stand after the array"));
    // One that declares much more than its bytes can become.
    let lie = zipped(&[("x.npy", &npy("|u1", false, "(8192, 8192)", &[0; 10]))], Deflated);
    assert!(matches!(read_both("x.npz", &lie, &options), Err(Error::Truncated { .. })));
}

#[test]
fn d35_a_directory_of_many_members_is_measured_first() {
    let names: Vec<String> = (0..2000).map(|i| format!("{i}.npy")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let bytes = zipped(&members, Stored);
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 19;
    let error = crate::read(crate::Input::reader("x.npz", &bytes[..]), &options).unwrap_err();
    assert!(matches!(error, Error::Memory { .. }), "{error}");
    options.memory_limit = 1 << 22;
    let error = crate::read(crate::Input::reader("x.npz", &bytes[..]), &options).unwrap_err();
    assert!(matches!(&error, Error::Key { available, .. } if available.len() == 2000), "{error}");
}

#[test]
fn d36_names_of_members_are_only_names() {
    let folder = Folder::new();
    let array = npy("<f8", false, "(1, 1)", &f64s(&[7.0]));
    for name in ["../../evil.npy", "/tmp/evil.npy", "..\\evil.npy", "a\nb.npy", "C:evil.npy"] {
        let bytes = zipped(&[(name, &array)], Deflated);
        let path = folder.file("x.npz", &bytes);
        let table = crate::read(path.as_path(), &ReadOptions::default()).unwrap();
        assert_eq!(dense(&table.matrix), [[7.0]], "{name}");
        let mut options = ReadOptions::default();
        options.key = Some(name.trim_end_matches(".npy").into());
        assert!(crate::read(path.as_path(), &options).is_ok(), "{name}");
        assert_eq!(folder.names(), ["x.npz"]);
    }
}

#[test]
fn d37_which_array_is_meant_has_to_be_clear() {
    let (a, b) = (npy("|u1", false, "(1, 1)", &[1]), npy("|u1", false, "(1, 1)", &[2]));
    let two = zipped(&[("a.npy", &a), ("b.npy", &b)], Deflated);
    let message = refusal("x.npz", &two);
    assert!(
        message.contains("several arrays") && message.contains("it holds 'a', 'b'; name one with `key`"),
        "{message}"
    );
    for key in ["b", "b.npy"] {
        let mut options = ReadOptions::default();
        options.key = Some(key.into());
        assert_eq!(dense(&read_both("x.npz", &two, &options).unwrap().matrix), [[2.0]]);
    }
    let mut options = ReadOptions::default();
    options.key = Some("c".into());
    let error = read_both("x.npz", &two, &options).unwrap_err();
    assert!(error.to_string().contains("there is no array 'c'; it holds 'a', 'b'"), "{error}");
    assert!(
        refusal("x.npz", &zipped(&[("readme.txt", b"x")], Deflated))
            .contains("no NumPy array; it holds no arrays")
    );
    assert!(refusal("x.npz", &zipped(&[], Deflated)).contains("no NumPy array"));
    // The same name twice: the second is spelled differently, and then patched.
    let mut twice = two;
    for i in 0..twice.len() - 5 {
        if &twice[i..i + 5] == b"b.npy" {
            twice[i] = b'a';
        }
    }
    let message = refusal("x.npz", &twice);
    assert!(message.contains("several members of the archive have the same name"), "{message}");
    // One member of a sparse matrix can be asked for by itself.
    let mut options = ReadOptions::default();
    options.key = Some("data".into());
    let error = read_both("x.npz", &Members::csr().bytes(), &options).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn d38_damaged_archives_are_refused() {
    let whole = Members::csr().bytes();
    for cut in 0..whole.len() {
        assert!(read_both("x.npz", &whole[..cut], &ReadOptions::default()).is_err(), "cut at {cut}");
    }
    // Every byte changed in turn: an error, or the same matrix. Nothing else passes the checksums, except where names
    // of members decide what is read.
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 24;
    for i in 0..whole.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut damaged = whole.clone();
            damaged[i] ^= flip;
            if let Ok(table) = crate::read(crate::Input::reader("x.npz", &damaged[..]), &options) {
                assert_eq!(dense(&table.matrix), WANT, "byte {i} with {flip:#x}");
            }
        }
    }
    // The checksum of a member.
    let array = npy("<f8", false, "(1, 1)", &f64s(&[7.0]));
    let mut bytes = zipped(&[("a.npy", &array)], Stored);
    let position = bytes.windows(8).position(|w| w == 7f64.to_le_bytes()).unwrap();
    bytes[position] ^= 1;
    assert!(refusal("x.npz", &bytes).contains("damaged"), "{}", refusal("x.npz", &bytes));
    // The flag that says the member is encrypted.
    let mut bytes = zipped(&[("a.npy", &array)], Deflated);
    let central = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[central + 8] |= 1;
    assert!(refusal("x.npz", &bytes).contains("of a kind that is not read"), "{}", refusal("x.npz", &bytes));
}

#[test]
fn d30_pickled_members_are_never_opened() {
    let folder = Folder::new();
    let canary = folder.join("canary");
    let payload = format!("cposix\nsystem\n(S'touch {}'\ntR.", canary.display());
    let bytes = zipped(&[("a.npy", &npy("|O", false, "(1, 1)", payload.as_bytes()))], Deflated);
    assert!(refusal("x.npz", &bytes).contains("Python objects"));
    let sparse = Members::csr().with("data", npy("|O", false, "(3,)", payload.as_bytes()));
    assert!(sparse.refusal().contains("Python objects"));
    assert!(!canary.exists());
}

#[test]
fn single_precision_that_overflows_is_told() {
    let mut options = ReadOptions::default();
    options.precision = Precision::F32;
    let large = Members::csr().with("data", npy("<f8", false, "(3,)", &f64s(&[2.0, 1e300, 5.0])));
    let error = read_both("x.npz", &large.bytes(), &options).unwrap_err().to_string();
    assert!(error.contains("1e300 is too large for single precision, in stored entry 1"), "{error}");
}

/// Counts halve their memory: they are kept in single precision as long as nothing is lost.
#[test]
fn values_take_single_precision_where_it_is_exact() {
    let counts = Members::csr().with("data", npy("<f8", false, "(3,)", &f64s(&[2.0, 1.0, 5.0])));
    let (narrow, wide) =
        (counts.read().unwrap().matrix.bytes(), Members::csr().read().unwrap().matrix.bytes());
    assert_eq!(wide - narrow, 3 * 4);
}
