//! Where a shard stands, as those see it who want to ask it.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

/// What a shard is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It reads its log.
    Loading {
        /// What was read so far: records below this offset.
        next_offset: i64,
        /// What there is to read.
        log_end_offset: i64,
    },
    /// It serves.
    Active,
    /// It could not be loaded, or lost its log; it stays so until its partition is led here again.
    Failed,
}

/// A shard's status, shared between its task and those who ask.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    status: AtomicU8,
    next_offset: AtomicI64,
    log_end_offset: AtomicI64,
}

const LOADING: u8 = 0;
const ACTIVE: u8 = 1;
const FAILED: u8 = 2;

impl Standing {
    pub(crate) fn set_loading(&self) {
        self.set_progress(0, 0);
        self.status.store(LOADING, Ordering::Release);
    }

    pub(crate) fn set_progress(&self, next_offset: i64, log_end_offset: i64) {
        self.next_offset.store(next_offset, Ordering::Relaxed);
        self.log_end_offset.store(log_end_offset, Ordering::Relaxed);
    }

    pub(crate) fn set_active(&self) {
        self.status.store(ACTIVE, Ordering::Release);
    }

    pub(crate) fn set_failed(&self) {
        self.status.store(FAILED, Ordering::Release);
    }

    pub(crate) fn get(&self) -> Status {
        match self.status.load(Ordering::Acquire) {
            LOADING => Status::Loading {
                next_offset: self.next_offset.load(Ordering::Relaxed),
                log_end_offset: self.log_end_offset.load(Ordering::Relaxed),
            },
            ACTIVE => Status::Active,
            _ => Status::Failed,
        }
    }
}
