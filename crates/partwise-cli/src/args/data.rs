//! Options that say which entries of X count.

use clap::Args;
use partwise::Missing;
use partwise_io::fitted::HeldOut;
use std::path::PathBuf;

/// Which entries count, and how much: files in the orientation of the input.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct CountArgs {
    /// What an absent number means: none (NaN is an error, and what a sparse file does not store is 0), nan (NaN and empty
    /// cells are missing entries), or absent (so is what a sparse file does not store: ratings). Without it, none; for `transform`, what it was in the fit
    #[arg(long, value_name = "WHICH")]
    pub(crate) missing: Option<Missing>,
    /// A matrix with 1 where an entry is observed, and 0 where it is not. Of a sparse file, only what it stores is observed.
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// A matrix with the weight of every entry, >= 0. Of a sparse file, only what it stores counts.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// A matrix with the standard deviation of every entry: the weights are 1 / sigma².
    #[arg(long, value_name = "FILE", aliases = ["uncertainties", "sigma", "errors"])]
    pub(crate) uncertainty: Option<PathBuf>,
    /// A weight for every row of the file: a column or a row of numbers.
    #[arg(long, value_name = "FILE")]
    pub(crate) row_weights: Option<PathBuf>,
    /// A weight for every column of the file: a column or a row of numbers.
    #[arg(long, value_name = "FILE")]
    pub(crate) col_weights: Option<PathBuf>,
}

/// The same for a fit, where entries can be held out.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataArgs {
    #[command(flatten)]
    pub(crate) entries: CountArgs,
    /// Leave this share of the entries out, and say at the end how well they are predicted. The seed says which ones, and
    /// is 0 if it is not given.
    #[arg(long, value_name = "SHARE[:SEED]", value_parser = hold_out, alias = "holdout")]
    pub(crate) hold_out: Option<HeldOut>,
}

/// `0.1`, `0.1:7`
fn hold_out(text: &str) -> Result<HeldOut, String> {
    let (share, seed) = text.split_once(':').unwrap_or((text, "0"));
    let share = share.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    let share = share.ok_or("a share between 0 and 1 is needed, such as 0.1, or 0.1:7 with a seed")?;
    let seed = seed.parse().map_err(|_| "the seed is a whole number, as in 0.1:7")?;
    Ok(HeldOut { share, seed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read() {
        assert_eq!(hold_out("0.25"), Ok(HeldOut { share: 0.25, seed: 0 }));
        assert_eq!(hold_out("0.25:9"), Ok(HeldOut { share: 0.25, seed: 9 }));
        for bad in ["0", "1", "1.5", "-0.1", "NaN", "", ":3", "0.1:", "0.1:x", "0.1:-1", "10%"] {
            assert!(hold_out(bad).is_err(), "{bad}");
        }
    }
}
