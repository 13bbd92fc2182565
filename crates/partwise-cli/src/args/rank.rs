//! The options of a scan over ranks.

use super::{
    ConstraintArgs, CountArgs, EffortArgs, ModelArgs, PenaltyArgs, SourceArgs, TalkArgs, doc, duration,
};
use clap::Args;
use partwise::Negatives;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  partwise rank counts.npz --ranks 2..20 --loss kl --out scan
  partwise rank sbs96.tsv --transpose --ranks 2..12 --loss kl --runs 20
  partwise rank faces.npy --ranks 10,20,40,80 --runs 5 --folds 3

A scan that was stopped goes on where it was with the same command, and does what is new if ranks, runs or shuffled data
are added. On a cluster, every machine does its part of the same command, in a folder that all see:
  partwise rank counts.npz --ranks 2..20 --loss kl --out scan --shard 3/8
and the command without --shard, when they are done, puts it together.";

#[derive(Debug, Args)]
pub(crate) struct RankArgs {
    /// The matrix, as for `fit`.
    pub(crate) input: PathBuf,
    /// The ranks to fit: 2..20 (both ends), 2..20:3 (every third), 5,10,20 [default: 1..10, of a small X as far as it goes].
    #[arg(short = 'k', long, value_name = "RANKS", value_parser = ranks, aliases = ["rank", "components", "n-components"])]
    pub(crate) ranks: Option<Ranks>,
    /// Fits of each rank to all of X, from random starts.
    #[arg(long, value_name = "N", default_value_t = 10, aliases = ["restarts", "nrun", "n-iter"])]
    pub(crate) runs: usize,
    /// Folds of cross-validation: entries are put into so many parts, and each is predicted from the others; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) folds: u32,
    /// Fits of each rank to X with the entries of every column shuffled: what data without structure look like.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) shuffled: usize,
    /// Bi-cross-validation: rows and columns are put into so many parts each, and every block is predicted from the rows and
    /// columns outside of it; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) blocks: u32,
    /// The folder of the scan [default: NAME-ranks here, with the name of the input].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Do this part of the fits only: 1/4 to 4/4 share them out among four machines.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<Shard>,

    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) data: CountArgs,
    #[arg(long, value_name = "WHAT", help = doc("negatives"), default_value = "refuse", help_heading = "Data")]
    pub(crate) negatives: Negatives,
    #[command(flatten)]
    pub(crate) penalties: PenaltyArgs,
    #[command(flatten)]
    pub(crate) constraints: ConstraintArgs,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    /// Stop the scan after this time; the same command goes on.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Effort")]
    pub(crate) time_limit: Option<f64>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Write report.html too: the criteria to look at, in one file.
    #[arg(long, help_heading = "Output")]
    pub(crate) report: bool,
    /// Begin anew, whatever DIR has of a scan.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Print scan.json to standard output, instead of the table.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// Ranks in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranks(pub(crate) Vec<usize>);

/// A part of the work: number `part` of `parts`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) part: usize,
    pub(crate) parts: usize,
}

/// More ranks than anyone scans.
const MOST_RANKS: usize = 10_000;

/// `2..20`, `2..20:3`, `2-20`, `2:20`, `5,10,20`, `7`
pub(super) fn ranks(text: &str) -> Result<Ranks, String> {
    let wanted = || "ranks are needed as 2..20, 2..20:3 or 5,10,20".to_string();
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|&rank| rank > 0).ok_or_else(wanted);
    let mut ranks = Vec::new();
    for part in text.split(',') {
        let range = part.split_once("..").or_else(|| part.split_once('-'));
        let Some((from, rest)) = range else {
            ranks.push(number(part)?);
            continue;
        };
        let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
        let (from, to, step) = (number(from)?, number(to.trim_start_matches('='))?, number(step)?);
        if from > to {
            return Err(format!("{part}: the first rank is the smaller one"));
        }
        if (to - from) / step >= MOST_RANKS {
            return Err(format!("{part}: those are more than {MOST_RANKS} ranks"));
        }
        ranks.extend((from..=to).step_by(step));
    }
    ranks.sort_unstable();
    ranks.dedup();
    Ok(Ranks(ranks))
}

/// `3/8`
fn shard(text: &str) -> Result<Shard, String> {
    let parse = || -> Option<Shard> {
        let (part, parts) = text.split_once('/')?;
        Some(Shard { part: part.parse().ok()?, parts: parts.parse().ok()? })
    };
    parse()
        .filter(|shard| (1..=shard.parts).contains(&shard.part))
        .ok_or_else(|| "a part and their number are needed, such as 1/4 to 4/4".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_read() {
        for (text, want) in [
            ("7", vec![7]),
            ("2..5", vec![2, 3, 4, 5]),
            ("2..=5", vec![2, 3, 4, 5]),
            ("2-4", vec![2, 3, 4]),
            ("2..10:4", vec![2, 6, 10]),
            ("8,2..4,3", vec![2, 3, 4, 8]),
        ] {
            assert_eq!(ranks(text), Ok(Ranks(want)), "{text}");
        }
        for bad in ["", "0", "0..3", "5..2", "a", "2..", "..5", "2..9:0", "-3", "1..99999999", "2,,3"] {
            assert!(ranks(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shards_are_read() {
        assert_eq!(shard("3/8"), Ok(Shard { part: 3, parts: 8 }));
        for bad in ["", "0/4", "5/4", "1", "1/0", "a/b", "-1/3"] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }
}
