//! The door between the quorum's terms and Kafka's messages. Nothing else in this crate knows
//! the fields of requests and responses.

mod errors;
mod from_wire;
mod to_wire;

pub(crate) use from_wire::{refusal, request as request_from_wire, response as response_from_wire};
pub(crate) use to_wire::{Payload, request as request_to_wire, response as response_to_wire};

use wire::Uuid;

/// Name of the metadata log's topic.
pub const METADATA_TOPIC: &str = "__cluster_metadata";
/// Its id.
pub const METADATA_TOPIC_ID: Uuid = Uuid::from_halves(0, 1);
/// Its only partition.
pub const METADATA_PARTITION: i32 = 0;
