//! Counts drawn from known profiles: NMF with the Kullback-Leibler loss finds them again.

use super::{Show, table_of};
use crate::failure::Failure;
use partwise::{Dense, Fit, Loss, Normalize, Spec};
use partwise_report::Size;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Exp1, Poisson};

const SAMPLES: usize = 240;
const CHANNELS: usize = 96;
const PROFILES: usize = 5;
/// Counts of a sample, on average.
const TOTAL: f64 = 4000.0;
const SEED: u64 = 5;

pub(super) fn show() -> Result<Show, Failure> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut draw = |power: i32| -> f64 {
        let x: f64 = Exp1.sample(&mut random);
        x.powi(power)
    };
    // High powers of exponential numbers: a few large entries, many small ones.
    let truth: Vec<Vec<f64>> =
        (0..PROFILES).map(|_| shares((0..CHANNELS).map(|_| draw(3)).collect())).collect();
    let exposures: Vec<Vec<f64>> =
        (0..SAMPLES).map(|_| shares((0..PROFILES).map(|_| draw(3)).collect())).collect();
    let mut values = Vec::with_capacity(SAMPLES * CHANNELS);
    for exposure in &exposures {
        for j in 0..CHANNELS {
            let mean: f64 = exposure.iter().zip(&truth).map(|(e, profile)| TOTAL * e * profile[j]).sum();
            values.push(Poisson::new(mean).map_or(0.0, |poisson| poisson.sample(&mut random)));
        }
    }
    let mut spec = Spec::default();
    (spec.rank, spec.loss, spec.normalize) = (PROFILES, Loss::KullbackLeibler, Normalize::L1);
    Ok(Show {
        table: table_of("counts.npy", Dense::from_vec(SAMPLES, CHANNELS, values)?)?,
        spec,
        introduction: "240 samples of counts in 96 channels, drawn at random from five known profiles. Can they be found \
                       from the counts alone? One picture for each profile found, 6 x 16 channels:",
        size: Size::new(6, 16),
        truth: Some(truth),
    })
}

fn shares(mut values: Vec<f64>) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= sum);
    values
}

/// How well the rows of H match the truth, one for one.
pub(super) fn recovery(fit: &Fit<f64>, truth: &[Vec<f64>]) -> String {
    let h = fit.h.to_transposed();
    let found: Vec<&[f64]> = h.chunks_exact(CHANNELS).collect();
    let mut free: Vec<usize> = (0..found.len()).collect();
    let mut cosines = Vec::new();
    for profile in truth {
        let best = free
            .iter()
            .enumerate()
            .map(|(at, &c)| (at, cosine(profile, found[c])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, cosine)) = best {
            free.swap_remove(at);
            cosines.push(cosine);
        }
    }
    let good = cosines.iter().filter(|&&c| c > 0.95).count();
    let worst = cosines.iter().copied().fold(1.0, f64::min);
    format!("Found {good} of {} profiles again (cosine above 0.95; the worst has {worst:.4}).", truth.len())
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
