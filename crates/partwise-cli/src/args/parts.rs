//! The options of what is asked about components.

use super::{CountArgs, FormatArg, LookArgs, SourceArgs, TalkArgs};
use clap::{Args, ValueEnum};
use partwise::select::By;
use std::path::PathBuf;

pub(crate) const TOP_EXAMPLES: &str = "\
Examples:
  partwise top counts-rank10
  partwise top counts-rank10 -n 20 --by lift > features.tsv";

pub(crate) const MATCH_EXAMPLES: &str = "\
Examples:
  partwise match counts-rank10 counts-rank12
  partwise match sbs96-rank5 cosmic.tsv > cosines.tsv";

pub(crate) const CONSENSUS_EXAMPLES: &str = "\
Examples:
  partwise rank counts.npz --ranks 5..12 --loss kl --runs 50 --out scan
  partwise consensus counts.npz --scan scan --rank 9 --out programs
  partwise consensus counts.npz --scan scan --rank 9 --out programs --max-distance 0.2 --force   leave more out
  partwise consensus counts.npz --scan scan --rank 9 --out run/cells --layout cnmf   cNMF(output_dir=\"run\", name=\"cells\")";

#[derive(Debug, Args)]
pub(crate) struct ConsensusArgs {
    /// The matrix of the scan.
    pub(crate) input: PathBuf,
    /// The rank.
    #[arg(short = 'k', long, aliases = ["components", "n-components"])]
    pub(crate) rank: usize,
    /// The folder of the scan [default: NAME-ranks here, with the name of the input].
    #[arg(long, value_name = "DIR")]
    pub(crate) scan: Option<PathBuf>,
    /// The folder of the fit that is written [default: NAME-consensusK here].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Leave out components that are farther than this from those of the nearest runs: at length 1, 0 is the same and 1.41
    /// has nothing in common.
    #[arg(long, value_name = "D", default_value_t = 0.5)]
    pub(crate) max_distance: f64,
    /// The share of the other runs that are the nearest ones.
    #[arg(long, value_name = "SHARE", default_value_t = 0.3)]
    pub(crate) neighbours: f64,
    #[command(flatten)]
    pub(crate) data: CountArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Format of W and H, as for `fit`.
    #[arg(long, value_enum, default_value_t = FormatArg::Npy, help_heading = "Output")]
    pub(crate) format: FormatArg,
    /// Which tables are written.
    #[arg(long, value_enum, default_value_t = LayoutArg::Partwise, help_heading = "Output")]
    pub(crate) layout: LayoutArg,
    /// Write report.html too.
    #[arg(long, help_heading = "Output")]
    pub(crate) report: bool,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// Replace the files of an earlier fit in DIR.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Print run.json to standard output, and nothing else.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// Which tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    /// W, H and what is said of them
    Partwise,
    /// Those of cNMF beside them, for what reads its directories
    Cnmf,
}

#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// The folder of a fit.
    pub(crate) model: PathBuf,
    /// How many features of each component.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) count: usize,
    /// What comes first.
    #[arg(long, value_enum, default_value_t = ByArg::Weight)]
    pub(crate) by: ByArg,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByArg {
    /// What the component has most of
    Weight,
    /// What it has most of, compared to the whole model
    Lift,
    /// What it has alone (Kim & Park 2007)
    Specificity,
}

impl From<ByArg> for By {
    fn from(by: ByArg) -> By {
        match by {
            ByArg::Weight => By::Weight,
            ByArg::Lift => By::Lift,
            ByArg::Specificity => By::Specificity,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct MatchArgs {
    /// The folder of a fit, or a table of components in its rows.
    pub(crate) first: PathBuf,
    /// Another, of the same features.
    pub(crate) second: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}
