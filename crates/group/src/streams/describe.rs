//! Streams groups as StreamsGroupDescribe shows them.

use std::sync::Arc;

use wire::Str;

use super::configure::{ConfiguredSubtopology, InternalTopic};
use super::member::MemberMetadata;
use super::state::StreamsGroup;
use super::tasks::TaskSets;
use super::topology::{Subtopology, TopologyTopic};

/// A described group.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedStreamsGroup {
    /// The group.
    pub group_id: Str,
    /// Its state.
    pub state: &'static str,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch of its target assignment.
    pub assignment_epoch: i32,
    /// Epoch of the topology.
    pub topology_epoch: i32,
    /// The parts of the topology by id, with their sizes if its topics are there.
    pub subtopologies: Vec<DescribedSubtopology>,
    /// Its members.
    pub members: Vec<DescribedStreamsMember>,
}

/// A part of a topology.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedSubtopology {
    /// Its id.
    pub id: Str,
    /// Topics of users that it reads, sorted.
    pub source_topics: Vec<Str>,
    /// Internal topics that it writes, sorted.
    pub repartition_sink_topics: Vec<Str>,
    /// Topics that back its stores, sorted. A replication factor of 0 is the broker's.
    pub state_changelog_topics: Vec<TopologyTopic>,
    /// Internal topics that it reads, sorted.
    pub repartition_source_topics: Vec<TopologyTopic>,
}

/// A member.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedStreamsMember {
    /// Its id.
    pub member_id: Str,
    /// Its epoch.
    pub member_epoch: i32,
    /// What it told.
    pub metadata: Arc<MemberMetadata>,
    /// The tasks it has.
    pub assignment: TaskSets,
    /// The tasks it shall have.
    pub target: Arc<TaskSets>,
}

impl StreamsGroup {
    /// Describes the group. None if it has no topology, which only a damaged log can cause.
    pub(crate) fn describe(&self) -> Option<DescribedStreamsGroup> {
        let topology = self.topology.as_ref()?;
        let configured = self.configured.as_ref().filter(|configured| configured.is_ready());
        let mut subtopologies: Vec<_> = match configured {
            Some(configured) => configured.subtopologies.iter().map(configured_part).collect(),
            None => topology.subtopologies.iter().map(plain_part).collect(),
        };
        subtopologies.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        let members = self.members().map(|(member_id, metadata, member)| {
            let current = member.current();
            let target = self.targets.get(member_id);
            DescribedStreamsMember {
                member_id: member_id.clone(),
                member_epoch: current.member_epoch,
                metadata: Arc::clone(metadata),
                assignment: current.assigned.without_epochs(),
                target: target.cloned().unwrap_or_default(),
            }
        });
        Some(DescribedStreamsGroup {
            group_id: self.id.clone(),
            state: self.state_name(),
            epoch: self.head.epoch,
            assignment_epoch: self.target_head.epoch,
            topology_epoch: topology.epoch,
            subtopologies,
            members: members.collect(),
        })
    }
}

fn configured_part((id, part): (&Str, &ConfiguredSubtopology)) -> DescribedSubtopology {
    let topic = |topic: &InternalTopic| TopologyTopic {
        name: topic.name.clone(),
        partitions: topic.partitions,
        replication_factor: topic.replication_factor.unwrap_or(0),
        configs: topic.configs.clone(),
    };
    DescribedSubtopology {
        id: id.clone(),
        source_topics: part.source_topics.iter().cloned().collect(),
        repartition_sink_topics: part.repartition_sink_topics.iter().cloned().collect(),
        state_changelog_topics: sorted(part.state_changelog_topics.iter().map(topic).collect()),
        repartition_source_topics: sorted(
            part.repartition_source_topics.iter().map(topic).collect(),
        ),
    }
}

fn plain_part(part: &Subtopology) -> DescribedSubtopology {
    let names = |names: &[Str]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    DescribedSubtopology {
        id: part.id.clone(),
        source_topics: names(&part.source_topics),
        repartition_sink_topics: names(&part.repartition_sink_topics),
        state_changelog_topics: sorted(part.state_changelog_topics.clone()),
        repartition_source_topics: sorted(part.repartition_source_topics.clone()),
    }
}

fn sorted(mut topics: Vec<TopologyTopic>) -> Vec<TopologyTopic> {
    topics.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    topics
}
