//! Rows of X, document by document.

use super::Weighting;
use crate::budget::Budget;
use crate::error::{Error, Place, Result};
use crate::read::{AnyMatrix, Precision};
use partwise::data::{Matrix, Sparse};
use partwise::scalar::Scalar;

/// Documents as rows of numbers, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    empty: u64,
}

impl Rows {
    pub(super) fn new(budget: &mut Budget, documents: usize, entries: usize) -> Result<Rows> {
        let mut starts = budget.vec(documents as u64 + 1)?;
        starts.push(0);
        Ok(Rows {
            starts,
            columns: budget.vec(entries as u64)?,
            values: budget.vec(entries as u64)?,
            empty: 0,
        })
    }

    /// Adds a document: columns in ascending order with how often each word is there.
    pub(super) fn push(
        &mut self,
        counted: impl IntoIterator<Item = (u32, u32)>,
        weights: Weighting,
        idf: Option<&[f64]>,
        budget: &mut Budget,
    ) -> Result<()> {
        let from = self.values.len();
        for (column, count) in counted {
            budget.grow(&mut self.columns, 1)?;
            budget.grow(&mut self.values, 1)?;
            let idf = idf.and_then(|idf| idf.get(column as usize)).copied().unwrap_or(1.0);
            self.columns.push(column);
            self.values.push(f64::from(count) * idf);
        }
        let row = self.values.get_mut(from..).unwrap_or_default();
        self.empty += u64::from(row.is_empty());
        if weights == Weighting::Tfidf {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|x| *x /= length);
            }
        }
        budget.grow(&mut self.starts, 1)?;
        self.starts.push(self.values.len());
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many have none of the words.
    pub fn without_words(&self) -> u64 {
        self.empty
    }

    /// X, with so many columns; in double precision if nothing else is asked for.
    ///
    /// # Errors
    /// If there are more documents or words than a matrix has room for.
    pub fn matrix(self, words: usize, precision: Precision) -> Result<AnyMatrix> {
        Ok(match precision {
            Precision::F32 => AnyMatrix::F32(self.of(words)?),
            _ => AnyMatrix::F64(self.of(words)?),
        })
    }

    fn of<T: Scalar>(self, words: usize) -> Result<Matrix<'static, T>> {
        let documents = self.len();
        let values: Vec<T> = self.values.into_iter().map(T::from_f64).collect();
        let x = Sparse::from_csr(documents, words, self.starts, self.columns, values);
        x.map(Matrix::from).map_err(|error| Error::Unsupported {
            at: Place::of("the texts"),
            what: error.to_string(),
            instead: "use fewer documents".into(),
        })
    }
}
