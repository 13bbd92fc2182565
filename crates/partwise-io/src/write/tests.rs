use super::*;
use crate::testing::{Folder, dense};
use crate::{ErrorKind, Precision, ReadOptions, Table, fingerprint, read};
use partwise::data::{Dense, Sparse};
use proptest::prelude::*;

fn dense_matrix(rows: usize, cols: usize, values: Vec<f64>) -> AnyMatrix {
    AnyMatrix::F64(Dense::from_vec(rows, cols, values).unwrap().into())
}

fn sparse_matrix() -> AnyMatrix {
    AnyMatrix::F64(Sparse::from_coo(3, 2, &[2, 0, 2], &[1, 1, 0], vec![1.5, 2.0, 1e-300]).unwrap().into())
}

fn names(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}

fn back(path: &Path, precision: Precision) -> Table {
    let mut options = ReadOptions::default();
    options.precision = precision;
    match read(path, &options) {
        Ok(table) => table,
        Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&std::fs::read(path).unwrap())),
    }
}

const ENDINGS: [&str; 10] =
    ["npy", "npy.gz", "npz", "mtx", "mtx.gz", "csv", "csv.gz", "tsv", "tsv.gz", "txt"];

#[test]
fn every_format_gives_the_matrix_back() {
    let folder = Folder::new();
    let by_columns = Dense::from_vec_col_major(2, 3, vec![1.0f32, 0.0, 0.1, 4.0, 1e30, 6.0]).unwrap();
    let csc = Sparse::from_csc(3, 2, vec![0, 1, 3], vec![2, 0, 2], vec![0.1f64, 2.0, 3.0]).unwrap();
    for matrix in [
        dense_matrix(2, 3, vec![0.1, 0.0, 3.0, 1e-310, 5e200, 123_456_789.0]),
        AnyMatrix::F32(by_columns.into()),
        sparse_matrix(),
        sparse_matrix().transposed(),
        AnyMatrix::F64(csc.into()),
        dense_matrix(1, 1, vec![7.0]),
    ] {
        let precision = if matches!(matrix, AnyMatrix::F32(_)) { Precision::F32 } else { Precision::F64 };
        for ending in ENDINGS {
            let path = folder.join(&format!("x.{ending}"));
            let notes = write_matrix(&path, &matrix, Names::default()).unwrap();
            let keeps_sparse = ending.starts_with("npz") || ending.starts_with("mtx");
            assert_eq!(notes.is_empty(), keeps_sparse || !matrix.is_sparse());
            let table = back(&path, precision);
            assert_eq!(fingerprint(&table.matrix), fingerprint(&matrix), "{ending}: {matrix:?}");
            let mut stream = Vec::new();
            if let Ok(format) = ending.strip_suffix(".gz").unwrap_or(ending).parse() {
                write_matrix_to(&mut stream, format, &matrix, Names::default()).unwrap();
                assert!(!stream.is_empty());
            }
        }
    }
    assert_eq!(folder.names().len(), ENDINGS.len());
}

#[test]
fn slices_are_written_as_numpy_does() {
    let mut out = Vec::new();
    write_npy_to(&mut out, &[1.0f32, 2.0], (1, 2)).unwrap();
    assert_eq!(out.len(), 128 + 8);
    assert!(out.starts_with(
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }  "
    ));
    assert_eq!((out[127], &out[128..132]), (b'\n', &1f32.to_le_bytes()[..]));
    assert!(matches!(write_npy_to(Vec::new(), &[1.0], (2, 2)), Err(Error::Shape { .. })));
    assert!(write_npy_to(Vec::new(), &[1.0], (usize::MAX, 2)).is_err());
}

#[test]
fn tables_have_the_digits_they_need_and_no_more() {
    let table = |values: &[f64]| {
        let mut out = Vec::new();
        write_table_to(&mut out, values, (1, values.len()), Names::default(), Separator::Comma).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(table(&[0.1, 3.0, 1e300, 1e-300]), "0.1,3,1e300,1e-300\n");
    assert_eq!(table(&[-0.0, 123_456.789, 1e15, 0.00001]), "0,123456.789,1e15,0.00001\n");
    assert_eq!(table(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), "NaN,inf,-inf\n");
    let mut out = Vec::new();
    write_table_to(&mut out, &[0.1f32, 16_777_216.0], (2, 1), Names::default(), Separator::Tab).unwrap();
    assert_eq!(out, b"0.1\n16777216\n");
}

/// D46: names come back as they were, and none runs as a formula.
#[test]
fn d46_every_name_comes_back() {
    let odd = [
        "=cmd()|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "'",
        "'=x",
        "''=x",
        "'x",
        "a,b",
        "a\"b",
        "a\nb",
        "a\r\nb",
        "",
        " ",
        " a ",
        "NA",
        "nan",
        "12",
        "1.5",
        "1,5",
        "#x",
        "x#",
        "\u{202e}abc",
        "🧬",
        "é",
        "\u{feff}x",
        "a;b",
        "a\tb",
        "a|b",
        "a b",
        "A[C>A]A",
        "id",
        "gene",
        "＝x",
        "\n=x",
        "0x1F",
        "x\u{0}".trim_end_matches('\0'),
    ];
    for columns in [1, 2, 3] {
        for format in [Format::Csv, Format::Tsv, Format::Txt] {
            for (start, _) in odd.iter().enumerate() {
                let row_names: Vec<String> =
                    (0..3).map(|i| odd[(start + i) % odd.len()].to_string()).collect();
                let col_names: Vec<String> =
                    (0..columns).map(|j| odd[(start + 7 * (j + 1)) % odd.len()].to_string()).collect();
                let values = (0..3 * columns).map(|v| v as f64).collect();
                let matrix = dense_matrix(3, columns, values);
                for (rows, cols) in [
                    (Some(&row_names), Some(&col_names)),
                    (Some(&row_names), None),
                    (None, Some(&col_names)),
                    (None, None),
                ] {
                    let named = Names { rows: rows.map(Vec::as_slice), cols: cols.map(Vec::as_slice) };
                    let mut bytes = Vec::new();
                    write_matrix_to(&mut bytes, format, &matrix, named).unwrap();
                    let text = String::from_utf8_lossy(&bytes);
                    let table =
                        crate::testing::read_bytes(&format!("x.{format}"), &bytes).unwrap_or_else(|error| {
                            panic!(
                                "{error}
{text}"
                            )
                        });
                    assert_eq!(table.row_names.as_ref(), rows, "{format}\n{text}");
                    assert_eq!(table.col_names.as_ref(), cols, "{format}\n{text}");
                    assert_eq!(fingerprint(&table.matrix), fingerprint(&matrix));
                    if format == Format::Csv {
                        for start in ["=", "+", "-", "@", "\t", "\r"] {
                            assert!(!text.contains(&format!("\"{start}")), "{text}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let two = names(&["a", "b"]);
    let wrong = Names { rows: Some(&two), cols: None };
    let error = write_table_to(Vec::new(), &[1.0], (1, 1), wrong, Separator::Comma).unwrap_err();
    assert!(error.to_string().contains("2 row names do not fit"), "{error}");
    let nul = names(&["a\0b"]);
    let with_nul = Names { rows: None, cols: Some(&nul) };
    assert!(write_table_to(Vec::new(), &[1.0], (1, 1), with_nul, Separator::Comma).is_err());
    let folder = Folder::new();
    let named = Names { rows: None, cols: Some(&two) };
    let notes = write_matrix(folder.join("x.npy"), &dense_matrix(1, 2, vec![1.0, 2.0]), named).unwrap();
    assert!(notes[0].contains("no room for names"));
    let error = write_matrix(folder.join("x.h5ad"), &sparse_matrix(), Names::default()).unwrap_err();
    assert_eq!(error.exit_code(), 73);
}

#[test]
fn a_sparse_matrix_too_large_to_fill_is_refused() {
    let x = Sparse::from_coo(3_000_000, 3_000_000, &[0], &[0], vec![1.0f64]).unwrap();
    let folder = Folder::new();
    let error = write_matrix(folder.join("x.npy"), &AnyMatrix::F64(x.into()), Names::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Memory);
    assert!(folder.names().is_empty());
}

/// Fails after some bytes, as a full disk does.
struct Full(usize);
impl Write for Full {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let n = buf.len().min(self.0);
        self.0 -= n;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        if self.0 == 0 { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
    }
}

/// F1, F10: whichever byte cannot be written, the error says so and no format panics.
#[test]
fn f01_a_full_disk_is_an_error_at_every_byte() {
    let values: Vec<f64> = (0..60).map(|v| f64::from(v) * 0.37).collect();
    let triplets: Vec<u32> = (0..60).collect();
    let sparse = Sparse::from_coo(60, 60, &triplets, &triplets, values.clone()).unwrap();
    for matrix in [dense_matrix(6, 10, values), AnyMatrix::F64(sparse.into())] {
        for format in [Format::Npy, Format::Npz, Format::Mtx, Format::Csv] {
            let mut whole = Vec::new();
            write_matrix_to(&mut whole, format, &matrix, Names::default()).unwrap();
            for room in (0..whole.len()).step_by(1 + whole.len() / 300) {
                let error = write_matrix_to(&mut Full(room), format, &matrix, Names::default()).unwrap_err();
                assert_eq!(error.exit_code(), 74, "{format} at {room}: {error}");
            }
        }
    }
}

#[test]
fn f01_a_failure_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::new();
    let path = folder.file("x.bin", b"old");
    for at in [0, 1, 1 << 20] {
        let error = atomic::atomically(&path, |out| {
            out.write_all(&vec![b'n'; at])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert_eq!(error.exit_code(), 74);
        assert!(error.to_string().ends_with("what was there before is unchanged"), "{error}");
        assert_eq!((std::fs::read(&path).unwrap(), folder.names()), (b"old".to_vec(), vec!["x.bin".into()]));
    }
    let panicked = std::panic::catch_unwind(|| atomic::atomically(&path, |_| panic!("on purpose")));
    assert!(panicked.is_err());
    assert_eq!(folder.names(), ["x.bin"]);
    atomic::atomically(&path, |out| out.write_all(b"new")).unwrap();
    assert_eq!((std::fs::read(&path).unwrap(), folder.names()), (b"new".to_vec(), vec!["x.bin".into()]));
}

/// F2: found before anything is computed.
#[test]
fn f02_places_that_cannot_be_written_are_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("sub.npy")).unwrap();
    let write = |path: &Path| write_npy(path, &[1.0], (1, 1)).unwrap_err();
    for (path, words) in [
        (folder.join("none/x.npy"), "there is no folder"),
        (folder.join("sub.npy"), "there is a folder of that name"),
        (folder.join(&"x".repeat(300)), "cannot be created"),
        (folder.join(".."), "cannot be created"),
    ] {
        let error = write(&path);
        assert!(error.exit_code() == 73 && error.to_string().contains(words), "{error}");
    }
    let odd = write(&folder.join("no\nsuch/x.npy")).to_string();
    assert!(odd.contains(r"no\nsuch"), "{odd}");
    let path = folder.file("protected.npy", b"old");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    assert!(write(&path).to_string().contains("write-protected"));
    assert_eq!(folder.names(), ["protected.npy", "sub.npy"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_devices_written_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let real = folder.file("real.npy", b"old");
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
    let link = folder.join("link.npy");
    symlink(&real, &link).unwrap();
    write_npy(&link, &[1.0], (1, 1)).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(dense(&back(&real, Precision::Auto).matrix), [[1.0]]);
    let dangling = folder.join("dangling.npy");
    symlink(folder.join("nothing"), &dangling).unwrap();
    assert_eq!(write_npy(&dangling, &[1.0], (1, 1)).unwrap_err().exit_code(), 73);
    write_npy("/dev/null", &[1.0], (1, 1)).unwrap();
    if Path::new("/dev/full").exists() {
        assert_eq!(write_npy("/dev/full", &[1.0], (1, 1)).unwrap_err().exit_code(), 74);
    }
}

#[test]
fn folders_appear_whole_or_not_at_all() {
    let folder = Folder::new();
    let target = folder.join("out");
    let dropped = OutputDir::create(&target, false).unwrap();
    std::fs::write(dropped.file("a").unwrap(), "1").unwrap();
    assert!(!target.exists());
    drop(dropped);
    assert!(folder.names().is_empty());

    let write = |force: bool, names: &[&str]| -> Result<()> {
        let out = OutputDir::create(&target, force)?;
        for name in names {
            std::fs::write(out.file(name)?, name).unwrap();
        }
        out.commit("a", &[])
    };
    write(false, &["a", "b"]).unwrap();
    let inside = || crate::testing::names_in(&target);
    assert_eq!((inside(), folder.names()), (vec!["a".to_string(), "b".into()], vec!["out".to_string()]));
    let error = write(false, &["c"]).unwrap_err();
    assert_eq!((error.exit_code(), inside().len()), (73, 2));
    // Nothing but our own names: exchanged as a whole.
    write(true, &["a", "b", "c"]).unwrap();
    assert_eq!(inside(), ["a", "b", "c"]);
    // A file of somebody else stays, and so do older ones of ours.
    std::fs::write(target.join("notes.txt"), "mine").unwrap();
    write(true, &["a", "d"]).unwrap();
    assert_eq!(inside(), ["a", "b", "c", "d", "notes.txt"]);
    assert_eq!(folder.names(), ["out"]);
    // An empty folder may be filled.
    let empty = folder.join("empty");
    std::fs::create_dir(&empty).unwrap();
    let out = OutputDir::create(&empty, false).unwrap();
    std::fs::write(out.file("a").unwrap(), "1").unwrap();
    out.commit("a", &[]).unwrap();
    assert!(empty.join("a").exists());
}

#[test]
fn folders_that_cannot_be_made_are_named() {
    let folder = Folder::new();
    folder.file("file", b"");
    for name in ["file", "none/out", "file/out", &"x".repeat(300)] {
        let error = OutputDir::create(folder.join(name), true).unwrap_err();
        assert_eq!(error.exit_code(), 73, "{name}: {error}");
    }
    let out = OutputDir::create(folder.join("out/"), false).unwrap();
    for name in ["../x", "", "a/b", "/x", ".", ".."] {
        assert!(out.file(name).is_err(), "{name:?}");
    }
    assert_eq!(out.target().file_name().unwrap(), "out");
    // Somebody else fills the place meanwhile: it is left alone.
    std::fs::create_dir(folder.join("out")).unwrap();
    std::fs::write(folder.join("out/theirs"), "x").unwrap();
    std::fs::write(out.file("ours").unwrap(), "x").unwrap();
    let error = out.commit("ours", &[]).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(error.exit_code(), 73);
    assert_eq!(folder.names(), ["file", "out"]);
}

/// A folder with these files, each with its name and `text` as its content.
fn folder_with(path: &std::path::Path, names: &[&str], text: &str) {
    std::fs::create_dir(path).unwrap();
    for name in names {
        std::fs::write(path.join(name), text).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn there_is_no_moment_without_a_folder() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = Folder::new();
    let target = folder.join("out");
    folder_with(&target, &["a"], "0");
    let done = AtomicBool::new(false);
    let missed = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut missed = 0;
            while !done.load(Ordering::Relaxed) {
                missed += usize::from(std::fs::symlink_metadata(&target).is_err());
            }
            missed
        });
        for _ in 0..100 {
            let out = OutputDir::create(&target, true).unwrap();
            std::fs::write(out.file("a").unwrap(), "1").unwrap();
            out.commit("a", &[]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    assert_eq!(missed, 0);
    assert_eq!(folder.names(), ["out"]);
}

#[test]
fn folders_are_swapped_where_they_cannot_be_exchanged() {
    let folder = Folder::new();
    let (staging, target) = (folder.join("new"), folder.join("out"));
    folder_with(&target, &["a"], "old");
    // Nothing to put there: the old one comes back.
    let error = super::dir::swap_in_two_steps(&staging, &target, &target).unwrap_err();
    assert!(error.to_string().ends_with("what was there before is unchanged"), "{error}");
    assert_eq!(std::fs::read_to_string(target.join("a")).unwrap(), "old");
    folder_with(&staging, &["a"], "new");
    super::dir::swap_in_two_steps(&staging, &target, &target).unwrap();
    assert_eq!(std::fs::read_to_string(target.join("a")).unwrap(), "new");
    assert_eq!(folder.names(), ["out"]);
}

#[test]
fn a_mixture_is_without_its_seal_and_is_told() {
    let folder = Folder::new();
    let target = folder.join("out");
    let write = || {
        let out = OutputDir::create(&target, true).unwrap();
        for name in ["a", "b", "c", "seal"] {
            std::fs::write(out.file(name).unwrap(), "new").unwrap();
        }
        out.commit("seal", &["older"])
    };
    folder_with(&target, &["a", "c", "mine", "older", "seal"], "old");
    // A file does not replace a folder.
    std::fs::create_dir(target.join("b")).unwrap();
    let error = write().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Incomplete { .. }) && error.exit_code() == 74, "{text}");
    assert!(
        text.contains("the old seal is removed, a is new, the rest is as it was; run it again"),
        "{text}"
    );
    assert_eq!(crate::testing::names_in(&target), ["a", "b", "c", "mine", "older"]);
    assert_eq!(folder.names(), ["out"]);
    std::fs::remove_dir(target.join("b")).unwrap();
    write().unwrap();
    assert_eq!(crate::testing::names_in(&target), ["a", "b", "c", "mine", "seal"]);
    let read = |name: &str| std::fs::read_to_string(target.join(name)).unwrap();
    assert_eq!((read("a"), read("seal"), read("mine")), ("new".into(), "new".into(), "old".into()));
    // Nothing has been touched before the seal could be removed.
    std::fs::remove_file(target.join("seal")).unwrap();
    std::fs::create_dir(target.join("seal")).unwrap();
    assert!(matches!(write().unwrap_err(), Error::Write { .. }));
}

#[test]
fn obsolete_files_do_not_keep_a_folder_from_being_exchanged() {
    let folder = Folder::new();
    let target = folder.join("out");
    folder_with(&target, &["a", "older"], "old");
    let out = OutputDir::create(&target, true).unwrap();
    std::fs::write(out.file("a").unwrap(), "new").unwrap();
    out.commit("a", &["older"]).unwrap();
    assert_eq!(crate::testing::names_in(&target), ["a"]);
}

#[test]
fn a_folder_filled_meanwhile_is_replaced_by_force() {
    let folder = Folder::new();
    let target = folder.join("out");
    let out = OutputDir::create(&target, true).unwrap();
    std::fs::write(out.file("a").unwrap(), "new").unwrap();
    folder_with(&target, &["a"], "theirs");
    out.commit("a", &[]).unwrap();
    assert_eq!(std::fs::read_to_string(target.join("a")).unwrap(), "new");
    assert_eq!(folder.names(), ["out"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_table_comes_back(
        rows in 1usize..4,
        cols in 1usize..4,
        bits in proptest::collection::vec(any::<u64>(), 16),
        texts in proptest::collection::vec("[a-c=',;\"\n\r\t #0-9.é-]{0,6}", 8),
        which in 0usize..4,
        tabs: bool,
    ) {
        let values: Vec<f64> = bits.iter().take(rows * cols).map(|&b| f64::from_bits(b)).collect();
        let values: Vec<f64> = values.into_iter().map(|x| if x.is_finite() { x } else { 1.0 }).collect();
        let (row_names, col_names) = (texts[..rows].to_vec(), texts[4..4 + cols].to_vec());
        let named = Names {
            rows: (which & 1 == 0).then_some(&row_names),
            cols: (which & 2 == 0).then_some(&col_names),
        };
        let (separator, name) = if tabs { (Separator::Tab, "x.tsv") } else { (Separator::Comma, "x.csv") };
        let mut out = Vec::new();
        write_table_to(&mut out, &values, (rows, cols), named, separator).unwrap();
        let table = crate::testing::read_bytes(name, &out);
        let table = table.map_err(|error| TestCaseError::fail(format!("{error}\n{}", String::from_utf8_lossy(&out))))?;
        prop_assert_eq!(table.row_names.as_deref(), named.rows);
        prop_assert_eq!(table.col_names.as_deref(), named.cols);
        prop_assert_eq!(dense(&table.matrix).concat(), values);
    }
}
