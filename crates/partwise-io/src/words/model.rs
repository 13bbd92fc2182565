//! How texts became numbers: `text.json` in the folder of a fit, by which new texts become rows of the same columns.

use super::rows::Rows;
use super::tokens::{Ngrams, RULES, Splitter};
use super::{StopWords, Weighting};
use crate::budget::Budget;
use crate::error::{Place, Result, quoted};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
const VERSION: u32 = 1;

/// Which words are columns, and what they weigh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TextModel {
    schema_version: u32,
    /// The rules that words are cut by.
    tokens: String,
    /// How many words in a row are a column.
    pub ngrams: Ngrams,
    /// What was left out before anything was counted.
    pub stop_words: StopWords,
    /// What the numbers are.
    pub weights: Weighting,
    /// The documents of the fit.
    pub documents: u64,
    /// The columns of X.
    pub vocabulary: Vec<String>,
    /// In how many documents of the fit each of them is.
    pub document_counts: Vec<u64>,
    /// What each of them weighs, if not all weigh as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idf: Option<Vec<f64>>,
}

impl TextModel {
    pub(super) fn new(
        ngrams: Ngrams,
        stop_words: StopWords,
        weights: Weighting,
        documents: u64,
        vocabulary: Vec<String>,
        document_counts: Vec<u64>,
    ) -> TextModel {
        let weight = |&found: &u64| ((1.0 + documents as f64) / (1.0 + found as f64)).ln() + 1.0;
        let idf = (weights == Weighting::Tfidf).then(|| document_counts.iter().map(weight).collect());
        TextModel {
            schema_version: VERSION,
            tokens: RULES.into(),
            ngrams,
            stop_words,
            weights,
            documents,
            vocabulary,
            document_counts,
            idf,
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn to_json(&self) -> std::result::Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// What a file says.
    ///
    /// # Errors
    /// What is wrong with it, if a fit cannot have written it.
    pub fn from_json(text: &[u8]) -> std::result::Result<TextModel, String> {
        let document: serde_json::Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let version = document.get("schema_version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            let version = version.map_or("missing".into(), |v| v.to_string());
            return Err(format!("its schema_version is {version}, and this program knows {VERSION}"));
        }
        let model: TextModel = serde_json::from_value(document).map_err(|error| error.to_string())?;
        model.fault().map_or(Ok(model), Err)
    }

    fn fault(&self) -> Option<String> {
        let n = self.vocabulary.len();
        if self.tokens != RULES {
            return Some(format!(
                "its words were cut by the rules {}, and this program knows {RULES}",
                quoted(&self.tokens)
            ));
        }
        if n == 0 {
            return Some("its vocabulary is empty".into());
        }
        if let Some((a, b)) = self.vocabulary.iter().zip(self.vocabulary.iter().skip(1)).find(|(a, b)| a >= b)
        {
            return Some(format!("its vocabulary has {} before {}", quoted(a), quoted(b)));
        }
        if let Some(bad) = self.vocabulary.iter().find(|run| run.is_empty() || run.contains(char::is_control))
        {
            return Some(format!("its vocabulary has {}, which is no word", quoted(bad)));
        }
        if self.document_counts.len() != n || self.document_counts.iter().any(|&found| found > self.documents)
        {
            return Some("its document_counts do not fit to its vocabulary".into());
        }
        match (&self.idf, self.weights) {
            (None, Weighting::Counts) => {}
            (Some(idf), Weighting::Tfidf)
                if idf.len() == n && idf.iter().all(|&x| x > 0.0 && x.is_finite()) => {}
            _ => return Some("its idf does not fit to its vocabulary and weights".into()),
        }
        None
    }
}

/// What was found in new documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Seen {
    /// Words, or runs of them, without stop words.
    pub words: u64,
    /// Those of them that the vocabulary has not.
    pub unknown: u64,
}

/// New documents, as rows by a model.
#[derive(Debug)]
pub struct Reading<'m> {
    model: &'m TextModel,
    splitter: Splitter,
    columns: HashMap<&'m str, u32>,
    rows: Rows,
    seen: Seen,
    budget: Budget,
}

impl<'m> Reading<'m> {
    /// No documents yet. The rows stay within so many bytes.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub fn new(model: &'m TextModel, memory_limit: u64) -> Result<Reading<'m>> {
        let mut budget = Budget::new(memory_limit, Place::of("the counts of words"));
        Ok(Reading {
            model,
            splitter: Splitter::new(model.ngrams, model.stop_words.words.iter().cloned()),
            columns: model.vocabulary.iter().map(String::as_str).zip(0..).collect(),
            rows: Rows::new(&mut budget, 0, 0)?,
            seen: Seen::default(),
            budget,
        })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub fn add(&mut self, text: &str) -> Result<()> {
        let mut found: Vec<u32> = Vec::new();
        let (columns, seen) = (&self.columns, &mut self.seen);
        self.splitter.runs(text, |run| {
            seen.words += 1;
            match columns.get(run) {
                Some(&column) => found.push(column),
                None => seen.unknown += 1,
            }
        });
        found.sort_unstable();
        let counted = found
            .chunk_by(|a, b| a == b)
            .filter_map(|same| Some((*same.first()?, u32::try_from(same.len()).unwrap_or(u32::MAX))));
        self.rows.push(counted, self.model.weights, self.model.idf.as_deref(), &mut self.budget)
    }

    /// The rows, and what was found on the way.
    pub fn finish(self) -> (Rows, Seen) {
        (self.rows, self.seen)
    }
}
