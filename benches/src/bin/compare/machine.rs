//! What the numbers were measured on.

use crate::THREADS;
use crate::ours::Run;
use crate::peer::Versions;
use std::fmt::Write;

/// A list of facts, taken at run time.
pub(crate) fn facts(peer: &Versions, ours: &Run, load: &str) -> String {
    let processors = std::thread::available_parallelism().map_or("unknown".into(), |n| n.to_string());
    let mut text = String::new();
    for (name, fact) in [
        ("processor", processor()),
        ("threads", format!("up to {THREADS}, of {processors}")),
        ("load before the first run", load.to_string()),
        (
            "partwise",
            format!("{} for {}, {}", ours.versions.partwise, ours.versions.target, ours.versions.simd),
        ),
        ("scikit-learn", format!("{}, Python {}", peer.scikit_learn, peer.python)),
        ("numpy, scipy", format!("{}, {}, with {}", peer.numpy, peer.scipy, peer.blas)),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(text, "- {name}: {fact}");
    }
    text
}

/// The model as Linux names it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|line| line.split_once(':')).map_or("unknown".into(), |(_, model)| model.trim().into())
}

/// How many processes wanted to run, on average over the last minute: with more than none, times say little.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().map_or("unknown".into(), String::from)
}
