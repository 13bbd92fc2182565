//! What a factor may be besides non-negative: bounds, fixed components, rows on the simplex, components of a given
//! sparseness.
//!
//! Rows decouple under all of them but the last, so they are part of the problem of a row ([`Bounds`], [`Frozen`]), or
//! have a rule of their own (`rules/simplex.rs`, `rules/hoyer.rs`).
