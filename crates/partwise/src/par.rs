//! Threads: a pool per fit (or several, side by side), scratch memory per thread, and row blocks that are split, never shared.
//!
//! Nothing here adds numbers up, so nothing here can change a result.
//!
//! Work that nobody waits for any more ends here too: once the flag of a team is set, its blocks are left as they are. What
//! is computed from then on means nothing, and whoever had the flag set returns an error in its place.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::OnceCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    /// Set when nobody waits for the work of this thread's team any more.
    static STOP: OnceCell<Arc<AtomicBool>> = const { OnceCell::new() };
}

/// Whether nobody waits for the work of this thread any more.
pub(crate) fn is_over() -> bool {
    STOP.with(|stop| stop.get().is_some_and(|stop| stop.load(Ordering::Relaxed)))
}

/// Threads that a pool has at most: with many more than processors, they only wait for each other (1024 threads on two
/// processors take a hundred times as long as two).
pub(crate) fn most_threads() -> usize {
    available().saturating_mul(4).clamp(64, 1024)
}

/// A pool of `threads` threads, or of fewer if the system refuses to start that many.
pub(crate) struct Team {
    pool: Option<ThreadPool>,
    threads: usize,
}

impl Team {
    /// `threads` of 0 means as many as there are processors to run on. All work of the team is over once `stop` is set.
    pub(crate) fn new(threads: usize, stop: Option<&Arc<AtomicBool>>) -> Team {
        let asked = if threads == 0 { available() } else { threads };
        let mut threads = asked.min(most_threads());
        while threads > 0 {
            let stop = stop.cloned();
            let known = move |_| {
                if let Some(stop) = &stop {
                    let _ = STOP.with(|mine| mine.set(Arc::clone(stop)));
                }
            };
            let built = ThreadPoolBuilder::new()
                .num_threads(threads)
                .thread_name(|i| format!("partwise-{i}"))
                .start_handler(known)
                .build();
            if let Ok(pool) = built {
                return Team { pool: Some(pool), threads };
            }
            threads /= 2;
        }
        // Not even one: the caller's thread does it all, to the end. It stays a pool of one once it has been made so.
        Team { pool: ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok(), threads: 1 }
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `f` inside the pool.
    pub(crate) fn run<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(f),
            None => f(),
        }
    }
}

/// Teams that work side by side, each of as many threads; with one team, they all work on the same.
pub(crate) struct Crew {
    lead: Team,
    others: Vec<Team>,
}

impl Crew {
    /// Shares out `threads` threads among `teams` teams; what is left over rests.
    pub(crate) fn new(teams: usize, threads: usize, stop: Option<&Arc<AtomicBool>>) -> Crew {
        let teams = teams.max(1);
        let each = (threads / teams).max(1);
        let others = (1..teams).map(|_| Team::new(each, stop)).collect();
        Crew { lead: Team::new(each, stop), others }
    }

    /// Threads of a team, at most.
    pub(crate) fn threads(&self) -> usize {
        self.others.iter().map(Team::threads).fold(self.lead.threads(), usize::max)
    }

    pub(crate) fn teams(&self) -> usize {
        1 + self.others.len()
    }

    /// Runs `f` in the first team.
    pub(crate) fn lead<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        self.lead.run(f)
    }

    /// Runs `lead` in the first team and `other` in each of the others, at the same time, and waits for all of them. A team
    /// that the system refused threads may come late: `lead` must not wait for it.
    pub(crate) fn run<R: Send>(&self, lead: impl FnOnce() -> R + Send, other: &(dyn Fn() + Sync)) -> R {
        fn beside<'f, R>(teams: &[Team], job: &(dyn Fn() + Sync), here: Box<dyn FnOnce() -> R + 'f>) -> R {
            let Some((team, rest)) = teams.split_first() else { return here() };
            let Some(pool) = &team.pool else { return beside(rest, job, here) };
            pool.in_place_scope(|scope| {
                scope.spawn(|_| job());
                beside(rest, job, here)
            })
        }
        beside(&self.others, other, Box::new(|| self.lead.run(lead)))
    }
}

/// Processors that this process may use (an affinity mask and a container's quota count).
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// One `S` per thread of the pool.
pub(crate) struct PerThread<S>(Vec<Mutex<S>>);

impl<S> PerThread<S> {
    pub(crate) fn new(threads: usize, mut make: impl FnMut() -> S) -> PerThread<S> {
        PerThread((0..threads.max(1)).map(|_| Mutex::new(make())).collect())
    }

    /// Calls `f` with every one of them, while no thread has any.
    pub(crate) fn for_each(&mut self, mut f: impl FnMut(&mut S)) {
        self.0.iter_mut().for_each(|s| f(s.get_mut().unwrap_or_else(PoisonError::into_inner)));
    }

    /// Lends this thread's `S`. `f` must not start parallel work: a stolen task would ask for the same `S`.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        let index = rayon::current_thread_index().unwrap_or(0) % self.0.len();
        f(&mut self.0[index].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Memory of consecutive rows that can be cut in two.
pub(crate) trait Split: Sized + Send {
    fn rows(&self) -> usize;
    fn split_at(self, rows: usize) -> (Self, Self);
}

/// Rows of one array, each of so many numbers.
pub(crate) struct Lines<'a, T>(pub(crate) &'a mut [T], pub(crate) usize);

impl<T: Send> Split for Lines<'_, T> {
    fn rows(&self) -> usize {
        self.0.len() / self.1
    }
    fn split_at(self, rows: usize) -> (Self, Self) {
        let (a, b) = cut(self.0, rows * self.1);
        (Lines(a, self.1), Lines(b, self.1))
    }
}

/// Calls `f(first row, rows)` for blocks of `block` rows (the last may be shorter), in parallel. Blocks start at
/// multiples of `block`. None begins once the work is over.
pub(crate) fn for_blocks<S: Split>(job: S, block: usize, first: usize, f: &(impl Fn(usize, S) + Sync)) {
    let rows = job.rows();
    if rows <= block {
        if rows > 0 && !is_over() {
            f(first, job);
        }
        return;
    }
    let half = (rows.div_ceil(block) / 2).max(1) * block;
    let (a, b) = job.split_at(half);
    rayon::join(|| for_blocks(a, block, first, f), || for_blocks(b, block, first + half, f));
}

/// Cuts a slice that is either empty or long enough.
pub(crate) fn cut<T>(slice: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    let at = at.min(slice.len());
    slice.split_at_mut(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_row_once() {
        let team = Team::new(3, None);
        assert_eq!(team.threads(), 3);
        for (rows, block) in [(0, 4), (1, 4), (4, 4), (5, 4), (103, 7), (64, 64)] {
            let mut data = vec![0; rows];
            team.run(|| {
                for_blocks(Lines(&mut data, 1), block, 0, &|first, part| {
                    assert!(first % block == 0 && part.0.len() <= block);
                    part.0.iter_mut().enumerate().for_each(|(i, x)| *x += first + i + 1);
                });
            });
            assert!(data.iter().enumerate().all(|(i, &x)| x == i + 1), "{rows} rows, blocks of {block}");
        }
    }

    #[test]
    fn a_crew_works_side_by_side() {
        for (teams, threads, each) in [(1, 3, 3), (3, 3, 1), (2, 5, 2), (4, 2, 1)] {
            let crew = Crew::new(teams, threads, None);
            assert_eq!((crew.teams(), crew.threads()), (teams, each));
            // Everyone is there at once, or this would not end.
            let meet = std::sync::Barrier::new(teams);
            let width = || {
                meet.wait();
                rayon::current_num_threads()
            };
            let got = crew.run(width, &|| assert_eq!(width(), each));
            assert_eq!((got, crew.lead(rayon::current_num_threads)), (each, each));
        }
    }

    #[test]
    fn blocks_are_left_alone_once_the_work_is_over() {
        let stop = Arc::default();
        let team = Team::new(2, Some(&stop));
        let mut data = vec![0; 100];
        team.run(|| {
            for_blocks(Lines(&mut data, 1), 1, 0, &|first, part| {
                part.0[0] = 1;
                if first == 50 {
                    stop.store(true, Ordering::Relaxed);
                }
            });
        });
        assert!(data[50] == 1 && data.contains(&0));
        // Other teams do not know of it.
        Team::new(2, None).run(|| for_blocks(Lines(&mut data, 1), 1, 0, &|_, part| part.0[0] = 2));
        assert_eq!(data, [2; 100]);
    }

    #[test]
    fn each_thread_has_its_own() {
        let team = Team::new(2, None);
        let counts = PerThread::new(2, || 0usize);
        let mut data = vec![0; 100];
        team.run(|| for_blocks(Lines(&mut data, 1), 1, 0, &|_, _| counts.with(|n| *n += 1)));
        assert_eq!(counts.0.into_iter().map(|n| n.into_inner().unwrap()).sum::<usize>(), 100);
    }
}
