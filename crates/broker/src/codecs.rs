//! Compression contexts, which are large and worth using again.

use std::sync::{Mutex, PoisonError};

use records::Codecs;

/// Contexts not in use, at most one for each thread that ever validated at the same time.
#[derive(Debug, Default)]
pub(crate) struct CodecPool(Mutex<Vec<Codecs>>);

impl CodecPool {
    /// Runs `work` with a context of its own.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Codecs) -> T) -> T {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut codecs = free.unwrap_or_default();
        let result = work(&mut codecs);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(codecs);
        result
    }
}
