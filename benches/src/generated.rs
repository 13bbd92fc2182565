//! Made-up data, the same on every machine.

use crate::table::Table;

/// Numbers in 0..1 from a linear congruential generator (D. Knuth's MMIX constants): good enough for data, and ten lines
/// in any language.
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1)
    }

    /// The next number.
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Rank `rank` with entries that are cubes of uniform numbers, plus uniform noise up to `noise`: positive everywhere.
pub fn planted(rows: usize, cols: usize, rank: usize, noise: f64, seed: u64) -> Table {
    let mut numbers = Numbers::new(seed);
    let mut factor = |len: usize| -> Vec<f64> { (0..len * rank).map(|_| numbers.draw().powi(3)).collect() };
    let (w, h) = (factor(rows), factor(cols));
    Table::new(rows, cols, |i, j| {
        let product: f64 = (0..rank).map(|c| w[i * rank + c] * h[j * rank + c]).sum();
        product + noise * numbers.draw()
    })
}

/// Counts, most of them zero, from a model of rank `rank`.
pub fn counts(rows: usize, cols: usize, rank: usize, seed: u64) -> Table {
    let base = planted(rows, cols, rank, 0.0, seed);
    let mut numbers = Numbers::new(seed + 1000);
    Table::new(rows, cols, |i, j| (base.at(i, j) * 4.0 * numbers.draw()).floor())
}
