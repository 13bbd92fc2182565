//! What groups of rows lack of the other factor: for rows of X that a mask in groups keeps the same columns from.
//!
//! ```text
//! part_g = sum over the columns j of group g of h_j h_jᵀ       lacking_p = sum over the groups g that p lacks of part_g
//! ```
//!
//! and the same with `h_j` for `h_j h_jᵀ`; h_j is weighted as what all rows share is.
//!
//! Cost: that of the whole Gram matrix (or sum), and `k²` (or k) for every pair of groups that is held out. Sums are made in
//! f64 in the order of columns and of groups, each by one thread, so that threads change no bit.

use crate::data::weighted::GroupedSide;
use crate::factor::Factor;
use crate::scalar::Scalar;
use rayon::prelude::*;

/// Sums for each group of rows.
pub(crate) struct Lacking<T> {
    stride: usize,
    /// The columns of each of their groups.
    columns: Vec<Vec<u32>>,
    /// The groups of columns that each group of rows lacks.
    lacks: Vec<Vec<u32>>,
    grams: Sums<T>,
    sums: Sums<T>,
}

/// Blocks of `size` numbers: one for each group of columns, and one for each group of rows.
struct Sums<T> {
    size: usize,
    parts: Vec<f64>,
    all: Vec<T>,
}

impl<T: Scalar> Sums<T> {
    fn new(size: usize, (columns, rows): (usize, usize)) -> Sums<T> {
        Sums { size, parts: vec![0.0; columns * size], all: vec![T::ZERO; rows * size] }
    }

    fn compute(&mut self, columns: &[Vec<u32>], lacks: &[Vec<u32>], add: impl Fn(usize, &mut [f64]) + Sync) {
        let size = self.size;
        self.parts.par_chunks_mut(size).zip(columns).for_each(|(part, columns)| {
            part.fill(0.0);
            columns.iter().for_each(|&j| add(j as usize, part));
        });
        let parts = &self.parts;
        // A few numbers at a time, so that their sums need no memory.
        const PIECE: usize = 64;
        self.all.par_chunks_mut(size).zip(lacks).for_each(|(all, lacks)| {
            for (at, to) in all.chunks_mut(PIECE).enumerate() {
                let mut sums = [0.0; PIECE];
                for &g in lacks {
                    let part = &parts[g as usize * size + at * PIECE..][..to.len()];
                    sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                }
                to.iter_mut().zip(sums).for_each(|(to, sum)| *to = T::from_f64(sum));
            }
        });
    }
}

impl<T: Scalar> Lacking<T> {
    /// For rows that meet this mask, and Gram matrices, sums, or both.
    pub(crate) fn new(mask: GroupedSide<'_>, stride: usize, (grams, sums): (bool, bool)) -> Lacking<T> {
        let counts = |wanted: bool| if wanted { (mask.columns().len(), mask.groups()) } else { (0, 0) };
        Lacking {
            stride,
            columns: mask.columns().to_vec(),
            lacks: (0..mask.groups()).map(|p| mask.lacks(p).map(|g| g as u32).collect()).collect(),
            grams: Sums::new(stride * stride, counts(grams)),
            sums: Sums::new(stride, counts(sums)),
        }
    }

    /// Gram matrices and sums, group by group of rows; nothing where there are no groups.
    pub(crate) fn of(lacking: &Option<Lacking<T>>) -> (&[T], &[T]) {
        lacking.as_ref().map_or((&[], &[]), |lacking| (&lacking.grams.all, &lacking.sums.all))
    }

    pub(crate) fn compute_grams(&mut self, factor: &Factor<T>) {
        let stride = self.stride;
        self.grams.compute(&self.columns, &self.lacks, |j, gram| {
            let h = factor.row(j);
            for (a, gram) in h.iter().zip(gram.chunks_exact_mut(stride)) {
                let a = a.to_f64();
                gram.iter_mut().zip(h).for_each(|(to, b)| *to += a * b.to_f64());
            }
        });
    }

    pub(crate) fn compute_sums(&mut self, factor: &Factor<T>) {
        self.sums.compute(&self.columns, &self.lacks, |j, sums| {
            sums.iter_mut().zip(factor.row(j)).for_each(|(to, x)| *to += x.to_f64());
        });
    }
}
