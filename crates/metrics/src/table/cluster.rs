//! Brokers, the controller, the metadata this broker has.

use crate::metric::metrics;

metrics! {
    /// Whether this node is the active controller.
    ACTIVE_CONTROLLER: Gauge "kafka_controller_kafkacontroller_activecontrollercount" in "0 or 1" [];
    /// Partitions without a leader, told by the active controller.
    OFFLINE_PARTITIONS: Gauge "kafka_controller_kafkacontroller_offlinepartitionscount"
        in "partitions" [];
    /// Partitions that another than their preferred replica leads, told by the active controller.
    PREFERRED_IMBALANCE: Gauge "kafka_controller_kafkacontroller_preferredreplicaimbalancecount"
        in "partitions" [];
    /// Topics of the cluster, told by the active controller.
    GLOBAL_TOPICS: Gauge "kafka_controller_kafkacontroller_globaltopiccount" in "topics" [];
    /// Partitions of the cluster, told by the active controller.
    GLOBAL_PARTITIONS: Gauge "kafka_controller_kafkacontroller_globalpartitioncount"
        in "partitions" [];
    /// Brokers that serve, told by the active controller.
    ACTIVE_BROKERS: Gauge "kafka_controller_kafkacontroller_activebrokercount" in "brokers" [];
    /// Brokers that are registered and do not serve, told by the active controller.
    FENCED_BROKERS: Gauge "kafka_controller_kafkacontroller_fencedbrokercount" in "brokers" [];
    /// Leaders elected from outside of those in sync, which may lose records, as seen by this node.
    UNCLEAN_ELECTIONS: Counter "kafka_controller_controllerstats_uncleanleaderelections_total"
        in "elections" [];
    /// State of this broker: 1 starting, 2 recovering, 3 running, 6 about to stop, 7 stopping.
    BROKER_STATE: Gauge "kafka_server_kafkaserver_brokerstate" in "state" [];
    /// Brokers of the cluster that serve, told by the active controller.
    BROKERS: Gauge "kafka_brokers" in "brokers" [];
    /// A broker and where it is reached, told by the active controller; always 1.
    BROKER_INFO: Gauge "kafka_broker_info" in "1" ["id", "address"];
    /// Offset of the last record of the metadata log that this broker follows.
    METADATA_OFFSET: Gauge "kafka_server_brokermetadatametrics_last_applied_record_offset"
        in "offset" [];
    /// When that record was written.
    METADATA_TIMESTAMP: Gauge "kafka_server_brokermetadatametrics_last_applied_record_timestamp"
        in "ms since 1970" [];
    /// How long ago that record was written.
    METADATA_LAG: Gauge "kafka_server_brokermetadatametrics_last_applied_record_lag_ms" in "ms" [];
}
