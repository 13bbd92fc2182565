//! Other programs, through `benches/peers/race_worker.py`.

use crate::THREADS;
use crate::cells::Cell;
use crate::gap::Point;
use crate::raw::Entrant;
use partwise::Loss;
use partwise_benches::Outcome;
use partwise_benches::child::answer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Variables that libraries take their number of threads from.
const THREAD_VARIABLES: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];
/// What is compared, if it is there: with how many bits it computes, and whether it has other losses than Frobenius.
const PEERS: [(&str, &[&str], bool); 3] =
    [("scikit-learn", &["f64", "f32"], true), ("torchnmf", &["f32"], true), ("rcppml", &["f64"], false)];

/// A Python, and where things are built and kept.
pub(crate) struct Python {
    program: String,
    cache: PathBuf,
}

/// What is there.
#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    pub(crate) about: BTreeMap<String, String>,
    pub(crate) found: BTreeMap<String, String>,
    pub(crate) absent: BTreeMap<String, String>,
}

/// Data that were prepared.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Prepared {
    pub(crate) file: String,
    pub(crate) words: String,
    pub(crate) rows: u64,
    pub(crate) cols: u64,
    pub(crate) sparse: bool,
    pub(crate) stored: u64,
    pub(crate) frobenius: f64,
    pub(crate) kl: Option<f64>,
    pub(crate) itakura_saito: Option<f64>,
}

/// What came of the data of a cell.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Data {
    There(Prepared),
    /// The folder that is not there.
    Missing {
        missing: String,
    },
}

/// What `race_worker.py` is asked to run.
#[derive(Debug, Serialize)]
pub(crate) struct Race<'a> {
    pub(crate) w: &'a Path,
    pub(crate) h: &'a Path,
    pub(crate) target: f64,
    /// Seconds of sweeps.
    pub(crate) limit: f64,
    /// Seconds with evaluations, which are not on the clock.
    pub(crate) wall: f64,
}

impl Python {
    pub(crate) fn new(program: &str, cache: &Path) -> Python {
        Python { program: program.into(), cache: cache.into() }
    }

    fn call(&self, script: &str) -> Command {
        let mut command = Command::new(&self.program);
        // -B: leave no compiled files in the source tree.
        command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script));
        command.envs(THREAD_VARIABLES.map(|name| (name, THREADS.to_string())));
        command.env("RACE_BUILD", self.cache.join("build"));
        command
    }

    pub(crate) fn versions(&self) -> Outcome<Versions> {
        let mut command = self.call("race_worker.py");
        command.arg("versions");
        answer(command)
    }

    pub(crate) fn data(&self, cell: &Cell, folder: &Path) -> Outcome<Data> {
        let mut command = self.call("race_data.py");
        command.args(["data", cell.data]).arg(folder).arg(&self.cache);
        answer(command)
    }

    /// Writes the factors that all start from.
    pub(crate) fn start(&self, x: &Path, rank: usize, seed: usize, w: &Path, h: &Path) -> Outcome<()> {
        let mut command = self.call("race_data.py");
        command.arg("start").arg(x).args([rank.to_string(), seed.to_string()]).arg(w).arg(h);
        answer::<Value>(command).map(|_| ())
    }

    /// Draws pictures of what is written to the script, and says which.
    pub(crate) fn plots(&self, what: &Value, folder: &Path) -> Outcome<()> {
        let mut command = self.call("race_plots.py");
        command.arg(folder).stdin(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", self.program))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(what.to_string().as_bytes())?;
        }
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("race_plots.py: {status}").into()) }
    }

    pub(crate) fn worker(&self, entrant: &Entrant, x: &Path, cell: &Cell) -> Outcome<Worker> {
        let mut command = self.call("race_worker.py");
        command.args([&entrant.program, &entrant.precision]).arg(x).arg(cell.loss.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (input, output) = (input.ok_or("no input")?, BufReader::new(output.ok_or("no output")?));
        Ok(Worker { child, input: Some(input), output })
    }
}

/// The peers that are there and have the loss.
pub(crate) fn entrants(versions: &Versions, loss: Loss) -> Vec<Entrant> {
    PEERS
        .iter()
        .filter(|(program, _, losses)| {
            versions.found.contains_key(*program) && (*losses || loss == Loss::Frobenius)
        })
        .flat_map(|(program, kinds, _)| kinds.iter().map(|kind| Entrant::new(program, kind)))
        .collect()
}

/// A process that keeps X and answers.
pub(crate) struct Worker {
    child: Child,
    /// `None` once it is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer<T> {
    Error { error: String },
    Fine(T),
}

impl Worker {
    fn ask<T: DeserializeOwned>(&mut self, operation: &str, mut request: Value) -> Outcome<T> {
        request["op"] = operation.into();
        let input = self.input.as_mut().ok_or("it has ended")?;
        writeln!(input, "{request}")?;
        input.flush()?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("it ended: {}", self.child.wait()?).into());
        }
        match serde_json::from_str(&line)? {
            Answer::Fine(answer) => Ok(answer),
            Answer::Error { error } => Err(error.into()),
        }
    }

    pub(crate) fn race(&mut self, race: &Race<'_>) -> Outcome<Vec<Point>> {
        #[derive(Deserialize)]
        struct Traced {
            trace: Vec<Point>,
        }
        Ok(self.ask::<Traced>("run", serde_json::to_value(race)?)?.trace)
    }

    /// Waits until X is read.
    pub(crate) fn read(&mut self) -> Outcome<()> {
        self.ask::<Value>("read", json!({})).map(|_| ())
    }

    pub(crate) fn evaluate(&mut self, (w, h): &(PathBuf, PathBuf)) -> Outcome<f64> {
        #[derive(Deserialize)]
        struct Value {
            objective: Option<f64>,
        }
        let value: Value = self.ask("evaluate", json!({ "w": w, "h": h }))?;
        Ok(value.objective.unwrap_or(f64::INFINITY))
    }

    pub(crate) fn memory(&mut self, (w, h): (&Path, &Path), sweeps: usize) -> Outcome<u64> {
        #[derive(Deserialize)]
        struct Memory {
            bytes: u64,
        }
        Ok(self.ask::<Memory>("memory", json!({ "w": w, "h": h, "sweeps": sweeps }))?.bytes)
    }

    /// Seconds in all, and the objective of each: of as many as end within the limit.
    pub(crate) fn restarts(
        &mut self,
        rank: usize,
        number: usize,
        (tol, sweeps): (f64, usize),
        limit: f64,
    ) -> Outcome<(f64, Vec<f64>)> {
        #[derive(Deserialize)]
        struct Restarts {
            seconds: f64,
            objectives: Vec<f64>,
        }
        let request = json!({ "rank": rank, "number": number, "tol": tol, "sweeps": sweeps, "limit": limit });
        let done: Restarts = self.ask("restarts", request)?;
        Ok((done.seconds, done.objectives))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        let _ = self.child.wait();
    }
}
