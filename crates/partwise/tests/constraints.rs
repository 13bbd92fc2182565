//! Fixed factors and components, bounds, the simplex, signs, sparseness, smoothing: kept to the letter, and monotone.
#![allow(clippy::unwrap_used, clippy::panic)] // a test's helpers are tests

mod common;

use common::{Table, assert_monotone, bits, combinations, direct_loss, planted, product, takes};
use partwise::support::{EXCLUSIONS, Exclusion, Feature, supports, table};
use partwise::{
    Compress, Factor, Factors, Fit, Free, Given, HoldOut, Init, Loss, Matrix, Negatives, Nmf, Normalize,
    Penalty, PenaltyKind, Rule, Simplex, Sparse, Status, Weights,
};

const ROWS: usize = 24;
const COLS: usize = 17;
const RANK: usize = 4;

fn with(feature: Feature) -> Vec<(Loss, Rule)> {
    combinations().into_iter().filter(|&(loss, rule)| supports(loss, rule, feature).is_yes()).collect()
}

fn x() -> Table {
    planted(ROWS, COLS, RANK, 0.2, 1)
}

fn some_factor(rows: usize, rank: usize, seed: u64) -> Factor<f64> {
    let values = planted(rows, rank, rank, 0.3, seed).values;
    Factor::from_row_major(rows, rank, &values).unwrap()
}

fn size(x: &Table, loss: Loss, fit: &Fit<f64>) -> f64 {
    let own: f64 = x.values.iter().map(|&x| loss.divergence(x, 2.0 * x + 0.1).abs() + x.abs() + 1.0).sum();
    20.0 * own + fit.history[0].objective.abs()
}

fn check(fit: &Fit<f64>, x: &Table, what: &str) {
    assert!(fit.w.to_row_major().iter().chain(&fit.h.to_row_major()).all(|x| x.is_finite()), "{what}");
    if fit.spec.rule != Rule::Admm {
        assert_monotone(fit, size(x, fit.spec.loss, fit), what);
    }
    let known = fit.spec.sparseness_w.is_none() && fit.spec.sparseness_h.is_none();
    assert!(fit.kkt_residual().is_finite() == known && fit.loss >= 0.0, "{what}");
}

/// A fixed factor comes back bit by bit, and the other one is solved for it.
#[test]
fn a_fixed_factor_stays() {
    let x = x();
    for (loss, rule) in with(Feature::FixedFactor) {
        for w in [true, false] {
            let fixed = some_factor(if w { ROWS } else { COLS }, RANK, 2);
            let given = match w {
                true => Given { fixed_w: Some(fixed.clone()), ..Given::default() },
                false => Given { fixed_h: Some(fixed.clone()), ..Given::default() },
            };
            let nmf = Nmf::new(RANK).loss(loss).rule(rule).threads(1).max_iter(3000).tol(1e-6);
            let fit = nmf.fit_from(&x.dense(), &given).unwrap();
            let what = format!("{loss} {rule} w {w}: {}", fit.reason);
            check(&fit, &x, &what);
            assert!(if w { fit.w == fixed } else { fit.h == fixed }, "{what}");
            if rule != Rule::Mu {
                assert!(fit.status.is_converged(), "{what}");
            }
            let (loss_told, direct) = (fit.loss, direct_loss(&x, &fit.w, &fit.h, loss));
            assert!((loss_told - direct).abs() <= 1e-9 * direct, "{what}");
        }
    }
    let both = Given {
        fixed_w: Some(some_factor(ROWS, RANK, 2)),
        fixed_h: Some(some_factor(COLS, RANK, 3)),
        ..Given::default()
    };
    assert!(Nmf::new(RANK).fit_from(&x.dense(), &both).is_err());
}

/// Known components stay, in their place and to the bit, and others are found beside them; at any scale.
#[test]
fn fixed_components_stay_and_others_are_found() {
    let x = x();
    for c in [1.0, 1e-130, 1e130] {
        let x = x.map(|v| v * c);
        for (loss, rule) in with(Feature::FixedComponents) {
            let known = some_factor(COLS, 2, 4);
            let given = Given { fixed_h: Some(known.clone()), ..Given::default() };
            let nmf = Nmf::new(RANK).loss(loss).rule(rule).threads(1).max_iter(60).tol(0.0);
            let fit = nmf.clone().fit_from(&x.dense(), &given).unwrap();
            let what = format!("{loss} {rule} x {c:e}");
            if c == 1.0 {
                check(&fit, &x, &what);
            }
            for j in 0..COLS {
                assert_eq!(fit.h.row(j)[..2], *known.row(j), "{what}");
            }
            let alone = Nmf::new(2).loss(loss).rule(rule).threads(1).max_iter(60).tol(0.0);
            let whole = Given { fixed_h: Some(known), ..Given::default() };
            let alone = alone.fit_from(&x.dense(), &whole).unwrap();
            assert!(fit.relative_error() < alone.relative_error(), "{what}: nothing found beside");
        }
    }
}

/// Known profiles are found again beside unknown ones.
#[test]
fn planted_components_are_discovered() {
    let h = Table::new(RANK, COLS, |c, j| if j % RANK == c { 1.0 } else { 0.02 });
    let w = planted(60, RANK, RANK, 0.1, 6);
    let x = Table::new(60, COLS, |i, j| (0..RANK).map(|c| w.at(i, c) * h.at(c, j)).sum());
    let known = Factor::from_transposed(COLS, 2, &h.values[..2 * COLS]).unwrap();
    for (loss, rule) in [(Loss::Frobenius, Rule::Hals), (Loss::KullbackLeibler, Rule::Scd)] {
        let given = Given { fixed_h: Some(known.clone()), ..Given::default() };
        let nmf = Nmf::new(RANK).loss(loss).rule(rule).tol(1e-7).max_iter(5000);
        let fit = nmf.fit_from(&x.dense(), &given).unwrap();
        assert!(fit.relative_error() < 0.02, "{loss}: {}", fit.relative_error());
        for c in 2..RANK {
            // The best cosine with the profiles that were left out.
            let cosine = |d: usize| {
                let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
                for j in 0..COLS {
                    let (a, b) = (fit.h.row(j)[c], h.at(d, j));
                    (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
                }
                ab / (aa * bb).sqrt()
            };
            assert!(cosine(2).max(cosine(3)) > 0.95, "{loss}: {} {}", cosine(2), cosine(3));
        }
    }
}

/// Bounds hold for every entry.
#[test]
fn bounds_hold() {
    let x = x();
    for (loss, rule) in with(Feature::Bounds) {
        for c in [1.0, 1e-100] {
            let x = x.map(|v| v * c);
            let nmf = Nmf::new(RANK).loss(loss).rule(rule).threads(1).max_iter(60).tol(0.0);
            let fit = nmf.min_w(0.01).max_w(0.7).fit(&x.dense()).unwrap();
            let what = format!("{loss} {rule} x {c:e}");
            if c == 1.0 {
                check(&fit, &x, &what);
            }
            assert!(fit.w.to_row_major().iter().all(|w| (0.01..=0.7).contains(w)), "{what}");
            assert!(
                fit.w.to_row_major().contains(&0.7) || fit.w.to_row_major().contains(&0.01),
                "{what}: no bound is met"
            );
        }
    }
}

/// Rows of W, or columns of H, sum to one, or to one at most, and converge under it.
#[test]
fn the_simplex_holds() {
    let x = x();
    for (loss, rule) in with(Feature::Simplex) {
        for (w, at_most) in [(true, false), (false, false), (true, true), (false, true)] {
            for c in [1.0, 1e-90, 1e90] {
                let x = x.map(|v| v * c);
                let kind = if at_most { Simplex::AtMost } else { Simplex::Exact };
                let nmf =
                    Nmf::new(RANK).loss(loss).rule(rule).threads(1).max_iter(40).tol(0.0).init(Init::Random);
                let nmf = if w { nmf.simplex_w(kind) } else { nmf.simplex_h(kind) };
                let fit = nmf.fit(&x.dense()).unwrap();
                let what = format!("{loss} {rule} w {w} at most {at_most} x {c:e}");
                if c == 1.0 {
                    check(&fit, &x, &what);
                }
                let factor = if w { &fit.w } else { &fit.h };
                for i in 0..factor.rows() {
                    let sum: f64 = factor.row(i).iter().sum();
                    let right = if at_most { sum <= 1.0 + 1e-12 } else { (sum - 1.0).abs() <= 1e-12 };
                    assert!(
                        right && factor.row(i).iter().all(|&x| x >= 0.0),
                        "{what}: row {i} sums to {sum}"
                    );
                }
            }
        }
    }
}

/// With the simplex on W, mixtures of known corners are unmixed.
#[test]
fn mixtures_are_unmixed() {
    let corners = Table::new(3, 8, |c, j| if j % 3 == c { 1.0 } else { 0.1 + 0.05 * j as f64 });
    let mut share = planted(50, 3, 3, 0.2, 7);
    for row in share.values.chunks_mut(3) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    let x = Table::new(50, 8, |i, j| (0..3).map(|c| share.at(i, c) * corners.at(c, j)).sum());
    let h = Factor::from_transposed(8, 3, &corners.values).unwrap();
    let given = Given { fixed_h: Some(h), ..Given::default() };
    for (loss, rule, most) in [(Loss::Frobenius, Rule::Hals, 1e-5), (Loss::KullbackLeibler, Rule::Mu, 2e-2)] {
        let nmf = Nmf::new(3).loss(loss).rule(rule).simplex_w(Simplex::Exact).tol(1e-8).max_iter(5000);
        let fit = nmf.fit_from(&x.dense(), &given).unwrap();
        let worst =
            (fit.w.to_row_major().iter().zip(&share.values)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst <= most, "{loss}: {worst}, {}", fit.reason);
        // New rows obey the same rules.
        let w = fit.transform(&x.dense()).unwrap();
        assert!((0..50).all(|i| (w.row(i).iter().sum::<f64>() - 1.0).abs() <= 1e-9), "{loss}");
    }
}

/// Semi-NMF: one factor may be negative, the other may not, and X may have both signs.
#[test]
fn one_factor_may_have_both_signs() {
    let x = x().map(|x| x - 0.3);
    for (loss, rule) in with(Feature::Free) {
        for free in [Free::W, Free::H] {
            let nmf = Nmf::new(RANK).loss(loss).rule(rule).free(free).threads(1).max_iter(5000).tol(1e-4);
            let fit = nmf.fit(&x.dense()).unwrap();
            let what = format!("{rule} {free}: {}", fit.reason);
            check(&fit, &x, &what);
            assert!(fit.reason.to_string().starts_with("optimality"), "{what}");
            // New rows may be negative too, as those of the fit.
            assert!(fit.transform(&x.dense()).is_ok(), "{what}");
            let (free, other) = if free == Free::W { (&fit.w, &fit.h) } else { (&fit.h, &fit.w) };
            assert!(other.to_row_major().iter().all(|&x| x >= 0.0), "{what}");
            assert!(free.to_row_major().iter().any(|&x| x < 0.0), "{what}");
            let direct: f64 = x.values.iter().zip(product(&fit)).map(|(x, y)| 0.5 * (x - y).powi(2)).sum();
            assert!((fit.loss / direct - 1.0).abs() <= 1e-9, "{what}");
            assert!(fit.relative_error() < 0.35, "{what}: {}", fit.relative_error());
        }
    }
    assert!(Nmf::new(2).fit(&x.dense()).is_err());
}

/// Noise around zero: negative entries are refused, count as zero, or count as they are.
#[test]
fn negative_noise() {
    let clean = planted(40, 30, 3, 0.0, 8);
    let mut n = common::Numbers::new(3);
    let noisy = Table::new(40, 30, |i, j| clean.at(i, j) + 0.2 * (n.next() - 0.5));
    let error = Nmf::new(3).fit(&noisy.dense()).unwrap_err().to_string();
    assert!(error.contains("keep") && error.contains("clip") && error.contains("free"), "{error}");
    let distance = |fit: &Fit<f64>| {
        product(fit).iter().zip(&clean.values).map(|(y, x)| (x - y).powi(2)).sum::<f64>().sqrt()
    };
    let v = noisy.map(|_| 1.0);
    for (loss, rule) in with(Feature::Negatives) {
        let nmf = Nmf::new(3).loss(loss).rule(rule).threads(1).max_iter(2000);
        let keep = nmf.clone().negatives(Negatives::Keep).fit(&noisy.dense()).unwrap();
        let clip = nmf.clone().negatives(Negatives::Clip).fit(&noisy.dense()).unwrap();
        check(&keep, &noisy, rule.name());
        assert!(keep.w.to_row_major().iter().chain(&keep.h.to_row_major()).all(|&x| x >= 0.0), "{rule}");
        // Clipping makes all noise below zero a bias above it.
        assert!(distance(&keep) < distance(&clip), "{rule}: {} {}", distance(&keep), distance(&clip));
        if supports(loss, rule, Feature::Weights).is_yes() {
            let weighted = noisy.dense().weighted(Weights::new().entries(v.dense())).unwrap();
            let fit = nmf.negatives(Negatives::Keep).fit(&weighted).unwrap();
            assert!((fit.loss / keep.loss - 1.0).abs() < 0.02, "{rule}: {} {}", fit.loss, keep.loss);
        }
    }
}

/// Every component has the sparseness that was asked for.
#[test]
fn sparseness_is_given() {
    let x = x();
    let sparseness = |f: &Factor<f64>, c: usize| {
        let (n, column) = (f.rows() as f64, (0..f.rows()).map(|i| f.row(i)[c]));
        let (sum, squares) = column.fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        (n.sqrt() - sum / squares.sqrt()) / (n.sqrt() - 1.0)
    };
    for (loss, rule) in with(Feature::Sparseness) {
        for storage in [x.dense(), x.sparse()] {
            let nmf = Nmf::new(RANK).loss(loss).rule(rule).threads(1).max_iter(200).tol(0.0);
            let fit = nmf.sparseness_w(0.6).fit(&storage).unwrap();
            let what = format!("{loss} {rule}");
            check(&fit, &x, &what);
            for c in 0..RANK {
                assert!((sparseness(&fit.w, c) - 0.6).abs() <= 1e-6, "{what}: {}", sparseness(&fit.w, c));
            }
            assert!(fit.relative_error() < 0.9, "{what}: {}", fit.relative_error());
        }
    }
    let both = Nmf::new(RANK).sparseness_w(0.5).sparseness_h(0.3).max_iter(500).fit(&x.dense()).unwrap();
    assert!((0..RANK).all(|c| (sparseness(&both.h, c) - 0.3).abs() <= 1e-6), "{}", both.reason);
}

/// nsNMF: the model is W S H, its loss is what is told, and smoothing makes the factors sparser.
#[test]
fn smoothing_models_w_s_h() {
    let x = x();
    let hoyer = |f: &Factor<f64>| {
        let values = f.to_row_major();
        let (n, sum) = (values.len() as f64, values.iter().sum::<f64>());
        (n.sqrt() - sum / values.iter().map(|x| x * x).sum::<f64>().sqrt()) / (n.sqrt() - 1.0)
    };
    for (loss, rule) in with(Feature::Smoothing) {
        for storage in [x.dense(), x.sparse()].into_iter().filter(|x| takes(rule, x)) {
            let fit = |t: f64| {
                let nmf = Nmf::new(RANK).loss(loss).rule(rule).threads(1).max_iter(150).tol(0.0);
                nmf.smoothing(t).fit(&storage).unwrap()
            };
            let (plain, smooth) = (fit(0.0), fit(0.5));
            let what = format!("{loss} {rule} sparse {}", storage.is_sparse());
            check(&smooth, &x, &what);
            let mut mixed = smooth.h.to_row_major();
            for row in mixed.chunks_mut(RANK) {
                let mean = row.iter().sum::<f64>() / RANK as f64;
                row.iter_mut().for_each(|x| *x = 0.5 * *x + 0.5 * mean);
            }
            let mixed = Factor::from_row_major(COLS, RANK, &mixed).unwrap();
            let direct = direct_loss(&x, &smooth.w, &mixed, loss);
            assert!((smooth.loss - direct).abs() <= 1e-9 * direct, "{what}: {} {direct}", smooth.loss);
            let rebuilt = smooth.inverse_transform(&smooth.w);
            let (y, row) = (rebuilt[3 * COLS + 5], smooth.w.row(3));
            let want: f64 = row.iter().zip(mixed.row(5)).map(|(a, b)| a * b).sum();
            assert!((y - want).abs() <= 1e-12 * want.abs().max(1e-12), "{what}");
            if rule != Rule::Admm {
                let (a, b) = (hoyer(&smooth.w) + hoyer(&smooth.h), hoyer(&plain.w) + hoyer(&plain.h));
                assert!(a > b, "{what}: {a} {b}");
            }
        }
    }
}

/// One fit of every yes of the support table ends with sound factors; every no is refused with its reason.
#[test]
fn the_support_table_is_true() {
    let graph = |n: usize| {
        let i: Vec<u32> = (0..n as u32).flat_map(|i| [i, (i + 1) % n as u32]).collect();
        let j: Vec<u32> = (0..n as u32).flat_map(|i| [(i + 1) % n as u32, i]).collect();
        Sparse::from_coo(n, n, &i, &j, vec![1.0; 2 * n]).unwrap()
    };
    let base = x();
    for line in table() {
        for (&feature, cell) in Feature::ALL.iter().zip(&line.cells) {
            let mut nmf = Nmf::new(RANK).loss(line.loss).rule(line.rule).max_iter(4).tol(0.0).threads(1);
            let mut given = Given::default();
            let mut x: Matrix<'_, f64> = base.dense();
            match feature {
                Feature::Dense => {}
                Feature::Sparse => x = base.map(|x| if x < 0.2 { 0.0 } else { x }).sparse(),
                Feature::Missing => {
                    let holes =
                        Table::new(
                            ROWS,
                            COLS,
                            |i, j| if (i + j) % 7 == 0 { f64::NAN } else { base.at(i, j) },
                        );
                    x = holes.dense().weighted(Weights::new().missing(partwise::Missing::Nan)).unwrap();
                }
                Feature::Weights => x = x.weighted(Weights::new().entries(base.dense())).unwrap(),
                Feature::HoldOut => x = x.weighted(Weights::new().hold_out(HoldOut::share(1, 0.2))).unwrap(),
                Feature::Negatives => {
                    x = base.map(|x| x - 0.25).dense();
                    nmf = nmf.negatives(Negatives::Keep);
                }
                Feature::FixedFactor => given.fixed_w = Some(some_factor(ROWS, RANK, 3)),
                Feature::FixedComponents => given.fixed_h = Some(some_factor(COLS, 2, 3)),
                Feature::Bounds => nmf = nmf.max_w(0.8),
                Feature::Simplex => nmf = nmf.simplex_w(Simplex::Exact),
                Feature::Free => nmf = nmf.free(Free::W),
                Feature::Sparseness => nmf = nmf.sparseness_w(0.5),
                Feature::Smoothing => nmf = nmf.smoothing(0.3),
                Feature::Compress => nmf = nmf.compress(Compress::Yes),
                _ => {
                    let kind = feature.penalty().unwrap();
                    let on = match kind {
                        PenaltyKind::Ard | PenaltyKind::ArdL1 => Factors::Both,
                        _ => Factors::W,
                    };
                    nmf = nmf.penalty(Penalty::new(kind, on, 0.1));
                    given.graph_w = Some(graph(ROWS));
                    given.target_w = Some(some_factor(ROWS, 2, 5));
                }
            }
            let what = format!("{} {} {feature}", line.loss, line.rule);
            match (nmf.fit_from(&x, &given), cell) {
                (Ok(fit), partwise::support::Cell::Yes) => {
                    assert!(fit.w.to_row_major().iter().all(|x| x.is_finite()), "{what}");
                    assert!(fit.iterations > 0 && fit.status != Status::Degenerate, "{what}: {}", fit.status);
                }
                (Err(error), partwise::support::Cell::No { why, instead }) => {
                    let text = error.to_string();
                    let data = feature == Feature::Sparse;
                    assert!(data || (text.contains(why) && text.contains(instead)), "{what}: {text}");
                }
                (Ok(_), cell) => panic!("{what}: done, but the table says {cell:?}"),
                (Err(error), _) => panic!("{what}: {error}"),
            }
        }
    }
}

/// Constraints that exclude each other are told so.
#[test]
fn contradictions_are_refused() {
    let x = x().dense();
    let refused = |nmf: Nmf, given: &Given<f64>| nmf.fit_from(&x, given).unwrap_err().to_string();
    let none = Given::default();
    let nmf = || Nmf::new(RANK);
    for (nmf, words) in [
        (nmf().simplex_w(Simplex::Exact).max_w(0.5), "simplex"),
        (nmf().free(Free::W).max_w(0.5), "free"),
        (nmf().sparseness_w(0.5).simplex_w(Simplex::Exact), "simplex"),
        (nmf().max_w(-1.0), "max_w"),
        (nmf().min_h(2.0).max_h(1.0), "max_h"),
        (nmf().smoothing(1.0), "smoothing"),
        (nmf().sparseness_h(1.5), "sparseness_h"),
        (nmf().simplex_h(Simplex::Exact).normalize(partwise::Normalize::L2), "normalize"),
    ] {
        let text = refused(nmf, &none);
        assert!(text.contains(words), "{words}: {text}");
    }
    let wrong = Given { fixed_h: Some(some_factor(COLS, RANK + 1, 2)), ..Given::default() };
    assert!(refused(nmf(), &wrong).contains("1 to 4"));
    let wrong = Given { fixed_w: Some(some_factor(ROWS + 1, 2, 2)), ..Given::default() };
    assert!(refused(nmf(), &wrong).contains(&format!("({}, 2)", ROWS + 1)));
}

/// What is said to exclude each other is refused in those words, and the list has all of it.
#[test]
fn the_list_of_exclusions_is_true() {
    let (plain, fixed) = (Given::default(), |w: bool, h: bool, rank| Given {
        fixed_w: w.then(|| some_factor(ROWS, rank, 2)),
        fixed_h: h.then(|| some_factor(COLS, rank, 3)),
        ..Given::default()
    });
    let nmf = || Nmf::new(RANK);
    let normal = || nmf().normalize(Normalize::L1);
    let weighted = || x().dense().weighted(Weights::new().hold_out(HoldOut::share(2, 0.15))).unwrap();
    let smooth = Penalty::new(PenaltyKind::Smooth, Factors::W, 0.1);
    let pull = Penalty::new(PenaltyKind::Pull, Factors::W, 0.1);
    let near = Given { target_w: Some(some_factor(ROWS, RANK, 2)), ..Given::default() };
    let tried: Vec<(Nmf, Given<f64>, Matrix<'_, f64>, usize)> = vec![
        (nmf(), fixed(true, true, RANK), x().dense(), 0),
        (nmf().max_h(0.5), fixed(false, true, RANK), x().dense(), 1),
        (
            nmf().free(Free::H).penalty(Penalty::new(PenaltyKind::L1, Factors::H, 0.1)),
            plain.clone(),
            x().dense(),
            4,
        ),
        (
            nmf().free(Free::W).penalty(Penalty::new(PenaltyKind::Orthogonal, Factors::W, 0.1)),
            plain.clone(),
            x().dense(),
            4,
        ),
        (
            nmf().free(Free::W).penalty(Penalty::new(PenaltyKind::ArdL1, Factors::Both, 0.1)),
            plain.clone(),
            x().dense(),
            4,
        ),
        (nmf().simplex_w(Simplex::Exact).max_w(0.5), plain.clone(), x().dense(), 2),
        (nmf().simplex_h(Simplex::AtMost).sparseness_h(0.5), plain.clone(), x().dense(), 2),
        (nmf().simplex_h(Simplex::Exact), fixed(false, true, 2), x().dense(), 2),
        (nmf().free(Free::H).max_h(0.5), plain.clone(), x().dense(), 3),
        (nmf().sparseness_w(0.5).max_w(2.0), plain.clone(), x().dense(), 5),
        (nmf().sparseness_w(0.5).penalty(smooth), plain.clone(), x().dense(), 5),
        (nmf().sparseness_w(0.5), plain.clone(), weighted(), 6),
        (normal().smoothing(0.3), plain.clone(), x().dense(), 7),
        (normal().simplex_w(Simplex::Exact), plain.clone(), x().dense(), 7),
        (normal().max_h(1.0), plain.clone(), x().dense(), 7),
        (normal(), fixed(true, false, 2), x().dense(), 7),
        (normal(), fixed(false, true, RANK), x().dense(), 7),
        (normal().penalty(pull), near, x().dense(), 7),
        (nmf().compress(Compress::Yes), plain.clone(), weighted(), 8),
        (nmf().compress(Compress::Yes), plain.clone(), x().sparse(), 8),
    ];
    for (at, exclusion) in EXCLUSIONS.iter().enumerate() {
        assert!(tried.iter().any(|tried| tried.3 == at), "{exclusion:?} is not tried");
    }
    for (nmf, given, x, at) in tried {
        let text = nmf.fit_from(&x, &given).unwrap_err().to_string();
        let Exclusion { why, instead, .. } = EXCLUSIONS[at];
        assert!(text.contains(why) && text.contains(instead), "{at}: {text}");
    }
}

/// Known components of H keep their scale, and the others get the one asked for.
#[test]
fn components_beside_known_ones_are_normalized() {
    for loss in [Loss::Frobenius, Loss::KullbackLeibler] {
        let known = some_factor(COLS, 2, 4);
        let given = Given { fixed_h: Some(known.clone()), ..Given::default() };
        let fit = Nmf::new(RANK).loss(loss).normalize(Normalize::L1).fit_from(&x().dense(), &given).unwrap();
        let sums: Vec<f64> = (0..RANK).map(|c| (0..COLS).map(|j| fit.h.row(j)[c]).sum()).collect();
        assert!(sums[2..].iter().all(|sum| (sum - 1.0).abs() < 1e-12), "{sums:?}");
        assert!((0..COLS).all(|j| fit.h.row(j)[..2] == known.row(j)[..2]));
        let own = Nmf::new(RANK).loss(loss).fit_from(&x().dense(), &given).unwrap();
        assert!((fit.loss / own.loss - 1.0).abs() < 1e-12, "{} {}", fit.loss, own.loss);
    }
}

/// A component that was switched off does not come back in new rows, and what holds for the rows of the fit alone is said.
#[test]
fn transform_knows_what_it_leaves_out() {
    let group = Penalty::new(PenaltyKind::Group, Factors::Both, 0.3);
    let fit = Nmf::new(2 * RANK).penalty(group).fit(&x().dense()).unwrap();
    let off: Vec<usize> = (0..2 * RANK).filter(|&c| (0..COLS).all(|j| fit.h.row(j)[c] == 0.0)).collect();
    assert!(!off.is_empty(), "{:?}", fit.shares);
    let w = fit.transform(&x().dense()).unwrap();
    assert!((0..ROWS).all(|i| off.iter().all(|&c| w.row(i)[c] == 0.0)));
    assert_eq!(fit.row_rules.left_out, ["penalty group:wh:0.3"]);

    let l1 = Penalty::new(PenaltyKind::L1, Factors::Both, 0.01);
    let fit = Nmf::new(RANK).penalty(l1).fit(&x().dense()).unwrap();
    assert!(fit.row_rules.left_out.is_empty());
}

/// Constraints together with weights and missing entries, and in any order of work.
#[test]
fn constraints_with_weights_are_deterministic() {
    let x = x();
    let weighted = x.dense().weighted(Weights::new().hold_out(HoldOut::share(2, 0.15))).unwrap();
    let known = Given { fixed_h: Some(some_factor(COLS, 2, 4)), ..Given::default() };
    let nmf = || Nmf::new(RANK).max_iter(15).tol(0.0);
    for (nmf, given) in [
        (nmf().simplex_w(Simplex::Exact), Given::default()),
        (nmf().loss(Loss::KullbackLeibler).rule(Rule::Mu).simplex_h(Simplex::AtMost), Given::default()),
        (nmf().loss(Loss::KullbackLeibler), known.clone()),
        (nmf().max_w(0.6), known),
        (nmf().smoothing(0.4).loss(Loss::KullbackLeibler), Given::default()),
        (nmf().free(Free::H), Given::default()),
    ] {
        let base = nmf.clone().threads(1).fit_from(&weighted, &given).unwrap();
        check(&base, &x, &format!("{:?}", base.spec));
        let more = nmf.threads(4).block_rows(3).fit_from(&weighted, &given).unwrap();
        assert!(bits(&base) == bits(&more), "{:?}", base.spec);
    }
}
