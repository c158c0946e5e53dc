//! The log of a shard, as its driver needs it.

use std::fmt::Debug;
use std::pin::Pin;

use bytes::Bytes;
use replica::{TransactionEnd, Verified};

use crate::error::LogError;

/// Something that is awaited.
pub type Wait<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The partition behind a shard, led by this broker.
///
/// ```text
///  log start             high watermark       log end
///      v                       v                 v
///      | committed records ... | written ...     |
///      `------- read() --------------------------'
/// ```
///
/// All methods may be called until the partition has another leader; from then on `append` and
/// `committed` fail with [`LogError::NotLeader`].
pub trait ShardLog: Send + Sync + Debug + 'static {
    /// The first offset there is.
    fn log_start_offset(&self) -> i64;

    /// The offset the next record gets.
    fn log_end_offset(&self) -> i64;

    /// Records below it are committed. It never goes back while this broker leads.
    fn high_watermark(&self) -> i64;

    /// The largest batch that `append` takes, in bytes (`max.message.bytes`).
    fn max_batch_bytes(&self) -> usize;

    /// Appends one batch as leader of `leader_epoch`, and returns the offset of its first record.
    /// `verified` matters to batches of transactions. Must not wait for anything but the file
    /// system's cache.
    fn append(&self, leader_epoch: i32, batch: Bytes, verified: Verified) -> Result<i64, LogError>;

    /// Appends the marker that ends a transaction, and returns its offset.
    fn append_end(&self, leader_epoch: i32, end: &TransactionEnd) -> Result<i64, LogError>;

    /// Waits until the high watermark is `offset` or above, and returns it.
    fn committed(&self, offset: i64) -> Wait<Result<i64, LogError>>;

    /// Reads whole batches from the one that holds `offset` on: at least one, further ones up to
    /// `max_bytes`, none at the end of the log. Sees what is not committed, too.
    fn read(&self, offset: i64, max_bytes: usize) -> Wait<Result<Bytes, LogError>>;
}
