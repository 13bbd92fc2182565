//! What X can be: dense or sparse, and the facts about it that every choice is made from.

mod convert;
pub mod dense;
pub mod facts;
pub mod sparse;
pub(crate) mod sum;
pub(crate) mod view;
pub mod weighted;

pub use dense::Dense;
pub use facts::Facts;
pub use sparse::{Canonical, Sparse, Stored};
pub use weighted::{HoldOut, Missing, Weighted, Weights};

use crate::error::{Error, Result};
use crate::scalar::Scalar;
use facts::scale_up;

/// The data matrix X, `(m, n)`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Matrix<'a, T: Scalar> {
    /// All entries.
    Dense(Dense<'a, T>),
    /// The entries that are not zero.
    Sparse(Sparse<T>),
    /// Either of them, with weights or missing entries; made by [`Matrix::weighted`].
    Weighted(Box<Weighted<'a, T>>),
}

impl<'a, T: Scalar> Matrix<'a, T> {
    /// `m`.
    pub fn rows(&self) -> usize {
        match self {
            Matrix::Dense(x) => x.rows(),
            Matrix::Sparse(x) => x.rows(),
            Matrix::Weighted(x) => x.rows(),
        }
    }

    /// `n`.
    pub fn cols(&self) -> usize {
        match self {
            Matrix::Dense(x) => x.cols(),
            Matrix::Sparse(x) => x.cols(),
            Matrix::Weighted(x) => x.cols(),
        }
    }

    /// Whether zeros are left out.
    pub fn is_sparse(&self) -> bool {
        match self {
            Matrix::Dense(_) => false,
            Matrix::Sparse(_) => true,
            Matrix::Weighted(x) => x.is_sparse(),
        }
    }

    /// Entries kept in memory: all of a dense matrix, the non-zeros of a sparse one.
    pub fn stored(&self) -> u64 {
        match self {
            Matrix::Dense(x) => x.rows() as u64 * x.cols() as u64,
            Matrix::Sparse(x) => x.stored() as u64,
            Matrix::Weighted(x) => x.stored(),
        }
    }

    /// Bytes of the entries, with their indices.
    pub fn bytes(&self) -> u64 {
        match self {
            Matrix::Dense(x) => x.bytes(),
            Matrix::Sparse(x) => x.bytes(),
            Matrix::Weighted(x) => x.bytes(),
        }
    }

    /// The transpose, without moving a number.
    pub fn transposed(self) -> Matrix<'a, T> {
        match self {
            Matrix::Dense(x) => Matrix::Dense(x.transposed()),
            Matrix::Sparse(x) => Matrix::Sparse(x.transposed()),
            Matrix::Weighted(x) => Matrix::Weighted(Box::new(x.transposed())),
        }
    }

    /// The same matrix, without moving a number: a view of dense entries, and a share in those of a sparse matrix or list.
    pub fn view(&self) -> Matrix<'_, T> {
        match self {
            Matrix::Dense(x) => Matrix::Dense(x.view()),
            Matrix::Sparse(x) => Matrix::Sparse(x.clone()),
            Matrix::Weighted(x) => Matrix::Weighted(Box::new(x.view())),
        }
    }

    /// X without the entries that a mask holds out: what a fit is to see of it. Other entries count as they did.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if entries are held out of X already.
    pub fn without(self, mask: HoldOut) -> Result<Matrix<'a, T>> {
        match self {
            Matrix::Weighted(x) if x.has_hold_out() => Err(Error::Unsupported {
                asked: "holding entries out of X twice".into(),
                why: "some of its entries are held out already".into(),
                instead: "give X without that mask".into(),
            }),
            Matrix::Weighted(x) => Ok(Matrix::Weighted(Box::new(x.with_hold_out(mask)))),
            x => x.weighted(Weights::new().hold_out(mask)),
        }
    }

    /// X with weights, or with missing entries.
    ///
    /// # Errors
    /// [`Error::Shape`] for weights of another shape, [`Error::BadWeight`] for
    /// one that is not finite and >= 0, [`Error::Unsupported`] for `missing = absent` of dense X.
    pub fn weighted(self, weights: Weights<'a, T>) -> Result<Matrix<'a, T>> {
        if weights.is_none() {
            return Ok(self);
        }
        Ok(Matrix::Weighted(Box::new(Weighted::new(self, weights)?)))
    }

    /// All entries in row-major order, zeros filled in for what is not stored, and for what does not count.
    pub fn to_row_major(&self) -> Vec<T> {
        let (m, n) = (self.rows(), self.cols());
        let mut out = Vec::with_capacity(m.saturating_mul(n));
        match self {
            Matrix::Dense(x) => x.for_each_row(|_, row| out.extend_from_slice(row)),
            Matrix::Sparse(x) => {
                out.resize(m * n, T::ZERO);
                x.for_each(|i, j, value| out[i * n + j] = value);
            }
            Matrix::Weighted(x) => {
                out.resize(m * n, T::ZERO);
                x.for_each(|i, j, value, _| out[i * n + j] = value);
            }
        }
        out
    }

    /// The matrix with 0 for its negative entries, in memory of its own.
    pub(crate) fn clipped(&self) -> Matrix<'static, T> {
        self.mapped(|x| if x < T::ZERO { T::ZERO } else { x })
    }

    /// The matrix times `2^e`, in memory of its own.
    pub(crate) fn scaled(&self, e: i32) -> Matrix<'static, T> {
        self.mapped(|x| T::from_f64(scale_up(x.to_f64(), e)))
    }

    /// The matrix with other values for its entries, 0 for 0.
    fn mapped(&self, f: impl Fn(T) -> T) -> Matrix<'static, T> {
        match self {
            Matrix::Dense(x) => Matrix::Dense(x.mapped(f)),
            Matrix::Sparse(x) => Matrix::Sparse(x.mapped(f)),
            Matrix::Weighted(x) => Matrix::Weighted(Box::new(x.mapped(f))),
        }
    }
}

impl<'a, T: Scalar> From<Dense<'a, T>> for Matrix<'a, T> {
    fn from(x: Dense<'a, T>) -> Self {
        Matrix::Dense(x)
    }
}

impl<'a, T: Scalar> From<Weighted<'a, T>> for Matrix<'a, T> {
    fn from(x: Weighted<'a, T>) -> Self {
        Matrix::Weighted(Box::new(x))
    }
}

impl<T: Scalar> From<Sparse<T>> for Matrix<'_, T> {
    fn from(x: Sparse<T>) -> Self {
        Matrix::Sparse(x)
    }
}
