//! Topic settings. What a topic does not set comes from the broker settings named as synonyms.

use crate::setting::{Setting, boolean, double, hours, int, list, long, minutes, same_as, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    list("cleanup.policy", "delete")
        .items(Items::among(&["compact", "delete"]))
        .synonyms(&[same_as("log.cleanup.policy")])
        .works()
        .doc("`delete` old segments, `compact` by key, both, or neither."),
    int("compression.gzip.level", -1)
        .valid(Valid::GzipLevel)
        .synonyms(&[same_as("compression.gzip.level")])
        .works()
        .doc("Level for gzip when the broker compresses; -1: the codec's default."),
    int("compression.lz4.level", 9)
        .between(1, 17)
        .synonyms(&[same_as("compression.lz4.level")])
        .works()
        .doc("Level for lz4 when the broker compresses."),
    string("compression.type", "producer")
        .one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])
        .synonyms(&[same_as("compression.type")])
        .works()
        .doc("Codec of batches on disk; `producer` keeps them as they were sent."),
    int("compression.zstd.level", 3)
        .between(-131_072, 22)
        .synonyms(&[same_as("compression.zstd.level")])
        .works()
        .doc("Level for zstd when the broker compresses."),
    long("delete.retention.ms", 86_400_000)
        .at_least(0)
        .synonyms(&[same_as("log.cleaner.delete.retention.ms")])
        .works()
        .doc(
            "How long tombstones and transaction markers stay readable in a compacted \
             topic.",
        ),
    long("file.delete.delay.ms", 60_000)
        .at_least(0)
        .synonyms(&[same_as("log.segment.delete.delay.ms")])
        .works()
        .doc("How long files of deleted segments stay on disk."),
    long("flush.messages", i64::MAX)
        .at_least(1)
        .synonyms(&[same_as("log.flush.interval.messages")])
        .works()
        .doc(
            "Flush to disk after this many records. By default the operating system \
             decides.",
        ),
    long("flush.ms", i64::MAX)
        .at_least(0)
        .synonyms(&[same_as("log.flush.interval.ms"), same_as("log.flush.scheduler.interval.ms")])
        .works()
        .doc(
            "Longest time a record stays unflushed. By default the operating system \
             decides.",
        ),
    list("follower.replication.throttled.replicas", "").valid(Valid::ThrottledReplicas).doc(
        "Replicas held back as followers by `follower.replication.throttled.rate`: `*`, \
         or `partition:broker,...`.",
    ),
    int("index.interval.bytes", 4096)
        .at_least(0)
        .synonyms(&[same_as("log.index.interval.bytes")])
        .works()
        .doc("An index entry for each so many bytes."),
    int("internal.segment.bytes", 0)
        .null()
        .internal()
        .works()
        .doc("Size at which a segment rolls, instead of `segment.bytes`. For tests."),
    list("leader.replication.throttled.replicas", "").valid(Valid::ThrottledReplicas).doc(
        "Replicas held back as leaders by `leader.replication.throttled.rate`: `*`, or \
         `partition:broker,...`.",
    ),
    long("local.retention.bytes", -2)
        .at_least(-2)
        .synonyms(&[same_as("log.local.retention.bytes")])
        .doc(
            "Bytes that stay on local disk when older ones are in remote storage; -2: as \
             `retention.bytes`.",
        ),
    long("local.retention.ms", -2).at_least(-2).synonyms(&[same_as("log.local.retention.ms")]).doc(
        "Time that records stay on local disk when older ones are in remote storage; \
         -2: as `retention.ms`.",
    ),
    long("max.compaction.lag.ms", i64::MAX)
        .at_least(1)
        .synonyms(&[same_as("log.cleaner.max.compaction.lag.ms")])
        .works()
        .doc("Compact a record at the latest after this time."),
    int("max.message.bytes", 1_048_588)
        .at_least(0)
        .synonyms(&[same_as("message.max.bytes")])
        .works()
        .doc("Largest batch of records, after compression."),
    long("message.timestamp.after.max.ms", 3_600_000)
        .at_least(0)
        .synonyms(&[same_as("log.message.timestamp.after.max.ms")])
        .works()
        .doc(
            "Refuse records whose timestamp is further ahead of the broker's clock. Not \
             with `LogAppendTime`.",
        ),
    long("message.timestamp.before.max.ms", i64::MAX)
        .at_least(0)
        .synonyms(&[same_as("log.message.timestamp.before.max.ms")])
        .works()
        .doc(
            "Refuse records whose timestamp is further behind the broker's clock. Not with \
             `LogAppendTime`.",
        ),
    string("message.timestamp.type", "CreateTime")
        .one_of(&["CreateTime", "LogAppendTime"])
        .synonyms(&[same_as("log.message.timestamp.type")])
        .works()
        .doc(
            "What the timestamp of a record is: the producer's time, or the time of the \
             append.",
        ),
    double("min.cleanable.dirty.ratio", 0.5)
        .between(0, 1)
        .synonyms(&[same_as("log.cleaner.min.cleanable.ratio")])
        .works()
        .doc("Share of not yet compacted bytes from which the log is compacted."),
    long("min.compaction.lag.ms", 0)
        .at_least(0)
        .synonyms(&[same_as("log.cleaner.min.compaction.lag.ms")])
        .works()
        .doc("Leave records alone for at least this time before they are compacted."),
    int("min.insync.replicas", 1)
        .at_least(1)
        .synonyms(&[same_as("min.insync.replicas")])
        .works()
        .doc(
            "Replicas that must have a record before acks=all is answered; with fewer in \
             sync, such produce requests are refused.",
        ),
    boolean("preallocate", false)
        .synonyms(&[same_as("log.preallocate")])
        .doc("Allocate a segment's file at its full size."),
    boolean("remote.log.copy.disable", false)
        .doc("Copy nothing more to remote storage; what is there stays readable."),
    boolean("remote.log.delete.on.disable", false).doc(
        "Delete what is in remote storage when `remote.storage.enable` \
         is turned off.",
    ),
    boolean("remote.storage.enable", false).doc("Move older segments to remote storage."),
    long("retention.bytes", -1)
        .synonyms(&[same_as("log.retention.bytes")])
        .works()
        .doc("Bytes a partition keeps; -1: unlimited."),
    long("retention.ms", 604_800_000)
        .at_least(-1)
        .synonyms(&[
            same_as("log.retention.ms"),
            minutes("log.retention.minutes"),
            hours("log.retention.hours"),
        ])
        .works()
        .doc("Milliseconds a partition keeps records; -1: unlimited."),
    int("segment.bytes", 1_073_741_824)
        .at_least(1_048_576)
        .synonyms(&[same_as("log.segment.bytes")])
        .works()
        .doc("Size at which a segment rolls."),
    int("segment.index.bytes", 10_485_760)
        .at_least(4)
        .synonyms(&[same_as("log.index.size.max.bytes")])
        .works()
        .doc("Largest offset index; the segment rolls when it is full."),
    long("segment.jitter.ms", 0)
        .at_least(0)
        .synonyms(&[same_as("log.roll.jitter.ms"), hours("log.roll.jitter.hours")])
        .works()
        .doc("Milliseconds taken off at random from the time a segment rolls."),
    long("segment.ms", 604_800_000)
        .at_least(1)
        .synonyms(&[same_as("log.roll.ms"), hours("log.roll.hours")])
        .works()
        .doc("Milliseconds until a segment rolls."),
    boolean("unclean.leader.election.enable", false)
        .synonyms(&[same_as("unclean.leader.election.enable")])
        .works()
        .doc(
            "Let a replica that is not in sync become leader when no other is left, at the \
             price of lost records.",
        ),
];
