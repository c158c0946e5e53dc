//! What is stored of a member: its subscription and its assignment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::stored::group::consumer_group_current_member_assignment_value::TopicPartitions as CurrentPartitions;
use wire::stored::group::consumer_group_member_metadata_value::ClassicMemberMetadata;
use wire::stored::group::{
    ConsumerGroupCurrentMemberAssignmentValue, ConsumerGroupMemberMetadataValue,
};
use wire::{Str, Uuid};

use crate::classic::request::Client;

/// Partitions by topic id.
pub type Partitions = BTreeMap<Uuid, BTreeSet<i32>>;

/// Partitions by topic id, each with the epoch in which it was assigned (KIP-1251).
pub type EpochPartitions = BTreeMap<Uuid, BTreeMap<i32, i32>>;

/// What a member said of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscription {
    /// Set for static members.
    pub instance_id: Option<Str>,
    /// Where it is.
    pub rack_id: Option<Str>,
    /// Its client.
    pub client: Client,
    /// Topics it is subscribed to by name.
    pub topics: BTreeSet<Str>,
    /// The pattern it is subscribed to; empty counts as none.
    pub regex: Option<Str>,
    /// How long it may take to give partitions back, in milliseconds; -1 if unknown.
    pub rebalance_timeout_ms: i32,
    /// The assignor that it prefers.
    pub server_assignor: Option<Str>,
    /// Set for members that speak the classic protocol.
    pub classic: Option<ClassicMemberMetadata>,
}

impl Subscription {
    /// The pattern, if there is one.
    pub fn pattern(&self) -> Option<&Str> {
        self.regex.as_ref().filter(|regex| !regex.is_empty())
    }

    /// As it is stored.
    pub(crate) fn stored(&self) -> ConsumerGroupMemberMetadataValue {
        ConsumerGroupMemberMetadataValue {
            instance_id: self.instance_id.clone(),
            rack_id: self.rack_id.clone(),
            client_id: self.client.id.clone(),
            client_host: self.client.host.clone(),
            subscribed_topic_names: self.topics.iter().cloned().collect(),
            subscribed_topic_regex: self.regex.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            server_assignor: self.server_assignor.clone(),
            classic_member_metadata: self.classic.clone(),
            ..ConsumerGroupMemberMetadataValue::default()
        }
    }

    /// Out of what is stored.
    pub(crate) fn load(stored: ConsumerGroupMemberMetadataValue) -> Self {
        let detach = |text: Option<Str>| text.as_ref().map(Str::detach);
        Self {
            instance_id: detach(stored.instance_id),
            rack_id: detach(stored.rack_id),
            client: Client { id: stored.client_id.detach(), host: stored.client_host.detach() },
            topics: stored.subscribed_topic_names.iter().map(Str::detach).collect(),
            regex: detach(stored.subscribed_topic_regex),
            rebalance_timeout_ms: stored.rebalance_timeout_ms,
            server_assignor: detach(stored.server_assignor),
            classic: stored.classic_member_metadata,
        }
    }
}

/// Where a member stands between what it owns and what it shall have (kafka-semantics 129).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// It has what it shall have.
    Stable,
    /// It has to give partitions back first.
    UnrevokedPartitions,
    /// Others have to give partitions back first.
    UnreleasedPartitions,
    /// A newer broker's state.
    Unknown,
}

impl MemberState {
    fn code(self) -> i8 {
        match self {
            Self::Stable => 0,
            Self::UnrevokedPartitions => 1,
            Self::UnreleasedPartitions => 2,
            Self::Unknown => 127,
        }
    }

    fn from_code(code: i8) -> Self {
        match code {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            _ => Self::Unknown,
        }
    }
}

/// A member's own assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Current {
    /// Its epoch; -2 while a static member is away.
    pub epoch: i32,
    /// The epoch before, which a member may still come with when an answer was lost.
    pub previous_epoch: i32,
    /// Where it stands.
    pub state: MemberState,
    /// What it has.
    pub assigned: EpochPartitions,
    /// What it has to give back and may still have.
    pub revoking: EpochPartitions,
}

impl Default for Current {
    /// A member that just came.
    fn default() -> Self {
        Self {
            epoch: 0,
            previous_epoch: -1,
            state: MemberState::Stable,
            assigned: EpochPartitions::new(),
            revoking: EpochPartitions::new(),
        }
    }
}

impl Current {
    /// Whether the member has all that it shall have in the epoch.
    pub(crate) fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == epoch
    }

    /// All partitions that the member may have.
    pub(crate) fn owned(&self) -> impl Iterator<Item = (Uuid, i32)> {
        [&self.assigned, &self.revoking].into_iter().flatten().flat_map(|(topic_id, partitions)| {
            partitions.keys().map(move |index| (*topic_id, *index))
        })
    }

    /// The epoch in which the member got a partition; none if it is not the member's.
    pub(crate) fn assignment_epoch(&self, topic_id: Uuid, index: i32) -> Option<i32> {
        let of = |partitions: &EpochPartitions| partitions.get(&topic_id)?.get(&index).copied();
        of(&self.assigned).or_else(|| of(&self.revoking))
    }

    /// As it is stored.
    pub(crate) fn stored(&self) -> ConsumerGroupCurrentMemberAssignmentValue {
        ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state.code(),
            assigned_partitions: stored_partitions(&self.assigned),
            partitions_pending_revocation: stored_partitions(&self.revoking),
            ..ConsumerGroupCurrentMemberAssignmentValue::default()
        }
    }

    /// Out of what is stored.
    pub(crate) fn load(stored: &ConsumerGroupCurrentMemberAssignmentValue) -> Self {
        let load = |topics: &[CurrentPartitions]| load_partitions(topics, stored.member_epoch);
        Self {
            epoch: stored.member_epoch,
            previous_epoch: stored.previous_member_epoch,
            state: MemberState::from_code(stored.state),
            assigned: load(&stored.assigned_partitions),
            revoking: load(&stored.partitions_pending_revocation),
        }
    }
}

fn stored_partitions(partitions: &EpochPartitions) -> Vec<CurrentPartitions> {
    let topics = partitions.iter().map(|(topic_id, partitions)| CurrentPartitions {
        topic_id: *topic_id,
        partitions: partitions.keys().copied().collect(),
        assignment_epochs: Some(partitions.values().copied().collect()),
        ..CurrentPartitions::default()
    });
    topics.collect()
}

/// Records of brokers before 4.3 have no epochs: then those of the member count.
fn load_partitions(topics: &[CurrentPartitions], member_epoch: i32) -> EpochPartitions {
    let load = |topic: &CurrentPartitions| {
        let epochs = topic.assignment_epochs.as_deref().unwrap_or_default();
        let epochs = epochs.iter().copied().chain(std::iter::repeat(member_epoch));
        (topic.topic_id, topic.partitions.iter().copied().zip(epochs).collect())
    };
    topics.iter().map(load).collect()
}

/// A member as far as its records are there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Member {
    /// What it said of itself. A member without is none yet, or none any more.
    pub subscription: Option<Arc<Subscription>>,
    /// Its assignment; none before its first one.
    pub current: Option<Arc<Current>>,
}

impl Member {
    /// Its assignment, or that of a member that just came.
    pub(crate) fn current(&self) -> Current {
        self.current.as_deref().cloned().unwrap_or_default()
    }

    /// Whether it has all that it shall have in the epoch.
    pub(crate) fn is_reconciled_to(&self, epoch: i32) -> bool {
        match &self.current {
            Some(current) => current.is_reconciled_to(epoch),
            None => epoch == 0,
        }
    }

    /// Its epoch.
    pub(crate) fn epoch(&self) -> i32 {
        self.current.as_ref().map_or(0, |current| current.epoch)
    }
}
