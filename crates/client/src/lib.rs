//! The small asynchronous Kafka client used between nodes and by tools.

mod cluster;
mod connection;
mod error;

pub use cluster::{ClientConfig, Cluster};
pub use connection::Connection;
pub use error::{Error, check};
