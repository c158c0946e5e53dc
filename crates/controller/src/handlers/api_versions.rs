//! ApiVersions on a controller listener.

use metadata::features::{self, KRAFT_VERSION};
use wire::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use wire::messages::{ApiVersionsRequest, ApiVersionsResponse};
use wire::{ApiKey, ErrorCode, Str};

use crate::dispatch::SERVED;
use crate::handle::{Handle, RequestContext};

/// From this version on the client's name and version are in the request and checked.
const NAMED_CLIENT: i16 = 3;
/// Before this version, older Java clients fail on a supported feature that starts at 0.
const ZERO_FEATURES: i16 = 4;

impl Handle {
    /// What controller listeners serve, and the features of the cluster (kafka-apis 17 to 25).
    pub fn api_versions(
        &self,
        context: &RequestContext,
        request: &ApiVersionsRequest,
    ) -> ApiVersionsResponse {
        let named = [&request.client_software_name, &request.client_software_version];
        if context.api_version >= NAMED_CLIENT && !named.into_iter().all(|t| is_software_word(t)) {
            return ApiVersionsResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                ..ApiVersionsResponse::default()
            };
        }
        let mut api_keys: Vec<_> = SERVED.iter().map(|key| advertised(*key)).collect();
        api_keys.sort_unstable_by_key(|api| api.api_key);
        let image = self.metadata().image();
        let kraft_version = self.quorum().status().borrow().kraft_version;
        let finalized = image.features.levels().chain([(KRAFT_VERSION, kraft_version)]);
        ApiVersionsResponse {
            api_keys,
            supported_features: supported_features(context.api_version),
            finalized_features_epoch: image.provenance.last_contained_offset,
            finalized_features: finalized
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
}

fn advertised(key: ApiKey) -> ApiVersion {
    let spec = key.spec();
    ApiVersion {
        api_key: key.code(),
        min_version: spec.min_version,
        max_version: spec.stable_max_version(),
        ..ApiVersion::default()
    }
}

fn supported_features(version: i16) -> Vec<SupportedFeatureKey> {
    features::supported()
        .filter(|(_, range)| version >= ZERO_FEATURES || range.min > 0)
        .map(|(name, range)| SupportedFeatureKey {
            name: Str::from(name),
            min_version: range.min,
            max_version: range.max,
            ..SupportedFeatureKey::default()
        })
        .collect()
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` (kafka-apis 19).
fn is_software_word(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.into_iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && text.bytes().all(is_inner)
}
