//! From an argument to a matrix, with what is known of it.

use crate::args::SourceArgs;
use crate::failure::{Failure, as_options};
use crate::output::AxisNames;
use crate::talk::{Talk, bytes, count, seconds};
use partwise::Facts;
use partwise_io::{AnyMatrix, Input, ReadOptions, Table, fingerprint, read};
use std::path::Path;
use std::time::Instant;

/// What is known of a matrix; the matrix itself goes its own way.
pub(crate) struct Source {
    pub(crate) names: AxisNames,
    pub(crate) format: String,
    pub(crate) stored_as: String,
    /// What was found or done while reading.
    pub(crate) notes: Vec<String>,
    /// `f32` or `f64`.
    pub(crate) precision: &'static str,
    /// Bytes of X.
    pub(crate) bytes: u64,
    /// The name that messages call it by.
    pub(crate) name: String,
    pub(crate) transposed: bool,
    pub(crate) facts: Facts,
    pub(crate) fingerprint: String,
    /// Seconds to read it, look at it and hash it.
    pub(crate) seconds: f64,
    /// Bytes that may be used in all.
    pub(crate) memory_limit: u64,
}

impl Source {
    /// Reads a file and looks at it.
    pub(crate) fn open(path: &Path, args: &SourceArgs) -> Result<(AnyMatrix, Source), Failure> {
        let began = Instant::now();
        let input = Input::from_arg(path);
        let name = input.name().to_string();
        let options = options(args);
        let table = read(input, &options)?;
        Ok(Source::new(table, name, args.transpose, options.memory_limit, began))
    }

    pub(crate) fn new(
        table: Table,
        name: String,
        transposed: bool,
        memory_limit: u64,
        began: Instant,
    ) -> (AnyMatrix, Source) {
        let mut names = AxisNames { rows: table.row_names, cols: table.col_names };
        let mut matrix = table.matrix;
        if transposed {
            matrix = matrix.transposed();
            std::mem::swap(&mut names.rows, &mut names.cols);
        }
        let source = Source {
            names,
            format: table.format.to_string(),
            stored_as: table.stored_as,
            notes: table.notes,
            precision: precision(&matrix),
            bytes: matrix.bytes(),
            name,
            transposed,
            facts: facts(&matrix),
            fingerprint: fingerprint(&matrix),
            seconds: began.elapsed().as_secs_f64(),
            memory_limit,
        };
        (matrix, source)
    }

    /// One line on what was read, and one for everything that was found out or decided on the way.
    pub(crate) fn introduce(&self, talk: &Talk) {
        let f = &self.facts;
        let kind = if f.sparse {
            format!("sparse, {} ({:.3} %)", count(f.stored, "entry"), 100.0 * f.density())
        } else {
            format!("dense, {:.3} % not zero", 100.0 * f.density())
        };
        talk.say(format!(
            "{}: {} x {}{}, {kind}, {} as {}, read in {}",
            self.name,
            f.rows,
            f.cols,
            if self.transposed { " (transposed)" } else { "" },
            bytes(self.bytes),
            self.precision,
            seconds(self.seconds)
        ));
        for note in &self.notes {
            talk.say(format!("  {note}"));
        }
    }

    /// Refuses entries that cannot be factorized, in the words of the file: with names where there are names.
    pub(crate) fn check(&self, loss: partwise::Loss, floor: f64) -> Result<(), Failure> {
        let Err(error) = self.facts.check(loss, floor) else { return Ok(()) };
        if let partwise::Error::BadEntry { row, col, .. } = &error {
            let named = |names: &Option<Vec<String>>, at: usize| {
                names
                    .as_ref()
                    .and_then(|names| names.get(at))
                    .map(|name| format!("'{}'", name.escape_debug()))
            };
            let (row, col) = (named(&self.names.rows, *row), named(&self.names.cols, *col));
            let place = match (row, col) {
                (Some(row), Some(col)) => format!(" (row {row}, column {col})"),
                (Some(row), None) => format!(" (row {row})"),
                (None, Some(col)) => format!(" (column {col})"),
                (None, None) => String::new(),
            };
            let turned = if self.transposed { ", after --transpose" } else { "" };
            return Err(Failure::Data(format!("{}: {error}{place}{turned}", self.name)));
        }
        Err(Failure::Data(format!("{}: {}", self.name, as_options(&error.to_string()))))
    }
}

pub(crate) fn options(args: &SourceArgs) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.precision = args.precision.into();
    options.key.clone_from(&args.key);
    options.header = args.header.known();
    options.row_names = args.row_names.known();
    if let Some(limit) = args.memory_limit {
        options.memory_limit = limit.as_u64();
    }
    options
}

fn facts(matrix: &AnyMatrix) -> Facts {
    match matrix {
        AnyMatrix::F32(x) => Facts::of(x),
        AnyMatrix::F64(x) => Facts::of(x),
    }
}

/// `f32` or `f64`.
fn precision(matrix: &AnyMatrix) -> &'static str {
    if matches!(matrix, AnyMatrix::F32(_)) { "f32" } else { "f64" }
}
