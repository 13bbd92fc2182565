//! How long a cell may take.

use std::time::Instant;

/// The clock of a cell.
#[derive(Debug)]
pub(crate) struct Budget {
    began: Instant,
    seconds: f64,
}

/// The share of the mean that a cell has in any case, however much those before it took.
const LEAST: f64 = 0.5;

impl Budget {
    /// Begins now, with the mean and what cells before saved, or less what they took too much.
    pub(crate) fn new(mean: f64, saved: f64) -> Budget {
        Budget { began: Instant::now(), seconds: (mean + saved).max(LEAST * mean) }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    pub(crate) fn used(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Below 0 once it is overdrawn.
    pub(crate) fn left(&self) -> f64 {
        self.seconds - self.used()
    }

    /// Whether what takes so long can still be done.
    pub(crate) fn has(&self, seconds: f64) -> bool {
        seconds <= self.left()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_added_and_a_cell_always_has_something() {
        assert_eq!(Budget::new(100.0, 50.0).seconds(), 150.0);
        assert_eq!(Budget::new(100.0, -20.0).seconds(), 80.0);
        assert_eq!(Budget::new(100.0, -500.0).seconds(), 50.0);
        let budget = Budget::new(0.0, 0.0);
        assert!(budget.left() <= 0.0 && !budget.has(1.0));
        assert!(Budget::new(100.0, 0.0).has(90.0));
    }
}
