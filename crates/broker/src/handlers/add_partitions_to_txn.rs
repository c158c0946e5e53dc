//! AddPartitionsToTxn: partitions become part of transactions, or brokers ask whether they are
//! (kafka-semantics 140 to 142).

use std::collections::{BTreeMap, BTreeSet};

use txn::{
    AddPartitions, ProducerIdAndEpoch, TopicPartition, TransactionVersion, VerifyPartitions,
};
use wire::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction},
    add_partitions_to_txn_response::{
        AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
    },
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;

/// The first version whose clients understand PRODUCER_FENCED (kafka-apis 44).
const PRODUCER_FENCED_FROM: i16 = 2;
/// From this version on brokers ask, about several transactions at a time.
const BATCHED_FROM: i16 = 4;

/// Takes each transaction by itself.
pub(crate) async fn handle(
    request: Request,
    message: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    if request.version < BATCHED_FROM {
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: message.v3_and_below_transactional_id,
            producer_id: message.v3_and_below_producer_id,
            producer_epoch: message.v3_and_below_producer_epoch,
            verify_only: false,
            topics: message.v3_and_below_topics,
            ..AddPartitionsToTxnTransaction::default()
        };
        return AddPartitionsToTxnResponse {
            results_by_topic_v3_and_below: one(&request, &transaction).await,
            ..AddPartitionsToTxnResponse::default()
        };
    }
    let mut results_by_transaction = Vec::with_capacity(message.transactions.len());
    for transaction in message.transactions {
        results_by_transaction.push(AddPartitionsToTxnResult {
            topic_results: one(&request, &transaction).await,
            transactional_id: transaction.transactional_id,
            ..AddPartitionsToTxnResult::default()
        });
    }
    AddPartitionsToTxnResponse { results_by_transaction, ..AddPartitionsToTxnResponse::default() }
}

/// All of a transaction's partitions, or none of them (kafka-semantics 140).
async fn one(
    request: &Request,
    transaction: &AddPartitionsToTxnTransaction,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let topics = &transaction.topics;
    let exists = |topic: &Str, index| request.image.topics.partition(topic, index).is_some();
    let all_exist =
        topics.iter().all(|topic| topic.partitions.iter().all(|index| exists(&topic.name, *index)));
    if !all_exist {
        return results(topics, |topic, index| match exists(topic, index) {
            true => ErrorCode::OperationNotAttempted,
            false => ErrorCode::UnknownTopicOrPartition,
        });
    }
    match transaction.verify_only {
        true => verify(request, transaction).await,
        false => add(request, transaction).await,
    }
}

async fn add(
    request: &Request,
    transaction: &AddPartitionsToTxnTransaction,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let transactional_id = &transaction.transactional_id;
    let add = AddPartitions {
        transactional_id: transactional_id.clone(),
        producer: producer(transaction),
        partitions: partitions(&transaction.topics),
        client_version: match request.version >= BATCHED_FROM {
            true => TransactionVersion::V2,
            false => TransactionVersion::V0,
        },
    };
    let code = match request.broker.transactions.call(transactional_id, add).await {
        Ok(Ok(())) => ErrorCode::None,
        Ok(Err(txn::Error::ProducerFenced)) if request.version < PRODUCER_FENCED_FROM => {
            ErrorCode::InvalidProducerEpoch
        }
        Ok(Err(error)) => error_map::txn(&error),
        Err(error) => error_map::coordination(error),
    };
    results(&transaction.topics, |_, _| code)
}

async fn verify(
    request: &Request,
    transaction: &AddPartitionsToTxnTransaction,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let transactional_id = &transaction.transactional_id;
    let verify = VerifyPartitions {
        transactional_id: transactional_id.clone(),
        producer: producer(transaction),
        partitions: partitions(&transaction.topics),
    };
    let code = match request.broker.transactions.call(transactional_id, verify).await {
        Ok(Ok(verified)) => {
            let verified: BTreeMap<_, _> = verified.into_iter().collect();
            return results(&transaction.topics, |topic, partition| {
                let partition = TopicPartition { topic: topic.clone(), partition };
                match verified.get(&partition) {
                    Some(true) => ErrorCode::None,
                    Some(false) | None => ErrorCode::TransactionAbortable,
                }
            });
        }
        Ok(Err(error)) => error_map::txn(&error),
        Err(error) => error_map::coordination(error),
    };
    results(&transaction.topics, |_, _| code)
}

fn producer(transaction: &AddPartitionsToTxnTransaction) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch { id: transaction.producer_id, epoch: transaction.producer_epoch }
}

fn partitions(topics: &[AddPartitionsToTxnTopic]) -> BTreeSet<TopicPartition> {
    let of_topic = |topic: &AddPartitionsToTxnTopic| {
        let name = topic.name.clone();
        let indexes = topic.partitions.clone().into_iter();
        indexes.map(move |partition| TopicPartition { topic: name.clone(), partition })
    };
    topics.iter().flat_map(of_topic).collect()
}

fn results(
    topics: &[AddPartitionsToTxnTopic],
    code: impl Fn(&Str, i32) -> ErrorCode,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let of_topic = |topic: &AddPartitionsToTxnTopic| {
        let partitions = topic.partitions.iter().map(|index| AddPartitionsToTxnPartitionResult {
            partition_index: *index,
            partition_error_code: code(&topic.name, *index).code(),
            ..AddPartitionsToTxnPartitionResult::default()
        });
        AddPartitionsToTxnTopicResult {
            name: topic.name.clone(),
            results_by_partition: partitions.collect(),
            ..AddPartitionsToTxnTopicResult::default()
        }
    };
    topics.iter().map(of_topic).collect()
}
