//! What a caller can rely on: stopping, transform, observers, inputs (cases C of the adversarial list).

mod common;

use common::{bits, combinations, counts, distance, planted, takes_sparse};
use partwise::fit::{Fit, Restart};
use partwise::run::{Observer, Progress};
use partwise::select::{Job, Outcome, Scan, Watch};
use partwise::{
    Error, Factor, Facts, Given, HoldOut, Init, Loss, Matrix, Model, Nmf, Normalize, Rule, Status, Weights,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// C1, C2, C4: the iteration limit is a status, and tol = 0 runs to it.
#[test]
fn limits_are_statuses() {
    let x = planted(30, 20, 3, 0.3, 1).dense();
    let one = Nmf::new(3).max_iter(1).fit(&x).unwrap();
    assert_eq!((one.status, one.iterations), (Status::IterationLimit, 1));
    let all = Nmf::new(3).max_iter(37).tol(0.0).fit(&x).unwrap();
    assert_eq!((all.status, all.iterations, all.history.len()), (Status::IterationLimit, 37, 38));
    let none = Nmf::new(3).max_iter(0).polish(false).fit(&x).unwrap();
    assert_eq!((none.status, none.iterations), (Status::IterationLimit, 0));
    assert!((none.objective() - none.history[0].objective).abs() <= 1e-12 * none.objective());
    let converged = Nmf::new(3).fit(&x).unwrap();
    assert_eq!(converged.status, Status::Converged);
    assert!(converged.iterations < converged.spec.max_iter);
}

/// C3: time, target and observer.
#[test]
fn other_ways_to_stop() {
    let x = planted(60, 50, 6, 0.3, 2).dense();
    let base = Nmf::new(6).tol(0.0).max_iter(100_000);
    let timed = base.clone().time_limit(Duration::from_millis(30)).fit(&x).unwrap();
    assert_eq!(timed.status, Status::TimeLimit);
    assert!(timed.relative_error() < 1.0);
    let nothing = base.clone().time_limit(Duration::ZERO).fit(&x).unwrap();
    assert_eq!((nothing.status, nothing.iterations), (Status::TimeLimit, 0));
    // More seconds than a clock can count.
    let mut endless = base.clone().max_iter(3).spec().clone();
    endless.time_limit = Some(1e300);
    for nmf in [Nmf::from_spec(endless), base.clone().max_iter(3).time_limit(Duration::MAX)] {
        assert_eq!(nmf.fit(&x).unwrap().status, Status::IterationLimit);
    }
    let target = base.clone().target_error(0.3).fit(&x).unwrap();
    assert_eq!(target.status, Status::TargetReached);
    assert!(target.relative_error() <= 0.3);

    let mut seen = Vec::new();
    let mut observer = |p: &Progress| {
        seen.push((p.iteration, p.objective));
        if p.iteration == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = base.fit_with(&x, &Facts::of(&x), &Given::default(), &mut observer).unwrap();
    assert_eq!((stopped.status, stopped.iterations), (Status::Interrupted, 7));
    assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    assert!(stopped.objective() <= seen[6].1 * (1.0 + 1e-12));
}

/// C5: transforming the training data gives the fit's own W. (Outside 1 <= beta <= 2 a row can have several
/// minima, and which one is found depends on the start.)
#[test]
fn transform_agrees_with_the_fit() {
    let positive = planted(40, 30, 3, 0.2, 3);
    let holes = counts(40, 30, 3, true, 4);
    for (loss, rule) in combinations().into_iter().filter(|(loss, _)| (1.0..=2.0).contains(&loss.beta())) {
        for init in [Init::Random, Init::NndsvdA] {
            for (table, sparse) in [(&positive, false), (&holes, true)] {
                if sparse && !takes_sparse(rule) {
                    continue;
                }
                let x: Matrix<'_, f64> = if sparse { table.sparse() } else { table.dense() };
                let fit =
                    Nmf::new(3).loss(loss).rule(rule).init(init).tol(1e-6).max_iter(20_000).fit(&x).unwrap();
                let w = fit.transform(&x).unwrap();
                // Multiplicative updates creep along flat directions: there, the models agree and W less so.
                let exact = matches!(loss, Loss::Frobenius | Loss::KullbackLeibler);
                let models = distance(&fit.inverse_transform(&w), &fit.inverse_transform(&fit.w));
                let d = if exact { distance(&w.to_row_major(), &fit.w.to_row_major()) } else { models };
                assert!(d <= 1e-3, "{loss} {rule} {init} sparse {sparse}: {d:e}, {}", fit.reason);
            }
        }
    }
}

/// C6: a zero row gives zeros; a row alone and in its batch agree to the bit, whatever the threads.
#[test]
fn transform_takes_rows_one_by_one() {
    let table = planted(50, 30, 4, 0.2, 5);
    // More rows than any block has, so that each has been at every place in one.
    let rest = counts(140, 30, 4, false, 6);
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::ItakuraSaito, Loss::Beta(1.5), Loss::Beta(0.5)]
    {
        let fresh = common::Table::new(140, 30, |i, j| match loss {
            Loss::ItakuraSaito => rest.at(i, j) + 0.5,
            _ if i == 23 => 0.0,
            _ => rest.at(i, j),
        });
        for (l1, l2) in [(0.0, 0.0), (0.3, 0.2)] {
            let fit = Nmf::new(4).loss(loss).l1_w(l1).l2_w(l2).max_iter(50).fit(&table.dense()).unwrap();
            for sparse in [false, true] {
                let matrix = |t: &common::Table| if sparse { t.sparse() } else { t.dense() };
                let all = fit.model().transform(&matrix(&fresh), 1).unwrap();
                assert_eq!(all, fit.model().transform(&matrix(&fresh), 4).unwrap());
                let empty = loss != Loss::ItakuraSaito;
                assert!(!empty || all.row(23).iter().all(|&x| x == 0.0), "{loss}: {:?}", all.row(23));
                for i in 0..140 {
                    let row = common::Table::new(1, 30, |_, j| fresh.at(i, j));
                    let alone = fit.model().transform(&matrix(&row), 2).unwrap();
                    assert_eq!(alone.row(0), all.row(i), "{loss} sparse {sparse}, row {i}");
                }
            }
        }
    }
}

/// The transform is a minimum: no single entry can be moved to gain.
#[test]
fn transform_is_optimal() {
    let table = planted(20, 15, 3, 0.2, 7);
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::Beta(1.5), Loss::ItakuraSaito] {
        let fit = Nmf::new(3).loss(loss).max_iter(30).fit(&table.dense()).unwrap();
        let w = fit.transform(&table.dense()).unwrap();
        let value = |w: &[f64], i: usize| -> f64 {
            (0..15)
                .map(|j| loss.divergence(table.at(i, j), (0..3).map(|c| w[c] * fit.h.row(j)[c]).sum()))
                .sum()
        };
        for i in 0..20 {
            let best = value(w.row(i), i);
            for c in 0..3 {
                for step in [1e-4, -1e-4] {
                    let mut other = w.row(i).to_vec();
                    other[c] = (other[c] * (1.0 + step) + f64::from(step > 0.0) * 1e-6).max(0.0);
                    let gain = best - value(&other, i);
                    assert!(gain <= 1e-10 * best, "{loss} row {i}: {gain:e} of {best:e}, w {:?}", w.row(i));
                }
            }
        }
    }
}

/// Normalising changes nothing but the scale, transform included.
#[test]
fn normalisation_keeps_the_model() {
    let table = planted(30, 20, 3, 0.2, 8);
    let fresh = planted(5, 20, 3, 0.2, 9);
    for (l1, l2) in [(0.0, 0.0), (0.2, 0.1)] {
        for loss in [Loss::Frobenius, Loss::KullbackLeibler] {
            let nmf = Nmf::new(3).loss(loss).l1_w(l1).l1_h(l1).l2_w(l2).l2_h(l2).max_iter(200);
            let plain = nmf.fit(&table.dense()).unwrap();
            let plain_w = plain.transform(&fresh.dense()).unwrap();
            for how in [Normalize::L1, Normalize::L2, Normalize::Max] {
                let fit = nmf.clone().normalize(how).fit(&table.dense()).unwrap();
                assert!((fit.objective() / plain.objective() - 1.0).abs() < 1e-10, "{loss} {how}");
                assert!((fit.penalty - plain.penalty).abs() <= 1e-10 * plain.penalty.max(1e-300));
                let w = fit.transform(&fresh.dense()).unwrap();
                for i in 0..5 {
                    for j in 0..20 {
                        let model = |w: &Factor<f64>, h: &Factor<f64>| -> f64 {
                            w.row(i).iter().zip(h.row(j)).map(|(a, b)| a * b).sum()
                        };
                        let (a, b) = (model(&w, &fit.h), model(&plain_w, &plain.h));
                        assert!((a - b).abs() <= 1e-6 * b.max(1e-3), "{loss} {how}: {a} {b}");
                    }
                }
            }
        }
    }
}

/// Components come by falling share, and shares sum to one.
#[test]
fn components_are_ordered() {
    let fit = Nmf::new(5).fit(&planted(40, 30, 5, 0.1, 10).dense()).unwrap();
    assert!(fit.shares.windows(2).all(|w| w[0] >= w[1]), "{:?}", fit.shares);
    assert!((fit.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

/// Inputs are untouched, starts included, and the wrong number of columns is refused.
#[test]
fn inputs_are_left_alone() {
    let table = counts(20, 15, 3, true, 11);
    let (dense, sparse) = (table.dense(), table.sparse());
    let before = (format!("{dense:?}"), common::Table::clone(&table).values);
    let start =
        Given { w: Some(Factor::from_row_major(20, 3, &[0.5; 60]).unwrap()), h: None, ..Given::default() };
    let copy = start.clone();
    for x in [&dense, &sparse] {
        Nmf::new(3).max_iter(5).fit_from(x, &start).unwrap();
    }
    assert_eq!(format!("{dense:?}"), before.0);
    assert_eq!(start.w, copy.w);
    let fit = Nmf::new(3).max_iter(5).fit(&dense).unwrap();
    let error = fit.transform(&planted(4, 9, 1, 0.1, 1).dense()).unwrap_err().to_string();
    assert!(error.contains("15 columns") && error.contains("(4, 9)"), "{error}");
}

/// The kept start is the best one, every start is reported, and the order of starts does not matter.
#[test]
fn restarts_keep_the_best() {
    let x = counts(40, 30, 4, false, 12).sparse();
    let fit = Nmf::new(4).init(Init::Random).restarts(5).max_iter(100).seed(3).fit(&x).unwrap();
    assert_eq!(fit.restarts.len(), 5);
    let best = fit.restarts.iter().map(|r| r.objective).fold(f64::INFINITY, f64::min);
    assert!((fit.objective() / best - 1.0).abs() < 1e-9);
    let one = Nmf::new(4).init(Init::Random).max_iter(100).seed(3).fit(&x).unwrap();
    assert!((one.objective() / fit.restarts[0].objective - 1.0).abs() < 1e-12);
    let different: std::collections::HashSet<u64> =
        fit.restarts.iter().map(|r| r.objective.to_bits()).collect();
    assert!(different.len() > 1, "restarts start from different points");
    assert_eq!(
        bits(&fit),
        bits(&Nmf::new(4).init(Init::Random).restarts(5).max_iter(100).seed(3).fit(&x).unwrap())
    );
}

/// Newton steps are chosen where their curvatures are small beside X, and not where memory is too short for them.
#[test]
fn newton_is_chosen_where_it_fits() {
    let x = counts(40, 30, 4, false, 12);
    let plan = |nmf: &Nmf, facts: &Facts| nmf.spec().plan::<f64>(facts).unwrap();
    let (dense, sparse) = (Facts::of(&x.dense()), Facts::of(&x.sparse()));
    for (loss, other) in [(Loss::KullbackLeibler, Rule::Scd), (Loss::ItakuraSaito, Rule::Mu)] {
        let nmf = Nmf::new(4).loss(loss).floor(if loss == Loss::ItakuraSaito { 1e-3 } else { 0.0 });
        let chosen = plan(&nmf, &dense);
        assert_eq!(chosen.spec.rule, Rule::Newton);
        let without = plan(&nmf.clone().rule(other), &dense);
        assert!(without.memory < chosen.memory);
        let tight = plan(&nmf.clone().memory_limit((without.memory + chosen.memory) / 2), &dense);
        assert_eq!((tight.spec.rule, tight.memory), (other, without.memory));
        assert!(tight.notes[0].contains("does not fit into the memory limit"), "{:?}", tight.notes);
        let asked = nmf.rule(Rule::Newton).memory_limit((without.memory + chosen.memory) / 2);
        assert!(matches!(asked.spec().plan::<f64>(&dense), Err(Error::Memory { .. })));
    }
    assert_eq!(plan(&Nmf::new(4).loss(Loss::KullbackLeibler), &sparse).spec.rule, Rule::Scd);
    assert_eq!(plan(&Nmf::new(200).loss(Loss::KullbackLeibler), &dense).spec.rule, Rule::Scd);
}

/// How every start went, but for the time that it took.
fn ways(fit: &Fit<f64>) -> Vec<Restart> {
    let mut restarts = fit.restarts.clone();
    restarts.iter_mut().flat_map(|restart| &mut restart.trace).for_each(|point| point.seconds = 0.0);
    restarts
}

/// Every start keeps its way, in few points; what is kept of the best is part of its history.
#[test]
fn every_start_keeps_its_way() {
    // In other units, so that what is kept has to be brought back to those of X.
    let mut table = counts(40, 30, 4, false, 12);
    table.values.iter_mut().for_each(|x| *x *= 1e80);
    let x = table.dense();
    for (starts, most) in [(3, 60), (300, 20)] {
        let fit = Nmf::new(4).init(Init::Random).restarts(starts).tol(0.0).max_iter(200).fit(&x).unwrap();
        let best = fit.restarts.iter().min_by(|a, b| a.objective.total_cmp(&b.objective)).unwrap();
        assert!(best.trace.iter().all(|point| fit.history.contains(point)));
        for start in &fit.restarts {
            let (first, last) = (start.trace.first().unwrap(), start.trace.last().unwrap());
            assert!((10..=most).contains(&start.trace.len()), "{}", start.trace.len());
            assert_eq!((first.iteration, last.iteration), (0, start.iterations));
            assert!(first.objective > start.objective && last.kkt.is_some());
            assert!((last.objective / start.objective - 1.0).abs() < 1e-6);
        }
    }
}

/// Starts that run at once are those that run one by one, to the last bit; all of them are told of, and any can stop all.
#[test]
fn starts_at_once_change_nothing() {
    let x = counts(40, 30, 4, false, 12);
    for (loss, x) in [(Loss::KullbackLeibler, x.dense()), (Loss::Frobenius, x.sparse())] {
        let nmf = |threads| Nmf::new(4).loss(loss).restarts(7).max_iter(60).seed(3).threads(threads);
        let alone = nmf(1).fit(&x).unwrap();
        for threads in [2, 3, 16] {
            let (mut seen, mut at_once) = (BTreeSet::new(), 0);
            let mut observer = |p: &Progress| {
                seen.insert(p.restart);
                at_once = at_once.max(p.at_once);
                ControlFlow::Continue(())
            };
            let fit = nmf(threads).fit_with(&x, &Facts::of(&x), &Given::default(), &mut observer).unwrap();
            assert_eq!((bits(&fit), ways(&fit)), (bits(&alone), ways(&alone)));
            assert_eq!((seen.len(), at_once), (7, threads.min(7)));
        }
        // Without the memory for four starts they go one by one.
        let plan = nmf(4).spec().plan::<f64>(&Facts::of(&x)).unwrap();
        let one = nmf(4).restarts(1).spec().plan::<f64>(&Facts::of(&x)).unwrap();
        assert!(plan.memory > one.memory);
        let tight = nmf(4).memory_limit((plan.memory + one.memory) / 2).fit(&x).unwrap();
        assert_eq!(bits(&tight), bits(&alone));
        assert_ne!(tight.notes, nmf(4).fit(&x).unwrap().notes);

        let mut calls = 0;
        let mut observer = |p: &Progress| {
            calls += 1;
            if (p.restart, p.iteration) == (1, 5) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let base = nmf(2).tol(0.0).max_iter(1_000_000);
        let stopped = base.fit_with(&x, &Facts::of(&x), &Given::default(), &mut observer).unwrap();
        assert_eq!(stopped.status, Status::Interrupted);
        assert_eq!(stopped.restarts.len(), 2);
        assert!(calls >= 5);
    }
    // A target is met by the first start that can, as one by one.
    let x = counts(40, 30, 4, false, 12).dense();
    let base = Nmf::new(4).init(Init::Random).restarts(7).max_iter(500).tol(1e-9);
    let every = base.clone().fit(&x).unwrap();
    let target = every.relative_error() * (1.0 + 1e-7);
    let met = [1, 3].map(|threads| base.clone().threads(threads).target_error(target).fit(&x).unwrap());
    assert_eq!(met[0].status, Status::TargetReached);
    assert_eq!((bits(&met[0]), ways(&met[0])), (bits(&met[1]), ways(&met[1])));
}

/// A floor makes losses usable that are infinite at zero.
#[test]
fn a_floor_for_itakura_saito() {
    let table = counts(20, 15, 3, false, 13);
    for x in [table.dense(), table.sparse()] {
        assert!(Nmf::new(3).loss(Loss::ItakuraSaito).fit(&x).is_err());
        let fit = Nmf::new(3).loss(Loss::ItakuraSaito).floor(1e-3).fit(&x).unwrap();
        common::assert_sound(&fit, "floor");
        assert!(fit.relative_error() < 1.0);
    }
}

/// Types that cross threads.
#[test]
fn public_types_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Matrix<'_, f64>>();
    check::<Matrix<'_, f32>>();
    check::<partwise::Dense<'_, f64>>();
    check::<partwise::Sparse<f32>>();
    check::<Facts>();
    check::<Factor<f64>>();
    check::<Given<f32>>();
    check::<Nmf>();
    check::<partwise::Spec>();
    check::<partwise::plan::Plan>();
    check::<partwise::Fit<f32>>();
    check::<partwise::Fit<f64>>();
    check::<Model<f64>>();
    check::<Progress>();
    check::<Status>();
    check::<partwise::Error>();
    // What `?` needs to turn it into a boxed error anywhere.
    fn boxed<E: std::error::Error + Send + Sync + 'static>() {}
    boxed::<partwise::Error>();
}

/// inverse_transform is the product.
#[test]
fn inverse_transform_multiplies() {
    let table = planted(12, 9, 2, 0.0, 14);
    let fit = Nmf::new(2).tol(1e-8).max_iter(20_000).fit(&table.dense()).unwrap();
    let back = fit.inverse_transform(&fit.w);
    assert!(distance(&back, &table.values) < 1e-4);
}

/// Residuals by row and by column both add up to the loss.
#[test]
fn residuals_add_up() {
    let table = counts(20, 15, 3, true, 15);
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::Beta(1.5)] {
        for x in [table.dense(), table.sparse()] {
            let fit = Nmf::new(3).loss(loss).max_iter(50).fit(&x).unwrap();
            let residuals = fit.residuals(&x).unwrap();
            assert_eq!((residuals.rows.len(), residuals.cols.len()), (20, 15));
            for sums in [&residuals.rows, &residuals.cols] {
                assert!((sums.iter().sum::<f64>() / fit.loss - 1.0).abs() < 1e-10, "{loss}");
                assert!(sums.iter().all(|&r| r >= 0.0));
            }
            assert!(fit.residuals(&planted(4, 9, 1, 0.1, 1).dense()).is_err());
        }
    }
}

/// The floor of a model is that of the data it was fitted to: a row does not depend on those that come with it, and a row
/// of zeros is as good as a row of floors.
#[test]
fn a_floor_travels_with_the_model() {
    let table = counts(30, 20, 3, true, 9);
    let fit = Nmf::new(3).loss(Loss::ItakuraSaito).floor(1e-3).max_iter(30).fit(&table.dense()).unwrap();
    let new = common::Table::new(5, 20, |i, j| if i == 2 { 0.0 } else { 50.0 * table.at(i, j) });
    let alone = |i: usize| common::Table::new(1, 20, |_, j| new.at(i, j));
    let all = fit.transform(&new.dense()).unwrap();
    let sparse = fit.transform(&new.sparse()).unwrap();
    for i in 0..5 {
        assert_eq!(fit.transform(&alone(i).dense()).unwrap().row(0), all.row(i), "row {i}");
        // Dense rows take Newton steps, sparse ones multiplicative updates, which reach a zero never and its neighbours late.
        let most = all.row(i).iter().fold(0.0, |a: f64, &b| a.max(b));
        assert!(all.row(i).iter().zip(sparse.row(i)).all(|(a, b)| (a - b).abs() < 1e-5 * most), "row {i}");
        assert!(all.row(i).iter().any(|&w| w > 0.0), "row {i}");
    }
}

/// No zero of W has a sign.
#[test]
fn empty_rows_have_plain_zeros() {
    let x = common::Table::new(3, 4, |i, j| if i == 1 { 0.0 } else { (i + j) as f64 });
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::Beta(1.5)] {
        let fit = Nmf::new(2).loss(loss).fit(&x.dense()).unwrap();
        for matrix in [x.dense(), x.sparse()] {
            assert!(fit.transform(&matrix).unwrap().row(1).iter().all(|w| w.to_bits() == 0), "{loss}");
        }
    }
}

/// A model that is zero somewhere in the start is no dead end for Itakura-Saito; and where rows are not convex, Newton steps
/// are not chosen.
#[test]
fn newton_is_left_out_where_it_would_stand_still() {
    let x: Matrix<'_, f64> =
        partwise::Dense::from_vec(3, 2, vec![1.0, 2.0, 3.0, 4.0, 2.0, 1.0]).unwrap().into();
    let start = Given {
        w: Some(Factor::from_row_major(3, 2, &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap()),
        h: Some(Factor::from_transposed(2, 2, &[1.0, 0.0, 1.0, 1.0]).unwrap()),
        ..Given::default()
    };
    let fit = Nmf::new(2).loss(Loss::ItakuraSaito).fit_from(&x, &start).unwrap();
    assert_eq!(fit.spec.rule, Rule::Newton);
    assert!(fit.objective() < 1e-3, "{} {}", fit.objective(), fit.reason);

    let facts = Facts::of(&counts(40, 30, 4, false, 12).dense());
    let penalty = |kind| partwise::Penalty::new(kind, partwise::Factors::H, 0.5);
    for (kind, rule) in
        [(partwise::PenaltyKind::Orthogonal, Rule::Scd), (partwise::PenaltyKind::Smooth, Rule::Newton)]
    {
        let nmf = Nmf::new(4).loss(Loss::KullbackLeibler).penalty(penalty(kind));
        assert_eq!(nmf.spec().plan::<f64>(&facts).unwrap().spec.rule, rule, "{kind}");
    }
}

/// Settling gives the W of a transform and no higher objective, and leaves alone what it knows nothing of.
#[test]
fn settling_never_makes_it_worse() {
    let x = counts(40, 25, 3, true, 8).dense();
    for loss in [Loss::Frobenius, Loss::KullbackLeibler, Loss::Beta(1.5), Loss::Beta(0.5)] {
        for (l1, l2) in [(0.0, 0.0), (0.3, 0.2)] {
            let nmf = Nmf::new(3).loss(loss).rule(Rule::Mu).polish(false).l1_w(l1).l2_w(l2).max_iter(60);
            let before = nmf.fit(&x).unwrap();
            let mut after = before.clone();
            let settled = after.settle(&x).unwrap();
            if loss == Loss::Beta(0.5) && !settled {
                // Not convex: a transform may find another solution, and a worse one is not taken.
                assert_eq!(after, before);
                continue;
            }
            assert!(settled, "{loss} {l1}");
            assert!(after.objective() < before.objective(), "{loss} {l1}");
            assert_eq!(after.loss, after.score(&x).unwrap().loss);
            assert!(after.relative_error() <= before.relative_error() || l1 > 0.0);
            let w = after.transform(&x).unwrap();
            for i in 0..40 {
                let off = w.row(i).iter().zip(after.w.row(i)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(off <= 1e-6 * (1.0 + w.row(i).iter().sum::<f64>()), "{loss} {l1}, row {i}: {off}");
            }
        }
    }
    let tied = Nmf::new(3).penalty("smooth:w:0.1".parse().unwrap()).max_iter(5).fit(&x).unwrap();
    let mut same = tied.clone();
    assert!(!same.settle(&x).unwrap());
    assert_eq!(same, tied);
}

/// Nobody waits for the fit any more, from an iteration or a moment on.
struct Gone {
    stop: Arc<AtomicBool>,
    after: usize,
}

impl Observer for Gone {
    fn iteration(&mut self, progress: &Progress) -> ControlFlow<()> {
        if progress.iteration == self.after {
            self.stop.store(true, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    }

    fn stop(&self) -> Option<Arc<AtomicBool>> {
        Some(Arc::clone(&self.stop))
    }
}

/// Without the flag these would run for ever; what was left out must neither be returned nor make anything panic.
#[test]
fn a_fit_that_nobody_waits_for_ends_in_the_middle_of_anything() {
    let table = planted(120, 90, 3, 0.1, 5);
    let mut tried = 0;
    for (loss, rule) in combinations() {
        let holes = table.dense().weighted(Weights::new().hold_out(HoldOut::fold(1, 0, 5))).unwrap();
        for x in [table.dense(), table.sparse(), holes] {
            let nmf = Nmf::new(3).loss(loss).rule(rule).tol(0.0).restarts(2).threads(2);
            if nmf.clone().max_iter(1).fit(&x).is_err() {
                // Not every rule takes every kind of X.
                continue;
            }
            tried += 1;
            let (facts, nmf) = (Facts::of(&x), nmf.max_iter(usize::MAX));
            for after in [0, 1, 3] {
                let mut gone = Gone { stop: Arc::new(AtomicBool::new(after == 0)), after };
                let ended = nmf.fit_with(&x, &facts, &Given::default(), &mut gone);
                assert!(matches!(ended, Err(Error::Interrupted)), "{loss:?} {rule:?} after {after}");
            }
            // At a moment that nobody chose.
            let mut gone = Gone { stop: Arc::default(), after: usize::MAX };
            let stop = Arc::clone(&gone.stop);
            let ended = std::thread::scope(|scope| {
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_micros(700));
                    stop.store(true, Ordering::Relaxed);
                });
                nmf.fit_with(&x, &facts, &Given::default(), &mut gone)
            });
            assert!(matches!(ended, Err(Error::Interrupted)), "{loss:?} {rule:?}");
        }
    }
    assert!(tried > 30, "{tried}");
}

/// Ends a scan by the flag as soon as a fit is done, as somebody outside does it.
struct Ended(Arc<AtomicBool>, Vec<(usize, usize)>);

impl Watch<f64> for Ended {
    fn iteration(&mut self, _: Job, _: &Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn finished(&mut self, _: &Outcome<f64>, done: usize, jobs: usize) -> ControlFlow<()> {
        self.0.store(true, Ordering::Relaxed);
        self.1.push((done, jobs));
        ControlFlow::Continue(())
    }

    fn stop(&self) -> Option<Arc<AtomicBool>> {
        Some(Arc::clone(&self.0))
    }
}

/// What is done is returned, with what was done before of other ranks, which does not count as done of these.
#[test]
fn a_scan_that_nobody_waits_for_returns_what_is_done() {
    let x = planted(40, 30, 3, 0.1, 6).dense();
    let scan = |ranks: Vec<usize>| {
        let mut spec = Nmf::new(1).tol(0.0).max_iter(300).spec().clone();
        spec.threads = 2;
        Scan { runs: 2, folds: 2, shuffled: 0, ..Scan::new(spec, ranks) }
    };
    let before = scan(vec![1]).run(&x, Vec::new(), &mut ()).unwrap();
    assert_eq!(before.len(), 4);
    let mut ended = Ended(Arc::default(), Vec::new());
    let more = scan(vec![2, 3]);
    let outcomes = more.run(&x, before, &mut ended).unwrap();
    assert_eq!(ended.1.first(), Some(&(1, 8)));
    let of_others = outcomes.iter().filter(|outcome| outcome.job.rank == 1).count();
    assert!(of_others == 4 && outcomes.len() < 12, "{}", outcomes.len());
    assert_eq!(more.missing(&outcomes), 8 - (outcomes.len() - 4));
    assert_eq!(more.with_ranks(outcomes.iter().map(|outcome| outcome.job.rank)).ranks, [1, 2, 3]);
}

/// What is kept of all fits counts too; and how much memory there is changes nothing but how many run at a time.
#[test]
fn a_scan_keeps_to_its_memory() {
    let x = planted(40, 3000, 3, 0.1, 6).dense();
    let facts = Facts::of(&x);
    let scan = |limit: Option<u64>| {
        let mut spec = Nmf::new(1).max_iter(5).spec().clone();
        (spec.threads, spec.memory_limit) = (2, limit);
        Scan { runs: 3, folds: 0, shuffled: 1, ..Scan::new(spec, [4, 10]) }
    };
    let one = scan(None).spec_of(10).plan::<f64>(&facts).unwrap().memory;
    let kept = 3 * 14 * 3000 * 8 + 2 * 3 * 40 * 4 + 40 * 3000 * 8;
    let Err(Error::Memory { rank: 10, needed, limit }) = scan(Some(one + kept - 1)).check::<f64>(&facts)
    else {
        panic!("one fit too much")
    };
    assert_eq!((needed, limit), (one + kept, one + kept - 1));
    let objectives = |limit| {
        let outcomes = scan(limit).run(&x, Vec::new(), &mut ()).unwrap();
        outcomes.iter().map(|outcome| outcome.objective.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(objectives(Some(one + kept)), objectives(None));
}
