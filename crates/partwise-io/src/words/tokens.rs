//! A text as words, and as runs of words.
//!
//! The text is brought to Unicode's form NFKC, in which a letter with an accent is one character and a ligature its
//! letters. It is cut at the word boundaries of Unicode (UAX 29), and once more at apostrophes and other marks within
//! (`l'homme`, `end.Next`), but not at underscores. What is left becomes lower case. A word has a letter, and two characters
//! at least; an ideograph is a word by itself, as Chinese is not cut into words here.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// The name of these rules in `text.json`: another one, if they change.
pub(crate) const RULES: &str = "words-1";

/// Words of a run, at most.
const LONGEST_RUN: usize = 5;

/// How many words in a row are a feature: from the first to the second number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(usize, usize)", into = "(usize, usize)")]
pub struct Ngrams {
    from: usize,
    to: usize,
}

impl Default for Ngrams {
    fn default() -> Ngrams {
        Ngrams { from: 1, to: 1 }
    }
}

impl TryFrom<(usize, usize)> for Ngrams {
    type Error = String;

    fn try_from((from, to): (usize, usize)) -> Result<Ngrams, String> {
        if from >= 1 && from <= to && to <= LONGEST_RUN {
            return Ok(Ngrams { from, to });
        }
        Err(format!("runs of 1 to {LONGEST_RUN} words are needed, such as 1, 2 or 1..2"))
    }
}

impl From<Ngrams> for (usize, usize) {
    fn from(n: Ngrams) -> (usize, usize) {
        (n.from, n.to)
    }
}

impl FromStr for Ngrams {
    type Err = String;

    /// `1`, `2`, `1..2`
    fn from_str(text: &str) -> Result<Ngrams, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) => (from, to).try_into(),
            _ => (0, 0).try_into(),
        }
    }
}

/// Cuts texts into words and runs of words.
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    ngrams: Ngrams,
    stop: HashSet<String>,
}

impl Splitter {
    /// Runs of so many words, without these.
    pub fn new(ngrams: Ngrams, stop: impl IntoIterator<Item = String>) -> Splitter {
        Splitter { ngrams, stop: stop.into_iter().collect() }
    }

    /// Calls `each` for every run of words in order; returns how many stop words were left out. As in scikit-learn, words
    /// are neighbours when nothing but stop words is between them.
    pub(crate) fn runs(&self, text: &str, mut each: impl FnMut(&str)) -> u64 {
        // All words that stay, with a space between, so that a run is a piece of it.
        let (mut joined, mut places, mut stopped) = (String::new(), Vec::<Range<usize>>::new(), 0);
        words(text, |word| {
            if self.stop.contains(word) {
                stopped += 1;
                return;
            }
            if !joined.is_empty() {
                joined.push(' ');
            }
            let start = joined.len();
            joined.push_str(word);
            places.push(start..joined.len());
        });
        for length in self.ngrams.from..=self.ngrams.to {
            for run in places.windows(length) {
                if let (Some(first), Some(last)) = (run.first(), run.last())
                    && let Some(run) = joined.get(first.start..last.end)
                {
                    each(run);
                }
            }
        }
        stopped
    }
}

/// Calls `each` for every word.
pub(crate) fn words(text: &str, mut each: impl FnMut(&str)) {
    let text: Cow<'_, str> = match text.is_ascii() {
        true => text.into(),
        false if !text.contains(is_invisible) && is_nfkc_quick(text.chars()) == IsNormalized::Yes => {
            text.into()
        }
        // What is invisible goes first, as it may stand between a letter and its accent.
        false => text.chars().filter(|&c| !is_invisible(c)).nfkc().collect::<String>().into(),
    };
    let mut lower = String::new();
    for piece in text.unicode_words().flat_map(|word| word.split(is_cut)) {
        lower.clear();
        if piece.is_ascii() {
            lower.push_str(piece);
            lower.make_ascii_lowercase();
        } else {
            // Whole, as a sigma at its end is another letter.
            lower = piece.to_lowercase();
        }
        if is_word(&lower) {
            each(&lower);
        }
    }
}

/// Where a word of Unicode is cut again. A blank is in one where a mark without its letter follows it.
fn is_cut(c: char) -> bool {
    let mark = c.is_ascii_punctuation() && c != '_';
    mark || c.is_whitespace() || c.is_control() || matches!(c, '\u{2018}' | '\u{2019}')
}

/// Characters that show nothing, and would make two words of one: soft hyphens, marks of direction, tags.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
                | '\u{E0000}'..='\u{E007F}')
}

fn is_word(piece: &str) -> bool {
    let mut chars = piece.chars();
    match (chars.next(), chars.next()) {
        (None, _) => false,
        (Some(only), None) => is_ideograph(only),
        _ => piece.chars().any(char::is_alphabetic),
    }
}

pub(crate) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
