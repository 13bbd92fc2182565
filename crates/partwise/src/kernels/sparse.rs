//! The product of compressed rows with a factor: each stored entry gathers a row of the panel.
//!
//! A row of the result stays in registers while its entries are met in their order: one chain of fused multiply-adds for
//! each of its elements, as in `products`, whatever else is done about caches:
//! * where the panel is larger than a core's own cache, rows of it are asked for a few entries ahead;
//! * where it is larger than what cores share as well, many rows of X walk over it together, a tile of it at a time, so that
//!   a tile comes from memory once for all of them.
//!
//! Cost: 2 k flops per stored entry, and a read of k numbers from wherever the panel is, which is what takes the time.

use super::isa::{Kernel, Simd, launch};
use super::products::{LINE, row};
use super::{SparseRows, ValuesRef};
use crate::scalar::{Scalar, WidthVisitor};

/// Bytes of a panel that stay in a core's own cache next to what else it reads.
const NEAR: usize = 1 << 20;
/// Entries ahead of the one at work whose rows of the panel are asked for.
const AHEAD: usize = 8;
/// Bytes of a tile of the panel, and of a panel that is worth cutting into tiles.
const TILE: usize = 8 << 20;
const FAR: usize = 2 * TILE;
/// Rows that walk over the panel together, at most.
pub(crate) const TOGETHER: usize = 4096;
/// Entries for each row of the panel that make walking together worth while.
const ENTRIES: usize = 4;

/// Whether a panel of so many rows is cut into tiles, if enough rows walk over it together.
pub(crate) fn is_far<T: Scalar>(cols: usize, stride: usize) -> bool {
    cols.saturating_mul(stride).saturating_mul(size_of::<T>()) > FAR
}

/// `out += X panel`, with `panel` of `(cols, stride)` and `out` of `(rows, stride)`.
pub(super) fn cross_add<T: Scalar>(x: &SparseRows<'_, T>, panel: &[T], stride: usize, out: &mut [T]) {
    let mut start = 0;
    while start < stride {
        // Wide rows are padded to whole multiples of two units; each group of them walks over the entries.
        let width = (stride - start).min(T::MAX_WIDTH);
        T::with_width(width, SparseProduct { x: *x, panel, stride, start, out: &mut *out });
        start += width;
    }
}

struct SparseProduct<'a, T> {
    x: SparseRows<'a, T>,
    panel: &'a [T],
    stride: usize,
    start: usize,
    out: &'a mut [T],
}

impl<T: Scalar> WidthVisitor<T> for SparseProduct<'_, T> {
    type Out = ();
    fn visit<const W: usize>(self) {
        launch(Gather::<T, W>(self));
    }
}

struct Gather<'a, T, const W: usize>(SparseProduct<'a, T>);

impl<T: Scalar, const W: usize> Kernel for Gather<'_, T, W> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        match self.0.x.values {
            ValuesRef::Full(values) => self.0.gather::<T, S, W>(values),
            ValuesRef::Single(values) => self.0.gather::<f32, S, W>(values),
        }
    }
}

impl<T: Scalar> SparseProduct<'_, T> {
    #[inline(always)]
    fn gather<V: Copy + Into<T>, S: Simd, const W: usize>(mut self, values: &[V]) {
        let bytes = self.x.cols * self.stride * size_of::<T>();
        let stored = self.x.starts.last().copied().unwrap_or(0) - self.x.starts.first().copied().unwrap_or(0);
        if is_far::<T>(self.x.cols, self.stride) && stored >= ENTRIES * self.x.cols {
            self.tiles::<V, S, W>(values, (TILE / (self.stride * size_of::<T>())).max(1));
        } else {
            for i in 0..self.x.rows() {
                let (begin, end) = (self.x.starts[i], self.x.starts[i + 1]);
                if bytes > NEAR {
                    self.entries::<V, S, W, true>(i, begin..end, usize::MAX, values);
                } else {
                    self.entries::<V, S, W, false>(i, begin..end, usize::MAX, values);
                }
            }
        }
    }

    /// All rows for the first `lines` of the panel, then for the next ones.
    #[inline(always)]
    fn tiles<V: Copy + Into<T>, S: Simd, const W: usize>(&mut self, values: &[V], lines: usize) {
        for first in (0..self.x.rows()).step_by(TOGETHER) {
            let rows = TOGETHER.min(self.x.rows() - first);
            // Entries that a row has behind it.
            let mut done = [0u32; TOGETHER];
            for end in (0..self.x.cols).step_by(lines).map(|begin| begin + lines) {
                for (i, done) in (first..first + rows).zip(&mut done) {
                    let (begin, until) = (self.x.starts[i] + *done as usize, self.x.starts[i + 1]);
                    if begin < until && (self.x.columns[begin] as usize) < end {
                        *done += self.entries::<V, S, W, true>(i, begin..until, end, values) as u32;
                    }
                }
            }
        }
    }

    /// Entries of row i up to column `end`; returns how many they were.
    #[inline(always)]
    fn entries<V: Copy + Into<T>, S: Simd, const W: usize, const ASK: bool>(
        &mut self,
        i: usize,
        at: std::ops::Range<usize>,
        end: usize,
        values: &[V],
    ) -> usize {
        let SparseProduct { x, panel, stride, start, .. } = *self;
        let out = &mut self.out[i * stride + start..][..W];
        let mut acc = [T::ZERO; W];
        acc.copy_from_slice(out);
        // Those of rows that follow as well: a short row would else ask for nothing.
        let mut later = x.columns[at.start..].iter().skip(AHEAD);
        let mut taken = 0;
        for (&col, &x) in x.columns[at.clone()].iter().zip(&values[at]) {
            if col as usize >= end {
                break;
            }
            if ASK && let Some(&col) = later.next() {
                let at = panel.as_ptr().wrapping_add(col as usize * stride + start);
                for line in (0..W).step_by(LINE / size_of::<T>()) {
                    S::prefetch(at.wrapping_add(line));
                }
            }
            let (x, h) = (x.into(), row::<T, W>(panel, col as usize * stride + start));
            for l in 0..W {
                acc[l] = S::mul_add(x, h[l], acc[l]);
            }
            taken += 1;
        }
        out.copy_from_slice(&acc);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that walk over a panel together, tile by tile, have the bits of those that go alone.
    #[test]
    fn tiles_change_nothing() {
        let (rows, cols, stride, per_row) = (40, 420_000, 8, 42_100);
        assert!(is_far::<f64>(cols, stride) && rows * per_row > ENTRIES * cols && per_row < ENTRIES * cols);
        let numbers = |n: usize| -> Vec<f64> { (0..n).map(|i| (i as f64 * 0.618).fract() - 0.3).collect() };
        let columns: Vec<u32> =
            (0..rows * per_row).map(|e| (e % per_row * (cols / per_row) + e / per_row % 9) as u32).collect();
        let starts: Vec<usize> = (0..=rows).map(|i| i * per_row).collect();
        let (values, panel) = (numbers(columns.len()), numbers(cols * stride));
        let product = |first: usize, rows: usize| {
            let values = ValuesRef::Full(&values[..]);
            let x = SparseRows { cols, starts: &starts[first..=first + rows], columns: &columns, values };
            let mut out = vec![0.25; rows * stride];
            cross_add(&x, &panel, stride, &mut out);
            out
        };
        let together = product(0, rows);
        for i in 0..rows {
            assert_eq!(together[i * stride..][..stride], product(i, 1), "row {i}");
        }
        let direct = |i: usize, c: usize| -> f64 {
            let at = starts[i]..starts[i + 1];
            0.25 + at.map(|e| values[e] * panel[columns[e] as usize * stride + c]).sum::<f64>()
        };
        assert!((together[3 * stride + 5] - direct(3, 5)).abs() < 1e-8);
    }
}
