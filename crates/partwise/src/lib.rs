//! Non-negative matrix factorization: a non-negative X of `(m, n)` is approximated by W of `(m, k)` times H of `(k, n)`,
//! all non-negative, and so "learns the parts of objects" (Lee & Seung 1999).
//!
//! ```
//! use partwise::{Dense, Loss, Nmf};
//!
//! // Three documents over four words: counts, hence the Kullback-Leibler loss.
//! let x = Dense::from_vec(3, 4, vec![3.0, 2.0, 0.0, 0.0, 6.0, 4.0, 1.0, 1.0, 0.0, 0.0, 5.0, 5.0])?;
//! let fit = Nmf::new(2).loss(Loss::KullbackLeibler).fit(&x.into())?;
//! assert!(fit.status.is_converged());
//! println!("error {:.3} after {} iterations", fit.relative_error(), fit.iterations);
//!
//! // The same two parts explain a document that was not there.
//! let new = Dense::from_vec(1, 4, vec![1.0, 1.0, 4.0, 3.0])?;
//! let weights = fit.transform(&new.into())?;
//! assert_eq!((weights.rows(), weights.rank()), (1, 2));
//! # Ok::<(), partwise::Error>(())
//! ```
//!
//! # What can be asked
//! * **Data** ([`Matrix`]): dense with any strides, viewed without a copy; sparse from CSR, CSC or COO.
//! * **Loss** ([`Loss`]): Frobenius, Kullback-Leibler, Itakura-Saito, any beta-divergence.
//! * **Rule** ([`Rule`]), **start** ([`Init`], [`Given`]), penalties, stopping: see [`Spec`], whose fields are the options of
//!   the command line too.
//!
//! # What can be relied on
//! * Factors are finite and non-negative; the objective of every rule but ADMM never rises.
//! * The bits of a result depend on the data, the options and the seed, and on nothing else: not on the number of
//!   threads, the size of blocks, storage by rows or by columns, or AVX2 against AVX-512.
//! * `fit(c X)` is `fit(X)` in other units, for c from 1e-150 to 1e150 (f32: 1e-18 to 1e18): the same iterations for even
//!   powers of two, which leave all digits as they are, and for others as far as their rounding of X allows.
//! * What is reported ([`Fit::relative_error`], [`Fit::kkt_residual`]) is computed from the data and the returned factors
//!   alone, in double precision, without cancellation.
//! * Ending early is a [`Status`], not an error; errors say what, where, and what to do instead.
//!
//! # How it is built
//! `ARCHITECTURE.md` is the map. In short: [`Spec`] (asked) becomes a [`plan::Plan`] (checked and complete); an engine
//! sweeps over both factors with a rule; kernels are the only hot loops.

mod asked;
mod constraint;
pub mod data;
mod engine;
pub mod error;
mod evaluate;
mod extrapolate;
pub mod factor;
pub mod fit;
mod fitter;
mod group_sums;
mod init;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod kernels;
pub mod loss;
mod methods;
mod names;
pub mod nmf;
mod normalize;
mod par;
mod penalised;
pub mod penalty;
pub mod plan;
mod projection;
mod row_terms;
mod rules;
pub mod run;
pub mod scalar;
pub mod select;
mod side;
mod sketch;
pub mod spec;
pub mod start;
mod starts;
pub mod status;
pub mod support;
pub mod timings;
pub mod transform;
mod walk;

pub use data::{Dense, Facts, HoldOut, Matrix, Missing, Sparse, Weighted, Weights};
pub use error::{Error, Result};
pub use factor::Factor;
pub use fit::Fit;
pub use kernels::isa::{Isa, isa};
pub use loss::Loss;
pub use nmf::Nmf;
pub use penalty::{Factors, Penalty, PenaltyKind, Weight};
pub use scalar::Scalar;
pub use spec::{Compress, First, Free, Init, Negatives, Normalize, Rule, Simplex, Spec, Unseen};
pub use start::Given;
pub use status::Status;
pub use timings::Timings;
pub use transform::{Model, RowRules};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
