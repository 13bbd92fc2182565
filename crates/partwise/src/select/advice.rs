//! Which rank, with the reason.
//!
//! Three questions, in this order:
//! 1. How many components do the data carry? Beyond that number, entries that were held out are no longer predicted better:
//!    the smallest rank whose loss, the median over the folds, is within one standard error of the lowest (Breiman et al.
//!    1984).
//! 2. How many of those are found again by every run? The largest rank up to that, of which the components are
//!    `STABLE` on average.
//! 3. Is there anything at all? Where a shuffled X is explained as well as X, there is not.
//!
//! Where the loss of held-out entries still falls at the largest rank, the number of question 1 lies beyond it, and that is
//! said.
//!
//! Without folds, question 2 alone is answered: the largest stable rank.
//!
//! Reference: L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), "Classification and Regression Trees", section 3.4.3.

use super::summary::{HeldOut, Summary};
use serde::Serialize;

/// The mean cosine from which components count as found again.
pub(super) const STABLE: f64 = 0.9;
/// A shuffled X that is explained to this share of X's explained part has the same structure.
const NOTHING: f64 = 0.9;

/// How sure a recommendation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// All criteria agree.
    High,
    /// They nearly do.
    Medium,
    /// They do not, or there are too few.
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

/// What summaries of ascending rank say.
pub fn advise(summaries: &[Summary]) -> Advice {
    let predictive = predictive(summaries);
    let last = summaries.last().map_or(0, |last| last.rank);
    let beyond = summaries.len() > 1 && predictive == Some(last);
    let is_stable =
        |summary: &&Summary| summary.rank == 1 || summary.stability.is_some_and(|mean| mean >= STABLE);
    let stable = summaries.iter().filter(is_stable).map(|summary| summary.rank).max();
    let mut advice =
        Advice { rank: None, confidence: Confidence::Low, reasons: Vec::new(), predictive, stable, beyond };
    if let Some(reason) = nothing(summaries) {
        advice.reasons.push(reason);
        return advice;
    }
    let say = |advice: &mut Advice, text: String| advice.reasons.push(text);
    let Some(most) = predictive.or(stable) else {
        say(
            &mut advice,
            "there are neither folds nor stable components to go by: scan with more runs or with folds"
                .into(),
        );
        return advice;
    };
    match predictive {
        Some(rank) if beyond => say(
            &mut advice,
            format!(
                "held-out entries are predicted better up to rank {rank}, the largest of the scan: more may be needed"
            ),
        ),
        Some(rank) => {
            say(&mut advice, format!("beyond rank {rank}, held-out entries are no longer predicted better"))
        }
        None => {}
    }
    let known = |rank: usize| summaries.iter().find(|summary| summary.rank == rank);
    let found =
        summaries.iter().filter(is_stable).map(|summary| summary.rank).filter(|&rank| rank <= most).max();
    let rank = match found {
        // A rank of 1 is stable whatever the data are.
        Some(rank) if rank > 1 || most == 1 => rank,
        _ => most,
    };
    let stability = known(rank).and_then(|summary| summary.stability);
    match (stability, found) {
        (Some(mean), Some(found)) if found == rank && rank < most => say(
            &mut advice,
            format!(
                "up to rank {rank}, every run finds the same components (mean cosine {mean:.2}); beyond it, they differ"
            ),
        ),
        (Some(mean), Some(found)) if found == rank => {
            let what = if rank == 1 { "component".into() } else { format!("{rank} components") };
            say(&mut advice, format!("every run finds the same {what} (mean cosine {mean:.2})"));
        }
        (Some(mean), _) => say(
            &mut advice,
            format!(
                "runs differ in what they find at every rank; at rank {rank}, the mean cosine is {mean:.2}"
            ),
        ),
        (None, _) => {}
    }
    let distance = most - rank;
    advice.rank = Some(rank);
    advice.confidence = match (predictive, stability) {
        (Some(_), Some(mean)) if mean >= STABLE && !beyond && distance == 0 => Confidence::High,
        (Some(_), Some(mean)) if mean >= STABLE && distance <= 1 + rank / 4 => Confidence::Medium,
        (Some(_), None) if rank == 1 && !beyond => Confidence::High,
        _ => Confidence::Low,
    };
    advice
}

/// Why there is no structure to be found, if so: the shuffled data are explained nearly as well at every rank.
fn nothing(summaries: &[Summary]) -> Option<String> {
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

/// The smallest rank whose held-out loss is within a standard error of the lowest.
fn predictive(summaries: &[Summary]) -> Option<usize> {
    let known: Vec<(usize, &HeldOut)> =
        summaries.iter().filter_map(|summary| Some((summary.rank, summary.held_out.as_ref()?))).collect();
    let (_, lowest) = known
        .iter()
        .filter(|(_, h)| h.median.is_finite())
        .min_by(|a, b| a.1.median.total_cmp(&b.1.median))?;
    // Of one fold there is no error.
    let enough = lowest.median + if lowest.error.is_finite() { lowest.error } else { 0.0 };
    known.iter().find(|(_, held_out)| held_out.median <= enough).map(|&(rank, _)| rank)
}

#[cfg(test)]
mod tests {
    use super::super::summary::median;
    use super::*;

    fn line(rank: usize, losses: &[f64], stability: f64, errors: (f64, f64)) -> Summary {
        let median = median(losses.iter().copied());
        let apart = super::super::summary::median(losses.iter().map(|loss| (loss - median).abs()));
        let error = 1.4826 * 1.2533 * apart / (losses.len() as f64).sqrt();
        let folds = losses.iter().copied().enumerate().collect();
        Summary {
            rank,
            runs: 10,
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
        let advice = advise(&scan);
        assert_eq!((advice.rank, advice.confidence, advice.beyond), (Some(3), Confidence::High, false));
        assert_eq!((advice.predictive, advice.stable), (Some(3), Some(3)));
    }

    #[test]
    fn what_still_rises_is_told() {
        let scan = [
            line(1, &[9.0, 9.2], 1.0, (0.9, 0.9)),
            line(2, &[5.0, 5.2], 0.97, (0.7, 0.85)),
            line(3, &[2.0, 2.2], 0.4, (0.3, 0.8)),
        ];
        let advice = advise(&scan);
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
        let advice = advise(&scan);
        assert_eq!(advice.rank, None);
        assert!(advice.reasons[0].contains("no structure"));
    }

    #[test]
    fn without_folds_the_largest_stable_rank_is_taken() {
        let scan =
            [line(2, &[], 0.99, (0.5, 0.9)), line(3, &[], 0.95, (0.4, 0.9)), line(4, &[], 0.6, (0.3, 0.9))];
        let advice = advise(&scan);
        assert_eq!((advice.rank, advice.confidence), (Some(3), Confidence::Low));
        assert_eq!(advise(&[]).rank, None);
    }
}
