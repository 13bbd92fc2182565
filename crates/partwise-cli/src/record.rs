//! `run.json`: what was done, to what, and what came out. Its schema is `docs/run.schema.json`.

use crate::any::Number;
use crate::counting::Counted;
use crate::given::GivenNames;
use crate::source::Source;
use partwise::fit::Score;
use partwise::{Fit, Free, Missing, Negatives, RowRules, Spec, Timings};
use serde::{Deserialize, Serialize};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The document. Numbers that are not finite are `null`.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    schema_version: u32,
    /// The arguments that the program was called with.
    command: Vec<String>,
    pub(crate) status: partwise::Status,
    reason: String,
    loss: String,
    loss_value: f64,
    penalty: f64,
    objective: f64,
    relative_error: f64,
    kkt_residual: f64,
    /// How well the entries are predicted that were held out.
    held_out: Option<Score>,
    iterations: usize,
    seconds: Seconds,
    /// Where the seconds of the fit went.
    timings: Timings,
    rank: usize,
    seed: u64,
    threads: usize,
    shape: (usize, usize),
    stored: u64,
    sparse: bool,
    precision: &'static str,
    transposed: bool,
    data: Data,
    /// Every option with its value, nothing left on `auto`.
    options: Spec,
    /// Sweeps of the rule within a half-step of W and of H, at most.
    inner_sweeps: (usize, usize),
    /// Entries of X below this number were raised to it.
    least: f64,
    /// What holds for a row of W by itself, and so for new ones.
    row_rules: RowRules,
    /// Share of each component in the total of WH.
    shares: Vec<f64>,
    /// What the rows of H were divided by after the fit.
    component_scale: Vec<f64>,
    restarts: Vec<partwise::fit::Restart>,
    notes: Vec<String>,
    history: Vec<partwise::run::Record>,
    peak_memory_bytes: Option<u64>,
    versions: Versions,
    /// The files of the fit.
    files: Files,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Seconds {
    pub(crate) load: f64,
    pub(crate) init: f64,
    pub(crate) solve: f64,
    /// W and H only: this document cannot know its own.
    pub(crate) write: f64,
}

#[derive(Debug, Serialize)]
struct Data {
    input: String,
    format: String,
    stored_as: String,
    /// Hash of shape and entries; the same for every format and storage.
    hash: String,
    /// Which entries count.
    #[serde(flatten)]
    counted: Counted,
    /// How many of them there are.
    observed: u64,
    /// Files that were given beside X: factors and graphs.
    given: GivenNames,
    notes: Vec<String>,
}

/// What came of a fit beside the fit.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) seconds: Seconds,
    pub(crate) files: Files,
    pub(crate) given: GivenNames,
    pub(crate) held_out: Option<Score>,
}

#[derive(Debug, Serialize)]
struct Versions {
    partwise: &'static str,
    target: String,
    simd: &'static str,
}

/// Names of the files in the folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Files {
    pub(crate) w: String,
    pub(crate) h: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) names: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<String>,
}

impl Files {
    /// All of them.
    pub(crate) fn all(&self) -> Vec<&str> {
        let optional = [&self.names, &self.picture].into_iter().filter_map(|name| name.as_deref());
        [self.w.as_str(), self.h.as_str()].into_iter().chain(optional).collect()
    }
}

impl Record {
    pub(crate) fn new<T: Number>(source: &Source, fit: &Fit<T>, outputs: Outputs) -> Record {
        let Outputs { seconds, files, given, held_out } = outputs;
        Record {
            schema_version: SCHEMA_VERSION,
            command: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
            status: fit.status,
            reason: fit.reason.to_string(),
            loss: fit.spec.loss.to_string(),
            loss_value: fit.loss,
            penalty: fit.penalty,
            objective: fit.objective(),
            relative_error: fit.relative_error(),
            kkt_residual: fit.kkt_residual(),
            held_out,
            iterations: fit.iterations,
            seconds,
            timings: fit.timings,
            rank: fit.spec.rank,
            seed: fit.spec.seed,
            threads: fit.spec.threads,
            shape: (source.facts.rows, source.facts.cols),
            stored: source.facts.stored,
            sparse: source.facts.sparse,
            precision: T::NAME,
            transposed: source.transposed,
            data: Data {
                input: source.name.clone(),
                format: source.format.clone(),
                stored_as: source.stored_as.clone(),
                hash: source.fingerprint.clone(),
                counted: source.counting.record(),
                observed: source.facts.observed,
                given,
                notes: source.notes.clone(),
            },
            options: fit.spec.clone(),
            inner_sweeps: fit.inner,
            least: fit.least,
            row_rules: fit.row_rules.clone(),
            shares: fit.shares.clone(),
            component_scale: fit.component_scale.clone(),
            restarts: fit.restarts.clone(),
            notes: fit.notes.clone(),
            history: fit.history.clone(),
            peak_memory_bytes: peak_memory(),
            versions: Versions {
                partwise: env!("CARGO_PKG_VERSION"),
                target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
                simd: partwise::isa().name(),
            },
            files,
        }
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// What `transform` needs of the document.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) precision: String,
    pub(crate) transposed: bool,
    pub(crate) options: Spec,
    pub(crate) least: f64,
    /// Earlier versions had none but penalties.
    row_rules: Option<RowRules>,
    pub(crate) component_scale: Vec<f64>,
    pub(crate) files: Files,
    data: RecordedData,
}

impl Recorded {
    /// What holds for a row of W.
    pub(crate) fn row_rules(&self) -> RowRules {
        let earlier = || RowRules { penalty: self.options.penalties().0, ..RowRules::default() };
        let mut rules = self.row_rules.clone().unwrap_or_else(earlier);
        // Where H may have both signs, so may X.
        if self.options.free == Free::H && rules.negatives == Negatives::Refuse {
            rules.negatives = Negatives::Keep;
        }
        rules
    }

    /// What an absent number meant.
    pub(crate) fn missing(&self) -> Missing {
        self.data.counted.missing.unwrap_or(Missing::None)
    }

    /// Which entries counted.
    pub(crate) fn counted(&self) -> &Counted {
        &self.data.counted
    }
}

#[derive(Debug, Deserialize)]
struct RecordedData {
    #[serde(flatten)]
    counted: Counted,
}

/// The most memory that the process has had at any time, where the system says it.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}
