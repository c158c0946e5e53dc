//! Tiered storage.

use crate::setting::{Setting, boolean, double, int, long, string};
use crate::valid::Valid;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("remote.fetch.max.wait.ms", 500).at_least(1).cluster_wide(),
    long("remote.list.offsets.request.timeout.ms", 30_000).at_least(1).cluster_wide(),
    long("remote.log.index.file.cache.total.size.bytes", 1_073_741_824)
        .at_least(1)
        .low()
        .cluster_wide(),
    long("remote.log.index.file.cache.ttl.ms", 900_000).at_least(-1).low().internal(),
    int("remote.log.manager.copier.thread.pool.size", 10).at_least(1).cluster_wide().never(),
    long("remote.log.manager.copy.max.bytes.per.second", i64::MAX).at_least(1).cluster_wide(),
    int("remote.log.manager.copy.quota.window.num", 11).at_least(1),
    int("remote.log.manager.copy.quota.window.size.seconds", 1).at_least(1),
    int("remote.log.manager.expiration.thread.pool.size", 10).at_least(1).cluster_wide().never(),
    long("remote.log.manager.fetch.max.bytes.per.second", i64::MAX).at_least(1).cluster_wide(),
    int("remote.log.manager.fetch.quota.window.num", 11).at_least(1),
    int("remote.log.manager.fetch.quota.window.size.seconds", 1).at_least(1),
    int("remote.log.manager.follower.thread.pool.size", 2).at_least(1).cluster_wide().never(),
    long("remote.log.manager.task.interval.ms", 30_000).at_least(1).low(),
    long("remote.log.manager.task.retry.backoff.max.ms", 30_000).at_least(1).low().internal(),
    long("remote.log.manager.task.retry.backoff.ms", 500).at_least(1).low().internal(),
    double("remote.log.manager.task.retry.jitter", 0.2)
        .valid(Valid::BetweenDecimals(0, 0.5))
        .low()
        .internal(),
    int("remote.log.manager.thread.pool.size", 2).at_least(1).never(),
    int("remote.log.metadata.custom.metadata.max.bytes", 128).at_least(0).low(),
    string(
        "remote.log.metadata.manager.class.name",
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
    )
    .valid(Valid::NonEmpty),
    string("remote.log.metadata.manager.class.path", "").null().never(),
    string("remote.log.metadata.manager.impl.prefix", "rlmm.config.").valid(Valid::NonEmpty),
    string("remote.log.metadata.manager.listener.name", "").null().valid(Valid::NonEmpty),
    int("remote.log.reader.max.pending.tasks", 100).at_least(1),
    int("remote.log.reader.threads", 10).at_least(1).cluster_wide().never(),
    string("remote.log.storage.manager.class.name", "").null().valid(Valid::NonEmpty),
    string("remote.log.storage.manager.class.path", "").null().never(),
    string("remote.log.storage.manager.impl.prefix", "rsm.config.").valid(Valid::NonEmpty),
    boolean("remote.log.storage.system.enable", false),
];
