//! `numpy.random.RandomState(seed)`, so that a run of a NumPy script can be repeated from the same start and on the same
//! folds.
//!
//! The generator is MT19937: M. Matsumoto, T. Nishimura (1998), "Mersenne Twister", doi:10.1145/272991.272995, with the
//! authors' `init_genrand` of 2002 and their `genrand_res53`.

const N: usize = 624;
const M: usize = 397;

/// NumPy's legacy generator.
#[derive(Debug)]
pub struct RandomState {
    state: [u32; N],
    next: usize,
}

impl RandomState {
    /// The generator of a seed.
    pub fn new(seed: u32) -> RandomState {
        let mut state = [seed; N];
        for i in 1..N {
            let last = state[i - 1];
            state[i] = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        RandomState { state, next: N }
    }

    /// `rand(len)`: uniform numbers in 0..1 with 53 bits.
    pub fn rand(&mut self, len: usize) -> Vec<f64> {
        (0..len)
            .map(|_| {
                let (high, low) = (self.word() >> 5, self.word() >> 6);
                (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
            })
            .collect()
    }

    /// `shuffle(items)`: R. Durstenfeld's (1964) exchange from the back, with indices by rejection under a mask of bits.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.up_to(last as u32) as usize);
        }
    }

    fn up_to(&mut self, most: u32) -> u32 {
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.word() & mask;
            if drawn <= most {
                return drawn;
            }
        }
    }

    fn word(&mut self) -> u32 {
        if self.next == N {
            self.next = 0;
            for i in 0..N {
                let mixed = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7FFF_FFFF);
                let odd = if mixed & 1 == 1 { 0x9908_B0DF } else { 0 };
                self.state[i] = self.state[(i + M) % N] ^ (mixed >> 1) ^ odd;
            }
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::RandomState;

    /// What NumPy 2 prints for `RandomState(0).rand(3)`.
    #[test]
    fn draws_what_numpy_draws() {
        let drawn = RandomState::new(0).rand(3);
        assert_eq!(drawn, [0.548_813_503_927_324_8, 0.715_189_366_372_419_5, 0.602_763_376_071_643_9]);
    }

    /// What NumPy prints for `RandomState(0).shuffle(x)` with `x = arange(10)`.
    #[test]
    fn shuffles_as_numpy_does() {
        let mut items: Vec<usize> = (0..10).collect();
        RandomState::new(0).shuffle(&mut items);
        assert_eq!(items, [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
    }
}
