//! What compaction leaves of a batch (kafka-storage §6).
//!
//! Offsets and sequence numbers stay those of the whole batch, so a producer's last sequence is
//! found even where its last record is gone.

use bytes::Bytes;

use crate::build::{BatchBuilder, Producer};
use crate::checksum::crc32c;
use crate::compression::Codec;
use crate::header::{COMPRESSION_MASK, DELETE_HORIZON_BIT};
use crate::{BatchView, Compressor, Error, NO_TIMESTAMP, RecordView, TimestampType, layout};

impl BatchView<'_> {
    /// A batch of magic 2 with just these of its records, at least one, in the codec it has. With
    /// a delete horizon (ms since the epoch), that stands in the place of the base timestamp.
    ///
    /// Also of an older message set a batch of magic 2 is made.
    ///
    /// # Errors
    /// [`Error::UnknownCompression`].
    pub fn with_records(
        &self,
        records: &[RecordView<'_>],
        delete_horizon_ms: Option<i64>,
        compressor: &mut Compressor,
    ) -> Result<Bytes, Error> {
        let first = records.first().map_or_else(|| self.base_offset(), |record| record.offset);
        let base_offset = if self.is_v2() { self.base_offset() } else { first };
        let mut builder = BatchBuilder::new(base_offset)
            .codec(Codec { compression: self.compression()?, level: None })
            .partition_leader_epoch(self.partition_leader_epoch())
            .producer(Producer {
                id: self.producer_id(),
                epoch: self.producer_epoch(),
                base_sequence: self.base_sequence(),
            });
        if self.is_transactional() {
            builder = builder.transactional();
        }
        if self.is_control() {
            builder = builder.control();
        }
        if self.timestamp_type() == TimestampType::LogAppendTime {
            builder = builder.log_append_time(self.max_timestamp());
        }
        if let Some(horizon) = delete_horizon_ms {
            builder = builder.delete_horizon_ms(horizon);
        }
        builder.reserve(records.iter().map(|record| record.size + TIMESTAMP_GROWTH).sum());
        for record in records {
            builder.push_view(record.offset, record);
        }
        Ok(builder.ends_at(self.last_offset()).build_with(compressor))
    }

    /// The header alone, of a batch without records: what is left of one whose sequence numbers or
    /// last offset are still needed. For magic 2 only.
    pub fn without_records(&self) -> [u8; layout::BATCH_OVERHEAD] {
        let mut header = [0; layout::BATCH_OVERHEAD];
        header.copy_from_slice(&self.bytes()[..layout::BATCH_OVERHEAD]);
        let mut put = |position: usize, value: &[u8]| {
            header[position..position + value.len()].copy_from_slice(value);
        };
        let attributes = self.attributes() & !(COMPRESSION_MASK | DELETE_HORIZON_BIT);
        let size = (layout::BATCH_OVERHEAD - layout::LOG_OVERHEAD) as i32;
        put(layout::LENGTH, &size.to_be_bytes());
        put(layout::ATTRIBUTES, &[0, attributes]);
        put(layout::BASE_TIMESTAMP, &NO_TIMESTAMP.to_be_bytes());
        put(layout::RECORD_COUNT, &0_i32.to_be_bytes());
        let crc = crc32c(&header[layout::ATTRIBUTES..]);
        header[layout::CRC..][..4].copy_from_slice(&crc.to_be_bytes());
        header
    }
}

/// By how much a record may grow when its timestamp is written against another base.
const TIMESTAMP_GROWTH: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compression, NO_PRODUCER_ID, Record, batches};

    fn sample(compression: Compression) -> Bytes {
        let mut builder = BatchBuilder::new(100)
            .codec(compression)
            .partition_leader_epoch(7)
            .producer(Producer { id: 5, epoch: 2, base_sequence: 40 });
        for index in 0..5_i64 {
            builder.push_key_value(1000 + index, Some(b"key"), Some(&[index as u8; 30]));
        }
        builder.build()
    }

    fn filtered(bytes: &[u8], keep: impl Fn(i64) -> bool, horizon: Option<i64>) -> Bytes {
        let batch = BatchView::first(bytes).unwrap().unwrap();
        let records = batch.records(1 << 20).unwrap();
        let kept: Vec<_> = records.iter().map(Result::unwrap).filter(|r| keep(r.offset)).collect();
        batch.with_records(&kept, horizon, &mut Compressor::default()).unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<Record> {
        let batch = BatchView::first(bytes).unwrap().unwrap();
        batch.verify_crc().unwrap();
        let records = batch.records(1 << 20).unwrap();
        records.iter().map(|record| record.unwrap().to_record()).collect()
    }

    #[test]
    fn kafka_storage_6_8_offsets_and_sequences_outlive_their_records() {
        for compression in [
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ] {
            let whole = sample(compression);
            let left = filtered(&whole, |offset| offset == 101 || offset == 103, None);
            let batch = BatchView::first(&left).unwrap().unwrap();
            assert_eq!((batch.base_offset(), batch.last_offset()), (100, 104));
            assert_eq!((batch.base_sequence(), batch.last_sequence()), (40, 44));
            assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (1001, 1003));
            assert_eq!(batch.compression(), Ok(compression));
            assert_eq!(batch.partition_leader_epoch(), 7);
            let all = read(&whole);
            assert_eq!(read(&left), [all[1].clone(), all[3].clone()]);
        }
    }

    #[test]
    fn kafka_storage_6_5_a_delete_horizon_leaves_the_timestamps_of_records() {
        let whole = sample(Compression::None);
        let stamped = filtered(&whole, |_| true, Some(99_000_000));
        let batch = BatchView::first(&stamped).unwrap().unwrap();
        assert_eq!(batch.delete_horizon_ms(), Some(99_000_000));
        assert_eq!(batch.max_timestamp(), 1004);
        assert_eq!(read(&stamped), read(&whole));
        let emptied = batch.without_records();
        let empty = BatchView::first(&emptied).unwrap().unwrap();
        assert_eq!(empty.delete_horizon_ms(), None);
    }

    #[test]
    fn kafka_storage_6_7_an_empty_batch_keeps_what_its_header_says() {
        let whole = sample(Compression::Gzip);
        let before = BatchView::first(&whole).unwrap().unwrap();
        let emptied = before.without_records();
        let empty = batches(&emptied).next().unwrap().unwrap();
        empty.verify_crc().unwrap();
        assert_eq!(empty.record_count(), Some(0));
        assert_eq!((empty.base_offset(), empty.last_offset()), (100, 104));
        assert_eq!((empty.producer_id(), empty.last_sequence()), (5, 44));
        assert_eq!((empty.base_timestamp(), empty.max_timestamp()), (NO_TIMESTAMP, 1004));
        assert_eq!(empty.compression(), Ok(Compression::None));
        assert_eq!(empty.records(10).unwrap().iter().count(), 0);
    }

    #[test]
    fn of_an_old_message_set_a_batch_of_magic_2_is_made() {
        // One message of magic 1: offset 9, timestamp 77, key "k", value "v".
        let mut set = 9_i64.to_be_bytes().to_vec();
        let mut body = vec![1, 0];
        body.extend_from_slice(&77_i64.to_be_bytes());
        for part in [b"k", b"v"] {
            body.extend_from_slice(&1_i32.to_be_bytes());
            body.extend_from_slice(part);
        }
        set.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
        set.extend_from_slice(&crate::checksum::crc32(&body).to_be_bytes());
        set.extend_from_slice(&body);
        let made = filtered(&set, |_| true, None);
        let batch = BatchView::first(&made).unwrap().unwrap();
        assert!(batch.is_v2() && batch.producer_id() == NO_PRODUCER_ID);
        assert_eq!((batch.base_offset(), batch.last_offset(), batch.max_timestamp()), (9, 9, 77));
        assert_eq!(read(&made)[0].value.as_deref(), Some(b"v".as_slice()));
    }
}
