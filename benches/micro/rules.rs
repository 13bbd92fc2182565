//! Times fits of a few sweeps: `cargo bench -p partwise-benches --bench rules [NAME]`.

#![allow(missing_docs)] // The attribute below makes what it does.

use divan::Bencher;
use partwise_benches::workload::{RULES, Workload};

fn main() {
    divan::main();
}

#[divan::bench(args = RULES)]
fn rules(bencher: Bencher<'_, '_>, workload: &Workload) {
    match workload.ready() {
        Ok(work) => bencher.bench_local(work),
        Err(error) => eprintln!("{workload}: {error}"),
    }
}
