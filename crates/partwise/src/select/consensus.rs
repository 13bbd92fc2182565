//! How stable the clusters of samples are over several runs.
//!
//! Problem: every run puts each sample to the component that explains most of it. The consensus C (n x n) says in which share
//! of the runs two samples were together; a rank at which it is close to zeros and ones is stable.
//!
//! Measures, with pairs of samples i, j and distances 1 - C:
//! - dispersion, `1/n² sum over i, j of 4 (C_ij - 1/2)²` (Kim & Park 2007), from tables of the labels of any two runs, exact
//!   for any n: `sum C = 1/r sum over runs of sum n_c²`, `sum C² = 1/r² sum over pairs of runs of sum n_cd²`;
//! - cophenetic correlation (Brunet et al. 2004): Pearson's, of the distances and the heights at which average linkage joins
//!   the two, over i < j;
//! - proportion of ambiguous clustering (Senbabaoglu et al. 2014): the share of i < j with `0.1 < C_ij <= 0.9`;
//! - silhouette (Rousseeuw 1987): the mean of `(b - a) / max(a, b)`, with a the mean distance of a sample to the others of
//!   its cluster, b the least mean distance to another cluster, the clusters being those of the tree.
//!
//! R NMF has the first, second and fourth by the same formulas.
//!
//! Cost: labels only, O(n r); C never. Samples with the same labels in all runs are one point of the tree, and where there
//! are more than [`MOST_POINTS`] of those, a sample of as many samples is taken (but for the dispersion).
//!
//! References: J.-P. Brunet, P. Tamayo, T. R. Golub, J. P. Mesirov (2004), doi:10.1073/pnas.0308531101; H. Kim, H. Park
//! (2007), doi:10.1093/bioinformatics/btm134; Y. Senbabaoglu, G. Michailidis, J. Z. Li (2014), doi:10.1038/srep06207; P. J.
//! Rousseeuw (1987), doi:10.1016/0377-0427(87)90125-7.
//!
//! Not for: data whose samples are mixtures, where the largest component says little; see the stability of components.

use super::draw::Draw;
use super::linkage::{Distances, Tree};
use crate::factor::Factor;
use crate::scalar::Scalar;
use serde::Serialize;
use std::collections::HashMap;

/// Points of a tree, at most: its distances take 16 MB.
pub const MOST_POINTS: usize = 2000;

/// The component that explains most of each sample: the largest of `W_ic sum over j of H_cj`, and the first of equals.
///
/// W alone would not do: what a component's entries in W mean depends on its scale in H.
pub fn labels<T: Scalar>(w: &Factor<T>, h: &Factor<T>) -> Vec<u32> {
    let sums = h.column_sums();
    let largest = |i: usize| {
        let mut best = (f64::NEG_INFINITY, 0);
        for (c, (w, sum)) in w.row(i).iter().zip(&sums).enumerate() {
            let part = w.to_f64() * sum;
            if part > best.0 {
                best = (part, c as u32);
            }
        }
        best.1
    };
    (0..w.rows()).map(largest).collect()
}

/// Labels of the same samples in several runs.
///
/// ```
/// use partwise::select::Consensus;
///
/// let mut consensus = Consensus::new(4);
/// consensus.add(vec![0, 0, 1, 1]);
/// consensus.add(vec![1, 1, 0, 0]);
/// let measures = consensus.measures(2, 0);
/// assert_eq!(measures.dispersion, 1.0);
/// assert_eq!(measures.cophenetic, Some(1.0));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Consensus {
    samples: usize,
    runs: Vec<Vec<u32>>,
}

/// How stable the clusters are; see the formulas in [`Consensus::measures`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measures {
    /// From 0, where every pair of samples is together in half of the runs, to 1.
    pub dispersion: f64,
    /// Up to 1; `None` where all distances are equal, as for one cluster.
    pub cophenetic: Option<f64>,
    /// The share of pairs that are neither together nor apart, from 0 to 1.
    pub ambiguous: f64,
    /// From -1 to 1; `None` for one cluster.
    pub silhouette: Option<f64>,
    /// How many samples the last three were computed from, if not from all.
    pub sampled: Option<usize>,
}

/// A consensus matrix of samples in the order of its tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Map {
    /// Which samples: all of them, or as many as were asked for.
    pub samples: Vec<usize>,
    /// The cluster of each, numbered in their order.
    pub clusters: Vec<usize>,
    /// `C`, row by row.
    pub values: Vec<f64>,
}

/// Samples with the same labels in all runs.
struct Points {
    /// One sample of each, the first.
    first: Vec<usize>,
    sizes: Vec<u64>,
    /// Of the samples looked at.
    of: Vec<usize>,
}

impl Consensus {
    /// No runs yet, of so many samples.
    pub fn new(samples: usize) -> Consensus {
        Consensus { samples, runs: Vec::new() }
    }

    /// Adds a run: a label for each sample, any numbers. Labels that are too few or too many are not a run of these samples,
    /// and are left out.
    pub fn add(&mut self, labels: Vec<u32>) {
        if labels.len() == self.samples {
            self.runs.push(labels);
        }
    }

    /// How many runs were added.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// How often two samples were together, between 0 and 1.
    pub fn together(&self, i: usize, j: usize) -> f64 {
        let together = self.runs.iter().filter(|labels| labels[i] == labels[j]).count();
        together as f64 / self.runs.len().max(1) as f64
    }

    /// All measures, with this number of clusters for the silhouette. `seed` is for the choice of samples, where there are
    /// too many.
    pub fn measures(&self, clusters: usize, seed: u64) -> Measures {
        let (chosen, sampled) = self.chosen(MOST_POINTS, seed);
        let points = self.points(&chosen);
        let distances = self.distances(&points);
        let tree = Tree::average(&distances, &points.sizes);
        Measures {
            dispersion: self.dispersion(),
            cophenetic: correlation(&distances, &tree.cophenetic(), &points.sizes),
            ambiguous: ambiguous(&distances, &points.sizes),
            silhouette: silhouette(&distances, &points.sizes, &tree.cut(clusters)),
            sampled,
        }
    }

    /// `C` of at most so many samples, drawn with `seed` where there are more.
    pub fn map(&self, clusters: usize, most: usize, seed: u64) -> Map {
        let (chosen, _) = self.chosen(most.min(MOST_POINTS), seed);
        let points = self.points(&chosen);
        let tree = Tree::average(&self.distances(&points), &points.sizes);
        let cut = tree.cut(clusters);
        let mut place = vec![0; points.first.len()];
        tree.order().into_iter().enumerate().for_each(|(at, point)| place[point] = at);
        let mut order: Vec<usize> = (0..chosen.len()).collect();
        order.sort_by_key(|&i| place[points.of[i]]);
        let samples: Vec<usize> = order.iter().map(|&i| chosen[i]).collect();
        let values = samples.iter().flat_map(|&i| samples.iter().map(move |&j| (i, j)));
        let mut numbers = HashMap::new();
        let mut number = |cluster: usize| {
            let next = numbers.len();
            *numbers.entry(cluster).or_insert(next)
        };
        Map {
            clusters: order.iter().map(|&i| number(cut[points.of[i]])).collect(),
            values: values.map(|(i, j)| self.together(i, j)).collect(),
            samples,
        }
    }

    /// All samples if their points are few enough; else some.
    fn chosen(&self, most: usize, seed: u64) -> (Vec<usize>, Option<usize>) {
        let all: Vec<usize> = (0..self.samples).collect();
        if self.samples <= most || most == MOST_POINTS && self.points(&all).first.len() <= most {
            return (all, None);
        }
        let mut chosen = Draw::new(seed, 0).distinct(self.samples, most);
        chosen.sort_unstable();
        (chosen, Some(most))
    }

    fn points(&self, samples: &[usize]) -> Points {
        let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut points =
            Points { first: Vec::new(), sizes: Vec::new(), of: Vec::with_capacity(samples.len()) };
        for &i in samples {
            let labels: Vec<u32> = self.runs.iter().map(|run| run[i]).collect();
            let next = points.first.len();
            let point = *known.entry(labels).or_insert(next);
            if point == next {
                points.first.push(i);
                points.sizes.push(0);
            }
            points.sizes[point] += 1;
            points.of.push(point);
        }
        points
    }

    fn distances(&self, points: &Points) -> Distances {
        Distances::new(points.first.len(), |p, q| 1.0 - self.together(points.first[p], points.first[q]))
    }

    fn dispersion(&self) -> f64 {
        let (n, r) = (self.samples as f64, self.runs.len() as f64);
        if n == 0.0 || r == 0.0 {
            return 1.0;
        }
        // sum of squares of how many samples have both labels.
        let both = |a: &[u32], b: &[u32]| -> f64 {
            let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
            a.iter().zip(b).for_each(|(&a, &b)| *counts.entry((a, b)).or_default() += 1);
            let mut squares: Vec<f64> = counts.into_values().map(|n| (n as f64).powi(2)).collect();
            squares.sort_by(f64::total_cmp);
            squares.iter().sum()
        };
        let (mut sum, mut squares) = (0.0, 0.0);
        for (a, run) in self.runs.iter().enumerate() {
            let alone = both(run, run);
            sum += alone;
            squares += alone + 2.0 * self.runs[..a].iter().map(|other| both(run, other)).sum::<f64>();
        }
        let (mean, square) = (sum / r / (n * n), squares / (r * r) / (n * n));
        4.0 * square - 4.0 * mean + 1.0
    }
}

/// Calls `f` for all pairs of points with how many pairs of samples they stand for; a point of several samples is also a
/// pair with itself.
fn for_each_pair(d: &Distances, sizes: &[u64], mut f: impl FnMut(usize, usize, f64)) {
    for i in 0..d.points() {
        if sizes[i] > 1 {
            f(i, i, (sizes[i] as f64) * (sizes[i] - 1) as f64 / 2.0);
        }
        for j in i + 1..d.points() {
            f(i, j, sizes[i] as f64 * sizes[j] as f64);
        }
    }
}

/// Pearson's correlation over pairs of samples.
fn correlation(a: &Distances, b: &Distances, sizes: &[u64]) -> Option<f64> {
    let (mut count, mut mean_a, mut mean_b) = (0.0, 0.0, 0.0);
    for_each_pair(a, sizes, |i, j, pairs| {
        count += pairs;
        mean_a += pairs * a.get(i, j);
        mean_b += pairs * b.get(i, j);
    });
    (mean_a, mean_b) = (mean_a / count, mean_b / count);
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for_each_pair(a, sizes, |i, j, pairs| {
        let (x, y) = (a.get(i, j) - mean_a, b.get(i, j) - mean_b);
        aa += pairs * x * x;
        ab += pairs * x * y;
        bb += pairs * y * y;
    });
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}

fn ambiguous(d: &Distances, sizes: &[u64]) -> f64 {
    let (mut all, mut between) = (0.0, 0.0);
    for_each_pair(d, sizes, |i, j, pairs| {
        let c = 1.0 - d.get(i, j);
        all += pairs;
        // 1 - 0.1 is not 0.9 in double precision.
        if c > 0.1 + 1e-9 && c <= 0.9 + 1e-9 {
            between += pairs;
        }
    });
    if all > 0.0 { between / all } else { 0.0 }
}

fn silhouette(d: &Distances, sizes: &[u64], clusters: &[usize]) -> Option<f64> {
    let count = clusters.iter().max().map_or(0, |&last| last + 1);
    if count < 2 {
        return None;
    }
    let mut members = vec![0.0; count];
    clusters.iter().zip(sizes).for_each(|(&c, &n)| members[c] += n as f64);
    let (mut sum, mut samples) = (0.0, 0.0);
    for i in 0..d.points() {
        let mut total = vec![0.0; count];
        (0..d.points()).for_each(|j| total[clusters[j]] += sizes[j] as f64 * d.get(i, j));
        let own = clusters[i];
        let others = (0..count).filter(|&c| c != own).map(|c| total[c] / members[c]);
        let (a, b) = (total[own] / (members[own] - 1.0), others.fold(f64::INFINITY, f64::min));
        let width = if members[own] > 1.0 && a != b { (b - a) / a.max(b) } else { 0.0 };
        sum += sizes[i] as f64 * width;
        samples += sizes[i] as f64;
    }
    Some(sum / samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    /// Labels that mostly agree.
    fn runs(samples: usize, count: usize, clusters: u32, noise: f64) -> Consensus {
        let mut next = numbers(samples as u64);
        let mut consensus = Consensus::new(samples);
        for run in 0..count as u32 {
            let label = |i: usize| {
                let of =
                    if next() < noise { (next() * f64::from(clusters)) as u32 } else { i as u32 % clusters };
                (of.min(clusters - 1) + run) % clusters
            };
            consensus.add((0..samples).map(label).collect());
        }
        consensus
    }

    /// All by the definitions, with C.
    fn slow(consensus: &Consensus, clusters: usize) -> (f64, f64, f64, f64) {
        let n = consensus.samples;
        let c = |i, j| consensus.together(i, j);
        let mut dispersion = 0.0;
        for i in 0..n {
            for j in 0..n {
                dispersion += 4.0 * (c(i, j) - 0.5_f64).powi(2) / (n * n) as f64;
            }
        }
        let d = Distances::new(n, |i, j| 1.0 - c(i, j));
        let tree = Tree::average(&d, &vec![1; n]);
        let heights = tree.cophenetic();
        let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
        let mean = |f: &dyn Fn(usize, usize) -> f64| {
            pairs.iter().map(|&(i, j)| f(i, j)).sum::<f64>() / pairs.len() as f64
        };
        let (x, y) = (mean(&|i, j| d.get(i, j)), mean(&|i, j| heights.get(i, j)));
        let xy = mean(&|i, j| (d.get(i, j) - x) * (heights.get(i, j) - y));
        let (xx, yy) =
            (mean(&|i, j| (d.get(i, j) - x).powi(2)), mean(&|i, j| (heights.get(i, j) - y).powi(2)));
        let between = mean(&|i, j| f64::from(u8::from(c(i, j) > 0.1001 && c(i, j) < 0.9001)));
        let cut = tree.cut(clusters);
        let mut widths = 0.0;
        for i in 0..n {
            let to = |cluster: usize| {
                let all: Vec<f64> =
                    (0..n).filter(|&j| j != i && cut[j] == cluster).map(|j| d.get(i, j)).collect();
                if all.is_empty() { f64::NAN } else { all.iter().sum::<f64>() / all.len() as f64 }
            };
            let a = to(cut[i]);
            let b = (0..clusters).filter(|&k| k != cut[i]).map(to).fold(f64::INFINITY, f64::min);
            widths += if a.is_nan() || a == b { 0.0 } else { (b - a) / a.max(b) };
        }
        (dispersion, xy / (xx * yy).sqrt(), between, widths / n as f64)
    }

    #[test]
    fn measures_are_those_of_the_matrix() {
        for (samples, clusters, noise) in [(6, 2, 0.3), (40, 3, 0.05), (40, 3, 0.5), (25, 5, 1.0)] {
            let consensus = runs(samples, 10, clusters as u32, noise);
            let got = consensus.measures(clusters, 0);
            let want = slow(&consensus, clusters);
            let got = (got.dispersion, got.cophenetic.unwrap(), got.ambiguous, got.silhouette.unwrap());
            for (got, want) in [(got.0, want.0), (got.1, want.1), (got.2, want.2), (got.3, want.3)] {
                assert!((got - want).abs() < 1e-12, "{samples} {clusters} {noise}: {got} {want}");
            }
        }
    }

    #[test]
    fn one_cluster_and_one_sample_are_defined() {
        for (samples, clusters) in [(5, 1), (1, 1), (1, 3)] {
            let measures = runs(samples, 4, 1, 0.0).measures(clusters, 0);
            let want = Measures {
                dispersion: 1.0,
                cophenetic: None,
                ambiguous: 0.0,
                silhouette: None,
                sampled: None,
            };
            assert_eq!(measures, want);
        }
        assert_eq!(Consensus::new(3).measures(2, 0).dispersion, 1.0);
    }

    #[test]
    fn many_samples_of_few_points_are_exact() {
        let (few, many) = (runs(60, 8, 3, 0.2), 400);
        let mut more = Consensus::new(60 * many);
        for run in &few.runs {
            more.add((0..60 * many).map(|i| run[i % 60]).collect());
        }
        let (few, more) = (few.measures(3, 0), more.measures(3, 0));
        assert_eq!(more.sampled, None);
        assert!((few.dispersion - more.dispersion).abs() < 1e-12);
        // Pairs of a sample with itself are a part of the larger one's pairs.
        assert!((few.ambiguous - more.ambiguous).abs() < 0.02);
    }

    #[test]
    fn more_points_than_a_tree_holds_are_sampled() {
        let consensus = runs(20_000, 10, 8, 0.5);
        let (a, b) = (consensus.measures(8, 1), consensus.measures(8, 2));
        assert_eq!(a.sampled, Some(MOST_POINTS));
        assert_eq!(a, consensus.measures(8, 1));
        assert_eq!(a.dispersion, b.dispersion);
        assert!((a.ambiguous - b.ambiguous).abs() < 0.01 && a.ambiguous != b.ambiguous);
        let (chosen, _) = consensus.chosen(MOST_POINTS, 1);
        assert!(chosen.is_sorted_by(|a, b| a < b) && chosen.iter().all(|&i| i < 20_000));
    }

    #[test]
    fn the_map_shows_blocks() {
        let map = runs(30, 6, 3, 0.0).map(3, 100, 0);
        assert_eq!(map.samples.len(), 30);
        assert!(map.clusters.is_sorted());
        for i in 0..30 {
            for j in 0..30 {
                assert_eq!(map.values[30 * i + j], f64::from(u8::from(map.clusters[i] == map.clusters[j])));
            }
        }
        assert_eq!(runs(30, 6, 3, 0.0).map(3, 10, 0).values.len(), 100);
    }

    #[test]
    fn labels_go_by_what_a_component_explains() {
        let w = Factor::from_row_major(2, 2, &[1.0, 2.0, 1.0, 10.0]).unwrap();
        let h = Factor::from_transposed(2, 2, &[4.0, 4.0, 1.0, 1.0]).unwrap();
        assert_eq!(labels(&w, &h), [0, 1]);
    }
}
