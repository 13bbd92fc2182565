//! Known signatures: which is which, how alike, and of which known ones a signature may be a mixture.

use crate::any::as_h;
use crate::failure::Failure;
use crate::matched::in_order;
use partwise::data::{Dense, Matrix};
use partwise::select::matching;
use partwise::{Factor, Loss, Model, RowRules};
use partwise_io::fitted::component_names;
use partwise_io::{AnyMatrix, Catalogue, ClassKind, Error, Input, Labels, Precision, ReadOptions, read};
use serde::Serialize;
use std::path::Path;

/// Known ones that are named for a signature.
const BEST: usize = 3;
/// What makes less of a mixture is no part of it.
const LEAST: f64 = 0.05;

/// Known signatures, at sum 1, with the classes in the order of X.
pub(super) struct Known {
    pub(super) names: Vec<String>,
    h: Factor<f64>,
}

/// A known signature and a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Like {
    #[serde(skip)]
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) cosine: f64,
}

/// A known signature in a mixture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) share: f64,
}

/// What is known of a signature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Compared {
    /// Its partner where every known signature has one, at most.
    pub(super) partner: Option<Like>,
    /// The most alike, the first first.
    pub(super) best: Vec<Like>,
    /// The known ones that mix to it.
    pub(super) parts: Vec<Part>,
    /// How alike the mixture is.
    pub(super) mixture_cosine: f64,
    /// The cosines of all.
    #[serde(skip)]
    pub(super) cosines: Vec<f64>,
}

impl Compared {
    /// The most alike by name, with their cosines.
    pub(super) fn likest(&self) -> Vec<(String, f64)> {
        self.best.iter().map(|like| (like.name.clone(), like.cosine)).collect()
    }
}

impl Known {
    /// Reads them, for X with these classes.
    pub(super) fn open(
        path: &Path,
        classes: Option<&[String]>,
        kind: ClassKind,
        limit: u64,
    ) -> Result<Known, Failure> {
        let wrong = |problem: String| Failure::Data(format!("--reference {}: {problem}", path.display()));
        let Some(classes) = classes else {
            return Err(wrong(
                "the classes of the table have no names to find them by; give --classes".into(),
            ));
        };
        let mut options = ReadOptions::default();
        (options.memory_limit, options.joined_names, options.precision) = (limit, true, Precision::F64);
        let input = Input::path(path);
        let name = input.name().to_string();
        let table = read(input, &options).map_err(|error| match error {
            // The option that names an array is for the table.
            Error::Key { at, problem, .. } => {
                Failure::Data(format!("{at}: {problem}; save the one that is meant in a file of its own"))
            }
            error => Failure::File(error),
        })?;
        // Other classes are found by their names.
        let in_columns =
            table.col_names.as_ref().is_some_and(|names| names.iter().any(|name| classes.contains(name)));
        let labels =
            Labels { samples_in_rows: (kind != ClassKind::Sbs96).then_some(in_columns), ..Labels::default() };
        let found = Catalogue::of(table, &name, labels, limit)?;
        if kind == ClassKind::Sbs96 && found.kind != kind {
            return Err(wrong("it has not the 96 classes of substitutions, as the table has".into()));
        }
        let AnyMatrix::F64(x) = found.table.matrix else {
            return Err(Failure::Internal("known signatures were read in single precision".into()));
        };
        let (x, known, own) = if found.samples_in_rows {
            (x, found.table.row_names, found.table.col_names)
        } else {
            (x.transposed(), found.table.col_names, found.table.row_names)
        };
        let mut h = as_h(&x)?;
        let own = own.unwrap_or_default();
        if own != classes {
            h = in_order(&h, classes, &own, path)?;
        }
        let n = h.rows().max(1);
        let (mut names, mut values) = (Vec::new(), Vec::new());
        let all = component_names(h.rank(), known.as_deref());
        for (name, signature) in all.into_iter().zip(h.to_transposed().chunks_exact(n)) {
            // Separators at the ends of lines make columns of nothing.
            if name.is_empty() && signature.iter().all(|x| x.is_nan()) {
                continue;
            }
            if let Some(at) = signature.iter().position(|x| !x.is_finite() || *x < 0.0) {
                let class = classes.get(at).map_or("?", String::as_str);
                return Err(wrong(format!(
                    "'{}' has the entry {} for {class}; entries are 0 or more",
                    name.escape_debug(),
                    signature[at]
                )));
            }
            let sum: f64 = signature.iter().sum();
            if !(sum > 0.0 && sum.is_finite()) {
                return Err(wrong(format!(
                    "the entries of '{}' sum to {sum}, and those of a signature to a number above 0; leave it out, or correct it",
                    name.escape_debug()
                )));
            }
            values.extend(signature.iter().map(|x| x / sum));
            names.push(name);
        }
        if names.is_empty() {
            return Err(wrong("it has no signature".into()));
        }
        let h = Factor::from_transposed(n, names.len(), &values)?;
        Ok(Known { names, h })
    }

    /// What is known of each signature.
    pub(super) fn compared(&self, signatures: &Factor<f64>) -> Result<Vec<Compared>, Failure> {
        let n = signatures.rows().max(1);
        let (own, known) = (signatures.to_transposed(), self.h.to_transposed());
        let known: Vec<&[f64]> = known.chunks_exact(n).collect();
        let pairs = matching(signatures, &self.h)?.pairs;
        let like = |at: usize, cosine: f64| Like { at, name: self.names[at].clone(), cosine };
        own.chunks_exact(n)
            .enumerate()
            .map(|(c, signature)| {
                let cosines: Vec<f64> = known.iter().map(|known| cosine(signature, known)).collect();
                let mut order: Vec<usize> = (0..cosines.len()).collect();
                order.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]));
                let best = order.iter().take(BEST).map(|&at| like(at, cosines[at])).collect();
                let pair = pairs.iter().find(|pair| pair.first == c);
                let partner = pair.map(|pair| like(pair.second, cosines[pair.second]));
                let (parts, mixture_cosine) = mixture(signature, &known)?;
                let part = |(at, share): (usize, f64)| Part { name: self.names[at].clone(), share };
                let parts = parts.into_iter().map(part).collect();
                Ok(Compared { partner, best, parts, mixture_cosine, cosines })
            })
            .collect()
    }
}

/// From 0 to 1; 0 where one of them is zero.
pub(super) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
    if lengths > 0.0 { (dot(a, b) / lengths).clamp(0.0, 1.0) } else { 0.0 }
}

/// The known signatures of which one is a mixture, by non-negative least squares: the part with the least share goes, and the
/// rest is solved again, until every part has its share. And how alike the mixture is.
fn mixture(signature: &[f64], known: &[&[f64]]) -> Result<(Vec<(usize, f64)>, f64), Failure> {
    let n = signature.len();
    let x: Matrix<'_, f64> = Dense::from_vec(1, n, signature.to_vec())?.into();
    let mut kept: Vec<usize> = (0..known.len()).collect();
    while !kept.is_empty() {
        let values: Vec<f64> = kept.iter().flat_map(|&at| known[at].iter().copied()).collect();
        let model = Model {
            h: Factor::from_transposed(n, kept.len(), &values)?,
            loss: Loss::Frobenius,
            rules: RowRules::default(),
            component_scale: vec![1.0; kept.len()],
            least: 0.0,
        };
        let weights = model.transform(&x, 1)?.row(0).to_vec();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut parts: Vec<(usize, f64)> = kept
            .iter()
            .copied()
            .zip(weights.iter().map(|weight| weight / total))
            .filter(|part| part.1 > 0.0)
            .collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        if parts.last().is_some_and(|last| last.1 >= LEAST) {
            let mut mixed = vec![0.0; n];
            for &(at, share) in &parts {
                mixed.iter_mut().zip(known[at]).for_each(|(sum, x)| *sum += share * x);
            }
            return Ok((parts, cosine(signature, &mixed)));
        }
        parts.pop();
        kept = parts.into_iter().map(|part| part.0).collect();
        kept.sort_unstable();
    }
    Ok((Vec::new(), 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_is_taken_apart_and_small_parts_are_left_out() {
        let known: [&[f64]; 4] =
            [&[1.0, 0.0, 0.0, 0.0], &[0.0, 0.5, 0.5, 0.0], &[0.0, 0.0, 0.0, 1.0], &[0.25, 0.25, 0.25, 0.25]];
        let mixed = [0.6, 0.1975, 0.1975, 0.005];
        let (parts, like) = mixture(&mixed, &known).unwrap();
        let places: Vec<usize> = parts.iter().map(|part| part.0).collect();
        assert_eq!(places, [0, 1]);
        assert!((parts[0].1 - 0.6 / 0.995).abs() < 0.01 && like > 0.999, "{parts:?} {like}");
        assert!((parts.iter().map(|part| part.1).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(mixture(&mixed, &[]).unwrap(), (Vec::new(), 0.0));
        assert_eq!(mixture(&[0.0, 0.0, 0.0, 1.0], &known[..2]).unwrap(), (Vec::new(), 0.0));
    }
}
