//! One picture from its bytes: PNG and JPEG by libraries, whose allocations are counted before they are made.

use super::{Codec, Frame, pnm};
use crate::budget::Budget;
use crate::error::{Error, Place, Result, bytes as in_bytes, shown};
use png::{ColorType, DecodingError, Limits, Transformations};
use std::io::{Cursor, ErrorKind};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Bytes that deflate can make of one, at most.
const DEFLATE: u64 = 1032;
/// Pixels that a byte of a JPEG can stand for, at most: a block takes a bit, and may be stretched 4 times each way.
const JPEG: u64 = 8 * 64 * 16;

/// Grey values of a picture, 0 (black) to 1 (white), row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) frame: Frame,
    pub(super) values: Vec<f32>,
    /// Whether numbers have more than 8 bits.
    pub(super) deep: bool,
    /// Whether it is stored in colour.
    pub(super) colour: bool,
    /// Whether something shines through.
    pub(super) transparent: bool,
    /// Whether there are more pictures in the file, of which this is the first.
    pub(super) more: bool,
}

/// Decodes a picture; memory that it takes on the way is counted in `budget`.
pub(super) fn decode(codec: Codec, bytes: &[u8], at: &Place, budget: &mut Budget) -> Result<Picture> {
    match codec {
        Codec::Png => png(bytes, at, budget),
        Codec::Jpeg => jpeg(bytes, at, budget),
        Codec::Pnm => pnm::decode(bytes, at, budget),
    }
}

/// The size of a picture by its header, and the least memory that it takes to decode it. Nothing is decoded.
pub(super) fn size(codec: Codec, bytes: &[u8], at: &Place, budget: &Budget) -> Result<(Frame, u64)> {
    let (frame, on_the_way) = match codec {
        Codec::Png => {
            let mut decoder = png_decoder(bytes, budget);
            let (frame, raw) = png_size(&mut decoder, bytes, at, budget)?;
            (frame, raw)
        }
        Codec::Jpeg => {
            let (_, frame, components) = jpeg_header(bytes, at)?;
            let pixels = frame.height as u64 * frame.width as u64;
            (frame, pixels.saturating_mul(2 * components + 1))
        }
        Codec::Pnm => (pnm::size(bytes, at)?, 0),
    };
    let values = frame.pixels().unwrap_or(u64::MAX).saturating_mul(size_of::<f32>() as u64);
    Ok((frame, values.saturating_add(on_the_way)))
}

/// Refuses a size that the bytes there are cannot stand for, whatever the header says.
pub(super) fn plausible(frame: Frame, needs: u64, bytes: &[u8], at: &Place) -> Result<()> {
    if frame.height == 0 || frame.width == 0 {
        return Err(Error::Damaged { at: at.clone(), problem: format!("it has {frame} pixels") });
    }
    if needs <= bytes.len() as u64 {
        return Ok(());
    }
    Err(Error::Truncated {
        at: at.clone(),
        expected: format!("{} for {frame} pixels, or more,", in_bytes(needs)),
        found: in_bytes(bytes.len() as u64),
    })
}

/// A vector of zeros that has been counted.
fn zeros(count: u64, budget: &mut Budget) -> Result<Vec<u8>> {
    let mut out = budget.vec::<u8>(count)?;
    out.resize(out.capacity().min(usize::try_from(count).unwrap_or(usize::MAX)), 0);
    Ok(out)
}

type PngDecoder<'b> = png::Decoder<Cursor<&'b [u8]>>;

fn png_decoder<'b>(bytes: &'b [u8], budget: &Budget) -> PngDecoder<'b> {
    let limit = usize::try_from(budget.left()).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: limit });
    // Palettes and fewer than 8 bits become 8 bits, and a transparent colour becomes a channel.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

fn png_error(error: DecodingError, at: &Place, budget: &Budget) -> Error {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Error::Damaged { at: at.clone(), problem: "its data end too early".into() }
        }
        DecodingError::LimitsExceeded => budget.refusal(budget.left().saturating_add(1)),
        error => Error::Damaged { at: at.clone(), problem: shown(error.to_string().as_bytes()) },
    }
}

/// The size by the header, and the bytes of the pixels as they are stored.
fn png_size(decoder: &mut PngDecoder<'_>, bytes: &[u8], at: &Place, budget: &Budget) -> Result<(Frame, u64)> {
    let info = decoder.read_header_info().map_err(|error| png_error(error, at, budget))?;
    let frame = Frame { height: info.height as usize, width: info.width as usize };
    let bits = (info.color_type.samples() * info.bit_depth as usize) as u64;
    let raw = u64::from(info.height).saturating_mul(u64::from(info.width).saturating_mul(bits).div_ceil(8));
    plausible(frame, raw / DEFLATE, bytes, at)?;
    Ok((frame, raw))
}

fn png(bytes: &[u8], at: &Place, budget: &mut Budget) -> Result<Picture> {
    let mut decoder = png_decoder(bytes, budget);
    let (frame, _) = png_size(&mut decoder, bytes, at, budget)?;
    let wrong = |error: DecodingError, budget: &Budget| png_error(error, at, budget);
    let mut reader = decoder.read_info().map_err(|error| wrong(error, budget))?;
    let more = reader.info().is_animated();
    let size = reader.output_buffer_size().map_or(u64::MAX, |size| size as u64);
    let mut data = zeros(size, budget)?;
    let made = reader.next_frame(&mut data).map_err(|error| wrong(error, budget))?;
    let channels = match made.color_type {
        ColorType::Grayscale | ColorType::Indexed => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
    };
    let deep = made.bit_depth == png::BitDepth::Sixteen;
    let depth = if deep { Depth::Two(65535.0) } else { Depth::One(255.0) };
    let mut picture = grey(&data, frame, channels, depth, budget)?;
    picture.more = more;
    Ok(picture)
}

type JpegOf<'b> = JpegDecoder<ZCursor<&'b [u8]>>;

/// What is cut short would otherwise be filled up with grey.
fn jpeg_options() -> DecoderOptions {
    DecoderOptions::default()
        .set_strict_mode(true)
        .set_use_unsafe(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
}

fn jpeg_error(error: &zune_jpeg::errors::DecodeErrors, at: &Place) -> Error {
    Error::Damaged { at: at.clone(), problem: shown(format!("{error:?}").as_bytes()) }
}

/// A decoder that has read the header, the size, and how many components there are.
fn jpeg_header<'b>(bytes: &'b [u8], at: &Place) -> Result<(JpegOf<'b>, Frame, u64)> {
    let wrong = |error| jpeg_error(&error, at);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), jpeg_options());
    decoder.decode_headers().map_err(wrong)?;
    let info = decoder.info().ok_or_else(|| wrong("no header".into()))?;
    let frame = Frame { height: info.height.into(), width: info.width.into() };
    let pixels = frame.height as u64 * frame.width as u64;
    plausible(frame, pixels / JPEG, bytes, at)?;
    Ok((decoder, frame, info.components.into()))
}

fn jpeg(bytes: &[u8], at: &Place, budget: &mut Budget) -> Result<Picture> {
    let (mut decoder, frame, components) = jpeg_header(bytes, at)?;
    let pixels = frame.height as u64 * frame.width as u64;
    // The first component is the grey value already, by the same formula.
    let luma = matches!(decoder.input_colorspace(), Some(ColorSpace::Luma | ColorSpace::YCbCr));
    decoder.set_options(jpeg_options().jpeg_set_out_colorspace(if luma {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    }));
    let channels = if luma { 1 } else { 3 };
    // The decoder keeps coefficients of two bytes for every component.
    budget.charge(pixels.saturating_mul(2 * components))?;
    let mut data = zeros(pixels.saturating_mul(channels), budget)?;
    decoder.decode_into(&mut data).map_err(|error| jpeg_error(&error, at))?;
    let mut picture = grey(&data, frame, channels as usize, Depth::One(255.0), budget)?;
    picture.colour = components > 1;
    Ok(picture)
}

/// Bytes of a number, the first the highest, and what it is at most.
#[derive(Debug, Clone, Copy)]
pub(super) enum Depth {
    One(f64),
    Two(f64),
}

/// Grey values of numbers that stand pixel by pixel: grey, grey and alpha, RGB, or RGB and alpha.
pub(super) fn grey(
    data: &[u8],
    frame: Frame,
    channels: usize,
    depth: Depth,
    budget: &mut Budget,
) -> Result<Picture> {
    let mut values = budget.vec::<f32>(frame.pixels().unwrap_or(u64::MAX))?;
    let mut transparent = false;
    let mut pixel = |numbers: &[f64]| match *numbers {
        [v] => values.push(v as f32),
        [v, a] => values.push(over_white(v, a, &mut transparent)),
        [r, g, b] => values.push(luma(r, g, b) as f32),
        [r, g, b, a] => values.push(over_white(luma(r, g, b), a, &mut transparent)),
        _ => {}
    };
    let mut numbers = [0.0; 4];
    let (size, most) = match depth {
        Depth::One(most) => (1, most),
        Depth::Two(most) => (2, most),
    };
    for bytes in data.chunks_exact(channels * size) {
        for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(size)) {
            let whole = bytes.iter().fold(0, |high, &low| 256 * high + u32::from(low));
            *number = (f64::from(whole) / most).min(1.0);
        }
        pixel(numbers.get(..channels).unwrap_or_default());
    }
    Ok(Picture { frame, values, deep: size == 2, colour: channels > 2, transparent, more: false })
}

/// The share that each colour has in grey, after ITU-R BT.601, as in JPEG and in most programs.
pub(super) const SHARES: [f64; 3] = [0.299, 0.587, 0.114];

pub(super) fn luma(r: f64, g: f64, b: f64) -> f64 {
    let [of_r, of_g, of_b] = SHARES;
    (of_r * r + of_g * g + of_b * b).min(1.0)
}

fn over_white(value: f64, alpha: f64, transparent: &mut bool) -> f32 {
    *transparent |= alpha < 1.0;
    (value * alpha + (1.0 - alpha)) as f32
}
