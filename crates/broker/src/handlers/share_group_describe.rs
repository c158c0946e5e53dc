//! ShareGroupDescribe (kafka-apis 77).

use std::collections::BTreeMap;

use group::{DescribeShareGroups, DescribedShareGroup, DescribedShareMember};
use wire::messages::{
    ShareGroupDescribeRequest, ShareGroupDescribeResponse,
    share_group_describe_response::{Assignment, DescribedGroup, Member, TopicPartitions},
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::once::each_once;
use crate::operations::{self, authorized_operations};
use crate::request::Request;
use crate::share;

/// The one assignor there is.
const ASSIGNOR: Str = Str::from_static("simple");

/// Describes share groups; each shard is asked once.
pub(crate) async fn handle(
    request: Request,
    mut message: ShareGroupDescribeRequest,
) -> ShareGroupDescribeResponse {
    each_once(&mut message.group_ids, Str::clone);
    if !share::is_enabled(&request.image) {
        let refused = message.group_ids.into_iter();
        let groups = refused.map(|id| failed(id, ErrorCode::UnsupportedVersion, None)).collect();
        return ShareGroupDescribeResponse { groups, ..ShareGroupDescribeResponse::default() };
    }
    let groups = &request.broker.groups;
    let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
    for group_id in message.group_ids {
        by_partition.entry(groups.partition_for(&group_id)).or_default().push(group_id);
    }
    let asked: Vec<_> = by_partition
        .into_iter()
        .map(|(partition, group_ids)| {
            let describe = DescribeShareGroups { group_ids: group_ids.clone() };
            (group_ids, groups.call_shard(partition, describe))
        })
        .collect();
    let mut response = ShareGroupDescribeResponse::default();
    for (group_ids, answer) in asked {
        match answer.await {
            Ok(described) => {
                let described = group_ids.into_iter().zip(described);
                response.groups.extend(described.map(|(group_id, described)| match described {
                    Ok(described) => to_wire(described),
                    Err(error) => {
                        let text = Some(Str::from(error.to_string()));
                        failed(group_id, error_map::group(&error), text)
                    }
                }));
            }
            Err(error) => {
                let error = error_map::coordination(error);
                let refused = group_ids.into_iter();
                response.groups.extend(refused.map(|group_id| failed(group_id, error, None)));
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

fn failed(group_id: Str, error: ErrorCode, text: Option<Str>) -> DescribedGroup {
    DescribedGroup {
        group_id,
        error_code: error.code(),
        error_message: text,
        ..DescribedGroup::default()
    }
}

fn to_wire(described: DescribedShareGroup) -> DescribedGroup {
    DescribedGroup {
        group_id: described.group_id,
        group_state: Str::from(described.state),
        group_epoch: described.epoch,
        assignment_epoch: described.assignment_epoch,
        assignor_name: ASSIGNOR,
        members: described.members.into_iter().map(member).collect(),
        ..DescribedGroup::default()
    }
}

fn member(member: DescribedShareMember) -> Member {
    let topics = member.assigned.into_iter();
    let topics = topics.map(|(topic_id, topic_name, partitions)| TopicPartitions {
        topic_id,
        topic_name,
        partitions,
        ..TopicPartitions::default()
    });
    Member {
        member_id: member.member_id,
        rack_id: member.rack_id,
        member_epoch: member.epoch,
        client_id: member.client.id,
        client_host: member.client.host,
        subscribed_topic_names: member.topics,
        assignment: Assignment { topic_partitions: topics.collect(), ..Assignment::default() },
        ..Member::default()
    }
}
