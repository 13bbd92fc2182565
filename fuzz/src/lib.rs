//! What every target does with a file: read it with little memory, and if that works, write it in every format and read
//! it again.

use partwise_io::{
    AnyMatrix, Format, Input, Names, Precision, ReadOptions, Table, fingerprint, read, write_matrix_to,
};

/// Little enough that a size which is believed without proof shows, as the fuzzer's own limit is not far above it.
const LIMIT: u64 = 16 << 20;

/// Reads the bytes under a name. Must not panic, hang, or take more memory than the limit.
pub fn check(name: &str, bytes: &[u8]) {
    check_as(name, bytes, ReadOptions::default());
}

/// The same with options.
pub fn check_as(name: &str, bytes: &[u8], mut options: ReadOptions) {
    options.memory_limit = LIMIT;
    match read(Input::reader(name, bytes), &options) {
        // What counts of a matrix is in none of the formats.
        Ok(table) if options.observed_only && table.matrix.is_sparse() => {
            table.fingerprint();
        }
        Ok(table) => round_trip(&table),
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 2000, "too long a message: {message}");
            assert!(!message.chars().any(|c| c.is_control()), "unescaped: {message:?}");
            assert!((65..=74).contains(&error.exit_code()));
        }
    }
}

/// What was read comes back from every format that it can be written in.
fn round_trip(table: &Table) {
    let matrix = &table.matrix;
    let want = fingerprint(matrix);
    assert!(table.row_names.as_ref().is_none_or(|names| names.len() == matrix.rows()));
    assert!(table.col_names.as_ref().is_none_or(|names| names.len() == matrix.cols()));
    let small = matrix.rows().saturating_mul(matrix.cols()) < 1 << 14;
    let names = Names { rows: table.row_names.as_deref(), cols: table.col_names.as_deref() };
    let mut options = ReadOptions::default();
    options.memory_limit = 16 * LIMIT;
    options.precision = if matches!(matrix, AnyMatrix::F32(_)) { Precision::F32 } else { Precision::F64 };
    for format in [Format::Npz, Format::Mtx, Format::Npy, Format::Csv, Format::Tsv] {
        if !small && !(matrix.is_sparse() && matches!(format, Format::Npz | Format::Mtx)) {
            continue;
        }
        let mut bytes = Vec::new();
        if let Err(error) = write_matrix_to(&mut bytes, format, matrix, names) {
            panic!("{format} is not written: {error}");
        }
        match read(Input::reader(format!("again.{format}"), &bytes[..]), &options) {
            Err(error) => panic!("{format} does not come back: {error}\n{}", String::from_utf8_lossy(&bytes)),
            Ok(again) => {
                assert_eq!(fingerprint(&again.matrix), want, "{format}: {}", String::from_utf8_lossy(&bytes));
                if matches!(format, Format::Csv | Format::Tsv) {
                    assert_eq!(again.row_names, table.row_names, "{}", String::from_utf8_lossy(&bytes));
                    assert_eq!(again.col_names, table.col_names, "{}", String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
}

/// A zip archive with sound checksums, whose members are pieces of `bytes`: a name, a length, and the content.
pub fn archive(mut bytes: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    const NAMES: [&str; 8] = ["format", "shape", "data", "indices", "indptr", "row", "col", "coords"];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for _ in 0..8 {
        let Some((&[name, low, high], rest)) = bytes.split_first_chunk::<3>() else { break };
        let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
        let (content, rest) = rest.split_at(length);
        bytes = rest;
        let method =
            if name & 8 == 0 { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{}.npy", NAMES[usize::from(name & 7)]), options).ok()?;
        zip.write_all(content).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}

/// The bytes, gzipped.
pub fn gzipped(bytes: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).ok()?;
    out.finish().ok()
}
