//! wip
#![allow(dead_code)]
pub mod data;
pub mod error;
pub mod factor;
pub(crate) mod kernels;
pub mod loss;
pub mod scalar;
pub mod status;
pub use error::{Error, Result};
pub use loss::Loss;
pub use scalar::Scalar;
pub use status::Status;
