//! Group coordinators as pure machines: classic, consumer and streams groups, and committed
//! offsets.
//!
//! [`Shard`] is the machine, [`Outcome`] what it wants done, [`Request`] and [`Response`] what it is
//! asked and answers, [`Record`] what it stores.

mod classic;
mod cluster;
mod consumer;
mod embedded;
mod error;
mod groups;
mod journal;
mod limits;
mod offsets;
mod other;
mod outcome;
mod part;
mod request;
mod settings;
mod shard;
mod share;
mod state;
mod streams;
mod turn;
mod uncommitted;

pub use classic::AfterWrite;
pub use classic::request::{
    Client, DescribeGroups, DescribedGroup, DescribedMember, Heartbeat, JoinAbilities, JoinGroup,
    JoinRefused, Joined, JoinedMember, LeaveGroup, Leaving, Left, Protocol, SyncGroup, Synced,
};
pub use cluster::{Cluster, ClusterChanged, ClusterView, Topic};
pub use consumer::request::{
    ConsumerBeat, ConsumerHeartbeat, DescribeConsumerGroups, DescribedConsumer,
    DescribedConsumerGroup,
};
pub use consumer::{
    Assignor, Current, Epoch, EpochPartitions, MemberState, Part as ConsumerPart, Partitions,
    RegexesResolved, ResolveRegexes, Resolved, Subscription, TargetEpoch,
};
pub use error::{Error, JournalError, WriteError};
pub use groups::{DeleteGroups, DeletedGroup, GroupType, ListGroups, ListedGroup};
pub use journal::Record;
pub use limits::{
    NEW_MEMBER_JOIN_TIMEOUT_MS, PENDING_MEMBERS_MAX, STREAMS_TASKS_MAX, SUBTOPOLOGIES_MAX,
    TOPOLOGY_ITEMS_MAX,
};
pub use offsets::CommittedOffset;
pub use offsets::request::{
    CommitOffsets, CommitPartition, CommitTopic, CommittedTopic, DeleteOffsets, DeletedTopic,
    FetchOffsets, FetchTopic, FetchedTopic, TopicsDeleted, TxnCommitOffsets,
};
pub use outcome::{Answer, Command, Outcome, Timer, Token};
pub use part::Part;
pub use request::{Call, Request, Response};
pub use settings::{ConsumerSettings, Settings, ShareSettings};
pub use shard::Shard;
pub use share::request::{
    AlterStates, Altered, AlteredTopic, BeginStates, DeleteStates, DescribeShareGroups,
    DescribedShareGroup, DescribedShareMember, EndStates, ListStates, NotDeleted, ShareBeat,
    ShareHeartbeat, StatesBegun, StatesDeleted,
};
pub use share::{
    Current as ShareCurrent, Epoch as ShareEpoch, Part as SharePart, States as ShareStates,
    Subscription as ShareSubscription, TargetEpoch as ShareTargetEpoch, Tracked,
};
pub use streams::{
    ActiveTasks, AssignedTasks, Bounded, CopartitionGroup, CurrentAssignment,
    DescribeStreamsGroups, DescribedStreamsGroup, DescribedStreamsMember, DescribedSubtopology,
    Endpoint, EndpointPartitions, GroupHead, InternalTopic, MemberMetadata,
    MemberState as StreamsMemberState, Part as StreamsPart, StreamsBeat, StreamsHeartbeat,
    StreamsRefused, StreamsSettings, StreamsStatus, Subtopology, TargetHead, TaskList, TaskSets,
    Tasks, Topology, TopologyError, TopologyTopic,
};
