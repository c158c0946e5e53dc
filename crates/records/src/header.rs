//! The fixed part in front of the records of a batch.

use std::fmt;

use crate::{Corruption, Error, increment_sequence};
use crate::{
    NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP,
};

/// Byte positions in a batch, kafka-storage 3.1.
pub mod layout {
    /// Bytes up to and including the size field, which counts what follows it.
    pub const LOG_OVERHEAD: usize = 12;
    /// Bytes up to and including the magic byte: enough to know the format and size.
    pub const UP_TO_MAGIC: usize = 17;
    /// Bytes of a magic 2 batch before its records.
    pub const BATCH_OVERHEAD: usize = 61;

    pub(crate) const LENGTH: usize = 8;
    pub(crate) const PARTITION_LEADER_EPOCH: usize = 12;
    pub(crate) const MAGIC: usize = 16;
    pub(crate) const CRC: usize = 17;
    pub(crate) const ATTRIBUTES: usize = 21;
    pub(crate) const LAST_OFFSET_DELTA: usize = 23;
    pub(crate) const BASE_TIMESTAMP: usize = 27;
    pub(crate) const MAX_TIMESTAMP: usize = 35;
    pub(crate) const PRODUCER_ID: usize = 43;
    pub(crate) const PRODUCER_EPOCH: usize = 51;
    pub(crate) const BASE_SEQUENCE: usize = 53;
    pub(crate) const RECORD_COUNT: usize = 57;

    // Message sets of magic 0 and 1: offset, size, crc (12), magic (16), attributes (17),
    // then with magic 1 a timestamp, then key and value.
    pub(crate) const LEGACY_CRC: usize = 12;
    pub(crate) const LEGACY_ATTRIBUTES: usize = 17;
    pub(crate) const LEGACY_TIMESTAMP: usize = 18;
    /// Smallest size field of a magic 0 message: everything but key and value bytes.
    pub(crate) const LEGACY_MIN_SIZE_V0: i32 = 14;
    /// Smallest size field of a magic 1 message.
    pub(crate) const LEGACY_MIN_SIZE_V1: i32 = 22;
}

pub(crate) const COMPRESSION_MASK: u8 = 0x07;
pub(crate) const LOG_APPEND_TIME_BIT: u8 = 0x08;
pub(crate) const TRANSACTIONAL_BIT: u8 = 0x10;
pub(crate) const CONTROL_BIT: u8 = 0x20;
pub(crate) const DELETE_HORIZON_BIT: u8 = 0x40;

/// How the records of a batch are compressed (attribute bits 0–2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Compression {
    /// Not at all.
    #[default]
    None = 0,
    /// gzip members.
    Gzip = 1,
    /// Snappy blocks in Xerial framing.
    Snappy = 2,
    /// LZ4 frame.
    Lz4 = 3,
    /// Zstandard frames.
    Zstd = 4,
}

impl Compression {
    /// The codec with this attribute id.
    ///
    /// # Errors
    /// [`Error::UnknownCompression`] for 5 and above.
    pub fn from_id(id: u8) -> Result<Self, Error> {
        match id {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            id => Err(Error::UnknownCompression(id)),
        }
    }

    /// The attribute id, 0–4.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The name Kafka's settings and tools use: `none`, `gzip`, `snappy`, `lz4`, `zstd`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the timestamps of a batch mean (attribute bit 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimestampType {
    /// Set by the producer, one per record.
    #[default]
    CreateTime,
    /// Set by the broker: the batch's max timestamp is the timestamp of every record.
    LogAppendTime,
}

/// A look at the header of a batch; the records behind it need not be there.
///
/// For `magic` 0 and 1 a "batch" is one message of the set, and what its format lacks has the
/// value Kafka gives it: no producer, no leader epoch, no record count.
#[derive(Clone, Copy)]
pub struct BatchHeader<'a> {
    bytes: &'a [u8],
}

impl<'a> BatchHeader<'a> {
    /// Looks at the batch that starts at the front of `bytes`; `None` when too few bytes are
    /// there to hold its header.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the front cannot be a batch: a size below the minimum of its
    /// format, or an unknown magic. Preallocated zeros are such a case.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Error> {
        if bytes.len() < layout::LOG_OVERHEAD {
            return Ok(None);
        }
        let size = i32::from_be_bytes(array(bytes, layout::LENGTH));
        if size < layout::LEGACY_MIN_SIZE_V0 {
            let minimum = layout::LEGACY_MIN_SIZE_V0;
            return Err(Corruption::TooSmall { size, minimum }.into());
        }
        if bytes.len() < layout::UP_TO_MAGIC {
            return Ok(None);
        }
        let minimum = match bytes[layout::MAGIC] as i8 {
            0 => layout::LEGACY_MIN_SIZE_V0,
            1 => layout::LEGACY_MIN_SIZE_V1,
            2 => (layout::BATCH_OVERHEAD - layout::LOG_OVERHEAD) as i32,
            magic => return Err(Corruption::Magic(magic).into()),
        };
        if size < minimum {
            return Err(Corruption::TooSmall { size, minimum }.into());
        }
        if bytes.len() < minimum as usize + layout::LOG_OVERHEAD {
            return Ok(None);
        }
        Ok(Some(Self { bytes }))
    }

    /// Bytes of the whole batch, with its 12-byte prefix: what it occupies in a file, and what
    /// `max.message.bytes` limits.
    pub fn size(&self) -> usize {
        i32::from_be_bytes(self.array(layout::LENGTH)) as usize + layout::LOG_OVERHEAD
    }

    /// The format: 0, 1 or 2.
    pub fn magic(&self) -> i8 {
        self.bytes[layout::MAGIC] as i8
    }

    /// Whether this is the present format, a record batch of magic 2.
    pub fn is_v2(&self) -> bool {
        self.magic() == 2
    }

    /// Offset of the first record. For a compressed message set of magic 0 or 1 only the last
    /// offset is known without decompressing, and this is that.
    pub fn base_offset(&self) -> i64 {
        i64::from_be_bytes(self.array(0))
    }

    /// Offset of the last record the batch ever held (compaction may have removed the record).
    pub fn last_offset(&self) -> i64 {
        self.base_offset().wrapping_add(i64::from(self.last_offset_delta()))
    }

    /// The offset after the batch: where the next batch may start.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// Epoch of the leader that appended the batch.
    pub fn partition_leader_epoch(&self) -> i32 {
        self.v2(NO_PARTITION_LEADER_EPOCH, |h| {
            i32::from_be_bytes(h.array(layout::PARTITION_LEADER_EPOCH))
        })
    }

    /// The stored checksum: CRC-32C with magic 2, CRC-32 before.
    pub fn crc(&self) -> u32 {
        let position = if self.is_v2() { layout::CRC } else { layout::LEGACY_CRC };
        u32::from_be_bytes(self.array(position))
    }

    /// The low attribute byte, the only one in use.
    pub fn attributes(&self) -> u8 {
        self.bytes[if self.is_v2() { layout::ATTRIBUTES + 1 } else { layout::LEGACY_ATTRIBUTES }]
    }

    /// The codec of the records.
    ///
    /// # Errors
    /// [`Error::UnknownCompression`] for ids that do not exist.
    pub fn compression(&self) -> Result<Compression, Error> {
        Compression::from_id(self.attributes() & COMPRESSION_MASK)
    }

    /// What the timestamps mean. Magic 0 has none, which reads as create time.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.magic() > 0 && self.attributes() & LOG_APPEND_TIME_BIT != 0 {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    /// Whether the records belong to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.is_v2() && self.attributes() & TRANSACTIONAL_BIT != 0
    }

    /// Whether this holds a control record (a transaction marker, or the quorum's own).
    pub fn is_control(&self) -> bool {
        self.is_v2() && self.attributes() & CONTROL_BIT != 0
    }

    /// When tombstones in this batch may be dropped, in ms since the epoch, once compaction has
    /// decided it; then the batch has no base timestamp of its own.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.is_v2() && self.attributes() & DELETE_HORIZON_BIT != 0)
            .then(|| i64::from_be_bytes(self.array(layout::BASE_TIMESTAMP)))
    }

    /// Last offset minus base offset, and last sequence minus base sequence.
    pub fn last_offset_delta(&self) -> i32 {
        self.v2(0, |h| i32::from_be_bytes(h.array(layout::LAST_OFFSET_DELTA)))
    }

    /// What the timestamp deltas of the records are relative to, in ms since the epoch.
    pub fn base_timestamp(&self) -> i64 {
        self.v2(NO_TIMESTAMP, |h| i64::from_be_bytes(h.array(layout::BASE_TIMESTAMP)))
    }

    /// Largest timestamp of the records, in ms since the epoch, -1 when they have none.
    pub fn max_timestamp(&self) -> i64 {
        match self.magic() {
            0 => NO_TIMESTAMP,
            1 => i64::from_be_bytes(self.array(layout::LEGACY_TIMESTAMP)),
            _ => i64::from_be_bytes(self.array(layout::MAX_TIMESTAMP)),
        }
    }

    /// Id of the idempotent producer, or -1.
    pub fn producer_id(&self) -> i64 {
        self.v2(NO_PRODUCER_ID, |h| i64::from_be_bytes(h.array(layout::PRODUCER_ID)))
    }

    /// Whether an idempotent producer wrote the batch.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id() > NO_PRODUCER_ID
    }

    /// Epoch of the idempotent producer, or -1.
    pub fn producer_epoch(&self) -> i16 {
        self.v2(NO_PRODUCER_EPOCH, |h| i16::from_be_bytes(h.array(layout::PRODUCER_EPOCH)))
    }

    /// Sequence number of the first record, or -1.
    pub fn base_sequence(&self) -> i32 {
        self.v2(NO_SEQUENCE, |h| i32::from_be_bytes(h.array(layout::BASE_SEQUENCE)))
    }

    /// Sequence number of the last record, or -1; wraps as kafka-semantics 29 says.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            NO_SEQUENCE => NO_SEQUENCE,
            base => increment_sequence(base, self.last_offset_delta()),
        }
    }

    /// How many records the batch claims to hold; `None` before magic 2. Compaction leaves fewer
    /// than the offsets span, down to 0. Claimed, so not a size to allocate.
    pub fn record_count(&self) -> Option<i32> {
        self.is_v2().then(|| i32::from_be_bytes(self.array(layout::RECORD_COUNT)))
    }

    /// Looks at `bytes`, known to begin with a whole header of magic 2.
    pub(crate) fn of_v2(bytes: &'a [u8]) -> Self {
        debug_assert!(bytes.len() >= layout::BATCH_OVERHEAD && bytes[layout::MAGIC] == 2);
        Self { bytes }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn v2<T>(&self, absent: T, read: impl FnOnce(&Self) -> T) -> T {
        if self.is_v2() { read(self) } else { absent }
    }

    fn array<const N: usize>(&self, position: usize) -> [u8; N] {
        array(self.bytes, position)
    }
}

impl fmt::Debug for BatchHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("magic", &self.magic())
            .field("offsets", &(self.base_offset()..=self.last_offset()))
            .field("sequences", &(self.base_sequence()..=self.last_sequence()))
            .field("producer_id", &self.producer_id())
            .field("producer_epoch", &self.producer_epoch())
            .field("partition_leader_epoch", &self.partition_leader_epoch())
            .field("is_transactional", &self.is_transactional())
            .field("is_control", &self.is_control())
            .field("compression", &self.compression())
            .field("timestamp_type", &self.timestamp_type())
            .field("max_timestamp", &self.max_timestamp())
            .field("size", &self.size())
            .finish()
    }
}

/// The `N` bytes at `position`. The caller has made sure that they are there.
fn array<const N: usize>(bytes: &[u8], position: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[position..position + N]);
    out
}
