//! Words in texts: how they are cut out, which are left out, and the numbers that documents become.
//!
//! A [`Corpus`] counts the words of documents as they come and keeps no text. When all have come, it settles the
//! vocabulary and becomes a [`TextModel`], which is `text.json` in the folder of a fit, and the rows of X. The model
//! makes rows of the same columns from new documents, with a [`Reading`].
//!
//! With `n` documents of which `df` have the word, and `tf` times the word in a document, the weights are
//! - *counts*: `tf`;
//! - *tfidf*: `tf (ln((1 + n) / (1 + df)) + 1)`, and every row is divided by its length, the root of its sum of squares.
//!
//! The second is what `TfidfVectorizer` of scikit-learn computes if nothing else is asked of it.

mod corpus;
mod model;
mod rows;
mod stop;
#[cfg(test)]
mod tests;
mod tokens;

pub use corpus::{Corpus, LeftOut, Pruning};
pub use model::{Reading, Seen, TextModel};
pub use rows::Rows;
pub use stop::{LANGUAGES, StopWords};
pub(crate) use tokens::is_ideograph;
pub use tokens::{Ngrams, Splitter, is_invisible};

use serde::{Deserialize, Serialize};

/// What the number of a word in a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)]
pub enum Weighting {
    /// Rare words weigh more, and all documents as much.
    #[default]
    Tfidf,
    /// How often it is there.
    Counts,
}

impl Weighting {
    /// `tfidf`, `counts`
    pub fn name(self) -> &'static str {
        match self {
            Weighting::Tfidf => "tfidf",
            Weighting::Counts => "counts",
        }
    }
}
