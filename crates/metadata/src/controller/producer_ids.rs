//! Blocks of producer ids (kafka-semantics 26).

use wire::stored::metadata::{MetadataRecord, ProducerIdsRecord};

use super::error::{Error, Reason, Result};
use super::{Controller, Decision};

/// How many ids a broker gets at once.
pub const PRODUCER_ID_BLOCK_LEN: i32 = 1_000;

/// Ids a broker may hand out; nobody else ever will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdBlock {
    /// The first id.
    pub first_id: i64,
    /// How many there are.
    pub len: i32,
}

impl Controller {
    /// Gives a broker a block of ids.
    ///
    /// # Errors
    /// `StaleBrokerEpoch`, and `UnknownServerError` when there are no ids left.
    pub fn allocate_producer_ids(
        &self,
        broker_id: i32,
        broker_epoch: i64,
    ) -> Result<Decision<ProducerIdBlock>> {
        self.check_broker_epoch(broker_id, broker_epoch)?;
        let first_id = self.image.next_producer_id.unwrap_or(0);
        let Some(next_producer_id) = first_id.checked_add(PRODUCER_ID_BLOCK_LEN.into()) else {
            return Err(Error::new(
                Reason::UnknownServerError,
                "Exhausted all producerIds as the next block's end producerId has exceeded the \
                 int64 type limit",
            ));
        };
        let record = MetadataRecord::ProducerIds(ProducerIdsRecord {
            broker_id,
            broker_epoch,
            next_producer_id,
            ..ProducerIdsRecord::default()
        });
        let block = ProducerIdBlock { first_id, len: PRODUCER_ID_BLOCK_LEN };
        Ok(Decision::of(vec![record], block))
    }
}
