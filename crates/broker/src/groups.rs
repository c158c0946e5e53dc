//! The group coordinator of this broker: its settings, its logs, and how it follows the cluster.

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use config::{GroupCoordinatorConfig, MigrationPolicy, ServerConfig};
use coordination::{GroupCoordinator, Linger, Origin, Settings};
use env::Env;
use group::{
    Assignor, Bounded, ClusterChanged, ClusterView, ConsumerSettings, ResolveRegexes,
    ShareSettings, StreamsSettings,
};
use metadata::features::STREAMS_VERSION;
use metadata::{Image, ResourceType, TopicChange, Update};
use records::Compression;
use wire::{Str, Uuid};

use crate::replica_log::ReplicaLog;
use crate::request::Request;
use crate::state::Broker;
use crate::topic_name::CONSUMER_OFFSETS;

/// A coordinator without shards, as the configuration says.
pub(crate) fn coordinator(
    env: &Env,
    config: &ServerConfig,
    broker: Weak<Broker>,
) -> GroupCoordinator {
    let group = &config.group_coordinator;
    let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let settings = Settings {
        write_timeout: millis(group.offsets_commit_timeout_ms),
        linger: match group.append_linger_ms {
            ..0 => Linger::WhileBusy,
            ms => Linger::For(millis(ms)),
        },
        load_buffer_bytes: usize::try_from(group.offsets_load_buffer_size).unwrap_or(0),
        compression: u8::try_from(group.offsets_topic_compression_codec)
            .ok()
            .and_then(|id| Compression::from_id(id).ok())
            .unwrap_or(Compression::None),
        ..Settings::default()
    };
    let policy = group.consumer_migration_policy;
    let of_groups = group::Settings {
        initial_rebalance_delay_ms: group.initial_rebalance_delay_ms,
        min_session_timeout_ms: group.min_session_timeout_ms,
        max_session_timeout_ms: group.max_session_timeout_ms,
        max_size: usize::try_from(group.max_size).unwrap_or(0),
        offset_metadata_max: usize::try_from(group.offset_metadata_max_bytes).unwrap_or(0),
        offsets_retention_ms: i64::from(group.offsets_retention_minutes) * 60_000,
        offsets_retention_check_interval_ms: group.offsets_retention_check_interval_ms,
        consumer: ConsumerSettings {
            assignors: assignors(&group.consumer_assignors),
            max_size: usize::try_from(group.consumer_max_size).unwrap_or(0),
            session_timeout_ms: group.consumer_session_timeout_ms,
            heartbeat_interval_ms: group.consumer_heartbeat_interval_ms,
            assignment_interval_ms: group.consumer_assignment_interval_ms,
            can_upgrade: matches!(
                policy,
                MigrationPolicy::Upgrade | MigrationPolicy::Bidirectional
            ),
            can_downgrade: matches!(
                policy,
                MigrationPolicy::Downgrade | MigrationPolicy::Bidirectional
            ),
            regex_refresh_interval_ms: group.consumer_regex_refresh_interval_ms,
        },
        streams: streams_settings(group),
        share: ShareSettings {
            max_size: usize::try_from(config.share.max_size).unwrap_or(0),
            session_timeout_ms: config.share.session_timeout_ms,
            heartbeat_interval_ms: config.share.heartbeat_interval_ms,
            assignment_interval_ms: config.share.assignment_interval_ms,
            initialize_retry_interval_ms: config.share.initialize_retry_interval_ms,
        },
    };
    let partitions = group.offsets_topic_num_partitions;
    let perform = move |origin, regexes| {
        // Nobody is there any more while the node goes down.
        if let Some(broker) = broker.upgrade() {
            let resolving = Arc::clone(&broker);
            let work = async move { resolving.resolve(origin, regexes).await };
            drop(broker.env.spawn("match topics", work));
        }
    };
    GroupCoordinator::new(env.clone(), settings, of_groups, partitions, perform)
}

/// Settings of streams groups.
fn streams_settings(group: &GroupCoordinatorConfig) -> StreamsSettings {
    let bounded = |value, min, max| Bounded { value, min, max };
    StreamsSettings {
        max_size: usize::try_from(group.streams_max_size).unwrap_or(0),
        session_timeout_ms: bounded(
            group.streams_session_timeout_ms,
            group.streams_min_session_timeout_ms,
            group.streams_max_session_timeout_ms,
        ),
        heartbeat_interval_ms: bounded(
            group.streams_heartbeat_interval_ms,
            group.streams_min_heartbeat_interval_ms,
            group.streams_max_heartbeat_interval_ms,
        ),
        assignment_interval_ms: bounded(
            group.streams_assignment_interval_ms,
            group.streams_min_assignment_interval_ms,
            group.streams_max_assignment_interval_ms,
        ),
        num_standby_replicas: bounded(
            group.streams_num_standby_replicas,
            0,
            group.streams_max_standby_replicas,
        ),
        initial_rebalance_delay_ms: group.streams_initial_rebalance_delay_ms,
    }
}

/// Whether streams groups are served: the feature and the protocol are on (kafka-semantics 171).
pub(crate) fn serves_streams(request: &Request) -> bool {
    let config = request.broker.config();
    let protocols = &config.group_coordinator.rebalance_protocols;
    let is_listed = protocols.iter().any(|protocol| protocol.eq_ignore_ascii_case("streams"));
    is_listed && request.image.features.level(STREAMS_VERSION) >= 1
}

/// The assignors of a list, without those that are Java classes.
fn assignors(names: &[String]) -> Vec<Assignor> {
    let known = |name: &String| {
        let assignor = Assignor::from_name(name);
        if assignor.is_none() {
            tracing::warn!("group.consumer.assignors: {name} is not known and left out");
        }
        assignor
    };
    names.iter().filter_map(known).collect()
}

/// An image as coordinators see it.
#[derive(Debug)]
struct Seen(Image, i32);

impl group::Cluster for Seen {
    fn topic(&self, name: &str) -> Option<group::Topic> {
        let topic = self.0.topics.by_name(name)?;
        let partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        Some(group::Topic { id: topic.id, partitions })
    }

    fn topic_name(&self, id: Uuid) -> Option<Str> {
        self.0.topics.by_id(id).map(|topic| topic.name.clone())
    }

    fn topic_names(&self) -> Vec<Str> {
        self.0.topics.iter().map(|topic| topic.name.clone()).collect()
    }

    fn racks(&self, topic_id: Uuid, partition: i32) -> Vec<Str> {
        let topic = self.0.topics.by_id(topic_id);
        let replicas = topic.and_then(|topic| topic.partition(partition)).map(|it| &it.replicas);
        let rack = |id: &i32| self.0.cluster.broker(*id)?.rack.clone();
        replicas.into_iter().flat_map(|replicas| replicas.iter()).filter_map(rack).collect()
    }

    fn version(&self) -> i64 {
        self.0.provenance.last_contained_offset
    }

    fn group_setting(&self, group_id: &str, name: &str) -> Option<Str> {
        let Self(Image { configs, .. }, node_id) = self;
        let own = configs.value(ResourceType::Group, group_id, name);
        // The one setting of all groups that changes while a broker runs.
        let of_all = || {
            let name = name.ends_with(ASSIGNMENT_INTERVAL).then(|| format!("group.{name}"))?;
            let of = |broker: &str| configs.value(ResourceType::Broker, broker, &name);
            of(&node_id.to_string()).or_else(|| of(""))
        };
        own.or_else(of_all).cloned()
    }
}

/// The end of the names of settings that are dynamic for all groups of a kind.
const ASSIGNMENT_INTERVAL: &str = ".assignment.interval.ms";

/// What of an update coordinators want to know; none if it is nothing.
fn cluster_changed(update: &Update, node_id: i32) -> Option<ClusterChanged> {
    let changes = &update.changes;
    let of_groups = changes.configs.iter().any(|resource| {
        matches!(resource.resource_type, ResourceType::Group | ResourceType::Broker)
    });
    let is_nothing = changes.topics.is_empty() && changes.deleted_topics.is_empty() && !of_groups;
    if is_nothing && changes.brokers.is_empty() {
        return None;
    }
    let changed = changes.topics.keys().filter_map(|id| update.after.topics.by_id(*id));
    let topics = changed.chain(&changes.deleted_topics).map(|topic| topic.name.clone());
    Some(ClusterChanged {
        cluster: ClusterView::new(Seen(Image::clone(&update.after), node_id)),
        topics: topics.collect(),
        has_new_topics: changes.topics.values().any(|change| *change == TopicChange::Created),
    })
}

impl Broker {
    /// Matches patterns with the names of topics, and tells the shard that asked.
    async fn resolve(&self, origin: Origin, regexes: ResolveRegexes) {
        let resolved = self.env.blocking(move || regexes.resolve()).await;
        // A shard that is gone asks again where it is loaded next.
        let _ = self.groups.call_shard(origin.partition, resolved).await;
    }

    /// Follows a change of the cluster, after the replicas have: shards come and go with the
    /// leadership of their partitions (kafka-semantics 110), offsets with their topics
    /// (kafka-semantics 121).
    pub fn follow_groups(&self, update: &Update) {
        let news = cluster_changed(update, self.node_id);
        if let Some(news) = &news {
            self.groups.set_cluster(news.cluster.clone());
        }
        let deleted = &update.changes.deleted_topics;
        for topic in deleted.iter().filter(|topic| topic.name == *CONSUMER_OFFSETS) {
            topic.partitions().for_each(|(index, _)| self.groups.resigned(index, None));
        }
        let changed = update.after.topics.id(CONSUMER_OFFSETS);
        if changed.is_some_and(|id| update.changes.topics.contains_key(&id)) {
            self.place_groups(&update.after);
        }
        let deleted: Vec<_> = deleted.iter().map(|topic| (topic.name.clone(), topic.id)).collect();
        if news.is_some() || !deleted.is_empty() {
            let groups = self.groups.clone();
            let tell = async move {
                if let Some(news) = news {
                    groups.cluster_changed(news).await;
                }
                if !deleted.is_empty() {
                    groups.topics_deleted(deleted).await;
                }
            };
            drop(self.env.spawn("news for groups", tell));
        }
    }

    /// Shards for the partitions that an image lets this broker lead, and no others: what a broker
    /// begins with. Replicas have to be there before.
    pub fn place_groups(&self, image: &Image) {
        self.groups.set_cluster(ClusterView::new(Seen(image.clone(), self.node_id)));
        let Some(topic) = image.topics.by_name(CONSUMER_OFFSETS) else { return };
        self.groups.set_partitions(i32::try_from(topic.partition_count()).unwrap_or(i32::MAX));
        for (index, partition) in topic.partitions() {
            if partition.leader != self.node_id {
                self.groups.resigned(index, Some(partition.leader_epoch));
                continue;
            }
            match self.replicas.get(CONSUMER_OFFSETS, index) {
                Ok(replica) => {
                    let epoch = partition.leader_epoch;
                    let log = ReplicaLog::new(self.env.clone(), replica, epoch);
                    self.groups.elected(index, epoch, Arc::new(log));
                }
                Err(error) => tracing::error!("{CONSUMER_OFFSETS}-{index} is not served: {error}"),
            }
        }
    }
}

/// An address as Java writes one, which is what groups show of their members: `/127.0.0.1`,
/// `/0:0:0:0:0:0:0:1`.
pub(crate) fn java_address(address: IpAddr) -> Str {
    match address.to_canonical() {
        IpAddr::V4(address) => Str::from(format!("/{address}")),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            Str::from(format!("/{a:x}:{b:x}:{c:x}:{d:x}:{e:x}:{f:x}:{g:x}:{h:x}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_java_does() {
        for (address, written) in [
            ("127.0.0.1", "/127.0.0.1"),
            ("::1", "/0:0:0:0:0:0:0:1"),
            ("fe80::1:2ab", "/fe80:0:0:0:0:0:1:2ab"),
            ("::ffff:10.0.0.1", "/10.0.0.1"),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(java_address(address), written);
        }
    }
}
