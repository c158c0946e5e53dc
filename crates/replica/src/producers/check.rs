//! Whether a producer's batch may be appended.

use records::{BatchHeader, EndTxnMarker, NO_PRODUCER_EPOCH};

use super::entry::{Appended, Producer};
use crate::ProducerError;

/// Who asks for an append, which decides how much of a producer's batch is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A client's Produce request: epoch, sequence numbers, duplicates.
    Client,
    /// A coordinator of this broker: epochs only, since its batches carry no sequence numbers.
    Coordinator,
    /// The partition's leader, or the log itself at start-up: nothing, it was checked before
    /// (kafka-semantics 34).
    Replication,
}

/// What to do with a producer's batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProducerCheck {
    /// Append it.
    Append,
    /// It is in the log already: answer success with where it is (kafka-semantics 24, 27), and
    /// with its timestamp for log append time, whatever timestamps the topic uses.
    Duplicate(Appended),
}

/// Checks a data batch against what is known of its producer, if anything is.
pub(super) fn check_data(
    known: Option<&Producer>,
    batch: &BatchHeader<'_>,
    origin: AppendOrigin,
) -> Result<ProducerCheck, ProducerError> {
    let Some(known) = known else {
        // Any first sequence is accepted from a producer nothing is known of: its state expired
        // or was truncated away (kafka-semantics 32).
        return Ok(ProducerCheck::Append);
    };
    if origin == AppendOrigin::Client
        && let Some(duplicate) = known.find_duplicate(batch)
    {
        return Ok(ProducerCheck::Duplicate(*duplicate));
    }
    if origin != AppendOrigin::Replication {
        check_epoch(known, batch)?;
    }
    if origin == AppendOrigin::Client {
        check_sequence(known, batch)?;
    }
    if origin != AppendOrigin::Replication
        && known.current_txn_first_offset.is_some()
        && !batch.is_transactional()
    {
        return Err(ProducerError::NotTransactional { producer_id: batch.producer_id() });
    }
    Ok(ProducerCheck::Append)
}

/// Checks the marker that ends a transaction.
pub(super) fn check_marker(
    known: Option<&Producer>,
    batch: &BatchHeader<'_>,
    marker: EndTxnMarker,
) -> Result<(), ProducerError> {
    let Some(known) = known else { return Ok(()) };
    check_epoch(known, batch)?;
    if known.coordinator_epoch > marker.coordinator_epoch {
        return Err(ProducerError::CoordinatorFenced {
            producer_id: batch.producer_id(),
            epoch: marker.coordinator_epoch,
            current: known.coordinator_epoch,
        });
    }
    Ok(())
}

fn check_epoch(known: &Producer, batch: &BatchHeader<'_>) -> Result<(), ProducerError> {
    let epoch = batch.producer_epoch();
    if epoch < known.epoch {
        let producer_id = batch.producer_id();
        return Err(ProducerError::InvalidEpoch { producer_id, epoch, current: known.epoch });
    }
    Ok(())
}

fn check_sequence(known: &Producer, batch: &BatchHeader<'_>) -> Result<(), ProducerError> {
    let base_sequence = batch.base_sequence();
    // A new epoch begins at sequence 0 (kafka-semantics 30), like one without batches yet.
    let last_sequence =
        if batch.producer_epoch() == known.epoch { known.last_sequence() } else { -1 };
    let in_sequence = i64::from(base_sequence) == i64::from(last_sequence) + 1
        || (base_sequence == 0 && last_sequence == i32::MAX);
    if in_sequence || known.epoch == NO_PRODUCER_EPOCH {
        return Ok(());
    }
    let producer_id = batch.producer_id();
    Err(ProducerError::OutOfOrderSequence { producer_id, base_sequence, last_sequence })
}
