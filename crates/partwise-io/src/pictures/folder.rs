//! Which files of a folder are pictures.

use crate::budget::Budget;
use crate::error::{Error, Result, count, path_name, quoted};
use crate::fitted::RUN;
use std::fs;
use std::path::{Path, PathBuf};

/// What names of pictures end in.
pub(super) const ENDINGS: [&str; 7] = ["png", "jpg", "jpeg", "pgm", "ppm", "pnm", "pbm"];

/// What is in a folder and below it.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Names, relative to the folder, and paths; in the order of the names.
    pub(super) pictures: Vec<(String, PathBuf)>,
    others: Left,
    hidden: Left,
    links: Left,
    results: Left,
}

/// What is left out.
#[derive(Debug, Default)]
struct Left {
    count: u64,
    first: String,
}

impl Left {
    fn add(&mut self, name: String) {
        if self.count == 0 || name < self.first {
            self.first = name;
        }
        self.count += 1;
    }
}

impl Listed {
    /// Lists a folder. Links to files are followed, and links to folders are not, as they may lead in circles.
    pub(super) fn of(folder: &Path, budget: &mut Budget) -> Result<Listed> {
        let mut listed = Listed::default();
        let mut open = vec![(String::new(), folder.to_path_buf())];
        while let Some((prefix, folder)) = open.pop() {
            let unreadable = |source| Error::Unreadable { path: path_name(&folder), source };
            for entry in fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let path = entry.path();
                let name = format!("{prefix}{}", path_name(Path::new(&entry.file_name())));
                let kind = entry.file_type().map_err(unreadable)?;
                // What a link leads to; one that leads nowhere is something else.
                let found = if kind.is_symlink() { fs::metadata(&path).ok() } else { None };
                let is_folder = kind.is_dir() || found.as_ref().is_some_and(fs::Metadata::is_dir);
                let is_file = kind.is_file() || found.as_ref().is_some_and(fs::Metadata::is_file);
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    listed.hidden.add(name);
                } else if is_folder && kind.is_symlink() {
                    listed.links.add(name);
                } else if is_folder && path.join(RUN).exists() {
                    listed.results.add(name);
                } else if is_folder {
                    open.push((name + "/", path));
                } else if is_file && is_picture(&path) {
                    let bytes = name.capacity() + path.as_os_str().len() + size_of::<(String, PathBuf)>();
                    budget.charge(bytes as u64)?;
                    listed.pictures.push((name, path));
                } else {
                    listed.others.add(name);
                }
            }
        }
        listed.pictures.sort();
        Ok(listed)
    }

    /// What was left out, and why.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |left: &Left, what: &str| {
            let first = match left.count {
                0 => return None,
                1 => quoted(&left.first),
                _ => format!("the first is {}", quoted(&left.first)),
            };
            Some(format!("{} left out: {first}", count(left.count, what)))
        };
        [
            note(&self.others, "other file"),
            note(&self.hidden, "hidden entry"),
            note(&self.links, "linked folder"),
            note(&self.results, "result folder"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
