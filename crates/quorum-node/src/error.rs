//! What can go wrong in the quorum's driver, by what its caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the node cannot take part in the quorum (any more). All of these end the node: without its
/// metadata it can do nothing.
#[derive(Debug, Error)]
pub enum Error {
    /// The metadata log failed.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// A file beside the log could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A record or batch in the metadata log is not what a leader writes.
    #[error("the metadata log is corrupt at offset {offset}: {reason}")]
    CorruptLog {
        /// Offset of the batch.
        offset: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata log could not be read.
    #[error("cannot read the metadata log from offset {from} on: {source}")]
    ReadLog {
        /// Where reading began.
        from: i64,
        /// What the system said.
        source: io::Error,
    },
    /// The log directories do not fit together: the metadata log is elsewhere, or gone.
    #[error("{}: {reason}; {remedy}", path.display())]
    Identity {
        /// The file or directory.
        path: PathBuf,
        /// What does not fit.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A peer broke consensus.
    #[error(transparent)]
    Violation(#[from] quorum::Violation),
    /// The node's task was ended from outside, or panicked.
    #[error(transparent)]
    Task(env::TaskError),
    /// The node has stopped.
    #[error("the quorum node has stopped")]
    Stopped,
}

impl Error {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn corrupt(path: impl AsRef<Path>, reason: impl ToString) -> Self {
        Self::Corrupt { path: path.as_ref().to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn corrupt_log(offset: i64, reason: impl ToString) -> Self {
        Self::CorruptLog { offset, reason: reason.to_string() }
    }
}

/// Why records of the active controller were not appended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// This node does not lead, or leads in another epoch: nothing was appended.
    #[error("this node is not the leader of epoch {epoch}")]
    NotLeader {
        /// The epoch asked for.
        epoch: i32,
    },
    /// The records do not fit into one batch: nothing was appended.
    #[error("{size} bytes of records do not fit into one batch of at most {max} bytes")]
    TooLarge {
        /// Their size as a batch.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// There was no record to append.
    #[error("there is nothing to append")]
    Empty,
    /// The node has stopped.
    #[error("the quorum node has stopped")]
    Stopped,
}

/// Why it is not known that an offset is committed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommitError {
    /// Another epoch began first: the records may or may not survive.
    #[error("leadership of epoch {epoch} ended before the records were committed")]
    LeadershipLost {
        /// The epoch of the records.
        epoch: i32,
    },
    /// The node has stopped.
    #[error("the quorum node has stopped")]
    Stopped,
}
