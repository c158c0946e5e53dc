//! Share groups and their coordinator.

use crate::setting::{Setting, int, list, short, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("group.share.assignment.interval.ms", 1000).at_least(0).cluster_wide(),
    list("group.share.assignors", "simple").items(Items::SOME),
    int("group.share.delivery.count.limit", 5).between(2, 10),
    int("group.share.heartbeat.interval.ms", 5000).at_least(1),
    int("group.share.initialize.retry.interval.ms", 30_000).at_least(1).low().internal(),
    int("group.share.max.assignment.interval.ms", 15_000).at_least(0),
    int("group.share.max.delivery.count.limit", 10).between(5, 25),
    int("group.share.max.heartbeat.interval.ms", 15_000).at_least(1),
    int("group.share.max.partition.max.record.locks", 4000).between(2000, 10_000),
    int("group.share.max.record.lock.duration.ms", 60_000).between(30_000, 3_600_000),
    int("group.share.max.session.timeout.ms", 60_000).at_least(1),
    int("group.share.max.share.sessions", 2000).at_least(1),
    int("group.share.max.size", 200).between(1, 1000),
    int("group.share.min.assignment.interval.ms", 0).at_least(0),
    int("group.share.min.delivery.count.limit", 2).between(2, 5),
    int("group.share.min.heartbeat.interval.ms", 5000).at_least(1),
    int("group.share.min.partition.max.record.locks", 100).between(100, 2000),
    int("group.share.min.record.lock.duration.ms", 15_000).between(1000, 30_000),
    int("group.share.min.session.timeout.ms", 45_000).at_least(1),
    int("group.share.partition.max.record.locks", 2000).between(100, 10_000),
    string(
        "group.share.persister.class.name",
        "org.apache.kafka.server.share.persister.DefaultStatePersister",
    )
    .internal()
    .never(),
    int("group.share.record.lock.duration.ms", 30_000).between(1000, 3_600_000),
    int("group.share.session.timeout.ms", 45_000).at_least(1),
    int("share.coordinator.append.linger.ms", -1).at_least(-1),
    int("share.coordinator.cached.buffer.max.bytes", 1_048_588)
        .at_least(524_288)
        .cluster_wide()
        .never(),
    int("share.coordinator.cold.partition.snapshot.interval.ms", 300_000)
        .at_least(1)
        .low()
        .internal(),
    int("share.coordinator.load.buffer.size", 5_242_880).at_least(1).high().never(),
    int("share.coordinator.snapshot.update.records.per.snapshot", 500).between(0, 500),
    int("share.coordinator.state.topic.compression.codec", 0).high(),
    short("share.coordinator.state.topic.min.isr", 2).at_least(1).high(),
    int("share.coordinator.state.topic.num.partitions", 50).at_least(1).high(),
    int("share.coordinator.state.topic.prune.interval.ms", 300_000).at_least(1).low().internal(),
    short("share.coordinator.state.topic.replication.factor", 3).at_least(1).high(),
    int("share.coordinator.state.topic.segment.bytes", 104_857_600).at_least(1).high(),
    int("share.coordinator.threads", 1).at_least(1).never(),
    int("share.coordinator.write.timeout.ms", 5000).at_least(1).high(),
    int("share.fetch.purgatory.purge.interval.requests", 1000).never(),
];
