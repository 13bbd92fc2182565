//! From a file of mutations by class and sample to X of samples by classes.

use crate::counting::Counting;
use crate::failure::Failure;
use crate::source::Source;
use partwise_io::{AnyMatrix, Catalogue, ClassKind, Input, Labels, ReadOptions, read};
use std::path::Path;
use std::time::Instant;

/// Bytes of a list of names, at most.
const MOST_BYTES: u64 = 1 << 30;

/// Reads the table, and finds out what it is.
pub(crate) fn open(
    path: &Path,
    mut options: ReadOptions,
    labels: Labels,
) -> Result<(AnyMatrix, Source, ClassKind), Failure> {
    let began = Instant::now();
    options.joined_names = true;
    let input = Input::from_arg(path);
    let (name, limit) = (input.name().to_string(), options.memory_limit);
    let Catalogue { table, samples_in_rows, kind, .. } =
        Catalogue::of(read(input, &options)?, &name, labels, limit)?;
    let (matrix, source) = Source::new(table, name, !samples_in_rows, Counting::none(), limit, began)?;
    Ok((matrix, source, kind))
}

/// New samples for a model of the 96 classes in their standard order: where names say what is what, they may lie in any way;
/// else as the table of the fit did.
pub(crate) fn new_samples(
    path: &Path,
    mut options: ReadOptions,
    transposed: bool,
) -> Result<(AnyMatrix, Source), Failure> {
    let began = Instant::now();
    options.joined_names = true;
    let input = Input::from_arg(path);
    let (name, limit) = (input.name().to_string(), options.memory_limit);
    let table = read(input, &options)?;
    let (table, transposed) = if Catalogue::is_named(&table) {
        let found = Catalogue::of(table, &name, Labels::default(), limit)?;
        (found.table, !found.samples_in_rows)
    } else {
        (table, transposed)
    };
    Source::new(table, name, transposed, Counting::none(), limit, began)
}

/// A list of names, one a line.
pub(crate) fn list(option: &str, path: &Path) -> Result<Vec<String>, Failure> {
    let failed = |problem: String| Failure::Data(format!("--{option} {}: {problem}", path.display()));
    let size = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::File(partwise_io::Error::NotFound { path: path.display().to_string() })
        }
        _ => failed(source.to_string()),
    })?;
    if !size.is_file() || size.len() > MOST_BYTES {
        return Err(failed("it is not a list of names, one a line".into()));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not text (UTF-8)".into()))?;
    let text = text.trim_start_matches('\u{feff}').trim_end();
    if text.is_empty() {
        return Err(failed("it is empty".into()));
    }
    Ok(text.lines().map(|line| line.trim().trim_matches('"').to_string()).collect())
}
