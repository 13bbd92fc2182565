//! How well the entries are predicted that a fit has not seen.

use crate::any::Number;
use crate::failure::Failure;
use crate::source::Source;
use partwise::Fit;
use partwise::data::Matrix;
use serde::Serialize;

/// What the library says of entries.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Score {
    /// How many there are.
    pub(crate) entries: u64,
    pub(crate) loss: f64,
    pub(crate) mean_loss: f64,
    /// Root of the mean square of their errors.
    pub(crate) rmse: f64,
    pub(crate) relative_error: f64,
}

/// The score of a fit on the entries that were held out of it; `None` if none were.
pub(crate) fn held_out<T: Number>(
    x: Matrix<'static, T>,
    source: &Source,
    fit: &Fit<T>,
) -> Result<Option<Score>, Failure> {
    let Some(held) = source.counting.hold_out else { return Ok(None) };
    // The mask lies on the file.
    let turn = |x: Matrix<'static, T>| if source.transposed { x.transposed() } else { x };
    let Matrix::Weighted(x) = turn(x) else {
        return Err(Failure::Internal("entries were held out of a matrix that has no weights".into()));
    };
    let rest = turn(Matrix::from(x.with_hold_out(held.mask().inverted())));
    Ok(score(fit, &rest))
}

/// The one place that waits for `Fit::score`.
fn score<T: Number>(_fit: &Fit<T>, _x: &Matrix<'_, T>) -> Option<Score> {
    None
}
