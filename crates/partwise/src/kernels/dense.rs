//! Dense products of a sweep, each by the kernel that suits how X is stored, the rank and the registers.
//!
//! | product | X by rows | X by columns |
//! |---|---|---|
//! | `X P` | `across`, or `products` where that wastes less | `outer` |
//! | `Xᵀ P`, added up | `outer` | `across` |
//!
//! All of them give the same bits. `outer` and `across` make the result turned: a row per component.

use super::across::{Across, TURNING, most};
use super::isa::{Kernel, Simd, launch};
use super::outer::{Outer, pieces};
use super::products::cross;
use super::vector::Vector;
use super::{DenseRows, Order, Rows};
use crate::scalar::Scalar;
use std::marker::PhantomData;

/// Columns that are multiplied before the next ones are read: their pages stay known to the processor.
const COLUMNS: usize = 64;

/// The length of a component's row in a turned result with so many rows.
pub(crate) fn width<T: Scalar>(rows: usize) -> usize {
    rows.next_multiple_of(2 * T::LANES)
}

/// Numbers of a turned result.
pub(crate) fn room<T: Scalar>(rows: usize, rank: usize) -> usize {
    rank * width::<T>(rows)
}

/// `turned += (Xᵀ panel)ᵀ`, with `panel` of `(rows, stride)` of which the first `rank` columns count, and `turned` of
/// `(rank, width(cols))`.
pub(crate) fn cross_transposed_turned_add<T: Scalar>(
    x: &DenseRows<'_, T>,
    panel: &[T],
    (stride, rank): (usize, usize),
    turned: &mut [T],
) {
    let DenseRows { data: x, rows, cols, order } = *x;
    match order {
        Order::RowMajor(ld) => {
            Outer { x, ld, lines: rows, lanes: cols, ahead: 0, panel, stride, rank, turned }.add();
        }
        Order::ColMajor(ld) => {
            Across { x, ld, lines: cols, depth: rows, ahead: 2 * T::LANES * ld, panel, stride, rank, turned }
                .add();
        }
    }
}

/// `out = X panel` as in [`cross`], with room for the turned result of a block: [`room`] numbers.
pub(crate) fn cross_in<T: Scalar>(
    x: &Rows<'_, T>,
    panel: &[T],
    (stride, rank): (usize, usize),
    out: &mut [T],
    room: &mut [T],
) {
    let dense = match *x {
        Rows::Dense(x) if matches!(x.order, Order::ColMajor(_)) || launch(Pays::<T>(rank, PhantomData)) => x,
        _ => return cross(x, panel, stride, out),
    };
    let DenseRows { data: x, rows, cols, order } = dense;
    let turned = &mut room[..rank * width::<T>(rows)];
    turned.fill(T::ZERO);
    // What comes after these numbers is next: it is on its way while these are worked on.
    match order {
        Order::ColMajor(ld) => {
            for piece in pieces(cols, COLUMNS) {
                let (first, lines) = (piece.start, piece.len());
                // The next columns of this block, or the first ones of the next.
                let ahead = if piece.end < cols {
                    (lines * ld) as isize
                } else {
                    rows as isize - (first * ld) as isize
                };
                let (x, panel, turned) = (&x[first * ld..], &panel[first * stride..], &mut *turned);
                Outer { x, ld, lines, lanes: rows, ahead, panel, stride, rank, turned }.add();
            }
        }
        Order::RowMajor(ld) => {
            let (turned, ahead) = (&mut *turned, dense.rows_ahead());
            Across { x, ld, lines: rows, depth: cols, ahead, panel, stride, rank, turned }.add();
        }
    }
    turn(turned, (rows, rank), stride, out);
}

/// Whether lines side by side are faster than components side by side, which is counted: `across` has to turn every register
/// of X once for every group of components, `products` multiplies what pads a row to whole registers.
struct Pays<T>(usize, PhantomData<T>);

impl<T: Scalar> Kernel for Pays<T> {
    type Out = bool;
    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        let lanes = <T::Full<S> as Vector<T>>::LANES;
        let padding = self.0.next_multiple_of(lanes) - self.0;
        padding as f64 > TURNING * self.0.div_ceil(most::<S>()) as f64
    }
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
                    cross_transposed_turned_add(&x, &w, (stride, rank), &mut turned);
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
