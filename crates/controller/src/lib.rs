//! The active controller: turns requests into metadata records and waits for their commit.
//!
//! Two tasks. The *publisher* ([`follow`]) runs on every node: it folds what the quorum commits
//! into images and shows them, with what changed, to everybody. The *controller* ([`start`]) runs
//! where `process.roles` has `controller`: while the node leads the quorum, requests pass through
//! it one at a time, the machine of [`metadata::controller`] decides, the records are appended,
//! and the answer leaves once they are committed and the node's own image shows them.
//!
//! **Boundary.** Wire types of requests stop in `handlers`, one file per API; only `error_map`
//! knows error codes. Nothing here decides.

mod active;
mod dispatch;
mod error_map;
mod handle;
mod handlers;
mod operation;
mod publisher;
mod registration;
mod snapshots;
mod task;
mod timers;

pub use dispatch::SERVED;
pub use handle::{Handle, RequestContext, start};
pub use handlers::{describe_configs, described};
pub use publisher::{LeaderChange, Metadata, MetadataEvent, PublisherError, follow};
pub use registration::{Introduction, keep_registered};
