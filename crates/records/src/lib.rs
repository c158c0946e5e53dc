//! Record batches: view, validate, iterate, build, compress.
//!
//! Pure: bytes in, bytes or values out. The format is `kafka-storage` 3.1 (batch v2, `magic` 2);
//! the older message sets (`magic` 0 and 1) can be read through the same types, never written.
//!
//! - [`BatchHeader`] and [`BatchView`] look at bytes without copying; [`batches`] walks a buffer.
//! - [`StampedBatch`] gives a produced batch its offset and leader epoch without touching its body.
//! - [`ProducedBatch`] validates what a client produces.
//! - [`BatchView::with_records`] and [`BatchView::without_records`] make what compaction leaves.
//! - [`BatchView::records`] iterates the records, decompressing within a bound.

mod batch;
mod batches;
mod build;
mod checksum;
mod compact;
mod compression;
mod control;
mod error;
mod header;
mod legacy;
mod produce;
mod record;
mod records;
mod stamp;
mod varint;

pub use batch::BatchView;
pub use batches::{Batches, batches};
pub use build::{BatchBuilder, Producer};
pub use checksum::crc32c;
pub use compression::{Codec, Compressor, Decompressor};
pub use control::{ControlType, EndTxnMarker};
pub use error::{Corruption, Error};
pub use header::{BatchHeader, Compression, TimestampType, layout};
pub use produce::{
    Codecs, InvalidBatch, ProduceRules, ProducedBatch, RecordError, RecordErrors, RecordFault,
    Rejection, ValidBatch,
};
pub use record::{Header, Headers, Record, RecordView};
pub use records::{RecordIter, Records};
pub use stamp::{StampedBatch, TimestampStamp};

/// "No producer": the producer id of a batch that is not idempotent.
pub const NO_PRODUCER_ID: i64 = -1;
/// "No producer": the producer epoch of a batch that is not idempotent.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// "No sequence": the base sequence of a batch that is not idempotent, and of control batches.
pub const NO_SEQUENCE: i32 = -1;
/// "No timestamp": of a record whose producer set none.
pub const NO_TIMESTAMP: i64 = -1;
/// "No leader epoch": of batches that were never stamped by a leader, and of `magic` 0 and 1.
pub const NO_PARTITION_LEADER_EPOCH: i32 = -1;

/// The sequence number `increment` after `sequence`: after 2147483647 comes 0 (kafka-semantics 29).
/// Numbers that no batch should carry, negative ones, give something, as in Kafka.
pub fn increment_sequence(sequence: i32, increment: i32) -> i32 {
    if sequence > i32::MAX.wrapping_sub(increment) {
        increment.wrapping_sub(i32::MAX.wrapping_sub(sequence)).wrapping_sub(1)
    } else {
        sequence.wrapping_add(increment)
    }
}

/// The sequence number `decrement` before `sequence`; the inverse of [`increment_sequence`].
pub fn decrement_sequence(sequence: i32, decrement: i32) -> i32 {
    if sequence < decrement {
        i32::MAX.wrapping_sub(decrement.wrapping_sub(sequence)).wrapping_add(1)
    } else {
        sequence.wrapping_sub(decrement)
    }
}
