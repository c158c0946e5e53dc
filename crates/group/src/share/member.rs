//! What is stored of a member: its subscription and its assignment.

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::Str;
use wire::stored::group::share_group_current_member_assignment_value::TopicPartitions;
use wire::stored::group::{ShareGroupCurrentMemberAssignmentValue, ShareGroupMemberMetadataValue};

use crate::classic::request::Client;
use crate::consumer::Partitions;

/// What a member said of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscription {
    /// Where it is.
    pub rack_id: Option<Str>,
    /// Its client.
    pub client: Client,
    /// Topics it is subscribed to.
    pub topics: BTreeSet<Str>,
}

impl Subscription {
    /// As it is stored.
    pub(crate) fn stored(&self) -> ShareGroupMemberMetadataValue {
        ShareGroupMemberMetadataValue {
            rack_id: self.rack_id.clone(),
            client_id: self.client.id.clone(),
            client_host: self.client.host.clone(),
            subscribed_topic_names: self.topics.iter().cloned().collect(),
            ..ShareGroupMemberMetadataValue::default()
        }
    }

    /// Out of what is stored.
    pub(crate) fn load(stored: ShareGroupMemberMetadataValue) -> Self {
        Self {
            rack_id: stored.rack_id.as_ref().map(Str::detach),
            client: Client { id: stored.client_id.detach(), host: stored.client_host.detach() },
            topics: stored.subscribed_topic_names.iter().map(Str::detach).collect(),
        }
    }
}

/// The state of a member in records: it always has what it shall have.
const STABLE: i8 = 0;

/// A member's assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Current {
    /// Its epoch.
    pub epoch: i32,
    /// The epoch before, which a member may still come with when an answer was lost.
    pub previous_epoch: i32,
    /// What it has.
    pub assigned: Partitions,
}

impl Default for Current {
    /// A member that just came.
    fn default() -> Self {
        Self { epoch: 0, previous_epoch: -1, assigned: Partitions::new() }
    }
}

impl Current {
    /// As it is stored.
    pub(crate) fn stored(&self) -> ShareGroupCurrentMemberAssignmentValue {
        let topics = self.assigned.iter().map(|(topic_id, partitions)| TopicPartitions {
            topic_id: *topic_id,
            partitions: partitions.iter().copied().collect(),
            ..TopicPartitions::default()
        });
        ShareGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: STABLE,
            assigned_partitions: topics.collect(),
            ..ShareGroupCurrentMemberAssignmentValue::default()
        }
    }

    /// Out of what is stored.
    pub(crate) fn load(stored: &ShareGroupCurrentMemberAssignmentValue) -> Self {
        let topics = stored.assigned_partitions.iter();
        let assigned =
            topics.map(|topic| (topic.topic_id, topic.partitions.iter().copied().collect()));
        Self {
            epoch: stored.member_epoch,
            previous_epoch: stored.previous_member_epoch,
            assigned: assigned.collect(),
        }
    }
}

/// A member as far as its records are there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Member {
    /// What it said of itself. A member without is none yet, or none any more.
    pub(crate) subscription: Option<Arc<Subscription>>,
    /// Its assignment; none before its first one.
    pub(crate) current: Option<Arc<Current>>,
}
