//! Share groups (KIP-932, kafka-semantics L).
//!
//! Members send heartbeats; every member is given partitions by the `simple` assignor, several may
//! have the same. Before a partition can be assigned its state has to begin at a share coordinator:
//! the group writes that it is *initializing*, has that done outside, and writes that it is
//! *initialized*. The states of topics that are to be forgotten are *deleting* likewise.
//!
//! ```text
//! group epoch         subscriptions, topics or states changed     heartbeat.rs
//! assignment epoch    the target assignment is for it             assign.rs
//! member epoch        the target assignment the member has
//! states              initializing -> initialized -> deleting     states.rs, admin.rs
//! ```

mod admin;
mod assign;
mod heartbeat;
mod member;
mod part;
pub(crate) mod request;
pub(crate) mod serve;
mod state;
mod states;

pub use member::{Current, Subscription};
pub use part::{Epoch, Part, TargetEpoch};
pub(crate) use state::ShareGroup;
pub use states::{States, Tracked};
