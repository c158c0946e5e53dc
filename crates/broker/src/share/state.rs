//! The share coordinator of this broker: its settings, its logs, and how it follows the cluster.

use std::sync::{Arc, Weak};
use std::time::Duration;

use config::ServerConfig;
use coordination::{Linger, Origin, Settings, ShareCoordinator};
use env::Env;
use metadata::{Image, Update};
use records::Compression;
use share::ShareKey;
use share::coordinator::{Call, Effect, Error, Pruned};
use wire::{ErrorCode, Str, Uuid};

use crate::auto_create::AutoCreation;
use crate::error_map;
use crate::replica_log::ReplicaLog;
use crate::request::Request;
use crate::state::Broker;
use crate::topic_name::SHARE_GROUP_STATE;

/// A coordinator without shards, as the configuration says.
pub(crate) fn coordinator(
    env: &Env,
    config: &ServerConfig,
    broker: Weak<Broker>,
) -> ShareCoordinator {
    let share = &config.share;
    let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let settings = Settings {
        write_timeout: millis(share.write_timeout_ms),
        linger: match share.append_linger_ms {
            ..0 => Linger::WhileBusy,
            ms => Linger::For(millis(ms)),
        },
        load_buffer_bytes: usize::try_from(share.load_buffer_size).unwrap_or(0),
        compression: u8::try_from(share.state_topic_compression_codec)
            .ok()
            .and_then(|id| Compression::from_id(id).ok())
            .unwrap_or(Compression::None),
        ..Settings::default()
    };
    let of_shards = share::coordinator::Settings {
        updates_per_snapshot: u32::try_from(share.snapshot_update_records_per_snapshot)
            .unwrap_or(0),
        prune_interval_ms: share.state_topic_prune_interval_ms.into(),
        cold_snapshot_interval_ms: share.cold_partition_snapshot_interval_ms.into(),
    };
    let partitions = share.state_topic_num_partitions;
    let perform = move |origin: Origin, effect| {
        // Nobody is there any more while the node goes down.
        if let Some(broker) = broker.upgrade() {
            let performing = Arc::clone(&broker);
            let Effect::DeleteRecords { before_offset } = effect;
            let work = async move { performing.prune(origin.partition, before_offset).await };
            drop(broker.env.spawn("prune share states", work));
        }
    };
    ShareCoordinator::new(env.clone(), settings, of_shards, partitions, perform)
}

/// What a key names that a share coordinator is looked for with: `group:topicId:partition`, where
/// the group may have colons in it.
pub(crate) fn state_key(key: &str) -> Option<ShareKey> {
    let (rest, partition) = key.rsplit_once(':')?;
    let (group_id, topic_id) = rest.rsplit_once(':')?;
    let topic_id: Uuid = topic_id.trim().parse().ok()?;
    let partition = partition.trim().parse().ok()?;
    let group_id = Str::copy_from(group_id.trim());
    (!group_id.is_empty()).then_some(ShareKey { group_id, topic_id, partition })
}

impl Broker {
    /// Deletes a shard's records that nobody needs, and tells it.
    async fn prune(&self, partition: i32, before_offset: i64) {
        let Ok(replica) = self.replicas.get(SHARE_GROUP_STATE, partition) else { return };
        let asked = vec![(replica, before_offset)];
        let deleted = replication::delete_records(&self.env, asked).await;
        match deleted.into_iter().next() {
            Some(Ok(_)) => {
                let pruned = Pruned { before_offset };
                // A shard that is gone asks again where it is loaded next.
                let _ = self.share_states.call_shard(partition, pruned).await;
            }
            Some(Err(error)) => {
                tracing::warn!("{SHARE_GROUP_STATE}-{partition} is not pruned: {error}");
            }
            None => {}
        }
    }

    /// Follows a change of the cluster, after the replicas have: shards come and go with the
    /// leadership of their partitions, states with their topics.
    pub fn follow_share_states(&self, update: &Update) {
        let deleted = &update.changes.deleted_topics;
        for topic in deleted.iter().filter(|topic| topic.name == *SHARE_GROUP_STATE) {
            topic.partitions().for_each(|(index, _)| self.share_states.resigned(index, None));
        }
        let changed = update.after.topics.id(SHARE_GROUP_STATE);
        if changed.is_some_and(|id| update.changes.topics.contains_key(&id)) {
            self.place_share_states(&update.after);
        }
        let deleted: Vec<_> = deleted.iter().map(|topic| topic.id).collect();
        if !deleted.is_empty() {
            let states = self.share_states.clone();
            let forget = async move { states.topics_deleted(deleted).await };
            drop(self.env.spawn("share states of deleted topics", forget));
        }
    }

    /// Shards for the partitions that an image lets this broker lead, and no others: what a broker
    /// begins with. Replicas have to be there before.
    pub fn place_share_states(&self, image: &Image) {
        let Some(topic) = image.topics.by_name(SHARE_GROUP_STATE) else { return };
        let partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        self.share_states.set_partitions(partitions);
        for (index, partition) in topic.partitions() {
            if partition.leader != self.node_id {
                self.share_states.resigned(index, Some(partition.leader_epoch));
                continue;
            }
            match self.replicas.get(SHARE_GROUP_STATE, index) {
                Ok(replica) => {
                    let epoch = partition.leader_epoch;
                    let log = ReplicaLog::new(self.env.clone(), replica, epoch);
                    self.share_states.elected(index, epoch, Arc::new(log));
                }
                Err(error) => tracing::error!("{SHARE_GROUP_STATE}-{index} is not served: {error}"),
            }
        }
    }
}

/// Why the state of a share partition cannot be had: a code and what is said beside it.
pub(crate) type StateRefusal = (ErrorCode, Str);

/// Requests about the states of one group's share partitions.
pub(crate) struct StateCall<'a> {
    /// The request it belongs to.
    pub(crate) request: &'a Request,
    /// The group.
    pub(crate) group_id: &'a Str,
    /// What is done, for messages: `read`.
    pub(crate) verb: &'static str,
}

impl StateCall<'_> {
    /// The key of a share partition, and whether the cluster has the partition.
    pub(crate) fn key(&self, topic_id: Uuid, partition: i32) -> (ShareKey, bool) {
        let topic = self.request.image.topics.by_id(topic_id);
        let exists = topic.is_some_and(|topic| topic.partition(partition).is_some());
        (ShareKey { group_id: self.group_id.clone(), topic_id, partition }, exists)
    }

    /// Asks the coordinator of a share partition. The request is in its queue when this returns.
    pub(crate) fn ask<C, A>(
        &self,
        key: &ShareKey,
        call: C,
    ) -> impl Future<Output = Result<A, StateRefusal>> + Send + use<C, A>
    where
        C: Call<Answer = Result<A, Error>>,
        A: Send + 'static,
    {
        let answer = self.request.broker.share_states.call(key, call);
        let verb = self.verb;
        async move {
            match answer.await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(refused(error)),
                Err(error) => {
                    let code = error_map::coordination(error);
                    let text = format!("Unable to {verb} share group state: {}", code.text());
                    Err((code, Str::from(text)))
                }
            }
        }
    }
}

/// Asks the coordinator of a share partition, and again while it is not ready.
pub(super) async fn ask_patiently<C, A>(
    broker: &Arc<Broker>,
    key: &ShareKey,
    call: impl Fn() -> C,
    attempts: u32,
    first_backoff: Duration,
) -> Result<A, StateRefusal>
where
    C: Call<Answer = Result<A, Error>>,
    A: Send + 'static,
{
    let (mut backoff, mut attempt) = (first_backoff, 1);
    loop {
        let code = match broker.share_states.call(key, call()).await {
            Ok(answer) => return answer.map_err(refused),
            Err(error) => error_map::coordination(error),
        };
        if !is_temporary(code) || attempt >= attempts {
            return Err((code, Str::from(code.text())));
        }
        if broker.image().topics.by_name(SHARE_GROUP_STATE).is_none() {
            AutoCreation::start(broker, &[Str::from_static(SHARE_GROUP_STATE)]);
        }
        broker.env.sleep(backoff).await;
        (backoff, attempt) = (backoff * 2, attempt + 1);
    }
}

/// Whether a coordinator that refuses so may do better later.
pub(super) fn is_temporary(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::CoordinatorLoadInProgress
    )
}

/// A coordinator's refusal as it is told.
pub(super) fn refused(error: Error) -> StateRefusal {
    let code = error_map::share_state(error);
    let text = match code {
        ErrorCode::InvalidRequest => error.to_string(),
        _ => code.text().to_owned(),
    };
    (code, Str::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_group_topic_and_partition() {
        let id = "AAAAAAAAAAAAAAAAAAAAAg";
        for (key, group) in [
            (format!("g:{id}:3"), Some("g")),
            (format!("a:b:{id}:3"), Some("a:b")),
            (format!(":{id}:3"), None),
            (format!("g:{id}:x"), None),
            (format!("g:{id}"), None),
            ("g:not an id:3".to_owned(), None),
            (String::new(), None),
        ] {
            let read = state_key(&key);
            assert_eq!(read.as_ref().map(|key| &*key.group_id), group, "{key}");
            if let Some(read) = read {
                assert_eq!(read.coordinator_key(), key);
            }
        }
    }
}
