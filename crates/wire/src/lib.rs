//! Kafka's messages and stored records: types, codec, API keys, error codes.
//!
//! The messages are generated from the definitions in `messages/` by `cargo xtask codegen`; the
//! generated code is checked in under `src/generated/`.

mod api;
mod control;
mod error;
mod error_code;
mod framing;
#[allow(
    missing_docs,
    clippy::large_enum_variant,
    reason = "names and meaning of fields are Kafka's own; requests and responses are moved once"
)]
mod generated;
mod primitives;
mod record_frame;

pub use api::{ApiRequest, ApiSpec, Encode, Message};
pub use bytes::Bytes;
pub use control::ControlRecord;
pub use error::{DecodeError, EncodeError};
pub use error_code::{ErrorCode, Remedy};
pub use framing::{request_frame, response_frame};
pub use generated::api_key::ApiKey;
pub use generated::header::{RequestHeader, ResponseHeader};
pub use generated::request::Request;
pub use generated::response::Response;
pub use generated::{consumer_protocol, header, messages, principal, stored};
pub use primitives::{
    Element, FileRange, Frame, ParseUuidError, Piece, RangeSource, Reader, Records, Str,
    TaggedFields, Uuid, Writer, varint,
};
