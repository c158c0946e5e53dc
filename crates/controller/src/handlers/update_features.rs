//! UpdateFeatures.

use metadata::controller::{Error, FeatureUpdate, Message, Reason, UpdateFeatures, UpgradeType};
use wire::messages::update_features_request::FeatureUpdateKey;
use wire::messages::update_features_response::UpdatableFeatureResult;
use wire::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

/// Up to this version the response names every feature.
const PER_FEATURE_RESULTS: i16 = 1;

impl Handle {
    /// Sets features, all or none (kafka-semantics 223).
    pub async fn update_features(
        &self,
        context: &RequestContext,
        request: UpdateFeaturesRequest,
    ) -> UpdateFeaturesResponse {
        let updates: Vec<FeatureUpdate> = request.feature_updates.iter().map(from_wire).collect();
        let names: Vec<Str> = updates.iter().map(|update| update.name.clone()).collect();
        let wanted = UpdateFeatures { updates, validate_only: request.validate_only };
        match self.ask(None, |reply| Operation::UpdateFeatures(wanted, reply)).await {
            Ok(_) => {
                let results = names.into_iter().map(|feature| UpdatableFeatureResult {
                    feature,
                    // Kafka's text for "no error".
                    error_message: Some(Str::from(ErrorCode::None.name())),
                    ..UpdatableFeatureResult::default()
                });
                UpdateFeaturesResponse {
                    error_message: None,
                    results: match context.api_version <= PER_FEATURE_RESULTS {
                        true => results.collect(),
                        false => Vec::new(),
                    },
                    ..UpdateFeaturesResponse::default()
                }
            }
            Err(error) => {
                let (error_code, error_message) = error_map::to_wire(&for_all(error));
                UpdateFeaturesResponse {
                    error_code,
                    error_message,
                    ..UpdateFeaturesResponse::default()
                }
            }
        }
    }
}

fn from_wire(update: &FeatureUpdateKey) -> FeatureUpdate {
    FeatureUpdate {
        name: update.feature.detach(),
        level: update.max_version_level,
        upgrade_type: match update.upgrade_type {
            1 => UpgradeType::Upgrade,
            2 => UpgradeType::SafeDowngrade,
            3 => UpgradeType::UnsafeDowngrade,
            _ => UpgradeType::Unknown,
        },
    }
}

/// One feature that cannot be set keeps all others from it.
fn for_all(error: Error) -> Error {
    match (error.reason, error.message) {
        (Reason::InvalidUpdateVersion, Message::Text(text)) => {
            let text = format!(
                "The update failed for all features since the following feature had an error: \
                 {text}"
            );
            Error::new(Reason::InvalidUpdateVersion, text)
        }
        (reason, message) => Error { reason, message },
    }
}
