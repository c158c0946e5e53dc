//! Share groups (KIP-932) as pure machines.
//!
//! [`coordinator::Shard`] is the share coordinator, which keeps the state of share partitions in
//! `__share_group_state`; [`partition::SharePartition`] is what the leader of a partition has out for
//! delivery; [`session::Sessions`] are what members fetch.

pub mod coordinator;
pub mod partition;
pub mod session;

mod batch;
mod key;

pub use batch::{NO_OFFSET, StateBatch, combine};
pub use key::ShareKey;
