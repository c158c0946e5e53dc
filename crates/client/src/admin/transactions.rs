//! Transactions and the producers of partitions.

use std::collections::BTreeMap;

use wire::messages::describe_producers_request::TopicRequest;
use wire::messages::describe_producers_response::ProducerState;
use wire::messages::describe_transactions_response::TransactionState as Described;
use wire::messages::list_transactions_response::TransactionState as Listed;
use wire::messages::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use wire::messages::{
    DescribeProducersRequest, DescribeTransactionsRequest, InitProducerIdRequest,
    ListTransactionsRequest, WriteTxnMarkersRequest,
};
use wire::{ErrorCode, Str};

use super::{Admin, Partitions, by_topic};
use crate::error::{Error, check};

/// Which transactions are listed.
#[derive(Debug, Clone, Default)]
pub struct TransactionFilter {
    /// Those of these producer ids; all if it is empty.
    pub producer_ids: Vec<i64>,
    /// Those that are open for longer than so many milliseconds.
    pub duration_ms: Option<i64>,
    /// Those whose transactional id matches this expression.
    pub pattern: Option<Str>,
}

/// What a hanging transaction is aborted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortedProducer {
    /// The partition.
    pub topic: Str,
    /// Its index.
    pub partition: i32,
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// The epoch of its coordinator.
    pub coordinator_epoch: i32,
}

impl Admin {
    /// The transactions, by the broker that coordinates them.
    ///
    /// # Errors
    /// A broker cannot tell.
    pub async fn list_transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<BTreeMap<i32, Vec<Listed>>, Error> {
        let request = ListTransactionsRequest {
            producer_id_filters: filter.producer_ids.clone(),
            duration_filter: filter.duration_ms.unwrap_or(-1),
            transactional_id_pattern: filter.pattern.clone(),
            ..ListTransactionsRequest::default()
        };
        let mut brokers = BTreeMap::new();
        for broker in self.cluster.metadata(Some(&[])).await?.brokers {
            let id = broker.node_id;
            let ask = || async {
                let response = self.cluster.broker(id).await?.call(&request).await?;
                check(response.error_code, None)?;
                Ok(response.transaction_states)
            };
            brokers.insert(id, self.cluster.retrying(ask).await?);
        }
        Ok(brokers)
    }

    /// The state of a transactional id, and the broker that coordinates it.
    ///
    /// # Errors
    /// There is no such id, or the coordinator cannot tell.
    pub async fn describe_transaction(&self, id: &Str) -> Result<(i32, Described), Error> {
        let request = DescribeTransactionsRequest {
            transactional_ids: vec![id.clone()],
            ..DescribeTransactionsRequest::default()
        };
        let ask = || async {
            let (coordinator, node) = self.cluster.transaction_coordinator_node(id).await?;
            let response = coordinator.call(&request).await?;
            let state = response.transaction_states.into_iter().next();
            let state =
                state.ok_or_else(|| Error::refused(ErrorCode::UnknownServerError.code(), None))?;
            check(state.error_code, None)?;
            Ok((node, state))
        };
        self.cluster.retrying(ask).await
    }

    /// The producers that partitions know of, told by their leaders, or by a broker that has
    /// replicas of them.
    ///
    /// # Errors
    /// Leaders or the broker cannot be reached.
    pub async fn describe_producers(
        &self,
        partitions: &[(Str, i32)],
        broker: Option<i32>,
    ) -> Result<Partitions<Result<Vec<ProducerState>, Error>>, Error> {
        let mut found = Partitions::new();
        let mut by_broker: BTreeMap<i32, Vec<(Str, i32)>> = BTreeMap::new();
        match broker {
            Some(broker) => {
                by_broker.insert(broker, partitions.to_vec());
            }
            None => {
                for at in partitions {
                    match self.leader_of(at).await {
                        Ok(leader) => by_broker.entry(leader).or_default().push(at.clone()),
                        Err(error) => _ = found.insert(at.clone(), Err(error)),
                    }
                }
            }
        }
        for (broker, partitions) in by_broker {
            let topics = by_topic(partitions.into_iter().map(|at| (at, ()))).into_iter().map(
                |(name, of)| TopicRequest {
                    name,
                    partition_indexes: of.into_iter().map(|(index, ())| index).collect(),
                    ..TopicRequest::default()
                },
            );
            let request = DescribeProducersRequest {
                topics: topics.collect(),
                ..DescribeProducersRequest::default()
            };
            let response = self.cluster.broker(broker).await?.call(&request).await?;
            for topic in response.topics {
                for partition in topic.partitions {
                    let message = partition.error_message.as_deref();
                    let result = check(partition.error_code, message);
                    let key = (topic.name.clone(), partition.partition_index);
                    found.insert(key, result.map(|()| partition.active_producers));
                }
            }
        }
        Ok(found)
    }

    async fn leader_of(&self, (topic, partition): &(Str, i32)) -> Result<i32, Error> {
        let ask = || async {
            let partitions = self.cluster.partitions(topic, false).await?;
            let found = partitions.iter().find(|known| known.partition_index == *partition);
            let code = match found {
                None => ErrorCode::UnknownTopicOrPartition,
                Some(known) if known.leader_id < 0 => ErrorCode::LeaderNotAvailable,
                Some(known) => return Ok(known.leader_id),
            };
            Err(Error::refused(code.code(), None))
        };
        self.cluster.retrying(ask).await
    }

    /// Aborts what a producer has open in a partition, whatever its coordinator thinks.
    ///
    /// # Errors
    /// The leader refuses.
    pub async fn abort_producer(&self, aborted: &AbortedProducer) -> Result<(), Error> {
        let marker = WritableTxnMarker {
            producer_id: aborted.producer_id,
            producer_epoch: aborted.producer_epoch,
            transaction_result: false,
            topics: vec![WritableTxnMarkerTopic {
                name: aborted.topic.clone(),
                partition_indexes: vec![aborted.partition],
                ..WritableTxnMarkerTopic::default()
            }],
            coordinator_epoch: aborted.coordinator_epoch,
            ..WritableTxnMarker::default()
        };
        let request =
            WriteTxnMarkersRequest { markers: vec![marker], ..WriteTxnMarkersRequest::default() };
        let at = (aborted.topic.clone(), aborted.partition);
        let ask = || async {
            let leader = self.leader_of(&at).await?;
            let response = self.cluster.broker(leader).await?.call(&request).await?;
            let topics = response.markers.into_iter().flat_map(|marker| marker.topics);
            let partition = topics.flat_map(|topic| topic.partitions).next();
            let unknown = || Error::refused(ErrorCode::UnknownServerError.code(), None);
            check(partition.ok_or_else(unknown)?.error_code, None)
        };
        self.cluster.retrying(ask).await
    }

    /// Fences whoever uses a transactional id, which aborts what it left open.
    ///
    /// # Errors
    /// The coordinator refuses.
    pub async fn fence_producer(&self, id: &Str) -> Result<(), Error> {
        let timeout = self.cluster.config().request_timeout.as_millis();
        let request = InitProducerIdRequest {
            transactional_id: Some(id.clone()),
            transaction_timeout_ms: i32::try_from(timeout).unwrap_or(i32::MAX),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        let ask = || async {
            let coordinator = self.cluster.transaction_coordinator(id).await?;
            check(coordinator.call(&request).await?.error_code, None)
        };
        self.cluster.retrying(ask).await
    }
}
