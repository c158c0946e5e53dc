//! The batch that records of several events share.

use std::sync::Arc;

use bytes::Bytes;
use env::Instant;
use records::{BatchBuilder, NO_SEQUENCE, Producer};
use replica::{TransactionEnd, Verified};

use super::deferred::{Due, Waiting};
use super::{Pending, Server};
use crate::error::{Error, LogError};
use crate::reply::ReplyTo;
use crate::settings::Linger;
use crate::shard::{InTransaction, Shard};

/// More than a record takes beside its key and value: lengths, deltas, attributes.
const RECORD_OVERHEAD_MAX: usize = 36;

/// A batch that is not appended yet. Its records are replayed already.
pub(super) struct OpenBatch<S: Shard> {
    builder: BatchBuilder,
    base_offset: i64,
    /// The transaction that its records are part of.
    transaction: Option<InTransaction>,
    /// When the first of its records came.
    opened: Instant,
    /// Events that wait for it, in order.
    pub(super) waiting: Vec<Waiting<S>>,
}

/// A record, encoded.
pub(super) struct Encoded<R> {
    pub(super) record: R,
    pub(super) key: Bytes,
    pub(super) value: Option<Bytes>,
}

impl<R> Encoded<R> {
    fn size_max(&self) -> usize {
        RECORD_OVERHEAD_MAX + self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

impl<S: Shard> Server<S> {
    /// Adds an event's records to the open batch, as a whole or, if they are divisible, as they
    /// fit. Batches that are full are appended.
    pub(super) fn write(
        &mut self,
        records: Vec<Encoded<S::Record>>,
        divisible: bool,
        transaction: Option<InTransaction>,
    ) -> Result<(), Error> {
        if transaction.is_some() {
            // A batch belongs to one transaction, or to none.
            self.append_batch()?;
        }
        let divisible = divisible && transaction.is_none();
        if !divisible {
            self.make_room(records.iter().map(Encoded::size_max).sum(), transaction)?;
        }
        for record in records {
            if divisible {
                self.make_room(record.size_max(), None)?;
            }
            self.add(record);
        }
        Ok(())
    }

    /// Sees to it that a batch is open and has room for `size` more bytes.
    fn make_room(&mut self, size: usize, transaction: Option<InTransaction>) -> Result<(), Error> {
        let size_max = self.start.log.max_batch_bytes();
        if self.batch.as_ref().is_some_and(|batch| batch.builder.size() + size > size_max) {
            // The event was decided on in view of records that are lost if this fails.
            self.append_batch()?;
        }
        if self.batch.is_some() {
            return Ok(());
        }
        let base_offset = self.log_end_offset;
        let mut builder = BatchBuilder::new(base_offset).codec(self.start.settings.compression);
        if let Some(InTransaction { producer_id, producer_epoch, .. }) = transaction {
            let base_sequence = NO_SEQUENCE;
            builder = builder.transactional().producer(Producer {
                id: producer_id,
                epoch: producer_epoch,
                base_sequence,
            });
        }
        if builder.size() + size > size_max {
            return Err(Error::from(&LogError::TooLarge));
        }
        let opened = self.start.env.now();
        let waiting = Vec::new();
        self.batch = Some(OpenBatch { builder, base_offset, transaction, opened, waiting });
        Ok(())
    }

    fn add(&mut self, Encoded { record, key, value }: Encoded<S::Record>) {
        let now_ms = self.now_ms();
        if let Some(batch) = &mut self.batch {
            batch.builder.push_key_value(now_ms, Some(&key), value.as_deref());
            let producer_id = batch.transaction.map(|transaction| transaction.producer_id);
            self.shard.replay(self.log_end_offset, producer_id, record, now_ms);
            self.log_end_offset += 1;
        }
    }

    /// Appends the open batch, if there is one.
    pub(super) fn append_batch(&mut self) -> Result<(), Error> {
        let Some(OpenBatch { builder, base_offset, transaction, waiting, .. }) = self.batch.take()
        else {
            return Ok(());
        };
        let now = self.start.env.now();
        let log = Arc::clone(&self.start.log);
        let verified = transaction.map_or_else(Verified::default, |it| it.verified);
        match log.append(self.start.leader_epoch, builder.build(), verified) {
            Ok(offset) if offset == base_offset => {
                for waiting in waiting {
                    self.deferred.push(self.log_end_offset, now, waiting);
                }
                self.advance(log.high_watermark());
                Ok(())
            }
            Ok(_) => {
                self.out_of_step = true;
                self.fail_batch(base_offset, waiting, Error::NotCoordinator);
                Err(Error::NotCoordinator)
            }
            Err(error) => {
                tracing::warn!(shard = self.start.name, %error, "a batch could not be written");
                self.fail_batch(base_offset, waiting, Error::from(&error));
                Err(Error::from(&error))
            }
        }
    }

    /// Ends a transaction: the marker comes behind all that is written so far.
    pub(super) fn end_transaction(&mut self, end: &TransactionEnd, reply_to: ReplyTo<()>) {
        // A failure is told to those who wait for the batch.
        let _ = self.append_batch();
        if self.out_of_step {
            return;
        }
        let TransactionEnd { producer_id, marker, .. } = *end;
        let offset = self.log_end_offset;
        self.shard.replay_marker(offset, producer_id, marker.committed);
        let log = Arc::clone(&self.start.log);
        let due = Due::Ended(reply_to);
        match log.append_end(self.start.leader_epoch, end) {
            Ok(appended) if appended == offset => {
                self.log_end_offset = offset + 1;
                let waiting = Waiting { answer: Some(due), after_write: None };
                self.deferred.push(self.log_end_offset, self.start.env.now(), waiting);
                self.advance(log.high_watermark());
            }
            Ok(_) => {
                self.out_of_step = true;
                self.shard.revert(offset);
                due.fail(Error::NotCoordinator);
            }
            Err(error) => {
                tracing::info!(shard = self.start.name, %error, "a marker is not written");
                self.shard.revert(offset);
                due.fail(Error::from(&error));
            }
        }
    }

    /// Takes back what the records of a lost batch did, the newest first.
    fn fail_batch(&mut self, base_offset: i64, waiting: Vec<Waiting<S>>, error: Error) {
        let mut outcomes = Vec::new();
        for waiting in waiting.into_iter().rev() {
            outcomes.extend(self.fail(waiting, error));
        }
        self.shard.revert(base_offset);
        self.log_end_offset = base_offset;
        self.outcomes.extend(outcomes);
    }

    /// Fails one event; what the shard makes of it is returned.
    pub(super) fn fail(&mut self, waiting: Waiting<S>, error: Error) -> Option<Pending<S>> {
        if let Some(due) = waiting.answer {
            due.fail(error);
        }
        let after_write = waiting.after_write?;
        let outcome = self.shard.written(after_write, Err(error), self.now_ms());
        Some(Pending::of_shard(outcome))
    }

    /// When an open batch that lingers for a time has to be appended.
    pub(super) fn batch_deadline(&self) -> Option<Instant> {
        match (&self.batch, self.start.settings.linger) {
            (Some(batch), Linger::For(time)) => Some(batch.opened + time),
            _ => None,
        }
    }
}
