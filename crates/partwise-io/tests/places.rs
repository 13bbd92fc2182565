//! Where a file may be: D49, and standard streams.
#![allow(clippy::unwrap_used, clippy::panic)] // a test

use partwise_io::{Error, ErrorKind, Input, ReadOptions, read};
use std::path::PathBuf;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("partwise-io-places-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn refusal(input: impl Into<Input<'static>>) -> Error {
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 24;
    match read(input, &options) {
        Ok(table) => panic!("{table:?}"),
        Err(error) => error,
    }
}

#[test]
fn d49_what_is_no_file_is_told_apart() {
    let folder = Folder::new("told-apart");
    let error = refusal(folder.0.as_path());
    assert!(
        error.kind() == ErrorKind::Missing && error.to_string().ends_with("is a folder; name a file in it")
    );
    let error = refusal(folder.0.join("a\nb\u{202e}.npy"));
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert!(error.to_string().contains(r"a\nb\u{202e}.npy' does not exist"), "{error}");
    let error = refusal("a\0b.npy");
    assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
    let error = refusal(folder.0.join("x.csv/y.csv"));
    assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
}

#[cfg(unix)]
#[test]
fn d49_names_that_are_no_text_are_shown_byte_by_byte() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("bytes");
    let path = folder.0.join(std::ffi::OsStr::from_bytes(b"caf\xe9.csv"));
    let error = refusal(path.clone());
    assert!(error.to_string().contains(r"caf\xE9.csv' does not exist"), "{error}");
    std::fs::write(&path, "1,2\n3,4\n").unwrap();
    assert!(read(path, &ReadOptions::default()).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn d49_devices_end_at_the_limit() {
    for (device, words) in [("/dev/zero", "neither text nor"), ("/dev/null", "is empty")] {
        assert!(refusal(device).to_string().contains(words));
    }
    for format in ["npy", "npz", "mtx", "csv", "tsv", "txt"] {
        let mut options = ReadOptions::default();
        (options.memory_limit, options.format) = (1 << 20, Some(format.parse().unwrap()));
        assert!(read("/dev/zero", &options).is_err(), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn d49_a_pipe_is_read_if_somebody_writes_and_given_up_if_not() {
    let folder = Folder::new("pipe");
    let [silent, busy] = ["silent.csv", "busy.csv"].map(|name| folder.0.join(name));
    let made = std::process::Command::new("mkfifo").args([&silent, &busy]).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("no mkfifo here: not tested");
        return;
    }
    let error = refusal(silent);
    assert!(error.to_string().contains("is a pipe that nobody writes to"), "{error}");
    let writer = busy.clone();
    let writing = std::thread::spawn(move || std::fs::write(writer, "1,2\n3,4\n"));
    let table = read(busy, &ReadOptions::default()).unwrap();
    writing.join().unwrap().unwrap();
    assert_eq!((table.matrix.rows(), table.matrix.cols()), (2, 2));
}

#[cfg(unix)]
#[test]
fn d49_files_that_may_not_be_read_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("permissions");
    let path = folder.0.join("x.csv");
    std::fs::write(&path, "1,2\n").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        eprintln!("this user may read everything: not tested");
        return;
    }
    let error = refusal(path);
    assert!(error.kind() == ErrorKind::Missing && error.to_string().contains("cannot be opened"), "{error}");
}

#[test]
fn streams_are_recognised_by_their_content() {
    let read_stream = |bytes: &[u8]| read(Input::reader("standard input", bytes), &ReadOptions::default());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/attacks");
    for name in ["good_c.npy", "good_csr.npz", "good_coordinate.mtx", "good_integer.mtx.gz"] {
        let table = read_stream(&std::fs::read(folder.join(name)).unwrap()).unwrap();
        assert_eq!((table.matrix.rows(), table.matrix.cols()), (3, 4), "{name}");
    }
    assert_eq!(read_stream(b"1\t2\n3\t4\n").unwrap().notes, ["cells are separated by tabs"]);
    assert_eq!(Input::from_arg("-").name(), "standard input");
    assert_eq!(Input::from_arg("./-").name(), "./-");
}
