//! Ctrl-C and SIGTERM: while a fit runs they end it after the current sweep, and what was found is written; before
//! that there is nothing to keep, so that the command ends at once; a second one ends it whatever it does. Either way
//! what is unfinished is removed. After a signal that cannot be caught, such as SIGKILL, it stays, hidden, under a name
//! `.partwise-*.tmp`; a folder of that kind goes away when the next fit writes to the same place, if its process is
//! known to be gone.

#[cfg(unix)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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

/// Says what the command does from now on.
pub(crate) fn enter(phase: Phase) {
    PHASE.store(phase as u8, Ordering::SeqCst);
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
    use signal_hook::consts::{SIGINT, SIGTERM, signal::SIGXFSZ};
    // A file that grows over the limit of `ulimit -f` is an error of writing then, which is told and cleaned up after.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
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
            let _kept_until_the_end = partwise_io::abandon_unfinished();
            std::process::exit(128 + i32::from(signal));
        }
    });
}

/// Elsewhere signals end the command as the system does it.
#[cfg(not(unix))]
pub(crate) fn listen() {}
