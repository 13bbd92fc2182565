//! Everything that can go wrong with a report or a picture.

use crate::mosaic::Size;

/// Why a picture could not be drawn, or a report not made.
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
    /// A folder could not be read.
    File(partwise_io::Error),
    /// What is in it contradicts itself.
    Model(partwise::Error),
    /// Two folders do not belong together, or a text is none.
    Data(String),
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
            Error::File(error) => write!(f, "{error}"),
            Error::Model(error) => write!(f, "{error}"),
            Error::Data(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Encoding(error) => Some(error),
            Error::File(error) => Some(error),
            Error::Model(error) => Some(error),
            Error::Size { .. } | Error::Data(_) => None,
        }
    }
}

impl From<partwise_io::Error> for Error {
    fn from(error: partwise_io::Error) -> Error {
        Error::File(error)
    }
}

impl From<partwise::Error> for Error {
    fn from(error: partwise::Error) -> Error {
        Error::Model(error)
    }
}
