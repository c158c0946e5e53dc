//! The buffer that codecs decompress into.

use super::Failure;

/// Bytes kept for the next batch; a buffer grown beyond that is given back.
const KEPT_BYTES_MAX: usize = 4 << 20;
/// The first size of an empty buffer: what many batches fit into.
const FIRST_BYTES: usize = 64 << 10;

/// A buffer that grows as data comes, up to a limit.
///
/// Its storage is zeroed once, when it grows, and reused afterwards.
#[derive(Debug, Default)]
pub(super) struct Output {
    storage: Vec<u8>,
    length: usize,
    limit: usize,
}

impl Output {
    /// Begins anew with another limit.
    pub(super) fn start(&mut self, limit: usize) {
        if self.storage.len() > KEPT_BYTES_MAX {
            self.storage = Vec::new();
        }
        self.length = 0;
        self.limit = limit;
    }

    /// What has been decompressed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.storage[..self.length]
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.storage.truncate(self.length);
        self.storage
    }

    /// Bytes that may still come.
    pub(super) fn allowance(&self) -> usize {
        self.limit - self.length
    }

    /// Room for at least `wanted` more bytes, or for as many as the limit allows if that is less.
    /// The caller reports what it used with [`Output::advance`].
    pub(super) fn room(&mut self, wanted: usize) -> &mut [u8] {
        let needed = self.length + wanted.min(self.allowance());
        if self.storage.len() < needed {
            let doubled = (self.storage.len() * 2).max(FIRST_BYTES).min(self.limit);
            self.storage.resize(needed.max(doubled), 0);
        }
        let end = self.storage.len().min(self.limit);
        &mut self.storage[self.length..end]
    }

    /// Counts `count` bytes written into the room as decompressed.
    pub(super) fn advance(&mut self, count: usize) {
        self.length += count;
        debug_assert!(self.length <= self.limit);
    }

    /// Appends bytes that were stored as they are.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.len() > self.allowance() {
            return Err(Failure::TooLarge);
        }
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
        Ok(())
    }
}
