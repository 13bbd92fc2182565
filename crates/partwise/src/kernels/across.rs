//! Both products of a dense X with a factor, where X is contiguous along the inner index: `X P` of rows stored one by one,
//! `Xᵀ P` of columns stored one by one.
//!
//! As in `outer`, the result is made turned, a row per component, and lines of X are the SIMD lanes, so that nothing is lost to
//! padding. Numbers that are neighbours in X belong to one line here: a few of them, of as many lines as there are lanes, are
//! turned in registers first. That costs two to five shuffles for every register of X, and is done again for every group of
//! components. Each element is one chain of fused multiply-adds in the order of the inner index, as in `products`: the same
//! bits, in another place.
//!
//! Cost: 2 k flops per entry. A line is read once for every group of components, the panel once for every tile of lines.

#![allow(unsafe_code)]

use super::dense::width;
use super::isa::{Kernel, Simd, launch};
use super::vector::{TURNED, Vector};
use crate::scalar::Scalar;

/// Inner indices of the last lines that are copied at once, to where lines for every lane can be read.
const COPIED: usize = 64;
/// Numbers in the widest register: 16 of `f32`.
const WIDEST: usize = 16;
/// Bytes of a cache line.
const LINE: usize = 64;

/// `turned[c][line] += sum over j of x[line][j] panel[j][c]`, for components below `rank`.
pub(super) struct Across<'a, T> {
    pub(super) x: &'a [T],
    /// The distance between lines.
    pub(super) ld: usize,
    pub(super) lines: usize,
    /// Inner indices: numbers of a line that count.
    pub(super) depth: usize,
    /// How far the numbers are that are needed next and are not in cache; 0 if there are none.
    pub(super) ahead: usize,
    pub(super) panel: &'a [T],
    pub(super) stride: usize,
    pub(super) rank: usize,
    /// `(rank, width(lines))`.
    pub(super) turned: &'a mut [T],
}

impl<T: Scalar> Across<'_, T> {
    pub(super) fn add(self) {
        launch(self);
    }
}

/// Inner indices done before the next lines are taken: keeps their rows of the panel in the first-level cache.
const DEPTH: usize = 128;
/// What turning a register of X costs, in multiply-adds of a register: measured.
pub(super) const TURNING: f64 = 1.4;
/// Components that two registers of lines are taken for: fewer chains than these would wait for each other.
const FEW: usize = 5;

/// The most components in a group: as many accumulators as leave room for what is turned.
#[inline(always)]
pub(super) fn most<S: Simd>() -> usize {
    if S::WIDE { 20 } else { 8 }
}

impl<T: Scalar> Kernel for Across<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let mut from = 0;
        while from < self.depth {
            let n = DEPTH.min(self.depth - from);
            self.piece::<S>(from, n);
            from += n;
        }
    }
}

impl<T: Scalar> Across<'_, T> {
    /// `n` inner indices from `from` on.
    #[inline(always)]
    fn piece<S: Simd>(&mut self, from: usize, n: usize) {
        let lanes = <T::Full<S> as Vector<T>>::LANES;
        let (x, ld, lines) = (self.x, self.ld, self.lines);
        let mut at = 0;
        if S::WIDE && self.rank <= FEW {
            while at + 2 * lanes <= lines {
                self.tiles::<S, 2>(&x[at * ld + from..], ld, at, (from, n));
                at += 2 * lanes;
            }
        }
        while at + lanes <= lines {
            self.tiles::<S, 1>(&x[at * ld + from..], ld, at, (from, n));
            at += lanes;
        }
        if at < lines {
            let (mut j, ahead) = (0, std::mem::take(&mut self.ahead));
            let mut copy = [T::ZERO; COPIED * WIDEST];
            while j < n {
                let some = COPIED.min(n - j);
                for (l, copy) in copy.chunks_exact_mut(COPIED).take(lines - at).enumerate() {
                    copy[..some].copy_from_slice(&x[(at + l) * ld + from + j..][..some]);
                }
                self.tiles::<S, 1>(&copy, COPIED, at, (from + j, some));
                j += some;
            }
            self.ahead = ahead;
        }
    }

    /// All components of `G` registers of lines, of which `x` holds the inner indices of `part` only.
    #[inline(always)]
    fn tiles<S: Simd, const G: usize>(&mut self, x: &[T], ld: usize, at: usize, part: (usize, usize)) {
        let mut c = 0;
        while c < self.rank {
            // Groups of about the same size.
            let left = self.rank - c;
            let size = left.div_ceil(left.div_ceil(most::<S>()));
            match size {
                1 => self.tile::<S, G, 1>(x, ld, at, c, part),
                2 => self.tile::<S, G, 2>(x, ld, at, c, part),
                3 => self.tile::<S, G, 3>(x, ld, at, c, part),
                4 => self.tile::<S, G, 4>(x, ld, at, c, part),
                5 => self.tile::<S, G, 5>(x, ld, at, c, part),
                6 if G == 1 => self.tile::<S, G, 6>(x, ld, at, c, part),
                7 if G == 1 => self.tile::<S, G, 7>(x, ld, at, c, part),
                8 if G == 1 => self.tile::<S, G, 8>(x, ld, at, c, part),
                9 if G == 1 => self.tile::<S, G, 9>(x, ld, at, c, part),
                10 if G == 1 => self.tile::<S, G, 10>(x, ld, at, c, part),
                11 if G == 1 => self.tile::<S, G, 11>(x, ld, at, c, part),
                12 if G == 1 => self.tile::<S, G, 12>(x, ld, at, c, part),
                13 if G == 1 => self.tile::<S, G, 13>(x, ld, at, c, part),
                14 if G == 1 => self.tile::<S, G, 14>(x, ld, at, c, part),
                15 if G == 1 => self.tile::<S, G, 15>(x, ld, at, c, part),
                16 if G == 1 => self.tile::<S, G, 16>(x, ld, at, c, part),
                17 if G == 1 => self.tile::<S, G, 17>(x, ld, at, c, part),
                18 if G == 1 => self.tile::<S, G, 18>(x, ld, at, c, part),
                19 if G == 1 => self.tile::<S, G, 19>(x, ld, at, c, part),
                _ => self.tile::<S, G, 20>(x, ld, at, c, part),
            }
            c += size;
        }
    }

    /// `C` components of them.
    #[inline(always)]
    fn tile<S: Simd, const G: usize, const C: usize>(
        &mut self,
        x: &[T],
        ld: usize,
        at: usize,
        c: usize,
        (from, n): (usize, usize),
    ) {
        let lanes = <T::Full<S> as Vector<T>>::LANES;
        let (width, stride) = (width::<T>(self.lines), self.stride);
        let ahead = if c == 0 { self.ahead } else { 0 };
        let mut acc = [[T::Full::<S>::splat(T::ZERO); G]; C];
        for d in 0..C {
            for g in 0..G {
                acc[d][g] = Vector::load(&self.turned[(c + d) * width + at + g * lanes..]);
            }
        }
        // Numbers that are read below. With a check at every step, the compiler would move additions past it, and run out of
        // registers.
        assert!(n > 0 && x.len() >= (G * lanes - 1) * ld + n && C <= stride);
        assert!(self.panel.len() >= (from + n) * stride && c + C <= stride);
        let (x, panel) = (x.as_ptr(), self.panel[from * stride + c..].as_ptr());
        // SAFETY: `j < n`, so this is a number of row `from + j` of the panel, which the second assertion says is there.
        let broadcast = |j: usize, d: usize| unsafe { *panel.add(j * stride + d) };
        let whole = n / TURNED * TURNED;
        let mut j = 0;
        while j < whole {
            if ahead > 0 && j % (LINE / size_of::<T>()) == 0 {
                for l in 0..G * lanes {
                    S::prefetch(x.wrapping_add(l * ld + j + ahead));
                }
            }
            let mut turned = [[T::Full::<S>::splat(T::ZERO); TURNED]; G];
            for g in 0..G {
                // SAFETY: `j + TURNED <= n`, so the last number read is number `j + TURNED - 1` of line `(g + 1) * lanes - 1`,
                // which the first assertion says is there.
                turned[g] = unsafe { Vector::turned(x.add(g * lanes * ld + j), ld) };
            }
            for t in 0..TURNED {
                for d in 0..C {
                    let p = T::Full::<S>::splat(broadcast(j + t, d));
                    for g in 0..G {
                        acc[d][g] = p.mul_add(turned[g][t], acc[d][g]);
                    }
                }
            }
            j += TURNED;
        }
        while j < n {
            let mut turned = [T::Full::<S>::splat(T::ZERO); G];
            for g in 0..G {
                let mut lines = [T::ZERO; WIDEST];
                for l in 0..lanes {
                    // SAFETY: `j < n`: number `j` of line `g * lanes + l` is there, as the first assertion says.
                    lines[l] = unsafe { *x.add((g * lanes + l) * ld + j) };
                }
                turned[g] = Vector::load(&lines);
            }
            for d in 0..C {
                let p = T::Full::<S>::splat(broadcast(j, d));
                for g in 0..G {
                    acc[d][g] = p.mul_add(turned[g], acc[d][g]);
                }
            }
            j += 1;
        }
        for d in 0..C {
            for g in 0..G {
                acc[d][g].store(&mut self.turned[(c + d) * width + at + g * lanes..]);
            }
        }
    }
}
