//! StreamsGroupDescribe (kafka-semantics 171, 175).

use std::collections::BTreeMap;

use group::{
    DescribeStreamsGroups, DescribedStreamsGroup, DescribedStreamsMember, DescribedSubtopology,
    TaskSets, Tasks, TopologyTopic,
};
use wire::messages::{
    StreamsGroupDescribeRequest, StreamsGroupDescribeResponse,
    streams_group_describe_response::{
        Assignment, DescribedGroup, Endpoint, KeyValue, Member, Subtopology, TaskIds, TopicInfo,
        Topology,
    },
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::groups::serves_streams;
use crate::operations::{self, authorized_operations};
use crate::request::Request;

/// Describes streams groups; each shard is asked once.
pub(crate) async fn handle(
    request: Request,
    message: StreamsGroupDescribeRequest,
) -> StreamsGroupDescribeResponse {
    let mut response = StreamsGroupDescribeResponse::default();
    if !serves_streams(&request) {
        let failed = |group_id| failed(group_id, ErrorCode::UnsupportedVersion);
        response.groups = message.group_ids.into_iter().map(failed).collect();
        return response;
    }
    let groups = &request.broker.groups;
    let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
    for group_id in message.group_ids {
        if group_id.is_empty() {
            response.groups.push(failed(group_id, ErrorCode::InvalidGroupId));
        } else {
            by_partition.entry(groups.partition_for(&group_id)).or_default().push(group_id);
        }
    }
    let asked: Vec<_> = by_partition
        .into_iter()
        .map(|(partition, group_ids)| {
            let describe = DescribeStreamsGroups { group_ids: group_ids.clone() };
            (group_ids, groups.call_shard(partition, describe))
        })
        .collect();
    for (group_ids, answer) in asked {
        match answer.await {
            Ok(described) => {
                let each = group_ids.into_iter().zip(described);
                response.groups.extend(each.map(|(group_id, group)| to_wire(group_id, group)));
            }
            Err(error) => {
                let code = error_map::coordination(error);
                let failed = |group_id| failed(group_id, code);
                response.groups.extend(group_ids.into_iter().map(failed));
            }
        }
    }
    if message.include_authorized_operations {
        let found = |group: &&mut DescribedGroup| group.error_code == ErrorCode::None.code();
        for group in response.groups.iter_mut().filter(found) {
            group.authorized_operations = authorized_operations(operations::GROUP);
        }
    }
    response
}

fn failed(group_id: Str, error: ErrorCode) -> DescribedGroup {
    DescribedGroup { group_id, error_code: error.code(), ..DescribedGroup::default() }
}

fn to_wire(group_id: Str, group: Result<DescribedStreamsGroup, group::Error>) -> DescribedGroup {
    let group = match group {
        Ok(group) => group,
        Err(error) => {
            return DescribedGroup {
                error_message: Some(Str::from(error.to_string())),
                ..failed(group_id, error_map::group(&error))
            };
        }
    };
    let topology = Topology {
        epoch: group.topology_epoch,
        subtopologies: Some(group.subtopologies.into_iter().map(subtopology).collect()),
        ..Topology::default()
    };
    DescribedGroup {
        group_id,
        group_state: Str::from_static(group.state),
        group_epoch: group.epoch,
        assignment_epoch: group.assignment_epoch,
        topology: Some(topology),
        members: group.members.into_iter().map(member).collect(),
        ..DescribedGroup::default()
    }
}

fn subtopology(part: DescribedSubtopology) -> Subtopology {
    let topics = |topics: Vec<TopologyTopic>| topics.into_iter().map(topic).collect();
    Subtopology {
        subtopology_id: part.id,
        source_topics: part.source_topics,
        repartition_sink_topics: part.repartition_sink_topics,
        state_changelog_topics: topics(part.state_changelog_topics),
        repartition_source_topics: topics(part.repartition_source_topics),
        ..Subtopology::default()
    }
}

fn topic(topic: TopologyTopic) -> TopicInfo {
    TopicInfo {
        name: topic.name,
        partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        topic_configs: topic.configs.into_iter().map(key_value).collect(),
        ..TopicInfo::default()
    }
}

fn key_value((key, value): (Str, Str)) -> KeyValue {
    KeyValue { key, value, ..KeyValue::default() }
}

fn member(member: DescribedStreamsMember) -> Member {
    let metadata = &member.metadata;
    let endpoint = metadata.user_endpoint.as_ref().map(|endpoint| Endpoint {
        host: endpoint.host.clone(),
        port: endpoint.port,
        ..Endpoint::default()
    });
    let tags = metadata.client_tags.iter();
    Member {
        member_id: member.member_id,
        member_epoch: member.member_epoch,
        instance_id: metadata.instance_id.clone(),
        rack_id: metadata.rack_id.clone(),
        client_id: metadata.client.id.clone(),
        client_host: metadata.client.host.clone(),
        topology_epoch: metadata.topology_epoch,
        process_id: metadata.process_id.clone(),
        user_endpoint: endpoint,
        client_tags: tags.map(|(key, value)| key_value((key.clone(), value.clone()))).collect(),
        assignment: assignment(&member.assignment),
        target_assignment: assignment(&member.target),
        ..Member::default()
    }
}

fn assignment(tasks: &TaskSets) -> Assignment {
    let ids = |tasks: &Tasks| {
        let each = tasks.iter().map(|(id, partitions)| TaskIds {
            subtopology_id: id.clone(),
            partitions: partitions.iter().copied().collect(),
            ..TaskIds::default()
        });
        each.collect()
    };
    Assignment {
        active_tasks: ids(&tasks.active),
        standby_tasks: ids(&tasks.standby),
        warmup_tasks: ids(&tasks.warmup),
        ..Assignment::default()
    }
}
