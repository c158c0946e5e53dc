//! DescribeProducers: the producers a partition's leader knows (KIP-664).

use replication::Partition;
use wire::ErrorCode;
use wire::messages::{
    DescribeProducersRequest, DescribeProducersResponse,
    describe_producers_response::{PartitionResponse, ProducerState, TopicResponse},
};

use crate::error_map;
use crate::once::each_once;
use crate::request::Request;

/// Asks each partition's replica here.
pub(crate) async fn handle(
    request: Request,
    mut message: DescribeProducersRequest,
) -> DescribeProducersResponse {
    each_once(&mut message.topics, |topic| topic.name.clone());
    message.topics.iter_mut().for_each(|topic| each_once(&mut topic.partition_indexes, |i| *i));
    let topics = message.topics.into_iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().map(|index| {
            match request.broker.replicas.get(&topic.name, *index) {
                Ok(replica) => describe(&replica),
                Err(error) => PartitionResponse {
                    partition_index: *index,
                    error_code: error_map::lookup(&error).code(),
                    ..PartitionResponse::default()
                },
            }
        });
        TopicResponse {
            partitions: partitions.collect(),
            name: topic.name.clone(),
            ..TopicResponse::default()
        }
    });
    DescribeProducersResponse { topics: topics.collect(), ..DescribeProducersResponse::default() }
}

fn describe(replica: &Partition) -> PartitionResponse {
    let Some(producers) = replica.active_producers() else {
        return PartitionResponse {
            partition_index: replica.index(),
            error_code: ErrorCode::NotLeaderOrFollower.code(),
            ..PartitionResponse::default()
        };
    };
    let active = producers.into_iter().map(|producer| ProducerState {
        producer_id: producer.producer_id,
        producer_epoch: i32::from(producer.epoch),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.current_txn_first_offset.unwrap_or(-1),
        ..ProducerState::default()
    });
    PartitionResponse {
        partition_index: replica.index(),
        active_producers: active.collect(),
        ..PartitionResponse::default()
    }
}
