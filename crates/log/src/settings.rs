//! The settings of one log.

/// What decides the layout of a log and when it is flushed: topic settings of the same names.
///
/// Values are taken as they are; whoever fills this in has validated them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// `segment.bytes`: a segment never grows beyond this. At most 2^31 − 1.
    pub segment_bytes: u32,
    /// `segment.ms`: a segment that spans more time than this is rolled.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: up to this much is taken off `segment_ms`, at random for each
    /// segment, so that many partitions do not roll at the same time.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: a segment with an index this large is rolled.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`: about this many bytes lie between two entries of the indexes.
    pub index_interval_bytes: u32,
    /// Whether `cleanup.policy` contains `compact`: gaps between offsets are normal then, and no
    /// sign of a loss.
    pub compact: bool,
    /// `flush.messages`: this many unflushed records make a flush due.
    pub flush_messages: i64,
    /// `flush.ms`: after this time unflushed records make a flush due.
    pub flush_ms: i64,
    /// Whether a record counts only once it is on the disk: `flush.messages` = 1, or
    /// `log.flush.before.ack`.
    pub sync_appends: bool,
    /// `file.delete.delay.ms`: how long removed segments and replicas stay on the disk.
    pub file_delete_delay_ms: i64,
    /// `producer.id.expiration.ms`: producers not heard of for this long are forgotten when a log
    /// is loaded.
    pub producer_id_expiration_ms: i64,
}

impl Default for LogSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 60 * 60 * 1000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            compact: false,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            sync_appends: false,
            file_delete_delay_ms: 60_000,
            producer_id_expiration_ms: 24 * 60 * 60 * 1000,
        }
    }
}
