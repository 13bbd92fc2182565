//! Being told how a run is doing, and stopping it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How a run is doing. The objective is in the units of X.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Which start this is, from 0.
    pub restart: usize,
    /// How many starts there will be.
    pub restarts: usize,
    /// How many of them run at the same time, in the order of their numbers.
    pub at_once: usize,
    /// Iterations done from this start; 0 while it sweeps on a sketch of X.
    pub iteration: usize,
    /// Iterations at most from this start.
    pub max_iter: usize,
    /// Seconds since the iterations of the first start began.
    pub seconds: f64,
    /// Loss plus penalties.
    pub objective: f64,
    /// Relative error; see `relative_error` of a fit.
    pub relative_error: f64,
}

/// Is told of every iteration; `Break` ends the run after it with status `interrupted` and the best factors so far.
pub trait Observer: Send {
    /// Called after every iteration; where several starts run at once, by one at a time.
    fn iteration(&mut self, progress: &Progress) -> ControlFlow<()>;

    /// Asked once, before anything else: what is set, from any thread, when nobody waits for the fit any more. It then ends
    /// within the work of a few rows, in the middle of an iteration, the start or the last solve for W, which `Break` waits
    /// for, and comes to [`Error::Interrupted`](crate::Error::Interrupted) in place of factors.
    fn stop(&self) -> Option<Arc<AtomicBool>> {
        None
    }
}

impl<F: FnMut(&Progress) -> ControlFlow<()> + Send> Observer for F {
    fn iteration(&mut self, progress: &Progress) -> ControlFlow<()> {
        self(progress)
    }
}
