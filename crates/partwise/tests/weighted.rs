//! Missing entries, weights and held-out entries: every loss and rule, every kind of X.
#![allow(clippy::unwrap_used, clippy::panic)] // a test's helpers are tests

mod common;

use common::{Numbers, Table, assert_monotone, assert_sound, bits, combinations, counts, planted, product};
use partwise::{
    Dense, Given, HoldOut, Init, Loss, Matrix, Missing, Nmf, Rule, Sparse, Status, Unseen, Weighted, Weights,
};

/// Every loss and rule that takes weights.
fn weighted_combinations() -> Vec<(Loss, Rule)> {
    let takes =
        |loss, rule| partwise::support::supports(loss, rule, partwise::support::Feature::Weights).is_yes();
    combinations().into_iter().filter(|&(loss, rule)| takes(loss, rule)).collect()
}

/// Weights with holes: about a quarter are zero.
fn weights(rows: usize, cols: usize, seed: u64) -> Table {
    let mut n = Numbers::new(seed);
    Table::new(rows, cols, |_, _| {
        let v = n.next();
        if v < 0.25 { 0.0 } else { 2.0 * v }
    })
}

/// The loss over entries with weights, from its definition.
fn weighted_loss(x: &Table, v: &Table, y: &[f64], loss: Loss) -> f64 {
    let terms = x.values.iter().zip(&v.values).zip(y);
    terms.filter(|((_, v), _)| **v > 0.0).map(|((x, v), y)| v * loss.divergence(*x, *y)).sum()
}

fn size(x: &Table, loss: Loss) -> f64 {
    x.values.iter().map(|&x| loss.divergence(x, 2.0 * x + 0.1).abs() + x + 1.0).sum::<f64>() * 20.0
}

/// Sound, never rising, and truthful about the loss, over the entries that count alone.
#[test]
fn sound_monotone_and_truthful() {
    let positive = planted(23, 31, 4, 0.3, 1);
    let holes = counts(29, 18, 3, false, 2).map(|x| x + 0.0);
    for (loss, rule) in weighted_combinations() {
        for table in [&positive, &holes] {
            if !loss.allows_zeros() && table.values.contains(&0.0) {
                continue;
            }
            let v = weights(table.rows, table.cols, 5);
            for x in [table.dense(), table.sparse()] {
                let what = format!("{loss} {rule} sparse {}", x.is_sparse());
                for extrapolate in [false, true] {
                    let x = x.clone().weighted(Weights::new().entries(v.dense())).unwrap();
                    let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(50).tol(0.0).threads(1);
                    let fit = nmf.extrapolate(extrapolate).fit(&x).unwrap();
                    assert_sound(&fit, &what);
                    assert_monotone(&fit, size(table, loss), &what);
                    let direct = weighted_loss(table, &v, &product(&fit), loss);
                    assert!((fit.loss - direct).abs() <= 1e-9 * direct, "{what}: {} {direct}", fit.loss);
                    let (end, seen) = (fit.objective(), fit.history.last().unwrap().objective);
                    assert!(end <= seen * (1.0 + 1e-9), "{what}: {end} returned, {seen} seen");
                }
            }
        }
    }
}

/// Weights of one are no weights.
#[test]
fn ones_change_nothing() {
    let table = planted(20, 25, 3, 0.2, 3);
    let ones = table.map(|_| 1.0);
    for (loss, rule) in weighted_combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).init(Init::Random).max_iter(30).tol(0.0).threads(1);
        let plain = nmf.fit(&table.dense()).unwrap();
        for weights in [
            Weights::new().entries(ones.dense()),
            Weights::new().missing(Missing::Nan),
            Weights::new().rows(vec![1.0; 20]).cols(vec![1.0; 25]),
            Weights::new().entries(ones.sparse()),
            Weights::new().hold_out(HoldOut::share(1, 0.0)),
        ] {
            for x in [table.dense(), table.sparse()] {
                let fit = nmf.fit(&x.weighted(weights.clone()).unwrap()).unwrap();
                let difference = (fit.loss / plain.loss - 1.0).abs();
                assert!(difference <= 1e-6, "{loss} {rule}: {} {}", fit.loss, plain.loss);
            }
        }
    }
}

/// The same entries said in different ways: NaN, a mask of ones and zeros, a sparse mask, a list, a mask that is computed.
#[test]
fn all_ways_of_leaving_out_agree() {
    let mask = HoldOut::share(9, 0.3);
    for mask in [mask, mask.grouped(5000, 5000), mask.grouped(5000, 17), mask.grouped(24, 5000)] {
        ways_agree(mask);
    }
}

fn ways_agree(mask: HoldOut) {
    let table = planted(24, 17, 3, 0.3, 4);
    let seen = Table::new(24, 17, |i, j| f64::from(u8::from(!mask.holds(i, j))));
    let with_nan = Table::new(24, 17, |i, j| if mask.holds(i, j) { f64::NAN } else { table.at(i, j) });
    let (mut i, mut j, mut x) = (Vec::new(), Vec::new(), Vec::new());
    for row in (0..24).rev() {
        for col in (0..17).filter(|&col| !mask.holds(row, col)) {
            i.push(row as u32);
            j.push(col as u32);
            x.push(table.at(row, col));
        }
    }
    let stored = Sparse::from_coo(24, 17, &i, &j, x.clone()).unwrap();
    let forms: Vec<(&str, Matrix<'_, f64>)> = vec![
        ("nan", with_nan.dense().weighted(Weights::new().missing(Missing::Nan)).unwrap()),
        ("mask", table.dense().weighted(Weights::new().entries(seen.dense())).unwrap()),
        ("mask and nan", with_nan.dense().weighted(Weights::new().entries(seen.dense())).unwrap()),
        ("sparse mask", table.dense().weighted(Weights::new().entries(seen.sparse())).unwrap()),
        ("sparse both", table.sparse().weighted(Weights::new().entries(seen.sparse())).unwrap()),
        ("computed", table.dense().weighted(Weights::new().hold_out(mask)).unwrap()),
        ("computed, sparse", table.sparse().weighted(Weights::new().hold_out(mask)).unwrap()),
        (
            "computed, turned",
            table.transposed().sparse().transposed().weighted(Weights::new().hold_out(mask)).unwrap(),
        ),
        (
            "computed and nan",
            with_nan.dense().weighted(Weights::new().missing(Missing::Nan).hold_out(mask)).unwrap(),
        ),
        ("absent", Matrix::from(stored).weighted(Weights::new().missing(Missing::Absent)).unwrap()),
        ("listed", Weighted::observed(24, 17, &i, &j, &x).unwrap().into()),
    ];
    for (loss, rule) in weighted_combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).init(Init::Random).max_iter(25).tol(0.0).threads(1);
        let fits: Vec<_> = forms.iter().map(|(name, x)| (name, nmf.fit(x).unwrap())).collect();
        let base = &fits[0].1;
        for (name, fit) in &fits {
            let what = format!("{loss} {rule} {name} {mask:?}");
            assert!((fit.loss / base.loss - 1.0).abs() <= 1e-7, "{what}: {} {}", fit.loss, base.loss);
            assert!((fit.relative_error() / base.relative_error() - 1.0).abs() <= 1e-7, "{what}");
            assert!((fit.kkt_residual() - base.kkt_residual()).abs() <= 1e-6, "{what}");
        }
    }
}

/// What is left out has no influence at all.
#[test]
fn what_does_not_count_is_not_looked_at() {
    let table = planted(15, 12, 2, 0.2, 6);
    let v = weights(15, 12, 7);
    let spoilt = Table::new(15, 12, |i, j| match v.at(i, j) {
        0.0 if (i + j) % 3 == 0 => f64::NAN,
        0.0 if (i + j) % 3 == 1 => -5e10,
        0.0 => f64::INFINITY,
        _ => table.at(i, j),
    });
    for (loss, rule) in weighted_combinations() {
        let nmf = Nmf::new(2).loss(loss).rule(rule).max_iter(20).tol(0.0).threads(1);
        let fit =
            |x: &Table| nmf.fit(&x.dense().weighted(Weights::new().entries(v.dense())).unwrap()).unwrap();
        assert!(bits(&fit(&table)) == bits(&fit(&spoilt)), "{loss} {rule}");
    }
}

/// A whole weight is as many copies of a row or column.
#[test]
fn weights_count_as_copies() {
    let table = planted(12, 10, 2, 0.3, 8);
    let times = |i: usize| 1 + i % 3;
    let copies: Vec<usize> = (0..12).flat_map(|i| std::iter::repeat_n(i, times(i))).collect();
    let copied = Table::new(copies.len(), 10, |i, j| table.at(copies[i], j));
    for (loss, rule) in weighted_combinations() {
        let nmf = Nmf::new(2).loss(loss).rule(rule).tol(1e-9).max_iter(30_000).threads(1);
        let row_weights: Vec<f64> = (0..12).map(|i| times(i) as f64).collect();
        let weighted = table.dense().weighted(Weights::new().rows(row_weights)).unwrap();
        let turned = table
            .transposed()
            .sparse()
            .weighted(Weights::new().cols((0..12).map(|i| times(i) as f64).collect()));
        let (a, b) = (nmf.fit(&weighted).unwrap(), nmf.fit(&turned.unwrap()).unwrap());
        let c = nmf.fit(&copied.dense()).unwrap();
        let worst = [a.loss, b.loss].iter().map(|l| (l / c.loss - 1.0).abs()).fold(0.0, f64::max);
        // Local minima may differ between starts; this problem has one.
        assert!(worst <= 2e-3, "{loss} {rule}: {} {} {}", a.loss, b.loss, c.loss);
    }
}

/// Threads, blocks, transposing, the order of a list: the same bits, or the mirrored fit.
#[test]
fn determinism() {
    let table = counts(40, 33, 3, false, 11).map(|x| x + 0.5);
    let v = weights(40, 33, 3);
    for (loss, rule) in weighted_combinations() {
        for weights in [
            Weights::new().entries(v.dense()),
            Weights::new().entries(v.sparse()),
            Weights::new().hold_out(HoldOut::share(4, 0.2)).rows((1..41).map(f64::from).collect()),
            Weights::new()
                .hold_out(HoldOut::share(4, 0.2).grouped(9000, 9000))
                .rows((1..41).map(f64::from).collect()),
        ] {
            let x = table.dense().weighted(weights).unwrap();
            let nmf = Nmf::new(3).loss(loss).rule(rule).init(Init::Random).max_iter(8).tol(0.0);
            let base = bits(&nmf.clone().threads(1).fit(&x).unwrap());
            for (threads, block) in [(2, None), (3, Some(1)), (8, Some(7))] {
                let mut nmf = nmf.clone().threads(threads);
                if let Some(block) = block {
                    nmf = nmf.block_rows(block);
                }
                assert!(base == bits(&nmf.fit(&x).unwrap()), "{loss} {rule}, {threads} threads");
            }
            let start = Nmf::new(3).init(Init::Random).max_iter(0).threads(1).fit(&table.dense()).unwrap();
            let there = Given { w: Some(start.w.clone()), h: Some(start.h.clone()), ..Given::default() };
            let back = Given { w: Some(start.h), h: Some(start.w), ..Given::default() };
            let first = |w: bool| {
                nmf.clone().first(if w { partwise::First::W } else { partwise::First::H }).threads(2)
            };
            let a = first(true).polish(false).fit_from(&x, &there).unwrap();
            let b = first(false).polish(false).fit_from(&x.clone().transposed(), &back).unwrap();
            assert!(a.w == b.h && a.h == b.w, "{loss} {rule}: transposed");
        }
    }
}

/// c X is X in other units, and so are weights.
#[test]
fn scales() {
    let table = planted(14, 12, 2, 0.3, 9);
    let v = weights(14, 12, 2);
    for (loss, rule) in weighted_combinations() {
        let nmf = Nmf::new(2).loss(loss).rule(rule).init(Init::Random).max_iter(20).tol(0.0).threads(1);
        let fit = |c: f64, d: f64| {
            let x = table
                .map(|x| x * c)
                .dense()
                .weighted(Weights::new().entries(v.map(|v| v * d).dense()))
                .unwrap();
            nmf.fit(&x).unwrap()
        };
        let base = fit(1.0, 1.0);
        for (c, d) in [(1e150, 1.0), (1e-150, 1.0), (1.0, 1e150), (1.0, 1e-150), (1e120, 1e-100), (3e-7, 8e5)]
        {
            let other = fit(c, d);
            let what = format!("{loss} {rule} x {c:e}, v {d:e}");
            let difference = (other.relative_error() / base.relative_error() - 1.0).abs();
            assert!(difference <= 1e-8, "{what}: {difference:e}");
            let want = base.loss * c.powf(loss.beta()) * d;
            assert!(
                !want.is_normal() || (other.loss / want - 1.0).abs() <= 1e-7,
                "{what}: {} {want}",
                other.loss
            );
        }
    }
}

/// The same for weights of rows and of columns.
#[test]
fn weights_of_lines_have_any_units() {
    let table = planted(14, 12, 2, 0.3, 9);
    let v = weights(14, 12, 2);
    let fit = |c: f64, d: f64| {
        let lines = |n: usize, scale: f64| (0..n).map(|i| scale * (0.5 + v.at(i, 0))).collect::<Vec<_>>();
        let weights = Weights::new().rows(lines(14, c)).cols(lines(12, d));
        Nmf::new(2).max_iter(20).tol(0.0).fit(&table.dense().weighted(weights).unwrap()).unwrap()
    };
    let base = fit(1.0, 1.0);
    for (c, d) in [(1e100, 1.0), (1e-100, 1.0), (1.0, 1e90), (1e100, 1e-80)] {
        let other = fit(c, d);
        assert!((other.loss / (base.loss * c * d) - 1.0).abs() < 1e-9, "{c:e} {d:e}: {}", other.loss);
    }
}

/// Converged runs are stationary: a restart stops at once, and transforming the data gives W.
#[test]
fn solutions_are_recognised_and_transform_honours_masks() {
    let table = planted(30, 22, 3, 0.2, 12);
    let v = weights(30, 22, 13);
    for (loss, rule) in weighted_combinations() {
        // Multiplicative updates take long, and need not arrive.
        let (tol, most) = if rule == Rule::Mu { (1e-4, 3000) } else { (1e-6, 20_000) };
        let nmf = Nmf::new(3).loss(loss).rule(rule).tol(tol).max_iter(most).threads(1);
        for x in [table.dense(), table.sparse()] {
            let x = x.weighted(Weights::new().entries(v.dense())).unwrap();
            let fit = nmf.fit(&x).unwrap();
            assert!(
                fit.status.is_converged() || rule == Rule::Mu,
                "{loss} {rule}: {} {}",
                fit.status,
                fit.reason
            );
            // A start under multiplicative updates has its zeros lifted.
            if fit.reason.to_string().starts_with("optimality") && rule != Rule::Mu {
                let again = Given { w: Some(fit.w.clone()), h: Some(fit.h.clone()), ..Given::default() };
                let again = nmf.fit_from(&x, &again).unwrap();
                assert_eq!(again.iterations, 0, "{loss} {rule}: {}", again.reason);
            }
            if loss.beta() < 1.0 || loss.beta() > 2.0 {
                // Not convex in W alone.
                continue;
            }
            let w = fit.transform(&x).unwrap();
            let largest = fit.w.to_row_major().iter().fold(0.0f64, |m, &x| m.max(x));
            let worst = (w.to_row_major().iter().zip(fit.w.to_row_major()))
                .map(|(a, b)| (a - b).abs() / largest)
                .fold(0.0, f64::max);
            let most = if rule == Rule::Mu { 0.05 } else { 2e-3 };
            assert!(worst <= most, "{loss} {rule}: {worst}");
        }
    }
}

/// Held-out entries of low-rank data are predicted, far better than by means.
#[test]
fn held_out_entries_are_predicted() {
    let table = planted(60, 50, 3, 0.02, 14);
    for (loss, rule) in [(Loss::Frobenius, Rule::Hals), (Loss::KullbackLeibler, Rule::Scd)] {
        let mask = HoldOut::share(5, 0.15);
        let x = table.dense().weighted(Weights::new().hold_out(mask)).unwrap();
        let fit = Nmf::new(3).loss(loss).rule(rule).tol(1e-6).restarts(3).fit(&x).unwrap();
        let held = table.dense().weighted(Weights::new().hold_out(mask.inverted())).unwrap();
        let score = fit.score(&held).unwrap();
        let count =
            (0..60).flat_map(|i| (0..50).map(move |j| (i, j))).filter(|&(i, j)| mask.holds(i, j)).count();
        assert_eq!(score.entries, count as u64);
        let y = product(&fit);
        let squares: f64 = (0..60)
            .flat_map(|i| (0..50).map(move |j| (i, j)))
            .filter(|&(i, j)| mask.holds(i, j))
            .map(|(i, j)| (table.at(i, j) - y[i * 50 + j]).powi(2))
            .sum();
        assert!((score.rmse - (squares / count as f64).sqrt()).abs() <= 1e-9 * score.rmse);
        assert!(score.relative_rmse < 0.05, "{loss}: {score:?}");
    }
}

/// Rows and columns without a single entry: refused by name, or zeros.
#[test]
fn unseen_rows_and_columns() {
    let table = planted(9, 8, 2, 0.2, 15);
    let v = Table::new(9, 8, |i, j| f64::from(u8::from(i != 4 && j != 2)));
    for (loss, rule) in weighted_combinations() {
        for weights in [Weights::new().entries(v.dense()), Weights::new().entries(v.sparse())] {
            let x = table.dense().weighted(weights).unwrap();
            let nmf = Nmf::new(2).loss(loss).rule(rule).threads(1);
            let error = nmf.fit(&x).unwrap_err().to_string();
            assert!(error.contains("row 4") && error.contains("unseen"), "{error}");
            let fit = nmf.unseen(Unseen::Zeros).fit(&x).unwrap();
            assert_sound(&fit, "unseen");
            assert!(fit.w.row(4).iter().chain(fit.h.row(2)).all(|&x| x == 0.0), "{loss} {rule}");
            assert!(fit.notes.iter().any(|n| n.contains("no observed entry")), "{:?}", fit.notes);
        }
    }
    let none = table.dense().weighted(Weights::new().entries(table.map(|_| 0.0).dense())).unwrap();
    assert!(Nmf::new(2).unseen(Unseen::Zeros).fit(&none).is_err());
}

/// What is wrong with weights is said.
#[test]
fn wrong_weights_are_refused() {
    let table = planted(4, 3, 1, 0.2, 16);
    let refused = |weights: Weights<'static, f64>| table.dense().weighted(weights).unwrap_err().to_string();
    let bad = |at: usize, x: f64| {
        let mut v = vec![1.0; 12];
        v[at] = x;
        Weights::new().entries(Dense::from_vec(4, 3, v).unwrap())
    };
    assert!(refused(bad(5, -1.0)).contains("row 1, column 2"));
    assert!(refused(bad(5, f64::NAN)).contains("row 1, column 2"));
    assert!(refused(bad(11, f64::INFINITY)).contains("row 3, column 2"));
    assert!(refused(Weights::new().entries(planted(3, 4, 1, 0.1, 1).dense())).contains("(4, 3)"));
    assert!(refused(Weights::new().rows(vec![1.0; 3])).contains("4 numbers"));
    assert!(refused(Weights::new().cols(vec![1.0, -2.0, 1.0])).contains("column weight"));
    assert!(refused(Weights::new().missing(Missing::Absent)).contains("missing = nan"));
    assert!(Weights::<f64>::new().uncertainties(&table.map(|_| 0.0).dense()).is_err());
    let sigma = Table::new(4, 3, |i, j| if (i, j) == (2, 1) { f64::NAN } else { 1.0 }).dense();
    let error = refused(Weights::new().uncertainties(&sigma).unwrap());
    assert!(error.contains("uncertainty NaN at row 2, column 1") && error.contains("inf leaves"), "{error}");
    let twice = Weighted::observed(2, 2, &[0, 0], &[1, 1], &[1.0, 2.0]).unwrap_err().to_string();
    assert!(twice.contains("(0, 1)"), "{twice}");
    let nan = Table::new(4, 3, |i, j| if (i, j) == (2, 1) { f64::NAN } else { 1.0 });
    let error = Nmf::new(1).fit(&nan.dense()).unwrap_err().to_string();
    assert!(error.contains("row 2, column 1") && error.contains("missing"), "{error}");
}

/// Of an entry that does not count, nothing is looked at: neither its weight nor its uncertainty.
#[test]
fn what_does_not_count_needs_no_weight() {
    let table = planted(6, 5, 2, 0.3, 18);
    let gone = |i: usize, j: usize| (i, j) == (1, 2) || (i, j) == (4, 0);
    let or_nan = |x: f64, i: usize, j: usize| if gone(i, j) { f64::NAN } else { x };
    let x = Table::new(6, 5, |i, j| or_nan(table.at(i, j), i, j));
    let sigma = |hole: f64| Table::new(6, 5, |i, j| if gone(i, j) { hole } else { 0.5 + j as f64 });
    let fit = |x: Matrix<'static, f64>, weights| Nmf::new(2).fit(&x.weighted(weights).unwrap()).unwrap();
    let missing = || Weights::new().missing(Missing::Nan);
    let whole = fit(x.dense(), missing().uncertainties(&sigma(3.0).dense()).unwrap());
    let nan = fit(x.dense(), missing().uncertainties(&sigma(f64::NAN).dense()).unwrap());
    assert_eq!((&whole.w, &whole.h, whole.loss), (&nan.w, &nan.h, nan.loss));
    let weights = |hole: f64| sigma(hole).map(|s| 1.0 / (s * s)).dense();
    let [known, unknown] = [3.0, f64::NAN].map(|hole| fit(x.dense(), missing().entries(weights(hole))));
    assert_eq!(known.w, unknown.w);
    // What was said of X before holds too, and so does the weight of a row.
    let mask = Table::new(6, 5, |i, j| if gone(i, j) { 0.0 } else { 1.0 }).dense();
    let masked = table.dense().weighted(Weights::new().entries(mask)).unwrap();
    let sigma = sigma(f64::NAN).dense();
    assert_eq!(fit(masked, Weights::new().uncertainties(&sigma).unwrap()).w, whole.w);
    let rows = vec![1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
    assert!(table.dense().weighted(Weights::new().rows(rows).uncertainties(&sigma).unwrap()).is_ok());
}

/// Uncertainties are weights of one over their squares, at any scale, and the Frobenius loss is half of chi².
#[test]
fn uncertainties_make_chi_squared() {
    let table = planted(20, 12, 2, 0.3, 17);
    let sigma = weights(20, 12, 18).map(|v| 0.05 + v);
    let fit = |c: f64| {
        let weights = Weights::new().uncertainties(&sigma.map(|s| s * c).dense()).unwrap();
        Nmf::new(2)
            .threads(1)
            .max_iter(200)
            .fit(&table.map(|x| x * c).dense().weighted(weights).unwrap())
            .unwrap()
    };
    let base = fit(1.0);
    let y = product(&base);
    let q: f64 =
        table.values.iter().zip(&sigma.values).zip(&y).map(|((x, s), y)| ((x - y) / s).powi(2)).sum();
    assert!((2.0 * base.loss / q - 1.0).abs() <= 1e-10, "{} {q}", 2.0 * base.loss);
    for c in [1e-140, 1e-3, 1e140] {
        assert!((fit(c).loss / base.loss - 1.0).abs() <= 1e-6, "{c:e}");
    }
}

/// Ratings: the work is that of the listed entries, never of the whole matrix.
#[test]
fn a_list_of_a_huge_matrix_is_small_work() {
    let n = 3_000_000;
    let at: Vec<u32> = (0..60).map(|e| e * 50_000).collect();
    let x: Vec<f64> = (0..60).map(|e| 1.0 + f64::from(e % 5)).collect();
    for (loss, rule) in
        [(Loss::Frobenius, Rule::Hals), (Loss::KullbackLeibler, Rule::Scd), (Loss::Beta(1.5), Rule::Mu)]
    {
        let x: Matrix<'_, f64> = Weighted::observed(n, n, &at, &at, &x).unwrap().into();
        let fit = Nmf::new(2)
            .loss(loss)
            .rule(rule)
            .unseen(Unseen::Zeros)
            .max_iter(3)
            .threads(1)
            .polish(false)
            .fit(&x);
        assert!(fit.unwrap().loss.is_finite());
    }
}

/// Single precision is close to double.
#[test]
fn single_precision_is_near() {
    let table = planted(25, 18, 3, 0.2, 19);
    let v = weights(25, 18, 20);
    for (loss, rule) in weighted_combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).init(Init::Random).max_iter(15).tol(0.0).threads(1);
        let double = nmf.fit(&table.dense().weighted(Weights::new().entries(v.dense())).unwrap()).unwrap();
        let single =
            nmf.fit(&table.dense32().weighted(Weights::new().entries(v.dense32())).unwrap()).unwrap();
        let difference = (single.relative_error() / double.relative_error() - 1.0).abs();
        assert!(difference <= 1e-3, "{loss} {rule}: {difference:e}");
        assert_ne!(single.status, Status::Degenerate);
    }
}
