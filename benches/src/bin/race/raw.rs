//! The raw file: one JSON object per line, the later of two about the same thing counting.

use crate::gap::Point;
use partwise_benches::Outcome;
use partwise_benches::program::Timings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who runs, and with how many bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entrant {
    pub(crate) program: String,
    pub(crate) precision: String,
}

impl Entrant {
    pub(crate) fn new(program: &str, precision: &str) -> Entrant {
        Entrant { program: program.into(), precision: precision.into() }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.program == crate::ours::NAME
    }
}

impl std::fmt::Display for Entrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.program, self.precision)
    }
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Line {
    /// What the lines that follow were measured on.
    Machine(Machine),
    /// A cell and its data.
    Cell { cell: String, facts: Facts },
    /// The long run from a start, which is nobody's, and with which options.
    Best { cell: String, start: usize, objective: f64, sweeps: u64, seconds: f64, how: String },
    /// A run in the race.
    Run { cell: String, entrant: Entrant, start: usize, run: Run },
    /// What partwise said of an iteration, and what the evaluator found of its factors.
    Check { cell: String, entrant: Entrant, start: usize, said: f64, found: f64 },
    /// The most that a few sweeps took, beside what the program takes without data.
    Memory { cell: String, entrant: Entrant, bytes: u64 },
    /// Seconds per sweep of partwise with one thread, and with those of the race.
    Threads { cell: String, entrant: Entrant, one: f64, all: f64 },
    /// Many starts of the program's own.
    Restarts { cell: String, entrant: Entrant, setting: String, restarts: Restarts },
    /// A peer that was so many times slower than the fastest of its precision that it ran from no later start.
    Dropped { cell: String, entrant: Entrant, start: usize, times: f64 },
    /// Seconds that a cell was given, and took.
    Spent { cell: String, allowed: f64, used: f64 },
    /// What could not be run, and why.
    Skipped { cell: String, entrant: Entrant, reason: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) load: String,
    /// FLOP/s of one thread in f64 and f32.
    pub(crate) roof: [f64; 2],
    pub(crate) partwise: String,
    /// Name and version of what is below the peers, and of the peers.
    pub(crate) about: BTreeMap<String, String>,
    pub(crate) peers: BTreeMap<String, String>,
    /// Peers that are not there, with the reason.
    pub(crate) absent: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) words: String,
    pub(crate) rows: u64,
    pub(crate) cols: u64,
    pub(crate) stored: u64,
    pub(crate) sparse: bool,
    pub(crate) loss: String,
    pub(crate) rank: usize,
    /// The objective where the gap is 1.
    pub(crate) one: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// What the peer was given at most; of partwise, its own stopping rule ends it.
    pub(crate) limit: Option<f64>,
    /// How it ended.
    pub(crate) end: String,
    pub(crate) trace: Vec<Point>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timings: Option<Timings>,
}

impl Run {
    /// Sweeps and seconds in all.
    pub(crate) fn whole(&self) -> (u64, f64) {
        self.trace.last().map_or((0, 0.0), |&(sweeps, seconds, _)| (sweeps, seconds))
    }

    pub(crate) fn lowest(&self) -> f64 {
        self.trace.iter().filter_map(|point| point.2).fold(f64::INFINITY, f64::min)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Restarts {
    pub(crate) number: usize,
    pub(crate) seconds: f64,
    pub(crate) best: f64,
    pub(crate) median: f64,
}

/// The file of today, to be added to.
pub(crate) struct Raw(File);

impl Raw {
    pub(crate) fn open(folder: &Path, date: &str) -> Outcome<Raw> {
        std::fs::create_dir_all(folder)?;
        Ok(Raw(OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(date).with_extension("jsonl"))?))
    }

    /// Adds a line at once, so that what was measured before an interruption is there.
    pub(crate) fn add(&mut self, line: &Line) -> Outcome<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        Ok(self.0.write_all(text.as_bytes())?)
    }
}

/// All lines of all files, by date.
pub(crate) fn lines(folder: &Path) -> Outcome<Vec<Line>> {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    files.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    let mut all = Vec::new();
    for path in files {
        for (at, line) in std::fs::read_to_string(&path)?.lines().enumerate() {
            // An interruption may leave half a line.
            match serde_json::from_str(line) {
                Ok(line) => all.push(line),
                Err(error) => eprintln!("{}, line {}: {error}", path.display(), at + 1),
            }
        }
    }
    Ok(all)
}

/// Today, as YYYY-MM-DD in UTC.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    date((seconds / 86_400) as i64)
}

/// The date so many days after 1970-01-01, by H. Hinnant's `civil_from_days`.
fn date(days: i64) -> String {
    let z = days + 719_468;
    let (era, day) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (d, m) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{m:02}-{d:02}", year + 400 * era + i64::from(m <= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(
            [0, 59, 11_016, 20_783].map(date),
            ["1970-01-01", "1970-03-01", "2000-02-29", "2026-11-26"]
        );
    }

    #[test]
    fn lines_come_back_and_half_lines_are_passed_over() {
        let room = tempfile::tempdir().unwrap();
        let run = Run {
            limit: Some(1.0),
            end: "reached".into(),
            trace: vec![(0, 0.0, None), (1, 0.5, Some(2.0))],
            timings: None,
        };
        let line = Line::Run { cell: "c".into(), entrant: Entrant::new("p", "f64"), start: 3, run };
        let mut raw = Raw::open(room.path(), "2026-01-02").unwrap();
        raw.add(&line).unwrap();
        raw.0.write_all(b"{\"kind\":\"ru").unwrap();
        assert_eq!(lines(room.path()).unwrap(), [line]);
        assert_eq!(lines(&room.path().join("nothing")).unwrap(), []);
    }
}
