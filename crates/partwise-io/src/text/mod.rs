//! What the text formats share: lines, and numbers in them.

pub(crate) mod lines;
pub(crate) mod number;
