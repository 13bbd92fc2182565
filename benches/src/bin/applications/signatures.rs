//! Cancer: known signatures of mutations are kept, others are found beside them.

use crate::{Section, commands, skipped};
use partwise::{Factor, Factors, Fit, Given, Init, Loss, Matrix, Nmf, Normalize, Penalty, PenaltyKind};
use partwise_benches::claims::Claims;
use partwise_benches::markdown::{Markdown, grouped};
use partwise_benches::metrics::{cosine, partners};
use partwise_benches::table::Table;
use partwise_benches::{Outcome, datasets};
use std::fmt::Write;
use std::path::Path;

pub(crate) const SET: &str = "sbs_560breast";
const TITLE: &str = "Cancer: known signatures, and those beside them";
const RANK: usize = 10;
const KNOWN: usize = 4;
const STARTS: usize = 10;
/// How much of itself the loss may be above the one of the free fit.
const ABOVE: f64 = 0.01;
/// The least cosine of signatures that count as the same.
const ALIKE: f64 = 0.9;
const TOO_MANY: usize = 20;
const WEIGHTS: [f64; 4] = [0.0, 0.01, 0.03, 0.1];
/// A component with less of all mutations is not used.
const ALIVE: f64 = 1e-3;

const ABOUT: &str = "\
S. Nik-Zainal et al. (2016), \"Landscape of somatic mutations in 560 breast cancer whole-genome sequences\",
doi:10.1038/nature17676: single-base substitutions of 96 classes, counted in 560 tumours. Rows are tumours, so H has the
signatures. Counts are fitted with Kullback-Leibler.";

/// The section.
pub(crate) fn section(data: &Path) -> Outcome<Section> {
    let Some(set) = datasets::load(data, SET, "X.npy")? else {
        return Ok(skipped(TITLE, &format!("{SET}/X.npy")));
    };
    // The file has classes by tumours.
    let x = Table::new(set.x.cols, set.x.rows, |i, j| set.x.at(j, i)).dense::<f64>()?;
    let mut section = Section { text: String::new(), claims: Claims::default() };
    writeln!(section.text, "## {TITLE}\n\n{ABOUT}\n\n{}\n", set.origin)?;
    known(&mut section, &x)?;
    too_many(&mut section, &x)?;
    section.text += &commands(&format!(
        "# known.npy: {KNOWN} rows of 96 numbers\n\
         partwise fit X.npy --transpose --rank {RANK} --loss kl --init random --restarts {STARTS} --fix-components known.npy\n\
         partwise fit X.npy --transpose --rank {TOO_MANY} --loss kl --init random --penalty ard:wh:{}",
        WEIGHTS[3]
    ));
    Ok(section)
}

fn kl(rank: usize) -> Nmf {
    Nmf::new(rank).loss(Loss::KullbackLeibler).init(Init::Random)
}

/// The components of H, each of length n.
fn signatures(fit: &Fit<f64>) -> Vec<Vec<f64>> {
    (0..fit.h.rank()).map(|c| (0..fit.h.rows()).map(|j| fit.h.row(j)[c]).collect()).collect()
}

/// A free fit; then some of its signatures are taken for known.
fn known(section: &mut Section, x: &Matrix<'_, f64>) -> Outcome<()> {
    let free = kl(RANK).restarts(STARTS).normalize(Normalize::L1).fit(x)?;
    let mut order: Vec<usize> = (0..RANK).collect();
    order.sort_by(|&a, &b| free.shares[b].total_cmp(&free.shares[a]));
    let of_free = signatures(&free);
    let taken = &order[..KNOWN];
    let rows: Vec<f64> = taken.iter().flat_map(|&c| of_free[c].clone()).collect();
    let given = Given { fixed_h: Some(Factor::from_transposed(x.cols(), KNOWN, &rows)?), ..Given::default() };
    let beside = kl(RANK).restarts(STARTS).fit_from(x, &given)?;
    let found = signatures(&beside);
    let same = found.iter().take(KNOWN).flatten().zip(&rows).all(|(a, b)| a.to_bits() == b.to_bits());
    let (others, new) = (&order[KNOWN..], &found[KNOWN..]);
    let partner = partners(others.len(), |a, b| -cosine(&of_free[others[a]], &new[b]));
    let above = beside.loss / free.loss - 1.0;
    let used: f64 = taken.iter().map(|&c| free.shares[c]).sum();
    writeln!(
        section.text,
        "### {KNOWN} known, {} to be found\n\n\
         No file of known signatures is at hand, so they are made here: of a free fit at rank {RANK}, the best of {STARTS} random\n\
         starts, the {KNOWN} most used signatures ({:.0}% of all mutations) are taken for known. They are fixed (`Given::fixed_h`),\n\
         and {} more are found beside them, from {STARTS} random starts anew. The loss is {} for the free fit and {} beside\n\
         the known ones, {:+.2}%. The other signatures of the free fit, with their best partners:\n",
        RANK - KNOWN,
        100.0 * used,
        RANK - KNOWN,
        grouped(free.loss, 1),
        grouped(beside.loss, 1),
        100.0 * above
    )?;
    let mut table = Markdown::new(0, ["of the free fit", "share", "found", "share", "cosine"]);
    let mut least = 1.0f64;
    for (a, &b) in partner.iter().enumerate() {
        let alike = cosine(&of_free[others[a]], &new[b]);
        least = least.min(alike);
        table.row([
            (others[a] + 1).to_string(),
            format!("{:.1}%", 100.0 * free.shares[others[a]]),
            (KNOWN + b + 1).to_string(),
            format!("{:.1}%", 100.0 * beside.shares[KNOWN + b]),
            format!("{alike:.4}"),
        ]);
    }
    writeln!(section.text, "{table}")?;
    section.claims.check(format!("the {KNOWN} known signatures have the same bits in the result"), same);
    section.claims.check(
        format!("the loss is at most {:.0}% above the one of the free fit", 100.0 * ABOVE),
        above <= ABOVE,
    );
    section.claims.check(
        format!("every other signature of the free fit is found, with a cosine of {least:.3} or more, above {ALIKE}"),
        least > ALIKE,
    );
    Ok(())
}

/// More components than there are signatures.
fn too_many(section: &mut Section, x: &Matrix<'_, f64>) -> Outcome<()> {
    writeln!(
        section.text,
        "### Too many components\n\n\
         {TOO_MANY} components, with a penalty that switches off those that explain little: `ard` (automatic relevance\n\
         determination) or `group`. *Used* counts components with more than {}% of all mutations; the note is the fit's own.\n",
        100.0 * ALIVE
    )?;
    let mut table = Markdown::new(2, ["penalty", "note", "used", "loss"]);
    let (mut fewest, mut agree) = (TOO_MANY, true);
    for kind in [PenaltyKind::Ard, PenaltyKind::Group] {
        for weight in WEIGHTS {
            let penalty = Penalty::new(kind, Factors::Both, weight);
            let fit = kl(TOO_MANY).penalty(penalty).fit(x)?;
            let used = fit.shares.iter().filter(|share| **share > ALIVE).count();
            fewest = fewest.min(used);
            let note = fit.notes.iter().find(|note| note.contains("components"));
            agree &= used_by(note) == used;
            table.row([
                penalty.to_string(),
                note.cloned().unwrap_or_default(),
                used.to_string(),
                grouped(fit.loss, 1),
            ]);
        }
    }
    writeln!(section.text, "{table}")?;
    section.claims.check(
        format!(
            "components are switched off, down to {fewest} of {TOO_MANY}, and the notes count them rightly"
        ),
        agree && fewest < TOO_MANY && fewest > 0,
    );
    Ok(())
}

/// How many components are used, going by a note.
fn used_by(note: Option<&String>) -> usize {
    let Some(note) = note else { return TOO_MANY };
    let number = note.split(' ').find_map(|word| word.parse::<usize>().ok()).unwrap_or(0);
    // "relevance determination keeps 9 of 20 ..." or "9 of 20 components are zero ..."
    if note.contains("keeps") { number } else { TOO_MANY - number }
}
