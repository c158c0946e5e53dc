//! What everyone may know of the node at any time.

use quorum::SnapshotId;

/// A look at the quorum from this node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The epoch.
    pub epoch: i32,
    /// Its leader, if known.
    pub leader: Option<i32>,
    /// Whether that is this node.
    pub is_leader: bool,
    /// Where this node's epoch began in the log; only as leader.
    pub epoch_start_offset: i64,
    /// Everything below is committed; 0 while nothing is known to be.
    pub high_watermark: i64,
    /// Offset of the next record.
    pub log_end_offset: i64,
    /// `kraft.version` in effect.
    pub kraft_version: i16,
    /// The newest snapshot other than the formatter's.
    pub latest_snapshot: Option<SnapshotId>,
}

/// Who leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderAndEpoch {
    /// The leader, if known.
    pub leader: Option<i32>,
    /// The epoch.
    pub epoch: i32,
}
