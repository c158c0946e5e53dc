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
    let mut waiting: Vec<(usize, usize, Arc<Partition>, i64)> = Vec::new();
    for topic in message.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in topic.partitions {
            let (mut result, index) =
                (DeleteRecordsPartitionResult::default(), asked.partition_index);
            result.partition_index = index;
            match delete(&request, &topic.name, index, asked.offset) {
                Ok((replica, offset)) => {
                    waiting.push((topics.len(), partitions.len(), replica, offset));
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
    for (topic, partition, replica, offset) in waiting {
        let result = &mut topics[topic].partitions[partition];
        let env = &request.broker.env;
        let kept = replica.keep_log_start(env).await;
        let low_watermark = match kept {
            Ok(()) => replica.await_low_watermark(env, offset, deadline).await,
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

fn delete(
    request: &Request,
    topic: &Str,
    index: i32,
    offset: i64,
) -> Result<(Arc<Partition>, i64), ErrorCode> {
    if topic_name::is_internal(topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let replica =
        request.broker.replicas.get(topic, index).map_err(|error| error_map::lookup(&error))?;
    if !replica.settings().deletable {
        return Err(ErrorCode::PolicyViolation);
    }
    let offset = replica.delete_records(offset).map_err(|error| error_map::append(&error))?;
    Ok((replica, offset))
}
