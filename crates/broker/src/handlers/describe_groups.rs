//! DescribeGroups (kafka-semantics 88).

use std::collections::BTreeMap;

use group::DescribeGroups;
use wire::messages::{
    DescribeGroupsRequest, DescribeGroupsResponse,
    describe_groups_response::{DescribedGroup, DescribedGroupMember},
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::once::each_once;
use crate::operations::{self, authorized_operations};
use crate::request::Request;

/// The first version that says that a group does not exist (KIP-1043).
const NOT_FOUND_FROM: i16 = 6;
/// What a group that does not exist is shown as.
const DEAD: &str = "Dead";

/// Describes classic groups; each shard is asked once.
pub(crate) async fn handle(
    request: Request,
    mut message: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    each_once(&mut message.groups, Str::clone);
    let groups = &request.broker.groups;
    let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
    for group_id in message.groups {
        by_partition.entry(groups.partition_for(&group_id)).or_default().push(group_id);
    }
    let asked: Vec<_> = by_partition
        .into_iter()
        .map(|(partition, group_ids)| {
            let describe = DescribeGroups { group_ids: group_ids.clone() };
            (group_ids, groups.call_shard(partition, describe))
        })
        .collect();
    let mut response = DescribeGroupsResponse::default();
    for (group_ids, answer) in asked {
        let described: Vec<DescribedGroup> = match answer.await {
            Ok(described) => group_ids
                .into_iter()
                .zip(described)
                .map(|(group_id, described)| to_wire(request.version, group_id, described))
                .collect(),
            Err(error) => {
                let error_code = error_map::coordination(error).code();
                let failed =
                    |group_id| DescribedGroup { group_id, error_code, ..DescribedGroup::default() };
                group_ids.into_iter().map(failed).collect()
            }
        };
        response.groups.extend(described);
    }
    if message.include_authorized_operations {
        let found = |group: &&mut DescribedGroup| group.error_code == ErrorCode::None.code();
        for group in response.groups.iter_mut().filter(found) {
            group.authorized_operations = authorized_operations(operations::GROUP);
        }
    }
    response
}

fn to_wire(
    version: i16,
    group_id: Str,
    described: Result<group::DescribedGroup, group::Error>,
) -> DescribedGroup {
    let described = match described {
        Ok(described) => described,
        Err(error) => {
            let mut dead = DescribedGroup {
                group_id,
                group_state: Str::from(DEAD),
                ..DescribedGroup::default()
            };
            if version >= NOT_FOUND_FROM {
                dead.error_code = error_map::group(&error).code();
                dead.error_message = Some(Str::from(error.to_string()));
            }
            return dead;
        }
    };
    let members = described.members.into_iter().map(|member| DescribedGroupMember {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        client_id: member.client.id,
        client_host: member.client.host,
        member_metadata: member.metadata,
        member_assignment: member.assignment,
        ..DescribedGroupMember::default()
    });
    DescribedGroup {
        group_id,
        group_state: Str::from(described.state),
        protocol_type: described.protocol_type,
        protocol_data: described.protocol_data,
        members: members.collect(),
        ..DescribedGroup::default()
    }
}
