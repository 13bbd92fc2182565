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

mod error;
mod mosaic;
mod picture;
mod report;
mod terminal;

pub use error::Error;
pub use mosaic::{Mosaic, Shades, Size};
pub use picture::to_png;
pub use report::{
    ConsensusMap, FitFolder, Geometry, Groups, Labels, Report, Residuals, ScanFolder, Told, of_fit, of_scan,
    without_folders,
};
pub use terminal::{Ink, to_text};
