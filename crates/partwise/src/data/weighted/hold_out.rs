//! Entries that are set aside: a speckled mask that is computed, not stored.
//!
//! Whether entry `(i, j)` is held out depends on the seed, i and j alone, so a mask takes no memory, is the same for dense
//! and sparse X, in any order and on any machine, and the folds of one seed share the entries out among them.

use crate::kernels::isa::{Kernel, Simd, launch};
use serde::{Deserialize, Serialize};

/// Which entries of X are left out of a fit, to be predicted by it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// Seed of the mask.
    pub seed: u64,
    /// Entries whose number in 0..1 lies in `from..to` are held out.
    from: f64,
    to: f64,
    /// Those outside are held out instead.
    inverted: bool,
    /// Rows and columns are put into so many groups, whose entries are held out together; 0 where every line is one of its own.
    #[serde(default, skip_serializing_if = "each_alone")]
    pub(super) groups: [u32; 2],
}

fn each_alone(groups: &[u32; 2]) -> bool {
    *groups == [0, 0]
}

/// Groups of an axis, and lines from which on an axis has groups: enough that lines do not know of each other, few enough that
/// sums of groups cost nothing beside those of rows.
const GROUPS: u32 = 64;
const LINES: usize = 16 * GROUPS as usize;

impl HoldOut {
    /// Holds out this share of all entries, between 0 and 1.
    ///
    /// ```
    /// let mask = partwise::HoldOut::share(7, 0.1);
    /// let held = (0..1000).flat_map(|i| (0..1000).map(move |j| (i, j))).filter(|&(i, j)| mask.holds(i, j)).count();
    /// assert!((99_000..101_000).contains(&held));
    /// ```
    pub fn share(seed: u64, share: f64) -> HoldOut {
        HoldOut { seed, from: 0.0, to: share.clamp(0.0, 1.0), inverted: false, groups: [0, 0] }
    }

    /// Holds out fold number `fold` of `folds`; every entry belongs to exactly one of them.
    pub fn fold(seed: u64, fold: u32, folds: u32) -> HoldOut {
        let folds = f64::from(folds.max(1));
        let at = |fold: u32| f64::from(fold) / folds;
        HoldOut { seed, from: at(fold), to: at(fold.saturating_add(1)), inverted: false, groups: [0, 0] }
    }

    /// The mask that holds out what this one keeps: the entries to measure a fit on.
    #[must_use]
    pub fn inverted(self) -> HoldOut {
        HoldOut { inverted: !self.inverted, ..self }
    }

    /// The same for X of this shape `(m, n)`, with the lines of an axis of more than a thousand drawn into 64 groups, and the
    /// entries of a group of rows in a group of columns held out together. Of every row, as many entries are held out as before,
    /// and of nearly any two lines other ones; but a fit without the entries takes hardly longer than one with them, where it
    /// has to look at every held-out entry otherwise. A small X has no groups.
    #[must_use]
    pub fn grouped(self, m: usize, n: usize) -> HoldOut {
        let groups = [m, n].map(|lines| if lines >= LINES { GROUPS } else { 0 });
        HoldOut { groups, ..self }
    }

    pub(super) fn is_grouped(&self) -> bool {
        !each_alone(&self.groups)
    }

    /// Whether entry `(i, j)` is held out.
    pub fn holds(&self, i: usize, j: usize) -> bool {
        self.holds_groups(self.row_group(i), self.col_group(j))
    }

    pub(super) fn row_group(&self, i: usize) -> usize {
        group(self.seed, 1, i, self.groups[0])
    }

    pub(super) fn col_group(&self, j: usize) -> usize {
        group(self.seed, 2, j, self.groups[1])
    }

    /// Whether the entries of a group of rows and a group of columns are held out.
    pub(super) fn holds_groups(&self, p: usize, q: usize) -> bool {
        let row = mix(self.seed.wrapping_add(GOLDEN.wrapping_mul(p as u64 + 1)));
        let bits = mix(row.wrapping_add(GOLDEN.wrapping_mul(q as u64 + 1)));
        let number = (bits >> 11) as f64 / (1u64 << 53) as f64;
        (self.from <= number && number < self.to) != self.inverted
    }

    /// Calls `f` with every j in `0..n` for which `(line, j)` is held out; with every i for `(i, line)` if it is a column.
    pub(super) fn for_each_of_line(&self, line: usize, is_column: bool, n: usize, mut f: impl FnMut(usize)) {
        if self.is_grouped() {
            let holds = |j: usize| if is_column { self.holds(j, line) } else { self.holds(line, j) };
            return (0..n).filter(|&j| holds(j)).for_each(f);
        }
        // N / 2^53 >= from, for whole N, is N >= ceil(2^53 from).
        let bound = |x: f64| (x * (1u64 << 53) as f64).ceil() as u64;
        let (from, to) = (bound(self.from), bound(self.to));
        let mut first = 0;
        while first < n {
            let piece =
                Piece { seed: self.seed, line: line as u64, is_column, first: first as u64, from, to };
            let held = launch(piece);
            for (at, word) in held.as_chunks::<8>().0.iter().enumerate() {
                // Most words of eight are all kept or, of an inverted mask, not worth a thought.
                if u64::from_ne_bytes(*word) == 0 && !self.inverted {
                    continue;
                }
                for (l, &held) in word.iter().enumerate() {
                    let j = first + 8 * at + l;
                    if (held != 0) != self.inverted && j < n {
                        f(j);
                    }
                }
            }
            first += PIECE;
        }
    }
}

/// Entries of a line that are looked at together.
const PIECE: usize = 64;

/// Which of the next entries of a line have their number between the bounds.
struct Piece {
    seed: u64,
    line: u64,
    is_column: bool,
    first: u64,
    from: u64,
    to: u64,
}

impl Kernel for Piece {
    type Out = [u8; PIECE];
    #[inline(always)]
    fn run<S: Simd>(self) -> [u8; PIECE] {
        let (mut bits, mut out) = ([0u64; PIECE], [0; PIECE]);
        let step = |at: u64| GOLDEN.wrapping_mul(at + 1);
        if self.is_column {
            for (t, bits) in bits.iter_mut().enumerate() {
                let row = mix(self.seed.wrapping_add(step(self.first + t as u64)));
                *bits = mix(row.wrapping_add(step(self.line))) >> 11;
            }
        } else {
            let row = mix(self.seed.wrapping_add(step(self.line)));
            for (t, bits) in bits.iter_mut().enumerate() {
                *bits = mix(row.wrapping_add(step(self.first + t as u64))) >> 11;
            }
        }
        for (out, &bits) in out.iter_mut().zip(&bits) {
            *out = u8::from(self.from <= bits && bits < self.to);
        }
        out
    }
}

/// The increment and the finalizer of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014, doi:10.1145/2714064.2660195).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The group of a line of an axis: drawn, or the line itself where there are none.
fn group(seed: u64, axis: u64, line: usize, groups: u32) -> usize {
    if groups == 0 {
        return line;
    }
    let own = mix(seed ^ mix(axis));
    (mix(own.wrapping_add(GOLDEN.wrapping_mul(line as u64 + 1))) % u64::from(groups)) as usize
}

#[inline(always)]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_frozen() {
        // Part of the promise that a seed means the same mask in every release.
        let mask = HoldOut::share(42, 0.25);
        let held: Vec<(usize, usize)> =
            (0..5).flat_map(|i| (0..6).map(move |j| (i, j))).filter(|&(i, j)| mask.holds(i, j)).collect();
        assert_eq!(held, GOLDEN_HELD);
    }

    const GOLDEN_HELD: [(usize, usize); 7] = [(0, 3), (0, 5), (2, 0), (2, 3), (2, 5), (3, 0), (3, 2)];

    #[test]
    fn folds_share_the_entries_out() {
        let mut counts = [0; 5];
        for i in 0..200 {
            for j in 0..100 {
                let holding: Vec<usize> =
                    (0..5).filter(|&f| HoldOut::fold(3, f as u32, 5).holds(i, j)).collect();
                assert_eq!(holding.len(), 1);
                counts[holding[0]] += 1;
                assert!(!HoldOut::fold(3, holding[0] as u32, 5).inverted().holds(i, j));
            }
        }
        assert!(counts.iter().all(|&n| (3800..4200).contains(&n)), "{counts:?}");
    }

    #[test]
    fn lines_are_what_their_entries_are() {
        let grouped = HoldOut::fold(9, 1, 3).grouped(3, 5000);
        for mask in
            [HoldOut::share(5, 0.1), HoldOut::share(5, 0.1).inverted(), HoldOut::fold(9, 1, 3), grouped]
        {
            for (line, n) in [(0, 0), (3, 1), (2, 64), (7, 200)] {
                for is_column in [false, true] {
                    let mut found = Vec::new();
                    mask.for_each_of_line(line, is_column, n, |j| found.push(j));
                    let place = |j| if is_column { (j, line) } else { (line, j) };
                    let want: Vec<usize> = (0..n).filter(|&j| mask.holds(place(j).0, place(j).1)).collect();
                    assert_eq!(found, want);
                }
            }
        }
    }

    /// A grouped mask holds as much out of every line as another, and nearly never the same of two of them.
    #[test]
    fn groups_keep_the_share() {
        let (m, n) = (2000, 3000);
        let mask = HoldOut::fold(4, 2, 5).grouped(m, n);
        assert_eq!(mask.groups, [64, 64]);
        assert_eq!(HoldOut::fold(4, 2, 5).grouped(900, 1000), HoldOut::fold(4, 2, 5));
        let line = |i: usize| (0..n).map(|j| mask.holds(i, j)).collect::<Vec<_>>();
        let mut same = 0;
        for i in 0..50 {
            let own = line(i);
            let held = own.iter().filter(|&&held| held).count();
            assert!((150..1050).contains(&held), "{held}");
            same += usize::from(own == line(i + 50));
        }
        assert!(same < 10, "{same}");
        let all = (0..m).map(|i| line(i).into_iter().filter(|&held| held).count()).sum::<usize>();
        let share = all as f64 / (m * n) as f64;
        assert!((0.17..0.23).contains(&share), "{share}");
    }

    /// Rows, columns and diagonals get their share each: neighbours do not know of each other.
    #[test]
    fn no_line_is_favoured() {
        let mask = HoldOut::share(1, 0.2);
        for line in 0..50 {
            for n in [
                (0..1000).filter(|&j| mask.holds(line, j)).count(),
                (0..1000).filter(|&i| mask.holds(i, line)).count(),
                (0..1000).filter(|&i| mask.holds(i, i + line)).count(),
            ] {
                assert!((140..260).contains(&n), "line {line}: {n}");
            }
        }
    }
}
