//! FindCoordinator: where groups, transactions and the state of share groups live
//! (kafka-semantics 110, 243, 244).

use wire::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, find_coordinator_response::Coordinator,
};
use wire::{ErrorCode, Str};

use crate::auto_create::AutoCreation;
use crate::request::Request;
use crate::share;
use crate::topic_name::{CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE};

/// The first version that asks for several keys.
const BATCHED_FROM: i16 = 4;
/// The first version that asks for share coordinators.
const SHARE_FROM: i16 = 6;
/// Key types: what is coordinated.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

/// Where a coordinator is, or why that is not known.
struct Found {
    error: ErrorCode,
    /// What Apache Kafka says beside the error where it refuses the whole request.
    refused: bool,
    node_id: i32,
    host: Str,
    port: i32,
}

impl Found {
    fn nowhere(error: ErrorCode) -> Self {
        Self { error, refused: false, node_id: -1, host: Str::new(), port: -1 }
    }
}

/// Answers from the image; a missing internal topic is created (kafka-semantics 243).
pub(crate) async fn handle(
    request: Request,
    message: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    if request.version < BATCHED_FROM {
        let found = find(&request, message.key_type, &message.key);
        return FindCoordinatorResponse {
            error_code: found.error.code(),
            error_message: Some(Str::from(found.error.text())),
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..FindCoordinatorResponse::default()
        };
    }
    let coordinators = message.coordinator_keys.into_iter().map(|key| {
        let found = find(&request, message.key_type, &key);
        let text = if found.refused { found.error.text() } else { "" };
        Coordinator {
            key,
            error_code: found.error.code(),
            error_message: Some(Str::from(text)),
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..Coordinator::default()
        }
    });
    FindCoordinatorResponse {
        coordinators: coordinators.collect(),
        ..FindCoordinatorResponse::default()
    }
}

fn find(request: &Request, key_type: i8, key: &Str) -> Found {
    match key_type {
        GROUP => find_in(CONSUMER_OFFSETS, request, key),
        TRANSACTION => find_in(TRANSACTION_STATE, request, key),
        SHARE if request.version < SHARE_FROM || share::state_key(key).is_none() => {
            Found::nowhere(ErrorCode::InvalidRequest)
        }
        SHARE => find_in(SHARE_GROUP_STATE, request, key),
        _ => Found { refused: true, ..Found::nowhere(ErrorCode::InvalidRequest) },
    }
}

/// The leader of the partition of an internal topic that holds a key.
fn find_in(internal: &'static str, request: &Request, key: &Str) -> Found {
    let unavailable = Found::nowhere(ErrorCode::CoordinatorNotAvailable);
    let Some(topic) = request.image.topics.by_name(internal) else {
        AutoCreation::start(&request.broker, &[Str::from_static(internal)]);
        return unavailable;
    };
    let partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
    let partition = topic.partition(coordination::partition_for(key, partitions.max(1)));
    let leader = partition
        .filter(|partition| partition.has_leader())
        .and_then(|partition| request.image.cluster.broker(partition.leader))
        .filter(|broker| !broker.fenced);
    match leader.and_then(|broker| Some((broker.id, broker.endpoint(&request.listener)?))) {
        Some((node_id, endpoint)) => Found {
            error: ErrorCode::None,
            refused: false,
            node_id,
            host: endpoint.host.clone(),
            port: i32::from(endpoint.port),
        },
        None => unavailable,
    }
}
