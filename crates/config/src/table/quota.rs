//! Quotas: how rates are measured.

use crate::setting::{Setting, class, int};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("alter.log.dirs.replication.quota.window.num", 11)
        .at_least(1)
        .low()
        .works()
        .doc("Samples for the quota on moving replicas between log directories."),
    int("alter.log.dirs.replication.quota.window.size.seconds", 1).at_least(1).low().works().doc(
        "Length of a sample for the quota on moving replicas between \
         log directories.",
    ),
    class("client.quota.callback.class", "").null().low().doc(
        "Class that decides which quota a client has. Java classes are \
         not loaded.",
    ),
    int("controller.quota.window.num", 11)
        .at_least(1)
        .low()
        .doc("Samples for quotas on changes of topics and partitions."),
    int("controller.quota.window.size.seconds", 1)
        .at_least(1)
        .low()
        .doc("Length of a sample for quotas on changes of topics and partitions."),
    int("quota.window.num", 11).at_least(1).low().doc("Samples for quotas of clients."),
    int("quota.window.size.seconds", 1)
        .at_least(1)
        .low()
        .doc("Length of a sample for quotas of clients."),
    int("replication.quota.window.num", 11)
        .at_least(1)
        .low()
        .doc("Samples for quotas on replication."),
    int("replication.quota.window.size.seconds", 1)
        .at_least(1)
        .low()
        .doc("Length of a sample for quotas on replication."),
];
