//! A share partition: the records of one partition that a share group has out for delivery.
//!
//! ```text
//!            start offset                      end offset
//!                 v                                v
//!  ... done ...   | in flight: runs of one state   | not yet fetched ...
//! ```
//!
//! The window holds *batches*, the stretches that were acquired at once. A batch is in one state
//! until somebody acknowledges a part of it; from then on it is *tracked* offset by offset. States
//! are kept by runs of offsets, so that memory follows what was said of records, not how many there
//! are.

mod aborted;
mod acknowledge;
mod acquire;
mod batch;
mod log_start;
mod record;
mod release;
mod settings;
mod start;
mod window;
mod write;

pub use aborted::AbortedTransaction;
pub use acknowledge::{AckError, Acknowledgement};
pub use acquire::{Acquire, AcquireMode, Acquired, AcquiredRange, Fetched, FetchedBatch};
pub use record::RecordState;
pub use settings::Settings;
pub use start::StartError;
pub use window::SharePartition;
pub use write::{StateWrite, WriteId};
