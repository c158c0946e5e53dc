//! Producer ids, in blocks from the controller (kafka-semantics 26).

use std::ops::Range;

use tokio::sync::Mutex;
use wire::messages::AllocateProducerIdsRequest;
use wire::{ErrorCode, Response};

use crate::to_controller::ToController;

/// The ids this broker may hand out.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// An id that no producer ever had. Fetches the next block when the last one is used up.
    ///
    /// # Errors
    /// `COORDINATOR_LOAD_IN_PROGRESS` while the controller gives none: the client asks again.
    pub(crate) async fn next(
        &self,
        controller: &dyn ToController,
        broker_id: i32,
        broker_epoch: i64,
    ) -> Result<i64, ErrorCode> {
        let mut block = self.block.lock().await;
        if let Some(id) = block.next() {
            return Ok(id);
        }
        let request = AllocateProducerIdsRequest { broker_id, broker_epoch, ..Default::default() };
        let answer = controller.send(request.into(), 0).await;
        let Ok(Response::AllocateProducerIds(response)) = answer else {
            return Err(ErrorCode::CoordinatorLoadInProgress);
        };
        if response.error_code != ErrorCode::None.code() {
            tracing::warn!(
                error = ErrorCode::from_code(response.error_code).map(ErrorCode::name),
                "no producer ids from the controller"
            );
            return Err(ErrorCode::CoordinatorLoadInProgress);
        }
        let end = response.producer_id_start + i64::from(response.producer_id_len);
        *block = response.producer_id_start..end;
        block.next().ok_or(ErrorCode::CoordinatorLoadInProgress)
    }
}
