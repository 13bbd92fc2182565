//! How a command ends, and its exit code, after `sysexits.h`.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done; a fit that ended before convergence is done too, and says so |
//! | 1 | a fault of partwise itself |
//! | 2 | the command line is wrong |
//! | 4 | with `--strict`: a fit ended before convergence; its factors are written |
//! | 65 | the data are wrong, or cannot be factorized as asked |
//! | 66 | an input is missing or cannot be opened |
//! | 71 | memory does not suffice |
//! | 73 | an output cannot be created, or exists already |
//! | 74 | reading or writing failed on the way |
//! | 130, 143 | stopped by Ctrl-C or by SIGTERM; what a fit had found so far is written |
//! | 141 | whoever read the output went away |

use partwise::support::Feature;
use std::io;

/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// The fit has not converged, and that was asked to count.
const NOT_CONVERGED: u8 = 4;
/// The data are wrong.
const DATA: u8 = 65;
/// Memory does not suffice.
const MEMORY: u8 = 71;
/// Reading or writing failed.
const IO: u8 = 74;
/// The reader of the output went away.
pub(crate) const CLOSED_PIPE: u8 = 141;

/// A command that ended as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is done.
    Done,
    /// The fit ended before convergence under `--strict`; what there was has been written.
    NotConverged,
    /// A signal ended the work early; what there was has been written.
    Interrupted(u8),
}

impl Outcome {
    pub(crate) fn code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::NotConverged => NOT_CONVERGED,
            Outcome::Interrupted(signal) => 128 + signal,
        }
    }
}

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A combination of arguments that cannot be.
    Usage(String),
    /// The factorization was refused.
    Fit(partwise::Error),
    /// The same, with the place in the words of the file.
    Data(String),
    /// A file could not be read or written.
    File(partwise_io::Error),
    /// A picture could not be drawn.
    Picture(partwise_report::Error),
    /// Writing to standard output failed.
    Stdout(io::Error),
    /// Standard output was closed by its reader.
    ClosedPipe,
    /// Something that cannot happen.
    Internal(String),
}

impl Failure {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Fit(partwise::Error::BadParameter { .. } | partwise::Error::Unsupported { .. }) => USAGE,
            Failure::Fit(partwise::Error::Memory { .. } | partwise::Error::Rows { .. }) => MEMORY,
            Failure::Fit(_) | Failure::Data(_) => DATA,
            Failure::File(error) => error.exit_code(),
            Failure::Picture(_) => USAGE,
            Failure::Stdout(_) => IO,
            Failure::ClosedPipe => CLOSED_PIPE,
            Failure::Internal(_) => 1,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Usage(text) | Failure::Data(text) => f.write_str(text),
            Failure::Fit(error) => f.write_str(&in_words(error)),
            Failure::File(error) => f.write_str(&as_options(&error.to_string())),
            Failure::Picture(error) => write!(f, "{error}"),
            Failure::Stdout(error) => write!(f, "standard output: {error}"),
            Failure::ClosedPipe => f.write_str("standard output was closed"),
            Failure::Internal(text) => {
                write!(f, "{text}; this is a fault of partwise, please report it with the command you ran")
            }
        }
    }
}

/// How a feature is asked for; empty for what needs no option.
pub(crate) fn option_of(feature: Feature) -> String {
    if let Some(kind) = feature.penalty() {
        return format!("--penalty {kind}");
    }
    let option = match feature {
        Feature::Missing => "--missing, --mask",
        Feature::Weights => "--weights, ...",
        Feature::HoldOut => "--hold-out",
        Feature::Negatives => "--negatives keep",
        Feature::FixedFactor => "--fix-w, --fix-h",
        Feature::FixedComponents => "--fix-components",
        Feature::Bounds => "--min-w, --max-h",
        Feature::Simplex => "--simplex",
        Feature::Free => "--free",
        Feature::Sparseness => "--sparseness-w/-h",
        Feature::Smoothing => "--smoothing",
        Feature::Compress => "--compress yes",
        _ => "",
    };
    option.into()
}

/// An error of the library, in the words of the command line.
fn in_words(error: &partwise::Error) -> String {
    let text = as_options(&error.to_string());
    let partwise::Error::Unsupported { asked, .. } = error else { return text };
    let Some((first, _)) = asked.split_once(" with loss ") else { return text };
    let words = match first.parse::<Feature>() {
        // Whatever it was that gave entries a weight.
        Ok(Feature::Weights | Feature::Missing | Feature::HoldOut) => {
            "weights, or entries that do not count,".into()
        }
        Ok(Feature::Sparse) => "sparse X".into(),
        Ok(Feature::Dense) => "dense X".into(),
        Ok(feature) => option_of(feature),
        // A rule, which a loss does not have.
        Err(_) => first.to_string(),
    };
    let rest = text.strip_prefix(first).unwrap_or_default();
    format!("{words}{rest}; `partwise explain` says what goes together")
}

/// Fields of the libraries that are options of the same name.
const OPTIONS: [&str; 25] = [
    "size",
    "image",
    "invert",
    "transpose",
    "key",
    "floor",
    "format",
    "precision",
    "header",
    "row_names",
    "triplets",
    "missing",
    "unseen",
    "negatives",
    "free",
    "loss",
    "rule",
    "init",
    "lines",
    "column",
    "id",
    "stop_words",
    "min_docs",
    "max_docs",
    "max_words",
];

/// The libraries name fields; the command line has options.
pub(crate) fn as_options(message: &str) -> String {
    let mut message = message.replace("raise the limit", "raise --memory-limit");
    message = message.replace(
        "use another folder, or allow it to be overwritten",
        "use another --out, or --force to begin anew",
    );
    message = message.replace("; use another folder", "; use another --out");
    for field in OPTIONS {
        let option = format!("--{}", field.replace('_', "-"));
        message = message.replace(&format!("`{field}` = "), &format!("{option} "));
        message = message.replace(&format!("`{field}`"), &option);
    }
    for field in ["missing", "negatives", "free", "unseen", "max_distance", "neighbours"] {
        message = message.replace(&format!("{field} = "), &format!("--{} ", field.replace('_', "-")));
    }
    message
}

/// Options that only some commands have, and that the libraries advise.
const ADVISED: [&str; 9] =
    ["missing", "negatives", "free", "mask", "header", "row-names", "triplets", "size", "transpose"];

/// A message without advice to use options that this command lacks. What it says of other commands stays.
pub(crate) fn without_foreign(message: &str, has: impl Fn(&str) -> bool) -> String {
    let mut message = message.to_string();
    if !has("unseen") {
        message = message.replace(", or let them be zero (--unseen zeros)", "");
    }
    let lacks = |clause: &str| {
        let named = |option: &str| {
            let option = format!("--{option}");
            clause.match_indices(&option).any(|(at, _)| {
                let next = clause.get(at + option.len()..).and_then(|rest| rest.chars().next());
                next.is_none_or(|next| !next.is_alphanumeric() && next != '-')
            })
        };
        !clause.contains("`partwise ") && ADVISED.iter().any(|option| !has(option) && named(option))
    };
    let mut clauses = message.split("; ");
    let first = clauses.next().unwrap_or_default().to_string();
    clauses.filter(|clause| !lacks(clause)).fold(first, |text, clause| text + "; " + clause)
}

/// An error's text with the names of its place after the numbers, and before what can be done.
pub(crate) fn with_place(error: &partwise::Error, place: &str) -> String {
    let text = as_options(&error.to_string());
    match text.split_once("; ") {
        Some((what, instead)) => format!("{what}{place}; {instead}"),
        None => format!("{text}{place}"),
    }
}

impl From<partwise::Error> for Failure {
    fn from(error: partwise::Error) -> Failure {
        Failure::Fit(error)
    }
}

impl From<partwise_io::Error> for Failure {
    fn from(error: partwise_io::Error) -> Failure {
        match error {
            partwise_io::Error::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
                Failure::ClosedPipe
            }
            error => Failure::File(error),
        }
    }
}

impl From<partwise_report::Error> for Failure {
    fn from(error: partwise_report::Error) -> Failure {
        use partwise_report::Error;
        match error {
            Error::File(error) => error.into(),
            Error::Model(error) => error.into(),
            Error::Data(problem) => Failure::Data(problem),
            error => Failure::Picture(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_foreign;

    #[test]
    fn what_a_command_lacks_is_not_advised() {
        let text = "x.tsv: NaN; if NaN means missing, say so (--missing nan); write 0; use --missing-all; fit by `partwise fit \
                    --missing nan`";
        let without = "x.tsv: NaN; write 0; use --missing-all; fit by `partwise fit --missing nan`";
        assert_eq!(without_foreign(text, |_| true), text);
        assert_eq!(without_foreign(text, |option| option != "missing"), without);
        let text = "2 rows have no entry; leave them out, or let them be zero (--unseen zeros)";
        assert_eq!(without_foreign(text, |_| false), "2 rows have no entry; leave them out");
    }
}
