//! Tiered storage.

use crate::setting::{Setting, boolean, double, int, long, string};
use crate::valid::Valid;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    int("remote.fetch.max.wait.ms", 500)
        .at_least(1)
        .cluster_wide()
        .doc("How long a fetch waits for records from remote storage."),
    long("remote.list.offsets.request.timeout.ms", 30_000)
        .at_least(1)
        .cluster_wide()
        .doc("How long a search for offsets waits for remote storage."),
    long("remote.log.index.file.cache.total.size.bytes", 1_073_741_824)
        .at_least(1)
        .low()
        .cluster_wide()
        .doc("Disk space for indexes of remote segments."),
    long("remote.log.index.file.cache.ttl.ms", 900_000).at_least(-1).low().internal().doc(
        "How long an index of a remote segment stays cached without \
         use; -1: no bound.",
    ),
    int("remote.log.manager.copier.thread.pool.size", 10)
        .at_least(1)
        .cluster_wide()
        .never()
        .doc("Threads that copy segments to remote storage."),
    long("remote.log.manager.copy.max.bytes.per.second", i64::MAX)
        .at_least(1)
        .cluster_wide()
        .doc("Bytes per second copied to remote storage."),
    int("remote.log.manager.copy.quota.window.num", 11).at_least(1).doc("Samples for that bound."),
    int("remote.log.manager.copy.quota.window.size.seconds", 1)
        .at_least(1)
        .doc("Length of a sample for that bound."),
    int("remote.log.manager.expiration.thread.pool.size", 10)
        .at_least(1)
        .cluster_wide()
        .never()
        .doc("Threads that delete expired remote segments."),
    long("remote.log.manager.fetch.max.bytes.per.second", i64::MAX)
        .at_least(1)
        .cluster_wide()
        .doc("Bytes per second fetched from remote storage."),
    int("remote.log.manager.fetch.quota.window.num", 11).at_least(1).doc("Samples for that bound."),
    int("remote.log.manager.fetch.quota.window.size.seconds", 1)
        .at_least(1)
        .doc("Length of a sample for that bound."),
    int("remote.log.manager.follower.thread.pool.size", 2)
        .at_least(1)
        .cluster_wide()
        .never()
        .doc("Threads that keep followers informed about remote segments."),
    long("remote.log.manager.task.interval.ms", 30_000).at_least(1).low().doc(
        "How often to look for segments to copy to or delete from \
         remote storage.",
    ),
    long("remote.log.manager.task.retry.backoff.max.ms", 30_000)
        .at_least(1)
        .low()
        .internal()
        .doc("Longest wait after failed work on remote storage."),
    long("remote.log.manager.task.retry.backoff.ms", 500)
        .at_least(1)
        .low()
        .internal()
        .doc("First wait after failed work on remote storage."),
    double("remote.log.manager.task.retry.jitter", 0.2)
        .valid(Valid::BetweenDecimals(0, 0.5))
        .low()
        .internal()
        .doc("Share of that wait that is random."),
    int("remote.log.manager.thread.pool.size", 2)
        .at_least(1)
        .never()
        .doc("Older size of the thread pool for remote storage."),
    int("remote.log.metadata.custom.metadata.max.bytes", 128)
        .at_least(0)
        .low()
        .doc("Bytes of metadata a remote storage plugin may attach to a segment."),
    string(
        "remote.log.metadata.manager.class.name",
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
    )
    .valid(Valid::NonEmpty)
    .doc(
        "Where metadata of remote segments is kept; by default in an \
         internal topic.",
    ),
    string("remote.log.metadata.manager.class.path", "")
        .null()
        .never()
        .doc("Class path of that plugin."),
    string("remote.log.metadata.manager.impl.prefix", "rlmm.config.")
        .valid(Valid::NonEmpty)
        .doc("Prefix of that plugin's own settings."),
    string("remote.log.metadata.manager.listener.name", "")
        .null()
        .valid(Valid::NonEmpty)
        .doc("Listener by which that plugin reaches the brokers."),
    int("remote.log.reader.max.pending.tasks", 100)
        .at_least(1)
        .doc("Reads from remote storage that may wait."),
    int("remote.log.reader.threads", 10)
        .at_least(1)
        .cluster_wide()
        .never()
        .doc("Threads that read from remote storage."),
    string("remote.log.storage.manager.class.name", "")
        .null()
        .valid(Valid::NonEmpty)
        .doc("Remote storage plugin."),
    string("remote.log.storage.manager.class.path", "")
        .null()
        .never()
        .doc("Class path of that plugin."),
    string("remote.log.storage.manager.impl.prefix", "rsm.config.")
        .valid(Valid::NonEmpty)
        .doc("Prefix of that plugin's own settings."),
    boolean("remote.log.storage.system.enable", false)
        .doc("Make tiered storage available to topics."),
];
