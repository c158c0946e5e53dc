//! InitProducerId: an id for an idempotent producer, or a transactional id taken up
//! (kafka-semantics 25, 136 to 139).

use txn::{InitProducerId, ProducerIdAndEpoch};
use wire::messages::{InitProducerIdRequest, InitProducerIdResponse};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;

/// The first version whose clients understand PRODUCER_FENCED (kafka-apis 44).
const PRODUCER_FENCED_FROM: i16 = 4;
/// No producer id, no epoch.
const NONE: ProducerIdAndEpoch = ProducerIdAndEpoch::NONE;

/// Hands out the next producer id with epoch 0, or asks the coordinator of the transactional id.
pub(crate) async fn handle(
    request: Request,
    message: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let expected = ProducerIdAndEpoch { id: message.producer_id, epoch: message.producer_epoch };
    let expected = match (expected.id == NONE.id, expected.epoch == NONE.epoch) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(expected)),
        (true, false) | (false, true) => Err(ErrorCode::InvalidRequest),
    };
    let result = match (expected, message.transactional_id.clone()) {
        (Err(code), _) => Err(code),
        (Ok(_), None) => {
            let producer_id = request.broker.next_producer_id().await;
            producer_id.map(|id| ProducerIdAndEpoch { id, epoch: 0 })
        }
        (Ok(expected), Some(transactional_id)) => {
            init(&request, &message, transactional_id, expected).await
        }
    };
    let (code, producer) = match result {
        Ok(producer) => (ErrorCode::None, producer),
        Err(ErrorCode::ProducerFenced) if request.version < PRODUCER_FENCED_FROM => {
            (ErrorCode::InvalidProducerEpoch, NONE)
        }
        Err(code) => (code, NONE),
    };
    InitProducerIdResponse {
        error_code: code.code(),
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        ..InitProducerIdResponse::default()
    }
}

/// Asks without a new producer id first: most producers go on with the one they have.
async fn init(
    request: &Request,
    message: &InitProducerIdRequest,
    transactional_id: Str,
    expected: Option<ProducerIdAndEpoch>,
) -> Result<ProducerIdAndEpoch, ErrorCode> {
    let broker = &request.broker;
    let mut ask = InitProducerId {
        transactional_id,
        timeout_ms: message.transaction_timeout_ms,
        enable_two_phase_commit: message.enable2_pc,
        keep_prepared: message.keep_prepared_txn,
        expected,
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
