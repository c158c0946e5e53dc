//! What can be wrong with a batch.

use crate::Compression;

/// Why bytes could not be read as records.
///
/// The variants follow what a caller does about it: [`Error::Corrupt`] means the bytes changed
/// since they were written (`CORRUPT_MESSAGE`), the others mean that whoever wrote them wrote
/// something that is not a batch, or one that is not served here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The batch does not hold together: size, magic or checksum.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// A record inside a batch is not laid out as a record.
    #[error("invalid record structure: {0}")]
    Record(&'static str),
    /// The attributes name a compression type that does not exist (5, 6 or 7).
    #[error("unknown compression type id {0}")]
    UnknownCompression(u8),
    /// The compressed part of a batch is not a valid stream of its codec.
    #[error("cannot decompress the {compression} records: {reason}")]
    Decompression {
        /// The codec that refused.
        compression: Compression,
        /// What the codec said.
        reason: String,
    },
    /// The records are larger, once decompressed, than the caller allows.
    #[error("decompressed records exceed the limit of {limit} bytes")]
    DecompressedTooLarge {
        /// The caller's limit.
        limit: usize,
    },
}

/// How a batch fails to hold together. The texts are those Apache Kafka answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Corruption {
    /// The size field claims less than the smallest batch of its format.
    #[error("Record size {size} is less than the minimum record overhead ({minimum})")]
    TooSmall {
        /// The size field: bytes after itself.
        size: i32,
        /// The smallest that the format allows.
        minimum: i32,
    },
    /// The magic byte is none of 0, 1, 2.
    #[error("Invalid magic found in record: {0}")]
    Magic(i8),
    /// The checksum does not match the bytes.
    #[error("stored crc = {stored}, computed crc = {computed}")]
    Checksum {
        /// The checksum in the batch.
        stored: u32,
        /// The checksum of its bytes.
        computed: u32,
    },
}
