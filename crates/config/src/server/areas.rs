//! The typed settings of a server by area. Units are those of the names; what each one does is
//! told in the table, and so in `docs/reference/config.md`.

use crate::endpoint::{HostPort, Voter, parse_bootstrap_servers, parse_voters};
use crate::setting::Kind;
use crate::typed::{Typed, typed};
use crate::value::Value;

typed! {
    /// Identity and general behaviour of the node.
    pub struct NodeConfig from BROKER {
        auto_create_topics_enable: bool = "auto.create.topics.enable",
        background_threads: i32 = "background.threads",
        broker_heartbeat_interval_ms: i32 = "broker.heartbeat.interval.ms",
        broker_rack: Option<String> = "broker.rack",
        broker_session_timeout_ms: i32 = "broker.session.timeout.ms",
        controlled_shutdown_enable: bool = "controlled.shutdown.enable",
        default_replication_factor: i32 = "default.replication.factor",
        delete_topic_enable: bool = "delete.topic.enable",
        initial_broker_registration_timeout_ms: i32 = "initial.broker.registration.timeout.ms",
        max_request_partition_size_limit: i32 = "max.request.partition.size.limit",
        node_id: i32 = "node.id",
        num_io_threads: i32 = "num.io.threads",
        num_partitions: i32 = "num.partitions",
        process_roles: Roles = "process.roles",
        request_timeout_ms: i32 = "request.timeout.ms",
        telemetry_max_bytes: i32 = "telemetry.max.bytes",
        telemetry_receiver_dir: Option<String> = "telemetry.receiver.dir",
        unstable_api_versions_enable: bool = "unstable.api.versions.enable",
        unstable_feature_versions_enable: bool = "unstable.feature.versions.enable",
    }
}

typed! {
    /// Metrics and where they are served.
    pub struct MetricsConfig from BROKER {
        entities_max: i32 = "metrics.entities.max",
        /// As `http://host:port`.
        listeners: Vec<String> = "metrics.listeners",
        partition_level: String = "metrics.partition.level",
    }
}

typed! {
    /// Sockets, connections, what may be in flight.
    pub struct NetworkConfig from BROKER {
        connection_failed_authentication_delay_ms: i32 =
            "connection.failed.authentication.delay.ms",
        /// Negative: idle connections stay open.
        connections_max_idle_ms: i64 = "connections.max.idle.ms",
        max_connection_creation_rate: i32 = "max.connection.creation.rate",
        max_connections: i32 = "max.connections",
        max_connections_per_ip: i32 = "max.connections.per.ip",
        max_connections_per_ip_overrides: ConnectionOverrides = "max.connections.per.ip.overrides",
        num_network_threads: i32 = "num.network.threads",
        /// 0 and below: no bound.
        queued_max_request_bytes: i64 = "queued.max.request.bytes",
        queued_max_requests: i32 = "queued.max.requests",
        socket_connection_setup_timeout_max_ms: i64 = "socket.connection.setup.timeout.max.ms",
        socket_connection_setup_timeout_ms: i64 = "socket.connection.setup.timeout.ms",
        socket_listen_backlog_size: i32 = "socket.listen.backlog.size",
        /// -1: the system's default.
        socket_receive_buffer_bytes: i32 = "socket.receive.buffer.bytes",
        socket_request_max_bytes: i32 = "socket.request.max.bytes",
        /// -1: the system's default.
        socket_send_buffer_bytes: i32 = "socket.send.buffer.bytes",
    }
}

typed! {
    /// The controller quorum.
    pub struct QuorumConfig from BROKER {
        append_linger_ms: i32 = "controller.quorum.append.linger.ms",
        auto_join_enable: bool = "controller.quorum.auto.join.enable",
        bootstrap_servers: Vec<HostPort> = "controller.quorum.bootstrap.servers",
        election_backoff_max_ms: i32 = "controller.quorum.election.backoff.max.ms",
        election_timeout_ms: i32 = "controller.quorum.election.timeout.ms",
        fetch_max_bytes: i32 = "controller.quorum.fetch.max.bytes",
        fetch_snapshot_max_bytes: i32 = "controller.quorum.fetch.snapshot.max.bytes",
        fetch_timeout_ms: i32 = "controller.quorum.fetch.timeout.ms",
        request_timeout_ms: i32 = "controller.quorum.request.timeout.ms",
        retry_backoff_ms: i32 = "controller.quorum.retry.backoff.ms",
        voters: Vec<Voter> = "controller.quorum.voters",
    }
}

typed! {
    /// The metadata log.
    pub struct MetadataLogConfig from BROKER {
        delete_delay_ms: i64 = "internal.metadata.delete.delay.millis",
        /// The first of `log.dirs` if not set.
        dir: Option<String> = "metadata.log.dir",
        /// For tests; instead of `metadata.log.segment.bytes`.
        internal_segment_bytes: Option<i32> = "internal.metadata.log.segment.bytes",
        max_batch_size_in_bytes: i32 = "internal.metadata.max.batch.size.in.bytes",
        max_idle_interval_ms: i32 = "metadata.max.idle.interval.ms",
        max_record_bytes_between_snapshots: i64 = "metadata.log.max.record.bytes.between.snapshots",
        max_retention_bytes: i64 = "metadata.max.retention.bytes",
        max_retention_ms: i64 = "metadata.max.retention.ms",
        max_snapshot_interval_ms: i64 = "metadata.log.max.snapshot.interval.ms",
        segment_bytes: i32 = "metadata.log.segment.bytes",
        segment_ms: i64 = "metadata.log.segment.ms",
    }
}

typed! {
    /// Log directories and their upkeep.
    pub struct LogManagerConfig from BROKER {
        cleaner_backoff_ms: i64 = "log.cleaner.backoff.ms",
        cleaner_dedupe_buffer_size: i64 = "log.cleaner.dedupe.buffer.size",
        cleaner_enable: bool = "log.cleaner.enable",
        cleaner_io_buffer_load_factor: f64 = "log.cleaner.io.buffer.load.factor",
        cleaner_io_buffer_size: i32 = "log.cleaner.io.buffer.size",
        cleaner_io_max_bytes_per_second: f64 = "log.cleaner.io.max.bytes.per.second",
        cleaner_threads: i32 = "log.cleaner.threads",
        cordoned_log_dirs: Vec<String> = "cordoned.log.dirs",
        /// -1: a share of the disk.
        dirs_min_free_bytes: i64 = "log.dirs.min.free.bytes",
        /// acks=all waits for the disk.
        flush_before_ack: bool = "log.flush.before.ack",
        flush_offset_checkpoint_interval_ms: i32 = "log.flush.offset.checkpoint.interval.ms",
        flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms",
        flush_start_offset_checkpoint_interval_ms: i32 =
            "log.flush.start.offset.checkpoint.interval.ms",
        initial_task_delay_ms: i64 = "log.initial.task.delay.ms",
        /// [`LogManagerConfig::dirs`] is the one to use.
        log_dir: Vec<String> = "log.dir",
        /// [`LogManagerConfig::dirs`] is the one to use.
        log_dirs: Option<Vec<String>> = "log.dirs",
        log_dir_failure_timeout_ms: i64 = "log.dir.failure.timeout.ms",
        num_recovery_threads_per_data_dir: i32 = "num.recovery.threads.per.data.dir",
        producer_id_expiration_check_interval_ms: i32 = "producer.id.expiration.check.interval.ms",
        producer_id_expiration_ms: i32 = "producer.id.expiration.ms",
        retention_check_interval_ms: i64 = "log.retention.check.interval.ms",
    }
}

typed! {
    /// How much replication may take, set while the server runs.
    pub struct ThrottleConfig from BROKER_DYNAMIC_ONLY {
        replica_alter_log_dirs_io_max_bytes_per_second: i64 =
            "replica.alter.log.dirs.io.max.bytes.per.second",
    }
}

typed! {
    /// Replicas and leadership.
    pub struct ReplicationConfig from BROKER {
        alter_log_dirs_replication_quota_window_num: i32 =
            "alter.log.dirs.replication.quota.window.num",
        alter_log_dirs_replication_quota_window_size_seconds: i32 =
            "alter.log.dirs.replication.quota.window.size.seconds",
        auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable",
        controller_socket_timeout_ms: i32 = "controller.socket.timeout.ms",
        leader_imbalance_check_interval_seconds: i64 = "leader.imbalance.check.interval.seconds",
        num_replica_alter_log_dirs_threads: Option<i32> = "num.replica.alter.log.dirs.threads",
        num_replica_fetchers: i32 = "num.replica.fetchers",
        replica_fetch_backoff_ms: i32 = "replica.fetch.backoff.ms",
        replica_fetch_max_bytes: i32 = "replica.fetch.max.bytes",
        replica_fetch_min_bytes: i32 = "replica.fetch.min.bytes",
        replica_fetch_response_max_bytes: i32 = "replica.fetch.response.max.bytes",
        replica_fetch_wait_max_ms: i32 = "replica.fetch.wait.max.ms",
        replica_high_watermark_checkpoint_interval_ms: i64 =
            "replica.high.watermark.checkpoint.interval.ms",
        replica_lag_time_max_ms: i64 = "replica.lag.time.max.ms",
        replica_selector_class: Option<String> = "replica.selector.class",
        replica_socket_receive_buffer_bytes: i32 = "replica.socket.receive.buffer.bytes",
        replica_socket_timeout_ms: i32 = "replica.socket.timeout.ms",
        unclean_leader_election_interval_ms: i64 = "unclean.leader.election.interval.ms",
    }
}

typed! {
    /// Bounds of fetches.
    pub struct FetchConfig from BROKER {
        fetch_max_bytes: i32 = "fetch.max.bytes",
        max_incremental_fetch_session_cache_slots: i32 =
            "max.incremental.fetch.session.cache.slots",
    }
}

typed! {
    /// Groups and committed offsets.
    pub struct GroupCoordinatorConfig from BROKER {
        append_linger_ms: i32 = "group.coordinator.append.linger.ms",
        consumer_assignment_interval_ms: i32 = "group.consumer.assignment.interval.ms",
        consumer_assignors: Vec<String> = "group.consumer.assignors",
        consumer_heartbeat_interval_ms: i32 = "group.consumer.heartbeat.interval.ms",
        consumer_max_assignment_interval_ms: i32 = "group.consumer.max.assignment.interval.ms",
        consumer_max_heartbeat_interval_ms: i32 = "group.consumer.max.heartbeat.interval.ms",
        consumer_max_session_timeout_ms: i32 = "group.consumer.max.session.timeout.ms",
        consumer_max_size: i32 = "group.consumer.max.size",
        consumer_migration_policy: MigrationPolicy = "group.consumer.migration.policy",
        consumer_min_assignment_interval_ms: i32 = "group.consumer.min.assignment.interval.ms",
        consumer_min_heartbeat_interval_ms: i32 = "group.consumer.min.heartbeat.interval.ms",
        consumer_min_session_timeout_ms: i32 = "group.consumer.min.session.timeout.ms",
        consumer_regex_refresh_interval_ms: i32 = "group.consumer.regex.refresh.interval.ms",
        consumer_session_timeout_ms: i32 = "group.consumer.session.timeout.ms",
        initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms",
        max_session_timeout_ms: i32 = "group.max.session.timeout.ms",
        max_size: i32 = "group.max.size",
        min_session_timeout_ms: i32 = "group.min.session.timeout.ms",
        offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes",
        offsets_commit_timeout_ms: i32 = "offsets.commit.timeout.ms",
        offsets_load_buffer_size: i32 = "offsets.load.buffer.size",
        offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms",
        offsets_retention_minutes: i32 = "offsets.retention.minutes",
        /// As in a batch's attributes: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
        offsets_topic_compression_codec: i32 = "offsets.topic.compression.codec",
        offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions",
        offsets_topic_replication_factor: i16 = "offsets.topic.replication.factor",
        offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes",
        rebalance_protocols: Vec<String> = "group.coordinator.rebalance.protocols",
        streams_assignment_interval_ms: i32 = "group.streams.assignment.interval.ms",
        streams_heartbeat_interval_ms: i32 = "group.streams.heartbeat.interval.ms",
        streams_initial_rebalance_delay_ms: i32 = "group.streams.initial.rebalance.delay.ms",
        streams_max_assignment_interval_ms: i32 = "group.streams.max.assignment.interval.ms",
        streams_max_heartbeat_interval_ms: i32 = "group.streams.max.heartbeat.interval.ms",
        streams_max_session_timeout_ms: i32 = "group.streams.max.session.timeout.ms",
        streams_max_size: i32 = "group.streams.max.size",
        streams_max_standby_replicas: i32 = "group.streams.max.standby.replicas",
        streams_min_assignment_interval_ms: i32 = "group.streams.min.assignment.interval.ms",
        streams_min_heartbeat_interval_ms: i32 = "group.streams.min.heartbeat.interval.ms",
        streams_min_session_timeout_ms: i32 = "group.streams.min.session.timeout.ms",
        streams_num_standby_replicas: i32 = "group.streams.num.standby.replicas",
        streams_session_timeout_ms: i32 = "group.streams.session.timeout.ms",
    }
}

typed! {
    /// Transactions.
    pub struct TransactionConfig from BROKER {
        abort_timed_out_transaction_cleanup_interval_ms: i32 =
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        add_partitions_retry_backoff_max_ms: i32 =
            "add.partitions.to.txn.retry.backoff.max.ms",
        add_partitions_retry_backoff_ms: i32 = "add.partitions.to.txn.retry.backoff.ms",
        max_timeout_ms: i32 = "transaction.max.timeout.ms",
        partition_verification_enable: bool = "transaction.partition.verification.enable",
        remove_expired_transaction_cleanup_interval_ms: i32 =
            "transaction.remove.expired.transaction.cleanup.interval.ms",
        state_log_load_buffer_size: i32 = "transaction.state.log.load.buffer.size",
        state_log_min_isr: i32 = "transaction.state.log.min.isr",
        state_log_num_partitions: i32 = "transaction.state.log.num.partitions",
        state_log_replication_factor: i16 = "transaction.state.log.replication.factor",
        state_log_segment_bytes: i32 = "transaction.state.log.segment.bytes",
        transactional_id_expiration_ms: i32 = "transactional.id.expiration.ms",
        two_phase_commit_enable: bool = "transaction.two.phase.commit.enable",
    }
}

typed! {
    /// Share groups and the share coordinator.
    pub struct ShareConfig from BROKER {
        assignment_interval_ms: i32 = "group.share.assignment.interval.ms",
        delivery_count_limit: i32 = "group.share.delivery.count.limit",
        heartbeat_interval_ms: i32 = "group.share.heartbeat.interval.ms",
        initialize_retry_interval_ms: i32 = "group.share.initialize.retry.interval.ms",
        max_share_sessions: i32 = "group.share.max.share.sessions",
        max_size: i32 = "group.share.max.size",
        partition_max_record_locks: i32 = "group.share.partition.max.record.locks",
        record_lock_duration_ms: i32 = "group.share.record.lock.duration.ms",
        session_timeout_ms: i32 = "group.share.session.timeout.ms",
        append_linger_ms: i32 = "share.coordinator.append.linger.ms",
        cold_partition_snapshot_interval_ms: i32 =
            "share.coordinator.cold.partition.snapshot.interval.ms",
        load_buffer_size: i32 = "share.coordinator.load.buffer.size",
        snapshot_update_records_per_snapshot: i32 =
            "share.coordinator.snapshot.update.records.per.snapshot",
        /// As in a batch's attributes: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
        state_topic_compression_codec: i32 = "share.coordinator.state.topic.compression.codec",
        state_topic_min_isr: i16 = "share.coordinator.state.topic.min.isr",
        state_topic_num_partitions: i32 = "share.coordinator.state.topic.num.partitions",
        state_topic_prune_interval_ms: i32 = "share.coordinator.state.topic.prune.interval.ms",
        state_topic_replication_factor: i16 = "share.coordinator.state.topic.replication.factor",
        state_topic_segment_bytes: i32 = "share.coordinator.state.topic.segment.bytes",
        write_timeout_ms: i32 = "share.coordinator.write.timeout.ms",
    }
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// It holds partitions and serves clients.
    pub broker: bool,
    /// It is a voter, or may become one, and can be the active controller.
    pub controller: bool,
}

/// Which way groups may change between the classic and the consumer protocol while they have
/// members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationPolicy {
    /// Neither way.
    Disabled,
    /// From consumer to classic.
    Downgrade,
    /// From classic to consumer.
    Upgrade,
    /// Both ways.
    Bidirectional,
}

/// How many connections single addresses may have, by address or host name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOverrides(pub Vec<(String, i32)>);

impl LogManagerConfig {
    /// The log directories: `log.dirs`, or else `log.dir`. Never empty.
    pub fn dirs(&self) -> &[String] {
        self.log_dirs.as_deref().unwrap_or(&self.log_dir)
    }
}

impl Typed for Roles {
    const KIND: Kind = Kind::List;

    fn take(value: Option<&Value>) -> Option<Self> {
        let items: Vec<String> = Typed::take(value)?;
        let has = |word: &str| items.iter().any(|item| item == word);
        Some(Roles { broker: has("broker"), controller: has("controller") })
    }
}

impl Typed for MigrationPolicy {
    const KIND: Kind = Kind::String;

    fn take(value: Option<&Value>) -> Option<Self> {
        let name: String = Typed::take(value)?;
        Some(match name.to_ascii_uppercase().as_str() {
            "DISABLED" => MigrationPolicy::Disabled,
            "DOWNGRADE" => MigrationPolicy::Downgrade,
            "UPGRADE" => MigrationPolicy::Upgrade,
            "BIDIRECTIONAL" => MigrationPolicy::Bidirectional,
            _ => return None,
        })
    }
}

impl Typed for ConnectionOverrides {
    const KIND: Kind = Kind::String;

    fn take(value: Option<&Value>) -> Option<Self> {
        let text: String = Typed::take(value)?;
        let pair = |item: &str| {
            let (address, limit) = item.rsplit_once(':')?;
            Some((address.trim().to_owned(), limit.trim().parse().ok()?))
        };
        let items = text.split(',').filter(|item| !item.trim().is_empty());
        items.map(pair).collect::<Option<_>>().map(ConnectionOverrides)
    }
}

impl Typed for Vec<Voter> {
    const KIND: Kind = Kind::List;

    fn take(value: Option<&Value>) -> Option<Self> {
        let items: Vec<String> = Typed::take(value)?;
        parse_voters(&items).ok()
    }
}

impl Typed for Vec<HostPort> {
    const KIND: Kind = Kind::List;

    fn take(value: Option<&Value>) -> Option<Self> {
        let items: Vec<String> = Typed::take(value)?;
        parse_bootstrap_servers(&items).ok()
    }
}
