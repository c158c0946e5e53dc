//! Seeded simulation of a whole node under faults, with clients and a checker of their history.
//!
//! [`Plan`] is what a run does, all of it from one seed; [`run()`] does it: the node of `ottla` runs
//! on `env`'s simulated world while clients use it and faults strike, then faults end and everybody
//! has to get on, then everything is read. [`invariants`] are held against the [`history`].

mod audit;
mod faults;
pub mod history;
mod host;
pub mod invariants;
mod plan;
mod report;
mod run;
mod value;
mod workload;

pub use audit::Kept;
pub use faults::Fault;
pub use plan::{Cleanup, ClientPlan, Plan, TopicPlan};
pub use run::{Outcome, run};
