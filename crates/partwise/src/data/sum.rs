//! Sums over the entries of X that do not depend on the order in which they are stored.

/// A sum with the digits that rounding took from it beside it (Neumaier 1974). In any order of the terms, both together
/// are the exact sum to about twice the precision, and so round to the same number.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn of(terms: impl IntoIterator<Item = f64>) -> Sum {
        let mut sum = Sum::default();
        terms.into_iter().for_each(|x| sum.add(x));
        sum
    }

    pub(crate) fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let added = sum - self.sum;
        self.lost += (self.sum - (sum - added)) + (x - added);
        self.sum = sum;
    }

    pub(crate) fn value(self) -> f64 {
        let value = self.sum + self.lost;
        // Beyond the range there is nothing to mend: infinity stays infinity.
        if value.is_nan() { self.sum } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn order_does_not_matter() {
        let terms: Vec<f64> = (1..5000).map(|i| (f64::from(i) * 0.37).powi(-3)).collect();
        let plain = |terms: &mut dyn Iterator<Item = f64>| terms.sum::<f64>();
        assert_ne!(plain(&mut terms.iter().copied()), plain(&mut terms.iter().rev().copied()));
        let forwards = Sum::of(terms.iter().copied()).value();
        assert_eq!(forwards, Sum::of(terms.iter().rev().copied()).value());
        let stride = (0..terms.len()).map(|i| terms[i * 1009 % terms.len()]);
        assert_eq!(forwards, Sum::of(stride).value());
        assert_eq!(Sum::of([1e300, 1e308, 1e308]).value(), f64::INFINITY);
    }
}
