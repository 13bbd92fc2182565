//! Which rank, with the reason.
//!
//! Three questions, in this order:
//! 1. How many components do the data carry? Beyond that number, entries that were held out are no longer predicted better:
//!    the smallest rank that is behind the one of the lowest loss by no more than a standard error (Breiman et al. 1984). Ranks
//!    are compared fold by fold, as all of them hold out the same entries: what makes a fold hard is in both numbers.
//! 2. How many of those are found again by every run? The largest rank up to that, of which the components are
//!    `STABLE` on average.
//! 3. Is there anything at all? Where a shuffled X is explained as well as X, there is not.
//!
//! Where the loss of held-out entries still falls at the largest rank, the number of question 1 lies beyond it, and that is
//! said.
//!
//! Without folds, question 2 alone is answered: the largest stable rank.
//!
//! Confidence is high as long as nothing speaks against the rank. Each doubt is told and takes a step from it: the rank is at an
//! end of the scan; the two answers differ; larger ranks predict as well, or are found again by every run; a smaller one
//! predicts nearly as well; one component is recommended for data that are not those of one; shuffled data are explained nearly
//! as well, where rank 1 is not there to compare with; fits are missing. A scan of which most fits are missing recommends
//! nothing.
//!
//! Reference: L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), "Classification and Regression Trees", section 3.4.3.

use super::summary::Summary;
use serde::Serialize;

/// The mean cosine from which components count as found again.
pub(super) const STABLE: f64 = 0.9;
/// A shuffled X that is explained to this share of X's explained part has the same structure.
const NOTHING: f64 = 0.9;
/// A rank that has this share of what all components together gain in prediction leaves little to the others.
const NEARLY: f64 = 0.95;
/// What X leaves unexplained is hardly less than what shuffled data leave if it is so by less than this share of that.
const HARDLY: f64 = 0.05;
/// Losses that differ by this share of the largest of a scan are the same: near an exact fit, the rest is rounding.
const SAME: f64 = 1e-9;

/// How sure a recommendation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing speaks against it.
    High,
    /// One thing does.
    Medium,
    /// Several do, or there is too little to go by.
    Low,
}

/// A recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// The rank, if there is one to recommend.
    pub rank: Option<usize>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// The smallest rank that predicts as well as any.
    pub predictive: Option<usize>,
    /// The largest rank with stable components.
    pub stable: Option<usize>,
    /// Whether a larger rank than those scanned may be better.
    pub beyond: bool,
}

/// What summaries of ascending rank say, of a scan of which so many fits are `missing`.
pub fn advise(summaries: &[Summary], missing: usize) -> Advice {
    let predictive = predictive(summaries);
    let last = summaries.last().map_or(0, |last| last.rank);
    let beyond = summaries.len() > 1 && predictive == Some(last);
    let stable = summaries.iter().filter(|s| is_stable(s)).map(|summary| summary.rank).max();
    let mut advice =
        Advice { rank: None, confidence: Confidence::Low, reasons: Vec::new(), predictive, stable, beyond };
    let done: usize = summaries.iter().map(|summary| summary.fits).sum();
    if missing > done {
        advice.beyond = false;
        advice.reasons.push(format!("of {} fits, {done} are done: too few to say", done + missing));
        return advice;
    }
    if let Some(reason) = nothing(summaries) {
        advice.reasons.push(reason);
        return advice;
    }
    let Some(most) = predictive.or(stable) else {
        advice.reasons.push(
            "there are neither folds nor stable components to go by: scan with more runs or with folds"
                .into(),
        );
        return advice;
    };
    let found = summaries.iter().filter(|s| is_stable(s)).map(|s| s.rank).filter(|&rank| rank <= most).max();
    let rank = match found {
        // A rank of 1 is stable whatever the data are.
        Some(rank) if rank > 1 || most == 1 => rank,
        _ => most,
    };
    advice.rank = Some(rank);
    advice.reasons = why(summaries, rank, most, &advice);
    let mut doubts = doubts(summaries, rank, most);
    if missing > 0 {
        let of = done + missing;
        let told = Some(format!("of {of} fits, {missing} are missing: they may say something else"));
        doubts.push(Doubt { steps: 2, told });
    }
    advice.confidence = match doubts.iter().map(|doubt| doubt.steps).sum() {
        0 => Confidence::High,
        1 => Confidence::Medium,
        _ => Confidence::Low,
    };
    advice.reasons.extend(doubts.into_iter().filter_map(|doubt| doubt.told));
    advice
}

fn is_stable(summary: &Summary) -> bool {
    summary.rank == 1 || summary.stability.is_some_and(|mean| mean >= STABLE)
}

/// Not only on average: a component too many may be another in every run, beside many that are the same.
fn all_are_stable(summary: &Summary) -> bool {
    summary.components.iter().all(|&cosine| cosine >= STABLE)
}

fn of_rank(summaries: &[Summary], rank: usize) -> Option<&Summary> {
    summaries.iter().find(|summary| summary.rank == rank)
}

/// What led to a rank, of at most `most`.
fn why(summaries: &[Summary], rank: usize, most: usize, advice: &Advice) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(predictive) = advice.predictive {
        reasons.push(if summaries.len() == 1 {
            format!("rank {predictive} is the only one of the scan: nothing says whether others are better")
        } else if advice.beyond {
            format!(
                "held-out entries are predicted better up to rank {predictive}, the largest of the scan: more may be needed"
            )
        } else {
            format!("beyond rank {predictive}, held-out entries are no longer predicted better")
        });
    }
    if let Some(summary) = of_rank(summaries, rank)
        && let Some(mean) = summary.stability
    {
        reasons.push(match is_stable(summary) {
            true if rank < most => format!(
                "up to rank {rank}, every run finds the same components (mean cosine {mean:.2}); beyond it, they differ"
            ),
            true => {
                let what = if rank == 1 { "component".into() } else { format!("{rank} components") };
                format!("every run finds the same {what} (mean cosine {mean:.2})")
            }
            false => format!(
                "runs differ in what they find at every rank; at rank {rank}, the mean cosine is {mean:.2}"
            ),
        });
    }
    reasons
}

/// What speaks against a rank.
struct Doubt {
    /// How many steps of confidence it takes.
    steps: usize,
    /// In words, where the reasons do not say so anyway.
    told: Option<String>,
}

fn doubts(summaries: &[Summary], rank: usize, most: usize) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let mut doubt = |steps: usize, told: Option<String>| doubts.push(Doubt { steps, told });
    let (Some(own), Some(first), Some(last)) =
        (of_rank(summaries, rank), summaries.first(), summaries.last())
    else {
        return doubts;
    };
    let Some(held_out) = &own.held_out else {
        doubt(
            2,
            Some("entries were not held out, so nothing says how many components the data carry".into()),
        );
        return doubts;
    };
    if predictive(summaries).is_none() {
        let why = "losses of held-out entries are not numbers, or all 0: X may be in units that are too large or too small to \
                   square; scan it in others";
        doubt(2, Some(why.into()));
    }
    if !is_stable(own) {
        doubt(2, None);
    } else if own.stability.is_none() && rank > 1 {
        doubt(1, Some("one run of a rank does not say whether others would find the same".into()));
    }
    match most - rank {
        0 => {}
        few if few <= 1 + rank / 4 => doubt(1, None),
        _ => doubt(2, None),
    }
    if most == last.rank && summaries.len() > 1 {
        doubt(1, None);
    }
    if summaries.len() == 1 {
        doubt(2, None);
    } else if rank == first.rank && rank > 1 {
        doubt(1, Some("it is the smallest rank of the scan: fewer may do as well".into()));
    }
    // The rank was taken as the smallest of several that are as good.
    let as_good = lowest(summaries).filter(|lowest| most == rank && lowest.rank > rank && is_stable(lowest));
    if let Some(lowest) = as_good {
        doubt(
            1,
            Some(format!("ranks up to {} predict as well, and their components are stable too", lowest.rank)),
        );
    } else if rank > 1
        && let Some(larger) =
            summaries.iter().rfind(|other| other.rank > most && is_stable(other) && all_are_stable(other))
    {
        doubt(
            1,
            Some(format!(
                "every run also finds the same {} components (mean cosine {:.2}): some may be real, though they are too weak to \
                 predict single entries",
                larger.rank,
                larger.stability.unwrap_or(f64::NAN)
            )),
        );
    }
    let gain = |other: &Summary| Some(first.held_out.as_ref()?.median - other.held_out.as_ref()?.median);
    let nearly = |other: &&Summary| {
        gain(other).zip(gain(own)).is_some_and(|(part, all)| all > 0.0 && part >= NEARLY * all)
    };
    if let Some(fewer) = summaries.iter().take_while(|other| other.rank < rank).find(nearly) {
        doubt(
            1,
            Some(format!(
                "rank {} has {:.0} % of what rank {rank} gains in prediction over rank {}: it may do, and is easier to read",
                fewer.rank,
                100.0 * gain(fewer).unwrap_or(f64::NAN) / gain(own).unwrap_or(f64::NAN),
                first.rank
            )),
        );
    }
    if held_out.folds.len() < 3 {
        doubt(1, Some("with fewer than 3 folds, nothing says how sure the prediction is".into()));
    }
    if let Some((own, shuffled)) = hardly(summaries, rank) {
        doubt(
            2,
            Some(format!(
                "at every rank, the same data with the entries of each column shuffled are explained nearly as well (relative \
                 error {shuffled:.3} at rank {rank}, {own:.3} as they are): there may be nothing to find; a scan from rank 1 on \
                 would say"
            )),
        );
    }
    if rank == 1
        && let Some((at, share)) = beyond_one(summaries)
    {
        doubt(
            2,
            Some(format!(
                "but at rank {at}, more is explained than if the entries of each column are shuffled ({share:.0} % more of \
                 what one component leaves): there may be components that are too weak to predict single entries"
            )),
        );
    }
    doubts
}

/// The relative errors of X and of shuffled data at every rank.
fn errors(summaries: &[Summary]) -> impl Iterator<Item = (usize, f64, f64)> {
    summaries.iter().filter_map(|summary| Some((summary.rank, summary.relative_error?, summary.shuffled?)))
}

/// Why there is no structure to be found, if so: the shuffled data are explained nearly as well at every rank. Without rank 1,
/// that is sure only if they are explained better.
fn nothing(summaries: &[Summary]) -> Option<String> {
    let without_one = summaries.first().is_some_and(|first| first.rank > 1);
    if without_one
        && errors(summaries).next().is_some()
        && errors(summaries).all(|(_, own, shuffled)| shuffled <= own)
    {
        return Some(
            "at every rank, the same data with the entries of each column shuffled are explained better: there is no structure \
             for a factorization to find"
                .into(),
        );
    }
    let gains: Vec<(f64, f64)> = summaries
        .iter()
        .filter(|summary| summary.rank > 1)
        .filter_map(|summary| Some((1.0 - summary.relative_error?.powi(2), 1.0 - summary.shuffled?.powi(2))))
        .collect();
    let base = summaries.iter().find(|summary| summary.rank == 1).and_then(|summary| summary.relative_error);
    let explained = base.map_or(0.0, |error| 1.0 - error.powi(2));
    // What is explained beyond the means of rows and columns, where rank 1 is known.
    let same = |&(own, shuffled): &(f64, f64)| shuffled - explained >= NOTHING * (own - explained);
    (!gains.is_empty() && base.is_some() && gains.iter().all(same)).then(|| {
        "at every rank, the same data with the entries of each column shuffled are explained as well: there is no structure \
         for a factorization to find"
            .into()
    })
}

/// The errors of X and of shuffled data at the largest rank, if at every rank they are nearly the same, and rank 1 is not there
/// to say whether that is much.
fn hardly(summaries: &[Summary], rank: usize) -> Option<(f64, f64)> {
    let same =
        |(_, own, shuffled): (usize, f64, f64)| shuffled.powi(2) - own.powi(2) < HARDLY * shuffled.powi(2);
    if summaries.first()?.rank == 1 || !errors(summaries).all(same) {
        return None;
    }
    errors(summaries).find(|&(of, ..)| of == rank).map(|(_, own, shuffled)| (own, shuffled))
}

/// The rank that explains most of what one component leaves beyond what it would explain of shuffled data, and by how many
/// percent of that, if it is more than chance.
fn beyond_one(summaries: &[Summary]) -> Option<(usize, f64)> {
    let left = of_rank(summaries, 1)?.relative_error?.powi(2);
    let more = |summary: &Summary| {
        Some((summary.rank, 100.0 * (summary.shuffled?.powi(2) - summary.relative_error?.powi(2)) / left))
    };
    let most = summaries.iter().filter(|s| s.rank > 1).filter_map(more).max_by(|a, b| a.1.total_cmp(&b.1));
    most.filter(|&(_, share)| share > 1.0)
}

/// The rank with the lowest loss of held-out entries.
fn lowest(summaries: &[Summary]) -> Option<&Summary> {
    let known = summaries.iter().filter_map(|summary| Some((summary, summary.held_out.as_ref()?.median)));
    known.filter(|(_, median)| median.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(found, _)| found)
}

/// The smallest rank whose held-out loss is above the lowest by no more than a standard error.
fn predictive(summaries: &[Summary]) -> Option<usize> {
    let lowest = lowest(summaries)?.held_out.as_ref()?;
    let medians = summaries.iter().filter_map(|summary| Some(summary.held_out.as_ref()?.median));
    let largest = medians.filter(|median| median.is_finite()).fold(0.0, f64::max);
    if largest == 0.0 {
        // Of X below 1e-154 or so, squares are.
        return None;
    }
    let rounding = SAME * largest;
    let close = |summary: &&Summary| {
        summary.held_out.as_ref().is_some_and(|held_out| {
            let (behind, error) = held_out.behind(lowest);
            behind <= error.max(rounding)
        })
    };
    summaries.iter().find(close).map(|summary| summary.rank)
}

#[cfg(test)]
mod tests {
    use super::super::summary::{HeldOut, middle};
    use super::*;

    fn line(rank: usize, losses: &[f64], stability: f64, errors: (f64, f64)) -> Summary {
        let (median, error) = middle(losses);
        let folds = losses.iter().copied().enumerate().collect();
        Summary {
            rank,
            runs: 10,
            fits: 15,
            converged: 10,
            best: Some(0),
            objective: Some(1.0),
            mean_objective: Some(1.0),
            relative_error: Some(errors.0),
            residual: None,
            explained: None,
            sparseness_w: None,
            sparseness_h: None,
            stability: Some(stability),
            components: Vec::new(),
            consensus: None,
            held_out: (!losses.is_empty()).then_some(HeldOut { median, error, mean: median, folds }),
            bi_cross: None,
            shuffled: Some(errors.1),
            iterations: 1.0,
            seconds: 1.0,
        }
    }

    #[test]
    fn the_rank_that_predicts_and_is_found_again_is_sure() {
        let scan = [
            line(1, &[9.0, 9.2, 9.1], 1.0, (0.9, 0.9)),
            line(2, &[5.0, 5.2, 5.1], 0.97, (0.7, 0.85)),
            line(3, &[2.0, 2.2, 2.1], 0.99, (0.3, 0.8)),
            // Lower, but not by more than it varies.
            line(4, &[1.98, 2.25, 2.05], 0.5, (0.28, 0.75)),
        ];
        let advice = advise(&scan, 0);
        assert_eq!((advice.rank, advice.confidence, advice.beyond), (Some(3), Confidence::High, false));
        assert_eq!((advice.predictive, advice.stable), (Some(3), Some(3)));
    }

    /// The ways in which a recommendation is less than sure, from one that is.
    #[test]
    fn doubts_are_told_and_take_confidence() {
        let sure = || {
            vec![
                line(1, &[9.0, 9.2, 9.1], 1.0, (0.9, 0.9)),
                line(2, &[5.0, 5.2, 5.1], 0.97, (0.7, 0.85)),
                line(3, &[2.0, 2.2, 2.1], 0.99, (0.3, 0.8)),
                line(4, &[2.2, 2.5, 2.4], 0.6, (0.28, 0.75)),
            ]
        };
        assert_eq!(advise(&sure(), 0).confidence, Confidence::High);
        let doubted = |change: &dyn Fn(&mut Vec<Summary>), wanted: Confidence, word: &str| {
            let mut scan = sure();
            change(&mut scan);
            let advice = advise(&scan, 0);
            assert_eq!((advice.rank, advice.confidence), (Some(3), wanted), "{word}: {:?}", advice.reasons);
            assert!(
                advice.reasons.iter().any(|reason| reason.contains(word)),
                "{word}: {:?}",
                advice.reasons
            );
        };
        // Nearly as good with fewer.
        doubted(
            &|scan| scan[1] = line(2, &[2.1, 2.3, 2.2], 0.97, (0.31, 0.8)),
            Confidence::Medium,
            "easier to read",
        );
        // As good with more, which are found again too.
        doubted(
            &|scan| scan[3] = line(4, &[1.9, 2.25, 2.05], 0.99, (0.28, 0.8)),
            Confidence::Medium,
            "ranks up to 4 predict as well",
        );
        // Worse with more, which are found again all the same.
        doubted(
            &|scan| scan[3].stability = Some(0.95),
            Confidence::Medium,
            "every run also finds the same 4",
        );
        // One component of them is another in every run.
        let mut scan = sure();
        (scan[3].stability, scan[3].components) = (Some(0.95), vec![1.0, 1.0, 1.0, 0.8]);
        assert_eq!(advise(&scan, 0).confidence, Confidence::High);
        doubted(&|scan| scan.truncate(3), Confidence::Medium, "more may be needed");
        doubted(&|scan| drop(scan.drain(..2)), Confidence::Medium, "smallest rank of the scan");
        doubted(
            &|scan| scan.iter_mut().skip(1).for_each(|line| line.stability = Some(0.5)),
            Confidence::Low,
            "runs differ",
        );
    }

    /// Ranks are compared on the same folds: that folds differ among themselves says nothing of ranks.
    #[test]
    fn what_every_fold_says_counts_though_folds_differ() {
        let scan = [
            line(1, &[9.0, 90.0, 30.0], 1.0, (0.9, 0.9)),
            line(2, &[8.0, 80.0, 25.0], 0.97, (0.7, 0.85)),
            line(3, &[7.0, 70.0, 20.0], 0.99, (0.3, 0.8)),
            line(4, &[7.5, 71.0, 21.0], 0.99, (0.28, 0.75)),
        ];
        assert_eq!(advise(&scan, 0).predictive, Some(3));
    }

    #[test]
    fn one_component_is_not_sure_where_more_explain_what_shuffled_data_do_not() {
        let scan = |error: f64| {
            let more = line(2, &[1.2, 1.3, 1.2], 0.4, (error, 0.85));
            let scan = [
                line(1, &[1.0, 1.1, 1.0], 1.0, (0.9, 0.9)),
                more,
                line(3, &[1.4, 1.5, 1.4], 0.3, (0.7, 0.8)),
            ];
            advise(&scan, 0)
        };
        let weak = scan(0.7);
        assert_eq!((weak.rank, weak.confidence), (Some(1), Confidence::Low));
        assert!(weak.reasons.iter().any(|reason| reason.contains("too weak")), "{:?}", weak.reasons);
    }

    /// Without rank 1, nothing says what one component would explain of noise.
    #[test]
    fn noise_is_not_sure_without_rank_one_either() {
        let scan = |shuffled: f64| {
            [
                line(2, &[1.2, 1.2, 1.2], 1.0, (0.461, shuffled)),
                line(3, &[1.3, 1.4, 1.3], 0.3, (0.44, shuffled - 0.02)),
            ]
        };
        let doubted = advise(&scan(0.464), 0);
        assert_eq!((doubted.rank, doubted.confidence), (Some(2), Confidence::Low));
        assert!(
            doubted.reasons.iter().any(|reason| reason.contains("from rank 1 on")),
            "{:?}",
            doubted.reasons
        );
        // Better than X itself: there is nothing.
        assert_eq!(advise(&scan(0.43), 0).rank, None);
        assert!(advise(&scan(0.6), 0).reasons.iter().all(|reason| !reason.contains("shuffled")));
    }

    #[test]
    fn a_single_rank_and_a_scan_that_was_broken_off_are_not_sure() {
        let scan = [
            line(1, &[9.0, 9.2, 9.1], 1.0, (0.9, 0.9)),
            line(2, &[5.0, 5.2, 5.1], 0.97, (0.7, 0.85)),
            line(3, &[2.0, 2.2, 2.1], 0.99, (0.3, 0.8)),
            line(4, &[2.2, 2.5, 2.4], 0.6, (0.28, 0.75)),
        ];
        let one = advise(&scan[2..3], 0);
        assert_eq!((one.rank, one.confidence, one.beyond), (Some(3), Confidence::Low, false));
        assert!(one.reasons[0].contains("the only one"), "{:?}", one.reasons);
        // 60 fits are done.
        let few = advise(&scan, 61);
        assert!(
            few.rank.is_none() && few.reasons[0].contains("of 121 fits, 60 are done"),
            "{:?}",
            few.reasons
        );
        let most = advise(&scan, 5);
        assert_eq!((most.rank, most.confidence), (Some(3), Confidence::Low));
    }

    /// What is left of an exact fit is rounding, and no reason to take more components.
    #[test]
    fn losses_of_exact_fits_are_the_same() {
        let scan = [
            line(1, &[9.0, 9.2, 9.1], 1.0, (0.9, 0.9)),
            line(2, &[3e-28, 2e-28, 4e-28], 1.0, (1e-14, 0.85)),
            line(3, &[3e-30, 2e-30, 4e-30], 0.4, (1e-15, 0.8)),
        ];
        assert_eq!(advise(&scan, 0).predictive, Some(2));
    }

    /// Squares of entries around 1e155 are no numbers any more, and those of 1e-170 are 0.
    #[test]
    fn losses_that_are_no_numbers_decide_nothing() {
        for loss in [f64::INFINITY, 0.0] {
            let scan = [1, 2, 3].map(|rank| line(rank, &[loss; 3], 1.0, (0.5 / rank as f64, 0.8)));
            let advice = advise(&scan, 0);
            assert_eq!((advice.predictive, advice.confidence), (None, Confidence::Low));
            assert!(advice.reasons.iter().any(|reason| reason.contains("too large or too small")), "{loss}");
        }
    }

    #[test]
    fn what_still_rises_is_told() {
        let scan = [
            line(1, &[9.0, 9.2], 1.0, (0.9, 0.9)),
            line(2, &[5.0, 5.2], 0.97, (0.7, 0.85)),
            line(3, &[2.0, 2.2], 0.4, (0.3, 0.8)),
        ];
        let advice = advise(&scan, 0);
        assert!(advice.beyond && advice.rank == Some(2) && advice.confidence != Confidence::High);
        assert!(advice.reasons[0].contains("more may be needed"), "{:?}", advice.reasons);
    }

    #[test]
    fn noise_has_no_rank() {
        let scan = [
            line(1, &[1.0, 1.1], 1.0, (0.9, 0.9)),
            line(2, &[1.2, 1.2], 0.4, (0.85, 0.85)),
            line(3, &[1.3, 1.4], 0.3, (0.8, 0.8)),
        ];
        let advice = advise(&scan, 0);
        assert_eq!(advice.rank, None);
        assert!(advice.reasons[0].contains("no structure"));
    }

    #[test]
    fn without_folds_the_largest_stable_rank_is_taken() {
        let scan =
            [line(2, &[], 0.99, (0.5, 0.9)), line(3, &[], 0.95, (0.4, 0.9)), line(4, &[], 0.6, (0.3, 0.9))];
        let advice = advise(&scan, 0);
        assert_eq!((advice.rank, advice.confidence), (Some(3), Confidence::Low));
        assert_eq!(advise(&[], 0).rank, None);
    }
}
