//! What holds for every loss, rule, start, penalty and kind of data.

mod common;

use common::{Numbers, assert_monotone, assert_sound, combinations, counts, direct_loss, planted, takes};
use partwise::{Init, Loss, Matrix, Nmf, Rule, Status};

fn size_of_loss(loss: Loss, x: &common::Table) -> f64 {
    let b = loss.beta();
    match loss {
        Loss::Frobenius => x.values.iter().map(|x| 0.5 * x * x).sum(),
        Loss::KullbackLeibler => x.values.iter().sum::<f64>() * 4.0,
        Loss::ItakuraSaito => x.values.len() as f64 * 4.0,
        _ => x.values.iter().map(|x| (x.powf(b) / (b * (b - 1.0))).abs()).sum::<f64>() * 4.0,
    }
}

/// Sound, truthful about its loss, and never rising: every loss x rule x storage x penalty.
#[test]
fn sound_monotone_and_truthful() {
    let positive = planted(23, 31, 4, 0.3, 1);
    let holes = counts(29, 18, 3, true, 2);
    for (loss, rule) in combinations() {
        for (name, table) in [("positive", &positive), ("counts", &holes)] {
            if name == "counts" && !loss.allows_zeros() {
                continue;
            }
            let stored = [("dense", table.dense()), ("sparse", table.sparse())];
            for (storage, x) in stored.into_iter().filter(|(_, x)| takes(rule, x)) {
                for (l1, l2) in [(0.0, 0.0), (0.05, 0.0), (0.02, 0.1)] {
                    let what = format!("{loss} {rule} {name} {storage} l1 {l1} l2 {l2}");
                    for extrapolate in [false, true] {
                        let mut nmf = Nmf::new(4).loss(loss).rule(rule).max_iter(60).tol(0.0).threads(1);
                        nmf = nmf.l1_w(l1).l1_h(l1).l2_w(l2).l2_h(l2).extrapolate(extrapolate);
                        let fit = nmf.fit(&x).unwrap();
                        assert_sound(&fit, &what);
                        if rule != Rule::Admm {
                            assert_monotone(&fit, size_of_loss(loss, table), &what);
                        }
                        let direct = direct_loss(table, &fit.w, &fit.h, loss);
                        assert!((fit.loss - direct).abs() <= 1e-10 * direct, "{what}: {} {direct}", fit.loss);
                        let last = fit.history.last().unwrap();
                        let (end, seen) = (fit.objective(), last.objective);
                        assert!(end <= seen * (1.0 + 1e-12), "{what}: {end} returned, {seen} seen");
                    }
                }
            }
        }
    }
}

/// A run that says it has converged by optimality is optimal, by its own residual and by an independent one.
#[test]
fn converged_means_optimal() {
    let table = planted(40, 25, 3, 0.2, 7);
    for (loss, rule) in combinations() {
        let tol = 1e-5;
        let fit = Nmf::new(3)
            .loss(loss)
            .rule(rule)
            .tol(tol)
            .max_iter(20_000)
            .threads(1)
            .fit(&table.dense())
            .unwrap();
        assert_eq!(fit.status, Status::Converged, "{loss} {rule}: {}", fit.reason);
        // Multiplicative updates can become slow far from a solution, and steps of an upper bound at its end (rows of
        // Itakura-Saito problems are not convex); then they say so.
        if rule != Rule::Mu && (loss, rule) != (Loss::ItakuraSaito, Rule::Newton) {
            assert!(fit.reason.to_string().starts_with("optimality"), "{loss} {rule}: {}", fit.reason);
        }
        if fit.reason.to_string().starts_with("optimality") {
            assert!(fit.kkt_residual() <= tol, "{loss} {rule}: {}", fit.kkt_residual());
            let worst = independent_kkt(&table, &fit, loss);
            assert!(worst <= 2e-3, "{loss} {rule}: {worst}");
        }
    }
}

/// Largest `|min(F, gradient)|` over both factors, with components balanced and both parts scaled to their maxima.
fn independent_kkt(x: &common::Table, fit: &partwise::Fit<f64>, loss: Loss) -> f64 {
    let k = fit.w.rank();
    let norm =
        |f: &partwise::Factor<f64>, c: usize| (0..f.rows()).map(|i| f.row(i)[c].powi(2)).sum::<f64>().sqrt();
    let balance: Vec<f64> = (0..k).map(|c| (norm(&fit.h, c) / norm(&fit.w, c)).sqrt()).collect();
    let y = common::product(fit);
    let b = loss.beta();
    let mut worst = 0.0f64;
    for transposed in [false, true] {
        let (own, other) = if transposed { (&fit.h, &fit.w) } else { (&fit.w, &fit.h) };
        let scale = |c: usize| if transposed { 1.0 / balance[c] } else { balance[c] };
        let (mut entries, mut largest_f, mut largest_d) = (Vec::new(), 0.0f64, 0.0f64);
        for i in 0..own.rows() {
            for c in 0..k {
                let (mut numer, mut denom) = (0.0, 0.0);
                for j in 0..other.rows() {
                    let at = if transposed { j * x.cols + i } else { i * x.cols + j };
                    numer += x.values[at] * y[at].powf(b - 2.0) * other.row(j)[c] / scale(c);
                    denom += y[at].powf(b - 1.0) * other.row(j)[c] / scale(c);
                }
                let f = own.row(i)[c] * scale(c);
                entries.push((f, denom - numer));
                (largest_f, largest_d) = (largest_f.max(f), largest_d.max(denom));
            }
        }
        for (f, g) in entries {
            worst = worst.max((f / largest_f).min(g / largest_d).abs());
        }
    }
    worst
}

/// A restart from a solution stops at once.
#[test]
fn a_solution_is_recognised() {
    let table = planted(30, 20, 3, 0.2, 5);
    for (loss, rule) in combinations() {
        // Rows of Itakura-Saito problems are not convex: steps are those of a bound, and slow at the very end.
        let tol = if (loss, rule) == (Loss::ItakuraSaito, Rule::Newton) { 1e-4 } else { 1e-5 };
        let nmf = Nmf::new(3).loss(loss).rule(rule).tol(tol).max_iter(20_000).threads(1);
        let x = table.dense();
        let fit = nmf.fit(&x).unwrap();
        if !fit.reason.to_string().starts_with("optimality") {
            assert_eq!(rule, Rule::Mu, "{loss} {rule}: {}", fit.reason);
            continue;
        }
        let start =
            partwise::Given { w: Some(fit.w.clone()), h: Some(fit.h.clone()), ..partwise::Given::default() };
        let again = nmf.fit_from(&x, &start).unwrap();
        assert_eq!(again.iterations, 0, "{loss} {rule}: {}", again.reason);
        assert!(again.objective() <= fit.objective() * (1.0 + 1e-9), "{loss} {rule}");
        assert!(again.status.is_converged());
    }
}

/// Starts are feasible and of the size of the data, and every one of them leads to a fit of about the same quality.
#[test]
fn every_start_works_with_every_loss() {
    let table = planted(40, 30, 5, 0.1, 9);
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito] {
        let mut errors = Vec::new();
        for &init in Init::ALL.iter().filter(|init| **init != Init::Given) {
            for x in [table.dense(), table.sparse()] {
                let fit = Nmf::new(5).loss(loss).init(init).threads(1).fit(&x).unwrap();
                assert_sound(&fit, init.name());
                assert!(fit.history[0].objective.is_finite(), "{loss} {init}");
                errors.push((init, fit.relative_error()));
            }
        }
        let best = errors.iter().map(|e| e.1).fold(f64::INFINITY, f64::min);
        for (init, error) in errors {
            assert!(error <= 1.2 * best, "{loss} {init}: {error} against {best}");
        }
    }
}

/// L1 makes zeros, L2 shrinks norms, and the penalty that is reported is the one in the documentation.
#[test]
fn penalties_do_what_they_say() {
    let table = planted(40, 30, 4, 0.3, 3);
    for (loss, rule) in [
        (Loss::Frobenius, Rule::Hals),
        (Loss::Frobenius, Rule::Bpp),
        (Loss::Frobenius, Rule::Mu),
        (Loss::KullbackLeibler, Rule::Scd),
        (Loss::KullbackLeibler, Rule::Mu),
        (Loss::Beta(1.5), Rule::Mu),
    ] {
        let base = Nmf::new(4).loss(loss).rule(rule).threads(1);
        let x: Matrix<'_, f64> = table.dense();
        let plain = base.clone().fit(&x).unwrap();
        let sparse = base.clone().l1_w(0.5).l1_h(0.5).fit(&x).unwrap();
        let small = base.clone().l2_w(2.0).l2_h(2.0).fit(&x).unwrap();
        let zeros = |fit: &partwise::Fit<f64>| {
            let all: Vec<f64> = [&fit.w, &fit.h].iter().flat_map(|f| f.to_row_major()).collect();
            all.iter().filter(|&&x| x <= 1e-6).count()
        };
        let squares = |fit: &partwise::Fit<f64>| -> f64 {
            [&fit.w, &fit.h].iter().flat_map(|f| f.to_row_major()).map(|x| x * x).sum()
        };
        let sum = |fit: &partwise::Fit<f64>| -> f64 {
            [&fit.w, &fit.h].iter().flat_map(|f| f.to_row_major()).sum()
        };
        assert!(zeros(&sparse) > zeros(&plain), "{loss} {rule}: {} {}", zeros(&sparse), zeros(&plain));
        assert!(squares(&small) < squares(&plain), "{loss} {rule}");
        assert!((sparse.penalty - 0.5 * sum(&sparse)).abs() <= 1e-10 * sparse.penalty);
        assert!((small.penalty - squares(&small)).abs() <= 1e-10 * small.penalty);
        assert_eq!(plain.penalty, 0.0);
    }
}

/// Rules differ in how fast they are, not in where they end: here all starts lead to the same solution.
#[test]
fn every_rule_ends_at_the_same_error() {
    let table = planted(60, 40, 5, 0.3, 1);
    for loss in [Loss::Frobenius, Loss::KullbackLeibler] {
        let best = Nmf::new(5).loss(loss).tol(1e-7).max_iter(20_000).fit(&table.dense()).unwrap();
        for (_, rule) in combinations().into_iter().filter(|(other, _)| *other == loss) {
            for extrapolate in [true, false] {
                let fit = Nmf::new(5)
                    .loss(loss)
                    .rule(rule)
                    .extrapolate(extrapolate)
                    .max_iter(20_000)
                    .fit(&table.dense())
                    .unwrap();
                let (ours, least) = (fit.relative_error(), best.relative_error());
                assert!(ours <= least * 1.002, "{loss} {rule} extrapolate {extrapolate}: {ours} {least}");
            }
        }
    }
}

/// Curvatures that are kept do not let a component stand still: heavy-tailed data with a floor, whose factors trade scales,
/// where a step along one component says little about the other.
#[test]
fn newton_does_not_stall() {
    let mut n = Numbers::new(1);
    let rows: Vec<f64> = (0..60).map(|_| n.next()).collect();
    let table = common::Table::new(60, 20, |i, _| f64::exp(2.0 * rows[i] + 7.0 * n.next()).max(20.0).floor());
    let nmf = Nmf::new(2).loss(Loss::KullbackLeibler).rule(Rule::Newton).init(Init::Random).restarts(40);
    let fit = nmf.tol(1e-8).max_iter(500).fit(&table.dense()).unwrap();
    for restart in &fit.restarts {
        assert_eq!(restart.status, Status::Converged, "{restart:?}");
    }
    assert!(fit.kkt_residual() < 1e-6);
}
