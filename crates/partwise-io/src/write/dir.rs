//! Folders of results that appear all at once.

use super::atomic::{cannot, folder_of, sync_folder};
use super::unfinished::{self, name_beside};
use crate::error::{Error, Result, path_name};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
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
    force: bool,
    /// The target in the words of the user, for messages.
    given: PathBuf,
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
        match fs::metadata(target) {
            Ok(metadata) if !metadata.is_dir() => return Err(problem("there is a file of that name")),
            Ok(_) => {
                let mut entries = fs::read_dir(target).map_err(|error| cannot(target, &error))?;
                if entries.next().is_some() && !force {
                    return Err(Error::Exists { path: path_name(target) });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(target).is_ok() {
                    return Err(problem("it is a link that leads nowhere"));
                }
            }
            Err(error) => return Err(cannot(target, &error)),
        }
        let given = target.to_path_buf();
        // Renaming works on what a link leads to, and on a name that ends in a name.
        let target = if target.exists() {
            fs::canonicalize(target).map_err(|error| cannot(target, &error))?
        } else {
            target.components().collect()
        };
        // It would be another folder of that name afterwards, and the one that somebody stands in would be gone.
        if std::env::current_dir().and_then(fs::canonicalize).is_ok_and(|here| here == target) {
            return Err(problem("that is the folder that the program runs in; name one within it"));
        }
        if target.file_name().is_none() {
            return Err(problem("that is not the name of a folder"));
        }
        if !folder_of(&target).is_dir() {
            let parent = path_name(folder_of(&target));
            let parent = crate::error::quoted(&parent);
            return Err(problem(&format!("there is no folder {parent}; create it first")));
        }
        let ((), staging) = unfinished::create_beside(&target, |path| fs::create_dir(path))
            .map_err(|error| cannot(&given, &error))?;
        Ok(OutputDir { target, staging: Some(staging), force, given })
    }

    /// Removes what processes that were killed while they wrote such a folder have left beside this one: hidden folders
    /// that hold nothing but files of names that `is_ours`. What may belong to a process that is alive, here or on
    /// another machine, stays; so does everything where that cannot be told, which is everywhere but on Linux.
    pub fn remove_orphans(&self, is_ours: impl Fn(&str) -> bool) {
        unfinished::remove_orphans(folder_of(&self.target), is_ours);
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

    /// Puts the files in place. A folder that holds nothing but files of the same names, and `obsolete` ones, is
    /// exchanged as a whole. In any other, the files are exchanged one by one, `obsolete` ones are removed and what else
    /// is in it stays. `seal` is the file by which readers know a whole folder: there the old one goes before anything
    /// else is touched, and the new one comes last, so that nobody takes old and new files together for a result.
    ///
    /// # Errors
    /// [`Error::Write`], and the folder is as it was; [`Error::Incomplete`], which says how far it came;
    /// [`Error::Exists`] if another process has filled the folder since [`OutputDir::create`] and that was not `force`.
    pub fn commit(mut self, seal: &str, obsolete: &[&str]) -> Result<()> {
        let Some(staging) = self.staging.take() else { return Ok(()) };
        let done = self.put_in_place(&staging, seal, obsolete);
        // What is not in place now never will be, and after an exchange this is the old folder.
        discard(&staging);
        done
    }

    fn put_in_place(&self, staging: &Path, seal: &str, obsolete: &[&str]) -> Result<()> {
        let failed = |source| Error::Write { path: path_name(&self.given), source };
        let new = names_in(staging).map_err(failed)?;
        for name in &new {
            File::open(staging.join(name)).and_then(|file| file.sync_all()).map_err(failed)?;
        }
        sync_folder(staging);
        // Whoever ends the process waits until this is done.
        let _waits = unfinished::lock();
        let ours: BTreeSet<OsString> =
            new.iter().cloned().chain(obsolete.iter().map(OsString::from)).collect();
        loop {
            match contents(&self.target, &ours) {
                Ok(Contents::None) => {
                    if cfg!(windows) {
                        // Elsewhere a rename replaces an empty folder by itself.
                        let _ = fs::remove_dir(&self.target);
                    }
                    match fs::rename(staging, &self.target) {
                        // Filled since we looked.
                        Err(error) if is_taken(&error) && self.force => continue,
                        done => done.map_err(|error| self.taken_or(error))?,
                    }
                }
                Ok(_) if !self.force => return Err(Error::Exists { path: path_name(&self.given) }),
                Ok(Contents::Ours) if exchange(staging, &self.target) => {}
                Ok(Contents::Ours) => swap_in_two_steps(staging, &self.target, &self.given)?,
                Ok(Contents::Others) => {
                    self.one_by_one(staging, &new, seal, obsolete)?;
                    sync_folder(&self.target);
                }
                Err(error) => return Err(self.taken_or(error)),
            }
            sync_folder(folder_of(&self.target));
            return Ok(());
        }
    }

    fn taken_or(&self, source: io::Error) -> Error {
        let path = path_name(&self.given);
        if is_taken(&source) { Error::Exists { path } } else { Error::Write { path, source } }
    }

    fn one_by_one(
        &self,
        staging: &Path,
        new: &BTreeSet<OsString>,
        seal: &str,
        obsolete: &[&str],
    ) -> Result<()> {
        let mut unsealed = false;
        let mut moved: Vec<&OsString> = Vec::new();
        let mut work = || -> io::Result<()> {
            match fs::remove_file(self.target.join(seal)) {
                Ok(()) => unsealed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            // The order has to last through a loss of power too.
            sync_folder(&self.target);
            let is_seal = |name: &&OsString| name.as_os_str() == seal;
            for name in new.iter().filter(|name| !is_seal(name)) {
                fs::rename(staging.join(name), self.target.join(name))?;
                moved.push(name);
            }
            for name in obsolete.iter().filter(|name| !new.contains(OsStr::new(name))) {
                let _ = fs::remove_file(self.target.join(name));
            }
            sync_folder(&self.target);
            if let Some(name) = new.iter().find(is_seal) {
                fs::rename(staging.join(name), self.target.join(name))?;
            }
            Ok(())
        };
        let Err(source) = work() else { return Ok(()) };
        let path = path_name(&self.given);
        if !unsealed && moved.is_empty() {
            return Err(Error::Write { path, source });
        }
        let mut state = Vec::new();
        if unsealed {
            state.push(format!("the old {seal} is removed"));
        }
        if !moved.is_empty() {
            let names: Vec<String> = moved.iter().map(|name| path_name(Path::new(name))).collect();
            let is = if names.len() == 1 { "is" } else { "are" };
            state.push(format!("{} {is} new", names.join(", ")));
        }
        state.push("the rest is as it was; run it again".into());
        Err(Error::Incomplete { path, source, state: state.join(", ") })
    }
}

impl Drop for OutputDir {
    fn drop(&mut self) {
        if let Some(staging) = &self.staging {
            discard(staging);
        }
    }
}

fn discard(staging: &Path) {
    let mut unfinished = unfinished::lock();
    let _ = fs::remove_dir_all(staging);
    unfinished.remove(staging);
}

fn names_in(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

/// What a folder holds.
enum Contents {
    /// Nothing, or it does not exist.
    None,
    /// Files of our names.
    Ours,
    /// Other things too.
    Others,
}

fn contents(folder: &Path, ours: &BTreeSet<OsString>) -> io::Result<Contents> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::None),
        entries => entries?,
    };
    let mut contents = Contents::None;
    for entry in entries {
        let entry = entry?;
        if !ours.contains(&entry.file_name()) || entry.file_type()?.is_dir() {
            return Ok(Contents::Others);
        }
        contents = Contents::Ours;
    }
    Ok(contents)
}

/// Whether a rename failed because there is something already.
fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory)
}

/// Lets two folders exchange their names at once, so that there is no moment without a target. Not every system and file
/// system can; whatever the reason, two renames are to be tried then, which find the same fault if there is one.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

/// The same with a moment in between in which there is no target, for systems that cannot exchange. The old folder has a
/// name then that is never taken for something unfinished.
pub(super) fn swap_in_two_steps(staging: &Path, target: &Path, given: &Path) -> Result<()> {
    let aside = name_beside(target).with_extension("old");
    let failed = |source| Error::Write { path: path_name(given), source };
    fs::rename(target, &aside).map_err(failed)?;
    if let Err(source) = fs::rename(staging, target) {
        if fs::rename(&aside, target).is_ok() {
            return Err(failed(source));
        }
        let aside = crate::error::quoted(&path_name(&aside));
        let state = format!("what was there before is in {aside} now; rename it back, and run it again");
        return Err(Error::Incomplete { path: path_name(given), source, state });
    }
    let _ = fs::remove_dir_all(&aside);
    Ok(())
}
