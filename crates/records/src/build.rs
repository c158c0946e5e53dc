//! Building batches.

use bytes::Bytes;

use crate::checksum::crc32c;
use crate::compression::{Codec, Compressor};
use crate::header::{CONTROL_BIT, DELETE_HORIZON_BIT, LOG_APPEND_TIME_BIT, TRANSACTIONAL_BIT};
use crate::record::{Record, RecordParts, RecordView, write_record};
use crate::{Compression, layout};
use crate::{
    NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP,
};

/// Who writes a batch, for idempotence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Producer {
    /// Producer id, -1 for none.
    pub id: i64,
    /// Epoch of the id, -1 for none.
    pub epoch: i16,
    /// Sequence number of the first record, -1 for none.
    pub base_sequence: i32,
}

impl Producer {
    /// A producer that is not idempotent.
    pub const NONE: Self =
        Self { id: NO_PRODUCER_ID, epoch: NO_PRODUCER_EPOCH, base_sequence: NO_SEQUENCE };
}

/// Builds one batch of magic 2.
///
/// Records are written out as they come, so [`BatchBuilder::size`] is exact before compression.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    /// Room for the header, then the records uncompressed.
    bytes: Vec<u8>,
    base_offset: i64,
    last_offset: i64,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    record_count: i32,
    partition_leader_epoch: i32,
    producer: Producer,
    attributes: u8,
    codec: Codec,
}

impl BatchBuilder {
    /// A batch whose first offset is `base_offset`: uncompressed, with create times, without
    /// producer or leader epoch, until something else is asked for.
    pub fn new(base_offset: i64) -> Self {
        Self {
            bytes: vec![0; layout::BATCH_OVERHEAD],
            base_offset,
            last_offset: base_offset - 1,
            base_timestamp: None,
            max_timestamp: NO_TIMESTAMP,
            record_count: 0,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer: Producer::NONE,
            attributes: 0,
            codec: Codec::default(),
        }
    }

    /// Compresses the records when the batch is built.
    pub fn codec(mut self, codec: impl Into<Codec>) -> Self {
        self.codec = codec.into();
        self
    }

    /// Makes the batch one of an idempotent producer.
    pub fn producer(mut self, producer: Producer) -> Self {
        self.producer = producer;
        self
    }

    /// Makes the records part of the producer's transaction.
    pub fn transactional(mut self) -> Self {
        self.attributes |= TRANSACTIONAL_BIT;
        self
    }

    /// Makes this a control batch.
    pub fn control(mut self) -> Self {
        self.attributes |= CONTROL_BIT;
        self
    }

    /// Sets the epoch of the leader that appends the batch.
    pub fn partition_leader_epoch(mut self, epoch: i32) -> Self {
        self.partition_leader_epoch = epoch;
        self
    }

    /// Gives all records this append time (ms since the epoch) in place of their own.
    pub fn log_append_time(mut self, timestamp: i64) -> Self {
        self.attributes |= LOG_APPEND_TIME_BIT;
        self.max_timestamp = timestamp;
        self
    }

    /// Marks when the tombstones of the batch may be dropped, ms since the epoch; to be called
    /// before the first record.
    pub fn delete_horizon_ms(mut self, horizon: i64) -> Self {
        debug_assert_eq!(self.record_count, 0);
        self.attributes |= DELETE_HORIZON_BIT;
        self.base_timestamp = Some(horizon);
        self
    }

    /// Makes room for `additional` bytes of records.
    pub fn reserve(&mut self, additional: usize) {
        self.bytes.reserve(additional);
    }

    /// Appends `record` at the next offset, whatever offset it carries.
    pub fn push(&mut self, record: &Record) {
        self.append(self.last_offset + 1, record.timestamp, &RecordParts::of(record));
    }

    /// Appends `record` at the offset it carries, which must be above the last one.
    pub fn push_at_offset(&mut self, record: &Record) {
        self.append(record.offset, record.timestamp, &RecordParts::of(record));
    }

    /// Appends a record of another batch at `offset`, which must be above the last one.
    pub fn push_view(&mut self, offset: i64, record: &RecordView<'_>) {
        self.append(offset, record.timestamp, &RecordParts::of_view(record));
    }

    /// Appends a record without headers at the next offset.
    pub fn push_key_value(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        let parts = RecordParts::without_headers(key, value);
        self.append(self.last_offset + 1, timestamp, &parts);
    }

    fn append(&mut self, offset: i64, timestamp: i64, parts: &RecordParts<'_>) {
        debug_assert!(offset > self.last_offset, "offsets of a batch only grow");
        let base_timestamp = *self.base_timestamp.get_or_insert(timestamp);
        let delta = (offset - self.base_offset) as i32;
        write_record(&mut self.bytes, delta, timestamp.wrapping_sub(base_timestamp), parts);
        if self.attributes & LOG_APPEND_TIME_BIT == 0 {
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
        self.last_offset = offset;
        self.record_count += 1;
    }

    /// Lets the batch span offsets up to `offset`, beyond its last record, as a batch does that
    /// compaction took records from.
    pub(crate) fn ends_at(mut self, offset: i64) -> Self {
        self.last_offset = self.last_offset.max(offset);
        self
    }

    /// Bytes of the batch so far, before compression.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Records so far.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Whether no record was appended yet.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// The offset the next record gets.
    pub fn next_offset(&self) -> i64 {
        self.last_offset + 1
    }

    /// The batch. Without records it is an empty one, as compaction leaves them.
    pub fn build(self) -> Bytes {
        self.build_with(&mut Compressor::default())
    }

    /// As [`BatchBuilder::build`], with the contexts of `compressor`.
    pub fn build_with(mut self, compressor: &mut Compressor) -> Bytes {
        let mut bytes = std::mem::take(&mut self.bytes);
        if self.codec.compression != Compression::None {
            let mut compressed = Vec::with_capacity(layout::BATCH_OVERHEAD + bytes.len() / 2);
            compressed.resize(layout::BATCH_OVERHEAD, 0);
            compressor.compress(self.codec, &bytes[layout::BATCH_OVERHEAD..], &mut compressed);
            bytes = compressed;
        }
        self.put_header(&mut bytes);
        bytes.into()
    }

    fn put_header(&self, bytes: &mut [u8]) {
        let mut put = |position: usize, value: &[u8]| {
            bytes[position..position + value.len()].copy_from_slice(value);
        };
        let last_offset_delta = (self.last_offset.max(self.base_offset) - self.base_offset) as i32;
        let base_timestamp = self.base_timestamp.unwrap_or(NO_TIMESTAMP);
        let attributes = self.attributes | self.codec.compression.id();
        put(0, &self.base_offset.to_be_bytes());
        put(layout::PARTITION_LEADER_EPOCH, &self.partition_leader_epoch.to_be_bytes());
        put(layout::MAGIC, &[2]);
        put(layout::ATTRIBUTES, &[0, attributes]);
        put(layout::LAST_OFFSET_DELTA, &last_offset_delta.to_be_bytes());
        put(layout::BASE_TIMESTAMP, &base_timestamp.to_be_bytes());
        put(layout::MAX_TIMESTAMP, &self.max_timestamp.to_be_bytes());
        put(layout::PRODUCER_ID, &self.producer.id.to_be_bytes());
        put(layout::PRODUCER_EPOCH, &self.producer.epoch.to_be_bytes());
        put(layout::BASE_SEQUENCE, &self.producer.base_sequence.to_be_bytes());
        put(layout::RECORD_COUNT, &self.record_count.to_be_bytes());
        let size = (bytes.len() - layout::LOG_OVERHEAD) as i32;
        bytes[layout::LENGTH..][..4].copy_from_slice(&size.to_be_bytes());
        let crc = crc32c(&bytes[layout::ATTRIBUTES..]);
        bytes[layout::CRC..][..4].copy_from_slice(&crc.to_be_bytes());
    }
}
