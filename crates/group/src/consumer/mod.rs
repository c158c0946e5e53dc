//! Consumer groups (KIP-848, kafka-semantics J).
//!
//! Members send heartbeats that say what they are subscribed to and what they own; the coordinator
//! computes who shall have what (the *target assignment*) and leads every member there step by
//! step (*reconciliation*), so that a partition has one owner at a time. Everything about a group
//! is in its records; a heartbeat returns what changes.
//!
//! ```text
//! group epoch         subscriptions or topics changed       heartbeat.rs
//! assignment epoch    the target assignment is for it       assign/
//! member epoch        how far the member has come           reconcile.rs
//! ```

mod assign;
mod convert;
mod describe;
mod hash;
mod heartbeat;
mod leave;
mod member;
mod mixed;
mod offsets;
mod part;
mod reconcile;
mod regex;
pub(crate) mod request;
mod state;
mod subscribe;

pub use assign::Assignor;
pub(crate) use hash::TopicHashes;
pub use member::{Current, EpochPartitions, MemberState, Partitions, Subscription};
pub use part::{Epoch, Part, Resolved, TargetEpoch};
pub use regex::{RegexesResolved, ResolveRegexes};
pub(crate) use state::ConsumerGroup;
