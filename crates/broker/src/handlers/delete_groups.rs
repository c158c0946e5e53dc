//! DeleteGroups (kafka-semantics 120).

use std::collections::{BTreeMap, BTreeSet};

use group::DeleteGroups;
use wire::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, delete_groups_response::DeletableGroupResult,
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;

/// Deletes empty groups with their offsets; each shard is asked once, and for each group once.
pub(crate) async fn handle(request: Request, message: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let groups = &request.broker.groups;
    let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for group_id in message.groups_names {
        if seen.insert(group_id.clone()) {
            by_partition.entry(groups.partition_for(&group_id)).or_default().push(group_id);
        }
    }
    let asked: Vec<_> = by_partition
        .into_iter()
        .map(|(partition, group_ids)| {
            let delete = DeleteGroups { group_ids: group_ids.clone() };
            (group_ids, groups.call_shard(partition, delete))
        })
        .collect();
    let mut response = DeleteGroupsResponse::default();
    for (group_ids, answer) in asked {
        match answer.await {
            Ok(deleted) => response.results.extend(deleted.into_iter().map(|group| {
                let error = group.result.as_ref().err().map_or(ErrorCode::None, error_map::group);
                to_wire(group.group_id, error)
            })),
            Err(error) => {
                let error = error_map::coordination(error);
                let failed = group_ids.into_iter().map(|group_id| to_wire(group_id, error));
                response.results.extend(failed);
            }
        }
    }
    response
}

fn to_wire(group_id: Str, error: ErrorCode) -> DeletableGroupResult {
    DeletableGroupResult { group_id, error_code: error.code(), ..DeletableGroupResult::default() }
}
