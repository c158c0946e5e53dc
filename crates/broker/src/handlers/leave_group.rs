//! LeaveGroup (kafka-semantics 106).

use group::{LeaveGroup, Leaving, Left};
use wire::ErrorCode;
use wire::messages::{LeaveGroupRequest, LeaveGroupResponse, leave_group_response::MemberResponse};

use crate::error_map;
use crate::request::Request;

/// The first version in which several members leave together.
const BATCHED_FROM: i16 = 3;

/// Members leave, each with its own result; before version 3 it is the one of the request.
pub(crate) async fn handle(request: Request, message: LeaveGroupRequest) -> LeaveGroupResponse {
    let is_batch = request.version >= BATCHED_FROM;
    let members = match is_batch {
        true => message
            .members
            .into_iter()
            .map(|member| Leaving {
                member_id: member.member_id,
                group_instance_id: member.group_instance_id,
            })
            .collect(),
        false => vec![Leaving { member_id: message.member_id, group_instance_id: None }],
    };
    let group_id = message.group_id.clone();
    let leave = LeaveGroup { group_id: message.group_id, members };
    let (error, left) = match request.broker.groups.call(&group_id, leave).await {
        Ok(Ok(left)) => (ErrorCode::None, left),
        Ok(Err(error)) => (error_map::group(&error), Vec::new()),
        Err(error) => (error_map::coordination(error), Vec::new()),
    };
    if is_batch {
        return LeaveGroupResponse {
            error_code: error.code(),
            members: left.into_iter().map(to_wire).collect(),
            ..LeaveGroupResponse::default()
        };
    }
    let error = match (error, left.first()) {
        (ErrorCode::None, Some(left)) => code(left),
        (error, _) => error,
    };
    LeaveGroupResponse { error_code: error.code(), ..LeaveGroupResponse::default() }
}

fn to_wire(left: Left) -> MemberResponse {
    let error_code = code(&left).code();
    MemberResponse {
        member_id: left.member.member_id,
        group_instance_id: left.member.group_instance_id,
        error_code,
        ..MemberResponse::default()
    }
}

fn code(left: &Left) -> ErrorCode {
    left.result.as_ref().err().map_or(ErrorCode::None, error_map::group)
}
