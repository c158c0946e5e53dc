//! ApiVersions: what this broker understands (kafka-apis 17–25).

use ::metadata::features;
use wire::messages::{
    ApiVersionsRequest, ApiVersionsResponse,
    api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey},
};
use wire::{ApiKey, ErrorCode, Str};

use crate::dispatch::{SERVED, versions};
use crate::request::Request;

/// From this version on the client's name and version are in the request and checked.
const NAMED_CLIENT: i16 = 3;
/// Before this version, older Java clients fail on a supported feature that starts at 0.
const ZERO_FEATURES: i16 = 4;

/// The APIs of client telemetry.
const TELEMETRY: [ApiKey; 2] = [ApiKey::GetTelemetrySubscriptions, ApiKey::PushTelemetry];

/// Answers from the table of served APIs and the image's feature levels.
pub(crate) async fn handle(request: Request, message: ApiVersionsRequest) -> ApiVersionsResponse {
    if request.version >= NAMED_CLIENT {
        let named = [&message.client_software_name, &message.client_software_version];
        if !named.into_iter().all(|text| is_software_word(text)) {
            return ApiVersionsResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                ..ApiVersionsResponse::default()
            };
        }
        let [name, version] = named;
        request.session().set_software(name, version);
    }
    let unstable = request.broker.config().node.unstable_api_versions_enable;
    // Clients are told of telemetry where somebody receives it.
    let has_receiver = request.broker.telemetry.has_receiver();
    let served = SERVED.iter().filter(|key| has_receiver || !TELEMETRY.contains(key));
    let levels = &request.image.features;
    ApiVersionsResponse {
        api_keys: served.map(|key| advertised(*key, unstable)).collect(),
        supported_features: supported_features(request.version),
        finalized_features_epoch: request.image.provenance.last_contained_offset,
        finalized_features: levels
            .levels()
            .filter(|(_, level)| *level > 0)
            .map(|(name, level)| FinalizedFeatureKey {
                name: Str::copy_from(name),
                max_version_level: level,
                min_version_level: level,
                ..FinalizedFeatureKey::default()
            })
            .collect(),
        ..ApiVersionsResponse::default()
    }
}

/// The answer to a version that is too high: an error, and the one range the client needs to try
/// again (kafka-apis 17).
pub(crate) fn unsupported_version() -> ApiVersionsResponse {
    ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: vec![advertised(ApiKey::ApiVersions, false)],
        ..ApiVersionsResponse::default()
    }
}

fn advertised(key: ApiKey, unstable: bool) -> ApiVersion {
    let (min, max) = versions(key, unstable);
    // Released librdkafka asks whether Produce 0 is there when it means "may I compress?"; so
    // Apache Kafka says yes, and rejects it all the same (kafka-apis 21).
    let min = if key == ApiKey::Produce { 0 } else { min };
    ApiVersion { api_key: key.code(), min_version: min, max_version: max, ..ApiVersion::default() }
}

fn supported_features(version: i16) -> Vec<SupportedFeatureKey> {
    features::supported()
        .filter(|(_, range)| version >= ZERO_FEATURES || range.min > 0)
        .map(|(name, range)| SupportedFeatureKey {
            name: Str::copy_from(name),
            min_version: range.min,
            max_version: range.max,
            ..SupportedFeatureKey::default()
        })
        .collect()
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` (kafka-apis 19).
fn is_software_word(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.into_iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && text.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_names_are_checked() {
        // kafka-apis 19
        for good in ["a", "apache-kafka-java", "2.0.1", "a.b-c"] {
            assert!(is_software_word(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", "ä"] {
            assert!(!is_software_word(bad), "{bad}");
        }
    }

    #[test]
    fn a_version_too_high_learns_the_range() {
        // kafka-apis 17
        let response = unsupported_version();
        assert_eq!(response.error_code, ErrorCode::UnsupportedVersion.code());
        let keys: Vec<_> = response.api_keys.iter().map(|key| key.api_key).collect();
        assert_eq!(keys, [ApiKey::ApiVersions.code()]);
    }
}
