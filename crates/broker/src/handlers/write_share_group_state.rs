//! WriteShareGroupState: what changed of share partitions (kafka-semantics 168).

use share::coordinator::Write;
use wire::messages::{
    WriteShareGroupStateRequest, WriteShareGroupStateResponse,
    write_share_group_state_request::{PartitionData, StateBatch},
    write_share_group_state_response::{PartitionResult, WriteStateResult},
};

use crate::request::Request;
use crate::share::StateCall;

/// Asks for all share partitions, then answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    message: WriteShareGroupStateRequest,
) -> WriteShareGroupStateResponse {
    let is_empty = message.topics.iter().any(|topic| topic.partitions.is_empty());
    if is_empty || message.group_id.trim().is_empty() {
        return WriteShareGroupStateResponse::default();
    }
    let states = StateCall { request: &request, group_id: &message.group_id, verb: "write" };
    let mut asked = Vec::with_capacity(message.topics.len());
    for topic in message.topics {
        let ask = |partition: PartitionData| {
            let index = partition.partition;
            let (key, exists) = states.key(topic.topic_id, index);
            let call = Write {
                key: key.clone(),
                state_epoch: partition.state_epoch,
                leader_epoch: partition.leader_epoch,
                start_offset: partition.start_offset,
                delivery_complete_count: partition.delivery_complete_count,
                batches: partition.state_batches.into_iter().map(batch).collect(),
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
        results.push(WriteStateResult { topic_id, partitions, ..WriteStateResult::default() });
    }
    WriteShareGroupStateResponse { results, ..WriteShareGroupStateResponse::default() }
}

fn batch(batch: StateBatch) -> share::StateBatch {
    share::StateBatch {
        first_offset: batch.first_offset,
        last_offset: batch.last_offset,
        delivery_state: batch.delivery_state,
        delivery_count: batch.delivery_count,
    }
}
