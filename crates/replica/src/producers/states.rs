//! All producers of one partition.

use std::collections::BTreeMap;

use records::{BatchHeader, EndTxnMarker};

use super::check::{self, AppendOrigin, ProducerCheck, TransactionEnd};
use super::entry::{Producer, ProducerSnapshotEntry};
use super::verification::{Verifications, Verified};
use crate::ProducerError;

/// The producers of one partition: sequence numbers, open transactions, the first unstable offset.
///
/// [`ProducerStates::check`] decides, before a leader appends; [`ProducerStates::append`] and
/// [`ProducerStates::complete`] take in what was appended, live and when a log is replayed alike.
/// A partition without such producers costs no memory beyond this struct.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProducerStates {
    producers: BTreeMap<i64, Box<Producer>>,
    /// Open transactions: first offset to producer id.
    ongoing: BTreeMap<i64, i64>,
    /// Ended transactions whose marker is not yet below the high watermark: first offset to the
    /// marker's offset.
    unreplicated: BTreeMap<i64, i64>,
    /// Offset after the last batch taken in.
    end_offset: i64,
}

/// A transaction that ended in this partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletedTransaction {
    /// The producer.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its marker.
    pub last_offset: i64,
    /// Last stable offset once the marker is replicated.
    pub last_stable_offset: i64,
    /// Whether it was aborted, so that the transaction index gets an entry.
    pub aborted: bool,
}

impl CompletedTransaction {
    /// The entry of the transaction index, when the transaction was aborted.
    pub fn aborted(&self) -> Option<AbortedTransaction> {
        self.aborted.then_some(AbortedTransaction {
            producer_id: self.producer_id,
            first_offset: self.first_offset,
            last_offset: self.last_offset,
            last_stable_offset: self.last_stable_offset,
        })
    }
}

/// An entry of the transaction index (kafka-storage 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// The producer.
    pub producer_id: i64,
    /// Offset of the transaction's first record.
    pub first_offset: i64,
    /// Offset of the marker.
    pub last_offset: i64,
    /// Last stable offset when the marker was appended.
    pub last_stable_offset: i64,
}

/// A producer as `DescribeProducers` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Producer id.
    pub producer_id: i64,
    /// Last epoch seen.
    pub epoch: i16,
    /// Last sequence number of that epoch, -1 for none.
    pub last_sequence: i32,
    /// Timestamp of the last append, ms since the epoch.
    pub last_timestamp: i64,
    /// Epoch of the transaction coordinator, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of the open transaction.
    pub current_txn_first_offset: Option<i64>,
}

impl ProducerStates {
    /// No producers, for a log that starts at `log_start_offset`.
    pub fn new(log_start_offset: i64) -> Self {
        Self { end_offset: log_start_offset, ..Self::default() }
    }

    /// The producers of a snapshot taken at `end_offset`, without those that expired
    /// ([`ProducerStates::remove_expired`]).
    pub fn from_snapshot(
        entries: impl IntoIterator<Item = ProducerSnapshotEntry>,
        end_offset: i64,
    ) -> Self {
        let mut states = Self::new(end_offset);
        for entry in entries {
            let producer = Producer::from_snapshot(&entry);
            if let Some(first_offset) = producer.current_txn_first_offset {
                states.ongoing.insert(first_offset, entry.producer_id);
            }
            states.producers.insert(entry.producer_id, Box::new(producer));
        }
        states
    }

    /// What a snapshot at [`ProducerStates::end_offset`] holds, by producer id.
    pub fn snapshot(&self) -> impl ExactSizeIterator<Item = ProducerSnapshotEntry> {
        self.producers.iter().map(|(id, producer)| producer.to_snapshot(*id))
    }

    /// Offset after the last batch taken in: the offset a snapshot is named by.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Whether a data batch may be appended. To be asked for batches with a producer id, and not
    /// for control batches. What was verified only matters to batches of a transaction.
    ///
    /// # Errors
    /// Why not: kafka-semantics 28 to 31, 142 to 144.
    pub fn check(
        &self,
        batch: &BatchHeader<'_>,
        origin: AppendOrigin,
        verifications: &Verifications,
        verified: Verified,
    ) -> Result<ProducerCheck, ProducerError> {
        check::check_data(self.get(batch.producer_id()), batch, origin, verifications, verified)
    }

    /// Whether a transaction marker may be appended by a leader.
    ///
    /// # Errors
    /// [`ProducerError::InvalidEpoch`], [`ProducerError::CoordinatorFenced`].
    pub fn check_end(&self, end: &TransactionEnd) -> Result<(), ProducerError> {
        check::check_end(self.get(end.producer_id), end)
    }

    /// Whether the coordinator has to be asked before a producer's batch may be appended in a
    /// transaction: it has none open here in this epoch.
    ///
    /// # Errors
    /// [`ProducerError::InvalidEpoch`] for a producer that was fenced.
    pub fn needs_verification(&self, producer_id: i64, epoch: i16) -> Result<bool, ProducerError> {
        let Some(known) = self.get(producer_id) else { return Ok(true) };
        if epoch < known.epoch {
            return Err(ProducerError::InvalidEpoch { producer_id, epoch, current: known.epoch });
        }
        Ok(!known.has_open_transaction(epoch))
    }

    /// Takes in a batch that was appended at the offsets in its header. Batches without a
    /// producer and control batches only move [`ProducerStates::end_offset`]; markers also want
    /// [`ProducerStates::complete`].
    pub fn append(&mut self, batch: &BatchHeader<'_>) {
        self.end_offset = batch.next_offset();
        if !batch.has_producer_id() || batch.is_control() {
            return;
        }
        let producer_id = batch.producer_id();
        let producer = self.entry(producer_id);
        producer.append(batch);
        if batch.is_transactional() && producer.current_txn_first_offset.is_none() {
            producer.current_txn_first_offset = Some(batch.base_offset());
            self.ongoing.insert(batch.base_offset(), producer_id);
        }
    }

    /// Takes in the marker in a control batch that was appended. Returns the transaction it ends;
    /// `None` when no record of it is in this partition, which changes nothing for readers.
    pub fn complete(
        &mut self,
        batch: &BatchHeader<'_>,
        marker: EndTxnMarker,
    ) -> Option<CompletedTransaction> {
        self.end_offset = batch.next_offset();
        let producer_id = batch.producer_id();
        let producer = self.entry(producer_id);
        producer.enter_epoch(batch.producer_epoch());
        producer.coordinator_epoch = marker.coordinator_epoch;
        producer.last_timestamp = batch.max_timestamp();
        let first_offset = producer.current_txn_first_offset.take()?;
        let last_offset = batch.base_offset();
        self.ongoing.remove(&first_offset);
        let next_open = self.ongoing.keys().next().copied();
        self.unreplicated.insert(first_offset, last_offset);
        Some(CompletedTransaction {
            producer_id,
            first_offset,
            last_offset,
            last_stable_offset: next_open.unwrap_or(last_offset + 1),
            aborted: !marker.committed,
        })
    }

    /// The high watermark moved: transactions that ended below it are decided for good.
    pub fn on_high_watermark(&mut self, high_watermark: i64) {
        self.unreplicated.retain(|_, marker_offset| *marker_offset >= high_watermark);
    }

    /// The log start moved: forgets transactions that ended before it. Producers stay known.
    pub fn on_log_start_offset(&mut self, log_start_offset: i64) {
        self.on_high_watermark(log_start_offset);
        self.end_offset = self.end_offset.max(log_start_offset);
    }

    /// The first offset that is not decided, or whose decision is not yet replicated.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        let unreplicated = self.unreplicated.keys().next();
        self.ongoing.keys().next().into_iter().chain(unreplicated).min().copied()
    }

    /// What consumers of committed records may read up to, exclusive (kafka-semantics 45).
    pub fn last_stable_offset(&self, log_start_offset: i64, high_watermark: i64) -> i64 {
        match self.first_unstable_offset() {
            Some(offset) => offset.max(log_start_offset).min(high_watermark),
            None => high_watermark,
        }
    }

    /// Whether the producer has a transaction open in this partition.
    pub fn has_open_transaction(&self, producer_id: i64) -> bool {
        self.get(producer_id).is_some_and(|producer| producer.current_txn_first_offset.is_some())
    }

    /// Forgets producers without an open transaction that have been silent for
    /// `producer.id.expiration.ms` (kafka-semantics 36). Silence is measured by the timestamps of
    /// their batches, as these are what a snapshot keeps.
    pub fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.retain(|_, producer| {
            producer.current_txn_first_offset.is_some()
                || now_ms.saturating_sub(producer.last_timestamp) < expiration_ms
        });
    }

    /// The producers, by id.
    pub fn active(&self) -> impl ExactSizeIterator<Item = ActiveProducer> {
        self.producers.iter().map(|(id, producer)| ActiveProducer {
            producer_id: *id,
            epoch: producer.epoch,
            last_sequence: producer.last_sequence(),
            last_timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_first_offset: producer.current_txn_first_offset,
        })
    }

    /// How many producers are known.
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// Whether no producer is known.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    fn get(&self, producer_id: i64) -> Option<&Producer> {
        self.producers.get(&producer_id).map(Box::as_ref)
    }

    fn entry(&mut self, producer_id: i64) -> &mut Producer {
        self.producers.entry(producer_id).or_insert_with(|| Box::new(Producer::unknown()))
    }
}
