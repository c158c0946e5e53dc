//! Log directories, flushes, recovery, compaction.

use crate::metric::metrics;

metrics! {
    /// Log directories that failed.
    OFFLINE_DIRECTORIES: Gauge "kafka_log_logmanager_offlinelogdirectorycount" in "directories" [];
    /// Whether a log directory failed.
    DIRECTORY_OFFLINE: Gauge "kafka_log_logmanager_logdirectoryoffline" in "0 or 1"
        ["logDirectory"];
    /// Size of the disk that a log directory is on.
    DIRECTORY_TOTAL_BYTES: Gauge "ottla_log_directory_total_bytes" in "bytes" ["logDirectory"];
    /// Bytes that are free on the disk that a log directory is on.
    DIRECTORY_FREE_BYTES: Gauge "ottla_log_directory_free_bytes" in "bytes" ["logDirectory"];
    /// Time it took to bring a log onto the disk.
    FLUSH_TIME: Summary "kafka_log_logflushstats_logflushrateandtimems" in "ms" [];
    /// Time it took to load all logs at the start.
    LOAD_TIME: Gauge "ottla_log_load_seconds" in "s" [];
    /// Logs that were loaded at the start.
    LOADED: Gauge "ottla_log_loaded_logs" in "logs" [];
    /// Threads that compact logs.
    CLEANER_THREADS: Gauge "ottla_log_cleaner_threads" in "threads" [];
    /// Logs that were compacted.
    CLEANED_LOGS: Counter "ottla_log_cleaner_cleanings_total" in "cleanings" [];
    /// Bytes of segments before their compaction.
    CLEANED_BYTES_BEFORE: Counter "ottla_log_cleaner_bytes_before_total" in "bytes" [];
    /// Bytes of segments after their compaction.
    CLEANED_BYTES_AFTER: Counter "ottla_log_cleaner_bytes_after_total" in "bytes" [];
    /// Logs that cannot be compacted.
    UNCLEANABLE: Gauge "kafka_log_logcleanermanager_uncleanable_partitions_count" in "logs"
        ["logDirectory"];
}
