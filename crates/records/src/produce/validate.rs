//! Checking a produced batch and making it ready to append.

use bytes::Bytes;

use super::rejection::{InvalidBatch, RecordError, RecordErrors, RecordFault, Rejection};
use crate::record::RecordShape;
use crate::records::Records;
use crate::stamp::{StampedBatch, TimestampStamp};
use crate::{
    BatchBuilder, BatchHeader, BatchView, Codec, Compression, Compressor, Decompressor, Error,
    NO_TIMESTAMP, Producer, TimestampType,
};

/// The settings of a topic that produced batches must obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProduceRules {
    /// `max.message.bytes`: of a whole batch, as stored.
    pub max_message_bytes: usize,
    /// Whether `cleanup.policy` contains `compact`, so that every record needs a key.
    pub compacted: bool,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far in the past create times may be.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far in the future create times may be.
    pub timestamp_after_max_ms: i64,
    /// `compression.type`: the codec all batches are stored with; `None` for `producer`, which
    /// keeps what the producer chose.
    pub compression: Option<Codec>,
    /// Bytes that the records of a compressed batch may take uncompressed: the bound on memory.
    pub max_decompressed_bytes: usize,
}

/// What validating reuses from batch to batch. One per thread.
#[derive(Debug, Default)]
pub struct Codecs {
    decompressor: Decompressor,
    compressor: Compressor,
}

/// One batch of magic 2 as a client produced it, not yet validated.
#[derive(Debug, Clone)]
pub struct ProducedBatch {
    bytes: Bytes,
}

/// A validated batch, ready to be stamped with its offset and appended.
#[derive(Debug, Clone)]
pub struct ValidBatch {
    /// The batch, with its timestamps as they are to be stored.
    pub batch: StampedBatch,
    /// The append time in ms since the epoch where the topic uses that, else -1
    /// (kafka-semantics 14).
    pub log_append_time: i64,
}

impl ProducedBatch {
    /// Takes the record data of one partition of a Produce request, which must be exactly one
    /// batch of magic 2 (kafka-semantics 2). Less than a batch behind it is dropped, as in Kafka.
    /// `allows_zstd` is whether the request's version is 7 or later.
    ///
    /// # Errors
    /// [`InvalidBatch::NotOneBatch`], [`Rejection::UnsupportedCompression`],
    /// [`Rejection::Corrupt`].
    pub fn new(record_data: &Bytes, allows_zstd: bool) -> Result<Self, Rejection> {
        let batch = BatchView::first(record_data).map_err(Rejection::unparsable)?;
        let batch = batch.ok_or(InvalidBatch::NotOneBatch)?;
        if !batch.is_v2() {
            return Err(InvalidBatch::NotOneBatch.into());
        }
        if !allows_zstd && batch.compression() == Ok(Compression::Zstd) {
            return Err(Rejection::UnsupportedCompression);
        }
        if BatchView::first(&record_data[batch.size()..])?.is_some() {
            return Err(InvalidBatch::NotOneBatch.into());
        }
        Ok(Self { bytes: record_data.slice(..batch.size()) })
    }

    /// The batch's own header.
    pub fn header(&self) -> BatchHeader<'_> {
        *self.view()
    }

    fn view(&self) -> BatchView<'_> {
        BatchView::of_whole_v2(&self.bytes)
    }

    /// Validates the batch against the topic's rules at `now_ms` (ms since the epoch): first what
    /// the header says, then the checksum, then every record, in Kafka's order so that the same
    /// error wins. The records are neither copied nor changed, except where the topic's codec or
    /// misnumbered records ask for a new batch (kafka-semantics 18, 19).
    ///
    /// # Errors
    /// Why the batch may not be appended.
    pub fn validate(
        &self,
        rules: &ProduceRules,
        now_ms: i64,
        codecs: &mut Codecs,
    ) -> Result<ValidBatch, Rejection> {
        let batch = self.view();
        if batch.base_offset() != 0 {
            return Err(InvalidBatch::BaseOffset(batch.base_offset()).into());
        }
        check_size(batch.size(), rules)?;
        batch.verify_crc()?;
        let compression = batch.compression()?;
        check_header(&batch)?;
        let Codecs { decompressor, compressor } = codecs;
        let records = batch.records_with(decompressor, rules.max_decompressed_bytes)?;
        let walk = Walk { rules, now_ms, batch: &batch };
        let found = walk.check(&records)?;
        let target = rules.compression.unwrap_or(Codec { compression, level: None });
        let batch = if target.compression == compression && found.is_consecutive {
            let mut stamped = StampedBatch::of_whole_v2(&self.bytes);
            stamped.stamp_timestamps(walk.stamp(found.max_timestamp));
            stamped
        } else {
            let rebuilt = walk.rebuild(&records, target, compressor)?;
            check_size(rebuilt.len(), rules)?;
            StampedBatch::of_whole_v2(&rebuilt)
        };
        let log_append_time = match rules.timestamp_type {
            TimestampType::CreateTime => NO_TIMESTAMP,
            TimestampType::LogAppendTime => now_ms,
        };
        Ok(ValidBatch { batch, log_append_time })
    }
}

fn check_size(size: usize, rules: &ProduceRules) -> Result<(), Rejection> {
    let limit = rules.max_message_bytes;
    if size > limit { Err(Rejection::TooLarge { size, limit }) } else { Ok(()) }
}

/// What the header alone shows (kafka-semantics 6 to 8).
fn check_header(batch: &BatchHeader<'_>) -> Result<(), InvalidBatch> {
    let last_offset_delta = batch.last_offset_delta();
    let record_count = batch.record_count().unwrap_or(0);
    if record_count <= 0 || i64::from(last_offset_delta) + 1 != i64::from(record_count) {
        return Err(InvalidBatch::Count { last_offset_delta, record_count });
    }
    if batch.is_control() {
        return Err(InvalidBatch::Control);
    }
    if batch.has_producer_id() && batch.base_sequence() < 0 {
        return Err(InvalidBatch::Sequence(batch.base_sequence()));
    }
    Ok(())
}

/// What the walk over valid records found.
struct Found {
    max_timestamp: i64,
    /// Whether the offset deltas are 0, 1, 2, …
    is_consecutive: bool,
}

/// One walk over the records of a batch.
struct Walk<'w> {
    rules: &'w ProduceRules,
    now_ms: i64,
    batch: &'w BatchView<'w>,
}

impl Walk<'_> {
    /// Checks every record (kafka-semantics 11 to 13); nothing is allocated unless one is bad.
    fn check(&self, records: &Records<'_>) -> Result<Found, Rejection> {
        let mut found = Found { max_timestamp: NO_TIMESTAMP, is_consecutive: true };
        let mut errors = Vec::new();
        let mut total = 0;
        let mut has_invalid_timestamp = false;
        for (index, record) in records.shapes().enumerate() {
            let record = record.map_err(Error::from)?;
            if let Some(fault) = self.fault(&record) {
                total += 1;
                has_invalid_timestamp |= fault.is_timestamp();
                if errors.len() < RecordErrors::LISTED_MAX {
                    errors.push(RecordError { batch_index: index as i32, fault });
                }
            }
            found.max_timestamp = found.max_timestamp.max(record.timestamp);
            found.is_consecutive &= record.offset == index as i64;
        }
        if total > 0 {
            let errors = RecordErrors { errors, total, has_invalid_timestamp };
            return Err(Rejection::InvalidRecords(errors));
        }
        Ok(found)
    }

    #[inline]
    fn fault(&self, record: &RecordShape) -> Option<RecordFault> {
        if self.rules.compacted && record.key_size < 0 {
            return Some(RecordFault::NoKey);
        }
        let create_time = self.rules.timestamp_type == TimestampType::CreateTime;
        if create_time && record.timestamp != NO_TIMESTAMP {
            return self.timestamp_fault(record);
        }
        if self.batch.timestamp_type() == TimestampType::LogAppendTime {
            return Some(RecordFault::LogAppendTime {
                timestamp: record.timestamp,
                offset: record.offset,
                key_size: record.key_size.max(0) as usize,
                value_size: record.value_size.max(0) as usize,
            });
        }
        None
    }

    #[inline]
    fn timestamp_fault(&self, record: &RecordShape) -> Option<RecordFault> {
        let Self { rules, now_ms, .. } = self;
        let age = now_ms.wrapping_sub(record.timestamp);
        let is_in_range = age <= rules.timestamp_before_max_ms
            && age.wrapping_neg() <= rules.timestamp_after_max_ms;
        (!is_in_range).then(|| RecordFault::Timestamp {
            timestamp: record.timestamp,
            offset: record.offset,
            earliest: now_ms.wrapping_sub(rules.timestamp_before_max_ms),
            latest: now_ms.wrapping_add(rules.timestamp_after_max_ms),
        })
    }

    /// The timestamps of the batch as they are to be stored (kafka-semantics 14, 15).
    fn stamp(&self, max_timestamp: i64) -> TimestampStamp {
        let timestamp_type = self.rules.timestamp_type;
        match timestamp_type {
            TimestampType::CreateTime => TimestampStamp { timestamp_type, max_timestamp },
            TimestampType::LogAppendTime => {
                TimestampStamp { timestamp_type, max_timestamp: self.now_ms }
            }
        }
    }

    /// The same records in a new batch, numbered consecutively and compressed with `target`.
    fn rebuild(
        &self,
        records: &Records<'_>,
        target: Codec,
        compressor: &mut Compressor,
    ) -> Result<Bytes, Rejection> {
        let batch = self.batch;
        let mut builder = BatchBuilder::new(0).codec(target).producer(Producer {
            id: batch.producer_id(),
            epoch: batch.producer_epoch(),
            base_sequence: batch.base_sequence(),
        });
        if batch.is_transactional() {
            builder = builder.transactional();
        }
        if self.rules.timestamp_type == TimestampType::LogAppendTime {
            builder = builder.log_append_time(self.now_ms);
        }
        builder.reserve(records.uncompressed_size());
        for record in records {
            builder.push_view(builder.next_offset(), &record?);
        }
        Ok(builder.build_with(compressor))
    }
}
