//! The group coordinator of this broker: its settings, its logs, and how it follows the cluster.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use config::ServerConfig;
use coordination::{GroupCoordinator, Linger, Settings};
use env::Env;
use metadata::{Image, Update};
use records::Compression;
use wire::Str;

use crate::replica_log::ReplicaLog;
use crate::state::Broker;
use crate::topic_name::CONSUMER_OFFSETS;

/// A coordinator without shards, as the configuration says.
pub(crate) fn coordinator(env: &Env, config: &ServerConfig) -> GroupCoordinator {
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
    let of_groups = group::Settings {
        initial_rebalance_delay_ms: group.initial_rebalance_delay_ms,
        min_session_timeout_ms: group.min_session_timeout_ms,
        max_session_timeout_ms: group.max_session_timeout_ms,
        max_size: usize::try_from(group.max_size).unwrap_or(0),
        offset_metadata_max: usize::try_from(group.offset_metadata_max_bytes).unwrap_or(0),
        offsets_retention_ms: i64::from(group.offsets_retention_minutes) * 60_000,
        offsets_retention_check_interval_ms: group.offsets_retention_check_interval_ms,
    };
    let partitions = group.offsets_topic_num_partitions;
    GroupCoordinator::new(env.clone(), settings, of_groups, partitions)
}

impl Broker {
    /// Follows a change of the cluster, after the replicas have: shards come and go with the
    /// leadership of their partitions (kafka-semantics 110), offsets with their topics
    /// (kafka-semantics 121).
    pub fn follow_groups(&self, update: &Update) {
        let deleted = &update.changes.deleted_topics;
        for topic in deleted.iter().filter(|topic| topic.name == *CONSUMER_OFFSETS) {
            topic.partitions().for_each(|(index, _)| self.groups.resigned(index, None));
        }
        let changed = update.after.topics.id(CONSUMER_OFFSETS);
        if changed.is_some_and(|id| update.changes.topics.contains_key(&id)) {
            self.place_groups(&update.after);
        }
        let deleted: Vec<_> = deleted.iter().map(|topic| (topic.name.clone(), topic.id)).collect();
        if !deleted.is_empty() {
            let groups = self.groups.clone();
            let forget = async move { groups.topics_deleted(deleted).await };
            drop(self.env.spawn("offsets of deleted topics", forget));
        }
    }

    /// Shards for the partitions that an image lets this broker lead, and no others: what a broker
    /// begins with. Replicas have to be there before.
    pub fn place_groups(&self, image: &Image) {
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
