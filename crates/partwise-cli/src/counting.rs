//! Which entries of X count, and how much: from options and files to a weighted matrix.
//!
//! All of it happens in the orientation of the file, before a transpose: so masks and weights lie on the data as they do
//! in the files, and the same seed holds out the same entries of a file either way.

use crate::any::{Number, read_as};
use crate::args::{CountArgs, DataArgs};
use crate::failure::{Failure, with_place};
use crate::talk::count;
use partwise::data::Matrix;
use partwise::{Error, Missing, Weights};
use partwise_io::fitted::{AxisNames, Counted, HeldOut};
use partwise_io::{ReadOptions, file_fingerprint};
use std::path::{Path, PathBuf};

/// What was said on the command line.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    pub(crate) missing: Missing,
    mask: Option<PathBuf>,
    weights: Option<PathBuf>,
    uncertainty: Option<PathBuf>,
    row_weights: Option<PathBuf>,
    col_weights: Option<PathBuf>,
    pub(crate) hold_out: Option<HeldOut>,
}

impl Counting {
    /// Every entry counts once.
    pub(crate) fn none() -> Counting {
        Counting::of_rows(&CountArgs::default(), Missing::None)
    }

    pub(crate) fn of(args: &DataArgs) -> Counting {
        Counting { hold_out: args.hold_out, ..Counting::of_rows(&args.entries, Missing::None) }
    }

    /// For new rows, of which none is held out; `missing` holds if nothing else is said.
    pub(crate) fn of_rows(args: &CountArgs, missing: Missing) -> Counting {
        Counting {
            missing: args.missing.unwrap_or(missing),
            mask: args.mask.clone(),
            weights: args.weights.clone(),
            uncertainty: args.uncertainty.clone(),
            row_weights: args.row_weights.clone(),
            col_weights: args.col_weights.clone(),
            hold_out: None,
        }
    }

    /// All files that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.mask, &self.weights, &self.uncertainty, &self.row_weights, &self.col_weights]
            .into_iter()
            .filter_map(|file| file.as_deref())
    }

    /// What is said of entries, with hashes of the files that say it.
    pub(crate) fn fingerprints(&self) -> Result<Vec<String>, Failure> {
        let mut all = vec![format!("missing {}", self.missing)];
        for (what, file) in [
            ("mask", &self.mask),
            ("weights", &self.weights),
            ("uncertainty", &self.uncertainty),
            ("row weights", &self.row_weights),
            ("column weights", &self.col_weights),
        ] {
            if let Some(file) = file {
                all.push(format!("{what} {}", file_fingerprint(file)?));
            }
        }
        Ok(all)
    }

    pub(crate) fn record(&self) -> Counted {
        let name = |path: &Option<PathBuf>| path.as_deref().map(file_name);
        Counted {
            missing: Some(self.missing),
            mask: name(&self.mask),
            weights: name(&self.weights),
            uncertainty: name(&self.uncertainty),
            row_weights: name(&self.row_weights),
            col_weights: name(&self.col_weights),
            hold_out: self.hold_out,
        }
    }

    /// What a fit had, by option and file, and these rows do not have. Weights of its samples are not missed, as every row
    /// stands for itself.
    pub(crate) fn lacks(&self, fit: &Counted, transposed: bool) -> Vec<String> {
        let ours = self.record();
        let features = if transposed {
            ("--row-weights", &fit.row_weights, &ours.row_weights)
        } else {
            ("--col-weights", &fit.col_weights, &ours.col_weights)
        };
        let all = [
            ("--mask", &fit.mask, &ours.mask),
            ("--weights", &fit.weights, &ours.weights),
            ("--uncertainty", &fit.uncertainty, &ours.uncertainty),
            features,
        ];
        let lacking = all.into_iter().filter(|(_, _, ours)| ours.is_none());
        lacking
            .filter_map(|(option, theirs, _)| theirs.as_ref().map(|file| format!("{option} {file}")))
            .collect()
    }

    /// Whether every entry of X counts, but for those that are held out or missing.
    pub(crate) fn is_plain(&self) -> bool {
        self.mask.is_none() && self.weights.is_none() && self.uncertainty.is_none()
    }

    /// Whether nothing is said of entries.
    pub(crate) fn is_of_all(&self) -> bool {
        self.missing == Missing::None && self.hold_out.is_none() && self.files().next().is_none()
    }

    /// Whether weights come from standard deviations.
    pub(crate) fn has_uncertainty(&self) -> bool {
        self.uncertainty.is_some()
    }

    /// What is said of entries, in the words of the command line; empty if nothing is.
    pub(crate) fn options(&self) -> String {
        let missing = match self.missing {
            Missing::None => None,
            missing => Some(format!("--missing {missing}")),
        };
        let file = |option: &str, path: &Option<PathBuf>| path.is_some().then(|| option.to_string());
        let all = [
            missing,
            file("--mask", &self.mask),
            file("--weights", &self.weights),
            file("--uncertainty", &self.uncertainty),
            file("--row-weights", &self.row_weights),
            file("--col-weights", &self.col_weights),
            self.hold_out.map(|held| format!("--hold-out {}", held.share)),
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// X with what was said about its entries. `x` is as the file `name` has it, with these names.
    pub(crate) fn apply<T: Number>(
        &self,
        mut x: Matrix<'static, T>,
        (name, names): (&str, &AxisNames),
        memory_limit: u64,
        notes: &mut Vec<String>,
    ) -> Result<Matrix<'static, T>, Failure> {
        let reader = Reader { name, names, shape: (x.rows(), x.cols()), memory_limit };
        // Weights of entries come last: where nothing counts, they may be NaN.
        if self.missing != Missing::None {
            x = x.weighted(Weights::new().missing(self.missing))?;
        }
        if let Some(path) = &self.row_weights {
            let weights = reader.vector(path, Side::Rows, x.bytes(), notes)?;
            x = weighted(x, path, names, Weights::new().rows(weights))?;
        }
        if let Some(path) = &self.col_weights {
            let weights = reader.vector(path, Side::Cols, x.bytes(), notes)?;
            x = weighted(x, path, names, Weights::new().cols(weights))?;
        }
        if let Some(path) = &self.mask {
            let mask = reader.entries(path, "a mask needs", x.bytes(), notes)?;
            check_mask(path, &mask, names)?;
            x = weighted(x, path, names, Weights::new().entries(mask))?;
        }
        if let Some(path) = &self.weights {
            let weights = reader.entries(path, "weights need", x.bytes(), notes)?;
            x = weighted(x, path, names, Weights::new().entries(weights))?;
        }
        if let Some(path) = &self.uncertainty {
            let sigma = reader.entries::<T>(path, "uncertainties need", x.bytes(), notes)?;
            let weights = Weights::new().uncertainties(&sigma).map_err(|error| placed(error, path, names))?;
            x = weighted(x, path, names, weights)?;
        }
        if let Some(held) = self.hold_out {
            x = x.weighted(Weights::new().hold_out(held.mask()))?;
        }
        Ok(x)
    }
}

/// The name of a file without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The rows or the columns of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Rows,
    Cols,
}

impl Side {
    fn one(self) -> &'static str {
        match self {
            Side::Rows => "row",
            Side::Cols => "column",
        }
    }
}

/// Reads what belongs to a matrix, and refuses what does not fit to it.
struct Reader<'n> {
    /// The file of the matrix.
    name: &'n str,
    names: &'n AxisNames,
    shape: (usize, usize),
    memory_limit: u64,
}

impl Reader<'_> {
    fn read<T: Number>(
        &self,
        path: &Path,
        used: u64,
        vector: bool,
        notes: &mut Vec<String>,
    ) -> Result<(Matrix<'static, T>, AxisNames), Failure> {
        let mut options = ReadOptions::default();
        options.memory_limit = self.memory_limit.saturating_sub(used);
        options.vector = vector;
        let (matrix, labels) = read_as(path, options)?;
        notes.extend(labels.notes.into_iter().map(|note| format!("{}: {note}", file_name(path))));
        Ok((matrix, AxisNames { rows: labels.rows, cols: labels.cols, ..AxisNames::default() }))
    }

    /// A number for every entry.
    fn entries<T: Number>(
        &self,
        path: &Path,
        what: &str,
        used: u64,
        notes: &mut Vec<String>,
    ) -> Result<Matrix<'static, T>, Failure> {
        let (x, names) = self.read::<T>(path, used, false, notes)?;
        if (x.rows(), x.cols()) != self.shape {
            let (m, n) = self.shape;
            let turned = if (x.cols(), x.rows()) == (m, n) { "; it is the other way round" } else { "" };
            return Err(Failure::Data(format!(
                "{}: {} x {}, but {} is {m} x {n}; {what} the same shape{turned}",
                path.display(),
                x.rows(),
                x.cols(),
                self.name
            )));
        }
        let file = path.display().to_string();
        same_names("row", (self.name, &self.names.rows), (&file, &names.rows))?;
        same_names("column", (self.name, &self.names.cols), (&file, &names.cols))?;
        Ok(x)
    }

    /// A number for every row or column.
    fn vector<T: Number>(
        &self,
        path: &Path,
        side: Side,
        used: u64,
        notes: &mut Vec<String>,
    ) -> Result<Vec<T>, Failure> {
        let (x, names) = self.read::<T>(path, used, true, notes)?;
        let (m, n) = self.shape;
        let (expected, ours) = match side {
            Side::Rows => (m, &self.names.rows),
            Side::Cols => (n, &self.names.cols),
        };
        let is_column = x.cols() == 1;
        if !(is_column || x.rows() == 1) || x.rows().saturating_mul(x.cols()) != expected {
            return Err(Failure::Data(format!(
                "{}: {} x {}, but {} is {m} x {n}: weights of its {}s are a column or a row of {}",
                path.display(),
                x.rows(),
                x.cols(),
                self.name,
                side.one(),
                count(expected as u64, "number")
            )));
        }
        let file = path.display().to_string();
        let theirs = if is_column { &names.rows } else { &names.cols };
        same_names(side.one(), (self.name, ours), (&file, theirs))?;
        Ok(x.to_row_major())
    }
}

/// Refuses two files whose names disagree, if both have names.
pub(crate) fn same_names(
    what: &str,
    (our_file, ours): (&str, &Option<Vec<String>>),
    (their_file, theirs): (&str, &Option<Vec<String>>),
) -> Result<(), Failure> {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Ok(()) };
    match ours.iter().zip(theirs).enumerate().find(|(_, (ours, theirs))| ours != theirs) {
        None => Ok(()),
        Some((at, (ours, theirs))) => Err(Failure::Data(format!(
            "{their_file}: {what} {at} is '{}', but {our_file} has '{}' there; put the {what}s of one of them into the order \
             of the other",
            theirs.escape_debug(),
            ours.escape_debug()
        ))),
    }
}

/// A mask says yes or no.
fn check_mask<T: Number>(path: &Path, mask: &Matrix<'_, T>, names: &AxisNames) -> Result<(), Failure> {
    let mut wrong = None;
    let mut see = |i: usize, j: usize, value: f64| {
        if wrong.is_none() && value != 0.0 && value != 1.0 {
            wrong = Some((i, j, value));
        }
    };
    match mask {
        Matrix::Sparse(mask) => mask.for_each(|i, j, value| see(i, j, value.to_f64())),
        mask => {
            let n = mask.cols().max(1);
            for (e, value) in mask.to_row_major().into_iter().enumerate() {
                see(e / n, e % n, value.to_f64());
            }
        }
    }
    match wrong {
        None => Ok(()),
        Some((i, j, value)) => Err(Failure::Data(format!(
            "{}: {value} at row {i}, column {j}{}; a mask has 1 where an entry is observed, and 0 where it is not; weights \
             are given with --weights",
            path.display(),
            names.at(Some(i), Some(j))
        ))),
    }
}

fn weighted<T: Number>(
    x: Matrix<'static, T>,
    path: &Path,
    names: &AxisNames,
    weights: Weights<'static, T>,
) -> Result<Matrix<'static, T>, Failure> {
    x.weighted(weights).map_err(|error| placed(error, path, names))
}

/// A weight that is none, in the words of its file.
fn placed(error: Error, path: &Path, names: &AxisNames) -> Failure {
    match error {
        Error::BadWeight { what, row, col, .. } => {
            let (row, col) = match what {
                "row weight" => (Some(row), None),
                "column weight" => (None, Some(col)),
                _ => (Some(row), Some(col)),
            };
            Failure::Data(format!("{}: {}", path.display(), with_place(&error, &names.at(row, col))))
        }
        error => error.into(),
    }
}
