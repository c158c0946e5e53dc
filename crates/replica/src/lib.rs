//! One partition replica as a pure machine: epochs, producer state, high watermark, ISR, read bounds.
//!
//! Nothing here reads a clock, a file or a socket: time and log offsets are arguments, what is to
//! be done comes back as values.
//!
//! - [`LeaderEpochs`]: which leader epoch began at which offset, and where two logs diverge.
//! - [`ProducerStates`]: idempotent and transactional producers of the partition.

mod error;
mod leader_epochs;
mod producers;

pub use error::ProducerError;
pub use leader_epochs::{EpochEndOffset, EpochEntry, LeaderEpochs};
pub use producers::{
    AbortedTransaction, ActiveProducer, AppendOrigin, Appended, CompletedTransaction,
    ProducerCheck, ProducerSnapshotEntry, ProducerStates,
};
