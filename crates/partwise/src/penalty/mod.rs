//! Terms that are added to the loss, one file each.

pub mod elastic;

pub use elastic::Elastic;
