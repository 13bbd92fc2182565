//! Ctrl-C and SIGTERM: while a fit runs they end it after the current sweep, and what was found is written; before
//! that there is nothing to keep, so that the command ends at once; a second one ends it whatever it does. Nothing is
//! left behind either way.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the command is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Reading, checking: there is nothing to keep.
    Preparing = 0,
    /// Iterating: there are factors to keep.
    Solving = 1,
    /// Writing them.
    Writing = 2,
}

static PHASE: AtomicU8 = AtomicU8::new(Phase::Preparing as u8);
static SIGNAL: AtomicU8 = AtomicU8::new(0);
static STAGING: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Says what the command does from now on.
pub(crate) fn enter(phase: Phase) {
    PHASE.store(phase as u8, Ordering::SeqCst);
}

/// A folder to remove if the command is ended at once.
pub(crate) fn remove_if_killed(staging: Option<&Path>) {
    *STAGING.lock().unwrap_or_else(PoisonError::into_inner) = staging.map(Path::to_path_buf);
}

/// The signal that asked to stop, if there was one.
pub(crate) fn received() -> Option<u8> {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(signal),
    }
}

/// Starts to listen.
#[cfg(unix)]
pub(crate) fn listen() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    // Should no thread start, signals still end the command, without ceremony.
    let _ = std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let signal = u8::try_from(signal).unwrap_or(2);
            let first = SIGNAL.swap(signal, Ordering::SeqCst) == 0;
            let busy = PHASE.load(Ordering::SeqCst) != Phase::Preparing as u8;
            if first && busy {
                crate::talk::line(
                    "stopping after this sweep, to write what was found; once more to stop at once",
                );
                continue;
            }
            if let Some(staging) = STAGING.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
                let _ = std::fs::remove_dir_all(staging);
            }
            std::process::exit(128 + i32::from(signal));
        }
    });
}

/// Elsewhere signals end the command as the system does it.
#[cfg(not(unix))]
pub(crate) fn listen() {}
