//! ListGroups: the groups whose shards live here (kafka-semantics 88).

use coordination::Error;
use group::ListGroups;
use wire::Str;
use wire::messages::{ListGroupsRequest, ListGroupsResponse, list_groups_response::ListedGroup};

use crate::error_map;
use crate::request::Request;

/// Asks every shard here. One that is loading fails the whole request, as half a list would lie.
pub(crate) async fn handle(request: Request, message: ListGroupsRequest) -> ListGroupsResponse {
    let groups = &request.broker.groups;
    let list =
        ListGroups { states: message.states_filter.clone(), types: message.types_filter.clone() };
    let asked: Vec<_> = groups
        .shards()
        .into_iter()
        .map(|(partition, _)| groups.call_shard(partition, list.clone()))
        .collect();
    let mut response = ListGroupsResponse::default();
    for answer in asked {
        match answer.await {
            Ok(listed) => response.groups.extend(listed.into_iter().map(to_wire)),
            // It moved away.
            Err(Error::NotCoordinator) => {}
            Err(error) => {
                let error_code = error_map::coordination(error).code();
                return ListGroupsResponse { error_code, ..ListGroupsResponse::default() };
            }
        }
    }
    response
}

fn to_wire(group: group::ListedGroup) -> ListedGroup {
    ListedGroup {
        group_id: group.group_id,
        protocol_type: group.protocol_type,
        group_state: Str::from(group.state),
        group_type: Str::from(group.group_type.name()),
        ..ListedGroup::default()
    }
}
