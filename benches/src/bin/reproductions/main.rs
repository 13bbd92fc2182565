//! Prints docs/reproductions.md: published numbers beside ours.
//!
//! usage: `reproductions --data DATA [--pictures docs]`

mod exact;
mod golub;
mod parts;

use partwise_benches::Outcome;
use partwise_benches::args::Args;
use std::io::Write;
use std::path::Path;

const HEAD: &str = "\
# Published results, reproduced

This document is printed by

```sh
cargo run --release -p partwise-benches --bin reproductions -- --data DATA > docs/reproductions.md
```

with DATA a folder of data sets, and holds no number that was written by hand but those marked *published* or
*reference*. It holds no times: the same command prints the same document again.

A verdict is computed: *beaten* and *reached* mean that our value is at or below the other one within 1e-6 relative
(*beaten*: by more than that, and by more than half a unit of the other one's last printed digit). Objectives are in the
units of the data. `W` is (m, k), `H` is (k, n).
";

fn main() -> Outcome<()> {
    let args = Args::parse(std::env::args(), &["data", "pictures"])?;
    let data = Path::new(args.get("data", "data"));
    let pictures = Path::new(args.get("pictures", "docs"));
    let mut out = std::io::stdout().lock();
    write!(out, "{HEAD}")?;
    for section in [golub::section(data)?, parts::section(data, pictures)?, exact::section()?] {
        writeln!(out, "\n{}", section.trim_end())?;
        out.flush()?;
    }
    Ok(())
}

/// What a section without its data says.
fn skipped(title: &str, file: &str) -> String {
    format!("## {title}\n\nSkipped: `DATA/{file}` is not there.\n")
}
