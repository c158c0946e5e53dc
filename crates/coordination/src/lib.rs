//! Runs coordinator shards: loads by replay, appends, answers at the high watermark, expires by
//! timer.
//!
//! [`Coordinator`] holds the shards of one internal topic, [`Shard`] is what a machine has to be,
//! [`ShardLog`] what its log can do. [`GroupCoordinator`] is the one for groups,
//! [`TransactionCoordinator`] the one for transactions, [`ShareCoordinator`] the one for share groups.

mod coordinator;
mod error;
mod group;
mod log;
mod partition;
mod place;
mod reply;
mod settings;
mod shard;
mod share;
mod task;
mod timers;
mod txn;

pub use coordinator::Coordinator;
pub use error::{Error, LogError};
pub use group::{GROUP_TOPIC, GroupCoordinator};
pub use log::{ShardLog, Wait};
pub use partition::partition_for;
pub use place::Status;
pub use reply::Reply;
pub use settings::{Linger, Settings};
pub use shard::{Answer, Command, InTransaction, Origin, Outcome, Shard, Token};
pub use share::{SHARE_TOPIC, ShareCoordinator};
pub use txn::{TRANSACTION_TOPIC, TransactionCoordinator};
