//! What can be set about streams groups, for all of them and for one.

use crate::cluster::Cluster;

/// Settings of streams groups, `group.streams.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsSettings {
    /// `max.size`: members a group may have.
    pub max_size: usize,
    /// `session.timeout.ms`: how long a member may be silent.
    pub session_timeout_ms: Bounded,
    /// `heartbeat.interval.ms`: how often members come.
    pub heartbeat_interval_ms: Bounded,
    /// `assignment.interval.ms`: shortest time between two assignments.
    pub assignment_interval_ms: Bounded,
    /// `num.standby.replicas`: standbys of every task with state.
    pub num_standby_replicas: Bounded,
    /// `initial.rebalance.delay.ms`: how long a group that was empty waits for more members.
    pub initial_rebalance_delay_ms: i32,
}

/// A setting that a group may set for itself within bounds. What a group was given before the
/// bounds moved is brought back into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// For groups that do not say.
    pub value: i32,
    /// The least a group may have.
    pub min: i32,
    /// The most a group may have.
    pub max: i32,
}

/// The settings of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupSettings {
    pub(crate) max_size: usize,
    pub(crate) session_timeout_ms: i32,
    pub(crate) heartbeat_interval_ms: i32,
    pub(crate) assignment_interval_ms: i32,
    pub(crate) num_standby_replicas: u32,
    pub(crate) initial_rebalance_delay_ms: i32,
}

impl StreamsSettings {
    pub(crate) fn of_group(&self, cluster: &dyn Cluster, group_id: &str) -> GroupSettings {
        let set = |name: &str| cluster.group_setting(group_id, name)?.parse::<i32>().ok();
        let bounded = |name: &str, of_all: Bounded| match set(name) {
            // As the check of the settings keeps the least below the most, this order is no matter.
            Some(own) => own.min(of_all.max).max(of_all.min),
            None => of_all.value,
        };
        let standbys = bounded("streams.num.standby.replicas", self.num_standby_replicas);
        let delay_ms = set("streams.initial.rebalance.delay.ms");
        GroupSettings {
            max_size: self.max_size,
            session_timeout_ms: bounded("streams.session.timeout.ms", self.session_timeout_ms),
            heartbeat_interval_ms: bounded(
                "streams.heartbeat.interval.ms",
                self.heartbeat_interval_ms,
            ),
            assignment_interval_ms: bounded(
                "streams.assignment.interval.ms",
                self.assignment_interval_ms,
            ),
            num_standby_replicas: u32::try_from(standbys).unwrap_or(0),
            initial_rebalance_delay_ms: delay_ms.unwrap_or(self.initial_rebalance_delay_ms),
        }
    }
}

impl Default for StreamsSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        let bounded = |value, min, max| Bounded { value, min, max };
        Self {
            max_size: i32::MAX as usize,
            session_timeout_ms: bounded(45_000, 45_000, 60_000),
            heartbeat_interval_ms: bounded(5_000, 5_000, 15_000),
            assignment_interval_ms: bounded(1_000, 0, 15_000),
            num_standby_replicas: bounded(0, 0, 2),
            initial_rebalance_delay_ms: 3_000,
        }
    }
}
