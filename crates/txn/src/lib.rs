//! The transaction coordinator as a pure machine.
//!
//! [`Shard`] is the machine, [`Outcome`] what it wants done, [`Request`] and [`Response`] what it is
//! asked and answers, [`Record`] what it stores.

mod add;
mod end;
mod ending;
mod error;
mod init;
mod journal;
mod look;
mod outcome;
mod periodic;
mod request;
mod settings;
mod shard;
mod state;
mod transaction;
mod version;
mod waiting;

pub use error::{Error, JournalError};
pub use journal::Record;
pub use outcome::{AfterWrite, Answer, Command, Effect, Markers, Outcome, Timer, Token};
pub use request::{
    AddPartitions, AwaitSettled, Call, DescribeTransaction, DescribedTransaction, EndTxn,
    InitProducerId, ListTransactions, ListedTransaction, MarkerResult, MarkersWritten,
    ProducerIdAllocated, Request, Response, VerifyPartitions, VersionChanged,
};
pub use settings::Settings;
pub use shard::Shard;
pub use transaction::{ProducerIdAndEpoch, Status, TopicPartition, Transaction, is_status_name};
pub use version::TransactionVersion;
