//! Which component of one model is which of another.
//!
//! Problem: pair the components of two models so that the sum of the cosines between their rows of H is the largest
//! possible (an assignment problem, Kuhn 1955; Munkres 1957). Components beyond the smaller rank stay alone.
//!
//! Splits and merges: a component that is a mixture of several of the other model, its non-negative least squares fit by all
//! of them being nearer to it than its partner alone.
//!
//! Cost: O(k² n) for the cosines, O(k³) for the assignment.
//!
//! Reference: J. Munkres (1957), "Algorithms for the assignment and transportation problems", doi:10.1137/0105003.

use crate::data::{Dense, Matrix};
use crate::error::{Error, Result};
use crate::factor::Factor;
use crate::loss::Loss;
use crate::scalar::Scalar;
use crate::transform::{Model, RowRules};
use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix as Table;
use serde::Serialize;

/// A component of the first model and its partner in the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// In the first model.
    pub first: usize,
    /// In the second model.
    pub second: usize,
    /// The cosine of their rows of H, from 0 to 1.
    pub cosine: f64,
}

/// A component that is a mixture of several of the other model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mixture {
    /// The component.
    pub whole: usize,
    /// Components of the other model, each with the share of the mixture that it makes, largest first.
    pub parts: Vec<(usize, f64)>,
    /// The cosine of the component and the mixture.
    pub cosine: f64,
}

/// How the components of two models belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matching {
    /// In the order of the first model's components.
    pub pairs: Vec<Pair>,
    /// Components of the first model without a partner.
    pub only_first: Vec<usize>,
    /// Components of the second model without a partner.
    pub only_second: Vec<usize>,
    /// Components of the first model that are mixtures of the second's.
    pub splits: Vec<Mixture>,
    /// Components of the second model that are mixtures of the first's.
    pub merges: Vec<Mixture>,
}

impl Matching {
    /// The mean cosine of all pairs; 0 if there are none.
    pub fn mean_cosine(&self) -> f64 {
        self.pairs.iter().map(|pair| pair.cosine).sum::<f64>() / self.pairs.len().max(1) as f64
    }
}

/// A part of a mixture has at least this share of it.
const PART: f64 = 0.2;
/// A mixture is nearer than the partner by at least this much of the cosine.
const NEARER: f64 = 0.05;
/// And near enough to be called the same.
const NEAR: f64 = 0.8;

/// Pairs the components of two models of the same features, each given by its H, `(n, k)` as kept in a [`Factor`].
///
/// ```
/// use partwise::Factor;
/// use partwise::select::matching;
///
/// let first = Factor::from_transposed(3, 2, &[1.0, 0.0, 0.0, 0.0, 1.0, 1.0])?;
/// let second = Factor::from_transposed(3, 2, &[0.0, 2.0, 2.0, 3.0, 0.0, 0.0])?;
/// let found = matching(&first, &second)?;
/// assert_eq!(found.pairs.iter().map(|pair| (pair.first, pair.second)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
/// # Ok::<(), partwise::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] if the models have different features.
pub fn matching<T: Scalar>(first: &Factor<T>, second: &Factor<T>) -> Result<Matching> {
    if first.rows() != second.rows() {
        return Err(Error::Shape {
            what: "H of the second model",
            expected: format!("({}, {})", second.rank(), first.rows()),
            got: format!("({}, {})", second.rank(), second.rows()),
        });
    }
    let cosines = cosines(first, second);
    let pairs = assignment(&cosines, first.rank(), second.rank());
    let alone = |rank: usize, taken: &dyn Fn(&Pair) -> usize| {
        (0..rank).filter(|&c| pairs.iter().all(|pair| taken(pair) != c)).collect()
    };
    Ok(Matching {
        only_first: alone(first.rank(), &|pair| pair.first),
        only_second: alone(second.rank(), &|pair| pair.second),
        splits: mixtures(first, second, |a, b| cosines[a * second.rank() + b])?,
        merges: mixtures(second, first, |b, a| cosines[a * second.rank() + b])?,
        pairs,
    })
}

/// Components of length 1, one after the other; those that are zero stay so.
fn unit<T: Scalar>(factor: &Factor<T>) -> Vec<f64> {
    let mut values: Vec<f64> = factor.to_transposed().into_iter().map(Scalar::to_f64).collect();
    for component in values.chunks_exact_mut(factor.rows().max(1)) {
        // By the largest entry first: squares of entries may be out of range.
        let largest = component.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            component.iter_mut().for_each(|x| *x /= largest);
            let norm = component.iter().map(|x| x * x).sum::<f64>().sqrt();
            component.iter_mut().for_each(|x| *x /= norm);
        }
    }
    values
}

/// Cosines of the components of two models, row by row; 0 for components that are zero.
pub(crate) fn cosines<T: Scalar>(first: &Factor<T>, second: &Factor<T>) -> Vec<f64> {
    let n = first.rows().max(1);
    let (a, b) = (unit(first), unit(second));
    let cosine = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>().clamp(0.0, 1.0);
    a.chunks_exact(n).flat_map(|x| b.chunks_exact(n).map(move |y| cosine(x, y))).collect()
}

/// The pairs of the largest sum, in the order of the first.
pub(crate) fn assignment(cosines: &[f64], first: usize, second: usize) -> Vec<Pair> {
    if first == 0 || second == 0 {
        return Vec::new();
    }
    // Whole numbers, as the method compares sums for equality.
    let weight = |c: f64| (c * (1u64 << 40) as f64).round() as i64;
    let turned = first > second;
    let (few, many) = if turned { (second, first) } else { (first, second) };
    let at = |row: usize, col: usize| {
        if turned { cosines[col * second + row] } else { cosines[row * second + col] }
    };
    let table = Table::from_fn(few, many, |(row, col)| weight(at(row, col)));
    let (_, partners) = kuhn_munkres(&table);
    let pair = |(row, col): (usize, usize)| {
        let (first, second) = if turned { (col, row) } else { (row, col) };
        Pair { first, second, cosine: at(row, col) }
    };
    let mut pairs: Vec<Pair> = partners.into_iter().enumerate().map(pair).collect();
    pairs.sort_by_key(|pair| pair.first);
    pairs
}

/// Components of `wholes` that are mixtures of `parts`.
fn mixtures<T: Scalar>(
    wholes: &Factor<T>,
    parts: &Factor<T>,
    cosine: impl Fn(usize, usize) -> f64,
) -> Result<Vec<Mixture>> {
    if wholes.rank() == 0 || parts.rank() == 0 || parts.rows() == 0 {
        return Ok(Vec::new());
    }
    let n = wholes.rows();
    let (whole, part) = (unit(wholes), unit(parts));
    let h = Factor::from_transposed(n, parts.rank(), &part)?;
    let x: Matrix<'_, f64> = Dense::from_vec(wholes.rank(), n, whole.clone())?.into();
    let model = Model {
        component_scale: vec![1.0; h.rank()],
        h,
        loss: Loss::Frobenius,
        rules: RowRules::default(),
        least: 0.0,
    };
    let w = model.transform(&x, 1)?;
    let mut found = Vec::new();
    for a in 0..wholes.rank() {
        let total: f64 = w.row(a).iter().sum();
        let mut shares: Vec<(usize, f64)> = w
            .row(a)
            .iter()
            .map(|weight| weight / total)
            .enumerate()
            .filter(|(_, share)| *share >= PART)
            .collect();
        shares.sort_by(|x, y| y.1.total_cmp(&x.1));
        let mut mixed = vec![0.0; n];
        for &(b, _) in &shares {
            mixed.iter_mut().zip(&part[b * n..]).for_each(|(sum, p)| *sum += w.row(a)[b] * p);
        }
        let norm = mixed.iter().map(|x| x * x).sum::<f64>().sqrt();
        let near = mixed.iter().zip(&whole[a * n..]).map(|(x, y)| x * y).sum::<f64>() / norm;
        let alone = (0..parts.rank()).map(|b| cosine(a, b)).fold(0.0, f64::max);
        if shares.len() > 1 && near >= NEAR && near >= alone + NEARER {
            found.push(Mixture { whole: a, parts: shares, cosine: near.min(1.0) });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests_common::numbers;

    /// Every assignment, by trying them all.
    fn best(cosines: &[f64], first: usize, second: usize, from: usize, taken: &mut Vec<bool>) -> f64 {
        if from == first {
            return 0.0;
        }
        let alone =
            if first > second { best(cosines, first, second, from + 1, taken) } else { f64::NEG_INFINITY };
        let mut most = alone;
        for b in 0..second {
            if !taken[b] {
                taken[b] = true;
                most = most.max(cosines[from * second + b] + best(cosines, first, second, from + 1, taken));
                taken[b] = false;
            }
        }
        most
    }

    #[test]
    fn the_sum_is_the_largest() {
        let mut next = numbers(9);
        for (a, b) in [(1, 1), (3, 3), (5, 5), (2, 5), (5, 2), (6, 4)] {
            let table: Vec<f64> = (0..a * b).map(|_| next()).collect();
            let pairs = assignment(&table, a, b);
            assert_eq!(pairs.len(), a.min(b));
            let got: f64 = pairs.iter().map(|pair| pair.cosine).sum();
            assert!((got - best(&table, a, b, 0, &mut vec![false; b])).abs() < 1e-9);
        }
        assert!(assignment(&[], 0, 3).is_empty());
    }

    #[test]
    fn shuffled_and_scaled_components_are_found() {
        let mut next = numbers(5);
        let values: Vec<f64> = (0..4 * 30).map(|_| next().powi(3)).collect();
        let first = Factor::from_transposed(30, 4, &values).unwrap();
        let order = [2, 0, 3, 1];
        let turned = |at: usize| values[30 * order[at / 30] + at % 30] * 10f64.powi(at as i32 / 30 - 170);
        let second = Factor::from_transposed(30, 4, &(0..120).map(turned).collect::<Vec<_>>()).unwrap();
        let found = matching(&first, &second).unwrap();
        assert!(found.pairs.iter().all(|pair| order[pair.second] == pair.first && pair.cosine > 1.0 - 1e-12));
        assert!(found.splits.is_empty() && found.merges.is_empty());
        assert!((found.mean_cosine() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_component_that_was_split_is_told() {
        let first = Factor::from_transposed(4, 2, &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]).unwrap();
        let second =
            Factor::from_transposed(4, 3, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0])
                .unwrap();
        let found = matching(&first, &second).unwrap();
        assert_eq!(found.only_second.len(), 1);
        assert_eq!(found.splits.len(), 1);
        let split = &found.splits[0];
        assert!(split.whole == 0 && split.parts.len() == 2 && split.cosine > 0.999);
        assert!(found.merges.is_empty());
        assert_eq!(matching(&second, &first).unwrap().merges, found.splits);
    }

    #[test]
    fn zero_components_have_partners_too() {
        let zero = Factor::from_transposed(3, 2, &[0.0, 0.0, 0.0, 1.0, 2.0, 0.0]).unwrap();
        let found = matching(&zero, &zero).unwrap();
        assert_eq!(found.pairs.iter().map(|pair| pair.cosine.round() as u8).collect::<Vec<_>>(), [0, 1]);
        let other = Factor::<f64>::from_transposed(2, 1, &[1.0, 1.0]).unwrap();
        assert!(matches!(matching(&zero, &other), Err(Error::Shape { .. })));
    }
}
