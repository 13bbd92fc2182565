//! What a factorization found, to be looked at: a report in one HTML file, and components as pictures, in a file or in a
//! terminal.
//!
//! ```
//! use partwise_report::{Mosaic, Size, to_png};
//!
//! let size = Size::new(2, 2);
//! let parts = [vec![0.0, 1.0, 1.0, 0.0], vec![1.0, 0.0, 0.0, 1.0]];
//! let mosaic = Mosaic::of(&parts, size)?;
//! assert!(to_png(&mosaic, 8)?.starts_with(b"\x89PNG"));
//! # Ok::<(), partwise_report::Error>(())
//! ```
#![forbid(unsafe_code)]

mod mosaic;
mod picture;
mod report;
mod terminal;

pub use mosaic::{Mosaic, Shades, Size};
pub use picture::to_png;
pub use report::{ConsensusMap, Geometry, Groups, Labels, Report, Residuals, without_folders};
pub use terminal::{Ink, to_text};

/// Why a picture could not be drawn.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The components do not have as many entries as the pictures have pixels.
    Size {
        /// The size asked for.
        size: Size,
        /// Entries of a component.
        entries: usize,
    },
    /// The encoder refused.
    Encoding(png::EncodingError),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Size { size, entries } => write!(
                f,
                "pictures of {size} pixels need components of {} entries, but these have {entries}",
                size.height.saturating_mul(size.width)
            ),
            Error::Encoding(error) => write!(f, "the picture could not be encoded: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Encoding(error) => Some(error),
            Error::Size { .. } => None,
        }
    }
}
