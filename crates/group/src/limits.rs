//! Bounds that no setting moves.

/// Members of one group that were given an id and did not come back with it yet. Kafka keeps any
/// number; here a group above the bound is full (kafka-semantics 101).
pub const PENDING_MEMBERS_MAX: usize = 100_000;

/// A new member has no id yet and cannot send heartbeats, so it may wait this long in a rebalance
/// before it counts as gone (Kafka's `group.new.member.join.timeout`, 5 minutes).
pub const NEW_MEMBER_JOIN_TIMEOUT_MS: i64 = 5 * 60_000;

/// Subtopologies of a streams group. Kafka has no bound but the size of a record.
pub const SUBTOPOLOGIES_MAX: usize = 2_000;

/// Topics, settings and indexes that the topology of a streams group names altogether.
pub const TOPOLOGY_ITEMS_MAX: usize = 100_000;

/// Tasks of a streams group, without standbys.
pub const STREAMS_TASKS_MAX: i64 = 1_000_000;
