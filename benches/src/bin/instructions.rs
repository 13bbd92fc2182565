//! One piece of work, to be counted by callgrind; `cargo xtask instructions` runs it.
//!
//! usage: `instructions list`
//!        `instructions WORKLOAD ROUNDS`

use partwise_benches::Outcome;
use partwise_benches::workload::all;
use std::io::Write;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["list"] => {
            let mut out = std::io::stdout().lock();
            for workload in all() {
                writeln!(out, "{workload}")?;
            }
            Ok(())
        }
        [name, rounds] => {
            let workload = all().find(|workload| workload.name == *name);
            let mut work = workload.ok_or_else(|| format!("no workload is called {name}"))?.ready()?;
            for _ in 0..rounds.parse::<usize>()? {
                work();
            }
            Ok(())
        }
        _ => Err("usage: instructions list, or instructions WORKLOAD ROUNDS".into()),
    }
}
