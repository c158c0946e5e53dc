//! Quotas: how rates are measured.

use crate::setting::{Setting, class, int};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("alter.log.dirs.replication.quota.window.num", 11).at_least(1).low(),
    int("alter.log.dirs.replication.quota.window.size.seconds", 1).at_least(1).low(),
    class("client.quota.callback.class", "").null().low(),
    int("controller.quota.window.num", 11).at_least(1).low(),
    int("controller.quota.window.size.seconds", 1).at_least(1).low(),
    int("quota.window.num", 11).at_least(1).low(),
    int("quota.window.size.seconds", 1).at_least(1).low(),
    int("replication.quota.window.num", 11).at_least(1).low(),
    int("replication.quota.window.size.seconds", 1).at_least(1).low(),
];
