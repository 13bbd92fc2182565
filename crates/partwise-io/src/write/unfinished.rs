//! Files and folders that are being written: hidden, under names that nobody else takes, and known, so that they can be
//! removed when the process ends before they are whole.

use super::atomic::folder_of;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

type Paths = BTreeSet<PathBuf>;

static UNFINISHED: Mutex<Paths> = Mutex::new(BTreeSet::new());

/// All that is unfinished now. As long as it is held, nothing is created or put in place.
pub(super) fn lock() -> MutexGuard<'static, Paths> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates something beside `target`; from that moment on it is known.
pub(super) fn create_beside<T>(
    target: &Path,
    create: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(T, PathBuf)> {
    let mut unfinished = lock();
    loop {
        let path = name_beside(target);
        match create(&path) {
            Ok(made) => {
                unfinished.insert(path.clone());
                return Ok((made, path));
            }
            // Left by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// For a process that is about to end: removes every file and folder that this crate has begun to write and not
/// finished. As long as the result is kept, other threads that go on writing wait, so that nothing new appears; a folder
/// that is being put in place is waited for.
pub fn abandon_unfinished() -> Abandoned {
    let mut unfinished = lock();
    for path in std::mem::take(&mut *unfinished) {
        // Another thread may be filling a folder while it is emptied; once it is gone, that ends.
        for _ in 0..10 {
            let gone = match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&path).is_ok(),
                Ok(_) => fs::remove_file(&path).is_ok(),
                Err(_) => true,
            };
            if gone {
                break;
            }
        }
    }
    Abandoned { _guard: unfinished }
}

/// Nothing is written as long as this exists: see [`abandon_unfinished`].
#[derive(Debug)]
#[must_use = "keep it until the process has ended"]
pub struct Abandoned {
    _guard: MutexGuard<'static, Paths>,
}

const BEFORE: &str = ".partwise-";
const AFTER: &str = ".tmp";

/// A name that nobody else uses, hidden, in the same folder as `target`: `.partwise-PID-N-SPACE.tmp`, where
/// SPACE tells within which processes PID is meant, and is missing where that is not known.
pub(super) fn name_beside(target: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let space = process_space().map(|space| format!("-{space:016x}")).unwrap_or_default();
    folder_of(target).join(format!("{BEFORE}{}-{n}{space}{AFTER}", std::process::id()))
}

/// PID and SPACE of a name as [`name_beside`] makes it.
fn parsed(name: &str) -> Option<(u32, u64)> {
    let middle = name.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    let mut parts = middle.split('-');
    let (pid, n, space) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    if parts.next().is_some() || !plain(pid) || !plain(n) || !plain(space) || space.len() != 16 {
        return None;
    }
    n.parse::<u64>().ok()?;
    Some((pid.parse().ok()?, u64::from_str_radix(space, 16).ok()?))
}

/// Whether a name could be one of a temporary file.
fn is_temporary(name: &str) -> bool {
    parsed(name).is_some()
}

/// The processes among which a number means one process: those of this boot of this machine, in this container. A
/// folder may be shared with other machines and containers, whose processes cannot be seen from here.
#[cfg(target_os = "linux")]
fn process_space() -> Option<u64> {
    static SPACE: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();
    *SPACE.get_or_init(|| {
        let mut id = fs::read("/proc/sys/kernel/random/boot_id").ok().filter(|id| !id.is_empty())?;
        id.extend(fs::read_link("/proc/self/ns/pid").ok()?.as_os_str().as_encoded_bytes());
        Some(xxhash_rust::xxh3::xxh3_64(&id))
    })
}

#[cfg(not(target_os = "linux"))]
fn process_space() -> Option<u64> {
    None
}

/// Whether the process is gone that made a folder of this name, as far as can be known for sure. A folder of another
/// user is nobody's business here, and its process may be hidden.
#[cfg(target_os = "linux")]
fn is_orphan(name: &str, folder: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Some((pid, space)) = parsed(name) else { return false };
    let Ok(me) = fs::metadata("/proc/self") else { return false };
    let gone = || {
        let found = fs::symlink_metadata(format!("/proc/{pid}"));
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    process_space() == Some(space) && folder.uid() == me.uid() && gone()
}

#[cfg(not(target_os = "linux"))]
fn is_orphan(_: &str, _: &fs::Metadata) -> bool {
    false
}

/// Removes what processes that were killed have left in `parent`: folders of unfinished results that hold nothing but
/// files of names that `is_ours`. Only on Linux, and only what surely belongs to a process that is gone; whatever else
/// there is, or cannot be removed, stays.
pub(super) fn remove_orphans(parent: &Path, is_ours: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_temporary(name)) else { continue };
        // Of the entry itself: a link is not followed.
        let is_left = entry.metadata().is_ok_and(|found| found.is_dir() && is_orphan(name, &found));
        if is_left {
            remove_if_ours(&entry.path(), &is_ours);
        }
    }
}

fn remove_if_ours(folder: &Path, is_ours: &impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<fs::DirEntry>>>)
    else {
        return;
    };
    let ours = entries.iter().all(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_file())
            && entry.file_name().to_str().is_some_and(|name| is_ours(name) || is_temporary(name))
    });
    if ours {
        for entry in &entries {
            let _ = fs::remove_file(entry.path());
        }
        // Fails if something has come meanwhile, as it should.
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn names_are_recognised_exactly() {
        assert_eq!(parsed(".partwise-12-0-00000000000000ff.tmp"), Some((12, 255)));
        for name in [
            ".partwise-12-0.tmp",
            ".partwise-12-0-ff.tmp",
            ".partwise-12-0-00000000000000ff.old",
            ".partwise-12-0-00000000000000ff-1.tmp",
            ".partwise-+12-0-00000000000000ff.tmp",
            ".partwise-12-a-00000000000000ff.tmp",
            ".partwise--0-00000000000000ff.tmp",
            "partwise-12-0-00000000000000ff.tmp",
            ".partwise-12-0-00000000000000ff.tmp.npy",
        ] {
            assert_eq!(parsed(name), None, "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_surely_is_left_is_removed() {
        let folder = Folder::new();
        let space = process_space().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let me = std::process::id();
        let name = |pid: u32, n: u32, space: u64| format!(".partwise-{pid}-{n}-{space:016x}.tmp");
        let kept = [
            (name(me, 1_000_000, space), "W.npy"),        // alive
            (name(dead, 1, space ^ 1), "W.npy"),          // of another machine or container
            (name(dead, 2, space), "notes.txt"),          // not only ours
            (format!(".partwise-{dead}-3.tmp"), "W.npy"), // not our name
        ];
        let removed =
            [(name(dead, 4, space), "W.npy"), (name(dead, 5, space), ".partwise-1-1-0000000000000000.tmp")];
        for (name, file) in kept.iter().chain(&removed) {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join(file), "x").unwrap();
        }
        fs::create_dir(folder.join(&name(dead, 6, space))).unwrap();
        fs::write(folder.join(&name(dead, 7, space)), "a file").unwrap();
        std::os::unix::fs::symlink(".", folder.join(&name(dead, 8, space))).unwrap();
        remove_orphans(&folder.join("."), |name| name == "W.npy");
        let mut expected: Vec<String> = kept.iter().map(|(name, _)| name.clone()).collect();
        expected.extend([name(dead, 7, space), name(dead, 8, space)]);
        expected.sort();
        assert_eq!(folder.names(), expected);
        for (name, file) in &kept {
            assert!(folder.join(name).join(file).exists(), "{name}");
        }
    }
}
