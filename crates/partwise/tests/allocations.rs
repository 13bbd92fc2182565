//! Nothing is allocated inside the loop: ten times the iterations, the same number of allocations.
#![allow(clippy::unwrap_used, clippy::panic)] // a test's helpers are tests

mod common;

use common::{combinations, counts, planted, takes_sparse};
use partwise::support::{Feature, supports};
use partwise::{Factors, HoldOut, Nmf, Penalty, PenaltyKind, Simplex, Weights};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counter has no influence on it.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_loop_allocates_nothing() {
    let dense = planted(150, 90, 4, 0.3, 1);
    let sparse = counts(150, 90, 4, true, 2);
    for (loss, rule) in combinations() {
        for (table, is_sparse) in [(&dense, false), (&sparse, true)] {
            if is_sparse && !(loss.allows_zeros() && takes_sparse(rule)) {
                continue;
            }
            let x = if is_sparse { table.sparse() } else { table.dense() };
            let count = |iterations: usize| {
                let nmf =
                    Nmf::new(4).loss(loss).rule(rule).max_iter(iterations).tol(0.0).threads(1).polish(false);
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                let fit = nmf.fit(&x).unwrap();
                assert_eq!(fit.iterations, iterations);
                ALLOCATIONS.load(Ordering::Relaxed) - before
            };
            // The first fit of a sparse matrix also makes its second index.
            count(1);
            // A note more at the end is fine; one allocation per iteration would be 180 more.
            let more = count(200).saturating_sub(count(20));
            assert!(more <= 8, "{loss} {rule} sparse {is_sparse}: {more} more");
        }
    }
    weights_and_penalties_allocate_nothing(&planted(40, 30, 4, 0.3, 3));
}

/// Part of the test above, as two tests at a time would count each other's allocations.
fn weights_and_penalties_allocate_nothing(table: &common::Table) {
    for (loss, rule) in combinations() {
        for &feature in Feature::ALL.iter().filter(|&&f| supports(loss, rule, f).is_yes()) {
            let mut nmf = Nmf::new(4).loss(loss).rule(rule).tol(0.0).threads(1).polish(false);
            let mut x = table.dense();
            match feature {
                Feature::Weights => x = x.weighted(Weights::new().entries(table.dense())).unwrap(),
                Feature::HoldOut => {
                    x = table.sparse().weighted(Weights::new().hold_out(HoldOut::share(1, 0.2))).unwrap();
                }
                Feature::Bounds => nmf = nmf.max_w(0.5),
                Feature::Simplex => nmf = nmf.simplex_w(Simplex::Exact),
                Feature::Sparseness => nmf = nmf.sparseness_w(0.5),
                Feature::Smoothing => nmf = nmf.smoothing(0.4),
                _ => match feature.penalty() {
                    Some(PenaltyKind::Graph | PenaltyKind::Pull) | None => continue,
                    Some(kind) => nmf = nmf.penalty(Penalty::new(kind, Factors::Both, 0.05)),
                },
            }
            let count = |iterations: usize| {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                let fit = nmf.clone().max_iter(iterations).fit(&x).unwrap();
                assert_eq!(fit.iterations, iterations);
                ALLOCATIONS.load(Ordering::Relaxed) - before
            };
            count(1);
            // An evaluation entry by entry makes room for itself once.
            let more = count(60).saturating_sub(count(12));
            assert!(more <= 12, "{loss} {rule} {feature}: {more} more");
        }
    }
}
