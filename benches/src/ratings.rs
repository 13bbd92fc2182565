//! Ratings: lists of who gave how many stars to what, and how they are split for a test.

use crate::Outcome;
use crate::legacy_random::RandomState;
use partwise::{Matrix, Weighted};
use std::path::Path;

/// One rating; users and items are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// Row.
    pub user: u32,
    /// Column.
    pub item: u32,
    /// Entry.
    pub stars: f64,
}

/// Reads a file of MovieLens 100k; `None` if it is not there.
///
/// # Errors
/// If it is there and cannot be read; see [`parse`].
pub fn load(path: &Path) -> Outcome<Option<Vec<Rating>>> {
    if !path.exists() {
        return Ok(None);
    }
    let found = parse(&std::fs::read_to_string(path)?);
    Ok(Some(found.map_err(|error| format!("{}: {error}", path.display()))?))
}

/// Reads lines of `user item rating timestamp`, with users and items counted from 1.
///
/// # Errors
/// A message with the number of the line that is not of this form.
pub fn parse(text: &str) -> Outcome<Vec<Rating>> {
    let line = |text: &str| -> Option<Rating> {
        let mut words = text.split_ascii_whitespace();
        let mut index = || words.next()?.parse::<u32>().ok()?.checked_sub(1);
        let (user, item) = (index()?, index()?);
        let stars: f64 = words.next()?.parse().ok()?;
        stars.is_finite().then_some(Rating { user, item, stars })
    };
    let numbered = text.lines().enumerate();
    numbered
        .map(|(i, text)| line(text).ok_or_else(|| format!("line {} is no rating", i + 1).into()))
        .collect()
}

/// The fold, of `folds`, of each of `count` ratings: those of `KFold(folds, random_state=seed)` of scikit-surprise.
pub fn folds(count: usize, folds: usize, seed: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    RandomState::new(seed).shuffle(&mut order);
    let mut of = vec![0; count];
    let mut from = 0;
    for fold in 0..folds {
        // The first ones take what does not divide.
        let to = from + count / folds + usize::from(fold < count % folds);
        for &rating in &order[from..to] {
            of[rating] = fold;
        }
        from = to;
    }
    of
}

/// X with nothing but these entries.
///
/// # Errors
/// If one of them is outside the shape or there twice.
pub fn matrix(ratings: &[Rating], (users, items): (usize, usize)) -> partwise::Result<Matrix<'static, f64>> {
    let rows: Vec<u32> = ratings.iter().map(|r| r.user).collect();
    let columns: Vec<u32> = ratings.iter().map(|r| r.item).collect();
    let stars: Vec<f64> = ratings.iter().map(|r| r.stars).collect();
    Ok(Weighted::observed(users, items, &rows, &columns, &stars)?.into())
}

/// The mean number of stars.
pub fn mean(ratings: &[Rating]) -> f64 {
    ratings.iter().map(|r| r.stars).sum::<f64>() / ratings.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_others_refused() {
        let read = parse("1\t2\t5\t874965758\n3\t1\t4\t1\n").unwrap();
        assert_eq!(read, [Rating { user: 0, item: 1, stars: 5.0 }, Rating { user: 2, item: 0, stars: 4.0 }]);
        assert_eq!(mean(&read), 4.5);
        for bad in
            ["1\t2\t5\t1\n0\t2\t3\t1", "1\t2\t5\t1\n1\t2", "1\t2\t5\t1\n1\t2\tNaN\t1", "1\t2\t5\t1\n\n"]
        {
            assert!(parse(bad).unwrap_err().to_string().contains("line 2"), "{bad:?}");
        }
    }

    /// What `surprise.model_selection.KFold(3, random_state=0)` does with ten ratings.
    #[test]
    fn folds_are_those_of_surprise() {
        assert_eq!(folds(10, 3, 0), [2, 1, 0, 2, 0, 2, 1, 1, 0, 0]);
    }

    #[test]
    fn absent_ratings_are_missing() {
        let read = parse("1\t2\t5\t1\n3\t1\t4\t1").unwrap();
        let x = matrix(&read, (3, 2)).unwrap();
        assert_eq!((x.rows(), x.cols()), (3, 2));
        assert!(matrix(&read, (2, 2)).is_err());
    }
}
