//! Prints docs/ranks.md: what a scan over ranks says of data whose rank is known.
//!
//! usage: `ranks --data DATA [--only SECTION]`, with SECTION one of golub, known, planted

mod golub;
mod known;
mod planted;

use partwise::data::Matrix;
use partwise::select::{Advice, Confidence, Scan, Summary, advise, summaries};
use partwise_benches::Outcome;
use partwise_benches::args::Args;
use std::io::Write;
use std::path::Path;

const HEAD: &str = "\
# Which rank: what a scan says of data whose rank is known

This document is printed by

```sh
cargo xtask ranks DATA
```

with DATA a folder of data sets, and holds no number that was written by hand but those marked *published* or *known*. It
holds no times: the same command prints the same document again. What the criteria are, and how a rank is recommended, is
in [selection.md](selection.md).
";

fn main() -> Outcome<()> {
    let args = Args::parse(std::env::args(), &["data", "only"])?;
    let data = Path::new(args.get("data", "data"));
    let only = args.get("only", "");
    let mut out = std::io::stdout().lock();
    write!(out, "{HEAD}")?;
    let sections: [(&str, &dyn Fn() -> Outcome<String>); 3] = [
        ("golub", &|| golub::section(data)),
        ("known", &|| known::section(data)),
        ("planted", &planted::section),
    ];
    for (name, section) in sections {
        if only.is_empty() || only == name {
            writeln!(out, "\n{}", section()?.trim_end())?;
            out.flush()?;
        }
    }
    Ok(())
}

/// Does a whole scan.
fn scanned(scan: &Scan, x: &Matrix<'_, f64>) -> Outcome<(Vec<Summary>, Advice)> {
    let found = summaries(&scan.run(x, Vec::new(), &mut ())?, scan.spec.seed);
    let advice = advise(&found, 0);
    Ok((found, advice))
}

/// A criterion with three decimals, or a dash.
fn decimals(x: Option<f64>) -> String {
    x.map_or("–".into(), |x| format!("{x:.3}"))
}

/// What is recommended, in a cell.
fn recommended(advice: &Advice) -> String {
    let sure = match advice.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    };
    advice.rank.map_or("none".into(), |rank| format!("{rank} ({sure})"))
}
