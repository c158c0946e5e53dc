//! Group coordinators: classic, consumer and streams groups, committed offsets.

use crate::setting::{Setting, int, list, long, short, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("group.consumer.assignment.interval.ms", 1000).at_least(0).cluster_wide().works().doc(
        "Shortest time between two assignments of a consumer group, unless the group \
         says otherwise.",
    ),
    list("group.consumer.assignors", "uniform,range").items(Items::SOME).works().doc(
        "Assignors of consumer groups, the first being the default: \
         `uniform`, `range`.",
    ),
    int("group.consumer.heartbeat.interval.ms", 5000).at_least(1).works().doc(
        "How often members of a consumer group send heartbeats, unless the group says \
         otherwise.",
    ),
    int("group.consumer.max.assignment.interval.ms", 15_000)
        .at_least(0)
        .doc("Largest `consumer.assignment.interval.ms` of a group."),
    int("group.consumer.max.heartbeat.interval.ms", 15_000)
        .at_least(1)
        .doc("Largest `consumer.heartbeat.interval.ms` of a group."),
    int("group.consumer.max.session.timeout.ms", 60_000)
        .at_least(1)
        .doc("Largest `consumer.session.timeout.ms` of a group."),
    int("group.consumer.max.size", i32::MAX)
        .at_least(1)
        .works()
        .doc("Members a consumer group may have."),
    string("group.consumer.migration.policy", "bidirectional")
        .works()
        .valid(Valid::OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]))
        .doc(
            "How groups may change protocol while they have members: to consumer \
             (`upgrade`), to classic (`downgrade`), `bidirectional`, or `disabled`.",
        ),
    int("group.consumer.min.assignment.interval.ms", 0)
        .at_least(0)
        .doc("Smallest `consumer.assignment.interval.ms` of a group."),
    int("group.consumer.min.heartbeat.interval.ms", 5000)
        .at_least(1)
        .doc("Smallest `consumer.heartbeat.interval.ms` of a group."),
    int("group.consumer.min.session.timeout.ms", 45_000)
        .at_least(1)
        .doc("Smallest `consumer.session.timeout.ms` of a group."),
    int("group.consumer.regex.refresh.interval.ms", 600_000)
        .at_least(10_000)
        .internal()
        .works()
        .doc(
            "How often subscriptions by regular expression are matched anew with the \
         topics.",
        ),
    int("group.consumer.session.timeout.ms", 45_000).at_least(1).works().doc(
        "A member of a consumer group that was not heard of for this long is removed, \
         unless the group says otherwise.",
    ),
    int("group.coordinator.append.linger.ms", -1).at_least(-1).works().doc(
        "How long the coordinator gathers records before it writes; -1: it decides by \
         load.",
    ),
    int("group.coordinator.background.threads", 2)
        .at_least(1)
        .high()
        .never()
        .doc("Threads for the coordinator's background work."),
    int("group.coordinator.cached.buffer.max.bytes", 1_048_588)
        .at_least(524_288)
        .cluster_wide()
        .never()
        .doc("Largest write buffer the coordinator keeps for reuse."),
    list("group.coordinator.rebalance.protocols", "classic,consumer,streams")
        .items(Items::some_among(&["consumer", "classic", "share", "streams"]))
        .works()
        .doc("Kinds of groups that are served."),
    int("group.coordinator.threads", 4)
        .at_least(1)
        .high()
        .never()
        .doc("Threads of the coordinator."),
    int("group.initial.rebalance.delay.ms", 3000).works().doc(
        "How long a classic group that was empty waits for more members before its \
         first rebalance.",
    ),
    int("group.max.session.timeout.ms", 1_800_000)
        .works()
        .doc("Largest session timeout a member of a classic group may ask for."),
    int("group.max.size", i32::MAX).at_least(1).works().doc("Members a classic group may have."),
    int("group.min.session.timeout.ms", 6000)
        .works()
        .doc("Smallest session timeout a member of a classic group may ask for."),
    int("group.streams.assignment.interval.ms", 1000).at_least(0).cluster_wide().works().doc(
        "Shortest time between two assignments of a streams group, unless the group \
         says otherwise.",
    ),
    int("group.streams.heartbeat.interval.ms", 5000).at_least(1).works().doc(
        "How often members of a streams group send heartbeats, unless the group says \
         otherwise.",
    ),
    int("group.streams.initial.rebalance.delay.ms", 3000).at_least(0).works().doc(
        "How long a streams group that was empty waits for more members, unless the \
         group says otherwise.",
    ),
    int("group.streams.max.assignment.interval.ms", 15_000)
        .at_least(0)
        .works()
        .doc("Largest `streams.assignment.interval.ms` of a group."),
    int("group.streams.max.heartbeat.interval.ms", 15_000)
        .at_least(1)
        .works()
        .doc("Largest `streams.heartbeat.interval.ms` of a group."),
    int("group.streams.max.session.timeout.ms", 60_000)
        .at_least(1)
        .works()
        .doc("Largest `streams.session.timeout.ms` of a group."),
    int("group.streams.max.size", i32::MAX)
        .at_least(1)
        .works()
        .doc("Members a streams group may have."),
    int("group.streams.max.standby.replicas", 2)
        .at_least(0)
        .works()
        .doc("Largest `streams.num.standby.replicas` of a group."),
    int("group.streams.min.assignment.interval.ms", 0)
        .at_least(0)
        .works()
        .doc("Smallest `streams.assignment.interval.ms` of a group."),
    int("group.streams.min.heartbeat.interval.ms", 5000)
        .at_least(1)
        .works()
        .doc("Smallest `streams.heartbeat.interval.ms` of a group."),
    int("group.streams.min.session.timeout.ms", 45_000)
        .at_least(1)
        .works()
        .doc("Smallest `streams.session.timeout.ms` of a group."),
    int("group.streams.num.standby.replicas", 0).at_least(0).works().doc(
        "Standby replicas of each stateful task, unless the group says \
         otherwise.",
    ),
    int("group.streams.session.timeout.ms", 45_000).at_least(1).works().doc(
        "A member of a streams group that was not heard of for this long is removed, \
         unless the group says otherwise.",
    ),
    int("offset.metadata.max.bytes", 4096)
        .high()
        .works()
        .doc("Bytes of metadata a client may attach to a committed offset."),
    int("offsets.commit.timeout.ms", 5000)
        .at_least(1)
        .high()
        .works()
        .doc("How long a commit waits for the replicas of the offsets topic."),
    int("offsets.load.buffer.size", 5_242_880)
        .at_least(1)
        .high()
        .works()
        .doc("Bytes read at once when a partition of the offsets topic is loaded."),
    long("offsets.retention.check.interval.ms", 600_000)
        .at_least(1)
        .high()
        .works()
        .doc("How often to look for expired offsets."),
    int("offsets.retention.minutes", 10_080).at_least(1).high().works().doc(
        "How long offsets are kept after a group has become empty, or after the commit \
         if the consumer assigns its partitions itself.",
    ),
    int("offsets.topic.compression.codec", 0)
        .high()
        .works()
        .doc("Codec of the offsets topic: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd."),
    int("offsets.topic.num.partitions", 50)
        .at_least(1)
        .high()
        .works()
        .doc("Partitions of the offsets topic. Not to be changed once it exists."),
    short("offsets.topic.replication.factor", 3)
        .at_least(1)
        .high()
        .works()
        .doc("Replicas of the offsets topic."),
    int("offsets.topic.segment.bytes", 104_857_600)
        .at_least(1)
        .high()
        .works()
        .doc("Size at which a segment of the offsets topic rolls."),
];
