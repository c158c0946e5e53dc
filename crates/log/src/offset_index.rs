//! Entries of the offset index (kafka-storage 3.3).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::index::IndexEntry;

/// The batch whose last offset is `offset` starts at `position`.
///
/// Both are packed into one word, in the file as in memory, so that readers may look at entries
/// that a writer is still adding to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    /// Last offset of the batch, relative to the base offset of the segment.
    pub(crate) offset: u32,
    /// Where in the segment the batch starts.
    pub(crate) position: u32,
}

impl OffsetEntry {
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.offset) << 32 | u64::from(self.position)
    }

    pub(crate) fn unpack(word: u64) -> Self {
        Self { offset: (word >> 32) as u32, position: word as u32 }
    }
}

impl IndexEntry for OffsetEntry {
    const SIZE: usize = 8;
    const WORDS: usize = 1;

    fn load(words: &[AtomicU64]) -> Self {
        Self::unpack(words[0].load(Ordering::Relaxed))
    }

    fn store(self, words: &[AtomicU64]) {
        words[0].store(self.pack(), Ordering::Relaxed);
    }

    fn decode(bytes: &[u8]) -> Self {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[..8]);
        Self::unpack(u64::from_be_bytes(word))
    }

    fn encode(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.pack().to_be_bytes());
    }

    fn is_zero(&self) -> bool {
        self.pack() == 0
    }
}
