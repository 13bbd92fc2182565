//! Data that were made from a known number of components.

use crate::scanned;
use partwise::data::Matrix;
use partwise::select::{Confidence, Scan};
use partwise::{Loss, Spec};
use partwise_benches::Outcome;
use partwise_benches::generated::Numbers;
use partwise_benches::markdown::Markdown;
use partwise_benches::table::Table;

const SEEDS: u64 = 20;
const SHAPE: (usize, usize) = (120, 80);
const RANKS: std::ops::RangeInclusive<usize> = 1..=10;

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    loss: Loss,
    /// Numbers that noise is the mean of: the more, the less; or the mean count.
    level: f64,
}

const CASES: [Case; 5] = [
    Case { name: "noise of a tenth of each entry", loss: Loss::Frobenius, level: 100.0 },
    Case { name: "noise of the whole of each entry", loss: Loss::Frobenius, level: 1.0 },
    Case { name: "counts, 30 per entry", loss: Loss::KullbackLeibler, level: 30.0 },
    Case { name: "counts, 1 per entry", loss: Loss::KullbackLeibler, level: 1.0 },
    Case { name: "no components: noise alone", loss: Loss::Frobenius, level: 0.0 },
];

pub(crate) fn section() -> Outcome<String> {
    let mut table = Markdown::new(
        2,
        [
            "data",
            "loss",
            "seeds",
            "hits",
            "with high confidence",
            "of those, hits",
            "one off",
            "recommended - known",
        ],
    );
    for case in CASES {
        let (mut hits, mut sure, mut sure_hits, mut close) = (0, 0, 0, 0);
        let mut missed = Vec::new();
        for seed in 0..SEEDS {
            let known = if case.level > 0.0 { 2 + (seed % 6) as usize } else { 0 };
            let x: Matrix<'static, f64> = made(case, known, seed).dense()?;
            let mut spec = Spec::default();
            (spec.loss, spec.seed) = (case.loss, seed);
            let (_, advice) = scanned(&Scan { runs: 5, ..Scan::new(spec, RANKS) }, &x)?;
            // One component is no structure but the mean.
            let found = advice.rank.filter(|&rank| known > 0 || rank > 1).unwrap_or(0);
            let off = found as i64 - known as i64;
            hits += u32::from(off == 0);
            close += u32::from(off.abs() == 1);
            if advice.confidence == Confidence::High {
                sure += 1;
                sure_hits += u32::from(off == 0);
            }
            if off != 0 {
                missed.push(format!("{off:+}"));
            }
        }
        table.row([
            case.name.into(),
            case.loss.to_string(),
            SEEDS.to_string(),
            hits.to_string(),
            sure.to_string(),
            sure_hits.to_string(),
            close.to_string(),
            missed.join(" "),
        ]);
    }
    Ok(format!(
        "## Data made from a known number of components\n\n\
         X is {} x {}, from 2 to 7 components: W from uniform numbers cubed, H too, of which 60 of 100 are zero; then noise. Ours:\n\
         ranks {} to {}, 5 runs, 5 folds, options as they are by default. The last line has no components, and a hit is to\n\
         recommend none, or 1, which is the mean.\n\n{table}",
        SHAPE.0,
        SHAPE.1,
        RANKS.start(),
        RANKS.end()
    ))
}

fn made(case: Case, rank: usize, seed: u64) -> Table {
    let mut numbers = Numbers::new(77 + 1000 * seed);
    let (rows, cols) = SHAPE;
    let w: Vec<f64> = (0..rows * rank).map(|_| numbers.draw().powi(3)).collect();
    let h: Vec<f64> =
        (0..cols * rank).map(|_| if numbers.draw() < 0.6 { 0.0 } else { numbers.draw().powi(3) }).collect();
    let product = Table::new(rows, cols, |i, j| (0..rank).map(|c| w[i * rank + c] * h[j * rank + c]).sum());
    let mean = product.values.iter().sum::<f64>() / product.values.len() as f64;
    Table::new(rows, cols, |i, j| match (case.loss, product.at(i, j)) {
        (Loss::KullbackLeibler, y) => poisson(y / mean * case.level, &mut numbers),
        (_, _) if rank == 0 => gamma(1.0, &mut numbers),
        (_, y) => y * gamma(case.level, &mut numbers),
    })
}

/// The mean of so many exponential numbers: 1 on average, with a deviation of one over the root of their number.
fn gamma(shape: f64, numbers: &mut Numbers) -> f64 {
    let count = shape as usize;
    (0..count).map(|_| -(1.0 - numbers.draw()).ln()).sum::<f64>() / shape
}

/// By multiplying uniform numbers, a few hundred of them at most at a time.
fn poisson(mean: f64, numbers: &mut Numbers) -> f64 {
    let (mut left, mut count) = (mean, 0.0);
    while left > 0.0 {
        let step = left.min(300.0);
        let (limit, mut product) = ((-step).exp(), numbers.draw());
        while product > limit {
            count += 1.0;
            product *= numbers.draw();
        }
        left -= step;
    }
    count
}
