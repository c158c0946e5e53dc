//! DeleteRecords: moves the start of logs forward (kafka-semantics 202).

use std::sync::Arc;
use std::time::Duration;

use replication::Partition;
use wire::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse,
    delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult},
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;
use crate::topic_name;

/// Moves each log's start, and waits until all live replicas have done the same.
pub(crate) async fn handle(
    request: Request,
    message: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let timeout = Duration::from_millis(u64::try_from(message.timeout_ms).unwrap_or(0));
    let deadline = request.broker.env.now() + timeout;
    let mut topics = Vec::with_capacity(message.topics.len());
    let (mut places, mut asked) = (Vec::new(), Vec::new());
    for topic in message.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let (mut result, index) =
                (DeleteRecordsPartitionResult::default(), partition.partition_index);
            result.partition_index = index;
            match find(&request, &topic.name, index) {
                Ok(replica) => {
                    places.push((topics.len(), partitions.len(), Arc::clone(&replica)));
                    asked.push((replica, partition.offset));
                }
                Err(error) => {
                    result.error_code = error.code();
                    result.low_watermark = -1;
                }
            }
            partitions.push(result);
        }
        topics.push(DeleteRecordsTopicResult {
            name: topic.name,
            partitions,
            ..DeleteRecordsTopicResult::default()
        });
    }
    let env = &request.broker.env;
    let deleted = replication::delete_records(env, asked).await;
    for ((topic, partition, replica), deleted) in places.into_iter().zip(deleted) {
        let result = &mut topics[topic].partitions[partition];
        let low_watermark = match deleted {
            Ok(offset) => replica.await_low_watermark(env, offset, deadline).await,
            Err(error) => Err(error),
        };
        match low_watermark {
            Ok(low_watermark) => result.low_watermark = low_watermark,
            Err(error) => {
                result.error_code = error_map::append(&error).code();
                result.low_watermark = -1;
            }
        }
    }
    DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() }
}

fn find(request: &Request, topic: &Str, index: i32) -> Result<Arc<Partition>, ErrorCode> {
    if topic_name::is_internal(topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let replica =
        request.broker.replicas.get(topic, index).map_err(|error| error_map::lookup(&error))?;
    if !replica.settings().deletable {
        return Err(ErrorCode::PolicyViolation);
    }
    Ok(replica)
}
