//! ReadShareGroupStateSummary: how far share partitions are (kafka-semantics 168).

use share::coordinator::ReadSummary;
use wire::messages::{
    ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse,
    read_share_group_state_summary_request::PartitionData,
    read_share_group_state_summary_response::{PartitionResult, ReadStateSummaryResult},
};

use crate::request::Request;
use crate::share::StateCall;

/// Asks for all share partitions, then answers in the order of the request.
pub(crate) async fn handle(
    request: Request,
    message: ReadShareGroupStateSummaryRequest,
) -> ReadShareGroupStateSummaryResponse {
    let is_empty = message.topics.iter().any(|topic| topic.partitions.is_empty());
    if is_empty || message.group_id.trim().is_empty() {
        return ReadShareGroupStateSummaryResponse::default();
    }
    let states =
        StateCall { request: &request, group_id: &message.group_id, verb: "read summary of" };
    let mut asked = Vec::with_capacity(message.topics.len());
    for topic in message.topics {
        let ask = |partition: PartitionData| {
            let index = partition.partition;
            let (key, exists) = states.key(topic.topic_id, index);
            let call = ReadSummary { key: key.clone(), exists };
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
                Ok(summary) => PartitionResult {
                    state_epoch: summary.state_epoch,
                    leader_epoch: summary.leader_epoch,
                    start_offset: summary.start_offset,
                    delivery_complete_count: summary.delivery_complete_count,
                    ..result
                },
                Err((error, text)) => PartitionResult {
                    error_code: error.code(),
                    error_message: Some(text),
                    ..result
                },
            });
        }
        results.push(ReadStateSummaryResult {
            topic_id,
            partitions,
            ..ReadStateSummaryResult::default()
        });
    }
    ReadShareGroupStateSummaryResponse { results, ..ReadShareGroupStateSummaryResponse::default() }
}
