//! `abort`: ends what a producer has open in a partition.

use client::{AbortedProducer, Admin, Error as ClientError};
use wire::{ErrorCode, Str};

use super::{failed, partition};
use crate::error::Error;
use crate::exception::message;
use crate::options::Given;

pub(super) async fn run(admin: &Admin, given: &Given) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Refused(text.to_owned()));
    let at = partition(given)?;
    let start_offset = given.parsed::<i64>("start-offset")?;
    let producer_id = given.parsed::<i64>("producer-id")?;
    let aborted = match (start_offset, producer_id) {
        (Some(start_offset), _) => open_at(admin, at, start_offset).await?,
        (None, Some(producer_id)) => {
            let Some(producer_epoch) = given.parsed("producer-epoch")? else {
                return refuse("Missing required argument --producer-epoch");
            };
            let Some(coordinator_epoch) = given.parsed::<i32>("coordinator-epoch")? else {
                return refuse("Missing required argument --coordinator-epoch");
            };
            let (topic, partition) = at;
            // A producer that hangs since its first transaction has none; 0 is not too high.
            let coordinator_epoch = coordinator_epoch.max(0);
            AbortedProducer { topic, partition, producer_id, producer_epoch, coordinator_epoch }
        }
        (None, None) => {
            return refuse(
                "The transaction to abort must be identified either with --start-offset (for \
                 brokers on 3.0 or above) or with --producer-id, --producer-epoch, and \
                 --coordinator-epoch (for older brokers)",
            );
        }
    };
    let Err(error) = admin.abort_producer(&aborted).await else { return Ok(()) };
    let AbortedProducer { topic, partition, producer_id, producer_epoch, coordinator_epoch } =
        aborted;
    let shown = format!(
        "AbortTransactionSpec(topicPartition={topic}-{partition}, producerId={producer_id}, \
         producerEpoch={producer_epoch}, coordinatorEpoch={coordinator_epoch})"
    );
    let request = format!("WriteTxnMarkers request with {shown} failed");
    let because = match &error {
        ClientError::Refused { code: ErrorCode::ClusterAuthorizationFailed, .. } => {
            format!("{request} due to cluster authorization error")
        }
        ClientError::Refused { code: ErrorCode::InvalidProducerEpoch, .. } => {
            format!("{request} due an invalid producer epoch")
        }
        ClientError::Refused { code: ErrorCode::TransactionCoordinatorFenced, .. } => format!(
            "{request} since the provided coordinator epoch {coordinator_epoch} has been fenced \
             by the active coordinator"
        ),
        ClientError::Refused { message, .. } => {
            format!("{request} due to unexpected error: {message}")
        }
        other => message(other),
    };
    Err(failed(&format!("Failed to abort transaction {shown}"), &because))
}

/// The producer whose transaction begins at an offset.
async fn open_at(
    admin: &Admin,
    at: (Str, i32),
    start_offset: i64,
) -> Result<AbortedProducer, Error> {
    let (topic, partition) = at.clone();
    let what = format!("Failed to validate producer state for partition {topic}-{partition}");
    let failed_to = |error: ClientError| failed(&what, &message(&error));
    let found = admin.describe_producers(std::slice::from_ref(&at), None).await;
    let producers = found.map_err(failed_to)?.remove(&at).unwrap_or_else(|| Ok(Vec::new()));
    let mut producers = producers.map_err(failed_to)?.into_iter();
    let open = producers.find(|producer| {
        producer.current_txn_start_offset >= 0 && producer.current_txn_start_offset == start_offset
    });
    let Some(open) = open else {
        return Err(Error::Refused(format!(
            "Could not find any open transactions starting at offset {start_offset} on partition \
             {topic}-{partition}"
        )));
    };
    Ok(AbortedProducer {
        topic,
        partition,
        producer_id: open.producer_id,
        producer_epoch: open.producer_epoch as i16,
        coordinator_epoch: open.coordinator_epoch.max(0),
    })
}
