//! 1,797 handwritten digits: NMF finds the strokes that they are made of.

use super::{Show, table};
use crate::failure::Failure;
use partwise::Spec;
use partwise_report::Size;

/// 8 x 8 pixels of 0..16, one row each; see `data/README.md`.
const DIGITS: &[u8] = include_bytes!("../../data/digits.npy.gz");

pub(super) fn show() -> Result<Show, Failure> {
    let mut spec = Spec::default();
    spec.rank = 16;
    Ok(Show {
        table: table("digits.npy.gz", DIGITS)?,
        spec,
        introduction: "1,797 handwritten digits of 8 x 8 pixels, as sums of 16 parts: every digit is a few strokes, \
                       each more or less dark, and nothing is ever subtracted.",
        size: Size::new(8, 8),
        truth: None,
    })
}
