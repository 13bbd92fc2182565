//! The products of a dense X with a factor, where X is contiguous along the rows of the result: `Xᵀ P` of rows stored one
//! by one, `X P` of columns stored one by one.
//!
//! The result is made turned, a row per component, so that numbers that are neighbours in X are the SIMD lanes and nothing
//! is lost to padding. Each element is one chain of fused multiply-adds in the order of the inner index, as in `products`:
//! the same bits, in another place.
//!
//! Cost: 2 k flops per entry. A strip of X of a few registers' width is read once for every few components, all but the
//! first time from the first-level cache.

use super::dense::width;
use super::isa::{Kernel, Simd, launch};
use super::vector::Vector;
use crate::scalar::Scalar;
use std::ops::Range;

/// Lines done for all components before the next ones are taken: a strip of them stays in the first-level cache.
const DEPTH: usize = 64;
/// Lines of the last strip that are copied at once, to where a whole register can be read.
const COPIED: usize = 32;
/// Numbers in the widest register: 16 of `f32`.
const WIDEST: usize = 16;

/// `turned += panelᵀ X` for X of `lines` lines, `ld` apart, of which the first `lanes` numbers count.
pub(super) struct Outer<'a, T> {
    pub(super) x: &'a [T],
    pub(super) ld: usize,
    pub(super) lines: usize,
    pub(super) lanes: usize,
    /// How far the numbers are that are needed next and are not in cache; 0 if there are none.
    pub(super) ahead: isize,
    pub(super) panel: &'a [T],
    pub(super) stride: usize,
    pub(super) rank: usize,
    pub(super) turned: &'a mut [T],
}

impl<T: Scalar> Outer<'_, T> {
    pub(super) fn add(self) {
        launch(self);
    }
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
                self.ahead = 0;
                self.strip::<S, T::Full<S>, 1>(copy.as_flattened(), WIDEST, at, lines);
            }
        }
    }
}

/// `0..n` in ranges of `piece`; the last may be shorter.
pub(super) fn pieces(n: usize, piece: usize) -> impl Iterator<Item = Range<usize>> {
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
        let ahead = if c == 0 { self.ahead } else { 0 };
        let mut acc = [[V::splat(T::ZERO); N]; C];
        for d in 0..C {
            for v in 0..N {
                acc[d][v] = V::load(&self.turned[(c + d) * width + at + v * V::LANES..]);
            }
        }
        for (i, line) in lines.enumerate() {
            let x = &x[i * ld..][..N * V::LANES];
            if ahead != 0 {
                for v in 0..N {
                    S::prefetch(x.as_ptr().wrapping_offset(ahead + (v * V::LANES) as isize));
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
