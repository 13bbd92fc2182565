//! The products of a dense X with a factor, where X is contiguous along the rows of the result: `Xᵀ P` of rows stored one
//! by one, `X P` of columns stored one by one.
//!
//! The result is made turned, a row per component, so that numbers that are neighbours in X are the SIMD lanes and nothing
//! is lost to padding. Each element is one chain of fused multiply-adds in the order of the inner index, as in `products`:
//! the same bits, in another place.
//!
//! Cost: 2 k flops per entry. A strip of X of a few registers' width is read once for every few components, all but the
//! first time from the first-level cache.

use super::isa::{Kernel, Simd, launch};
use super::products::cross;
use super::vector::Vector;
use super::{DenseRows, Order, Rows};
use crate::scalar::Scalar;
use std::ops::Range;

/// Lines done for all components before the next ones are taken: a strip of them stays in the first-level cache.
const DEPTH: usize = 64;
/// Lines of the last strip that are copied at once, to where a whole register can be read.
const COPIED: usize = 32;
/// Numbers in the widest register: 16 of `f32`.
const WIDEST: usize = 16;

/// The length of a component's row in a turned result with so many rows.
pub(crate) fn width<T: Scalar>(rows: usize) -> usize {
    rows.next_multiple_of(2 * T::LANES)
}

/// `turned += (Xᵀ panel)ᵀ` for row-major X, with `panel` of `(rows, stride)` of which the first `rank` columns count, and
/// `turned` of `(rank, width(cols))`.
pub(crate) fn cross_transposed_turned_add<T: Scalar>(
    x: &DenseRows<'_, T>,
    ld: usize,
    panel: &[T],
    (stride, rank): (usize, usize),
    turned: &mut [T],
) {
    let (lines, lanes) = (x.rows, x.cols);
    launch(Outer { x: x.data, ld, lines, lanes, ahead: false, panel, stride, rank, turned });
}

/// `out = X panel` as in [`cross`], with room for the turned result of a block: [`room`] numbers.
pub(crate) fn cross_in<T: Scalar>(
    x: &Rows<'_, T>,
    panel: &[T],
    (stride, rank): (usize, usize),
    out: &mut [T],
    room: &mut [T],
) {
    match *x {
        Rows::Dense(DenseRows { data, rows, cols, order: Order::ColMajor(ld) }) => {
            let turned = &mut room[..rank * width::<T>(rows)];
            turned.fill(T::ZERO);
            // The columns after these are next: they are on their way while these are worked on.
            let turned_rows = Outer {
                x: data,
                ld,
                lines: cols,
                lanes: rows,
                ahead: true,
                panel,
                stride,
                rank,
                turned: &mut *turned,
            };
            launch(turned_rows);
            turn(turned, (rows, rank), stride, out);
        }
        _ => cross(x, panel, stride, out),
    }
}

/// What [`cross_in`] needs for blocks of so many rows.
pub(crate) fn room<T: Scalar>(rows: usize, rank: usize) -> usize {
    rank * width::<T>(rows)
}

/// `out[r][c] = turned[c][r]`; what pads the rows of `out` is zero.
pub(crate) fn turn<T: Scalar>(turned: &[T], (rows, rank): (usize, usize), stride: usize, out: &mut [T]) {
    turn_from(turned, width::<T>(rows), 0, rank, stride, out);
}

/// The same for rows from `first` on, of rows of `turned` that are `width` long.
pub(crate) fn turn_from<T: Scalar>(
    turned: &[T],
    width: usize,
    first: usize,
    rank: usize,
    stride: usize,
    out: &mut [T],
) {
    for (r, out) in out.chunks_exact_mut(stride).enumerate() {
        for c in 0..rank {
            out[c] = turned[c * width + first + r];
        }
        out[rank..].fill(T::ZERO);
    }
}

/// `turned += panelᵀ X` for X of `lines` lines, `ld` apart, of which the first `lanes` numbers count.
struct Outer<'a, T> {
    x: &'a [T],
    ld: usize,
    lines: usize,
    lanes: usize,
    /// Whether the numbers after these are needed next, and not in cache.
    ahead: bool,
    panel: &'a [T],
    stride: usize,
    rank: usize,
    turned: &'a mut [T],
}

impl<T: Scalar> Kernel for Outer<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let unit = <T::Full<S> as Vector<T>>::LANES;
        let whole = self.lanes / unit * unit;
        let (wide, ld) = (if S::WIDE { 4 } else { 2 } * unit, self.ld);
        let mut at = 0;
        while at + wide <= whole {
            for lines in pieces(self.lines, DEPTH) {
                let x = &self.x[lines.start * ld + at..];
                if S::WIDE {
                    self.strip::<S, T::Full<S>, 4>(x, ld, at, lines);
                } else {
                    self.strip::<S, T::Full<S>, 2>(x, ld, at, lines);
                }
            }
            at += wide;
        }
        while at < whole {
            for lines in pieces(self.lines, DEPTH) {
                let x = &self.x[lines.start * ld + at..];
                self.strip::<S, T::Full<S>, 1>(x, ld, at, lines);
            }
            at += unit;
        }
        if at < self.lanes {
            let rest = self.lanes - at;
            for lines in pieces(self.lines, COPIED) {
                let mut copy = [[T::ZERO; WIDEST]; COPIED];
                for (copy, i) in copy.iter_mut().zip(lines.clone()) {
                    copy[..rest].copy_from_slice(&self.x[i * ld + at..][..rest]);
                }
                self.ahead = false;
                self.strip::<S, T::Full<S>, 1>(copy.as_flattened(), WIDEST, at, lines);
            }
        }
    }
}

/// `0..n` in ranges of `piece`; the last may be shorter.
fn pieces(n: usize, piece: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(piece).map(move |first| first..(first + piece).min(n))
}

impl<T: Scalar> Outer<'_, T> {
    /// The first `N` registers of every line of `x`, which are some of the lines, for numbers `at` and on of every
    /// component.
    #[inline(always)]
    fn strip<S: Simd, V: Vector<T>, const N: usize>(
        &mut self,
        x: &[T],
        ld: usize,
        at: usize,
        lines: Range<usize>,
    ) {
        let (most, mut c) = (if S::WIDE { 6 } else { 4 }, 0);
        while c < self.rank {
            // Groups of about the same size.
            let left = self.rank - c;
            let n = left.div_ceil(left.div_ceil(most));
            match n {
                1 => self.tile::<S, V, N, 1>(x, ld, at, c, lines.clone()),
                2 => self.tile::<S, V, N, 2>(x, ld, at, c, lines.clone()),
                3 => self.tile::<S, V, N, 3>(x, ld, at, c, lines.clone()),
                4 => self.tile::<S, V, N, 4>(x, ld, at, c, lines.clone()),
                5 => self.tile::<S, V, N, 5>(x, ld, at, c, lines.clone()),
                _ => self.tile::<S, V, N, 6>(x, ld, at, c, lines.clone()),
            }
            c += n;
        }
    }

    /// `turned[c..c + C][at..] += panel[lines][c..c + C]ᵀ x`.
    #[inline(always)]
    fn tile<S: Simd, V: Vector<T>, const N: usize, const C: usize>(
        &mut self,
        x: &[T],
        ld: usize,
        at: usize,
        c: usize,
        lines: Range<usize>,
    ) {
        let width = width::<T>(self.lanes);
        let ahead = self.ahead && c == 0;
        let mut acc = [[V::splat(T::ZERO); N]; C];
        for d in 0..C {
            for v in 0..N {
                acc[d][v] = V::load(&self.turned[(c + d) * width + at + v * V::LANES..]);
            }
        }
        for (i, line) in lines.enumerate() {
            let x = &x[i * ld..][..N * V::LANES];
            if ahead {
                for v in 0..N {
                    S::prefetch(x.as_ptr().wrapping_add((N + v) * V::LANES));
                }
            }
            let x: [V; N] = std::array::from_fn(|v| V::load(&x[v * V::LANES..]));
            let p = &self.panel[line * self.stride + c..][..C];
            for d in 0..C {
                let p = V::splat(p[d]);
                for v in 0..N {
                    acc[d][v] = p.mul_add(x[v], acc[d][v]);
                }
            }
        }
        for d in 0..C {
            for v in 0..N {
                acc[d][v].store(&mut self.turned[(c + d) * width + at + v * V::LANES..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::isa::{self, Isa};
    use super::super::products::cross_transposed_add;
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed * 104_729) % 1000) as f32 / 1000.0).collect()
    }

    /// Every remainder of lines, lanes and components, in either precision.
    fn same_bits_as_products<T: Scalar>() {
        let best = isa::isa();
        for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
            if !isa::restrict(isa) {
                continue;
            }
            for (rows, cols, rank) in [
                (1usize, 1usize, 1usize),
                (5, 7, 3),
                (33, 66, 10),
                (70, 31, 13),
                (24, 129, 4),
                (3, 200, 7),
                (200, 3, 20),
            ] {
                let stride = rank.next_multiple_of(T::LANES);
                let panel = |rows: usize, seed| {
                    let mut panel = numbers(rows * stride, seed);
                    panel.chunks_exact_mut(stride).for_each(|row| row[rank..].fill(0.0));
                    panel.into_iter().map(T::from).collect::<Vec<T>>()
                };
                let data: Vec<T> = numbers(rows * cols, 1).into_iter().map(T::from).collect();

                let x = DenseRows { data: &data, rows, cols, order: Order::RowMajor(cols) };
                let w = panel(rows, 2);
                let mut want = vec![T::ZERO; cols * stride];
                let mut turned = vec![T::ZERO; room::<T>(cols, rank)];
                for _ in 0..2 {
                    cross_transposed_add(&x, &w, stride, &mut want);
                    cross_transposed_turned_add(&x, cols, &w, (stride, rank), &mut turned);
                }
                let mut got = vec![T::ONE; cols * stride];
                turn(&turned, (cols, rank), stride, &mut got);
                assert!(got == want, "{rows} x {cols}, rank {rank}, {}", isa.name());

                let x = Rows::Dense(DenseRows { data: &data, rows, cols, order: Order::ColMajor(rows) });
                let h = panel(cols, 3);
                let (mut want, mut got) = (vec![T::ZERO; rows * stride], vec![T::ONE; rows * stride]);
                cross(&x, &h, stride, &mut want);
                cross_in(&x, &h, (stride, rank), &mut got, &mut vec![T::ONE; room::<T>(rows, rank)]);
                assert!(got == want, "{rows} x {cols} by columns, rank {rank}, {}", isa.name());
            }
        }
        isa::restrict(best);
    }

    #[test]
    fn same_bits_as_products_f64() {
        same_bits_as_products::<f64>();
    }

    #[test]
    fn same_bits_as_products_f32() {
        same_bits_as_products::<f32>();
    }
}
