//! Nothing is allocated inside the loop: ten times the iterations, the same number of allocations.

mod common;

use common::{combinations, counts, planted};
use partwise::Nmf;
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
            if is_sparse && !loss.allows_zeros() {
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
}
