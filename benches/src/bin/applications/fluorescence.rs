//! Spectra: entries that are missing in fact, and entries that are hidden to see how well they are predicted.

use crate::{Section, commands, skipped};
use partwise::{Fit, HoldOut, Matrix, Missing, Negatives, Nmf, Unseen, Weights};
use partwise_benches::claims::Claims;
use partwise_benches::markdown::Markdown;
use partwise_benches::metrics::relative;
use partwise_benches::npy::Array;
use partwise_benches::table::Table;
use partwise_benches::{Outcome, datasets};
use std::fmt::Write;
use std::path::Path;

pub(crate) const SET: &str = "eem_kinetic";
const TITLE: &str = "Fluorescence: missing and hidden entries";
const RANKS: [usize; 2] = [3, 4];
const HIDDEN: f64 = 0.2;
const SEED: u64 = 1;

const ABOUT: &str = "\
R. P. H. Nikolajsen, K. S. Booksh, Å. M. Hansen, R. Bro (2003), \"Quantifying catecholamines using multi-way kinetic
modelling\", Analytica Chimica Acta 475, 137-150: fluorescence of reacting mixtures, 64 experiments at 12 emission and 10
excitation wavelengths and 60 times. The array is unfolded with a row for every experiment and time, and a column for
every pair of wavelengths: a row is a spectrum, so H has the spectra of the fluorophores, and W how much of each there
was in an experiment at a time. (Rows could as well be experiments with pairs of wavelengths, and columns times; H would
then have courses in time.)";

/// X with NaN for what is missing.
struct Spectra {
    x: Table,
    missing: usize,
    negative: usize,
    blank: usize,
}

impl Spectra {
    fn load(data: &Path) -> Outcome<Option<Spectra>> {
        let file = |name: &str| data.join(SET).join(name);
        let (values, mask) = (file("Kinetic.npy"), file("Kinetic_missing.npy"));
        if !values.exists() || !mask.exists() {
            return Ok(None);
        }
        let (values, mask) = (Array::load(&values)?, Array::load(&mask)?);
        if values.shape != mask.shape || values.shape.len() != 4 {
            return Err("values and mask of four axes, and of one shape, are needed".into());
        }
        // Axes: experiment, emission, excitation, time.
        let (values, mask) = (values.unfold(&[0, 3], &[1, 2]), mask.unfold(&[0, 3], &[1, 2]));
        let x = Table::new(values.rows, values.cols, |i, j| {
            if mask.at(i, j) == 0.0 { values.at(i, j) } else { f64::NAN }
        });
        let blank = x.values.chunks_exact(x.cols).filter(|row| row.iter().all(|x| x.is_nan())).count();
        Ok(Some(Spectra {
            missing: x.values.iter().filter(|x| x.is_nan()).count(),
            negative: x.values.iter().filter(|x| **x < 0.0).count(),
            x,
            blank,
        }))
    }

    fn known(&self) -> impl Iterator<Item = (usize, usize)> {
        let cols = self.x.cols;
        let known = self.x.values.iter().enumerate().filter(|(_, x)| !x.is_nan());
        known.map(move |(at, _)| (at / cols, at % cols))
    }

    fn weighted(&self, mask: Option<HoldOut>) -> Outcome<Matrix<'static, f64>> {
        let weights = Weights::new().missing(Missing::Nan);
        let weights = mask.into_iter().fold(weights, Weights::hold_out);
        Ok(self.x.dense()?.weighted(weights)?)
    }
}

/// The section.
pub(crate) fn section(data: &Path) -> Outcome<Section> {
    let Some(spectra) = Spectra::load(data)? else {
        return Ok(skipped(TITLE, &format!("{SET}/Kinetic.npy or Kinetic_missing.npy")));
    };
    let mut section = Section { text: String::new(), claims: Claims::default() };
    let about = datasets::about(data, SET, "Kinetic.npy` and `Kinetic_missing.npy")?;
    let (m, n) = (spectra.x.rows, spectra.x.cols);
    writeln!(
        section.text,
        "## {TITLE}\n\n{ABOUT}\n\n{about}\n\n\
         X is ({m}, {n}). {} entries are missing (1 in the mask; the array has 0 there), {} rows are missing as a whole and get\n\
         zeros in W (`Unseen::Zeros`). {} entries are below zero, being noise around it: *kept* fits them as they are,\n\
         *clipped* as zeros.\n",
        spectra.missing, spectra.blank, spectra.negative
    )?;
    whole(&mut section, &spectra)?;
    hidden(&mut section, &spectra)?;
    section.text += &commands(&format!(
        "python3 -c 'import numpy as np; x, gone = np.load(\"Kinetic.npy\"), np.load(\"Kinetic_missing.npy\")\n\
         x[gone] = np.nan; np.save(\"X.npy\", x.transpose(0, 3, 1, 2).reshape({m}, {n}))'\n\
         partwise fit X.npy --missing nan --unseen zeros --negatives keep --rank {} --hold-out {HIDDEN}:{SEED}",
        RANKS[0]
    ));
    Ok(section)
}

fn fit(rank: usize, negatives: Negatives, x: &Matrix<'_, f64>) -> Outcome<Fit<f64>> {
    Ok(Nmf::new(rank).negatives(negatives).unseen(Unseen::Zeros).fit(x)?)
}

fn model(fit: &Fit<f64>, i: usize, j: usize) -> f64 {
    fit.w.row(i).iter().zip(fit.h.row(j)).map(|(a, b)| a * b).sum()
}

/// Everything that is known, fitted.
fn whole(section: &mut Section, spectra: &Spectra) -> Outcome<()> {
    writeln!(
        section.text,
        "### All that is known\n\n\
         The error is `||X - WH|| / ||X||` over the entries that are known, negative ones as they are.\n"
    )?;
    let mut table = Markdown::new(1, ["negatives", "rank", "error", "iterations", "residual", "status"]);
    let x = spectra.weighted(None)?;
    for (name, negatives) in [("kept", Negatives::Keep), ("clipped", Negatives::Clip)] {
        for rank in RANKS {
            let fit = fit(rank, negatives, &x)?;
            let error = relative(spectra.known().map(|(i, j)| (spectra.x.at(i, j), model(&fit, i, j))));
            table.row([
                name.into(),
                rank.to_string(),
                format!("{error:.5}"),
                fit.iterations.to_string(),
                format!("{:.0e}", fit.kkt_residual()),
                fit.status.to_string(),
            ]);
        }
    }
    writeln!(section.text, "{table}")?;
    Ok(())
}

/// Some of what is known is hidden, and predicted.
fn hidden(section: &mut Section, spectra: &Spectra) -> Outcome<()> {
    let mask = HoldOut::share(SEED, HIDDEN);
    let known: Vec<(usize, usize)> = spectra.known().collect();
    let hidden: Vec<(usize, usize)> = known.iter().filter(|(i, j)| mask.holds(*i, *j)).copied().collect();
    let kept: Vec<(usize, usize)> = known.into_iter().filter(|(i, j)| !mask.holds(*i, *j)).collect();
    writeln!(
        section.text,
        "### Some of it hidden\n\n\
         {} of the known entries are hidden (`HoldOut::share({SEED}, {HIDDEN})`) and predicted. The error is\n\
         `||X - prediction|| / ||X||` over the hidden entries. Means are over what is not hidden: of a column, that is of a pair\n\
         of wavelengths; of a row, that is of a spectrum; or half of each.\n",
        hidden.len()
    )?;
    let error = |predict: &dyn Fn(usize, usize) -> f64| {
        relative(hidden.iter().map(|&(i, j)| (spectra.x.at(i, j), predict(i, j))))
    };
    let rows = means(&kept, spectra.x.rows, |i, j| (i, spectra.x.at(i, j)));
    let columns = means(&kept, spectra.x.cols, |i, j| (j, spectra.x.at(i, j)));
    let others = [
        ("zeros", error(&|_, _| 0.0)),
        ("column means", error(&|_, j| columns[j])),
        ("row means", error(&|i, _| rows[i])),
        ("half of each mean", error(&|i, j| 0.5 * (rows[i] + columns[j]))),
    ];
    let mut table = Markdown::new(1, ["prediction", "error"]);
    for (name, error) in others {
        table.row([name.into(), format!("{error:.5}")]);
    }
    let x = spectra.weighted(Some(mask))?;
    let mut worst = 0.0f64;
    for (name, negatives) in [("kept", Negatives::Keep), ("clipped", Negatives::Clip)] {
        for rank in RANKS {
            let fit = fit(rank, negatives, &x)?;
            let error = error(&|i, j| model(&fit, i, j));
            worst = worst.max(error);
            table.row([format!("rank {rank}, negatives {name}"), format!("{error:.5}")]);
        }
    }
    writeln!(section.text, "{table}")?;
    for (name, error) in others {
        let claim = format!("the worst of our predictions, {worst:.5}, is better than {name}, {error:.5}");
        section.claims.check(claim, worst < error);
    }
    Ok(())
}

/// The means of groups; 0 of one without entries.
fn means(entries: &[(usize, usize)], groups: usize, of: impl Fn(usize, usize) -> (usize, f64)) -> Vec<f64> {
    let mut sums = vec![(0.0, 0usize); groups];
    for &(i, j) in entries {
        let (group, x) = of(i, j);
        sums[group].0 += x;
        sums[group].1 += 1;
    }
    sums.into_iter().map(|(sum, count)| if count == 0 { 0.0 } else { sum / count as f64 }).collect()
}
