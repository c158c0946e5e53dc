//! What can be seen of a node from outside of Kafka's protocol: `/metrics`, `/live`, `/ready`.
//!
//! `sources` is what is looked at, one file per area writes what it shows of it, with the rows of
//! `metrics::table`. All of it runs on the control runtime and yields between pieces.

mod bind;
mod cluster;
mod health;
mod logs;
mod network;
mod page;
mod partitions;
mod phase;
mod process;
mod quorum;
mod requests;
mod routes;
mod sources;
mod topics;
mod window;

pub(crate) use bind::Watch;
pub(crate) use phase::State;
pub(crate) use sources::Parts;
