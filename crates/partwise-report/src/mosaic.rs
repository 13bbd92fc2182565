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
    /// Whether a component has its pixels column by column, as in MATLAB and R, and not row by row.
    pub by_columns: bool,
}

impl Size {
    /// Of pixels row by row.
    pub fn new(height: usize, width: usize) -> Size {
        Size { height, width, by_columns: false }
    }

    /// Where in a component the pixel of this row and column is.
    pub fn index(self, y: usize, x: usize) -> usize {
        if self.by_columns { x * self.height + y } else { y * self.width + x }
    }
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
            let size = Size::new(height.trim().parse().ok()?, width.trim().parse().ok()?);
            (size.height > 0 && size.width > 0).then_some(size)
        });
        parsed.ok_or_else(|| format!("'{text}' is not a height and a width such as 19x19"))
    }
}

/// What the numbers of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Shades {
    /// 0 is black, and the largest is white.
    Light,
    /// 0 is white, and the largest is black.
    Ink,
}

/// The largest number, or 0.
fn largest(values: &[f64]) -> f64 {
    values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max)
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
        Mosaic::drawn(components, size, |values| {
            let most = largest(values);
            Box::new(move |v| if most > 0.0 { (v / most).clamp(0.0, 1.0) as f32 } else { 0.0 })
        })
    }

    /// Arranges pictures on one scale, from 0 to the largest entry of the first `scale` of them.
    ///
    /// # Errors
    /// As [`Mosaic::of`].
    pub fn of_pictures<V: AsRef<[f64]>>(
        pictures: &[V],
        size: Size,
        shades: Shades,
        scale: usize,
    ) -> Result<Mosaic, Error> {
        let most = pictures.iter().take(scale).map(|values| largest(values.as_ref())).fold(0.0, f64::max);
        Mosaic::drawn(pictures, size, |_| {
            Box::new(move |v| {
                let share = if most > 0.0 { (v / most).clamp(0.0, 1.0) as f32 } else { 0.0 };
                if shades == Shades::Light { 1.0 - share } else { share }
            })
        })
    }

    /// With the darkness of an entry, for each picture anew.
    fn drawn<V: AsRef<[f64]>>(
        pictures: &[V],
        size: Size,
        pen: impl Fn(&[f64]) -> Box<dyn Fn(f64) -> f32>,
    ) -> Result<Mosaic, Error> {
        let mut tiles = Vec::with_capacity(pictures.len());
        for picture in pictures {
            let values = picture.as_ref();
            if size.height.checked_mul(size.width) != Some(values.len()) {
                return Err(Error::Size { size, entries: values.len() });
            }
            let darkness = pen(values);
            tiles.push(values.iter().map(|&v| darkness(v)).collect());
        }
        let side = (tiles.len() as f64 * size.height as f64 / size.width as f64).sqrt().ceil() as usize;
        Ok(Mosaic { size, across: side.clamp(1, tiles.len().max(1)), tiles })
    }

    /// The same with so many pictures in a row.
    #[must_use]
    pub fn with_across(self, across: usize) -> Mosaic {
        Mosaic { across: across.max(1), ..self }
    }

    /// The same in pictures of at most so many pixels in either direction: squares of pixels become their mean.
    #[must_use]
    pub fn shrunk(self, most: usize) -> Mosaic {
        let Size { height, width, .. } = self.size;
        let step = height.max(width).div_ceil(most.max(1)).max(1);
        if step == 1 {
            return self;
        }
        let size = Size::new(height.div_ceil(step), width.div_ceil(step));
        let shrink = |tile: &Vec<f32>| {
            let mean = |y: usize, x: usize| {
                let rows = step * y..height.min(step * (y + 1));
                let cols = step * x..width.min(step * (x + 1));
                let count = (rows.len() * cols.len()).max(1) as f32;
                let all = rows.flat_map(|y| cols.clone().map(move |x| (y, x)));
                all.filter_map(|(y, x)| tile.get(self.size.index(y, x))).sum::<f32>() / count
            };
            (0..size.height)
                .flat_map(|y| (0..size.width).map(move |x| (y, x)))
                .map(|(y, x)| mean(y, x))
                .collect()
        };
        let tiles = self.tiles.iter().map(shrink).collect();
        Mosaic { size, across: self.across, tiles }
    }

    /// Only the first pictures.
    #[must_use]
    pub fn first(mut self, count: usize) -> Mosaic {
        self.tiles.truncate(count);
        self
    }

    /// How many pictures there are.
    pub fn count(&self) -> usize {
        self.tiles.len()
    }

    /// Rows of pictures.
    pub fn down(&self) -> usize {
        self.tiles.len().div_ceil(self.across)
    }

    /// The darkness of a pixel of the picture in row `down` and column `across`; `None` where there is no picture.
    pub fn darkness(&self, down: usize, across: usize, y: usize, x: usize) -> Option<f32> {
        if across >= self.across || x >= self.size.width || y >= self.size.height {
            return None;
        }
        self.tiles.get(down * self.across + across)?.get(self.size.index(y, x)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_has_its_own_scale() {
        let size = Size::new(1, 2);
        let mosaic = Mosaic::of(&[vec![1e-200, 2e-200], vec![0.0, 0.0], vec![3.0, -1.0]], size).unwrap();
        assert_eq!((mosaic.across, mosaic.down()), (2, 2));
        assert_eq!((mosaic.darkness(0, 0, 0, 0), mosaic.darkness(0, 0, 0, 1)), (Some(0.5), Some(1.0)));
        assert_eq!((mosaic.darkness(0, 1, 0, 0), mosaic.darkness(1, 0, 0, 1)), (Some(0.0), Some(0.0)));
        assert_eq!((mosaic.darkness(1, 1, 0, 0), mosaic.darkness(0, 0, 0, 2)), (None, None));
    }

    #[test]
    fn what_is_not_finite_is_drawn_as_paper_or_ink() {
        let size = Size::new(1, 3);
        let mosaic = Mosaic::of(&[vec![f64::NAN, f64::INFINITY, 2.0]], size).unwrap();
        assert_eq!(mosaic.darkness(0, 0, 0, 1), Some(1.0));
        assert_eq!(mosaic.darkness(0, 0, 0, 2), Some(1.0));
    }

    #[test]
    fn pixels_stand_by_rows_or_by_columns() {
        let values = [vec![0.0, 0.25, 0.5, 0.75, 1.0, 0.5]];
        let by_rows = Mosaic::of(&values, Size::new(2, 3)).unwrap();
        let by_columns = Mosaic::of(&values, Size { by_columns: true, ..Size::new(2, 3) }).unwrap();
        let row =
            |mosaic: &Mosaic, y| (0..3).map(|x| mosaic.darkness(0, 0, y, x).unwrap()).collect::<Vec<_>>();
        assert_eq!((row(&by_rows, 0), row(&by_rows, 1)), (vec![0.0, 0.25, 0.5], vec![0.75, 1.0, 0.5]));
        assert_eq!((row(&by_columns, 0), row(&by_columns, 1)), (vec![0.0, 0.5, 1.0], vec![0.25, 0.75, 0.5]));
        assert_eq!((by_rows.darkness(0, 0, 2, 0), by_columns.darkness(0, 0, 2, 0)), (None, None));
    }

    #[test]
    fn pictures_have_one_scale() {
        let values = [vec![0.0, 2.0], vec![1.0, 9.0]];
        let drawn = |shades| {
            let mosaic = Mosaic::of_pictures(&values, Size::new(1, 2), shades, 1).unwrap().with_across(2);
            [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(at, x)| mosaic.darkness(0, at, 0, x).unwrap())
        };
        assert_eq!(drawn(Shades::Ink), [0.0, 1.0, 0.5, 1.0]);
        assert_eq!(drawn(Shades::Light), [1.0, 0.0, 0.5, 0.0]);
        assert!(Mosaic::of_pictures(&values, Size::new(1, 3), Shades::Ink, 1).is_err());
    }

    #[test]
    fn large_pictures_are_shrunk() {
        let values = [vec![0.0, 0.5, 1.0, 0.5, 1.0, 0.25]];
        let mosaic = Mosaic::of(&values, Size::new(2, 3)).unwrap();
        assert_eq!(mosaic.clone().shrunk(3), mosaic);
        let small = mosaic.shrunk(2);
        assert_eq!(small.size, Size::new(1, 2));
        assert_eq!((small.darkness(0, 0, 0, 0), small.darkness(0, 0, 0, 1)), (Some(0.5), Some(0.625)));
        let by_columns = Mosaic::of(&values, Size { by_columns: true, ..Size::new(2, 3) }).unwrap().shrunk(2);
        assert_eq!(
            (by_columns.darkness(0, 0, 0, 0), by_columns.darkness(0, 0, 0, 1)),
            (Some(0.5), Some(0.625))
        );
        assert_eq!((by_columns.count(), by_columns.first(0).count()), (1, 0));
    }

    #[test]
    fn sizes_are_read_and_checked() {
        assert_eq!("8x9".parse(), Ok(Size::new(8, 9)));
        for bad in ["", "8", "8x", "0x3", "-1x3", "axb", "8x9x2"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        let error = Mosaic::of(&[vec![1.0; 5]], Size::new(2, 3)).unwrap_err().to_string();
        assert_eq!(error, "pictures of 2x3 pixels need components of 6 entries, but these have 5");
        assert!(Mosaic::of(&[vec![1.0; 5]], Size::new(usize::MAX, 3)).is_err());
        assert_eq!(Mosaic::of::<Vec<f64>>(&[], Size::new(2, 3)).unwrap().down(), 0);
    }
}
