//! Prints docs/roofline.md: how near the kernels come to what the processor can do.
//!
//! usage: `roofline [--repeats N]`

use partwise::internals::{block_rows, both_products, room, sparse_cross, stride};
use partwise::{Scalar, isa};
use partwise_benches::Outcome;
use partwise_benches::args::Args;
use partwise_benches::markdown::Markdown;
use partwise_benches::roof::best;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

const HEAD: &str = "\
# How near the kernels come to the processor

This document is printed by

```sh
cargo xtask roofline [N]
```

and holds no number that was written by hand. Times differ from run to run and from machine to machine; on a machine that
has other work to do they say little. All of it is one thread.
";

const RANKS: [usize; 4] = [10, 20, 50, 100];
/// Shape, and whether X is stored by rows.
const DENSE: [(usize, usize, bool); 6] = [
    (20_000, 2_000, true),
    (20_000, 2_000, false),
    (4_000, 4_000, true),
    (4_000, 4_000, false),
    (2_429, 361, true),
    (70_000, 784, false),
];
/// Rows, columns, stored entries per row.
const SPARSE: [(usize, usize, usize); 4] =
    [(20_000, 10_000, 100), (10_000, 20_000, 200), (100_000, 30_000, 90), (30_000, 100_000, 300)];

fn main() -> Outcome<()> {
    let args = Args::parse(std::env::args(), &["repeats"])?;
    let repeats = args.get("repeats", "5").parse::<usize>()?.max(1);
    let peaks = [best::<f64>(), best::<f32>()];
    let mut out = std::io::stdout().lock();
    writeln!(out, "{HEAD}")?;
    writeln!(
        out,
        "Medians of {repeats} runs. Instructions: {}. Fused multiply-adds with nothing to wait for, {:.1} GFLOP/s in f64 and {:.1} in f32, are the roof. The\n\
         best run counts there, as nothing but other work makes one slower.\n",
        isa().name(),
        peaks[0] / 1e9,
        peaks[1] / 1e9
    )?;
    let mut table = Markdown::with_headers(2, headers(["shape", "stored by"]));
    for (rows, cols, by_row) in DENSE {
        let mut cells = vec![format!("{rows} x {cols}"), if by_row { "rows" } else { "columns" }.into()];
        cells.extend(RANKS.map(|rank| {
            let rate = dense::<f64>((rows, cols), by_row, rank, repeats);
            format!("{:.1} ({:.0}%)", rate / 1e9, 100.0 * rate / peaks[0])
        }));
        cells.extend(RANKS.map(|rank| {
            let rate = dense::<f32>((rows, cols), by_row, rank, repeats);
            format!("{:.1} ({:.0}%)", rate / 1e9, 100.0 * rate / peaks[1])
        }));
        table.row(cells);
    }
    writeln!(
        out,
        "## Dense: both products of a sweep in one pass over X\n\n\
         GFLOP/s and share of the roof, of the `4 m n k` flops that are wanted; what padding does beside them does not count.\n\
         The panel that all rows meet is the shorter side, as in a fit: the first number of the shape is the longer one.\n\n{table}"
    )?;
    let mut table = Markdown::with_headers(2, headers(["shape", "stored"]));
    for (rows, cols, per_row) in SPARSE {
        let mut cells = vec![format!("{rows} x {cols}"), (rows * per_row).to_string()];
        cells.extend(RANKS.map(|rank| format!("{:.2}", sparse::<f64>((rows, cols, per_row), rank, repeats))));
        cells.extend(RANKS.map(|rank| format!("{:.2}", sparse::<f32>((rows, cols, per_row), rank, repeats))));
        table.row(cells);
    }
    writeln!(
        out,
        "## Sparse: X times a factor, by rows\n\n\
         Nanoseconds per stored entry, whose columns are random: each gathers a row of the panel.\n\n{table}"
    )?;
    Ok(())
}

fn headers(first: [&str; 2]) -> Vec<String> {
    let ranks = ["f64", "f32"].into_iter().flat_map(|t| RANKS.map(|rank| format!("{t}, k = {rank}")));
    first.map(String::from).into_iter().chain(ranks).collect()
}

/// The median time of a call, in seconds.
fn median(repeats: usize, mut f: impl FnMut()) -> f64 {
    f();
    let mut times: Vec<f64> = (0..repeats)
        .map(|_| {
            let clock = Instant::now();
            f();
            clock.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Numbers between 0 and 1 that look random.
fn numbers<T: Scalar>(n: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64(((i * 7919) % 1009) as f64 / 1009.0)).collect()
}

/// Flops per second of both products.
fn dense<T: Scalar>((rows, cols): (usize, usize), by_row: bool, rank: usize, repeats: usize) -> f64 {
    let (stride, block) = (stride::<T>(rank), block_rows::<T>(cols, by_row));
    let (x, panel) = (numbers::<T>(rows * cols), numbers::<T>(cols * stride));
    let (mut out, mut space) = (vec![T::ZERO; rows * stride], vec![T::ZERO; room::<T>(block, rank)]);
    let mut sums = vec![T::ZERO; (cols * stride).max(room::<T>(cols, rank))];
    let seconds = median(repeats, || {
        for (b, out) in out.chunks_mut(block * stride).enumerate() {
            let (at, ld) = if by_row { (b * block * cols, cols) } else { (b * block, rows) };
            let (n, rooms) = (out.len() / stride, (&mut sums[..], &mut space[..]));
            both_products(&x[at..], (n, cols), (by_row, ld), &panel, (stride, rank), out, rooms);
        }
        black_box(&mut sums);
    });
    4.0 * (rows * cols * rank) as f64 / seconds
}

/// Nanoseconds per stored entry.
fn sparse<T: Scalar>((rows, cols, per_row): (usize, usize, usize), rank: usize, repeats: usize) -> f64 {
    let stride = stride::<T>(rank);
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize % cols) as u32
    };
    let mut columns: Vec<u32> = (0..rows * per_row).map(|_| next()).collect();
    columns.chunks_mut(per_row).for_each(<[u32]>::sort_unstable);
    let starts: Vec<usize> = (0..=rows).map(|i| i * per_row).collect();
    let values = numbers::<T>(columns.len());
    let panel = numbers::<T>(cols * stride);
    let mut out = vec![T::ZERO; rows * stride];
    let seconds = median(repeats, || {
        sparse_cross((cols, &starts, &columns, &values), &panel, stride, &mut out);
        black_box(&mut out);
    });
    1e9 * seconds / columns.len() as f64
}
