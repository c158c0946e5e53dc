//! Runs the quorum machine: the metadata log on disk, snapshots, timers, requests.
//!
//! [`QuorumNode`] is a task that owns a [`quorum::Machine`] and the log of `__cluster_metadata-0`:
//! the only writer of both. It decides nothing; it turns letters and timers into events, and does
//! the commands that come back, each to its end before the next. Others reach it by its
//! [`Handle`]: the controller appends and waits for commits, brokers and controllers follow a
//! [`Subscription`], the network layer passes requests of other replicas in.
//!
//! **Invariants.** A vote is on stable storage before it is answered. A record is on stable
//! storage before it counts as replicated here. What a subscription gives is committed, in order,
//! and without gaps.
//!
//! **Boundary.** Only `door` knows the fields of Kafka's messages; only `control`, `snapshot` and
//! `quorum_state` know those of what is stored.

pub mod bootstrap;
mod control;
mod door;
mod error;
mod execute;
mod format;
mod handle;
mod mail;
mod metadata_log;
mod node;
mod patience;
pub mod quorum_state;
mod rpc;
mod settings;
pub mod snapshot;
mod snapshot_cycle;
mod snapshot_source;
mod start;
mod status;
mod subscription;

pub use control::{BatchError, fetched};
pub use door::{METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID};
pub use error::{AppendError, CommitError, Error};
pub use format::{FormatOptions, InitialVoters, METADATA_LOG_DIR, format};
pub use handle::{Handle, RequestError};
pub use mail::Appended;
pub use quorum::{Destination, Endpoint, QuorumDescription, Refusal, SendFailure, SnapshotId};
pub use rpc::{BoxFuture, NoPeers, OutgoingRequest, RpcSender};
pub use settings::{Settings, SnapshotSettings, static_voters};
pub use snapshot_source::{SnapshotImage, SnapshotSource};
pub use start::QuorumNode;
pub use status::{LeaderAndEpoch, Status};
pub use subscription::{CommittedBatch, LoadedSnapshot, QuorumEvent, Subscription};
