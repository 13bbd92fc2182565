//! Work without the interpreter's lock, which Ctrl-C ends.

use crate::outcome::internal;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long Ctrl-C waits to be seen.
const TICK: Duration = Duration::from_millis(50);

/// Whether work is to end, and why.
#[derive(Default)]
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    failure: Mutex<Option<PyErr>>,
}

impl Watch {
    /// Ends the work, and raises this error in its place; the first of several.
    pub(crate) fn fail(&self, error: PyErr) {
        self.end();
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Ends the work.
    pub(crate) fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub(crate) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether an error ended it.
    pub(crate) fn is_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The same for the engine to look at.
    pub(crate) fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// Works on a thread of its own, while this one looks for signals.
    pub(crate) fn over<R: Send>(self, py: Python<'_>, work: impl FnOnce(&Watch) -> R + Send) -> PyResult<R> {
        let ended = py.detach(|| {
            std::thread::scope(|scope| {
                let (alive, gone) = channel::<()>();
                let watch = &self;
                let worker = scope.spawn(move || {
                    let _alive = alive;
                    work(watch)
                });
                while gone.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    if let Err(error) = Python::attach(|py| py.check_signals()) {
                        watch.fail(error);
                    }
                }
                worker.join()
            })
        });
        if let Some(error) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        ended.map_err(|_| internal("a thread of the engine has panicked"))
    }
}
