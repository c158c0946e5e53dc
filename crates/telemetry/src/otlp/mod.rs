//! What clients push: `MetricsData` of OpenTelemetry's protocol (OTLP), and the same as JSON.
//!
//! [`schema`] is a table of the messages, [`wire`](mod@wire) reads protobuf's encoding, and
//! [`json_line`] writes what it finds, by the table, in OTLP's JSON.

mod json;
mod schema;
mod wire;

pub use json::json_line;

/// Why metrics cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not of protobuf's encoding, or not of the message expected.
    #[error("no metrics of OTLP: {0}")]
    Malformed(&'static str),
    /// As JSON they would take more than the limit.
    #[error("the metrics take more than {0} bytes as JSON")]
    TooLarge(usize),
}
