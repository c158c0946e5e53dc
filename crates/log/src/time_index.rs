//! Entries of the time index (kafka-storage 3.4).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::index::IndexEntry;

/// No record up to the batch that ends at `offset` has a timestamp above `timestamp`, and that
/// batch has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    /// The largest timestamp so far, ms since the epoch.
    pub(crate) timestamp: i64,
    /// Last offset of the batch, relative to the base offset of the segment.
    pub(crate) offset: u32,
}

impl IndexEntry for TimeEntry {
    const SIZE: usize = 12;
    const WORDS: usize = 2;

    fn load(words: &[AtomicU64]) -> Self {
        Self {
            timestamp: words[0].load(Ordering::Relaxed) as i64,
            offset: words[1].load(Ordering::Relaxed) as u32,
        }
    }

    fn store(self, words: &[AtomicU64]) {
        words[0].store(self.timestamp as u64, Ordering::Relaxed);
        words[1].store(u64::from(self.offset), Ordering::Relaxed);
    }

    fn decode(bytes: &[u8]) -> Self {
        let (mut timestamp, mut offset) = ([0; 8], [0; 4]);
        timestamp.copy_from_slice(&bytes[..8]);
        offset.copy_from_slice(&bytes[8..12]);
        Self { timestamp: i64::from_be_bytes(timestamp), offset: u32::from_be_bytes(offset) }
    }

    fn encode(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.offset.to_be_bytes());
    }

    fn is_zero(&self) -> bool {
        self.timestamp == 0 && self.offset == 0
    }
}
