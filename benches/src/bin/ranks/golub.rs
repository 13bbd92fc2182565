//! Leukemia gene expression: the survey in the vignette of R's NMF, and all 5000 genes.

use crate::{decimals, recommended, scanned};
use partwise::select::{Consensus, Scan, Summary};
use partwise::{Dense, Loss, Matrix, Spec};
use partwise_benches::Outcome;
use partwise_benches::datasets;
use partwise_benches::markdown::Markdown;
use partwise_benches::table::Table;
use std::fmt::Write;
use std::path::Path;

const GENES: usize = 200;
/// Cophenetic correlation and dispersion at ranks 2 to 6, of 10 runs each.
const VIGNETTE: [(usize, f64, f64); 5] =
    [(2, 0.995, 0.936), (3, 0.994, 0.968), (4, 0.980, 0.883), (5, 0.983, 0.878), (6, 0.978, 0.859)];
/// Cophenetic correlation of all genes at ranks 2 to 5.
const WHOLE: [(usize, f64); 4] = [(2, 1.0), (3, 1.0), (4, 0.996), (5, 0.963)];
/// Surveys of ten runs, to see how far the measures of ten runs vary.
const SURVEYS: u64 = 10;

pub(crate) fn section(data: &Path) -> Outcome<String> {
    let mut out = String::from("## Leukemia gene expression\n\n");
    let file = "ALL_AML_data.txt";
    let Some(set) = datasets::load(data, "expr_allaml", file)? else {
        return Ok(out + "Skipped: `DATA/expr_allaml/ALL_AML_data.txt` is not there.\n");
    };
    let samples = std::fs::read_to_string(data.join("expr_allaml/ALL_AML_samples.txt"))?;
    let samples: Vec<&str> = samples.lines().map(str::trim).filter(|line| line.starts_with("A")).collect();
    writeln!(out, "{}\nSamples are rows of X here: 38 x 5000.\n", set.origin)?;
    vignette(&mut out, &turned(&set.x.head(GENES))?)?;
    whole(&mut out, &turned(&set.x)?, &samples)?;
    Ok(out)
}

fn turned(x: &Table) -> Outcome<Matrix<'static, f64>> {
    Ok(Dense::from_fn(x.cols, x.rows, |i, j| x.at(j, i)).into())
}

fn kl(seed: u64) -> Spec {
    let mut spec = Spec::default();
    (spec.loss, spec.seed) = (Loss::KullbackLeibler, seed);
    spec
}

fn vignette(out: &mut String, x: &Matrix<'_, f64>) -> Outcome<()> {
    writeln!(
        out,
        "### The first 200 genes, ranks 2 to 6\n\n\
         *Published*: the vignette of the R package NMF (R. Gaujoux, C. Seoighe, 2010, doi:10.1186/1471-2105-11-367), 10 runs of\n\
         `brunet`. Ours: 10 runs of loss `kl` from random starts, options as they are by default; below each measure, its range\n\
         over {SURVEYS} such surveys (seeds 0 to {}).\n",
        SURVEYS - 1
    )?;
    let surveys = (0..SURVEYS)
        .map(|seed| Ok(scanned(&Scan { folds: 0, shuffled: 0, ..Scan::new(kl(seed), 2..=6) }, x)?.0))
        .collect::<Outcome<Vec<Vec<Summary>>>>()?;
    let mut table = Markdown::new(
        0,
        [
            "rank",
            "cophenetic, published",
            "seed 0",
            "all surveys",
            "dispersion, published",
            "seed 0",
            "all surveys",
        ],
    );
    for (at, (rank, cophenetic, dispersion)) in VIGNETTE.into_iter().enumerate() {
        let of = |f: &dyn Fn(&Summary) -> Option<f64>| -> [String; 2] {
            let all: Vec<f64> = surveys.iter().filter_map(|survey| f(&survey[at])).collect();
            let (least, most) =
                all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
            [decimals(all.first().copied()), format!("{least:.3} to {most:.3}")]
        };
        let [c, cs] = of(&|summary| summary.consensus.and_then(|measures| measures.cophenetic));
        let [d, ds] = of(&|summary| summary.consensus.map(|measures| measures.dispersion));
        table.row([rank.to_string(), format!("{cophenetic:.3}"), c, cs, format!("{dispersion:.3}"), d, ds]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

fn whole(out: &mut String, x: &Matrix<'_, f64>, samples: &[&str]) -> Outcome<()> {
    let scan = Scan::new(kl(0), 2..=6);
    let outcomes = scan.run(x, Vec::new(), &mut ())?;
    let found = partwise::select::summaries(&outcomes, 0);
    let advice = partwise::select::advise(&found, 0);
    writeln!(
        out,
        "### All 5000 genes\n\n\
         *Published*: cophenetic correlation by J.-P. Brunet et al. (2004), doi:10.1073/pnas.0308531101. Ours: ranks 2 to 6, 10\n\
         runs, 5 folds, loss `kl`, options as they are by default.\n"
    )?;
    let mut table = Markdown::new(
        0,
        [
            "rank",
            "cophenetic, published",
            "cophenetic",
            "dispersion",
            "stability",
            "held-out loss",
            "standard error",
        ],
    );
    for summary in &found {
        let published = WHOLE.iter().find(|(rank, _)| *rank == summary.rank).map(|known| known.1);
        table.row([
            summary.rank.to_string(),
            decimals(published),
            decimals(summary.consensus.and_then(|measures| measures.cophenetic)),
            decimals(summary.consensus.map(|measures| measures.dispersion)),
            decimals(summary.stability),
            decimals(summary.held_out.as_ref().map(|held_out| held_out.median)),
            decimals(summary.held_out.as_ref().map(|held_out| held_out.error)),
        ]);
    }
    writeln!(out, "{table}\nRecommended: {}.\n", recommended(&advice))?;
    advice.reasons.iter().try_for_each(|reason| writeln!(out, "- {reason}"))?;
    for rank in [2, 3] {
        let mut consensus = Consensus::new(x.rows());
        let whole = outcomes.iter().filter(|outcome| outcome.job.rank == rank && !outcome.labels.is_empty());
        whole.for_each(|outcome| consensus.add(outcome.labels.clone()));
        let map = consensus.map(rank, usize::MAX, 0);
        writeln!(out, "\nClusters of the consensus at rank {rank}:\n")?;
        for cluster in 0..rank {
            let members: Vec<&str> = map
                .samples
                .iter()
                .zip(&map.clusters)
                .filter(|(_, c)| **c == cluster)
                .map(|(&i, _)| samples[i])
                .collect();
            writeln!(out, "- {}", grouped(&members))?;
        }
    }
    Ok(())
}

/// Names of samples by what they are: `17 ALL B, 1 AML (AML_13)`.
fn grouped(members: &[&str]) -> String {
    let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
    for &name in members {
        let kind = kind_of(name);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, names)) => names.push(name),
            None => kinds.push((kind, vec![name])),
        }
    }
    kinds.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let parts: Vec<String> = kinds
        .iter()
        .map(|(kind, names)| {
            let few = if names.len() <= 3 { format!(" (`{}`)", names.join("`, `")) } else { String::new() };
            format!("{} {kind}{few}", names.len())
        })
        .collect();
    parts.join(", ")
}

/// `ALL_19769_B-cell` is `ALL B-cell`; `AML_13` is `AML`.
fn kind_of(name: &str) -> String {
    let mut parts = name.split('_');
    let (first, last) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
    if last.chars().any(char::is_alphabetic) { format!("{first} {last}") } else { first.into() }
}
