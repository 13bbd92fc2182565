//! The words of documents, counted as they come; and the vocabulary that comes of it.

use super::model::TextModel;
use super::rows::Rows;
use super::tokens::{Ngrams, Splitter};
use super::{StopWords, Weighting};
use crate::budget::Budget;
use crate::error::{Error, Place, Result};
use std::cmp::Reverse;
use std::collections::HashMap;

/// What a word takes in memory beside its letters, about: its place in the table, its string, and its count.
const WORD: u64 = 64;

/// Which words become columns.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(clippy::exhaustive_structs)]
pub struct Pruning {
    /// Words in fewer documents are left out; `None` is 1 for fewer than 10 documents, 2 for fewer than 1000, and 5 for
    /// more.
    pub min_docs: Option<u64>,
    /// Words in more than this share of the documents are left out.
    pub max_docs: f64,
    /// The most words; those in most documents stay.
    pub max_words: usize,
}

impl Default for Pruning {
    fn default() -> Pruning {
        Pruning { min_docs: None, max_docs: 0.95, max_words: 50_000 }
    }
}

impl Pruning {
    /// The fewest documents that a word is in.
    pub fn least(&self, documents: u64) -> u64 {
        self.min_docs.unwrap_or(match documents {
            ..10 => 1,
            10..1000 => 2,
            _ => 5,
        })
    }
}

/// How many words are no columns, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LeftOut {
    /// In too few documents.
    pub rare: u64,
    /// In too many documents.
    pub frequent: u64,
    /// Beyond the most words.
    pub beyond: u64,
}

/// Documents as they come, and what is counted of them.
#[derive(Debug)]
pub struct Corpus {
    ngrams: Ngrams,
    stop: StopWords,
    splitter: Splitter,
    ids: HashMap<String, u32>,
    /// In how many documents each word is.
    in_documents: Vec<u64>,
    /// Where each document ends in `counted`.
    ends: Vec<usize>,
    counted: Vec<(u32, u32)>,
    words: u64,
    stopped: u64,
    budget: Budget,
}

impl Corpus {
    /// No documents yet. All that is counted stays within so many bytes.
    pub fn new(ngrams: Ngrams, stop: StopWords, memory_limit: u64) -> Corpus {
        Corpus {
            ngrams,
            splitter: Splitter::new(ngrams, stop.words.iter().cloned()),
            stop,
            ids: HashMap::new(),
            in_documents: Vec::new(),
            ends: Vec::new(),
            counted: Vec::new(),
            words: 0,
            stopped: 0,
            budget: Budget::new(memory_limit, Place::of("the counts of words")),
        }
    }

    /// Counts the words of a document.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn add(&mut self, text: &str) -> Result<()> {
        let Corpus { splitter, ids, in_documents, budget, .. } = self;
        let mut found: Vec<u32> = Vec::new();
        let mut failed = None;
        self.stopped += splitter.runs(text, |run| {
            let id = match ids.get(run) {
                Some(&id) => id,
                None if failed.is_some() => return,
                None => {
                    let charged = budget.charge(run.len() as u64 + WORD);
                    let id = u32::try_from(ids.len()).map_err(|_| budget.refusal(u64::MAX));
                    match charged.and(id) {
                        Err(error) => return failed = Some(error),
                        Ok(id) => {
                            ids.insert(run.to_string(), id);
                            in_documents.push(0);
                            id
                        }
                    }
                }
            };
            found.push(id);
        });
        if let Some(error) = failed {
            return Err(error);
        }
        self.words += found.len() as u64;
        found.sort_unstable();
        for same in found.chunk_by(|a, b| a == b) {
            let Some(&id) = same.first() else { continue };
            budget.grow(&mut self.counted, 1)?;
            self.counted.push((id, u32::try_from(same.len()).unwrap_or(u32::MAX)));
            if let Some(documents) = in_documents.get_mut(id as usize) {
                *documents += 1;
            }
        }
        budget.grow(&mut self.ends, 1)?;
        self.ends.push(self.counted.len());
        Ok(())
    }

    /// Documents so far.
    pub fn documents(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Words so far, runs among them, without stop words.
    pub fn words(&self) -> u64 {
        self.words
    }

    /// Stop words so far, which were left out.
    pub fn stopped(&self) -> u64 {
        self.stopped
    }

    /// Settles the vocabulary, and makes the rows of X. The vocabulary is in alphabetical order, by the numbers of
    /// characters.
    ///
    /// # Errors
    /// If no word is left, which says what took them; [`Error::Memory`].
    pub fn finish(mut self, pruning: Pruning, weights: Weighting) -> Result<(TextModel, Rows, LeftOut)> {
        let documents = self.documents();
        let least = pruning.least(documents);
        let most = pruning.max_docs * documents as f64;
        let mut left_out = LeftOut::default();
        let all = self.ids.len();
        let mut kept: Vec<(String, u32, u64)> = Vec::new();
        for (word, id) in std::mem::take(&mut self.ids) {
            let found = self.in_documents.get(id as usize).copied().unwrap_or_default();
            if found < least {
                left_out.rare += 1;
            } else if found as f64 > most {
                left_out.frequent += 1;
            } else {
                kept.push((word, id, found));
            }
        }
        if kept.len() > pruning.max_words {
            kept.sort_unstable_by(|a, b| (Reverse(a.2), &a.0).cmp(&(Reverse(b.2), &b.0)));
            left_out.beyond = (kept.len() - pruning.max_words) as u64;
            kept.truncate(pruning.max_words);
        }
        kept.sort_unstable();
        if kept.is_empty() {
            return Err(self.nothing_left(all, left_out));
        }
        let mut columns: Vec<Option<u32>> = self.budget.vec(all as u64)?;
        columns.resize(all, None);
        for (column, (_, id, _)) in kept.iter().enumerate() {
            if let Some(to) = columns.get_mut(*id as usize) {
                *to = u32::try_from(column).ok();
            }
        }
        let (vocabulary, counts) = kept.into_iter().map(|(word, _, found)| (word, found)).unzip();
        let model = TextModel::new(self.ngrams, self.stop, weights, documents, vocabulary, counts);
        let entries =
            self.counted.iter().filter(|(id, _)| columns.get(*id as usize).is_some_and(Option::is_some));
        let mut rows = Rows::new(&mut self.budget, self.ends.len(), entries.count())?;
        let mut start = 0;
        for end in self.ends {
            let counted = self.counted.get(start..end).unwrap_or_default();
            let mut row: Vec<(u32, u32)> = counted
                .iter()
                .filter_map(|&(id, count)| Some((columns.get(id as usize).copied()??, count)))
                .collect();
            row.sort_unstable();
            rows.push(row, weights, model.idf.as_deref(), &mut self.budget)?;
            start = end;
        }
        Ok((model, rows, left_out))
    }

    fn nothing_left(&self, all: usize, left_out: LeftOut) -> Error {
        let LeftOut { rare, frequent, beyond } = left_out;
        let (problem, instead) = match (all, self.stopped) {
            (0, 0) => ("they have no words".to_string(), "are they texts?"),
            (0, n) => (
                format!("all of their {n} words are stop words"),
                "keep them with `stop_words` = none, or name the language of the texts",
            ),
            _ => (
                format!(
                    "no word is left: of {all} different ones {rare} are in too few documents, {frequent} in too many, and \
                     {beyond} beyond the most words"
                ),
                "lower `min_docs`, or raise `max_docs` or `max_words`",
            ),
        };
        Error::Data { at: Place::of("the texts"), problem, instead: instead.into() }
    }
}
