//! Client telemetry (KIP-714) as a pure machine, and what clients push as JSON.
//!
//! [`ClientMetrics`] is the machine: which client is to push what and how often, and which pushes
//! are taken. [`otlp`] turns the metrics of a push into a line of OTLP's JSON.

mod client;
mod client_metrics;
mod instance;
mod java_set;
pub mod otlp;
mod pattern;
mod refusal;
mod subscription;

pub use client::Client;
pub use client_metrics::{ClientMetrics, INSTANCES_MAX, Push};
pub use instance::Subscribed;
pub use pattern::{Pattern, PatternError};
pub use refusal::Refusal;
pub use subscription::Subscription;
