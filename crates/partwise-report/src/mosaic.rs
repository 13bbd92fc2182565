//! Components side by side on one sheet of darkness values.

use crate::Error;
use std::fmt;
use std::str::FromStr;

/// Height and width of one picture, in pixels. Its text form is `19x19`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Size, String> {
        let parsed = text.split_once(['x', 'X']).and_then(|(height, width)| {
            let size = Size { height: height.trim().parse().ok()?, width: width.trim().parse().ok()? };
            (size.height > 0 && size.width > 0).then_some(size)
        });
        parsed.ok_or_else(|| format!("'{text}' is not a height and a width such as 19x19"))
    }
}

/// Pictures in rows and columns; every value is a darkness between 0 (paper) and 1 (ink).
#[derive(Debug, Clone, PartialEq)]
pub struct Mosaic {
    /// Size of one picture.
    pub size: Size,
    /// Pictures in a row.
    pub across: usize,
    tiles: Vec<Vec<f32>>,
}

impl Mosaic {
    /// Arranges components in a sheet that is about as high as it is wide. Each is scaled to its own largest entry, as
    /// the scale of a component is arbitrary.
    ///
    /// # Errors
    /// [`Error::Size`] if a component does not have `height * width` entries.
    pub fn of<V: AsRef<[f64]>>(components: &[V], size: Size) -> Result<Mosaic, Error> {
        let mut tiles = Vec::with_capacity(components.len());
        for component in components {
            let values = component.as_ref();
            if size.height.checked_mul(size.width) != Some(values.len()) {
                return Err(Error::Size { size, entries: values.len() });
            }
            let most = values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
            let darkness = |v: &f64| if most > 0.0 { (v / most).clamp(0.0, 1.0) as f32 } else { 0.0 };
            tiles.push(values.iter().map(darkness).collect());
        }
        let side = (tiles.len() as f64 * size.height as f64 / size.width as f64).sqrt().ceil() as usize;
        Ok(Mosaic { size, across: side.clamp(1, tiles.len().max(1)), tiles })
    }

    /// The same with so many pictures in a row.
    #[must_use]
    pub fn with_across(self, across: usize) -> Mosaic {
        Mosaic { across: across.max(1), ..self }
    }

    /// Rows of pictures.
    pub fn down(&self) -> usize {
        self.tiles.len().div_ceil(self.across)
    }

    /// The darkness of a pixel of the picture in row `down` and column `across`; `None` where there is no picture.
    pub fn darkness(&self, down: usize, across: usize, y: usize, x: usize) -> Option<f32> {
        if across >= self.across || x >= self.size.width {
            return None;
        }
        self.tiles.get(down * self.across + across)?.get(y * self.size.width + x).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_has_its_own_scale() {
        let size = Size { height: 1, width: 2 };
        let mosaic = Mosaic::of(&[vec![1e-200, 2e-200], vec![0.0, 0.0], vec![3.0, -1.0]], size).unwrap();
        assert_eq!((mosaic.across, mosaic.down()), (2, 2));
        assert_eq!((mosaic.darkness(0, 0, 0, 0), mosaic.darkness(0, 0, 0, 1)), (Some(0.5), Some(1.0)));
        assert_eq!((mosaic.darkness(0, 1, 0, 0), mosaic.darkness(1, 0, 0, 1)), (Some(0.0), Some(0.0)));
        assert_eq!((mosaic.darkness(1, 1, 0, 0), mosaic.darkness(0, 0, 0, 2)), (None, None));
    }

    #[test]
    fn what_is_not_finite_is_drawn_as_paper_or_ink() {
        let size = Size { height: 1, width: 3 };
        let mosaic = Mosaic::of(&[vec![f64::NAN, f64::INFINITY, 2.0]], size).unwrap();
        assert_eq!(mosaic.darkness(0, 0, 0, 1), Some(1.0));
        assert_eq!(mosaic.darkness(0, 0, 0, 2), Some(1.0));
    }

    #[test]
    fn sizes_are_read_and_checked() {
        assert_eq!("8x9".parse(), Ok(Size { height: 8, width: 9 }));
        for bad in ["", "8", "8x", "0x3", "-1x3", "axb", "8x9x2"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        let error = Mosaic::of(&[vec![1.0; 5]], Size { height: 2, width: 3 }).unwrap_err().to_string();
        assert_eq!(error, "pictures of 2x3 pixels need components of 6 entries, but these have 5");
        assert!(Mosaic::of(&[vec![1.0; 5]], Size { height: usize::MAX, width: 3 }).is_err());
        assert_eq!(Mosaic::of::<Vec<f64>>(&[], Size { height: 2, width: 3 }).unwrap().down(), 0);
    }
}
