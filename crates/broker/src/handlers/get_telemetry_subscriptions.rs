//! GetTelemetrySubscriptions: which metrics a client is to push, and how often (KIP-714,
//! kafka-semantics 236).

use records::Compression;
use wire::ErrorCode;
use wire::messages::{GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse};

use crate::error_map;
use crate::request::Request;

/// Codecs for what is pushed, the best first.
const CODECS: [Compression; 4] =
    [Compression::Zstd, Compression::Lz4, Compression::Gzip, Compression::Snappy];

/// Answers from the subscriptions.
pub(crate) async fn handle(
    request: Request,
    message: GetTelemetrySubscriptionsRequest,
) -> GetTelemetrySubscriptionsResponse {
    let broker = &request.broker;
    match broker.telemetry.get(&request, message.client_instance_id) {
        Ok(subscribed) => GetTelemetrySubscriptionsResponse {
            error_code: ErrorCode::None.code(),
            client_instance_id: subscribed.client_instance_id,
            subscription_id: subscribed.subscription_id,
            accepted_compression_types: CODECS.map(|codec| codec.id().cast_signed()).to_vec(),
            push_interval_ms: subscribed.push_interval_ms,
            telemetry_max_bytes: broker.config().node.telemetry_max_bytes,
            delta_temporality: true,
            requested_metrics: subscribed.metrics.to_vec(),
            ..GetTelemetrySubscriptionsResponse::default()
        },
        Err(refusal) => GetTelemetrySubscriptionsResponse {
            error_code: error_map::telemetry(&refusal).code(),
            ..GetTelemetrySubscriptionsResponse::default()
        },
    }
}
