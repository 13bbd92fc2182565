//! A mosaic as a greyscale PNG, dark on white as in Lee & Seung (1999), figure 1.

use crate::{Error, Mosaic};

/// White pixels between pictures, and around them.
const GAP: usize = 4;
/// The frame of a picture.
const FRAME: u8 = 200;

/// Encodes a mosaic; every entry becomes a square of `zoom` pixels (at least 1).
///
/// # Errors
/// [`Error::Encoding`] if the picture is too large for the format.
pub fn to_png(mosaic: &Mosaic, zoom: usize) -> Result<Vec<u8>, Error> {
    let zoom = zoom.max(1);
    let (tile_h, tile_w) = (mosaic.size.height * zoom + 2, mosaic.size.width * zoom + 2);
    let width = GAP + mosaic.across * (tile_w + GAP);
    let height = GAP + mosaic.down() * (tile_h + GAP);
    let mut pixels = vec![255u8; width * height];
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        let Some((down, y)) = place(y, tile_h) else { continue };
        for (x, pixel) in row.iter_mut().enumerate() {
            let Some((across, x)) = place(x, tile_w) else { continue };
            if mosaic.darkness(down, across, 0, 0).is_none() {
                continue;
            }
            let framed = y == 0 || x == 0 || y == tile_h - 1 || x == tile_w - 1;
            *pixel = if framed {
                FRAME
            } else {
                mosaic.darkness(down, across, (y - 1) / zoom, (x - 1) / zoom).map_or(255, grey)
            };
        }
    }
    let too_large = |_| Error::Encoding(png::EncodingError::LimitsExceeded);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(
        &mut out,
        u32::try_from(width).map_err(too_large)?,
        u32::try_from(height).map_err(too_large)?,
    );
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(Error::Encoding)?;
    writer.write_image_data(&pixels).map_err(Error::Encoding)?;
    writer.finish().map_err(Error::Encoding)?;
    Ok(out)
}

/// The grey value of a darkness.
pub(crate) fn grey(darkness: f32) -> u8 {
    (255.0 * (1.0 - darkness)).round() as u8
}

/// The tile that a pixel falls on, and where in it.
fn place(at: usize, tile: usize) -> Option<(usize, usize)> {
    let at = at.checked_sub(GAP)?;
    let within = at % (tile + GAP);
    (within < tile).then_some((at / (tile + GAP), within))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Size;

    #[test]
    fn every_entry_is_drawn_where_it_belongs() {
        let size = Size::new(2, 3);
        let mosaic = Mosaic::of(&[vec![0.0, 0.5, 1.0, 0.0, 0.0, 0.0], vec![1.0; 6]], size).unwrap();
        let png = to_png(&mosaic, 5).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (tile_h, tile_w) = (2 * 5 + 2, 3 * 5 + 2);
        assert_eq!(info.width as usize, GAP + 2 * (tile_w + GAP));
        assert_eq!(info.height as usize, GAP + tile_h + GAP);
        let at = |tile: usize, y: usize, x: usize| {
            pixels[(GAP + 1 + y * 5 + 2) * info.width as usize + GAP + tile * (tile_w + GAP) + 1 + x * 5 + 2]
        };
        assert_eq!([at(0, 0, 0), at(0, 0, 1), at(0, 0, 2), at(0, 1, 2)], [255, 128, 0, 255]);
        assert_eq!([at(1, 0, 0), at(1, 1, 2)], [0, 0]);
        assert_eq!((pixels[0], pixels[GAP * info.width as usize + GAP]), (255, FRAME));
    }
}
