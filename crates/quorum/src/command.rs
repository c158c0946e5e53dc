//! Everything a quorum machine can ask its driver to do.

use wire::Bytes;

use crate::control::ControlRecord;
use crate::election::ElectionState;
use crate::error::{AppendRefusal, Refusal, Violation};
use crate::message::{Request, RequestId, Response, Token};
use crate::types::{Destination, LeaderEpoch, NodeId, Offset, SnapshotId};

/// One thing to do. The driver executes a list in order, each command completely before the next:
/// a reply or request that follows a [`Command::PersistElection`] must not leave before the file
/// is on stable storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Write `quorum-state` and sync it. Kafka's format is version 0 with `kraft_version` 0, else
    /// version 1.
    PersistElection {
        /// What to remember.
        election: ElectionState,
        /// `kraft.version` in effect.
        kraft_version: i16,
        /// The voters, which format version 0 lists.
        voters: Vec<NodeId>,
    },
    /// Append one control batch. The log ends at `base_offset`. Owes [`Event::Flushed`].
    ///
    /// [`Event::Flushed`]: crate::Event::Flushed
    AppendControl {
        /// Offset of its first record.
        base_offset: Offset,
        /// Leader epoch to write into the batch.
        epoch: LeaderEpoch,
        /// Its records.
        records: Vec<ControlRecord>,
    },
    /// Append the batch that [`Event::Append`] announced. The log ends at `base_offset`. Owes
    /// [`Event::Flushed`].
    ///
    /// [`Event::Append`]: crate::Event::Append
    /// [`Event::Flushed`]: crate::Event::Flushed
    AppendData {
        /// Which batch.
        token: Token,
        /// Offset of its first record.
        base_offset: Offset,
        /// Leader epoch to write into the batch.
        epoch: LeaderEpoch,
    },
    /// Drop the batch that [`Event::Append`] announced.
    ///
    /// [`Event::Append`]: crate::Event::Append
    RejectAppend {
        /// Which batch.
        token: Token,
        /// Why.
        refusal: AppendRefusal,
    },
    /// Append batches fetched from the leader as they are. The log ends at `base_offset`. Owes
    /// [`Event::Flushed`].
    ///
    /// [`Event::Flushed`]: crate::Event::Flushed
    AppendFetched {
        /// Offset of the first record.
        base_offset: Offset,
        /// Whole batches.
        bytes: Bytes,
    },
    /// Cut the log back to `end_offset`, which is not below the high watermark and lies between
    /// two batches.
    Truncate {
        /// The first offset that goes.
        end_offset: Offset,
    },
    /// Answer a request. [`FetchOutcome::Read`] and [`PieceContent::Read`] in it are for the
    /// driver to fill from the log or the snapshot.
    ///
    /// [`FetchOutcome::Read`]: crate::message::FetchOutcome::Read
    /// [`PieceContent::Read`]: crate::message::PieceContent::Read
    Reply {
        /// Which request.
        token: Token,
        /// The answer.
        response: Response,
    },
    /// Send a request. Owes one [`Event::Response`]; the machine gives up on it by itself after
    /// the request timeout and ignores what comes later.
    ///
    /// [`Event::Response`]: crate::Event::Response
    Send {
        /// Names the request in the event.
        request_id: RequestId,
        /// To whom.
        to: Destination,
        /// What.
        request: Request,
    },
    /// Keep a piece of a snapshot that is being downloaded. Position 0 starts the download anew.
    WriteSnapshotPiece {
        /// Which snapshot.
        id: SnapshotId,
        /// Where in the file.
        position: u64,
        /// What.
        bytes: Bytes,
    },
    /// The download is complete: check it, make it durable under its name, and start the log anew
    /// at its end. Owes [`Event::SnapshotInstalled`] or [`Event::SnapshotUnsound`].
    ///
    /// [`Event::SnapshotInstalled`]: crate::Event::SnapshotInstalled
    /// [`Event::SnapshotUnsound`]: crate::Event::SnapshotUnsound
    InstallSnapshot {
        /// Which snapshot.
        id: SnapshotId,
    },
    /// Tell the node who leads. Given once per change, before anything is committed in the epoch.
    LeaderChanged {
        /// The epoch.
        epoch: LeaderEpoch,
        /// Its leader, `None` while unknown.
        leader: Option<NodeId>,
    },
    /// Everything below is committed and will never change.
    HighWatermarkAdvanced {
        /// The first offset that is not committed.
        high_watermark: Offset,
    },
    /// Answers [`Event::UpgradeKRaftVersion`].
    ///
    /// [`Event::UpgradeKRaftVersion`]: crate::Event::UpgradeKRaftVersion
    Upgraded {
        /// Which wish.
        token: Token,
        /// The offset of the record that says so (the log end when nothing was to do), or why not.
        result: Result<Offset, Refusal>,
    },
    /// Nothing more is to be done before the node stops.
    ShutdownComplete,
    /// Stop the node and say why: consensus was broken.
    Halt(Violation),
}
