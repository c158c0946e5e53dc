//! Giving a produced batch its place in the log without copying its records.

use std::fmt;
use std::io::IoSlice;

use bytes::Bytes;

use crate::checksum::crc32c_of_two;
use crate::header::LOG_APPEND_TIME_BIT;
use crate::{BatchHeader, BatchView, Error, Producer, TimestampType, layout};

/// A batch of magic 2 as two pieces: a header of its own, and the body shared with the frame it
/// came in.
///
/// The leader stamps base offset and leader epoch into the header (kafka-semantics 20), so the
/// received bytes are neither copied nor changed, and the batch is written to the log with one
/// vectored write of [`StampedBatch::io_slices`].
#[derive(Clone)]
pub struct StampedBatch {
    header: [u8; layout::BATCH_OVERHEAD],
    body: Bytes,
}

/// What the leader makes of the timestamps of a batch (kafka-semantics 13 to 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampStamp {
    /// What the timestamps of the stored batch mean.
    pub timestamp_type: TimestampType,
    /// The largest timestamp of the stored batch, ms since the epoch.
    pub max_timestamp: i64,
}

impl StampedBatch {
    /// Takes the batch at the front of `bytes`, offsets and epoch as they are; `None` when not all
    /// of it is there. Bytes behind the batch are dropped.
    ///
    /// # Errors
    /// [`Error::Corrupt`] as for [`BatchView::first`], and for batches before magic 2, which are
    /// never written.
    pub fn new(bytes: &Bytes) -> Result<Option<Self>, Error> {
        let Some(batch) = BatchView::first(bytes)? else { return Ok(None) };
        if !batch.is_v2() {
            return Err(crate::Corruption::Magic(batch.magic()).into());
        }
        Ok(Some(Self::of_whole_v2(&bytes.slice(..batch.size()))))
    }

    /// Takes `bytes`, known to be exactly one batch of magic 2.
    pub(crate) fn of_whole_v2(bytes: &Bytes) -> Self {
        let mut header = [0; layout::BATCH_OVERHEAD];
        header.copy_from_slice(&bytes[..layout::BATCH_OVERHEAD]);
        Self { header, body: bytes.slice(layout::BATCH_OVERHEAD..) }
    }

    /// Sets the offset of the first record and the epoch of the leader that appends it. The
    /// checksum does not cover these two.
    pub fn stamp(&mut self, base_offset: i64, partition_leader_epoch: i32) {
        self.header[..8].copy_from_slice(&base_offset.to_be_bytes());
        self.set(layout::PARTITION_LEADER_EPOCH, partition_leader_epoch.to_be_bytes());
    }

    /// Sets timestamp type and largest timestamp, and the checksum anew when either changed.
    pub fn stamp_timestamps(&mut self, stamp: TimestampStamp) {
        let now = self.header();
        if now.timestamp_type() == stamp.timestamp_type
            && now.max_timestamp() == stamp.max_timestamp
        {
            return;
        }
        let low = &mut self.header[layout::ATTRIBUTES + 1];
        match stamp.timestamp_type {
            TimestampType::CreateTime => *low &= !LOG_APPEND_TIME_BIT,
            TimestampType::LogAppendTime => *low |= LOG_APPEND_TIME_BIT,
        }
        self.set(layout::MAX_TIMESTAMP, stamp.max_timestamp.to_be_bytes());
        let crc = crc32c_of_two(&self.header[layout::ATTRIBUTES..], &self.body);
        self.set(layout::CRC, crc.to_be_bytes());
    }

    /// Sets who writes the batch, and the checksum anew.
    pub fn stamp_producer(&mut self, producer: Producer) {
        self.set(layout::PRODUCER_ID, producer.id.to_be_bytes());
        self.set(layout::PRODUCER_EPOCH, producer.epoch.to_be_bytes());
        self.set(layout::BASE_SEQUENCE, producer.base_sequence.to_be_bytes());
        let crc = crc32c_of_two(&self.header[layout::ATTRIBUTES..], &self.body);
        self.set(layout::CRC, crc.to_be_bytes());
    }

    /// The header as it will be written.
    pub fn header(&self) -> BatchHeader<'_> {
        BatchHeader::of_v2(&self.header)
    }

    /// The records as they will be written: compressed, if the batch is.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The batch as the two stretches to write.
    pub fn io_slices(&self) -> [IoSlice<'_>; 2] {
        [IoSlice::new(&self.header), IoSlice::new(&self.body)]
    }

    /// The batch as one stretch of bytes, copied.
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.header.len() + self.body.len());
        bytes.extend_from_slice(&self.header);
        bytes.extend_from_slice(&self.body);
        bytes.into()
    }

    fn set<const N: usize>(&mut self, position: usize, value: [u8; N]) {
        self.header[position..position + N].copy_from_slice(&value);
    }
}

impl fmt::Debug for StampedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NO_PRODUCER_ID, batches, crc32c};

    /// A batch with two records' worth of opaque body.
    fn sample() -> Bytes {
        let body = b"not looked at here";
        let mut bytes = vec![0; layout::BATCH_OVERHEAD];
        let size = (layout::BATCH_OVERHEAD - layout::LOG_OVERHEAD + body.len()) as i32;
        bytes[layout::LENGTH..][..4].copy_from_slice(&size.to_be_bytes());
        bytes[layout::MAGIC] = 2;
        bytes[layout::LAST_OFFSET_DELTA..][..4].copy_from_slice(&1_i32.to_be_bytes());
        bytes[layout::BASE_TIMESTAMP..][..8].copy_from_slice(&1000_i64.to_be_bytes());
        bytes[layout::MAX_TIMESTAMP..][..8].copy_from_slice(&1005_i64.to_be_bytes());
        bytes[layout::PRODUCER_ID..][..8].copy_from_slice(&NO_PRODUCER_ID.to_be_bytes());
        bytes[layout::RECORD_COUNT..][..4].copy_from_slice(&2_i32.to_be_bytes());
        bytes.extend_from_slice(body);
        let crc = crc32c(&bytes[layout::ATTRIBUTES..]);
        bytes[layout::CRC..][..4].copy_from_slice(&crc.to_be_bytes());
        bytes.into()
    }

    #[test]
    fn kafka_semantics_20_offset_and_epoch_leave_the_checksum_valid() {
        let bytes = sample();
        let mut stamped = StampedBatch::new(&bytes).unwrap().unwrap();
        stamped.stamp(42, 7);
        let written = stamped.to_bytes();
        let batch = BatchView::first(&written).unwrap().unwrap();
        assert_eq!((batch.base_offset(), batch.last_offset(), batch.next_offset()), (42, 43, 44));
        assert_eq!(batch.partition_leader_epoch(), 7);
        batch.verify_crc().unwrap();
        assert_eq!(batch.crc(), BatchView::first(&bytes).unwrap().unwrap().crc());
    }

    #[test]
    fn the_body_is_shared_with_the_frame() {
        let frame = sample();
        let stamped = StampedBatch::new(&frame).unwrap().unwrap();
        assert_eq!(stamped.body().as_ptr(), frame[layout::BATCH_OVERHEAD..].as_ptr());
    }

    #[test]
    fn kafka_semantics_14_log_append_time_is_set_in_place() {
        let mut stamped = StampedBatch::new(&sample()).unwrap().unwrap();
        stamped.stamp_timestamps(TimestampStamp {
            timestamp_type: TimestampType::LogAppendTime,
            max_timestamp: 9999,
        });
        let written = stamped.to_bytes();
        let batch = BatchView::first(&written).unwrap().unwrap();
        batch.verify_crc().unwrap();
        assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (1000, 9999));
    }

    #[test]
    fn a_partial_batch_at_the_end_ends_the_walk() {
        let one = sample();
        let mut two = one.to_vec();
        two.extend_from_slice(&one);
        for cut in one.len()..two.len() {
            let mut walk = batches(&two[..cut]);
            assert!(walk.next().unwrap().is_ok());
            assert!(walk.next().is_none());
            assert_eq!(walk.position(), one.len());
        }
        assert_eq!(batches(&two).count(), 2);
    }

    #[test]
    fn kafka_semantics_5_a_changed_byte_is_found() {
        let bytes = sample();
        for position in layout::CRC..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[position] ^= 0x10;
            let batch = BatchView::first(&changed).unwrap().unwrap();
            assert!(batch.verify_crc().is_err(), "byte {position}");
        }
    }

    #[test]
    fn zeros_are_corrupt_and_short_fronts_are_partial() {
        assert!(BatchView::first(&[0; 100]).is_err());
        assert!(BatchView::first(&[0; 11]).unwrap().is_none());
        let mut low = sample().to_vec();
        low[layout::LENGTH..][..4].copy_from_slice(&48_i32.to_be_bytes());
        assert!(BatchView::first(&low).is_err());
    }
}
