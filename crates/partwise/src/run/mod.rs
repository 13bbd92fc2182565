//! The loop around any iterative model: it knows steps, objectives and clocks, and nothing of factors.

pub(crate) mod drive;
pub mod observe;
pub mod stop;
pub(crate) mod trace;

pub use observe::{Observer, Progress};
pub use stop::StopWhen;

use serde::{Deserialize, Serialize};

/// One entry of a run's history. The objective is in the units of X.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Iterations done.
    pub iteration: usize,
    /// Seconds since the iterations began.
    pub seconds: f64,
    /// Loss plus penalties.
    pub objective: f64,
    /// Optimality residual, where it was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kkt: Option<f64>,
}
