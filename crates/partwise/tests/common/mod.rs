//! Data and checks that the integration tests share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // every test file uses a part of it

use partwise::support::{Feature, pair, supports};
use partwise::{Dense, Factor, Fit, Loss, Matrix, Rule, Scalar, Sparse};

/// Numbers in 0..1, the same on every machine.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1)
    }

    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A matrix in row-major order.
#[derive(Clone)]
pub struct Table {
    pub rows: usize,
    pub cols: usize,
    pub values: Vec<f64>,
}

impl Table {
    pub fn new(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f64) -> Table {
        let values = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))).map(|(i, j)| f(i, j)).collect();
        Table { rows, cols, values }
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.cols + j]
    }

    pub fn map(&self, f: impl Fn(f64) -> f64) -> Table {
        Table { values: self.values.iter().map(|&x| f(x)).collect(), ..*self }
    }

    pub fn transposed(&self) -> Table {
        Table::new(self.cols, self.rows, |i, j| self.at(j, i))
    }

    pub fn dense(&self) -> Matrix<'static, f64> {
        Dense::from_vec(self.rows, self.cols, self.values.clone()).unwrap().into()
    }

    pub fn dense32(&self) -> Matrix<'static, f32> {
        let values = self.values.iter().map(|&x| x as f32).collect();
        Dense::from_vec(self.rows, self.cols, values).unwrap().into()
    }

    pub fn sparse(&self) -> Matrix<'static, f64> {
        let (mut i, mut j, mut v) = (Vec::new(), Vec::new(), Vec::new());
        for (at, &x) in self.values.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            i.push((at / self.cols) as u32);
            j.push((at % self.cols) as u32);
            v.push(x);
        }
        Sparse::from_coo(self.rows, self.cols, &i, &j, v).unwrap().into()
    }
}

/// Low rank plus noise, all positive.
pub fn planted(rows: usize, cols: usize, rank: usize, noise: f64, seed: u64) -> Table {
    let mut n = Numbers::new(seed);
    let w: Vec<f64> = (0..rows * rank).map(|_| n.next().powi(3)).collect();
    let h: Vec<f64> = (0..cols * rank).map(|_| n.next().powi(3)).collect();
    Table::new(rows, cols, |i, j| {
        (0..rank).map(|c| w[i * rank + c] * h[j * rank + c]).sum::<f64>() + noise * n.next()
    })
}

/// Counts, most of them zero, with an empty row and an empty column if `holes`.
pub fn counts(rows: usize, cols: usize, rank: usize, holes: bool, seed: u64) -> Table {
    let base = planted(rows, cols, rank, 0.0, seed);
    let mut n = Numbers::new(seed + 1000);
    Table::new(rows, cols, |i, j| {
        let x = (base.at(i, j) * 6.0 * n.next()).floor();
        if holes && (i == 2 || j == 3) { 0.0 } else { x }
    })
}

/// Every loss with every rule that the plan accepts for it.
pub fn combinations() -> Vec<(Loss, Rule)> {
    let mut out = Vec::new();
    for rule in [Rule::Hals, Rule::Mu, Rule::Bpp, Rule::GreedyCd, Rule::Nesterov, Rule::Admm] {
        out.push((Loss::Frobenius, rule));
    }
    for rule in [Rule::Mu, Rule::Scd, Rule::Ccd] {
        out.push((Loss::KullbackLeibler, rule));
    }
    out.push((Loss::KullbackLeibler, Rule::Newton));
    out.push((Loss::ItakuraSaito, Rule::Newton));
    for beta in [-0.5, 0.0, 0.5, 1.5, 2.5, 3.0] {
        out.push((Loss::beta_divergence(beta).unwrap(), Rule::Mu));
    }
    out
}

/// Whether a rule takes X as it is stored.
pub fn takes(rule: Rule, x: &Matrix<'_, f64>) -> bool {
    !x.is_sparse() || takes_sparse(rule)
}

/// Whether a rule takes sparse X, if the loss does.
pub fn takes_sparse(rule: Rule) -> bool {
    let loss = if pair(Loss::Frobenius, rule).is_yes() { Loss::Frobenius } else { Loss::KullbackLeibler };
    supports(loss, rule, Feature::Sparse).is_yes()
}

/// A number as an unevaluated sum of two: about 32 digits.
#[derive(Clone, Copy)]
struct Double(f64, f64);

impl Double {
    fn plus(self, other: Double) -> Double {
        let sum = self.0 + other.0;
        let back = sum - self.0;
        let lost = (self.0 - (sum - back)) + (other.0 - back) + self.1 + other.1;
        let high = sum + lost;
        Double(high, lost - (high - sum))
    }

    fn product(a: f64, b: f64) -> Double {
        let high = a * b;
        Double(high, a.mul_add(b, -high))
    }
}

/// The loss from its definition, entry by entry, with products and sums in twice the working precision.
pub fn direct_loss<T: Scalar>(x: &Table, w: &Factor<T>, h: &Factor<T>, loss: Loss) -> f64 {
    let mut sum = Double(0.0, 0.0);
    for i in 0..x.rows {
        for j in 0..x.cols {
            let minus_x = Double(-x.at(i, j), 0.0);
            let difference = w
                .row(i)
                .iter()
                .zip(h.row(j))
                .fold(minus_x, |sum, (&a, &b)| sum.plus(Double::product(a.to_f64(), b.to_f64())));
            sum = sum.plus(Double(loss.of_difference(x.at(i, j), difference.0), 0.0));
        }
    }
    sum.0
}

/// WH in row-major order.
pub fn product<T: Scalar>(fit: &Fit<T>) -> Vec<f64> {
    let mut out = Vec::new();
    for i in 0..fit.w.rows() {
        for j in 0..fit.h.rows() {
            out.push(fit.w.row(i).iter().zip(fit.h.row(j)).map(|(&a, &b)| a.to_f64() * b.to_f64()).sum());
        }
    }
    out
}

/// Finite and non-negative, and the objective of the history never rises beyond rounding.
pub fn assert_sound<T: Scalar>(fit: &Fit<T>, what: &str) {
    for factor in [&fit.w, &fit.h] {
        for i in 0..factor.rows() {
            for &x in factor.row(i) {
                assert!(x.is_finite() && x >= T::ZERO, "{what}: entry {x}");
            }
        }
    }
    // c^beta itself can be out of range; the relative error never is.
    assert!(fit.loss >= 0.0, "{what}: loss {}", fit.loss);
    assert!(fit.relative_error().is_finite() && fit.relative_error() >= 0.0, "{what}");
    assert!(fit.kkt_residual().is_finite() && fit.kkt_residual() >= 0.0, "{what}");
}

/// The objective never rises by more than rounding: `eps` of the size of the data's own loss.
pub fn assert_monotone<T: Scalar>(fit: &Fit<T>, size: f64, what: &str) {
    let rounding = 64.0 * T::EPSILON.to_f64() * size;
    for pair in fit.history.windows(2) {
        let (before, after) = (pair[0].objective, pair[1].objective);
        assert!(after <= before + rounding, "{what}: {before} -> {after} at iteration {}", pair[1].iteration);
    }
}

/// The bits of both factors.
pub fn bits<T: Scalar>(fit: &Fit<T>) -> Vec<u64> {
    [&fit.w, &fit.h].iter().flat_map(|f| f.to_row_major()).map(|x| x.to_f64().to_bits()).collect()
}

/// Largest difference relative to the largest entry.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = a.iter().chain(b).fold(0.0f64, |m, x| m.max(x.abs()));
    let worst = a.iter().zip(b).fold(0.0f64, |m, (x, y)| m.max((x - y).abs()));
    if scale > 0.0 { worst / scale } else { 0.0 }
}
