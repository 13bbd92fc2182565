//! When a run ends.

use std::time::Duration;

/// When a run ends; whatever comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StopWhen {
    /// Iterations at most.
    pub max_iter: usize,
    /// The optimality residual is at or below this, and the objective has become slow.
    pub kkt: f64,
    /// The objective falls by less than this share of itself per iteration.
    pub change: f64,
    /// Time at most.
    pub time: Option<Duration>,
    /// The relative error is at or below this.
    pub target: Option<f64>,
}

impl StopWhen {
    /// The two tests that one tolerance stands for.
    pub fn tolerance(max_iter: usize, tol: f64) -> StopWhen {
        StopWhen { max_iter, kkt: tol, change: tol * 1e-3, time: None, target: None }
    }
}
