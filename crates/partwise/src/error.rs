//! Everything that can go wrong, as data: what, where, and what to do instead.

use std::fmt;

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a factorization could not be done. How a run *ended* is a [`Status`](crate::Status), not an error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An entry of X is not a finite non-negative number.
    #[error(
        "{kind} at row {row}, column {col}{more}; NMF needs finite X >= 0{hint}",
        more = also(*count, *minimum),
        hint = kind.hint()
    )]
    BadEntry {
        /// What is wrong with it.
        kind: BadEntry,
        /// Its row, counted from 0.
        row: usize,
        /// Its column, counted from 0.
        col: usize,
        /// How many such entries there are.
        count: usize,
        /// The smallest finite entry of X.
        minimum: f64,
    },
    /// Zeros in X, and a loss that is infinite there.
    #[error(
        "the {loss} loss is infinite at x = 0, and X has {zeros} {}; raise {} with a floor \
         (`floor`, relative to the mean of X, for example 1e-6), or use a loss with beta > 0 such as kl",
        if *zeros == 1 { "zero" } else { "zeros" },
        if *zeros == 1 { "it" } else { "them" }
    )]
    ZerosInX {
        /// The loss asked for.
        loss: String,
        /// How many zeros X has.
        zeros: u64,
    },
    /// A matrix without rows or without columns.
    #[error("X has shape ({rows}, {cols}): a factorization needs at least one row and one column")]
    Empty {
        /// Rows of X.
        rows: usize,
        /// Columns of X.
        cols: usize,
    },
    /// A matrix whose shape does not fit.
    #[error("{what} has shape {got}, expected {expected}")]
    Shape {
        /// Which matrix.
        what: &'static str,
        /// The shape it should have.
        expected: String,
        /// The shape it has.
        got: String,
    },
    /// A parameter outside its range.
    #[error("{name} = {value}: {needs}")]
    BadParameter {
        /// The parameter's name.
        name: &'static str,
        /// The value given.
        value: String,
        /// What it must be.
        needs: String,
    },
    /// A given factor that cannot be a factor.
    #[error("the given {factor} has {problem} at row {row}, column {col}; factors must be finite and >= 0")]
    BadFactor {
        /// `"W"` or `"H"`.
        factor: &'static str,
        /// What is wrong.
        problem: BadEntry,
        /// Row of the entry, counted from 0.
        row: usize,
        /// Column of the entry, counted from 0.
        col: usize,
    },
    /// A weight of X that is not one.
    #[error("{what} {value:?} at row {row}, column {col}; {needs}")]
    BadWeight {
        /// What it is: a weight, an uncertainty.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Its row, counted from 0 (0 for the weight of a column).
        row: usize,
        /// Its column, counted from 0 (0 for the weight of a row).
        col: usize,
        /// What it has to be.
        needs: &'static str,
    },
    /// Rows or columns of X of which no entry counts.
    #[error(
        "{count} {lines} of X {have} no observed entry, the first is {lines_of} {first}; leave them out, or let them be zero \
         (`unseen` = zeros)",
        lines = if *count == 1 { line } else if *line == "row" { "rows" } else { "columns" },
        lines_of = line,
        have = if *count == 1 { "has" } else { "have" },
    )]
    Unseen {
        /// `"row"` or `"column"`.
        line: &'static str,
        /// How many there are.
        count: usize,
        /// The first, counted from 0.
        first: usize,
    },
    /// A combination that is not possible, with what to do instead.
    #[error("{asked} is not possible: {why}; {instead}")]
    Unsupported {
        /// What was asked for.
        asked: String,
        /// Why it cannot be.
        why: String,
        /// What can be done instead.
        instead: String,
    },
    /// The sparse structure is inconsistent.
    #[error("the sparse matrix is not well formed: {0}")]
    SparseStructure(SparseFault),
    /// Somebody asked to stop, and there is no part of a result that would be of use.
    #[error("stopped from outside")]
    Interrupted,
    /// There is not so much memory.
    #[error("{rows} rows of W with {rank} components need about {needed} of memory, which the system does not give; \
             take fewer rows at a time", needed = bytes(*needed))]
    Rows {
        /// Rows of the new X.
        rows: usize,
        /// Components.
        rank: usize,
        /// Bytes needed.
        needed: u64,
    },
    /// The fit would not fit into memory.
    #[error(
        "a fit at rank {rank} needs about {needed} beside X, more than the {limit} that are left for it; lower the rank, or \
         raise the limit",
        needed = apart(*needed, *limit),
        limit = apart(*limit, *needed)
    )]
    Memory {
        /// The rank asked for.
        rank: usize,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum BadEntry {
    /// Not a number.
    Nan,
    /// Plus or minus infinity.
    Infinite,
    /// Below zero; the value.
    Negative(f64),
}

impl BadEntry {
    fn hint(self) -> &'static str {
        match self {
            BadEntry::Nan => {
                "; if NaN means missing, say so (`missing` = nan), and these entries do not count"
            }
            BadEntry::Infinite => "; clip or drop these entries first",
            BadEntry::Negative(_) => {
                "; if they are noise around 0, keep them (`negatives` = keep, frobenius only: nearly-NMF) or clip them to 0 \
                 (`negatives` = clip); if X has both signs, let one factor have them too (`free` = w or h: semi-NMF)"
            }
        }
    }
}

impl fmt::Display for BadEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadEntry::Nan => f.write_str("NaN"),
            BadEntry::Infinite => f.write_str("an infinite entry"),
            BadEntry::Negative(x) => write!(f, "negative entry {x:?}"),
        }
    }
}

/// What is wrong with the three arrays of a sparse matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SparseFault {
    /// The pointer array has the wrong length.
    #[error("the pointer array has {got} entries, expected {expected} (one more than the rows it points to)")]
    PointerLength {
        /// Entries expected.
        expected: usize,
        /// Entries found.
        got: usize,
    },
    /// The pointer array does not start at 0.
    #[error("the pointer array starts at {0}, not at 0")]
    PointerStart(String),
    /// The pointer array goes down.
    #[error("the pointer array decreases after entry {at}")]
    PointerDecreases {
        /// Index of the last good entry.
        at: usize,
    },
    /// The pointer array does not end at the number of stored entries.
    #[error("the pointer array ends at {end}, but {stored} entries are stored")]
    PointerEnd {
        /// Its last value.
        end: String,
        /// Stored entries.
        stored: usize,
    },
    /// Index and value arrays differ in length.
    #[error("{indices} indices but {values} values")]
    LengthMismatch {
        /// Number of indices.
        indices: usize,
        /// Number of values.
        values: usize,
    },
    /// An index outside the matrix.
    #[error("stored entry {at} has index {index}, outside 0..{size}")]
    IndexOutOfRange {
        /// Position in the index array.
        at: usize,
        /// The index.
        index: String,
        /// The size of that dimension.
        size: usize,
    },
    /// An entry of a list that may hold each only once.
    #[error("entry ({row}, {col}) is listed twice; keep one of them, or their mean")]
    Repeated {
        /// Its row.
        row: usize,
        /// Its column.
        col: usize,
    },
    /// More rows or columns than 32-bit indices can address.
    #[error("{size} rows or columns; at most 4294967295 are supported")]
    TooLarge {
        /// The size asked for.
        size: usize,
    },
}

fn also(count: usize, minimum: f64) -> String {
    match (count, minimum < 0.0) {
        (1, _) => String::new(),
        (n, true) => format!(" ({n} such entries, smallest {minimum:?})"),
        (n, false) => format!(" ({n} such entries)"),
    }
}

/// A number of bytes beside another one, to the byte where they would look the same.
fn apart(n: u64, other: u64) -> String {
    if bytes(n) == bytes(other) { format!("{n} B") } else { bytes(n) }
}

/// A number of bytes for people: `1.2 GB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut x = n as f64;
    let mut unit = 0;
    while x >= 1000.0 && unit + 1 < UNITS.len() {
        x /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{x:.1} {}", UNITS[unit]) }
}
