//! Feature levels that go up, and sometimes down (kafka-semantics 223).

use std::collections::HashSet;

use wire::Str;
use wire::stored::metadata::{FeatureLevelRecord, MetadataRecord, NoOpRecord};

use super::error::{Error, Reason, Result};
use super::{Controller, Decision};
use crate::MetadataVersion;
use crate::features::{
    self, ELIGIBLE_LEADER_REPLICAS_VERSION, KRAFT_VERSION, LevelRange, reason_not_allowed,
};

/// Features to set.
#[derive(Clone, Debug, Default)]
pub struct UpdateFeatures {
    /// The features; of several with one name the last counts.
    pub updates: Vec<FeatureUpdate>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// One feature to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    /// The feature.
    pub name: Str,
    /// The level it is to have.
    pub level: i16,
    /// Whether it may go down.
    pub upgrade_type: UpgradeType,
}

/// Whether a feature may go down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeType {
    /// Only up.
    Upgrade,
    /// Down if nothing is lost.
    SafeDowngrade,
    /// Down at any price.
    UnsafeDowngrade,
    /// A value that has no meaning.
    Unknown,
}

/// The quorum's part in a change of features.
#[derive(Clone, Debug)]
pub struct QuorumFeatures {
    /// The level of the feature `kraft.version`.
    pub kraft_version: i16,
    /// The voters; each must have registered for the controllers' support to be known.
    pub voter_ids: Vec<i32>,
}

/// What the quorum has to do before the records are appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeaturesUpdated {
    /// The level `kraft.version` is to be raised to, by a control record of the quorum, or only
    /// checked for if the request is.
    pub kraft_version: Option<i16>,
}

impl Controller {
    /// Sets features, all or none.
    ///
    /// # Errors
    /// `InvalidUpdateVersion` with Kafka's text.
    pub fn update_features(
        &self,
        request: &UpdateFeatures,
        quorum: &QuorumFeatures,
    ) -> Result<Decision<FeaturesUpdated>> {
        let mut seen = HashSet::new();
        let last = request.updates.iter().rev().filter(|update| seen.insert(&update.name));
        let mut updates: Vec<&FeatureUpdate> = last.collect();
        updates.reverse();
        let proposed = updates
            .iter()
            .find(|update| update.name == *MetadataVersion::FEATURE_NAME)
            .and_then(|update| MetadataVersion::from_level(update.level))
            .unwrap_or_else(|| self.metadata_version());
        let mut records = Vec::new();
        let mut updated = FeaturesUpdated { kraft_version: None };
        let mut is_elr_wanted = false;
        for update in updates {
            self.check_update(update, quorum)?;
            match update.name.as_str() {
                MetadataVersion::FEATURE_NAME => records.push(self.set_metadata_version(update)?),
                KRAFT_VERSION => {
                    if self.raise_kraft_version(update, quorum)? {
                        updated.kraft_version = Some(update.level);
                        // So that there is an offset to wait for.
                        records.push(MetadataRecord::NoOp(NoOpRecord::default()));
                    }
                }
                name => {
                    if let Some(reason) = reason_not_allowed(name, update.level, proposed) {
                        return Err(invalid_update(update, &reason));
                    }
                    is_elr_wanted |= name == ELIGIBLE_LEADER_REPLICAS_VERSION && update.level > 0;
                    records.push(level_record(update));
                }
            }
        }
        if request.validate_only {
            return Ok(Decision::read_only(updated));
        }
        if is_elr_wanted {
            records.splice(0..0, self.elr_safety_records());
        }
        Ok(Decision::atomic(records, updated))
    }

    fn check_update(&self, update: &FeatureUpdate, quorum: &QuorumFeatures) -> Result<()> {
        let refuse = |reason: &str| Err(invalid_update(update, reason));
        if update.upgrade_type == UpgradeType::Unknown {
            return refuse("The controller does not support the given upgrade type.");
        }
        if update.level < 0 {
            return refuse("A feature version cannot be less than 0.");
        }
        if let Some(reason) = self.reason_not_supported(update, quorum) {
            return refuse(&reason);
        }
        let current = match update.name.as_str() {
            KRAFT_VERSION => quorum.kraft_version,
            name => self.image.features.level(name),
        };
        let is_upgrade = update.upgrade_type == UpgradeType::Upgrade;
        if update.level < current && is_upgrade {
            return refuse(
                "Can't downgrade the version of this feature without setting the upgrade type to \
                 either safe or unsafe downgrade.",
            );
        }
        if update.level > current && !is_upgrade {
            return refuse("Can't downgrade to a newer version.");
        }
        Ok(())
    }

    /// This controller, every broker and every other controller must support the level.
    fn reason_not_supported(
        &self,
        update: &FeatureUpdate,
        quorum: &QuorumFeatures,
    ) -> Option<String> {
        let node_id = self.settings.node_id();
        let local = features::supported().find(|(name, _)| update.name == **name);
        let local = local.map_or(LevelRange::DISABLED, |(_, range)| range);
        let of = |features: &std::collections::BTreeMap<Str, LevelRange>| {
            features.get(&update.name).copied().unwrap_or(LevelRange::DISABLED)
        };
        let cluster = &self.image.cluster;
        let brokers =
            cluster.brokers.values().map(|b| (format!("Broker {}", b.id), of(&b.features)));
        let can_register = self.metadata_version().is_controller_registration_supported();
        let controllers = cluster
            .controllers
            .values()
            .filter(|controller| can_register && controller.id != node_id)
            .map(|c| (format!("Controller {}", c.id), of(&c.features)));
        let mut everybody = std::iter::once((format!("Local controller {node_id}"), local))
            .chain(brokers)
            .chain(controllers);
        let unsupported = everybody.find(|(_, range)| !range.contains(update.level));
        if let Some((who, range)) = unsupported {
            return Some(match range.max {
                0 => format!("{who} does not support this feature."),
                max if max == range.min => format!("{who} only supports versions {max}"),
                max => format!("{who} only supports versions {}-{max}", range.min),
            });
        }
        let is_unregistered = |id: &&i32| **id != node_id && !cluster.controllers.contains_key(id);
        let unregistered = quorum.voter_ids.iter().find(is_unregistered)?;
        can_register.then(|| {
            format!(
                "controller {unregistered} has not registered, and may not support this feature"
            )
        })
    }

    fn set_metadata_version(&self, update: &FeatureUpdate) -> Result<MetadataRecord> {
        let current = self.metadata_version();
        let Some(wanted) = MetadataVersion::from_level(update.level) else {
            let text = format!(
                "Invalid metadata.version {}. Valid versions are from {} to {}.",
                update.level,
                MetadataVersion::MINIMUM.level(),
                MetadataVersion::LATEST_TESTING.level()
            );
            return Err(Error::new(Reason::InvalidUpdateVersion, text));
        };
        if wanted < current && current.did_metadata_change(wanted) {
            let why = match update.upgrade_type {
                UpgradeType::UnsafeDowngrade => {
                    "Unsafe metadata downgrade is not supported in this version."
                }
                _ => {
                    "Refusing to perform the requested downgrade because it might delete metadata \
                     information."
                }
            };
            let text = format!(
                "Unsupported metadata.version downgrade from {} to {}. {why}",
                current.level(),
                wanted.level()
            );
            return Err(Error::new(Reason::InvalidUpdateVersion, text));
        }
        Ok(level_record(update))
    }

    /// Whether `kraft.version` has to be raised; it never goes down (kafka-semantics 220).
    fn raise_kraft_version(&self, update: &FeatureUpdate, quorum: &QuorumFeatures) -> Result<bool> {
        match update.upgrade_type {
            UpgradeType::Upgrade => Ok(true),
            _ if update.level == quorum.kraft_version => Ok(false),
            _ => Err(invalid_update(update, "Can't downgrade the version of this feature.")),
        }
    }
}

fn level_record(update: &FeatureUpdate) -> MetadataRecord {
    MetadataRecord::FeatureLevel(FeatureLevelRecord {
        name: update.name.clone(),
        feature_level: update.level,
        ..FeatureLevelRecord::default()
    })
}

fn invalid_update(update: &FeatureUpdate, reason: &str) -> Error {
    let text =
        format!("Invalid update version {} for feature {}. {reason}", update.level, update.name);
    Error::new(Reason::InvalidUpdateVersion, text)
}
