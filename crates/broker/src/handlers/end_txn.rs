//! EndTxn: a transaction is committed or aborted (kafka-semantics 145 to 147).

use txn::{EndTxn, ProducerIdAndEpoch, TransactionVersion};
use wire::ErrorCode;
use wire::messages::{EndTxnRequest, EndTxnResponse};

use crate::error_map;
use crate::request::Request;

/// The first version whose clients understand PRODUCER_FENCED (kafka-apis 44).
const PRODUCER_FENCED_FROM: i16 = 2;
/// From this version on every end bumps the epoch.
const EPOCH_BUMP_FROM: i16 = 5;

/// Asks the coordinator of the transactional id.
pub(crate) async fn handle(request: Request, message: EndTxnRequest) -> EndTxnResponse {
    let (code, producer) = match end(&request, message).await {
        Ok(producer) => (ErrorCode::None, producer),
        Err(ErrorCode::ProducerFenced) if request.version < PRODUCER_FENCED_FROM => {
            (ErrorCode::InvalidProducerEpoch, ProducerIdAndEpoch::NONE)
        }
        Err(code) => (code, ProducerIdAndEpoch::NONE),
    };
    EndTxnResponse {
        error_code: code.code(),
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        ..EndTxnResponse::default()
    }
}

/// Asks without a new producer id first: it takes 32,766 epochs until one is needed.
async fn end(request: &Request, message: EndTxnRequest) -> Result<ProducerIdAndEpoch, ErrorCode> {
    let broker = &request.broker;
    let client_version = match request.version >= EPOCH_BUMP_FROM {
        true => TransactionVersion::V2,
        false => TransactionVersion::V0,
    };
    let mut ask = EndTxn {
        transactional_id: message.transactional_id,
        producer: ProducerIdAndEpoch { id: message.producer_id, epoch: message.producer_epoch },
        commits: message.committed,
        client_version,
        new_producer_id: None,
    };
    loop {
        let answer = broker.transactions.call(&ask.transactional_id, ask.clone()).await;
        match answer.map_err(error_map::coordination)? {
            Ok(producer) => return Ok(producer),
            Err(txn::Error::ProducerIdNeeded) if ask.new_producer_id.is_none() => {
                ask.new_producer_id = Some(broker.next_producer_id().await?);
            }
            Err(error) => return Err(error_map::txn(&error)),
        }
    }
}
