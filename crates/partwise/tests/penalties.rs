//! Every penalty with every loss and rule that takes it: what it says it is, monotone, in any units, at its optimum.
#![allow(clippy::unwrap_used, clippy::panic)] // a test's helpers are tests

mod common;

use common::{Table, assert_monotone, assert_sound, bits, combinations, counts, planted};
use partwise::support::{Feature, supports};
use partwise::{
    Factor, Factors, Fit, Given, Init, Loss, Matrix, Nmf, Penalty, PenaltyKind, Rule, Sparse, Weights,
};

const ROWS: usize = 22;
const COLS: usize = 19;
const RANK: usize = 3;

/// A ring over the rows, with one heavier edge.
fn ring(n: usize) -> Sparse<f64> {
    let next = |i: usize| ((i + 1) % n) as u32;
    let weight = |i: usize| if i == 2 { 3.0 } else { 1.0 };
    let i: Vec<u32> = (0..n).flat_map(|i| [i as u32, next(i)]).collect();
    let j: Vec<u32> = (0..n).flat_map(|i| [next(i), i as u32]).collect();
    Sparse::from_coo(n, n, &i, &j, (0..n).flat_map(|i| [weight(i), weight(i)]).collect::<Vec<_>>()).unwrap()
}

/// Targets of the first two components, and graphs.
fn given() -> Given<f64> {
    let target = |n: usize| {
        Factor::from_row_major(n, 2, &(0..2 * n).map(|e| 0.1 + (e % 5) as f64 * 0.2).collect::<Vec<_>>())
    };
    Given {
        target_w: Some(target(ROWS).unwrap()),
        target_h: Some(target(COLS).unwrap()),
        graph_w: Some(ring(ROWS)),
        graph_h: Some(ring(COLS)),
        ..Given::default()
    }
}

fn sides(kind: PenaltyKind) -> &'static [Factors] {
    match kind {
        PenaltyKind::Ard | PenaltyKind::ArdL1 => &[Factors::Both],
        _ => &[Factors::W, Factors::H, Factors::Both],
    }
}

/// Losses and rules with this penalty; the others are refused.
fn with(kind: PenaltyKind) -> Vec<(Loss, Rule)> {
    let takes = |&(loss, rule): &(Loss, Rule)| supports(loss, rule, Feature::of(kind)).is_yes();
    combinations().into_iter().filter(takes).collect()
}

/// The value of a penalty of one factor with a weight of 1, from its definition; where it is given in full there.
fn value(kind: PenaltyKind, f: &Factor<f64>, target: &Factor<f64>) -> Option<f64> {
    let (n, k) = (f.rows(), f.rank());
    let at = |i: usize, c: usize| f.row(i)[c];
    let dot = |c: usize, d: usize| (0..n).map(|i| at(i, c) * at(i, d)).sum::<f64>();
    let all = |g: &dyn Fn(usize, usize) -> f64| -> f64 {
        (0..n).flat_map(|i| (0..k).map(move |c| (i, c))).map(|(i, c)| g(i, c)).sum()
    };
    Some(match kind {
        PenaltyKind::L1 => all(&|i, c| at(i, c)),
        PenaltyKind::L2 => all(&|i, c| 0.5 * at(i, c).powi(2)),
        PenaltyKind::Group => (0..k).map(|c| dot(c, c).sqrt()).sum(),
        PenaltyKind::Orthogonal => {
            (0..k).flat_map(|c| (0..c).map(move |d| (c, d))).map(|(c, d)| dot(c, d)).sum()
        }
        PenaltyKind::Smooth => {
            all(&|i, c| if i == 0 { 0.0 } else { 0.5 * (at(i, c) - at(i - 1, c)).powi(2) })
        }
        PenaltyKind::Smooth2 => all(&|i, c| {
            if i == 0 || i + 1 == n {
                0.0
            } else {
                0.5 * (at(i - 1, c) - 2.0 * at(i, c) + at(i + 1, c)).powi(2)
            }
        }),
        PenaltyKind::Graph => all(&|i, c| {
            let weight = if i == 2 { 3.0 } else { 1.0 };
            0.5 * weight * (at(i, c) - at((i + 1) % n, c)).powi(2)
        }),
        PenaltyKind::Pull => {
            (0..n).map(|i| (0..2).map(|c| 0.5 * (at(i, c) - target.row(i)[c]).powi(2)).sum::<f64>()).sum()
        }
        _ => return None,
    })
}

fn size(x: &Table, loss: Loss, fit: &Fit<f64>) -> f64 {
    let own: f64 = x.values.iter().map(|&x| loss.divergence(x, 2.0 * x + 0.1).abs() + x + 1.0).sum();
    20.0 * own + fit.history[0].objective.abs()
}

/// Monotone with every rule, and the reported penalty is the term of the documentation.
#[test]
fn monotone_and_as_documented() {
    let positive = planted(ROWS, COLS, RANK, 0.3, 1);
    for &kind in PenaltyKind::ALL {
        for (loss, rule) in with(kind) {
            for &on in sides(kind) {
                for (weight, extrapolate) in [(0.03, false), (0.5, true)] {
                    let penalty = Penalty::absolute(kind, on, weight);
                    let what = format!("{loss} {rule} {penalty}");
                    let nmf = Nmf::new(RANK).loss(loss).rule(rule).max_iter(40).tol(0.0).threads(1);
                    // The other factor has a scale of its own.
                    let other = Penalty::absolute(PenaltyKind::L2, Factors::Both, 0.01);
                    let nmf = nmf.extrapolate(extrapolate).penalty(penalty).penalty(other);
                    let fit = nmf.fit_from(&positive.dense(), &given()).unwrap();
                    assert_sound(&fit, &what);
                    if rule != Rule::Admm {
                        assert_monotone(&fit, size(&positive, loss, &fit), &what);
                    }
                    let end = fit.history.last().unwrap().objective;
                    assert!(fit.objective() <= end + 1e-9 * end.abs(), "{what}: {} {end}", fit.objective());
                    let of = |f: &Factor<f64>, target: &Option<Factor<f64>>| {
                        value(kind, f, target.as_ref().unwrap())
                    };
                    let l2 = |f: &Factor<f64>| 0.01 * value(PenaltyKind::L2, f, f).unwrap();
                    if let (Some(w), Some(h)) = (of(&fit.w, &given().target_w), of(&fit.h, &given().target_h))
                    {
                        let terms =
                            if on.w() { weight * w } else { 0.0 } + if on.h() { weight * h } else { 0.0 };
                        let want = terms + l2(&fit.w) + l2(&fit.h);
                        assert!((fit.penalty - want).abs() <= 1e-9 * want, "{what}: {} {want}", fit.penalty);
                    }
                }
            }
        }
    }
}

/// With weights and missing entries, dense and sparse, all that holds too.
#[test]
fn monotone_with_weights() {
    let table = counts(ROWS, COLS, RANK, false, 4);
    let mask = partwise::HoldOut::share(3, 0.2);
    for &kind in PenaltyKind::ALL {
        for (loss, rule) in with(kind)
            .into_iter()
            .filter(|(loss, rule)| loss.allows_zeros() && supports(*loss, *rule, Feature::Weights).is_yes())
        {
            let on = *sides(kind).last().unwrap();
            let fits: Vec<_> = [table.dense(), table.sparse()]
                .into_iter()
                .map(|x| {
                    let x = x.weighted(
                        Weights::new().hold_out(mask).rows((0..ROWS).map(|i| 0.5 + (i % 4) as f64).collect()),
                    );
                    let nmf = Nmf::new(RANK)
                        .loss(loss)
                        .rule(rule)
                        .init(Init::Random)
                        .max_iter(25)
                        .tol(0.0)
                        .threads(1);
                    nmf.penalty(Penalty::new(kind, on, 0.05)).fit_from(&x.unwrap(), &given()).unwrap()
                })
                .collect();
            let what = format!("{loss} {rule} {kind}");
            for fit in &fits {
                assert_sound(fit, &what);
                assert_monotone(fit, size(&table, loss, fit), &what);
            }
            let difference = (fits[0].objective() / fits[1].objective() - 1.0).abs();
            assert!(difference <= 1e-6, "{what}: dense and sparse differ by {difference:e}");
        }
    }
}

/// One relative weight works for X and c X; absolute ones follow the units of the term.
#[test]
fn relative_weights_scale() {
    let table = planted(ROWS, COLS, RANK, 0.3, 5);
    for &kind in PenaltyKind::ALL {
        for (loss, rule) in with(kind) {
            let on = *sides(kind).last().unwrap();
            let fit = |c: f64| {
                let nmf =
                    Nmf::new(RANK).loss(loss).rule(rule).init(Init::Random).max_iter(20).tol(0.0).threads(1);
                let mut given = given();
                for target in [&mut given.target_w, &mut given.target_h].into_iter().flatten() {
                    let values: Vec<f64> = target.to_row_major().iter().map(|x| x * c.sqrt()).collect();
                    *target = Factor::from_row_major(target.rows(), 2, &values).unwrap();
                }
                nmf.penalty(Penalty::new(kind, on, 0.1))
                    .fit_from(&table.map(|x| x * c).dense(), &given)
                    .unwrap()
            };
            let base = fit(1.0);
            for c in [1e-120, 1e-5, 1e3, 1e120] {
                let other = fit(c);
                let what = format!("{loss} {rule} {kind} x {c:e}");
                let difference = (other.relative_error() / base.relative_error() - 1.0).abs();
                assert!(difference <= 1e-7, "{what}: {difference:e}");
                let (residual, of) = (other.kkt_residual(), base.kkt_residual());
                assert!((residual / of - 1.0).abs() <= 1e-4, "{what}: {residual:e} and {of:e}");
            }
        }
    }
}

/// Converged fits are stationary: the gradient of the whole objective by finite differences agrees with the residual.
#[test]
fn converged_means_optimal() {
    let table = planted(ROWS, COLS, RANK, 0.3, 6);
    let x = table.dense();
    for &kind in PenaltyKind::ALL {
        for (loss, rule) in [
            (Loss::Frobenius, Rule::Hals),
            (Loss::KullbackLeibler, Rule::Scd),
            (Loss::Frobenius, Rule::GreedyCd),
        ] {
            let on = *sides(kind).last().unwrap();
            let nmf = Nmf::new(RANK).loss(loss).rule(rule).tol(1e-5).max_iter(30_000).threads(1);
            let nmf = nmf.penalty(Penalty::new(kind, on, 0.02));
            let fit = nmf.fit_from(&x, &given()).unwrap();
            let what = format!("{loss} {rule} {kind}: {} {}", fit.status, fit.reason);
            assert!(fit.status.is_converged(), "{what}");
            if !fit.reason.to_string().starts_with("optimality") {
                continue;
            }
            // The objective of a changed pair is that of a fit without iterations.
            let objective = |w: &Factor<f64>, h: &Factor<f64>| {
                let start = Given { w: Some(w.clone()), h: Some(h.clone()), ..given() };
                nmf.clone().max_iter(0).polish(false).fit_from(&x, &start).unwrap().objective()
            };
            let changed = |f: &Factor<f64>, i: usize, c: usize, d: f64| {
                let mut values = f.to_row_major();
                values[i * RANK + c] += d;
                Factor::from_row_major(f.rows(), RANK, &values).unwrap()
            };
            let base = objective(&fit.w, &fit.h);
            let mean: f64 = fit.w.to_row_major().iter().sum::<f64>() / (ROWS * RANK) as f64;
            for (i, c) in [(0, 0), (3, 1), (7, 2), (11, 0), (20, 1)] {
                let d = 1e-4 * mean;
                let up = objective(&changed(&fit.w, i, c, d), &fit.h);
                // No step of a hundredth of a percent gains a thousandth of what the whole objective is worth to it.
                assert!(up >= base - 2e-4 * d / mean * base, "{what}: W[{i}, {c}] {base} -> {up}");
                if fit.w.row(i)[c] > d {
                    let down = objective(&changed(&fit.w, i, c, -d), &fit.h);
                    assert!(down >= base - 2e-4 * d / mean * base, "{what}: W[{i}, {c}] {base} -> {down}");
                }
            }
        }
    }
}

/// The bits do not depend on threads or blocks.
#[test]
fn determinism() {
    let table = planted(ROWS, COLS, RANK, 0.3, 7);
    for &kind in PenaltyKind::ALL {
        for (loss, rule) in
            [(Loss::Frobenius, Rule::Hals), (Loss::KullbackLeibler, Rule::Scd), (Loss::Frobenius, Rule::Mu)]
        {
            let on = *sides(kind).last().unwrap();
            let nmf = Nmf::new(RANK)
                .loss(loss)
                .rule(rule)
                .max_iter(10)
                .tol(0.0)
                .penalty(Penalty::new(kind, on, 0.1));
            let base = bits(&nmf.clone().threads(1).fit_from(&table.dense(), &given()).unwrap());
            let more = nmf.threads(3).block_rows(5).fit_from(&table.dense(), &given()).unwrap();
            assert!(base == bits(&more), "{loss} {rule} {kind}");
        }
    }
}

fn norms(f: &Factor<f64>) -> Vec<f64> {
    (0..f.rank()).map(|c| (0..f.rows()).map(|i| f.row(i)[c].powi(2)).sum::<f64>().sqrt()).collect()
}

/// Cosine of the two components of a factor that are most alike.
fn overlap(f: &Factor<f64>) -> f64 {
    let n = norms(f);
    let cosine =
        |c: usize, d: usize| (0..f.rows()).map(|i| f.row(i)[c] * f.row(i)[d]).sum::<f64>() / (n[c] * n[d]);
    (0..f.rank()).flat_map(|c| (0..c).map(move |d| (c, d))).map(|(c, d)| cosine(c, d)).fold(0.0, f64::max)
}

fn fit(x: &Matrix<'_, f64>, rank: usize, penalty: Option<Penalty>) -> Fit<f64> {
    let nmf = Nmf::new(rank).tol(1e-6).max_iter(5000).threads(1);
    match penalty {
        Some(penalty) => nmf.penalty(penalty).fit_from(x, &given()).unwrap(),
        None => nmf.fit(x).unwrap(),
    }
}

/// Each penalty does what it is for.
#[test]
fn penalties_do_what_they_are_for() {
    let table = planted(ROWS, COLS, RANK, 0.3, 8);
    let x = table.dense();
    let plain = fit(&x, RANK, None);
    let with = |kind, on, weight| fit(&x, RANK, Some(Penalty::new(kind, on, weight)));

    let orthogonal = with(PenaltyKind::Orthogonal, Factors::W, 0.3);
    assert!(
        overlap(&orthogonal.w) < 0.7 * overlap(&plain.w),
        "{} {}",
        overlap(&orthogonal.w),
        overlap(&plain.w)
    );

    let roughness = |f: &Factor<f64>| {
        let squares = |d: &dyn Fn(usize, usize) -> f64, n: usize| {
            (0..n).flat_map(|i| (0..RANK).map(move |c| (i, c))).map(|(i, c)| d(i, c).powi(2)).sum::<f64>()
        };
        squares(&|i, c| f.row(i + 1)[c] - f.row(i)[c], f.rows() - 1) / squares(&|i, c| f.row(i)[c], f.rows())
    };
    for kind in [PenaltyKind::Smooth, PenaltyKind::Smooth2, PenaltyKind::Graph] {
        let smooth = with(kind, Factors::H, 0.3);
        assert!(
            roughness(&smooth.h) < 0.8 * roughness(&plain.h),
            "{kind}: {} {}",
            roughness(&smooth.h),
            roughness(&plain.h)
        );
    }

    let target = given().target_h.unwrap();
    let far = |f: &Factor<f64>| {
        (0..COLS).map(|i| (0..2).map(|c| (f.row(i)[c] - target.row(i)[c]).powi(2)).sum::<f64>()).sum::<f64>()
    };
    let pulled = with(PenaltyKind::Pull, Factors::H, 1.0);
    let loosely = with(PenaltyKind::Pull, Factors::H, 1e-3);
    assert!(far(&pulled.h) < 0.5 * far(&loosely.h), "{} {}", far(&pulled.h), far(&loosely.h));
}

/// Group sparsity and relevance determination switch off what a model of rank 3 does not need, at any scale.
#[test]
fn superfluous_components_are_switched_off() {
    let table = planted(60, 50, 3, 0.01, 9);
    for c in [1e-30, 1.0, 1e30] {
        let x = table.map(|x| x * c).dense();
        for (kind, weight) in
            [(PenaltyKind::Group, 0.05), (PenaltyKind::Ard, 1e-4), (PenaltyKind::ArdL1, 1e-4)]
        {
            let nmf = Nmf::new(8).tol(1e-7).max_iter(20_000).threads(1);
            let fit = nmf.penalty(Penalty::new(kind, Factors::Both, weight)).fit(&x).unwrap();
            let alive = fit.shares.iter().filter(|&&s| s > 1e-2).count();
            assert!((2..=4).contains(&alive), "{kind} x {c:e}: {alive} of {:?}, {}", fit.shares, fit.reason);
            let told = fit.notes.iter().any(|note| note.contains("components"));
            assert!(told, "{kind}: {:?}", fit.notes);
        }
    }
}

/// A penalty on one factor alone would be answered by its scale: the other one gets a scale, and that is said.
#[test]
fn one_sided_penalties_keep_a_scale() {
    let table = planted(ROWS, COLS, RANK, 0.3, 10);
    for &kind in PenaltyKind::ALL {
        if sides(kind).len() == 1 || kind == PenaltyKind::Pull {
            continue;
        }
        let fit = fit(&table.dense(), RANK, Some(Penalty::new(kind, Factors::H, 0.1)));
        assert!(fit.notes.iter().any(|note| note.contains("penalty l2:w")), "{kind}: {:?}", fit.notes);
        let ratio = norms(&fit.w)[0] / norms(&fit.h)[0];
        assert!((1e-3..1e3).contains(&ratio), "{kind}: {ratio}");
    }
}

/// What cannot be is refused with a reason, and so is what a penalty lacks.
#[test]
fn refusals() {
    let x = planted(ROWS, COLS, RANK, 0.3, 11).dense();
    let refused = |penalty: &str, given: &Given<f64>| {
        let penalty: Penalty = penalty.parse().unwrap();
        Nmf::new(RANK).penalty(penalty).fit_from(&x, given).unwrap_err().to_string()
    };
    assert!(refused("graph:w:0.1", &Given::default()).contains("graph"));
    assert!(refused("pull:h:0.1", &Given::default()).contains("target"));
    assert!(refused("ard:w:0.1", &Given::default()).contains("ard:wh"));
    let lopsided = Sparse::from_coo(ROWS, ROWS, &[0], &[1], vec![1.0]).unwrap();
    let error = refused("graph:w:0.1", &Given { graph_w: Some(lopsided), ..Given::default() });
    assert!(error.contains("symmetric") || error.contains("transpose"), "{error}");
    let error = refused("graph:w:0.1", &Given { graph_w: Some(ring(COLS)), ..Given::default() });
    assert!(error.contains(&format!("({ROWS}, {ROWS})")), "{error}");
    for wrong in ["l3:w:1", "l1:x:1", "l1:w", "l1:w:-1", "l1:w:nan", "l1:w:=inf", "l1:w:="] {
        assert!(wrong.parse::<Penalty>().is_err(), "{wrong}");
    }
    let error = "smoth:h:1".parse::<Penalty>().unwrap_err().to_string();
    assert!(error.contains("smooth2"), "{error}");
    for text in ["smooth:h:0.1", "l1:w:=2.5", "ard:wh:0.01"] {
        assert_eq!(text.parse::<Penalty>().unwrap().to_string(), text);
    }
}
