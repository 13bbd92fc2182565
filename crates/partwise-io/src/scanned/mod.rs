//! The folder of a scan: every fit that is done, so that a scan goes on where it was, and that several processes, on several
//! machines that see the same folder, do their parts of it.
//!
//! ```text
//! scan/jobs.json          what all fits have in common; a folder of another scan is refused
//! scan/jobs/rank-007-whole-0003.json    what a fit came to
//! scan/jobs/rank-007-whole-0003.H.npy   its H, written before
//! scan/scan.json          what all of them say, in full
//! scan/ranks.tsv          the same as a table
//! ```

mod document;

pub use document::{Document, SCAN, TABLE, columns};

use crate::error::{Error, Place, Result, path_name, quoted};
use crate::fitted::{REPORT, bad_entry};
use crate::input::Input;
use crate::read::{ReadOptions, read};
use crate::write::{NpyScalar, write_bytes, write_npy};
use partwise::select::{Job, Kind, Outcome, Scan};
use partwise::{Factor, Free, Spec};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the fits, in that of the scan.
const JOBS: &str = "jobs";
/// What they have in common.
const KEY: &str = "jobs.json";

/// What all fits of a scan have in common. What they do not depend on, threads and the list of ranks, is no part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Common {
    /// The version of partwise: another one may find other digits.
    pub version: String,
    /// Hash of the shape and entries of X.
    pub data: String,
    /// Whether columns are samples in the files that say something of entries.
    pub transposed: bool,
    /// What is said of entries, with hashes of the files that say it.
    pub counted: Vec<String>,
    /// `f32` or `f64`.
    pub precision: String,
    /// Folds of cross-validation.
    pub folds: u32,
    /// Parts of rows and columns in bi-cross-validation.
    pub blocks: u32,
    /// How to fit.
    pub spec: Spec,
}

/// Fits of a scan on the disk.
#[derive(Debug)]
pub struct Jobs {
    folder: PathBuf,
    /// Whether H may have negative entries.
    signed: bool,
}

/// What the key of a folder says.
enum Known {
    Nothing,
    Unreadable,
    Scan(Box<Common>),
}

impl Known {
    fn in_the_way(&self, common: &Common) -> String {
        let what = match self {
            Known::Scan(other) => other.differs(common),
            _ => "something that cannot be read".into(),
        };
        format!("it has a scan of {what}; use another folder, or allow it to be overwritten")
    }
}

fn known(key: &Path) -> io::Result<Known> {
    match std::fs::read(key) {
        Ok(text) => {
            Ok(serde_json::from_slice(&text).map_or(Known::Unreadable, |scan| Known::Scan(Box::new(scan))))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Known::Nothing),
        Err(error) => Err(error),
    }
}

/// Whether a folder without a key has anything but what a scan begins with: hidden files that are being written, and a folder
/// for fits without any.
fn is_of_others(scan: &Path) -> bool {
    let mut there = std::fs::read_dir(scan).into_iter().flatten().flatten();
    there.any(|entry| {
        let name = entry.file_name();
        let begun = name == JOBS && fits_in(&entry.path()).is_empty();
        !begun && !name.to_string_lossy().starts_with('.')
    })
}

/// The files of fits in the folder for them. Only what has the name of a fit is ours.
fn fits_in(folder: &Path) -> Vec<PathBuf> {
    let there = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_fit = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        job_of(name.trim_end_matches(".json").trim_end_matches(".H.npy")).is_some()
    };
    there.map(|entry| entry.path()).filter(is_fit).collect()
}

/// Whether a scan could have written a file of this name, beside its report.
pub fn is_of_a_scan(name: &str) -> bool {
    [KEY, SCAN, TABLE].contains(&name)
}

/// Whether this is the folder of a scan, or that of its fits.
pub fn is_scan(folder: &Path) -> bool {
    let is_of_fits = || {
        let folder = std::fs::canonicalize(folder).ok()?;
        (folder.file_name()? == JOBS).then(|| folder.with_file_name(KEY).is_file())
    };
    folder.join(KEY).is_file() || is_of_fits().unwrap_or(false)
}

impl Jobs {
    /// Opens the folder of a scan, and makes it if there is none. With `anew`, fits that are there are removed, and what was
    /// made of them: `scan.json`, its table and its report. Several may open it at once.
    ///
    /// # Errors
    /// [`Error::CannotCreate`] if it is the folder of another scan, or of something else; if it cannot be read or written.
    pub fn open(scan: &Path, common: &Common, anew: bool) -> Result<Jobs> {
        let folder = scan.join(JOBS);
        let refused = |problem: String| Error::CannotCreate { path: path_name(scan), problem };
        let failed = |error: io::Error| refused(error.to_string());
        let key = scan.join(KEY);
        let mut there = known(&key).map_err(failed)?;
        if matches!(there, Known::Nothing) && !anew && is_of_others(scan) {
            // Or somebody has begun since.
            there = known(&key).map_err(failed)?;
            if matches!(there, Known::Nothing) {
                return Err(refused("it exists and is not the folder of a scan; use another folder".into()));
            }
        }
        let is_scan = !matches!(there, Known::Nothing);
        match there {
            Known::Nothing => {}
            Known::Scan(there) if !anew && *there == *common => {
                std::fs::create_dir_all(&folder).map_err(failed)?;
                return Ok(Jobs::of(folder, common));
            }
            _ if anew => {}
            there => return Err(refused(there.in_the_way(common))),
        }
        if anew {
            // Those of something else are not ours to remove.
            for name in [SCAN, TABLE, REPORT].into_iter().filter(|_| is_scan) {
                match std::fs::remove_file(scan.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                    _ => {}
                }
            }
            for entry in fits_in(&folder) {
                std::fs::remove_file(entry).map_err(failed)?;
            }
        }
        // The key first: who finds fits without one cannot know what they are of.
        std::fs::create_dir_all(scan).map_err(failed)?;
        let text = serde_json::to_vec_pretty(common).map_err(|error| refused(error.to_string()))?;
        write_bytes(&key, &text)?;
        std::fs::create_dir_all(&folder).map_err(failed)?;
        // Another scan may have begun here in the same moment: the last key holds.
        match known(&key).map_err(failed)? {
            Known::Scan(there) if *there == *common => Ok(Jobs::of(folder, common)),
            there => Err(refused(there.in_the_way(common))),
        }
    }

    /// Opens the folder of a scan that is there, with what its fits have in common.
    ///
    /// # Errors
    /// [`Error::NotAFile`] if it is not the folder of a scan; if it cannot be read.
    pub fn existing(scan: &Path) -> Result<(Jobs, Common)> {
        let key = scan.join(KEY);
        let text = std::fs::read(&key).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if scan.is_dir() => Error::NotAFile {
                path: path_name(scan),
                problem: "is not the folder of a scan, which `partwise rank` makes",
            },
            io::ErrorKind::NotFound => Error::NotAFile {
                path: path_name(scan),
                problem: "does not exist, and the folder of a scan is wanted, which `partwise rank` makes",
            },
            _ => Error::Unreadable { path: path_name(&key), source: error },
        })?;
        let common: Common = serde_json::from_slice(&text).map_err(|error| Error::Data {
            at: Place::of(path_name(&key)),
            problem: error.to_string(),
            instead: "name a folder that `partwise rank` has written".into(),
        })?;
        Ok((Jobs::of(scan.join(JOBS), &common), common))
    }

    fn of(folder: PathBuf, common: &Common) -> Jobs {
        Jobs { folder, signed: common.spec.free == Free::H }
    }

    /// All fits that are done.
    ///
    /// # Errors
    /// If a file is damaged; if the folder of the fits is gone.
    pub fn load<T: NpyScalar>(&self) -> Result<Vec<Outcome<T>>> {
        self.outcomes(None)
    }

    /// The same of X with so many features.
    ///
    /// # Errors
    /// As [`Jobs::load`], and if an H has other features.
    pub fn load_of<T: NpyScalar>(&self, features: usize) -> Result<Vec<Outcome<T>>> {
        self.outcomes(Some(features))
    }

    fn outcomes<T: NpyScalar>(&self, features: Option<usize>) -> Result<Vec<Outcome<T>>> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::NotAFile {
                path: path_name(&self.folder),
                problem: "is no folder, and the fits of the scan are wanted in it: copy the whole folder of the scan again, or \
                          give its command once more, which does them anew",
            },
            _ => Error::Unreadable { path: path_name(&self.folder), source },
        };
        let mut outcomes = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(job) = name.strip_suffix(".json").and_then(job_of) {
                outcomes.push(self.outcome(job, &path, features)?);
            }
        }
        Ok(outcomes)
    }

    fn outcome<T: NpyScalar>(&self, job: Job, path: &Path, features: Option<usize>) -> Result<Outcome<T>> {
        let damaged = |problem: String| Error::Data {
            at: Place::of(path_name(path)),
            problem,
            instead: "remove it, and the command of the scan does that fit again".into(),
        };
        let text = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
        let mut outcome: Outcome<T> =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if outcome.job != job {
            return Err(damaged("it is of another fit than its name says".into()));
        }
        if job.kind == Kind::Whole {
            outcome.h = Some(self.h(job, path, features)?);
        }
        Ok(outcome)
    }

    /// H of the fit that this file is of.
    fn h<T: NpyScalar>(&self, job: Job, of: &Path, features: Option<usize>) -> Result<Factor<T>> {
        let path = self.folder.join(format!("{}.H.npy", name(job)));
        let damaged = |problem: String| Error::Data {
            at: Place::of(path_name(&path)),
            problem,
            instead: format!(
                "remove {}, and the command of the scan does that fit again",
                quoted(&path_name(of))
            ),
        };
        let options = ReadOptions { precision: T::PRECISION, ..ReadOptions::default() };
        let table = read(Input::path(&path), &options).map_err(|error| match error {
            error @ (Error::Memory { .. } | Error::Unreadable { .. }) => error,
            Error::NotFound { path } => Error::NotAFile {
                path,
                problem: "is gone, and is H of a fit that is done: remove the .json beside it too, and the command of the scan \
                          does that fit again",
            },
            error => damaged(format!("it is not H of a fit: {error}")),
        })?;
        let x = T::of(table.matrix).ok_or_else(|| damaged("H has another precision".into()))?;
        let features = features.unwrap_or(x.cols());
        if (x.rows(), x.cols()) != (job.rank, features) {
            let (rank, rows, cols) = (job.rank, x.rows(), x.cols());
            return Err(damaged(format!(
                "H is {rows} x {cols}, and of rank {rank} it is {rank} x {features} here"
            )));
        }
        let factor = Factor::from_transposed(x.cols(), x.rows(), &x.to_row_major());
        let factor = factor.map_err(|error| damaged(error.to_string()))?;
        match bad_entry(&factor, self.signed) {
            None => Ok(factor),
            Some(entry) => Err(damaged(format!("H has the entry {entry}, which no H of this scan has"))),
        }
    }

    /// Keeps what a fit came to.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save<T: NpyScalar>(&self, outcome: &Outcome<T>) -> Result<()> {
        let name = name(outcome.job);
        if let Some(h) = &outcome.h {
            write_npy(self.folder.join(format!("{name}.H.npy")), &h.to_transposed(), (h.rank(), h.rows()))?;
        }
        let path = self.folder.join(format!("{name}.json"));
        let text = serde_json::to_vec(outcome)
            .map_err(|error| Error::Write { path: path_name(&path), source: error.into() })?;
        write_bytes(&path, &text)
    }
}

impl Common {
    /// What all fits of a scan are asked, without what changes no bit.
    pub fn spec_of(scan: &Scan) -> Spec {
        let mut spec = scan.spec_of(1);
        (spec.threads, spec.block_rows, spec.memory_limit) = (0, None, None);
        spec
    }

    /// In what it differs from another, in words.
    pub fn differs(&self, other: &Common) -> String {
        let what = if self.data != other.data {
            "other data"
        } else if (self.transposed, &self.counted) != (other.transposed, &other.counted) {
            "the same data, read in another way"
        } else if self.version != other.version {
            return format!("version {}", self.version);
        } else {
            "the same data with other options"
        };
        what.into()
    }
}

/// `rank-007-whole-0003`
fn name(job: Job) -> String {
    format!("rank-{:03}-{}-{:04}", job.rank, word(job.kind), job.number)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Whole => "whole",
        Kind::HeldOut => "fold",
        Kind::Shuffled => "shuffled",
        Kind::Blocks => "block",
    }
}

/// The fit of that name.
fn job_of(text: &str) -> Option<Job> {
    let mut parts = text.strip_prefix("rank-")?.splitn(3, '-');
    let (rank, kind, number) = (parts.next()?, parts.next()?, parts.next()?);
    let kinds = [Kind::Whole, Kind::HeldOut, Kind::Shuffled, Kind::Blocks];
    let kind = kinds.into_iter().find(|&known| word(known) == kind)?;
    let job = Job { rank: rank.parse().ok()?, kind, number: number.parse().ok()? };
    (name(job) == text).then_some(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use partwise::{Dense, Matrix};

    fn common(folds: u32) -> Common {
        Common {
            version: "1".into(),
            data: "xxh3:0".into(),
            transposed: false,
            counted: Vec::new(),
            precision: "f64".into(),
            folds,
            blocks: 0,
            spec: Spec::default(),
        }
    }

    #[test]
    fn what_was_saved_comes_back_to_the_bit() {
        let scratch = Folder::new();
        let x: Matrix<'_, f64> = Dense::from_fn(12, 7, |i, j| ((3 * i + 5 * j) % 7) as f64 / 3.0).into();
        let scan = Scan { runs: 2, folds: 2, ..Scan::new(Spec::default(), [1, 2]) };
        let outcomes = scan.run(&x, Vec::new(), &mut ()).unwrap();
        assert_eq!(outcomes.len(), 2 * (2 + 2 + 1));
        let folder = scratch.join("scan");
        let jobs = Jobs::open(&folder, &common(2), false).unwrap();
        outcomes.iter().for_each(|outcome| jobs.save(outcome).unwrap());
        let mut known: Vec<Outcome<f64>> =
            Jobs::open(&folder, &common(2), false).unwrap().load_of(7).unwrap();
        known.sort_by_key(|outcome| outcome.job);
        let mut wanted = outcomes;
        wanted.sort_by_key(|outcome| outcome.job);
        assert_eq!(known, wanted);
    }

    /// Nothing that is not H of such a fit comes in, and what to do about it is said.
    #[test]
    fn damaged_fits_are_refused_with_the_way_out() {
        let scratch = Folder::new();
        let x: Matrix<'_, f64> = Dense::from_fn(5, 4, |i, j| (i + j) as f64).into();
        let scan = Scan { runs: 1, folds: 0, shuffled: 0, ..Scan::new(Spec::default(), [2]) };
        let outcome = scan.run(&x, Vec::new(), &mut ()).unwrap().remove(0);
        let folder = scratch.join("scan");
        let jobs = Jobs::open(&folder, &common(0), false).unwrap();
        jobs.save(&outcome).unwrap();
        let h = folder.join("jobs/rank-002-whole-0000.H.npy");
        let refused = |jobs: &Jobs, word: &str| {
            let error = jobs.load_of::<f64>(4).unwrap_err().to_string();
            for word in ["rank-002-whole-0000.H.npy", "remove", "rank-002-whole-0000.json", word] {
                assert!(error.contains(word), "{word}: {error}");
            }
        };
        for (shape, word) in [((2, 3), "2 x 3"), ((1, 4), "1 x 4"), ((4, 2), "4 x 2")] {
            write_npy(&h, &vec![1.0; shape.0 * shape.1], shape).unwrap();
            refused(&jobs, word);
        }
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            write_npy(&h, &[1.0, 1.0, bad, 1.0, 1.0, 1.0, 1.0, 1.0], (2, 4)).unwrap();
            refused(&jobs, &bad.to_string());
        }
        std::fs::write(&h, "").unwrap();
        refused(&jobs, "is empty");
        std::fs::remove_file(&h).unwrap();
        let error = jobs.load_of::<f64>(4).unwrap_err().to_string();
        assert!(error.contains("0000.H.npy' is gone") && error.contains("remove the .json"), "{error}");
        jobs.save(&outcome).unwrap();
        assert_eq!(jobs.load_of::<f64>(4).unwrap(), [outcome]);
        // Where H has both signs.
        write_npy(&h, &[1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0], (2, 4)).unwrap();
        let mut free = common(0);
        free.spec.free = Free::H;
        assert_eq!(Jobs::of(folder.join(JOBS), &free).load_of::<f64>(4).unwrap().len(), 1);
        std::fs::remove_dir_all(folder.join(JOBS)).unwrap();
        let error = jobs.load::<f64>().unwrap_err().to_string();
        assert!(error.contains("jobs") && error.contains("copy the whole folder"), "{error}");
    }

    #[test]
    fn numbers_that_are_none_come_back_too() {
        let scratch = Folder::new();
        let x: Matrix<'_, f64> = Dense::from_fn(3, 3, |i, j| (i + j) as f64).into();
        let scan = Scan { runs: 1, folds: 0, shuffled: 0, ..Scan::new(Spec::default(), [1]) };
        let mut outcome = scan.run(&x, Vec::new(), &mut ()).unwrap().remove(0);
        (outcome.objective, outcome.mean_loss, outcome.explained) =
            (f64::INFINITY, f64::NAN, f64::NEG_INFINITY);
        let jobs = Jobs::open(&scratch.join("scan"), &common(0), false).unwrap();
        jobs.save(&outcome).unwrap();
        let back: Outcome<f64> = jobs.load().unwrap().remove(0);
        assert!(
            back.objective == f64::INFINITY && back.mean_loss.is_nan() && back.explained == f64::NEG_INFINITY
        );
    }

    #[test]
    fn another_scan_is_refused_and_replaced_only_if_asked() {
        let scratch = Folder::new();
        let folder = scratch.join("scan");
        Jobs::open(&folder, &common(2), false).unwrap();
        let error = Jobs::open(&folder, &common(3), false).unwrap_err().to_string();
        assert!(error.contains("the same data with other options"), "{error}");
        let stranger = folder.join(JOBS).join("notes.txt");
        std::fs::write(&stranger, "mine").unwrap();
        // What was made of the old fits goes with them.
        for name in [SCAN, TABLE, REPORT, "mine.txt"] {
            std::fs::write(folder.join(name), "old").unwrap();
        }
        let jobs = Jobs::open(&folder, &common(3), true).unwrap();
        assert_eq!(
            [SCAN, TABLE, REPORT, "mine.txt"].map(|name| folder.join(name).exists()),
            [false, false, false, true]
        );
        assert!(stranger.exists() && jobs.load::<f64>().unwrap().is_empty());
        let other = scratch.join("thesis");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("thesis.tex"), "all of it").unwrap();
        let error = Jobs::open(&other, &common(2), false).unwrap_err().to_string();
        assert!(error.contains("not the folder of a scan"), "{error}");
    }

    /// As shards do, on as many machines; whoever comes between the folder and its key is no stranger.
    #[test]
    fn several_begin_a_scan_at_once() {
        for _ in 0..20 {
            let scratch = Folder::new();
            let folder = scratch.join("scan");
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..6)
                    .map(|_| scope.spawn(|| Jobs::open(&folder, &common(2), false).map(|_| ())))
                    .collect();
                all.into_iter().for_each(|one| one.join().unwrap().unwrap());
            });
        }
        // What is left of one that ended between the two.
        let scratch = Folder::new();
        std::fs::create_dir_all(scratch.join("scan").join(JOBS)).unwrap();
        Jobs::open(&scratch.join("scan"), &common(2), false).unwrap();
    }

    #[test]
    fn names_are_read_back() {
        for kind in [Kind::Whole, Kind::HeldOut, Kind::Shuffled, Kind::Blocks] {
            let job = Job { rank: 1234, kind, number: 7 };
            assert_eq!(job_of(&name(job)), Some(job));
        }
        for bad in
            ["rank-7-whole-0003", "rank-007-whole-3", "rank-007-other-0003", "x", "rank-007-whole-0003x"]
        {
            assert_eq!(job_of(bad), None, "{bad}");
        }
    }
}
