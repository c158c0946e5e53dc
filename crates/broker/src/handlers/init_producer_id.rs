//! InitProducerId: an id for an idempotent producer (kafka-semantics 25).

use wire::ErrorCode;
use wire::messages::{InitProducerIdRequest, InitProducerIdResponse};

use crate::request::Request;

/// Hands out the next producer id with epoch 0. Transactions are not served: a transactional id
/// is refused for good, so that the client says so instead of trying on.
pub(crate) async fn handle(
    request: Request,
    message: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let failed = |error: ErrorCode| InitProducerIdResponse {
        error_code: error.code(),
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdResponse::default()
    };
    if message.transactional_id.is_some() {
        return failed(ErrorCode::TransactionalIdAuthorizationFailed);
    }
    let broker = &request.broker;
    let registered = request.image.cluster.broker(broker.node_id);
    let epoch = registered.map_or(-1, |broker| broker.epoch);
    match broker.producer_ids.next(&*broker.controller, broker.node_id, epoch).await {
        Ok(producer_id) => InitProducerIdResponse {
            producer_id,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(error) => failed(error),
    }
}
