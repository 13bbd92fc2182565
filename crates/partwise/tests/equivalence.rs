//! The same problem in another form has the same answer.

mod common;

use common::{Table, bits, combinations, counts, distance, planted, product, takes, takes_sparse};
use partwise::{Dense, Factor, First, Given, Init, Loss, Matrix, Nmf, Rule};

/// Bits do not depend on threads or on how many rows are handled at a time: every loss, rule, storage and start.
#[test]
fn threads_and_blocks_change_no_bit() {
    let table = counts(403, 150, 6, true, 1).map(|x| x + 0.0);
    let positive = planted(250, 97, 5, 0.2, 2);
    for (loss, rule) in combinations() {
        for sparse in [false, true].into_iter().filter(|sparse| !sparse || takes_sparse(rule)) {
            let table = if loss.allows_zeros() { &table } else { &positive };
            let x = if sparse { table.sparse() } else { table.dense() };
            let nmf = Nmf::new(5).loss(loss).rule(rule).max_iter(6).tol(0.0).init(Init::Random);
            let base = nmf.clone().threads(1).fit(&x).unwrap();
            for threads in [2, 4, 8] {
                let fit = nmf.clone().threads(threads).fit(&x).unwrap();
                assert!(bits(&base) == bits(&fit), "{loss} {rule} sparse {sparse}: {threads} threads");
                assert_eq!(base.loss.to_bits(), fit.loss.to_bits());
                assert_eq!(base.kkt_residual().to_bits(), fit.kkt_residual().to_bits());
            }
            for block in [1, 7, 64, 1000] {
                let fit = nmf.clone().threads(2).block_rows(block).fit(&x).unwrap();
                assert!(bits(&base) == bits(&fit), "{loss} {rule} sparse {sparse}: blocks of {block}");
            }
        }
    }
    for init in [Init::Nndsvd, Init::NndsvdA, Init::NndsvdAr, Init::Spa] {
        for x in [table.dense(), table.sparse()] {
            let nmf = Nmf::new(5).max_iter(3).tol(0.0).init(init);
            let base = nmf.clone().threads(1).fit(&x).unwrap();
            assert!(bits(&base) == bits(&nmf.clone().threads(5).fit(&x).unwrap()), "{init}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let x = planted(30, 20, 3, 0.2, 3).dense();
    let nmf = Nmf::new(3).init(Init::Random).max_iter(20);
    for seed in [0, 1, u64::MAX] {
        let run = |seed| bits(&nmf.clone().seed(seed).fit(&x).unwrap());
        assert_eq!(run(seed), run(seed));
        assert_ne!(run(seed), run(seed ^ 5));
    }
}

/// Dense and sparse storage, and stored zeros, give the same factors.
#[test]
fn dense_equals_sparse() {
    let table = counts(60, 45, 4, true, 4);
    let positive = planted(60, 45, 4, 0.2, 4);
    for (loss, rule) in combinations().into_iter().filter(|&(_, rule)| takes_sparse(rule)) {
        let table = if loss.allows_zeros() { &table } else { &positive };
        // Few iterations: each multiplies the rounding of the one before.
        let nmf = Nmf::new(4).loss(loss).rule(rule).max_iter(10).tol(0.0).threads(1);
        let dense = nmf.fit(&table.dense()).unwrap();
        let sparse = nmf.fit(&table.sparse()).unwrap();
        let d = distance(&product(&dense), &product(&sparse));
        assert!(d <= 1e-10, "{loss} {rule}: {d:e}");
        assert!((dense.loss / sparse.loss - 1.0).abs() <= 1e-10, "{loss} {rule}");
    }
}

/// Plain steps, extrapolated ones (where a step that is taken back can hang on the last bit), and the ends of runs.
#[test]
fn single_precision_is_near_double() {
    let table = planted(50, 40, 4, 0.3, 5);
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(4).loss(loss).rule(rule).threads(1).init(Init::Random);
        let steps = nmf.clone().max_iter(30).tol(0.0).extrapolate(false);
        let default = nmf.clone().max_iter(30).tol(0.0);
        let ends = nmf.max_iter(20_000).tol(1e-6);
        for (nmf, most) in [(steps, 1e-6), (default, 1e-4), (ends, 1e-4)] {
            let double = nmf.fit(&table.dense()).unwrap();
            let single = nmf.fit(&table.dense32()).unwrap();
            let difference = (single.relative_error() / double.relative_error() - 1.0).abs();
            assert!(difference <= most, "{loss} {rule}: {difference:e}");
        }
    }
}

/// fit(Xᵀ) mirrors fit(X), to the bit: with the mirrored start, and the other factor first.
#[test]
fn the_transpose_mirrors() {
    let wide = planted(20, 33, 3, 0.2, 6);
    let square = planted(24, 24, 3, 0.2, 7);
    for (loss, rule) in combinations() {
        for table in [&wide, &square] {
            for sparse in [false, true].into_iter().filter(|sparse| !sparse || takes_sparse(rule)) {
                let matrix = |t: &Table| if sparse { t.sparse() } else { t.dense() };
                let start =
                    Nmf::new(3).init(Init::Random).max_iter(0).threads(1).fit(&matrix(table)).unwrap();
                let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(12).tol(0.0).threads(1).polish(false);
                let there = Given { w: Some(start.w.clone()), h: Some(start.h.clone()), ..Given::default() };
                let back = Given { w: Some(start.h.clone()), h: Some(start.w.clone()), ..Given::default() };
                let fit = nmf.clone().first(First::W).fit_from(&matrix(table), &there).unwrap();
                let mirrored =
                    nmf.clone().first(First::H).fit_from(&matrix(&table.transposed()), &back).unwrap();
                let same = fit.w == mirrored.h && fit.h == mirrored.w;
                assert!(same, "{loss} {rule} sparse {sparse}, {} x {}", table.rows, table.cols);
            }
        }
    }
}

/// Any strides, either order, owned or borrowed: the same numbers.
#[test]
fn strides_do_not_matter() {
    let table = planted(31, 22, 3, 0.2, 8);
    let (m, n) = (table.rows, table.cols);
    let t = table.transposed();
    // Every second column of a wider matrix, rows reversed.
    let mut wide = vec![f64::NAN; m * 2 * n];
    for i in 0..m {
        for j in 0..n {
            wide[(m - 1 - i) * 2 * n + 2 * j] = table.at(i, j);
        }
    }
    let row_major: Matrix<'_, f64> = Dense::from_slice(m, n, &table.values).unwrap().into();
    let col_major: Matrix<'_, f64> = Dense::from_vec_col_major(m, n, t.values.clone()).unwrap().into();
    let odd: Matrix<'_, f64> =
        Dense::from_strided(&wide, (m - 1) * 2 * n, (m, n), (-2 * n as isize, 2)).unwrap().into();
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(8).tol(0.0).threads(2);
        let base = bits(&nmf.fit(&row_major).unwrap());
        assert!(base == bits(&nmf.fit(&col_major).unwrap()), "{loss} {rule}: column-major");
        assert!(base == bits(&nmf.fit(&odd).unwrap()), "{loss} {rule}: strided");
    }
}

/// Compressed rows or columns: the same numbers, though they are read in another order.
#[test]
fn compressed_rows_or_columns_do_not_matter() {
    let table = counts(37, 23, 3, true, 12).map(|x| x * 0.37);
    let by_rows = table.sparse();
    let by_columns = table.transposed().sparse().transposed();
    let able = |(loss, rule): &(Loss, Rule)| loss.allows_zeros() && takes_sparse(*rule);
    for (loss, rule) in combinations().into_iter().filter(able) {
        for init in [Init::Random, Init::NndsvdA] {
            let nmf = Nmf::new(3).loss(loss).rule(rule).init(init).max_iter(8).tol(0.0).threads(2);
            let (a, b) = (nmf.fit(&by_rows).unwrap(), nmf.fit(&by_columns).unwrap());
            assert!(bits(&a) == bits(&b), "{loss} {rule} {init}");
            let told = |fit: &partwise::Fit<f64>| {
                (fit.loss, fit.history.iter().map(|r| (r.objective, r.kkt)).collect::<Vec<_>>())
            };
            assert_eq!(told(&a), told(&b), "{loss} {rule} {init}");
        }
    }
}

/// Permuting rows and columns of X permutes the factors (with the permuted start).
#[test]
fn permutations_permute() {
    let table = planted(15, 12, 3, 0.2, 9);
    let start = Nmf::new(3).init(Init::Random).max_iter(0).threads(1).fit(&table.dense()).unwrap();
    let rows: Vec<usize> = (0..15).map(|i| (i * 7 + 3) % 15).collect();
    let cols: Vec<usize> = (0..12).map(|j| (j * 5 + 1) % 12).collect();
    let permuted = Table::new(15, 12, |i, j| table.at(rows[i], cols[j]));
    let take = |f: &Factor<f64>, order: &[usize]| {
        let values: Vec<f64> = order.iter().flat_map(|&i| f.row(i).to_vec()).collect();
        Factor::from_row_major(order.len(), 3, &values).unwrap()
    };
    for (loss, rule) in combinations() {
        let nmf = Nmf::new(3).loss(loss).rule(rule).max_iter(15).tol(0.0).threads(1);
        let base = nmf
            .fit_from(
                &table.dense(),
                &Given { w: Some(start.w.clone()), h: Some(start.h.clone()), ..Given::default() },
            )
            .unwrap();
        let there =
            Given { w: Some(take(&start.w, &rows)), h: Some(take(&start.h, &cols)), ..Given::default() };
        let fit = nmf.fit_from(&permuted.dense(), &there).unwrap();
        let expected = take(&base.w, &rows).to_row_major();
        assert!(distance(&fit.w.to_row_major(), &expected) <= 1e-7, "{loss} {rule}");
    }
}

/// AVX2 and AVX-512 give the same bits (checked in a process of its own each: the choice is made once).
#[test]
fn instruction_sets_agree() {
    if std::env::var("PARTWISE_TEST_BITS").is_ok() {
        let table = counts(90, 70, 4, false, 11);
        let mut all = Vec::new();
        for (loss, rule) in combinations() {
            let table = if loss.allows_zeros() { table.clone() } else { planted(90, 70, 4, 0.1, 3) };
            for x in [table.dense(), table.sparse()].into_iter().filter(|x| takes(rule, x)) {
                let nmf = Nmf::new(4).loss(loss).rule(rule).max_iter(10).threads(1);
                all.extend(bits(&nmf.fit(&x).unwrap()));
            }
        }
        let hash = all.iter().fold(0u64, |h, &b| (h ^ b).wrapping_mul(0x0100_0000_01B3).rotate_left(17));
        println!("bits {hash:016x}");
        return;
    }
    let run = |simd: &str| -> String {
        let out = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "instruction_sets_agree", "--nocapture"])
            .env("PARTWISE_SIMD", simd)
            .env("PARTWISE_TEST_BITS", "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        text.lines().find(|l| l.contains("bits ")).expect("the child prints its bits").trim().to_string()
    };
    assert_eq!(run("avx512"), run("avx2"));
}
