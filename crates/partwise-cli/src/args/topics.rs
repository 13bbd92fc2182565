//! The options of topics, and how texts are read.

use super::{EffortArgs, FormatArg, PrecisionArg, TalkArgs, doc, duration};
use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use partwise::{Init, Loss, Normalize, Rule};
use partwise_io::words::{Ngrams, Weighting};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  partwise topics letters/ --rank 20                   every .txt, .text and .md there is a document
  partwise topics reviews.csv --column text --id number --rank 15 --report
  partwise topics abstracts.jsonl.gz --column abstract --rank 30 --ngrams 1..2 --weights counts
  partwise topics briefe/ --rank 10 --stop-words german --out themen
  partwise transform themen neue-briefe/ --out W.tsv     the same topics in other texts

Which rank? Write the matrix, and let a scan say:
  partwise topics letters/ --matrix-out letters.npz
  partwise rank letters.npz --ranks 5..30

The topics go to standard output as a table, and with all else to the folder of the fit.";

/// How texts are told apart and named.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Texts")]
pub(crate) struct TextArgs {
    /// Files of text have a document a line; else each is one document.
    #[arg(long)]
    pub(crate) lines: bool,
    /// The column (.csv, .tsv) or field (.jsonl; meta.text is one within another) that has the texts [default: the only one
    /// that looks like texts].
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// The column or field that has the names of the documents [default: the name of the file and a number].
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,
}

impl TextArgs {
    /// The first option that was given, if one was.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [("--lines", self.lines), ("--column", self.column.is_some()), ("--id", self.id.is_some())]
            .into_iter()
            .find_map(|(option, given)| given.then_some(option))
    }
}

#[derive(Debug, Args)]
pub(crate) struct TopicsArgs {
    /// Folders of .txt, .text and .md files; files of text; tables (.csv, .tsv, .jsonl) with a column of texts; each
    /// file also .gz; - is standard input, with a document a line.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Number of topics. Without it, and with --matrix-out, only the matrix is written.
    #[arg(short = 'k', long, aliases = ["k", "components", "n-components", "topics"])]
    pub(crate) rank: Option<usize>,
    /// The folder that everything goes to [default: NAME-topicsK here, with the name of the input].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) texts: TextArgs,

    /// Words to leave out: those of a language, none, or those of a file with a word a line. Languages are danish, dutch,
    /// english, finnish, french, german, hungarian, italian, norwegian, portuguese, russian, spanish, swedish, turkish.
    #[arg(long, value_name = "LIST", default_value = "english", help_heading = "Words", alias = "stopwords")]
    pub(crate) stop_words: String,
    /// How many words in a row are a feature: 1, 2, or 1..2 for words and pairs.
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Words")]
    pub(crate) ngrams: Ngrams,
    /// Leave words out that are in fewer documents [default: 1 below 10 documents, 2 below 1000, else 5].
    #[arg(long, value_name = "N", help_heading = "Words", alias = "min-df")]
    pub(crate) min_docs: Option<u64>,
    /// Leave words out that are in more than this share of the documents.
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0.95", help_heading = "Words", alias = "max-df")]
    pub(crate) max_docs: f64,
    /// Keep at most so many words, those in most documents.
    #[arg(long, value_name = "N", default_value_t = 50_000, help_heading = "Words", alias = "max-features")]
    pub(crate) max_words: usize,
    /// What the numbers of X are.
    #[arg(long, value_enum, default_value_t = WeightsArg::Tfidf, help_heading = "Words")]
    pub(crate) weights: WeightsArg,
    /// Write X too: .npz, .mtx, .csv or .tsv; for `rank`, and for what `fit` can do beside.
    #[arg(long, value_name = "FILE", help_heading = "Words")]
    pub(crate) matrix_out: Option<PathBuf>,

    #[arg(long, help = format!("{} [default: frobenius for tfidf, kl for counts]", doc("loss")), help_heading = "Model")]
    pub(crate) loss: Option<Loss>,
    #[arg(long, help = doc("rule"), default_value = "auto", help_heading = "Model")]
    pub(crate) rule: Rule,
    #[arg(long, help = doc("normalize"), default_value = "none", help_heading = "Model")]
    pub(crate) normalize: Normalize,
    #[arg(long, help = doc("init"), default_value = "auto", help_heading = "Model")]
    pub(crate) init: Init,
    #[arg(long, value_name = "N", help = doc("restarts"), default_value_t = 1, help_heading = "Model")]
    pub(crate) restarts: usize,
    #[arg(long, help = doc("seed"), default_value_t = 0, help_heading = "Model")]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[arg(long, value_name = "TIME", value_parser = duration, help = doc("time_limit"), help_heading = "Effort")]
    pub(crate) time_limit: Option<f64>,
    /// Precision of the computation; auto is double.
    #[arg(long, value_enum, default_value_t = PrecisionArg::Auto, help_heading = "Effort")]
    pub(crate) precision: PrecisionArg,
    /// Memory to take at most, such as 4GB [default: 80 % of the machine's].
    #[arg(long, value_name = "SIZE", help_heading = "Effort")]
    pub(crate) memory_limit: Option<ByteSize>,

    /// How many words of each topic are shown.
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    pub(crate) top_words: usize,
    /// How many documents of each topic go into documents.tsv.
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Output")]
    pub(crate) top_docs: usize,
    /// Format of W and H, as for `fit`.
    #[arg(long, value_enum, default_value_t = FormatArg::Npy, help_heading = "Output")]
    pub(crate) format: FormatArg,
    /// Write report.html too, with topics as words.
    #[arg(long, help_heading = "Output")]
    pub(crate) report: bool,
    /// Labels of the documents, for the report: one a line, in their order, or lines of a document's name and its label.
    #[arg(long, value_name = "FILE", requires = "report", help_heading = "Output")]
    pub(crate) groups: Option<PathBuf>,
    /// Replace the files of an earlier fit in DIR, and FILE of --matrix-out.
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Read the texts and say what would be done, but do not do it.
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

/// What the numbers of X are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeightsArg {
    /// Rare words weigh more, and all documents as much
    Tfidf,
    /// How often a word is there
    Counts,
}

impl From<WeightsArg> for Weighting {
    fn from(arg: WeightsArg) -> Weighting {
        match arg {
            WeightsArg::Tfidf => Weighting::Tfidf,
            WeightsArg::Counts => Weighting::Counts,
        }
    }
}

/// A share above 0, up to 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "a share of the documents is needed, above 0 and up to 1, such as 0.5".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_runs_are_read() {
        assert_eq!((share("0.5"), share("1")), (Ok(0.5), Ok(1.0)));
        for bad in ["0", "1.1", "-0.5", "NaN", "half", "", "50%"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        assert_eq!("1..2".parse::<Ngrams>().map(<(usize, usize)>::from), Ok((1, 2)));
        assert_eq!("2".parse::<Ngrams>().map(<(usize, usize)>::from), Ok((2, 2)));
        for bad in ["0", "2..1", "1..9", "", "a", "1..", "-1"] {
            assert!(bad.parse::<Ngrams>().unwrap_err().contains("1..2"), "{bad}");
        }
    }
}
