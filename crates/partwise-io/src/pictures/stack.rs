//! Pictures in one array: `.npy`, and idx, which is another header for the same numbers.

use super::{Frame, PictureOptions, decode::SHARES};
use crate::budget::Budget;
use crate::error::{Error, Place, Result, count};
use crate::npy::{Array, Descr, Header, fill, trailing};
use crate::real::{Real, too_large};
use std::io::Read;

/// Grey values of all pictures, one after the other.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) count: usize,
    pub(super) frame: Frame,
    pub(super) values: Vec<f32>,
    /// Whether pictures were rows or columns of a matrix, and pixels stand in the order that they had there.
    pub(super) flat: bool,
    pub(super) colour: bool,
    pub(super) stored_as: &'static str,
    /// What 1 was in the file.
    pub(super) most: f64,
    pub(super) note: Option<String>,
}

/// Where the numbers of pictures stand.
struct Layout {
    count: usize,
    frame: Frame,
    channels: usize,
    /// From a picture, a row, a pixel and a colour to the next, in numbers. A picture of a matrix has one row.
    steps: [usize; 4],
    flat: bool,
}

pub(super) fn npy(
    bytes: impl Read,
    size: Option<u64>,
    at: &Place,
    options: &PictureOptions,
    budget: &mut Budget,
) -> Result<Stack> {
    read(Array::open(bytes, at.clone())?, size, options, budget)
}

pub(super) fn idx(
    mut bytes: impl Read,
    size: Option<u64>,
    at: &Place,
    options: &PictureOptions,
    budget: &mut Budget,
) -> Result<Stack> {
    let header = idx_header(&mut bytes, at)?;
    read(Array::after(header, bytes, at.clone())?, size, options, budget)
}

/// Whether bytes start like an idx file: two zeros, a type, and how many dimensions.
pub(super) fn is_idx(head: &[u8]) -> bool {
    matches!(*head, [0, 0, kind, dimensions, ..] if idx_type(kind).is_some() && (1..=8).contains(&dimensions))
}

fn idx_type(kind: u8) -> Option<&'static [u8]> {
    Some(match kind {
        0x08 => b"|u1",
        0x09 => b"|i1",
        0x0B => b">i2",
        0x0C => b">i4",
        0x0D => b">f4",
        0x0E => b">f8",
        _ => return None,
    })
}

fn idx_header(bytes: &mut impl Read, at: &Place) -> Result<Header> {
    let mut magic = [0; 4];
    let got = fill(bytes, &mut magic, at)?;
    let [_, _, kind, dimensions] = magic;
    let descr = idx_type(kind).and_then(Descr::parse).filter(|_| got == 4 && is_idx(&magic));
    let descr = descr.ok_or_else(|| Error::Format {
        at: at.clone(),
        problem: "this is not an idx file".into(),
        instead: "download it again".into(),
    })?;
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let mut size = [0; 4];
        if fill(bytes, &mut size, at)? < 4 {
            return Err(Error::Truncated {
                at: at.clone(),
                expected: count(dimensions.into(), "dimension"),
                found: shape.len().to_string(),
            });
        }
        shape.push(u64::from(u32::from_be_bytes(size)));
    }
    Ok(Header { descr, fortran: false, shape, bytes: 4 + 4 * u64::from(dimensions) })
}

fn read<R: Read>(
    mut array: Array<R>,
    size: Option<u64>,
    options: &PictureOptions,
    budget: &mut Budget,
) -> Result<Stack> {
    let layout = Layout::of(&array.header, options, &array.at)?;
    let left_over = size.map(|size| array.check_size(size)).transpose()?;
    let needed = array.elements.saturating_mul(size_of::<f32>() as u64);
    if needed > budget.left() {
        return Err(budget.refusal(needed));
    }
    let stored_as = array.dtype.name();
    // Wide integers are rarely as large as they could be.
    let most = match stored_as {
        "uint8" => 255.0,
        "uint16" => 65535.0,
        _ => 1.0,
    };
    // Of a stream nobody knows whether it has what its header says.
    let mut values = if size.is_some() { budget.vec::<f32>(array.elements)? } else { Vec::new() };
    let at = array.at.clone();
    array.for_each_chunk(|first, numbers| {
        if let Some((offset, x)) = f32::misfit(numbers) {
            let (problem, _) = too_large(x);
            let problem = format!("{problem}, at number {} of the array", first + offset as u64);
            return Err(Error::Data { at: at.clone(), problem, instead: "scale the pictures".into() });
        }
        budget.grow(&mut values, numbers.len())?;
        values.extend(numbers.iter().map(|&x| (x / most) as f32));
        Ok(())
    })?;
    let note = match left_over {
        Some(0) => None,
        Some(n) => Some(trailing(n)),
        None => match array.left_over(1 << 20)? {
            0 => None,
            n => Some(trailing(n)),
        },
    };
    let values = layout.ordered(values, budget)?;
    let Layout { count, frame, channels, flat, .. } = layout;
    Ok(Stack { count, frame, values, flat, colour: channels > 1, stored_as, most, note })
}

impl Layout {
    fn of(header: &Header, options: &PictureOptions, at: &Place) -> Result<Layout> {
        let wrong = |needs: String| Error::Shape { at: at.clone(), shape: header.shape_text(), needs };
        let shape: Option<Vec<usize>> = header.shape.iter().map(|&n| usize::try_from(n).ok()).collect();
        let shape = shape.unwrap_or_default();
        if shape.contains(&0) {
            return Err(wrong("it has no picture, or pictures without pixels".into()));
        }
        // Numbers from one place of each dimension to the next.
        let step = |axis: usize| -> usize {
            let (before, rest) = shape.split_at_checked(axis).unwrap_or_default();
            let inner = if header.fortran { before } else { rest.get(1..).unwrap_or_default() };
            inner.iter().product()
        };
        match shape.as_slice() {
            &[rows, cols] => {
                let (count, pixels) = if options.transpose { (cols, rows) } else { (rows, cols) };
                let Some(frame) = options.size else {
                    return Err(wrong(
                        "a row for each picture says nothing of height and width; give `size` HxW".into(),
                    ));
                };
                if frame.pixels() != Some(pixels as u64) {
                    let turned = frame.pixels() == Some(count as u64);
                    let instead = match (turned, options.transpose) {
                        (true, false) => "; its columns are pictures: give `transpose`",
                        (true, true) => "; its rows are pictures: leave `transpose` out",
                        _ => "",
                    };
                    let line = if options.transpose { "columns" } else { "rows" };
                    return Err(wrong(format!(
                        "its {line} have {pixels} numbers, and pictures of {frame} pixels {}{instead}",
                        frame.pixels().map_or("too many".into(), |n| n.to_string())
                    )));
                }
                let (of_picture, of_pixel) = if options.transpose { (1, 0) } else { (0, 1) };
                let steps = [step(of_picture), 0, step(of_pixel), 0];
                Ok(Layout { count, frame, channels: 1, steps, flat: true })
            }
            &[count, height, width] => Ok(Layout {
                count,
                frame: Frame { height, width },
                channels: 1,
                steps: [step(0), step(1), step(2), 0],
                flat: false,
            }),
            &[count, height, width, channels @ (1 | 3)] => Ok(Layout {
                count,
                frame: Frame { height, width },
                channels,
                steps: [step(0), step(1), step(2), step(3)],
                flat: false,
            }),
            [_, 1 | 3, _, _] => Err(wrong(
                "colours come last in a stack of pictures; save X.transpose(0, 2, 3, 1)".into(),
            )),
            [_, _, _, 4] => Err(wrong("of four channels the last is no colour; save X[..., :3]".into())),
            [_] => Err(wrong(
                "these are labels or a list of numbers; a stack of pictures is (pictures, height, width)".into(),
            )),
            _ => Err(wrong(
                "a stack of pictures is (pictures, height, width), with a last dimension of 1 or 3 for colours".into(),
            )),
        }
    }

    /// Pictures one after the other, each row by row (of a matrix, as it stands there), in grey.
    fn ordered(&self, values: Vec<f32>, budget: &mut Budget) -> Result<Vec<f32>> {
        let Frame { height, width } = self.frame;
        let (rows, cols) = if self.flat { (1, height * width) } else { (height, width) };
        let [of_picture, of_row, of_pixel, of_colour] = self.steps;
        if self.channels == 1 && of_pixel == 1 && of_picture == rows * cols && (rows == 1 || of_row == cols) {
            return Ok(values);
        }
        let mut out = budget.vec::<f32>((self.count as u64).saturating_mul((rows * cols) as u64))?;
        let number = |at: usize| values.get(at).copied().unwrap_or_default();
        for picture in 0..self.count {
            for row in 0..rows {
                let start = picture * of_picture + row * of_row;
                let pixel = |x: usize| start + x * of_pixel;
                if self.channels == 1 {
                    out.extend((0..cols).map(|x| number(pixel(x))));
                    continue;
                }
                out.extend((0..cols).map(|x| {
                    let of = |(c, share): (usize, &f64)| share * f64::from(number(pixel(x) + c * of_colour));
                    SHARES.iter().enumerate().map(of).sum::<f64>() as f32
                }));
            }
        }
        budget.release(size_of::<f32>() as u64 * values.capacity() as u64);
        Ok(out)
    }
}
