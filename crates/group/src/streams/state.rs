//! The state of a streams group, and how records change it.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Str;

use super::configure::ConfiguredTopology;
use super::member::{Member, MemberMetadata};
use super::owners::TaskOwners;
use super::part::{GroupHead, Part, TargetHead};
use super::reconcile::CurrentAssignment;
use super::tasks::TaskSets;
use super::topology::Topology;

/// A streams group (kafka-semantics M).
///
/// The first fields are what the records say, and change by [`apply`](Self::apply) alone; `owners`
/// and `size` follow from them. The last are soft: they change while deciding, and start anew when
/// the group is loaded.
#[derive(Clone, Debug)]
pub(crate) struct StreamsGroup {
    pub(crate) id: Str,
    pub(super) head: GroupHead,
    pub(super) target_head: TargetHead,
    pub(super) topology: Option<Arc<Topology>>,
    members: BTreeMap<Str, Member>,
    pub(super) targets: BTreeMap<Str, Arc<TaskSets>>,

    /// Which processes have which tasks.
    pub(super) owners: TaskOwners,
    /// Members that are one: those with metadata.
    size: usize,

    /// The topology as it was set against the topics last.
    pub(super) configured: Option<Arc<ConfiguredTopology>>,
    pub(super) refresh: Refresh,
    /// The member that asked all to stop.
    pub(super) shutdown_by: Option<Str>,
    /// Grows when endpoints or their partitions change.
    pub(super) endpoint_epoch: i32,
}

/// When topics are looked at again: at once at first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refresh {
    pub(super) deadline_ms: i64,
    /// The group epoch that is being written; while the group has not got it, the deadline counts
    /// for nothing.
    pub(super) group_epoch: i32,
}

impl StreamsGroup {
    /// A group that nothing is known of.
    pub(crate) fn new(id: Str) -> Self {
        Self {
            id,
            head: GroupHead::default(),
            target_head: TargetHead::default(),
            topology: None,
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            owners: TaskOwners::default(),
            size: 0,
            configured: None,
            refresh: Refresh::default(),
            shutdown_by: None,
            endpoint_epoch: 0,
        }
    }

    /// How many members there are.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// A member that is one.
    pub(super) fn member(&self, member_id: &str) -> Option<(&Arc<MemberMetadata>, &Member)> {
        let member = self.members.get(member_id)?;
        member.metadata.as_ref().map(|metadata| (metadata, member))
    }

    /// All members.
    pub(super) fn members(&self) -> impl Iterator<Item = (&Str, &Arc<MemberMetadata>, &Member)> {
        self.members.iter().filter_map(|(member_id, member)| {
            member.metadata.as_ref().map(|metadata| (member_id, metadata, member))
        })
    }

    /// The name of the state that clients see (kafka-semantics 175).
    pub(crate) fn state_name(&self) -> &'static str {
        let is_validated =
            |topology: &Arc<Topology>| topology.epoch == self.head.validated_topology_epoch;
        let target_epoch = self.target_head.epoch;
        let has_arrived = |member: &Member| {
            let current = member.current.as_ref();
            current.is_some_and(|current| current.is_reconciled_to(target_epoch))
        };
        if self.is_empty() {
            "Empty"
        } else if !self.topology.as_ref().is_some_and(is_validated) {
            "NotReady"
        } else if self.head.epoch > target_epoch {
            "Assigning"
        } else if self.members().all(|(_, _, member)| has_arrived(member)) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// Whether a member reads the topic.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        let topology = self.topology.as_ref().filter(|_| !self.is_empty());
        topology.is_some_and(|topology| topology.reader_of(topic).is_some())
    }

    /// Topics have changed: those that the group requires are looked at with the next heartbeat.
    pub(crate) fn topics_changed<'a>(&mut self, topics: impl Iterator<Item = &'a Str>) {
        let Some(topology) = &self.topology else { return };
        let required = topology.required_topics();
        if topics.into_iter().any(|topic| required.contains(topic)) {
            self.refresh = Refresh::default();
        }
    }

    /// Applies a part and gives the one that was there before.
    pub(crate) fn apply(&mut self, part: Part) -> Part {
        match part {
            Part::Group(value) => {
                let value = value.unwrap_or_default();
                Part::Group(Some(std::mem::replace(&mut self.head, value)))
            }
            Part::Topology(value) => Part::Topology(std::mem::replace(&mut self.topology, value)),
            Part::Target(value) => {
                let gone = TargetHead { epoch: -1, timestamp_ms: 0 };
                let value = value.unwrap_or(gone);
                Part::Target(Some(std::mem::replace(&mut self.target_head, value)))
            }
            Part::TargetMember(member_id, value) => {
                let before = match value {
                    Some(value) => self.targets.insert(member_id.detach(), value),
                    None => self.targets.remove(&member_id),
                };
                Part::TargetMember(member_id, before)
            }
            Part::Member(member_id, value) => {
                let before = self
                    .change(&member_id, |member| std::mem::replace(&mut member.metadata, value));
                Part::Member(member_id, before)
            }
            Part::Current(member_id, value) => {
                let before =
                    self.change(&member_id, |member| std::mem::replace(&mut member.current, value));
                Part::Current(member_id, before)
            }
        }
    }

    /// Changes a member, and what follows from it.
    fn change<T>(&mut self, member_id: &Str, change: impl FnOnce(&mut Member) -> T) -> T {
        let mut member = self.members.remove(member_id).unwrap_or_default();
        self.owners.remove(&member);
        self.size -= usize::from(member.metadata.is_some());
        let before = change(&mut member);
        self.owners.add(&member);
        self.size += usize::from(member.metadata.is_some());
        if member != Member::default() {
            self.members.insert(member_id.detach(), member);
        }
        if self.is_empty() {
            self.shutdown_by = None;
        }
        before
    }

    /// What removes the group, in Kafka's order.
    pub(crate) fn tombstones(&self) -> Vec<Part> {
        let ids = || self.members.keys().cloned();
        ids()
            .map(|member_id| Part::Current(member_id, None))
            .chain(ids().map(|member_id| Part::TargetMember(member_id, None)))
            .chain([Part::Target(None)])
            .chain(ids().map(|member_id| Part::Member(member_id, None)))
            .chain([Part::Group(None), Part::Topology(None)])
            .collect()
    }
}

impl Member {
    /// The tasks it has; none at first.
    pub(super) fn current(&self) -> Arc<CurrentAssignment> {
        self.current.clone().unwrap_or_default()
    }
}
