//! What the configuration means for each part of the node.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::ServerConfig;
use config::endpoint::{self, Endpoint};
use env::Env;
use log::LogDirsOptions;
use metadata::{Image, ResourceType};
use net::{Limits, ListenerLimits, ListenerSpec, SecurityProtocol};
use quorum_node::{Settings as QuorumSettings, SnapshotSettings, static_voters};
use replication::{
    BrokerDefaults, CleanerSettings, Cordoned, DirectorySettings, ExpiryIntervals, TopicSettings,
    TopicSettingsOf, UpkeepIntervals,
};
use wire::Uuid;

use crate::error::StartError;

/// About how many files the logs keep open, of those the system allows a process.
const OPEN_FILES_MAX: usize = 4_096;

/// The settings of log directories. The cluster id is only told where it was given from outside.
pub(crate) fn log_dirs(config: &ServerConfig, cluster_id: Option<String>) -> LogDirsOptions {
    let mut dirs: Vec<PathBuf> = config.log_manager.dirs().iter().map(PathBuf::from).collect();
    let metadata_dir = config.metadata_log.dir.as_ref().map(PathBuf::from);
    dirs.extend(metadata_dir.filter(|dir| !dirs.contains(dir)));
    let threads = config.log_manager.num_recovery_threads_per_data_dir;
    LogDirsOptions {
        dirs,
        node_id: config.node.node_id,
        cluster_id,
        open_files_max: OPEN_FILES_MAX,
        min_free_bytes: u64::try_from(config.log_manager.dirs_min_free_bytes).ok(),
        recovery_threads_per_dir: usize::try_from(threads).unwrap_or(1),
    }
}

/// Where the metadata log is.
pub(crate) fn metadata_dir(config: &ServerConfig) -> PathBuf {
    match &config.metadata_log.dir {
        Some(dir) => PathBuf::from(dir),
        None => config.log_manager.dirs().first().map(PathBuf::from).unwrap_or_default(),
    }
}

/// A duration from a setting in ms; negative counts as none.
pub(crate) fn ms(value: impl TryInto<u64>) -> Duration {
    Duration::from_millis(value.try_into().unwrap_or(0))
}

/// As good as for ever.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// How often something is done; as in Kafka not at all if the setting is not above 0.
fn every_ms(value: impl TryInto<u64>) -> Duration {
    match ms(value) {
        Duration::ZERO => NEVER,
        every => every,
    }
}

/// The quorum's settings; `controllers` are the controller listeners with the ports they got.
pub(crate) fn quorum(
    config: &ServerConfig,
    cluster_id: &str,
    directory_id: Uuid,
    controllers: &[Endpoint],
) -> QuorumSettings {
    let quorum = &config.quorum;
    let log = &config.metadata_log;
    let listener = config.listeners.controller_names.first().cloned().unwrap_or_default();
    let voters = quorum.voters.iter();
    let voters = voters.map(|v| (v.id, v.address.host.clone(), v.address.port));
    let mut settings = QuorumSettings::new(cluster_id, config.node.node_id, directory_id);
    settings.is_controller = config.node.process_roles.controller;
    settings.controller_endpoints = controllers.iter().map(quorum_endpoint).collect();
    settings.static_voters = static_voters(voters, &listener);
    settings.bootstrap_servers = bootstrap_servers(config, &listener);
    settings.controller_listener = listener;
    settings.auto_join = quorum.auto_join_enable;
    let timeouts = &mut settings.timeouts;
    timeouts.election = non_negative(quorum.election_timeout_ms);
    timeouts.election_backoff_max = non_negative(quorum.election_backoff_max_ms);
    timeouts.fetch = non_negative(quorum.fetch_timeout_ms);
    timeouts.request = non_negative(quorum.request_timeout_ms);
    timeouts.retry_backoff = non_negative(quorum.retry_backoff_ms);
    settings.fetch_max_bytes = u32::try_from(quorum.fetch_max_bytes).unwrap_or(u32::MAX);
    settings.fetch_snapshot_max_bytes =
        u32::try_from(quorum.fetch_snapshot_max_bytes).unwrap_or(u32::MAX);
    settings.batch_bytes_max = usize::try_from(log.max_batch_size_in_bytes).unwrap_or(8 << 20);
    settings.snapshots = SnapshotSettings {
        new_record_bytes_max: non_negative(log.max_record_bytes_between_snapshots),
        interval_ms_max: non_negative(log.max_snapshot_interval_ms),
        retention_bytes: log.max_retention_bytes,
        retention_ms: log.max_retention_ms,
    };
    let segment_bytes = log.internal_segment_bytes.unwrap_or(log.segment_bytes);
    settings.segment_bytes = u32::try_from(segment_bytes).unwrap_or(1 << 30);
    settings.segment_ms = log.segment_ms;
    settings
}

/// `controller.quorum.bootstrap.servers` as the quorum knows them.
pub(crate) fn bootstrap_servers(
    config: &ServerConfig,
    listener: &str,
) -> Vec<quorum_node::Endpoint> {
    let servers = config.quorum.bootstrap_servers.iter();
    servers
        .map(|server| quorum_node::Endpoint {
            name: listener.to_owned(),
            host: server.host.clone(),
            port: server.port,
        })
        .collect()
}

/// A listener as the quorum knows it.
pub(crate) fn quorum_endpoint(endpoint: &Endpoint) -> quorum_node::Endpoint {
    quorum_node::Endpoint {
        name: endpoint.listener.clone(),
        host: endpoint.host.clone().unwrap_or_else(|| "localhost".to_owned()),
        port: u16::try_from(endpoint.port).unwrap_or(0),
    }
}

fn non_negative(value: impl TryInto<u64>) -> u64 {
    value.try_into().unwrap_or(0)
}

/// The listeners to open: those of controllers, or those of clients and brokers.
pub(crate) async fn listeners(
    env: &Env,
    config: &ServerConfig,
    of_controllers: bool,
) -> Result<Vec<ListenerSpec>, StartError> {
    let bound = config.listeners.bound.iter();
    let mut specs = Vec::new();
    let several = config.listeners.bound.len() > 1;
    for endpoint in bound.filter(|e| config.listeners.is_controller(&e.listener) == of_controllers)
    {
        let address = resolve(env, endpoint).await?;
        let own = config.listeners.limits(&endpoint.listener);
        let network = &config.network;
        let mut spec = ListenerSpec::new(&endpoint.listener, protocol(endpoint), address);
        spec.backlog = u32::try_from(network.socket_listen_backlog_size).unwrap_or(50);
        spec.receive_buffer = usize::try_from(network.socket_receive_buffer_bytes).ok();
        spec.send_buffer = usize::try_from(network.socket_send_buffer_bytes).ok();
        spec.limits = ListenerLimits {
            connections_max: bound_of(own.max_connections),
            connection_creation_rate: rate(own.max_connection_creation_rate),
            protected: several && endpoint.listener == config.listeners.inter_broker,
        };
        specs.push(spec);
    }
    Ok(specs)
}

async fn resolve(env: &Env, endpoint: &Endpoint) -> Result<SocketAddr, StartError> {
    let port = u16::try_from(endpoint.port).unwrap_or(0);
    match endpoint.host.as_deref() {
        None | Some("") => Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))),
        Some(host) => match host.parse::<IpAddr>() {
            Ok(address) => Ok(SocketAddr::from((address, port))),
            Err(_) => {
                let found = env.network().resolve(host, port).await;
                let found = found.map_err(|source| StartError::Host {
                    listener: endpoint.listener.clone(),
                    host: host.to_owned(),
                    source,
                })?;
                // Clients that were told "localhost" try IPv4 first or fall back to it.
                let v4 = found.iter().find(|address| address.is_ipv4());
                Ok(*v4.unwrap_or(&found[0]))
            }
        },
    }
}

fn protocol(endpoint: &Endpoint) -> SecurityProtocol {
    match endpoint.protocol {
        endpoint::SecurityProtocol::Plaintext => SecurityProtocol::Plaintext,
        endpoint::SecurityProtocol::Ssl => SecurityProtocol::Ssl,
        endpoint::SecurityProtocol::SaslPlaintext => SecurityProtocol::SaslPlaintext,
        endpoint::SecurityProtocol::SaslSsl => SecurityProtocol::SaslSsl,
    }
}

fn bound_of(value: Option<i32>) -> usize {
    value.and_then(|value| usize::try_from(value).ok()).unwrap_or(i32::MAX as usize)
}

fn rate(value: Option<i32>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or(i32::MAX as u32)
}

/// Bounds on connections, requests and memory.
pub(crate) fn limits(config: &ServerConfig) -> Limits {
    let network = &config.network;
    let defaults = Limits::default();
    let overrides = network.max_connections_per_ip_overrides.0.iter();
    let overrides: BTreeMap<IpAddr, usize> = overrides
        .filter_map(|(host, limit)| Some((host.parse().ok()?, usize::try_from(*limit).ok()?)))
        .collect();
    let queued = usize::try_from(network.queued_max_request_bytes).ok().filter(|max| *max > 0);
    Limits {
        request_bytes_max: u32::try_from(network.socket_request_max_bytes).unwrap_or(0),
        requests_memory_bytes: queued.unwrap_or(defaults.requests_memory_bytes),
        connections_max: bound_of(Some(network.max_connections)),
        connections_per_address_max: bound_of(Some(network.max_connections_per_ip)),
        connections_per_address_overrides: overrides,
        connection_creation_rate: rate(Some(network.max_connection_creation_rate)),
        idle_max: match u64::try_from(network.connections_max_idle_ms) {
            Ok(idle_ms) => Duration::from_millis(idle_ms),
            Err(_) => NEVER,
        },
        ..defaults
    }
}

/// Settings of log directories and of moves between them.
pub(crate) fn directories(config: &ServerConfig) -> DirectorySettings {
    let replication = &config.replication;
    let limit = config.throttle.replica_alter_log_dirs_io_max_bytes_per_second;
    let sample_seconds =
        non_negative(replication.alter_log_dirs_replication_quota_window_size_seconds);
    DirectorySettings {
        cordoned: Cordoned::of_setting(&config.log_manager.cordoned_log_dirs),
        move_bytes_per_second_max: non_negative(limit),
        rate_samples: u32::try_from(replication.alter_log_dirs_replication_quota_window_num)
            .unwrap_or(1),
        rate_sample_ms: sample_seconds.saturating_mul(1_000),
        copy_bytes_max: u32::try_from(replication.replica_fetch_max_bytes).unwrap_or(1 << 20),
    }
}

/// How many replicas move between directories at a time: as many as there are directories, unless
/// something else is said.
pub(crate) fn moves_max(config: &ServerConfig, directories: usize) -> usize {
    let threads = config.replication.num_replica_alter_log_dirs_threads;
    threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or(directories).max(1)
}

/// How often checkpoints are written.
pub(crate) fn upkeep(config: &ServerConfig) -> UpkeepIntervals {
    let log = &config.log_manager;
    UpkeepIntervals {
        high_watermarks: every_ms(config.replication.replica_high_watermark_checkpoint_interval_ms),
        recovery_points: every_ms(log.flush_offset_checkpoint_interval_ms),
        log_start_offsets: every_ms(log.flush_start_offset_checkpoint_interval_ms),
    }
}

/// How often producers not heard of are looked for.
pub(crate) fn producer_expiry(config: &ServerConfig) -> Duration {
    ms(config.log_manager.producer_id_expiration_check_interval_ms)
}

/// When retention looks at the logs.
pub(crate) fn expiry(config: &ServerConfig) -> ExpiryIntervals {
    let log = &config.log_manager;
    ExpiryIntervals {
        first: ms(log.initial_task_delay_ms),
        every: ms(log.retention_check_interval_ms),
    }
}

/// How compaction is done.
pub(crate) fn cleaner(config: &ServerConfig) -> CleanerSettings {
    let log = &config.log_manager;
    let threads = if log.cleaner_enable { log.cleaner_threads } else { 0 };
    CleanerSettings {
        threads: usize::try_from(threads).unwrap_or(0),
        dedupe_buffer_bytes: usize::try_from(log.cleaner_dedupe_buffer_size).unwrap_or(0),
        load_factor: log.cleaner_io_buffer_load_factor,
        io_buffer_bytes: usize::try_from(log.cleaner_io_buffer_size).unwrap_or(0),
        bytes_per_second: log.cleaner_io_max_bytes_per_second,
        backoff: ms(log.cleaner_backoff_ms),
    }
}

/// Tells the settings of topics: what the image says of them over what the broker says. Topics
/// without settings of their own share one object, since there may be tens of thousands.
pub(crate) fn topic_settings(config: Arc<ArcSwap<ServerConfig>>) -> Arc<TopicSettingsOf> {
    let of_defaults: Mutex<Option<(Arc<ServerConfig>, Arc<TopicSettings>)>> = Mutex::default();
    Arc::new(move |image: &Image, topic: &str| {
        let config = config.load_full();
        let overrides = image.configs.of(ResourceType::Topic, topic);
        if overrides.is_some() {
            let overrides = overrides.into_iter().flat_map(|map| map.iter());
            return settings_of(&config, topic, overrides.map(|(name, value)| (&**name, &**value)));
        }
        let mut shared = of_defaults.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, settings)) = shared.as_ref()
            && Arc::ptr_eq(of, &config)
        {
            return Arc::clone(settings);
        }
        let settings = settings_of(&config, topic, std::iter::empty());
        *shared = Some((config, Arc::clone(&settings)));
        settings
    })
}

fn settings_of<'a>(
    config: &ServerConfig,
    topic: &str,
    overrides: impl Iterator<Item = (&'a str, &'a str)>,
) -> Arc<TopicSettings> {
    let log_manager = &config.log_manager;
    let broker = BrokerDefaults {
        producer_id_expiration_ms: i64::from(log_manager.producer_id_expiration_ms),
        flush_before_ack: log_manager.flush_before_ack,
    };
    let (log_config, unusable) = config.topic_defaults.log_config_of_stored(overrides);
    for error in unusable {
        tracing::warn!(topic, "a stored setting is not used: {error}");
    }
    Arc::new(TopicSettings::new(&log_config, broker))
}
