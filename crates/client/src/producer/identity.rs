//! The producer id that makes retries harmless (kafka-semantics B).

use tokio::sync::Mutex;
use wire::messages::InitProducerIdRequest;

use crate::cluster::Cluster;
use crate::error::{Error, check};

/// Only transactions have a use for the time limit; this is what the Java client sends.
const NO_TRANSACTION_TIMEOUT_MS: i32 = i32::MAX;

/// A producer id with its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

/// The identity all partitions of a producer share. Where a sequence broke off, because a batch
/// was given up, the next batch begins a new one under a new id.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    current: Mutex<Option<Identity>>,
}

impl Identities {
    /// The identity to send under, any but `broken`.
    pub(crate) async fn get(
        &self,
        cluster: &Cluster,
        broken: Option<Identity>,
    ) -> Result<Identity, Error> {
        let mut current = self.current.lock().await;
        if let Some(identity) = *current
            && Some(identity) != broken
        {
            return Ok(identity);
        }
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: NO_TRANSACTION_TIMEOUT_MS,
            producer_id: records::NO_PRODUCER_ID,
            producer_epoch: records::NO_PRODUCER_EPOCH,
            ..InitProducerIdRequest::default()
        };
        let response = cluster.call(&request).await?;
        check(response.error_code, None)?;
        let identity = Identity { id: response.producer_id, epoch: response.producer_epoch };
        *current = Some(identity);
        Ok(identity)
    }
}
