//! Requests about share groups in the machine's terms.

use wire::{Str, Uuid};

use crate::classic::request::Client;
use crate::consumer::Partitions;
use crate::error::Error;

/// The epoch of a member that joins, also of one that joins again.
pub(crate) const JOINING: i32 = 0;
/// The epoch of a member that leaves.
pub(crate) const LEAVING: i32 = -1;

/// A member says that it is there, and what has changed (kafka-semantics 158).
#[derive(Clone, Debug, PartialEq)]
pub struct ShareHeartbeat {
    /// The group.
    pub group_id: Str,
    /// The member, which chose its id.
    pub member_id: Str,
    /// 0 joins, -1 leaves.
    pub member_epoch: i32,
    /// Where the member is; none if unchanged.
    pub rack_id: Option<Str>,
    /// Its topics; none if unchanged.
    pub topics: Option<Vec<Str>>,
    /// Where the request comes from.
    pub client: Client,
}

impl ShareHeartbeat {
    pub(crate) fn is_join(&self) -> bool {
        self.member_epoch == JOINING
    }

    pub(crate) fn is_leave(&self) -> bool {
        self.member_epoch == LEAVING
    }

    /// What is wrong with it whatever the group.
    pub(crate) fn invalid(&self) -> Option<&'static str> {
        let is_blank = |text: &Str| text.trim().is_empty();
        if is_blank(&self.member_id) {
            Some("MemberId can't be empty.")
        } else if is_blank(&self.group_id) {
            Some("GroupId can't be empty.")
        } else if self.rack_id.as_ref().is_some_and(is_blank) {
            Some("RackId can't be empty.")
        } else if self.member_epoch == JOINING && self.topics.as_ref().is_none_or(Vec::is_empty) {
            Some("SubscribedTopicNames must be set in first request.")
        } else if self.member_epoch < LEAVING {
            Some("MemberEpoch is invalid.")
        } else {
            None
        }
    }
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareBeat {
    /// The member.
    pub member_id: Str,
    /// Its epoch.
    pub member_epoch: i32,
    /// When to send the next one, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// What it has now; none if unchanged.
    pub assignment: Option<Partitions>,
    /// States that are to begin at share coordinators.
    pub begins: Option<BeginStates>,
}

/// States that are to begin at share coordinators. The group is told by [`StatesBegun`].
#[derive(Clone, Debug, PartialEq)]
pub struct BeginStates {
    /// The group.
    pub group_id: Str,
    /// How often the group's states began.
    pub state_epoch: i32,
    /// Topic, partition, and where to start; -1 leaves that to the partition's leader.
    pub partitions: Vec<(Uuid, i32, i64)>,
}

/// What became of states that were to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct StatesBegun {
    /// The group.
    pub group_id: Str,
    /// Those that did.
    pub begun: Partitions,
    /// Those that did not.
    pub failed: Partitions,
}

/// Asks which partitions have states.
#[derive(Clone, Debug, PartialEq)]
pub struct ListStates {
    /// The group.
    pub group_id: Str,
}

/// The start offsets of an empty group are set (kafka-semantics 169).
#[derive(Clone, Debug, PartialEq)]
pub struct AlterStates {
    /// The group.
    pub group_id: Str,
    /// Topics by name, and partitions with their offsets.
    pub topics: Vec<(Str, Vec<(i32, i64)>)>,
}

/// What becomes of one topic of [`AlterStates`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlteredTopic {
    /// Its name.
    pub name: Str,
    /// Its id; zero if there is no such topic.
    pub topic_id: Uuid,
    /// The partitions, and whether there are such.
    pub partitions: Vec<(i32, bool)>,
}

/// The states of an empty group's topics are to be forgotten (kafka-semantics 169).
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteStates {
    /// The group.
    pub group_id: Str,
    /// Topics by name; none means all, because the group itself is to be deleted.
    pub topics: Option<Vec<Str>>,
}

/// States that are to end at share coordinators. The group is told by [`StatesDeleted`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndStates {
    /// The topics by id and name, and the partitions.
    pub topics: Vec<(Uuid, Str, Vec<i32>)>,
    /// Topics that cannot be forgotten.
    pub refused: Vec<(Str, NotDeleted)>,
}

/// Why a topic's states are not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDeleted {
    /// There is no such topic.
    UnknownTopic,
    /// The group has no states of it.
    NoStates,
}

/// The states of topics have ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StatesDeleted {
    /// The group.
    pub group_id: Str,
    /// The topics.
    pub topic_ids: Vec<Uuid>,
}

/// Share groups are described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroups {
    /// Their ids.
    pub group_ids: Vec<Str>,
}

/// A share group as described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedShareGroup {
    /// The group.
    pub group_id: Str,
    /// Its state.
    pub state: &'static str,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch of its target assignment.
    pub assignment_epoch: i32,
    /// Its members.
    pub members: Vec<DescribedShareMember>,
}

/// A member as described.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedShareMember {
    /// Its id.
    pub member_id: Str,
    /// Where it is.
    pub rack_id: Option<Str>,
    /// Its epoch.
    pub epoch: i32,
    /// Its client.
    pub client: Client,
    /// Its topics.
    pub topics: Vec<Str>,
    /// What it has, of topics that exist.
    pub assigned: Vec<(Uuid, Str, Vec<i32>)>,
}

/// The answer of a group to [`AlterStates`].
pub type Altered = Result<(Vec<AlteredTopic>, BeginStates), Error>;
