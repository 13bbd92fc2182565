//! PBM, PGM and PPM, as text (P1 to P3) and as bytes (P4 to P6): a few numbers, and then the pixels.

use super::Frame;
use super::decode::{Depth, Picture, grey, luma, plausible};
use crate::budget::Budget;
use crate::error::{Error, Place, Result, shown};

/// What comes after the magic number.
struct Numbers<'a> {
    rest: &'a [u8],
    at: &'a Place,
}

impl Numbers<'_> {
    /// The next number, after blanks and comments; a single digit for bits, which need no blank between them.
    fn next(&mut self, bit: bool) -> Result<u32> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            match self.rest.strip_prefix(b"#") {
                Some(comment) => {
                    let end = memchr::memchr2(b'\n', b'\r', comment).unwrap_or(comment.len());
                    self.rest = comment.get(end..).unwrap_or_default();
                }
                None => break,
            }
        }
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = if bit { digits.min(1) } else { digits };
        let (number, rest) = self.rest.split_at_checked(digits).unwrap_or_default();
        let number = std::str::from_utf8(number).ok().and_then(|text| text.parse().ok());
        let Some(number) = number else {
            return Err(if self.rest.is_empty() {
                wrong(self.at, "its data end too early".into())
            } else {
                let found = self.rest.get(..20).unwrap_or(self.rest);
                wrong(self.at, format!("a number is needed at {}", shown(found)))
            });
        };
        self.rest = rest;
        Ok(number)
    }
}

fn wrong(at: &Place, problem: String) -> Error {
    Error::Damaged { at: at.clone(), problem }
}

fn above(at: &Place, number: u32, most: u32) -> Error {
    wrong(at, format!("the value {number} is above the largest that its header allows, {most}"))
}

/// The size by the header.
pub(super) fn size(bytes: &[u8], at: &Place) -> Result<Frame> {
    let mut numbers = Numbers { rest: bytes.get(2..).unwrap_or_default(), at };
    let (width, height) = (numbers.next(false)? as usize, numbers.next(false)? as usize);
    let frame = Frame { height, width };
    // Eight pixels a byte, at best.
    plausible(frame, frame.pixels().unwrap_or(u64::MAX).div_ceil(8), numbers.rest, at)?;
    Ok(frame)
}

pub(super) fn decode(bytes: &[u8], at: &Place, budget: &mut Budget) -> Result<Picture> {
    let magic = bytes.get(1).copied().unwrap_or_default();
    let mut numbers = Numbers { rest: bytes.get(2..).unwrap_or_default(), at };
    let (width, height) = (numbers.next(false)? as usize, numbers.next(false)? as usize);
    let frame = Frame { height, width };
    let bits = matches!(magic, b'1' | b'4');
    let most = if bits { 1 } else { numbers.next(false)? };
    if !(1..=65535).contains(&most) {
        return Err(wrong(at, format!("its largest value is given as {most}; 1 to 65535 is possible")));
    }
    let channels = if matches!(magic, b'3' | b'6') { 3 } else { 1 };
    let pixels = frame.pixels().unwrap_or(u64::MAX);
    let count = pixels.saturating_mul(channels as u64);
    let deep = most > 255;
    let depth = if deep { Depth::Two(most.into()) } else { Depth::One(most.into()) };
    match magic {
        b'1'..=b'3' => {
            // A digit each, and a blank between two of them.
            let needs = if bits { count } else { count.saturating_mul(2).saturating_sub(1) };
            plausible(frame, needs, numbers.rest, at)?;
            let mut values = budget.vec::<f32>(pixels)?;
            for _ in 0..pixels {
                let mut colours = [0.0; 3];
                for colour in colours.iter_mut().take(channels) {
                    let number = numbers.next(bits)?;
                    if number > most {
                        return Err(above(at, number, most));
                    }
                    *colour = f64::from(number) / f64::from(most);
                }
                let [r, g, b] = colours;
                values.push(match (bits, channels) {
                    (true, _) => 1.0 - r as f32,
                    (_, 1) => r as f32,
                    _ => luma(r, g, b) as f32,
                });
            }
            let more = !numbers.rest.trim_ascii().is_empty();
            Ok(Picture { frame, values, deep, colour: channels == 3, transparent: false, more })
        }
        b'4' => {
            // One blank, then rows of whole bytes; 1 is ink.
            let data = numbers.rest.get(1..).unwrap_or_default();
            let row = width.div_ceil(8);
            plausible(frame, (row as u64).saturating_mul(height as u64), data, at)?;
            let mut values = budget.vec::<f32>(pixels)?;
            for bytes in data.chunks_exact(row).take(height) {
                let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
                values.extend(bits.take(width).map(|bit| f32::from(1 - bit)));
            }
            let more = data.len() > row.saturating_mul(height);
            Ok(Picture { frame, values, deep: false, colour: false, transparent: false, more })
        }
        _ => {
            let data = numbers.rest.get(1..).unwrap_or_default();
            let needs = count.saturating_mul(if deep { 2 } else { 1 });
            plausible(frame, needs, data, at)?;
            let (own, rest) = data.split_at_checked(needs as usize).unwrap_or((data, &[]));
            let (wide, _) = own.as_chunks::<2>();
            let largest = if deep {
                wide.iter().map(|&number| u32::from(u16::from_be_bytes(number))).max()
            } else {
                own.iter().map(|&number| u32::from(number)).max()
            };
            if let Some(largest) = largest.filter(|&largest| largest > most) {
                return Err(above(at, largest, most));
            }
            let mut picture = grey(own, frame, channels, depth, budget)?;
            picture.more = !rest.is_empty();
            Ok(picture)
        }
    }
}
