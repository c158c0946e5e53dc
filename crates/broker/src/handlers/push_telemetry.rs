//! PushTelemetry: metrics of a client (KIP-714, kafka-semantics 237).

use records::{Compression, Decompressor};
use telemetry::{Client, Push};
use wire::ErrorCode;
use wire::messages::{PushTelemetryRequest, PushTelemetryResponse};

use crate::error_map;
use crate::request::Request;
use crate::telemetry::NotReceived;

/// The codecs are framed as in batches of this version.
const MAGIC: i8 = 2;

/// Takes the metrics if the machine lets the client push.
pub(crate) async fn handle(
    request: Request,
    message: PushTelemetryRequest,
) -> PushTelemetryResponse {
    let telemetry = &request.broker.telemetry;
    let id = message.client_instance_id;
    let push = Push {
        client_instance_id: id,
        subscription_id: message.subscription_id,
        terminating: message.terminating,
        compression_type: message.compression_type,
        length: message.metrics.len(),
    };
    let error = match telemetry.push(&request, &push) {
        Err(refusal) => error_map::telemetry(&refusal),
        Ok(_) if message.metrics.is_empty() => ErrorCode::None,
        Ok(client) => match receive(&request, &client, &message) {
            Ok(()) => ErrorCode::None,
            Err(error) => {
                tracing::debug!("the metrics of client instance {id} are not received: {error}");
                telemetry.not_received(id);
                ErrorCode::InvalidRecord
            }
        },
    };
    PushTelemetryResponse { error_code: error.code(), ..PushTelemetryResponse::default() }
}

/// Unpacks metrics, within the bound of what a client may push, and hands them on.
fn receive(
    request: &Request,
    client: &Client,
    message: &PushTelemetryRequest,
) -> Result<(), NotReceived> {
    let broker = &request.broker;
    let codec = u8::try_from(message.compression_type).unwrap_or(u8::MAX);
    let compression = Compression::from_id(codec)?;
    let mut decompressor = Decompressor::default();
    let metrics = match compression {
        Compression::None => &message.metrics[..],
        _ => {
            let max = broker.telemetry_max_bytes();
            decompressor.decompress(compression, MAGIC, &message.metrics, max)?
        }
    };
    broker.telemetry.receive(broker, message.client_instance_id, client, metrics)
}
