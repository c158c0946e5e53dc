//! SyncGroup (kafka-semantics 102).

use group::SyncGroup;
use wire::ErrorCode;
use wire::messages::{SyncGroupRequest, SyncGroupResponse};

use crate::error_map;
use crate::request::Request;

/// The first version that has to say what protocol it thinks it uses.
const PROTOCOL_FROM: i16 = 5;

/// Waits until the leader has assigned.
pub(crate) async fn handle(request: Request, message: SyncGroupRequest) -> SyncGroupResponse {
    let has_protocol = message.protocol_type.is_some() && message.protocol_name.is_some();
    if request.version >= PROTOCOL_FROM && !has_protocol {
        return refused(ErrorCode::InconsistentGroupProtocol);
    }
    let group_id = message.group_id.clone();
    let assignments = message.assignments.into_iter();
    let sync = SyncGroup {
        group_id: message.group_id,
        member_id: message.member_id,
        group_instance_id: message.group_instance_id,
        generation_id: message.generation_id,
        protocol_type: message.protocol_type,
        protocol_name: message.protocol_name,
        assignments: assignments.map(|member| (member.member_id, member.assignment)).collect(),
    };
    match request.broker.groups.call(&group_id, sync).await {
        Ok(Ok(synced)) => SyncGroupResponse {
            protocol_type: synced.protocol_type,
            protocol_name: synced.protocol_name,
            assignment: synced.assignment,
            ..SyncGroupResponse::default()
        },
        Ok(Err(error)) => refused(error_map::group(&error)),
        Err(error) => refused(error_map::coordination(error)),
    }
}

fn refused(error: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error_code: error.code(), ..SyncGroupResponse::default() }
}
