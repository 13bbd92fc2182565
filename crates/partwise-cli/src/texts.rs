//! From paths to documents, and from documents to a matrix with what is known of it.

use crate::args::TextArgs;
use crate::failure::Failure;
use crate::source::Source;
use crate::talk::{count, grouped};
use partwise_io::documents::{Document, DocumentOptions, read_documents};
use partwise_io::fitted::AxisNames;
use partwise_io::words::{Reading, Rows, TextModel};
use partwise_io::{AnyMatrix, Precision};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Characters of a text that stand for it.
const EXCERPT: usize = 100;

/// Documents whose words are counted, and what is left of them.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// What messages call them.
    pub(crate) name: String,
    pub(crate) names: Vec<String>,
    /// How each of them begins.
    pub(crate) excerpts: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Texts {
    /// Reads all, and lets `add` count the words.
    pub(crate) fn read(
        paths: &[PathBuf],
        args: &TextArgs,
        memory_limit: u64,
        mut add: impl FnMut(&str) -> partwise_io::Result<()>,
    ) -> Result<Texts, Failure> {
        if let Some(twice) = paths.iter().enumerate().find(|(at, path)| paths[..*at].contains(path)) {
            return Err(Failure::Usage(format!("{} is given twice", twice.1.display())));
        }
        let mut options = DocumentOptions::default();
        (options.lines, options.column, options.id) = (args.lines, args.column.clone(), args.id.clone());
        options.memory_limit = memory_limit;
        let mut texts = Texts { name: name_of(paths), ..Texts::default() };
        texts.notes = read_documents(paths, &options, &mut |Document { name, text }| {
            add(&text)?;
            texts.names.push(name);
            texts.excerpts.push(excerpt(&text));
            Ok(())
        })?;
        let different = texts.names.iter().collect::<HashSet<_>>().len();
        if different < texts.names.len() {
            let (all, notes) = (texts.names.len(), &mut texts.notes);
            notes.push(format!("{} have {different} different names", count(all as u64, "document")));
        }
        Ok(texts)
    }

    /// X with its names.
    pub(crate) fn matrix(
        &mut self,
        rows: Rows,
        (model, precision): (&TextModel, Precision),
        memory_limit: u64,
        began: Instant,
    ) -> Result<(AnyMatrix, Source), Failure> {
        let matrix = rows.matrix(model.vocabulary.len(), precision)?;
        let names = AxisNames {
            rows: Some(std::mem::take(&mut self.names)),
            cols: Some(model.vocabulary.clone()),
            components: None,
        };
        let (format, stored_as) = ("texts".to_string(), model.weights.name().to_string());
        let mut source = Source::made(&matrix, (self.name.clone(), format, stored_as), memory_limit, began);
        (source.names, source.notes) = (names, std::mem::take(&mut self.notes));
        Ok((matrix, source))
    }
}

/// New documents as rows by the words of a model.
pub(crate) fn rows(
    path: &Path,
    args: &TextArgs,
    (model, precision): (&TextModel, Precision),
    memory_limit: u64,
) -> Result<(AnyMatrix, Source), Failure> {
    let began = Instant::now();
    let mut reading = Reading::new(model, memory_limit)?;
    let mut texts = Texts::read(&[path.to_path_buf()], args, memory_limit, |text| reading.add(text))?;
    let (rows, seen) = reading.finish();
    if rows.is_empty() {
        return Err(Failure::Data(format!("{}: there is no document", texts.name)));
    }
    texts.notes.push(format!(
        "stop words as in the fit ({}); of {} {}, {} ({}) {} not in the vocabulary of the model",
        model.stop_words.name,
        grouped(seen.words),
        if seen.words == 1 { "other word" } else { "other words" },
        grouped(seen.unknown),
        share(seen.unknown, seen.words),
        if seen.unknown == 1 { "is" } else { "are" },
    ));
    texts.notes.extend(without_words(&rows, "model"));
    texts.matrix(rows, (model, precision), memory_limit, began)
}

/// Says which rows have nothing in them.
pub(crate) fn without_words(rows: &Rows, whose: &str) -> Option<String> {
    match rows.without_words() {
        0 => None,
        1 => Some(format!("1 document has no word of the {whose}: its row is 0")),
        n => Some(format!("{n} documents have no word of the {whose}: their rows are 0")),
    }
}

/// `12.3 %`
fn share(part: u64, all: u64) -> String {
    format!("{:.1} %", if all > 0 { 100.0 * part as f64 / all as f64 } else { 0.0 })
}

/// The paths in a few words.
fn name_of(paths: &[PathBuf]) -> String {
    const MOST: usize = 3;
    let shown = |path: &PathBuf| match path.as_os_str() == "-" {
        true => "standard input".into(),
        false => path.display().to_string(),
    };
    let mut names: Vec<String> = paths.iter().take(MOST).map(shown).collect();
    if paths.len() > MOST {
        names.push(format!("{} more", paths.len() - MOST));
    }
    names.join(", ")
}

/// How a text begins, in one line that shows all that it has.
fn excerpt(text: &str) -> String {
    let mut out = String::new();
    let mut left = EXCERPT;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
            left = left.saturating_sub(1);
        }
        for c in word.chars().filter(|&c| !partwise_io::words::is_invisible(c)) {
            if left == 0 {
                out.push('…');
                return out;
            }
            out.push(c);
            left -= 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_in_one_line() {
        assert_eq!(excerpt(" a\n\tb\u{0}c\u{202e}d  "), "a b cd");
        assert_eq!(excerpt(""), "");
        let long = excerpt(&"é".repeat(200));
        assert_eq!((long.chars().count(), long.ends_with('…')), (101, true));
        assert_eq!(excerpt(&"x".repeat(100)).chars().count(), 100);
    }

    #[test]
    fn paths_have_a_name() {
        let paths = |all: &[&str]| name_of(&all.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(paths(&["a"]), "a");
        assert_eq!(paths(&["-", "b"]), "standard input, b");
        assert_eq!(paths(&["a", "b", "c", "d", "e"]), "a, b, c, 2 more");
    }
}
