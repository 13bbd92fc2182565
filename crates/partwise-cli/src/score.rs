//! How well the entries are predicted that a fit has not seen.

use crate::any::Number;
use crate::failure::Failure;
use crate::source::Source;
use partwise::Fit;
use partwise::data::Matrix;
use partwise::fit::Score;

/// The scores of a fit on the entries that were held out of it, and on those that it saw; `None` if none were held out.
pub(crate) fn held_out<T: Number>(
    x: Matrix<'static, T>,
    source: &Source,
    fit: &Fit<T>,
) -> Result<Option<(Score, Score)>, Failure> {
    let Some(held) = source.counting.hold_out else { return Ok(None) };
    let seen = fit.score(&x)?;
    // The mask lies on the file.
    let turn = |x: Matrix<'static, T>| if source.transposed { x.transposed() } else { x };
    let Matrix::Weighted(x) = turn(x) else {
        return Err(Failure::Internal("entries were held out of a matrix that has no weights".into()));
    };
    let rest = turn(Matrix::from(x.with_hold_out(held.mask().inverted())));
    Ok(Some((fit.score(&rest)?, seen)))
}
