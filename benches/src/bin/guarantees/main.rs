//! Prints docs/guarantees.md: what the library promises, put to the test. Fails if a promise is not kept.
//!
//! usage: `guarantees`

mod determinism;
mod scale;

use partwise::{Loss, Rule};
use partwise_benches::Outcome;
use partwise_benches::args::Args;
use std::io::Write;
use std::process::ExitCode;

const HEAD: &str = "\
# Guarantees, put to the test

This document is printed by

```sh
cargo run --release -p partwise-benches --bin guarantees > docs/guarantees.md
```

from data that are made up on the spot (`benches/src/generated.rs`). Every verdict is computed, and the command exits
with status 1 if one is not *kept*.
";

/// A section, and how many of its promises were not kept.
pub(crate) struct Section {
    pub(crate) text: String,
    pub(crate) broken: usize,
}

fn main() -> Outcome<ExitCode> {
    Args::parse(std::env::args(), &[])?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{HEAD}")?;
    let mut broken = 0;
    for make in [scale::section, scale::starts, determinism::section] {
        let section = make()?;
        writeln!(out, "{}\n", section.text.trim_end())?;
        broken += section.broken;
    }
    if broken > 0 {
        eprintln!("{broken} guarantees are not kept");
        return Ok(ExitCode::FAILURE);
    }
    writeln!(out, "All guarantees are kept.")?;
    Ok(ExitCode::SUCCESS)
}

/// The word for a promise, counting those that were not kept.
pub(crate) fn kept(yes: bool, broken: &mut usize) -> String {
    *broken += usize::from(!yes);
    if yes { "kept".into() } else { "**broken**".into() }
}

/// Every loss of the tables with every rule that there is for it.
pub(crate) fn combinations() -> Vec<(Loss, Rule)> {
    let frobenius = [Rule::Hals, Rule::Mu, Rule::Bpp, Rule::GreedyCd, Rule::Nesterov, Rule::Admm];
    let kl = [Rule::Newton, Rule::Scd, Rule::Ccd, Rule::Mu];
    let other = [Loss::ItakuraSaito, Loss::Beta(0.5), Loss::Beta(1.5), Loss::Beta(3.0)];
    let frobenius = frobenius.map(|rule| (Loss::Frobenius, rule));
    let kl = kl.map(|rule| (Loss::KullbackLeibler, rule));
    let saito = [(Loss::ItakuraSaito, Rule::Newton)];
    frobenius.into_iter().chain(kl).chain(saito).chain(other.map(|loss| (loss, Rule::Mu))).collect()
}
