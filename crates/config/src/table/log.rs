//! Log directories, segments, flushing, retention, compaction; and the defaults of topics.

use crate::setting::{Setting, boolean, double, int, list, long, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    boolean("auto.create.topics.enable", true).high(),
    int("compression.gzip.level", -1).valid(Valid::GzipLevel).cluster_wide(),
    int("compression.lz4.level", 9).between(1, 17).cluster_wide(),
    string("compression.type", "producer")
        .one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])
        .high()
        .cluster_wide(),
    int("compression.zstd.level", 3).between(-131_072, 22).cluster_wide(),
    list("cordoned.log.dirs", "").items(Items::ANY_OR_NULL).per_broker(),
    long("log.cleaner.backoff.ms", 15_000).at_least(0).cluster_wide(),
    long("log.cleaner.dedupe.buffer.size", 134_217_728).cluster_wide(),
    long("log.cleaner.delete.retention.ms", 86_400_000).at_least(0).cluster_wide(),
    boolean("log.cleaner.enable", true),
    double("log.cleaner.io.buffer.load.factor", 0.9).cluster_wide().never(),
    int("log.cleaner.io.buffer.size", 524_288).at_least(0).cluster_wide().never(),
    double("log.cleaner.io.max.bytes.per.second", f64::MAX).cluster_wide(),
    long("log.cleaner.max.compaction.lag.ms", i64::MAX).at_least(1).cluster_wide(),
    double("log.cleaner.min.cleanable.ratio", 0.5).between(0, 1).cluster_wide(),
    long("log.cleaner.min.compaction.lag.ms", 0).at_least(0).cluster_wide(),
    int("log.cleaner.threads", 1).at_least(0).cluster_wide(),
    list("log.cleanup.policy", "delete").items(Items::among(&["compact", "delete"])).cluster_wide(),
    list("log.dir", "/tmp/kafka-logs").items(Items::SOME).high(),
    long("log.dir.failure.timeout.ms", 30_000).at_least(1).low(),
    list("log.dirs", "").null().items(Items::SOME_OR_NULL).high(),
    long("log.flush.interval.messages", i64::MAX).at_least(1).high().cluster_wide(),
    long("log.flush.interval.ms", 0).null().high().cluster_wide(),
    int("log.flush.offset.checkpoint.interval.ms", 60_000).at_least(0).high(),
    long("log.flush.scheduler.interval.ms", i64::MAX).high(),
    int("log.flush.start.offset.checkpoint.interval.ms", 60_000).at_least(0).high(),
    int("log.index.interval.bytes", 4096).at_least(0).cluster_wide(),
    int("log.index.size.max.bytes", 10_485_760).at_least(4).cluster_wide(),
    long("log.initial.task.delay.ms", 30_000).at_least(0).low().internal(),
    long("log.local.retention.bytes", -2).at_least(-2).cluster_wide(),
    long("log.local.retention.ms", -2).at_least(-2).cluster_wide(),
    long("log.message.timestamp.after.max.ms", 3_600_000).at_least(0).cluster_wide(),
    long("log.message.timestamp.before.max.ms", i64::MAX).at_least(0).cluster_wide(),
    string("log.message.timestamp.type", "CreateTime")
        .one_of(&["CreateTime", "LogAppendTime"])
        .cluster_wide(),
    boolean("log.preallocate", false).cluster_wide(),
    long("log.retention.bytes", -1).high().cluster_wide(),
    long("log.retention.check.interval.ms", 300_000).at_least(1),
    int("log.retention.hours", 168).high(),
    int("log.retention.minutes", 0).null().high(),
    long("log.retention.ms", 0).null().high().cluster_wide(),
    int("log.roll.hours", 168).at_least(1).high(),
    int("log.roll.jitter.hours", 0).at_least(0).high(),
    long("log.roll.jitter.ms", 0).null().high().cluster_wide(),
    long("log.roll.ms", 0).null().high().cluster_wide(),
    int("log.segment.bytes", 1_073_741_824).at_least(1_048_576).high().cluster_wide(),
    long("log.segment.delete.delay.ms", 60_000).at_least(0).high().cluster_wide(),
    int("message.max.bytes", 1_048_588).at_least(0).high().cluster_wide(),
    int("num.partitions", 1).at_least(1),
    int("num.recovery.threads.per.data.dir", 2).at_least(1).high().cluster_wide(),
];
