//! Where penalties, constraints, weights and stopping meet.
#![allow(clippy::unwrap_used, clippy::panic)] // a test's helpers are tests

mod common;

use common::{Table, assert_monotone, combinations, planted};
use partwise::support::{Feature, supports};
use partwise::{
    Factor, Factors, Fit, Given, HoldOut, Init, Loss, Nmf, Penalty, PenaltyKind, Rule, Simplex, Status,
    Weights,
};

const ROWS: usize = 24;
const COLS: usize = 17;
const RANK: usize = 3;

fn x() -> Table {
    planted(ROWS, COLS, RANK, 0.05, 3)
}

fn both(kind: PenaltyKind, weight: f64) -> Penalty {
    Penalty::new(kind, Factors::Both, weight)
}

/// Multiplicative updates get as near to zero as their entries may.
fn off(factor: &Factor<f64>, c: usize) -> bool {
    (0..factor.rows()).all(|i| factor.row(i)[c] < 1e-12)
}

/// How far from optimal factors of a given sparseness are is not known, and so nothing ends a run but that it gains no more.
#[test]
fn a_given_sparseness_does_not_end_a_run() {
    let x = x().dense();
    let fixed = |w: bool| {
        let factor =
            |rows| Factor::from_row_major(rows, RANK, &planted(rows, RANK, RANK, 0.3, 8).values).unwrap();
        Given { fixed_w: w.then(|| factor(ROWS)), fixed_h: (!w).then(|| factor(COLS)), ..Given::default() }
    };
    for (nmf, given) in [
        (Nmf::new(RANK).sparseness_w(0.4).sparseness_h(0.4), Given::default()),
        (Nmf::new(RANK).sparseness_h(0.4), Given::default()),
        (Nmf::new(RANK).sparseness_h(0.4), fixed(true)),
        (Nmf::new(RANK).sparseness_w(0.4), fixed(false)),
    ] {
        let fit = nmf.clone().fit_from(&x, &given).unwrap();
        assert_eq!(fit.status, Status::Converged, "{}", fit.reason);
        assert!(fit.iterations >= 10 && fit.kkt_residual().is_nan() && fit.history[0].kkt.is_none());
        let longer = nmf.tol(0.0).fit_from(&x, &given).unwrap();
        assert!(fit.loss <= 1.01 * longer.loss, "{} {}", fit.loss, longer.loss);
    }
}

/// What is fixed stays, though it lies outside the bounds of the rest.
#[test]
fn bounds_are_for_what_is_free() {
    let known = Factor::from_row_major(COLS, 1, &planted(COLS, 1, 1, 0.01, 5).values).unwrap();
    for (loss, rule) in combinations() {
        let can = |feature| supports(loss, rule, feature).is_yes();
        if !(can(Feature::FixedComponents) && can(Feature::Bounds)) {
            continue;
        }
        let given = Given { fixed_h: Some(known.clone()), ..Given::default() };
        let nmf = Nmf::new(RANK).loss(loss).rule(rule).min_h(0.3).max_h(0.5).max_iter(30);
        let fit = nmf.fit_from(&x().dense(), &given).unwrap();
        for j in 0..COLS {
            assert_eq!(fit.h.row(j)[0], known.row(j)[0], "{loss} {rule}");
            assert!(fit.h.row(j)[1..].iter().all(|h| (0.3..=0.5).contains(h)), "{loss} {rule}");
        }
    }
}

/// A component that one factor lacks costs nothing in the other.
#[test]
fn what_one_factor_lacks_the_other_does_not_keep() {
    let mut counts = Vec::new();
    for (loss, rule) in combinations() {
        for (kind, weight) in [(PenaltyKind::L1, 0.5), (PenaltyKind::ArdL1, 0.2)] {
            if !supports(loss, rule, Feature::of(kind)).is_yes() {
                continue;
            }
            let nmf = Nmf::new(2 * RANK).loss(loss).rule(rule).init(Init::Random).penalty(both(kind, weight));
            let fit = nmf.fit(&x().dense()).unwrap();
            for c in 0..2 * RANK {
                assert_eq!(off(&fit.w, c), off(&fit.h, c), "{loss} {rule} {kind}: {:?}", fit.shares);
            }
            if loss == Loss::Frobenius && kind == PenaltyKind::L1 {
                counts.push((0..2 * RANK).filter(|&c| !off(&fit.w, c)).count());
            }
        }
    }
    assert!(counts.iter().all(|&n| n < 2 * RANK), "{counts:?}");
}

/// The weight of relevance determination goes with the weights of entries.
#[test]
fn relevance_does_not_know_the_units_of_weights() {
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito] {
        for kind in [PenaltyKind::Ard, PenaltyKind::ArdL1] {
            let shares = |weight: f64| {
                let weights = Weights::new().rows(vec![weight; ROWS]);
                let x = x().map(|x| x + 0.01).dense().weighted(weights).unwrap();
                let nmf = Nmf::new(RANK).loss(loss).penalty(both(kind, 0.01)).tol(0.0).max_iter(60);
                let fit = nmf.fit(&x).unwrap();
                (fit.relative_error(), fit.penalty / fit.loss)
            };
            let base = shares(1.0);
            for weight in [0.4999, 0.5001, 3.0, 2f64.powi(40), 2f64.powi(-40)] {
                let got = shares(weight);
                assert!((got.0 / base.0 - 1.0).abs() < 1e-6, "{loss} {kind} {weight}: {got:?} {base:?}");
                assert!((got.1 / base.1 - 1.0).abs() < 1e-6, "{loss} {kind} {weight}: {got:?} {base:?}");
            }
        }
    }
}

/// In single precision a small error is still an error.
#[test]
fn single_precision_is_no_exact_fit() {
    let table = planted(60, 40, RANK, 0.002, 4);
    let double = Nmf::new(RANK).fit(&table.dense()).unwrap();
    assert!(double.relative_error() > 1e-4 && double.relative_error() < 5e-3);
    for rule in [Rule::Hals, Rule::Bpp, Rule::GreedyCd, Rule::Nesterov] {
        let fit = Nmf::new(RANK).rule(rule).fit(&table.dense32()).unwrap();
        assert_eq!(fit.status, Status::Converged, "{rule}: {}", fit.reason);
        let ratio = fit.relative_error() / double.relative_error();
        assert!((0.99..1.01).contains(&ratio), "{rule}: {ratio}");
    }
}

/// Nor is one that is small only beside the worst model of data in which a few entries tower above the others.
#[test]
fn what_towers_hides_no_error() {
    let mut table = planted(40, 30, 5, 0.5, 4);
    table.values[3 * 30 + 4] = 1e12;
    let fit = Nmf::new(RANK).loss(Loss::KullbackLeibler).fit(&table.dense32()).unwrap();
    assert_ne!(fit.status, Status::ExactFit, "{}", fit.reason);
}

/// One entry makes nearly all of a model: a start that has it is no solution, and more components are no worse.
#[test]
fn what_towers_is_not_the_whole_solution() {
    for tower in [1e3, 1e5] {
        let mut table = planted(30, 20, 5, 1.0, 8);
        table.values[7 * 20 + 3] = tower;
        let loss = |rank: usize| Nmf::new(rank).fit(&table.dense32()).unwrap().loss;
        let (one, five) = (loss(1), loss(5));
        assert!(five < one, "{tower}: {one} {five}");
    }
}

/// Entries over twenty decades: a mean model has a finite loss, and no fit of few components is exact.
#[test]
fn decades_are_no_exact_fit() {
    let table = Table::new(30, 20, |i, j| 10f64.powf(-(((i * 37 + j * 101) % 200) as f64) / 10.0));
    for rule in [Rule::Auto, Rule::Mu] {
        let fit =
            Nmf::new(RANK).loss(Loss::ItakuraSaito).rule(rule).max_iter(200).fit(&table.dense()).unwrap();
        assert_ne!(fit.status, Status::ExactFit, "{rule}: {}", fit.reason);
        assert!(
            fit.relative_error() > 1e-3 && fit.relative_error() < 1.0,
            "{rule}: {}",
            fit.relative_error()
        );
    }
}

/// Where rounding leaves no model for an entry, the objective is infinite, and a run that ends so has not converged.
#[test]
fn an_infinite_objective_has_not_converged() {
    for seed in 0..10usize {
        let power = |i: usize, j: usize| ((i * 7919 + j * 104_729 + seed * 1299) % 997) as f64 / 997.0;
        let table = Table::new(3, 200, |i, j| 10f64.powf(-60.0 * power(i, j).powi(3)));
        let fit = Nmf::new(12).loss(Loss::KullbackLeibler).max_iter(300).fit(&table.dense()).unwrap();
        assert!(fit.loss.is_finite() || fit.status != Status::Converged, "{seed}: {}", fit.reason);
    }
}

/// A penalty on one factor is answered by the other's size where nothing holds that: then something does.
#[test]
fn half_a_scale_is_none() {
    let known = Factor::from_row_major(COLS, 1, &planted(COLS, 1, 1, 0.3, 5).values).unwrap();
    let part = || Given { fixed_h: Some(known.clone()), ..Given::default() };
    let l1 = |on| Penalty::new(PenaltyKind::L1, on, 0.05);
    for (nmf, given) in [
        (Nmf::new(RANK).smoothing(0.2).penalty(l1(Factors::H)), Given::default()),
        (Nmf::new(RANK).penalty(l1(Factors::W)), part()),
        (Nmf::new(RANK).min_h(1e-3).penalty(l1(Factors::W)), Given::default()),
        (Nmf::new(RANK).max_w(100.0).penalty(l1(Factors::W)), Given::default()),
        (Nmf::new(RANK).simplex_w(Simplex::AtMost).penalty(l1(Factors::W)), Given::default()),
    ] {
        let fit = nmf.fit_from(&x().dense(), &given).unwrap();
        assert!(fit.notes.iter().any(|note| note.contains("penalty l2:")), "{:?}", fit.notes);
        let most = |f: &Factor<f64>| f.to_row_major().into_iter().fold(0.0, f64::max);
        assert!((1e-5..1e5).contains(&(most(&fit.w) / most(&fit.h))), "{} {}", most(&fit.w), most(&fit.h));
    }
    // What is held needs no help.
    let whole = Factor::from_row_major(COLS, RANK, &planted(COLS, RANK, RANK, 0.3, 5).values).unwrap();
    let given = Given { fixed_h: Some(whole), ..Given::default() };
    let fit = Nmf::new(RANK).penalty(l1(Factors::W)).fit_from(&x().dense(), &given).unwrap();
    assert!(!fit.notes.iter().any(|note| note.contains("penalty l2:")), "{:?}", fit.notes);
}

/// Rows and columns of zeros among others, on the simplex.
#[test]
fn empty_lines_on_the_simplex() {
    let table = planted(12, 9, RANK, 0.3, 6);
    let table = Table::new(12, 9, |i, j| if i == 3 || j == 2 { 0.0 } else { 10.0 * table.at(i, j) });
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::Beta(1.5)] {
        for simplex in [Simplex::Exact, Simplex::AtMost] {
            for seed in 0..4 {
                let nmf = Nmf::new(RANK).loss(loss).init(Init::Random).seed(seed).tol(0.0).max_iter(300);
                for nmf in [nmf.clone().simplex_w(simplex), nmf.simplex_h(simplex)] {
                    let fit: Fit<f64> = nmf.fit(&table.dense()).unwrap();
                    assert_monotone(&fit, 1e3, &format!("{loss} {simplex} {seed}"));
                }
            }
        }
    }
}

/// Notes say what becomes of lines that nothing is known of, whatever constraints make of them.
#[test]
fn notes_about_empty_lines_are_true() {
    let mut table = x();
    table.values[..COLS].fill(0.0);
    let mask = |i: usize| if i == 1 { 0.0 } else { 1.0 };
    let weights = Weights::new().rows((0..ROWS).map(mask).collect());
    let nmf = || Nmf::new(RANK).unseen(partwise::Unseen::Zeros);
    let x = table.dense().weighted(weights).unwrap();
    for (nmf, zero) in [(nmf(), true), (nmf().min_w(0.1), false), (nmf().simplex_w(Simplex::Exact), false)] {
        let fit = nmf.fit(&x).unwrap();
        for i in 0..2 {
            assert_eq!(fit.w.row(i).iter().all(|&w| w == 0.0), zero, "{:?}", fit.w.row(i));
        }
        let constrained = fit.notes.iter().filter(|note| note.contains("constraints make it")).count();
        assert_eq!(constrained, if zero { 0 } else { 2 }, "{:?}", fit.notes);
    }
}

/// The loss of a held-out entry may be infinite, and is then not said to be anything else.
#[test]
fn held_out_entries_may_be_infinitely_far() {
    let table = Table::new(8, 8, |i, j| if (i < 4) == (j < 4) { 1.0 + (i * j % 3) as f64 } else { 0.0 });
    let stray = Table::new(8, 8, |i, j| if (i, j) == (1, 6) { 2.0 } else { table.at(i, j) });
    let only = |table: &Table, inside: bool| {
        let v = Table::new(8, 8, |i, j| if ((i, j) == (1, 6)) == inside { 1.0 } else { 0.0 });
        table.sparse().weighted(Weights::new().entries(v.dense())).unwrap()
    };
    let fit = Nmf::new(2).loss(Loss::KullbackLeibler).fit(&only(&stray, false)).unwrap();
    assert_eq!(fit.w.row(1).iter().zip(fit.h.row(6)).map(|(w, h)| w * h).sum::<f64>(), 0.0);
    assert_eq!(fit.score(&only(&stray, true)).unwrap().loss, f64::INFINITY);
    let seen = fit.score(&only(&stray, false)).unwrap();
    assert!((seen.loss / fit.loss - 1.0).abs() < 1e-9, "{} {}", seen.loss, fit.loss);
}

/// A share so small that no entry is held out leaves nothing to say of predictions.
#[test]
fn nothing_held_out_is_no_good_prediction() {
    let mask = HoldOut::share(1, 1e-9);
    let x = x().dense();
    let held = x.clone().weighted(Weights::new().hold_out(mask.inverted())).unwrap();
    let fit = Nmf::new(RANK).fit(&x.weighted(Weights::new().hold_out(mask)).unwrap()).unwrap();
    let score = fit.score(&held).unwrap();
    assert!(score.entries == 0 && score.rmse.is_nan() && score.relative_rmse.is_nan(), "{score:?}");
}

/// Single precision has 77 decades, and a diagonal of twenty leads out of them.
#[test]
fn far_decades_leave_finite_factors() {
    let table =
        Table::new(12, 12, |i, j| if i == j { 10f64.powf(i as f64 * 20.0 / 11.0 - 10.0) } else { 0.0 });
    for rank in [1, 6, 12] {
        for rule in [Rule::Newton, Rule::Scd, Rule::Mu] {
            let fit = Nmf::new(rank).loss(Loss::KullbackLeibler).rule(rule).fit(&table.dense32()).unwrap();
            assert!(fit.w.to_row_major().iter().all(|w| w.is_finite()), "{rule} {rank}: {}", fit.reason);
            assert!(fit.h.to_row_major().iter().all(|h| h.is_finite()), "{rule} {rank}: {}", fit.reason);
        }
    }
}
