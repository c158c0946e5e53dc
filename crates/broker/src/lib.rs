//! The broker: one handler file per API.
//!
//! `dispatch` takes a frame apart and knows which handler serves which API; `handlers/` holds one
//! file per API, each the door between wire types and the rest of the broker; `error_map` is the
//! one table from refusals to Kafka's error codes.

mod auto_create;
mod bounds;
mod broker_settings;
mod codecs;
mod connection;
mod directory_assignments;
mod dispatch;
mod error_map;
mod fetch_session;
mod groups;
mod handlers;
mod leader_hint;
mod lifecycle;
mod loggers;
mod once;
mod operations;
mod producer_ids;
mod replica_log;
mod reply;
mod request;
mod share;
mod state;
mod streams_topics;
mod telemetry;
mod to_controller;
mod topic_name;
mod transactions;

pub use bounds::{request_bytes_max, request_estimate};
pub use connection::BrokerDoor;
pub use directory_assignments::keep_directories_assigned;
pub use dispatch::SERVED;
pub use lifecycle::{Introduction, Lifecycle, Refused, ShutdownOrder};
pub use loggers::{LogLevel, LogLevels, LogOutput, Loggers, ROOT as ROOT_LOGGER};
pub use state::{Broker, BrokerParts};
pub use telemetry::Receiver as TelemetryReceiver;
pub use to_controller::{Answer, NoController, ToController};
