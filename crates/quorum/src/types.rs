//! The numbers and names every part of the quorum speaks of.

use std::fmt;

use wire::Uuid;

/// A node's id. Real nodes have ids of 0 and above; `-1` stands for "nobody" on the wire only,
/// ids below `-1` name bootstrap servers whose real id is not known yet.
pub type NodeId = i32;

/// A position in the metadata log: the number of records before it.
pub type Offset = i64;

/// The epoch of a leader. Epoch 0 has no leader and no records.
pub type LeaderEpoch = i32;

/// Milliseconds of the monotonic clock, or a span of them.
pub type Millis = u64;

/// The present, as the driver sees it when it hands over an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic milliseconds; all deadlines are in this clock.
    pub ms: Millis,
    /// Wall clock, milliseconds since 1970; only reported to people, never decided upon.
    pub wall_ms: i64,
}

/// Where random numbers come from; the driver passes its seeded source.
pub trait Random {
    /// A number in `0..bound`; 0 when `bound` is 0.
    fn below(&mut self, bound: u64) -> u64;
}

/// An offset together with the epoch of the record just before it.
///
/// Ordered by epoch first: of two logs the one with the greater value is more up to date
/// (kafka-semantics 214). A snapshot's name is such a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetAndEpoch {
    /// Epoch of the last record below `offset`; 0 for an empty log.
    pub epoch: LeaderEpoch,
    /// The first offset not included.
    pub offset: Offset,
}

impl OffsetAndEpoch {
    /// The pair of the two.
    pub const fn new(offset: Offset, epoch: LeaderEpoch) -> Self {
        Self { epoch, offset }
    }
}

impl fmt::Display for OffsetAndEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.offset, self.epoch)
    }
}

/// Names a snapshot: it holds everything below `offset`, whose last record is of `epoch`.
pub type SnapshotId = OffsetAndEpoch;

/// The snapshot a formatted directory starts with. It carries the first voter set, and is never
/// handed to another replica.
pub const BOOTSTRAP_SNAPSHOT: SnapshotId = SnapshotId::new(0, 0);

/// A replica of the metadata log: a node and the directory its log lies in (KIP-853).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaKey {
    /// The node.
    pub id: NodeId,
    /// Its directory; the zero id means "not known", as with static voters.
    pub directory_id: Uuid,
}

impl ReplicaKey {
    /// The pair of the two.
    pub const fn new(id: NodeId, directory_id: Uuid) -> Self {
        Self { id, directory_id }
    }

    /// A replica whose directory is not known.
    pub const fn without_directory(id: NodeId) -> Self {
        Self { id, directory_id: Uuid::ZERO }
    }

    /// Whether `other` can be the replica that this key asks for: the same node, and the same
    /// directory if this key names one.
    pub fn accepts(&self, other: &Self) -> bool {
        self.id == other.id
            && (self.directory_id.is_zero() || self.directory_id == other.directory_id)
    }
}

impl fmt::Display for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.directory_id.is_zero() {
            write!(f, "{}", self.id)
        } else {
            write!(f, "{}-{}", self.id, self.directory_id)
        }
    }
}

/// Where a node listens, under the name of the listener.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Listener name, for example `CONTROLLER`; empty when it was not told.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The node a request goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its id; below -1 for a bootstrap server.
    pub id: NodeId,
    /// Its address.
    pub endpoint: Endpoint,
}

/// A range of versions of the feature `kraft.version` that a replica supports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KRaftVersions {
    /// Lowest.
    pub min: i16,
    /// Highest.
    pub max: i16,
}

impl KRaftVersions {
    /// What this program supports: 0 (static voters) and 1 (voters in the log, KIP-853).
    pub const SUPPORTED: Self = Self { min: 0, max: 1 };

    /// Whether `version` lies in the range.
    pub fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}
