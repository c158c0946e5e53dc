//! Share groups on this broker.
//!
//! `state` is the share coordinator, which keeps the state of share partitions. `partition` is a
//! share partition on its leader, `table` all of them and the share sessions; `fetch` waits for
//! records to acquire, `acknowledge` takes what members say of them, `walk` looks at the batches of a
//! stretch of a log file. `begin` lets the states of a group's share partitions begin and end at their
//! coordinators. `settings` are those of a group.

mod acknowledge;
mod begin;
mod fetch;
mod partition;
mod settings;
mod state;
mod table;
mod walk;

pub(crate) use acknowledge::{Acks, Said, Told};
pub(crate) use begin::first_error;
pub(crate) use fetch::{FetchAsk, Found};
pub(crate) use settings::is_enabled;
pub(crate) use state::{StateCall, coordinator, state_key};
pub(crate) use table::Shares;
