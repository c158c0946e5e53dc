//! The levels of the feature `transaction.version` (KIP-890).

/// How a client or the cluster does transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionVersion {
    /// Level 0.
    #[default]
    V0,
    /// Level 1: records of the coordinator are flexible.
    V1,
    /// Level 2: every end of a transaction has a producer epoch of its own, and brokers add
    /// partitions to transactions.
    V2,
}

impl TransactionVersion {
    /// The version of a feature level.
    pub fn from_level(level: i16) -> Option<Self> {
        [Self::V0, Self::V1, Self::V2].into_iter().find(|version| version.level() == level)
    }

    /// The feature level.
    pub fn level(self) -> i16 {
        self as i16
    }

    /// Whether the end of a transaction bumps the producer's epoch.
    pub fn bumps_epoch(self) -> bool {
        self >= Self::V2
    }

    /// The version of values that the coordinator writes.
    pub(crate) fn value_version(self) -> i16 {
        match self {
            Self::V0 => 0,
            Self::V1 | Self::V2 => 1,
        }
    }
}
