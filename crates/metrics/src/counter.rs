//! Counters for the hot path.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that one thread at a time writes and any thread reads: no bus lock on the hot path.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A count of nothing yet.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// To be called by the one writer only: the thread that owns it, or the holder of a lock.
    pub fn add(&self, amount: u64) {
        self.0.store(self.get().wrapping_add(amount), Ordering::Relaxed);
    }

    /// The count as it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A count that several threads write.
#[derive(Debug, Default)]
pub struct Tally(AtomicU64);

impl Tally {
    /// Counts.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The count as it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are at present of something that comes and goes.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

/// One of them, until this is dropped.
#[derive(Debug)]
pub struct Inside<'a>(&'a Level);

impl Level {
    /// One more, until the result is dropped.
    pub fn enter(&self) -> Inside<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Inside(self)
    }

    /// How many there are.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
