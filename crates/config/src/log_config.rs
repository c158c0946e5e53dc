//! The settings of one topic, typed: `LogConfig` in Kafka's words.

use crate::error::Error;
use crate::setting::{Kind, Setting};
use crate::table;
use crate::typed::{Typed, Values, typed};
use crate::value::Value;

typed! {
    /// The effective settings of one topic.
    pub struct LogConfig from TOPIC {
        cleanup_policy: CleanupPolicy = "cleanup.policy",
        compression_gzip_level: i32 = "compression.gzip.level",
        compression_lz4_level: i32 = "compression.lz4.level",
        compression_type: CompressionType = "compression.type",
        compression_zstd_level: i32 = "compression.zstd.level",
        delete_retention_ms: i64 = "delete.retention.ms",
        file_delete_delay_ms: i64 = "file.delete.delay.ms",
        /// Flush after this many records.
        flush_messages: i64 = "flush.messages",
        flush_ms: i64 = "flush.ms",
        follower_replication_throttled_replicas: ThrottledReplicas =
            "follower.replication.throttled.replicas",
        index_interval_bytes: i32 = "index.interval.bytes",
        /// For tests; [`LogConfig::segment_size`] minds it.
        internal_segment_bytes: Option<i32> = "internal.segment.bytes",
        leader_replication_throttled_replicas: ThrottledReplicas =
            "leader.replication.throttled.replicas",
        /// -2: as `retention.bytes`.
        local_retention_bytes: i64 = "local.retention.bytes",
        /// -2: as `retention.ms`.
        local_retention_ms: i64 = "local.retention.ms",
        max_compaction_lag_ms: i64 = "max.compaction.lag.ms",
        /// Largest batch, with its 12 bytes of log overhead.
        max_message_bytes: i32 = "max.message.bytes",
        message_timestamp_after_max_ms: i64 = "message.timestamp.after.max.ms",
        message_timestamp_before_max_ms: i64 = "message.timestamp.before.max.ms",
        message_timestamp_type: TimestampType = "message.timestamp.type",
        min_cleanable_dirty_ratio: f64 = "min.cleanable.dirty.ratio",
        min_compaction_lag_ms: i64 = "min.compaction.lag.ms",
        min_insync_replicas: i32 = "min.insync.replicas",
        preallocate: bool = "preallocate",
        remote_log_copy_disable: bool = "remote.log.copy.disable",
        remote_log_delete_on_disable: bool = "remote.log.delete.on.disable",
        remote_storage_enable: bool = "remote.storage.enable",
        /// -1: unlimited.
        retention_bytes: i64 = "retention.bytes",
        /// -1: unlimited.
        retention_ms: i64 = "retention.ms",
        /// [`LogConfig::segment_size`] is the one to use.
        segment_bytes: i32 = "segment.bytes",
        segment_index_bytes: i32 = "segment.index.bytes",
        segment_jitter_ms: i64 = "segment.jitter.ms",
        segment_ms: i64 = "segment.ms",
        unclean_leader_election_enable: bool = "unclean.leader.election.enable",
    }
}

/// What happens to old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Keep the latest record of each key.
    pub compact: bool,
    /// Delete whole segments that are past the retention limits.
    pub delete: bool,
}

/// How a partition's batches are compressed on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// As the producer sent them.
    Producer,
    /// Not at all.
    Uncompressed,
    /// With gzip.
    Gzip,
    /// With snappy.
    Snappy,
    /// With lz4.
    Lz4,
    /// With zstd.
    Zstd,
}

/// What the timestamp of a record means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// When the producer made the record.
    CreateTime,
    /// When the broker appended it.
    LogAppendTime,
}

/// Which replicas of a topic replication quotas hold back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThrottledReplicas {
    /// All of them.
    All,
    /// These pairs of partition and broker.
    Some(Vec<(i32, i32)>),
}

impl LogConfig {
    /// Largest size of a segment in bytes.
    pub fn segment_size(&self) -> i32 {
        self.internal_segment_bytes.unwrap_or(self.segment_bytes)
    }
}

impl Default for LogConfig {
    /// What a broker without any configuration gives a topic.
    fn default() -> Self {
        match TopicDefaults::of_broker(&Values::new()).log_config([]) {
            Ok(config) => config,
            Err(error) => unreachable!("a default of the table is not valid: {error}"),
        }
    }
}

/// What topics of a broker get for the settings they do not set themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicDefaults {
    values: Values,
}

impl TopicDefaults {
    /// The defaults that follow from the values of a broker's settings.
    pub(crate) fn of_broker(broker: &Values) -> Self {
        let value = |row: &'static Setting| Some((row.name, broker_value(row, broker)?));
        TopicDefaults { values: table::rows(table::TOPIC).filter_map(value).collect() }
    }

    /// The effective settings of a topic that has `overrides` of its own.
    ///
    /// # Errors
    /// For the first override that is not acceptable. Names that are not topic settings are
    /// passed over, as Kafka does with what another release stored.
    pub fn log_config<'a>(
        &self,
        overrides: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<LogConfig, Error> {
        LogConfig::read(&self.with_overrides(overrides)?)
    }

    /// The effective settings of a topic, for values that are stored already: those that are not
    /// acceptable (any more) are left out and returned.
    pub fn log_config_of_stored<'a>(
        &self,
        overrides: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (LogConfig, Vec<Error>) {
        let mut values = self.values.clone();
        let mut left_out = Vec::new();
        for (name, text) in overrides {
            match table::find(table::TOPIC, name).map(|row| (row, row.parse(text))) {
                Some((row, Ok(value))) => drop(values.insert(row.name, value)),
                Some((_, Err(error))) => left_out.push(error),
                None => {}
            }
        }
        match LogConfig::read(&values) {
            Ok(config) => (config, left_out),
            Err(error) => unreachable!("a checked value does not fit its field: {error}"),
        }
    }

    /// The values by name, with those of a topic over them.
    pub(crate) fn with_overrides<'a>(
        &self,
        overrides: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Values, Error> {
        let mut values = self.values.clone();
        for (name, text) in overrides {
            if let Some(row) = table::find(table::TOPIC, name) {
                values.insert(row.name, row.parse(text)?);
            }
        }
        Ok(values)
    }
}

/// The broker's value for a topic setting: that of the first synonym that has one, else the
/// topic setting's own default.
fn broker_value(topic: &Setting, broker: &Values) -> Option<Value> {
    let found = topic.synonyms.iter().find_map(|synonym| {
        let value = broker.get(synonym.name)?.clone();
        Some(match value {
            Value::Int(units) if synonym.scale > 1 => {
                Value::Long(i64::from(units).saturating_mul(synonym.scale))
            }
            other => other,
        })
    });
    match found {
        // any negative retention is unlimited, in whatever unit
        Some(Value::Long(ms)) if topic.name == "retention.ms" => Some(Value::Long(ms.max(-1))),
        Some(value) => Some(value),
        None => Value::default_of(topic),
    }
}

impl Typed for CleanupPolicy {
    const KIND: Kind = Kind::List;

    fn take(value: Option<&Value>) -> Option<Self> {
        let items: Vec<String> = Typed::take(value)?;
        let has = |word: &str| items.iter().any(|item| item == word);
        Some(CleanupPolicy { compact: has("compact"), delete: has("delete") })
    }
}

impl Typed for CompressionType {
    const KIND: Kind = Kind::String;

    fn take(value: Option<&Value>) -> Option<Self> {
        let name: String = Typed::take(value)?;
        Some(match name.as_str() {
            "producer" => CompressionType::Producer,
            "uncompressed" => CompressionType::Uncompressed,
            "gzip" => CompressionType::Gzip,
            "snappy" => CompressionType::Snappy,
            "lz4" => CompressionType::Lz4,
            "zstd" => CompressionType::Zstd,
            _ => return None,
        })
    }
}

impl Typed for TimestampType {
    const KIND: Kind = Kind::String;

    fn take(value: Option<&Value>) -> Option<Self> {
        let name: String = Typed::take(value)?;
        Some(match name.as_str() {
            "CreateTime" => TimestampType::CreateTime,
            "LogAppendTime" => TimestampType::LogAppendTime,
            _ => return None,
        })
    }
}

impl Typed for ThrottledReplicas {
    const KIND: Kind = Kind::List;

    fn take(value: Option<&Value>) -> Option<Self> {
        let items: Vec<String> = Typed::take(value)?;
        if items == ["*"] {
            return Some(ThrottledReplicas::All);
        }
        let pair = |item: &String| {
            let (partition, broker) = item.split_once(':')?;
            Some((partition.parse().ok()?, broker.parse().ok()?))
        };
        Some(ThrottledReplicas::Some(items.iter().filter_map(pair).collect()))
    }
}
