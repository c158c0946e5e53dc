//! Topic settings. What a topic does not set comes from the broker settings named as synonyms.

use crate::setting::{Setting, boolean, double, hours, int, list, long, minutes, same_as, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    list("cleanup.policy", "delete")
        .items(Items::among(&["compact", "delete"]))
        .synonyms(&[same_as("log.cleanup.policy")]),
    int("compression.gzip.level", -1)
        .valid(Valid::GzipLevel)
        .synonyms(&[same_as("compression.gzip.level")]),
    int("compression.lz4.level", 9).between(1, 17).synonyms(&[same_as("compression.lz4.level")]),
    string("compression.type", "producer")
        .one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])
        .synonyms(&[same_as("compression.type")]),
    int("compression.zstd.level", 3)
        .between(-131_072, 22)
        .synonyms(&[same_as("compression.zstd.level")]),
    long("delete.retention.ms", 86_400_000)
        .at_least(0)
        .synonyms(&[same_as("log.cleaner.delete.retention.ms")]),
    long("file.delete.delay.ms", 60_000)
        .at_least(0)
        .synonyms(&[same_as("log.segment.delete.delay.ms")]),
    long("flush.messages", i64::MAX)
        .at_least(1)
        .synonyms(&[same_as("log.flush.interval.messages")]),
    long("flush.ms", i64::MAX)
        .at_least(0)
        .synonyms(&[same_as("log.flush.interval.ms"), same_as("log.flush.scheduler.interval.ms")]),
    list("follower.replication.throttled.replicas", "").valid(Valid::ThrottledReplicas),
    int("index.interval.bytes", 4096).at_least(0).synonyms(&[same_as("log.index.interval.bytes")]),
    int("internal.segment.bytes", 0).null().internal(),
    list("leader.replication.throttled.replicas", "").valid(Valid::ThrottledReplicas),
    long("local.retention.bytes", -2)
        .at_least(-2)
        .synonyms(&[same_as("log.local.retention.bytes")]),
    long("local.retention.ms", -2).at_least(-2).synonyms(&[same_as("log.local.retention.ms")]),
    long("max.compaction.lag.ms", i64::MAX)
        .at_least(1)
        .synonyms(&[same_as("log.cleaner.max.compaction.lag.ms")]),
    int("max.message.bytes", 1_048_588).at_least(0).synonyms(&[same_as("message.max.bytes")]),
    long("message.timestamp.after.max.ms", 3_600_000)
        .at_least(0)
        .synonyms(&[same_as("log.message.timestamp.after.max.ms")]),
    long("message.timestamp.before.max.ms", i64::MAX)
        .at_least(0)
        .synonyms(&[same_as("log.message.timestamp.before.max.ms")]),
    string("message.timestamp.type", "CreateTime")
        .one_of(&["CreateTime", "LogAppendTime"])
        .synonyms(&[same_as("log.message.timestamp.type")]),
    double("min.cleanable.dirty.ratio", 0.5)
        .between(0, 1)
        .synonyms(&[same_as("log.cleaner.min.cleanable.ratio")]),
    long("min.compaction.lag.ms", 0)
        .at_least(0)
        .synonyms(&[same_as("log.cleaner.min.compaction.lag.ms")]),
    int("min.insync.replicas", 1).at_least(1).synonyms(&[same_as("min.insync.replicas")]),
    boolean("preallocate", false).synonyms(&[same_as("log.preallocate")]),
    boolean("remote.log.copy.disable", false),
    boolean("remote.log.delete.on.disable", false),
    boolean("remote.storage.enable", false),
    long("retention.bytes", -1).synonyms(&[same_as("log.retention.bytes")]),
    long("retention.ms", 604_800_000).at_least(-1).synonyms(&[
        same_as("log.retention.ms"),
        minutes("log.retention.minutes"),
        hours("log.retention.hours"),
    ]),
    int("segment.bytes", 1_073_741_824)
        .at_least(1_048_576)
        .synonyms(&[same_as("log.segment.bytes")]),
    int("segment.index.bytes", 10_485_760)
        .at_least(4)
        .synonyms(&[same_as("log.index.size.max.bytes")]),
    long("segment.jitter.ms", 0)
        .at_least(0)
        .synonyms(&[same_as("log.roll.jitter.ms"), hours("log.roll.jitter.hours")]),
    long("segment.ms", 604_800_000)
        .at_least(1)
        .synonyms(&[same_as("log.roll.ms"), hours("log.roll.hours")]),
    boolean("unclean.leader.election.enable", false)
        .synonyms(&[same_as("unclean.leader.election.enable")]),
];
