//! From an argument to a matrix, with what is known of it.

use crate::any::{Number, with_matrix};
use crate::args::SourceArgs;
use crate::catalogue;
use crate::counting::Counting;
use crate::failure::{Failure, with_place};
use crate::talk::{Talk, bytes, count, grouped, seconds};
use partwise::data::Matrix;
use partwise::error::BadEntry;
use partwise::{Error, Facts, Missing, Negatives, RowRules, Spec};
use partwise_io::fitted::AxisNames;
use partwise_io::{AnyMatrix, Input, ReadOptions, Table, read};
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
    /// Which entries count.
    pub(crate) counting: Counting,
    /// Entries that a sparse file does not list, if they count as 0 and nothing else is said of entries.
    pub(crate) absent: u64,
    /// Seconds to read it, look at it and hash it.
    pub(crate) seconds: f64,
    /// Bytes that may be used in all.
    pub(crate) memory_limit: u64,
}

/// A matrix as it was read, with what is said of it.
pub(crate) struct Read {
    pub(crate) matrix: AnyMatrix,
    pub(crate) names: AxisNames,
    pub(crate) format: String,
    pub(crate) stored_as: String,
    pub(crate) notes: Vec<String>,
    pub(crate) fingerprint: String,
}

impl Source {
    /// Reads a file, lets only those entries count that should, and looks at it.
    pub(crate) fn open(
        path: &Path,
        args: &SourceArgs,
        counting: Counting,
    ) -> Result<(AnyMatrix, Source), Failure> {
        let (matrix, mut source) = Source::read(path, options(args), args.transpose, counting)?;
        let Facts { rows, cols, .. } = source.facts;
        for (option, file, what, count, names) in [
            ("sample-names", &args.sample_names, "samples", rows, &mut source.names.rows),
            ("feature-names", &args.feature_names, "features", cols, &mut source.names.cols),
        ] {
            if let Some(file) = file {
                *names = Some(named(option, file, count, what)?);
            }
        }
        Ok((matrix, source))
    }

    /// The same with options of the reader.
    pub(crate) fn read(
        path: &Path,
        mut options: ReadOptions,
        transposed: bool,
        counting: Counting,
    ) -> Result<(AnyMatrix, Source), Failure> {
        let began = Instant::now();
        let input = Input::from_arg(path);
        let name = input.name().to_string();
        options.observed_only = counting.missing == Missing::Absent;
        let table = read(input, &options)?;
        Source::new(table, name, transposed, counting, options.memory_limit, began)
    }

    pub(crate) fn new(
        table: Table,
        name: String,
        transposed: bool,
        counting: Counting,
        memory_limit: u64,
        began: Instant,
    ) -> Result<(AnyMatrix, Source), Failure> {
        // Of X alone: weights are no part of it; and of X as it is fitted, whatever the file calls a row.
        let fingerprint = if transposed { table.fingerprint_of_transpose() } else { table.fingerprint() };
        let Table { matrix, row_names, col_names, format, stored_as, notes, .. } = table;
        let names = AxisNames { rows: row_names, cols: col_names, ..AxisNames::default() };
        let read = Read { matrix, names, format: format.to_string(), stored_as, notes, fingerprint };
        Source::of(read, name, transposed, counting, memory_limit, began)
    }

    /// The same of what was not read as a table.
    pub(crate) fn of(
        read: Read,
        name: String,
        transposed: bool,
        counting: Counting,
        memory_limit: u64,
        began: Instant,
    ) -> Result<(AnyMatrix, Source), Failure> {
        let Read { matrix, mut names, format, stored_as, mut notes, fingerprint } = read;
        let absent = if counting.is_plain() { with_matrix!(&matrix, x => absent(x)) } else { 0 };
        let mut matrix = with_matrix!(matrix, x => {
            AnyMatrix::from(counting.apply(x, (&name, &names), memory_limit, &mut notes)?)
        });
        if transposed {
            matrix = matrix.transposed();
            std::mem::swap(&mut names.rows, &mut names.cols);
        }
        let source = Source {
            names,
            format,
            stored_as,
            notes,
            precision: precision(&matrix),
            bytes: matrix.bytes(),
            name,
            transposed,
            facts: facts(&matrix),
            fingerprint,
            counting,
            absent,
            seconds: began.elapsed().as_secs_f64(),
            memory_limit,
        };
        Ok((matrix, source))
    }

    /// Of a matrix that was made of something else than numbers: its name, its format, and what it holds.
    pub(crate) fn made(
        matrix: &AnyMatrix,
        (name, format, stored_as): (String, String, String),
        memory_limit: u64,
        began: Instant,
    ) -> Source {
        Source {
            names: AxisNames::default(),
            format,
            stored_as,
            notes: Vec::new(),
            precision: precision(matrix),
            bytes: matrix.bytes(),
            name,
            transposed: false,
            facts: facts(matrix),
            fingerprint: partwise_io::fingerprint(matrix),
            counting: Counting::none(),
            absent: 0,
            seconds: began.elapsed().as_secs_f64(),
            memory_limit,
        }
    }

    /// Notes what is taken for granted of entries that are not listed; for data of which they may well be missing.
    pub(crate) fn note_absent(&mut self) {
        match self.absent {
            0 => {}
            1 => self
                .notes
                .push("1 entry that is not listed counts as 0; --missing absent leaves it out".into()),
            n => self.notes.push(format!(
                "{} entries that are not listed count as 0; --missing absent leaves them out",
                grouped(n)
            )),
        }
    }

    /// One line on what was read, and one for everything that was found out or decided on the way.
    pub(crate) fn introduce(&self, talk: &Talk) {
        let f = &self.facts;
        let kind = match (f.sparse, f.weighted) {
            (true, true) => format!("sparse, {} stored", count(f.stored, "entry")),
            (true, false) => format!("sparse, {} ({:.3} %)", count(f.stored, "entry"), 100.0 * f.density()),
            (false, _) => format!("dense, {:.3} % not zero", 100.0 * f.density()),
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
        if f.weighted {
            talk.say(format!("  {} ({})", self.observed(), self.counting.options()));
        }
    }

    /// Whether columns are samples in the files that say something of entries; they lie as X lies in its own file.
    pub(crate) fn counted_in_columns(&self) -> bool {
        self.transposed && self.counting.files().next().is_some()
    }

    /// How many entries count.
    pub(crate) fn observed(&self) -> String {
        let f = &self.facts;
        let all = f.rows as f64 * f.cols as f64;
        format!("{} of {all} entries count, {:.3} %", f.observed, 100.0 * f.observed as f64 / all)
    }

    /// Refuses what cannot be factorized, in the words of the file: with names where there are names.
    pub(crate) fn check(&self, spec: &Spec) -> Result<(), Failure> {
        if self.facts.observed == 0 && self.facts.weighted {
            return Err(Failure::Data(format!(
                "{}: no entry counts ({}); a fit needs some that do",
                self.name,
                self.counting.options()
            )));
        }
        self.placed(spec.check_data(&self.facts))
    }

    /// Refuses new rows that a model cannot take; one without entries that count is no hindrance.
    pub(crate) fn check_rows(
        &self,
        loss: partwise::Loss,
        least: f64,
        rules: &RowRules,
    ) -> Result<(), Failure> {
        let negatives_are_fine = rules.negatives != Negatives::Refuse || rules.free;
        match self.facts.check(loss, least) {
            Err(Error::BadEntry { kind: BadEntry::Negative(_), .. }) if negatives_are_fine => Ok(()),
            checked => self.placed(checked),
        }
    }

    fn placed(&self, checked: partwise::Result<()>) -> Result<(), Failure> {
        let Err(error) = checked else { return Ok(()) };
        let place = match &error {
            Error::BadEntry { row, col, .. } => self.names.at(Some(*row), Some(*col)) + self.turned(),
            Error::Unseen { line: "row", first, .. } => self.names.at(Some(*first), None) + self.turned(),
            Error::Unseen { first, .. } => self.names.at(None, Some(*first)) + self.turned(),
            _ => String::new(),
        };
        let or = match &error {
            Error::BadEntry { kind: BadEntry::Negative(_), .. } => {
                "; if they mark missing entries, leave them out with --mask"
            }
            _ => "",
        };
        Err(Failure::Data(format!("{}: {}{or}", self.name, with_place(&error, &place))))
    }

    /// What to add to rows and columns that are those of X and not of the file.
    fn turned(&self) -> &'static str {
        if self.transposed { ", after --transpose" } else { "" }
    }
}

/// Names from a file, a line each. What follows a tab is something else of theirs.
fn named(option: &str, file: &Path, count: usize, what: &str) -> Result<Vec<String>, Failure> {
    let names = catalogue::list(option, file)?;
    if names.len() != count {
        return Err(Failure::Data(format!(
            "--{option} {}: {} lines for {count} {what}; give a name a line, in their order",
            file.display(),
            names.len()
        )));
    }
    let first = |line: String| line.split('\t').next().unwrap_or_default().trim_matches('"').to_string();
    Ok(names.into_iter().map(first).collect())
}

pub(crate) fn options(args: &SourceArgs) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.precision = args.precision.into();
    options.key.clone_from(&args.key);
    options.triplets = args.triplets;
    options.header = args.header.known();
    options.row_names = args.row_names.known();
    if let Some(limit) = args.memory_limit {
        options.memory_limit = limit.as_u64();
    }
    options
}

/// Entries that a sparse matrix has none for, not even a zero.
fn absent<T: Number>(x: &Matrix<'_, T>) -> u64 {
    let Matrix::Sparse(x) = x else { return 0 };
    let all = x.rows() as u64 * x.cols() as u64;
    all.saturating_sub(x.stored() as u64 + x.canonical().stored_zeros as u64)
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
