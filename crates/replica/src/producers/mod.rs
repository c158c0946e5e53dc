//! The idempotent and transactional producers of one partition (kafka-semantics B).

mod check;
mod entry;
mod states;
#[cfg(test)]
mod tests;
mod verification;

pub use check::{AppendOrigin, ProducerCheck, TransactionEnd};
pub use entry::{Appended, ProducerSnapshotEntry};
pub use states::{AbortedTransaction, ActiveProducer, CompletedTransaction, ProducerStates};
pub use verification::{VerificationGuard, Verifications, Verified};
