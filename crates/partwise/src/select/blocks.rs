//! Bi-cross-validation: a block of X, predicted by a model of other rows and other columns.
//!
//! Rows and columns are put into parts at random. For a block of rows I and columns J, with X as
//!
//! ```text
//!        J   not J
//!   I  ( A     B  )
//!      ( C     D  )
//! ```
//!
//! D ~ W H is fitted; `W_A` is what [`Model::transform`] gives for B and H, `H_A` what it gives for the transpose of C and W,
//! and A is predicted by `W_A H_A` (Owen & Perry 2009, section 5, for non-negative factors). No entry of A, nor any other
//! entry of its rows together with its columns, takes part in the fit, as in a speckled mask they do.
//!
//! Cost: a fit per block, of most of X, and the rows and columns of the block solved for.
//!
//! Reference: A. B. Owen, P. O. Perry (2009), "Bi-cross-validation of the SVD and the nonnegative matrix factorization",
//! doi:10.1214/08-AOAS227.
//!
//! When not to use it: few rows or columns, of which a part may have all of a component.

use super::draw::Draw;
use super::unseen::{Margins, score_unseen};
use crate::data::{Matrix, Weights};
use crate::error::Result;
use crate::fit::{Fit, Score};
use crate::scalar::Scalar;
use crate::transform::{Model, RowRules};

/// Streams of random numbers, apart from those of starts and shuffles.
const STREAMS: u64 = 1 << 40;

/// Which rows and columns are in a block.
pub(super) struct Block {
    rows: Vec<bool>,
    cols: Vec<bool>,
}

impl Block {
    /// Block `number` of `parts * parts`.
    pub(super) fn new(seed: u64, parts: u32, (rows, cols): (usize, usize), number: usize) -> Block {
        let parts = parts as usize;
        let side = |size: usize, stream: u64, part: usize| {
            let mut of: Vec<bool> = (0..size).map(|at| at % parts == part).collect();
            // One order of all lines for all parts: which places a part has is moved to which lines it has.
            let mut order: Vec<usize> = (0..size).collect();
            Draw::new(seed, STREAMS + stream).shuffle(&mut order);
            let placed: Vec<bool> = of.clone();
            order.iter().zip(placed).for_each(|(&line, inside)| of[line] = inside);
            of
        };
        Block { rows: side(rows, 0, number / parts), cols: side(cols, 1, number % parts) }
    }

    /// X of which only the rows and columns count that are in the block, or those that are not.
    pub(super) fn of<'x, T: Scalar>(
        &self,
        x: &'x Matrix<'_, T>,
        rows_inside: bool,
        cols_inside: bool,
    ) -> Result<Matrix<'x, T>> {
        let weights = |lines: &[bool], inside: bool| -> Vec<T> {
            lines.iter().map(|&line| if line == inside { T::ONE } else { T::ZERO }).collect()
        };
        x.view().weighted(
            Weights::new().rows(weights(&self.rows, rows_inside)).cols(weights(&self.cols, cols_inside)),
        )
    }

    /// How well a fit of what lies outside predicts the block.
    pub(super) fn score<T: Scalar>(&self, fit: &Fit<T>, x: &Matrix<'_, T>, threads: usize) -> Result<Score> {
        let model = fit.model();
        let w = model.transform(&self.of(x, true, false)?, threads)?;
        let columns = Model {
            h: fit.w.clone(),
            loss: model.loss,
            rules: RowRules {
                penalty: fit.spec.penalties().1,
                negatives: model.rules.negatives,
                ..RowRules::default()
            },
            component_scale: vec![1.0; fit.w.rank()],
            least: model.least,
        };
        let h = columns.transform(&self.of(x, false, true)?.transposed(), threads)?;
        let predicted = Model { h, component_scale: vec![1.0; w.rank()], ..model };
        let margins = Margins::outside(x, &self.rows, &self.cols);
        score_unseen(&predicted, &w, &self.of(x, true, true)?, &margins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dense;
    use crate::nmf::Nmf;
    use crate::rules::tests_common::numbers;

    #[test]
    fn every_entry_is_in_one_block() {
        let blocks: Vec<Block> = (0..9).map(|number| Block::new(7, 3, (10, 8), number)).collect();
        for i in 0..10 {
            for j in 0..8 {
                assert_eq!(blocks.iter().filter(|block| block.rows[i] && block.cols[j]).count(), 1);
            }
        }
        assert!(blocks.iter().all(|block| (3..=4).contains(&block.rows.iter().filter(|&&row| row).count())));
        // In no order of their own.
        let first: Vec<usize> = (0..10).filter(|&i| blocks[0].rows[i]).collect();
        assert_ne!(first, [0, 3, 6, 9]);
    }

    #[test]
    fn what_has_the_rank_is_predicted_and_no_more() {
        let mut next = numbers(3);
        let w: Vec<f64> = (0..40 * 2).map(|_| next()).collect();
        // Every third column has the largest entry of every row, so that nothing lies beyond what was seen.
        let h: Vec<f64> = (0..30 * 2).map(|at| if at % 6 < 2 { 2.0 } else { next() }).collect();
        let x: Matrix<'_, f64> =
            Dense::from_fn(40, 30, |i, j| w[2 * i] * h[2 * j] + w[2 * i + 1] * h[2 * j + 1]).into();
        let error = |rank: usize| {
            let block = Block::new(0, 2, (40, 30), 1);
            let seen = block.of(&x, false, false).unwrap();
            let fit = Nmf::new(rank).unseen(crate::Unseen::Zeros).tol(1e-8).fit(&seen).unwrap();
            let score = block.score(&fit, &x, 1).unwrap();
            assert_eq!(score.entries, 20 * 15);
            score.relative_rmse
        };
        let (few, enough) = (error(1), error(2));
        assert!(20.0 * enough < few && enough < 1e-3, "{few} {enough}");
    }
}
