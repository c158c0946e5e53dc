//! Replicas: fetching, in-sync sets, leadership.

use crate::setting::{Setting, boolean, int, long, string};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    boolean("auto.leader.rebalance.enable", true).high().works().doc(
        "Move leadership back to preferred replicas when too much of \
         it is elsewhere.",
    ),
    int("controller.socket.timeout.ms", 30_000)
        .never()
        .doc("Socket timeout from controller to broker."),
    int("default.replication.factor", 1)
        .works()
        .doc("Replicas of topics that are created without a number."),
    int("delete.records.purgatory.purge.interval.requests", 1).never().doc(
        "After how many requests finished DeleteRecords waits are \
         dropped from memory.",
    ),
    int("fetch.max.bytes", 57_671_680).at_least(1024).works().doc(
        "Most bytes of records in one fetch answer, whatever the \
         consumer asks for.",
    ),
    int("fetch.purgatory.purge.interval.requests", 1000)
        .never()
        .doc("After how many requests finished fetch waits are dropped from memory."),
    boolean("follower.fetch.last.tiered.offset.enable", false).cluster_wide().doc(
        "A new follower starts from the offset up to which the leader has copied to \
         remote storage.",
    ),
    long("leader.imbalance.check.interval.seconds", 300).at_least(1).high().works().doc(
        "How often to look whether leadership needs to move back to \
         preferred replicas.",
    ),
    int("max.incremental.fetch.session.cache.slots", 1000)
        .at_least(0)
        .works()
        .doc("Incremental fetch sessions kept in memory."),
    int("min.insync.replicas", 1).at_least(1).high().cluster_wide().works().doc(
        "Default of `min.insync.replicas` of topics: replicas that must have a record \
         before acks=all is answered.",
    ),
    int("num.replica.alter.log.dirs.threads", 0).null().high().works().doc(
        "Replicas that move between log directories at a time; by default as many as directories.",
    ),
    int("num.replica.fetchers", 1)
        .at_least(1)
        .high()
        .cluster_wide()
        .doc("Connections to each leader for fetching."),
    int("producer.purgatory.purge.interval.requests", 1000).never().doc(
        "After how many requests finished produce waits are dropped \
         from memory.",
    ),
    int("replica.fetch.backoff.ms", 1000)
        .at_least(0)
        .doc("Wait after a failed fetch from a leader."),
    int("replica.fetch.max.bytes", 1_048_576).at_least(0).doc(
        "Bytes of one partition a follower asks for at once; a larger first batch is \
         still fetched.",
    ),
    int("replica.fetch.min.bytes", 1)
        .high()
        .doc("Bytes a follower waits for, up to `replica.fetch.wait.max.ms`."),
    int("replica.fetch.response.max.bytes", 10_485_760)
        .at_least(0)
        .doc("Bytes a follower asks for at once over all partitions."),
    int("replica.fetch.wait.max.ms", 500).high().doc(
        "How long a leader may hold a follower's fetch. Must not exceed \
         `replica.lag.time.max.ms`.",
    ),
    long("replica.high.watermark.checkpoint.interval.ms", 5000)
        .high()
        .works()
        .doc("How often high watermarks are written to disk."),
    long("replica.lag.time.max.ms", 30_000).high().works().doc(
        "A follower that has not caught up for this long leaves the \
         in-sync replicas.",
    ),
    string("replica.selector.class", "").null().doc(
        "How the replica a consumer fetches from is chosen; by default \
         the leader.",
    ),
    int("replica.socket.receive.buffer.bytes", 65_536)
        .high()
        .doc("Receive buffer of sockets to leaders."),
    int("replica.socket.timeout.ms", 30_000)
        .high()
        .doc("Timeout of fetches from leaders; at least `replica.fetch.wait.max.ms`."),
    int("request.timeout.ms", 30_000).high().works().doc(
        "How long this node waits for an answer of another one before it asks again or \
         gives up.",
    ),
    boolean("unclean.leader.election.enable", false).high().cluster_wide().works().doc(
        "Let a replica that is not in sync become leader when no other is left, at the \
         price of lost records.",
    ),
    long("unclean.leader.election.interval.ms", 300_000).at_least(1).internal().works().doc(
        "How often to look for partitions without leader where unclean election is \
         allowed.",
    ),
];
