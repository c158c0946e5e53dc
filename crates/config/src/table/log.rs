//! Log directories, segments, flushing, retention, compaction; and the defaults of topics.

use crate::setting::{Setting, boolean, double, int, list, long, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    boolean("auto.create.topics.enable", true).high().works().doc(
        "Create a topic when a client asks for the metadata of one that does not exist \
         and allows it to be created.",
    ),
    int("compression.gzip.level", -1)
        .valid(Valid::GzipLevel)
        .cluster_wide()
        .works()
        .doc("Level for gzip when the broker compresses; -1: the codec's default."),
    int("compression.lz4.level", 9)
        .between(1, 17)
        .cluster_wide()
        .works()
        .doc("Level for lz4 when the broker compresses."),
    string("compression.type", "producer")
        .one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])
        .high()
        .cluster_wide()
        .works()
        .doc("Codec of batches on disk; `producer` keeps them as they were sent."),
    int("compression.zstd.level", 3)
        .between(-131_072, 22)
        .cluster_wide()
        .works()
        .doc("Level for zstd when the broker compresses."),
    list("cordoned.log.dirs", "")
        .items(Items::ANY_OR_NULL)
        .per_broker()
        .works()
        .doc("Log directories that get no new partitions; `*` means all."),
    long("log.cleaner.backoff.ms", 15_000)
        .at_least(0)
        .cluster_wide()
        .works()
        .doc("How long the cleaner rests when there is nothing to compact."),
    long("log.cleaner.dedupe.buffer.size", 134_217_728).cluster_wide().works().doc(
        "Memory for keys during compaction, over all cleaner threads. At least 1 MiB \
         for each.",
    ),
    long("log.cleaner.delete.retention.ms", 86_400_000).at_least(0).cluster_wide().works().doc(
        "Default of `delete.retention.ms`: how long tombstones and transaction markers \
         stay readable in compacted topics.",
    ),
    boolean("log.cleaner.enable", true)
        .works()
        .doc("Run the cleaner, which compacts topics. Deprecated."),
    double("log.cleaner.io.buffer.load.factor", 0.9)
        .cluster_wide()
        .works()
        .doc("How full the key buffer may get."),
    int("log.cleaner.io.buffer.size", 524_288)
        .at_least(0)
        .cluster_wide()
        .works()
        .doc("Read and write buffers of the cleaner, over all its threads."),
    double("log.cleaner.io.max.bytes.per.second", f64::MAX)
        .cluster_wide()
        .works()
        .doc("Bound on the cleaner's reading and writing."),
    long("log.cleaner.max.compaction.lag.ms", i64::MAX).at_least(1).cluster_wide().works().doc(
        "Default of `max.compaction.lag.ms`: compact at the latest \
         after this time.",
    ),
    double("log.cleaner.min.cleanable.ratio", 0.5).between(0, 1).cluster_wide().works().doc(
        "Default of `min.cleanable.dirty.ratio`: share of not yet compacted bytes from \
         which a log is compacted.",
    ),
    long("log.cleaner.min.compaction.lag.ms", 0).at_least(0).cluster_wide().works().doc(
        "Default of `min.compaction.lag.ms`: leave records alone for at least this \
         time.",
    ),
    int("log.cleaner.threads", 1).at_least(0).cluster_wide().works().doc("Threads of the cleaner."),
    list("log.cleanup.policy", "delete")
        .items(Items::among(&["compact", "delete"]))
        .cluster_wide()
        .works()
        .doc(
            "Default of `cleanup.policy`: `delete` old segments, `compact` by key, both, or \
             neither.",
        ),
    list("log.dir", "/tmp/kafka-logs")
        .items(Items::SOME)
        .high()
        .works()
        .doc("Log directory if `log.dirs` is not set."),
    long("log.dir.failure.timeout.ms", 30_000).at_least(1).low().doc(
        "A broker that cannot tell the controller about a failed log directory for this \
         long shuts down.",
    ),
    list("log.dirs", "")
        .null()
        .items(Items::SOME_OR_NULL)
        .high()
        .works()
        .doc("Log directories; partitions are spread over them."),
    long("log.dirs.min.free.bytes", -1).at_least(-1).own().works().doc(
        "Bytes to keep free on the disk of each log directory. With less, clients' batches are \
         refused with a retriable error, while reading, committing and deleting go on; -1: a \
         twentieth of the disk, at most 1 GiB.",
    ),
    boolean("log.flush.before.ack", false).cluster_wide().own().works().doc(
        "Whether a record counts only once the leader has it on its disk: acks=all waits for a \
         sync that all appends of a partition share, and consumers see what is on the disk. \
         `flush.messages=1` does the same for one topic, also for acks=1.",
    ),
    long("log.flush.interval.messages", i64::MAX).at_least(1).high().cluster_wide().works().doc(
        "Default of `flush.messages`: flush a log to disk after this \
         many records.",
    ),
    long("log.flush.interval.ms", 0).null().high().cluster_wide().works().doc(
        "Default of `flush.ms`: longest time a record stays unflushed. If not set: \
         `log.flush.scheduler.interval.ms`.",
    ),
    int("log.flush.offset.checkpoint.interval.ms", 60_000).at_least(0).high().works().doc(
        "How often the recovery points are written, from which a start after a crash \
         recovers.",
    ),
    long("log.flush.scheduler.interval.ms", i64::MAX).high().works().doc(
        "Default of `log.flush.interval.ms`. Logs are flushed when they are due, without \
             looking for them from time to time.",
    ),
    int("log.flush.start.offset.checkpoint.interval.ms", 60_000)
        .at_least(0)
        .high()
        .works()
        .doc("How often the start offsets of logs are written."),
    int("log.index.interval.bytes", 4096).at_least(0).cluster_wide().works().doc(
        "Default of `index.interval.bytes`: an index entry for each so \
         many bytes.",
    ),
    int("log.index.size.max.bytes", 10_485_760).at_least(4).cluster_wide().works().doc(
        "Default of `segment.index.bytes`: largest offset index; the segment rolls when \
         it is full.",
    ),
    long("log.initial.task.delay.ms", 30_000)
        .at_least(0)
        .low()
        .internal()
        .works()
        .doc("Wait after start before background work on logs begins. For tests."),
    long("log.local.retention.bytes", -2).at_least(-2).cluster_wide().doc(
        "Default of `local.retention.bytes`: bytes that stay on local disk when older \
         ones are in remote storage. -2: as `log.retention.bytes`.",
    ),
    long("log.local.retention.ms", -2).at_least(-2).cluster_wide().doc(
        "Default of `local.retention.ms`: time that records stay on local disk when \
         older ones are in remote storage. -2: as `log.retention.ms`.",
    ),
    long("log.message.timestamp.after.max.ms", 3_600_000).at_least(0).cluster_wide().works().doc(
        "Default of `message.timestamp.after.max.ms`: refuse records whose timestamp is \
         further ahead of the broker's clock.",
    ),
    long("log.message.timestamp.before.max.ms", i64::MAX).at_least(0).cluster_wide().works().doc(
        "Default of `message.timestamp.before.max.ms`: refuse records whose timestamp \
         is further behind the broker's clock.",
    ),
    string("log.message.timestamp.type", "CreateTime")
        .one_of(&["CreateTime", "LogAppendTime"])
        .cluster_wide()
        .works()
        .doc(
            "Default of `message.timestamp.type`: the producer's time or the time of the \
             append.",
        ),
    boolean("log.preallocate", false)
        .cluster_wide()
        .doc("Default of `preallocate`: allocate a segment's file at its full size."),
    long("log.retention.bytes", -1)
        .high()
        .cluster_wide()
        .works()
        .doc("Default of `retention.bytes`: bytes a partition keeps; -1: unlimited."),
    long("log.retention.check.interval.ms", 300_000)
        .at_least(1)
        .works()
        .doc("How often to look for segments to delete."),
    int("log.retention.hours", 168).high().works().doc(
        "Hours a partition keeps records, if neither `log.retention.ms` nor \
         `log.retention.minutes` is set.",
    ),
    int("log.retention.minutes", 0)
        .null()
        .high()
        .works()
        .doc("Minutes a partition keeps records, if `log.retention.ms` is not set."),
    long("log.retention.ms", 0).null().high().cluster_wide().works().doc(
        "Default of `retention.ms`: milliseconds a partition keeps records; -1: \
         unlimited.",
    ),
    int("log.roll.hours", 168)
        .at_least(1)
        .high()
        .works()
        .doc("Hours until a segment rolls, if `log.roll.ms` is not set."),
    int("log.roll.jitter.hours", 0).at_least(0).high().works().doc(
        "Hours taken off at random from the time a segment rolls, if \
         `log.roll.jitter.ms` is not set.",
    ),
    long("log.roll.jitter.ms", 0).null().high().cluster_wide().works().doc(
        "Default of `segment.jitter.ms`: milliseconds taken off at random from the time \
         a segment rolls.",
    ),
    long("log.roll.ms", 0)
        .null()
        .high()
        .cluster_wide()
        .works()
        .doc("Default of `segment.ms`: milliseconds until a segment rolls."),
    int("log.segment.bytes", 1_073_741_824)
        .at_least(1_048_576)
        .high()
        .cluster_wide()
        .works()
        .doc("Default of `segment.bytes`: size at which a segment rolls."),
    long("log.segment.delete.delay.ms", 60_000).at_least(0).high().cluster_wide().works().doc(
        "Default of `file.delete.delay.ms`: how long files of deleted segments stay on \
         disk.",
    ),
    int("message.max.bytes", 1_048_588).at_least(0).high().cluster_wide().works().doc(
        "Default of `max.message.bytes`: largest batch of records, \
         after compression.",
    ),
    int("num.partitions", 1)
        .at_least(1)
        .works()
        .doc("Partitions of topics that are created without a number."),
    int("num.recovery.threads.per.data.dir", 2).at_least(1).high().cluster_wide().works().doc(
        "Logs of one directory that are loaded or flushed at the same time, at start \
         and stop.",
    ),
];
