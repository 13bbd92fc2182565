//! The way in: any input becomes a [`Table`].

use crate::budget::{Budget, default_limit};
use crate::error::{Error, Place, Result};
use crate::fingerprint::fingerprint_turned;
use crate::format::{self, Format};
use crate::input::{self, Input, Opened};
use crate::{delimited, mtx, npy, npz};
use partwise::data::Matrix;

/// A matrix in the precision it was read in.
#[derive(Debug, Clone)]
pub enum AnyMatrix {
    /// Single precision.
    F32(Matrix<'static, f32>),
    /// Double precision.
    F64(Matrix<'static, f64>),
}

/// Runs the same expression on a matrix of either precision.
macro_rules! with_matrix {
    ($any:expr, $x:ident => $body:expr) => {
        match $any {
            $crate::read::AnyMatrix::F32($x) => $body,
            $crate::read::AnyMatrix::F64($x) => $body,
        }
    };
}
pub(crate) use with_matrix;

impl AnyMatrix {
    /// `m`.
    pub fn rows(&self) -> usize {
        with_matrix!(self, x => x.rows())
    }

    /// `n`.
    pub fn cols(&self) -> usize {
        with_matrix!(self, x => x.cols())
    }

    /// Whether zeros are left out.
    pub fn is_sparse(&self) -> bool {
        with_matrix!(self, x => x.is_sparse())
    }

    /// Entries kept in memory: all of a dense matrix, the non-zeros of a sparse one.
    pub fn stored(&self) -> u64 {
        with_matrix!(self, x => x.stored())
    }

    /// Bytes of the entries, with their indices.
    pub fn bytes(&self) -> u64 {
        with_matrix!(self, x => x.bytes())
    }

    /// The transpose, without moving a number.
    pub fn transposed(self) -> AnyMatrix {
        match self {
            AnyMatrix::F32(x) => AnyMatrix::F32(x.transposed()),
            AnyMatrix::F64(x) => AnyMatrix::F64(x.transposed()),
        }
    }
}

impl From<Matrix<'static, f32>> for AnyMatrix {
    fn from(x: Matrix<'static, f32>) -> Self {
        AnyMatrix::F32(x)
    }
}

impl From<Matrix<'static, f64>> for AnyMatrix {
    fn from(x: Matrix<'static, f64>) -> Self {
        AnyMatrix::F64(x)
    }
}

/// A matrix as a file had it, with what the file says about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Table {
    /// X, `(m, n)`.
    pub matrix: AnyMatrix,
    /// Names of the rows; `m` of them.
    pub row_names: Option<Vec<String>>,
    /// Names of the columns; `n` of them.
    pub col_names: Option<Vec<String>>,
    /// The format that was read.
    pub format: Format,
    /// How the file stores its numbers: `float32`, `int64`, `pattern`, `text`.
    pub stored_as: String,
    /// What was found or done on the way, one sentence each.
    pub notes: Vec<String>,
    fingerprint: Option<Hashes>,
}

/// The fingerprints of a matrix and of its transpose.
#[derive(Debug, Clone)]
pub(crate) struct Hashes {
    pub(crate) straight: String,
    pub(crate) turned: String,
}

impl Table {
    /// The [`fingerprint`](crate::fingerprint) of the matrix as it was read. Where only what is stored counts, stored zeros
    /// are entries like others.
    pub fn fingerprint(&self) -> String {
        let known = self.fingerprint.as_ref().map(|hashes| hashes.straight.clone());
        known.unwrap_or_else(|| crate::fingerprint(&self.matrix))
    }

    /// That of the transpose: the one that a file has which holds it.
    pub fn fingerprint_of_transpose(&self) -> String {
        let known = self.fingerprint.as_ref().map(|hashes| hashes.turned.clone());
        known.unwrap_or_else(|| fingerprint_turned(&self.matrix))
    }

    /// To be called where the matrix has become another.
    pub(crate) fn forget_fingerprint(&mut self) {
        self.fingerprint = None;
    }
}

/// The precision to read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Single where the file stores single or half precision, else double.
    #[default]
    Auto,
    /// Single.
    F32,
    /// Double.
    F64,
}

impl Precision {
    pub(crate) fn is_single(self, stored_single: bool) -> bool {
        match self {
            Precision::Auto => stored_single,
            Precision::F32 => true,
            Precision::F64 => false,
        }
    }
}

/// What to do with an entry of a sparse matrix that is given more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicates {
    /// Add the values up, and say so in the notes.
    #[default]
    Sum,
    /// Refuse the file.
    Error,
}

/// How to read. The defaults are right for nearly every file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadOptions {
    /// The precision to read into.
    pub precision: Precision,
    /// The member of a `.npz` to read.
    pub key: Option<String>,
    /// The format, where the name and the content do not tell.
    pub format: Option<Format>,
    /// Bytes that the read may take, including what it needs only on the way (but for some buffers, about 1 MB); by
    /// default 80 % of the machine's memory.
    pub memory_limit: u64,
    /// What to do with repeated entries.
    pub on_duplicates: OnDuplicates,
    /// Only what a sparse file stores counts, stored zeros too, and the rest is missing (ratings): the matrix becomes a
    /// [`Matrix::Weighted`], and repeated entries are refused. Of no effect on dense files.
    pub observed_only: bool,
    /// A text file holds a triplet a line: row, column, value. Its rows and columns are named, and come in the order in
    /// which they appear first.
    pub triplets: bool,
    /// The rows that triplets may have, in this order.
    pub known_rows: Option<Vec<String>>,
    /// The columns that triplets may have, in this order.
    pub known_cols: Option<Vec<String>>,
    /// Take a one-dimensional array as one column.
    pub vector: bool,
    /// Whether the first line of a text table names the columns; `None` finds out.
    pub header: Option<bool>,
    /// Whether the first column of a text table names the rows; `None` finds out.
    pub row_names: Option<bool>,
    /// Several columns of text before the numbers of a text table name its rows together.
    pub joined_names: bool,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            precision: Precision::Auto,
            key: None,
            format: None,
            memory_limit: default_limit(),
            on_duplicates: OnDuplicates::Sum,
            observed_only: false,
            triplets: false,
            known_rows: None,
            known_cols: None,
            vector: false,
            header: None,
            row_names: None,
            joined_names: false,
        }
    }
}

/// What every parser needs at hand.
pub(crate) struct Context<'o> {
    pub(crate) at: Place,
    pub(crate) options: &'o ReadOptions,
    pub(crate) budget: Budget,
    pub(crate) notes: Vec<String>,
    /// That of the matrix, if the parser has taken it.
    pub(crate) fingerprint: Option<Hashes>,
}

impl Context<'_> {
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// What a parser returns; the notes are in the context.
pub(crate) struct Parsed {
    pub(crate) matrix: AnyMatrix,
    pub(crate) row_names: Option<Vec<String>>,
    pub(crate) col_names: Option<Vec<String>>,
    pub(crate) stored_as: String,
}

impl Parsed {
    pub(crate) fn unnamed(matrix: AnyMatrix, stored_as: impl Into<String>) -> Parsed {
        Parsed { matrix, row_names: None, col_names: None, stored_as: stored_as.into() }
    }
}

#[cold]
fn no_triplets(at: Place, format: Format) -> Error {
    let problem = match format {
        Format::Mtx => "triplets are lines of text; a .mtx file says by itself what it holds".into(),
        _ => format!("triplets are lines of text, and this is .{format}"),
    };
    Error::Format { at, problem, instead: "leave `triplets` out, or give a .csv, .tsv or .txt".into() }
}

/// Reads a matrix.
///
/// The format is recognised by the name and checked against the content; standard input and unknown names go by the
/// content alone. NaN and infinite entries are read as they are: a fit refuses them by place.
///
/// # Errors
/// Any [`Error`] except those of writing. Nothing is left behind, and no memory is kept.
pub fn read<'a>(input: impl Into<Input<'a>>, options: &ReadOptions) -> Result<Table> {
    let input = input.into();
    let at = Place::of(input.name());
    let Opened { bytes, size, magic, promise, notes } = input::open(input, &at)?;
    let format = format::decide(options.format, promise, magic, &at)?;
    let budget = Budget::new(options.memory_limit, at.clone());
    let mut cx = Context { at, options, budget, notes, fingerprint: None };
    if options.key.is_some() && format != Format::Npz {
        cx.note(format!("`key` was not used: a .{format} file holds one matrix"));
    }
    let parsed = match format {
        Format::Csv | Format::Tsv | Format::Txt if options.triplets => {
            delimited::triplets::read(bytes, format, &mut cx)?
        }
        _ if options.triplets => return Err(no_triplets(cx.at, format)),
        Format::Npy => npy::read(bytes, size, &mut cx)?,
        Format::Npz => npz::read(bytes, &mut cx)?,
        Format::Mtx => mtx::read(bytes, size, &mut cx)?,
        Format::Csv | Format::Tsv | Format::Txt if options.joined_names => {
            let text = delimited::joined(bytes, format, &mut cx)?;
            delimited::read(text.as_slice(), size, format, &mut cx)?
        }
        Format::Csv | Format::Tsv | Format::Txt => delimited::read(bytes, size, format, &mut cx)?,
    };
    let (rows, cols) = (parsed.matrix.rows(), parsed.matrix.cols());
    if rows == 0 || cols == 0 {
        return Err(Error::Shape {
            at: cx.at,
            shape: format!("({rows}, {cols})"),
            needs: "a matrix needs at least one row and one column".into(),
        });
    }
    let Parsed { matrix, row_names, col_names, stored_as } = parsed;
    Ok(Table {
        matrix,
        row_names,
        col_names,
        format,
        stored_as,
        notes: cx.notes,
        fingerprint: cx.fingerprint,
    })
}
