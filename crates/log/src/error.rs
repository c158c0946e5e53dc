//! What can go wrong in a log, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

use env::LockError;

use crate::Malformed;

/// Why a log or a log directory could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written. The log directory counts as failed from now on: what
    /// was asked did not happen, and nothing more is written to any log in it.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log directory failed before, so it is not used any more.
    #[error("log directory {} is offline", dir.display())]
    Offline {
        /// The log directory.
        dir: PathBuf,
    },
    /// The disk has less free space than is to be kept free, so nothing of clients is appended.
    #[error(
        "log directory {} has {free} bytes left, and {min_free} are kept free; delete records or \
         topics, shorten the retention, or lower log.dirs.min.free.bytes",
        dir.display()
    )]
    LowSpace {
        /// The log directory.
        dir: PathBuf,
        /// Bytes left on its file system.
        free: u64,
        /// Bytes to be kept free.
        min_free: u64,
    },
    /// The disk is full. What was to be written is not there; nothing else changed.
    #[error("no space left for {}", path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
    },
    /// The log was closed, or its directory was removed.
    #[error("the log {} is closed", path.display())]
    Closed {
        /// The replica directory.
        path: PathBuf,
    },
    /// Stored bytes are not what was written. They are not served.
    #[error("{} is corrupt at byte {position}: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        position: u64,
        /// What does not fit.
        reason: String,
    },
    /// A text file of a log directory cannot be understood.
    #[error("{}: {malformed}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        malformed: Malformed,
    },
    /// The offset lies outside of the log.
    #[error(
        "offset {offset} is out of range: the log goes from {log_start_offset} to {log_end_offset}"
    )]
    OffsetOutOfRange {
        /// What was asked for.
        offset: i64,
        /// The first offset that may be read.
        log_start_offset: i64,
        /// The offset the next record will get.
        log_end_offset: i64,
    },
    /// One append is larger than a segment may become (`RECORD_LIST_TOO_LARGE`).
    #[error("an append of {size} bytes exceeds segment.bytes, {segment_bytes}")]
    AppendTooLarge {
        /// Bytes to append.
        size: usize,
        /// The limit.
        segment_bytes: u32,
    },
    /// A batch does not continue the log: its offsets lie below the end of the log, or are not
    /// in order.
    #[error("a batch at offset {offset} does not continue a log that ends at {expected}")]
    UnexpectedOffset {
        /// First offset of the batch.
        offset: i64,
        /// The smallest offset it may have.
        expected: i64,
    },
    /// Bytes to append are not a sequence of batches.
    #[error("a batch to append is invalid: {0}")]
    InvalidBatch(#[from] records::Error),
    /// Another process uses the log directory.
    #[error(
        "{0}; two nodes cannot share a log directory: stop the other one, or choose another \
         log.dirs"
    )]
    Locked(LockError),
    /// A log directory belongs to another cluster or node, or is there twice.
    #[error("{}: {key} is {found}, expected {expected}; {remedy}", path.display())]
    Identity {
        /// The `meta.properties` file.
        path: PathBuf,
        /// The property that does not fit.
        key: &'static str,
        /// Its value in the file.
        found: String,
        /// What it should be.
        expected: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A log directory has replicas but no `meta.properties`, so it cannot be told whose they are.
    #[error(
        "{} holds replicas but no meta.properties, so it cannot be told which cluster they belong \
         to; put the file back, or choose an empty directory",
        dir.display()
    )]
    NoIdentity {
        /// The log directory.
        dir: PathBuf,
    },
    /// There is a replica of this partition already.
    #[error("{} exists already", path.display())]
    Exists {
        /// Its directory.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn corrupt(path: impl Into<PathBuf>, position: u64, reason: impl ToString) -> Self {
        Self::Corrupt { path: path.into(), position, reason: reason.to_string() }
    }

    pub(crate) fn malformed(path: impl Into<PathBuf>) -> impl FnOnce(Malformed) -> Self {
        move |malformed| Self::Malformed { path: path.into(), malformed }
    }

    /// Whether there is no room for what was to be written (`KAFKA_STORAGE_ERROR`, to be tried
    /// again).
    pub fn is_for_want_of_space(&self) -> bool {
        matches!(self, Self::LowSpace { .. } | Self::NoSpace { .. })
    }

    /// Whether the log directory failed: its replicas are offline (`KAFKA_STORAGE_ERROR`).
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Offline { .. })
    }
}
