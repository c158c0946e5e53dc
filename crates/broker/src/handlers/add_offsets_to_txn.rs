//! AddOffsetsToTxn: the offsets of a group become part of a transaction (KIP-98).

use std::collections::BTreeSet;

use txn::{AddPartitions, ProducerIdAndEpoch, TopicPartition, TransactionVersion};
use wire::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;
use crate::topic_name::CONSUMER_OFFSETS;

/// The first version whose clients understand PRODUCER_FENCED (kafka-apis 44).
const PRODUCER_FENCED_FROM: i16 = 2;

/// Adds the partition of `__consumer_offsets` that holds the group. Clients of
/// `transaction.version` 2 do not ask for it.
pub(crate) async fn handle(
    request: Request,
    message: AddOffsetsToTxnRequest,
) -> AddOffsetsToTxnResponse {
    let broker = &request.broker;
    let offsets = TopicPartition {
        topic: Str::from_static(CONSUMER_OFFSETS),
        partition: broker.groups.partition_for(&message.group_id),
    };
    let add = AddPartitions {
        transactional_id: message.transactional_id.clone(),
        producer: ProducerIdAndEpoch { id: message.producer_id, epoch: message.producer_epoch },
        partitions: BTreeSet::from([offsets]),
        client_version: TransactionVersion::V0,
    };
    let code = match broker.transactions.call(&message.transactional_id, add).await {
        Ok(Ok(())) => ErrorCode::None,
        Ok(Err(txn::Error::ProducerFenced)) if request.version < PRODUCER_FENCED_FROM => {
            ErrorCode::InvalidProducerEpoch
        }
        Ok(Err(error)) => error_map::txn(&error),
        Err(error) => error_map::coordination(error),
    };
    AddOffsetsToTxnResponse { error_code: code.code(), ..AddOffsetsToTxnResponse::default() }
}
