//! Records of streams groups as `__consumer_offsets` holds them, and back (kafka-storage 8.1).

use std::collections::BTreeMap;

use wire::Str;
use wire::stored::group::{
    StreamsGroupCurrentMemberAssignmentValue as CurrentValue,
    StreamsGroupMemberMetadataValue as MemberValue, StreamsGroupMetadataValue as GroupValue,
    StreamsGroupTargetAssignmentMemberValue as TargetMemberValue,
    StreamsGroupTargetAssignmentMetadataValue as TargetValue, StreamsGroupTopologyValue,
    streams_group_current_member_assignment_value as current_value,
    streams_group_member_metadata_value as member_value,
    streams_group_metadata_value as group_value,
    streams_group_target_assignment_member_value as target_value,
    streams_group_topology_value as topology_value,
};

use super::member::{Endpoint, MemberMetadata};
use super::part::{GroupHead, TargetHead};
use super::reconcile::{CurrentAssignment, MemberState};
use super::tasks::{ActiveTasks, AssignedTasks, TaskSets, Tasks};
use super::topology::{CopartitionGroup, Subtopology, Topology, TopologyTopic};
use crate::classic::request::Client;

impl GroupHead {
    pub(crate) fn to_stored(&self) -> GroupValue {
        let config = |(key, value): (&Str, &Str)| group_value::LastAssignmentConfig {
            key: key.clone(),
            value: value.clone(),
            ..Default::default()
        };
        GroupValue {
            epoch: self.epoch,
            metadata_hash: self.metadata_hash,
            validated_topology_epoch: self.validated_topology_epoch,
            last_assignment_configs: Some(self.assignment_configs.iter().map(config).collect()),
            ..GroupValue::default()
        }
    }

    pub(crate) fn from_stored(value: &GroupValue) -> Self {
        let configs = value.last_assignment_configs.iter().flatten();
        Self {
            epoch: value.epoch,
            metadata_hash: value.metadata_hash,
            validated_topology_epoch: value.validated_topology_epoch,
            assignment_configs: configs
                .map(|config| (config.key.detach(), config.value.detach()))
                .collect(),
        }
    }
}

impl TargetHead {
    pub(crate) fn to_stored(self) -> TargetValue {
        TargetValue {
            assignment_epoch: self.epoch,
            assignment_timestamp: self.timestamp_ms,
            ..TargetValue::default()
        }
    }

    pub(crate) fn from_stored(value: &TargetValue) -> Self {
        Self { epoch: value.assignment_epoch, timestamp_ms: value.assignment_timestamp }
    }
}

impl MemberMetadata {
    pub(crate) fn to_stored(&self) -> MemberValue {
        let endpoint = |endpoint: &Endpoint| member_value::Endpoint {
            host: endpoint.host.clone(),
            port: endpoint.port,
            ..Default::default()
        };
        let tag = |(key, value): (&Str, &Str)| member_value::KeyValue {
            key: key.clone(),
            value: value.clone(),
            ..Default::default()
        };
        MemberValue {
            instance_id: self.instance_id.clone(),
            rack_id: self.rack_id.clone(),
            client_id: self.client.id.clone(),
            client_host: self.client.host.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            topology_epoch: self.topology_epoch,
            process_id: self.process_id.clone(),
            user_endpoint: self.user_endpoint.as_ref().map(endpoint),
            client_tags: self.client_tags.iter().map(tag).collect(),
            ..MemberValue::default()
        }
    }

    pub(crate) fn from_stored(value: &MemberValue) -> Self {
        let endpoint = |endpoint: &member_value::Endpoint| Endpoint {
            host: endpoint.host.detach(),
            port: endpoint.port,
        };
        let tags = value.client_tags.iter();
        Self {
            instance_id: value.instance_id.as_ref().map(Str::detach),
            rack_id: value.rack_id.as_ref().map(Str::detach),
            client: Client { id: value.client_id.detach(), host: value.client_host.detach() },
            rebalance_timeout_ms: value.rebalance_timeout_ms,
            topology_epoch: value.topology_epoch,
            process_id: value.process_id.detach(),
            user_endpoint: value.user_endpoint.as_ref().map(endpoint),
            client_tags: tags.map(|tag| (tag.key.detach(), tag.value.detach())).collect(),
        }
    }
}

impl TaskSets {
    pub(crate) fn to_stored(&self) -> TargetMemberValue {
        let list = |tasks: &Tasks| {
            let each = tasks.iter().map(|(id, partitions)| target_value::TaskIds {
                subtopology_id: id.clone(),
                partitions: partitions.iter().copied().collect(),
                ..Default::default()
            });
            each.collect()
        };
        TargetMemberValue {
            active_tasks: list(&self.active),
            standby_tasks: list(&self.standby),
            warmup_tasks: list(&self.warmup),
            ..TargetMemberValue::default()
        }
    }

    pub(crate) fn from_stored(value: &TargetMemberValue) -> Self {
        let tasks = |list: &[target_value::TaskIds]| {
            tasks(list.iter().map(|ids| (&ids.subtopology_id, &ids.partitions[..])))
        };
        Self {
            active: tasks(&value.active_tasks),
            standby: tasks(&value.standby_tasks),
            warmup: tasks(&value.warmup_tasks),
        }
    }
}

impl CurrentAssignment {
    pub(crate) fn to_stored(&self) -> CurrentValue {
        let (assigned, revoked) = (&self.assigned, &self.pending_revocation);
        CurrentValue {
            member_epoch: self.member_epoch,
            previous_member_epoch: self.previous_member_epoch,
            state: self.state.code(),
            active_tasks: active_list(&assigned.active),
            standby_tasks: copy_list(&assigned.standby),
            warmup_tasks: copy_list(&assigned.warmup),
            active_tasks_pending_revocation: active_list(&revoked.active),
            standby_tasks_pending_revocation: copy_list(&revoked.standby),
            warmup_tasks_pending_revocation: copy_list(&revoked.warmup),
            ..CurrentValue::default()
        }
    }

    pub(crate) fn from_stored(value: &CurrentValue) -> Self {
        let copies = |list: &[current_value::TaskIds]| {
            tasks(list.iter().map(|ids| (&ids.subtopology_id, &ids.partitions[..])))
        };
        let epoch = value.member_epoch;
        Self {
            member_epoch: epoch,
            previous_member_epoch: value.previous_member_epoch,
            state: MemberState::from_code(value.state),
            assigned: AssignedTasks {
                active: active_tasks(&value.active_tasks, epoch),
                standby: copies(&value.standby_tasks),
                warmup: copies(&value.warmup_tasks),
            },
            pending_revocation: AssignedTasks {
                active: active_tasks(&value.active_tasks_pending_revocation, epoch),
                standby: copies(&value.standby_tasks_pending_revocation),
                warmup: copies(&value.warmup_tasks_pending_revocation),
            },
        }
    }
}

fn active_list(tasks: &ActiveTasks) -> Vec<current_value::TaskIds> {
    let each = tasks.iter().map(|(id, tasks)| current_value::TaskIds {
        subtopology_id: id.clone(),
        partitions: tasks.keys().copied().collect(),
        assignment_epochs: Some(tasks.values().copied().collect()),
        ..Default::default()
    });
    each.collect()
}

fn copy_list(tasks: &Tasks) -> Vec<current_value::TaskIds> {
    let each = tasks.iter().map(|(id, partitions)| current_value::TaskIds {
        subtopology_id: id.clone(),
        partitions: partitions.iter().copied().collect(),
        ..Default::default()
    });
    each.collect()
}

/// Records of older versions have no epochs: the member's counts.
fn active_tasks(list: &[current_value::TaskIds], member_epoch: i32) -> ActiveTasks {
    let mut tasks = ActiveTasks::new();
    for ids in list.iter().filter(|ids| !ids.partitions.is_empty()) {
        let epochs = ids.assignment_epochs.as_deref().unwrap_or_default();
        let is_whole = epochs.len() == ids.partitions.len();
        let owned = tasks.entry(ids.subtopology_id.detach()).or_default();
        for (at, task) in ids.partitions.iter().enumerate() {
            let epoch = epochs.get(at).copied().filter(|_| is_whole);
            owned.insert(*task, epoch.unwrap_or(member_epoch));
        }
    }
    tasks
}

fn tasks<'a>(list: impl Iterator<Item = (&'a Str, &'a [i32])>) -> Tasks {
    let mut tasks: Tasks = BTreeMap::new();
    for (id, partitions) in list.filter(|(_, partitions)| !partitions.is_empty()) {
        tasks.entry(id.detach()).or_default().extend(partitions);
    }
    tasks
}

impl Topology {
    pub(crate) fn to_stored(&self) -> StreamsGroupTopologyValue {
        let group = |group: &CopartitionGroup| topology_value::CopartitionGroup {
            source_topics: group.source_topics.clone(),
            source_topic_regex: group.source_topic_regex.clone(),
            repartition_source_topics: group.repartition_source_topics.clone(),
            ..Default::default()
        };
        let part = |part: &Subtopology| topology_value::Subtopology {
            subtopology_id: part.id.clone(),
            source_topics: part.source_topics.clone(),
            source_topic_regex: part.source_topic_regex.clone(),
            state_changelog_topics: topic_list(&part.state_changelog_topics),
            repartition_sink_topics: part.repartition_sink_topics.clone(),
            repartition_source_topics: topic_list(&part.repartition_source_topics),
            copartition_groups: part.copartition_groups.iter().map(group).collect(),
            ..Default::default()
        };
        StreamsGroupTopologyValue {
            epoch: self.epoch,
            subtopologies: self.subtopologies.iter().map(part).collect(),
            ..StreamsGroupTopologyValue::default()
        }
    }

    pub(crate) fn from_stored(value: StreamsGroupTopologyValue) -> Self {
        let group = |group: topology_value::CopartitionGroup| CopartitionGroup {
            source_topics: group.source_topics,
            source_topic_regex: group.source_topic_regex,
            repartition_source_topics: group.repartition_source_topics,
        };
        let part = |part: topology_value::Subtopology| Subtopology {
            id: part.subtopology_id,
            source_topics: part.source_topics,
            source_topic_regex: part.source_topic_regex,
            state_changelog_topics: topics(part.state_changelog_topics),
            repartition_sink_topics: part.repartition_sink_topics,
            repartition_source_topics: topics(part.repartition_source_topics),
            copartition_groups: part.copartition_groups.into_iter().map(group).collect(),
        };
        let subtopologies = value.subtopologies.into_iter().map(part).collect();
        Self { epoch: value.epoch, subtopologies }
    }
}

fn topic_list(topics: &[TopologyTopic]) -> Vec<topology_value::TopicInfo> {
    let config = |(key, value): &(Str, Str)| topology_value::TopicConfig {
        key: key.clone(),
        value: value.clone(),
        ..Default::default()
    };
    let topic = |topic: &TopologyTopic| topology_value::TopicInfo {
        name: topic.name.clone(),
        partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        topic_configs: topic.configs.iter().map(config).collect(),
        ..Default::default()
    };
    topics.iter().map(topic).collect()
}

fn topics(list: Vec<topology_value::TopicInfo>) -> Vec<TopologyTopic> {
    let topic = |topic: topology_value::TopicInfo| TopologyTopic {
        name: topic.name,
        partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        configs: topic.topic_configs.into_iter().map(|config| (config.key, config.value)).collect(),
    };
    list.into_iter().map(topic).collect()
}
