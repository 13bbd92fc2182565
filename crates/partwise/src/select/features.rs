//! Which features a component stands for.
//!
//! Three answers, for component c with row h_c of H and share s_c of the model ([`Fit::shares`](crate::Fit::shares)), with
//! `p_cj = |h_cj| / sum over j of |h_cj|`:
//! - *weight*: `p_cj`, how much of the component is in the feature. What is frequent everywhere comes first everywhere.
//! - *lift* (Sievert & Shirley 2014): `p_cj / sum over d of s_d p_dj`, how many times as much of the feature the component has
//!   as the whole model. What is rare comes first.
//! - *specificity* (Kim & Park 2007, there "gene score"): `1 + sum over d of q_dj log q_dj / log k` with
//!   `q_dj = s_d p_dj / sum over d of s_d p_dj`: 1 where one component alone has the feature, 0 where all have as much of it. It
//!   is the feature's, and goes with the component that has most of it; others have 0 there.
//!
//! By shares, none of them depends on how components are scaled.
//!
//! Cost: O(n k).
//!
//! References: C. Sievert, K. Shirley (2014), "LDAvis", doi:10.3115/v1/W14-3110; H. Kim, H. Park (2007),
//! doi:10.1093/bioinformatics/btm134.

use crate::factor::Factor;
use crate::scalar::Scalar;
use serde::{Deserialize, Serialize};

/// What the first features of a component are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Those that it has most of.
    #[default]
    Weight,
    /// Those that it has most of, compared to the whole model.
    Lift,
    /// Those that it has alone.
    Specificity,
}

/// A feature of a component.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TopFeature {
    /// Which column of X.
    pub feature: usize,
    /// Its part of the component, from 0 to 1.
    pub weight: f64,
    /// How many times as much as in the whole model.
    pub lift: f64,
    /// 1 where no other component has it, 0 where another has more of it.
    pub specificity: f64,
}

/// The first `count` features of each component, in the order that `by` says and never one that the component is zero in.
/// `shares` has the share of each component in the model, or numbers in proportion to it; if it has another length, all are
/// taken to be equal.
///
/// ```
/// use partwise::Factor;
/// use partwise::select::{By, top_features};
///
/// let h = Factor::from_transposed(3, 2, &[5.0, 4.0, 1.0, 5.0, 0.0, 5.0])?;
/// let first = |by| top_features(&h, &[0.5, 0.5], by, 1)[0][0].feature;
/// assert_eq!([first(By::Weight), first(By::Lift), first(By::Specificity)], [0, 1, 1]);
/// # Ok::<(), partwise::Error>(())
/// ```
pub fn top_features<T: Scalar>(h: &Factor<T>, shares: &[f64], by: By, count: usize) -> Vec<Vec<TopFeature>> {
    let (n, k) = (h.rows(), h.rank());
    let equal = vec![1.0 / k.max(1) as f64; k];
    let shares = of_sum_1(if shares.len() == k { shares } else { &equal });
    let largest: Vec<f64> =
        (0..k).map(|c| (0..n).map(|j| h.row(j)[c].to_f64().abs()).fold(0.0, f64::max)).collect();
    // In units of the largest entry, of which there may be more than fit into a number.
    let unit = |j: usize, c: usize| {
        if largest[c] > 0.0 { h.row(j)[c].to_f64().abs() / largest[c] } else { 0.0 }
    };
    let sums: Vec<f64> = (0..k).map(|c| (0..n).map(|j| unit(j, c)).sum()).collect();
    let part = |j: usize, c: usize| if sums[c] > 0.0 { unit(j, c) / sums[c] } else { 0.0 };
    let mut all = vec![Vec::new(); k];
    for j in 0..n {
        let amounts: Vec<f64> = (0..k).map(|c| shares[c] * part(j, c)).collect();
        let total: f64 = amounts.iter().sum();
        if total <= 0.0 {
            continue;
        }
        let most = amounts.iter().copied().fold(0.0, f64::max);
        let owner = amounts.iter().position(|&amount| amount == most);
        let disorder: f64 =
            amounts.iter().map(|amount| amount / total).filter(|&q| q > 0.0).map(|q| -q * q.ln()).sum();
        let score = if k > 1 { (1.0 - disorder / (k as f64).ln()).clamp(0.0, 1.0) } else { 1.0 };
        for (c, features) in all.iter_mut().enumerate().filter(|(c, _)| part(j, *c) > 0.0) {
            features.push(TopFeature {
                feature: j,
                weight: part(j, c),
                lift: part(j, c) / total,
                specificity: if owner == Some(c) { score } else { 0.0 },
            });
        }
    }
    // Where several have the same, all that a component has alone for one, rounding must not order them.
    let about = |x: f64| (x * 1e9).round() / 1e9;
    let keys = |f: &TopFeature| match by {
        By::Weight => (f.weight, f.lift),
        By::Lift => (about(f.lift), f.weight),
        By::Specificity => (about(f.specificity), f.weight),
    };
    for features in &mut all {
        // Of equals, the first column comes first.
        features.sort_by(|a, b| {
            let ((x, xx), (y, yy)) = (keys(a), keys(b));
            y.total_cmp(&x).then(yy.total_cmp(&xx))
        });
        features.truncate(count);
    }
    all
}

/// Numbers in proportion that sum to 1; zeros stay.
fn of_sum_1(numbers: &[f64]) -> Vec<f64> {
    // By the largest first, as the sum may be out of range.
    let largest = numbers.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return numbers.to_vec();
    }
    let sum: f64 = numbers.iter().map(|x| x / largest).sum();
    numbers.iter().map(|x| x / largest / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(k: usize, values: &[f64]) -> Factor<f64> {
        Factor::from_transposed(values.len() / k, k, values).unwrap()
    }

    #[test]
    fn the_three_orders_are_those_of_the_formulas() {
        // Shares 0.75 and 0.25; p = (.5, .3, .2), (.1, .5, .4).
        let h = of(2, &[5.0, 3.0, 2.0, 1.0, 5.0, 4.0]);
        let top = top_features(&h, &[0.75, 0.25], By::Weight, 3);
        let totals = [0.75 * 0.5 + 0.25 * 0.1, 0.75 * 0.3 + 0.25 * 0.5, 0.75 * 0.2 + 0.25 * 0.4];
        let second = top[1][0];
        assert_eq!(second.feature, 1);
        assert!((second.weight - 0.5).abs() < 1e-15 && (second.lift - 0.5 / totals[1]).abs() < 1e-12);
        // 0.225 of the first are more than 0.125.
        assert_eq!(second.specificity, 0.0);
        let q: [f64; 2] = [0.375 / totals[0], 0.025 / totals[0]];
        let score = 1.0 + (q[0] * q[0].ln() + q[1] * q[1].ln()) / 2f64.ln();
        assert!((top[0][0].specificity - score).abs() < 1e-12);
        let lift = top_features(&h, &[0.75, 0.25], By::Lift, 2);
        assert_eq!(lift[1].iter().map(|f| f.feature).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn the_scale_of_components_does_not_matter() {
        let h = of(2, &[5.0, 3.0, 2.0, 1.0, 5.0, 4.0]);
        let scaled = of(2, &[5e300, 3e300, 2e300, 1e-300, 5e-300, 4e-300]);
        for by in [By::Weight, By::Lift, By::Specificity] {
            let (a, b) = (top_features(&h, &[0.5, 0.5], by, 9), top_features(&scaled, &[0.5, 0.5], by, 9));
            for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
                assert_eq!(x.feature, y.feature);
                assert!((x.lift - y.lift).abs() < 1e-12 && (x.specificity - y.specificity).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn shares_count_by_their_proportions() {
        let h = of(2, &[5.0, 3.0, 2.0, 1.0, 5.0, 4.0]);
        let want = top_features(&h, &[0.75, 0.25], By::Lift, 9);
        for shares in [[3.0, 1.0], [1.5e308, 0.5e308], [3e-300, 1e-300]] {
            let got = top_features(&h, &shares, By::Lift, 9);
            for (a, b) in want.iter().flatten().zip(got.iter().flatten()) {
                assert_eq!(a.feature, b.feature);
                assert!((a.lift - b.lift).abs() < 1e-12 && (a.specificity - b.specificity).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_is_zero_is_left_out() {
        let top = top_features(&of(2, &[0.0, 0.0, 0.0, 0.0, 2.0, 0.0]), &[0.0, 1.0], By::Weight, 5);
        assert_eq!((top[0].len(), top[1].len()), (0, 1));
        assert_eq!((top[1][0].specificity, top[1][0].lift), (1.0, 1.0));
        assert!(
            top_features(&Factor::<f64>::from_row_major(4, 0, &[]).unwrap(), &[], By::Weight, 5).is_empty()
        );
    }
}
