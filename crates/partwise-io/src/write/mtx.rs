//! Matrix Market, `coordinate general`: the entries that are not zero.

use super::for_each_entry;
use super::npy::NpyScalar;
use partwise::data::Matrix;
use std::fmt::Write as _;
use std::io::{self, Write};

pub(super) fn encode<T: NpyScalar>(out: &mut impl Write, x: &Matrix<'_, T>) -> io::Result<()> {
    let (mut entries, mut whole) = (0u64, true);
    for_each_entry(x, |_, _, value| {
        let value = value.to_f64();
        if value != 0.0 {
            entries += 1;
            whole &= value.fract() == 0.0 && value.abs() < 1e15;
        }
    });
    let field = if whole { "integer" } else { "real" };
    writeln!(out, "%%MatrixMarket matrix coordinate {field} general")?;
    writeln!(out, "{} {} {entries}", x.rows(), x.cols())?;
    let mut text = String::with_capacity(1 << 16);
    let mut done = Ok(());
    for_each_entry(x, |i, j, value| {
        if value == T::ZERO || done.is_err() {
            return;
        }
        let _ = write!(text, "{} {} ", i + 1, j + 1);
        value.append_text(&mut text);
        text.push('\n');
        if text.len() >= 1 << 15 {
            done = out.write_all(text.as_bytes());
            text.clear();
        }
    });
    done?;
    out.write_all(text.as_bytes())
}
