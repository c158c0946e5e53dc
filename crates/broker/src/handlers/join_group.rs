//! JoinGroup (kafka-semantics 89 to 101).

use group::{Client, JoinAbilities, JoinGroup, JoinRefused, Joined, Protocol};
use wire::messages::{
    JoinGroupRequest, JoinGroupResponse, join_group_response::JoinGroupResponseMember,
};
use wire::{ErrorCode, Str, Uuid};

use crate::error_map;
use crate::groups::java_address;
use crate::request::Request;

/// The first version whose members can come back with an id they are given.
const KNOWN_MEMBER_ID_FROM: i16 = 4;
/// The first version whose error responses have no protocol name instead of an empty one.
const NULL_PROTOCOL_FROM: i16 = 7;
/// The first version whose leaders can skip the assignment.
const SKIP_ASSIGNMENT_FROM: i16 = 9;

/// Waits until the rebalance is complete.
pub(crate) async fn handle(request: Request, message: JoinGroupRequest) -> JoinGroupResponse {
    let group_id = message.group_id.clone();
    let join = from_wire(&request, message);
    match request.broker.groups.call(&group_id, join).await {
        Ok(Ok(joined)) => to_wire(joined),
        Ok(Err(JoinRefused { member_id, error })) => {
            refused(request.version, member_id, error_map::group(&error))
        }
        Err(error) => refused(request.version, Str::new(), error_map::coordination(error)),
    }
}

fn from_wire(request: &Request, message: JoinGroupRequest) -> JoinGroup {
    // Version 0 has no rebalance timeout.
    let rebalance_timeout_ms = match request.version {
        0 => message.session_timeout_ms,
        _ => message.rebalance_timeout_ms,
    };
    let protocols = message.protocols.into_iter();
    JoinGroup {
        group_id: message.group_id,
        member_id: message.member_id,
        group_instance_id: message.group_instance_id,
        client: Client { id: request.client_id.clone(), host: java_address(request.peer.ip()) },
        abilities: JoinAbilities {
            known_member_id: request.version >= KNOWN_MEMBER_ID_FROM,
            skip_assignment: request.version >= SKIP_ASSIGNMENT_FROM,
        },
        session_timeout_ms: message.session_timeout_ms,
        rebalance_timeout_ms,
        protocol_type: message.protocol_type,
        protocols: protocols
            .map(|protocol| Protocol { name: protocol.name, metadata: protocol.metadata })
            .collect(),
        random: Uuid(request.broker.env.random().uuid()),
    }
}

fn to_wire(joined: Joined) -> JoinGroupResponse {
    let members = joined.members.into_iter().map(|member| JoinGroupResponseMember {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        metadata: member.metadata,
        ..JoinGroupResponseMember::default()
    });
    JoinGroupResponse {
        generation_id: joined.generation_id,
        protocol_type: joined.protocol_type,
        protocol_name: joined.protocol_name,
        leader: joined.leader,
        skip_assignment: joined.skip_assignment,
        member_id: joined.member_id,
        members: members.collect(),
        ..JoinGroupResponse::default()
    }
}

fn refused(version: i16, member_id: Str, error: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code: error.code(),
        protocol_name: (version < NULL_PROTOCOL_FROM).then(Str::new),
        member_id,
        ..JoinGroupResponse::default()
    }
}
