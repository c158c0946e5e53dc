//! Replication throttles: dynamic broker settings that a configuration file does not know.

use crate::setting::{Setting, long};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    long("follower.replication.throttled.rate", i64::MAX).at_least(0).cluster_wide().doc(
        "Bytes per second that throttled replicas of this broker may fetch as \
         followers.",
    ),
    long("leader.replication.throttled.rate", i64::MAX).at_least(0).cluster_wide().doc(
        "Bytes per second that throttled replicas of this broker may \
         send as leaders.",
    ),
    long("replica.alter.log.dirs.io.max.bytes.per.second", i64::MAX)
        .at_least(0)
        .cluster_wide()
        .works()
        .doc("Bytes per second for moving replicas between log directories."),
];
