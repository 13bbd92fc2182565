//! Average linkage of points that stand for several samples each.
//!
//! Problem: join the two clusters of the least mean distance between their members, until one is left.
//!
//! Update: the distance of a cluster `a + b` to another, `(n_a d_a + n_b d_b) / (n_a + n_b)` (Lance & Williams 1967), with n
//! the numbers of samples. Of equal distances, the pair with the lowest first member and then the lowest second is joined,
//! and a joined cluster stands where its first member stood: the order of R's `hclust`, so that trees of a consensus matrix,
//! whose distances are few and often equal, are those that R NMF makes.
//!
//! Cost: O(p²) memory and mostly O(p²) time for p points. Not for more than some thousands.
//!
//! Reference: R. R. Sokal, C. D. Michener (1958), "A statistical method for evaluating systematic relationships".

/// Distances between p points, those of i < j, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distances {
    points: usize,
    values: Vec<f64>,
}

impl Distances {
    pub(crate) fn new(points: usize, mut distance: impl FnMut(usize, usize) -> f64) -> Distances {
        let mut values = Vec::with_capacity(points * points.saturating_sub(1) / 2);
        for i in 0..points {
            values.extend((i + 1..points).map(|j| distance(i, j)));
        }
        Distances { points, values }
    }

    pub(crate) fn points(&self) -> usize {
        self.points
    }

    fn at(&self, i: usize, j: usize) -> usize {
        let (i, j) = if i < j { (i, j) } else { (j, i) };
        i * (2 * self.points - i - 1) / 2 + j - i - 1
    }

    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        if i == j { 0.0 } else { self.values[self.at(i, j)] }
    }
}

/// Two clusters that were joined, each named by its first member.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Join {
    first: usize,
    second: usize,
    height: f64,
}

/// The tree of all joins, in their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    points: usize,
    joins: Vec<Join>,
}

impl Tree {
    /// Joins points of which each stands for `sizes[i]` samples.
    pub(crate) fn average(distances: &Distances, sizes: &[u64]) -> Tree {
        let points = distances.points();
        let mut d = distances.clone();
        let mut sizes: Vec<f64> = sizes.iter().map(|&n| n as f64).collect();
        let mut here = vec![true; points];
        let mut nearest: Vec<(f64, usize)> = (0..points).map(|i| nearest_after(&d, &here, i)).collect();
        let mut joins = Vec::with_capacity(points.saturating_sub(1));
        for _ in 1..points {
            let mut join = Join { first: 0, second: 0, height: f64::INFINITY };
            for (i, &(height, second)) in nearest.iter().enumerate() {
                if here[i] && height < join.height {
                    join = Join { first: i, second, height };
                }
            }
            let Join { first, second, .. } = join;
            here[second] = false;
            let (a, b) = (sizes[first], sizes[second]);
            sizes[first] = a + b;
            for other in (0..points).filter(|&other| here[other] && other != first) {
                let at = d.at(first, other);
                d.values[at] = (a * d.values[at] + b * d.get(second, other)) / (a + b);
                if other < first && d.values[at] < nearest[other].0 {
                    nearest[other] = (d.values[at], first);
                }
            }
            for i in 0..points {
                if here[i] && (i == first || [first, second].contains(&nearest[i].1)) {
                    nearest[i] = nearest_after(&d, &here, i);
                }
            }
            joins.push(join);
        }
        Tree { points, joins }
    }

    /// The heights at which any two points first are in one cluster.
    pub(crate) fn cophenetic(&self) -> Distances {
        let mut members: Vec<Vec<usize>> = (0..self.points).map(|i| vec![i]).collect();
        let mut heights = Distances::new(self.points, |_, _| 0.0);
        for join in &self.joins {
            let second = std::mem::take(&mut members[join.second]);
            for &i in &members[join.first] {
                for &j in &second {
                    let at = heights.at(i, j);
                    heights.values[at] = join.height;
                }
            }
            members[join.first].extend(second);
        }
        heights
    }

    /// The cluster of each point where there are `clusters` of them, numbered in the order of their first points.
    pub(crate) fn cut(&self, clusters: usize) -> Vec<usize> {
        let mut of: Vec<usize> = (0..self.points).collect();
        let joins = self.points.saturating_sub(clusters.max(1));
        for join in &self.joins[..joins.min(self.joins.len())] {
            of[join.second] = join.first;
        }
        // A cluster's first point is the first of its members, and was joined to nothing.
        let mut number = vec![0; self.points];
        let mut next = 0;
        for i in 0..self.points {
            if of[i] == i {
                number[i] = next;
                next += 1;
            } else {
                number[i] = number[of[i]];
            }
        }
        number
    }

    /// The points in an order in which those of every cluster are together.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut members: Vec<Vec<usize>> = (0..self.points).map(|i| vec![i]).collect();
        for join in &self.joins {
            let second = std::mem::take(&mut members[join.second]);
            members[join.first].extend(second);
        }
        members.into_iter().next().unwrap_or_default()
    }
}

/// The least distance of point i to one after it, and the first such point.
fn nearest_after(d: &Distances, here: &[bool], i: usize) -> (f64, usize) {
    let mut nearest = (f64::INFINITY, usize::MAX);
    for j in (i + 1..d.points).filter(|&j| here[j]) {
        let distance = d.values[d.at(i, j)];
        if distance < nearest.0 {
            nearest = (distance, j);
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    /// The definition: the mean distance of all pairs of members.
    fn slow(d: &Distances, sizes: &[u64]) -> Distances {
        let points = d.points();
        let mut clusters: Vec<Vec<usize>> = (0..points).map(|i| vec![i]).collect();
        let mut heights = Distances::new(points, |_, _| 0.0);
        let mean = |a: &[usize], b: &[usize]| {
            let (mut sum, mut count) = (0.0, 0.0);
            for &i in a {
                for &j in b {
                    let pairs = (sizes[i] * sizes[j]) as f64;
                    sum += pairs * d.get(i, j);
                    count += pairs;
                }
            }
            sum / count
        };
        while clusters.len() > 1 {
            let mut least = (f64::INFINITY, 0, 0);
            for a in 0..clusters.len() {
                for b in a + 1..clusters.len() {
                    let height = mean(&clusters[a], &clusters[b]);
                    if height < least.0 {
                        least = (height, a, b);
                    }
                }
            }
            let second = clusters.remove(least.2);
            for &i in &clusters[least.1] {
                for &j in &second {
                    let at = heights.at(i, j);
                    heights.values[at] = least.0;
                }
            }
            clusters[least.1].extend(second);
        }
        heights
    }

    #[test]
    fn heights_are_means_over_all_pairs_of_samples() {
        let mut next = numbers(3);
        for points in [1, 2, 3, 17, 40] {
            let d = Distances::new(points, |_, _| next());
            let sizes: Vec<u64> = (0..points).map(|i| 1 + (i as u64 * 7) % 5).collect();
            let (got, want) = (Tree::average(&d, &sizes).cophenetic(), slow(&d, &sizes));
            assert!(got.values.iter().zip(&want.values).all(|(g, w)| (g - w).abs() < 1e-12), "{points}");
        }
    }

    #[test]
    fn a_point_of_two_samples_is_two_equal_points() {
        let mut next = numbers(4);
        let once = Distances::new(6, |_, _| (next() * 5.0).round() / 5.0 + 0.1);
        let of = [0, 1, 1, 2, 3, 3, 3, 4, 5];
        let all = Distances::new(9, |i, j| once.get(of[i], of[j]));
        let heights = Tree::average(&once, &[1, 2, 1, 3, 1, 1]).cophenetic();
        let (tree, singles) = (Tree::average(&all, &[1; 9]), Tree::average(&once, &[1, 2, 1, 3, 1, 1]));
        let got = tree.cophenetic();
        for i in 0..9 {
            for j in i + 1..9 {
                assert!((got.get(i, j) - heights.get(of[i], of[j])).abs() < 1e-12);
            }
        }
        for clusters in 1..=6 {
            let (many, few) = (tree.cut(clusters), singles.cut(clusters));
            assert!((0..9).all(|i| many[i] == few[of[i]]), "{clusters}");
        }
    }

    #[test]
    fn cuts_and_the_order_keep_clusters_together() {
        let place = [0.0_f64, 10.0, 0.5, 10.2, 20.0, 0.2];
        let tree = Tree::average(&Distances::new(6, |i, j| (place[i] - place[j]).abs()), &[1; 6]);
        assert_eq!(tree.cut(3), [0, 1, 0, 1, 2, 0]);
        assert_eq!(tree.cut(1), [0; 6]);
        assert_eq!(tree.cut(6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(tree.cut(99), [0, 1, 2, 3, 4, 5]);
        let order: Vec<usize> = tree.order().iter().map(|&i| tree.cut(3)[i]).collect();
        let mut runs = order.clone();
        runs.dedup();
        assert_eq!((order.len(), runs.len()), (6, 3));
    }
}
