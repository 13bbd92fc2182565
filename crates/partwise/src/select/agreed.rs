//! The components that most runs agree on.
//!
//! Problem: r runs from different starts have found k components each, mostly the same, in any order, with some that only one
//! run has. Find the k that they agree on, and how much they do.
//!
//! 1. Components are taken at length 1. What is far from all others is left out: the *distance* of a component is its mean
//!    Euclidean distance to the nearest component of each of the runs that are nearest to it, a share of all; components
//!    beyond a limit are nobody's (the density filter of Kotliar et al. 2019, there over all components of all runs).
//! 2. Every run is matched one to one ([`matching`](super::matching)) with a reference: first the run that is nearest to all
//!    others, then the medians of the groups so found, until no group changes.
//! 3. A component is the median, entry by entry, of its group; its *spread* is half the range between the group's quartiles.
//!
//! Every run has one component in a group, at most. W is to be solved for these H again.
//!
//! Cost: O(r² k² n) for the distances.
//!
//! Reference: D. Kotliar et al. (2019), "Identifying gene expression programs of cell-type identity and cellular activity with
//! single-cell RNA-Seq", doi:10.7554/eLife.43803.
//!
//! When not to use it: where runs differ in most components there is nothing to agree on, and the median of unlike parts is
//! none of them; see the stability of the rank. The objective is not the lowest of any run's, as no run was it.

use super::matching::{assignment, cosines};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::normalize::by_share;
use crate::scalar::Scalar;
use serde::Serialize;

/// Rounds of matching, at most.
const ROUNDS: usize = 20;

/// Which components are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filter {
    /// The share of the other runs that a component is compared to: those where it has the nearest ones.
    pub neighbours: f64,
    /// The mean distance, of at most the square root of 2, beyond which it is left out.
    pub limit: f64,
}

impl Default for Filter {
    /// A third of the runs, and half of a distance of 1.
    fn default() -> Filter {
        Filter { neighbours: 0.3, limit: 0.5 }
    }
}

/// What runs agree on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(bound = "")]
pub struct Agreed<T> {
    /// H, `(k, n)`, kept as a factor of n rows; every component has length 1.
    #[serde(skip)]
    pub h: Factor<T>,
    /// Half the range between the quartiles of the groups' entries, in the same layout.
    #[serde(skip)]
    pub spread: Factor<T>,
    /// How many runs have each component.
    pub runs: Vec<usize>,
    /// The mean cosine of each component and the members of its group.
    pub cosines: Vec<f64>,
    /// The distance of every component of every run, run by run.
    pub distances: Vec<Vec<f64>>,
    /// How many components were left out.
    pub left_out: usize,
}

impl<T: Scalar> Agreed<T> {
    /// The same with components by their shares of the model, the largest first, as a fit has them ([`Fit::shares`]); equal
    /// ones keep their order. `shares` are those of a fit with this H, in its order.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is not a share for each component.
    ///
    /// [`Fit::shares`]: crate::Fit::shares
    pub fn by_share(mut self, shares: &[f64]) -> Result<Agreed<T>> {
        let k = self.h.rank();
        if shares.len() != k {
            return Err(Error::Shape {
                what: "shares",
                expected: format!("({k},)"),
                got: format!("({},)", shares.len()),
            });
        }
        let order = by_share(shares, 0);
        self.h.permute_columns(&order);
        self.spread.permute_columns(&order);
        self.runs = order.iter().map(|&c| self.runs[c]).collect();
        self.cosines = order.iter().map(|&c| self.cosines[c]).collect();
        Ok(self)
    }
}

/// The components that runs of one rank agree on, in the order of the run that is nearest to all others. Each run is given by
/// its H, `(n, k)` as kept in a [`Factor`].
///
/// ```
/// use partwise::Factor;
/// use partwise::select::{Filter, agreed};
///
/// let run = |values: &[f64]| Factor::from_transposed(3, 2, values);
/// let runs = [
///     run(&[1.0, 0.1, 0.0, 0.0, 1.0, 2.0])?,
///     run(&[0.0, 2.2, 4.0, 3.0, 0.2, 0.0])?, // the same two, the other way round
///     run(&[1.0, 0.1, 0.0, 1.0, 0.0, 1.0])?, // and one that has but one of them
/// ];
/// let found = agreed(&runs.iter().collect::<Vec<_>>(), Filter::default())?;
/// assert_eq!((found.left_out, found.runs), (1, vec![3, 2]));
/// # Ok::<(), partwise::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] if runs differ in shape; [`Error::BadParameter`] if there are fewer than 2, if the filter is out of range,
/// or if it leaves nothing of a component.
pub fn agreed<T: Scalar>(runs: &[&Factor<T>], filter: Filter) -> Result<Agreed<T>> {
    let bad = |name: &'static str, value: String, needs: &str| {
        Err(Error::BadParameter { name, value, needs: needs.into() })
    };
    if runs.len() < 2 {
        return bad("runs", runs.len().to_string(), "2 runs of that rank at least");
    }
    if !(filter.neighbours > 0.0 && filter.neighbours <= 1.0) {
        return bad("neighbours", filter.neighbours.to_string(), "a share above 0, of at most 1");
    }
    if filter.limit.is_nan() || filter.limit <= 0.0 {
        return bad("limit", filter.limit.to_string(), "a distance above 0");
    }
    let (n, k) = (runs[0].rows(), runs[0].rank());
    if let Some(other) = runs.iter().find(|run| (run.rows(), run.rank()) != (n, k)) {
        return Err(Error::Shape {
            what: "H of a run",
            expected: format!("({k}, {n})"),
            got: format!("({}, {})", other.rank(), other.rows()),
        });
    }
    let (distances, likeness) = compared(runs, filter.neighbours);
    let kept: Vec<Vec<bool>> =
        distances.iter().map(|run| run.iter().map(|&d| d <= filter.limit).collect()).collect();
    let left_out = kept.iter().flatten().filter(|&&kept| !kept).count();
    // The first of equals.
    let middle = (0..runs.len()).fold(0, |best, run| if likeness[run] > likeness[best] { run } else { best });
    let mut reference = runs[middle].clone();
    let mut groups = Vec::new();
    for _ in 0..ROUNDS {
        let found = grouped(runs, &reference, &kept);
        if let Some(c) = found.iter().position(Vec::is_empty) {
            return bad(
                "limit",
                filter.limit.to_string(),
                &format!(
                    "a larger distance: it leaves no run with a component like number {} of run {}; or a rank at which runs \
                     agree",
                    c + 1,
                    middle + 1
                ),
            );
        }
        if found == groups {
            break;
        }
        groups = found;
        reference = quantile(runs, &groups, 0.5)?;
    }
    let (low, high) = (quantile(runs, &groups, 0.25)?, quantile(runs, &groups, 0.75)?);
    let cosines = (0..k).map(|c| likeness_of(runs, &groups[c], &reference, c)).collect();
    let lengths = reference.column_norms();
    let scale = |of: &dyn Fn(usize, usize) -> f64| -> Result<Factor<T>> {
        let values: Vec<T> = (0..k)
            .flat_map(|c| (0..n).map(move |j| (j, c)))
            .map(|(j, c)| T::from_f64(if lengths[c] > 0.0 { of(j, c) / lengths[c] } else { 0.0 }))
            .collect();
        Factor::from_transposed(n, k, &values)
    };
    Ok(Agreed {
        h: scale(&|j, c| reference.row(j)[c].to_f64())?,
        spread: scale(&|j, c| 0.5 * (high.row(j)[c].to_f64() - low.row(j)[c].to_f64()))?,
        runs: groups.iter().map(Vec::len).collect(),
        cosines,
        distances,
        left_out,
    })
}

/// The distance of every component, and how near every run is to all others: its mean cosine with them.
fn compared<T: Scalar>(runs: &[&Factor<T>], neighbours: f64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let k = runs[0].rank();
    let count = ((runs.len() - 1) as f64 * neighbours).ceil().max(1.0) as usize;
    let mut nearest = vec![vec![Vec::new(); k]; runs.len()];
    let mut likeness = vec![0.0; runs.len()];
    for a in 0..runs.len() {
        for b in a + 1..runs.len() {
            let cosines = cosines(runs[a], runs[b]);
            let sum: f64 = assignment(&cosines, k, k).iter().map(|pair| pair.cosine).sum();
            likeness[a] += sum;
            likeness[b] += sum;
            for c in 0..k {
                let row = (0..k).map(|d| cosines[c * k + d]).fold(0.0, f64::max);
                let column = (0..k).map(|d| cosines[d * k + c]).fold(0.0, f64::max);
                nearest[a][c].push(row);
                nearest[b][c].push(column);
            }
        }
    }
    let distance = |mut cosines: Vec<f64>| {
        cosines.sort_by(|a, b| b.total_cmp(a));
        cosines.truncate(count);
        cosines.iter().map(|c| (2.0 - 2.0 * c).max(0.0).sqrt()).sum::<f64>() / cosines.len() as f64
    };
    (nearest.into_iter().map(|run| run.into_iter().map(distance).collect()).collect(), likeness)
}

/// For each component of the reference, its partners: run and component.
fn grouped<T: Scalar>(
    runs: &[&Factor<T>],
    reference: &Factor<T>,
    kept: &[Vec<bool>],
) -> Vec<Vec<(usize, usize)>> {
    let k = reference.rank();
    let mut groups = vec![Vec::new(); k];
    for (r, run) in runs.iter().enumerate() {
        for pair in assignment(&cosines(reference, run), k, k) {
            if kept[r][pair.second] {
                groups[pair.first].push((r, pair.second));
            }
        }
    }
    groups
}

/// Quantiles of entries, between neighbours by their distance (as R's type 7), of components at length 1.
fn quantile<T: Scalar>(runs: &[&Factor<T>], groups: &[Vec<(usize, usize)>], share: f64) -> Result<Factor<T>> {
    let (n, k) = (runs[0].rows(), groups.len());
    let lengths: Vec<Vec<f64>> = runs.iter().map(|run| run.column_norms()).collect();
    let mut values = Vec::with_capacity(n * k);
    let mut entries = Vec::new();
    for group in groups {
        for j in 0..n {
            entries.clear();
            entries.extend(group.iter().map(|&(r, c)| {
                let length = lengths[r][c];
                if length > 0.0 { runs[r].row(j)[c].to_f64() / length } else { 0.0 }
            }));
            entries.sort_by(f64::total_cmp);
            let at = share * (entries.len() - 1) as f64;
            let (low, high) = (entries[at.floor() as usize], entries[at.ceil() as usize]);
            values.push(T::from_f64(low + (at - at.floor()) * (high - low)));
        }
    }
    Factor::from_transposed(n, k, &values)
}

/// The mean cosine of component c of the reference and its group.
fn likeness_of<T: Scalar>(
    runs: &[&Factor<T>],
    group: &[(usize, usize)],
    reference: &Factor<T>,
    c: usize,
) -> f64 {
    let k = reference.rank();
    let of = |&(r, d): &(usize, usize)| cosines(reference, runs[r])[c * k + d];
    group.iter().map(of).sum::<f64>() / group.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    /// Runs that have the same components, scaled and in another order, a little off; of the last one, the last is another.
    fn runs(count: usize, n: usize, k: usize, off: f64) -> (Vec<f64>, Vec<Factor<f64>>) {
        let mut next = numbers(11);
        let truth: Vec<f64> = (0..n * k).map(|_| next().powi(4)).collect();
        let run = |r: usize, next: &mut dyn FnMut() -> f64| {
            let mut values = Vec::new();
            for c in 0..k {
                let from = (c + r) % k;
                let scale = 10f64.powi((r * k + c) as i32 % 7 - 3);
                let odd = r + 1 == count && from + 1 == k;
                values.extend((0..n).map(|j| {
                    let x = if odd { next() } else { truth[from * n + j] };
                    scale * x * (1.0 + off * (next() - 0.5))
                }));
            }
            Factor::from_transposed(n, k, &values).unwrap()
        };
        let all = (0..count).map(|r| run(r, &mut next)).collect();
        (truth, all)
    }

    #[test]
    fn components_are_found_and_the_odd_one_is_left_out() {
        let (truth, runs) = runs(7, 60, 4, 0.2);
        let found = agreed(&runs.iter().collect::<Vec<_>>(), Filter::default()).unwrap();
        assert_eq!(found.left_out, 1);
        let mut counts = found.runs.clone();
        counts.sort_unstable();
        assert_eq!(counts, [6, 7, 7, 7]);
        let truth = Factor::from_transposed(60, 4, &truth).unwrap();
        let pairs = assignment(&cosines(&truth, &found.h), 4, 4);
        assert!(pairs.iter().all(|pair| pair.cosine > 0.999), "{pairs:?}");
        assert!(found.cosines.iter().all(|&c| c > 0.99));
        assert!(found.h.column_norms().iter().all(|norm| (norm - 1.0).abs() < 1e-12));
        let spread = found.spread.to_transposed();
        assert!(spread.iter().all(|&s| (0.0..0.05).contains(&s)) && spread.iter().any(|&s| s > 0.0));
    }

    #[test]
    fn the_order_of_runs_changes_the_order_of_components_only() {
        let (_, mut all) = runs(5, 30, 3, 0.3);
        let first =
            agreed(&all.iter().collect::<Vec<_>>(), Filter { limit: 2.0, ..Filter::default() }).unwrap();
        all.reverse();
        let second =
            agreed(&all.iter().collect::<Vec<_>>(), Filter { limit: 2.0, ..Filter::default() }).unwrap();
        let pairs = assignment(&cosines(&first.h, &second.h), 3, 3);
        assert!(pairs.iter().all(|pair| pair.cosine > 1.0 - 1e-12), "{pairs:?}");
        assert_eq!(first.left_out, 0);
    }

    #[test]
    fn components_come_by_their_shares() {
        let (_, all) = runs(5, 30, 4, 0.3);
        let found =
            agreed(&all.iter().collect::<Vec<_>>(), Filter { limit: 2.0, ..Filter::default() }).unwrap();
        let sorted = found.clone().by_share(&[0.1, 0.4, 0.4, 0.1]).unwrap();
        for (to, from) in [1, 2, 0, 3].into_iter().enumerate() {
            let both = [(&sorted.h, &found.h), (&sorted.spread, &found.spread)];
            assert!(both.iter().all(|(a, b)| (0..30).all(|j| a.row(j)[to] == b.row(j)[from])));
            assert_eq!((sorted.runs[to], sorted.cosines[to]), (found.runs[from], found.cosines[from]));
        }
        assert_eq!((&sorted.distances, sorted.left_out), (&found.distances, found.left_out));
        assert!(found.by_share(&[1.0]).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let (_, all) = runs(4, 30, 3, 0.1);
        let all: Vec<&Factor<f64>> = all.iter().collect();
        let refuses = |runs: &[&Factor<f64>], neighbours: f64, limit: f64| {
            agreed(runs, Filter { neighbours, limit }).unwrap_err().to_string()
        };
        assert!(refuses(&all[..1], 0.3, 0.5).contains("2 runs"));
        assert!(refuses(&all, 0.0, 0.5).contains("above 0"));
        assert!(refuses(&all, 0.3, f64::NAN).contains("above 0"));
        assert!(refuses(&all, 0.3, 1e-6).contains("a larger distance"));
        let small = Factor::from_row_major(30, 2, &[1.0; 60]).unwrap();
        assert!(refuses(&[all[0], &small], 0.3, 0.5).contains("(2, 30)"));
    }
}
