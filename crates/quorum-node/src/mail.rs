//! What reaches the driver's task from outside.

use std::sync::Arc;

use bytes::Bytes;
use quorum::message::{Request, RequestId, Response};
use quorum::{Refusal, SendFailure, SnapshotId};
use tokio::sync::oneshot;

use crate::door::Payload;
use crate::error::{AppendError, Error};
use crate::snapshot_source::SnapshotSource;

/// Letters that may wait; whoever sends more waits with them.
pub(crate) const MAILBOX_MAX: usize = 1_024;

/// One letter.
pub(crate) enum Mail {
    /// The active controller appends a batch.
    Append {
        epoch: i32,
        records: Vec<Bytes>,
        answer: oneshot::Sender<Result<Appended, AppendError>>,
    },
    /// Somebody asks something.
    Request { request: Request, answer: oneshot::Sender<Payload> },
    /// A request sent to another node has ended.
    Response { request_id: RequestId, outcome: Result<Response, SendFailure> },
    /// The controller cannot go on.
    Resign { epoch: i32 },
    /// The administrator raises `kraft.version`.
    UpgradeKRaftVersion {
        epoch: i32,
        version: i16,
        validate_only: bool,
        answer: oneshot::Sender<Result<i64, Refusal>>,
    },
    /// From here on snapshots come from there.
    SnapshotSource(Arc<dyn SnapshotSource>),
    /// A snapshot was written, or not.
    SnapshotWritten { id: SnapshotId, result: Result<u64, Error> },
    /// The node stops.
    Shutdown { timeout_ms: u64 },
}

/// Where records went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Epoch of the leader that appended them: this node, at that time.
    pub epoch: i32,
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
}
