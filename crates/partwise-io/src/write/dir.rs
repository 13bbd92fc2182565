//! Folders of results that appear all at once.

use super::atomic::{cannot, folder_of, name_beside, sync_folder};
use crate::error::{Error, Result, path_name};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Gathers files in a hidden folder beside the target and puts them in place with [`OutputDir::commit`]; if it is
/// dropped before that, nothing is left behind.
#[derive(Debug)]
pub struct OutputDir {
    target: PathBuf,
    /// Gone once it has been renamed or removed.
    staging: Option<PathBuf>,
    replace: bool,
}

impl OutputDir {
    /// Prepares a folder that is to become `target`. One that exists and is not empty is refused, unless `force`.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::CannotCreate`] if the parent does not exist or cannot be written to: before anything
    /// is computed.
    pub fn create(target: impl AsRef<Path>, force: bool) -> Result<OutputDir> {
        let target = target.as_ref();
        let problem =
            |problem: &str| Error::CannotCreate { path: path_name(target), problem: problem.into() };
        let replace = match fs::metadata(target) {
            Ok(metadata) if !metadata.is_dir() => return Err(problem("there is a file of that name")),
            Ok(_) => {
                let mut entries = fs::read_dir(target).map_err(|error| cannot(target, &error))?;
                let used = entries.next().is_some();
                if used && !force {
                    return Err(Error::Exists { path: path_name(target) });
                }
                used
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(target).is_ok() {
                    return Err(problem("it is a link that leads nowhere"));
                }
                false
            }
            Err(error) => return Err(cannot(target, &error)),
        };
        // Renaming works on what a link leads to, and on a name that ends in a name.
        let target = if target.exists() {
            fs::canonicalize(target).map_err(|error| cannot(target, &error))?
        } else {
            target.components().collect()
        };
        if target.file_name().is_none() {
            return Err(problem("that is not the name of a folder"));
        }
        if !folder_of(&target).is_dir() {
            let parent = path_name(folder_of(&target));
            let parent = crate::error::quoted(&parent);
            return Err(problem(&format!("there is no folder {parent}; create it first")));
        }
        loop {
            let staging = name_beside(&target);
            match fs::create_dir(&staging) {
                Ok(()) => return Ok(OutputDir { target, staging: Some(staging), replace }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot(&target, &error)),
            }
        }
    }

    /// Where to write a file that is to be `name` in the target.
    ///
    /// # Errors
    /// [`Error::CannotCreate`] if `name` is not a plain file name.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let plain = Path::new(name).file_name().is_some_and(|file| file == name);
        match &self.staging {
            Some(staging) if plain => Ok(staging.join(name)),
            _ => Err(Error::CannotCreate {
                path: path_name(&self.target.join(name)),
                problem: "that is not a plain file name".into(),
            }),
        }
    }

    /// The folder that is to appear.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the files in place. A folder that holds nothing but files of the same names is exchanged as a whole; in
    /// any other, the files are exchanged one by one and what else is in it stays.
    ///
    /// # Errors
    /// [`Error::Write`]; the old folder is then as it was, except that files exchanged one by one may be new.
    pub fn commit(mut self) -> Result<()> {
        let Some(staging) = self.staging.take() else { return Ok(()) };
        let done = self.put_in_place(&staging);
        if done.is_err() {
            let _ = fs::remove_dir_all(&staging);
        }
        done.map_err(|source| Error::Write { path: path_name(&self.target), source })
    }

    fn put_in_place(&self, staging: &Path) -> io::Result<()> {
        let new = names_in(staging)?;
        for name in &new {
            File::open(staging.join(name))?.sync_all()?;
        }
        sync_folder(staging);
        if !self.replace {
            // An empty folder may be in the way; one that has been filled meanwhile is not overwritten.
            match fs::remove_dir(&self.target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => fs::rename(staging, &self.target)?,
            }
        } else if names_in(&self.target)?.is_subset(&new) {
            let aside = name_beside(&self.target);
            fs::rename(&self.target, &aside)?;
            if let Err(error) = fs::rename(staging, &self.target) {
                fs::rename(&aside, &self.target)?;
                return Err(error);
            }
            let _ = fs::remove_dir_all(&aside);
        } else {
            for name in &new {
                fs::rename(staging.join(name), self.target.join(name))?;
            }
            fs::remove_dir(staging)?;
            sync_folder(&self.target);
        }
        sync_folder(folder_of(&self.target));
        Ok(())
    }
}

impl Drop for OutputDir {
    fn drop(&mut self) {
        if let Some(staging) = &self.staging {
            let _ = fs::remove_dir_all(staging);
        }
    }
}

fn names_in(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}
