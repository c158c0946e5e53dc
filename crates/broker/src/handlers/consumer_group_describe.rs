//! ConsumerGroupDescribe (KIP-848).

use std::collections::BTreeMap;

use group::{DescribeConsumerGroups, DescribedConsumer, DescribedConsumerGroup};
use wire::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
    consumer_group_describe_response::{Assignment, DescribedGroup, Member, TopicPartitions},
};
use wire::{ErrorCode, Str, Uuid};

use super::consumer_group_heartbeat::is_enabled;
use crate::error_map;
use crate::once::each_once;
use crate::operations::{self, authorized_operations};
use crate::request::Request;

/// Member types from version 1 on.
const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;

/// Describes consumer groups; each shard is asked once.
pub(crate) async fn handle(
    request: Request,
    mut message: ConsumerGroupDescribeRequest,
) -> ConsumerGroupDescribeResponse {
    each_once(&mut message.group_ids, Str::clone);
    if !is_enabled(&request) {
        let failed = |group_id| failed(group_id, ErrorCode::UnsupportedVersion, None);
        let groups = message.group_ids.into_iter().map(failed).collect();
        return ConsumerGroupDescribeResponse { groups, ..Default::default() };
    }
    let (nameless, named): (Vec<Str>, Vec<Str>) =
        message.group_ids.into_iter().partition(|group_id| group_id.is_empty());
    let invalid = |group_id| failed(group_id, ErrorCode::InvalidGroupId, None);
    let mut groups: Vec<DescribedGroup> = nameless.into_iter().map(invalid).collect();
    let coordinator = &request.broker.groups;
    let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
    for group_id in named {
        by_partition.entry(coordinator.partition_for(&group_id)).or_default().push(group_id);
    }
    let asked: Vec<_> = by_partition
        .into_iter()
        .map(|(partition, group_ids)| {
            let describe = DescribeConsumerGroups { group_ids: group_ids.clone() };
            (group_ids, coordinator.call_shard(partition, describe))
        })
        .collect();
    for (group_ids, answer) in asked {
        match answer.await {
            Ok(described) => groups.extend(group_ids.into_iter().zip(described).map(to_wire)),
            Err(error) => {
                let code = error_map::coordination(error);
                groups.extend(group_ids.into_iter().map(|group_id| failed(group_id, code, None)));
            }
        }
    }
    if message.include_authorized_operations {
        let found = |group: &&mut DescribedGroup| group.error_code == ErrorCode::None.code();
        for group in groups.iter_mut().filter(found) {
            group.authorized_operations = authorized_operations(operations::GROUP);
        }
    }
    ConsumerGroupDescribeResponse { groups, ..Default::default() }
}

fn to_wire(
    (group_id, described): (Str, Result<DescribedConsumerGroup, group::Error>),
) -> DescribedGroup {
    match described {
        Ok(group) => DescribedGroup {
            group_id,
            group_state: Str::from_static(group.state),
            group_epoch: group.epoch,
            assignment_epoch: group.assignment_epoch,
            assignor_name: group.assignor,
            members: group.members.into_iter().map(member).collect(),
            ..DescribedGroup::default()
        },
        Err(error) => {
            failed(group_id, error_map::group(&error), Some(Str::from(error.to_string())))
        }
    }
}

fn member(described: DescribedConsumer) -> Member {
    let said = described.subscription;
    Member {
        member_id: described.member_id,
        instance_id: said.instance_id,
        rack_id: said.rack_id,
        member_epoch: described.epoch,
        client_id: said.client.id,
        client_host: said.client.host,
        subscribed_topic_names: said.topics.into_iter().collect(),
        subscribed_topic_regex: said.regex,
        assignment: assignment(described.assignment),
        target_assignment: assignment(described.target),
        member_type: if said.classic.is_some() { CLASSIC_MEMBER } else { CONSUMER_MEMBER },
        ..Member::default()
    }
}

fn assignment(topics: Vec<(Uuid, Str, Vec<i32>)>) -> Assignment {
    let topics = topics.into_iter().map(|(topic_id, topic_name, partitions)| TopicPartitions {
        topic_id,
        topic_name,
        partitions,
        ..TopicPartitions::default()
    });
    Assignment { topic_partitions: topics.collect(), ..Assignment::default() }
}

fn failed(group_id: Str, error: ErrorCode, error_message: Option<Str>) -> DescribedGroup {
    DescribedGroup {
        group_id,
        error_code: error.code(),
        error_message,
        ..DescribedGroup::default()
    }
}
