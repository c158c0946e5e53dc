//! DeleteGroups (kafka-semantics 120).

use std::collections::{BTreeMap, BTreeSet};

use group::{DeleteGroups, DeleteStates};
use wire::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, delete_groups_response::DeletableGroupResult,
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;
use crate::share;

/// Deletes empty groups with their offsets; each shard is asked once, and for each group once.
pub(crate) async fn handle(request: Request, message: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let groups = &request.broker.groups;
    let mut by_partition: BTreeMap<i32, Vec<Str>> = BTreeMap::new();
    let wanted: BTreeSet<Str> = message.groups_names.into_iter().collect();
    let failed = end_shares(&request, &wanted).await;
    for group_id in wanted {
        if !failed.contains_key(&group_id) {
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
    response.results.extend(failed.into_iter().map(|(group_id, error)| to_wire(group_id, error)));
    response
}

/// Lets the states of those groups end that are share groups and can be deleted; the groups for
/// which that failed.
async fn end_shares(request: &Request, wanted: &BTreeSet<Str>) -> BTreeMap<Str, ErrorCode> {
    let mut failed = BTreeMap::new();
    if !share::is_enabled(&request.image) {
        return failed;
    }
    let groups = &request.broker.groups;
    let asked = wanted.iter().map(|group_id| {
        let delete = DeleteStates { group_id: group_id.clone(), topics: None };
        (group_id, groups.call(group_id, delete))
    });
    for (group_id, answer) in asked.collect::<Vec<_>>() {
        // Groups that are no share groups, or not empty, are told so when they are deleted.
        let Ok(Ok(end)) = answer.await else { continue };
        let places = end.topics.into_iter().flat_map(|(topic_id, _, partitions)| {
            partitions.into_iter().map(move |index| (topic_id, index))
        });
        let results = request.broker.end_states(group_id, places.collect()).await;
        if let Some(error) = share::first_error(results.iter().map(|(_, result)| result)) {
            failed.insert(group_id.clone(), error);
        }
    }
    failed
}

fn to_wire(group_id: Str, error: ErrorCode) -> DeletableGroupResult {
    DeletableGroupResult { group_id, error_code: error.code(), ..DeletableGroupResult::default() }
}
