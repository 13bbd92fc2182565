//! Sparse data of which only what is stored counts, such as ratings: a stored zero is a rating of 0, what is not stored is
//! missing, and nothing may be stored twice, since two ratings are not their sum.

use crate::error::{Error, Result, count};
use crate::fingerprint::Sum;
use crate::npy::core_error;
use crate::read::{Context, Hashes};
use crate::real::Real;
use partwise::data::{Matrix, Stored};
use partwise::error::SparseFault;
use partwise::{Error as CoreError, Weighted};

/// What to do about an entry that is stored twice.
pub(crate) const ONE_OF_THEM: &str = "only one of them can be right: keep that one, or their mean";

/// The matrix `(rows, cols)` that holds the listed entries, in any order, and nothing else.
pub(crate) fn matrix<T: Real>(
    (row_indices, col_indices): (&[u32], &[u32]),
    values: Stored<T>,
    (rows, cols): (usize, usize),
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    let stored = row_indices.len() as u64;
    // By the shorter side, whose starts take less room.
    let turned = rows > cols;
    let starts = 8 * (rows.min(cols) as u64 + 1);
    let order = (size_of::<usize>() + size_of::<usize>() / 2) as u64;
    let widened = if matches!(values, Stored::Single(_)) { size_of::<T>() as u64 } else { 0 };
    let entry = order + widened + (size_of::<u32>() + size_of::<T>()) as u64;
    cx.budget.charge(stored.saturating_mul(entry).saturating_add(starts))?;
    let values = match values {
        Stored::Full(values) => values,
        Stored::Single(values) => values.into_iter().map(|x| T::from_f64(f64::from(x))).collect(),
    };
    let zeros = values.iter().filter(|&&x| x == T::ZERO).count() as u64;
    if zeros > 0 {
        let counts = if zeros == 1 { "counts" } else { "count" };
        cx.note(format!("{} {counts} as data", count(zeros, "stored zero")));
    }
    // While they are at hand: later, what counts is all that can be seen.
    let (mut straight, mut turn) = (Sum::default(), Sum::default());
    for ((&i, &j), x) in row_indices.iter().zip(col_indices).zip(&values) {
        straight.add(i as usize, j as usize, x.to_f64());
        turn.add(j as usize, i as usize, x.to_f64());
    }
    cx.fingerprint = Some(Hashes { straight: straight.finish(rows, cols), turned: turn.finish(cols, rows) });
    let made = if turned {
        Weighted::observed(cols, rows, col_indices, row_indices, &values).map(Matrix::from)
    } else {
        Weighted::observed(rows, cols, row_indices, col_indices, &values).map(Matrix::from)
    };
    let x = made.map_err(|error| match error {
        CoreError::SparseStructure(SparseFault::Repeated { row, col }) => {
            let (row, col) = if turned { (col, row) } else { (row, col) };
            Error::Duplicates { at: cx.at.clone(), row, col, instead: ONE_OF_THEM }
        }
        error => core_error(&cx.at, &error),
    })?;
    Ok(if turned { x.transposed() } else { x })
}

#[cfg(test)]
mod tests {
    use crate::testing::{f64s, i32s, i64s, npy, read_both, zipped};
    use crate::{AnyMatrix, Error, ReadOptions, Result, Table};
    use partwise::data::Matrix;
    use zip::CompressionMethod::Stored;

    fn observed(name: &str, bytes: &[u8]) -> Result<Table> {
        let mut options = ReadOptions::default();
        options.observed_only = true;
        read_both(name, bytes, &options)
    }

    /// A SciPy matrix (3, 2): rows or columns 0, 0, 2 with the other index `others`.
    fn scipy(format: &str, others: &[i32]) -> Vec<u8> {
        let (count, lines) = (others.len(), if format == "csc" { 2 } else { 3 });
        let starts: Vec<i32> =
            (0..=lines).map(|line| if line == 0 { 0 } else { count as i32 - (lines - line) }).collect();
        let of = |numbers: &[i32]| npy("<i4", false, &format!("({},)", numbers.len()), &i32s(numbers));
        let values = npy("<f8", false, &format!("({count},)"), &f64s(&[0.5, 0.0, 2.0, 3.0][..count]));
        let (first, second) =
            if format == "coo" { ("row.npy", "col.npy") } else { ("indices.npy", "indptr.npy") };
        let lines_of: Vec<i32> = vec![0, 0, 2, 2][..count].to_vec();
        let (first_numbers, second_numbers) =
            if format == "coo" { (of(&lines_of), of(others)) } else { (of(others), of(&starts)) };
        zipped(
            &[
                (first, &first_numbers),
                (second, &second_numbers),
                ("format.npy", &npy("|S3", false, "()", format.as_bytes())),
                ("shape.npy", &npy("<i8", false, "(2,)", &i64s(&[3, 2]))),
                ("data.npy", &values),
            ],
            Stored,
        )
    }

    #[test]
    fn stored_zeros_stay() {
        let mtx = b"%%MatrixMarket matrix coordinate real general\n3 2 3\n3 1 2\n1 1 0.5\n1 2 0\n";
        for (name, bytes) in [
            ("x.mtx", mtx.to_vec()),
            ("csr.npz", scipy("csr", &[0, 1, 0])),
            ("csc.npz", scipy("csc", &[0, 1, 2])),
            ("coo.npz", scipy("coo", &[0, 1, 0])),
        ] {
            let table = observed(name, &bytes).unwrap();
            let AnyMatrix::F64(Matrix::Weighted(x)) = &table.matrix else { panic!("{name}: {table:?}") };
            assert!(x.is_listed());
            assert_eq!((x.rows(), x.cols(), table.matrix.stored()), (3, 2, 3), "{name}");
            assert!(table.notes.contains(&"1 stored zero counts as data".to_string()), "{:?}", table.notes);
            assert!(table.notes.iter().all(|note| !note.contains("dropped")), "{:?}", table.notes);
        }
    }

    #[test]
    fn stored_zeros_show_in_the_fingerprint_and_nothing_else_does() {
        let mtx = |entries: &str| {
            let count = entries.lines().count();
            format!("%%MatrixMarket matrix coordinate real general\n3 2 {count}\n{entries}")
        };
        let plain = |text: &str| read_both("x.mtx", text.as_bytes(), &ReadOptions::default()).unwrap();
        let hash = |text: &str| observed("x.mtx", text.as_bytes()).unwrap().fingerprint();
        let (a, b) = (mtx("3 1 2\n1 1 0.5\n"), mtx("1 1 0.5\n3 1 2\n1 2 0\n"));
        assert_eq!(hash(&a), plain(&a).fingerprint());
        assert_eq!(plain(&a).fingerprint(), plain(&b).fingerprint());
        assert_ne!(hash(&a), hash(&b));
        assert_eq!(hash(&b), hash(&mtx("1 2 -0\n3 1 2\n1 1 0.5\n")));
        // The transpose is what a file of it is.
        let turned = mtx("1 1 0.5\n1 3 2\n2 1 0\n").replace("3 2 3", "2 3 3");
        let of_transpose = observed("x.mtx", b.as_bytes()).unwrap().fingerprint_of_transpose();
        assert_eq!(of_transpose, hash(&turned));
        assert_eq!(plain(&b).fingerprint_of_transpose(), plain(&turned).fingerprint());
    }

    #[test]
    fn an_entry_stored_twice_is_refused() {
        let by_rows = b"%%MatrixMarket matrix coordinate real general\n2 3 3\n1 1 1\n2 3 2\n2 3 4\n";
        let by_cols = b"%%MatrixMarket matrix coordinate real general\n3 2 3\n1 1 1\n2 2 2\n2 2 4\n";
        for (name, bytes, place) in [
            ("x.mtx", by_rows.to_vec(), (1, 2)),
            ("y.mtx", by_cols.to_vec(), (1, 1)),
            ("csr.npz", scipy("csr", &[1, 1, 0, 1]), (0, 1)),
        ] {
            let error = observed(name, &bytes).unwrap_err();
            assert!(
                matches!(error, Error::Duplicates { row, col, .. } if (row, col) == place),
                "{name}: {error}"
            );
            assert!(error.to_string().contains("or their mean"), "{error}");
        }
    }

    #[test]
    fn dense_files_and_single_precision_are_as_ever() {
        let table = observed("x.csv", b"1,0\n0,2\n").unwrap();
        assert!(!table.matrix.is_sparse());
        let mut options = ReadOptions::default();
        (options.observed_only, options.precision) = (true, crate::Precision::F32);
        let text = b"%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 0\n";
        let table = read_both("x.mtx", text, &options).unwrap();
        assert!(matches!(table.matrix, AnyMatrix::F32(Matrix::Weighted(_))));
    }

    #[test]
    fn one_dimension_is_a_column_where_that_is_enough() {
        let bytes = npy("<f8", false, "(3,)", &f64s(&[1.0, 2.0, 3.0]));
        assert!(read_both("x.npy", &bytes, &ReadOptions::default()).is_err());
        let mut options = ReadOptions::default();
        options.vector = true;
        let zip = zipped(&[("w.npy", &bytes)], Stored);
        for table in [read_both("x.npy", &bytes, &options), read_both("x.npz", &zip, &options)] {
            let table = table.unwrap();
            assert_eq!((table.matrix.rows(), table.matrix.cols()), (3, 1));
        }
    }
}
