//! Follower: fetches from the leader of the epoch, as a voter or as an observer.

use crate::types::{Millis, SnapshotId};

/// Keeps up with the leader.
#[derive(Debug)]
pub(crate) struct Follower {
    /// When the leader counts as lost.
    pub(crate) fetch_deadline: Millis,
    /// Whether it got anything from this leader, lately if it is an observer: it then refuses
    /// pre-votes of others.
    pub(crate) has_fetched: bool,
    /// The snapshot being downloaded, if the leader's log no longer reaches back far enough.
    pub(crate) download: Option<SnapshotDownload>,
    /// Whether this leader knows the node's endpoints and versions, which with `kraft.version` 0
    /// are not in the voter set.
    pub(crate) has_reported: bool,
    /// When to look again whether the voter set has this node as it is.
    pub(crate) membership_deadline: Millis,
}

/// A download under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotDownload {
    /// Which snapshot.
    pub(crate) id: SnapshotId,
    /// The next byte to ask for.
    pub(crate) position: u64,
    /// All bytes are here and the driver checks them.
    pub(crate) installing: bool,
}

impl Follower {
    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        Some(self.fetch_deadline.min(self.membership_deadline))
    }
}
