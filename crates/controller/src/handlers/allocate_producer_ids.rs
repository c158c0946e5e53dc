//! AllocateProducerIds: a block of producer ids for a broker.

use wire::messages::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Gives a broker a block of producer ids (kafka-semantics 26).
    pub async fn allocate_producer_ids(
        &self,
        request: AllocateProducerIdsRequest,
    ) -> AllocateProducerIdsResponse {
        let AllocateProducerIdsRequest { broker_id, broker_epoch, .. } = request;
        let ask = |reply| Operation::AllocateProducerIds(broker_id, broker_epoch, reply);
        match self.ask(None, ask).await {
            Ok(block) => AllocateProducerIdsResponse {
                producer_id_start: block.first_id,
                producer_id_len: block.len,
                ..AllocateProducerIdsResponse::default()
            },
            Err(error) => AllocateProducerIdsResponse {
                error_code: error_map::code(error.reason).code(),
                ..AllocateProducerIdsResponse::default()
            },
        }
    }
}
