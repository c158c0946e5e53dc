//! What replicas say to one another, in the quorum's own terms. The driver's door turns these
//! into Kafka's requests and back.

use wire::Bytes;

use crate::control::ControlRecord;
use crate::describe::QuorumDescription;
use crate::error::Refusal;
use crate::types::{
    Endpoint, KRaftVersions, LeaderEpoch, NodeId, Offset, OffsetAndEpoch, ReplicaKey, SnapshotId,
};
use crate::voters::Voter;

/// Names a request that a replica or a client sent here; the driver gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Names a request that this machine sent; the machine gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Requests between replicas, and those of administrators that change the voters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants say no more than the types they hold
pub enum Request {
    Vote(VoteRequest),
    BeginQuorumEpoch(BeginQuorumEpochRequest),
    EndQuorumEpoch(EndQuorumEpochRequest),
    Fetch(FetchRequest),
    FetchSnapshot(FetchSnapshotRequest),
    AddVoter(AddVoterRequest),
    RemoveVoter(RemoveVoterRequest),
    UpdateVoter(UpdateVoterRequest),
    /// Which versions of `kraft.version` does the node support? Only sent, never handled here.
    SupportedVersions,
    /// The state of the quorum, for people; answered by the leader alone.
    Describe,
}

/// The answer to a [`Request`], of the variant of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants say no more than the types they hold
pub enum Response {
    Vote(VoteResponse),
    BeginQuorumEpoch(EpochResponse),
    EndQuorumEpoch(EpochResponse),
    Fetch(FetchResponse),
    FetchSnapshot(FetchSnapshotResponse),
    AddVoter(ChangeResponse),
    RemoveVoter(ChangeResponse),
    UpdateVoter(ChangeResponse),
    /// `None` if the node does not know the feature `kraft.version`.
    SupportedVersions(Option<KRaftVersions>),
    Describe(Result<Box<QuorumDescription>, Refusal>),
}

/// The leader as the answering replica knows it; part of every answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderHint {
    /// The answering replica's epoch.
    pub epoch: LeaderEpoch,
    /// The leader of that epoch, if known.
    pub leader: Option<NodeId>,
    /// Where that leader listens, if known.
    pub endpoint: Option<Endpoint>,
}

/// Asks for a vote, or for a promise of one (pre-vote, KIP-996).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteRequest {
    /// Whom the sender takes the receiver for; `None` from senders before KIP-853.
    pub voter: Option<ReplicaKey>,
    /// The sender.
    pub candidate: ReplicaKey,
    /// The epoch voted on; for a pre-vote the sender's current one.
    pub epoch: LeaderEpoch,
    /// The end of the sender's log.
    pub log_end: OffsetAndEpoch,
    /// Only ask whether a vote would be granted: nothing is promised and nobody's epoch moves.
    pub pre_vote: bool,
}

/// Answer to [`VoteRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteResponse {
    /// Granted or not, or why the question was not considered at all.
    pub granted: Result<bool, Refusal>,
    /// Whom the answering replica follows.
    pub hint: LeaderHint,
}

/// A new leader makes itself known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginQuorumEpochRequest {
    /// Whom the leader takes the receiver for; `None` before KIP-853.
    pub voter: Option<ReplicaKey>,
    /// The leader.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// Where it listens; empty before KIP-853.
    pub endpoints: Vec<Endpoint>,
}

/// A leader has resigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndQuorumEpochRequest {
    /// The leader that was.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// Who should stand first: those whose log was longest come first.
    pub preferred: Vec<ReplicaKey>,
    /// Where the leader that was listens; empty before KIP-853.
    pub endpoints: Vec<Endpoint>,
}

/// Answer to [`BeginQuorumEpochRequest`] and [`EndQuorumEpochRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochResponse {
    /// Why it was refused, if so.
    pub result: Result<(), Refusal>,
    /// Whom the answering replica follows.
    pub hint: LeaderHint,
}

/// A voter or observer pulls the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// The follower; an id below 0 is a reader that is no replica.
    pub replica: ReplicaKey,
    /// The epoch it believes in.
    pub epoch: LeaderEpoch,
    /// Its log end: it has everything below on stable storage.
    pub offset: Offset,
    /// The epoch of its last record.
    pub last_fetched_epoch: LeaderEpoch,
    /// The high watermark it knows, if it tells (KIP-1166): the leader then answers as soon as
    /// it knows a higher one.
    pub high_watermark: KnownHighWatermark,
    /// How long the leader may wait for records.
    pub max_wait_ms: u32,
    /// About how many bytes of records the answer may carry.
    pub max_bytes: u32,
}

/// What a follower said of the high watermark it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownHighWatermark {
    /// The follower does not tell: it is older than Fetch version 18.
    Untold,
    /// It knows none yet.
    Unknown,
    /// This one.
    At(Offset),
}

/// Answer to [`FetchRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchResponse {
    /// What the follower gets, or why it gets nothing.
    pub result: Result<FetchOutcome, Refusal>,
    /// Whom the answering replica follows.
    pub hint: LeaderHint,
    /// The leader's high watermark, once it has one in its own epoch.
    pub high_watermark: Option<Offset>,
    /// First offset of the leader's log.
    pub log_start_offset: Offset,
}

/// What a follower does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchOutcome {
    /// The leader lets the driver read records from `offset` on, at most about `max_bytes`, at
    /// least one batch if there is one. This is how a machine answers.
    Read {
        /// Where to start reading.
        offset: Offset,
        /// Size wanted.
        max_bytes: u32,
    },
    /// The records that were read. This is how an answer arrives.
    Records(FetchedRecords),
    /// The follower's log parts from the leader's at or before this point.
    Diverging(OffsetAndEpoch),
    /// The follower needs this snapshot first.
    Snapshot(SnapshotId),
}

/// Batches that were fetched, with what the machine has to know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedRecords {
    /// Whole, checked batches.
    pub bytes: Bytes,
    /// One entry per batch, in order.
    pub batches: Vec<BatchSummary>,
}

/// A record batch as the machine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchSummary {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
    /// The control records in it that concern the quorum, with their offsets.
    pub control: Vec<(Offset, ControlRecord)>,
}

/// A replica pulls a snapshot piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSnapshotRequest {
    /// The follower.
    pub replica: ReplicaKey,
    /// The epoch it believes in.
    pub epoch: LeaderEpoch,
    /// Which snapshot.
    pub snapshot: SnapshotId,
    /// From which byte on.
    pub position: i64,
    /// How many bytes the answer may carry.
    pub max_bytes: u32,
}

/// Answer to [`FetchSnapshotRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSnapshotResponse {
    /// A piece of the snapshot, or why there is none.
    pub result: Result<SnapshotPiece, Refusal>,
    /// Whom the answering replica follows.
    pub hint: LeaderHint,
}

/// Bytes of a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPiece {
    /// Which snapshot.
    pub snapshot: SnapshotId,
    /// Size of the whole.
    pub size: u64,
    /// Where the piece starts.
    pub position: u64,
    /// How the piece is carried.
    pub content: PieceContent,
}

/// The bytes of a piece, or the order to read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceContent {
    /// The driver reads that many bytes at most. This is how a machine answers.
    Read {
        /// Size wanted.
        max_bytes: u32,
    },
    /// The bytes. This is how an answer arrives.
    Bytes(Bytes),
}

/// Makes an observer a voter (KIP-853).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddVoterRequest {
    /// The new voter and where it listens.
    pub voter: ReplicaKey,
    /// Its listeners.
    pub endpoints: Vec<Endpoint>,
    /// How long the answer may take.
    pub timeout_ms: u32,
    /// Answer when the new set is committed, not when it is appended (KIP-1186).
    pub ack_when_committed: bool,
}

/// Takes a voter out of the set (KIP-853).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveVoterRequest {
    /// Whom.
    pub voter: ReplicaKey,
}

/// A voter tells its endpoints and supported versions (KIP-853).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateVoterRequest {
    /// The epoch the voter believes in.
    pub epoch: LeaderEpoch,
    /// The voter as it now is.
    pub voter: Voter,
}

/// Answer to the requests that change the voters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeResponse {
    /// Done, or why not.
    pub result: Result<(), ChangeRefusal>,
    /// Whom the answering replica follows.
    pub hint: LeaderHint,
}

/// Why a voter change did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRefusal {
    /// The kind.
    pub refusal: Refusal,
    /// Words for the administrator.
    pub message: String,
}
