//! Feature levels.

use wire::messages::update_features_request::FeatureUpdateKey;
use wire::messages::{ApiVersionsResponse, UpdateFeaturesRequest};
use wire::{ApiKey, Str};

use super::{Admin, CHANGE_TIMEOUT_MS, again};
use crate::error::{Error, check};

/// A change of one feature's level.
#[derive(Debug, Clone)]
pub struct FeatureChange {
    /// The feature.
    pub feature: Str,
    /// Its new level; 0 takes it away.
    pub level: i16,
    /// 1 upgrade, 2 downgrade without loss, 3 downgrade with loss.
    pub kind: i8,
}

impl Admin {
    /// Which features the server supports and at which levels they are; of a node by its id, or of
    /// any.
    ///
    /// # Errors
    /// It is not to be reached.
    pub async fn describe_features(&self, node: Option<i32>) -> Result<ApiVersionsResponse, Error> {
        let connection = match node {
            Some(id) => self.cluster.broker(id).await?,
            None => self.cluster.control().await?,
        };
        Ok(connection.api_versions().clone())
    }

    /// Changes levels, or only asks whether they could be changed; the outcome of each feature.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn update_features(
        &self,
        changes: &[FeatureChange],
        validate_only: bool,
    ) -> Result<Vec<(Str, Result<(), Error>)>, Error> {
        let connection = self.cluster.control().await?;
        let version = connection.version(ApiKey::UpdateFeatures, i16::MAX)?;
        let update = |change: &FeatureChange| FeatureUpdateKey {
            feature: change.feature.clone(),
            max_version_level: change.level,
            allow_downgrade: version == 0 && change.kind != 1,
            upgrade_type: if version == 0 { 1 } else { change.kind },
            ..FeatureUpdateKey::default()
        };
        let request = UpdateFeaturesRequest {
            timeout_ms: CHANGE_TIMEOUT_MS,
            feature_updates: changes.iter().map(update).collect(),
            validate_only,
            ..UpdateFeaturesRequest::default()
        };
        let response = connection.call(&request).await?;
        if let Err(error) = check(response.error_code, response.error_message.as_deref()) {
            let all = changes.iter().map(|change| (change.feature.clone(), Err(again(&error))));
            return Ok(all.collect());
        }
        // Newer servers name failures only.
        let result = |change: &FeatureChange| {
            let named = response.results.iter().find(|result| result.feature == change.feature);
            let result = named
                .map_or(Ok(()), |result| check(result.error_code, result.error_message.as_deref()));
            (change.feature.clone(), result)
        };
        Ok(changes.iter().map(result).collect())
    }
}
