//! KRaft consensus as a pure machine: elections, log matching, high watermark, snapshots, voters.
//!
//! [`Machine`] is one replica's part in the quorum of the metadata log (KIP-595, with pre-vote of
//! KIP-996, snapshots of KIP-630 and changing voters of KIP-853). It takes an [`Event`], the time
//! and random numbers, and gives back a list of [`Command`]s that a driver executes in order. It
//! knows the log only by its shape ([`LogView`]); records are opaque bytes to it, except for the
//! [`ControlRecord`]s that steer the quorum itself.
//!
//! A quorum of one is no special case: its majority is one, so it elects itself the moment it
//! starts and commits what it has made durable.

mod act;
mod change;
mod command;
mod config;
mod control;
mod describe;
mod election;
mod epoch;
mod error;
mod event;
mod fetch;
mod follow;
mod log_view;
mod machine;
pub mod message;
mod peers;
mod roles;
mod transitions;
mod types;
mod vote;
mod voters;

pub use command::Command;
pub use config::{Config, Timeouts};
pub use control::ControlRecord;
pub use describe::{QuorumDescription, ReplicaState};
pub use election::ElectionState;
pub use error::{AppendRefusal, Refusal, Violation};
pub use event::{Event, SendFailure};
pub use log_view::{EpochStart, LogView};
pub use machine::{Machine, Stored};
pub use types::{
    BOOTSTRAP_SNAPSHOT, Destination, Endpoint, KRaftVersions, LeaderEpoch, Millis, NodeId, Now,
    Offset, OffsetAndEpoch, Random, ReplicaKey, SnapshotId,
};
pub use voters::{Membership, Voter, VoterSet};
