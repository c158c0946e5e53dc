//! The metadata quorum.

use crate::metric::metrics;

metrics! {
    /// The role of this node in the quorum; always 1.
    CURRENT_STATE: Gauge "kafka_server_raftmetrics_current_state" in "1" ["current_state"];
    /// The leader of the quorum, -1 if none is known.
    CURRENT_LEADER: Gauge "kafka_server_raftmetrics_current_leader" in "node id" [];
    /// The epoch of the quorum.
    CURRENT_EPOCH: Gauge "kafka_server_raftmetrics_current_epoch" in "epoch" [];
    /// Records of the metadata log below this offset are committed.
    HIGH_WATERMARK: Gauge "kafka_server_raftmetrics_high_watermark" in "offset" [];
    /// Offset of the next record of the metadata log.
    LOG_END_OFFSET: Gauge "kafka_server_raftmetrics_log_end_offset" in "offset" [];
    /// Records appended to the metadata log per second, since the scrape before.
    APPEND_RATE: Gauge "kafka_server_raftmetrics_append_records_rate" in "records/s" [];
}
