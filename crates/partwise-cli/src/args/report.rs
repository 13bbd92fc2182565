//! The options of a report.

use super::TalkArgs;
use clap::Args;
use partwise_report::Size;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  partwise report counts-rank10                          writes counts-rank10/report.html
  partwise report counts-rank10 --scan counts-ranks --groups cell-types.txt
  partwise report counts-ranks --out ranks.html          of a scan alone
  partwise report faces-rank49 --image 19x19";

/// What a report is told of the data, which the data do not say.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct LookArgs {
    /// Labels of the samples, for the report: one a line, in their order, or lines of a sample's name and its label.
    #[arg(long, value_name = "FILE")]
    pub(crate) groups: Option<PathBuf>,
    /// Features are words: the report sets components as words.
    #[arg(long)]
    pub(crate) words: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of a fit, or of a scan.
    pub(crate) folder: PathBuf,
    /// The folder of a scan that goes into the report of a fit.
    #[arg(long, value_name = "DIR")]
    pub(crate) scan: Option<PathBuf>,
    /// The report [default: report.html in the folder].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Its heading [default: the name of the data].
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// Features are the pixels of pictures of this height and width.
    #[arg(long, value_name = "HxW")]
    pub(crate) image: Option<Size>,
    /// Pixels stand column by column, as MATLAB and R have them.
    #[arg(long)]
    pub(crate) column_major: bool,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// Replace FILE if it exists.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}
