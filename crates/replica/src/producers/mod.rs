//! The idempotent and transactional producers of one partition (kafka-semantics B).

mod check;
mod entry;
mod states;
#[cfg(test)]
mod tests;

pub use check::{AppendOrigin, ProducerCheck};
pub use entry::{Appended, ProducerSnapshotEntry};
pub use states::{AbortedTransaction, ActiveProducer, CompletedTransaction, ProducerStates};
