//! Data whose rank others have reported.

use crate::{recommended, scanned};
use partwise::data::Matrix;
use partwise::select::Scan;
use partwise::{Loss, Spec};
use partwise_benches::Outcome;
use partwise_benches::markdown::Markdown;
use partwise_io::{AnyMatrix, Precision, ReadOptions, read};
use std::ops::RangeInclusive;
use std::path::Path;

struct Set {
    folder: &'static str,
    file: &'static str,
    loss: Loss,
    ranks: RangeInclusive<usize>,
    runs: usize,
    /// The tolerance of the fits, if not the default: of data that take long.
    tol: Option<f64>,
    /// The rank that is known, and the ranks that count as that.
    known: &'static str,
    hits: RangeInclusive<usize>,
}

const SETS: [Set; 7] = [
    Set {
        folder: "swimmer_generated",
        file: "X.npy",
        loss: Loss::Frobenius,
        ranks: 8..=18,
        runs: 10,
        tol: None,
        known: "17 parts: 16 positions of limbs and the torso, which any 16 can take in; linear rank 13",
        hits: 16..=17,
    },
    Set {
        folder: "hsi_samson",
        file: "X.npy",
        loss: Loss::Frobenius,
        ranks: 1..=8,
        runs: 10,
        tol: None,
        known: "3: soil, tree, water",
        hits: 3..=3,
    },
    Set {
        folder: "audio_piano_mary",
        file: "V.npy",
        loss: Loss::KullbackLeibler,
        ranks: 1..=8,
        runs: 10,
        tol: None,
        known: "4: three notes and the hammer",
        hits: 4..=4,
    },
    Set {
        folder: "emg_walk",
        file: "X.npy",
        loss: Loss::Frobenius,
        ranks: 1..=8,
        runs: 10,
        tol: None,
        known: "4 to 5 synergies",
        hits: 4..=5,
    },
    Set {
        folder: "sbs_21breast",
        file: "X.npy",
        loss: Loss::KullbackLeibler,
        ranks: 1..=10,
        runs: 10,
        tol: None,
        known: "4 to 5 signatures",
        hits: 4..=5,
    },
    Set {
        folder: "sbs_560breast",
        file: "X.npy",
        loss: Loss::KullbackLeibler,
        ranks: 2..=16,
        runs: 10,
        tol: None,
        known: "about 8 to 12 signatures",
        hits: 8..=12,
    },
    Set {
        folder: "sc_pbmc3k",
        file: "counts_2638.npz",
        loss: Loss::KullbackLeibler,
        ranks: 2..=14,
        runs: 5,
        tol: Some(1e-2),
        known: "8 types of cells",
        hits: 7..=9,
    },
];

pub(crate) fn section(data: &Path) -> Outcome<String> {
    let mut table = Markdown::new(
        4,
        ["data", "loss", "known", "scanned", "recommended", "predictive", "stable", "beyond", "hit"],
    );
    for set in SETS {
        let path = data.join(set.folder).join(set.file);
        if !path.exists() {
            table.row([
                set.folder.into(),
                set.loss.to_string(),
                set.known.into(),
                "skipped: it is not there".into(),
            ]);
            continue;
        }
        let x = samples_by_features(&path)?;
        let mut spec = Spec::default();
        spec.loss = set.loss;
        spec.tol = set.tol.unwrap_or(spec.tol);
        let (_, advice) = scanned(&Scan { runs: set.runs, ..Scan::new(spec, set.ranks.clone()) }, &x)?;
        let rank = |rank: Option<usize>| rank.map_or("–".into(), |rank| rank.to_string());
        table.row([
            set.folder.into(),
            set.loss.to_string(),
            set.known.into(),
            format!("{} to {}", set.ranks.start(), set.ranks.end()),
            recommended(&advice),
            rank(advice.predictive),
            rank(advice.stable),
            if advice.beyond { "yes" } else { "no" }.into(),
            if advice.rank.is_some_and(|rank| set.hits.contains(&rank)) { "yes" } else { "**no**" }.into(),
        ]);
    }
    Ok(format!(
        "## Data whose rank others have reported\n\n\
         *Known* is what the origin of each data set says, not the truth: for measured data nobody knows that. Ours: 10 runs and\n\
         5 folds of each rank, seed 0, options as they are by default (sc_pbmc3k: 5 runs, `--tol 1e-2`). *Predictive* and *stable*\n\
         are the two answers that a recommendation is made from; *beyond* says that the scan suspects a rank above those it looked\n\
         at.\n\n{table}"
    ))
}

/// The files have features in rows.
fn samples_by_features(path: &Path) -> Outcome<Matrix<'static, f64>> {
    let mut options = ReadOptions::default();
    options.precision = Precision::F64;
    match read(path, &options)?.matrix {
        AnyMatrix::F64(x) => Ok(x.transposed()),
        AnyMatrix::F32(_) => Err("single precision was not asked for".into()),
    }
}
