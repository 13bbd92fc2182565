//! Problems whose answer is known.
#![allow(clippy::unwrap_used)] // a test's helpers are tests

mod common;

use common::{Table, direct_loss, product};
use partwise::{Factor, Given, Init, Loss, Nmf, Rule, Status};

/// Cosine between two vectors.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// For every true component the best match among those found; 1 if all are found.
fn worst_match(found: &Factor<f64>, truth: &[Vec<f64>]) -> f64 {
    let column = |c: usize| (0..found.rows()).map(|i| found.row(i)[c]).collect::<Vec<_>>();
    let columns: Vec<_> = (0..found.rank()).map(column).collect();
    truth.iter().map(|t| columns.iter().map(|c| cosine(c, t)).fold(0.0, f64::max)).fold(1.0, f64::min)
}

/// The 6 x 3 problem of H. Laurberg, M. G. Christensen, M. D. Plumbley, L. K. Hansen, S. H. Jensen (2008), "Theorems on
/// positive data: on the uniqueness of NMF", doi:10.1155/2008/764206, section 5, eq. 9: X = WWᵀ with a W that is the only
/// one up to order and scale for a = 0.1 and a = 0.3.
fn laurberg(a: f64) -> (Vec<Vec<f64>>, Table) {
    let w =
        vec![vec![a, 1.0, 1.0, a, 0.0, 0.0], vec![1.0, a, 0.0, 0.0, a, 1.0], vec![0.0, 0.0, a, 1.0, 1.0, a]];
    let x = Table::new(6, 6, |i, j| w.iter().map(|c| c[i] * c[j]).sum());
    (w, x)
}

#[test]
fn laurbergs_unique_factorization_is_found() {
    for a in [0.1, 0.3] {
        let (truth, table) = laurberg(a);
        for (loss, rule) in [
            (Loss::Frobenius, Rule::Hals),
            (Loss::Frobenius, Rule::Bpp),
            (Loss::Frobenius, Rule::GreedyCd),
            (Loss::Frobenius, Rule::Nesterov),
            (Loss::KullbackLeibler, Rule::Scd),
            (Loss::KullbackLeibler, Rule::Ccd),
        ] {
            let nmf = Nmf::new(3).loss(loss).rule(rule).init(Init::Random).restarts(10);
            let fit = nmf.tol(1e-10).max_iter(20_000).fit(&table.dense()).unwrap();
            let (w, h) = (worst_match(&fit.w, &truth), worst_match(&fit.h, &truth));
            assert!(w.min(h) > 1.0 - 1e-5, "a {a} {loss} {rule}: {w} {h}, error {}", fit.relative_error());
        }
    }
}

/// Four limbs with four positions each on a fixed body: 256 pictures, ordinary rank 13. The limb positions are the parts;
/// which of them carry the body is not determined.
fn swimmer() -> (Vec<Vec<f64>>, Table) {
    let pixel = |x: i32, y: i32| (y * 11 + x) as usize;
    let body: Vec<usize> = (2..9).map(|y| pixel(5, y)).collect();
    let limbs: Vec<Vec<usize>> = [(4, 2, -1, -1), (6, 2, 1, -1), (4, 8, -1, 1), (6, 8, 1, 1)]
        .iter()
        .flat_map(|&(x, y, sx, sy)| {
            [(sx, 0), (sx, sy), (0, sy), (sx, -sy)]
                .map(|(dx, dy): (i32, i32)| (1..3).map(|t| pixel(x + dx * t, y + dy * t)).collect::<Vec<_>>())
        })
        .collect();
    let part = |pixels: &[usize]| {
        let mut v = vec![0.0; 121];
        pixels.iter().for_each(|&p| v[p] = 1.0);
        v
    };
    let table = Table::new(121, 256, |i, j| {
        let on = body.contains(&i) || (0..4).any(|limb| limbs[limb * 4 + (j >> (2 * limb) & 3)].contains(&i));
        f64::from(on)
    });
    (limbs.iter().map(|l| part(l)).collect(), table)
}

#[test]
fn the_swimmers_limbs_are_found() {
    let (limbs, table) = swimmer();
    for loss in [Loss::Frobenius, Loss::KullbackLeibler] {
        let fit =
            Nmf::new(16).loss(loss).init(Init::Random).restarts(10).tol(1e-8).fit(&table.dense()).unwrap();
        let error = fit.relative_error();
        assert!(error < 1e-4, "{loss}: {error}");
        // Compare limbs alone: the body may ride on any of them, and limbs overlap it and each other nowhere.
        let off_body: Vec<usize> = (0..121).filter(|i| i % 11 != 5).collect();
        let values: Vec<f64> = off_body.iter().flat_map(|&i| fit.w.row(i).to_vec()).collect();
        let found = Factor::from_row_major(off_body.len(), 16, &values).unwrap();
        let truth: Vec<Vec<f64>> = limbs.iter().map(|l| off_body.iter().map(|&i| l[i]).collect()).collect();
        let worst = worst_match(&found, &truth);
        assert!(worst > 0.99, "{loss}: {worst} at error {error}");
    }
}

/// Nested hexagons: the slack matrix of a regular hexagon inside another; non-negative rank 3, 4 or 5 by a (N. Gillis,
/// 2020, "Nonnegative Matrix Factorization", SIAM, doi:10.1137/1.9781611976410, section 2.1).
#[test]
fn nested_hexagons_have_their_non_negative_rank() {
    for (a, rank) in [(2.0, 3), (2.5, 4), (3.0, 4), (4.0, 5), (1e6, 5)] {
        let row = [1.0, a, 2.0 * a - 1.0, 2.0 * a - 1.0, a, 1.0].map(|v: f64| v / (6.0 * a));
        let table = Table::new(6, 6, |i, j| row[(j + 6 - i) % 6]);
        let error = |rank: usize| {
            let nmf = Nmf::new(rank).init(Init::Random).restarts(30).tol(1e-9).max_iter(5000);
            nmf.fit(&table.dense()).unwrap().relative_error()
        };
        assert!(error(rank) < 2e-3, "a {a}: error {} at rank {rank}", error(rank));
        if rank > 3 {
            assert!(error(rank - 1) > 1e-2, "a {a}: error {} at rank {}", error(rank - 1), rank - 1);
        }
    }
}

/// L. B. Thomas (1974), doi:10.1137/1016064: rank 3, non-negative rank 4.
#[test]
fn thomas_matrix_needs_four_parts() {
    let rows = [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]];
    let x = Table::new(4, 4, |i, j| rows[i][j]).dense();
    let error =
        |rank| Nmf::new(rank).init(Init::Random).restarts(20).tol(1e-9).fit(&x).unwrap().relative_error();
    assert!(error(3) > 0.1, "{}", error(3));
    assert!(error(4) < 1e-4, "{}", error(4));
}

/// Block-diagonal data fall apart into their blocks.
#[test]
fn blocks_are_separated() {
    let table =
        Table::new(30, 24, |i, j| f64::from(i / 10 == j / 8) * (1.0 + (i % 3) as f64 + (j % 2) as f64));
    for (loss, rule) in
        [(Loss::Frobenius, Rule::Hals), (Loss::KullbackLeibler, Rule::Scd), (Loss::Frobenius, Rule::Mu)]
    {
        let fit = Nmf::new(3).loss(loss).rule(rule).tol(1e-8).fit(&table.sparse()).unwrap();
        for i in 0..30 {
            let row = fit.w.row(i);
            let largest = row.iter().copied().fold(0.0, f64::max);
            assert!(row.iter().filter(|&&x| x > 1e-3 * largest).count() == 1, "{loss} {rule}: {row:?}");
        }
    }
}

/// Two updates by hand: Lee & Seung's rules for Frobenius (2001) and Kullback-Leibler (1999, 2001), W before H.
#[test]
fn lee_and_seungs_trajectories() {
    let table = common::planted(7, 6, 3, 0.2, 4);
    let (m, n, k) = (7, 6, 2);
    let start = Nmf::new(k).init(Init::Random).max_iter(0).polish(false).fit(&table.dense()).unwrap();
    let mut w: Vec<f64> = start.w.to_row_major();
    let mut h: Vec<f64> = start.h.to_transposed();
    for loss in [Loss::Frobenius, Loss::KullbackLeibler] {
        let given = Given {
            w: Some(Factor::from_row_major(m, k, &w).unwrap()),
            h: Some(Factor::from_transposed(n, k, &h).unwrap()),
            ..Given::default()
        };
        for _ in 0..2 {
            let model = |w: &[f64], h: &[f64], i: usize, j: usize| -> f64 {
                (0..k).map(|c| w[i * k + c] * h[c * n + j]).sum()
            };
            // The weight of each entry in numerator and denominator: x and y, or x/y and 1.
            let weights = |x: f64, y: f64| if loss == Loss::Frobenius { (x, y) } else { (x / y, 1.0) };
            let old = w.clone();
            for i in 0..m {
                for c in 0..k {
                    let (mut up, mut down) = (0.0, 0.0);
                    for j in 0..n {
                        let (a, b) = weights(table.at(i, j), model(&old, &h, i, j));
                        up += a * h[c * n + j];
                        down += b * h[c * n + j];
                    }
                    w[i * k + c] = old[i * k + c] * up / down;
                }
            }
            let old = h.clone();
            for j in 0..n {
                for c in 0..k {
                    let (mut up, mut down) = (0.0, 0.0);
                    for i in 0..m {
                        let (a, b) = weights(table.at(i, j), model(&w, &old, i, j));
                        up += a * w[i * k + c];
                        down += b * w[i * k + c];
                    }
                    h[c * n + j] = old[c * n + j] * up / down;
                }
            }
        }
        let nmf = Nmf::new(k)
            .loss(loss)
            .rule(Rule::Mu)
            .inner(1)
            .extrapolate(false)
            .max_iter(2)
            .tol(0.0)
            .polish(false);
        let fit = nmf.fit_from(&table.dense(), &given).unwrap();
        let want: Vec<f64> =
            (0..m * n).map(|at| (0..k).map(|c| w[at / n * k + c] * h[c * n + at % n]).sum()).collect();
        for (got, want) in product(&fit).iter().zip(&want) {
            assert!((got / want - 1.0).abs() < 1e-12, "{loss}: {got} {want}");
        }
        (w, h) = (given.w.unwrap().to_row_major(), given.h.unwrap().to_transposed());
    }
}

/// Numbers that scikit-learn 1.9.1 printed for the same data and start (`cargo xtask golden` writes the file).
#[test]
fn scikit_learn_is_reproduced_and_matched() {
    let text = include_str!("../../../testdata/golden/scikit_learn.json");
    let golden: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(golden["version"], "1.9.1");
    let table = common::counts(40, 30, 4, false, 77);
    let sum: f64 = table.values.iter().sum();
    assert!((sum - golden["sum"].as_f64().unwrap()).abs() < 1e-9, "the data of the golden file are these");
    for case in golden["cases"].as_array().unwrap() {
        let beta = case["beta"].as_f64().unwrap();
        let loss = Loss::beta_divergence(beta).unwrap();
        let (w, h) = (numbers(&case["w"]), numbers(&case["h"]));
        let given = Given {
            w: Some(Factor::from_row_major(40, 4, &w).unwrap()),
            h: Some(Factor::from_transposed(30, 4, &h).unwrap()),
            ..Given::default()
        };
        // Their plain updates are ours, step by step: W first, one sweep or update per factor.
        let steps = case["iterations"].as_u64().unwrap() as usize;
        let rule = if case["solver"] == "cd" { Rule::Hals } else { Rule::Mu };
        let plain = Nmf::new(4).loss(loss).rule(rule).inner(1).extrapolate(false).polish(false);
        let fit = plain.max_iter(steps).tol(0.0).fit_from(&table.dense(), &given).unwrap();
        let theirs = case["loss_after_iterations"].as_f64().unwrap();
        assert!((fit.loss / theirs - 1.0).abs() < 1e-9, "beta {beta}: {} and {theirs}", fit.loss);
        // Ours at their best can end in another local minimum, of the same quality.
        let fit = Nmf::new(4).loss(loss).fit_from(&table.dense(), &given).unwrap();
        let theirs = case["loss_converged"].as_f64().unwrap();
        assert!(fit.loss <= theirs * 1.02, "beta {beta}: {} against {theirs}", fit.loss);
        assert!(fit.status == Status::Converged || loss.beta() != 2.0);
        assert!((direct_loss(&table, &fit.w, &fit.h, loss) / fit.loss - 1.0).abs() < 1e-10);
    }
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}
