//! ReadShareGroupState: a new leader reads the state of share partitions (kafka-semantics 168).

use share::coordinator::Read;
use wire::messages::{
    ReadShareGroupStateRequest, ReadShareGroupStateResponse,
    read_share_group_state_request::PartitionData,
    read_share_group_state_response::{PartitionResult, ReadStateResult, StateBatch},
};

use crate::request::Request;
use crate::share::StateCall;

/// Asks for all share partitions, then answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    message: ReadShareGroupStateRequest,
) -> ReadShareGroupStateResponse {
    let is_empty = message.topics.iter().any(|topic| topic.partitions.is_empty());
    if is_empty || message.group_id.trim().is_empty() {
        return ReadShareGroupStateResponse::default();
    }
    let states = StateCall { request: &request, group_id: &message.group_id, verb: "read" };
    let mut asked = Vec::with_capacity(message.topics.len());
    for topic in message.topics {
        let ask = |partition: PartitionData| {
            let index = partition.partition;
            let (key, exists) = states.key(topic.topic_id, index);
            let call = Read { key: key.clone(), leader_epoch: partition.leader_epoch, exists };
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
                Ok(state) => PartitionResult {
                    state_epoch: state.state_epoch,
                    start_offset: state.start_offset,
                    state_batches: state
                        .batches
                        .into_iter()
                        .map(batch)
                        .collect::<Vec<StateBatch>>(),
                    ..result
                },
                Err((error, text)) => PartitionResult {
                    error_code: error.code(),
                    error_message: Some(text),
                    ..result
                },
            });
        }
        results.push(ReadStateResult { topic_id, partitions, ..ReadStateResult::default() });
    }
    ReadShareGroupStateResponse { results, ..ReadShareGroupStateResponse::default() }
}

fn batch(batch: share::StateBatch) -> StateBatch {
    StateBatch {
        first_offset: batch.first_offset,
        last_offset: batch.last_offset,
        delivery_state: batch.delivery_state,
        delivery_count: batch.delivery_count,
        ..StateBatch::default()
    }
}
