//! Sweeps on a compressed X first: the same ends, the same bits at any number of threads, the same in other units.
#![allow(clippy::unwrap_used, clippy::panic)] // a test's helpers are tests

mod common;

use common::{Table, assert_sound, bits, counts, planted};
use partwise::run::Progress;
use partwise::{
    Compress, Dense, Factors, Facts, Fit, Given, Init, Matrix, Nmf, Penalty, PenaltyKind, Rule, Scalar,
    Status,
};
use std::ops::ControlFlow;

const RULES: [Rule; 6] = [Rule::Hals, Rule::Mu, Rule::Bpp, Rule::GreedyCd, Rule::Nesterov, Rule::Admm];

fn compressed(rank: usize) -> Nmf {
    Nmf::new(rank).compress(Compress::Yes)
}

/// Sweeps on the sketch, and directions in it, as the note has them.
fn sketch<T: Scalar>(fit: &Fit<T>) -> (usize, usize) {
    let note = fit.notes.iter().find(|note| note.contains("compressed")).unwrap();
    let numbers: Vec<usize> = note.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers[2], fit.iterations, "{note}");
    (numbers[1], numbers[0])
}

#[test]
fn ends_at_the_same_error_in_fewer_sweeps_on_x() {
    for (m, n, seed) in [(240, 150, 1), (110, 260, 2)] {
        let x = planted(m, n, 5, 0.2, seed).dense();
        for rule in RULES {
            let nmf = Nmf::new(5).rule(rule).tol(1e-6).max_iter(20_000);
            let (plain, fast) = (nmf.clone().fit(&x).unwrap(), nmf.compress(Compress::Yes).fit(&x).unwrap());
            assert_sound(&fast, rule.name());
            let (a, b) = (plain.relative_error(), fast.relative_error());
            assert!((a - b).abs() <= 1e-4 * a, "{rule}: {a} {b}");
            assert_eq!(fast.status, Status::Converged, "{rule}: {}", fast.reason);
            let (sweeps, width) = sketch(&fast);
            assert_eq!(width, 15);
            assert!(
                sweeps > 0 && fast.iterations < plain.iterations,
                "{rule}: {} {}",
                fast.iterations,
                plain.iterations
            );
            assert!(plain.notes.iter().all(|note| !note.contains("compressed")));
        }
    }
}

/// Noise that no rank explains: the sketch sees little of X, and what is returned is judged by X.
#[test]
fn noise_is_fitted_as_without() {
    let x = counts(120, 90, 30, false, 4).dense();
    let nmf = Nmf::new(6).tol(1e-6).max_iter(20_000);
    let (plain, fast) = (nmf.clone().fit(&x).unwrap(), nmf.compress(Compress::Yes).fit(&x).unwrap());
    assert!(fast.status == Status::Converged && fast.kkt_residual() <= 1e-3, "{}", fast.reason);
    let (a, b) = (plain.relative_error(), fast.relative_error());
    assert!((a - b).abs() <= 5e-3 * a, "{a} {b}");
}

#[test]
fn threads_and_blocks_change_no_bit() {
    let x = planted(3000, 70, 4, 0.3, 3).dense();
    let y = planted(60, 40, 4, 0.3, 3).dense();
    for x in [&x, &y] {
        for rule in RULES {
            let nmf = compressed(4).rule(rule).restarts(2).max_iter(25);
            let one = nmf.clone().threads(1).fit(x).unwrap();
            for threads in [2, 5] {
                assert_eq!(
                    bits(&nmf.clone().threads(threads).fit(x).unwrap()),
                    bits(&one),
                    "{rule} {threads}"
                );
            }
            assert_eq!(bits(&nmf.clone().threads(2).block_rows(7).fit(x).unwrap()), bits(&one), "{rule}");
        }
    }
}

#[test]
fn other_units_are_the_same_fit() {
    let table = planted(90, 60, 4, 0.2, 5);
    for init in [Init::Random, Init::NndsvdA] {
        let nmf = compressed(4).init(init).tol(1e-7);
        let base = nmf.fit(&table.dense()).unwrap();
        for e in [-600, -40, 2, 300] {
            let scaled = nmf.fit(&table.map(|x| x * 2f64.powi(e)).dense()).unwrap();
            assert_eq!((scaled.iterations, sketch(&scaled)), (base.iterations, sketch(&base)), "2^{e}");
            assert_eq!(scaled.relative_error().to_bits(), base.relative_error().to_bits(), "2^{e}");
        }
        for c in [1e-150, 3.7, 1e150] {
            let scaled = nmf.fit(&table.map(|x| x * c).dense()).unwrap();
            assert!((scaled.relative_error() / base.relative_error() - 1.0).abs() < 1e-6, "{c}");
        }
    }
}

#[test]
fn data_of_low_rank_are_found_exactly() {
    let table = planted(150, 80, 3, 0.0, 6);
    let fit = compressed(3).tol(1e-9).max_iter(50_000).fit(&table.dense()).unwrap();
    assert!(fit.relative_error() < 1e-6, "{} {}", fit.relative_error(), fit.reason);
    let single = compressed(3).tol(1e-6).max_iter(5000).fit(&table.dense32()).unwrap();
    assert!(single.relative_error() < 1e-3, "{} {}", single.relative_error(), single.reason);
}

#[test]
fn corners() {
    let shapes = [(1, 1, 1), (1, 9, 2), (12, 5, 5), (30, 20, 25), (7, 40, 3)];
    for (m, n, k) in shapes {
        let fit =
            compressed(k).init(Init::Random).max_iter(200).fit(&planted(m, n, 2, 0.1, 7).dense()).unwrap();
        assert_sound(&fit, &format!("{m} {n} {k}"));
        assert!(sketch(&fit).1 <= m.min(n));
    }
    // Zeros, empty lines, one value.
    let zero: Matrix<'_, f64> = Dense::from_fn(8, 6, |_, _| 0.0).into();
    assert_eq!(compressed(2).fit(&zero).unwrap().objective(), 0.0);
    let holes = Table::new(40, 30, |i, j| if i % 5 == 0 || j == 3 { 0.0 } else { ((i * j) % 7) as f64 });
    for x in [holes, Table::new(20, 10, |_, _| 2.5)] {
        for rule in RULES {
            let fit = compressed(3).rule(rule).max_iter(100).fit(&x.dense()).unwrap();
            assert_sound(&fit, rule.name());
        }
    }
    // Stored by columns, and by no order that is read in place.
    let table = planted(60, 50, 3, 0.2, 8);
    let base = compressed(3).fit(&table.dense()).unwrap();
    let by_column: Matrix<'_, f64> =
        Dense::from_vec_col_major(60, 50, table.transposed().values.clone()).unwrap().into();
    let wide: Vec<f64> = table.values.iter().flat_map(|&x| [x, -1.0]).collect();
    let apart: Matrix<'_, f64> = Dense::from_strided(&wide, 0, (60, 50), (100, 2)).unwrap().into();
    for x in [by_column, apart] {
        assert_eq!(bits(&compressed(3).fit(&x).unwrap()), bits(&base));
    }
}

/// What else can be asked for holds with a sketch as without.
#[test]
fn penalties_and_constraints_hold() {
    let x = planted(80, 60, 4, 0.2, 9).dense();
    let smooth = Penalty::new(PenaltyKind::Smooth, Factors::H, 0.1);
    let volume = Penalty::new(PenaltyKind::LogDet, Factors::H, 0.05);
    let known = planted(80, 60, 4, 0.2, 9);
    let fixed = partwise::Factor::from_row_major(60, 4, &known.values[..240]).unwrap();
    let given = Given { fixed_h: Some(fixed.clone()), ..Given::default() };
    for nmf in [
        Nmf::new(4).l1_w(0.3).l2_h(0.1),
        Nmf::new(4).penalty(smooth),
        Nmf::new(4).penalty(volume),
        Nmf::new(4).max_w(0.7).min_h(0.01),
        Nmf::new(4).simplex_w(partwise::Simplex::Exact),
        Nmf::new(4).free(partwise::Free::H),
        Nmf::new(4).smoothing(0.2),
    ] {
        let nmf = nmf.tol(1e-6).max_iter(20_000);
        let (plain, fast) = (nmf.clone().fit(&x).unwrap(), nmf.compress(Compress::Yes).fit(&x).unwrap());
        let (a, b) = (plain.objective(), fast.objective());
        assert!((a - b).abs() <= 2e-3 * a, "{:?}: {a} {b}", fast.spec.penalties);
    }
    let sparse = compressed(4).sparseness_w(0.6).max_iter(50).fit(&x).unwrap();
    assert!(sparse.relative_error() < 0.5);
    let kept = compressed(4).fit_from(&x, &given).unwrap();
    assert_eq!(kept.h.to_row_major(), fixed.to_row_major());
}

#[test]
fn limits_hold_on_the_sketch_too() {
    let x = planted(80, 60, 4, 0.3, 10).dense();
    let nmf = compressed(4).tol(0.0).max_iter(100_000);
    let none = nmf.clone().time_limit(std::time::Duration::ZERO).fit(&x).unwrap();
    assert_eq!((none.status, none.iterations, sketch(&none).0), (Status::TimeLimit, 0, 0));
    let mut calls = 0;
    let mut observer = |p: &Progress| {
        assert_eq!(p.iteration, 0);
        calls += 1;
        if calls >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = nmf.fit_with(&x, &Facts::of(&x), &Given::default(), &mut observer).unwrap();
    assert_eq!((stopped.status, stopped.iterations, sketch(&stopped).0), (Status::Interrupted, 1, 3));
    assert_eq!(calls, 3);
    let few = compressed(4).tol(0.0).max_iter(6).fit(&x).unwrap();
    assert_eq!((few.iterations, sketch(&few).0), (6, 6));
}

/// `auto` compresses where the plan says that it pays, and nowhere else; memory that is short speaks against it.
#[test]
fn auto_is_settled() {
    let large = Facts::of(&Matrix::<f32>::from(Dense::from_fn(2100, 2000, |i, j| ((i + j) % 7) as f32)));
    let small = Facts::of(&planted(200, 150, 3, 0.1, 1).dense());
    let plan = |nmf: &Nmf, facts: &Facts| nmf.spec().plan::<f32>(facts).unwrap();
    let yes = plan(&Nmf::new(50), &large);
    assert_eq!(yes.spec.compress, Compress::Yes);
    let no = plan(&Nmf::new(50).compress(Compress::No), &large);
    assert!(no.spec.compress == Compress::No && no.memory < yes.memory);
    let short = plan(&Nmf::new(50).memory_limit((no.memory + yes.memory) / 2), &large);
    assert_eq!((short.spec.compress, short.memory), (Compress::No, no.memory));
    for (nmf, facts) in [
        (Nmf::new(3), &small),
        (Nmf::new(51), &large),
        (Nmf::new(9).rule(Rule::Bpp), &large),
        (Nmf::new(9).l1_w(0.1), &large),
        (Nmf::new(9).max_h(1.0), &large),
        (Nmf::new(9).loss(partwise::Loss::KullbackLeibler), &large),
    ] {
        assert_eq!(plan(&nmf, facts).spec.compress, Compress::No);
    }
}
