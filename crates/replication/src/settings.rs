//! What a topic's configuration means for its replicas.

use std::sync::Arc;

use config::{CompressionType, LogConfig};
use log::{CleanupSettings, LogSettings};
use records::{Codec, Compression, ProduceRules, TimestampType};

/// Records of a compressed batch may take this many times `max.message.bytes` uncompressed. Well
/// above what honest data reaches, well below what a bomb asks for (DESIGN: everything has a
/// bound).
const EXPANSION_MAX: usize = 64;

/// The settings of a topic as its replicas use them; one for all topics that are configured alike.
#[derive(Debug, Clone)]
pub struct TopicSettings {
    /// The layout of the log.
    pub log: Arc<LogSettings>,
    /// Which old records may go.
    pub cleanup: CleanupSettings,
    /// What produced batches must obey.
    pub produce: ProduceRules,
    /// `min.insync.replicas`.
    pub min_insync_replicas: usize,
    /// Whether records may be deleted from the front (`cleanup.policy` has `delete`).
    pub deletable: bool,
}

/// What a broker sets for all of its topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerDefaults {
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
    /// `log.flush.before.ack`: acks=all waits for the disk.
    pub flush_before_ack: bool,
}

impl TopicSettings {
    /// The settings that follow from a topic's effective configuration and what the broker sets for
    /// all topics.
    pub fn new(config: &LogConfig, broker: BrokerDefaults) -> Self {
        let max_message_bytes = usize::try_from(config.max_message_bytes).unwrap_or(0);
        Self {
            log: Arc::new(log_settings(config, broker)),
            cleanup: CleanupSettings {
                compact: config.cleanup_policy.compact,
                delete: config.cleanup_policy.delete,
                retention_ms: config.retention_ms,
                retention_bytes: config.retention_bytes,
                delete_retention_ms: config.delete_retention_ms,
                min_compaction_lag_ms: config.min_compaction_lag_ms,
                max_compaction_lag_ms: config.max_compaction_lag_ms,
                min_cleanable_dirty_ratio: config.min_cleanable_dirty_ratio,
            },
            produce: ProduceRules {
                max_message_bytes,
                compacted: config.cleanup_policy.compact,
                timestamp_type: match config.message_timestamp_type {
                    config::TimestampType::CreateTime => TimestampType::CreateTime,
                    config::TimestampType::LogAppendTime => TimestampType::LogAppendTime,
                },
                timestamp_before_max_ms: config.message_timestamp_before_max_ms,
                timestamp_after_max_ms: config.message_timestamp_after_max_ms,
                compression: codec(config),
                max_decompressed_bytes: max_message_bytes
                    .saturating_mul(EXPANSION_MAX)
                    .max(64 << 20),
            },
            min_insync_replicas: usize::try_from(config.min_insync_replicas).unwrap_or(1),
            deletable: config.cleanup_policy.delete || !config.cleanup_policy.compact,
        }
    }
}

fn log_settings(config: &LogConfig, broker: BrokerDefaults) -> LogSettings {
    LogSettings {
        segment_bytes: u32::try_from(config.segment_size()).unwrap_or(u32::MAX),
        segment_ms: segment_ms(config),
        segment_jitter_ms: config.segment_jitter_ms,
        segment_index_bytes: u32::try_from(config.segment_index_bytes).unwrap_or(0),
        index_interval_bytes: u32::try_from(config.index_interval_bytes).unwrap_or(0),
        flush_messages: config.flush_messages,
        flush_ms: config.flush_ms,
        sync_appends: config.flush_messages <= 1 || broker.flush_before_ack,
        file_delete_delay_ms: config.file_delete_delay_ms,
        producer_id_expiration_ms: broker.producer_id_expiration_ms,
        compact: config.cleanup_policy.compact,
    }
}

/// A log that has to be compacted in time has to be rolled in time.
fn segment_ms(config: &LogConfig) -> i64 {
    match config.cleanup_policy.compact && config.max_compaction_lag_ms > 0 {
        true => config.segment_ms.min(config.max_compaction_lag_ms),
        false => config.segment_ms,
    }
}

/// The codec batches are stored with; `None` keeps the producer's.
fn codec(config: &LogConfig) -> Option<Codec> {
    let (compression, level) = match config.compression_type {
        CompressionType::Producer => return None,
        CompressionType::Uncompressed => (Compression::None, None),
        CompressionType::Gzip => (Compression::Gzip, Some(config.compression_gzip_level)),
        CompressionType::Snappy => (Compression::Snappy, None),
        CompressionType::Lz4 => (Compression::Lz4, Some(config.compression_lz4_level)),
        CompressionType::Zstd => (Compression::Zstd, Some(config.compression_zstd_level)),
    };
    Some(Codec { compression, level })
}
