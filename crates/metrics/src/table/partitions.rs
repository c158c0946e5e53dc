//! Partitions and their replicas.

use crate::metric::metrics;

metrics! {
    /// Partitions that this broker leads.
    LEADER_COUNT: Gauge "kafka_server_replicamanager_leadercount" in "partitions" [];
    /// Replicas on this broker.
    PARTITION_COUNT: Gauge "kafka_server_replicamanager_partitioncount" in "replicas" [];
    /// Replicas on this broker whose log cannot be used.
    OFFLINE_REPLICA_COUNT: Gauge "kafka_server_replicamanager_offlinereplicacount" in "replicas" [];
    /// Partitions led here with fewer replicas in sync than there are.
    UNDER_REPLICATED: Gauge "kafka_server_replicamanager_underreplicatedpartitions"
        in "partitions" [];
    /// Partitions led here with fewer replicas in sync than `min.insync.replicas`.
    UNDER_MIN_ISR: Gauge "kafka_server_replicamanager_underminisrpartitioncount" in "partitions" [];
    /// Partitions led here with just as many replicas in sync as `min.insync.replicas`.
    AT_MIN_ISR: Gauge "kafka_server_replicamanager_atminisrpartitioncount" in "partitions" [];
    /// Partitions led here whose replicas are being moved.
    REASSIGNING: Gauge "kafka_server_replicamanager_reassigningpartitions" in "partitions" [];
    /// Producers that logs on this broker know.
    PRODUCER_ID_COUNT: Gauge "kafka_server_replicamanager_produceridcount" in "producers" [];
    /// Operations that wait: `Produce` for other replicas or the disk, `Fetch` for data.
    PURGATORY_SIZE: Gauge "kafka_server_delayedoperationpurgatory_purgatorysize" in "operations"
        ["delayedOperation"];
    /// Whether a partition led here has fewer replicas in sync than there are.
    PARTITION_UNDER_REPLICATED: Gauge "kafka_cluster_partition_underreplicated" in "0 or 1"
        ["topic", "partition"];
    /// Whether a partition led here has fewer replicas in sync than `min.insync.replicas`.
    PARTITION_UNDER_MIN_ISR: Gauge "kafka_cluster_partition_underminisr" in "0 or 1"
        ["topic", "partition"];
    /// Whether a partition led here has just as many replicas in sync as `min.insync.replicas`.
    PARTITION_AT_MIN_ISR: Gauge "kafka_cluster_partition_atminisr" in "0 or 1"
        ["topic", "partition"];
    /// Replicas of a partition led here.
    REPLICAS_COUNT: Gauge "kafka_cluster_partition_replicascount" in "replicas"
        ["topic", "partition"];
    /// Replicas in sync of a partition led here.
    IN_SYNC_REPLICAS_COUNT: Gauge "kafka_cluster_partition_insyncreplicascount" in "replicas"
        ["topic", "partition"];
    /// Records between the last stable offset and the high watermark: what open transactions hold
    /// back.
    LAST_STABLE_OFFSET_LAG: Gauge "kafka_cluster_partition_laststableoffsetlag" in "records"
        ["topic", "partition"];
    /// Bytes of a replica's segments.
    LOG_SIZE: Gauge "kafka_log_log_size" in "bytes" ["topic", "partition"];
    /// First offset of a replica's log.
    LOG_START_OFFSET: Gauge "kafka_log_log_logstartoffset" in "offset" ["topic", "partition"];
    /// Offset that the next record of a replica's log gets.
    LOG_END_OFFSET: Gauge "kafka_log_log_logendoffset" in "offset" ["topic", "partition"];
    /// Segments of a replica's log.
    LOG_SEGMENTS: Gauge "kafka_log_log_numlogsegments" in "segments" ["topic", "partition"];
    /// Partitions of a topic, told by the broker that leads the first.
    TOPIC_PARTITIONS: Gauge "kafka_topic_partitions" in "partitions" ["topic"];
    /// High watermark of a partition led here: where consumers are at the end.
    CURRENT_OFFSET: Gauge "kafka_topic_partition_current_offset" in "offset"
        ["topic", "partition"];
    /// First offset of a partition led here.
    OLDEST_OFFSET: Gauge "kafka_topic_partition_oldest_offset" in "offset" ["topic", "partition"];
    /// The broker that leads a partition led here.
    PARTITION_LEADER: Gauge "kafka_topic_partition_leader" in "broker id" ["topic", "partition"];
    /// Replicas of a partition led here.
    PARTITION_REPLICAS: Gauge "kafka_topic_partition_replicas" in "replicas"
        ["topic", "partition"];
    /// Replicas in sync of a partition led here.
    PARTITION_IN_SYNC_REPLICA: Gauge "kafka_topic_partition_in_sync_replica" in "replicas"
        ["topic", "partition"];
    /// Whether a partition led here is led by its preferred replica.
    PARTITION_LEADER_IS_PREFERRED: Gauge "kafka_topic_partition_leader_is_preferred" in "0 or 1"
        ["topic", "partition"];
    /// Whether a partition led here has fewer replicas in sync than there are.
    TOPIC_PARTITION_UNDER_REPLICATED: Gauge "kafka_topic_partition_under_replicated_partition"
        in "0 or 1" ["topic", "partition"];
    /// What is not told one by one, being more than `metrics.entities.max`: `topic`, `partition`,
    /// `group_offset` or `group`.
    LEFT_OUT: Gauge "ottla_metrics_left_out" in "entities" ["kind"];
}
