//! Rows that are alike: neighbours in an order, or in a graph.
//!
//! Term: `weight/2 tr(FᵀLF)` with a sparse, symmetric, positive semidefinite L over the rows, whose rows add up to 0:
//!
//! ```text
//! smooth     sum over i of ||f_i - f_(i-1)||²                     L tridiagonal
//! smooth2    sum over inner i of ||f_(i-1) - 2 f_i + f_(i+1)||²   L pentadiagonal
//! graph      sum over pairs of a_ij ||f_i - f_j||²                L = D - A,  D_ii = sum over j of a_ij
//! ```
//!
//! each of them half. Its upper quadratic does not couple rows. With `l_i = sum over j of |L_ij|`, the diagonal matrix of
//! the `l_i` minus L is positive semidefinite (diagonally dominant), so
//!
//! ```text
//! d_i += weight l_i        e_i += weight (l_i f_i - (L f)_i)
//! ```
//!
//! Guarantee: touches and lies above; for `smooth` and `graph` all e_i of F >= 0 are non-negative. Cost: k per entry of L.
//! However large the weight, one half-step moves a row no further than half of the way to the mean of its neighbours, so it
//! takes many of them to even out what is longer than a few rows.
//!
//! Reference: D. Cai, X. He, J. Han, T. S. Huang (2011), "Graph regularized nonnegative matrix factorization for data
//! representation", IEEE Trans. Pattern Anal. 33(8), doi:10.1109/TPAMI.2010.231 (whose objective has `lambda tr(FᵀLF)` to
//! a loss without the half); Z. Chen, A. Cichocki (2005), "Nonnegative matrix factorization with temporal smoothness
//! and/or spatial decorrelation constraints", RIKEN (first differences); P. H. C. Eilers (2003), "A perfect smoother",
//! Anal. Chem. 75(14), doi:10.1021/ac034173t (second ones).
//!
//! When not to use it: with the other factor free, whose scale can take the penalty over; when rows are alike for a
//! reason that should be a component of its own.

use super::{At, Shift, Term};
use crate::data::Sparse;
use crate::error::{Error, Result};
use crate::kernels::gram::tree_sum;
use crate::scalar::Scalar;
use rayon::prelude::*;

/// Rows that a thread takes at least.
const ROWS: usize = 64;

/// See [the module](self).
pub(crate) struct Coupling {
    weight: f64,
    l: Symmetric,
    /// `sum over j of |L_ij|`.
    bounds: Vec<f64>,
    /// L is of second differences, of which the value is computed without the cancellation that L brings.
    second: bool,
}

/// A sparse symmetric matrix by rows.
struct Symmetric {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Symmetric {
    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Columns and values of row i.
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[i]..self.starts[i + 1];
        self.columns[range.clone()].iter().zip(&self.values[range]).map(|(&j, &x)| (j as usize, x))
    }

    /// From rows in order, each of which adds its `(column, value)` pairs.
    fn from_rows(rows: usize, mut add: impl FnMut(usize, &mut dyn FnMut(usize, f64))) -> Symmetric {
        let mut l = Symmetric { starts: vec![0], columns: Vec::new(), values: Vec::new() };
        for i in 0..rows {
            add(i, &mut |j, x| {
                l.columns.push(j as u32);
                l.values.push(x);
            });
            l.starts.push(l.columns.len());
        }
        l
    }
}

impl Coupling {
    /// Neighbouring rows are alike.
    pub(crate) fn smooth(weight: f64, rows: usize) -> Coupling {
        let l = Symmetric::from_rows(rows, |i, add| {
            let (before, after) = (i > 0, i + 1 < rows);
            if before {
                add(i - 1, -1.0);
            }
            add(i, f64::from(u8::from(before) + u8::from(after)));
            if after {
                add(i + 1, -1.0);
            }
        });
        Coupling::new(weight, l, false)
    }

    /// Rows change evenly. Fewer than three rows have no second difference.
    pub(crate) fn smooth2(weight: f64, rows: usize) -> Coupling {
        // The second difference around t has 1 at t - 1, -2 at t, 1 at t + 1.
        let difference =
            |t: usize, i: usize| if i == t { -2.0 } else { f64::from(u8::from(i.abs_diff(t) == 1)) };
        let l = Symmetric::from_rows(rows, |i, add| {
            for j in i.saturating_sub(2)..(i + 3).min(rows) {
                // L_ij = sum over inner t of difference(t, i) difference(t, j)
                let inner = i.saturating_sub(1).max(1)..(i + 2).min(rows.saturating_sub(1));
                let x: f64 = inner.map(|t| difference(t, i) * difference(t, j)).sum();
                if x != 0.0 {
                    add(j, x);
                }
            }
        });
        Coupling::new(weight, l, true)
    }

    /// Rows that a graph connects are alike. The graph is its adjacency matrix: `a_ij = a_ji >= 0` of shape
    /// `(rows, rows)`; its diagonal does not count. `what` names it in messages.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::BadWeight`] for an entry that is negative or not finite, [`Error::Unsupported`] for a
    /// matrix that is not symmetric.
    pub(crate) fn graph<T: Scalar>(
        weight: f64,
        graph: &Sparse<T>,
        rows: usize,
        what: &'static str,
    ) -> Result<Coupling> {
        if (graph.rows(), graph.cols()) != (rows, rows) {
            return Err(Error::Shape {
                what,
                expected: format!("({rows}, {rows})"),
                got: format!("({}, {})", graph.rows(), graph.cols()),
            });
        }
        // What was computed both ways differs by rounding, which may have been blown up by cancellation: half of the
        // digits have to agree.
        let rounding = T::EPSILON.to_f64().sqrt();
        let mut fault = None;
        graph.for_each(|row, col, x| {
            let value = x.to_f64();
            if fault.is_some() || row == col {
                return;
            }
            if !(value >= 0.0 && value.is_finite()) {
                let needs = "connections have to be finite and >= 0 (the adjacency matrix A is needed, not D - A)";
                fault = Some(Error::BadWeight { what, value, row, col, needs });
                return;
            }
            let back = graph.get(col, row).to_f64();
            if !((value - back).abs() <= rounding * value.max(back)) && back >= 0.0 {
                fault = Some(Error::Unsupported {
                    asked: format!("{what} with {value:?} at row {row}, column {col} and {back:?} at row {col}, column {row}"),
                    why: "a connection is the same from both ends, so the matrix A of the graph has to be symmetric".into(),
                    instead: "give (A + Aᵀ)/2".into(),
                });
            }
        });
        if let Some(fault) = fault {
            return Err(fault);
        }
        let form = graph.by_row();
        let l = Symmetric::from_rows(rows, |i, add| {
            let (columns, values) = form.line(i);
            let mut degree = 0.0;
            for (at, &j) in columns.iter().enumerate() {
                let j = j as usize;
                if j != i {
                    // The mean of both ends, so that L is symmetric to the bit.
                    let a = 0.5 * values.get(at).to_f64() + 0.5 * graph.get(j, i).to_f64();
                    degree += a;
                    add(j, -a);
                }
            }
            add(i, degree);
        });
        Ok(Coupling::new(weight, l, false))
    }

    fn new(weight: f64, l: Symmetric, second: bool) -> Coupling {
        let bounds = (0..l.rows()).map(|i| l.row(i).map(|(_, x)| x.abs()).sum()).collect();
        Coupling { weight, l, bounds, second }
    }

    /// The trace of L.
    pub(crate) fn trace(&self) -> f64 {
        (0..self.l.rows()).flat_map(|i| self.l.row(i).filter(move |&(j, _)| j == i)).map(|(_, x)| x).sum()
    }

    /// The share of row i in `tr(FᵀLF)`: differences of rows, which do not cancel as `f_iᵀ(Lf)_i` does where rows are
    /// nearly alike.
    fn roughness<T: Scalar>(&self, at: &At<'_, T>, i: usize) -> f64 {
        let f = |i: usize| at.factor.row(i);
        if self.second {
            if i == 0 || i + 1 >= self.l.rows() {
                return 0.0;
            }
            let rows = f(i - 1).iter().zip(f(i)).zip(f(i + 1));
            return rows.map(|((a, b), c)| (a.to_f64() - 2.0 * b.to_f64() + c.to_f64()).powi(2)).sum();
        }
        // Rows of L add up to 0: tr(FᵀLF) = sum over i < j of -L_ij ||f_i - f_j||²
        let squares = |j| f(i).iter().zip(f(j)).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum::<f64>();
        self.l.row(i).filter(|&(j, _)| j > i).map(|(j, x)| -x * squares(j)).sum()
    }
}

impl<T: Scalar> Term<T> for Coupling {
    fn value(&mut self, at: &At<'_, T>) -> f64 {
        0.5 * self.weight * tree_sum(0, self.l.rows(), &|i| self.roughness(at, i))
    }

    fn touch(&mut self, at: &At<'_, T>, to: &mut Shift<T>) {
        let (factor, weight, l, bounds) = (at.factor, self.weight, &self.l, &self.bounds);
        let rows = to.pull.par_chunks_mut(factor.stride()).zip(&mut to.ridge);
        rows.with_min_len(ROWS).enumerate().for_each(|(i, (pull, ridge))| {
            *ridge += T::from_f64(weight * bounds[i]);
            for (j, x) in l.row(i) {
                // e_i += weight (l_i delta_ij - L_ij) f_j
                let share = T::from_f64(weight * if i == j { bounds[i] - x } else { -x });
                for (e, &f) in pull.iter_mut().zip(factor.row(j)) {
                    *e += share * f;
                }
            }
        });
    }

    fn by_row(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Place, check_term, close, shift_at};
    use super::*;
    use crate::factor::Factor;
    use crate::rules::tests_common::numbers;

    /// A random graph with `n` vertices, of which the first has no neighbour.
    fn graph(n: usize, seed: u64) -> Sparse<f64> {
        let mut next = numbers(seed);
        let (mut rows, mut cols, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for i in 1..n as u32 {
            for j in i..n as u32 {
                if next() < 0.4 {
                    let a = next();
                    rows.extend([i, j]);
                    cols.extend([j, i]);
                    values.extend([a, a]);
                }
            }
        }
        Sparse::from_coo(n, n, &rows, &cols, values).unwrap()
    }

    fn from_graph(n: usize) -> Coupling {
        Coupling::graph(0.7, &graph(n, 5), n, "the graph of H").unwrap()
    }

    /// L, dense.
    fn dense(coupling: &Coupling) -> nalgebra::DMatrix<f64> {
        let n = coupling.l.rows();
        let mut l = nalgebra::DMatrix::zeros(n, n);
        for i in 0..n {
            coupling.l.row(i).for_each(|(j, x)| l[(i, j)] += x);
        }
        l
    }

    #[test]
    fn touch_from_above() {
        check_term(|rows, _| Box::new(Coupling::smooth(0.7, rows)), false);
        check_term(|rows, _| Box::new(Coupling::smooth2(0.7, rows)), false);
        check_term(|rows, _| Box::new(from_graph(rows)), false);
    }

    #[test]
    fn l_is_that_of_the_differences() {
        for rows in 1..8 {
            let first = nalgebra::DMatrix::from_fn(rows - 1, rows, |t, i| match i.checked_sub(t) {
                Some(0) => -1.0,
                Some(1) => 1.0,
                _ => 0.0,
            });
            assert_eq!(dense(&Coupling::smooth(1.0, rows)), first.transpose() * &first);
            let second =
                nalgebra::DMatrix::from_fn(rows.saturating_sub(2), rows, |t, i| match i.checked_sub(t) {
                    Some(0 | 2) => 1.0,
                    Some(1) => -2.0,
                    _ => 0.0,
                });
            let (l, coupling) = (second.transpose() * &second, Coupling::smooth2(1.0, rows));
            assert_eq!(dense(&coupling), l);
            assert_eq!(coupling.trace(), l.trace());
        }
    }

    #[test]
    fn values_are_the_sums_that_are_printed() {
        let f = [1.0, 2.0, 4.0, 4.0, 2.0, 3.0];
        let place = Place::new(Factor::from_row_major(3, 2, &f).unwrap());
        let value = |mut term: Coupling| Term::<f64>::value(&mut term, &place.at());
        assert_eq!(value(Coupling::smooth(2.0, 3)), (9.0 + 4.0) + (4.0 + 1.0));
        assert_eq!(
            value(Coupling::smooth2(2.0, 3)),
            (1.0 - 8.0 + 2.0f64).powi(2) + (2.0 - 8.0 + 3.0f64).powi(2)
        );
        // One connection, of weight 5, between the rows 0 and 2; the diagonal does not count.
        let a = Sparse::from_coo(3, 3, &[0, 2, 1], &[2, 0, 1], vec![5.0, 5.0, f64::NAN]).unwrap();
        let coupling = Coupling::graph(2.0, &a, 3, "a graph").unwrap();
        assert_eq!(coupling.trace(), 10.0);
        assert_eq!(value(coupling), 5.0 * (1.0 + 1.0));
    }

    #[test]
    fn value_is_the_trace_with_l() {
        for (rows, rank) in [(1, 2), (2, 1), (9, 3), (300, 2)] {
            let place = Place::<f64>::random(rows, rank, 3);
            let f = nalgebra::DMatrix::from_fn(rows, rank, |i, c| place.factor.row(i)[c]);
            for mut coupling in [Coupling::smooth(0.7, rows), Coupling::smooth2(0.7, rows), from_graph(rows)]
            {
                let want = 0.35 * (f.transpose() * dense(&coupling) * &f).trace();
                let got = Term::<f64>::value(&mut coupling, &place.at());
                assert!(close(got, want, 1e-12), "{rows} rows: {got} {want}");
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let place = Place::<f32>::random(1000, 3, 8);
        let touched = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let shift = shift_at(&mut Coupling::smooth2(0.7, 1000), &place);
                (shift.ridge, shift.pull)
            })
        };
        assert_eq!(touched(1), touched(3));
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        let refused = |rows: &[u32], cols: &[u32], values: Vec<f64>, n| {
            let a = Sparse::from_coo(3, 3, rows, cols, values).unwrap();
            Coupling::graph(1.0, &a, n, "the graph of H").err()
        };
        assert!(matches!(refused(&[], &[], vec![], 4), Some(Error::Shape { .. })));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            let error = refused(&[0, 1], &[1, 0], vec![bad, bad], 3);
            assert!(matches!(error, Some(Error::BadWeight { row: 0, col: 1, .. })), "{error:?}");
        }
        for back in [vec![1.0, 2.0], vec![1.0, 1.0 + 1e-6]] {
            let error = refused(&[0, 1], &[1, 0], back, 3).unwrap();
            assert!(error.to_string().contains("(A + Aᵀ)/2"), "{error}");
        }
        assert!(refused(&[0], &[1], vec![1.0], 3).is_some(), "one way only");
        assert!(refused(&[0, 1], &[1, 0], vec![1.0, 1.0 + 1e-12], 3).is_none(), "rounding");
        assert!(refused(&[0, 1], &[1, 0], vec![1e-300, 1e-300], 3).is_none());
    }
}
