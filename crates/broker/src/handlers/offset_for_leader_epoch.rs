//! OffsetForLeaderEpoch: where an epoch ended, for clients that look for truncation
//! (kafka-semantics 63).

use wire::Str;
use wire::messages::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    offset_for_leader_epoch_request::OffsetForLeaderPartition,
    offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
};

use crate::error_map;
use crate::request::Request;

/// Asks each partition's leader here.
pub(crate) async fn handle(
    request: Request,
    message: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = message.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter();
        OffsetForLeaderTopicResult {
            partitions: partitions.map(|asked| end_of(&request, &topic.topic, asked)).collect(),
            topic: topic.topic.clone(),
            ..OffsetForLeaderTopicResult::default()
        }
    });
    OffsetForLeaderEpochResponse {
        topics: topics.collect(),
        ..OffsetForLeaderEpochResponse::default()
    }
}

fn end_of(request: &Request, topic: &Str, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let current = (asked.current_leader_epoch >= 0).then_some(asked.current_leader_epoch);
    let mut answer = EpochEndOffset { partition: asked.partition, ..EpochEndOffset::default() };
    let replica = match request.broker.replicas.get(topic, asked.partition) {
        Ok(replica) => replica,
        Err(error) => {
            answer.error_code = error_map::lookup(&error).code();
            return answer;
        }
    };
    match replica.end_offset_for_epoch(asked.leader_epoch, current) {
        Ok(end) => {
            answer.leader_epoch = end.epoch;
            answer.end_offset = end.end_offset;
        }
        Err(error) => answer.error_code = error_map::read(&error).code(),
    }
    answer
}
