//! Results: the folder of a fit in the words of the command line, and the picture.

use crate::any::Number;
use crate::failure::Failure;
use partwise::Fit;
use partwise_io::fitted::{AxisNames, Files, Folder, TableFormat, is_of_a_fit};
use partwise_report::{Mosaic, Size, to_png};
use std::path::Path;

/// Height and width of a picture on the sheet, about.
const PIXELS: usize = 96;

/// Refuses a folder that is in use, before any work is done, and one in which a file of the fit would replace one of its
/// inputs.
pub(crate) fn create(target: &Path, force: bool, inputs: &[&Path]) -> Result<Folder, Failure> {
    let canonical = |path: &Path| std::fs::canonicalize(path).ok();
    if let Some(folder) = canonical(target) {
        for input in inputs.iter().filter_map(|input| canonical(input)) {
            let name = input.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if input.parent() == Some(&folder) && is_of_a_fit(&name) {
                return Err(Failure::Usage(format!(
                    "the results would replace the input '{}'; choose another --out",
                    input.display()
                )));
            }
        }
    }
    Folder::create(target, force).map_err(|error| {
        exists(error, "it exists and is not empty; use --force to replace the fit in it, or another --out")
    })
}

/// Writes factors, names and picture; `run.json` comes later, when all is known.
pub(crate) fn write<T: Number>(
    folder: &Folder,
    fit: &Fit<T>,
    names: &AxisNames,
    format: TableFormat,
    image: Option<Size>,
) -> Result<Files, Failure> {
    let (m, n, k) = (fit.w.rows(), fit.h.rows(), fit.spec.rank);
    let (w, h) = (fit.w.to_row_major(), fit.h.to_transposed());
    let mut files = folder.write(Some((&w, (m, k))), (&h, (k, n)), names, format)?;
    if let Some(size) = image {
        folder.put_picture(&to_png(&mosaic(fit, size)?, zoom(size))?, &mut files)?;
    }
    Ok(files)
}

/// Puts everything in place.
pub(crate) fn commit(folder: Folder, files: &Files) -> Result<(), Failure> {
    folder.commit(files).map_err(|error| {
        exists(
            error,
            "another process has written to it meanwhile; what it wrote is untouched, and this result is lost: run again \
             with another --out, or with --force to replace what is there",
        )
    })
}

/// What is there already, in the words of the command line.
fn exists(error: partwise_io::Error, problem: &str) -> Failure {
    match error {
        partwise_io::Error::Exists { path } => {
            Failure::File(partwise_io::Error::CannotCreate { path, problem: problem.into() })
        }
        error => Failure::from(error),
    }
}

/// Whether two names lead to the same file. Another hard link to it is another file here: a file is replaced by a
/// rename, which leaves other links alone.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// The rows of H as pictures.
pub(crate) fn mosaic<T: Number>(fit: &Fit<T>, size: Size) -> Result<Mosaic, Failure> {
    let n = fit.h.rows();
    let h: Vec<f64> = fit.h.to_transposed().into_iter().map(partwise::Scalar::to_f64).collect();
    Ok(Mosaic::of(&h.chunks_exact(n.max(1)).collect::<Vec<_>>(), size)?)
}

fn zoom(size: Size) -> usize {
    (PIXELS / size.height.max(size.width).max(1)).max(1)
}
