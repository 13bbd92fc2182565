//! The files of text in a folder and in those within it.

use crate::error::{Error, Place, Result, count, path_name, quoted};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Endings of files of text; each may have .gz behind it.
const ENDINGS: [&str; 4] = ["txt", "text", "md", "markdown"];

/// What a folder has.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Paths within the folder, and as they are to be opened; by the former.
    pub(super) files: Vec<(PathBuf, PathBuf)>,
    /// Files that have no ending, as those of some collections of texts.
    bare: Vec<(PathBuf, PathBuf)>,
    taken_bare: bool,
    /// Files of other kinds, by ending.
    others: BTreeMap<String, u64>,
    /// Links that lead nowhere, pipes and the like.
    not_files: Vec<PathBuf>,
    /// Folders that were met again by another name.
    again: u64,
}

/// Looks through a folder. Hidden files are passed over. A folder is read once, by the name that is not a link if there
/// is one, so that links that go round in a circle do no harm.
pub(super) fn walk(root: &Path) -> Result<Found> {
    let unreadable = |path: &Path, source| Error::Unreadable { path: path_name(path), source };
    let mut found = Found::default();
    let mut seen = HashSet::new();
    let whole = fs::canonicalize(root).map_err(|source| unreadable(root, source))?;
    seen.insert(whole.clone());
    let (mut folders, mut links) = (vec![PathBuf::new()], Vec::<PathBuf>::new());
    loop {
        let relative = match folders.pop() {
            Some(folder) => folder,
            None if links.is_empty() => break,
            None => {
                // The order of a listing is any.
                links.sort();
                let link = links.remove(0);
                match fs::canonicalize(root.join(&link)) {
                    // What this folder is in has it once more, and all that lies beside it.
                    Ok(target) if !whole.starts_with(&target) && seen.insert(target.clone()) => link,
                    _ => {
                        found.again += 1;
                        continue;
                    }
                }
            }
        };
        let here = root.join(&relative);
        for entry in fs::read_dir(&here).map_err(|source| unreadable(&here, source))? {
            let entry = entry.map_err(|source| unreadable(&here, source))?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let (relative, full) = (relative.join(&name), entry.path());
            match fs::metadata(&full) {
                Ok(metadata) if metadata.is_dir() => {
                    if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                        links.push(relative);
                    } else {
                        seen.insert(fs::canonicalize(&full).map_err(|source| unreadable(&full, source))?);
                        folders.push(relative);
                    }
                }
                Ok(metadata) if metadata.is_file() => found.file(relative, full),
                _ => found.not_files.push(relative),
            }
        }
    }
    if found.files.is_empty() {
        found.files = std::mem::take(&mut found.bare);
        found.taken_bare = !found.files.is_empty();
    }
    found.files.sort();
    found.not_files.sort();
    if found.files.is_empty() {
        return Err(Error::Data {
            at: Place::of(path_name(root)),
            problem: match found.others_by_ending() {
                others if others.is_empty() => "there is no file of text in the folder".into(),
                others => format!("there is no file of text in the folder, but {others}"),
            },
            instead: "texts are .txt, .text or .md there; tables are given by themselves".into(),
        });
    }
    Ok(found)
}

impl Found {
    fn file(&mut self, relative: PathBuf, full: PathBuf) {
        let name = relative.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.') {
            None => self.bare.push((relative, full)),
            Some((_, ending)) if ENDINGS.contains(&ending) => self.files.push((relative, full)),
            Some((_, ending)) => *self.others.entry(ending.to_string()).or_default() += 1,
        }
    }

    /// `3 .pdf, 1 .html`
    fn others_by_ending(&self) -> String {
        const MOST: usize = 6;
        let mut all: Vec<(&String, &u64)> = self.others.iter().collect();
        all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let mut text: Vec<String> =
            all.iter().take(MOST).map(|(ending, n)| format!("{n} .{}", ending.escape_debug())).collect();
        if all.len() > MOST {
            text.push(format!("{} of other endings", all.iter().skip(MOST).map(|(_, n)| **n).sum::<u64>()));
        }
        text.join(", ")
    }

    /// What is to be said of it.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.taken_bare {
            notes.push(format!(
                "{} without an ending {} taken as text, as there is no .txt, .text or .md",
                count(self.files.len() as u64, "file"),
                if self.files.len() == 1 { "was" } else { "were" }
            ));
        }
        if !self.others.is_empty() {
            notes.push(format!("files of other kinds are left out: {}", self.others_by_ending()));
        }
        if !self.bare.is_empty() {
            let n = self.bare.len() as u64;
            notes.push(format!(
                "{} without an ending {} left out",
                count(n, "file"),
                if n == 1 { "is" } else { "are" }
            ));
        }
        if let Some(first) = self.not_files.first() {
            let n = self.not_files.len() as u64;
            notes.push(format!(
                "{n} {} left out that can not be read as a file, the first is {}",
                if n == 1 { "entry is" } else { "entries are" },
                quoted(&path_name(first))
            ));
        }
        if self.again > 0 {
            let times = if self.again == 1 { "link leads" } else { "links lead" };
            notes.push(format!("{} {times} to a folder that is read already", self.again));
        }
        notes
    }
}
