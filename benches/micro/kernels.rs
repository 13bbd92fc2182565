//! Times kernels: `cargo bench -p partwise-benches --bench kernels [NAME]`.

#![allow(missing_docs)] // The attribute below makes what it does.

use divan::Bencher;
use partwise_benches::workload::{KERNELS, Workload};

fn main() {
    divan::main();
}

#[divan::bench(args = KERNELS)]
fn kernels(bencher: Bencher<'_, '_>, workload: &Workload) {
    match workload.ready() {
        Ok(work) => bencher.bench_local(work),
        Err(error) => eprintln!("{workload}: {error}"),
    }
}
