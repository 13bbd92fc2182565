//! Where the time of a fit went.

/// Seconds by what they were spent on, over all starts; starts that run at once share them.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Timings {
    /// Making starts, and room for the iterations.
    pub start: f64,
    /// Iterations.
    pub sweeps: f64,
    /// Objective and optimality from scratch, by which iterations end.
    pub looks: f64,
    /// W for the final H, and what is done to the result.
    pub finish: f64,
    /// Of the iterations, added up over threads: the products of X with the factors, or what takes their place.
    pub products: f64,
    /// The same: the rule that moves rows. Rules that see the entries of a row make their own products.
    pub rule: f64,
}

impl Timings {
    /// All of it, but for what threads share.
    pub fn total(&self) -> f64 {
        self.start + self.sweeps + self.looks + self.finish
    }

    pub(crate) fn add(&mut self, other: &Timings) {
        let Timings { start, sweeps, looks, finish, products, rule } = other;
        for (sum, &more) in [
            (&mut self.start, start),
            (&mut self.sweeps, sweeps),
            (&mut self.looks, looks),
            (&mut self.finish, finish),
            (&mut self.products, products),
            (&mut self.rule, rule),
        ] {
            *sum += more;
        }
    }

    /// From the seconds of starts to those in which so many of them ran at once; what is added up over threads stays.
    pub(crate) fn share(&mut self, at_once: usize) {
        for sum in [&mut self.start, &mut self.sweeps, &mut self.looks, &mut self.finish] {
            *sum /= at_once as f64;
        }
    }

    /// The shares of products, of the rule, and of what is left in the time that `threads` threads had for iterations.
    pub fn shares_of_sweeps(&self, threads: usize) -> [f64; 3] {
        let had = self.sweeps * threads.max(1) as f64;
        if !(had > 0.0) {
            return [0.0; 3];
        }
        // Clocks of threads do not add up to the last digit.
        let (products, rule) = ((self.products / had).min(1.0), (self.rule / had).min(1.0));
        [products, rule, (1.0 - products - rule).max(0.0)]
    }
}
