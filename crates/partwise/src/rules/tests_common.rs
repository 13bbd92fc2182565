//! Row problems for the tests of the rules.

use super::{Limits, Panel, Quadratic, QuadraticRule, Scratch};
use crate::factor::padded;

/// A panel of rows with everything a rule needs, in f64.
pub(crate) struct Problem {
    pub(crate) rows: usize,
    pub(crate) rank: usize,
    pub(crate) stride: usize,
    pub(crate) gram: Vec<f64>,
    pub(crate) cross: Vec<f64>,
    pub(crate) factor: Vec<f64>,
    pub(crate) l1: f64,
    pub(crate) l2: f64,
}

/// Numbers in 0..1, the same on every machine.
pub(crate) fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Problem {
    pub(crate) fn new(rows: usize, rank: usize, l1: f64, l2: f64, seed: u64) -> Problem {
        let stride = padded::<f64>(rank);
        let mut next = numbers(seed);
        let n = rank + 5;
        let h: Vec<f64> = (0..n * rank).map(|_| next().powi(2)).collect();
        let mut gram = vec![0.0; stride * stride];
        for a in 0..rank {
            for b in 0..rank {
                gram[a * stride + b] = (0..n).map(|j| h[j * rank + a] * h[j * rank + b]).sum();
            }
        }
        let (mut cross, mut factor) = (vec![0.0; rows * stride], vec![0.0; rows * stride]);
        for i in 0..rows {
            let x: Vec<f64> = (0..n).map(|_| next().powi(3)).collect();
            for c in 0..rank {
                cross[i * stride + c] = (0..n).map(|j| x[j] * h[j * rank + c]).sum();
                factor[i * stride + c] = if next() < 0.3 { 0.0 } else { next() };
            }
        }
        Problem { rows, rank, stride, gram, cross, factor, l1, l2 }
    }

    /// Small and large ranks, more and fewer rows than lanes, with and without penalties.
    pub(crate) fn some() -> Vec<Problem> {
        vec![
            Problem::new(1, 1, 0.0, 0.0, 1),
            Problem::new(5, 3, 0.0, 0.0, 2),
            Problem::new(40, 4, 0.05, 0.0, 3),
            Problem::new(33, 7, 0.0, 0.3, 4),
            Problem::new(70, 12, 0.02, 0.1, 5),
            Problem::new(9, 37, 0.0, 0.0, 6),
        ]
    }

    pub(crate) fn quadratic(&self) -> Quadratic<'_, f64> {
        let limits = Limits::NON_NEGATIVE;
        Quadratic {
            gram: &self.gram,
            stride: self.stride,
            rank: self.rank,
            l1: self.l1,
            l2: self.l2,
            limits,
            minus: &[],
            drag: &[],
        }
    }

    pub(crate) fn g(&self, a: usize, b: usize) -> f64 {
        self.gram[a * self.stride + b]
    }

    pub(crate) fn cross(&self, i: usize, c: usize) -> f64 {
        self.cross[i * self.stride + c]
    }

    pub(crate) fn row<'a>(&self, factor: &'a [f64], i: usize) -> &'a [f64] {
        &factor[i * self.stride..][..self.rank]
    }

    /// The factor after `times` updates with panels of all rows.
    pub(crate) fn updated(&self, rule: &mut dyn QuadraticRule<f64>, times: usize) -> Vec<f64> {
        self.updated_in_panels(rule, times, self.rows)
    }

    fn updated_in_panels(&self, rule: &mut dyn QuadraticRule<f64>, times: usize, rows: usize) -> Vec<f64> {
        let mut factor = self.factor.clone();
        let mut state = if rule.has_state() { vec![0.0; factor.len()] } else { Vec::new() };
        let mut scratch = Scratch::new(rule.need());
        for _ in 0..times {
            rule.prepare(&self.quadratic());
            let mut states = state.chunks_mut(rows * self.stride);
            for (factor, cross) in
                factor.chunks_mut(rows * self.stride).zip(self.cross.chunks(rows * self.stride))
            {
                let panel = Panel { factor, cross, state: states.next().unwrap_or_default() };
                rule.update(&self.quadratic(), panel, &mut scratch);
            }
        }
        assert!(factor.iter().all(|&x| x.is_finite() && x >= 0.0));
        assert!(factor.chunks(self.stride).all(|row| row[self.rank..].iter().all(|&x| x == 0.0)));
        factor
    }

    pub(crate) fn value(&self, factor: &[f64], i: usize) -> f64 {
        self.value_of(self.row(factor, i), i)
    }

    /// `q(w)` for row i.
    pub(crate) fn value_of(&self, w: &[f64], i: usize) -> f64 {
        (0..self.rank)
            .map(|c| {
                let g: f64 = (0..self.rank).map(|l| self.g(c, l) * w[l]).sum();
                w[c] * (0.5 * (g + self.l2 * w[c]) - self.cross(i, c) + self.l1)
            })
            .sum()
    }

    /// Largest violation of the optimality conditions of row i, relative to the gradient's parts.
    pub(crate) fn violation(&self, factor: &[f64], i: usize) -> f64 {
        let w = self.row(factor, i);
        let mut worst: f64 = 0.0;
        for c in 0..self.rank {
            let pull: f64 = (0..self.rank).map(|l| self.g(c, l) * w[l]).sum::<f64>() + self.l2 * w[c];
            let gradient = pull - self.cross(i, c) + self.l1;
            let scale = pull + self.cross(i, c) + self.l1;
            worst = worst.max((gradient / scale).min(w[c]).abs());
        }
        worst
    }

    pub(crate) fn assert_close(&self, got: &[f64], want: &[f64]) {
        for (g, w) in got.iter().zip(want) {
            let bound = 64.0 * self.rank as f64 * f64::EPSILON * w.abs().max(1.0);
            assert!((g - w).abs() <= bound, "rank {}: {got:?} {want:?}", self.rank);
        }
    }
}

/// No update increases the quadratic of any row.
pub(crate) fn check_descends(make: impl Fn(&Problem) -> Box<dyn QuadraticRule<f64>>) {
    for problem in Problem::some() {
        let mut before: Vec<f64> = (0..problem.rows).map(|i| problem.value(&problem.factor, i)).collect();
        for times in 1..6 {
            let factor = problem.updated(make(&problem).as_mut(), times);
            for i in 0..problem.rows {
                let after = problem.value(&factor, i);
                let rounding =
                    32.0 * problem.rank as f64 * f64::EPSILON * (before[i].abs() + after.abs() + 1.0);
                assert!(
                    after <= before[i] + rounding,
                    "rank {}, row {i}: {} -> {after}",
                    problem.rank,
                    before[i]
                );
                before[i] = after;
            }
        }
    }
}

/// One (long) update ends at a minimum.
pub(crate) fn check_solves(make: impl Fn(&Problem) -> Box<dyn QuadraticRule<f64>>, tolerance: f64) {
    for problem in Problem::some() {
        let factor = problem.updated(make(&problem).as_mut(), 1);
        for i in 0..problem.rows {
            let violation = problem.violation(&factor, i);
            assert!(violation <= tolerance, "rank {}, row {i}: {violation}", problem.rank);
        }
    }
}

/// The bits of a row do not depend on the rows beside it.
pub(crate) fn check_rows_are_independent(make: impl Fn(&Problem) -> Box<dyn QuadraticRule<f64>>) {
    for problem in Problem::some() {
        let together = problem.updated(make(&problem).as_mut(), 3);
        for rows in [1, 7, 33] {
            assert_eq!(
                together,
                problem.updated_in_panels(make(&problem).as_mut(), 3, rows),
                "panels of {rows} rows"
            );
        }
    }
}

/// A row by itself moves as it does in a panel, and within its limits.
pub(crate) fn check_single_rows(make: impl Fn(&Problem) -> Box<dyn QuadraticRule<f64>>) {
    for problem in Problem::some() {
        let rule = make(&problem);
        let mut scratch = Scratch::new(rule.need());
        let together = problem.updated(make(&problem).as_mut(), 1);
        let frozen: Vec<bool> = (0..problem.rank).map(|c| c % 2 == 1).collect();
        let limited = Limits { lower: 0.05, upper: 0.6, frozen: &frozen };
        for i in 0..problem.rows {
            let row = i * problem.stride..(i + 1) * problem.stride;
            let mut w = problem.factor[row.clone()].to_vec();
            rule.update_row(&problem.quadratic(), &mut w, &problem.cross[row.clone()], &mut scratch);
            problem.assert_close(problem.row(&together, i), &w[..problem.rank]);

            // Start within the limits.
            let mut w = problem.factor[row.clone()].to_vec();
            w[..problem.rank].iter_mut().for_each(|w| *w = w.clamp(0.05, 0.6));
            let start = w.clone();
            let q = Quadratic { limits: limited, ..problem.quadratic() };
            rule.update_row(&q, &mut w, &problem.cross[row], &mut scratch);
            for c in 0..problem.rank {
                assert!((0.05..=0.6).contains(&w[c]), "row {i}: {w:?}");
                assert!(!frozen[c] || w[c] == start[c], "row {i}: {w:?} from {start:?}");
            }
            let (before, after) = (problem.value_of(&start, i), problem.value_of(&w, i));
            assert!(after <= before + 1e-12 * before.abs().max(1.0), "row {i}: {before} -> {after}");
        }
    }
}
