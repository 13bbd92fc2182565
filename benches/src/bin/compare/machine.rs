//! What the numbers were measured on.

use crate::THREADS;
use crate::ours::Run;
use crate::peer::Versions;
use partwise_benches::machine::processor;
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
