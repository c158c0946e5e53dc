//! Settings of one group, changed with `kafka-configs --entity-type groups`.

use crate::setting::{Setting, boolean, int, same_as, string};
use crate::valid::Valid;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("consumer.assignment.interval.ms", 1000)
        .at_least(0)
        .works()
        .synonyms(&[same_as("group.consumer.assignment.interval.ms")])
        .doc("Shortest time between two assignments of the consumer group."),
    int("consumer.heartbeat.interval.ms", 5000)
        .at_least(1)
        .works()
        .synonyms(&[same_as("group.consumer.heartbeat.interval.ms")])
        .doc("How often members of the consumer group send heartbeats."),
    int("consumer.session.timeout.ms", 45_000)
        .at_least(1)
        .works()
        .synonyms(&[same_as("group.consumer.session.timeout.ms")])
        .doc(
            "A member of the consumer group that was not heard of for this \
             long is removed.",
        ),
    int("share.assignment.interval.ms", 1000)
        .at_least(0)
        .works()
        .synonyms(&[same_as("group.share.assignment.interval.ms")])
        .doc("Shortest time between two assignments of the share group."),
    string("share.auto.offset.reset", "latest").works().valid(Valid::OffsetReset).doc(
        "Where the share group starts in a partition: `latest`, `earliest`, or back in \
         time with `by_duration:` and an ISO 8601 duration.",
    ),
    int("share.delivery.count.limit", 5)
        .works()
        .at_least(2)
        .synonyms(&[same_as("group.share.delivery.count.limit")])
        .doc("How often a record is delivered before it is given up."),
    int("share.heartbeat.interval.ms", 5000)
        .at_least(1)
        .works()
        .synonyms(&[same_as("group.share.heartbeat.interval.ms")])
        .doc("How often members of the share group send heartbeats."),
    string("share.isolation.level", "read_uncommitted")
        .works()
        .one_of(&["read_committed", "read_uncommitted"])
        .doc("Whether the share group sees records of open and aborted transactions."),
    int("share.partition.max.record.locks", 2000)
        .works()
        .at_least(100)
        .synonyms(&[same_as("group.share.partition.max.record.locks")])
        .doc("Records of one partition that may be out for delivery at once."),
    int("share.record.lock.duration.ms", 30_000)
        .works()
        .at_least(1000)
        .synonyms(&[same_as("group.share.record.lock.duration.ms")])
        .doc("How long a delivered record is reserved for its consumer."),
    boolean("share.renew.acknowledge.enable", true)
        .works()
        .doc("Let consumers prolong the reservation of a record."),
    int("share.session.timeout.ms", 45_000)
        .at_least(1)
        .works()
        .synonyms(&[same_as("group.share.session.timeout.ms")])
        .doc(
            "A member of the share group that was not heard of for this \
             long is removed.",
        ),
    int("streams.assignment.interval.ms", 1000)
        .works()
        .at_least(0)
        .synonyms(&[same_as("group.streams.assignment.interval.ms")])
        .doc("Shortest time between two assignments of the streams group."),
    int("streams.heartbeat.interval.ms", 5000)
        .works()
        .at_least(1)
        .synonyms(&[same_as("group.streams.heartbeat.interval.ms")])
        .doc("How often members of the streams group send heartbeats."),
    int("streams.initial.rebalance.delay.ms", 3000)
        .works()
        .at_least(0)
        .synonyms(&[same_as("group.streams.initial.rebalance.delay.ms")])
        .doc("How long the streams group waits for more members after it was empty."),
    int("streams.num.standby.replicas", 0)
        .works()
        .at_least(0)
        .synonyms(&[same_as("group.streams.num.standby.replicas")])
        .doc("Standby replicas of each stateful task."),
    int("streams.session.timeout.ms", 45_000)
        .works()
        .at_least(1)
        .synonyms(&[same_as("group.streams.session.timeout.ms")])
        .doc(
            "A member of the streams group that was not heard of for this \
             long is removed.",
        ),
];
