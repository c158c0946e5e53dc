//! ShareGroupHeartbeat: a member of a share group says that it is there (kafka-semantics 158).

use group::{Client, ShareBeat, ShareHeartbeat};
use wire::messages::{
    ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse,
    share_group_heartbeat_response::{Assignment, TopicPartitions},
};
use wire::{ErrorCode, Str};

use super::share_acknowledge::is_member_id;
use crate::error_map;
use crate::groups::java_address;
use crate::request::Request;
use crate::share;

/// Answers with the member's assignment; states that it needs begin in the background.
pub(crate) async fn handle(
    request: Request,
    message: ShareGroupHeartbeatRequest,
) -> ShareGroupHeartbeatResponse {
    if !share::is_enabled(&request.image) {
        return refused(ErrorCode::UnsupportedVersion, None);
    }
    if !is_member_id(&message.member_id) {
        return refused(ErrorCode::InvalidRequest, None);
    }
    let group_id = message.group_id.clone();
    let heartbeat = ShareHeartbeat {
        group_id: message.group_id,
        member_id: message.member_id,
        member_epoch: message.member_epoch,
        rack_id: message.rack_id,
        topics: message.subscribed_topic_names,
        client: Client { id: request.client_id.clone(), host: java_address(request.peer.ip()) },
    };
    match request.broker.groups.call(&group_id, heartbeat).await {
        Ok(Ok(mut beat)) => {
            if let Some(begins) = beat.begins.take() {
                request.broker.begin_states_later(begins);
            }
            to_wire(beat)
        }
        Ok(Err(error)) => refused(error_map::group(&error), Some(Str::from(error.to_string()))),
        Err(error) => refused(error_map::coordination(error), None),
    }
}

fn to_wire(beat: ShareBeat) -> ShareGroupHeartbeatResponse {
    let assignment = beat.assignment.map(|assignment| {
        let topics = assignment.into_iter().map(|(topic_id, partitions)| TopicPartitions {
            topic_id,
            partitions: partitions.into_iter().collect(),
            ..TopicPartitions::default()
        });
        Assignment { topic_partitions: topics.collect(), ..Assignment::default() }
    });
    ShareGroupHeartbeatResponse {
        member_id: Some(beat.member_id),
        member_epoch: beat.member_epoch,
        heartbeat_interval_ms: beat.heartbeat_interval_ms,
        assignment,
        ..ShareGroupHeartbeatResponse::default()
    }
}

fn refused(error: ErrorCode, text: Option<Str>) -> ShareGroupHeartbeatResponse {
    ShareGroupHeartbeatResponse {
        error_code: error.code(),
        error_message: text,
        ..ShareGroupHeartbeatResponse::default()
    }
}
