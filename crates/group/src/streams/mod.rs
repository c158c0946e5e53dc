//! Streams groups (KIP-1071): the coordinator knows the topology of an application, sees to its
//! internal topics, and hands its tasks to the members.

mod assign;
mod configure;
mod copartition;
mod decide;
mod describe;
mod endpoints;
mod heartbeat;
mod java_order;
mod leave;
mod member;
mod offsets;
mod owners;
mod part;
mod process;
mod reconcile;
mod request;
mod serve;
mod settings;
mod state;
mod stored;
mod target;
mod tasks;
mod topology;
mod turn;

pub(crate) use serve::{describe, expire_initial_delay, heartbeat};
pub(crate) use state::StreamsGroup;

pub use configure::InternalTopic;
pub use describe::{DescribedStreamsGroup, DescribedStreamsMember, DescribedSubtopology};
pub use member::{Endpoint, MemberMetadata};
pub use part::{GroupHead, Part, TargetHead};
pub use reconcile::{CurrentAssignment, MemberState};
pub use request::{
    DescribeStreamsGroups, EndpointPartitions, StreamsBeat, StreamsHeartbeat, StreamsRefused,
    StreamsStatus, TaskList,
};
pub use settings::{Bounded, StreamsSettings};
pub use tasks::{ActiveTasks, AssignedTasks, TaskSets, Tasks};
pub use topology::{CopartitionGroup, Subtopology, Topology, TopologyError, TopologyTopic};

#[cfg(test)]
mod tests;
