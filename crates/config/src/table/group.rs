//! Group coordinators: classic, consumer and streams groups, committed offsets.

use crate::setting::{Setting, int, list, long, short, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("group.consumer.assignment.interval.ms", 1000).at_least(0).cluster_wide(),
    list("group.consumer.assignors", "uniform,range").items(Items::SOME),
    int("group.consumer.heartbeat.interval.ms", 5000).at_least(1),
    int("group.consumer.max.assignment.interval.ms", 15_000).at_least(0),
    int("group.consumer.max.heartbeat.interval.ms", 15_000).at_least(1),
    int("group.consumer.max.session.timeout.ms", 60_000).at_least(1),
    int("group.consumer.max.size", i32::MAX).at_least(1),
    string("group.consumer.migration.policy", "bidirectional").valid(Valid::OneOfAnyCase(&[
        "DISABLED",
        "DOWNGRADE",
        "UPGRADE",
        "BIDIRECTIONAL",
    ])),
    int("group.consumer.min.assignment.interval.ms", 0).at_least(0),
    int("group.consumer.min.heartbeat.interval.ms", 5000).at_least(1),
    int("group.consumer.min.session.timeout.ms", 45_000).at_least(1),
    int("group.consumer.regex.refresh.interval.ms", 600_000).at_least(10_000).internal(),
    int("group.consumer.session.timeout.ms", 45_000).at_least(1),
    int("group.coordinator.append.linger.ms", -1).at_least(-1),
    int("group.coordinator.background.threads", 2).at_least(1).high().never(),
    int("group.coordinator.cached.buffer.max.bytes", 1_048_588)
        .at_least(524_288)
        .cluster_wide()
        .never(),
    list("group.coordinator.rebalance.protocols", "classic,consumer,streams")
        .items(Items::some_among(&["consumer", "classic", "share", "streams"])),
    int("group.coordinator.threads", 4).at_least(1).high().never(),
    int("group.initial.rebalance.delay.ms", 3000),
    int("group.max.session.timeout.ms", 1_800_000),
    int("group.max.size", i32::MAX).at_least(1),
    int("group.min.session.timeout.ms", 6000),
    int("group.streams.assignment.interval.ms", 1000).at_least(0).cluster_wide(),
    int("group.streams.heartbeat.interval.ms", 5000).at_least(1),
    int("group.streams.initial.rebalance.delay.ms", 3000).at_least(0),
    int("group.streams.max.assignment.interval.ms", 15_000).at_least(0),
    int("group.streams.max.heartbeat.interval.ms", 15_000).at_least(1),
    int("group.streams.max.session.timeout.ms", 60_000).at_least(1),
    int("group.streams.max.size", i32::MAX).at_least(1),
    int("group.streams.max.standby.replicas", 2).at_least(0),
    int("group.streams.min.assignment.interval.ms", 0).at_least(0),
    int("group.streams.min.heartbeat.interval.ms", 5000).at_least(1),
    int("group.streams.min.session.timeout.ms", 45_000).at_least(1),
    int("group.streams.num.standby.replicas", 0).at_least(0),
    int("group.streams.session.timeout.ms", 45_000).at_least(1),
    int("offset.metadata.max.bytes", 4096).high(),
    int("offsets.commit.timeout.ms", 5000).at_least(1).high(),
    int("offsets.load.buffer.size", 5_242_880).at_least(1).high().never(),
    long("offsets.retention.check.interval.ms", 600_000).at_least(1).high(),
    int("offsets.retention.minutes", 10_080).at_least(1).high(),
    int("offsets.topic.compression.codec", 0).high(),
    int("offsets.topic.num.partitions", 50).at_least(1).high(),
    short("offsets.topic.replication.factor", 3).at_least(1).high(),
    int("offsets.topic.segment.bytes", 104_857_600).at_least(1).high(),
];
