//! Components, and where the model fits worst.

use super::Residuals;
use super::pack::{NAME, short};
use partwise::select::{By, TopFeature, top_features};
use partwise::{Factor, Scalar};
use partwise_io::fitted::Agreement;
use serde_json::{Value, json};

/// Features of each order that the page can choose from.
const TOP: usize = 30;
/// Above so many features, those that a component hardly has are no candidates for the largest lift.
const MANY: usize = 90;
const HARDLY: f64 = 1e-5;
/// Rows and columns that are named as the worst.
const WORST: usize = 15;
const BINS: usize = 30;

/// What is known of components beside the factors.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told<'a> {
    pub(super) stability: Option<&'a [f64]>,
    pub(super) agreement: Option<&'a Agreement>,
    /// Known signatures that each is most alike.
    pub(super) signatures: Option<&'a [Vec<(String, f64)>]>,
    /// Whether all of H is drawn with whiskers, and not only its largest entries.
    pub(super) whole_spread: bool,
}

/// One entry for every component.
pub(super) fn components<T: Scalar>(
    w: &Factor<T>,
    h: &Factor<T>,
    shares: &[f64],
    names: Option<&[String]>,
    known: &Told<'_>,
) -> Value {
    let top = top_features(h, shares, By::Weight, usize::MAX);
    let agreement = known.agreement;
    let stability = agreement.map(|agreement| agreement.cosines.as_slice()).or(known.stability);
    let spread = agreement.and_then(|agreement| agreement.spread.as_ref());
    let spread = spread.filter(|spread| (spread.rows(), spread.rank()) == (h.rows(), h.rank()));
    let one = |(c, features): (usize, &Vec<TopFeature>)| {
        let name = names.and_then(|names| names.get(c)).map(|name| short(name, NAME).into_owned());
        let entries: Vec<f64> = (0..h.rows()).map(|j| h.row(j)[c].to_f64()).collect();
        let total: f64 = entries.iter().sum();
        let varies: Option<Vec<f64>> = spread.map(|spread| {
            (0..h.rows()).map(|j| spread.row(j)[c] / if total > 0.0 { total } else { 1.0 }).collect()
        });
        let usage: Vec<f64> = (0..w.rows()).map(|i| w.row(i)[c].to_f64()).collect();
        json!({
            "name": name.unwrap_or_else(|| format!("component {}", c + 1)),
            "share": shares.get(c).filter(|share| share.is_finite()),
            "h_sum": total,
            "sparseness_w": hoyer(&usage),
            "sparseness_h": hoyer(&entries),
            "stability": stability.and_then(|stability| stability.get(c)),
            "runs": agreement.and_then(|agreement| agreement.runs.get(c)),
            "known": known.signatures.and_then(|all| all.get(c)).map(|best| named(best)),
            "spread": varies.as_ref().filter(|_| known.whole_spread),
            "top": chosen(features, h.rows(), h.rank(), varies.as_deref()),
        })
    };
    top.iter().enumerate().map(one).collect()
}

/// Known signatures with their cosines.
fn named(best: &[(String, f64)]) -> Vec<Value> {
    best.iter().map(|(name, cosine)| json!([short(name, NAME), cosine])).collect()
}

/// The best by each order, the heaviest first.
fn chosen(features: &[TopFeature], count: usize, rank: usize, varies: Option<&[f64]>) -> Vec<Value> {
    let mut held = vec![false; features.len()];
    let mut take = |key: &dyn Fn(&TopFeature) -> Option<f64>| {
        let mut keys: Vec<(f64, usize)> =
            features.iter().enumerate().filter_map(|(at, f)| Some((key(f)?, at))).collect();
        keys.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        keys.into_iter().take(TOP).for_each(|(_, at)| held[at] = true);
    };
    take(&|f| Some(f.weight));
    take(&|f| (count <= MANY || f.weight > HARDLY).then_some(f.lift));
    take(&|f| Some(f.weight.ln() + f.lift.ln()));
    take(&|f| (f.specificity > 0.0 && f.weight >= 1.0 / count as f64).then_some(f.specificity));
    let shown = features.iter().zip(held).filter(|(_, held)| *held);
    let line = |f: &TopFeature| {
        let mut line = vec![json!(f.feature), json!(f.weight), json!(f.lift)];
        line.push(json!((rank > 1).then_some(f.specificity)));
        line.extend(varies.map(|varies| json!(varies.get(f.feature))));
        Value::Array(line)
    };
    shown.map(|(f, _)| line(f)).collect()
}

/// Hoyer's (2004) sparseness: 0 where all entries are equal, 1 where one is not zero.
fn hoyer(v: &[f64]) -> Option<f64> {
    let largest = v.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    if v.len() < 2 || largest <= 0.0 || !largest.is_finite() {
        return None;
    }
    let sum: f64 = v.iter().map(|x| x.abs() / largest).sum();
    let squares: f64 = v.iter().map(|x| (x / largest).powi(2)).sum();
    let root = (v.len() as f64).sqrt();
    Some((root - sum / squares.sqrt()) / (root - 1.0))
}

pub(super) fn worst(residuals: &Residuals) -> Value {
    let worst = |errors: &[f64]| -> Vec<Value> {
        let mut known: Vec<(usize, f64)> =
            errors.iter().copied().enumerate().filter(|(_, error)| error.is_finite()).collect();
        known.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        known.into_iter().take(WORST).map(|(at, error)| json!([at, error])).collect()
    };
    json!({
        "rows": worst(&residuals.rows),
        "columns": worst(&residuals.cols),
        "histogram": histogram(&residuals.rows),
    })
}

fn histogram(errors: &[f64]) -> Value {
    let known: Vec<f64> = errors.iter().copied().filter(|error| error.is_finite()).collect();
    let (least, most) =
        known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
    if known.is_empty() || least >= most {
        return Value::Null;
    }
    let step = (most - least) / BINS as f64;
    let mut counts = vec![0u64; BINS];
    for error in known {
        counts[(((error - least) / step) as usize).min(BINS - 1)] += 1;
    }
    let edges: Vec<f64> = (0..=BINS).map(|at| least + at as f64 * step).collect();
    json!({"edges": edges, "counts": counts})
}
