//! ConsumerGroupHeartbeat (KIP-848, kafka-semantics J).

use ::metadata::features::GROUP_VERSION;
use group::{Client, ConsumerBeat, ConsumerHeartbeat};
use wire::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    consumer_group_heartbeat_response::{Assignment, TopicPartitions},
};
use wire::{ErrorCode, Str, Uuid};

use crate::error_map;
use crate::groups::java_address;
use crate::request::Request;

/// The first version whose members choose their own id (KIP-1082).
const OWN_MEMBER_ID_FROM: i16 = 1;
/// What `group.coordinator.rebalance.protocols` calls this protocol.
const PROTOCOL: &str = "consumer";

/// A member is there, joins or leaves.
pub(crate) async fn handle(
    request: Request,
    message: ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatResponse {
    if !is_enabled(&request) {
        return failed(ErrorCode::UnsupportedVersion, None);
    }
    let group_id = message.group_id.clone();
    let heartbeat = from_wire(&request, message);
    match request.broker.groups.call(&group_id, heartbeat).await {
        Ok(Ok(beat)) => to_wire(beat),
        Ok(Err(error)) => failed(error_map::group(&error), Some(Str::from(error.to_string()))),
        Err(error) => failed(error_map::coordination(error), None),
    }
}

/// Whether the protocol is allowed by the broker and the cluster (kafka-semantics 122).
pub(crate) fn is_enabled(request: &Request) -> bool {
    let config = request.broker.config();
    let is_served = |name: &String| name.eq_ignore_ascii_case(PROTOCOL);
    config.group_coordinator.rebalance_protocols.iter().any(is_served)
        && request.image.features.level(GROUP_VERSION) >= 1
}

fn from_wire(request: &Request, message: ConsumerGroupHeartbeatRequest) -> ConsumerHeartbeat {
    let owned = message
        .topic_partitions
        .map(|topics| topics.into_iter().map(|topic| (topic.topic_id, topic.partitions)).collect());
    ConsumerHeartbeat {
        group_id: message.group_id,
        member_id: message.member_id,
        needs_member_id: request.version >= OWN_MEMBER_ID_FROM,
        member_epoch: message.member_epoch,
        instance_id: message.instance_id,
        rack_id: message.rack_id,
        rebalance_timeout_ms: message.rebalance_timeout_ms,
        topics: message.subscribed_topic_names,
        regex: message.subscribed_topic_regex,
        server_assignor: message.server_assignor,
        owned,
        client: Client { id: request.client_id.clone(), host: java_address(request.peer.ip()) },
        random: Uuid(request.broker.env.random().uuid()),
    }
}

fn to_wire(beat: ConsumerBeat) -> ConsumerGroupHeartbeatResponse {
    let assignment = beat.assignment.map(|partitions| {
        let topics = partitions.into_iter().map(|(topic_id, indexes)| TopicPartitions {
            topic_id,
            partitions: indexes.into_iter().collect(),
            ..TopicPartitions::default()
        });
        Assignment { topic_partitions: topics.collect(), ..Assignment::default() }
    });
    ConsumerGroupHeartbeatResponse {
        member_id: Some(beat.member_id),
        member_epoch: beat.member_epoch,
        heartbeat_interval_ms: beat.heartbeat_interval_ms,
        assignment,
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

fn failed(error: ErrorCode, error_message: Option<Str>) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse {
        error_code: error.code(),
        error_message,
        ..ConsumerGroupHeartbeatResponse::default()
    }
}
