//! The options of what is asked about components.

use super::TalkArgs;
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
