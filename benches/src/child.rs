//! Programs that answer with one JSON document on standard output.

use crate::Outcome;
use serde::de::DeserializeOwned;
use std::process::{Command, Stdio};

/// Runs a program to its end and reads its answer; what it says on standard error is shown.
///
/// # Errors
/// If it cannot be run, fails, or answers with anything else.
pub fn answer<T: DeserializeOwned>(mut command: Command) -> Outcome<T> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", output.status).into());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{name} answered oddly: {error}").into())
}
