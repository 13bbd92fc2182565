//! X of which not every entry counts, or not every one as much: missing entries, masks, weights, uncertainties, entries
//! that are held out.
//!
//! The weight of an entry is a product, `v_ij = entry_ij row_i column_j`, and 0 for what is missing or held out. The loss
//! becomes `sum over i, j of v_ij d(x_ij | y_ij)`: nothing is ever filled in. What an entry of weight 0 holds in X is
//! never looked at.

mod check;
mod count;
mod grouped;
mod hold_out;
mod listed;
mod row;

pub(crate) use count::Count;
pub(crate) use grouped::{Grouped, GroupedSide};
pub use hold_out::HoldOut;
pub(crate) use row::{RowEntries, RowRoom, WeightedView};

use super::facts::{exponent, scale_up};
use super::{Dense, Matrix, Sparse};
use crate::error::{Error, Result};
use crate::names::names;
use crate::scalar::Scalar;
use listed::Listed;
use std::sync::Arc;

names! {
    /// What an absent number means.
    Missing, "missing", {
        /// Nothing is missing: NaN is an error, and what a sparse matrix does not store is zero.
        None = "none",
        /// NaN is a missing entry.
        Nan = "nan" | "na",
        /// What a sparse matrix does not store is missing (ratings), and so is NaN.
        Absent = "absent",
    }
}

/// Which entries of X count, and how much.
///
/// ```
/// use partwise::{Dense, Matrix, Missing, Nmf, Weights};
///
/// let nan = f64::NAN;
/// let x: Matrix<f64> = Dense::from_vec(3, 3, vec![1.0, 2.0, nan, 2.0, nan, 6.0, 3.0, 6.0, 9.0])?.into();
/// let x = x.weighted(Weights::new().missing(Missing::Nan))?;
/// let fit = Nmf::new(1).fit(&x)?;
/// let whole = fit.inverse_transform(&fit.w);
/// assert!((whole[2] - 3.0).abs() < 1e-6 && (whole[4] - 4.0).abs() < 1e-6);
/// # Ok::<(), partwise::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Weights<'a, T: Scalar> {
    /// Weights, and what they were given as.
    entries: Vec<(Matrix<'a, T>, GivenAs)>,
    rows: Option<Vec<T>>,
    cols: Option<Vec<T>>,
    hold_out: Option<HoldOut>,
    missing: Missing,
    /// All weights are meant times `2^power`.
    power: i32,
}

/// What weights of entries were given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenAs {
    Weights,
    Uncertainties,
}

impl GivenAs {
    fn refuse<T>(self, value: f64, row: usize, col: usize) -> Result<T> {
        let (what, needs) = match self {
            GivenAs::Weights => {
                ("weight", "weights are finite numbers >= 0; 0 is for entries that do not count")
            }
            GivenAs::Uncertainties => {
                ("uncertainty", "uncertainties are positive numbers; inf leaves an entry out")
            }
        };
        Err(Error::BadWeight { what, value, row, col, needs })
    }
}

impl<'a, T: Scalar> Weights<'a, T> {
    /// Every entry counts once.
    pub fn new() -> Weights<'a, T> {
        Weights {
            entries: Vec::new(),
            rows: None,
            cols: None,
            hold_out: None,
            missing: Missing::None,
            power: 0,
        }
    }

    /// A weight for every entry, `(m, n)`, or a mask with 1 where an entry is observed. Of a sparse matrix, what it does
    /// not store has weight 0, and only the stored entries are ever visited. Given twice, the product counts. Where an
    /// entry does not count anyway, its weight may be NaN.
    #[must_use]
    pub fn entries(mut self, weights: impl Into<Matrix<'a, T>>) -> Self {
        self.entries.push((weights.into(), GivenAs::Weights));
        self
    }

    /// The standard deviation of every entry, `(m, n)`: weights are `1 / sigma²`, so that the Frobenius loss is half of
    /// chi² (the Q of positive matrix factorization, Paatero & Tapper 1994). An infinite one is weight 0, and so is NaN for
    /// an entry that does not count anyway; for another, it is refused when X gets these weights.
    ///
    /// # Errors
    /// [`Error::BadWeight`] for an uncertainty that is not positive.
    pub fn uncertainties(mut self, sigma: &Matrix<'_, T>) -> Result<Self> {
        let (m, n) = (sigma.rows(), sigma.cols());
        let values = sigma.to_row_major();
        if let Some(at) = values.iter().position(|s| *s <= T::ZERO) {
            return GivenAs::Uncertainties.refuse(values[at].to_f64(), at / n, at % n);
        }
        // The smallest one is the unit: 1 / sigma² itself may be out of range.
        let e = exponent(values.iter().fold(f64::INFINITY, |m, s| m.min(s.to_f64())));
        let squared = |s: &T| T::from_f64((scale_up(1.0, e) / s.to_f64()).powi(2));
        let weights = Dense::from_vec(m, n, values.iter().map(squared).collect())?;
        self.power -= 2 * e;
        self.entries.push((weights.into(), GivenAs::Uncertainties));
        Ok(self)
    }

    /// A weight for every row (sample).
    #[must_use]
    pub fn rows(mut self, weights: Vec<T>) -> Self {
        self.rows = Some(weights);
        self
    }

    /// A weight for every column (feature).
    #[must_use]
    pub fn cols(mut self, weights: Vec<T>) -> Self {
        self.cols = Some(weights);
        self
    }

    /// Leaves entries out that are to be predicted.
    #[must_use]
    pub fn hold_out(mut self, mask: HoldOut) -> Self {
        self.hold_out = Some(mask);
        self
    }

    /// What an absent number means.
    #[must_use]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// Whether every entry counts once.
    pub fn is_none(&self) -> bool {
        self.entries.is_empty()
            && self.rows.is_none()
            && self.cols.is_none()
            && self.hold_out.is_none()
            && self.missing == Missing::None
    }
}

impl<T: Scalar> Default for Weights<'_, T> {
    fn default() -> Self {
        Weights::new()
    }
}

/// X with weights.
#[derive(Debug, Clone)]
pub struct Weighted<'a, T: Scalar> {
    form: Form<'a, T>,
    rows: Option<Vec<T>>,
    cols: Option<Vec<T>>,
    hold_out: Option<HoldOut>,
    /// What there is to know of a mask in groups.
    grouped: Option<Arc<Grouped>>,
    /// Whether rows and columns have changed places since the mask was given.
    turned: bool,
    /// Whether NaN is a missing entry.
    nan: bool,
    /// Weights of entries are divided by `2^near`, so that the largest is near 1 ...
    near: i32,
    /// ... and a loss with these weights is to be multiplied by `2^power`.
    power: i32,
}

/// Which entries can count.
#[derive(Debug, Clone)]
enum Form<'a, T: Scalar> {
    /// All of them.
    Dense { x: Dense<'a, T>, entries: Option<Dense<'a, T>> },
    /// All of them; those that are not stored are zeros.
    Sparse { x: Sparse<T>, entries: Option<Dense<'a, T>> },
    /// The listed ones.
    Listed(Listed<T>),
}

/// Products of weights beyond `2^-FAR ..= 2^FAR` are brought back by a power of two.
const FAR: i32 = 40;

impl<'a, T: Scalar> Weighted<'a, T> {
    /// X of `(rows, cols)` with nothing but the entries of a list, in any order; zeros among them are data. For ratings:
    /// what is not listed is missing.
    ///
    /// # Errors
    /// [`Error::SparseStructure`] if the arrays differ in length, an index is outside the shape, or an entry is listed twice.
    pub fn observed(
        rows: usize,
        cols: usize,
        row_indices: &[u32],
        col_indices: &[u32],
        values: &[T],
    ) -> Result<Weighted<'static, T>> {
        let listed = Listed::from_coo(rows, cols, row_indices, col_indices, values)?;
        Ok(Weighted { nan: true, ..Weighted::plain(Form::Listed(listed)) })
    }

    fn plain(form: Form<'a, T>) -> Self {
        Weighted {
            form,
            rows: None,
            cols: None,
            hold_out: None,
            grouped: None,
            turned: false,
            nan: false,
            near: 0,
            power: 0,
        }
    }

    /// Puts X and its weights together.
    pub(super) fn new(x: Matrix<'a, T>, weights: Weights<'a, T>) -> Result<Weighted<'a, T>> {
        weights.check(x.rows(), x.cols())?;
        let Weights { entries, rows, cols, hold_out, missing, power } = weights;
        let mut weighted = match x {
            Matrix::Dense(_) if missing == Missing::Absent => {
                return Err(Error::Unsupported {
                    asked: "missing = absent for a dense X".into(),
                    why: "a dense matrix has a number everywhere".into(),
                    instead: "use missing = nan with NaN for what is missing, or give X in a sparse format"
                        .into(),
                });
            }
            Matrix::Dense(x) => Weighted::plain(Form::Dense { x, entries: None }),
            Matrix::Sparse(x) if missing == Missing::Absent => {
                Weighted::plain(Form::Listed(Listed::stored(&x)))
            }
            Matrix::Sparse(x) => Weighted::plain(Form::Sparse { x, entries: None }),
            Matrix::Weighted(x) => *x,
        };
        weighted.nan |= missing != Missing::None;
        weighted.rows = product(weighted.rows, rows);
        weighted.cols = product(weighted.cols, cols);
        for (more, given) in entries {
            let more = weighted.known(more, given)?;
            weighted.form = weighted.form.times(more)?;
        }
        if let Some(mask) = hold_out {
            if weighted.hold_out.is_some() {
                return Err(Error::Unsupported {
                    asked: "a second mask of entries that are held out".into(),
                    why: "X has one already".into(),
                    instead: "give the second one as weights of 0 and 1".into(),
                });
            }
            weighted = weighted.with_hold_out(mask);
        }
        weighted.power += power;
        weighted.bring_near();
        Ok(weighted)
    }

    /// Weights with 0 for NaN, which is refused if the entry counts so far.
    fn known(&self, weights: Matrix<'a, T>, given: GivenAs) -> Result<Matrix<'a, T>> {
        let (mut unknown, mut wrong) = (false, None);
        each(&weights, |i, j, v| {
            if v.is_nan() {
                unknown = true;
                wrong = wrong.or_else(|| self.counts(i, j).then_some((i, j)));
            }
        });
        match (wrong, weights) {
            (Some((i, j)), _) => given.refuse(f64::NAN, i, j),
            (None, Matrix::Dense(v)) if unknown => {
                Ok(v.mapped(|v| if v.is_nan() { T::ZERO } else { v }).into())
            }
            // Of a list, only what is positive remains.
            (None, weights) => Ok(weights),
        }
    }

    /// Whether an entry counts, but for those that are held out: these are to be judged, with their weights.
    fn counts(&self, i: usize, j: usize) -> bool {
        let line = |values: &Option<Vec<T>>, at: usize| values.as_ref().is_none_or(|v| v[at] > T::ZERO);
        let weight = |entries: &Option<Dense<'_, T>>| entries.as_ref().map_or(T::ONE, |v| v.get(i, j));
        let (x, entry) = match &self.form {
            Form::Dense { x, entries } => (x.get(i, j), weight(entries)),
            Form::Sparse { x, entries } => (x.get(i, j), weight(entries)),
            Form::Listed(x) => x.get(i, j).unwrap_or((T::ZERO, T::ZERO)),
        };
        entry > T::ZERO && !(self.nan && x.is_nan()) && line(&self.rows, i) && line(&self.cols, j)
    }

    /// Chooses the units of the weights.
    fn bring_near(&mut self) {
        let far = |largest: f64| Some(exponent(largest)).filter(|e| e.abs() > FAR).unwrap_or(0);
        for lines in [&mut self.rows, &mut self.cols].into_iter().flatten() {
            let e = far(lines.iter().fold(0.0, |m: f64, v| m.max(v.to_f64())));
            lines.iter_mut().for_each(|v| *v = T::from_f64(scale_up(v.to_f64(), -e)));
            self.power += e;
        }
        let e = self.form.largest_weight().map_or(0, far);
        self.power += e - self.near;
        self.near = e;
    }

    /// `m`.
    pub fn rows(&self) -> usize {
        match &self.form {
            Form::Dense { x, .. } => x.rows(),
            Form::Sparse { x, .. } => x.rows(),
            Form::Listed(x) => x.rows,
        }
    }

    /// `n`.
    pub fn cols(&self) -> usize {
        match &self.form {
            Form::Dense { x, .. } => x.cols(),
            Form::Sparse { x, .. } => x.cols(),
            Form::Listed(x) => x.cols,
        }
    }

    /// Whether X is kept as a sparse matrix or a list.
    pub fn is_sparse(&self) -> bool {
        !matches!(self.form, Form::Dense { .. })
    }

    /// Whether only listed entries are ever visited.
    pub fn is_listed(&self) -> bool {
        matches!(self.form, Form::Listed(_))
    }

    pub(super) fn stored(&self) -> u64 {
        match &self.form {
            Form::Dense { x, .. } => x.rows() as u64 * x.cols() as u64,
            Form::Sparse { x, .. } => x.stored() as u64,
            Form::Listed(x) => x.len() as u64,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        let entries = |entries: &Option<Dense<'_, T>>| entries.as_ref().map_or(0, Dense::bytes);
        match &self.form {
            Form::Dense { x, entries: v } => x.bytes() + entries(v),
            Form::Sparse { x, entries: v } => x.bytes() + entries(v),
            Form::Listed(x) => x.bytes(),
        }
    }

    pub(super) fn transposed(self) -> Weighted<'a, T> {
        let form = match self.form {
            Form::Dense { x, entries } => {
                Form::Dense { x: x.transposed(), entries: entries.map(Dense::transposed) }
            }
            Form::Sparse { x, entries } => {
                Form::Sparse { x: x.transposed(), entries: entries.map(Dense::transposed) }
            }
            Form::Listed(x) => Form::Listed(x.transposed()),
        };
        Weighted { form, rows: self.cols, cols: self.rows, turned: !self.turned, ..self }
    }

    /// The same with other entries.
    fn with_form<'b>(&self, form: Form<'b, T>) -> Weighted<'b, T> {
        let Weighted { hold_out, turned, nan, near, power, .. } = *self;
        Weighted {
            form,
            rows: self.rows.clone(),
            cols: self.cols.clone(),
            hold_out,
            grouped: self.grouped.clone(),
            turned,
            nan,
            near,
            power,
        }
    }

    /// The same, sharing the entries.
    pub(super) fn view(&self) -> Weighted<'_, T> {
        fn seen<'s, T: Scalar>(entries: &'s Option<Dense<'_, T>>) -> Option<Dense<'s, T>> {
            entries.as_ref().map(Dense::view)
        }
        let form = match &self.form {
            Form::Dense { x, entries } => Form::Dense { x: x.view(), entries: seen(entries) },
            Form::Sparse { x, entries } => Form::Sparse { x: x.clone(), entries: seen(entries) },
            Form::Listed(x) => Form::Listed(x.clone()),
        };
        self.with_form(form)
    }

    pub(super) fn has_hold_out(&self) -> bool {
        self.hold_out.is_some()
    }

    /// X with other values for its entries and the same weights, in memory of its own.
    pub(super) fn mapped(&self, f: impl Fn(T) -> T) -> Weighted<'static, T> {
        let owned = |entries: &Option<Dense<'_, T>>| entries.as_ref().map(Dense::owned);
        let form = match &self.form {
            Form::Dense { x, entries } => Form::Dense { x: x.mapped(f), entries: owned(entries) },
            Form::Sparse { x, entries } => Form::Sparse { x: x.mapped(f), entries: owned(entries) },
            Form::Listed(x) => Form::Listed(x.clone().map(|_, _, x, v| Some((f(x), v)))),
        };
        self.with_form(form)
    }

    /// X with a guess for every entry that does not count: the mean of its row times that of its column over that of X. For
    /// starts, which need all entries; only of dense X.
    pub(crate) fn filled(&self) -> Option<Dense<'static, T>> {
        let Form::Dense { x, .. } = &self.form else { return None };
        let (m, n) = (x.rows(), x.cols());
        let mut known = vec![false; m * n];
        let (mut rows, mut cols) = (vec![(0.0, 0.0); m], vec![(0.0, 0.0); n]);
        let mut all = (0.0, 0.0);
        self.for_each(|i, j, x, v| {
            known[i * n + j] = true;
            let (x, v) = (x.to_f64(), v.to_f64());
            for sum in [&mut rows[i], &mut cols[j], &mut all] {
                *sum = (sum.0 + v * x, sum.1 + v);
            }
        });
        let mean = |(sum, weight): (f64, f64)| if weight > 0.0 { sum / weight } else { 0.0 };
        let guess = |i: usize, j: usize| {
            let whole = mean(all);
            if whole > 0.0 { (mean(rows[i]) * mean(cols[j]) / whole).max(0.0) } else { 0.0 }
        };
        Some(Dense::from_fn(
            m,
            n,
            |i, j| if known[i * n + j] { x.get(i, j) } else { T::from_f64(guess(i, j)) },
        ))
    }

    /// What a loss with these weights is to be multiplied by: `2` to the power of this.
    pub(crate) fn power(&self) -> i32 {
        self.power
    }

    /// The same X and weights, but for entries that are held out: `mask` takes the place of the one before.
    #[must_use]
    pub fn with_hold_out(self, mask: HoldOut) -> Weighted<'a, T> {
        let grouped = mask.is_grouped().then(|| Arc::new(Grouped::new(&mask, self.rows(), self.cols())));
        Weighted { hold_out: Some(mask), grouped, turned: false, ..self }
    }

    fn holds_out(&self, i: usize, j: usize) -> bool {
        if let Some(grouped) = &self.grouped {
            return if self.turned { grouped.holds(j, i) } else { grouped.holds(i, j) };
        }
        self.hold_out.is_some_and(|mask| if self.turned { mask.holds(j, i) } else { mask.holds(i, j) })
    }

    /// The same for all entries of a row, or of a column.
    fn for_each_held_out(&self, line: usize, is_column: bool, n: usize, f: impl FnMut(usize)) {
        if let Some(mask) = self.hold_out {
            mask.for_each_of_line(line, is_column != self.turned, n, f);
        }
    }

    /// Those that are not held out.
    fn for_each_kept(&self, line: usize, is_column: bool, n: usize, f: impl FnMut(usize)) {
        if let Some(grouped) = &self.grouped {
            return grouped.side(is_column != self.turned).for_each_of_row(line, false, f);
        }
        if let Some(mask) = self.hold_out {
            mask.inverted().for_each_of_line(line, is_column != self.turned, n, f);
        }
    }

    /// The weight of entry `(i, j)`, given what the entry itself has.
    fn weight(&self, i: usize, j: usize, entry: T) -> f64 {
        let line = |values: &Option<Vec<T>>, at: usize| values.as_ref().map_or(1.0, |v| v[at].to_f64());
        let weight = entry.to_f64() * line(&self.rows, i) * line(&self.cols, j);
        if self.near == 0 { weight } else { scale_up(weight, -self.near) }
    }

    /// Calls `f(i, j, x, weight)` for every entry that counts, row by row.
    pub fn for_each(&self, mut f: impl FnMut(usize, usize, T, T)) {
        let view = WeightedView::of(self, false);
        let mut room: RowRoom<T> = RowRoom::for_views(&[&view]);
        for i in 0..self.rows() {
            let RowEntries { at, x, v, .. } = view.every_entry(i, &mut room);
            for ((&j, &x), &v) in at.iter().zip(x).zip(v) {
                f(i, j as usize, x, v);
            }
        }
    }
}

impl<'a, T: Scalar> Form<'a, T> {
    /// With more weights of entries.
    fn times(self, weights: Matrix<'a, T>) -> Result<Form<'a, T>> {
        let dense = |old: Option<Dense<'a, T>>, more: Dense<'a, T>| match old {
            None => more,
            Some(old) => Dense::from_fn(more.rows(), more.cols(), |i, j| old.get(i, j) * more.get(i, j)),
        };
        Ok(match (self, weights) {
            (Form::Dense { x, entries }, Matrix::Dense(more)) => {
                Form::Dense { x, entries: Some(dense(entries, more)) }
            }
            (Form::Sparse { x, entries }, Matrix::Dense(more)) => {
                Form::Sparse { x, entries: Some(dense(entries, more)) }
            }
            (Form::Listed(x), Matrix::Dense(more)) => {
                Form::Listed(x.map(|i, j, x, v| Some((x, v * more.get(i, j))).filter(|e| e.1 > T::ZERO)))
            }
            (form, Matrix::Sparse(more)) => form.listed_by(Listed::stored(&more), |_, _, v| v),
            (_, Matrix::Weighted(_)) => {
                return Err(Error::Unsupported {
                    asked: "weights that have weights themselves".into(),
                    why: "a weight is a number".into(),
                    instead: "give a dense or a sparse matrix of weights".into(),
                });
            }
        })
    }

    /// Only the listed entries, whose values are weights, remain.
    fn listed_by(self, list: Listed<T>, weight: impl Fn(usize, usize, T) -> T) -> Form<'a, T> {
        let old = |entries: &Option<Dense<'a, T>>, i, j| entries.as_ref().map_or(T::ONE, |v| v.get(i, j));
        let entry = |i: usize, j: usize, given: T| -> Option<(T, T)> {
            let (x, v) = match &self {
                Form::Dense { x, entries } => (x.get(i, j), old(entries, i, j)),
                Form::Sparse { x, entries } => (x.get(i, j), old(entries, i, j)),
                Form::Listed(x) => x.get(i, j)?,
            };
            Some((x, v * weight(i, j, given))).filter(|e| e.1 > T::ZERO)
        };
        Form::Listed(list.map(|i, j, given, _| entry(i, j, given)))
    }

    fn largest_weight(&self) -> Option<f64> {
        let mut largest: Option<f64> = None;
        let mut see = |v: T| largest = Some(largest.unwrap_or(0.0).max(v.to_f64()));
        match self {
            Form::Dense { entries: Some(v), .. } | Form::Sparse { entries: Some(v), .. } => {
                v.for_each_row(|_, row| row.iter().for_each(|&v| see(v)));
            }
            Form::Listed(x) => x.weights().into_iter().flatten().for_each(|&v| see(v)),
            _ => {}
        }
        largest
    }
}

/// Calls `f(i, j, weight)` for every weight that there is.
fn each<T: Scalar>(weights: &Matrix<'_, T>, mut f: impl FnMut(usize, usize, T)) {
    match weights {
        Matrix::Dense(v) => v.for_each_row(|i, row| row.iter().enumerate().for_each(|(j, &v)| f(i, j, v))),
        Matrix::Sparse(v) => v.for_each(f),
        // Refused elsewhere.
        Matrix::Weighted(_) => {}
    }
}

/// The products of two weights of the same lines.
fn product<T: Scalar>(old: Option<Vec<T>>, more: Option<Vec<T>>) -> Option<Vec<T>> {
    match (old, more) {
        (Some(old), Some(more)) => Some(old.into_iter().zip(more).map(|(a, b)| a * b).collect()),
        (old, more) => old.or(more),
    }
}
