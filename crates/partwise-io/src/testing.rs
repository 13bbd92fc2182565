//! What the tests of several parsers share.

use crate::{AnyMatrix, Error, Input, ReadOptions, Result, Table, read};
use partwise::data::Matrix;
use std::io::Write;
use std::path::PathBuf;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Reads bytes under a name; a stream, whose length nobody knows.
pub(crate) fn read_bytes(name: &str, bytes: &[u8]) -> Result<Table> {
    read(Input::reader(name, bytes), &ReadOptions::default())
}

/// Reads bytes as a stream and as a file, and checks that both ways agree.
pub(crate) fn read_both(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Table> {
    let folder = Folder::new();
    let path = folder.file(name, bytes);
    let from_file = read(path.as_path(), options);
    let from_stream = read(Input::reader(name, bytes), options);
    match (&from_file, &from_stream) {
        (Ok(a), Ok(b)) => {
            assert_eq!(crate::fingerprint(&a.matrix), crate::fingerprint(&b.matrix));
            assert_eq!((&a.row_names, &a.col_names), (&b.row_names, &b.col_names));
        }
        // A stream is found short only at its end, and may be refused for its size before.
        (Err(a), Err(b)) => assert!(
            std::mem::discriminant(a) == std::mem::discriminant(b) || matches!(b, Error::Memory { .. }),
            "{a:?} is not {b:?}"
        ),
        (a, b) => panic!("{a:?} is not {b:?}"),
    }
    from_file
}

/// The message for bytes that have to be refused.
pub(crate) fn refusal(name: &str, bytes: &[u8]) -> String {
    match read_both(name, bytes, &ReadOptions::default()) {
        Ok(table) => panic!("{name} was read: {table:?}"),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains("{") && text.len() < 600, "{text}");
            text
        }
    }
}

/// All entries of a matrix, row by row.
pub(crate) fn dense(matrix: &AnyMatrix) -> Vec<Vec<f64>> {
    fn fill<T: partwise::Scalar>(x: &Matrix<'_, T>) -> Vec<Vec<f64>> {
        let mut out = vec![vec![0.0; x.cols()]; x.rows()];
        crate::write::for_each_entry(x, |i, j, x| out[i][j] = x.to_f64());
        out
    }
    crate::read::with_matrix!(matrix, x => fill(x))
}

/// A `.npy` of version 1.
pub(crate) fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let descr = if descr.starts_with(['[', '(']) { descr.to_string() } else { format!("'{descr}'") };
    let mut text = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out.extend(data);
    out
}

pub(crate) fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(crate) fn i64s(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(crate) fn i32s(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A zip archive.
pub(crate) fn zipped(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// A folder that is removed at the end of a test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("partwise-io-test-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Names of all that is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }
}

pub(crate) fn names_in(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
