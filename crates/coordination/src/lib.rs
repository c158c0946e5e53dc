//! Runs coordinator shards: loads by replay, appends, answers at the high watermark, expires by
//! timer.
//!
//! [`Coordinator`] holds the shards of one internal topic, [`Shard`] is what a machine has to be,
//! [`ShardLog`] what its log can do. [`GroupCoordinator`] is the one for groups.

mod coordinator;
mod error;
mod group;
mod log;
mod place;
mod reply;
mod settings;
mod shard;
mod task;
mod timers;

pub use coordinator::Coordinator;
pub use error::{Error, LogError};
pub use group::{GROUP_TOPIC, GroupCoordinator};
pub use log::{ShardLog, Wait};
pub use place::Status;
pub use reply::Reply;
pub use settings::{Linger, Settings};
pub use shard::{Answer, Command, Outcome, Shard, Token};
