//! How a run ended.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a run ended. Ending early is a status, never an error; new values are only ever added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// The stopping rule was met: see [`Reason`].
    Converged,
    /// X is reproduced to rounding.
    ExactFit,
    /// The iteration limit came first.
    IterationLimit,
    /// The time limit came first.
    TimeLimit,
    /// The asked-for relative error was reached.
    TargetReached,
    /// The objective stopped moving, or the rule stopped making progress, with the optimality residual still large.
    Stalled,
    /// An observer (or Ctrl-C) asked to stop.
    Interrupted,
    /// The model is zero although X is not: the penalties are too strong, or the start was zero.
    Degenerate,
}

impl Status {
    /// The name used in files and messages, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Converged => "converged",
            Status::ExactFit => "exact_fit",
            Status::IterationLimit => "iteration_limit",
            Status::TimeLimit => "time_limit",
            Status::TargetReached => "target_reached",
            Status::Stalled => "stalled",
            Status::Interrupted => "interrupted",
            Status::Degenerate => "degenerate",
        }
    }

    /// Whether the factors are a solution in the sense of the stopping rule, rather than the best so far.
    pub fn is_converged(self) -> bool {
        matches!(self, Status::Converged | Status::ExactFit | Status::TargetReached)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The test that ended a run, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(pub String);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
