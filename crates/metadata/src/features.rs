//! The features of a cluster and the levels this release supports.

use std::collections::BTreeMap;

use crate::MetadataVersion;

/// The name of the feature behind the version of the quorum itself; its level lives in the quorum,
/// not in the image.
pub const KRAFT_VERSION: &str = "kraft.version";
/// Transactions (KIP-890).
pub const TRANSACTION_VERSION: &str = "transaction.version";
/// Consumer groups of KIP-848.
pub const GROUP_VERSION: &str = "group.version";
/// Eligible leader replicas (KIP-966).
pub const ELIGIBLE_LEADER_REPLICAS_VERSION: &str = "eligible.leader.replicas.version";
/// Share groups (KIP-932).
pub const SHARE_VERSION: &str = "share.version";
/// Streams groups (KIP-1071).
pub const STREAMS_VERSION: &str = "streams.version";

/// A range of feature levels, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelRange {
    /// The lowest supported level.
    pub min: i16,
    /// The highest supported level; 0 means that the feature is not supported.
    pub max: i16,
}

impl LevelRange {
    /// What a node that does not know a feature supports of it.
    pub const DISABLED: Self = Self { min: 0, max: 0 };

    /// Whether `level` is supported.
    pub fn contains(self, level: i16) -> bool {
        (self.min..=self.max).contains(&level)
    }
}

/// One level of a feature other than `metadata.version`.
struct Level {
    level: i16,
    /// A cluster formatted at this metadata version or a newer one starts with the level.
    since: i16,
    /// The metadata version without which the level cannot be set, beyond the minimum every level
    /// above 0 needs.
    requires: i16,
}

struct Feature {
    name: &'static str,
    levels: &'static [Level],
}

const fn level(level: i16, since: i16, requires: i16) -> Level {
    Level { level, since, requires }
}

const MINIMUM: i16 = 7;

/// The features in Kafka's order, each with its levels. Levels of a cluster formatted by 4.3:
/// kafka-semantics 224.
const FEATURES: [Feature; 6] = [
    Feature { name: KRAFT_VERSION, levels: &[level(0, 7, 7), level(1, 21, 7)] },
    Feature {
        name: TRANSACTION_VERSION,
        levels: &[level(0, 7, 7), level(1, 24, 7), level(2, 24, 7)],
    },
    Feature { name: GROUP_VERSION, levels: &[level(0, 7, 7), level(1, 22, 7)] },
    Feature { name: ELIGIBLE_LEADER_REPLICAS_VERSION, levels: &[level(0, 7, 7), level(1, 26, 23)] },
    Feature { name: SHARE_VERSION, levels: &[level(0, 7, 7), level(1, 28, 7)] },
    Feature { name: STREAMS_VERSION, levels: &[level(0, 7, 7), level(1, 29, 7)] },
];

/// What this release supports, `metadata.version` first.
pub fn supported() -> impl Iterator<Item = (&'static str, LevelRange)> {
    let metadata_version =
        LevelRange { min: MetadataVersion::MINIMUM.level(), max: MetadataVersion::LATEST.level() };
    let others = FEATURES.iter().map(|feature| {
        let max = feature.levels.iter().map(|level| level.level).max().unwrap_or(0);
        (feature.name, LevelRange { min: 0, max })
    });
    std::iter::once((MetadataVersion::FEATURE_NAME, metadata_version)).chain(others)
}

/// The levels with which a new cluster at `version` starts, by name as Kafka writes them; without
/// `metadata.version` and `kraft.version`, and without features that start at 0.
pub fn bootstrap_levels(version: MetadataVersion) -> BTreeMap<&'static str, i16> {
    let starting = |feature: &Feature| {
        let started = feature.levels.iter().take_while(|level| level.since <= version.level());
        started.last().map(|level| (feature.name, level.level)).filter(|(_, level)| *level > 0)
    };
    let others = FEATURES.iter().filter(|feature| feature.name != KRAFT_VERSION);
    others.filter_map(starting).collect()
}

/// The level each feature but `metadata.version` has in a new cluster at `version`, in Kafka's
/// order.
pub fn default_levels(version: MetadataVersion) -> impl Iterator<Item = (&'static str, i16)> {
    FEATURES.iter().map(move |feature| {
        let started = feature.levels.iter().take_while(|level| level.since <= version.level());
        (feature.name, started.last().map_or(0, |level| level.level))
    })
}

/// Which metadata version a level of a feature asks for, if it asks for one beyond the minimum.
/// `None` for a feature that is unknown, `Some(None)` for a level that is.
pub fn required_metadata_version(
    feature: &str,
    level: i16,
) -> Option<Option<Option<MetadataVersion>>> {
    let known = FEATURES.iter().find(|known| known.name == feature)?;
    let level = known.levels.iter().find(|known| known.level == level);
    Some(level.map(|level| {
        (level.requires > MINIMUM).then(|| MetadataVersion::from_level(level.requires)).flatten()
    }))
}

/// Why `feature` cannot be at `level` in a cluster at `metadata_version`, in Kafka's words.
pub fn reason_not_allowed(
    feature: &str,
    level: i16,
    metadata_version: MetadataVersion,
) -> Option<String> {
    let Some(known) = FEATURES.iter().find(|known| known.name == feature) else {
        return Some(format!("Feature {feature} not found."));
    };
    let Some(wanted) = known.levels.iter().find(|known| known.level == level) else {
        return Some(format!("No feature:{feature} with feature level {level}"));
    };
    (wanted.requires > MINIMUM && metadata_version.level() < wanted.requires).then(|| {
        format!(
            "{feature} could not be set to {level} because it depends on {} level {}",
            MetadataVersion::FEATURE_NAME,
            wanted.requires
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_semantics_224_levels_of_a_new_cluster() {
        let levels = bootstrap_levels(MetadataVersion::LATEST).into_iter();
        let expected = [
            (ELIGIBLE_LEADER_REPLICAS_VERSION, 1),
            (GROUP_VERSION, 1),
            (SHARE_VERSION, 1),
            (STREAMS_VERSION, 1),
            (TRANSACTION_VERSION, 2),
        ];
        assert!(levels.eq(expected));
        assert!(bootstrap_levels(MetadataVersion::MINIMUM).is_empty());
    }

    #[test]
    fn levels_depend_on_the_metadata_version() {
        let old = MetadataVersion::from_level(22).unwrap();
        assert_eq!(
            reason_not_allowed(ELIGIBLE_LEADER_REPLICAS_VERSION, 1, old).unwrap(),
            "eligible.leader.replicas.version could not be set to 1 because it depends on \
             metadata.version level 23"
        );
        assert_eq!(reason_not_allowed(GROUP_VERSION, 1, old), None);
        assert!(reason_not_allowed("no.such.feature", 1, old).is_some());
    }
}
