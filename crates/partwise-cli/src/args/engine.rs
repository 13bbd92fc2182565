//! Options of the engine that hold for one fit as for many.

use super::{ConstraintArgs, PenaltyArgs, SimplexArg, doc};
use crate::failure::Failure;
use clap::Args;
use partwise::{Compress, Loss, Normalize, Rule, Simplex, Spec};

/// What is minimised, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    #[arg(long, help = doc("loss"), default_value = "frobenius")]
    pub(crate) loss: Loss,
    #[arg(long, help = doc("rule"), default_value = "auto")]
    pub(crate) rule: Rule,
    #[arg(long, help = doc("floor"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) floor: f64,
    #[arg(long, help = doc("normalize"), default_value = "none")]
    pub(crate) normalize: Normalize,
    #[arg(long, help = doc("seed"), default_value_t = 0)]
    pub(crate) seed: u64,
}

/// How long it may take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Effort")]
pub(crate) struct EffortArgs {
    #[arg(long, value_name = "N", help = doc("max_iter"), aliases = ["iterations", "max-iterations"], default_value_t = Spec::default().max_iter)]
    pub(crate) max_iter: usize,
    #[arg(long, value_name = "T", help = doc("tol"), default_value_t = Spec::default().tol, allow_negative_numbers = true)]
    pub(crate) tol: f64,
    #[arg(long, value_name = "N", help = doc("threads"), default_value_t = 0)]
    pub(crate) threads: usize,
    #[arg(long, value_name = "N", help = doc("inner"))]
    pub(crate) inner: Option<usize>,
    #[arg(long, help = doc("shuffle"))]
    pub(crate) shuffle: bool,
    #[arg(long, value_name = "WHEN", help = doc("compress"), default_value = "auto")]
    pub(crate) compress: Compress,
    /// Do not extrapolate; every iteration is then the plain step of the rule.
    #[arg(long)]
    pub(crate) no_extrapolation: bool,
    /// Return W as the last iteration left it, instead of solving it for the final H.
    #[arg(long)]
    pub(crate) no_polish: bool,
}

impl EffortArgs {
    /// Asks for it.
    pub(crate) fn put(&self, spec: &mut Spec) {
        (spec.max_iter, spec.tol, spec.threads) = (self.max_iter, self.tol, self.threads);
        (spec.inner, spec.shuffle, spec.compress) = (self.inner, self.shuffle, self.compress);
        (spec.extrapolate, spec.polish) = (!self.no_extrapolation, !self.no_polish);
    }
}

/// What these options ask for; the rank, the start and the rest are the command's.
pub(crate) fn spec(
    model: &ModelArgs,
    effort: &EffortArgs,
    p: &PenaltyArgs,
    c: &ConstraintArgs,
) -> Result<Spec, Failure> {
    let mut spec = Spec::default();
    (spec.loss, spec.rule, spec.floor) = (model.loss, model.rule, model.floor);
    (spec.normalize, spec.seed) = (model.normalize, model.seed);
    effort.put(&mut spec);
    (spec.l1_w, spec.l2_w, spec.l1_h, spec.l2_h) = (p.l1_w, p.l2_w, p.l1_h, p.l2_h);
    spec.penalties = p.penalties.iter().map(|p| p.penalty).collect();
    for &SimplexArg { w, simplex } in &c.simplex {
        let to = if w { &mut spec.simplex_w } else { &mut spec.simplex_h };
        if *to != Simplex::None && *to != simplex {
            let side = if w { "w" } else { "h" };
            return Err(Failure::Usage(format!("--simplex {side} and '{side}<=1' exclude each other")));
        }
        *to = simplex;
    }
    (spec.min_w, spec.min_h, spec.max_w, spec.max_h) = (c.min_w, c.min_h, c.max_w, c.max_h);
    (spec.sparseness_w, spec.sparseness_h) = (c.sparseness_w, c.sparseness_h);
    (spec.free, spec.smoothing) = (c.free, c.smoothing);
    Ok(spec)
}
