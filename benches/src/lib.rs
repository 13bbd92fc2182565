//! What the binaries of this package share: tables in Markdown, data sets, made-up data, and small reference methods.
//!
//! `reproductions` prints docs/reproductions.md, `applications` prints docs/applications.md and `guarantees` prints
//! docs/guarantees.md, `ranks` docs/ranks.md, `roofline` docs/roofline.md, `compare` docs/scikit-learn.md and `race` docs/benchmarks.md; no number in those documents is written by hand.

pub mod args;
pub mod baselines;
pub mod child;
pub mod claims;
pub mod datasets;
pub mod faces;
pub mod generated;
pub mod legacy_random;
pub mod machine;
pub mod markdown;
pub mod metrics;
pub mod npy;
pub mod program;
pub mod ratings;
pub mod roof;
pub mod table;
pub mod workload;

/// Anything that can go wrong, as a message for whoever runs a binary.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The share by which a number may miss a published one and still count as the same.
pub const SAME: f64 = 1e-6;

/// Whether `ours` is at or below `published`, in words; `published` is known to `digits` decimals.
pub fn verdict(ours: f64, published: f64, digits: usize) -> &'static str {
    let rounding = 0.5 * 10f64.powi(-(digits as i32));
    let margin = published.abs() * SAME;
    if ours < published - margin - rounding {
        "beaten"
    } else if ours <= published + margin {
        "reached"
    } else {
        "**not reached**"
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn verdicts_know_the_last_printed_digit() {
        assert_eq!(verdict(99.0, 100.0, 1), "beaten");
        assert_eq!(verdict(99.96, 100.0, 1), "reached");
        assert_eq!(verdict(100.00009, 100.0, 1), "reached");
        assert_eq!(verdict(100.0002, 100.0, 1), "**not reached**");
    }
}
