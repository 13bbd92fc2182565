//! The command line. Help texts of what a fit takes come from [`Spec::doc`].

mod data;
mod engine;
mod images;
mod model;
mod parts;
mod rank;
mod report;
mod signatures;
mod topics;

pub(crate) use data::{CountArgs, DataArgs};
pub(crate) use engine::{EffortArgs, ModelArgs, spec};
pub(crate) use images::ImagesArgs;
pub(crate) use model::{ConstraintArgs, PenaltyArg, PenaltyArgs, SimplexArg};
pub(crate) use parts::{ConsensusArgs, LayoutArg, MatchArgs, TopArgs};
pub(crate) use rank::{RankArgs, Shard};
pub(crate) use report::{LookArgs, ReportArgs};
pub(crate) use signatures::{SideArg, SignaturesArgs};
pub(crate) use topics::{TextArgs, TopicsArgs};

use crate::talk::Level;
use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use partwise::{Init, Loss, Negatives, Rule, Spec, Unseen};
use partwise_io::Precision;
use partwise_io::fitted::TableFormat;
use partwise_report::Size;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  partwise demo                                  see what it does, on handwritten digits
  partwise inspect counts.npz --rank 20          what is in the file, and what a fit would take
  partwise rank counts.npz --ranks 2..20 --loss kl    which rank
  partwise fit counts.npz --rank 20 --loss kl --out programs
  partwise transform programs new.npz --out usage.tsv
  partwise topics letters/ --rank 20             of texts

Results go to files or to standard output, messages to standard error. `partwise COMMAND --help` says more.";

const FIT_EXAMPLES: &str = "\
Examples:
  partwise fit faces.npy --rank 49 --image 19x19 --out faces
  partwise fit tfidf.npz --rank 20 --out topics --format tsv
  partwise fit sbs96.tsv --rank 10 --loss kl --restarts 20 --transpose --out signatures
  zcat counts.mtx.gz | partwise fit - --rank 12 --loss kl --time-limit 10m --out programs

Some entries only: ratings, holes, uncertainties; and what is known:
  partwise fit u.data --triplets --missing absent --rank 5 --penalty l2:wh:0.01 --out tastes
  partwise fit eem.npy --missing nan --negatives clip --rank 3 --hold-out 0.1
  partwise fit air.csv --uncertainty sigma.csv --rank 7 --out sources
  partwise fit sbs96.tsv --transpose --rank 12 --loss kl --fix-components cosmic.tsv --format tsv

X has samples in rows and features in columns: W (m x k) says how much of each component
is in a sample, and H (k x n) what a component consists of. --transpose turns a file that
has it the other way round.";

/// Other words for `--rank`. Such aliases are not shown in the help: they only save those who know another program an error.
const RANK: [&str; 3] = ["k", "components", "n-components"];

/// The documentation of a field of [`Spec`], without the full stop, as clap has it.
fn doc(field: &str) -> &'static str {
    Spec::doc(field).trim_end_matches('.')
}

/// Non-negative matrix factorization: X (m x n) becomes W (m x k) times H (k x n), all of them non-negative.
#[derive(Debug, Parser)]
#[command(name = "partwise", version, about, after_help = EXAMPLES, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Factorize a matrix.
    #[command(after_help = FIT_EXAMPLES)]
    Fit(Box<FitArgs>),
    /// Find out which rank: fit many, several times each, and say how well and how stably.
    #[command(after_help = rank::EXAMPLES)]
    Rank(Box<RankArgs>),
    /// Find the topics of texts: a folder of files, lines, or a column of a table.
    #[command(after_help = topics::EXAMPLES)]
    Topics(Box<TopicsArgs>),
    /// Find W for new rows, with the H of a fit.
    Transform(Box<TransformArgs>),
    /// Make the report of a fit or of a scan: one HTML file to look at, and to send to others.
    #[command(after_help = report::EXAMPLES)]
    Report(ReportArgs),
    /// Find the components that most runs of a scan agree on, and W for them.
    #[command(after_help = parts::CONSENSUS_EXAMPLES)]
    Consensus(Box<ConsensusArgs>),
    /// Factorize pictures: a folder of them, or a stack in one file; the parts are pictures too.
    #[command(after_help = images::EXAMPLES)]
    Images(Box<ImagesArgs>),
    /// Find mutational signatures: how many, which ones, and how many mutations of each sample they make.
    #[command(after_help = signatures::EXAMPLES)]
    Signatures(Box<SignaturesArgs>),
    /// Show the first features of each component of a fit, by name.
    #[command(after_help = parts::TOP_EXAMPLES)]
    Top(TopArgs),
    /// Pair the components of two fits, and say which were split or merged.
    #[command(after_help = parts::MATCH_EXAMPLES)]
    Match(MatchArgs),
    /// Say what is in a file, and what a fit of it would take.
    Inspect(InspectArgs),
    /// Say which losses, rules, penalties, constraints and kinds of data go together, and why others do not.
    Explain(ExplainArgs),
    /// Write a matrix in another format.
    Convert(ConvertArgs),
    /// Factorize data that come with the program, and show the parts.
    Demo(DemoArgs),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// How much is said.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct TalkArgs {
    /// Say nothing but errors.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Say what was chosen, and how the iterations go.
    #[arg(short, long)]
    verbose: bool,
}

impl TalkArgs {
    pub(crate) fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        }
    }
}

/// How an input is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct SourceArgs {
    /// The array to take from a .npz with several.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: Option<String>,
    /// The file is text with a triplet a line: row, column, value, by name or number; further cells are ignored. Rows and
    /// columns come in the order in which they appear first.
    #[arg(long)]
    pub(crate) triplets: bool,
    /// Take columns as samples: factorize the transpose of the file.
    #[arg(long)]
    pub(crate) transpose: bool,
    /// Precision of the computation: single where the file has it, else double; or as given.
    #[arg(long, value_enum, default_value_t = PrecisionArg::Auto)]
    pub(crate) precision: PrecisionArg,
    /// Whether the first line of a text table names the columns.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub(crate) header: When,
    /// Whether the first column of a text table names the rows.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub(crate) row_names: When,
    /// Names of the samples, for a file without: one a line, up to the first tab (barcodes.tsv).
    #[arg(long, value_name = "FILE")]
    pub(crate) sample_names: Option<PathBuf>,
    /// Names of the features, likewise (features.tsv, a vocabulary).
    #[arg(long, value_name = "FILE")]
    pub(crate) feature_names: Option<PathBuf>,
    /// Memory to take at most, such as 4GB [default: 80 % of the machine's].
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<ByteSize>,
}

impl SourceArgs {
    /// The files that are read beside the matrix.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.sample_names, &self.feature_names].into_iter().flatten().map(PathBuf::as_path)
    }
}

/// Single or double.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionArg {
    Auto,
    F32,
    F64,
}

impl From<PrecisionArg> for Precision {
    fn from(arg: PrecisionArg) -> Precision {
        match arg {
            PrecisionArg::Auto => Precision::Auto,
            PrecisionArg::F32 => Precision::F32,
            PrecisionArg::F64 => Precision::F64,
        }
    }
}

/// Yes, no, or to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Yes,
    No,
}

impl When {
    pub(crate) fn known(self) -> Option<bool> {
        match self {
            When::Auto => None,
            When::Yes => Some(true),
            When::No => Some(false),
        }
    }
}

/// Format of the factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    Npy,
    Csv,
    Tsv,
}

impl From<FormatArg> for TableFormat {
    fn from(format: FormatArg) -> TableFormat {
        match format {
            FormatArg::Npy => TableFormat::Npy,
            FormatArg::Csv => TableFormat::Csv,
            FormatArg::Tsv => TableFormat::Tsv,
        }
    }
}

/// Where to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InitArg {
    Named(Init),
    Files { w: Option<PathBuf>, h: Option<PathBuf> },
}

/// By which a file is told from the name of a start.
const ENDINGS: [&str; 6] = [".npy", ".npz", ".mtx", ".csv", ".tsv", ".txt"];

fn init(text: &str) -> Result<InitArg, String> {
    if let Some((w, h)) = text.split_once(',') {
        let path = |name: &str| (!name.is_empty()).then(|| PathBuf::from(name));
        return match (path(w), path(h)) {
            (None, None) => Err("a file is needed before the comma, after it, or both".into()),
            (w, h) => Ok(InitArg::Files { w, h }),
        };
    }
    if ENDINGS.iter().any(|ending| text.trim_end_matches(".gz").ends_with(ending)) {
        return Ok(InitArg::Files { w: Some(text.into()), h: None });
    }
    match text.parse() {
        Ok(Init::Given) => Err("give the files, such as W.npy,H.npy".into()),
        Ok(init) => Ok(InitArg::Named(init)),
        Err(_) => {
            let names: Vec<&str> =
                Init::ALL.iter().filter(|&&i| i != Init::Given).map(|init| init.name()).collect();
            Err(format!("one of {} is needed, or files such as W.npy,H.npy", names.join(", ")))
        }
    }
}

/// `30`, `30s`, `10m`, `1h 30m`
fn duration(text: &str) -> Result<f64, String> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => humantime::parse_duration(text)
            .map_err(|error| format!("{error}; write 30s, 10m or 1h30m"))?
            .as_secs_f64(),
    };
    if seconds.is_finite() && seconds >= 0.0 {
        Ok(seconds)
    } else {
        Err("a finite time >= 0 is needed".into())
    }
}

#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// The matrix: .npy, .npz (dense or SciPy sparse), .mtx, .csv, .tsv, each also .gz; - is standard input.
    pub(crate) input: PathBuf,

    #[arg(short = 'k', long, help = doc("rank"), aliases = RANK)]
    pub(crate) rank: usize,
    /// The folder that W, H and run.json go to [default: NAME-rankK here, with the name of the input].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[arg(long, value_parser = init, help = format!("{}. Files are given as W.npy,H.npy; W.npy alone is a start of W, and ,H.npy one of H", doc("init")),
          default_value = "auto", help_heading = "Model")]
    pub(crate) init: InitArg,
    #[arg(long, value_name = "N", help = doc("restarts"), default_value_t = 1, help_heading = "Model")]
    pub(crate) restarts: usize,

    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[arg(long, value_name = "WHAT", help = doc("unseen"), default_value = "error", help_heading = "Data")]
    pub(crate) unseen: Unseen,
    #[arg(long, value_name = "WHAT", help = doc("negatives"), default_value = "refuse", help_heading = "Data")]
    pub(crate) negatives: Negatives,

    #[command(flatten)]
    pub(crate) penalties: PenaltyArgs,
    #[command(flatten)]
    pub(crate) constraints: ConstraintArgs,

    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[arg(long, value_name = "TIME", value_parser = duration, help = doc("time_limit"), help_heading = "Effort")]
    pub(crate) time_limit: Option<f64>,
    #[arg(long, value_name = "E", help = doc("target_error"), help_heading = "Effort", allow_negative_numbers = true)]
    pub(crate) target_error: Option<f64>,
    /// Say where the time went.
    #[arg(long, help_heading = "Effort")]
    pub(crate) timings: bool,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Format of W and H. Names of rows and columns stand in .csv and .tsv, and beside .npy in names.json.
    #[arg(long, value_enum, default_value_t = FormatArg::Npy, help_heading = "Output")]
    pub(crate) format: FormatArg,
    /// Draw the rows of H as pictures of this height and width into parts.png.
    #[arg(long, value_name = "HxW", help_heading = "Output")]
    pub(crate) image: Option<Size>,
    /// Pixels stand column by column in X, as MATLAB and R have them.
    #[arg(long, requires = "image", help_heading = "Output")]
    pub(crate) column_major: bool,
    /// Write report.html too: the fit to look at, in one file.
    #[arg(long, help_heading = "Output")]
    pub(crate) report: bool,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// Replace the files of an earlier fit in DIR.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Read the input and say what would be done, but do not do it.
    #[arg(short = 'n', long, help_heading = "Output")]
    pub(crate) dry_run: bool,
    /// Exit with code 4 if the fit ends before convergence; its factors are written all the same.
    #[arg(long, help_heading = "Output")]
    pub(crate) strict: bool,
    /// Print run.json to standard output, and nothing else.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TransformArgs {
    /// The folder of a fit.
    pub(crate) model: PathBuf,
    /// The new rows, in any format that `fit` reads, and in the same orientation as its input; for a fit of pictures, also a
    /// folder of them, a picture, or a stack; for a model of texts, new texts as `topics` reads them.
    pub(crate) input: PathBuf,
    /// Where W goes: .npy, .csv or .tsv; - is standard output, as tab-separated text.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[arg(long, value_name = "N", help = doc("threads"), default_value_t = 0)]
    pub(crate) threads: usize,
    /// Which entries of the new rows count; what is missing is what was missing in the fit, if nothing else is said.
    #[command(flatten)]
    pub(crate) entries: CountArgs,
    #[command(flatten)]
    pub(crate) texts: TextArgs,
    /// The new rows are triplets, as for `fit`; their columns are those of the fit.
    #[arg(long, help_heading = "Input")]
    pub(crate) triplets: bool,
    /// The array to take from a .npz with several.
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) key: Option<String>,
    /// Whether the first line of a text table names the columns.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, help_heading = "Input")]
    pub(crate) header: When,
    /// Whether the first column of a text table names the rows.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, help_heading = "Input")]
    pub(crate) row_names: When,
    /// Memory to take at most, such as 4GB [default: 80 % of the machine's].
    #[arg(long, value_name = "SIZE", help_heading = "Input")]
    pub(crate) memory_limit: Option<ByteSize>,
    /// Replace FILE if it exists.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The matrix, as for `fit`.
    pub(crate) input: PathBuf,
    /// Say what a fit at this rank would take.
    #[arg(short = 'k', long, aliases = RANK)]
    pub(crate) rank: Option<usize>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Only this loss.
    #[arg(long)]
    pub(crate) loss: Option<Loss>,
    /// Only this rule.
    #[arg(long)]
    pub(crate) rule: Option<Rule>,
    /// Print JSON.
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Print Markdown.
    #[arg(long)]
    pub(crate) markdown: bool,
}

#[derive(Debug, Args)]
#[command(mut_arg("transpose", |arg| arg.help("Write the transpose of the file")))]
pub(crate) struct ConvertArgs {
    /// The matrix, as for `fit`.
    pub(crate) input: PathBuf,
    /// The new file: .npy, .npz, .mtx, .csv or .tsv, all but .npz also .gz.
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Replace the new file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Which one.
    #[arg(value_enum, default_value_t = DemoName::Digits)]
    pub(crate) name: DemoName,
    /// The folder that the results go to.
    #[arg(short, long, value_name = "DIR", default_value = "partwise-demo")]
    pub(crate) out: PathBuf,
    /// Replace what is in DIR, whatever wrote it.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// The demonstrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoName {
    /// 1,797 handwritten digits (real): their strokes
    Digits,
    /// Counts drawn from five known profiles (generated): are they found again?
    Counts,
}

impl DemoName {
    pub(crate) fn name(self) -> &'static str {
        match self {
            DemoName::Digits => "digits",
            DemoName::Counts => "counts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn starts_and_times_are_read() {
        assert_eq!(init("spa"), Ok(InitArg::Named(Init::Spa)));
        assert_eq!(init("w.npy,"), Ok(InitArg::Files { w: Some("w.npy".into()), h: None }));
        assert_eq!(init(",h.npy"), Ok(InitArg::Files { w: None, h: Some("h.npy".into()) }));
        assert_eq!(init("w.csv.gz"), Ok(InitArg::Files { w: Some("w.csv.gz".into()), h: None }));
        assert!(init(",").is_err() && init("given").is_err());
        assert!(init("nndsv").unwrap_err().contains("nndsvda"));
        assert_eq!((duration("30"), duration("1h 30m"), duration("1.5")), (Ok(30.0), Ok(5400.0), Ok(1.5)));
        for bad in ["-1", "inf", "NaN", "soon", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
