//! Everything that can happen to a quorum machine.

use crate::error::Refusal;
use crate::message::{Request, RequestId, Response, Token};
use crate::types::{LeaderEpoch, Millis, Offset, SnapshotId};
use crate::voters::VoterSet;

/// One thing that happened. The driver hands them over one at a time, and executes the commands
/// that come back before it hands over the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed; due at the latest when [`Machine::next_deadline`] is reached, and once
    /// after start.
    ///
    /// [`Machine::next_deadline`]: crate::Machine::next_deadline
    Tick,
    /// A request came in. It is answered by exactly one [`Command::Reply`] with the token, maybe
    /// after later events.
    ///
    /// [`Command::Reply`]: crate::Command::Reply
    Request {
        /// Names the request in the reply.
        token: Token,
        /// What is asked.
        request: Request,
    },
    /// A request sent by [`Command::Send`] came to an end.
    ///
    /// [`Command::Send`]: crate::Command::Send
    Response {
        /// Which one.
        request_id: RequestId,
        /// The answer, or why there is none.
        outcome: Result<Response, SendFailure>,
    },
    /// The active controller wants records appended as one batch. Answered at once by
    /// [`Command::AppendData`] or [`Command::RejectAppend`].
    ///
    /// [`Command::AppendData`]: crate::Command::AppendData
    /// [`Command::RejectAppend`]: crate::Command::RejectAppend
    Append {
        /// Names the batch in the command.
        token: Token,
        /// The epoch in which the controller believes itself active.
        epoch: LeaderEpoch,
        /// How many records; at least 1.
        record_count: u32,
    },
    /// All records below are on stable storage. The driver owes this after every command that
    /// appends.
    Flushed {
        /// Where the durable part ends.
        end_offset: Offset,
    },
    /// A snapshot was written locally. It covers committed records only.
    SnapshotWritten {
        /// Its name.
        id: SnapshotId,
        /// Its size in bytes.
        size: u64,
    },
    /// [`Command::InstallSnapshot`] was carried out: the log is empty and starts at its end.
    ///
    /// [`Command::InstallSnapshot`]: crate::Command::InstallSnapshot
    SnapshotInstalled {
        /// Its name.
        id: SnapshotId,
        /// Its size in bytes.
        size: u64,
        /// `kraft.version` in it.
        kraft_version: i16,
        /// Voters in it.
        voters: Option<VoterSet>,
    },
    /// [`Command::InstallSnapshot`] failed because what was downloaded is not a sound snapshot.
    ///
    /// [`Command::InstallSnapshot`]: crate::Command::InstallSnapshot
    SnapshotUnsound {
        /// Its name.
        id: SnapshotId,
    },
    /// Retention removed old snapshots and records.
    LogStartMoved {
        /// Where the log starts now.
        start_offset: Offset,
        /// The oldest snapshot that is left.
        oldest_snapshot: SnapshotId,
    },
    /// The controller cannot go on in this epoch: give leadership up. Ignored in another epoch.
    Resign {
        /// The epoch to leave.
        epoch: LeaderEpoch,
    },
    /// The administrator raises the feature `kraft.version`. Answered by [`Command::Upgraded`].
    ///
    /// [`Command::Upgraded`]: crate::Command::Upgraded
    UpgradeKRaftVersion {
        /// Names the wish in the answer.
        token: Token,
        /// The epoch in which the controller believes itself active.
        epoch: LeaderEpoch,
        /// The version wanted.
        version: i16,
        /// Only say whether it could be done.
        validate_only: bool,
    },
    /// The node is about to stop: a leader hands over, at most for the given time. Answered by
    /// [`Command::ShutdownComplete`].
    ///
    /// [`Command::ShutdownComplete`]: crate::Command::ShutdownComplete
    Shutdown {
        /// How long a hand-over may take.
        timeout_ms: Millis,
    },
}

/// Why a request that was sent got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// Not connected, connection lost, or no answer in time.
    Unreachable,
    /// The peer does not speak the version needed.
    UnsupportedVersion,
    /// The peer answered with an error for the request as a whole.
    Refused(Refusal),
}
