//! `metadata.version`: which records a cluster may write, and in which versions.

use std::fmt;

/// The finalized level of the feature `metadata.version`.
///
/// Levels this release knows lie between [`MetadataVersion::MINIMUM`] and
/// [`MetadataVersion::LATEST`] (kafka-semantics 223).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataVersion(i16);

/// Level, name, and whether records or their versions changed since the level before.
const LEVELS: [(i16, &str, bool); 25] = [
    (7, "3.3-IV3", true),
    (8, "3.4-IV0", true),
    (9, "3.5-IV0", false),
    (10, "3.5-IV1", false),
    (11, "3.5-IV2", true),
    (12, "3.6-IV0", false),
    (13, "3.6-IV1", true),
    (14, "3.6-IV2", true),
    (15, "3.7-IV0", true),
    (16, "3.7-IV1", false),
    (17, "3.7-IV2", true),
    (18, "3.7-IV3", false),
    (19, "3.7-IV4", false),
    (20, "3.8-IV0", false),
    (21, "3.9-IV0", false),
    (22, "4.0-IV0", false),
    (23, "4.0-IV1", true),
    (24, "4.0-IV2", false),
    (25, "4.0-IV3", false),
    (26, "4.1-IV0", false),
    (27, "4.1-IV1", false),
    (28, "4.2-IV0", false),
    (29, "4.2-IV1", false),
    (30, "4.3-IV0", true),
    (31, "4.4-IV0", false),
];

impl MetadataVersion {
    /// The name of the feature.
    pub const FEATURE_NAME: &'static str = "metadata.version";
    /// 3.3-IV3, the oldest level a 4.x cluster may be at.
    pub const MINIMUM: Self = Self(7);
    /// 4.3-IV0, the newest level meant for production.
    pub const LATEST: Self = Self(30);
    /// 4.4-IV0, a level under test: named in messages, supported by nobody.
    pub const LATEST_TESTING: Self = Self(31);

    const V3_4_IV0: Self = Self(8);
    const V3_5_IV2: Self = Self(11);
    const V3_6_IV0: Self = Self(12);
    const V3_6_IV1: Self = Self(13);
    const V3_6_IV2: Self = Self(14);
    const V3_7_IV0: Self = Self(15);
    const V3_7_IV2: Self = Self(17);
    const V4_0_IV1: Self = Self(23);
    const V4_3_IV0: Self = Self(30);

    /// The version with this feature level, if there is one.
    pub fn from_level(level: i16) -> Option<Self> {
        LEVELS.iter().find(|(known, ..)| *known == level).map(|(level, ..)| Self(*level))
    }

    /// The version named like `4.3-IV0`, or by its release like `4.3`.
    pub fn from_name(name: &str) -> Option<Self> {
        let by_release = |full: &str| full.split('-').next() == Some(name);
        LEVELS
            .iter()
            .rev()
            .filter(|(level, ..)| *level <= Self::LATEST.0)
            .find(|(_, full, _)| *full == name || by_release(full))
            .map(|(level, ..)| Self(*level))
    }

    /// The feature level.
    pub fn level(self) -> i16 {
        self.0
    }

    /// Whether SCRAM credentials may be stored (3.5-IV2).
    pub fn is_scram_supported(self) -> bool {
        self >= Self::V3_5_IV2
    }

    /// Whether the leader epoch rises when the ISR shrinks, which brokers before 3.6 need
    /// (kafka-semantics 51).
    pub fn is_leader_epoch_bump_required_on_isr_shrink(self) -> bool {
        self < Self::V3_6_IV0
    }

    /// Whether Begin-, End- and AbortTransaction records may be written (KIP-868, 3.6-IV1).
    pub fn is_metadata_transaction_supported(self) -> bool {
        self >= Self::V3_6_IV1
    }

    /// Whether delegation tokens may be stored (3.6-IV2).
    pub fn is_delegation_token_supported(self) -> bool {
        self >= Self::V3_6_IV2
    }

    /// Whether controllers register (KIP-919, 3.7-IV0).
    pub fn is_controller_registration_supported(self) -> bool {
        self >= Self::V3_7_IV0
    }

    /// Whether replicas are assigned to log directories (KIP-858, 3.7-IV2).
    pub fn is_directory_assignment_supported(self) -> bool {
        self >= Self::V3_7_IV2
    }

    /// Whether partitions may carry eligible leader replicas (KIP-966, 4.0-IV1).
    pub fn is_elr_supported(self) -> bool {
        self >= Self::V4_0_IV1
    }

    /// Whether brokers report cordoned log directories (KIP-1066, 4.3-IV0).
    pub fn is_cordoned_log_dirs_supported(self) -> bool {
        self >= Self::V4_3_IV0
    }

    /// The version in which `RegisterBrokerRecord` is written.
    pub fn register_broker_record_version(self) -> i16 {
        match self {
            version if version.is_cordoned_log_dirs_supported() => 4,
            version if version.is_directory_assignment_supported() => 3,
            version if version >= Self::V3_4_IV0 => 2,
            _ => 1,
        }
    }

    /// The version in which `PartitionRecord` and `PartitionChangeRecord` are written.
    pub fn partition_record_version(self) -> i16 {
        match self {
            version if version.is_elr_supported() => 2,
            version if version.is_directory_assignment_supported() => 1,
            _ => 0,
        }
    }

    /// Whether going from one version to the other, in either direction, changes what records can
    /// say.
    pub fn did_metadata_change(self, other: Self) -> bool {
        let (low, high) = (self.min(other), self.max(other));
        LEVELS.iter().any(|(level, _, changed)| *changed && *level > low.0 && *level <= high.0)
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = LEVELS.iter().find(|(level, ..)| *level == self.0).map(|(_, name, _)| *name);
        f.write_str(name.unwrap_or("unknown"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_levels() {
        assert_eq!(MetadataVersion::from_level(30), Some(MetadataVersion::LATEST));
        assert_eq!(MetadataVersion::from_level(6), None);
        assert_eq!(MetadataVersion::from_name("4.3"), Some(MetadataVersion::LATEST));
        assert_eq!(MetadataVersion::from_name("4.0"), MetadataVersion::from_level(25));
        assert_eq!(MetadataVersion::from_name("4.0-IV1"), MetadataVersion::from_level(23));
        assert_eq!(MetadataVersion::from_name("4.4"), None);
        assert_eq!(MetadataVersion::LATEST.to_string(), "4.3-IV0");
    }

    #[test]
    fn kafka_semantics_223_metadata_changes_between_levels() {
        let level = |level| MetadataVersion::from_level(level).unwrap();
        assert!(!level(30).did_metadata_change(level(30)));
        assert!(level(30).did_metadata_change(level(29)));
        assert!(!level(29).did_metadata_change(level(23)));
        assert!(level(22).did_metadata_change(level(23)));
    }

    #[test]
    fn record_versions_follow_the_metadata_version() {
        let versions: Vec<(i16, i16)> = [7, 8, 16, 17, 22, 23, 29, 30]
            .into_iter()
            .filter_map(MetadataVersion::from_level)
            .map(|v| (v.register_broker_record_version(), v.partition_record_version()))
            .collect();
        let expected = [(1, 0), (2, 0), (2, 0), (3, 1), (3, 1), (3, 2), (3, 2), (4, 2)];
        assert_eq!(versions, expected);
    }
}
