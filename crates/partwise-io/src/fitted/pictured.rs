//! `images.json`: how pictures became rows of X.

use super::{PICTURES, SCHEMA_VERSION, Stored};
use crate::error::{Error, Place, Result, path_name, quoted};
use crate::pictures::{Frame, GREY, PictureOptions};
use serde::{Deserialize, Serialize};

/// Transparent pixels, as `images.json` has them.
const TRANSPARENT: &str = "on white";
/// Values, as `images.json` has them.
const SCALE: &str = "black to white as 0 to 1; arrays of uint8 / 255, of uint16 / 65535, others as they are";

/// In which order the pixels of a picture stand in a row of X.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)]
pub enum PixelOrder {
    /// Row by row.
    Rows,
    /// Column by column.
    Columns,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pictured {
    schema_version: u32,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// In which order they stand.
    pub order: PixelOrder,
    /// Whether 1 is black.
    pub invert: bool,
    /// Whether pictures of other sizes are resized.
    pub resize: bool,
    grey: String,
    transparent: String,
    scale: String,
}

impl Pictured {
    /// Of pictures of this size that were read with these options.
    pub fn new(frame: Frame, options: &PictureOptions) -> Pictured {
        Pictured {
            schema_version: SCHEMA_VERSION,
            height: frame.height,
            width: frame.width,
            order: if options.by_columns { PixelOrder::Columns } else { PixelOrder::Rows },
            invert: options.invert,
            resize: options.resize,
            grey: GREY.into(),
            transparent: TRANSPARENT.into(),
            scale: SCALE.into(),
        }
    }

    /// How to read new pictures.
    pub fn options(&self) -> PictureOptions {
        PictureOptions {
            size: Some(Frame { height: self.height, width: self.width }),
            by_columns: self.order == PixelOrder::Columns,
            invert: self.invert,
            resize: self.resize,
            ..PictureOptions::default()
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl Stored {
    /// How pictures became rows of X, if they did.
    ///
    /// # Errors
    /// If the document is missing, malformed, or does not belong to the fit.
    pub fn pictured(&self) -> Result<Option<Pictured>> {
        if !self.record.files.others.iter().any(|name| name == PICTURES) {
            return Ok(None);
        }
        let path = self.file(PICTURES)?;
        let bad = |problem: String| Error::Data {
            at: Place::of(path_name(&path)),
            problem,
            instead: "copy the whole folder of the fit again".into(),
        };
        let text = super::open::read_text(&path).map_err(|error| bad(error.to_string()))?;
        let found: Pictured = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        if found.schema_version != SCHEMA_VERSION {
            let version = found.schema_version;
            return Err(bad(format!(
                "its schema_version is {version}, and this program knows {SCHEMA_VERSION}"
            )));
        }
        if !self.is_single() {
            return Err(bad(format!(
                "pictures are fitted in f32, and the fit is in {}",
                self.record.precision
            )));
        }
        let frame = Frame { height: found.height, width: found.width };
        let n = self.record.shape.1;
        if frame.pixels() != Some(n as u64) {
            return Err(bad(format!("it speaks of pictures of {frame} pixels, and H has {n} columns")));
        }
        for (what, is, known) in [
            ("grey", &found.grey, GREY),
            ("transparent", &found.transparent, TRANSPARENT),
            ("scale", &found.scale, SCALE),
        ] {
            if is != known {
                let is = quoted(is);
                return Err(bad(format!("{what} is {is}, and this program knows only {}", quoted(known))));
            }
        }
        Ok(Some(found))
    }
}
