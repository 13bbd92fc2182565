//! Rows on the simplex: entries >= 0 that add up to a given total, or to at most that.
//!
//! Problem: the quadratic of a row, see [`super`], over `w >= 0, sum w = total` (or `<= total`). Update: Nesterov's
//! gradient with the projection P on that set, with `L >= ||G||₂ + l2` and `t_0 = 1`:
//!
//! ```text
//! w_{j+1} = P(y_j - ((G + l2 I) y_j - c + l1) / L)
//! t_{j+1} = (1 + sqrt(1 + 4 t_j²)) / 2
//! y_{j+1} = w_{j+1} + (t_j - 1) / t_{j+1} (w_{j+1} - w_j)
//! ```
//!
//! A row starts anew (t = 1) when its momentum points uphill. It ends when a step is below `enough` of its first, or at the
//! limit of steps. A start that is not in the set is projected first; should the row end higher than that, it keeps it.
//!
//! Guarantee: no update of rows in the set increases the objective, and all rows are in the set to rounding; for convex q
//! the error of the row falls as 1/steps². Cost: k² per row and step; the projection is linear in k and needs no sorting.
//!
//! Reference: A. Beck, M. Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm for linear inverse problems",
//! SIAM J. Imaging Sci. 2(1), doi:10.1137/080716542 (the steps, for any projection); restarts after B. O'Donoghue, E.
//! Candès (2015), doi:10.1007/s10208-013-9150-3; this problem as the half-step of a factorization: N. Gillis (2014),
//! "Successive nonnegative projection algorithm for robust nonnegative blind source separation", SIAM J. Imaging Sci. 7(2),
//! doi:10.1137/130946782, appendix A.
//!
//! When not to use it: without the constraint, where coordinate descent is ahead.

use super::{Need, Panel, Quadratic, QuadraticRule, Scratch};
use crate::constraint::project_simplex;
use crate::factor::padded;
use crate::kernels::isa::{Kernel, Simd, launch};
use crate::kernels::small::largest_eigenvalue_bound;
use crate::scalar::Scalar;

/// The set of a row, and how long it is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimplexSearch<T> {
    /// What the entries add up to.
    pub(crate) total: T,
    /// Or to less.
    pub(crate) at_most: bool,
    /// Steps at most.
    pub(crate) steps: usize,
    /// A row's last step is shorter than this share of its first.
    pub(crate) enough: T,
}

/// See [the module](self).
pub(crate) struct SimplexRule<T> {
    rank: usize,
    search: SimplexSearch<T>,
    /// `1 / L`.
    inverse_l: T,
    work: Vec<T>,
}

impl<T: Scalar> SimplexRule<T> {
    pub(crate) fn new(rank: usize, total: f64, at_most: bool, steps: usize, enough: f64) -> SimplexRule<T> {
        let (total, enough) = (T::from_f64(total), T::from_f64(enough));
        let search = SimplexSearch { total, at_most, steps, enough };
        SimplexRule { rank, search, inverse_l: T::ZERO, work: vec![T::ZERO; 2 * rank] }
    }
}

/// `1 / L` for the matrix of a problem, 0 if it is zero; `work` has length `>= 2 rank`.
pub(crate) fn inverse_curvature<T: Scalar>(q: &Quadratic<'_, T>, work: &mut [T]) -> T {
    let inverse = T::ONE / (largest_eigenvalue_bound(q.gram, q.rank, q.stride, work) + q.l2);
    if inverse.is_finite() { inverse } else { T::ZERO }
}

/// Scratch memory for [`solve_row`].
pub(crate) fn row_need<T: Scalar>(rank: usize) -> usize {
    3 * padded::<T>(rank)
}

impl<T: Scalar> QuadraticRule<T> for SimplexRule<T> {
    fn need(&self) -> Need {
        Need { reals: row_need::<T>(self.rank) + 2 * self.rank, words: 0 }
    }

    fn prepare(&mut self, q: &Quadratic<'_, T>) {
        self.inverse_l = inverse_curvature(q, &mut self.work);
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        let (factor, cross) = (panel.factor, panel.cross);
        launch(Steps {
            q,
            search: &self.search,
            inverse_l: self.inverse_l,
            factor,
            cross,
            scratch: &mut scratch.reals,
        });
    }

    fn update_row(&self, q: &Quadratic<'_, T>, w: &mut [T], cross: &[T], scratch: &mut Scratch<T>) {
        let (room, work) = scratch.reals.split_at_mut(row_need::<T>(self.rank));
        let inverse_l = inverse_curvature(q, work);
        solve_row(q, &self.search, inverse_l, w, cross, room);
    }
}

/// Moves one padded row `w` with its padded row of the cross product. `inverse_l` is [`inverse_curvature`] of its problem,
/// which need not be that of other rows.
pub(crate) fn solve_row<T: Scalar>(
    q: &Quadratic<'_, T>,
    search: &SimplexSearch<T>,
    inverse_l: T,
    w: &mut [T],
    cross: &[T],
    scratch: &mut [T],
) {
    launch(Steps { q, search, inverse_l, factor: w, cross, scratch });
}

struct Steps<'a, 'b, T> {
    q: &'a Quadratic<'b, T>,
    search: &'a SimplexSearch<T>,
    inverse_l: T,
    factor: &'a mut [T],
    cross: &'a [T],
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel for Steps<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let stride = self.q.stride;
        for (w, cross) in self.factor.chunks_exact_mut(stride).zip(self.cross.chunks_exact(stride)) {
            row::<T, S>(self.q, self.search, self.inverse_l, w, cross, self.scratch);
        }
    }
}

#[inline(always)]
fn row<T: Scalar, S: Simd>(
    q: &Quadratic<'_, T>,
    search: &SimplexSearch<T>,
    inverse_l: T,
    w: &mut [T],
    cross: &[T],
    scratch: &mut [T],
) {
    let SimplexSearch { total, at_most, steps, enough } = *search;
    let (rank, stride) = (q.rank, q.stride);
    let (half, four) = (T::from_f64(0.5), T::from_f64(4.0));
    let (start, rest) = scratch.split_at_mut(stride);
    let (y, rest) = rest.split_at_mut(stride);
    let next = &mut rest[..stride];
    project_simplex(&mut w[..rank], total, at_most);
    if !(inverse_l > T::ZERO) {
        return;
    }
    // With their padding, which is zero: nothing else of y is read before it is written.
    start.copy_from_slice(w);
    y.copy_from_slice(w);
    let mut t = T::ONE;
    let mut first = T::ZERO;
    for step in 0..steps {
        descent::<T, S>(q, y, cross, next);
        for c in 0..rank {
            next[c] = S::mul_add(next[c], inverse_l, y[c]);
        }
        project_simplex(&mut next[..rank], total, at_most);
        let (mut moved, mut uphill) = (T::ZERO, T::ZERO);
        for c in 0..rank {
            let d = next[c] - w[c];
            moved = S::mul_add(d, d, moved);
            uphill = S::mul_add(y[c] - next[c], d, uphill);
        }
        if uphill > T::ZERO {
            t = T::ONE;
        }
        let longer = half * (T::ONE + (T::ONE + four * t * t).sqrt());
        let momentum = (t - T::ONE) / longer;
        t = longer;
        for c in 0..rank {
            y[c] = S::mul_add(momentum, next[c] - w[c], next[c]);
            w[c] = next[c];
        }
        if step == 0 {
            first = moved;
        }
        if !(moved > enough * enough * first) {
            break;
        }
    }
    // q(w) - q(start) = -(w - start)ᵀ (descent at their mean): exact for a quadratic, and without cancellation.
    for c in 0..rank {
        y[c] = half * (w[c] + start[c]);
    }
    descent::<T, S>(q, y, cross, next);
    let mut fall = T::ZERO;
    for c in 0..rank {
        fall = S::mul_add(w[c] - start[c], next[c], fall);
    }
    if !(fall >= T::ZERO) {
        w.copy_from_slice(start);
    }
}

/// `c - l1 - (G + l2 I) y`, one row of G after the other, as it is symmetric; entries of y that are zero cost nothing.
#[inline(always)]
fn descent<T: Scalar, S: Simd>(q: &Quadratic<'_, T>, y: &[T], cross: &[T], out: &mut [T]) {
    let stride = q.stride;
    for c in 0..stride {
        out[c] = S::mul_add(-q.l2, y[c], cross[c] - q.l1);
    }
    for l in 0..q.rank {
        if y[l] != T::ZERO {
            for (o, &g) in out.iter_mut().zip(&q.gram[l * stride..][..stride]) {
                *o = S::mul_add(-y[l], g, *o);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Problem, check_rows_are_independent, numbers};
    use super::*;

    const TOTAL: f64 = 0.8;

    fn on_the_simplex(mut problem: Problem, at_most: bool) -> Problem {
        for row in problem.factor.chunks_mut(problem.stride) {
            project_simplex(&mut row[..problem.rank], TOTAL, at_most);
        }
        problem
    }

    fn problems() -> impl Iterator<Item = (Problem, bool)> {
        [false, true].into_iter().flat_map(|at_most| {
            Problem::some().into_iter().map(move |problem| (on_the_simplex(problem, at_most), at_most))
        })
    }

    /// How far below `q(w)` the minimum on the set can be at most: the largest `gradientᵀ(w - z)` over its points z, which
    /// is taken at a corner. Relative to the parts of that sum.
    fn gap(problem: &Problem, w: &[f64], i: usize, at_most: bool) -> f64 {
        let (mut product, mut least, mut size) = (0.0, f64::MAX, 0.0);
        for c in 0..problem.rank {
            let pull: f64 =
                (0..problem.rank).map(|l| problem.g(c, l) * w[l]).sum::<f64>() + problem.l2 * w[c];
            let gradient = pull - problem.cross(i, c) + problem.l1;
            product += w[c] * gradient;
            size += w[c] * (pull + problem.cross(i, c) + problem.l1);
            least = gradient.min(least);
        }
        let corner = TOTAL * if at_most { least.min(0.0) } else { least };
        (product - corner) / (size + corner.abs())
    }

    #[test]
    fn two_steps_are_the_formula() {
        for (problem, at_most) in problems() {
            let mut rule = SimplexRule::new(problem.rank, TOTAL, at_most, 2, 0.0);
            let got = problem.updated(&mut rule, 1);
            for i in 0..problem.rows {
                // t_0 = 1 leaves no momentum after the first step: two plain steps.
                let mut w = problem.row(&problem.factor, i).to_vec();
                for _ in 0..2 {
                    let y = w.clone();
                    for c in 0..problem.rank {
                        let pull: f64 = (0..problem.rank).map(|l| problem.g(c, l) * y[l]).sum();
                        let descent = problem.cross(i, c) - problem.l1 - problem.l2 * y[c] - pull;
                        w[c] = y[c] + descent * rule.inverse_l;
                    }
                    project_simplex(&mut w, TOTAL, at_most);
                }
                problem.assert_close(problem.row(&got, i), &w);
            }
        }
    }

    #[test]
    fn no_update_goes_up_or_leaves_the_set() {
        for (problem, at_most) in problems() {
            let mut before: Vec<f64> = (0..problem.rows).map(|i| problem.value(&problem.factor, i)).collect();
            for times in 1..6 {
                let mut rule = SimplexRule::new(problem.rank, TOTAL, at_most, 20, 0.1);
                let factor = problem.updated(&mut rule, times);
                for i in 0..problem.rows {
                    let sum: f64 = problem.row(&factor, i).iter().sum();
                    let rounding = 4.0 * problem.rank as f64 * f64::EPSILON;
                    assert!(sum <= TOTAL * (1.0 + rounding) && (at_most || sum >= TOTAL * (1.0 - rounding)));
                    let after = problem.value(&factor, i);
                    let rounding = 8.0 * rounding * (before[i].abs() + after.abs() + 1.0);
                    assert!(after <= before[i] + rounding, "row {i}: {} -> {after}", before[i]);
                    before[i] = after;
                }
            }
        }
    }

    #[test]
    fn many_steps_end_at_the_minimum() {
        for (problem, at_most) in problems() {
            let factor = problem.updated(&mut SimplexRule::new(problem.rank, TOTAL, at_most, 20_000, 0.0), 1);
            for i in 0..problem.rows {
                let gap = gap(&problem, problem.row(&factor, i), i, at_most);
                assert!(gap <= 1e-9, "rank {}, row {i}: {gap}", problem.rank);
            }
        }
    }

    #[test]
    fn rows_are_kept_apart_and_solved_alike_alone() {
        for at_most in [false, true] {
            check_rows_are_independent(|p| Box::new(SimplexRule::new(p.rank, TOTAL, at_most, 20, 0.1)));
        }
        for (problem, at_most) in problems() {
            let mut rule = SimplexRule::new(problem.rank, TOTAL, at_most, 20, 0.1);
            let want = problem.updated(&mut rule, 1);
            let mut scratch = vec![f64::NAN; row_need::<f64>(problem.rank)];
            let mut factor = problem.factor.clone();
            for (w, cross) in factor.chunks_mut(problem.stride).zip(problem.cross.chunks(problem.stride)) {
                solve_row(&problem.quadratic(), &rule.search, rule.inverse_l, w, cross, &mut scratch);
            }
            assert_eq!(factor, want);
        }
    }

    #[test]
    fn a_start_outside_is_brought_in() {
        // No curvature at all, and a start far outside.
        let mut problem = Problem::new(3, 4, 0.0, 0.0, 9);
        problem.gram.fill(0.0);
        problem.factor.iter_mut().for_each(|x| *x *= 100.0);
        let factor = problem.updated(&mut SimplexRule::new(4, TOTAL, false, 5, 0.1), 1);
        for i in 0..3 {
            assert!((problem.row(&factor, i).iter().sum::<f64>() - TOTAL).abs() < 1e-15);
        }
    }

    #[test]
    fn a_row_that_would_end_higher_keeps_its_start() {
        let mut kept = 0;
        for (problem, at_most) in problems().filter(|(problem, _)| problem.rank > 1) {
            let q = problem.quadratic();
            let search = SimplexSearch { total: TOTAL, at_most, steps: 3, enough: 0.0 };
            // Steps that are far too long.
            let inverse_l = 20.0 * inverse_curvature(&q, &mut vec![0.0; 2 * problem.rank]);
            let mut scratch = vec![0.0; row_need::<f64>(problem.rank)];
            let mut factor = problem.factor.clone();
            for (i, w) in factor.chunks_mut(problem.stride).enumerate() {
                let cross = &problem.cross[i * problem.stride..][..problem.stride];
                solve_row(&q, &search, inverse_l, w, cross, &mut scratch);
                let start = &problem.factor[i * problem.stride..][..problem.stride];
                kept += usize::from(w == start);
                let (before, after) = (problem.value_of(start, i), problem.value_of(w, i));
                assert!(after <= before + 1e-13 * (before.abs() + 1.0), "row {i}: {before} -> {after}");
            }
        }
        assert!(kept > 10, "{kept}");
    }

    #[test]
    fn a_row_ends_when_its_steps_are_short() {
        let problem = on_the_simplex(Problem::new(40, 6, 0.0, 0.0, 8), false);
        let updated =
            |steps, enough| problem.updated(&mut SimplexRule::new(6, TOTAL, false, steps, enough), 1);
        // No step is longer than 1e9 times the first: one is done.
        assert_eq!(updated(500, 1e9), updated(1, 0.0));
        let (some, all) = (updated(500, 0.1), updated(500, 0.0));
        // What is left out is a small part of the way.
        let sum = |factor: &[f64]| (0..40).map(|i| problem.value(factor, i)).sum::<f64>();
        let (start, end) = (sum(&problem.factor), sum(&all));
        let share = (start - sum(&some)) / (start - end);
        assert!(share > 0.9 && share < 1.0, "{share} of the fall");
    }

    #[test]
    fn an_indefinite_problem_still_goes_down() {
        // A penalty on overlaps can make G indefinite.
        let mut next = numbers(4);
        for _ in 0..50 {
            let mut problem = Problem::new(4, 5, 0.0, 0.0, (1e6 * next()) as u64);
            for c in 0..5 {
                (0..5).filter(|&d| d != c).for_each(|d| problem.gram[c * problem.stride + d] += 20.0);
            }
            let problem = on_the_simplex(problem, false);
            let factor = problem.updated(&mut SimplexRule::new(5, TOTAL, false, 200, 0.0), 1);
            for i in 0..4 {
                let (before, after) = (problem.value(&problem.factor, i), problem.value(&factor, i));
                assert!(after <= before + 1e-12 * before.abs());
                assert!(gap(&problem, problem.row(&factor, i), i, false) <= 1e-6, "a stationary point");
            }
        }
    }
}
