//! Components of a given sparseness.
//!
//! Problem: for the whole factor F, with the sparseness of a vector as in [`sparseness`](crate::constraint::sparseness),
//!
//! ```text
//! min  q(F) = 1/2 tr(F (G + l2 I) Fᵀ) - <C - l1, F>        over F >= 0 with every component F_c of the given sparseness
//! ```
//!
//! Update: projected gradient with backtracking, where P takes each component to the nearest one of that sparseness:
//!
//! ```text
//! F <- P(F - mu (F (G + l2 I) - C + l1))        mu = length / L,  L >= ||G||₂ + l2
//! ```
//!
//! `length` is halved until q falls, and grows by a fifth after every step that is taken. P is the paper's projection,
//! which is on vectors of one length, times the length that is best in that direction; in the paper the length is that
//! of the vector that is projected. So P is the exact projection on a closed cone, and q has to fall by the time that
//! `length <= 1`, but for rounding, since the new point is the lowest of
//! `q(F) + <gradient, D> + 1/(2 mu) ||D||²  >=  q(F + D)` in a set that F is in. If it does not, F stays as it is.
//!
//! Guarantee: no step increases q, or changes the sparseness. The set is not convex: ends are stationary at best, and depend
//! on the start. Cost: k² + k per row, and the projection, a handful of passes over F, per length that is tried.
//!
//! Reference: P. O. Hoyer (2004), "Non-negative matrix factorization with sparseness constraints", J. Mach. Learn. Res. 5,
//! 1457-1469.
//!
//! When not to use it: when sparse is all that the components should be, `l1` is faster and lets each be as sparse as it
//! is; sparseness far above or below what the data have costs much of the fit.

use super::Quadratic;
use crate::constraint::{norm_ratio, project_sparseness};
use crate::factor::Factor;
use crate::kernels::gram::{GramSum, times_square, tree_sum};
use crate::kernels::small::largest_eigenvalue_bound;
use crate::scalar::Scalar;
use rayon::prelude::*;

/// Rows that a thread takes at least.
const ROWS: usize = 64;
/// Lengths between which the step is looked for: below 1 it is taken but for rounding, far above it hardly ever.
const SHORTEST: f64 = 0.25;
const LONGEST: f64 = 64.0;

/// See [the module](self).
pub(crate) struct Hoyer<T> {
    /// `||F_c||_1 / ||F_c||` of every component.
    ratio: f64,
    /// mu L of the next step.
    length: f64,
    gradient: Vec<T>,
    /// The new components, each contiguous.
    columns: Vec<f64>,
    fixed: Vec<bool>,
    /// D, the new factor minus the old one, and `DᵀD`.
    moves: Factor<T>,
    gram_sum: GramSum,
    moves_gram: Vec<f64>,
    work: Vec<T>,
}

impl<T: Scalar> Hoyer<T> {
    /// For a factor of this size, with components of this sparseness (0 to 1).
    pub(crate) fn new(rows: usize, rank: usize, sparseness: f64) -> Hoyer<T> {
        let moves = Factor::zeros(rows, rank);
        let stride = moves.stride();
        Hoyer {
            ratio: norm_ratio(sparseness, rows),
            length: 1.0,
            gradient: vec![T::ZERO; rows * stride],
            columns: vec![0.0; rows * rank],
            fixed: vec![false; rows * rank],
            gram_sum: GramSum::new::<T>(rows, stride),
            moves_gram: vec![0.0; stride * stride],
            work: vec![T::ZERO; 2 * rank],
            moves,
        }
    }

    /// Gives every component the sparseness, at its length: for the start. A component that is zero stays so.
    pub(crate) fn enforce(&mut self, factor: &mut Factor<T>) {
        let ratio = self.ratio;
        self.for_columns(|c, column, fixed| {
            for (i, x) in column.iter_mut().enumerate() {
                *x = factor.row(i)[c].to_f64();
            }
            let norm = column.iter().map(|x| x * x).sum::<f64>().sqrt();
            project_sparseness(column, fixed, ratio * norm, norm);
        });
        self.store(factor);
    }

    /// One step with `cross` of the rows and stride of the factor; whether it was taken.
    pub(crate) fn step(&mut self, q: &Quadratic<'_, T>, factor: &mut Factor<T>, cross: &[T]) -> bool {
        let largest = (largest_eigenvalue_bound(q.gram, q.rank, q.stride, &mut self.work) + q.l2).to_f64();
        if !(largest > 0.0 && largest.is_finite()) {
            return false;
        }
        self.set_gradient(q, factor, cross);
        while self.length >= SHORTEST {
            self.try_step(factor, self.length / largest);
            if self.rise(q, factor) < 0.0 {
                self.store(factor);
                self.length = (1.2 * self.length).min(LONGEST);
                return true;
            }
            self.length *= 0.5;
        }
        self.length = 1.0;
        false
    }

    /// `F (G + l2 I) - C + l1`
    fn set_gradient(&mut self, q: &Quadratic<'_, T>, factor: &Factor<T>, cross: &[T]) {
        let (stride, rank) = (q.stride, q.rank);
        let rows = factor.padded_rows().par_chunks(ROWS * stride).zip(cross.par_chunks(ROWS * stride));
        self.gradient.par_chunks_mut(ROWS * stride).zip(rows).for_each(|(out, (rows, cross))| {
            times_square(rows, q.gram, stride, out);
            let lines =
                out.chunks_exact_mut(stride).zip(rows.chunks_exact(stride)).zip(cross.chunks_exact(stride));
            for ((out, row), cross) in lines {
                for c in 0..rank {
                    out[c] += q.l2 * row[c] - cross[c] + q.l1;
                }
            }
        });
    }

    /// Writes `P(F - mu gradient)` to the columns, and D.
    fn try_step(&mut self, factor: &Factor<T>, mu: f64) {
        let (ratio, stride) = (self.ratio, factor.stride());
        let gradient = std::mem::take(&mut self.gradient);
        self.for_columns(|c, column, fixed| {
            let old = |i: usize| factor.row(i)[c].to_f64();
            let target = |i: usize| old(i) - mu * gradient[i * stride + c].to_f64();
            column.iter_mut().enumerate().for_each(|(i, x)| *x = target(i));
            project_sparseness(column, fixed, ratio, 1.0);
            // The best length in the direction p of unit length is that of the target along it, <target, p>. Where it points
            // away, the nearest point is 0, which has no sparseness: the component stays.
            let length: f64 = column.iter().enumerate().map(|(i, p)| target(i) * p).sum();
            for (i, x) in column.iter_mut().enumerate() {
                *x = if length > 0.0 { length * *x } else { old(i) };
            }
        });
        self.gradient = gradient;
        let (columns, rows) = (&self.columns, factor.rows());
        let moves = self.moves.padded_rows_mut().par_chunks_mut(stride).with_min_len(ROWS);
        moves.enumerate().for_each(|(i, moves)| {
            for (c, (d, &x)) in moves.iter_mut().zip(factor.row(i)).enumerate() {
                *d = T::from_f64(columns[c * rows + i]) - x;
            }
        });
    }

    /// `q(F + D) - q(F) = <gradient, D> + 1/2 <DᵀD, G + l2 I>`, exact for a quadratic, and without cancellation.
    fn rise(&mut self, q: &Quadratic<'_, T>, factor: &Factor<T>) -> f64 {
        let (stride, rank) = (q.stride, q.rank);
        self.gram_sum.compute(&self.moves, &mut self.moves_gram);
        let along = |i: usize| {
            let pairs = self.gradient[i * stride..].iter().zip(self.moves.row(i));
            pairs.map(|(g, d)| g.to_f64() * d.to_f64()).sum()
        };
        let slope = tree_sum(0, factor.rows(), &along);
        let mut bend = 0.0;
        for c in 0..rank {
            let line = &self.moves_gram[c * stride..][..rank];
            bend += line.iter().zip(&q.gram[c * stride..]).map(|(d, g)| d * g.to_f64()).sum::<f64>();
            bend += q.l2.to_f64() * line[c];
        }
        slope + 0.5 * bend
    }

    /// Calls `f(component, its column, room)` for all components.
    fn for_columns(&mut self, f: impl Fn(usize, &mut [f64], &mut [bool]) + Sync) {
        let rows = self.moves.rows().max(1);
        let columns = self.columns.par_chunks_exact_mut(rows).zip(self.fixed.par_chunks_exact_mut(rows));
        columns.enumerate().for_each(|(c, (column, fixed))| f(c, column, fixed));
    }

    fn store(&self, factor: &mut Factor<T>) {
        let (rows, rank, stride) = (factor.rows(), factor.rank(), factor.stride());
        let lines = factor.padded_rows_mut().par_chunks_mut(stride).with_min_len(ROWS);
        lines.enumerate().for_each(|(i, row)| {
            for c in 0..rank {
                row[c] = T::from_f64(self.columns[c * rows + i]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::super::tests_common::Problem;
    use super::*;
    use crate::constraint::sparseness;

    fn factor_of(problem: &Problem) -> Factor<f64> {
        let rows = (0..problem.rows).flat_map(|i| problem.row(&problem.factor, i).to_vec());
        Factor::from_row_major(problem.rows, problem.rank, &rows.collect::<Vec<f64>>()).unwrap()
    }

    fn column<T: Scalar>(factor: &Factor<T>, c: usize) -> Vec<f64> {
        (0..factor.rows()).map(|i| factor.row(i)[c].to_f64()).collect()
    }

    fn value(problem: &Problem, factor: &Factor<f64>) -> f64 {
        (0..problem.rows).map(|i| problem.value(factor.padded_rows(), i)).sum()
    }

    fn problems() -> impl Iterator<Item = (Problem, f64)> {
        let problems = Problem::some().into_iter().filter(|p| p.rows > 1);
        problems.flat_map(|p| [0.2, 0.5, 0.8].map(|s| (Problem::new(p.rows, p.rank, p.l1, p.l2, 11), s)))
    }

    #[test]
    fn steps_go_down_and_keep_the_sparseness() {
        for (problem, s) in problems() {
            let mut factor = factor_of(&problem);
            let mut hoyer = Hoyer::new(problem.rows, problem.rank, s);
            let norms = factor.column_norms();
            hoyer.enforce(&mut factor);
            for (a, b) in norms.iter().zip(factor.column_norms()) {
                assert!((a - b).abs() <= 1e-13 * a);
            }
            let start = value(&problem, &factor);
            let (mut before, mut taken) = (start, 0);
            for _ in 0..60 {
                let moved = hoyer.step(&problem.quadratic(), &mut factor, &problem.cross);
                let after = value(&problem, &factor);
                assert!(after <= before + 1e-13 * (before.abs() + 1.0), "{s}: {before} -> {after}");
                assert!(moved || after == before);
                (before, taken) = (after, taken + usize::from(moved));
                for c in 0..problem.rank {
                    let got = sparseness(&column(&factor, c));
                    assert!((got - s).abs() < 1e-11, "component {c}: {got}, not {s}");
                }
                assert!(factor.first_bad().is_none());
                assert!(
                    factor
                        .padded_rows()
                        .chunks(factor.stride())
                        .all(|row| row[problem.rank..].iter().all(|&x| x == 0.0))
                );
            }
            assert!(taken >= 20 && before < start, "{taken} of 60 steps");
        }
    }

    #[test]
    fn one_component_is_solved_in_one_step() {
        // q = g/2 ||F - C/g||² up to a constant: the nearest point to C / g.
        for s in [0.1, 0.5, 0.9] {
            let problem = Problem::new(30, 1, 0.0, 0.0, 5);
            let mut factor = factor_of(&problem);
            let mut hoyer = Hoyer::new(30, 1, s);
            hoyer.enforce(&mut factor);
            assert!(hoyer.step(&problem.quadratic(), &mut factor, &problem.cross));
            let target: Vec<f64> = (0..30).map(|i| problem.cross(i, 0) / problem.g(0, 0)).collect();
            let distance = |v: &[f64]| v.iter().zip(&target).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            let got = column(&factor, 0);
            let mut next = super::super::tests_common::numbers(8);
            for _ in 0..200 {
                // Other vectors of that sparseness: near, far, longer and shorter.
                let mut other: Vec<f64> = got.iter().map(|x| x + 0.1 * (next() - 0.5)).collect();
                let norm = (0.5 + next()) * got.iter().map(|x| x * x).sum::<f64>().sqrt();
                project_sparseness(&mut other, &mut [false; 30], norm_ratio(s, 30) * norm, norm);
                assert!(distance(&got) <= distance(&other) * (1.0 + 1e-12));
            }
        }
    }

    #[test]
    fn it_does_not_move_from_where_it_cannot_fall() {
        let problem = Problem::new(20, 3, 0.0, 0.0, 6);
        let mut factor = factor_of(&problem);
        let mut hoyer = Hoyer::new(20, 3, 0.4);
        hoyer.enforce(&mut factor);
        let q = problem.quadratic();
        let steps = (0..20_000).find(|_| !hoyer.step(&q, &mut factor, &problem.cross));
        assert!(steps.is_some(), "it comes to an end");
        let (end, before) = (factor.clone(), value(&problem, &factor));
        for _ in 0..5 {
            hoyer.step(&q, &mut factor, &problem.cross);
        }
        assert!((value(&problem, &factor) - before).abs() <= 1e-12 * before.abs());
        assert!(factor.to_row_major().iter().zip(end.to_row_major()).all(|(a, b)| (a - b).abs() < 1e-5));
        // Nothing to go by: no curvature.
        let gram = vec![0.0; problem.gram.len()];
        assert!(!hoyer.step(&Quadratic { gram: &gram, ..q }, &mut factor, &problem.cross));
    }

    #[test]
    fn single_precision_and_dead_components() {
        let mut factor =
            Factor::<f32>::from_row_major(4, 2, &[1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 0.5, 0.0]).unwrap();
        let mut hoyer = Hoyer::new(4, 2, 0.5);
        hoyer.enforce(&mut factor);
        assert_eq!(column(&factor, 1), [0.0; 4], "zero has no direction");
        let gram: Vec<f32> = (0..64).map(|i| if i % 9 == 0 && i < 18 { 1.0 } else { 0.0 }).collect();
        let q = Quadratic {
            gram: &gram,
            stride: 8,
            rank: 2,
            l1: 0.0,
            l2: 0.0,
            limits: Limits::NON_NEGATIVE,
            minus: &[],
            drag: &[],
        };
        let cross: Vec<f32> = (0..32).map(|i| if i % 8 < 2 { (i / 8 + 1) as f32 } else { 0.0 }).collect();
        assert!(hoyer.step(&q, &mut factor, &cross));
        for c in 0..2 {
            assert!((sparseness(&column(&factor, c)) - 0.5).abs() < 1e-6, "brought back");
        }
    }
}
