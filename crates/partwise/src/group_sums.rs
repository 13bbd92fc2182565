//! What groups of rows keep of the other factor: for rows of X that a mask in groups keeps the same columns from.
//!
//! ```text
//! part_g = sum over the columns j of group g of h_j h_jᵀ       kept_p = sum over the groups g that p keeps of part_g
//! ```
//!
//! and the same with `h_j` for `h_j h_jᵀ`; h_j is weighted as what all rows share is.
//!
//! A fold keeps most, so the sum over all groups less that over the few that p lacks is quicker. It is taken where it leaves
//! `SAFE` of every component. Where a component lives in what p lacks, as one word of one document may be a component of its
//! own, digits would cancel, and what is kept is summed up.
//!
//! Cost: that of the whole Gram matrix (or sum), and `k²` (or k) for every pair of groups that is held out; for a group that
//! has to be summed up, for every pair that is kept. Sums are made in f64 in the order of columns and of groups, each by one
//! thread, so that threads change no bit.

use crate::data::weighted::GroupedSide;
use crate::factor::Factor;
use crate::scalar::Scalar;
use rayon::prelude::*;

/// The least share of a sum that a difference may leave.
pub(crate) const SAFE: f64 = 1.0 / 64.0;

/// Sums for each group of rows.
pub(crate) struct GroupSums<T> {
    stride: usize,
    /// The columns of each of their groups.
    columns: Vec<Vec<u32>>,
    /// The groups of columns that each group of rows lacks, and those that it keeps.
    choices: Vec<[Vec<u32>; 2]>,
    grams: Sums<T>,
    sums: Sums<T>,
}

/// Blocks of `size` numbers: one for each group of columns, their sum, and one for each group of rows.
struct Sums<T> {
    size: usize,
    /// From one number that cannot be negative, and tells of cancellation, to the next.
    step: usize,
    parts: Vec<f64>,
    whole: Vec<f64>,
    all: Vec<T>,
}

/// A few numbers at a time, so that their sums need no memory.
const PIECE: usize = 64;

impl<T: Scalar> Sums<T> {
    fn new(size: usize, step: usize, (columns, rows): (usize, usize)) -> Sums<T> {
        let (parts, all) = (vec![0.0; columns * size], vec![T::ZERO; rows * size]);
        Sums { size, step, parts, whole: vec![0.0; size], all }
    }

    fn compute(
        &mut self,
        columns: &[Vec<u32>],
        choices: &[[Vec<u32>; 2]],
        add: impl Fn(usize, &mut [f64]) + Sync,
    ) {
        let Sums { size, step, parts, whole, all } = self;
        let size = *size;
        parts.par_chunks_mut(size).zip(columns).for_each(|(part, columns)| {
            part.fill(0.0);
            columns.iter().for_each(|&j| add(j as usize, part));
        });
        whole.fill(0.0);
        for part in parts.chunks_exact(size) {
            whole.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let (parts, whole) = (&*parts, &*whole);
        let at = |g: u32, at: usize| parts[g as usize * size + at];
        all.par_chunks_mut(size).zip(choices).for_each(|(all, [lacks, keeps])| {
            let is_safe =
                |c: usize| whole[c] - lacks.iter().map(|&g| at(g, c)).sum::<f64>() >= SAFE * whole[c];
            let by_difference = lacks.len() < keeps.len() && (0..size).step_by(*step).all(is_safe);
            for (piece, to) in all.chunks_mut(PIECE).enumerate() {
                let range = piece * PIECE..piece * PIECE + to.len();
                let mut sums = [0.0; PIECE];
                for &g in if by_difference { lacks } else { keeps } {
                    let part = &parts[g as usize * size..][range.clone()];
                    sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                }
                for ((to, sum), whole) in to.iter_mut().zip(sums).zip(&whole[range]) {
                    *to = T::from_f64(if by_difference { whole - sum } else { sum });
                }
            }
        });
    }
}

impl<T: Scalar> GroupSums<T> {
    /// For rows that meet this mask, and Gram matrices, sums, or both.
    pub(crate) fn new(mask: GroupedSide<'_>, stride: usize, (grams, sums): (bool, bool)) -> GroupSums<T> {
        let counts = |wanted: bool| if wanted { (mask.columns().len(), mask.groups()) } else { (0, 0) };
        let choices = |p| {
            let mut choices = [Vec::new(), Vec::new()];
            (0..mask.columns().len()).for_each(|g| choices[usize::from(!mask.is_held(p, g))].push(g as u32));
            choices
        };
        GroupSums {
            stride,
            columns: mask.columns().to_vec(),
            choices: (0..mask.groups()).map(choices).collect(),
            grams: Sums::new(stride * stride, stride + 1, counts(grams)),
            sums: Sums::new(stride, 1, counts(sums)),
        }
    }

    /// Gram matrices and sums, group by group of rows; nothing where there are no groups.
    pub(crate) fn of(kept: &Option<GroupSums<T>>) -> (&[T], &[T]) {
        kept.as_ref().map_or((&[], &[]), |kept| (&kept.grams.all, &kept.sums.all))
    }

    pub(crate) fn compute_grams(&mut self, factor: &Factor<T>) {
        let stride = self.stride;
        self.grams.compute(&self.columns, &self.choices, |j, gram| {
            let h = factor.row(j);
            for (a, gram) in h.iter().zip(gram.chunks_exact_mut(stride)) {
                let a = a.to_f64();
                gram.iter_mut().zip(h).for_each(|(to, b)| *to += a * b.to_f64());
            }
        });
    }

    pub(crate) fn compute_sums(&mut self, factor: &Factor<T>) {
        self.sums.compute(&self.columns, &self.choices, |j, sums| {
            sums.iter_mut().zip(factor.row(j)).for_each(|(to, x)| *to += x.to_f64());
        });
    }
}
