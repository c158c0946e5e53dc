//! What a leader checks of a batch that a client produces (kafka-semantics A).

mod rejection;
mod validate;

pub use rejection::{InvalidBatch, RecordError, RecordErrors, RecordFault, Rejection};
pub use validate::{Codecs, ProduceRules, ProducedBatch, ValidBatch};
