//! The share coordinator: one partition of `__share_group_state`.

mod error;
mod journal;
mod outcome;
mod request;
mod settings;
mod shard;
mod state;

pub use error::{Error, JournalError};
pub use journal::{Record, Snapshot, Stored, Update};
pub use outcome::{Answer, Command, Effect, Outcome, Timer};
pub use request::{
    Call, Delete, Initialize, Pruned, Read, ReadState, ReadSummary, Request, Response, Summary,
    TopicsDeleted, Write,
};
pub use settings::Settings;
pub use shard::Shard;
