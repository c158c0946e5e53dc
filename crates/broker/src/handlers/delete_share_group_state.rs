//! DeleteShareGroupState: the state of share partitions ends (kafka-semantics 168).

use share::coordinator::Delete;
use wire::messages::{
    DeleteShareGroupStateRequest, DeleteShareGroupStateResponse,
    delete_share_group_state_request::PartitionData,
    delete_share_group_state_response::{DeleteStateResult, PartitionResult},
};

use crate::request::Request;
use crate::share::StateCall;

/// Asks for all share partitions, then answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    message: DeleteShareGroupStateRequest,
) -> DeleteShareGroupStateResponse {
    let is_empty = message.topics.iter().any(|topic| topic.partitions.is_empty());
    if is_empty || message.group_id.trim().is_empty() {
        return DeleteShareGroupStateResponse::default();
    }
    let states = StateCall { request: &request, group_id: &message.group_id, verb: "delete" };
    let mut asked = Vec::with_capacity(message.topics.len());
    for topic in message.topics {
        let ask = |partition: PartitionData| {
            let index = partition.partition;
            let (key, exists) = states.key(topic.topic_id, index);
            let call = Delete { key: key.clone(), exists };
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
        results.push(DeleteStateResult { topic_id, partitions, ..DeleteStateResult::default() });
    }
    DeleteShareGroupStateResponse { results, ..DeleteShareGroupStateResponse::default() }
}
