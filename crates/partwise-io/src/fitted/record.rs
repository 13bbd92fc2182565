//! `run.json`: what was done, to what, and what came out. Its schema is `docs/run.schema.json`.

use super::{SCHEMA_VERSION, Taken};
use partwise::fit::Score;
use partwise::{Facts, Fit, Free, HoldOut, Missing, Negatives, RowRules, Scalar, Spec, Timings};
use serde::{Deserialize, Serialize};

/// The document. Numbers that are not finite are `null`.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    schema_version: u32,
    /// The arguments that the program was called with.
    command: Vec<String>,
    status: partwise::Status,
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
    /// What H was taken from, if it is a consensus.
    #[serde(skip_serializing_if = "Option::is_none")]
    consensus: Option<Taken>,
    restarts: Vec<partwise::fit::Restart>,
    notes: Vec<String>,
    history: Vec<partwise::run::Record>,
    peak_memory_bytes: Option<u64>,
    versions: Versions,
    /// The files of the fit.
    files: Files,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Seconds {
    /// Reading X.
    pub load: f64,
    /// The start.
    pub init: f64,
    /// The iterations.
    pub solve: f64,
    /// Writing W and H only: this document cannot know its own.
    pub write: f64,
}

/// X.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Data {
    /// The name of the file.
    pub input: String,
    /// Its format.
    pub format: String,
    /// What it held.
    pub stored_as: String,
    /// Hash of shape and entries; the same for every format and storage. Not known if X did not come from a file.
    pub hash: Option<String>,
    /// Which entries count.
    #[serde(flatten)]
    pub counted: Counted,
    /// How many of them there are.
    pub observed: u64,
    /// What was given beside X: factors and graphs.
    pub given: GivenNames,
    /// What was found or done while reading.
    pub notes: Vec<String>,
}

/// Which entries count: names of files without their folders.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::exhaustive_structs)]
pub struct Counted {
    /// What an absent number means. Earlier versions did not say.
    pub missing: Option<Missing>,
    /// Entries that count.
    pub mask: Option<String>,
    /// A weight for every entry.
    pub weights: Option<String>,
    /// A standard deviation for every entry.
    pub uncertainty: Option<String>,
    /// A weight for every row.
    pub row_weights: Option<String>,
    /// A weight for every column.
    pub col_weights: Option<String>,
    /// What was left out.
    pub hold_out: Option<HeldOut>,
}

/// Entries that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct HeldOut {
    /// Their share of all entries.
    pub share: f64,
    /// What says which ones they are.
    pub seed: u64,
}

impl HeldOut {
    /// The mask of the entries that stay.
    pub fn mask(self) -> HoldOut {
        HoldOut::share(self.seed, self.share)
    }
}

/// Files that were given beside X, without their folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct GivenNames {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub w: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub h: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_w: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_h: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_w: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_h: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_w: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_h: Option<String>,
}

/// What a fit was asked, and what came of it beside the fit.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Asked {
    /// The arguments of the program, or the call.
    pub command: Vec<String>,
    /// X.
    pub data: Data,
    /// Whether X is the transpose of the file.
    pub transposed: bool,
    /// Where the time went.
    pub seconds: Seconds,
    /// What was written.
    pub files: Files,
    /// How well the entries are predicted that were held out.
    pub held_out: Option<Score>,
    /// What H was taken from, if it is a consensus.
    pub consensus: Option<Taken>,
}

/// What made a fit.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Versions {
    /// The version of partwise.
    pub partwise: &'static str,
    /// Processor and system.
    pub target: String,
    /// Instructions that were used.
    pub simd: &'static str,
}

impl Versions {
    /// Of this program.
    pub fn here() -> Versions {
        Versions {
            partwise: env!("CARGO_PKG_VERSION"),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            simd: partwise::isa().name(),
        }
    }
}

/// Names of the files in the folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Files {
    /// W, which Python need not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub w: Option<String>,
    /// H.
    pub h: String,
    /// Names of rows and columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    /// The picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// What else is said of the fit: a report, the table of a consensus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl Files {
    /// All of them.
    pub fn all(&self) -> Vec<&str> {
        let [w, names, picture] = [&self.w, &self.names, &self.picture].map(|name| name.as_deref());
        let others = self.others.iter().map(String::as_str);
        [w, Some(self.h.as_str()), names, picture].into_iter().flatten().chain(others).collect()
    }
}

impl Record {
    /// The document of a fit.
    pub fn new<T: Scalar>(facts: &Facts, fit: &Fit<T>, asked: Asked) -> Record {
        let Asked { command, data, transposed, seconds, files, held_out, consensus } = asked;
        Record {
            schema_version: SCHEMA_VERSION,
            command,
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
            shape: (facts.rows, facts.cols),
            stored: facts.stored,
            sparse: facts.sparse,
            precision: T::NAME,
            transposed,
            data,
            options: fit.spec.clone(),
            inner_sweeps: fit.inner,
            least: fit.least,
            row_rules: fit.row_rules.clone(),
            shares: fit.shares.clone(),
            component_scale: fit.component_scale.clone(),
            consensus,
            restarts: fit.restarts.clone(),
            notes: fit.notes.clone(),
            history: fit.history.clone(),
            peak_memory_bytes: peak_memory(),
            versions: Versions::here(),
            files,
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// What `transform` needs of the document.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Recorded {
    /// `f32` or `f64`.
    pub precision: String,
    /// Whether X is the transpose of the file.
    pub transposed: bool,
    /// What the fit was asked.
    pub options: Spec,
    /// Entries of X below this number were raised to it.
    pub least: f64,
    /// Earlier versions had none but penalties.
    row_rules: Option<RowRules>,
    /// What the rows of H were divided by after the fit.
    pub component_scale: Vec<f64>,
    /// The share of each component in the total of WH.
    #[serde(default)]
    pub shares: Vec<f64>,
    /// Names of the files in the folder.
    pub files: Files,
    /// Rows and columns of X.
    pub shape: (usize, usize),
    data: RecordedData,
}

impl Recorded {
    /// What holds for a row of W.
    pub fn row_rules(&self) -> RowRules {
        let earlier = || RowRules { penalty: self.options.penalties().0, ..RowRules::default() };
        let mut rules = self.row_rules.clone().unwrap_or_else(earlier);
        // Where H may have both signs, so may X.
        if self.options.free == Free::H && rules.negatives == Negatives::Refuse {
            rules.negatives = Negatives::Keep;
        }
        rules
    }

    /// What is out of the range that a fit writes, if anything is.
    pub(super) fn fault(&self) -> Option<String> {
        let rules = self.row_rules();
        let weight = |x: f64| x.is_finite() && x >= 0.0;
        let known = [
            ("component_scale", self.component_scale.iter().all(|&x| x.is_finite() && x >= 0.0)),
            ("least", weight(self.least)),
            ("row_rules.penalty", weight(rules.penalty.l1) && weight(rules.penalty.l2)),
            ("row_rules.overlap", weight(rules.overlap)),
            ("row_rules.smoothing", (0.0..=1.0).contains(&rules.smoothing)),
            ("row_rules.min", !rules.min.is_nan()),
            ("row_rules.max", rules.max.is_none_or(|max| max >= rules.min)),
        ];
        known.iter().find(|(_, fine)| !fine).map(|(name, _)| format!("{name} is out of range"))
    }

    /// What an absent number meant.
    pub fn missing(&self) -> Missing {
        self.data.counted.missing.unwrap_or(Missing::None)
    }

    /// Which entries counted.
    pub fn counted(&self) -> &Counted {
        &self.data.counted
    }
}

#[derive(Debug, Clone, Deserialize)]
struct RecordedData {
    #[serde(flatten)]
    counted: Counted,
}

/// The most memory that the process has had at any time, where the system says it.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}
