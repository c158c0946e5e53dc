//! What a producer counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a producer has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProducerStats {
    /// Records delivered.
    pub records: u64,
    /// Records given up.
    pub records_failed: u64,
    /// Batches delivered.
    pub batches: u64,
    /// Bytes of the batches delivered, as they were sent.
    pub batch_bytes: u64,
    /// Produce requests sent.
    pub requests: u64,
    /// Batches sent again.
    pub retries: u64,
}

/// The counters behind [`ProducerStats`].
#[derive(Debug, Default)]
pub(super) struct Stats {
    records: AtomicU64,
    records_failed: AtomicU64,
    batches: AtomicU64,
    batch_bytes: AtomicU64,
    requests: AtomicU64,
    retries: AtomicU64,
}

impl Stats {
    pub(super) fn requested(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A batch of `count` records and `bytes` bytes is delivered or given up.
    pub(super) fn settled(&self, is_delivered: bool, count: i32, bytes: usize) {
        let count = u64::try_from(count).unwrap_or_default();
        if is_delivered {
            self.records.fetch_add(count, Ordering::Relaxed);
            self.batches.fetch_add(1, Ordering::Relaxed);
            self.batch_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        } else {
            self.records_failed.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(super) fn now(&self) -> ProducerStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ProducerStats {
            records: load(&self.records),
            records_failed: load(&self.records_failed),
            batches: load(&self.batches),
            batch_bytes: load(&self.batch_bytes),
            requests: load(&self.requests),
            retries: load(&self.retries),
        }
    }
}
