//! Reads files and says what was read, how fast, and at what peak of memory: `cargo run --release --example load FILE...`
//!
//! `--write OUT` writes the last one again.

use partwise_io::{Input, Names, ReadOptions, fingerprint, read, write_matrix};
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let mut last = None;
    let mut out = std::io::stdout().lock();
    while let Some(argument) = arguments.next() {
        if argument == "--write" {
            if let (Some(path), Some(table)) = (arguments.next(), &last) {
                let table: &partwise_io::Table = table;
                let names = Names { rows: table.row_names.as_deref(), cols: table.col_names.as_deref() };
                let start = Instant::now();
                for note in write_matrix(&path, &table.matrix, names)? {
                    writeln!(out, "    note: {note}")?;
                }
                writeln!(out, "    written in {:.3} s", start.elapsed().as_secs_f64())?;
            }
            continue;
        }
        let size = std::fs::metadata(&argument).map_or(0, |metadata| metadata.len());
        let start = Instant::now();
        match read(Input::from_arg(&argument), &ReadOptions::default()) {
            Ok(table) => {
                let seconds = start.elapsed().as_secs_f64();
                let x = &table.matrix;
                writeln!(
                    out,
                    "{}: {} x {}, {} stored as {}, {} bytes of {}; {seconds:.3} s, {:.0} MB/s, peak {} kB",
                    argument.to_string_lossy(),
                    x.rows(),
                    x.cols(),
                    x.stored(),
                    table.stored_as,
                    x.bytes(),
                    if x.is_sparse() { "sparse" } else { "dense" },
                    size as f64 / seconds / 1e6,
                    peak_memory().unwrap_or_default(),
                )?;
                for note in &table.notes {
                    writeln!(out, "    note: {note}")?;
                }
                writeln!(out, "    {}", fingerprint(x))?;
                last = Some(table);
            }
            Err(error) => writeln!(out, "exit code {}: {error}", error.exit_code())?,
        }
    }
    Ok(())
}

/// The largest amount of memory that was ever in use, in kB, where the system says it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().to_string())
}
