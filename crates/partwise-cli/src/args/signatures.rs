//! The options of mutational signatures.

use super::rank::{Ranks, ranks};
use super::{FormatArg, RANK, TalkArgs, doc};
use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use partwise::Spec;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  partwise signatures SBS96.all                       1 to 10 signatures are tried, and one number is taken
  partwise signatures SBS96.all --ranks 2..15 --runs 50 --reference COSMIC_v3.4_SBS_GRCh38.txt --report
  partwise signatures SBS96.all --rank 5 --out five
  partwise signatures X.npy --classes classes.txt --samples samples.txt
  partwise transform five other.tsv --out -           the same signatures in other samples

TABLE has the 96 classes of substitutions in rows or in columns, in any order and in any of the usual spellings
(A[C>A]A, ACA>AAA, C>A ACA); others are taken as they are. Every fit is kept in a folder beside the result: a command
that was stopped goes on where it was, and more ranks or runs are added.";

#[derive(Debug, Args)]
pub(crate) struct SignaturesArgs {
    /// Numbers of mutations by class and sample: text, .npy, .npz or .mtx, each also .gz; - is standard input.
    pub(crate) table: PathBuf,
    /// How many signatures, where that is known.
    #[arg(short = 'k', long, conflicts_with = "ranks", aliases = RANK)]
    pub(crate) rank: Option<usize>,
    /// How many signatures to try: 1..15 (both ends), 2..20:3 (every third), 5,10,20 [default: 1..10].
    #[arg(long, value_name = "RANKS", value_parser = ranks)]
    pub(crate) ranks: Option<Ranks>,
    /// Fits of each number to all of the table, from random starts. Signatures are what they agree on.
    #[arg(long, value_name = "N", default_value_t = 20, aliases = ["restarts", "replicates", "nmf-replicates"])]
    pub(crate) runs: usize,
    /// Folds of cross-validation, by which the number is chosen; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) folds: u32,
    /// Fits of each number to shuffled data, which show whether there is anything to be found.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) shuffled: usize,
    /// Leave out signatures of runs that are farther than this from those of the nearest runs: at length 1, 0 is the same and
    /// 1.41 has nothing in common.
    #[arg(long, value_name = "D", default_value_t = 0.5)]
    pub(crate) max_distance: f64,
    /// The share of the other runs that are the nearest ones.
    #[arg(long, value_name = "SHARE", default_value_t = 0.3)]
    pub(crate) neighbours: f64,
    /// Known signatures to compare with, such as COSMIC's: a table of the same classes.
    #[arg(long, value_name = "FILE", aliases = ["cosmic", "known"])]
    pub(crate) reference: Option<PathBuf>,
    /// The folder that signatures, exposures and all else go to [default: NAME-signatures here].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The folder that fits are kept in, for `report` and for going on [default: DIR-scan].
    #[arg(long, value_name = "DIR")]
    pub(crate) scan: Option<PathBuf>,

    /// Names of the classes, a line each, for a table that has none.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(crate) classes: Option<PathBuf>,
    /// Names of the samples, a line each.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(crate) samples: Option<PathBuf>,
    /// Where samples are [default: found by the names of the classes; in columns, where these do not tell].
    #[arg(long, value_enum, value_name = "WHERE", help_heading = "Input")]
    pub(crate) samples_in: Option<SideArg>,
    /// The array to take from a .npz with several.
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) key: Option<String>,
    /// Memory to take at most, such as 4GB [default: 80 % of the machine's].
    #[arg(long, value_name = "SIZE", help_heading = "Input")]
    pub(crate) memory_limit: Option<ByteSize>,

    #[arg(long, help = doc("seed"), default_value_t = 0, help_heading = "Effort")]
    pub(crate) seed: u64,
    #[arg(long, value_name = "N", help = doc("max_iter"), default_value_t = Spec::default().max_iter, help_heading = "Effort")]
    pub(crate) max_iter: usize,
    #[arg(long, value_name = "T", help = doc("tol"), default_value_t = Spec::default().tol, allow_negative_numbers = true, help_heading = "Effort")]
    pub(crate) tol: f64,
    #[arg(long, value_name = "N", help = doc("threads"), default_value_t = 0, help_heading = "Effort")]
    pub(crate) threads: usize,

    /// Format of W and H; the other tables are tab-separated.
    #[arg(long, value_enum, default_value_t = FormatArg::Tsv, help_heading = "Output")]
    pub(crate) format: FormatArg,
    /// Write report.html too: signatures, samples and the choice of their number to look at, in one file.
    #[arg(long, help_heading = "Output")]
    pub(crate) report: bool,
    /// Labels of the samples, for the report: one a line, in their order, or lines of a sample's name and its label.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) groups: Option<PathBuf>,
    /// Replace the files of an earlier result in DIR, and a scan of other data.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Read the input and say what would be done, but do not do it.
    #[arg(short = 'n', long, help_heading = "Output")]
    pub(crate) dry_run: bool,
    /// Print JSON to standard output, instead of a table of the signatures.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// A side of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SideArg {
    Rows,
    Columns,
}
