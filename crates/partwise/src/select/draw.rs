//! Draws without replacement, the same for a seed for ever.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::HashMap;

/// Random whole numbers.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    /// Stream number `stream` of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Draw {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Draw(rng)
    }

    /// Below n, each alike but for n / 2^64.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// `count` different numbers below `n`, in random order: the first of a shuffle (Fisher & Yates), of which no more is
    /// made than that.
    pub(crate) fn distinct(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut moved: HashMap<usize, usize> = HashMap::new();
        (0..count.min(n))
            .map(|at| {
                let with = at + self.below(n - at);
                let here = moved.get(&at).copied().unwrap_or(at);
                if with == at { here } else { moved.insert(with, here).unwrap_or(with) }
            })
            .collect()
    }

    /// Puts values into random order.
    pub(crate) fn shuffle<V>(&mut self, values: &mut [V]) {
        for at in (1..values.len()).rev() {
            values.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_all_alike() {
        let mut counts = [0; 10];
        for seed in 0..2000 {
            let got = Draw::new(seed, 1).distinct(10, 4);
            let mut sorted = got.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert!(sorted.len() == 4 && got.iter().all(|&i| i < 10));
            got.into_iter().for_each(|i| counts[i] += 1);
        }
        // 800 expected, standard deviation 22.
        assert!(counts.iter().all(|&n| (700..900).contains(&n)), "{counts:?}");
        let mut all = Draw::new(3, 0).distinct(50, 99);
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_shuffle_keeps_what_there_is() {
        let mut values: Vec<usize> = (0..100).collect();
        Draw::new(1, 0).shuffle(&mut values);
        assert_ne!(values, (0..100).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
        Draw::new(1, 0).shuffle::<u8>(&mut []);
    }
}
