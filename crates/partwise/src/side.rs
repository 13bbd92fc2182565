//! One factor while it is being fitted: the point the updates start from, what the other side needs of it, and what is kept
//! so that a step can be taken back.

use crate::data::weighted::GroupedSide;
use crate::evaluate::transpose_into;
use crate::factor::Factor;
use crate::group_sums::GroupSums;
use crate::kernels::gram::{ColumnSum, GramSum};
use crate::kernels::kl_newton::PARTS;
use crate::kernels::ratio::Other;
use crate::kernels::weighted::{Rows, Shared};
use crate::par::{Split, cut};
use crate::penalised::Penalised;
use crate::penalty::{Elastic, Term};
use crate::projection::Projection;
use crate::row_terms::Bounds;
use crate::rules::hoyer::Hoyer;
use crate::scalar::Scalar;

/// Per row: loss, penalty.
pub(crate) const TERMS: usize = 2;

/// What the other side needs of a factor besides its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    pub(crate) gram: bool,
    pub(crate) sums: bool,
    pub(crate) columns: bool,
}

/// What is asked of one factor beside the loss, in the units of the run.
pub(crate) struct Asked<T: Scalar> {
    pub(crate) elastic: Elastic,
    pub(crate) terms: Vec<Box<dyn Term<T>>>,
    pub(crate) bounds: Bounds<T>,
    /// The factor stays as it is.
    pub(crate) fixed: bool,
    /// Its components are of a given sparseness.
    pub(crate) sparse: Option<f64>,
}

impl<T: Scalar> Asked<T> {
    /// Nothing but to be non-negative, with an elastic net.
    pub(crate) fn elastic(elastic: Elastic) -> Asked<T> {
        Asked { elastic, terms: Vec::new(), bounds: Bounds::default(), fixed: false, sparse: None }
    }
}

/// One factor with all that belongs to it.
pub(crate) struct Side<T: Scalar> {
    /// The point: the other side sees it, and updates start from it.
    pub(crate) factor: Factor<T>,
    /// The last iterate before it was extrapolated.
    pub(crate) previous: Option<Factor<T>>,
    /// The last accepted point.
    pub(crate) backup: Option<Factor<T>>,
    /// A row of memory per row, for rules that want it.
    pub(crate) state: Vec<T>,
    /// A curvature per row, for rules that keep it.
    curvatures: Curvatures,
    pub(crate) elastic: Elastic,
    pub(crate) bounds: Bounds<T>,
    pub(crate) fixed: bool,
    /// The rule of a factor whose components are of a given sparseness, and room for its cross product.
    pub(crate) sparse: Option<(Hoyer<T>, Vec<T>)>,
    /// Penalties beside the elastic net.
    pub(crate) penalised: Option<Penalised<T>>,
    pub(crate) terms: Vec<f64>,
    wants: Wants,
    /// What the other side meets, if that is not the factor itself: rows mixed with their mean (nsNMF).
    smoothed: Option<(f64, Factor<T>)>,
    /// What the other side's products meet in place of that, where X is given by few directions.
    pub(crate) projection: Option<Projection<T>>,
    /// Weights that the rows of the other side share for these rows, with room for the weighted rows.
    weights: Option<(Vec<T>, Factor<T>)>,
    /// What groups of rows of the other side keep of these rows.
    kept: Option<GroupSums<T>>,
    gram_sum: GramSum,
    /// `FᵀF`, weighted, of what the other side meets; in `f64` and in the precision of the run.
    pub(crate) gram: Vec<f64>,
    pub(crate) gram_t: Vec<T>,
    column_sum: ColumnSum,
    /// Column sums, likewise.
    pub(crate) sums: Vec<f64>,
    pub(crate) sums_t: Vec<T>,
    /// The transpose, `(rank, columns_stride)`.
    pub(crate) columns: Vec<T>,
    pub(crate) columns_stride: usize,
}

impl<T: Scalar> Side<T> {
    /// `joint` if there are penalties that belong to both sides.
    pub(crate) fn new(
        factor: Factor<T>,
        asked: Asked<T>,
        wants: Wants,
        has_state: bool,
        joint: bool,
    ) -> Side<T> {
        let (rows, stride) = (factor.rows(), factor.stride());
        let columns_stride = if wants.columns { rows.next_multiple_of(PARTS) } else { 0 };
        let Asked { elastic, terms, bounds, fixed, sparse } = asked;
        Side {
            state: if has_state { vec![T::ZERO; rows * stride] } else { Vec::new() },
            terms: vec![0.0; rows * TERMS],
            gram_sum: GramSum::new::<T>(rows, stride),
            gram: vec![0.0; stride * stride],
            gram_t: vec![T::ZERO; stride * stride],
            column_sum: ColumnSum::new(rows, stride),
            sums: vec![0.0; stride],
            sums_t: vec![T::ZERO; stride],
            columns: vec![T::ZERO; factor.rank() * columns_stride],
            columns_stride,
            previous: None,
            backup: None,
            penalised: (joint || !terms.is_empty()).then(|| Penalised::new(rows, factor.rank(), terms)),
            curvatures: Curvatures::default(),
            sparse: sparse.map(|s| (Hoyer::new(rows, factor.rank(), s), vec![T::ZERO; rows * stride])),
            smoothed: None,
            projection: None,
            weights: None,
            kept: None,
            elastic,
            bounds,
            fixed,
            wants,
            factor,
        }
    }

    /// From now on rows keep curvatures of so many numbers.
    pub(crate) fn keep_curvatures(&mut self, stride: usize) {
        let rows = self.factor.rows();
        self.curvatures = Curvatures::new(rows, stride);
    }

    /// How many half-steps there were with curvatures, this one included.
    pub(crate) fn next_turn(&mut self) -> usize {
        self.curvatures.turn += 1;
        self.curvatures.turn
    }

    /// From now on the other side meets rows that are mixed with their mean by this share.
    pub(crate) fn smooth(&mut self, by: f64) {
        self.smoothed = (by > 0.0).then(|| (by, self.factor.clone()));
    }

    /// From now on what the rows of the other side share is weighted by these, and groups of them lack what a mask holds out.
    pub(crate) fn weigh(&mut self, by: Option<&[T]>, mask: Option<GroupedSide<'_>>) {
        self.weights = by.map(|by| (by.to_vec(), self.factor.clone()));
        let (stride, wants) = (self.factor.stride(), (self.wants.gram, self.wants.sums));
        self.kept = mask.map(|mask| GroupSums::new(mask, stride, wants));
    }

    /// Whether the other side meets other rows than the factor's.
    pub(crate) fn is_smoothed(&self) -> bool {
        self.smoothed.is_some()
    }

    /// What the other side meets.
    pub(crate) fn seen(&self) -> &Factor<T> {
        self.smoothed.as_ref().map_or(&self.factor, |(_, factor)| factor)
    }

    /// What the products of the other side meet.
    pub(crate) fn met(&self) -> &Factor<T> {
        self.projection.as_ref().map_or(self.seen(), Projection::met)
    }

    /// The same, for rows of the other side that have weights.
    pub(crate) fn shared(&self) -> Shared<'_, T> {
        let seen = self.seen();
        let rows = Rows { data: seen.padded_rows(), stride: seen.stride(), rank: seen.rank() };
        let (kept_grams, kept_sums) = GroupSums::of(&self.kept);
        Shared { rows, gram: &self.gram_t, sums: &self.sums_t, kept_grams, kept_sums }
    }

    /// Brings what the other side needs up to date with the point.
    pub(crate) fn prepare(&mut self) {
        if let Some((by, factor)) = &mut self.smoothed {
            smooth(&self.factor, *by, factor);
        }
        let seen = self.smoothed.as_ref().map_or(&self.factor, |(_, factor)| factor);
        let weights = &mut self.weights;
        if self.wants.gram {
            let seen = weighed(seen, weights, |v| v.sqrt());
            self.gram_sum.compute(seen, &mut self.gram);
            if let Some(kept) = &mut self.kept {
                kept.compute_grams(seen);
            }
            for (to, &from) in self.gram_t.iter_mut().zip(&self.gram) {
                *to = T::from_f64(from);
            }
        }
        if self.wants.sums {
            let seen = weighed(seen, weights, |v| v);
            self.column_sum.compute(seen, &mut self.sums);
            if let Some(kept) = &mut self.kept {
                kept.compute_sums(seen);
            }
            for (to, &from) in self.sums_t.iter_mut().zip(&self.sums) {
                *to = T::from_f64(from);
            }
        }
        transpose_into(seen, &mut self.columns, self.columns_stride);
    }

    /// Both layouts of its rows, for the sums of a divergence.
    pub(crate) fn panel(&self) -> Other<'_, T> {
        let seen = self.seen();
        Other {
            rows: seen.padded_rows(),
            stride: seen.stride(),
            rank: seen.rank(),
            columns: &self.columns,
            columns_stride: self.columns_stride,
        }
    }

    /// The parts of its rows that an update writes.
    pub(crate) fn rows_mut(&mut self) -> RowsMut<'_, T> {
        let stride = self.factor.stride();
        RowsMut {
            stride,
            factor: self.factor.padded_rows_mut(),
            previous: self.previous.as_mut().map_or(&mut [], |f| f.padded_rows_mut()),
            backup: self.backup.as_mut().map_or(&mut [], |f| f.padded_rows_mut()),
            state: &mut self.state,
            curvatures: self.curvatures.kept(),
            terms: &mut self.terms,
            sums: &mut [],
            chunk: usize::MAX,
            per_chunk: 0,
        }
    }
}

/// The rows of a factor, each times a function of its weight, if there are weights.
pub(crate) fn weighed<'f, T: Scalar>(
    factor: &'f Factor<T>,
    weights: &'f mut Option<(Vec<T>, Factor<T>)>,
    f: impl Fn(T) -> T,
) -> &'f Factor<T> {
    let Some((weights, times)) = weights else { return factor };
    for (i, &v) in weights.iter().enumerate() {
        let v = f(v);
        times.row_mut(i).iter_mut().zip(factor.row(i)).for_each(|(to, &x)| *to = v * x);
    }
    times
}

/// `(1 - by) f + by mean(f)` for every row f: `F S` with the S of non-smooth NMF.
pub(crate) fn smooth<T: Scalar>(from: &Factor<T>, by: f64, to: &mut Factor<T>) {
    let (keep, share) = (T::from_f64(1.0 - by), T::from_f64(by / from.rank() as f64));
    for i in 0..from.rows() {
        let row = from.row(i);
        let sum: T = row.iter().copied().sum();
        to.row_mut(i).iter_mut().zip(row).for_each(|(to, &x)| *to = keep * x + share * sum);
    }
}

/// Curvatures of rows as they were last computed: numbers in single precision, and what they are multiplied by; 0 where
/// there is none yet, or none that is any good.
#[derive(Default)]
pub(crate) struct Curvatures {
    stride: usize,
    data: Vec<f32>,
    scales: Vec<f64>,
    /// Half-steps so far.
    turn: usize,
}

impl Curvatures {
    pub(crate) fn new(rows: usize, stride: usize) -> Curvatures {
        Curvatures { stride, data: vec![0.0; rows * stride], scales: vec![0.0; rows], turn: 0 }
    }

    pub(crate) fn kept(&mut self) -> Kept<'_> {
        Kept { stride: self.stride, data: &mut self.data, scales: &mut self.scales }
    }
}

/// The curvatures of consecutive rows.
pub(crate) struct Kept<'a> {
    pub(crate) stride: usize,
    pub(crate) data: &'a mut [f32],
    pub(crate) scales: &'a mut [f64],
}

impl<'a> Kept<'a> {
    /// Whether there is room for the curvatures of rows.
    pub(crate) fn has_room(&self) -> bool {
        self.stride > 0
    }

    /// Whether there is none yet of this row that is any good.
    pub(crate) fn lacks(&self, row: usize) -> bool {
        self.scales[row] == 0.0
    }

    pub(crate) fn forget(&mut self, row: usize) {
        self.scales[row] = 0.0;
    }

    fn split_at(self, rows: usize) -> (Kept<'a>, Kept<'a>) {
        let (data, scales) = (cut(self.data, rows * self.stride), cut(self.scales, rows));
        let kept = |data, scales| Kept { stride: self.stride, data, scales };
        (kept(data.0, scales.0), kept(data.1, scales.1))
    }
}

/// Consecutive rows of a side while they are updated; a part that the run does not use is empty.
pub(crate) struct RowsMut<'a, T> {
    pub(crate) stride: usize,
    pub(crate) factor: &'a mut [T],
    pub(crate) previous: &'a mut [T],
    pub(crate) backup: &'a mut [T],
    pub(crate) state: &'a mut [T],
    pub(crate) curvatures: Kept<'a>,
    pub(crate) terms: &'a mut [f64],
    /// One sum of `per_chunk` numbers for every `chunk` rows.
    pub(crate) sums: &'a mut [T],
    pub(crate) chunk: usize,
    pub(crate) per_chunk: usize,
}

impl<T: Scalar> RowsMut<'_, T> {
    /// One row, without the sums of its chunk.
    pub(crate) fn one(&mut self, r: usize) -> RowsMut<'_, T> {
        let whole = RowsMut {
            stride: self.stride,
            factor: self.factor,
            previous: self.previous,
            backup: self.backup,
            state: self.state,
            curvatures: Kept {
                stride: self.curvatures.stride,
                data: self.curvatures.data,
                scales: self.curvatures.scales,
            },
            terms: self.terms,
            sums: &mut [],
            chunk: self.chunk,
            per_chunk: 0,
        };
        whole.split_at(r).1.split_at(1).0
    }
}

impl<T: Scalar> Split for RowsMut<'_, T> {
    fn rows(&self) -> usize {
        self.factor.len() / self.stride
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let at = rows * self.stride;
        let (factor, previous) = (cut(self.factor, at), cut(self.previous, at));
        let (backup, state) = (cut(self.backup, at), cut(self.state, at));
        let terms = cut(self.terms, rows * TERMS);
        let sums = cut(self.sums, rows / self.chunk * self.per_chunk);
        let curvatures = self.curvatures.split_at(rows);
        let RowsMut { stride, chunk, per_chunk, .. } = self;
        (
            RowsMut {
                factor: factor.0,
                previous: previous.0,
                backup: backup.0,
                state: state.0,
                curvatures: curvatures.0,
                terms: terms.0,
                sums: sums.0,
                stride,
                chunk,
                per_chunk,
            },
            RowsMut {
                factor: factor.1,
                previous: previous.1,
                backup: backup.1,
                state: state.1,
                curvatures: curvatures.1,
                terms: terms.1,
                sums: sums.1,
                stride,
                chunk,
                per_chunk,
            },
        )
    }
}
