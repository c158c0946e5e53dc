//! DescribeTransactions (kafka-semantics 155).

use txn::{DescribeTransaction, DescribedTransaction};
use wire::Str;
use wire::messages::{
    DescribeTransactionsRequest, DescribeTransactionsResponse,
    describe_transactions_response::{TopicData, TransactionState},
};

use crate::error_map;
use crate::once::each_once;
use crate::request::Request;

/// Asks about each transactional id.
pub(crate) async fn handle(
    request: Request,
    mut message: DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    each_once(&mut message.transactional_ids, Str::clone);
    let transactions = &request.broker.transactions;
    let asked: Vec<_> = message
        .transactional_ids
        .into_iter()
        .map(|transactional_id| {
            let describe = DescribeTransaction { transactional_id: transactional_id.clone() };
            let answer = transactions.call(&transactional_id, describe);
            (transactional_id, answer)
        })
        .collect();
    let mut response = DescribeTransactionsResponse::default();
    for (transactional_id, answer) in asked {
        let code = match answer.await {
            Ok(Ok(described)) => {
                response.transaction_states.push(to_wire(transactional_id, described));
                continue;
            }
            Ok(Err(error)) => error_map::txn(&error),
            Err(error) => error_map::coordination(error),
        };
        response.transaction_states.push(TransactionState {
            error_code: code.code(),
            transactional_id,
            ..TransactionState::default()
        });
    }
    response
}

fn to_wire(transactional_id: Str, described: DescribedTransaction) -> TransactionState {
    let mut topics: Vec<TopicData> = Vec::new();
    for partition in described.partitions {
        match topics.last_mut().filter(|last| last.topic == partition.topic) {
            Some(last) => last.partitions.push(partition.partition),
            None => topics.push(TopicData {
                topic: partition.topic,
                partitions: vec![partition.partition],
                ..TopicData::default()
            }),
        }
    }
    TransactionState {
        transactional_id,
        transaction_state: Str::from_static(described.status.name()),
        transaction_timeout_ms: described.timeout_ms,
        transaction_start_time_ms: described.start_ms,
        producer_id: described.producer.id,
        producer_epoch: described.producer.epoch,
        topics,
        ..TransactionState::default()
    }
}
