//! Files that appear under their name only when they are whole.

use super::unfinished;
use crate::error::{Error, Result, path_name};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name in the same folder, brings it to the disk, and renames it. Whatever fails, a
/// file that was there before is as it was, and nothing else is left behind. A link is followed; a device or a pipe is
/// written to directly.
pub(super) fn atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let failed = |source| Error::Write { path: path_name(path), source };
    let target = match check_target(path)? {
        Target::File(target) => target,
        Target::Device => {
            let file = OpenOptions::new().write(true).open(path).map_err(|error| cannot(path, &error))?;
            let mut out = BufWriter::new(file);
            return write(&mut out).and_then(|()| out.flush()).map_err(failed);
        }
    };
    let (file, temporary) = create_beside(&target).map_err(|error| cannot(path, &error))?;
    let remover = Remover(Some(temporary));
    let mut out = BufWriter::with_capacity(1 << 18, file);
    write(&mut out).map_err(failed)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    if let Ok(old) = fs::metadata(&target) {
        // The new file is as visible to others as the old one was.
        file.set_permissions(old.permissions()).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    drop(file);
    remover.put_at(&target).map_err(failed)?;
    sync_folder(folder_of(&target));
    Ok(())
}

enum Target {
    File(PathBuf),
    Device,
}

/// Finds out before anything is computed or written whether a file can be put there.
fn check_target(path: &Path) -> Result<Target> {
    let problem = |problem: &str| Error::CannotCreate { path: path_name(path), problem: problem.into() };
    let target = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => match fs::canonicalize(path) {
            Ok(target) => target,
            Err(_) => return Err(problem("it is a link that leads nowhere")),
        },
        Ok(_) => path.to_path_buf(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
        Err(error) => return Err(cannot(path, &error)),
    };
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => return Err(problem("there is a folder of that name")),
        Ok(metadata) if !metadata.is_file() => return Ok(Target::Device),
        Ok(metadata) if metadata.permissions().readonly() => {
            return Err(problem("there is a write-protected file of that name"));
        }
        _ => {}
    }
    if target.file_name().is_none() {
        return Err(problem("that is not the name of a file"));
    }
    if !folder_of(&target).is_dir() {
        let folder = path_name(folder_of(&target));
        return Err(problem(&format!(
            "there is no folder {}; create it first",
            crate::error::quoted(&folder)
        )));
    }
    Ok(Target::File(target))
}

pub(super) fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::CannotCreate { path: path_name(path), problem: error.to_string() }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn create_beside(target: &Path) -> io::Result<(File, PathBuf)> {
    unfinished::create_beside(target, |path| OpenOptions::new().write(true).create_new(true).open(path))
}

/// Removes a file unless it has been put in place.
struct Remover(Option<PathBuf>);

impl Remover {
    fn put_at(mut self, target: &Path) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        let mut unfinished = unfinished::lock();
        fs::rename(path, target)?;
        unfinished.remove(path);
        self.0 = None;
        Ok(())
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let mut unfinished = unfinished::lock();
            let _ = fs::remove_file(path);
            unfinished.remove(path);
        }
    }
}

/// Makes a rename last through a loss of power, where the system allows it.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
