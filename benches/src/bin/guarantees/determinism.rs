//! The bits of a result depend on the data, the options and the seed, and on nothing else.

use crate::{Section, combinations, kept};
use partwise::{Fit, Loss, Matrix, Nmf, Rule, Scalar};
use partwise_benches::Outcome;
use partwise_benches::generated::{counts, planted};
use partwise_benches::markdown::Markdown;
use partwise_benches::table::Table;
use std::fmt::Write;

const ROWS: usize = 400;
const COLS: usize = 150;
const RANK: usize = 8;
const ITERATIONS: usize = 15;
const THREADS: [usize; 4] = [1, 2, 4, 8];
const BLOCKS: [Option<usize>; 3] = [None, Some(7), Some(64)];
/// For losses that are infinite at zero, on data with zeros.
const FLOOR: f64 = 1e-3;

/// The section.
pub(crate) fn section() -> Outcome<Section> {
    let (dense, sparse) = (planted(ROWS, COLS, RANK, 0.3, 2), counts(ROWS, COLS, RANK, 3));
    let stored = sparse.values.iter().filter(|&&x| x != 0.0).count() as f64 / sparse.values.len() as f64;
    let fits = THREADS.len() * BLOCKS.len() * 2;
    let mut text = String::from("## Determinism\n\n");
    writeln!(
        text,
        "The bits of W and H depend on the data, the options and the seed, not on the number of threads, on `block_rows`,\n\
         or on the order that X is stored in. Each cell stands for {fits} fits: threads 1, 2, 4, 8; `block_rows` as by\n\
         default, 7 and 64; X by rows and by columns. It shows the hash (FNV-1a, 64 bits) of the bits of W and H where all\n\
         are the same, else how many different ones there are. Dense X: ({ROWS}, {COLS}), rank {RANK} plus noise. Sparse X:\n\
         counts of the same shape, {:.0}% of them not zero; loss `is` with `floor` {FLOOR:e} there. {ITERATIONS}\n\
         iterations from the default start at rank {RANK}. A hash may be another one on another family of processors; that\n\
         there is one per cell is the promise. Rule `newton` is for dense X.\n",
        100.0 * stored
    )?;
    let mut broken = 0;
    let mut out =
        Markdown::new(1, ["fit", "dense, f64", "sparse, f64", "dense, f32", "sparse, f32", "verdict"]);
    for (loss, rule) in combinations() {
        let takes_sparse = rule != Rule::Newton;
        let hashes = [
            hashes::<f64>(&dense, false, loss, rule)?,
            if takes_sparse { hashes::<f64>(&sparse, true, loss, rule)? } else { vec![] },
            hashes::<f32>(&dense, false, loss, rule)?,
            if takes_sparse { hashes::<f32>(&sparse, true, loss, rule)? } else { vec![] },
        ];
        let same = hashes.iter().all(|h| h.len() == 1 || !takes_sparse && h.is_empty());
        let mut row = vec![format!("{loss} {rule}")];
        row.extend(hashes.iter().map(|found| match found.as_slice() {
            [] => "-".into(),
            [one] => format!("{one:016x}"),
            more => format!("**differs**: {} hashes", more.len()),
        }));
        row.push(kept(same, &mut broken));
        out.row(row);
    }
    write!(text, "{out}")?;
    Ok(Section { text, broken })
}

/// The different hashes that the same fit has under all circumstances.
fn hashes<T: Scalar>(x: &Table, sparse: bool, loss: Loss, rule: Rule) -> Outcome<Vec<u64>> {
    let forms: [Matrix<'static, T>; 2] =
        if sparse { [x.sparse()?, x.sparse_by_column()?] } else { [x.dense()?, x.dense_by_column()?] };
    let floor = if sparse && !loss.allows_zeros() { FLOOR } else { 0.0 };
    let mut found = Vec::new();
    for form in &forms {
        for threads in THREADS {
            for block in BLOCKS {
                let nmf = Nmf::new(RANK).loss(loss).rule(rule).floor(floor).max_iter(ITERATIONS).tol(0.0);
                let nmf = nmf.threads(threads);
                let nmf = block.into_iter().fold(nmf, Nmf::block_rows);
                found.push(hash(&nmf.fit(form)?));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo) over the bits of W and H.
fn hash<T: Scalar>(fit: &Fit<T>) -> u64 {
    let numbers = [&fit.w, &fit.h].into_iter().flat_map(|f| f.to_row_major());
    // Widening to f64 keeps every bit of an f32.
    let bytes = numbers.flat_map(|x| x.to_f64().to_bits().to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}
