//! The rules that a fit moves its rows by, from the plan.

use crate::engine::Polish;
use crate::loss::Loss;
use crate::penalty::Elastic;
use crate::plan::Plan;
use crate::rules::newton::Newton;
use crate::rules::simplex::SimplexRule;
use crate::rules::{QuadraticRule, admm, bpp, ccd, greedy_cd, hals, mu, nesterov, scd};
use crate::scalar::Scalar;
use crate::side::Asked;
use crate::spec::{Rule, Spec};
use crate::transform::kl_effort;
use crate::walk::Method;
use crate::walk::newton::Far;

/// Sweeps or updates of W for the final H, at most.
pub(crate) const POLISH: usize = 20;
/// The same where a sweep is of products that are known, and the share of the first move by which a row moves in its last one:
/// a row whose entries are few or weigh little beside those of others is as well solved as they are.
const KNOWN: (usize, f64) = (200, 1e-6);

/// Steps of projected gradients within a half-step of rows on the simplex, at most.
const SIMPLEX_STEPS: usize = 20;

/// The rules of both sides, for rows of `stride` numbers. Multiplicative updates hold entries at `least`.
pub(crate) fn method<T: Scalar>(
    plan: &Plan,
    least: f64,
    stride: usize,
    h_first: bool,
    asked: &(Asked<T>, Asked<T>),
) -> Method<T> {
    let spec = &plan.spec;
    let (rank, inner) = (spec.rank, plan.inner);
    let penalties = (asked.0.elastic, asked.1.elastic);
    fn swap<R>(h_first: bool, w: R, h: R) -> (R, R) {
        if h_first { (h, w) } else { (w, h) }
    }
    let number = |x: f64| T::from_f64(x);
    match (spec.rule, spec.loss) {
        (Rule::Scd, _) => {
            let effort = |sweeps, p: Elastic| scd::effort(sweeps, number(p.l1), number(p.l2));
            let (a, b) = swap(h_first, effort(inner.0, penalties.0), effort(inner.1, penalties.1));
            Method::Rows(a, b)
        }
        (Rule::Ccd, _) => {
            let effort = |sweeps, p: Elastic| ccd::effort(sweeps, number(p.l1), number(p.l2));
            let (a, b) = swap(h_first, effort(inner.0, penalties.0), effort(inner.1, penalties.1));
            Method::Rows(a, b)
        }
        (Rule::Newton, _) => {
            let rule = |p: Elastic| Newton { l1: number(p.l1), l2: number(p.l2) };
            let effort = |p: Elastic| scd::effort(4, number(p.l1), number(p.l2));
            let (a, b) = swap(h_first, rule(penalties.0), rule(penalties.1));
            let (c, d) = swap(h_first, effort(penalties.0), effort(penalties.1));
            Method::Newton(a, b, [c, d])
        }
        (rule, Loss::Frobenius) => {
            let make = |sweeps: usize, salt: u64, asked: &Asked<T>| -> Box<dyn QuadraticRule<T>> {
                if let Some((total, at_most)) = asked.bounds.simplex {
                    return Box::new(SimplexRule::new(rank, total, at_most, SIMPLEX_STEPS, 0.01));
                }
                match rule {
                    Rule::Mu => Box::new(mu::MuFrobenius::new(stride, sweeps, 0.1, least)),
                    Rule::Bpp => Box::new(bpp::Bpp::new(rank, stride)),
                    Rule::GreedyCd => Box::new(greedy_cd::GreedyCd::new(
                        rank,
                        stride,
                        1e-3,
                        spec.inner.map(|n| n.saturating_mul(rank)),
                    )),
                    Rule::Nesterov => Box::new(nesterov::Nesterov::new(rank, sweeps, 0.1)),
                    Rule::Admm => Box::new(admm::Admm::new(rank, sweeps)),
                    _ => {
                        let shuffle = spec.shuffle.then_some(spec.seed ^ salt);
                        Box::new(hals::Hals::new(rank, sweeps, 0.1, shuffle))
                    }
                }
            };
            let (a, b) = swap(h_first, make(inner.0, 0x57, &asked.0), make(inner.1, 0x48, &asked.1));
            Method::Quadratic(a, b)
        }
        (_, loss) => {
            let rule = |p: Elastic| mu::MuBeta::new(loss, p.l1, p.l2, least);
            let (a, b) = swap(h_first, rule(penalties.0), rule(penalties.1));
            Method::Ratio(loss, a, b)
        }
    }
}

/// How W is solved for the final H; not at all if its components are of a given sparseness.
pub(crate) fn polish<T: Scalar>(spec: &Spec, least: f64, asked: &Asked<T>) -> Option<Polish<T>> {
    let (rank, penalty) = (spec.rank, asked.elastic);
    if asked.sparse.is_some() {
        return None;
    }
    Some(match (spec.loss, asked.bounds.simplex) {
        (Loss::Frobenius, Some((total, at_most))) => {
            Polish::Quadratic(Box::new(SimplexRule::new(rank, total, at_most, 10 * SIMPLEX_STEPS, 1e-4)))
        }
        (Loss::Frobenius, None) => Polish::Quadratic(Box::new(hals::Hals::new(rank, KNOWN.0, KNOWN.1, None))),
        (_, None) if spec.rule == Rule::Newton => {
            let rule = Newton { l1: T::from_f64(penalty.l1), l2: T::from_f64(penalty.l2) };
            let far = Far { steps: POLISH, enough: 1e-3 };
            Polish::Newton(rule, far, kl_effort(penalty, POLISH, 1e-3))
        }
        (Loss::KullbackLeibler, None) => Polish::Rows(kl_effort(penalty, POLISH, 1e-3)),
        (loss, _) => Polish::Ratio(mu::MuBeta::new(loss, penalty.l1, penalty.l2, least)),
    })
}
