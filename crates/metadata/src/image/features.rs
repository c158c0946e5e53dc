//! The finalized features.

use std::collections::BTreeMap;

use wire::Str;
use wire::stored::metadata::FeatureLevelRecord;

use crate::error::{ReplayError, Result};
use crate::features::{ELIGIBLE_LEADER_REPLICAS_VERSION, KRAFT_VERSION};
use crate::{MetadataVersion, RecordOptions};

/// The finalized level of every feature, without `kraft.version`, which the quorum knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeaturesImage {
    /// `metadata.version`; `None` before the bootstrap records were written.
    pub metadata_version: Option<MetadataVersion>,
    /// The other features by name; none of them at level 0.
    pub finalized: BTreeMap<Str, i16>,
}

impl FeaturesImage {
    /// `metadata.version`, or the oldest one while the log is empty.
    pub fn metadata_version_or_minimum(&self) -> MetadataVersion {
        self.metadata_version.unwrap_or(MetadataVersion::MINIMUM)
    }

    /// The finalized level of a feature; 0 when it is off or unknown.
    pub fn level(&self, feature: &str) -> i16 {
        match feature {
            MetadataVersion::FEATURE_NAME => {
                self.metadata_version.map_or(0, MetadataVersion::level)
            }
            feature => self.finalized.get(feature).copied().unwrap_or(0),
        }
    }

    /// Whether partitions track eligible leader replicas (kafka-semantics 55).
    pub fn is_elr_enabled(&self) -> bool {
        self.level(ELIGIBLE_LEADER_REPLICAS_VERSION) >= 1
    }

    /// All finalized features with their levels, `metadata.version` first.
    pub fn levels(&self) -> impl Iterator<Item = (&str, i16)> {
        let metadata_version =
            self.metadata_version.map(|v| (MetadataVersion::FEATURE_NAME, v.level()));
        let others = self.finalized.iter().map(|(name, level)| (name.as_str(), *level));
        metadata_version.into_iter().chain(others)
    }

    /// How records are written now.
    pub fn record_options(&self) -> RecordOptions {
        RecordOptions {
            metadata_version: self.metadata_version_or_minimum(),
            is_elr_enabled: self.is_elr_enabled(),
        }
    }

    pub(crate) fn replay(&mut self, record: &FeatureLevelRecord) -> Result<()> {
        match record.name.as_str() {
            MetadataVersion::FEATURE_NAME => {
                let version = MetadataVersion::from_level(record.feature_level);
                let unknown = || ReplayError::unknown("metadata.version", record.feature_level);
                self.metadata_version = Some(version.ok_or_else(unknown)?);
            }
            // Some releases wrote it by mistake; its level comes from the quorum's control records.
            KRAFT_VERSION => {}
            name if record.feature_level == 0 => {
                self.finalized.remove(name);
            }
            _ => {
                self.finalized.insert(record.name.detach(), record.feature_level);
            }
        }
        Ok(())
    }
}
