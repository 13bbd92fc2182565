//! Prints docs/applications.md: problems with missing entries, weights, penalties and constraints, from the data as it was
//! published to numbers beside others'. Fails if a claim is not kept.
//!
//! usage: `applications --data DATA [--python PYTHON] [--only NAME]`
//!
//! NAME keeps only the sections whose data set has it in its name.

mod endmembers;
mod fluorescence;
mod pollution;
mod ratings;
mod signatures;
mod surprise;

use partwise_benches::Outcome;
use partwise_benches::args::Args;
use partwise_benches::claims::Claims;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use surprise::Surprise;

const HEAD: &str = "\
# Applications

This document is printed by

```sh
cargo xtask applications DATA [PYTHON]
```

with DATA a folder of data sets and PYTHON a Python with scikit-surprise, and holds no number that was written by hand
but those marked *published*. It holds no times: the same command prints the same document again. Each section ends
with its claims, which are checked as they are printed; the command exits with status 1 if one is not *kept*. The
programs are in `benches/src/bin/applications`. A command line under *With the program* is one of the fits of its section, with
the same data and options, by the program `partwise`; what is chosen among fits and compared is not in it.

`W` is (m, k), `H` is (k, n). The weight of a penalty is relative to the data, so that it means the same in other units.
";

/// A section with its claims.
pub(crate) struct Section {
    pub(crate) text: String,
    pub(crate) claims: Claims,
}

/// Makes a section from the folder of data sets.
type Make<'a> = &'a dyn Fn(&Path) -> Outcome<Section>;

fn main() -> Outcome<ExitCode> {
    let args = Args::parse(std::env::args(), &["data", "python", "only"])?;
    let (data, only) = (Path::new(args.get("data", "data")), args.get("only", ""));
    let surprise = Surprise::new(args.get("python", "python3"));
    let sections: [(&str, Make<'_>); 5] = [
        (ratings::SET, &|data| ratings::section(data, &surprise)),
        (pollution::SET, &pollution::section),
        (fluorescence::SET, &fluorescence::section),
        (endmembers::SET, &endmembers::section),
        (signatures::SET, &signatures::section),
    ];
    let mut out = std::io::stdout().lock();
    write!(out, "{HEAD}")?;
    let mut broken = 0;
    for (_, section) in sections.iter().filter(|(name, _)| name.contains(only)) {
        let section = section(data)?;
        writeln!(out, "\n{}", section.text.trim_end())?;
        let claims = section.claims.to_string();
        if !claims.is_empty() {
            writeln!(out, "\nClaims:\n\n{claims}")?;
        }
        out.flush()?;
        broken += section.claims.broken();
    }
    if broken > 0 {
        eprintln!("{broken} claims are not kept");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a section without its data says.
fn skipped(title: &str, file: &str) -> Section {
    Section {
        text: format!("## {title}\n\nSkipped: `DATA/{file}` is not there.\n"),
        claims: Claims::default(),
    }
}

/// Lines for a shell.
fn commands(lines: &str) -> String {
    format!("With the program:\n\n```sh\n{}\n```\n", lines.trim())
}
