//! Faces as D. D. Lee and H. S. Seung (1999), doi:10.1038/44565, prepared, measured and showed them.

use crate::Outcome;
use crate::table::Table;
use nalgebra::DMatrix;
use std::path::Path;

/// Pixels along a side of an image.
pub const SIDE: usize = 19;

/// Every column scaled linearly to mean 0.25 and standard deviation 0.25, then cut off at 0 and 1.
pub fn prepared(x: &Table) -> DMatrix<f64> {
    let mut v = DMatrix::from_row_slice(x.rows, x.cols, &x.values);
    for mut image in v.column_iter_mut() {
        let (mean, deviation) = (image.mean(), image.variance().sqrt());
        image.apply(|p| *p = ((*p - mean) / deviation * 0.25 + 0.25).clamp(0.0, 1.0));
    }
    v
}

/// P. O. Hoyer (2004), "Non-negative matrix factorization with sparseness constraints", JMLR 5, section 3.1:
/// `(sqrt(n) - ||x||_1 / ||x||_2) / (sqrt(n) - 1)`, 0 for a constant vector and 1 for a single entry; mean over columns.
pub fn sparseness(columns: &DMatrix<f64>) -> f64 {
    let root = (columns.nrows() as f64).sqrt();
    let of = |one: f64, two: f64| if two > 0.0 { (root - one / two) / (root - 1.0) } else { 1.0 };
    let sum: f64 = columns.column_iter().map(|c| of(c.iter().map(|x| x.abs()).sum(), c.norm())).sum();
    sum / columns.ncols() as f64
}

/// The share of entries below 1e-4 of the largest of their column.
pub fn near_zero(columns: &DMatrix<f64>) -> f64 {
    let small = |c: nalgebra::DVectorView<'_, f64>| c.iter().filter(|&&x| x < 1e-4 * c.max()).count();
    columns.column_iter().map(small).sum::<usize>() as f64 / columns.len() as f64
}

/// Magnification of a pixel, and width of the lines between images.
const ZOOM: usize = 4;
const LINE: usize = 2;

/// Writes the columns as images in rows of `across`, dark on white, each scaled to its own largest entry.
///
/// Pixels are numbered down the columns of an image, as the data set has them.
///
/// # Errors
/// If the file cannot be written.
pub fn montage(parts: &DMatrix<f64>, across: usize, path: &Path) -> Outcome<()> {
    let cell = SIDE * ZOOM + LINE;
    let down = parts.ncols().div_ceil(across);
    let (width, height) = (across * cell + LINE, down * cell + LINE);
    let mut grey = vec![190u8; width * height];
    for (c, part) in parts.column_iter().enumerate() {
        let largest = part.max();
        let (left, top) = (LINE + c % across * cell, LINE + c / across * cell);
        for y in 0..SIDE * ZOOM {
            for x in 0..SIDE * ZOOM {
                let value = part[x / ZOOM * SIDE + y / ZOOM];
                let ink = if largest > 0.0 { value.max(0.0) / largest } else { 0.0 };
                grey[(top + y) * width + left + x] = (255.0 * (1.0 - ink)).round() as u8;
            }
        }
    }
    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut encoder = png::Encoder::new(file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&grey)?;
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparseness_has_its_ends() {
        let columns = DMatrix::from_row_slice(4, 2, &[1.0, 0.0, 1.0, 0.0, 1.0, 5.0, 1.0, 0.0]);
        assert!((sparseness(&columns) - 0.5).abs() < 1e-12);
        assert_eq!(near_zero(&columns), 3.0 / 8.0);
    }

    #[test]
    fn images_have_the_papers_mean_and_deviation() {
        let v = prepared(&Table::new(4, 1, |i, _| 10.0 + i as f64));
        assert!((v.mean() - 0.25).abs() < 0.05, "only clipping moves it: {}", v.mean());
        assert_eq!(v[(0, 0)], 0.0);
    }
}
