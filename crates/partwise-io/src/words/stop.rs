//! Words that are too frequent in a language to say anything of a text.
//!
//! The lists are those of the Snowball project (BSD licence), as the crate `stop-words` has them from NLTK, for the
//! languages that Snowball has. The crate has longer lists for more languages too: the one for English, of 1298 words, takes
//! `computer`, `system` and `state` for stop words, which are topics of some texts.

use super::tokens::words;
use crate::error::{Error, Place, Result, path_name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// Languages with a list, by name and code.
pub const LANGUAGES: [(&str, &str); 14] = [
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("hungarian", "hu"),
    ("italian", "it"),
    ("norwegian", "no"),
    ("portuguese", "pt"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("turkish", "tr"),
];

/// Bytes of a file of stop words, at most.
const LARGEST: u64 = 1 << 26;

/// A list of stop words with its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StopWords {
    /// A language, `none`, or the name of a file.
    pub name: String,
    /// As words of texts are: in lower case, and cut where those are cut. In ascending order.
    pub words: Vec<String>,
}

impl StopWords {
    /// No words.
    pub fn none() -> StopWords {
        StopWords { name: "none".into(), words: Vec::new() }
    }

    /// Those of a language, by its name or its code.
    pub fn of_language(language: &str) -> Option<StopWords> {
        let known = |&&(name, code): &&(&str, &str)| {
            language.eq_ignore_ascii_case(name) || language.eq_ignore_ascii_case(code)
        };
        let (name, code) = LANGUAGES.iter().find(known)?;
        let lines = stop_words::lookup(code)?;
        Some(StopWords { name: (*name).into(), words: cut(lines.iter().copied()) })
    }

    /// Those of a file: words in any order, with blanks or ends of lines between them.
    ///
    /// # Errors
    /// If the file cannot be read, is not text, or has no words.
    pub fn of_file(path: &Path) -> Result<StopWords> {
        let unreadable = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => Error::NotFound { path: path_name(path) },
            _ => Error::Unreadable { path: path_name(path), source },
        };
        let size = std::fs::metadata(path).map_err(unreadable)?;
        let data = |problem: String| Error::Data {
            at: Place::of(path_name(path)),
            problem,
            instead: "a list of stop words is a text in UTF-8 with a word a line".into(),
        };
        if !size.is_file() || size.len() > LARGEST {
            return Err(data(if size.is_file() { "it is too large" } else { "it is not a file" }.into()));
        }
        let text = String::from_utf8(std::fs::read(path).map_err(unreadable)?)
            .map_err(|_| data("it is not text in UTF-8".into()))?;
        let words = cut(text.lines());
        if words.is_empty() {
            return Err(data("there is no word in it".into()));
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(StopWords { name, words })
    }

    /// What is there to choose from, for messages.
    pub fn languages() -> String {
        LANGUAGES.map(|(name, _)| name).join(", ")
    }
}

/// The words of lines.
fn cut<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut all = BTreeSet::new();
    for line in lines {
        words(line, |word| {
            if !all.contains(word) {
                all.insert(word.to_string());
            }
        });
    }
    all.into_iter().collect()
}
