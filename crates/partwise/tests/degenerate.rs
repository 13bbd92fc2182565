//! Shapes and data at the edge of what a factorization is (cases A of the adversarial list).
#![allow(clippy::unwrap_used)] // a test's helpers are tests

mod common;

use common::{Numbers, Table, assert_sound, combinations, planted, product, takes};
use partwise::error::{BadEntry, Error};
use partwise::run::Progress;
use partwise::{Dense, Facts, Given, Init, Loss, Matrix, Nmf, Rule, Spec, Status};
use std::ops::ControlFlow;

fn dense(rows: usize, cols: usize, values: &[f64]) -> Matrix<'static, f64> {
    Dense::from_vec(rows, cols, values.to_vec()).unwrap().into()
}

/// A1: nothing but zeros.
#[test]
fn a1_all_zero() {
    for (loss, rule) in combinations() {
        let table = Table::new(6, 5, |_, _| 0.0);
        for x in [table.dense(), table.sparse()].into_iter().filter(|x| takes(rule, x)) {
            let fit = Nmf::new(3).loss(loss).rule(rule).fit(&x);
            if !loss.allows_zeros() {
                assert!(matches!(fit, Err(Error::ZerosInX { zeros: 30, .. })));
                continue;
            }
            let fit = fit.unwrap();
            assert_eq!((fit.status, fit.loss, fit.relative_error()), (Status::ExactFit, 0.0, 0.0));
            assert!(fit.w.to_row_major().iter().chain(&fit.h.to_row_major()).all(|&x| x == 0.0));
            assert!(fit.notes.iter().any(|n| n.contains("all zero")), "{:?}", fit.notes);
        }
    }
}

/// A2: empty rows and columns get zeros, are counted, and leave the rest alone.
#[test]
fn a2_empty_rows_and_columns() {
    let full = planted(12, 10, 3, 0.2, 1);
    let holes = Table::new(14, 11, |i, j| if i >= 12 || j >= 10 { 0.0 } else { full.at(i, j) });
    for (loss, rule) in combinations().into_iter().filter(|(loss, _)| loss.allows_zeros()) {
        for x in [holes.dense(), holes.sparse()].into_iter().filter(|x| takes(rule, x)) {
            let nmf = Nmf::new(3).loss(loss).rule(rule).init(Init::Random).threads(1);
            let fit = nmf.fit(&x).unwrap();
            assert_sound(&fit, rule.name());
            assert!(fit.w.row(12).iter().chain(fit.w.row(13)).chain(fit.h.row(10)).all(|&x| x == 0.0));
            assert!(fit.notes.iter().any(|n| n.starts_with("2 rows of X are empty")), "{:?}", fit.notes);
            assert!(fit.notes.iter().any(|n| n.starts_with("1 column of X is empty")));
        }
    }
}

/// A3: a constant matrix is fitted to rounding at any rank.
#[test]
fn a3_constant() {
    for (loss, rule) in combinations().into_iter().filter(|(_, rule)| *rule != Rule::Admm) {
        for rank in [1, 3] {
            let nmf = Nmf::new(rank).loss(loss).rule(rule).max_iter(10_000);
            let fit = nmf.fit(&Table::new(8, 6, |_, _| 2.5).dense()).unwrap();
            let error =
                product(&fit).iter().map(|y| (y / 2.5 - 1.0).powi(2)).sum::<f64>().sqrt() / 48f64.sqrt();
            // Gradient and Newton steps approach it at a linear rate and are stopped by their tolerance (multiplicative
            // updates at beta 1.5 after more than the default of 2000 iterations); least squares by coordinates is exact.
            let bound = match rule {
                Rule::Mu if rank > 1 => 1e-4,
                Rule::Nesterov | Rule::Scd | Rule::Ccd | Rule::Newton if rank > 1 => 1e-5,
                _ => 1e-12,
            };
            assert!(error <= bound, "{loss} {rule} rank {rank}: {error:e}, {}", fit.reason);
        }
    }
}

/// A4: a matrix of rank one at rank five.
#[test]
fn a4_rank_one() {
    let mut n = Numbers::new(3);
    let (a, b): (Vec<f64>, Vec<f64>) =
        ((0..20).map(|_| n.next()).collect(), (0..15).map(|_| n.next()).collect());
    let table = Table::new(20, 15, |i, j| a[i] * b[j]);
    for rule in [Rule::Hals, Rule::Bpp, Rule::GreedyCd, Rule::Nesterov] {
        for init in [Init::Random, Init::Nndsvd, Init::NndsvdA] {
            let fit = Nmf::new(5).rule(rule).init(init).fit(&table.dense()).unwrap();
            assert!(fit.relative_error() < 1e-6, "{rule} {init}: {} {}", fit.relative_error(), fit.reason);
        }
    }
}

/// A5, A6: zeros in X, and a model that is zero where X is not.
#[test]
fn a6_kl_recovers_from_a_model_that_is_zero() {
    let table = planted(9, 8, 2, 0.1, 5);
    for rule in [Rule::Scd, Rule::Ccd, Rule::Mu] {
        let blank = partwise::Factor::from_row_major(9, 2, &[0.0; 18]).unwrap();
        let mut half = vec![0.0; 16];
        half[..8].fill(1.0);
        let start = Given {
            w: Some(blank),
            h: Some(partwise::Factor::from_row_major(8, 2, &half).unwrap()),
            ..Given::default()
        };
        let fit =
            Nmf::new(2).loss(Loss::KullbackLeibler).rule(rule).fit_from(&table.dense(), &start).unwrap();
        assert_sound(&fit, rule.name());
        assert!(fit.relative_error() < 0.7, "{rule}: {}", fit.relative_error());
        assert_eq!(rule == Rule::Mu, fit.notes.iter().any(|n| n.contains("lifted")), "{:?}", fit.notes);
    }
}

/// A7: more components than rows or columns.
#[test]
fn a7_rank_above_both_sizes() {
    let table = planted(6, 4, 2, 0.3, 6);
    let fit = Nmf::new(9).init(Init::Random).fit(&table.dense()).unwrap();
    assert_sound(&fit, "rank 9");
    assert!(fit.notes.iter().any(|n| n.contains("larger than min(m, n)")));
    assert_eq!(Nmf::new(9).fit(&table.dense()).unwrap().spec.init, Init::Random);
    let refused = Nmf::new(9).init(Init::Nndsvd).fit(&table.dense()).unwrap_err().to_string();
    for word in ["rank 9", "(6, 4)", "init random"] {
        assert!(refused.contains(word), "{refused}");
    }
    assert!(Nmf::new(5).init(Init::Spa).fit(&table.dense()).unwrap_err().to_string().contains("spa"));
}

/// A8: a rank that cannot fit into memory is refused before anything is allocated.
#[test]
fn a8_absurd_rank() {
    let x = planted(20, 15, 2, 0.1, 1).dense();
    let error = Nmf::new(100_000).memory_limit(1 << 30).fit(&x).unwrap_err();
    assert!(matches!(error, Error::Memory { rank: 100_000, .. }), "{error}");
    assert!(matches!(Nmf::new(usize::MAX).fit(&x), Err(Error::BadParameter { name: "rank", .. })));
}

/// A8: so is one whose memory no system has, whether there is a limit or not.
#[test]
fn a8_no_memory() {
    let x = planted(3, 3, 2, 0.1, 1).dense();
    let error = Nmf::new(u32::MAX as usize).fit(&x).unwrap_err();
    assert!(matches!(error, Error::Memory { rank: 4_294_967_295, .. }), "{error}");
}

/// A8: sizes and counts beyond all bounds are cut to what is of use, or refused.
#[test]
fn a8_absurd_sizes() {
    let x = planted(20, 15, 2, 0.1, 1).dense();
    let plain = Nmf::new(2).fit(&x).unwrap();
    for nmf in [Nmf::new(2).block_rows(usize::MAX), Nmf::new(2).threads(usize::MAX)] {
        let fit = nmf.fit(&x).unwrap();
        assert_eq!((&fit.w, &fit.h), (&plain.w, &plain.h));
    }
    let fit = Nmf::new(2).threads(9000).fit(&x).unwrap();
    assert_eq!(fit.spec.threads, 20);
    assert!(fit.notes.iter().any(|n| n.starts_with("20 threads are used")), "{:?}", fit.notes);
    assert_eq!(fit.model().transform(&x, usize::MAX).unwrap(), fit.transform(&x).unwrap());
    assert_sound(&Nmf::new(2).rule(Rule::GreedyCd).inner(usize::MAX).fit(&x).unwrap(), "gcd");

    for (rows, cols) in [(usize::MAX, 0), (0, usize::MAX)] {
        let empty = Matrix::from(Dense::<f64>::from_vec(rows, cols, vec![]).unwrap());
        assert!(matches!(Nmf::new(2).fit(&empty), Err(Error::Empty { .. })));
        assert!(empty.to_row_major().is_empty());
    }
}

/// Facts of another matrix are refused where a look at the sizes tells.
#[test]
fn facts_of_another_matrix() {
    let table = planted(6, 5, 2, 0.1, 1);
    let x = table.dense();
    let fit = |facts: Facts| {
        let mut observer = |_: &Progress| ControlFlow::Continue(());
        Nmf::new(2).fit_with(&x, &facts, &Given::default(), &mut observer)
    };
    assert!(fit(Facts::of(&x)).is_ok());
    for other in [planted(7, 5, 2, 0.1, 1).dense(), planted(5, 6, 2, 0.1, 1).dense(), table.sparse()] {
        let error = fit(Facts::of(&other)).unwrap_err();
        assert!(matches!(error, Error::Shape { what: "the X of the facts", .. }), "{error}");
    }
}

/// A9: rank one has a closed form: the leading singular pair for Frobenius, the independence model for KL.
#[test]
fn a9_rank_one_models() {
    let table = planted(13, 9, 3, 0.4, 7);
    let (m, n) = (table.rows, table.cols);
    let total: f64 = table.values.iter().sum();
    let rows: Vec<f64> = (0..m).map(|i| (0..n).map(|j| table.at(i, j)).sum()).collect();
    let cols: Vec<f64> = (0..n).map(|j| (0..m).map(|i| table.at(i, j)).sum()).collect();
    for rule in [Rule::Scd, Rule::Ccd, Rule::Mu] {
        let fit = Nmf::new(1).loss(Loss::KullbackLeibler).rule(rule).tol(1e-12).fit(&table.dense()).unwrap();
        for (at, y) in product(&fit).iter().enumerate() {
            let want = rows[at / n] * cols[at % n] / total;
            assert!((y / want - 1.0).abs() < 1e-9, "{rule}: {y} {want}");
        }
    }
    // Power iteration for the leading pair.
    let mut v = vec![1.0; n];
    let mut u = vec![0.0; m];
    for _ in 0..500 {
        u = (0..m).map(|i| (0..n).map(|j| table.at(i, j) * v[j]).sum()).collect();
        let norm = u.iter().map(|x| x * x).sum::<f64>().sqrt();
        u.iter_mut().for_each(|x| *x /= norm);
        v = (0..n).map(|j| (0..m).map(|i| table.at(i, j) * u[i]).sum()).collect();
    }
    for rule in [Rule::Hals, Rule::Bpp, Rule::GreedyCd, Rule::Nesterov, Rule::Mu] {
        let fit = Nmf::new(1).rule(rule).tol(1e-10).fit(&table.dense()).unwrap();
        for (at, y) in product(&fit).iter().enumerate() {
            let want = u[at / n] * v[at % n];
            assert!((y - want).abs() <= 1e-8 * want, "{rule}: {y} {want}");
        }
    }
}

/// A10, A11: the smallest shapes, and the empty ones.
#[test]
fn a10_tiny_and_empty_shapes() {
    for (loss, rule) in combinations() {
        for (rows, cols) in [(1, 1), (1, 5), (5, 1)] {
            for rank in [1, 2] {
                let table = Table::new(rows, cols, |i, j| 1.0 + (i + 2 * j) as f64);
                for x in [table.dense(), table.sparse()].into_iter().filter(|x| takes(rule, x)) {
                    let fit = Nmf::new(rank).loss(loss).rule(rule).fit(&x).unwrap();
                    assert_sound(&fit, &format!("{loss} {rule} {rows} x {cols} rank {rank}"));
                    assert!(fit.relative_error() < 0.05, "{loss} {rule}: {}", fit.relative_error());
                }
            }
        }
    }
    for (rows, cols) in [(0, 3), (3, 0), (0, 0)] {
        let error = Nmf::new(1).fit(&dense(rows, cols, &[])).unwrap_err();
        assert_eq!(error, Error::Empty { rows, cols });
    }
}

/// A12, B15, C: parameters outside their range are named with the range.
#[test]
fn parameters_out_of_range() {
    let x = planted(5, 4, 1, 0.1, 1).dense();
    let bad = |change: fn(&mut Spec)| {
        let mut spec = Spec::default();
        change(&mut spec);
        match Nmf::from_spec(spec).fit(&x) {
            Err(Error::BadParameter { name, .. }) => name,
            other => panic!("{:?}", other.map(|f| f.status)),
        }
    };
    assert_eq!(bad(|s| s.rank = 0), "rank");
    assert_eq!(bad(|s| s.tol = -1.0), "tol");
    assert_eq!(bad(|s| s.tol = f64::NAN), "tol");
    assert_eq!(bad(|s| s.l1_w = f64::INFINITY), "l1_w");
    assert_eq!(bad(|s| s.l2_h = -0.1), "l2_h");
    assert_eq!(bad(|s| s.time_limit = Some(-1.0)), "time_limit");
    assert_eq!(bad(|s| s.target_error = Some(f64::NAN)), "target_error");
    assert_eq!(bad(|s| s.restarts = 0), "restarts");
    assert_eq!(bad(|s| s.inner = Some(0)), "inner");
    assert_eq!(bad(|s| s.block_rows = Some(0)), "block_rows");
    assert_eq!(bad(|s| s.floor = 0.1), "floor");
    assert_eq!(bad(|s| s.loss = Loss::Beta(f64::NAN)), "beta");
}

/// A13, A14: entries that cannot be factorized are named by place.
#[test]
fn a13_bad_entries() {
    for (value, want) in
        [(f64::NAN, "NaN"), (f64::INFINITY, "an infinite entry"), (-1e-300, "negative entry")]
    {
        let mut values = vec![1.0; 12];
        values[7] = value;
        values[10] = value;
        let x = Dense::from_vec(3, 4, values).unwrap().into();
        let error = Nmf::new(2).fit::<f64>(&x).unwrap_err();
        assert!(matches!(error, Error::BadEntry { row: 1, col: 3, count: 2, .. }), "{error:?}");
        assert!(error.to_string().starts_with(want), "{error}");
    }
    // Minus zero is zero.
    assert!(Nmf::new(1).fit(&dense(1, 3, &[-0.0, 1.0, 2.0])).is_ok());
}

/// A15, A16: given factors.
#[test]
fn a16_given_factors() {
    let x = planted(5, 4, 2, 0.1, 1).dense();
    let factor = |rows: usize, bad: f64| {
        let mut values = vec![1.0; rows * 2];
        values[3] = bad;
        partwise::Factor::from_row_major(rows, 2, &values).unwrap()
    };
    for (bad, problem) in [(f64::NAN, BadEntry::Nan), (-2.0, BadEntry::Negative(-2.0))] {
        let start = Given { w: Some(factor(5, bad)), h: None, ..Given::default() };
        if let (Err(Error::BadFactor { factor: "W", problem: got, row: 1, col: 1 }), _) =
            (Nmf::new(2).fit_from(&x, &start), problem)
        {
            assert_eq!(format!("{got}"), format!("{problem}"));
        } else {
            panic!("{bad} accepted");
        }
    }
    let start = Given { w: None, h: Some(factor(5, 1.0)), ..Given::default() };
    let error = Nmf::new(2).fit_from(&x, &start).unwrap_err().to_string();
    assert!(error.contains("the given H has shape (2, 5), expected (2, 4)"), "{error}");
    // One given factor is used: its half of the start, and the other one moves first.
    let one = Given { w: Some(factor(5, 0.5)), h: None, ..Given::default() };
    assert!(Nmf::new(2).max_iter(3).fit_from(&x, &one).unwrap().relative_error() < 1.0);
    // Zeros of a start are lifted under multiplicative updates, and said so.
    let zero = Given { w: Some(factor(5, 0.0)), h: Some(factor(4, 0.0)), ..Given::default() };
    let fit = Nmf::new(2).rule(Rule::Mu).fit_from(&x, &zero).unwrap();
    assert!(fit.notes.iter().any(|n| n.contains("2 zeros of the start were lifted")), "{:?}", fit.notes);
}

/// A17, A18: duplicate rows, and twin components in the start.
#[test]
fn a18_twins() {
    let base = planted(10, 8, 3, 0.2, 2);
    let table = Table::new(12, 8, |i, j| base.at(if i >= 10 { 0 } else { i }, j));
    let fit = Nmf::new(3).fit(&table.dense()).unwrap();
    let w = fit.transform(&table.dense()).unwrap();
    assert_eq!(w.row(0), w.row(10));
    assert_eq!(w.row(0), w.row(11));
    let flat = |rows: usize| partwise::Factor::from_row_major(rows, 3, &vec![0.7; rows * 3]).unwrap();
    let twins = Given { w: Some(flat(12)), h: Some(flat(8)), ..Given::default() };
    for rule in [Rule::Hals, Rule::Bpp, Rule::GreedyCd] {
        let fit = Nmf::new(3).rule(rule).fit_from(&table.dense(), &twins).unwrap();
        assert_sound(&fit, rule.name());
    }
}

/// A20: one entry of 1e12 among entries of size one.
#[test]
fn a20_an_outlier() {
    let base = planted(15, 12, 3, 0.2, 3);
    let table = Table::new(15, 12, |i, j| if (i, j) == (4, 5) { 1e12 } else { base.at(i, j) });
    for (loss, rule) in combinations() {
        let fit = Nmf::new(3).loss(loss).rule(rule).max_iter(50).fit(&table.dense()).unwrap();
        assert_sound(&fit, &format!("{loss} {rule}"));
        assert!(fit.relative_error() <= 1.0 + 1e-9, "{loss} {rule}: {}", fit.relative_error());
    }
}

/// B5: entries at the bottom of the range count as what they are for KL.
#[test]
fn b5_underflow() {
    let base = planted(10, 8, 2, 0.1, 4);
    let with = |tiny: f64| Table::new(10, 8, |i, j| if (i + j) % 3 == 0 { tiny } else { base.at(i, j) });
    let (zero, tiny) = (with(0.0), with(1e-323));
    let fit =
        |t: &Table| Nmf::new(2).loss(Loss::KullbackLeibler).max_iter(30).tol(0.0).fit(&t.dense()).unwrap();
    assert!((fit(&zero).loss / fit(&tiny).loss - 1.0).abs() < 1e-10);
    let is = Nmf::new(2).loss(Loss::ItakuraSaito).max_iter(30).fit(&tiny.dense()).unwrap();
    assert_sound(&is, "itakura-saito with denormals");
}

/// B6, B7: exact fits are recognised, and their error is a number.
#[test]
fn b6_exact_fits() {
    let table = planted(30, 20, 3, 0.0, 8);
    for x in [table.dense(), table.sparse()] {
        let fit = Nmf::new(3).max_iter(20_000).tol(1e-9).fit(&x).unwrap();
        assert!(fit.loss >= 0.0 && fit.relative_error() <= 1e-6, "{} {}", fit.relative_error(), fit.reason);
        let direct = common::direct_loss(&table, &fit.w, &fit.h, Loss::Frobenius);
        assert!((fit.loss - direct).abs() <= 1e-10 * direct, "{} {direct}", fit.loss);
    }
    let fit = Nmf::new(3).max_iter(1000).tol(0.0).fit(&table.dense32()).unwrap();
    assert!(fit.relative_error() < 1e-5, "{} {}", fit.relative_error(), fit.reason);
}

/// B14: penalties so strong that nothing is left.
#[test]
fn b14_everything_dies() {
    let x = planted(10, 8, 2, 0.1, 4).dense();
    for (loss, rule) in
        [(Loss::Frobenius, Rule::Hals), (Loss::Frobenius, Rule::Bpp), (Loss::KullbackLeibler, Rule::Scd)]
    {
        let fit = Nmf::new(2).loss(loss).rule(rule).l1_w(1e6).l1_h(1e6).fit(&x).unwrap();
        // Kullback-Leibler has no zero model where X is positive: it can only become very small.
        if loss == Loss::Frobenius {
            assert_eq!(fit.status, Status::Degenerate, "{rule}: {}", fit.reason);
            assert!(fit.reason.to_string().contains("penalties"), "{}", fit.reason);
        }
        assert_sound(&fit, rule.name());
    }
}

/// Impossible combinations are refused with an alternative.
#[test]
fn combinations_that_cannot_be() {
    let x = planted(5, 4, 1, 0.1, 1).dense();
    for (loss, rule, instead) in [
        (Loss::Frobenius, Rule::Scd, "rule hals"),
        (Loss::KullbackLeibler, Rule::Hals, "scd"),
        (Loss::ItakuraSaito, Rule::Bpp, "rule newton or mu"),
        (Loss::Beta(1.5), Rule::Ccd, "rule mu"),
    ] {
        let error = Nmf::new(1).loss(loss).rule(rule).fit(&x).unwrap_err().to_string();
        assert!(error.contains(instead) && error.contains(&format!("rule {rule}")), "{error}");
    }
    assert!(Nmf::new(1).shuffle(true).rule(Rule::Bpp).fit(&x).is_err());
    assert!(Nmf::new(1).shuffle(true).fit(&x).is_ok());
}
