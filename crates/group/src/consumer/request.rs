//! Requests of members of consumer groups in the machine's terms.

use wire::{Str, Uuid};

use super::member::Partitions;
use crate::classic::request::Client;
use crate::error::Error;
use crate::settings::Settings;

/// The epoch of a member that joins, also of one that joins again.
pub(crate) const JOINING: i32 = 0;
/// The epoch of a member that leaves.
pub(crate) const LEAVING: i32 = -1;
/// The epoch of a static member that leaves for a while.
pub(crate) const AWAY: i32 = -2;

/// A member says that it is there, and what has changed (kafka-semantics 123).
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerHeartbeat {
    /// The group.
    pub group_id: Str,
    /// The member; empty for one of version 0 that has no id yet.
    pub member_id: Str,
    /// Whether members must choose their own id (version 1).
    pub needs_member_id: bool,
    /// 0 joins, -1 leaves, -2 leaves for a while.
    pub member_epoch: i32,
    /// Set for static members.
    pub instance_id: Option<Str>,
    /// Where the member is.
    pub rack_id: Option<Str>,
    /// How long it may take to give partitions back, in milliseconds; -1 if unchanged.
    pub rebalance_timeout_ms: i32,
    /// Topics by name; none if unchanged.
    pub topics: Option<Vec<Str>>,
    /// Topics by pattern; none if unchanged.
    pub regex: Option<Str>,
    /// The assignor it prefers; none if unchanged.
    pub server_assignor: Option<Str>,
    /// What it has; none if unchanged.
    pub owned: Option<Vec<(Uuid, Vec<i32>)>>,
    /// Where the request comes from.
    pub client: Client,
    /// For an id, if the member has none.
    pub random: Uuid,
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerBeat {
    /// The member.
    pub member_id: Str,
    /// Its epoch.
    pub member_epoch: i32,
    /// When to send the next one, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// What it shall have now; none if unchanged.
    pub assignment: Option<Partitions>,
}

/// Consumer groups are described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConsumerGroups {
    /// Their ids.
    pub group_ids: Vec<Str>,
}

/// A consumer group as described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedConsumerGroup {
    /// The group.
    pub group_id: Str,
    /// Its state.
    pub state: &'static str,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch of its target assignment.
    pub assignment_epoch: i32,
    /// The assignor that is used.
    pub assignor: Str,
    /// Its members.
    pub members: Vec<DescribedConsumer>,
}

/// A member of a consumer group as described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedConsumer {
    /// Its id.
    pub member_id: Str,
    /// Its epoch.
    pub epoch: i32,
    /// What it said of itself.
    pub subscription: super::Subscription,
    /// What it has: topic id, name, partitions.
    pub assignment: Vec<(Uuid, Str, Vec<i32>)>,
    /// What it shall have.
    pub target: Vec<(Uuid, Str, Vec<i32>)>,
}

impl ConsumerHeartbeat {
    /// Whether the member joins or joins again.
    pub(crate) fn is_join(&self) -> bool {
        self.member_epoch == JOINING
    }

    /// Whether the member leaves, for good or for a while.
    pub(crate) fn is_leave(&self) -> bool {
        self.member_epoch == LEAVING || self.member_epoch == AWAY
    }

    /// Whether the request says everything, as after an error.
    pub(crate) fn is_full(&self) -> bool {
        self.rebalance_timeout_ms != -1
            && (self.topics.is_some() || self.regex.is_some())
            && self.owned.is_some()
    }

    /// Whether nothing in it is about the member but what it owns.
    pub(crate) fn says_nothing_new(&self, before: &super::Subscription) -> bool {
        let Self { rack_id, topics, regex, server_assignor, .. } = self;
        let says_nothing = rack_id.is_none()
            && self.rebalance_timeout_ms == -1
            && topics.is_none()
            && regex.is_none()
            && server_assignor.is_none();
        says_nothing
            && self.instance_id == before.instance_id
            && self.client == before.client
            && before.classic.is_none()
    }

    /// What is wrong with the request whatever the group is.
    pub(crate) fn refusal(&self, settings: &Settings) -> Option<Error> {
        let invalid = |reason| Some(Error::InvalidRequest(reason));
        let is_blank = |text: &Str| text.trim().is_empty();
        let must_have_id =
            self.needs_member_id || self.member_epoch > 0 || self.member_epoch == LEAVING;
        if must_have_id && is_blank(&self.member_id) {
            return invalid("MemberId can't be empty.");
        }
        if is_blank(&self.group_id) {
            return invalid("GroupId can't be empty.");
        }
        if self.instance_id.as_ref().is_some_and(is_blank) {
            return invalid("InstanceId can't be empty.");
        }
        if self.rack_id.as_ref().is_some_and(is_blank) {
            return invalid("RackId can't be empty.");
        }
        match self.member_epoch {
            JOINING if self.rebalance_timeout_ms == -1 => {
                return invalid("RebalanceTimeoutMs must be provided in first request.");
            }
            JOINING if !self.owned.as_ref().is_some_and(Vec::is_empty) => {
                return invalid("TopicPartitions must be empty when (re-)joining.");
            }
            JOINING if self.topics.is_none() && self.regex.is_none() => {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when \
                     (re-)joining.",
                );
            }
            AWAY if self.instance_id.is_none() => return invalid("InstanceId can't be null."),
            ..AWAY => return invalid("MemberEpoch is invalid."),
            _ => {}
        }
        let assignor = self.server_assignor.as_ref()?;
        let known = &settings.consumer.assignors;
        if known.iter().any(|known| *assignor == *known.name()) {
            return None;
        }
        let known: Vec<&str> = known.iter().map(|known| known.name()).collect();
        Some(Error::UnsupportedAssignor(format!(
            "ServerAssignor {assignor} is not supported. Supported assignors: {}.",
            known.join(", ")
        )))
    }
}
