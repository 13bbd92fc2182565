//! The memory that a read may take.

use crate::error::{Error, Place, Result};

/// Counts the bytes of what stays in memory, before they are asked for.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    used: u64,
    at: Place,
}

impl Budget {
    pub(crate) fn new(limit: u64, at: Place) -> Budget {
        Budget { limit, used: 0, at }
    }

    /// Bytes not yet spoken for.
    pub(crate) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Another for something that is gone before this one goes on, with a place of its own.
    pub(crate) fn aside(&self, at: Place) -> Budget {
        Budget { limit: self.limit, used: self.used, at }
    }

    /// What it is for.
    pub(crate) fn place(&self) -> Place {
        self.at.clone()
    }

    pub(crate) fn refusal(&self, more: u64) -> Error {
        Error::Memory { at: self.at.clone(), needed: self.used.saturating_add(more), limit: Some(self.limit) }
    }

    /// Bytes that would be spoken for with so many more, if these are too many; and how many may be.
    pub(crate) fn excess(&self, more: u64) -> Option<(u64, u64)> {
        (more > self.left()).then(|| (self.used.saturating_add(more), self.limit))
    }

    /// Takes bytes into account.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<()> {
        if bytes > self.left() {
            return Err(self.refusal(bytes));
        }
        self.used += bytes;
        Ok(())
    }

    /// Takes `count` items of a type into account.
    pub(crate) fn charge_items<T>(&mut self, count: u64) -> Result<()> {
        self.charge(count.saturating_mul(size_of::<T>() as u64))
    }

    /// Bytes that are free again.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// An empty vector with room for exactly `count` items.
    pub(crate) fn vec<T>(&mut self, count: u64) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.charge_items::<T>(count)?;
        let count = usize::try_from(count).map_err(|_| self.refused_by_system::<T>(count))?;
        out.try_reserve_exact(count).map_err(|_| self.refused_by_system::<T>(count as u64))?;
        Ok(out)
    }

    /// Makes room for `more` items in a vector whose final length nobody vouches for.
    #[inline]
    pub(crate) fn grow<T>(&mut self, v: &mut Vec<T>, more: usize) -> Result<()> {
        if v.capacity() - v.len() >= more {
            return Ok(());
        }
        self.grow_slowly(v, more)
    }

    #[cold]
    fn grow_slowly<T>(&mut self, v: &mut Vec<T>, more: usize) -> Result<()> {
        let size = (size_of::<T>() as u64).max(1);
        let spare = (v.capacity() - v.len()) as u64;
        let least = more as u64 - spare;
        let room = self.left() / size;
        if least > room {
            return Err(self.refusal(least.saturating_mul(size)));
        }
        let add = least.max(v.len() as u64 / 2).max(4096 / size).min(room);
        self.charge(add.saturating_mul(size))?;
        let extra = usize::try_from(spare + add).unwrap_or(usize::MAX);
        v.try_reserve_exact(extra).map_err(|_| self.refused_by_system::<T>(add))
    }

    fn refused_by_system<T>(&self, count: u64) -> Error {
        let needed = self.used.max(count.saturating_mul(size_of::<T>() as u64));
        Error::Memory { at: self.at.clone(), needed, limit: None }
    }
}

/// 80 % of the memory that the machine, or the container, has; unlimited where that cannot be found out.
pub(crate) fn default_limit() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    let container =
        std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    [machine, container].into_iter().flatten().min().map_or(u64::MAX, |total| total / 5 * 4)
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_past_the_limit() {
        let mut budget = Budget::new(10_000, Place::of("x"));
        let mut v: Vec<u64> = Vec::new();
        let mut failed = None;
        for i in 0..2000 {
            match budget.grow(&mut v, 1) {
                Ok(()) => v.push(i),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        assert_eq!(v.len(), 1250);
        assert!(matches!(failed, Some(Error::Memory { limit: Some(10_000), .. })));
        assert!(budget.vec::<u8>(1).is_err());
        budget.release(8);
        assert_eq!(budget.vec::<u8>(8).unwrap().capacity(), 8);
    }

    #[test]
    fn a_size_that_no_machine_has_is_an_error() {
        for count in [1 << 62, 1 << 59] {
            let mut budget = Budget::new(u64::MAX, Place::of("x"));
            assert!(matches!(budget.vec::<f64>(count), Err(Error::Memory { limit: None, .. })));
        }
    }

    #[test]
    fn meminfo_is_understood() {
        assert_eq!(total_memory("MemTotal:       24537644 kB\nMemFree: 1 kB\n"), Some(24_537_644 * 1024));
        assert_eq!(total_memory("nothing"), None);
    }
}
