//! What is remembered of one producer.

use records::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP, decrement_sequence};

/// Batches remembered per producer, to recognise duplicates (kafka-semantics 27). Clients send at
/// most this many requests at a time.
const BATCHES_MAX: usize = 5;

/// Where a batch went: remembered for duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Last offset minus base offset.
    pub offset_delta: i32,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp, ms since the epoch.
    pub timestamp: i64,
}

impl Appended {
    /// Offset of the first record.
    pub fn base_offset(&self) -> i64 {
        self.last_offset.wrapping_sub(i64::from(self.offset_delta))
    }

    /// Sequence number of the first record.
    pub fn base_sequence(&self) -> i32 {
        decrement_sequence(self.last_sequence, self.offset_delta)
    }
}

/// One producer in a producer snapshot file (kafka-storage 3.5): only the newest batch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerSnapshotEntry {
    /// Producer id.
    pub producer_id: i64,
    /// Last epoch seen.
    pub epoch: i16,
    /// Sequence of the last record, -1 when no batch of this epoch is known.
    pub last_sequence: i32,
    /// Offset of the last record, -1 when no batch of this epoch is known.
    pub last_offset: i64,
    /// Last offset minus base offset of the newest batch.
    pub offset_delta: i32,
    /// Timestamp of the last append, ms since the epoch.
    pub timestamp: i64,
    /// Epoch of the transaction coordinator that wrote the last marker, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of the open transaction, -1 for none.
    pub current_txn_first_offset: i64,
}

/// The state of one producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Producer {
    pub(super) epoch: i16,
    pub(super) coordinator_epoch: i32,
    /// Timestamp of the last append or marker, ms since the epoch.
    pub(super) last_timestamp: i64,
    pub(super) current_txn_first_offset: Option<i64>,
    /// The newest batches of `epoch`, oldest first; the rest of the array is unused.
    batches: [Appended; BATCHES_MAX],
    batch_count: u8,
}

impl Producer {
    /// A producer that nothing is known of.
    pub(super) fn unknown() -> Self {
        Self {
            epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: NO_TIMESTAMP,
            current_txn_first_offset: None,
            batches: Default::default(),
            batch_count: 0,
        }
    }

    pub(super) fn from_snapshot(entry: &ProducerSnapshotEntry) -> Self {
        let mut producer = Self {
            epoch: entry.epoch,
            coordinator_epoch: entry.coordinator_epoch,
            last_timestamp: entry.timestamp,
            current_txn_first_offset: (entry.current_txn_first_offset >= 0)
                .then_some(entry.current_txn_first_offset),
            ..Self::unknown()
        };
        if entry.last_offset >= 0 {
            producer.remember(Appended {
                last_sequence: entry.last_sequence,
                offset_delta: entry.offset_delta,
                last_offset: entry.last_offset,
                timestamp: entry.timestamp,
            });
        }
        producer
    }

    pub(super) fn to_snapshot(&self, producer_id: i64) -> ProducerSnapshotEntry {
        let newest = self.batches().last();
        ProducerSnapshotEntry {
            producer_id,
            epoch: self.epoch,
            last_sequence: newest.map_or(NO_SEQUENCE, |batch| batch.last_sequence),
            last_offset: newest.map_or(-1, |batch| batch.last_offset),
            offset_delta: newest.map_or(0, |batch| batch.offset_delta),
            timestamp: self.last_timestamp,
            coordinator_epoch: self.coordinator_epoch,
            current_txn_first_offset: self.current_txn_first_offset.unwrap_or(-1),
        }
    }

    /// The remembered batches of the current epoch, oldest first.
    pub(super) fn batches(&self) -> &[Appended] {
        &self.batches[..usize::from(self.batch_count)]
    }

    /// Last sequence number of the current epoch, -1 before its first batch.
    pub(super) fn last_sequence(&self) -> i32 {
        self.batches().last().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// Whether a transaction of this epoch is open here.
    pub(super) fn has_open_transaction(&self, epoch: i16) -> bool {
        self.current_txn_first_offset.is_some() && self.epoch == epoch
    }

    /// Whether no batch of the current epoch is known.
    pub(super) fn has_no_batches(&self) -> bool {
        self.batch_count == 0
    }

    /// The remembered batch with exactly the sequence numbers of `batch` (kafka-semantics 27).
    pub(super) fn find_duplicate(&self, batch: &BatchHeader<'_>) -> Option<&Appended> {
        if batch.producer_epoch() != self.epoch {
            return None;
        }
        let (base, last) = (batch.base_sequence(), batch.last_sequence());
        self.batches()
            .iter()
            .find(|known| known.last_sequence == last && known.base_sequence() == base)
    }

    /// Takes in a data batch that was appended.
    pub(super) fn append(&mut self, batch: &BatchHeader<'_>) {
        self.enter_epoch(batch.producer_epoch());
        self.last_timestamp = batch.max_timestamp();
        self.remember(Appended {
            last_sequence: batch.last_sequence(),
            offset_delta: batch.last_offset_delta(),
            last_offset: batch.last_offset(),
            timestamp: batch.max_timestamp(),
        });
    }

    /// Sequence numbers begin anew with an epoch.
    pub(super) fn enter_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batch_count = 0;
        }
    }

    fn remember(&mut self, batch: Appended) {
        if usize::from(self.batch_count) == BATCHES_MAX {
            self.batches.rotate_left(1);
            self.batch_count -= 1;
        }
        self.batches[usize::from(self.batch_count)] = batch;
        self.batch_count += 1;
    }
}
