//! Replicas: fetching, in-sync sets, leadership.

use crate::setting::{Setting, boolean, int, long, string};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    boolean("auto.leader.rebalance.enable", true).high(),
    int("controller.socket.timeout.ms", 30_000).never(),
    int("default.replication.factor", 1),
    int("delete.records.purgatory.purge.interval.requests", 1).never(),
    int("fetch.max.bytes", 57_671_680).at_least(1024),
    int("fetch.purgatory.purge.interval.requests", 1000).never(),
    boolean("follower.fetch.last.tiered.offset.enable", false).cluster_wide(),
    long("leader.imbalance.check.interval.seconds", 300).at_least(1).high(),
    int("max.incremental.fetch.session.cache.slots", 1000).at_least(0),
    int("min.insync.replicas", 1).at_least(1).high().cluster_wide(),
    int("num.replica.alter.log.dirs.threads", 0).null().high().never(),
    int("num.replica.fetchers", 1).at_least(1).high().cluster_wide(),
    int("producer.purgatory.purge.interval.requests", 1000).never(),
    int("replica.fetch.backoff.ms", 1000).at_least(0),
    int("replica.fetch.max.bytes", 1_048_576).at_least(0),
    int("replica.fetch.min.bytes", 1).high(),
    int("replica.fetch.response.max.bytes", 10_485_760).at_least(0),
    int("replica.fetch.wait.max.ms", 500).high(),
    long("replica.high.watermark.checkpoint.interval.ms", 5000).high(),
    long("replica.lag.time.max.ms", 30_000).high(),
    string("replica.selector.class", "").null(),
    int("replica.socket.receive.buffer.bytes", 65_536).high(),
    int("replica.socket.timeout.ms", 30_000).high(),
    int("request.timeout.ms", 30_000).high(),
    boolean("unclean.leader.election.enable", false).high().cluster_wide(),
    long("unclean.leader.election.interval.ms", 300_000).at_least(1).internal(),
];
