//! The roof: what the processor can do at most, on one thread.

use partwise::Scalar;
use partwise::internals::peak;
use std::time::Instant;

/// The flops per second of fused multiply-adds that nothing hinders: the best of ten runs.
pub fn best<T: Scalar>() -> f64 {
    (0..10)
        .map(|_| {
            let clock = Instant::now();
            let flops = peak::<T>(4_000_000);
            flops / clock.elapsed().as_secs_f64()
        })
        .fold(0.0, f64::max)
}
