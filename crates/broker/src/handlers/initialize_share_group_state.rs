//! InitializeShareGroupState: the state of share partitions begins (kafka-semantics 168).

use share::coordinator::Initialize;
use wire::messages::{
    InitializeShareGroupStateRequest, InitializeShareGroupStateResponse,
    initialize_share_group_state_request::PartitionData,
    initialize_share_group_state_response::{InitializeStateResult, PartitionResult},
};

use crate::request::Request;
use crate::share::StateCall;

/// Asks for all share partitions, then answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    message: InitializeShareGroupStateRequest,
) -> InitializeShareGroupStateResponse {
    let is_empty = message.topics.iter().any(|topic| topic.partitions.is_empty());
    if is_empty || message.group_id.trim().is_empty() {
        return InitializeShareGroupStateResponse::default();
    }
    let states = StateCall { request: &request, group_id: &message.group_id, verb: "initialize" };
    let mut asked = Vec::with_capacity(message.topics.len());
    for topic in message.topics {
        let ask = |partition: PartitionData| {
            let index = partition.partition;
            let (key, exists) = states.key(topic.topic_id, index);
            let call = Initialize {
                key: key.clone(),
                state_epoch: partition.state_epoch,
                start_offset: partition.start_offset,
                exists,
            };
            (index, states.ask(&key, call))
        };
        let partitions: Vec<_> = topic.partitions.into_iter().map(ask).collect();
        asked.push((topic.topic_id, partitions));
    }
    let mut results = Vec::with_capacity(asked.len());
    for (topic_id, asked) in asked {
        let mut partitions = Vec::with_capacity(asked.len());
        for (partition, answer) in asked {
            let result = PartitionResult { partition, ..PartitionResult::default() };
            partitions.push(match answer.await {
                Ok(()) => result,
                Err((error, text)) => PartitionResult {
                    error_code: error.code(),
                    error_message: Some(text),
                    ..result
                },
            });
        }
        results.push(InitializeStateResult {
            topic_id,
            partitions,
            ..InitializeStateResult::default()
        });
    }
    InitializeShareGroupStateResponse { results, ..InitializeShareGroupStateResponse::default() }
}
