//! Whether a producer's batch may be appended.

use records::{BatchHeader, EndTxnMarker, NO_PRODUCER_EPOCH};

use super::entry::{Appended, Producer};
use super::verification::{Verifications, Verified};
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

/// The end of a producer's transaction in one partition, as its coordinator tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionEnd {
    /// The producer.
    pub producer_id: i64,
    /// The epoch of the marker.
    pub producer_epoch: i16,
    /// Committed or aborted, and by which coordinator.
    pub marker: EndTxnMarker,
    /// `transaction.version` of the client; from 2 on the epoch of a marker is above the one of
    /// the records it ends (kafka-semantics 148).
    pub transaction_version: i16,
}

/// The version from which on every end of a transaction has a producer epoch of its own.
const EPOCH_BUMP: i16 = 2;

/// Checks a data batch against what is known of its producer, if anything is.
pub(super) fn check_data(
    known: Option<&Producer>,
    batch: &BatchHeader<'_>,
    origin: AppendOrigin,
    verifications: &Verifications,
    verified: Verified,
) -> Result<ProducerCheck, ProducerError> {
    if origin == AppendOrigin::Replication {
        return Ok(ProducerCheck::Append);
    }
    if origin == AppendOrigin::Client
        && let Some(duplicate) = known.and_then(|known| known.find_duplicate(batch))
    {
        return Ok(ProducerCheck::Duplicate(*duplicate));
    }
    known.map_or(Ok(()), |known| check_epoch(known, batch))?;
    if batch.is_transactional() {
        check_transaction(known, batch, verifications, verified)?;
    }
    if origin == AppendOrigin::Client {
        verifications.check_sequence(batch, known.is_none_or(Producer::has_no_batches))?;
    }
    let Some(known) = known else {
        // Any first sequence is accepted from a producer nothing is known of: its state expired
        // or was truncated away (kafka-semantics 32).
        return Ok(ProducerCheck::Append);
    };
    if origin == AppendOrigin::Client {
        check_sequence(known, batch)?;
    }
    if known.current_txn_first_offset.is_some() && !batch.is_transactional() {
        return Err(ProducerError::NotTransactional { producer_id: batch.producer_id() });
    }
    Ok(ProducerCheck::Append)
}

/// A batch of a transaction either goes on with one that is open here, or its coordinator was asked
/// about it just now (kafka-semantics 142, 143).
fn check_transaction(
    known: Option<&Producer>,
    batch: &BatchHeader<'_>,
    verifications: &Verifications,
    verified: Verified,
) -> Result<(), ProducerError> {
    if known.is_some_and(|known| known.has_open_transaction(batch.producer_epoch())) {
        return Ok(());
    }
    let producer_id = batch.producer_id();
    if verified.is_required && !verifications.confirm(producer_id, verified.guard) {
        return Err(ProducerError::NotInTransaction { producer_id });
    }
    Ok(())
}

/// Checks the marker that ends a transaction (kafka-semantics 148).
pub(super) fn check_end(
    known: Option<&Producer>,
    end: &TransactionEnd,
) -> Result<(), ProducerError> {
    let Some(known) = known else { return Ok(()) };
    let TransactionEnd { producer_id, producer_epoch: epoch, marker, transaction_version } = *end;
    let is_stale = match transaction_version >= EPOCH_BUMP {
        true => epoch <= known.epoch,
        false => epoch < known.epoch,
    };
    // The marker of a transaction that is over already: its coordinator asks again after a crash,
    // or did not get the answer. The largest epoch is one that no bump can leave.
    let is_repeated = transaction_version >= EPOCH_BUMP
        && epoch == known.epoch
        && (known.current_txn_first_offset.is_none() || epoch == i16::MAX);
    if is_stale && !is_repeated {
        return Err(ProducerError::InvalidEpoch { producer_id, epoch, current: known.epoch });
    }
    if known.coordinator_epoch > marker.coordinator_epoch {
        return Err(ProducerError::CoordinatorFenced {
            producer_id,
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
