//! The log as its users see it, on the machine's own files and on simulated ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

mod append;
mod compaction;
mod compaction_crash;
mod concurrency;
mod damage;
mod dirs;
mod identity;
mod idle;
mod model;
mod moves;
mod recovery;
mod retention;
mod roll;
mod transactions;
