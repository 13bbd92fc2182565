//! Row, column, value: gathered as they come, made a sparse matrix with as little moving as their order allows.

use crate::error::{Error, Place, Result};
use crate::npy::core_error;
use crate::observed;
use crate::read::{Context, OnDuplicates};
use crate::real::Real;
use partwise::data::{Matrix, Sparse, Stored};

/// What to do about an entry that is stored twice where it may not be.
const REMOVE_ONE: &str = "remove one, or let duplicates be added up";

/// The entries of a sparse matrix.
pub(crate) struct Triplets<T: Real> {
    pub(crate) rows: Vec<u32>,
    pub(crate) cols: Vec<u32>,
    pub(crate) values: Stored<T>,
}

impl<T: Real> Triplets<T> {
    pub(crate) fn new() -> Triplets<T> {
        Triplets { rows: Vec::new(), cols: Vec::new(), values: T::none() }
    }

    /// The matrix `(rows, cols)`. Entries that come by rows, or by columns, stay where they are, unless only they count.
    pub(crate) fn into_matrix(
        self,
        rows: usize,
        cols: usize,
        cx: &mut Context<'_>,
    ) -> Result<Matrix<'static, T>> {
        if cx.options.observed_only {
            return observed::matrix((&self.rows, &self.cols), self.values, (rows, cols), cx);
        }
        let at = cx.at.clone();
        let starts_bytes = |lines: usize| 8 * (lines as u64 + 1);
        let width = if matches!(self.values, Stored::Single(_)) { 4 } else { size_of::<T>() as u64 };
        // A sorted copy, and line starts twice, by the shorter side.
        let sorting = (4 + width) * self.rows.len() as u64 + 2 * starts_bytes(rows.min(cols));
        let by_rows = (rows, self.rows.is_sorted(), By::Rows);
        let by_columns = (cols, self.cols.is_sorted(), By::Columns);
        let as_they_are = [by_rows, by_columns]
            .into_iter()
            .filter(|&(lines, sorted, _)| sorted && starts_bytes(lines) <= sorting)
            .min_by_key(|&(lines, ..)| lines);
        if let Some((lines, _, by)) = as_they_are {
            cx.budget.charge(starts_bytes(lines))?;
            let (major, minor) = if by == By::Rows { (self.rows, self.cols) } else { (self.cols, self.rows) };
            let starts = starts(&major, lines, &at)?;
            drop(major);
            return compressed(by, (rows, cols), (starts, minor, self.values), &at, cx);
        }
        cx.budget.charge(sorting)?;
        if let Some((row, col, x)) = negative_among_repeated(&self.rows, &self.cols, &self.values, cx)? {
            return Err(negative(&at, row, col, x));
        }
        let made = if rows <= cols {
            Sparse::from_coo(rows, cols, &self.rows, &self.cols, self.values)
        } else {
            Sparse::from_coo(cols, rows, &self.cols, &self.rows, self.values).map(Sparse::transposed)
        };
        let x = made.map_err(|error| core_error(&at, &error))?;
        if cx.options.on_duplicates == OnDuplicates::Error && x.canonical().duplicates > 0 {
            let mut pairs: Vec<(u32, u32)> = self.rows.into_iter().zip(self.cols).collect();
            pairs.sort_unstable();
            if let Some(&(i, j)) = pairs.windows(2).find_map(repeated) {
                return Err(Error::Duplicates { at, row: i as usize, col: j as usize, instead: REMOVE_ONE });
            }
        }
        note_order(&x, cx);
        Ok(Matrix::from(x))
    }
}

/// Refuses a sparse matrix of which not even the two sides fit into memory: whatever is done with it takes a number for
/// every row and every column.
pub(crate) fn check_sides(rows: u64, cols: u64, cx: &Context<'_>) -> Result<()> {
    let needed = rows.saturating_add(cols).saturating_add(2).saturating_mul(8);
    if needed > cx.budget.left() || rows.max(cols) > u64::from(u32::MAX) {
        return Err(cx.budget.refusal(needed));
    }
    Ok(())
}

/// Whether the lines of a compressed form are rows (CSR) or columns (CSC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Rows,
    Columns,
}

/// A sparse matrix from its three arrays: starts of the lines, indices, values.
pub(crate) fn compressed<T: Real>(
    by: By,
    (rows, cols): (usize, usize),
    (starts, indices, values): (Vec<usize>, Vec<u32>, Stored<T>),
    at: &Place,
    cx: &mut Context<'_>,
) -> Result<Matrix<'static, T>> {
    if cx.options.observed_only {
        cx.budget.charge_items::<u32>(indices.len() as u64)?;
        let mut lines: Vec<u32> = Vec::with_capacity(indices.len());
        for (line, (&start, &end)) in starts.iter().zip(starts.iter().skip(1)).enumerate() {
            lines.resize(lines.len() + end.saturating_sub(start), line as u32);
        }
        let places = if by == By::Rows { (&lines[..], &indices[..]) } else { (&indices[..], &lines[..]) };
        return observed::matrix(places, values, (rows, cols), cx);
    }
    if cx.options.on_duplicates == OnDuplicates::Error
        && let Some((line, index)) = first_duplicate(&starts, &indices)
    {
        let (row, col) = if by == By::Rows { (line, index) } else { (index, line) };
        return Err(Error::Duplicates { at: at.clone(), row, col, instead: REMOVE_ONE });
    }
    if let Some((line, index, x)) = negative_in_line(&starts, &indices, &values) {
        let (row, col) = if by == By::Rows { (line, index) } else { (index, line) };
        return Err(negative(at, row, col, x));
    }
    let made = match by {
        By::Rows => Sparse::from_csr(rows, cols, starts, indices, values),
        By::Columns => Sparse::from_csc(rows, cols, starts, indices, values),
    };
    let x = made.map_err(|error| core_error(at, &error))?;
    note_order(&x, cx);
    Ok(Matrix::from(x))
}

/// Starts of the lines, from the sorted line of every entry.
fn starts(lines: &[u32], size: usize, at: &Place) -> Result<Vec<usize>> {
    let mut starts = Vec::new();
    starts.try_reserve_exact(size + 1).map_err(|_| Error::Memory {
        at: at.clone(),
        needed: 8 * (size as u64 + 1),
        limit: None,
    })?;
    starts.push(0);
    let mut done = 0;
    for line in lines.chunk_by(|a, b| a == b) {
        let index = line.first().map_or(0, |&line| line as usize);
        starts.resize((index + 1).max(starts.len()), done);
        done += line.len();
        starts.push(done);
    }
    starts.resize((size + 1).max(starts.len()), done);
    Ok(starts)
}

fn first_duplicate(starts: &[usize], indices: &[u32]) -> Option<(usize, usize)> {
    let mut sorted = Vec::new();
    for (line, (&start, &end)) in starts.iter().zip(starts.iter().skip(1)).enumerate() {
        sorted.clear();
        sorted.extend_from_slice(indices.get(start..end)?);
        sorted.sort_unstable();
        if let Some(&index) = sorted.windows(2).find_map(repeated) {
            return Some((line, index as usize));
        }
    }
    None
}

/// A sum may hide that X has a negative entry, which every fit refuses.
#[cold]
fn negative(at: &Place, row: usize, col: usize, x: f64) -> Error {
    Error::Data {
        at: at.clone(),
        problem: format!(
            "the entry at row {row}, column {col} (counted from 0) is given more than once, once as {x}"
        ),
        instead: "only values >= 0 are added up; correct the entry".into(),
    }
}

fn value<T: Real>(values: &Stored<T>, e: usize) -> f64 {
    match values {
        Stored::Full(v) => v.get(e).map_or(0.0, |x| x.to_f64()),
        Stored::Single(v) => v.get(e).map_or(0.0, |&x| f64::from(x)),
    }
}

fn any_negative<T: Real>(values: &Stored<T>) -> bool {
    match values {
        Stored::Full(v) => v.iter().any(|&x| x < T::ZERO),
        Stored::Single(v) => v.iter().any(|&x| x < 0.0),
    }
}

/// The first entry of several at one place of which one is negative, as row, column and that value.
fn negative_among_repeated<T: Real>(
    rows: &[u32],
    cols: &[u32],
    values: &Stored<T>,
    cx: &mut Context<'_>,
) -> Result<Option<(usize, usize, f64)>> {
    if !any_negative(values) {
        return Ok(None);
    }
    let places = || rows.iter().zip(cols).map(|(&i, &j)| (i, j)).enumerate();
    let negative = || places().filter(|&(e, _)| value(values, e) < 0.0);
    let mut found: Vec<(u32, u32)> = cx.budget.vec(negative().count() as u64)?;
    found.extend(negative().map(|(_, place)| place));
    found.sort_unstable();
    let mut seen: Vec<u8> = cx.budget.vec(found.len() as u64)?;
    seen.resize(found.len(), 0);
    let mut first = None;
    for (_, place) in places() {
        // The first of a place's negatives counts for all of them.
        let at = found.partition_point(|other| *other < place);
        if found.get(at) == Some(&place)
            && let Some(count) = seen.get_mut(at)
        {
            *count += 1;
            if *count == 2 {
                first = Some(place);
                break;
            }
        }
    }
    let bytes = found.capacity() * size_of::<(u32, u32)>() + seen.capacity();
    cx.budget.release(bytes as u64);
    Ok(first.map(|place| {
        let x = negative().find(|&(_, other)| other == place).map_or(0.0, |(e, _)| value(values, e));
        (place.0 as usize, place.1 as usize, x)
    }))
}

/// The same within the lines of a compressed form.
fn negative_in_line<T: Real>(
    starts: &[usize],
    indices: &[u32],
    values: &Stored<T>,
) -> Option<(usize, usize, f64)> {
    if !any_negative(values) {
        return None;
    }
    let mut sorted: Vec<(u32, f64)> = Vec::new();
    for (line, (&start, &end)) in starts.iter().zip(starts.iter().skip(1)).enumerate() {
        sorted.clear();
        let entries = indices.get(start..end)?.iter().zip(start..end);
        sorted.extend(entries.map(|(&index, e)| (index, value(values, e))));
        sorted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        // The negative ones of a place come first.
        let group = sorted.chunk_by(|a, b| a.0 == b.0).find(|group| match group {
            [(_, x), _, ..] => *x < 0.0,
            _ => false,
        });
        if let Some(&(index, x)) = group.and_then(|group| group.first()) {
            return Some((line, index as usize, x));
        }
    }
    None
}

fn repeated<I: PartialEq>(pair: &[I]) -> Option<&I> {
    match pair {
        [a, b] if a == b => Some(a),
        _ => None,
    }
}

fn note_order<T: Real>(x: &Sparse<T>, cx: &mut Context<'_>) {
    let canonical = x.canonical();
    match canonical.duplicates {
        0 => {}
        1 => cx.note("1 entry that was given before was added to the first"),
        n => cx.note(format!("{n} entries that were given before were added to the first")),
    }
    match canonical.stored_zeros {
        0 => {}
        1 => cx.note("1 stored zero was dropped"),
        n => cx.note(format!("{n} stored zeros were dropped")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::read::ReadOptions;

    fn matrix(
        triplets: &[(u32, u32, f64)],
        options: &ReadOptions,
    ) -> (Result<Matrix<'static, f64>>, Vec<String>) {
        let at = Place::of("x");
        let mut cx = Context {
            at: at.clone(),
            options,
            budget: Budget::new(1 << 20, at),
            notes: Vec::new(),
            fingerprint: None,
        };
        let mut all = Triplets::<f64>::new();
        for &(i, j, x) in triplets {
            all.rows.push(i);
            all.cols.push(j);
            f64::append(&mut all.values, &[x], &mut cx.budget).unwrap();
        }
        let made = all.into_matrix(3, 4, &mut cx);
        (made, cx.notes)
    }

    fn entries(x: &Matrix<'_, f64>) -> Vec<(usize, usize, f64)> {
        let mut out = Vec::new();
        if let Matrix::Sparse(x) = x {
            x.for_each(|i, j, x| out.push((i, j, x)));
        }
        out.sort_by_key(|&(i, j, _)| (i, j));
        out
    }

    #[test]
    fn every_order_gives_the_same_matrix() {
        let want = [(0, 1, 2.0), (0, 3, 1.0), (2, 0, 0.1), (2, 1, 5.0)];
        let by_row = [(0, 3, 1.0), (0, 1, 2.0), (2, 1, 5.0), (2, 0, 0.1)];
        let by_col = [(2, 0, 0.1), (2, 1, 5.0), (0, 1, 2.0), (0, 3, 1.0)];
        let mixed = [(2, 0, 0.1), (0, 3, 1.0), (2, 1, 5.0), (0, 1, 2.0)];
        for order in [by_row, by_col, mixed] {
            let (made, notes) = matrix(&order, &ReadOptions::default());
            assert_eq!(entries(&made.unwrap()), want);
            assert!(notes.is_empty());
        }
        assert_eq!(entries(&matrix(&[], &ReadOptions::default()).0.unwrap()), []);
    }

    /// A long and narrow matrix costs what its short side does, whatever order its entries come in.
    #[test]
    fn the_short_side_decides_what_is_needed() {
        let options = ReadOptions::default();
        for order in [[(0, 2), (1, 1)], [(1, 1), (0, 2)], [(7, 1), (9, 1)]] {
            for wide in [false, true] {
                let at = Place::of("x");
                let mut cx = Context {
                    at: at.clone(),
                    options: &options,
                    budget: Budget::new(1 << 20, at),
                    notes: Vec::new(),
                    fingerprint: None,
                };
                let mut all = Triplets::<f64>::new();
                for (i, j) in order {
                    all.rows.push(if wide { j } else { i });
                    all.cols.push(if wide { i } else { j });
                    f64::append(&mut all.values, &[1.0], &mut cx.budget).unwrap();
                }
                let (rows, cols) = if wide { (3, 4_000_000_000) } else { (4_000_000_000, 3) };
                let x = all.into_matrix(rows, cols, &mut cx).unwrap();
                assert_eq!((x.rows(), x.cols(), x.stored()), (rows, cols, 2));
            }
        }
    }

    #[test]
    fn duplicates_are_added_up_or_named() {
        let mut refuse = ReadOptions::default();
        refuse.on_duplicates = OnDuplicates::Error;
        for order in [
            [(0, 1, 2.0), (2, 1, 0.0), (2, 3, 1.0), (2, 3, 1.0)],
            [(0, 1, 2.0), (2, 3, 1.0), (2, 3, 1.0), (2, 1, 0.0)],
            [(2, 3, 1.0), (0, 1, 2.0), (2, 3, 1.0), (2, 1, 0.0)],
        ] {
            let (made, notes) = matrix(&order, &ReadOptions::default());
            assert_eq!(entries(&made.unwrap()), [(0, 1, 2.0), (2, 3, 2.0)]);
            assert_eq!(notes.len(), 2, "{notes:?}");
            let (made, _) = matrix(&order, &refuse);
            assert!(matches!(made, Err(Error::Duplicates { row: 2, col: 3, .. })), "{made:?}");
        }
    }

    /// 5 and -3 at one place are not 2: a negative entry is refused before it is added to another.
    #[test]
    fn negative_duplicates_are_refused() {
        let by_rows = [(0, 1, 2.0), (1, 2, -3.0), (1, 2, 5.0), (2, 0, 1.0)];
        let by_cols = [(2, 0, 1.0), (0, 1, 2.0), (1, 2, 5.0), (1, 2, -3.0)];
        let mixed = [(1, 2, 5.0), (2, 1, -1.0), (0, 1, 2.0), (1, 2, -3.0)];
        let nan = [(1, 2, f64::NAN), (2, 1, -1.0), (0, 1, 2.0), (1, 2, -3.0)];
        for order in [by_rows, by_cols, mixed, nan] {
            let (made, _) = matrix(&order, &ReadOptions::default());
            let message = made.unwrap_err().to_string();
            assert!(message.contains("row 1, column 2 (counted from 0)"), "{message}");
            assert!(message.contains("once as -3"), "{message}");
        }
        // Alone, they are told by the fit, with all the others.
        let alone = [(1, 2, 5.0), (2, 1, -1.0), (0, 1, 2.0), (1, 2, 3.0)];
        assert_eq!(entries(&matrix(&alone, &ReadOptions::default()).0.unwrap()).len(), 3);
    }
}
