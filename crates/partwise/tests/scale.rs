//! fit(c X) is fit(X) in other units, for every loss, rule and start.

mod common;

use common::{assert_sound, combinations, counts, planted};
use partwise::{Given, Init, Nmf, Scalar};

/// Scales that are not powers of two, so that nothing is exact by accident.
const WIDE: [f64; 8] = [1e-150, 3e-100, 7e-20, 1e-3, 1e3, 3e20, 7e100, 1e150];

#[test]
fn double_precision_from_1e_minus_150_to_1e150() {
    let table = planted(17, 14, 3, 0.3, 1);
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(25).tol(0.0).threads(1).init(Init::Random);
        let base = nmf.fit(&table.dense()).unwrap();
        for c in WIDE {
            let fit = nmf.fit(&table.map(|x| x * c).dense()).unwrap();
            let what = format!("{loss} {rule} x {c:e}");
            assert_sound(&fit, &what);
            assert_eq!(fit.iterations, base.iterations, "{what}");
            let difference = (fit.relative_error() / base.relative_error() - 1.0).abs();
            assert!(difference <= 1e-9, "{what}: {} {}", fit.relative_error(), base.relative_error());
        }
    }
}

#[test]
fn every_start_scales_with_the_data() {
    let dense = planted(17, 14, 3, 0.3, 2);
    let holes = counts(20, 16, 3, true, 3);
    for &init in Init::ALL.iter().filter(|init| **init != Init::Given) {
        for sparse in [false, true] {
            let table = if sparse { &holes } else { &dense };
            let matrix = |t: &common::Table| if sparse { t.sparse() } else { t.dense() };
            let nmf = Nmf::new(3).init(init).max_iter(25).tol(0.0).threads(1);
            let base = nmf.fit(&matrix(table)).unwrap();
            for c in WIDE {
                let fit = nmf.fit(&matrix(&table.map(|x| x * c))).unwrap();
                let difference = (fit.relative_error() / base.relative_error() - 1.0).abs();
                assert!(difference <= 1e-9, "{init} x {c:e}: {difference:e}");
                assert_eq!(fit.iterations, base.iterations);
            }
        }
    }
}

#[test]
fn converged_runs_stop_at_the_same_iteration() {
    let table = planted(25, 20, 3, 0.2, 6);
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(3000).threads(1);
        let base = nmf.fit(&table.dense()).unwrap();
        for c in [1e-150, 1e-7, 1e150] {
            let fit = nmf.fit(&table.map(|x| x * c).dense()).unwrap();
            assert_eq!(fit.status, base.status, "{loss} {rule} x {c:e}");
            let (a, b) = (fit.iterations, base.iterations);
            assert!(a.abs_diff(b) <= 1, "{loss} {rule} x {c:e}: {a} and {b} iterations");
        }
    }
}

#[test]
fn penalties_scale_as_their_units_do() {
    // c X with l1 c^(beta - 1/2) and l2 c^(beta - 1) is the same problem.
    let table = planted(17, 14, 3, 0.3, 4);
    for (loss, rule) in combinations() {
        let b = loss.beta();
        let nmf = |c: f64| {
            let (l1, l2) = (0.05 * c.powf(b - 0.5), 0.03 * c.powf(b - 1.0));
            Nmf::new(3).loss(loss).rule(rule).l1_w(l1).l1_h(l1).l2_w(l2).max_iter(25).tol(0.0).threads(1)
        };
        let base = nmf(1.0).fit(&table.dense()).unwrap();
        for c in [1e-90, 1e-9, 1e9, 1e90] {
            let fit = nmf(c).fit(&table.map(|x| x * c).dense()).unwrap();
            let difference = (fit.relative_error() / base.relative_error() - 1.0).abs();
            assert!(difference <= 1e-9, "{loss} {rule} x {c:e}: {difference:e}");
        }
    }
}

#[test]
fn single_precision_from_1e_minus_18_to_1e18() {
    let table = planted(17, 14, 3, 0.3, 1);
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(25).tol(0.0).threads(1).init(Init::Random);
        let base = nmf.fit(&table.dense32()).unwrap();
        for c in [1e-18, 1e-9, 1e-3, 1e3, 1e9, 1e18] {
            let fit = nmf.fit(&table.map(|x| x * c).dense32()).unwrap();
            let what = format!("f32 {loss} {rule} x {c:e}");
            assert_sound(&fit, &what);
            assert_eq!(fit.iterations, base.iterations, "{what}");
            let difference = (fit.relative_error() / base.relative_error() - 1.0).abs();
            assert!(difference <= 1e-5, "{what}: {} {}", fit.relative_error(), base.relative_error());
        }
    }
}

/// At the ends of the range of floating point numbers the data themselves are coarse, but nothing breaks.
#[test]
fn the_ends_of_the_range() {
    let table = planted(12, 9, 2, 0.3, 8);
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(2).loss(loss).rule(rule).max_iter(20).threads(1).init(Init::Random);
        let base = nmf.fit(&table.dense()).unwrap();
        for c in [1e300, 1e-300] {
            let fit = nmf.fit(&table.map(|x| x * c).dense()).unwrap();
            for factor in [&fit.w, &fit.h] {
                assert!(
                    factor.to_row_major().iter().all(|x| x.is_finite() && *x >= 0.0),
                    "{loss} {rule} x {c:e}"
                );
            }
            let difference = (fit.relative_error() / base.relative_error() - 1.0).abs();
            assert!(difference <= 1e-9, "{loss} {rule} x {c:e}: {difference:e}");
        }
        let tiny = table.map(|x| if x > 0.5 { 5e-324 } else { 1e-323 });
        assert!(nmf.fit(&tiny.dense()).unwrap().relative_error().is_finite());
        for c in [1e-40, 3e37] {
            let fit = nmf.fit(&table.map(|x| x * c).dense32()).unwrap();
            assert!(fit.w.to_row_major().iter().all(|x| x.is_finite()), "f32 {loss} {rule} x {c:e}");
            assert!(
                (fit.relative_error() / base.relative_error() - 1.0).abs() < 2e-2,
                "f32 {loss} {rule} x {c:e}"
            );
        }
    }
}

#[test]
fn given_starts_are_in_the_units_of_x() {
    let table = planted(10, 8, 2, 0.2, 3);
    let first = Nmf::new(2).max_iter(5).threads(1).fit(&table.dense()).unwrap();
    let c = 1e120;
    let scaled = |f: &partwise::Factor<f64>| {
        let values: Vec<f64> = f.to_row_major().iter().map(|x| x * c.sqrt()).collect();
        partwise::Factor::from_row_major(f.rows(), f.rank(), &values).unwrap()
    };
    let from = |w: partwise::Factor<f64>, h: partwise::Factor<f64>| Given {
        w: Some(w),
        h: Some(h),
        ..Given::default()
    };
    let nmf = Nmf::new(2).max_iter(5).tol(0.0).threads(1);
    let base = nmf.fit_from(&table.dense(), &from(first.w.clone(), first.h.clone())).unwrap();
    let fit = nmf.fit_from(&table.map(|x| x * c).dense(), &from(scaled(&first.w), scaled(&first.h))).unwrap();
    assert!((fit.relative_error() / base.relative_error() - 1.0).abs() < 1e-9);
    assert_eq!(f64::NAME, "f64");
}

/// The loss itself scales as c^beta.
#[test]
fn losses_are_homogeneous() {
    let table = planted(12, 9, 2, 0.3, 8);
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(2).loss(loss).rule(rule).max_iter(10).tol(0.0).threads(1).init(Init::Random);
        let base = nmf.fit(&table.dense()).unwrap().loss;
        for c in [1e-40f64, 1e40] {
            let got = nmf.fit(&table.map(|x| x * c).dense()).unwrap().loss;
            assert!((got / (base * c.powf(loss.beta())) - 1.0).abs() < 1e-8, "{loss} {rule} x {c:e}");
        }
    }
}
