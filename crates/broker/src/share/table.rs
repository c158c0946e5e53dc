//! The share partitions and share sessions of a broker.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::ServerConfig;
use env::{Env, Instant};
use metadata::{Image, Update};
use share::ShareKey;
use share::session::{SessionKey, Sessions, TopicIdPartition};
use wire::{ErrorCode, Str, Uuid};

use super::partition::SharedPartition;
use super::settings::{GroupSettings, is_enabled};
use crate::error_map;
use crate::state::Broker;

/// All share partitions led here that somebody fetches from, and all share sessions.
pub(crate) struct Shares {
    pub(super) sessions: Mutex<Sessions>,
    partitions: Mutex<BTreeMap<ShareKey, Arc<SharedPartition>>>,
    began: Instant,
}

impl Shares {
    /// None yet.
    pub(crate) fn new(env: &Env, config: &ServerConfig) -> Self {
        let sessions_max = usize::try_from(config.share.max_share_sessions).unwrap_or(0);
        Self {
            sessions: Mutex::new(Sessions::new(sessions_max)),
            partitions: Mutex::default(),
            began: env.now(),
        }
    }

    /// The time that locks go by, which nobody sets.
    pub(super) fn now_ms(&self, env: &Env) -> i64 {
        let ms = env.now().saturating_duration_since(self.began).as_millis();
        i64::try_from(ms).unwrap_or(i64::MAX)
    }

    /// The sessions.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ShareKey, Arc<SharedPartition>>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A share partition, if it is here.
    pub(super) fn get(&self, key: &ShareKey) -> Option<Arc<SharedPartition>> {
        self.lock().get(key).cloned()
    }

    /// Takes a share partition out that an error says is not led here, or has no state.
    pub(super) fn remove(&self, partition: &SharedPartition, error: ErrorCode) {
        let is_gone = matches!(
            error,
            ErrorCode::NotLeaderOrFollower
                | ErrorCode::FencedStateEpoch
                | ErrorCode::GroupIdNotFound
                | ErrorCode::UnknownTopicOrPartition
        );
        // One that was never loaded is of no use whatever the error.
        let is_loading = partition.is_loading();
        if !is_gone && !is_loading {
            return;
        }
        {
            let mut partitions = self.lock();
            let here = partitions.get(&partition.key);
            if here.is_some_and(|here| std::ptr::eq(&**here, partition)) {
                partitions.remove(&partition.key);
            }
        }
        if is_gone && !is_loading {
            partition.fence();
        }
    }

    /// Fences the share partitions that `is_gone` says, of all groups or of one.
    fn fence(&self, group_id: Option<&Str>, is_gone: impl Fn(&SharedPartition) -> bool) {
        let gone: Vec<_> = {
            let mut partitions = self.lock();
            let of_group = |key: &ShareKey| group_id.is_none_or(|group| key.group_id == *group);
            let gone =
                partitions.extract_if(.., |key, partition| of_group(key) && is_gone(partition));
            gone.map(|(_, partition)| partition).collect()
        };
        gone.iter().for_each(|partition| partition.fence());
    }
}

impl Broker {
    /// The settings of a share group as they are now.
    pub(crate) fn share_settings(&self, group_id: &str) -> GroupSettings {
        GroupSettings::of(&self.image(), &self.config(), group_id)
    }

    /// The share partition of a partition that is led here; it is loaded in the background.
    pub(super) fn share_partition(
        self: &Arc<Self>,
        image: &Image,
        group_id: &Str,
        wanted: TopicIdPartition,
    ) -> Result<Arc<SharedPartition>, ErrorCode> {
        let TopicIdPartition { topic_id, partition } = wanted;
        let key = ShareKey { group_id: group_id.clone(), topic_id, partition };
        if let Some(here) = self.shares.get(&key) {
            return Ok(here);
        }
        let topic = image.topics.by_id(topic_id).ok_or(ErrorCode::UnknownTopicId)?;
        let registered = topic.partition(partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if registered.leader != self.node_id {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let replica = self.replicas.get(&topic.name, partition);
        let replica = replica.map_err(|error| error_map::lookup(&error))?;
        let key = ShareKey { group_id: group_id.detach(), ..key };
        let mut partitions = self.shares.lock();
        let entry = partitions.entry(key.clone());
        let mut is_new = false;
        let shared = entry.or_insert_with(|| {
            is_new = true;
            SharedPartition::new(key, replica, registered.leader_epoch)
        });
        let shared = Arc::clone(shared);
        drop(partitions);
        if is_new {
            let running = Arc::clone(&shared).run(Arc::downgrade(self), self.env.clone());
            drop(self.env.spawn("share partition", running));
        }
        Ok(shared)
    }

    /// What a member has is available again, and its session is gone.
    pub(crate) fn close_share_session(&self, key: &SessionKey) {
        let closed = self.shares.sessions().close(key);
        self.release_shares(key, closed.unwrap_or_default());
    }

    fn release_shares(&self, key: &SessionKey, partitions: Vec<TopicIdPartition>) {
        if partitions.is_empty() {
            return;
        }
        let settings = self.share_settings(&key.group_id).partition;
        for TopicIdPartition { topic_id, partition } in partitions {
            let share = ShareKey { group_id: key.group_id.clone(), topic_id, partition };
            if let Some(shared) = self.shares.get(&share) {
                shared.release(&key.member_id, &settings);
            }
        }
    }

    /// A connection is gone: what its members have is available again (kafka-semantics 164).
    pub(crate) fn share_connection_closed(&self, connection: u64) {
        let gone = self.shares.sessions().disconnected(connection);
        for (key, partitions) in gone.closed {
            self.release_shares(&key, partitions);
        }
        // Nobody fetches: what is stored is enough to begin again.
        for group_id in gone.empty_groups {
            self.shares.fence(Some(&group_id), SharedPartition::retire);
        }
    }

    /// The states of a group are changed from outside: what is here of it is no longer true.
    pub(super) fn forget_shares(&self, group_id: &Str) {
        self.shares.fence(Some(group_id), |_| true);
    }

    /// Follows a change of the cluster, after the replicas have: share partitions whose partitions
    /// are led elsewhere now, or in another epoch, are gone.
    pub fn follow_shares(&self, update: &Update) {
        if update.changes.features && !is_enabled(&update.after) {
            self.shares.sessions().clear();
            self.shares.fence(None, |_| true);
        }
        let deleted = &update.changes.deleted_topics;
        if deleted.is_empty() && update.changes.topics.is_empty() {
            return;
        }
        let is_changed = |topic: Uuid| {
            update.changes.topics.contains_key(&topic) || deleted.iter().any(|t| t.id == topic)
        };
        self.shares.fence(None, |shared| {
            is_changed(shared.key.topic_id) && !self.still_leads(&update.after, shared)
        });
    }

    fn still_leads(&self, image: &Image, shared: &SharedPartition) -> bool {
        let topic = image.topics.by_id(shared.key.topic_id);
        let partition = topic.and_then(|topic| topic.partition(shared.key.partition));
        partition.is_some_and(|partition| {
            partition.leader == self.node_id && partition.leader_epoch == shared.leader_epoch
        })
    }
}

impl Drop for Shares {
    /// The tasks of share partitions end.
    fn drop(&mut self) {
        self.fence(None, |_| true);
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shares")
            .field("sessions", &self.sessions().len())
            .field("partitions", &self.lock().len())
            .finish_non_exhaustive()
    }
}
