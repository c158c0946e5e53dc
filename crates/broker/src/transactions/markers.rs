//! Writing the markers that end transactions (kafka-semantics 148).

use std::sync::Arc;
use std::time::Duration;

use coordination::Reply;
use records::EndTxnMarker;
use replica::TransactionEnd;
use replication::{Appended, Partition};
use txn::{MarkerResult, Markers, MarkersWritten, TopicPartition};
use wire::ErrorCode;

use crate::error_map;
use crate::state::Broker;
use crate::topic_name::CONSUMER_OFFSETS;

/// A marker on its way.
pub(crate) enum Marker {
    /// It waits for the replicas of a partition.
    Appended(Arc<Partition>, Appended),
    /// A shard of the group coordinator writes it.
    AtGroups(Reply<()>),
    /// It is written, or not.
    Done(ErrorCode),
}

impl Broker {
    /// Writes the markers of a transaction where they belong. Partitions that other brokers lead
    /// are tried again.
    pub(crate) async fn write_markers(
        &self,
        coordinator_epoch: i32,
        markers: Markers,
    ) -> MarkersWritten {
        let Markers { transactional_id, producer, commits, version, partitions } = markers;
        let end = TransactionEnd {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            marker: EndTxnMarker { committed: commits, coordinator_epoch },
            transaction_version: version.level(),
        };
        let image = self.image();
        let begin = |TopicPartition { topic, partition }: &TopicPartition| {
            let placed = image.topics.partition(topic, *partition)?;
            Some(match placed.leader == self.node_id {
                true => self.begin_marker(topic, *partition, &end),
                false => Marker::Done(ErrorCode::NotLeaderOrFollower),
            })
        };
        let begun: Vec<_> =
            partitions.into_iter().map(|partition| (begin(&partition), partition)).collect();
        let mut results = Vec::with_capacity(begun.len());
        for (marker, partition) in begun {
            let result = match marker {
                Some(marker) => result(self.finish_marker(marker).await, &partition),
                None => MarkerResult::Gone,
            };
            results.push((partition, result));
        }
        MarkersWritten { transactional_id, producer, results }
    }

    /// Appends a marker to a partition that this broker leads.
    pub(crate) fn begin_marker(&self, topic: &str, index: i32, end: &TransactionEnd) -> Marker {
        let replica = match self.replicas.get(topic, index) {
            Ok(replica) => replica,
            Err(error) => return Marker::Done(error_map::lookup(&error)),
        };
        if topic == CONSUMER_OFFSETS {
            return Marker::AtGroups(self.groups.end_transaction(index, *end));
        }
        let now_ms = self.env.clock().wall_ms();
        match replica.append_transaction_end(end, None, now_ms) {
            Ok(appended) if !appended.awaits.any() => Marker::Done(ErrorCode::None),
            Ok(appended) => Marker::Appended(replica, appended),
            Err(error) => Marker::Done(error_map::append(&error)),
        }
    }

    /// Waits until a marker is on all in-sync replicas.
    pub(crate) async fn finish_marker(&self, marker: Marker) -> ErrorCode {
        match marker {
            Marker::Done(code) => code,
            Marker::Appended(replica, appended) => {
                let timeout = self.config().node.request_timeout_ms;
                let timeout = Duration::from_millis(u64::try_from(timeout).unwrap_or(0));
                let deadline = self.env.now() + timeout;
                match replica.acknowledged(&self.env, &appended, deadline).await {
                    Ok(()) => ErrorCode::None,
                    Err(error) => error_map::append(&error),
                }
            }
            // The transaction coordinator does not expect to hear of another coordinator.
            Marker::AtGroups(reply) => match reply.await {
                Ok(()) => ErrorCode::None,
                Err(
                    coordination::Error::NotCoordinator
                    | coordination::Error::CoordinatorLoadInProgress
                    | coordination::Error::CoordinatorNotAvailable,
                ) => ErrorCode::NotLeaderOrFollower,
                Err(error) => error_map::coordination(error),
            },
        }
    }
}

fn result(code: ErrorCode, partition: &TopicPartition) -> MarkerResult {
    match code {
        ErrorCode::None => MarkerResult::Written,
        ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced => {
            MarkerResult::Fenced
        }
        code => {
            let TopicPartition { topic, partition } = partition;
            tracing::info!("a marker for {topic}-{partition} has to be tried again: {code:?}");
            MarkerResult::Retry
        }
    }
}
