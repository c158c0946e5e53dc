//! Share groups and their coordinator.

use crate::setting::{Setting, int, list, short, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("group.share.assignment.interval.ms", 1000).at_least(0).cluster_wide().works().doc(
        "Shortest time between two assignments of a share group, unless the group says \
         otherwise.",
    ),
    list("group.share.assignors", "simple")
        .items(Items::SOME)
        .works()
        .doc("Assignors of share groups; `simple` is the only one."),
    int("group.share.delivery.count.limit", 5).works().between(2, 10).doc(
        "How often a record is delivered before it is given up, unless the group says \
         otherwise.",
    ),
    int("group.share.heartbeat.interval.ms", 5000).at_least(1).works().doc(
        "How often members of a share group send heartbeats, unless the group says \
         otherwise.",
    ),
    int("group.share.initialize.retry.interval.ms", 30_000)
        .at_least(1)
        .low()
        .internal()
        .works()
        .doc(
            "Wait before the initialization of a share group's partitions \
         is tried again.",
        ),
    int("group.share.max.assignment.interval.ms", 15_000)
        .at_least(0)
        .doc("Largest `share.assignment.interval.ms` of a group."),
    int("group.share.max.delivery.count.limit", 10)
        .between(5, 25)
        .doc("Largest `share.delivery.count.limit` of a group."),
    int("group.share.max.heartbeat.interval.ms", 15_000)
        .at_least(1)
        .doc("Largest `share.heartbeat.interval.ms` of a group."),
    int("group.share.max.partition.max.record.locks", 4000)
        .between(2000, 10_000)
        .doc("Largest `share.partition.max.record.locks` of a group."),
    int("group.share.max.record.lock.duration.ms", 60_000)
        .between(30_000, 3_600_000)
        .doc("Largest `share.record.lock.duration.ms` of a group."),
    int("group.share.max.session.timeout.ms", 60_000)
        .at_least(1)
        .doc("Largest `share.session.timeout.ms` of a group."),
    int("group.share.max.share.sessions", 2000)
        .works()
        .at_least(1)
        .doc("Share sessions a broker keeps."),
    int("group.share.max.size", 200)
        .between(1, 1000)
        .works()
        .doc("Members a share group may have."),
    int("group.share.min.assignment.interval.ms", 0)
        .at_least(0)
        .doc("Smallest `share.assignment.interval.ms` of a group."),
    int("group.share.min.delivery.count.limit", 2)
        .between(2, 5)
        .doc("Smallest `share.delivery.count.limit` of a group."),
    int("group.share.min.heartbeat.interval.ms", 5000)
        .at_least(1)
        .doc("Smallest `share.heartbeat.interval.ms` of a group."),
    int("group.share.min.partition.max.record.locks", 100)
        .between(100, 2000)
        .doc("Smallest `share.partition.max.record.locks` of a group."),
    int("group.share.min.record.lock.duration.ms", 15_000)
        .between(1000, 30_000)
        .doc("Smallest `share.record.lock.duration.ms` of a group."),
    int("group.share.min.session.timeout.ms", 45_000)
        .at_least(1)
        .doc("Smallest `share.session.timeout.ms` of a group."),
    int("group.share.partition.max.record.locks", 2000).works().between(100, 10_000).doc(
        "Records of one partition that may be out for delivery at once, unless the \
         group says otherwise.",
    ),
    string(
        "group.share.persister.class.name",
        "org.apache.kafka.server.share.persister.DefaultStatePersister",
    )
    .internal()
    .never()
    .doc(
        "Class that stores the state of share groups. Java classes are \
         not loaded.",
    ),
    int("group.share.record.lock.duration.ms", 30_000).works().between(1000, 3_600_000).doc(
        "How long a delivered record is reserved for its consumer, unless the group \
         says otherwise.",
    ),
    int("group.share.session.timeout.ms", 45_000).at_least(1).works().doc(
        "A member of a share group that was not heard of for this long is removed, \
         unless the group says otherwise.",
    ),
    int("share.coordinator.append.linger.ms", -1).works().at_least(-1).doc(
        "How long the share coordinator gathers records before it writes; -1: it \
         decides by load.",
    ),
    int("share.coordinator.cached.buffer.max.bytes", 1_048_588)
        .at_least(524_288)
        .cluster_wide()
        .never()
        .doc("Largest write buffer the share coordinator keeps for reuse."),
    int("share.coordinator.cold.partition.snapshot.interval.ms", 300_000)
        .works()
        .at_least(1)
        .low()
        .internal()
        .doc(
            "How often the state of share partitions without traffic is \
             written whole.",
        ),
    int("share.coordinator.load.buffer.size", 5_242_880).works().at_least(1).high().doc(
        "Bytes read at once when a partition of the share state topic \
         is loaded.",
    ),
    int("share.coordinator.snapshot.update.records.per.snapshot", 500).works().between(0, 500).doc(
        "Updates written before the state of a share partition is \
         written whole.",
    ),
    int("share.coordinator.state.topic.compression.codec", 0).works().high().doc(
        "Codec of the share state topic: 0 none, 1 gzip, 2 snappy, 3 \
         lz4, 4 zstd.",
    ),
    short("share.coordinator.state.topic.min.isr", 2)
        .works()
        .at_least(1)
        .high()
        .doc("`min.insync.replicas` of the share state topic."),
    int("share.coordinator.state.topic.num.partitions", 50)
        .works()
        .at_least(1)
        .high()
        .doc("Partitions of the share state topic. Not to be changed once it exists."),
    int("share.coordinator.state.topic.prune.interval.ms", 300_000)
        .works()
        .at_least(1)
        .low()
        .internal()
        .doc(
            "How often records that are not needed any more are deleted from the share \
             state topic.",
        ),
    short("share.coordinator.state.topic.replication.factor", 3)
        .works()
        .at_least(1)
        .high()
        .doc("Replicas of the share state topic."),
    int("share.coordinator.state.topic.segment.bytes", 104_857_600)
        .works()
        .at_least(1)
        .high()
        .doc("Size at which a segment of the share state topic rolls."),
    int("share.coordinator.threads", 1)
        .at_least(1)
        .never()
        .doc("Threads of the share coordinator."),
    int("share.coordinator.write.timeout.ms", 5000)
        .works()
        .at_least(1)
        .high()
        .doc("How long a write of share state may take."),
    int("share.fetch.purgatory.purge.interval.requests", 1000).never().doc(
        "After how many requests finished share fetch waits are \
         dropped from memory.",
    ),
];
