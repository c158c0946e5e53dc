//! Group coordinators as pure machines: classic groups and committed offsets.
//!
//! [`Shard`] is the machine, [`Outcome`] what it wants done, [`Request`] and [`Response`] what it is
//! asked and answers, [`Record`] what it stores.

mod classic;
mod error;
mod groups;
mod journal;
mod limits;
mod offsets;
mod other;
mod outcome;
mod request;
mod settings;
mod shard;
mod state;
mod uncommitted;

pub use classic::AfterWrite;
pub use classic::request::{
    Client, DescribeGroups, DescribedGroup, DescribedMember, Heartbeat, JoinAbilities, JoinGroup,
    JoinRefused, Joined, JoinedMember, LeaveGroup, Leaving, Left, Protocol, SyncGroup, Synced,
};
pub use error::{Error, JournalError, WriteError};
pub use groups::{DeleteGroups, DeletedGroup, GroupType, ListGroups, ListedGroup};
pub use journal::Record;
pub use limits::{NEW_MEMBER_JOIN_TIMEOUT_MS, PENDING_MEMBERS_MAX};
pub use offsets::CommittedOffset;
pub use offsets::request::{
    CommitOffsets, CommitPartition, CommitTopic, CommittedTopic, DeleteOffsets, DeletedTopic,
    FetchOffsets, FetchTopic, FetchedTopic, TopicsDeleted, TxnCommitOffsets,
};
pub use outcome::{Answer, Command, Outcome, Timer, Token};
pub use request::{Call, Request, Response};
pub use settings::Settings;
pub use shard::Shard;
