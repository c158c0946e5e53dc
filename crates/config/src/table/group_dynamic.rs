//! Settings of one group, changed with `kafka-configs --entity-type groups`.

use crate::setting::{Setting, boolean, int, same_as, string};
use crate::valid::Valid;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("consumer.assignment.interval.ms", 1000)
        .at_least(0)
        .synonyms(&[same_as("group.consumer.assignment.interval.ms")]),
    int("consumer.heartbeat.interval.ms", 5000)
        .at_least(1)
        .synonyms(&[same_as("group.consumer.heartbeat.interval.ms")]),
    int("consumer.session.timeout.ms", 45_000)
        .at_least(1)
        .synonyms(&[same_as("group.consumer.session.timeout.ms")]),
    int("share.assignment.interval.ms", 1000)
        .at_least(0)
        .synonyms(&[same_as("group.share.assignment.interval.ms")]),
    string("share.auto.offset.reset", "latest").valid(Valid::OffsetReset),
    int("share.delivery.count.limit", 5)
        .at_least(2)
        .synonyms(&[same_as("group.share.delivery.count.limit")]),
    int("share.heartbeat.interval.ms", 5000)
        .at_least(1)
        .synonyms(&[same_as("group.share.heartbeat.interval.ms")]),
    string("share.isolation.level", "read_uncommitted")
        .one_of(&["read_committed", "read_uncommitted"]),
    int("share.partition.max.record.locks", 2000)
        .at_least(100)
        .synonyms(&[same_as("group.share.partition.max.record.locks")]),
    int("share.record.lock.duration.ms", 30_000)
        .at_least(1000)
        .synonyms(&[same_as("group.share.record.lock.duration.ms")]),
    boolean("share.renew.acknowledge.enable", true),
    int("share.session.timeout.ms", 45_000)
        .at_least(1)
        .synonyms(&[same_as("group.share.session.timeout.ms")]),
    int("streams.assignment.interval.ms", 1000)
        .at_least(0)
        .synonyms(&[same_as("group.streams.assignment.interval.ms")]),
    int("streams.heartbeat.interval.ms", 5000)
        .at_least(1)
        .synonyms(&[same_as("group.streams.heartbeat.interval.ms")]),
    int("streams.initial.rebalance.delay.ms", 3000)
        .at_least(0)
        .synonyms(&[same_as("group.streams.initial.rebalance.delay.ms")]),
    int("streams.num.standby.replicas", 0)
        .at_least(0)
        .synonyms(&[same_as("group.streams.num.standby.replicas")]),
    int("streams.session.timeout.ms", 45_000)
        .at_least(1)
        .synonyms(&[same_as("group.streams.session.timeout.ms")]),
];
