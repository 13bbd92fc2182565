//! Random starts: entries uniform in (0, 1), scaled so that the mean of WH is the mean of X.
//!
//! The generator is ChaCha8 (D. J. Bernstein, 2008), whose output is fixed for ever; each row of a factor reads a stream
//! of its own, so that row i depends on the seed, the restart and i alone.

use crate::factor::Factor;
use crate::scalar::Scalar;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Which factor a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    W,
    H,
    /// The range finder of the randomized SVD.
    Range,
}

/// Streams of random rows.
pub(crate) struct RandomRows {
    rng: ChaCha8Rng,
    base: u64,
}

impl RandomRows {
    pub(crate) fn new(seed: u64, restart: u64, which: For) -> RandomRows {
        let which = match which {
            For::W => 0,
            For::H => 1,
            For::Range => 2,
        };
        RandomRows { rng: ChaCha8Rng::seed_from_u64(seed), base: restart << 34 | which << 32 }
    }

    /// Fills a row with numbers uniform in (0, 1), on a grid that single precision holds exactly.
    pub(crate) fn fill<T: Scalar>(&mut self, row: usize, to: &mut [T]) {
        self.rng.set_stream(self.base | row as u64);
        self.rng.set_word_pos(0);
        for x in to {
            let bits = self.rng.next_u32() >> 9;
            *x = T::from_f64((f64::from(bits) + 0.5) / f64::from(1u32 << 23));
        }
    }
}

/// A factor with entries uniform in (0, `2 sqrt(mean / rank)`): two of them multiply to the mean of X on average.
pub(crate) fn factor<T: Scalar>(rows: usize, rank: usize, mean: f64, mut random: RandomRows) -> Factor<T> {
    let mut factor = Factor::zeros(rows, rank);
    let scale = T::from_f64(2.0 * (mean / rank as f64).sqrt());
    for i in 0..rows {
        let row = factor.row_mut(i);
        random.fill(i, row);
        row.iter_mut().for_each(|x| *x *= scale);
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_frozen() {
        // These bits are part of the promise that a seed means the same start in every release.
        let factor: Factor<f64> = factor(3, 2, 0.5, RandomRows::new(42, 0, For::W));
        let bits: Vec<u64> = factor.to_row_major().iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, GOLDEN, "{bits:#x?}");
    }

    const GOLDEN: [u64; 6] = [
        0x3fcc_aead_8000_0000,
        0x3fe5_d217_e000_0000,
        0x3fe1_b93d_2000_0000,
        0x3fe6_eff5_2000_0000,
        0x3fb4_e73f_0000_0000,
        0x3fc7_808b_8000_0000,
    ];

    #[test]
    fn rows_depend_on_nothing_but_seed_restart_and_index() {
        let draw = |rows, seed, restart, which| {
            factor::<f64>(rows, 3, 1.0, RandomRows::new(seed, restart, which)).row(2).to_vec()
        };
        let base = draw(3, 1, 0, For::W);
        assert_eq!(base, draw(100, 1, 0, For::W));
        for other in [
            draw(3, 2, 0, For::W),
            draw(3, 1, 1, For::W),
            draw(3, 1, 0, For::H),
            draw(3, u64::MAX, 0, For::W),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn single_and_double_precision_start_at_the_same_point() {
        let f4 = factor::<f32>(5, 3, 0.75, RandomRows::new(9, 0, For::H)).to_row_major();
        let f8 = factor::<f64>(5, 3, 0.75, RandomRows::new(9, 0, For::H)).to_row_major();
        assert!(f4.iter().zip(&f8).all(|(&a, &b)| (f64::from(a) - b).abs() <= 2e-7 * b));
    }

    #[test]
    fn the_mean_of_the_product_is_the_mean_asked_for() {
        let w = factor::<f64>(400, 10, 3.0, RandomRows::new(5, 0, For::W)).column_sums();
        let h = factor::<f64>(300, 10, 3.0, RandomRows::new(5, 0, For::H)).column_sums();
        let mean = w.iter().zip(&h).map(|(a, b)| a * b).sum::<f64>() / (400.0 * 300.0);
        assert!((mean / 3.0 - 1.0).abs() < 0.03, "{mean}");
    }
}
