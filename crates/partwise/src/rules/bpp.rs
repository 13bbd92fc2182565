//! BPP, block principal pivoting: each half-step solved exactly.
//!
//! Problem: the quadratic of a row, see [`super`]. With `A = G + l2 I`, `b = c - l1`, its solution is the w with
//! `w >= 0`, `y = A w - b >= 0`, `w · y = 0`. For a guess F of the components that are positive,
//!
//! ```text
//! A_FF w_F = b_F,  w = 0 elsewhere,      y = A w - b outside F, 0 in F
//! ```
//!
//! and the components that violate a sign change sides: all of them while their number falls (and three times more
//! when it does not), then only the last one (Murty's rule, which cannot cycle). Rows with the same F share one
//! Cholesky factorization. The first guess is where the row is positive now.
//!
//! Guarantee: the minimum of the half-step, up to rounding. Where A_FF is singular to rounding, or after 5 k + 20
//! exchanges, the row is handed to 100 sweeps of coordinate descent from where it was, and counted. Cost: f³/3 for each
//! F of size f, and f² + k f per row and exchange.
//!
//! Reference: J. Kim, H. Park (2011), "Fast nonnegative matrix factorization: an active-set-like method and
//! comparisons", SIAM J. Sci. Comput. 33(6), doi:10.1137/110821172, algorithm 2 and section 4.2 (grouping).
//!
//! When not to use it: large k with dense factors, where every row has its own F: [`super::hals`].

use super::{Need, Panel, Quadratic, QuadraticRule, Scratch};
use crate::kernels::small::{cholesky, cholesky_solve};
use crate::scalar::Scalar;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows whose sets are compared for sharing.
const ROWS: usize = 256;
/// Full exchanges that may fail to reduce the number of violations.
const PATIENCE: u64 = 3;

/// See the module.
pub(crate) struct Bpp {
    rank: usize,
    stride: usize,
    /// 64-bit words of a set.
    words: usize,
    fallbacks: AtomicU64,
}

impl Bpp {
    pub(crate) fn new(rank: usize, stride: usize) -> Bpp {
        Bpp { rank, stride, words: rank.div_ceil(64), fallbacks: AtomicU64::new(0) }
    }
}

/// Per row: the set, then what the exchange rule remembers.
struct Rows<'a> {
    words: usize,
    sets: &'a mut [u64],
    /// Violations at best so far; `DONE` once the row is solved.
    fewest: &'a mut [u64],
    patience: &'a mut [u64],
    /// Unsolved rows, sorted by set.
    order: &'a mut [u64],
}

const DONE: u64 = u64::MAX;

impl Rows<'_> {
    fn set(&self, row: u64) -> &[u64] {
        &self.sets[row as usize * self.words..][..self.words]
    }

    fn flip(&mut self, row: u64, c: usize) {
        self.sets[row as usize * self.words + c / 64] ^= 1 << (c % 64);
    }
}

fn contains(set: &[u64], c: usize) -> bool {
    set[c / 64] >> (c % 64) & 1 == 1
}

impl<T: Scalar> QuadraticRule<T> for Bpp {
    fn need(&self) -> Need {
        Need { reals: self.rank * self.rank + 2 * self.rank, words: ROWS * (self.words + 3) + self.rank }
    }

    fn update(&self, q: &Quadratic<'_, T>, panel: Panel<'_, T>, scratch: &mut Scratch<T>) {
        let stride = self.stride;
        for (factor, cross) in panel.factor.chunks_mut(ROWS * stride).zip(panel.cross.chunks(ROWS * stride)) {
            self.solve(q, factor, cross, scratch);
        }
    }

    fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }
}

impl Bpp {
    fn solve<T: Scalar>(
        &self,
        q: &Quadratic<'_, T>,
        factor: &mut [T],
        cross: &[T],
        scratch: &mut Scratch<T>,
    ) {
        let (k, stride) = (self.rank, self.stride);
        let n = factor.len() / stride;
        let (sets, rest) = scratch.words.split_at_mut(ROWS * self.words);
        let (fewest, rest) = rest.split_at_mut(ROWS);
        let (patience, rest) = rest.split_at_mut(ROWS);
        let (order, members) = rest.split_at_mut(ROWS);
        let mut rows = Rows { words: self.words, sets, fewest, patience, order };
        for i in 0..n {
            for word in &mut rows.sets[i * self.words..][..self.words] {
                *word = 0;
            }
            for c in 0..k {
                if factor[i * stride + c] > T::ZERO && q.curvature(c) > T::ZERO {
                    rows.flip(i as u64, c);
                }
            }
            (rows.fewest[i], rows.patience[i]) = (k as u64 + 1, PATIENCE);
        }
        let (chol, rest) = scratch.reals.split_at_mut(k * k);
        let (w, y) = rest.split_at_mut(k);
        for _ in 0..5 * k + 20 {
            let mut left = 0;
            for i in 0..n as u64 {
                if rows.fewest[i as usize] != DONE {
                    rows.order[left] = i;
                    left += 1;
                }
            }
            if left == 0 {
                return;
            }
            // Equal sets come together; in-place sorting, and the order among equals does not matter.
            let Rows { words, sets, order, .. } = &mut rows;
            sort_by_set(&mut order[..left], sets, *words);
            let mut at = 0;
            while at < left {
                let leader = rows.order[at];
                let size = members_of(rows.set(leader), k, members);
                let solvable = factorize(q, &members[..size], chol, k);
                let mut next = at;
                while next < left && rows.set(rows.order[next]) == rows.set(leader) {
                    next += 1;
                }
                // Rows of the group change their sets only after all of them were taken.
                for index in at..next {
                    let row = rows.order[index];
                    let i = row as usize;
                    if !solvable {
                        self.fall_back(q, &mut factor[i * stride..][..k], &cross[i * stride..][..k]);
                        rows.fewest[i] = DONE;
                        continue;
                    }
                    let cross = &cross[i * stride..][..k];
                    let violated = violations(q, &members[..size], chol, cross, w, y);
                    if violated == 0 {
                        for c in 0..k {
                            let to = &mut factor[i * stride + c];
                            *to = if q.curvature(c) > T::ZERO {
                                w[c].max(T::ZERO)
                            } else {
                                q.limits.without_curvature(*to, cross[c] - q.l1)
                            };
                        }
                        rows.fewest[i] = DONE;
                        continue;
                    }
                    let all = if violated < rows.fewest[i] {
                        (rows.fewest[i], rows.patience[i]) = (violated, PATIENCE);
                        true
                    } else if rows.patience[i] > 0 {
                        rows.patience[i] -= 1;
                        true
                    } else {
                        false
                    };
                    // y < 0 marks a violation on either side (see `violations`).
                    for c in (0..k).rev() {
                        if y[c] < T::ZERO {
                            rows.flip(row, c);
                            if !all {
                                break;
                            }
                        }
                    }
                }
                at = next;
            }
        }
        for i in 0..n {
            if rows.fewest[i] != DONE {
                self.fall_back(q, &mut factor[i * stride..][..k], &cross[i * stride..][..k]);
            }
        }
    }

    /// Coordinate descent for a row that exchanges do not solve.
    fn fall_back<T: Scalar>(&self, q: &Quadratic<'_, T>, w: &mut [T], cross: &[T]) {
        self.fallbacks.fetch_add(1, Ordering::Relaxed);
        for _ in 0..100 {
            for c in 0..self.rank {
                if q.curvature(c) > T::ZERO {
                    let pull: T =
                        q.gram[c * q.stride..][..self.rank].iter().zip(w.iter()).map(|(&g, &w)| g * w).sum();
                    let down = cross[c] - q.l1 - q.l2 * w[c] - pull;
                    w[c] = (w[c] + down / q.curvature(c)).max(T::ZERO);
                }
            }
        }
    }
}

fn sort_by_set(rows: &mut [u64], sets: &[u64], words: usize) {
    let set = |row: u64| &sets[row as usize * words..][..words];
    rows.sort_unstable_by(|&a, &b| set(a).cmp(set(b)));
}

fn members_of(set: &[u64], k: usize, members: &mut [u64]) -> usize {
    let mut size = 0;
    for c in 0..k {
        if contains(set, c) {
            members[size] = c as u64;
            size += 1;
        }
    }
    size
}

fn factorize<T: Scalar>(q: &Quadratic<'_, T>, members: &[u64], chol: &mut [T], k: usize) -> bool {
    for (a, &ca) in members.iter().enumerate() {
        for (b, &cb) in members[..=a].iter().enumerate() {
            chol[a * k + b] = q.gram[ca as usize * q.stride + cb as usize];
        }
        chol[a * k + a] += q.l2;
    }
    cholesky(chol, members.len(), k)
}

/// Solves for the set and returns how many components violate a sign; afterwards `w` is the solution with zeros outside
/// the set, and `y` is negative exactly where a component is on the wrong side.
fn violations<T: Scalar>(
    q: &Quadratic<'_, T>,
    members: &[u64],
    chol: &[T],
    cross: &[T],
    w: &mut [T],
    y: &mut [T],
) -> u64 {
    let k = q.rank;
    let size = members.len();
    for (a, &c) in members.iter().enumerate() {
        y[a] = cross[c as usize] - q.l1;
    }
    cholesky_solve(chol, size, k, &mut y[..size]);
    w[..k].fill(T::ZERO);
    for (a, &c) in members.iter().enumerate() {
        w[c as usize] = y[a];
    }
    let largest = w[..k].iter().fold(T::ZERO, |m, &x| m.max(x.abs()));
    let rounding = T::from_f64(8.0 * k as f64) * T::EPSILON;
    let mut violated = 0;
    let mut member = members.iter().peekable();
    for c in 0..k {
        if member.peek() == Some(&&(c as u64)) {
            member.next();
            y[c] = if w[c] < -(rounding * largest) { -T::ONE } else { T::ZERO };
        } else {
            let (mut pull, mut size) = (T::ZERO, (cross[c] - q.l1).abs());
            for l in 0..k {
                let term = q.gram[c * q.stride + l] * w[l];
                pull += term;
                size += term.abs();
            }
            let gradient = pull - (cross[c] - q.l1);
            // A component that the other factor lacks has no reason to enter.
            let can_enter = q.curvature(c) > T::ZERO;
            y[c] = if can_enter && gradient < -(rounding * size) { -T::ONE } else { T::ZERO };
        }
        violated += u64::from(y[c] < T::ZERO);
    }
    violated
}

#[cfg(test)]
mod tests {
    use super::super::tests_common::{Problem, check_descends, check_rows_are_independent, check_solves};
    use super::*;

    #[test]
    fn solves_exactly_and_keeps_rows_apart() {
        check_solves(|p| Box::new(Bpp::new(p.rank, p.stride)), 1e-12);
        check_descends(|p| Box::new(Bpp::new(p.rank, p.stride)));
        check_rows_are_independent(|p| Box::new(Bpp::new(p.rank, p.stride)));
    }

    #[test]
    fn agrees_with_every_possible_set() {
        // The minimum over all 2^k sets, by brute force.
        let problem = Problem::new(30, 5, 0.05, 0.0, 9);
        let got = problem.updated(&mut Bpp::new(5, problem.stride), 1);
        for i in 0..problem.rows {
            let mut best = f64::INFINITY;
            for set in 0..32u32 {
                let members: Vec<usize> = (0..5).filter(|c| set >> c & 1 == 1).collect();
                let f = members.len();
                let a = nalgebra::DMatrix::from_fn(f, f, |a, b| problem.g(members[a], members[b]));
                let b = nalgebra::DVector::from_fn(f, |a, _| problem.cross(i, members[a]) - problem.l1);
                let x = a.cholesky().unwrap().solve(&b);
                if x.iter().all(|&x| x >= 0.0) {
                    let mut w = vec![0.0; 5];
                    members.iter().zip(x.iter()).for_each(|(&c, &x)| w[c] = x);
                    best = best.min(problem.value_of(&w, i));
                }
            }
            assert!((problem.value(&got, i) - best).abs() <= 1e-12 * best.abs(), "row {i}");
        }
    }

    #[test]
    fn twin_components_fall_back_and_still_descend() {
        let mut problem = Problem::new(20, 4, 0.0, 0.0, 5);
        // Component 3 of the other factor is component 2 again, and component 1 is dead.
        let stride = problem.stride;
        for c in 0..4 {
            problem.gram[3 * stride + c] = problem.gram[2 * stride + c];
        }
        for c in 0..4 {
            problem.gram[c * stride + 3] = problem.gram[c * stride + 2];
            problem.gram[c * stride + 1] = 0.0;
            problem.gram[stride + c] = 0.0;
        }
        for i in 0..problem.rows {
            problem.cross[i * stride + 3] = problem.cross[i * stride + 2];
            problem.cross[i * stride + 1] = 0.0;
            problem.factor[i * stride + 2] = 0.5;
            problem.factor[i * stride + 3] = 0.5;
        }
        let mut rule = Bpp::new(4, stride);
        let got = problem.updated(&mut rule, 1);
        assert!(QuadraticRule::<f64>::fallbacks(&rule) > 0);
        for i in 0..problem.rows {
            assert!(problem.value(&got, i) <= problem.value(&problem.factor, i) + 1e-12);
        }
    }
}
